//! The anchor pass: one vectorised search for every literal from which detection can start.
//!
//! Without an anchor there is no work: this pass determines the speed of the program. It owns the
//! table of literals and their classes; the rest of detection examines only the text around
//! anchors. The table and its cost are published in `docs/detection.md`.

#[cfg(test)]
mod inherited;
mod windows;

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::finding::Severity;
use crate::rules::{Method, Rule, RuleSet};
use crate::scan::Copied;
use crate::stop::Stop;

use windows::Windows;

/// The kind of text that a literal announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// `AKIA` or `ASIA`, unencoded.
    Id,
    /// The middle of one of them in UTF-16, of either byte order.
    Utf16,
    /// Base64 that may hold an id; the literal's first character is the `n`th of its quantum.
    Base64(u8),
    /// The beginning of gzip or of a zip archive, in base64.
    Packed,
    /// An id in hexadecimal digits.
    Hex,
    /// An id with every letter escaped, as `%41` or `\x41`.
    Escaped,
    /// The middle of an id in a list of numbers, or in a dump of letters.
    Listed,
    /// A word of a label that announces a secret.
    Label,
    /// The beginning of a session token.
    Token,
    /// A word that announces base64 nearby.
    Encoding,
    /// A literal of a rule of [`Method::Shape`].
    Shape,
}

/// A literal at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Anchor {
    /// Offset of its first byte.
    pub at: usize,
    /// Index of the literal in [`Anchors::literals`].
    pub literal: u16,
    /// Set if an examination found nothing that depends on it.
    pub quiet: Quiet,
}

impl Anchor {
    fn new(at: usize, literal: u16) -> Self {
        Self { at, literal, quiet: Quiet::NO }
    }

    /// True if the bytes that decide that it is quiet are all in `around`, a part of a text of
    /// `len` bytes.
    pub(super) fn is_decided_in(self, around: &Range<usize>, len: usize) -> bool {
        self.quiet.reach().is_some_and(|reach| {
            (around.start == 0 || self.at >= around.start.saturating_add(reach))
                && (around.end == len || self.at.saturating_add(reach) <= around.end)
        })
    }
}

/// The result that an examination of an anchor found nothing, and the number of bytes on either
/// side that decided this. The result holds while those bytes remain the same.
///
/// Stored as a power of two, so that an anchor needs no more memory than its place does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Quiet(u8);

impl Quiet {
    /// Not examined yet, or something was found.
    pub(super) const NO: Self = Self(0);

    /// Nothing was found, and at most `reach` bytes on either side decided this.
    pub(super) fn within(reach: usize) -> Self {
        Self(reach.max(2).next_power_of_two().trailing_zeros() as u8)
    }

    /// True if nothing was found.
    pub(super) fn is_quiet(self) -> bool {
        self != Self::NO
    }

    /// The number of bytes on either side that decide.
    fn reach(self) -> Option<usize> {
        self.is_quiet().then(|| 1_usize.checked_shl(u32::from(self.0)).unwrap_or(usize::MAX))
    }
}

/// A literal of the table.
#[derive(Clone, Debug)]
pub(super) struct Literal {
    /// The bytes of the literal.
    pub bytes: Vec<u8>,
    /// The kind of text that it announces.
    pub class: Class,
}

impl Literal {
    fn new(bytes: Vec<u8>, class: Class) -> Self {
        Self { bytes, class }
    }
}

/// The compiled table of literals.
pub(super) struct Anchors {
    /// Sorted by their bytes.
    literals: Vec<Literal>,
    /// Empty without SIMD.
    searchers: Vec<Windows>,
    longest: usize,
}

/// Bytes that are searched between two checks of the stop flag.
const PIECE: usize = 1 << 20;

/// A copied run with fewer bytes is searched again. This costs less than to look up its anchors and
/// to begin a search at each of its ends. The runs of large generated texts have 200 bytes on
/// average.
///
/// It is less than the bytes on both sides that decide about any quiet anchor, so no result is lost
/// that such a run could carry over, except at the ends of a text.
const SHORT: usize = 256;

