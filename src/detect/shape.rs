//! Rules of an anchor and a regular expression: [`Method::Shape`], the user's own among them.

use std::collections::HashMap;
use std::ops::Range;

use crate::finding::{Confidence, RuleId};
use crate::rules::{Facts, Method, Rule, RuleSet, Shape, entropy};
use crate::secret::Secret;

use super::random;
use super::view::View;
use super::words::words;

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

    /// Appends the matches around a literal at `at`; gives where examples stand.
    pub(super) fn around(
        &self,
        bytes: &[u8],
        at: usize,
        literal: &[u8],
        found: &mut Vec<Shaped>,
    ) -> Vec<Range<usize>> {
        let mut examples = Vec::new();
        for &index in self.by_literal.get(literal).into_iter().flatten() {
            let rule = &self.rules[index];
            let Some(shape) = &rule.shape else { continue };
            let start = at.saturating_sub(shape.reach);
            let end = bytes.len().min(at + literal.len() + shape.reach);
            // Offsets in a view are relative to the stretch; neighbours decide about boundaries.
            let stretch = &bytes[start..end];
            for view in [Some(View::raw(stretch)), View::undone(stretch)].iter().flatten() {
                matches(rule, shape, view, bytes, start, found, &mut examples);
            }
        }
        examples
    }
}

fn matches(
    rule: &Rule,
    shape: &Shape,
    view: &View<'_>,
    bytes: &[u8],
    base: usize,
    found: &mut Vec<Shaped>,
    examples: &mut Vec<Range<usize>>,
) {
    let text = &*view.text;
    for groups in shape.regex.regex().captures_iter(text) {
        let Some(whole) = groups.get(0) else { continue };
        let secret = groups.name("secret").unwrap_or(whole);
        let original = view.original(&secret.range());
        let span = base + original.start..base + original.end;
        let known = found.iter().any(|known| {
            known.rule == rule.id && known.span.start < span.end && span.start < known.span.end
        });
        if known
            || shape.boundary.extends(bytes, span.clone())
            || entropy(secret.as_bytes()) < shape.entropy
            || !is_labelled(rule, text, whole.start())
        {
            continue;
        }
        // What its own form does not bear out is no such credential.
        let id = groups.name("id").map(|id| id.as_bytes());
        let facts = rule.reader.map(|reader| reader.read(secret.as_bytes(), id));
        let Some(facts) = facts.unwrap_or_else(|| Some(Facts::default())) else { continue };
        if rule.file.is_none() && is_example(secret.as_bytes(), &facts) {
            examples.push(span);
            continue;
        }
        let id = groups.name("id").map(|id| {
            let at = view.original(&id.range());
            (String::from_utf8_lossy(id.as_bytes()).into_owned(), base + at.start..base + at.end)
        });
        found.push(Shaped {
            rule: rule.id.clone(),
            confidence: rule.confidence,
            secret: Secret::new(secret.as_bytes().to_vec()),
            span,
            id,
            facts,
        });
    }
}

/// Accounts in the examples of AWS's documentation.
const EXAMPLE_ACCOUNTS: [&str; 4] =
    ["123456789012", "111122223333", "444455556666", "555555555555"];

/// Whether a credential is an example of AWS's documentation, by its own words or its account.
fn is_example(secret: &[u8], facts: &Facts) -> bool {
    let account = facts.account.as_deref();
    account.is_some_and(|account| EXAMPLE_ACCOUNTS.contains(&account)) || random::is_example(secret)
}

/// Whether a word of the rule stands before the match, on its line or one of the two above.
fn is_labelled(rule: &Rule, text: &[u8], at: usize) -> bool {
    let above = memchr::memrchr_iter(b'\n', &text[..at]).nth(2).map_or(0, |newline| newline + 1);
    let joined = words(&text[above..at]).concat();
    rule.labels.is_empty() || rule.labels.iter().any(|label| joined.contains(label.as_str()))
}
