//! Labels: the names around a value on its own line and on the lines above.
//!
//! The nearest name counts: in `"uploadDir": "x", "secretAccessKey": "…"` the last. In a sentence
//! without an isolated name, all words before the value count together. A name may also follow its
//! value (`{"value": …, "key": "secretKey"}`, `… # aws secret key`). [`super::outline`] reads the
//! names of brackets, elements, indentation and tables.

use std::ops::Range;

use super::after_value;
use super::markup;
use super::name::{Name, Role};
use super::owner::{login, profile};
use super::sibling;
use super::words::{Words, is_empty};

/// The names of a value, before the text around it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Label {
    /// The facts from the value's name.
    pub name: Name,
    /// The name is not the value's own: it is on a line above, next to the value or around it.
    pub indirect: bool,
    /// An indirect name is on the value's line.
    pub on_value_line: bool,
    /// The name is an identifier, and an operator assigns only this value to it.
    pub assigned: bool,
    /// The value's line is a comment.
    pub comment: bool,
}

/// Bytes before a value in which its name is searched for.
const REACH: usize = 200;
/// Lines above that are searched if the value's own line has no name.
const ABOVE: usize = 2;

/// Reads the label of the value at `span`; text before `from` does not belong to it.
pub(super) fn read(text: &[u8], from: usize, span: &Range<usize>) -> Label {
    let floor = from.max(span.start.saturating_sub(REACH));
    let mut start = line_start(text, floor, span.start);
    let line = line_start(text, span.start.saturating_sub(REACH), span.start);
    let comment = is_comment(&text[line..]) || has_trailing_comment(&text[line..span.start]);
    if let Some(name) = after_value::attribute(text, span) {
        return Label { name, assigned: true, comment, ..Label::default() };
    }
    let mut found = before(&text[start..start.max(markup::end_of_name(text, span.start))]);
    let mut above = false;
    let head = text[start..span.start].trim_ascii_start();
    let head = head.strip_prefix(b"#").unwrap_or(head).trim_ascii_start();
    let begins_record = head.starts_with(b"- ");
    if begins_record && !found.name.named {
        // The record may name its value after it.
        let rest = &text[span.end..text.len().min(span.end + REACH)];
        if let Some(name) = rest.split(|&byte| byte == b'\n').nth(1).and_then(sibling::field) {
            found = Found { name, indirect: true, assigned: false };
        }
    }
    for _ in 0..ABOVE {
        if start == floor || found.name.named {
            break;
        }
        // `<value>`, `- "` and a bare `value:` are not names: the line above has the name.
        let end = start;
        start = line_start(text, floor, start - 1);
        let line = text[start..end].trim_ascii_end();
        // A record begins here: of the text above, only a comment refers to it.
        if begins_record && !is_comment(line) {
            break;
        }
        // `"bucket",  /* … */`: its comment refers to the value before it.
        if !is_comment(line) && has_trailing_comment(line) {
            break;
        }
        // Text after the previous value, on its line, refers to that value.
        let cut = start == from && start > 0 && text[start - 1] != b'\n';
        if cut && !line.ends_with(b":") && !line.ends_with(b"=") {
            break;
        }
        // A field with a value names that value, unless the field exists to name another.
        if assigns(line) {
            if let Some(name) = sibling::field(line) {
                found = Found { name, indirect: true, assigned: false };
            }
            break;
        }
        let number = std::mem::take(&mut found.name.stem);
        found = before(line);
        // If the name's line is counted, too, the numbers count lines and not keys.
        if !is_counted(line) {
            found.name.stem.extend(number);
        }
        above = true;
    }
    let Found { mut name, mut indirect, assigned } = found;
    let on_value_line = indirect && !above;
    indirect |= above;
    if matches!(name.role, Role::None | Role::Other)
        && let Some(later) = after_value::name(text, span, name.named)
    {
        name = later;
        indirect = true;
    }
    if let Some(user) = login(text, span) {
        name = user;
    }
    let profile = profile(text, span);
    name.rest.extend(profile.iter().cloned());
    name.stem.extend(profile);
    Label { name, indirect, on_value_line, assigned: assigned && !above, comment }
}

