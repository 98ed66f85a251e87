//! Makes [`super::super::tables`]: `KEYSWEEP_WRITE_TABLES=1 cargo test -p keysweep-detect --lib tables`.

mod tune;

use std::fmt::Write as _;

use super::super::super::Anchors;
use super::*;
use crate::rules::{Pack, Packs, RuleSet};

/// The sets of rules for which there are tables: the narrow one, and the wide one.
fn sets() -> [RuleSet; 2] {
    [Packs::of([Pack::Aws]), Packs::of([Pack::Aws, Pack::Tokens])]
        .map(|packs| RuleSet { packs, ..RuleSet::builtin() })
}

/// The literals that one search looks for.
fn literals(set: &RuleSet) -> Vec<Vec<u8>> {
    let anchors = Anchors::new(set);
    let literals = anchors.searched().map(|literal| literal.bytes.clone());
    let mut literals: Vec<Vec<u8>> = literals.filter(|bytes| bytes.len() >= WIDTH).collect();
    literals.dedup();
    literals
}

fn table(name: &str, about: &str, set: &RuleSet, buckets: usize) -> String {
    let literals = literals(set);
    let literals: Vec<&[u8]> = literals.iter().map(Vec::as_slice).collect();
    let rows = literals.iter().zip(tune::tune(&literals, buckets));
    let mut rows: Vec<(u32, usize, usize)> =
        rows.map(|(bytes, choice)| (number(bytes), choice.offset, choice.bucket)).collect();
    rows.sort_unstable();
    let mut text =
        format!("\n/// {about}\n#[rustfmt::skip]\npub(super) const {name}: &[Row] = &[\n");
    for row in rows.chunks(4) {
        let row: Vec<String> = row
            .iter()
            .map(|(number, offset, bucket)| format!("(0x{number:08x}, {offset}, {bucket})"))
            .collect();
        writeln!(text, "    {},", row.join(", ")).unwrap();
    }
    text + "];\n"
}

fn tables() -> String {
    let [narrow, wide] = sets();
    let head = "//! The windows of the built-in literals, written by a test of [`super::plan`]. Change nothing here.\n\
        \n\
        /// The number of a literal, the offset of its window, and its bucket; in the order of the numbers.\n\
        pub(super) type Row = (u32, u8, u8);\n";
    head.to_owned()
        + &table("NARROW", "In one set of buckets.", &narrow, SET)
        + &table("WIDE", "In two sets of buckets.", &wide, 2 * SET)
}

#[test]
fn the_tables_are_those_of_the_built_in_literals() {
    let wanted = tables();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/detect/anchors/windows/tables.rs");
    if std::env::var_os("KEYSWEEP_WRITE_TABLES").is_some() {
        std::fs::write(path, &wanted).unwrap();
        return;
    }
    let is_current = std::fs::read_to_string(path).unwrap() == wanted;
    assert!(
        is_current,
        "the built-in literals have changed: \
         KEYSWEEP_WRITE_TABLES=1 cargo test -p keysweep-detect --lib tables"
    );
}

/// The time of a search is that of examining what the buckets let through.
#[test]
fn little_text_is_examined() {
    let pairs = tune::Pairs::new();
    let most = [(1.0 / 4_000.0, 1.0 / 800.0), (1.0 / 600.0, 1.0 / 75.0)];
    for (set, (most_by_byte, most_by_nibble)) in sets().iter().zip(most) {
        let literals = literals(set);
        let literals: Vec<&[u8]> = literals.iter().map(Vec::as_slice).collect();
        let mut filled = vec![Vec::new(); buckets(literals.len())];
        for (bytes, Choice { offset, bucket }) in literals.iter().zip(plan(&literals, WIDTH)) {
            filled[bucket].push(tune::window(bytes, offset));
        }
        filled.retain(|windows| !windows.is_empty());
        let by_byte: f64 = filled.iter().map(|windows| pairs.by_byte(windows)).sum();
        let by_nibble: f64 = filled.iter().map(|windows| pairs.by_nibble(windows)).sum();
        let (one, other) = (1.0 / by_byte, 1.0 / by_nibble);
        println!(
            "{} literals: one place in {one:.0} by byte, {other:.0} by nibble",
            literals.len()
        );
        assert!(by_byte < most_by_byte && by_nibble < most_by_nibble, "{one:.0}, {other:.0}");
    }
}

/// A user's rules get their windows next to those of the table, and no literal is without one.
#[test]
fn literals_that_are_not_in_a_table_get_windows() {
    let mut literals = literals(&sets()[0]);
    literals.extend((0..60).map(|number| format!("user{number:02}_").into_bytes()));
    literals.push(b"user".to_vec());
    let literals: Vec<&[u8]> = literals.iter().map(Vec::as_slice).collect();
    for count in [1, 7, literals.len()] {
        let some = &literals[literals.len() - count..];
        let plan = plan(some, WIDTH);
        assert_eq!(plan.len(), count);
        let fits = |(bytes, choice): (&&[u8], &Choice)| {
            choice.offset + WIDTH <= bytes.len() && choice.bucket < buckets(count)
        };
        assert!(some.iter().zip(&plan).all(fits), "{count}");
    }
}
