//! Fields of a rule that are more than a word or a number.

use std::path::Path;

use crate::document::{At, Document, Section};

use super::{Author, Expression, Pack, PartnerShape, Reader, Revocation, bounds};

/// Maximum number of bytes between the halves of a pair.
const LONGEST_DISTANCE: f64 = 4096.0;
/// Bytes between the halves of a pair if a rule gives no number.
pub(super) const USUAL_DISTANCE: usize = 512;

/// Beginning of the names of the files whose rules are tokens of other providers.
const TOKENS: &str = "tokens/";

/// The pack of a built-in rule; the folder of its file decides if the rule does not.
pub(super) fn pack(section: &mut Section<'_>, document: &mut Document<'_>, file: &Path) -> Pack {
    let names = Pack::BUILT_IN.map(|(name, _)| name);
    let choice = section.choice(document, "pack", &names);
    choice.map_or_else(|| usual_pack(file), |index| Pack::BUILT_IN[index].1)
}

/// The pack of a built-in rule that names none.
pub(super) fn usual_pack(file: &Path) -> Pack {
    if file.starts_with(TOKENS) { Pack::Tokens } else { Pack::Aws }
}

/// The pack of a rule of a configuration, if it names one.
pub(super) fn own_pack(
    section: &mut Section<'_>,
    document: &mut Document<'_>,
) -> Option<At<String>> {
    let name = section.text(document, "pack")?;
    let part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_name = name.value.starts_with(|first: char| first.is_ascii_lowercase())
        && name.value.len() <= 32
        && name.value.bytes().all(part);
    if !is_name {
        let what =
            "'pack' must be a lower-case letter, then at most 31 letters, digits and hyphens";
        document.fault(name.offset, &section.within, what);
    } else if Pack::is_reserved(&name.value) {
        let what = "'pack' must be a name of your own: aws, tokens, more, custom and all are built in; \
                    without 'pack' the rule always applies";
        document.fault(name.offset, &section.within, what);
    }
    Some(name)
}

/// The reader of a rule.
pub(super) fn reader(section: &mut Section<'_>, document: &mut Document<'_>) -> Option<Reader> {
    let names: Vec<&str> = Reader::names().collect();
    let index = section.choice(document, "reader", &names)?;
    Reader::named(names[index])
}

/// The examples of a rule: in which it finds its credential, and in which it finds nothing.
pub(super) fn examples(
    section: &mut Section<'_>,
    document: &mut Document<'_>,
) -> (Vec<At<String>>, Vec<At<String>>) {
    let examples = section.texts(document, "examples");
    let negatives = section.texts(document, "negatives");
    if examples.is_empty() {
        let what = "'examples' is missing or empty: a rule shows what it finds";
        document.fault(section.offset, &section.within, what);
    }
    (examples, negatives)
}

/// The page and the command that revoke a credential.
pub(super) fn revocation(section: &mut Section<'_>, document: &mut Document<'_>) -> Revocation {
    let within = section.within.clone();
    let mut sections = section.sections(document, "revoke");
    if let Some(second) = sections.get(1) {
        document.fault(second.offset, &within, "'revoke' is given twice");
    }
    if sections.is_empty() {
        return Revocation::default();
    }
    let mut revoke = sections.swap_remove(0);
    revoke.within = format!("{within}, revoke");
    let page = revoke.text(document, "page");
    if let Some(page) = page.as_ref().filter(|page| !is_address(&page.value)) {
        let what = "'page' must be an address that begins with https://";
        document.fault(page.offset, &revoke.within, what);
    }
    let command = revoke.text(document, "command").map(|command| command.value);
    revoke.finish(document);
    Revocation { page: page.map(|page| page.value), command }
}

fn is_address(text: &str) -> bool {
    let rest = text.strip_prefix("https://").unwrap_or_default();
    !rest.is_empty() && !rest.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// The id that belongs to the credential of a shape; an error names a limit that is exceeded.
pub(super) fn partner(
    section: &mut Section<'_>,
    author: Author,
    document: &mut Document<'_>,
) -> Result<Option<PartnerShape>, String> {
    let within = section.within.clone();
    let mut sections = section.sections(document, "pair");
    if let Some(second) = sections.get(1) {
        document.fault(second.offset, &within, "'pair' is given twice");
    }
    if sections.is_empty() {
        return Ok(None);
    }
    let mut pair = sections.swap_remove(0);
    pair.within = format!("{within}, pair");
    let distance = pair.number(document, "distance", LONGEST_DISTANCE, true);
    let id = expression(&mut pair, "id", author, document)?;
    pair.finish(document);
    let distance = distance.map_or(USUAL_DISTANCE, |distance| distance as usize);
    Ok(id.map(|id| PartnerShape { id, distance }))
}

/// An expression; an error names the limit that one of the scanned project exceeds.
pub(super) fn expression(
    section: &mut Section<'_>,
    key: &'static str,
    author: Author,
    document: &mut Document<'_>,
) -> Result<Option<Expression>, String> {
    let Some(source) = section.needed(document, key) else { return Ok(None) };
    let regex = match author {
        Author::Us => Ok(Expression::trusted(source.value)),
        Author::Target => Expression::bounded(source.value),
        _ => Expression::checked(source.value),
    };
    let regex = match regex {
        Ok(regex) => regex,
        Err(regex::Error::CompiledTooBig(_)) if author == Author::Target => {
            let most = bounds::COMPILED >> 10;
            return Err(format!("'{key}' of a project's rule may take {most} KiB compiled"));
        }
        Err(error) => {
            let text = error.to_string();
            let why = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
            document.fault(source.offset, &section.within, format!("'{key}' can't be used: {why}"));
            return Ok(None);
        }
    };
    let place = (key, source.offset);
    if author != Author::Us && check_expression(&regex, place, section, document).is_none() {
        return Ok(None);
    }
    Ok(Some(regex))
}

/// Records the faults of an expression; `None` if it is unusable.
fn check_expression(
    regex: &Expression,
    (key, offset): (&str, usize),
    section: &Section<'_>,
    document: &mut Document<'_>,
) -> Option<()> {
    if regex.regex().is_match(b"") {
        let what = format!("'{key}' matches nothing at all: it must need at least one character");
        document.fault(offset, &section.within, what);
        return None;
    }
    for group in regex.regex().capture_names().flatten() {
        if !matches!(group, "id" | "secret") {
            let what = format!("group '{group}' has no meaning: there are 'id' and 'secret'");
            document.fault(offset, &section.within, what);
        }
    }
    Some(())
}
