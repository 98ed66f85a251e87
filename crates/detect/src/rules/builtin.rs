//! Reads the built-in pattern files, quickly.
//!
//! Every run needs the built-in rules, and to parse them as TOML takes longer than a commit hook should
//! run. They use a small part of TOML: one field a line, except for examples, which no run needs. A test
//! compares the result with that of [`parse`](super::parse), which also reads a file that uses more.

use std::path::Path;
use std::str::FromStr;

use memchr::memmem;

use crate::finding::RuleId;

use super::fields::{USUAL_DISTANCE, usual_pack};
use super::parse::{
    BOUNDARIES, BOUNDARY_OF, CONFIDENCE_OF, CONFIDENCES, METHOD_OF, METHODS, SEVERITIES,
    SEVERITY_OF, USUAL_REACH,
};
use super::{
    Author, Boundary, Expression, Method, Pack, PartnerShape, Reader, Revocation, Rule, Shape,
};

/// The rules of a built-in file; `None` if it contains something that only a parser of TOML reads.
pub(super) fn rules(name: &str, text: &str) -> Option<Vec<Rule>> {
    let pack = usual_pack(Path::new(name));
    let mut rules = Vec::new();
    let mut draft: Option<Draft> = None;
    let list_end = memmem::Finder::new("\n]\n");
    let mut rest = text;
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
        let line = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line == "[[rule]]" {
            if let Some(whole) = draft.replace(Draft::default()) {
                rules.push(whole.rule(pack)?);
            }
            continue;
        }
        let (key, value) = field(line)?;
        match (key, value) {
            ("examples" | "negatives", "[") => {
                rest = &rest[list_end.find(rest.as_bytes())? + list_end.needle().len()..];
            }
            ("examples" | "negatives", _) => {
                list(value)?;
            }
            _ => draft.as_mut()?.set(key, value)?,
        }
    }
    if let Some(whole) = draft {
        rules.push(whole.rule(pack)?);
    }
    Some(rules)
}

/// A rule while its fields are read.
#[derive(Default)]
struct Draft {
    id: Option<String>,
    title: Option<String>,
    description: Option<String>,
    severity: Option<usize>,
    confidence: Option<usize>,
    method: Option<usize>,
    anchors: Vec<String>,
    labels: Vec<String>,
    regex: Option<String>,
    reach: Option<usize>,
    boundary: Option<usize>,
    entropy: Option<f64>,
    random: bool,
    encoded: bool,
    reader: Option<Reader>,
    pack: Option<Pack>,
    partner: Option<PartnerShape>,
    remedy: Option<String>,
    revocation: Revocation,
}

impl Draft {
    /// Sets a field; `None` if the field or the form of its value is unknown.
    fn set(&mut self, key: &str, value: &str) -> Option<()> {
        match key {
            "id" => self.id = Some(whole(value)?),
            "title" => self.title = Some(whole(value)?),
            "description" => self.description = Some(whole(value)?),
            "severity" => self.severity = Some(choice(value, &SEVERITIES)?),
            "confidence" => self.confidence = Some(choice(value, &CONFIDENCES)?),
            "method" => self.method = Some(choice(value, &METHODS)?),
            "anchors" => self.anchors = list(value)?,
            "labels" => self.labels = list(value)?,
            "regex" => self.regex = Some(whole(value)?),
            "reach" => self.reach = Some(plain(value)?),
            "boundary" => self.boundary = Some(choice(value, &BOUNDARIES)?),
            "entropy" => self.entropy = Some(plain(value)?),
            "random" => self.random = plain(value)?,
            "encoded" => self.encoded = plain(value)?,
            "reader" => self.reader = Some(Reader::named(&whole(value)?)?),
            "pack" => {
                let name = whole(value)?;
                let known = Pack::BUILT_IN.into_iter().find(|(known, _)| *known == name);
                self.pack = Some(known?.1);
            }
            "pair" => self.partner = Some(partner(value)?),
            "remedy" => self.remedy = Some(whole(value)?),
            "revoke" => self.revocation = revocation(value)?,
            _ => return None,
        }
        Some(())
    }

    fn rule(self, usual_pack: Pack) -> Option<Rule> {
        let method = METHOD_OF[self.method.unwrap_or(0)];
        let shape = if method == Method::Shape {
            let boundary: Boundary = BOUNDARY_OF[self.boundary.unwrap_or(0)];
            Some(Shape {
                regex: Expression::trusted(self.regex?),
                reach: self.reach.unwrap_or(USUAL_REACH),
                boundary,
                entropy: self.entropy.unwrap_or(0.0),
                random: self.random,
                encoded: self.encoded,
                partner: self.partner,
            })
        } else {
            None
        };
        Some(Rule {
            id: RuleId::new(&self.id?),
            title: self.title?,
            description: self.description?,
            severity: SEVERITY_OF[self.severity?],
            confidence: CONFIDENCE_OF[self.confidence.unwrap_or(1)],
            method,
            anchors: self.anchors.into_iter().map(String::into_bytes).collect(),
            shape,
            labels: self.labels,
            reader: self.reader,
            remedy: self.remedy.unwrap_or_default(),
            revocation: self.revocation,
            pack: self.pack.unwrap_or(usual_pack),
            own_pack: None,
            file: None,
            author: Author::Us,
        })
    }
}

