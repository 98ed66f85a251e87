//! The anchor pass: one vectorised search for every literal from which detection can start.
//!
//! Without an anchor there is no work: this pass determines the speed of the program. It owns the
//! table of literals and their classes; the rest of detection examines only the text around
//! anchors. The table and its cost are published in `docs/detection.md`.

#[cfg(test)]
mod inherited;
mod literals;
mod wholes;
mod windows;

use std::ops::Range;

use crate::rules::{Method, Rule, RuleSet};
use crate::scan::Copied;
use crate::stop::Stop;

use literals::{builtin, encoded, of_anchor, of_file, of_tokens};
use wholes::Wholes;
use windows::Windows;

pub use literals::signs_before;

/// The byte order mark of UTF-8, before the beginning of a text.
const MARK: &[u8] = b"\xef\xbb\xbf";

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
    /// A name or a scheme whose value is a login in base64.
    Login,
    /// A literal of a rule of [`Method::Shape`].
    Shape,
    /// A short literal of a built-in rule, which is looked for at the beginning of a text alone:
    /// elsewhere it is searched for with the character before it.
    Start,
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
    pub(super) const fn within(reach: usize) -> Self {
        let reach = if reach > 2 { reach } else { 2 };
        Self(reach.next_power_of_two().trailing_zeros() as u8)
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

    /// The sort key of the table.
    fn order(&self) -> (&[u8], Class) {
        (&self.bytes, self.class)
    }
}