impl Anchors {
    /// The built-in literals and those of the rules.
    pub(super) fn new(rules: &RuleSet) -> Self {
        let mut literals = builtin();
        for rule in rules.rules.iter().filter(|rule| rule.method == Method::Shape) {
            literals
                .extend(rule.anchors.iter().map(|bytes| Literal::new(bytes.clone(), Class::Shape)));
            literals.extend(rule.anchors.iter().flat_map(|bytes| encoded(rule, bytes)));
        }
        literals.sort_by(|a, b| (&a.bytes, a.class).cmp(&(&b.bytes, b.class)));
        literals.dedup_by(|a, b| a.bytes == b.bytes && a.class == b.class);
        Self::of(literals)
    }

    /// A table of literals, which are sorted.
    fn of(literals: Vec<Literal>) -> Self {
        let longest = literals.iter().map(|literal| literal.bytes.len()).max().unwrap_or(1);
        let all = 0..u16::try_from(literals.len()).expect("fewer than 2^16 literals");
        // A short one would narrow the windows of all others.
        let is_long = |literal: &u16| literals[usize::from(*literal)].bytes.len() >= windows::WIDTH;
        let (long, short): (Vec<u16>, Vec<u16>) = all.partition(is_long);
        let groups = long.chunks(windows::MOST).chain(short.chunks(windows::MOST));
        let searchers: Option<Vec<Windows>> =
            groups.map(|group| Windows::new(&literals, group)).collect();
        let searchers = searchers.unwrap_or_default();
        Self { literals, searchers, longest }
    }

    /// The literal of an anchor.
    pub(super) fn literal(&self, anchor: Anchor) -> &Literal {
        &self.literals[usize::from(anchor.literal)]
    }

    /// The literals of shape rules, with their indices.
    pub(super) fn of_shapes(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let literals = self.literals.iter().enumerate();
        let shapes = literals.filter(|(_, literal)| literal.class == Class::Shape);
        shapes.map(|(index, literal)| (index, literal.bytes.as_slice()))
    }

    /// The number of literals.
    pub(super) fn len(&self) -> usize {
        self.literals.len()
    }

    /// All anchors of `bytes`, sorted, including overlapping ones. Ends early if `stop` is set.
    pub(super) fn find(&self, bytes: &[u8], stop: &Stop) -> Vec<Anchor> {
        let mut found = Vec::new();
        self.find_in(bytes, 0..bytes.len(), stop, &mut found);
        found
    }

    /// Appends the anchors within `range` of `bytes`, sorted. Works in pieces, so that the flag is
    /// checked.
    fn find_in(&self, bytes: &[u8], range: Range<usize>, stop: &Stop, found: &mut Vec<Anchor>) {
        let mut start = range.start;
        while start < range.end && !stop.is_set() {
            let end = range.end.min(start + PIECE);
            // A literal that crosses the end begins before it, and is found with this piece.
            let until = range.end.min(end + self.longest - 1);
            let before = found.len();
            self.find_at_once(bytes, start..until, found);
            let kept = found[before..].partition_point(|anchor| anchor.at < end);
            found.truncate(before + kept);
            start = end;
        }
    }

    /// Appends the anchors within `range` of `bytes`, sorted.
    fn find_at_once(&self, bytes: &[u8], range: Range<usize>, found: &mut Vec<Anchor>) {
        let before = found.len();
        let text = &bytes[..range.end];
        if self.searchers.is_empty() {
            for (index, literal) in self.literals.iter().enumerate() {
                let hits = memchr::memmem::find_iter(&text[range.start..], &literal.bytes);
                found.extend(hits.map(|at| Anchor::new(range.start + at, index as u16)));
            }
        }
        for searcher in &self.searchers {
            searcher.find(&self.literals, text, range.start, found);
        }
        let found = &mut found[before..];
        if !found.is_sorted() {
            found.sort_unstable();
        }
    }

