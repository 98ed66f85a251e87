//! Removes found secrets, and pieces of them, from all that a report shows: lines, names of
//! branches, files and authors.
//!
//! It takes the secrets of all findings of the run, and masks them wherever they occur: in clear,
//! reversed, in parts or encoded. Without this a secret would be printed in one place, though it is
//! masked where it was found.

mod pieces;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::partial::TargetLine;
use super::record::HitRecord;
use crate::coverage::{Ledger, Problem};
use crate::finding::{Finding, GitOrigin, Occurrence, Origin};
use crate::opaque::{self, Stretch};
use crate::provenance::Provenance;
use crate::secret::Secret;
use crate::stop::Stop;
use pieces::Pieces;

/// Shorter secrets, which only a user's patterns find, are words that names may contain. They are
/// masked piece by piece.
const SHORTEST: usize = 16;

/// Minimum number of letters that encode a piece.
const ENCODED: usize = 11;
/// Names whose result is cached: most occurrences of a finding share theirs.
const REMEMBERED: usize = 4096;

/// Bytes of different texts that are still searched after the run was asked to stop. Further texts
/// are not shown at all, so that names do not exceed a limit of time.
const GRACE: u64 = 8 << 20;
/// Replaces a text that was not searched.
const UNSEARCHED: &str = "[not shown]";

/// Masks the secrets of `findings`, and `others`, in findings and problems.
pub(super) fn names(findings: &mut [Finding], others: &[Secret], ledger: &Ledger, stop: &Stop) {
    names_within(findings, others, ledger, stop, GRACE);
}

fn names_within(
    findings: &mut [Finding],
    others: &[Secret],
    ledger: &Ledger,
    stop: &Stop,
    grace: u64,
) {
    let found = findings.iter().flat_map(|finding| finding.clear.secrets());
    let Some(mut secrets) = Secrets::new(found.chain(others)) else { return };
    secrets.end = Some(End { stop: stop.clone(), grace: Cell::new(grace), hidden: Cell::new(0) });
    ledger.redact(&|name| secrets.hide(name));
    // A person writes the reason of a suppression, and may quote the secret in it.
    let reasons = findings.iter_mut().filter_map(|finding| finding.suppressed.as_mut());
    reasons.filter_map(|it| it.reason.as_mut()).for_each(|reason| secrets.hide(reason));
    for place in findings.iter_mut().flat_map(|finding| &mut finding.occurrences) {
        secrets.hide_in(place);
    }
    if let Some(why) = secrets.unsearched() {
        ledger.problem("names", b"", &why);
    }
}

/// Masks the secrets of a target's hits in their names and lines, and in the texts of the target.
/// Once a hit leaves the process, its secrets are not known any more.
///
/// Places whose names differ only in what is masked get different numbers ([`HitRecord::twin`]):
/// otherwise they would count as one place.
pub(super) fn records(records: &mut [HitRecord], target: &mut TargetLine, stop: &Stop) {
    let Some(mut secrets) = Secrets::new(records.iter().flat_map(|hit| hit.clear.secrets())) else {
        return;
    };
    secrets.end = Some(End { stop: stop.clone(), grace: Cell::new(GRACE), hidden: Cell::new(0) });
    target.redact(&|text| secrets.hide(text));
    let mut originals = Vec::new();
    for (at, record) in records.iter_mut().enumerate() {
        let is_masked = secrets.is_in(&record.occurrence.origin);
        let original = is_masked.then(|| record.occurrence.origin.clone());
        secrets.hide_in(&mut record.occurrence);
        originals.extend(original.map(|original| (at, original)));
    }
    number(records, originals);
    if let Some(why) = secrets.unsearched() {
        let problem = Problem { what: "names".to_owned(), path: String::new(), why };
        let coverage = &mut target.coverage;
        coverage.problems.push(problem);
        coverage.problems.sort();
        coverage.complete = false;
    }
}

/// Numbers the places that were masked: those that look alike, in the order of what they were.
fn number(records: &mut [HitRecord], mut originals: Vec<(usize, Origin)>) {
    originals.sort_by(|(one, before), (two, other)| {
        let masked = |at: &usize| records[*at].occurrence.origin.order();
        masked(one).cmp(&masked(two)).then_with(|| before.order().cmp(&other.order()))
    });
    let mut twin = 0;
    let mut last: Option<(usize, &Origin)> = None;
    for (at, original) in &originals {
        let alike = last
            .filter(|(last, _)| records[*last].occurrence.origin == records[*at].occurrence.origin);
        twin = match alike {
            Some((_, before)) if before == original => twin,
            Some(_) => twin + 1,
            None => 1,
        };
        records[*at].twin = twin;
        last = Some((*at, original));
    }
}

