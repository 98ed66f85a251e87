//! Checksums of CRC-32 (ISO 3309) at the end of a token.

use flate2::Crc;

use super::Reading;
use crate::rules::Facts;

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Characters of the checksum of GitHub and npm.
const BASE62_LEN: usize = 6;

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// A number in base62, in six characters.
fn in_base62(mut number: u32) -> [u8; BASE62_LEN] {
    let mut text = [b'0'; BASE62_LEN];
    for place in text.iter_mut().rev() {
        *place = BASE62[(number % 62) as usize];
        number /= 62;
    }
    text
}

/// The text behind the prefix of a token, which ends with `_`.
fn body(token: &[u8]) -> Option<&[u8]> {
    let end = memchr::memchr(b'_', token)?;
    Some(&token[end + 1..])
}

/// A prefix, `_`, random characters, and six of the checksum of the random ones.
pub(super) fn base62(token: &[u8]) -> Reading {
    let Some((random, sum)) = body(token).and_then(|body| body.split_last_chunk()) else {
        return Reading::NotOne;
    };
    if in_base62(crc32(random)) == *sum { Reading::Read(Facts::default()) } else { Reading::MadeUp }
}

/// `text`, a prefix and random characters, with its checksum.
pub(super) fn with_base62(text: &str) -> Option<String> {
    let sum = in_base62(crc32(body(text.as_bytes())?));
    Some([text, &String::from_utf8_lossy(&sum)].concat())
}