    /// The anchors of `bytes`, which a delta made from a text with the anchors `base`.
    ///
    /// Anchors inside a copied run are carried over. Inserted text and seams are searched for
    /// others. The result equals [`Anchors::find`] on `bytes`.
    ///
    /// `base_len` is the length of the base text. It shows if a run reaches both ends, with nothing
    /// behind it in either text.
    pub(super) fn inherit(
        &self,
        base: &[Anchor],
        base_len: usize,
        copied: &[Copied],
        bytes: &[u8],
        stop: &Stop,
    ) -> Vec<Anchor> {
        let mut found = Vec::new();
        let mut settled = 0;
        for run in copied {
            // A run shorter than the longest literal may hide seams of its neighbours, so it is
            // searched. So is a short one, together with the text on either side.
            if run.len < self.longest.max(SHORT) {
                continue;
            }
            // Anchors that begin before `settled` are known. The part up to the run, and the
            // literals that end beyond its first byte, are searched again.
            self.search_gap(bytes, settled..run.to, stop, &mut found);
            let first = base.partition_point(|anchor| anchor.at < run.from);
            for &anchor in &base[first..] {
                let end = anchor.at + self.literal(anchor).bytes.len();
                if anchor.at >= run.from + run.len {
                    break;
                }
                if end <= run.from + run.len {
                    let stays = stays_quiet(anchor, base_len, run, bytes.len());
                    let quiet = if stays { anchor.quiet } else { Quiet::NO };
                    found.push(Anchor { at: anchor.at - run.from + run.to, quiet, ..anchor });
                }
            }
            settled = run.to + run.len;
        }
        self.search_gap(bytes, settled..bytes.len(), stop, &mut found);
        found.sort_unstable();
        found
    }

    /// Searches for literals that overlap `gap` or cross either border.
    fn search_gap(&self, bytes: &[u8], gap: Range<usize>, stop: &Stop, found: &mut Vec<Anchor>) {
        let Range { start, end } = gap;
        let reach = self.longest - 1;
        let from = start.saturating_sub(reach);
        let to = (end + reach).min(bytes.len());
        let before = found.len();
        self.find_in(bytes, from..to, stop, found);
        // Anchors entirely in the run before or behind are carried over, not found twice.
        let mut kept = before;
        for index in before..found.len() {
            let anchor = found[index];
            let until = anchor.at + self.literal(anchor).bytes.len();
            let in_run_before = start > 0 && until <= start;
            let in_run_behind = end < bytes.len() && anchor.at >= end;
            if !in_run_before && !in_run_behind {
                found[kept] = anchor;
                kept += 1;
            }
        }
        found.truncate(kept);
    }
}

/// True if all bytes that decide about a quiet anchor were copied with it.
fn stays_quiet(anchor: Anchor, base_len: usize, run: &Copied, len: usize) -> bool {
    let Some(reach) = anchor.quiet.reach() else { return false };
    let from_start = run.from == 0 && run.to == 0;
    let to_end = run.from + run.len == base_len && run.to + run.len == len;
    (from_start || anchor.at >= run.from.saturating_add(reach))
        && (to_end || anchor.at.saturating_add(reach) <= run.from + run.len)
}

