//! Names that hold a found secret: a branch called after one, a file, an author.
//!
//! Takes what was found, hides it wherever a report would print it as part of a name, in clear or
//! so that it can be decoded. Without this a secret would leave the program, though it is masked
//! where it was found.

use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::coverage::Ledger;
use crate::finding::{Finding, GitOrigin, Occurrence};
use crate::opaque::{self, Stretch};
use crate::provenance::Provenance;
use crate::secret::{MASK, Secret};

/// Shorter secrets, which only a user's own patterns find, are words that names may well hold.
const SHORTEST: usize = 16;
/// What is cut after so many letters is still most of a secret.
const HEAD: usize = 24;

/// Hides the secrets of `findings` in the names that they give, and in those of what could not be
/// read.
pub(super) fn names(findings: &mut [Finding], ledger: &Ledger) {
    let Some(secrets) = Secrets::of(findings) else { return };
    ledger.veil(&|name| secrets.hide(name));
    for place in findings.iter_mut().flat_map(|finding| &mut finding.occurrences) {
        secrets.hide_in(place);
    }
}

/// Hides the secrets of `findings` in what is told of their repository.
pub fn provenance(told: Provenance, findings: &[Finding]) -> Provenance {
    match Secrets::of(findings) {
        Some(secrets) => told.without(|text| !secrets.spans(text.as_bytes()).is_empty()),
        None => told,
    }
}

/// Whether any of `texts` holds one of `secrets`, in clear or so that it can be decoded.
pub(super) fn tell<'s>(
    secrets: impl Iterator<Item = &'s Secret>,
    mut texts: impl Iterator<Item = &'s [u8]>,
) -> bool {
    let secrets = Secrets::new(secrets);
    secrets.is_some_and(|secrets| texts.any(|text| !secrets.spans(text).is_empty()))
}

/// All secrets that were found.
struct Secrets(AhoCorasick);

impl Secrets {
    fn of(findings: &[Finding]) -> Option<Self> {
        let credentials = findings.iter().map(|finding| &finding.credential);
        Self::new(credentials.flat_map(|one| one.secret.iter().chain(&one.session_token)))
    }

    fn new<'s>(secrets: impl Iterator<Item = &'s Secret>) -> Option<Self> {
        let long = |secret: &&[u8]| secret.len() >= SHORTEST;
        let mut patterns: Vec<&[u8]> = secrets.map(Secret::expose).filter(long).collect();
        let heads: Vec<&[u8]> = patterns.iter().map(|it| &it[..it.len().min(HEAD)]).collect();
        patterns.extend(heads);
        patterns.sort_unstable();
        patterns.dedup();
        let builder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(patterns);
        // It fails only for more patterns than memory could hold.
        builder.ok().filter(|all| all.patterns_len() > 0).map(Self)
    }

    fn hide_in(&self, place: &mut Occurrence) {
        let origin = &mut place.origin;
        if let Some(path) = &mut origin.path {
            let spans = self.spans(path);
            if !spans.is_empty() {
                *path = masked(path, &spans);
            }
        }
        origin.inside.iter_mut().for_each(|name| self.hide(name));
        if let Some(git) = &mut origin.git {
            self.hide_in_git(git);
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
        let spans = self.spans(name.as_bytes());
        if !spans.is_empty() {
            *name = String::from_utf8_lossy(&masked(name.as_bytes(), &spans)).into_owned();
        }
    }

    /// Where a secret can be read in a name, in order and apart from each other.
    fn spans(&self, name: &[u8]) -> Vec<Range<usize>> {
        let mut spans: Vec<Range<usize>> = self.0.find_iter(name).map(|it| it.range()).collect();
        for stretch in opaque::stretches(name, SHORTEST) {
            self.encoded(&stretch, &mut spans);
        }
        spans.sort_by_key(|span| span.start);
        spans.dedup_by(|next, last| {
            let touches = next.start <= last.end;
            if touches {
                last.end = last.end.max(next.end);
            }
            touches
        });
        spans
    }

    /// Adds what a stretch encodes: a secret as its letters or backwards, or all of it where its
    /// letters are base64 or hexadecimal digits.
    fn encoded(&self, stretch: &Stretch, spans: &mut Vec<Range<usize>>) {
        let letters = stretch.letters();
        let all = 0..letters.len();
        spans.extend(self.0.find_iter(letters).map(|found| stretch.span(found.range())));
        let backwards: Vec<u8> = letters.iter().rev().copied().collect();
        let turned = |span: Range<usize>| all.end - span.end..all.end - span.start;
        let found = self.0.find_iter(&backwards).map(|found| stretch.span(turned(found.range())));
        spans.extend(found);
        if (0..4).any(|from| self.is_encoded(&letters[from.min(all.end)..])) {
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
        let whole = &standard[..standard.len() / 4 * 4];
        let hex: Vec<u8> = letters
            .chunks_exact(2)
            .map(|pair| crate::escapes::hex_byte(pair).unwrap_or_default())
            .collect();
        let decoded = STANDARD_NO_PAD.decode(whole).unwrap_or_default();
        [decoded, hex].into_iter().any(|mut text| {
            // UTF-16 is the same with zeros between.
            text.retain(|&byte| byte != 0);
            self.0.is_match(&text)
        })
    }
}

/// A name without what stands at `spans`.
fn masked(name: &[u8], spans: &[Range<usize>]) -> Vec<u8> {
    let mut shown = Vec::with_capacity(name.len());
    let mut from = 0;
    for span in spans {
        shown.extend_from_slice(&name[from..span.start]);
        shown.extend_from_slice(MASK.as_bytes());
        from = span.end;
    }
    shown.extend_from_slice(&name[from..]);
    shown
}