/// A name that was found on a line.
#[derive(Default)]
pub(super) struct Found {
    /// The name.
    pub name: Name,
    /// Words that are not names are between it and the value.
    indirect: bool,
    /// See [`Label::assigned`].
    assigned: bool,
}

/// The name that the text of a line gives to the value after it.
fn before(head: &[u8]) -> Found {
    let mut segments = Segments(head);
    let mut first = true;
    let nearest = loop {
        let Some(segment) = segments.next() else { return Found::default() };
        if !is_bare(segment) {
            break segment;
        }
        // `2. …`: the item of a list.
        let number = of_segment(segment).name.stem;
        if first && !number.is_empty() {
            return Found { name: Name { stem: number, ..Name::default() }, ..Found::default() };
        }
        first = false;
    };
    // A name that already has a value names that value.
    if !first && assigns(nearest) {
        return Found::default();
    }
    let mut found = of_segment(nearest);
    // The name of a call is not evidence against its arguments.
    let quoted = matches!(nearest.trim_ascii_end(), [.., b'"' | b'\'']);
    if !first && found.name.role == Role::Other && !quoted {
        return Found::default();
    }
    found.indirect |= !first;
    found.assigned &= first;
    if found.assigned || found.name.says() && found.name.role != Role::Other {
        return found;
    }
    // "AWS secret access key, as of rev 3: …": an aside is between the name and its value.
    for segment in segments.take(2).filter(|segment| !is_bare(segment)) {
        if assigns(segment) {
            break;
        }
        let further = of_segment(segment);
        if further.name.role.is_secret() || further.name.role == Role::KeyId {
            return Found { assigned: false, ..further };
        }
    }
    found
}

/// The parts of a line between its separators, the last first.
struct Segments<'a>(&'a [u8]);

impl<'a> Iterator for Segments<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.0.is_empty() {
            return None;
        }
        let cut = (0..self.0.len()).rev().find(|&at| self.separates(at));
        let (rest, segment) = match cut {
            Some(at) => (&self.0[..at], &self.0[at + 1..]),
            None => (&self.0[..0], self.0),
        };
        self.0 = rest;
        Some(segment)
    }
}

impl Segments<'_> {
    /// True if a part ends at `at`; the `||` of a fallback does not end one.
    fn separates(&self, at: usize) -> bool {
        let bar = |at: Option<usize>| at.and_then(|at| self.0.get(at)) == Some(&b'|');
        match self.0[at] {
            // The end of a sentence.
            b'.' => {
                let word = at > 0 && self.0[at - 1].is_ascii_alphabetic();
                word && self.0.get(at + 1) == Some(&b' ')
            }
            b'|' => !bar(at.checked_sub(1)) && !bar(Some(at + 1)),
            byte => b",;{}\n\t".contains(&byte),
        }
    }
}

/// True if no word of a segment names anything.
fn is_bare(segment: &[u8]) -> bool {
    Words::of(segment).iter().all(is_empty)
}

/// True if a segment assigns a value to a name: its name does not belong to the value after it.
fn assigns(segment: &[u8]) -> bool {
    let Some(at) = segment.iter().rposition(|byte| matches!(byte, b'=' | b':')) else {
        return false;
    };
    // `secret = os.getenv("SECRET_KEY"`: the call continues.
    if segment[at..].contains(&b'(') {
        return false;
    }
    segment[at..].iter().any(|byte| byte.is_ascii_alphanumeric() || b"\"'".contains(byte))
}