/// The compiled table of literals.
pub(super) struct Anchors {
    /// Sorted by their bytes.
    literals: Vec<Literal>,
    /// Empty without SIMD.
    searchers: Vec<Windows>,
    longest: usize,
    /// Literals of [`Class::Start`].
    starts: Vec<u16>,
    /// Literals that contain another one, with which they are found.
    wholes: Wholes,
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
        literals.extend(of_tokens(&rules.packs));
        for rule in rules.in_force().filter(|rule| rule.method == Method::Shape) {
            literals.extend(rule.anchors.iter().flat_map(|bytes| of_anchor(rule, bytes)));
            literals.extend(rule.anchors.iter().flat_map(|bytes| encoded(rule, bytes)));
            literals.extend(of_file(rule));
        }
        literals.sort_by(|a, b| a.order().cmp(&b.order()));
        literals.dedup_by(|a, b| a.order() == b.order());
        Self::of(literals)
    }

    /// A table of literals, which are sorted.
    fn of(literals: Vec<Literal>) -> Self {
        let longest = literals.iter().map(|literal| literal.bytes.len()).max().unwrap_or(1);
        let all = 0..u16::try_from(literals.len()).expect("fewer than 2^16 literals");
        let starts = all.clone().filter(|at| literals[usize::from(*at)].class == Class::Start);
        let starts: Vec<u16> = starts.collect();
        let wholes = Wholes::new(&literals);
        let all = all
            .filter(|at| literals[usize::from(*at)].class != Class::Start && !wholes.contains(*at));
        // A short one would narrow the windows of all others.
        let is_long = |literal: &u16| literals[usize::from(*literal)].bytes.len() >= windows::WIDTH;
        let (long, short): (Vec<u16>, Vec<u16>) = all.partition(is_long);
        let groups = long.chunks(windows::MOST).chain(short.chunks(windows::MOST));
        let searchers: Option<Vec<Windows>> =
            groups.map(|group| Windows::new(&literals, group)).collect();
        let searchers = searchers.unwrap_or_default();
        Self { literals, searchers, longest, starts, wholes }
    }

    /// The literals that the search itself looks for.
    #[cfg(test)]
    fn searched(&self) -> impl Iterator<Item = &Literal> {
        let all = self.literals.iter().enumerate();
        all.filter(|(at, _)| !self.wholes.contains(*at as u16)).map(|(_, literal)| literal)
    }

    pub(super) fn literal(&self, anchor: Anchor) -> &Literal {
        &self.literals[usize::from(anchor.literal)]
    }

    /// The literals of shape rules, with their indices.
    pub(super) fn of_shapes(&self) -> impl Iterator<Item = (usize, &Literal)> {
        let literals = self.literals.iter().enumerate();
        literals.filter(|(_, literal)| matches!(literal.class, Class::Shape | Class::Start))
    }

    /// The indices of the literals that are anchors of a rule, widened or not.
    pub(super) fn of_rule(&self, rule: &Rule) -> impl Iterator<Item = usize> {
        let literals = rule.anchors.iter().flat_map(|anchor| of_anchor(rule, anchor));
        literals.filter_map(|literal| {
            self.literals.binary_search_by(|other| other.order().cmp(&literal.order())).ok()
        })
    }

    /// The number of literals.
    pub(super) fn len(&self) -> usize {
        self.literals.len()
    }

    /// All anchors of `bytes`, sorted, including overlapping ones. Ends early if `stop` is set.
    pub(super) fn find(&self, bytes: &[u8], stop: &Stop) -> Vec<Anchor> {
        let mut found = Vec::new();
        self.find_in(bytes, 0..bytes.len(), stop, &mut found);
        self.find_starts(bytes, &mut found);
        found
    }

    /// Adds the literals with which the text begins, if they are looked for only there.
    fn find_starts(&self, bytes: &[u8], found: &mut Vec<Anchor>) {
        let at = if bytes.starts_with(MARK) { MARK.len() } else { 0 };
        for &index in &self.starts {
            if bytes[at..].starts_with(&self.literals[usize::from(index)].bytes) {
                let anchor = Anchor::new(at, index);
                found.insert(found.partition_point(|other| *other < anchor), anchor);
            }
        }
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
            let is_searched = |(at, literal): &(usize, &Literal)| {
                literal.class != Class::Start && !self.wholes.contains(*at as u16)
            };
            for (index, literal) in self.literals.iter().enumerate().filter(is_searched) {
                let hits = memchr::memmem::find_iter(&text[range.start..], &literal.bytes);
                found.extend(hits.map(|at| Anchor::new(range.start + at, index as u16)));
            }
        }
        for searcher in &self.searchers {
            searcher.find(&self.literals, text, range.start, found);
        }
        self.wholes.add(&self.literals, text, range.start, before, found);
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
    /// after it in either text.
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
                if end <= run.from + run.len && self.literal(anchor).class != Class::Start {
                    let stays = stays_quiet(anchor, base_len, run, bytes.len());
                    let quiet = if stays { anchor.quiet } else { Quiet::NO };
                    found.push(Anchor { at: anchor.at - run.from + run.to, quiet, ..anchor });
                }
            }
            settled = run.to + run.len;
        }
        self.search_gap(bytes, settled..bytes.len(), stop, &mut found);
        found.sort_unstable();
        self.find_starts(bytes, &mut found);
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
        // Anchors entirely in the run before or after it are carried over, not found twice.
        let mut kept = before;
        for index in before..found.len() {
            let anchor = found[index];
            let until = anchor.at + self.literal(anchor).bytes.len();
            let in_run_before = start > 0 && until <= start;
            let in_run_after = end < bytes.len() && anchor.at >= end;
            if !in_run_before && !in_run_after {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_literals_are_few_searches() {
        let anchors = Anchors::new(&RuleSet::builtin());
        // Those that are found with another one cost the search nothing.
        let (searches, literals) = (anchors.searchers.len(), anchors.searched().count());
        assert!(searches <= 3 && literals <= 380, "{literals} literals, {searches} searches");
        let is_short = |literal: &&Literal| literal.bytes.len() < windows::WIDTH;
        let mut short = anchors.literals.iter().filter(is_short);
        assert!(short.all(|literal| literal.class == Class::Start));
    }

    #[test]
    fn a_short_literal_is_found_after_what_stands_before_a_token_and_at_the_beginning() {
        let mut rules = RuleSet::builtin();
        let mut rule = rules.get("github-token").expect("built in").clone();
        rule.anchors = vec![b"hf_".to_vec()];
        rules.rules = vec![rule];
        let anchors = Anchors::new(&rules);
        for (text, at) in [
            ("hf_x", Some(0)),
            ("a=hf_x", Some(1)),
            ("\"hf_x", Some(0)),
            ("x\nhf_x", Some(1)),
            ("\u{feff}hf_x", Some(3)),
            ("x\u{feff}hf_x", None),
            ("x\\nhf_x", Some(2)),
            ("x=3Dhf_x", Some(3)),
            ("|hf_x", Some(0)),
            ("xhf_x", None),
        ] {
            let found = anchors.find(text.as_bytes(), &Stop::default());
            assert_eq!(found.first().map(|anchor| anchor.at), at, "{text}");
            let own: Vec<usize> = anchors.of_rule(&rules.rules[0]).collect();
            let is_own = |anchor: &Anchor| own.contains(&usize::from(anchor.literal));
            assert!(found.iter().all(is_own), "{text}");
        }
        // A delta that puts text before it takes the anchor of the beginning away, and adds it.
        let stop = Stop::default();
        let (one, other) = ("hf_and a text of some length", "z hf_and a text of some length");
        for (from, to, copied) in [
            (one, &other[1..], Copied { from: 0, to: 1, len: one.len() }),
            (&other[1..], one, Copied { from: 1, to: 0, len: one.len() }),
        ] {
            let base = anchors.find(from.as_bytes(), &stop);
            let delta = anchors.inherit(&base, from.len(), &[copied], to.as_bytes(), &stop);
            assert_eq!(delta, anchors.find(to.as_bytes(), &stop), "{to}");
        }
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
