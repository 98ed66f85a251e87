//! Lists of keys whose lines are all alike: the list as a whole says which id belongs to a secret.

use super::*;

/// Writes a list of keys; the halves of each are in the order of the list.
type List = fn(&Provider, &[[String; 2]], [usize; 2]) -> String;

/// The heading names the provider and its halves.
fn heading(p: &Provider, [first, second]: [usize; 2]) -> String {
    format!("{}: {}, {}\n", p.service, p.variables[first], p.variables[second])
}

const LISTS: [(&str, List); 8] = [
    ("variables", |p, keys, [a, b]| {
        let line = |key: &[String; 2]| {
            format!("{}={}\n{}={}\n", p.variables[a], key[a], p.variables[b], key[b])
        };
        keys.iter().map(line).collect()
    }),
    ("numbers", |p, keys, [a, b]| {
        let line = |(at, key): (usize, &[String; 2])| {
            format!("{}. {}={} {}={}\n", at + 1, p.variables[a], key[a], p.variables[b], key[b])
        };
        keys.iter().enumerate().map(line).collect()
    }),
    ("rows", |p, keys, [a, b]| {
        let row = |key: &[String; 2]| format!("{},{}\n", key[a], key[b]);
        heading(p, [a, b]) + &keys.iter().map(row).collect::<String>()
    }),
    ("blanks", |p, keys, [a, b]| {
        let row = |key: &[String; 2]| format!("{}   {}\n", key[a], key[b]);
        heading(p, [a, b]) + &keys.iter().map(row).collect::<String>()
    }),
    ("items", |p, keys, [a, b]| {
        let row = |key: &[String; 2]| format!("- `{}` / `{}`\n", key[a], key[b]);
        heading(p, [a, b]) + &keys.iter().map(row).collect::<String>()
    }),
    ("numbered items", |p, keys, [a, b]| {
        let row = |(at, key): (usize, &[String; 2])| format!("{}. {} {}\n", at + 1, key[a], key[b]);
        heading(p, [a, b]) + &keys.iter().enumerate().map(row).collect::<String>()
    }),
    ("lines in turn", |p, keys, [a, b]| {
        let lines = |key: &[String; 2]| format!("{}\n{}\n", key[a], key[b]);
        heading(p, [a, b]) + &keys.iter().map(lines).collect::<String>()
    }),
    ("lines with a blank one", |p, keys, [a, b]| {
        let lines = |key: &[String; 2]| format!("{}\n{}\n\n", key[a], key[b]);
        heading(p, [a, b]) + &keys.iter().map(lines).collect::<String>()
    }),
];

fn keys_of(count: usize, engine: &Engine, provider: &Provider, name: &str) -> Vec<[String; 2]> {
    let mut keys = Keys::new(&format!("{} {name} {count}", provider.service));
    (0..count).map(|_| pair(engine, provider, &mut keys)).collect()
}

/// The ids and secrets of the pairs that are found with medium confidence at least, and the number of
/// secrets without an id.
fn joined(engine: &Engine, provider: &Provider, text: &str) -> (Vec<[String; 2]>, usize) {
    let found = engine.whole(text.as_bytes()).candidates;
    let own = found.into_iter().filter(|one| one.credential.rule.as_str() == provider.rule);
    let (mut pairs, mut alone) = (Vec::new(), 0);
    for one in own.filter(|one| one.confidence >= Confidence::Medium) {
        let secret = one.credential.secret.expect("a secret");
        let secret = String::from_utf8_lossy(secret.expose()).into_owned();
        match one.credential.key_id {
            Some(id) => pairs.push([id, secret]),
            None => alone += 1,
        }
    }
    (pairs, alone)
}

#[test]
fn every_key_of_a_list_of_lines_that_are_alike_is_joined() {
    let engine = engine();
    let mut bad = Vec::new();
    for provider in &PROVIDERS {
        for (name, list) in LISTS {
            for order in [[0, 1], [1, 0]] {
                for count in [3, 12, 60] {
                    let keys = keys_of(count, &engine, provider, name);
                    let text = list(provider, &keys, order);
                    for around in [("", ""), ("x = 1\n\n", "\nthe end\n")] {
                        let text = [around.0, &text, around.1].concat();
                        let (mut pairs, alone) = joined(&engine, provider, &text);
                        let mut wanted = keys.clone();
                        pairs.sort();
                        wanted.sort();
                        if (&pairs, alone) != (&wanted, 0) {
                            let found = pairs.len();
                            let wrong = pairs.iter().filter(|pair| !keys.contains(pair)).count();
                            bad.push(format!(
                                "{} {name} {order:?} {count}: {found} found, {wrong} wrong, {alone} alone",
                                provider.service
                            ));
                        }
                    }
                }
            }
        }
    }
    assert!(bad.is_empty(), "{} faults:\n{}", bad.len(), bad.join("\n"));
}

/// If a half is missing at either end or in the middle, the order of the list is a guess.
#[test]
fn a_list_with_a_missing_half_has_no_wrong_pair() {
    let engine = engine();
    for provider in &PROVIDERS {
        for (name, list) in LISTS {
            for order in [[0, 1], [1, 0]] {
                let keys = keys_of(20, &engine, provider, name);
                let text = list(provider, &keys, order);
                for (number, half) in [(0, 0), (0, 1), (9, 0), (9, 1), (19, 0), (19, 1)] {
                    let value = &keys[number][half];
                    let at = text.find(value).expect("a half");
                    let line = text[..at].rfind('\n').map_or(0, |at| at + 1)
                        ..at + text[at..].find('\n').map_or(0, |by| by + 1);
                    let without = [&text[..at], &text[at + value.len()..]].concat();
                    let cut = [&text[..line.start], &text[line.end..]].concat();
                    for text in [without, cut] {
                        let (pairs, _) = joined(&engine, provider, &text);
                        let wrong = pairs.iter().find(|pair| !keys.contains(pair));
                        assert!(
                            wrong.is_none(),
                            "{} {name} {order:?} without {half} of {number}",
                            provider.service
                        );
                    }
                }
            }
        }
    }
}
