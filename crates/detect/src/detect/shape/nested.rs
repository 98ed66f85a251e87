//! Matches of one rule inside those of a more exact one: the private key in the key file of a service
//! account is that account's key, and not one more finding.

use std::cmp::Reverse;

use crate::rules::Pack;

use super::Shaped;

/// Removes the built-in matches that lie wholly in a more exact match of another built-in rule. The
/// order of the others stays.
///
/// A rule of a configuration takes no part: a scanned project could hide a credential with it, and a
/// user's own finding must not vanish either.
pub(super) fn remove(found: &mut Vec<Shaped>) {
    if found.len() < 2 {
        return;
    }
    let mut order: Vec<usize> =
        (0..found.len()).filter(|&at| found[at].pack != Pack::Custom).collect();
    order.sort_by_key(|&at| (found[at].span.start, Reverse(found[at].span.end)));
    let mut nested = vec![false; found.len()];
    // Matches that reach beyond the present place. The matches of one rule do not overlap, so there
    // are at most as many as rules.
    let mut open: Vec<usize> = Vec::new();
    let mut same = 0;
    for (turn, &at) in order.iter().enumerate() {
        let one = &found[at];
        open.retain(|&outer| found[outer].span.end > one.span.start);
        // Matches with the same span follow one another, and each may be the outer one.
        same = same.max(turn);
        while order.get(same).is_some_and(|&other| found[other].span == one.span) {
            open.push(order[same]);
            same += 1;
        }
        nested[at] = open.iter().any(|&outer| is_nested(one, &found[outer]));
    }
    let mut nested = nested.into_iter();
    found.retain(|_| !nested.next().unwrap_or_default());
}

/// True if `one` lies in `outer`, which is a more exact match of another rule.
fn is_nested(one: &Shaped, outer: &Shaped) -> bool {
    let lies_in = outer.span.start <= one.span.start && one.span.end <= outer.span.end;
    lies_in
        && one.rule != outer.rule
        && !outer.is_example
        && outer.confidence >= one.confidence
        && is_more_exact(outer, one)
}

/// True if a match says more than one that lies in it: its rule is of a pack that is surer or, in one
/// pack, it is longer or has an id.
fn is_more_exact(outer: &Shaped, one: &Shaped) -> bool {
    // The order of the packs is that of their sureness.
    let key = |one: &Shaped| (Reverse(one.pack), one.span.len(), one.id.is_some());
    key(outer) > key(one)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Confidence, RuleId};
    use crate::rules::Facts;
    use crate::secret::Secret;

    fn shaped(rule: &str, pack: Pack, span: (usize, usize), has_id: bool) -> Shaped {
        Shaped {
            rule: RuleId::new(rule),
            pack,
            confidence: Confidence::High,
            secret: Secret::new(vec![b'x'; span.1 - span.0]),
            span: span.0..span.1,
            id: has_id.then(|| ("id".to_owned(), 0..2)),
            facts: Facts::default(),
            is_example: false,
            is_made_up: false,
            is_either: false,
            decoded: Vec::new(),
        }
    }

    fn kept(mut found: Vec<Shaped>) -> Vec<String> {
        remove(&mut found);
        found.into_iter().map(|one| one.rule.to_string()).collect()
    }

    #[test]
    fn what_lies_in_a_more_exact_match_is_not_reported() {
        use Pack::{Custom, More, Tokens};
        type One = (Pack, (usize, usize), bool);
        let table: [(&str, One, One, &[&str]); 11] = [
            ("a surer pack", (Tokens, (0, 9), true), (More, (0, 9), false), &["a"]),
            ("in the middle", (Tokens, (0, 9), false), (More, (2, 7), true), &["a"]),
            ("at the end", (Tokens, (0, 9), false), (More, (2, 9), true), &["a"]),
            ("beyond the end", (Tokens, (0, 9), false), (More, (2, 10), false), &["a", "b"]),
            ("apart", (Tokens, (0, 9), false), (More, (9, 12), false), &["a", "b"]),
            ("a token in an address", (More, (0, 9), false), (Tokens, (2, 7), false), &["a", "b"]),
            ("longer in one pack", (Tokens, (0, 9), false), (Tokens, (0, 7), true), &["a"]),
            ("with an id", (Tokens, (0, 9), true), (Tokens, (0, 9), false), &["a"]),
            ("equal", (Tokens, (0, 9), false), (Tokens, (0, 9), false), &["a", "b"]),
            ("in one of the user", (Custom, (0, 9), true), (More, (2, 7), false), &["a", "b"]),
            ("of the user", (Tokens, (0, 9), true), (Custom, (2, 7), false), &["a", "b"]),
        ];
        for (name, a, b, expected) in table {
            let (a, b) = (shaped("a", a.0, a.1, a.2), shaped("b", b.0, b.1, b.2));
            assert_eq!(kept(vec![a.clone(), b.clone()]), expected, "{name}");
            let mut turned: Vec<String> = kept(vec![b, a]);
            turned.reverse();
            assert_eq!(turned, expected, "{name}, in the other order");
        }
    }

    #[test]
    fn an_unsure_match_and_an_example_hide_nothing() {
        let inner = || shaped("b", Pack::More, (2, 7), false);
        let outer = shaped("a", Pack::Tokens, (0, 9), true);
        let unsure = Shaped { confidence: Confidence::Low, ..outer.clone() };
        assert_eq!(kept(vec![unsure, inner()]), ["a", "b"]);
        let example = Shaped { is_example: true, ..outer };
        assert_eq!(kept(vec![example, inner()]), ["a", "b"]);
    }

    #[test]
    fn several_levels_leave_the_outermost() {
        let found = vec![
            shaped("c", Pack::More, (3, 5), false),
            shaped("d", Pack::Tokens, (20, 30), false),
            shaped("a", Pack::Tokens, (0, 12), false),
            shaped("b", Pack::Tokens, (2, 7), false),
            shaped("e", Pack::More, (20, 30), false),
        ];
        assert_eq!(kept(found), ["d", "a"]);
    }
}