/// Removes what contains a secret of `findings` from the origin of their repository.
pub fn provenance(provenance: Provenance, findings: &[Finding]) -> Provenance {
    let found = findings.iter().flat_map(|finding| finding.clear.secrets());
    match Secrets::new(found) {
        Some(secrets) => provenance.without(|text| secrets.shows(text.as_bytes())),
        None => provenance,
    }
}

/// True if a text contains a secret of `findings`, or a piece of it, in clear or encoded.
pub fn shows(text: &str, findings: &[Finding]) -> bool {
    let found = findings.iter().flat_map(|finding| finding.clear.secrets());
    Secrets::new(found).is_some_and(|secrets| secrets.shows(text.as_bytes()))
}

/// True if one of `texts` contains one of `secrets` or a piece of it, in clear or encoded.
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
    /// Results for texts that were checked: the masked text, if it differs.
    known: RefCell<HashMap<Vec<u8>, Option<Vec<u8>>>>,
    /// The bound of a search of many texts.
    end: Option<End>,
}

/// The rest of a search once the run is to stop.
struct End {
    stop: Stop,
    grace: Cell<u64>,
    /// The number of texts that were not searched.
    hidden: Cell<u64>,
}

impl End {
    /// True if a text of so many bytes may still be searched.
    fn allows(&self, bytes: usize) -> bool {
        if !self.stop.is_set() {
            return true;
        }
        let remaining = self.grace.get().checked_sub(bytes as u64);
        match remaining {
            Some(remaining) => self.grace.set(remaining),
            None => self.hidden.set(self.hidden.get() + 1),
        }
        remaining.is_some()
    }
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
        // Building fails only for more patterns than memory can hold.
        builder.ok().filter(|_| !is_empty).map(|whole| Self {
            whole,
            pieces,
            known: RefCell::default(),
            end: None,
        })
    }

    /// The reason why some texts are not shown; `None` if all were searched.
    fn unsearched(&self) -> Option<String> {
        let hidden = self.end.as_ref().map_or(0, |end| end.hidden.get());
        (hidden > 0).then(|| {
            format!(
                "{hidden} names and lines are not shown: the run was to stop before they were \
                 searched for secrets"
            )
        })
    }

    fn shows(&self, text: &[u8]) -> bool {
        !self.spans(text).is_empty()
    }

    /// True if a name of the origin is masked.
    fn is_in(&self, origin: &Origin) -> bool {
        let git = origin.git.iter().flat_map(|git| {
            let people = git.author.iter().chain(&git.committer);
            let people = people.flat_map(|person| [&person.name, &person.email]);
            git.refs.iter().chain(people)
        });
        let names = origin
            .inside
            .iter()
            .chain(&origin.owners)
            .chain(&origin.target)
            .chain(git)
            .map(String::as_bytes);
        names.chain(origin.path.as_deref()).any(|name| self.shown(name).is_some())
    }

    fn hide_in(&self, place: &mut Occurrence) {
        let origin = &mut place.origin;
        if let Some(path) = &mut origin.path
            && let Some(shown) = self.shown(path)
        {
            *path = shown;
        }
        let names = origin.inside.iter_mut().chain(&mut origin.owners).chain(&mut origin.target);
        names.for_each(|name| self.hide(name));
        if let Some(git) = &mut origin.git {
            self.hide_in_git(git);
        }
        self.hide(&mut place.sighting.snippet);
        self.hide(&mut place.sighting.secret_snippet);
        if let Some(stem) = place.sighting.evidence.as_mut().and_then(|it| it.stem.as_mut()) {
            self.hide(stem);
        }
        if let Some(spot) = &mut place.sighting.shown {
            self.hide(&mut spot.snippet);
        }
    }

    fn hide_in_git(&self, git: &mut GitOrigin) {
        git.refs.iter_mut().for_each(|name| self.hide(name));
        for person in git.author.iter_mut().chain(&mut git.committer).chain(&mut git.removed_by) {
            self.hide(&mut person.name);
            self.hide(&mut person.email);
        }
    }

    fn hide(&self, name: &mut String) {
        if let Some(shown) = self.shown(name.as_bytes()) {
            *name = String::from_utf8_lossy(&shown).into_owned();
        }
    }

    /// Returns the masked text; `None` if nothing is masked.
    fn shown(&self, text: &[u8]) -> Option<Vec<u8>> {
        if let Some(known) = self.known.borrow().get(text) {
            return known.clone();
        }
        if self.end.as_ref().is_some_and(|end| !end.allows(text.len())) {
            return Some(UNSEARCHED.as_bytes().to_vec());
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

    /// The spans of a text that reveal a secret or a piece of one, in no order.
    fn spans(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut spans = self.within(text);
        for stretch in opaque::stretches(text, pieces::LEAST) {
            self.encoded(&stretch, &mut spans);
        }
        spans.extend(self.pieces.spans(text));
        spans
    }

    fn within(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut spans: Vec<Range<usize>> =
            self.whole.find_iter(text).map(|found| found.range()).collect();
        self.pieces.find(text, &mut spans);
        spans
    }

    /// Adds the spans that a stretch encodes: pieces as letters, forwards or backwards, or the
    /// whole stretch if its letters are base64 or hexadecimal digits.
    fn encoded(&self, stretch: &Stretch, spans: &mut Vec<Range<usize>>) {
        let letters = stretch.letters();
        let all = 0..letters.len();
        spans.extend(self.within(letters).into_iter().map(|found| stretch.span(found)));
        let backwards: Vec<u8> = letters.iter().rev().copied().collect();
        let turned = |span: Range<usize>| all.end - span.end..all.end - span.start;
        let found = self.within(&backwards).into_iter();
        spans.extend(found.map(|found| stretch.span(turned(found))));
        // Eight letters need eleven in base64, and more in hexadecimal digits.
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
        // Two or three letters in the last group are one or two bytes.
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
            // UTF-16 is the same text with zeros in between.
            text.retain(|&byte| byte != 0);
            let backwards: Vec<u8> = text.iter().rev().copied().collect();
            [text, backwards].iter().any(|text| !self.within(text).is_empty())
        })
    }
}

