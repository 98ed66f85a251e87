//! Long lists of keys in which only the order joins the halves: each id before its secret, or each
//! secret before its id.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use keysweep::detect::Engine;
use keysweep::finding::Confidence;
use keysweep::rules::RuleSet;
use keysweep::scan::Detector as _;

use crate::texts::Random;

static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::new(&RuleSet::builtin()));

/// Names of the id and the secret, up to the values.
const NAMES: [[&str; 2]; 4] = [
    ["AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY="],
    ["export AWS_ACCESS_KEY_ID=", "export AWS_SECRET_ACCESS_KEY="],
    ["id: ", "the secret access key of it: "],
    ["", ""],
];
/// Lines between two keys.
const SEPARATORS: [&str; 5] = ["", "-\n", "REGION=eu\n", "aws s3 ls s3://bucket\n", "\n"];

/// A text and its keys.
struct List {
    body: String,
    keys: Vec<(String, String)>,
}

/// The text before or after the keys of a list.
#[derive(Clone, Copy, PartialEq)]
enum Stray {
    None,
    IdBefore,
    SecretBefore,
    IdAfter,
    SecretAfter,
}

fn list(names: [&str; 2], separator: &str, count: usize, reversed: bool, stray: Stray) -> List {
    let mut random = Random::new(count as u64);
    let keys: Vec<_> = (0..count).map(|_| (random.id(), random.secret())).collect();
    let [id_name, secret_name] = names;
    let half = |name: &str, value: &str| format!("{name}{value}\n");
    let mut records: Vec<String> = Vec::new();
    records.extend((stray == Stray::IdBefore).then(|| half(id_name, &random.id())));
    records.extend((stray == Stray::SecretBefore).then(|| half(secret_name, &random.secret())));
    records.extend(keys.iter().map(|(id, secret)| {
        let (id, secret) = (half(id_name, id), half(secret_name, secret));
        if reversed { secret + &id } else { id + &secret }
    }));
    records.extend((stray == Stray::IdAfter).then(|| half(id_name, &random.id())));
    records.extend((stray == Stray::SecretAfter).then(|| half(secret_name, &random.secret())));
    List { body: records.join(separator), keys }
}

/// The numbers of right pairs at medium or above, and of wrong ones at high and at medium.
fn judge(list: &List) -> [usize; 3] {
    let mut counts = [0; 3];
    for found in ENGINE.whole(list.body.as_bytes()).candidates {
        let credential = &found.credential;
        let (Some(id), Some(secret)) = (&credential.key_id, &credential.secret) else { continue };
        let is_right = list
            .keys
            .iter()
            .any(|(own_id, own)| own_id == id.as_str() && own.as_bytes() == secret.expose());
        match found.confidence {
            Confidence::Medium | Confidence::High if is_right => counts[0] += 1,
            Confidence::High => counts[1] += 1,
            Confidence::Medium => counts[2] += 1,
            Confidence::Low => {}
        }
    }
    counts
}

#[test]
fn lists_of_any_length_are_joined_in_their_own_order() {
    let mut faults = String::new();
    for names in NAMES {
        for separator in SEPARATORS {
            for count in [2, 3, 8, 31, 36, 41, 80, 101, 180, 300] {
                for reversed in [false, true] {
                    let list = list(names, separator, count, reversed, Stray::None);
                    let [right, high, medium] = judge(&list);
                    // Values without names are joined with little certainty in any order.
                    let least = if names[0].is_empty() { 0 } else { count };
                    if right < least || high + medium > 0 {
                        let _ = writeln!(
                            faults,
                            "{names:?} {separator:?} {count} reversed: {reversed}: {right} right, \
                             {high} + {medium} wrong",
                        );
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn a_half_too_many_makes_no_list_certain_and_wrong() {
    let mut faults = String::new();
    let strays = [Stray::IdBefore, Stray::SecretBefore, Stray::IdAfter, Stray::SecretAfter];
    for names in NAMES {
        for separator in SEPARATORS {
            for count in [2, 3, 20, 41, 150] {
                for reversed in [false, true] {
                    for (index, stray) in strays.into_iter().enumerate() {
                        let list = list(names, separator, count, reversed, stray);
                        let [_, high, _] = judge(&list);
                        if high > 0 {
                            let _ = writeln!(
                                faults,
                                "{names:?} {separator:?} {count} reversed: {reversed} stray \
                                 {index}: {high} wrong",
                            );
                        }
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn numbers_join_the_halves_of_two_lists_in_any_order() {
    let mut faults = String::new();
    for mark in [". ", ") ", ": "] {
        for heads in [["", "\n"], ["Access keys:\n", "\nSecret keys:\n"]] {
            for count in [2, 3, 7, 16, 30, 60] {
                // Without some of the secrets, an id of another number takes none.
                for absent in [0, 1, count / 2] {
                    let mut random = Random::new(count as u64);
                    let keys: Vec<_> = (0..count).map(|_| (random.id(), random.secret())).collect();
                    let line = |at: usize, value: &str| format!("{}{mark}{value}\n", at + 1);
                    let mut order: Vec<usize> = (0..count).collect();
                    let ids: String = order.iter().map(|at| line(*at, &keys[*at].0)).collect();
                    random.shuffle(&mut order);
                    let order = &order[absent..];
                    let secrets = order.iter().map(|at| line(*at, &keys[*at].1));
                    let secrets: String = secrets.collect();
                    let body = format!("{}{ids}{}{secrets}", heads[0], heads[1]);
                    let [right, high, medium] = judge(&List { body, keys });
                    if right < order.len() || high + medium > 0 {
                        let _ = writeln!(
                            faults,
                            "{mark:?} {heads:?} {count} without {absent}: {right} right, {high} + \
                             {medium} wrong"
                        );
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn the_order_is_known_in_every_part_of_a_long_text() {
    // A text of this many labels is examined in parts, which begin in the middle of a key.
    for reversed in [false, true] {
        let list = list(NAMES[0], "", 15_000, reversed, Stray::None);
        let found = ENGINE.whole(list.body.as_bytes()).candidates;
        let keys: HashMap<&str, &str> =
            list.keys.iter().map(|(id, secret)| (id.as_str(), secret.as_str())).collect();
        let wrong = found.iter().filter(|one| {
            let credential = &one.credential;
            let own = credential.key_id.as_deref().and_then(|id| keys.get(id));
            let key = own.zip(credential.secret.as_ref());
            let is_right = key.is_some_and(|(own, secret)| own.as_bytes() == secret.expose());
            one.confidence < Confidence::Medium || !is_right
        });
        assert_eq!((found.len(), wrong.count()), (15_000, 0), "reversed: {reversed}");
    }
}