/// The name in a segment that ends where the value begins.
pub(super) fn of_segment(segment: &[u8]) -> Found {
    let mut rest = segment;
    let mut number = None;
    let mut call = None;
    let mut indirect = false;
    while let Some((before, identifier)) = last_identifier(rest) {
        if before.ends_with(b"</") {
            rest = before;
            indirect = true;
            continue;
        }
        // `<label>Secret key</label><input type="password" value="`: the type is not a name.
        if let Some(outside) = markup::before_field(before, identifier) {
            rest = outside;
            indirect = true;
            continue;
        }
        let name = Name::of(identifier, false);
        let end = rest.iter().rposition(u8::is_ascii_alphanumeric).map_or(0, |at| at + 1);
        let after = &segment[end..];
        // `SECRET = concat!("`, `key: aws.String("`: a call is not the name of its argument.
        let calls = (after.starts_with(b"(") || after.starts_with(b"!("))
            && before.iter().any(|byte| matches!(byte, b'=' | b':'));
        if calls {
            call = call.or(Some(name.clone()).filter(Name::says));
        }
        if !name.named || calls {
            // "secret 2: …", and "2. …" at the beginning of a line.
            let lists =
                before.trim_ascii().is_empty() && matches!(after, [b'.' | b')' | b':', b' ', ..]);
            let counts = identifier.len() <= 2
                && identifier.iter().all(u8::is_ascii_digit)
                && (lists || before.last().is_some_and(|byte| matches!(byte, b' ' | b'#')));
            number =
                number.or_else(|| counts.then(|| String::from_utf8_lossy(identifier).into_owned()));
            indirect |= !counts;
            rest = before;
            continue;
        }
        // `upload-public-key=`: an identifier before an operator is a name by itself.
        let marks = |byte: &u8| b" \t\"'`]".contains(byte);
        let follows = after.iter().find(|byte| !marks(byte));
        let operator = matches!(follows, Some(b'=' | b':'));
        let assigned = operator || follows == Some(&b'>');
        let several = Words::of(identifier).len() > 1;
        let name = if several && (name.says() || operator) {
            name
        } else {
            widened(before, identifier, name)
        };
        let name = if name.says() { name } else { call.unwrap_or(name) };
        return Found { name: numbered(name, number), indirect, assigned: assigned && !indirect };
    }
    Found { name: numbered(Name::of(segment, true), number), ..Found::default() }
}

/// A name with the number after it.
fn numbered(mut name: Name, number: Option<String>) -> Name {
    name.stem.extend(number);
    name
}

/// Combines a name of one word, or a name without meaning, with the words before it.
fn widened(before: &[u8], identifier: &[u8], name: Name) -> Name {
    let words_before = Words::of(before);
    if words_before.len() == 0 {
        return name;
    }
    let own = Words::of(identifier);
    // A comment after code is read by itself.
    let comment =
        [&b"# "[..], b"// "].into_iter().filter_map(|mark| memchr::memmem::rfind(before, mark));
    if let Some(at) = comment.max() {
        let comment = Words::of(&before[at..]);
        return Name::of_words(&joined(&comment, &own), true);
    }
    // A word before an operator names something around the value, not the value.
    let phrase_start =
        before.iter().rposition(|byte| b"=:>(".contains(byte)).map_or(0, |at| at + 1);
    let phrase = Words::of(&before[phrase_start..]);
    if phrase.len() > 0 {
        let whole = Name::of_words(&joined(&phrase, &own), true);
        if whole.says() || phrase_start == 0 {
            return if name.says() && !whole.says() { name } else { whole };
        }
    }
    if name.says() {
        return name;
    }
    // `log: secret key is "…"`, `https://user:…`: the whole segment, as a sentence.
    let whole = Name::of_words(&joined(&words_before, &own), true);
    if whole.says() { whole } else { name }
}

/// The words of two texts.
fn joined<'w>(before: &'w Words, own: &'w Words) -> Vec<&'w str> {
    before.iter().chain(own.iter()).collect()
}

/// The last identifier or quoted text of a text, and the text before it.
fn last_identifier(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let is_part =
        |byte: u8| byte.is_ascii_alphanumeric() || b"_-.$/".contains(&byte) || byte >= 0x80;
    let end = text.iter().rposition(u8::is_ascii_alphanumeric)? + 1;
    let quote = text.get(end).copied().filter(|byte| matches!(byte, b'"' | b'\'' | b'`'));
    if let Some(quote) = quote {
        let opened = text[..end].iter().rposition(|&byte| byte == quote);
        if let Some(at) = opened.filter(|at| end - at <= 80) {
            return Some((&text[..at], &text[at + 1..end]));
        }
    }
    let start = text[..end].iter().rposition(|&byte| !is_part(byte)).map_or(0, |at| at + 1);
    Some((&text[..start], &text[start..end]))
}