/// Decodes parts of an encoded text as well; their last bits mean nothing.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Confidence, Credential, Origin, RuleId, Severity, Sighting, Suppression};

    const SECRET: &str = "k3Xv9/QpZ7+LmW2cR8tBnY5dF1gHs4jVa6uEoKiT";

    fn places(names: impl Iterator<Item = String>) -> Finding {
        let secret = Secret::new(SECRET.as_bytes().to_vec());
        let credential = Credential::new(RuleId::new("aws-secret-access-key"), None, Some(secret));
        let confidence = Confidence::High;
        let place = |name: String| Occurrence {
            origin: Origin::of_path(name.into_bytes()),
            sighting: Sighting::default(),
            confidence,
        };
        Finding::new(credential, Severity::Error, confidence, names.map(place).collect())
    }

    #[test]
    fn the_reason_of_a_suppression_shows_no_secret_of_any_finding() {
        let backwards: String = SECRET.chars().rev().collect();
        for (reason, shown) in [
            (format!("old secret {SECRET} dead"), "old secret [redacted] dead"),
            (format!("was {backwards}"), "was [redacted]"),
            (format!("was {}", &SECRET[..12]), "was [redacted]"),
            ("revoked in June, INC-204".to_owned(), "revoked in June, INC-204"),
        ] {
            for by in [Suppression::BASELINE, Suppression::CONFIG, Suppression::INLINE] {
                // The secret of one finding, in the reason of another.
                let mut other = places(["a".to_owned()].into_iter());
                other.clear = crate::finding::Clear::default();
                let reason = Some(reason.clone());
                other.suppressed = Some(Suppression { by: by.to_owned(), reason });
                let mut findings = [places(["b".to_owned()].into_iter()), other];
                names_within(&mut findings, &[], &Ledger::new(), &Stop::default(), GRACE);
                let masked = findings[1].suppressed.as_ref().and_then(|it| it.reason.as_deref());
                assert_eq!(masked, Some(shown), "{by}");
            }
        }
    }

    #[test]
    fn a_run_that_is_to_stop_searches_no_more_than_its_grace() {
        let name = |number: u32| format!("{number:04}-{SECRET}");
        for (is_stopped, grace, searched) in
            [(false, 0, 100), (true, 0, 0), (true, 450, 10), (true, 449, 9), (true, 4500, 100)]
        {
            let (stop, ledger) = (Stop::default(), Ledger::new());
            if is_stopped {
                stop.set();
            }
            let mut findings = [places((0..100).map(name))];
            names_within(&mut findings, &[], &ledger, &stop, grace);
            let shown = |place: &Occurrence| {
                String::from_utf8_lossy(place.origin.path.as_deref().unwrap_or_default())
                    .into_owned()
            };
            let shown: Vec<String> = findings[0].occurrences.iter().map(shown).collect();
            assert!(!shown.iter().any(|name| name.contains("k3Xv9")), "{shown:?}");
            let masked = shown.iter().filter(|name| name.ends_with("-[redacted]")).count();
            let hidden = shown.iter().filter(|name| *name == UNSEARCHED).count();
            assert_eq!((masked, hidden), (searched, 100 - searched), "{is_stopped} {grace}");
            let problems = ledger.coverage().problems;
            assert_eq!(problems.is_empty(), hidden == 0, "{problems:?}");
            assert!(problems.iter().all(|one| one.why.starts_with(&format!("{hidden} names"))));
        }
    }
}
