//! The secrets that may belong to an id, the likeliest first.
//!
//! Its own pairs come first, then the other secrets in its reach by their evidence, then labelled
//! secrets without an id, the nearest first, then the secrets of other pairs in the same file or
//! folder. Nothing is sent here; [`super::ask`] decides how many are tried.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};

use super::plan::{Asked, Candidate, Known, is_settled, known, signs};
use crate::aws::{KeyId, KeyKind, SECRET_LEN};
use crate::finding::{Confidence, Finding, Fingerprint, Rival, Status};
use crate::secret::Secret;

/// Limit of secrets, except those of its pairs, that are listed for an id: more than are tried, because some
/// turn out to belong to other ids.
const MOST_OTHERS: usize = 16;
/// Most occurrences of a finding that are considered.
const PLACES: usize = 64;
/// Maximum number of findings of a file or folder that are considered.
const NEAR: usize = 64;
/// Limit of session tokens, except its own, that are tried for a temporary key.
const TOKENS: usize = 2;
/// If there are no more ids and single secrets than this, each may belong to each.
const FEW: usize = 8;

/// Indexes over the findings.
pub(super) struct Likely<'f> {
    findings: &'f [Finding],
    lone: Near<'f>,
    paired: Near<'f>,
    tokens: Near<'f>,
    /// Findings without an id, by fingerprint.
    by_print: HashMap<&'f Fingerprint, usize>,
    /// Findings without an id, by the fingerprints of their possible partners.
    naming: HashMap<&'f Fingerprint, Vec<usize>>,
    /// There are few ids and single secrets, so all may belong together.
    few: bool,
    /// Secrets that the user suppressed.
    settled: HashSet<&'f [u8]>,
}

/// A session token, and its finding if that is not the id's; nothing for a long-term key.
type Token<'t> = (Option<usize>, Option<&'t Secret>);

/// A file of a target.
type File<'f> = (Option<&'f str>, &'f [u8]);

/// Indexes of findings by file and by folder.
#[derive(Default)]
struct Near<'f> {
    all: Vec<usize>,
    by_file: HashMap<File<'f>, Vec<usize>>,
    by_folder: HashMap<File<'f>, Vec<usize>>,
}

/// The candidates of one id, each secret once.
struct List<'l> {
    key: KeyId,
    seen: HashSet<&'l [u8]>,
    candidates: Vec<Candidate>,
}

impl<'f> Likely<'f> {
    /// Indexes `findings`, of which `ids` are ids to ask about.
    pub(super) fn new(findings: &'f [Finding], ids: usize) -> Self {
        let (mut lone, mut paired, mut tokens) =
            (Near::default(), Near::default(), Near::default());
        let (mut by_print, mut naming) = (HashMap::new(), HashMap::<_, Vec<usize>>::new());
        let mut settled = HashSet::new();
        for (index, finding) in findings.iter().enumerate() {
            let credential = &finding.credential;
            if is_settled(finding) {
                settled.extend(finding.clear.secret.as_ref().map(Secret::expose));
                continue;
            }
            match (&credential.key_id, signs(finding)) {
                (None, true) => lone.add(index, finding),
                (Some(_), true) => paired.add(index, finding),
                _ => {}
            }
            if credential.key_id.is_none() {
                by_print.insert(&finding.fingerprint, index);
                for partner in &finding.possible_partners {
                    naming.entry(partner).or_default().push(index);
                }
                if credential.session_token.is_some() {
                    tokens.add(index, finding);
                }
            }
        }
        let few = ids <= FEW && lone.all.len() <= FEW;
        Self { findings, lone, paired, tokens, by_print, naming, few, settled }
    }

