//! Searches names of files, folders and members like text: a key may be only in a name.
//!
//! Takes paths, and returns the findings in their parts; a location in a name has no line. It does not
//! know what the names belong to.

use crate::coverage::Ledger;
use crate::finding::{Candidate, Sighting};
use crate::scan::Detector;
use crate::source::guard::guarded;

/// A shorter path contains nothing: a key id has twenty characters.
const SHORTEST: usize = 16;

/// Searches paths one after the other, and each folder only once as long as they are in order.
#[derive(Debug, Default)]
pub(crate) struct Names {
    last: Vec<u8>,
}

impl Names {
    /// Returns the findings in the parts of a path that the previous one did not have, and the path
    /// up to that part.
    pub(crate) fn search<D: Detector>(
        &mut self,
        detector: &D,
        path: &[u8],
        ledger: &Ledger,
    ) -> Vec<(Vec<u8>, Candidate)> {
        let known = shared(&self.last, path);
        self.last.clear();
        self.last.extend_from_slice(path);
        let found = parts(detector, path, ledger).into_iter();
        let found = found.filter(|(part, _)| *part > known);
        let up_to = |part: usize| {
            let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
            let end = slashes.map(|(at, _)| at).nth(part - 1).unwrap_or(path.len());
            path[..end].to_vec()
        };
        found.map(|(part, candidate)| (up_to(part), candidate)).collect()
    }
}

/// Returns the findings in the last part of a path.
pub(crate) fn last<D: Detector>(detector: &D, path: &[u8], ledger: &Ledger) -> Vec<Candidate> {
    let mut found = parts(detector, path, ledger);
    if !found.is_empty() {
        let number = path.iter().filter(|&&byte| byte == b'/').count() + 1;
        found.retain(|(part, _)| *part == number);
    }
    found.into_iter().map(|(_, candidate)| candidate).collect()
}

/// Returns the findings in a path, with the number of the part in which it ends, from 1.
fn parts<D: Detector>(detector: &D, path: &[u8], ledger: &Ledger) -> Vec<(usize, Candidate)> {
    if path.len() < SHORTEST {
        return Vec::new();
    }
    // A slash is a letter of base64, and no name contains one: each part is a line.
    let text: Vec<u8> = path.iter().map(|&byte| if byte == b'/' { b'\n' } else { byte }).collect();
    let detected = guarded("name", &|| path.to_vec(), ledger, || detector.whole(&text));
    let candidates = detected.map(|detected| detected.candidates).unwrap_or_default().into_iter();
    candidates
        .filter_map(|candidate| {
            let sighting = &candidate.sighting;
            let ends = [sighting.id, sighting.secret].into_iter().flatten();
            let line = ends.map(|region| region.end.line).max()?;
            let sighting = Sighting {
                id: None,
                secret: None,
                // A name has no markers.
                marker: None,
                line_hash: None,
                shown: None,
                ..candidate.sighting
            };
            Some((usize::try_from(line).ok()?, Candidate { sighting, ..candidate }))
        })
        .collect()
}

/// The number of leading parts that two paths share.
fn shared(one: &[u8], other: &[u8]) -> usize {
    let is_slash = |byte: &u8| *byte == b'/';
    let both = one.split(is_slash).zip(other.split(is_slash));
    both.take_while(|(one, other)| one == other).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_parts_are_counted() {
        for (one, other, count) in
            [("", "a/b", 0), ("a/b", "a/c", 1), ("a/b/c", "a/b/d", 2), ("ab", "a", 0)]
        {
            assert_eq!(shared(one.as_bytes(), other.as_bytes()), count, "{one} {other}");
        }
    }
}
