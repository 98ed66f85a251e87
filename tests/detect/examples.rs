//! The texts of the built-in rules of other providers, and the credentials in them.

use keysweep::detect::Engine;
use keysweep::finding::Candidate;
use keysweep::rules::{Pack, Packs, RuleSet, builtin_examples};
use keysweep::scan::Detector as _;

use crate::support::Keys;

/// The built-in rules with all packs.
pub(super) fn rules() -> RuleSet {
    RuleSet { packs: Packs::all(), ..RuleSet::builtin() }
}

/// The secret of a candidate that has one.
pub(super) fn secret(one: &Candidate) -> String {
    let secret = one.credential.secret.as_ref().expect("a secret");
    String::from_utf8_lossy(secret.expose()).into_owned()
}

/// The secrets of a rule in a text, except for those with a wrong checksum.
pub(super) fn found(engine: &Engine, text: &str, rule: &str) -> Vec<String> {
    let candidates = engine.whole(text.as_bytes()).candidates;
    let is_one =
        |one: &&Candidate| one.credential.rule.as_str() == rule && !one.credential.details.made_up;
    candidates.iter().filter(is_one).map(secret).collect()
}

/// A value of `template` that `is_found`. One random token in some thousands looks like a word, and
/// is not reported: not four times in a row.
pub(super) fn filled<T>(
    keys: &mut Keys,
    template: &str,
    is_found: impl Fn(String) -> Option<T>,
) -> T {
    let one = (0..4).find_map(|_| is_found(keys.filled(template)));
    one.unwrap_or_else(|| panic!("{template} is not found"))
}

/// For at most `each` examples of every rule of another provider: the rule, the text, and the
/// credential in it.
pub(super) fn examples(name: &str, each: usize) -> Vec<(String, String, String)> {
    let (rules, engine) = (rules(), Engine::new(&rules()));
    let mut keys = Keys::new(name);
    let mut all = Vec::new();
    let of_others = |rule: &str| rules.get(rule).is_some_and(|rule| rule.pack != Pack::Aws);
    for examples in builtin_examples() {
        let rule = examples.rule.as_str();
        for template in examples.positive.iter().take(each).filter(|_| of_others(rule)) {
            all.push(filled(&mut keys, template, |text| {
                let secret = found(&engine, &text, rule).into_iter().next()?;
                Some((rule.to_owned(), text, secret))
            }));
        }
    }
    assert!(all.len() > 90, "{}", all.len());
    all
}