    /// The secrets that may belong to `key`, which `holders` contain, or the reason why none can be
    /// sent.
    ///
    /// If the id is not `in_turn`, because no request may remain for it, only one other secret is
    /// listed.
    pub(super) fn candidates(
        &self,
        key: KeyId,
        holders: &[usize],
        in_turn: bool,
    ) -> Result<Vec<Candidate>, Known> {
        let findings = self.findings;
        let mut own: Vec<usize> =
            holders.iter().copied().filter(|&at| signs(&findings[at])).collect();
        own.sort_by_key(|&at| (Reverse(findings[at].confidence), at));
        let partners = self.partners(holders, !own.is_empty());
        let tokens = self.tokens(key, holders);
        let secret_of = |at: usize| findings[at].clear.secret.as_ref();
        let mut list = List { key, seen: HashSet::new(), candidates: Vec::new() };
        for &at in &own {
            let Some(secret) = secret_of(at) else { continue };
            match findings[at].clear.session_token.as_ref() {
                Some(token) if key.kind() == KeyKind::Temporary => {
                    list.own(secret, at, &[(None, Some(token))]);
                }
                _ => list.own(secret, at, &tokens),
            }
        }
        let rivals = self.rivals(holders);
        let (likely, unlikely): (Vec<&Rival>, Vec<&Rival>) =
            rivals.into_iter().partition(|rival| rival.confidence > Confidence::Low);
        let lone = partners.iter().filter_map(|&at| Some((secret_of(at)?, Some(at))));
        let paired = self.paired.around(findings, holders);
        let paired = paired.iter().filter_map(|&at| Some((secret_of(at)?, Some(at))));
        let in_reach =
            |rivals: Vec<&'f Rival>| rivals.into_iter().map(|rival| (&rival.secret, None));
        let others = in_reach(likely).chain(lone).chain(in_reach(unlikely)).chain(paired);
        let most = list.candidates.len() + if in_turn { MOST_OTHERS } else { 1 };
        for (secret, holder) in others {
            if list.candidates.len() >= most {
                break;
            }
            if !self.settled.contains(secret.expose()) {
                list.other(secret, holder, &tokens);
            }
        }
        if !list.candidates.is_empty() {
            Ok(list.candidates)
        } else if tokens.is_empty() && !(own.is_empty() && partners.is_empty()) {
            Err(known(Status::Unknown, "no session token was found with it; not sent"))
        } else {
            Err(known(Status::NotChecked, "an id can't be verified without its secret"))
        }
    }

    /// Secrets in the reach of the id, the most confident first.
    fn rivals(&self, holders: &[usize]) -> Vec<&'f Rival> {
        let places =
            holders.iter().flat_map(|&at| self.findings[at].occurrences.iter().take(PLACES));
        let ranked = places.flat_map(|place| place.sighting.rivals.iter().enumerate());
        let fits = |rival: &Rival| rival.secret.expose().len() == SECRET_LEN;
        let mut rivals: Vec<(usize, &Rival)> = ranked.filter(|(_, rival)| fits(rival)).collect();
        rivals.sort_by_key(|(rank, rival)| (Reverse(rival.confidence), *rank));
        rivals.into_iter().map(|(_, rival)| rival).collect()
    }

    /// Single secrets that may belong to the id, the nearest first. An id in a pair has no possible
    /// partners, so they are looked for as if it were single.
    fn partners(&self, holders: &[usize], paired: bool) -> Vec<usize> {
        let near = self.lone.around(self.findings, holders);
        let mut partners = match (paired, self.few) {
            (false, _) => self.linked(holders),
            (true, true) => self.lone.all.clone(),
            (true, false) => return near,
        };
        partners.retain(|&at| signs(&self.findings[at]));
        let place = |at: usize| near.iter().position(|&near| near == at).unwrap_or(usize::MAX);
        partners.sort_by_key(|&at| (place(at), at));
        partners
    }

    /// Findings without an id that have one of `holders` as a possible partner, or the reverse.
    fn linked(&self, holders: &[usize]) -> Vec<usize> {
        let mut linked = BTreeSet::new();
        for &holder in holders {
            let this = &self.findings[holder];
            linked.extend(this.possible_partners.iter().filter_map(|one| self.by_print.get(one)));
            linked.extend(self.naming.get(&this.fingerprint).into_iter().flatten());
        }
        linked.into_iter().collect()
    }

    /// Session tokens that may belong to the key.
    fn tokens(&self, key: KeyId, holders: &[usize]) -> Vec<Token<'f>> {
        if key.kind() == KeyKind::LongTerm {
            return vec![(None, None)];
        }
        let token_of = |at: usize| self.findings[at].clear.session_token.as_ref();
        let own: Vec<_> = holders
            .iter()
            .filter_map(|&at| Some((None, Some(token_of(at)?))))
            .take(TOKENS)
            .collect();
        if !own.is_empty() {
            return own;
        }
        let mut near = self.linked(holders);
        near.extend(self.tokens.around(self.findings, holders));
        near.iter().filter_map(|&at| Some((Some(at), Some(token_of(at)?)))).take(TOKENS).collect()
    }
}

