//! Runs: stretches of bytes of one class, such as the letters of base64.
//!
//! Only long runs matter, so most bytes need no look: if the last byte that a long run would have is
//! not of the class, no long run contains it.

use std::ops::Range;

/// A class of bytes, as a table.
pub(super) type Class = [bool; 256];

/// The letters and digits, and `others`.
pub(super) const fn alphanumeric_and(others: &[u8]) -> Class {
    let mut class = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        class[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let mut at = 0;
    while at < others.len() {
        class[others[at] as usize] = true;
        at += 1;
    }
    class
}

/// The next run of at least `least` bytes of a class that begins at `at` or later, and before
/// `until`. A run ends before a byte of another class, or where `bytes` end.
pub(super) fn next(
    bytes: &[u8],
    mut at: usize,
    until: usize,
    least: usize,
    class: &Class,
) -> Option<Range<usize>> {
    let is_in = |byte: &u8| class[usize::from(*byte)];
    while at < until {
        let head = bytes.get(at..at + least)?;
        match head.iter().rposition(|byte| !is_in(byte)) {
            Some(by) => at += by + 1,
            None => {
                let rest = &bytes[at + least..];
                let more = rest.iter().position(|byte| !is_in(byte)).unwrap_or(rest.len());
                return Some(at..at + least + more);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_run_is_found_where_a_walk_over_all_bytes_finds_it(
            text in "([a+ -]|[ab]{3,9}){0,60}", at in 0usize..9, until in 0usize..200, least in 1usize..6,
        ) {
            let class = alphanumeric_and(b"+");
            let bytes = text.as_bytes();
            let (mut from, until) = (at.min(bytes.len()), until.min(bytes.len()));
            let mut expected = Vec::new();
            while from < until {
                let len = bytes[from..].iter().take_while(|byte| class[usize::from(**byte)]).count();
                expected.extend((len >= least).then_some(from..from + len));
                from += len.max(1);
            }
            let mut found = Vec::new();
            let mut from = at.min(bytes.len());
            while let Some(run) = next(bytes, from, until, least, &class) {
                from = run.end;
                found.push(run);
            }
            prop_assert_eq!(found, expected);
        }
    }
}