/// Start of the line that contains `at`, or `floor` if that is later.
fn line_start(text: &[u8], floor: usize, at: usize) -> usize {
    memchr::memrchr(b'\n', &text[floor..at]).map_or(floor, |newline| floor + newline + 1)
}

/// True if a line is an entry of a list with numbers: `1) "access_key"`.
fn is_counted(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    let digits = line.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && matches!(line.get(digits), Some(b')' | b'.'))
}

/// True if a line is a comment, according to its beginning.
pub(super) fn is_comment(line: &[u8]) -> bool {
    let start = line.iter().position(|byte| !matches!(byte, b' ' | b'\t'));
    let Some(line) = start.map(|start| &line[start..]) else { return false };
    let marks: [&[u8]; 7] = [b"#", b"//", b"-- ", b";", b"<!--", b"/*", b"* "];
    marks.iter().any(|mark| line.starts_with(mark)) || line.starts_with(b"REM ")
}

/// True if a comment begins between a line's code and its end.
fn has_trailing_comment(head: &[u8]) -> bool {
    let marks = [&b"# "[..], b"// ", b"-- ", b"/* "];
    memchr::memchr3_iter(b'#', b'/', b'-', head).any(|at| match head[..at].last() {
        Some(b' ') => marks.iter().any(|mark| head[at..].starts_with(mark)),
        Some(b'\t') => head[at..].starts_with(marks[0]),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Name {
        let at = text.find('@').expect("a place");
        read(text.as_bytes(), 0, &(at..at + 1)).name
    }

    #[test]
    fn reads_what_a_label_says() {
        for (text, role) in [
            ("aws_secret_access_key = @", Role::SecretKey),
            ("AWS_SECRET_ACCESS_KEY_UPLOAD=@", Role::SecretKey),
            ("CERT_DNS_SECRET_ACCESS_KEY=@", Role::SecretKey),
            ("\"SecretAccessKey\": \"@\"", Role::SecretKey),
            ("\"uploadDir\": \"x\", \"secretAccessKey\": \"@\"", Role::SecretKey),
            ("\"secretAccessKey\": \"\", \"uploadId\": \"@\"", Role::Other),
            ("secret: @", Role::Secret),
            ("<name>fs.s3a.secret.key</name>\n  <value>@", Role::SecretKey),
            ("AWS_SESSION_TOKEN=@", Role::Token),
            ("commit: @", Role::Other),
            ("GITHUB_CLIENT_SECRET=@", Role::Secret),
            ("secret_sha: @", Role::Other),
            ("AWS_SECRET_ACCESS_KEY_SHA256=@", Role::Other),
            ("{\"value\":\"@\",\"key\":\"secretKey\"}", Role::Secret),
            ("foo(\"@", Role::None),
            ("AWS_SK: @", Role::SecretKey),
            ("AWS secret access key, as of rev 3: @", Role::SecretKey),
            ("Secret (please don't commit this!): @", Role::Secret),
            ("export SMTP_PASSWORD=@", Role::Password),
            ("MAIL_USERNAME=@", Role::User),
            ("const accessKeyId = '@", Role::KeyId),
            ("AWS key: @", Role::KeyId),
            ("@  # the AWS secret key", Role::SecretKey),
            ("cursor.execute(x, '@", Role::None),
        ] {
            assert_eq!(of(text).role, role, "{text}");
        }
    }

    #[test]
    fn a_stem_is_what_the_words_of_the_role_leave() {
        for (text, stem) in [
            ("PROD_AWS_SECRET_ACCESS_KEY=@", "prod"),
            ("awsSecretKeyDev: '@", "dev"),
            ("AWS_SECRET_ACCESS_KEY_2=@", "2"),
            ("secret1=@", "1"),
            ("<name>fs.s3a.logs.secret.key</name><value>@", "logs"),
            ("aws_secret_access_key = @", ""),
            ("private static final String UPLOAD_SECRET = \"@", "upload"),
            ("The secret for production is: @", "production"),
        ] {
            assert_eq!(of(text).stem.join("-"), stem, "{text}");
        }
    }
}
