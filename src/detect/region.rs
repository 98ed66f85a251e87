//! Regions: the stretches of a text that anchors call for a closer look.

use std::ops::Range;

/// How far a region reaches from its anchor, on either side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reach {
    /// In bytes.
    pub bytes: usize,
    /// In lines.
    pub lines: u32,
}

/// The stretches around places, in order, those that overlap as one.
pub(super) fn around(bytes: &[u8], places: &mut [(usize, Reach)]) -> Vec<Range<usize>> {
    places.sort_unstable_by_key(|&(at, reach)| (at, reach.bytes));
    let mut regions: Vec<Range<usize>> = Vec::new();
    for &(at, reach) in places.iter() {
        let region = back(bytes, at, reach)..ahead(bytes, at, reach);
        match regions.last_mut() {
            Some(last) if region.start <= last.end => {
                last.start = last.start.min(region.start);
                last.end = last.end.max(region.end);
            }
            _ => regions.push(region),
        }
    }
    // A long reach may begin before the region of a short one.
    let mut merged: Vec<Range<usize>> = Vec::new();
    regions.sort_unstable_by_key(|region| region.start);
    for region in regions {
        match merged.last_mut() {
            Some(last) if region.start <= last.end => last.end = last.end.max(region.end),
            _ => merged.push(region),
        }
    }
    merged
}

/// A border that cuts no token: a run of credential characters belongs to one side whole.
const TOKEN_REACH: usize = 8 * 1024;

fn back(bytes: &[u8], at: usize, reach: Reach) -> usize {
    let floor = at.saturating_sub(reach.bytes);
    let line = memchr::memrchr_iter(b'\n', &bytes[floor..at]).nth(reach.lines as usize);
    if let Some(newline) = line {
        return floor + newline + 1;
    }
    let token =
        bytes[..floor].iter().rev().take(TOKEN_REACH).take_while(|byte| is_token(**byte)).count();
    floor - token
}

fn ahead(bytes: &[u8], at: usize, reach: Reach) -> usize {
    let ceiling = bytes.len().min(at + reach.bytes);
    let line = memchr::memchr_iter(b'\n', &bytes[at..ceiling]).nth(reach.lines as usize);
    if let Some(newline) = line {
        return at + newline + 1;
    }
    let token =
        bytes[ceiling..].iter().take(TOKEN_REACH).take_while(|byte| is_token(**byte)).count();
    ceiling + token
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'%' | b'\\' | b'-' | b'_')
}