/// The literals of the built-in methods.
fn builtin() -> Vec<Literal> {
    let mut literals = Vec::new();
    let mut add = |class: Class, texts: &[&str]| {
        literals.extend(texts.iter().map(|text| Literal::new(text.as_bytes().to_vec(), class)));
    };
    add(Class::Id, &["AKIA", "ASIA"]);
    // `I` and `A` with the zero bytes around them: in both ids, in both byte orders.
    add(Class::Utf16, &["\0I\0A\0"]);
    // The base64 of 1f 8b 08, which begins gzip, and of the first bytes of a zip archive.
    add(Class::Packed, &["H4sI", "UEsDB"]);
    add(Class::Encoding, &["ase64"]);
    add(Class::Hex, &["414b4941", "414B4941", "41534941"]);
    add(Class::Escaped, &["%41%4", "%41%53%49"]);
    // The same once more, for the sign alone (twice or more) or for every letter.
    add(Class::Escaped, &["2541%25", "%25%34%31%25%3"]);
    add(Class::Escaped, &["x41\\x4", "x41\\x53", "u0041\\u00", "&#65;&#"]);
    // `I` and `A`, in both ids.
    add(Class::Listed, &["49, 0x41", "49,0x41", "73, 65", "73,65", "   I   A"]);
    add(Class::Label, &["ecret", "ECRET"]);
    add(Class::Token, &["IQoJb3Jp", "woGZXIv", "QoGZXIv", "QoDYXdz"]);
    let inner = base64_literals();
    for (text, place) in &inner {
        literals.push(Literal::new(text.clone().into_bytes(), Class::Base64(*place)));
    }
    let gzip = aligned(b"H4sI").into_iter().take(1);
    literals
        .extend(gzip.map(|(text, place)| Literal::new(text.into_bytes(), Class::Base64(place))));
    // Twice encoded: the base64 of the beginning of an id in base64.
    for whole in ["QUtJQ", "FLSU", "BS0lB", "QVNJQ", "FTSU", "BU0lB"] {
        for (text, place) in aligned(whole.as_bytes()) {
            literals.push(Literal::new(text.into_bytes(), Class::Base64(place)));
        }
    }
    for (text, place) in aligned(b"\0I\0A\0") {
        literals.push(Literal::new(text.into_bytes(), Class::Base64(place)));
    }
    literals
}

/// An anchor of a rule in base64, if it is rare and the rule is severe enough to justify the cost.
/// The others are found in base64 that nearby text announces.
fn encoded(rule: &Rule, anchor: &[u8]) -> Vec<Literal> {
    let wanted = rule.severity == Severity::Error && anchor.len() >= 4;
    let literals = if wanted { aligned(anchor) } else { vec![] };
    literals
        .into_iter()
        .map(|(text, place)| Literal::new(text.into_bytes(), Class::Base64(place)))
        .collect()
}

/// The beginnings of ids in base64, at each of the three alignments, with the place of the
/// literal's first character in its quantum.
///
/// Wrapped base64 cuts 1 in 16 of them in two. For literals of five characters both ends are
/// searched, and the labels next to an id lead to the same run. Literals of three characters would
/// never be cut, but halve the speed of the search: packed search compares four.
fn base64_literals() -> Vec<(String, u8)> {
    let ids = [
        ("QUtJ", 0),
        ("UtJQ", 1),
        ("QVNJ", 0),
        ("VNJQ", 1),
        ("FLSU", 2),
        ("FTSU", 2),
        ("BS0l", 3),
        ("S0lB", 0),
        ("BU0l", 3),
        ("U0lB", 0),
    ];
    let mut literals = ids.map(|(text, place)| (text.to_owned(), place)).to_vec();
    literals.extend(aligned(b"ecret"));
    literals.extend(aligned(b"ECRET"));
    literals
}

/// The characters of base64 that `bytes` determine alone, at each of the three alignments.
fn aligned(bytes: &[u8]) -> Vec<(String, u8)> {
    (0..3)
        .map(|shift: usize| {
            let mut padded = vec![0; shift];
            padded.extend_from_slice(bytes);
            let text = STANDARD_NO_PAD.encode(&padded);
            let first = (shift * 8).div_ceil(6);
            let last = padded.len() * 8 / 6;
            (text[first..last].to_owned(), (first % 4) as u8)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_literals_are_one_search() {
        let anchors = Anchors::new(&RuleSet::builtin());
        assert!(anchors.searchers.len() <= 1, "{}", anchors.literals.len());
        assert!(anchors.literals.iter().all(|literal| literal.bytes.len() >= windows::WIDTH));
    }

    #[test]
    fn overlapping_literals_are_all_seen() {
        let anchors = Anchors::new(&RuleSet::default());
        let seen: Vec<usize> = anchors
            .find(b"x AKIAKIA QUtJQ", &Stop::default())
            .iter()
            .map(|anchor| anchor.at)
            .collect();
        assert_eq!(seen, [2, 5, 10, 11]);
    }
}
