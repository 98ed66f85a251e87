//! Regions: the stretches of a text that are examined closely because of an anchor.

use std::ops::Range;

/// The extent of a region on either side of its anchor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reach {
    /// In bytes.
    pub bytes: usize,
    /// In lines.
    pub lines: u32,
}

/// The stretches around places, in order; overlapping stretches are merged.
///
/// Close places of one reach form a chain, which is measured only at its two ends. Otherwise a text
/// of nothing but anchors would be measured once for each anchor.
pub(super) fn around(bytes: &[u8], places: &mut [(usize, Reach)]) -> Vec<Range<usize>> {
    places.sort_unstable_by_key(|&(at, reach)| (reach.bytes, at));
    let mut regions: Vec<Range<usize>> = places
        .chunk_by(|&(at, reach), &(next, other)| {
            reach.bytes == other.bytes && follows(bytes, at, next, reach)
        })
        .map(|chain| {
            let ((first, reach), (last, _)) = (chain[0], chain[chain.len() - 1]);
            back(bytes, first, reach)..ahead(bytes, last, reach)
        })
        .collect();
    merged(&mut regions)
}

/// Regions in order; overlapping ones are merged.
pub(super) fn merged(regions: &mut [Range<usize>]) -> Vec<Range<usize>> {
    let mut merged: Vec<Range<usize>> = Vec::new();
    regions.sort_unstable_by_key(|region| region.start);
    for region in regions {
        match merged.last_mut() {
            Some(last) if region.start <= last.end => last.end = last.end.max(region.end),
            _ => merged.push(region.clone()),
        }
    }
    merged
}

/// True if `next` is within the reach of `at`, so that their stretches overlap.
fn follows(bytes: &[u8], at: usize, next: usize, reach: Reach) -> bool {
    next - at <= reach.bytes
        && memchr::memchr_iter(b'\n', &bytes[at..next]).nth(reach.lines as usize).is_none()
}

/// A border that cuts no token: each run of credential characters is entirely on one side.
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
