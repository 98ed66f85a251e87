//! Tests a rule on its own examples: each positive one must match, no negative one may.
//!
//! A rule that can't find its own example finds nothing else, and an anchor that is in no example
//! is untested. Examples are filled from a fixed seed, so that the result for a file never changes.

use std::ops::Range;

use crate::detect::random;
use crate::document::{At, Document};
use crate::escapes::without_markup;
use crate::placeholder;
use crate::tokens::Reading;

use super::template::Filler;
use super::{Author, Boundary, Reader, Rule, Shape, bounds};

/// The seed from which the examples of users' files are filled.
const SEED: u64 = 1;
/// Maximum number of matches of an example that are examined.
const MATCHES: usize = 64;

/// The examples of a rule, as templates.
pub(super) struct Texts<'a> {
    pub positive: &'a [At<String>],
    pub negative: &'a [At<String>],
}

/// Records every fault of a shape rule's examples.
///
/// # Errors
/// If the examples of a rule of the scanned project are too long to be tested.
pub(super) fn examples(
    rule: &Rule,
    anchors: &[At<String>],
    texts: &Texts<'_>,
    within: &str,
    document: &mut Document<'_>,
) -> Result<(), String> {
    let Some(shape) = &rule.shape else { return Ok(()) };
    let most = if rule.author == Author::Target { bounds::EXAMPLES } else { usize::MAX };
    let mut room = most;
    let positive = fill(texts.positive, within, document, &mut room);
    let negative = fill(texts.negative, within, document, &mut room);
    let (Some(positive), Some(negative)) = (positive, negative) else {
        return Err(format!("the examples of a project's rule may have {} KiB", most >> 10));
    };
    for example in &positive {
        if let Some(why) = mismatch(rule, shape, example.value.as_bytes()) {
            document.fault(example.offset, within, format!("this example is not found: {why}"));
        }
    }
    for example in &negative {
        if mismatch(rule, shape, example.value.as_bytes()).is_none() {
            document.fault(example.offset, within, "this example must not be found, but is");
        }
    }
    for anchor in anchors {
        if !positive.is_empty() && !positive.iter().any(|text| text.value.contains(&anchor.value)) {
            let what = format!("anchor '{}' is in none of the examples", anchor.value);
            document.fault(anchor.offset, within, what);
        }
    }
    Ok(())
}

/// Fills templates; `None` if the result is longer than `room`.
fn fill(
    templates: &[At<String>],
    within: &str,
    document: &mut Document<'_>,
    room: &mut usize,
) -> Option<Vec<At<String>>> {
    let mut filler = Filler::new(SEED);
    let mut filled = Vec::new();
    for At { value, offset } in templates {
        match filler.fill(value) {
            Ok(value) => {
                *room = room.checked_sub(value.len())?;
                filled.push(At { value, offset: *offset });
            }
            Err(error) => document.fault(*offset, within, error.to_string()),
        }
    }
    Some(filled)
}

/// True if a credential stands for another one, by the part of it that its reader names, or else as a
/// whole.
fn is_placeholder(rule: &Rule, secret: &[u8]) -> bool {
    let core = rule.reader.and_then(|reader| reader.core(secret));
    placeholder::is_placeholder(core.as_deref().unwrap_or(secret))
}

