//! Tests that the anchors that a delta inherits are those of a search through its whole text.

use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use proptest::{collection, prop_assert_eq, sample};

use super::{Anchor, Anchors, SHORT};
use crate::rules::RuleSet;
use crate::scan::Copied;
use crate::stop::Stop;

/// One step by which a delta makes its text.
#[derive(Clone, Debug)]
enum Edit {
    /// Copies a run of about this length, from about this place.
    Copy(sample::Index, usize),
    Insert(Vec<u8>),
}

/// Text with literals, whole and cut, in noise. Some of it is as long as a run that is carried over.
fn text(table: &Anchors) -> impl Strategy<Value = Vec<u8>> + Clone + use<> {
    let all: Vec<Vec<u8>> = table.literals.iter().map(|literal| literal.bytes.clone()).collect();
    let whole = sample::select(all);
    let cut =
        (whole.clone(), any::<sample::Index>(), any::<bool>()).prop_map(|(bytes, at, head)| {
            let (before, after) = bytes.split_at(at.index(bytes.len()));
            if head { before.to_vec() } else { after.to_vec() }
        });
    let noise = collection::vec(prop_oneof![Just(b' '), Just(b'A'), any::<u8>()], 0..40);
    let long = (SHORT - 30..SHORT + 30).prop_map(|len| vec![b'.'; len]);
    let part = prop_oneof![4 => whole, 3 => cut, 2 => noise, 2 => long];
    collection::vec(part, 0..24).prop_map(|parts| parts.concat())
}

fn edits(table: &Anchors) -> impl Strategy<Value = Vec<Edit>> + use<> {
    let (longest, short) = (table.longest, SHORT);
    let len = prop_oneof![1..longest + 3, short - 2..short + 3, short..4 * short, Just(usize::MAX)];
    let copy = (any::<sample::Index>(), len).prop_map(|(from, len)| Edit::Copy(from, len));
    let insert = text(table).prop_map(Edit::Insert);
    collection::vec(prop_oneof![3 => copy, 1 => insert], 0..12)
}

/// The text that a delta makes, and its copied runs. They are joined like those of a real delta.
fn apply(base: &[u8], edits: &[Edit]) -> (Vec<u8>, Vec<Copied>) {
    let (mut bytes, mut copied) = (Vec::new(), Vec::<Copied>::new());
    for edit in edits {
        match edit {
            Edit::Copy(..) if base.is_empty() => {}
            Edit::Copy(from, len) => {
                let from = if *len == usize::MAX { 0 } else { from.index(base.len()) };
                let run = Copied { from, to: bytes.len(), len: (*len).min(base.len() - from) };
                bytes.extend_from_slice(&base[from..from + run.len]);
                match copied.last_mut() {
                    Some(last) if (last.from + last.len, last.to + last.len) == (from, run.to) => {
                        last.len += run.len;
                    }
                    _ => copied.push(run),
                }
            }
            Edit::Insert(own) => bytes.extend_from_slice(own),
        }
    }
    (bytes, copied)
}

fn places(anchors: &[Anchor]) -> Vec<(usize, u16)> {
    anchors.iter().map(|anchor| (anchor.at, anchor.literal)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_a_chain_of_deltas_inherits_is_what_is_found(
        base in text(&Anchors::new(&RuleSet::builtin())),
        chain in collection::vec(edits(&Anchors::new(&RuleSet::builtin())), 1..5),
    ) {
        let (table, stop) = (Anchors::new(&RuleSet::builtin()), Stop::default());
        let mut anchors = table.find(&base, &stop);
        let mut base = base;
        for edits in &chain {
            let (bytes, copied) = apply(&base, edits);
            anchors = table.inherit(&anchors, base.len(), &copied, &bytes, &stop);
            prop_assert_eq!(places(&anchors), places(&table.find(&bytes, &stop)));
            base = bytes;
        }
    }
}

/// Every place of a literal at every border between two runs, for runs that are just carried over
/// and runs that are just searched.
#[test]
fn a_literal_at_a_border_of_runs_is_found_once() {
    let (table, stop) = (Anchors::new(&RuleSet::builtin()), Stop::default());
    let literal = b"AKIA";
    for len in [1, 4, table.longest - 1, table.longest, SHORT - 1, SHORT, SHORT + 1] {
        for shift in 0..=literal.len() {
            // Three runs of one length, in reverse order, with the literal at both seams.
            let mut bytes = vec![b'.'; 3 * len];
            for seam in [len, 2 * len] {
                let start = (seam + shift).saturating_sub(literal.len());
                let end = (start + literal.len()).min(bytes.len());
                bytes[start..end].copy_from_slice(&literal[..end - start]);
            }
            let run = |number: usize| &bytes[number * len..(number + 1) * len];
            let base = [run(2), run(1), run(0)].concat();
            let copied = [0, 1, 2].map(|at| Copied { from: (2 - at) * len, to: at * len, len });
            let known = table.find(&base, &stop);
            let anchors = table.inherit(&known, base.len(), &copied, &bytes, &stop);
            assert_eq!(places(&anchors), places(&table.find(&bytes, &stop)), "{len} {shift}");
        }
    }
}
