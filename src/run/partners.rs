//! Left-over ids and secrets that may belong together, though they stand in different texts.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Finding, Fingerprint};
use crate::rules::id::{KEY_ID, SECRET};

/// Partners named for one finding, at most.
const MOST: usize = 10;

/// Up to so many ids and so many secrets, each may belong to each, wherever they stand.
const FEW: usize = 8;

/// Folders of one finding that are looked at, at most.
const FOLDERS: usize = 64;

/// Names possible partners: of few left-overs all, else those with a place in the same folder.
pub(super) fn link(findings: &mut [Finding]) {
    let of = |rule: &str| -> Vec<usize> {
        let with_rule = |index: &usize| findings[*index].credential.rule.as_str() == rule;
        (0..findings.len()).filter(with_rule).collect()
    };
    let (ids, secrets) = (of(KEY_ID), of(SECRET));
    let everywhere = ids.len() <= FEW && secrets.len() <= FEW;
    let links = [
        partners(findings, &ids, &secrets, everywhere),
        partners(findings, &secrets, &ids, everywhere),
    ];
    for (index, names) in links.into_iter().flatten() {
        findings[index].possible_partners = names;
    }
}

/// For each of `some` its partners among `others`, in the order of their fingerprints.
fn partners(
    findings: &[Finding],
    some: &[usize],
    others: &[usize],
    everywhere: bool,
) -> Vec<(usize, Vec<Fingerprint>)> {
    let mut by_folder: BTreeMap<Vec<u8>, BTreeSet<&Fingerprint>> = BTreeMap::new();
    for &other in others {
        for folder in folders(&findings[other], everywhere) {
            by_folder.entry(folder).or_default().insert(&findings[other].fingerprint);
        }
    }
    let near = |index: usize| -> Vec<Fingerprint> {
        let mut names = BTreeSet::new();
        for folder in folders(&findings[index], everywhere) {
            names.extend(by_folder.get(&folder).into_iter().flatten().take(MOST).copied());
        }
        names.into_iter().take(MOST).cloned().collect()
    };
    some.iter().map(|&index| (index, near(index))).collect()
}

/// The folders in which a finding stands; one that stands for all if that does not matter.
fn folders(finding: &Finding, everywhere: bool) -> BTreeSet<Vec<u8>> {
    if everywhere {
        return BTreeSet::from([Vec::new()]);
    }
    let paths = finding.occurrences.iter().filter_map(|place| place.origin.path.as_ref());
    paths
        .take(FOLDERS)
        .map(|path| match memchr::memrchr(b'/', path) {
            Some(slash) => path[..slash].to_vec(),
            None => Vec::new(),
        })
        .collect()
}
