//! A hit on its way from a process to the sweep, with its secrets.

use std::io;

use zeroize::Zeroizing;

use super::frames::{self, Kind};
use crate::finding::Candidate;
use crate::run::record::{HitRecord, read_from_pipe, write_to_pipe};
use crate::scan::Hit;

/// The frame of a hit. It is wiped on drop.
pub(super) fn frame(mut hit: Hit) -> io::Result<Zeroizing<Vec<u8>>> {
    // A record joins the names of members with that of their container; a hit does not.
    let inside = std::mem::take(&mut hit.candidate.inside);
    let mut bytes = frames::open();
    serde_json::to_writer(&mut *bytes, &inside)?;
    bytes.push(b'\n');
    write_to_pipe(&HitRecord::new(hit), &mut Wiped(&mut bytes))?;
    frames::close(&mut bytes, Kind::Hit)?;
    Ok(bytes)
}

/// The hit of a frame.
pub(super) fn read(content: &[u8]) -> io::Result<Hit> {
    let invalid = |error| io::Error::new(io::ErrorKind::InvalidData, error);
    let end = memchr::memchr(b'\n', content).ok_or(io::ErrorKind::InvalidData)?;
    let inside: Vec<String> = serde_json::from_slice(&content[..end])?;
    let record = read_from_pipe(&content[end + 1..]).map_err(invalid)?;
    let HitRecord { digested, occurrence, clear, .. } = record;
    let (confidence, sighting) = (occurrence.confidence, occurrence.sighting);
    let candidate = Candidate { credential: digested.with(clear), confidence, sighting, inside };
    Ok(Hit { origin: occurrence.origin, candidate })
}

/// Writes to a buffer that leaves nothing behind when it grows.
struct Wiped<'a>(&'a mut Zeroizing<Vec<u8>>);

impl io::Write for Wiped<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        frames::reserve(self.0, bytes.len());
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
