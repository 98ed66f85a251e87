//! Whatever a report shows that holds a found secret, or a piece of one: a line, a branch called
//! after it, a file, an author.
//!
//! Takes what was found anywhere in the run, hides it wherever a report would print it, in clear,
//! turned around, in parts or so that it can be decoded. Without this a secret would leave the
//! program, though it is masked where it was found.

mod pieces;

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::coverage::Ledger;
use crate::finding::{Finding, GitOrigin, Occurrence};
use crate::opaque::{self, Stretch};
use crate::provenance::Provenance;
use crate::secret::Secret;
use pieces::Pieces;

/// Shorter secrets, which only a user's own patterns find, are words that names may well hold:
/// they are hidden piece by piece.
const SHORTEST: usize = 16;

/// Letters in which a piece can be encoded.
const ENCODED: usize = 11;
/// Names that are remembered: places of a finding have most of theirs in common.
const REMEMBERED: usize = 4096;

/// Hides the secrets of `findings`, and `others`, in all that is told of them and of what could
/// not be read.
pub(super) fn names(findings: &mut [Finding], others: &[Secret], ledger: &Ledger) {
    let credentials = findings.iter().map(|finding| &finding.credential);
    let found = credentials.flat_map(|one| one.secret.iter().chain(&one.session_token));
    let Some(secrets) = Secrets::new(found.chain(others)) else { return };
    ledger.redact(&|name| secrets.hide(name));
    for place in findings.iter_mut().flat_map(|finding| &mut finding.occurrences) {
        secrets.hide_in(place);
    }
}

/// Hides the secrets of `findings` in what is told of their repository.
pub fn provenance(provenance: Provenance, findings: &[Finding]) -> Provenance {
    let credentials = findings.iter().map(|finding| &finding.credential);
    let found = credentials.flat_map(|one| one.secret.iter().chain(&one.session_token));
    match Secrets::new(found) {
        Some(secrets) => provenance.without(|text| secrets.shows(text.as_bytes())),
        None => provenance,
    }
}

/// Whether any of `texts` holds one of `secrets` or a piece of it, in clear or so that it can be
/// decoded.
pub(super) fn reveal<'s>(
    secrets: impl Iterator<Item = &'s Secret>,
    mut texts: impl Iterator<Item = &'s [u8]>,
) -> bool {
    let secrets = Secrets::new(secrets);
    secrets.is_some_and(|secrets| texts.any(|text| secrets.shows(text)))
}

/// All secrets that were found.
struct Secrets {
    whole: AhoCorasick,
    pieces: Pieces,
    /// What is shown of texts that were looked at, if not all of it.
    known: RefCell<HashMap<Vec<u8>, Option<Vec<u8>>>>,
}

impl Secrets {
    fn new<'s>(secrets: impl Iterator<Item = &'s Secret>) -> Option<Self> {
        let secrets: Vec<&[u8]> = secrets.map(Secret::expose).collect();
        let pieces = Pieces::of(&secrets);
        let mut patterns: Vec<&[u8]> = secrets;
        patterns.retain(|secret| secret.len() >= SHORTEST);
        patterns.sort_unstable();
        patterns.dedup();
        let is_empty = patterns.is_empty() && pieces.is_empty();
        let builder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(patterns);
        // It fails only for more patterns than memory could hold.
        builder.ok().filter(|_| !is_empty).map(|whole| Self {
            whole,
            pieces,
            known: RefCell::default(),
        })
    }

    fn shows(&self, text: &[u8]) -> bool {
        !self.spans(text).is_empty()
    }

    fn hide_in(&self, place: &mut Occurrence) {
        let origin = &mut place.origin;
        if let Some(path) = &mut origin.path
            && let Some(shown) = self.shown(path)
        {
            *path = shown;
        }
        origin.inside.iter_mut().chain(&mut origin.target).for_each(|name| self.hide(name));
        if let Some(git) = &mut origin.git {
            self.hide_in_git(git);
        }
        self.hide(&mut place.sighting.snippet);
        if let Some(spot) = &mut place.sighting.shown {
            self.hide(&mut spot.snippet);
        }
    }

    fn hide_in_git(&self, git: &mut GitOrigin) {
        git.refs.iter_mut().for_each(|name| self.hide(name));
        for person in git.author.iter_mut().chain(&mut git.committer) {
            self.hide(&mut person.name);
            self.hide(&mut person.email);
        }
    }

    fn hide(&self, name: &mut String) {
        if let Some(shown) = self.shown(name.as_bytes()) {
            *name = String::from_utf8_lossy(&shown).into_owned();
        }
    }

    /// What may be shown of a text; `None` if that is all of it.
    fn shown(&self, text: &[u8]) -> Option<Vec<u8>> {
        if let Some(known) = self.known.borrow().get(text) {
            return known.clone();
        }
        let spans = self.spans(text);
        let shown = (!spans.is_empty()).then(|| opaque::masked(text, spans));
        let mut known = self.known.borrow_mut();
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(text.to_vec(), shown.clone());
        shown
    }

    /// Where a secret, or a piece of one, can be read in a text, in no order.
    fn spans(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut spans = self.within(text);
        for stretch in opaque::stretches(text, pieces::LEAST) {
            self.encoded(&stretch, &mut spans);
        }
        spans.extend(self.pieces.parted(text));
        spans
    }

    fn within(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut spans: Vec<Range<usize>> =
            self.whole.find_iter(text).map(|found| found.range()).collect();
        self.pieces.find(text, &mut spans);
        spans
    }

    /// Adds what a stretch encodes: a piece as its letters or backwards, or all of it where its
    /// letters are base64 or hexadecimal digits.
    fn encoded(&self, stretch: &Stretch, spans: &mut Vec<Range<usize>>) {
        let letters = stretch.letters();
        let all = 0..letters.len();
        spans.extend(self.within(letters).into_iter().map(|found| stretch.span(found)));
        let backwards: Vec<u8> = letters.iter().rev().copied().collect();
        let turned = |span: Range<usize>| all.end - span.end..all.end - span.start;
        let found = self.within(&backwards).into_iter();
        spans.extend(found.map(|found| stretch.span(turned(found))));
        // Eight letters take eleven in base64, and more in hexadecimal digits.
        if all.end >= ENCODED && (0..4).any(|from| self.is_encoded(&letters[from.min(all.end)..])) {
            spans.push(stretch.span(all));
        }
    }

    fn is_encoded(&self, letters: &[u8]) -> bool {
        let standard = letters.iter().map(|letter| match letter {
            b'-' => b'+',
            b'_' => b'/',
            letter => *letter,
        });
        let standard: Vec<u8> = standard.collect();
        // Two or three letters of the last group are a byte or two.
        let whole = match standard.len() {
            length if length % 4 == 1 => &standard[..length - 1],
            _ => &standard[..],
        };
        let hex: Vec<u8> = letters
            .chunks_exact(2)
            .map(|pair| crate::escapes::hex_byte(pair).unwrap_or_default())
            .collect();
        let decoded = LENIENT.decode(whole).unwrap_or_default();
        [decoded, hex].into_iter().any(|mut text| {
            // UTF-16 is the same with zeros between.
            text.retain(|&byte| byte != 0);
            let backwards: Vec<u8> = text.iter().rev().copied().collect();
            [text, backwards].iter().any(|text| !self.within(text).is_empty())
        })
    }
}

/// Decodes a part of a text as well, whose last bits mean nothing.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);
