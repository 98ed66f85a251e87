//! Tests of items.

use super::*;

/// A token that every heuristic calls random, the same in every run.
fn token(seed: u64) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..SECRET_LEN)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            char::from(alphabet[(state >> 58) as usize])
        })
        .collect()
}

fn secrets(text: &str) -> Vec<String> {
    let (items, _) = all(text.as_bytes());
    let text = |item: Item| match item.part {
        Part::Secret { value, .. } => Some(String::from_utf8_lossy(value.expose()).into_owned()),
        _ => None,
    };
    items.into_iter().filter_map(text).collect()
}

#[test]
fn a_secret_may_begin_and_end_with_any_of_its_characters() {
    let around = [("=", "\n"), ("\"", "\""), (":", "@"), ("<v>", "</v>"), ("\n+", "\n"), ("=", "")];
    for seed in 1..40 {
        let random = token(seed);
        for secret in [random.clone(), format!("/{}", &random[1..]), format!("{}+", &random[1..])] {
            for (before, after) in around {
                let text = format!("{before}{secret}{after}");
                assert_eq!(secrets(&text), std::slice::from_ref(&secret), "{before:?} {after:?}");
            }
        }
    }
}

#[test]
fn secrets_that_signs_set_off_twice_are_reported_once() {
    let secret = token(21);
    for text in [
        format!("s/{secret}/x/g"),
        format!("s/{secret}/"),
        format!("'s/{}/{secret}/'", &token(22)[..30]),
        format!("s/{}/{}/", &token(23)[..39], &token(24)[..20]),
        format!("s/{secret}{secret}/"),
    ] {
        let found = secrets(&text);
        assert!(found.iter().all(|one| *one == secret) && found.len() < 3, "{text}: {found:?}");
    }
}

#[test]
fn a_piece_of_something_longer_is_no_secret() {
    let secret = token(7);
    for (before, after) in
        [("a", ""), ("", "a"), ("", "="), ("x-", ""), ("", "_y"), ("", "/x"), (".", ".")]
    {
        assert!(secrets(&format!("{before}{secret}{after} ")).is_empty(), "{before:?} {after:?}");
    }
    let wrapped = format!("{}{}\n{secret}\n", token(8), &token(9)[..24]);
    assert!(secrets(&wrapped).is_empty());
}

#[test]
fn escapes_of_any_character_are_undone() {
    let secret = token(11);
    for at in 0..SECRET_LEN {
        let (head, tail) = (&secret[..at], &secret[at + 1..]);
        let plain = format!("{head}/{tail}");
        for escape in ["\\/", "\\u002f", "%2F", "&#47;"] {
            let text = format!("k=\"{head}{escape}{tail}\"");
            assert_eq!(secrets(&text), std::slice::from_ref(&plain), "{escape} at {at}");
        }
    }
}