/// The reason why a text contains no match of the rule; `None` if it contains one.
///
/// Returns the first condition that nothing in the text met, in the order of detection.
fn mismatch(rule: &Rule, shape: &Shape, text: &[u8]) -> Option<&'static str> {
    let places: Vec<usize> =
        rule.anchors.iter().flat_map(|anchor| memchr::memmem::find_iter(text, anchor)).collect();
    if places.is_empty() {
        return Some("it holds no anchor");
    }
    // An example contains one match or a few; each may cost as much as the text is long.
    let matches: Vec<_> = shape.regex.regex().captures_iter(text).take(MATCHES).collect();
    if matches.is_empty() {
        return Some("the expression does not match");
    }
    let failures: Vec<Option<&str>> = matches
        .iter()
        .map(|groups| {
            let whole = groups.get(0)?;
            let secret = groups.name("secret").unwrap_or(whole);
            let near =
                |at: &usize| whole.start() + shape.reach >= *at && whole.end() <= *at + shape.reach;
            let before = &text[..whole.start()];
            let label: Vec<u8> =
                before.iter().filter(|b| b.is_ascii_alphanumeric()).copied().collect();
            let label = String::from_utf8_lossy(&label).to_ascii_lowercase();
            let id = groups.name("id").map(|id| id.as_bytes());
            if !places.iter().any(near) {
                Some("the match is not within 'reach' of an anchor")
            } else if shape.boundary.extends(text, secret.range()) {
                Some("the match is part of something longer, by 'boundary'")
            } else if shape.boundary != Boundary::None
                && Boundary::Alphanumeric.extends(text, whole.range())
            {
                Some("letters or digits continue the match, by 'boundary'")
            } else if entropy(secret.as_bytes()) < shape.entropy {
                Some("its entropy is below 'entropy'")
            } else if shape.random && !random::reads_random(secret.as_bytes()) {
                Some("it does not look random, by 'random'")
            } else if !rule.reader.is_some_and(Reader::proves_itself)
                && is_placeholder(rule, secret.as_bytes())
            {
                Some("it is a placeholder")
            } else if !has_partner(shape, text, &secret.range()) {
                Some("no id of 'pair' is within its distance")
            } else if !rule.labels.is_empty()
                && !rule.labels.iter().any(|word| label.contains(word))
                && !shape.names_itself(text, secret.start())
            {
                Some("none of 'labels' is before the match")
            } else {
                let value = without_markup(secret.as_bytes());
                match rule.reader.map(|reader| reader.read(&value, id)) {
                    Some(Reading::NotOne) => Some("it can't be decoded"),
                    Some(Reading::MadeUp) => Some("its checksum is wrong"),
                    Some(Reading::Read(_)) | None => None,
                }
            }
        })
        .collect();
    if failures.contains(&None) { None } else { failures.into_iter().flatten().next() }
}

/// True if the id that belongs to a secret is near it, or none is needed.
fn has_partner(shape: &Shape, text: &[u8], secret: &Range<usize>) -> bool {
    let Some(partner) = &shape.partner else { return true };
    let ids = partner.id.regex().find_iter(text).map(|id| id.range());
    let mut ids = ids.filter(|id| !Boundary::Alphanumeric.extends(text, id.clone()));
    ids.any(|id| {
        let gap = id.start.saturating_sub(secret.end).max(secret.start.saturating_sub(id.end));
        gap <= partner.distance
    })
}

impl Boundary {
    /// True if the neighbours of a span make it part of something longer.
    pub fn extends(self, text: &[u8], span: Range<usize>) -> bool {
        if self == Self::None {
            return false;
        }
        let is_part =
            |byte: u8, signs: &[u8]| byte.is_ascii_alphanumeric() || signs.contains(&byte);
        let before = span.start.checked_sub(1).map(|at| text[at]);
        before.is_some_and(|byte| is_part(byte, self.signs_before()))
            || text.get(span.end).is_some_and(|byte| is_part(*byte, self.signs_after()))
    }

    /// Signs that must not be before a match.
    pub(crate) fn signs_before(self) -> &'static [u8] {
        if self == Self::Base64 { b"+/-_" } else { b"" }
    }

    /// Signs that must not be after a match.
    pub(crate) fn signs_after(self) -> &'static [u8] {
        match self {
            Self::Base64 | Self::Base64After => b"+/-_",
            Self::Base64UrlAfter => b"-_",
            Self::Alphanumeric | Self::None => b"",
        }
    }
}

/// Shannon entropy in bits per byte.
pub fn entropy(text: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    text.iter().for_each(|&byte| counts[usize::from(byte)] += 1);
    let len = text.len() as f64;
    let term = |&count: &u32| {
        let share = f64::from(count) / len;
        -share * share.log2()
    };
    counts.iter().filter(|&&count| count > 0).map(term).sum()
}
