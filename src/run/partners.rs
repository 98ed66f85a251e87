//! Single ids and secrets that may belong together, though they are in different texts.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Finding, Fingerprint};
use crate::rules::id::{KEY_ID, SECRET};

/// Maximum number of partners of one finding.
const MOST: usize = 10;

/// If there are no more ids and no more secrets than this, each may belong to each.
const FEW: usize = 8;

/// Maximum number of folders of one finding that are compared.
const FOLDERS: usize = 64;

/// Adds possible partners: all if there are few, otherwise those in the same folder.
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

/// Gives for each of `some` its partners among `others`, in order of fingerprints.
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

/// The folders of a finding; a single one for all findings if `everywhere`.
fn folders(finding: &Finding, everywhere: bool) -> BTreeSet<Vec<u8>> {
    if everywhere {
        return BTreeSet::from([Vec::new()]);
    }
    // A file that can't be read any more fails the report, which reads all of it.
    let places = finding.places().map_while(Result::ok);
    let paths = places.filter_map(|place| place.into_owned().origin.path);
    paths
        .take(FOLDERS)
        .map(|path| match memchr::memrchr(b'/', &path) {
            Some(slash) => path[..slash].to_vec(),
            None => Vec::new(),
        })
        .collect()
}
