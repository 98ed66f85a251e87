//! The places that a pair gets from single halves, without those where the pair itself is.

use std::collections::BTreeSet;
use std::io;
use std::iter::Peekable;

use super::file::{HitFile, Hits, Run};
use crate::finding::{Occurrence, Origin};
use crate::location::Region;
use crate::run::record::HitRecord;

/// The places in one file of one target, of which a few are compared.
type File = (Option<String>, Option<Vec<u8>>);

/// Writes the places that a pair gets, in order, and returns their number. Of each half the
/// places are in a run. Memory holds those in one file at a time.
pub(super) fn write(own: Run, halves: &[Run], sorted: &mut HitFile) -> io::Result<u64> {
    let mut own = sorted.read(own).peekable();
    let mut halves: Vec<_> = halves.iter().map(|&run| sorted.read(run).peekable()).collect();
    let mut count = 0;
    while let Some(file) = next_file(&mut halves)? {
        let mut known = BTreeSet::new();
        while let Some(hit) = next_until(&mut own, &file)? {
            if key(&hit.occurrence) == file {
                known.extend(keys(&hit.occurrence));
            }
        }
        // One half after the other, so that no place is written twice.
        let mut merged = Vec::new();
        for half in &mut halves {
            while let Some(hit) = next_until(half, &file)? {
                let place = &hit.occurrence;
                let here = (place.origin.clone(), place.sighting.primary());
                if !known.contains(&here) {
                    known.extend(keys(place));
                    merged.push(hit);
                }
            }
        }
        merged.sort_by(|a, b| a.occurrence.order().cmp(&b.occurrence.order()));
        count += merged.len() as u64;
        merged.iter().try_for_each(|hit| sorted.add(hit))?;
    }
    Ok(count)
}

/// The places by which another one is known.
fn keys(place: &Occurrence) -> [(Origin, Option<Region>); 2] {
    [place.sighting.id, place.sighting.secret].map(|region| (place.origin.clone(), region))
}

fn key(place: &Occurrence) -> File {
    (place.origin.target.clone(), place.origin.path.clone())
}

/// The order of files is that of occurrences: those without a path come last.
fn rank(file: &File) -> impl Ord + '_ {
    (&file.0, file.1.is_none(), &file.1)
}

/// The first file in which a half has a place.
fn next_file(halves: &mut [Peekable<Hits>]) -> io::Result<Option<File>> {
    let mut first: Option<File> = None;
    for half in halves {
        let file = match half.next_if(Result::is_err) {
            Some(error) => return error.map(|_| None),
            None => half.peek().and_then(|hit| hit.as_ref().ok().map(|it| key(&it.occurrence))),
        };
        let is_first = |file: &File| first.as_ref().is_none_or(|other| rank(file) < rank(other));
        first = file.filter(is_first).or(first);
    }
    Ok(first)
}

/// The next place that is not after a file.
fn next_until(hits: &mut Peekable<Hits>, file: &File) -> io::Result<Option<HitRecord>> {
    let is_until = |hit: &io::Result<HitRecord>| {
        hit.as_ref().map_or(true, |hit| rank(&key(&hit.occurrence)) <= rank(file))
    };
    hits.next_if(is_until).transpose()
}
