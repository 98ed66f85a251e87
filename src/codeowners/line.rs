//! One line of a CODEOWNERS file.

use super::Syntax;
use super::glob::Pattern;

/// The meaning of a line.
#[derive(Debug)]
pub(super) enum Line {
    /// A comment, or a line that is not valid.
    Nothing,
    /// The heading of a section, with the owners of its entries that name none.
    Section { name: String, owners: Vec<String> },
    /// A path without owner in its section.
    Excluded(Pattern),
    /// A path and its owners.
    Entry { pattern: Pattern, owners: Vec<String> },
}

/// Reads a line without blanks at its ends.
pub(super) fn read(syntax: Syntax, line: &[u8]) -> Line {
    if line.is_empty() || line.starts_with(b"#") {
        return Line::Nothing;
    }
    match syntax {
        Syntax::GitLab => gitlab(line),
        Syntax::GitHub | Syntax::Bitbucket => github(syntax, line),
    }
}

/// True if only GitLab understands a line: a heading, an exclusion, a role.
pub(super) fn is_gitlab(line: &[u8]) -> bool {
    let is_entry = !line.is_empty() && !line.starts_with(b"#");
    is_entry && (line.starts_with(b"!") || heading(line).is_some() || has_role(line))
}

fn has_role(line: &[u8]) -> bool {
    let roles = ["@@developer", "@@maintainer", "@@owner"];
    words(line).any(|word| {
        let word = word.to_lowercase();
        roles.iter().any(|role| *role == word.strip_suffix('s').unwrap_or(&word))
    })
}

/// Comments may follow an entry. Negation, sets and an escaped `#` are not valid.
fn github(syntax: Syntax, line: &[u8]) -> Line {
    let (pattern, rest) = split(line);
    let is_valid = !pattern.starts_with(b"!")
        && !pattern.starts_with(b"\\#")
        && !pattern.iter().any(|byte| matches!(byte, b'[' | b']'));
    let mut owners = Vec::new();
    for word in words(rest).take_while(|word| !word.starts_with('#')) {
        let word = match (syntax, word.split_once(':')) {
            // A choice of reviewers, such as `:random(2)`.
            (Syntax::Bitbucket, Some((owner, _))) => owner.to_owned(),
            _ => word,
        };
        if !is_owner(&word) {
            return Line::Nothing;
        }
        owners.push(word);
    }
    if !is_valid {
        return Line::Nothing;
    }
    Line::Entry { pattern: Pattern::gitignore(pattern), owners }
}

/// Comments may not follow an entry: words that are not owners are ignored, others are owners.
fn gitlab(line: &[u8]) -> Line {
    if let Some((name, owners)) = heading(line) {
        return Line::Section { name, owners };
    }
    if let Some(excluded) = line.strip_prefix(b"!") {
        let (pattern, _) = split(excluded);
        return Line::Excluded(Pattern::fnmatch(pattern));
    }
    let (pattern, rest) = split(line);
    let owners = words(rest).filter(|word| is_owner(word)).collect();
    Line::Entry { pattern: Pattern::fnmatch(pattern), owners }
}

/// `[name]`, optional with `^` before it, with a number of approvals after it, then owners.
fn heading(line: &[u8]) -> Option<(String, Vec<String>)> {
    let line = line.strip_prefix(b"^").unwrap_or(line);
    let line = line.strip_prefix(b"[")?;
    let end = line.iter().position(|&byte| byte == b']').filter(|end| *end > 0)?;
    let (name, mut rest) = (&line[..end], &line[end + 1..]);
    if let Some(inner) = rest.strip_prefix(b"[") {
        let digits = inner.iter().take_while(|byte| byte.is_ascii_digit()).count();
        rest = inner[digits..].strip_prefix(b"]").unwrap_or(rest);
    }
    if !rest.is_empty() && !rest[0].is_ascii_whitespace() {
        return None;
    }
    let owners = words(rest).filter(|word| is_owner(word)).collect();
    Some((String::from_utf8_lossy(name).into_owned(), owners))
}

/// A user, team, group or role with `@`, or a mail address.
fn is_owner(word: &str) -> bool {
    match word.split_once('@') {
        Some(("", name)) => !name.trim_start_matches('@').is_empty(),
        Some((_, host)) => !host.is_empty() && !host.contains('@'),
        None => false,
    }
}

/// The pattern, up to a blank without a backslash before it, and the rest.
fn split(line: &[u8]) -> (&[u8], &[u8]) {
    let mut escaped = false;
    let end = line.iter().position(|&byte| {
        let is_end = byte.is_ascii_whitespace() && !escaped;
        escaped = byte == b'\\' && !escaped;
        is_end
    });
    line.split_at(end.unwrap_or(line.len()))
}

fn words(text: &[u8]) -> impl Iterator<Item = String> {
    let words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    words.map(|word| String::from_utf8_lossy(word).into_owned())
}
