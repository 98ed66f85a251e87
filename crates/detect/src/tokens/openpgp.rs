//! Private keys of OpenPGP (RFC 4880, RFC 9580) in ASCII armor: encrypted or not.

use super::{Facts, base64_of};

/// The packet of a primary secret key.
const SECRET_KEY: u8 = 5;

/// Reads the lines of an armored key; the last may be its checksum, `=` and four characters.
pub(super) fn read(body: &[&[u8]]) -> Option<Facts> {
    let is_sum = |line: &&[u8]| line.len() == 5 && line[0] == b'=';
    let (sum, data) = match body {
        [data @ .., last] if is_sum(last) => (Some(&last[1..]), data),
        _ => (None, body),
    };
    let bytes = base64_of(&data.concat())?;
    if let Some(sum) = sum
        && base64_of(sum)? != crc24(&bytes).to_be_bytes()[1..]
    {
        return None;
    }
    let packet = secret_key(&bytes)?;
    Some(Facts { encrypted: Some(is_encrypted(packet)?), ..Facts::default() })
}

/// The content of the first packet, if it is a secret key.
fn secret_key(bytes: &[u8]) -> Option<&[u8]> {
    let (&tag, rest) = bytes.split_first()?;
    let (kind, rest) = match tag {
        0xc0.. => {
            let after = match rest.first()? {
                0..=191 => 1,
                192..=223 => 2,
                255 => 5,
                _ => return None,
            };
            (tag & 0x3f, rest.get(after..)?)
        }
        0x80.. => (tag >> 2 & 0x0f, rest.get([1, 2, 4, 0][usize::from(tag & 3)]..)?),
        _ => return None,
    };
    (kind == SECRET_KEY).then_some(rest)
}

/// The byte after the public half says whether a passphrase protects the rest.
fn is_encrypted(packet: &[u8]) -> Option<bool> {
    // Version, time of creation, algorithm; version 6 counts the bytes of the public half.
    let (&version, rest) = packet.split_first()?;
    let (&algorithm, mut rest) = rest.get(4..)?.split_first()?;
    match version {
        5 | 6 => {
            let (len, after) = rest.split_first_chunk::<4>()?;
            rest = after.get(u32::from_be_bytes(*len) as usize..)?;
        }
        4 => rest = after_public(algorithm, rest)?,
        _ => return None,
    }
    Some(*rest.first()? != 0)
}

/// The bytes after the public half of a key of version 4.
fn after_public(algorithm: u8, mut rest: &[u8]) -> Option<&[u8]> {
    // RSA has two numbers, ElGamal three, DSA four; keys on a curve name it before a number, and
    // ECDH adds how it derives keys. Ed25519, X25519 and their like have a fixed length.
    let (curve, numbers) = match algorithm {
        1..=3 => (false, 2),
        16 | 20 => (false, 3),
        17 => (false, 4),
        18 | 19 | 22 => (true, 1),
        25 | 27 => return rest.get(32..),
        26 => return rest.get(56..),
        28 => return rest.get(57..),
        _ => return None,
    };
    if curve {
        rest = after_counted(rest)?;
    }
    for _ in 0..numbers {
        let (bits, after) = rest.split_first_chunk::<2>()?;
        rest = after.get(usize::from(u16::from_be_bytes(*bits)).div_ceil(8)..)?;
    }
    if algorithm == 18 { after_counted(rest) } else { Some(rest) }
}

/// The bytes after a field that begins with its length in one byte.
fn after_counted(rest: &[u8]) -> Option<&[u8]> {
    let (&len, rest) = rest.split_first()?;
    rest.get(usize::from(len)..)
}

/// The checksum of armor (RFC 4880, section 6.1).
pub(super) fn crc24(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x00b7_04ce, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte) << 16, |sum, _| {
            let sum = sum << 1;
            if sum & 0x0100_0000 == 0 { sum } else { sum ^ 0x0186_4cfb }
        })
    })
}
