//! Names that hold a found secret: a branch called after one, a file, an author.
//!
//! Takes what was found, hides it wherever a report would print it as part of a name. Without this
//! a secret would leave the program in clear, though it is masked where it was found.

use aho_corasick::{AhoCorasick, MatchKind};

use crate::coverage::Ledger;
use crate::finding::{Finding, GitOrigin, Occurrence};
use crate::provenance::Provenance;
use crate::secret::{MASK, Secret};

/// Shorter secrets, which only a user's own patterns find, are words that names may well hold.
const SHORTEST: usize = 16;

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
        Some(secrets) => told.without(|text| secrets.0.is_match(text)),
        None => told,
    }
}

/// All secrets that were found.
struct Secrets(AhoCorasick);

impl Secrets {
    fn of(findings: &[Finding]) -> Option<Self> {
        let credentials = findings.iter().map(|finding| &finding.credential);
        let secrets = credentials.flat_map(|one| one.secret.iter().chain(&one.session_token));
        let long = |secret: &&[u8]| secret.len() >= SHORTEST;
        let mut patterns: Vec<&[u8]> = secrets.map(Secret::expose).filter(long).collect();
        patterns.sort_unstable();
        patterns.dedup();
        let builder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(patterns);
        // It fails only for more patterns than memory could hold.
        builder.ok().filter(|all| all.patterns_len() > 0).map(Self)
    }

    fn hide_in(&self, place: &mut Occurrence) {
        let origin = &mut place.origin;
        if let Some(path) = origin.path.as_mut().filter(|path| self.0.is_match(path.as_slice())) {
            let masks = vec![MASK; self.0.patterns_len()];
            *path = self.0.replace_all_bytes(path, &masks);
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
        if self.0.is_match(name.as_str()) {
            let masks = vec![MASK; self.0.patterns_len()];
            *name = self.0.replace_all(name, &masks);
        }
    }
}
