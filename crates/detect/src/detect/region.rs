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
///
/// Places of one reach that follow closely are one chain, measured at its two ends alone: text
/// that is nothing but anchors must not be measured once for each of them.
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

/// Whether `next` lies in what `at` reaches, so that their stretches overlap.
fn follows(bytes: &[u8], at: usize, next: usize, reach: Reach) -> bool {
    next - at <= reach.bytes
        && memchr::memchr_iter(b'\n', &bytes[at..next]).nth(reach.lines as usize).is_none()
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