impl<'l> List<'l> {
    /// Adds the pair of the finding at `own`.
    fn own(&mut self, secret: &'l Secret, own: usize, tokens: &[Token<'_>]) {
        self.seen.insert(secret.expose());
        for (holder, token) in tokens {
            let asked = Asked { key: self.key, secret: secret.clone(), token: token.cloned() };
            let partners = holder.iter().copied().collect();
            self.candidates.push(Candidate { asked, own: Some(own), partners });
        }
    }

    /// Adds a secret that was not found in a pair with the id.
    fn other(&mut self, secret: &'l Secret, holder: Option<usize>, tokens: &[Token<'_>]) {
        if !self.seen.insert(secret.expose()) {
            return;
        }
        for (token_holder, token) in tokens {
            let asked = Asked { key: self.key, secret: secret.clone(), token: token.cloned() };
            let partners: BTreeSet<usize> = holder.iter().chain(token_holder).copied().collect();
            let partners = partners.into_iter().collect();
            self.candidates.push(Candidate { asked, own: None, partners });
        }
    }
}

impl<'f> Near<'f> {
    fn add(&mut self, index: usize, finding: &'f Finding) {
        self.all.push(index);
        for (file, folder) in files(finding) {
            for (map, key) in [(&mut self.by_file, file), (&mut self.by_folder, folder)] {
                let known = map.entry(key).or_default();
                if known.last() != Some(&index) {
                    known.push(index);
                }
            }
        }
    }

    /// Findings in the files of `holders`, then those in their folders; without the holders.
    fn around(&self, findings: &'f [Finding], holders: &[usize]) -> Vec<usize> {
        let holders: HashSet<usize> = holders.iter().copied().collect();
        let places: BTreeSet<(File<'f>, File<'f>)> =
            holders.iter().flat_map(|&at| files(&findings[at])).collect();
        let in_files = places.iter().filter_map(|(file, _)| self.by_file.get(file));
        let folders: BTreeSet<File<'f>> = places.iter().map(|(_, folder)| *folder).collect();
        let in_folders = folders.iter().filter_map(|folder| self.by_folder.get(folder));
        let mut seen = HashSet::new();
        in_files
            .chain(in_folders)
            .flat_map(|indices| indices.iter().take(NEAR).copied())
            .filter(|at| !holders.contains(at) && seen.insert(*at))
            .take(2 * NEAR)
            .collect()
    }
}

/// The files of a finding, each with its folder.
fn files(finding: &Finding) -> Vec<(File<'_>, File<'_>)> {
    let mut files = Vec::new();
    for place in finding.occurrences.iter().take(PLACES) {
        let Some(path) = place.origin.path.as_deref() else { continue };
        let target = place.origin.target.as_deref();
        let folder = memchr::memrchr(b'/', path).map_or(&path[..0], |slash| &path[..slash]);
        let pair = ((target, path), (target, folder));
        if !files.contains(&pair) {
            files.push(pair);
        }
    }
    files
}
