//! Pairing in generated texts (`tests/texts`): the findings of the detector, compared with the known
//! truth. `cargo bench --bench pairing` prints the figures of many more.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use keysweep::detect::Engine;
use keysweep::finding::Confidence;
use keysweep::rules::RuleSet;
use keysweep::scan::Detector as _;

use crate::support::seed;
use crate::texts::{Tally, judge, text};

/// A measure, its value, the bound, and `true` if the measure may be more (`false`: less).
type Bound = (&'static str, f64, f64, bool);

#[test]
fn pairs_of_generated_texts_are_found_and_few_are_wrong() {
    let seed = seed();
    let engine = Engine::new(&RuleSet::builtin());
    let mut all = Tally::default();
    let mut kinds: BTreeMap<&str, Tally> = BTreeMap::new();
    let mut some = String::new();
    for index in 0..1_000 {
        let text = text((seed << 32) + index);
        let judged = judge(&text, &engine.whole(text.body.as_bytes()).candidates);
        all.add(&judged.tally);
        for kind in &text.traits {
            kinds.entry(kind).or_default().add(&judged.tally);
        }
        if !judged.faults.is_empty() && some.len() < 4_000 {
            let _ = writeln!(some, "{} {:?}: {:?}", text.layout, text.traits, judged.faults);
        }
    }
    let share = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
    // The total hides the faults of no kind of text. A layout has too few texts here; the bench has
    // more.
    let worst = kinds.values().filter(|tally| tally.certain >= 50);
    let worst = worst.map(|tally| tally.recall(Confidence::Medium)).fold(1.0, f64::min);
    let bounds: [Bound; 9] = [
        ("recall at medium and above", all.recall(Confidence::Medium), 0.985, true),
        ("recall of the worst trait", worst, 0.9, true),
        ("recall at high", all.recall(Confidence::High), 0.89, true),
        ("wrong of the pairs at high", all.wrong_share(Confidence::High), 0.002, false),
        ("wrong of the pairs at medium", all.wrong_share(Confidence::Medium), 0.08, false),
        ("lone ids lost", share(all.lone_ids_lost, all.lone_ids), 0.0, false),
        ("lone secrets lost", share(all.lone_secrets_lost, all.lone_secrets), 0.1, false),
        (
            "other services' secrets claimed at medium and above",
            share(all.claimed[1..].iter().sum(), all.foreign),
            0.05,
            false,
        ),
        // A secret next to an id without one is reported at low, whatever its name says.
        (
            "other services' secrets claimed",
            share(all.claimed.iter().sum(), all.foreign),
            0.25,
            false,
        ),
    ];
    let missed: Vec<String> = bounds
        .iter()
        .filter(|(_, is, bound, more)| if *more { is < bound } else { is > bound })
        .map(|(name, is, bound, _)| format!("{name}: {is:.4}, and {bound} is the bound"))
        .collect();
    assert!(missed.is_empty(), "seed {seed}:\n{}\nsome faults:\n{some}", missed.join("\n"));
}

#[test]
fn a_text_is_the_same_for_a_seed_and_holds_what_its_truth_names() {
    for index in 0..300 {
        let made = text(index);
        assert_eq!(made.body, text(index).body);
        // In URLs they are percent-encoded.
        let body = made.body.replace("%2F", "/").replace("%2B", "+");
        let truth = &made.truth;
        let keys = truth.keys.iter().flat_map(|key| [&key.id, &key.secret]);
        let lone = truth.lone_ids.iter().chain(&truth.lone_secrets).chain(&truth.foreign);
        let lone = lone.chain(&truth.loose);
        for value in keys.chain(lone) {
            assert!(body.contains(value.as_str()), "{value} is not in\n{body}");
        }
    }
}