fn partner(value: &str) -> Option<PartnerShape> {
    let (mut id, mut distance) = (None, USUAL_DISTANCE);
    inline_table(value, |key, value| match key {
        "id" => {
            let (text, after) = string(value)?;
            id = Some(Expression::trusted(text));
            Some(after)
        }
        "distance" => {
            let digits = value.bytes().take_while(u8::is_ascii_digit).count();
            distance = plain(&value[..digits])?;
            Some(&value[digits..])
        }
        _ => None,
    })?;
    Some(PartnerShape { id: id?, distance })
}

fn revocation(value: &str) -> Option<Revocation> {
    let mut revocation = Revocation::default();
    inline_table(value, |key, value| {
        let field = match key {
            "page" => &mut revocation.page,
            "command" => &mut revocation.command,
            _ => return None,
        };
        let (text, after) = string(value)?;
        *field = Some(text);
        Some(after)
    })?;
    Some(revocation)
}

/// Reads an inline table. `set` gets each key with the text after its equals sign, and returns the
/// text after its value.
fn inline_table<'t>(
    table: &'t str,
    mut set: impl FnMut(&str, &'t str) -> Option<&'t str>,
) -> Option<()> {
    let mut rest = table.strip_prefix("{ ")?;
    loop {
        let (key, value) = field(rest)?;
        let after = set(key, value)?;
        match after.strip_prefix(", ") {
            Some(next) => rest = next,
            None => return (after == " }").then_some(()),
        }
    }
}

/// The key with which a text begins, and the text after the equals sign.
fn field(text: &str) -> Option<(&str, &str)> {
    let key = text.bytes().position(|byte| byte == b' ')?;
    Some((&text[..key], text[key..].strip_prefix(" = ")?))
}

/// A number, `true` or `false`.
fn plain<T: FromStr>(value: &str) -> Option<T> {
    // The parser of TOML then reads the file and reports the fault.
    value.parse().ok()
}

/// The index of a string among some words.
fn choice(value: &str, words: &[&str]) -> Option<usize> {
    let word = value.strip_prefix('"')?.strip_suffix('"')?;
    words.iter().position(|known| *known == word)
}

/// The strings of a list that is on one line.
fn list(value: &str) -> Option<Vec<String>> {
    let mut rest = value.strip_prefix('[')?;
    let mut texts = Vec::new();
    loop {
        let (text, after) = string(rest)?;
        texts.push(text);
        match after.strip_prefix(", ") {
            Some(next) => rest = next,
            None => return (after == "]").then_some(texts),
        }
    }
}

/// A value that is a string and nothing else.
fn whole(value: &str) -> Option<String> {
    string(value).filter(|(_, rest)| rest.is_empty()).map(|(text, _)| text)
}

/// The string with which a text begins, and the text after it.
fn string(text: &str) -> Option<(String, &str)> {
    if let Some(literal) = text.strip_prefix('\'') {
        let end = memchr::memchr(b'\'', literal.as_bytes())?;
        return Some((literal[..end].to_owned(), &literal[end + 1..]));
    }
    let basic = text.strip_prefix('"')?;
    let mut whole = String::new();
    let mut rest = basic;
    loop {
        let at = memchr::memchr2(b'"', b'\\', rest.as_bytes())?;
        whole.push_str(&rest[..at]);
        let escape = rest[at..].strip_prefix('\\');
        let Some(escaped) = escape else { return Some((whole, &rest[at + 1..])) };
        let character = match escaped.as_bytes().first()? {
            b'"' => '"',
            b'\\' => '\\',
            b'n' => '\n',
            b't' => '\t',
            _ => return None,
        };
        whole.push(character);
        rest = &escaped[1..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::parse;

    #[test]
    fn built_in_files_are_read_as_toml() {
        for (name, text) in keysweep_patterns::RULES {
            let parsed = parse::file(Path::new(name), text, Author::Us);
            assert!(parsed.faults.is_empty(), "{name}");
            let parsed: Vec<Rule> = parsed.rules.into_iter().map(|one| one.rule).collect();
            let read = rules(name, text);
            assert!(
                read.is_some(),
                "{name}: a field a line, as `key = value`, and lists on one line except examples"
            );
            assert_eq!(
                format!("{:#?}", read.unwrap_or_default()),
                format!("{parsed:#?}"),
                "{name}"
            );
        }
    }

    #[test]
    fn other_toml_is_left_to_the_parser() {
        let rule = "[[rule]]\nid = \"a\"\ntitle = \"a\"\ndescription = \"a\"\nseverity = \"note\"\n\
                    remedy = 'a'\n";
        let shape = format!("{rule}anchors = [\"abcd\"]\nregex = 'abcd'\n");
        assert_eq!(rules("own.toml", &shape).map(|rules| rules.len()), Some(1));
        for other in [
            "id=\"a\"",
            "new = \"a\"",
            "reach = \"a\"",
            "reach = 0x10",
            "severity = 'note'",
            "severity = \"worst\"",
            "labels = [\n\"a\",\n]",
            "labels = []",
            "title = \"a\" # why",
            "title = \"\\u0041\"",
            "title = \"\"\"a\"\"\"",
            "title = \"a",
            "pair = { id = 'a', distance = 1, more = 2 }",
            "revoke = { page = 'a' ",
            "examples = [ # none\n]",
            "examples = [",
            "[rule.revoke]",
        ] {
            assert!(rules("own.toml", &format!("{shape}{other}\n")).is_none(), "{other}");
        }
        assert!(rules("own.toml", rule).is_none(), "a shape without an expression");
        assert!(rules("own.toml", &shape[9..]).is_none(), "fields before a rule");
    }
}
