//! Rules of an anchor and a regular expression: [`Method::Shape`], the user's own among them.

use std::collections::HashMap;
use std::ops::Range;

use crate::finding::{Confidence, RuleId};
use crate::rules::{Facts, Method, Rule, RuleSet, Shape, entropy};
use crate::secret::Secret;

use super::label;
use super::view::View;

/// A match of a shape.
#[derive(Clone, Debug)]
pub(super) struct Shaped {
    /// Its rule.
    pub rule: RuleId,
    /// How sure the rule is.
    pub confidence: Confidence,
    /// The credential.
    pub secret: Secret,
    /// Where it stands.
    pub span: Range<usize>,
    /// The public half and where it stands.
    pub id: Option<(String, Range<usize>)>,
    /// What it says of itself.
    pub facts: Facts,
}

/// The shape rules by their literals.
pub(super) struct Shapes {
    rules: Vec<Rule>,
    by_literal: HashMap<Vec<u8>, Vec<usize>>,
}

impl Shapes {
    /// The shape rules of a set.
    pub(super) fn new(set: &RuleSet) -> Self {
        let rules: Vec<Rule> =
            set.rules.iter().filter(|rule| rule.method == Method::Shape).cloned().collect();
        let mut by_literal: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
        for (index, rule) in rules.iter().enumerate() {
            for anchor in &rule.anchors {
                by_literal.entry(anchor.clone()).or_default().push(index);
            }
        }
        Self { rules, by_literal }
    }

    /// Appends the matches around a literal at `at`.
    pub(super) fn around(&self, bytes: &[u8], at: usize, literal: &[u8], found: &mut Vec<Shaped>) {
        for &index in self.by_literal.get(literal).into_iter().flatten() {
            let rule = &self.rules[index];
            let Some(shape) = &rule.shape else { continue };
            let start = at.saturating_sub(shape.reach);
            let end = bytes.len().min(at + literal.len() + shape.reach);
            // Offsets in a view are relative to the stretch; neighbours decide about boundaries.
            let stretch = &bytes[start..end];
            for view in &View::all(stretch) {
                matches(rule, shape, view, bytes, start, found);
            }
        }
    }
}

fn matches(
    rule: &Rule,
    shape: &Shape,
    view: &View<'_>,
    bytes: &[u8],
    base: usize,
    found: &mut Vec<Shaped>,
) {
    let text = &*view.text;
    for groups in shape.regex.regex().captures_iter(text) {
        let Some(whole) = groups.get(0) else { continue };
        let secret = groups.name("secret").unwrap_or(whole);
        let original = view.original(&secret.range());
        let span = base + original.start..base + original.end;
        let known = found.iter().position(|known| {
            known.rule == rule.id && known.span.start < span.end && span.start < known.span.end
        });
        // What goes on behind an escape is all of it: the text as it stands shows its beginning.
        let longer = known.is_some_and(|known| {
            let known = &found[known].span;
            span.start <= known.start && known.end <= span.end && span != *known
        });
        if known.is_some() && !longer
            || is_part_of_more(shape, view, &secret.range(), bytes, &span)
            || entropy(secret.as_bytes()) < shape.entropy
            || !is_labelled(rule, text, whole.start())
        {
            continue;
        }
        // What its own form does not bear out is no such credential.
        let id = groups.name("id").map(|id| id.as_bytes());
        let facts = rule.reader.map(|reader| reader.read(secret.as_bytes(), id));
        let Some(facts) = facts.unwrap_or_else(|| Some(Facts::default())) else { continue };
        let id = groups.name("id").map(|id| {
            let at = view.original(&id.range());
            (String::from_utf8_lossy(id.as_bytes()).into_owned(), base + at.start..base + at.end)
        });
        let shaped = Shaped {
            rule: rule.id.clone(),
            confidence: rule.confidence,
            secret: Secret::new(secret.as_bytes().to_vec()),
            span,
            id,
            facts,
        };
        match known {
            Some(known) => found[known] = shaped,
            None => found.push(shaped),
        }
    }
}

/// Whether neighbours say that a match is part of something longer.
///
/// Where a view has undone something, its own text tells: the letters of an escape are none.
fn is_part_of_more(
    shape: &Shape,
    view: &View<'_>,
    found: &Range<usize>,
    bytes: &[u8],
    span: &Range<usize>,
) -> bool {
    let within = found.start > 0 && found.end < view.text.len();
    if view.is_raw() || !within {
        return shape.boundary.extends(bytes, span.clone());
    }
    shape.boundary.extends(&view.text, found.clone())
}

/// Whether a word of the rule stands before the match, on its line or one of the two above.
fn is_labelled(rule: &Rule, text: &[u8], at: usize) -> bool {
    let above = memchr::memrchr_iter(b'\n', &text[..at]).nth(2).map_or(0, |newline| newline + 1);
    let joined = label::words(&text[above..at]).concat();
    rule.labels.is_empty() || rule.labels.iter().any(|label| joined.contains(label.as_str()))
}
