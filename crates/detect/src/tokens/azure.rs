//! Keys of Azure that carry a mark at a fixed place and end in a checksum, Marvin32.
//!
//! Marks, places, lengths and seeds are those of Microsoft's `security-utilities`
//! (`IdentifiableMetadata.cs` and the patterns next to it); Marvin32 is described in its patent
//! US 20130262421 and in .NET's sources.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};

use super::base64_of;
use super::checksum::{BASE62, digits};

/// A kind of key: its mark and place, its length, the seeds of its checksums.
struct Kind {
    mark: &'static [u8],
    at: usize,
    len: usize,
    seeds: &'static [&'static [u8; 8]],
}

const fn kind(
    mark: &'static [u8; 4],
    at: usize,
    len: usize,
    seeds: &'static [&'static [u8; 8]],
) -> Kind {
    Kind { mark, at, len, seeds }
}

/// Send, listen and manage keys of Service Bus, Event Hubs and Relay.
const MESSAGING: &[&[u8; 8]] = &[b"Send0000", b"Listen00", b"Manage00"];

/// Keys of 64 bytes, then of 32, then those of other lengths.
const KINDS: [Kind; 13] = [
    kind(b"+ASt", 76, 88, &[b"Default0"]),
    kind(
        b"ACDb",
        76,
        88,
        &[
            b"MastRO00",
            b"MastRW00",
            b"SysAll00",
            b"Resour00",
            b"SystRO00",
            b"SystRW00",
            b"Encryp00",
        ],
    ),
    kind(b"+ABa", 76, 88, &[b"AbAcct00"]),
    kind(b"+AMC", 76, 88, &[b"Classic0"]),
    kind(b"APIM", 76, 88, &[b"Tenant00", b"IoTHub00", b"Gatewy00", b"GitKey00"]),
    kind(b"AIoT", 33, 44, &[b"IoTHub00", b"DpsKey00", b"Device00"]),
    kind(b"+ASb", 33, 44, MESSAGING),
    kind(b"+AEh", 33, 44, MESSAGING),
    kind(b"+ARm", 33, 44, MESSAGING),
    kind(REDIS, 33, 44, &[b"Access00"]),
    kind(b"AzFu", 44, 56, &[b"Functi00", b"System00", b"Master00"]),
    kind(b"AzSe", 42, 52, &[b"Query000", b"PAdmin00"]),
    kind(b"+ACR", 42, 52, &[b"ACRDflt0"]),
];

/// The mark of Azure Cache for Redis. Its keys have no `+` and `/`: `P` and `F` stand for them, also
/// in the checksum.
const REDIS: &[u8; 4] = b"AzCa";

/// The mark of common annotated security keys (Azure DevOps, OpenAI, Maps …), and its place.
const CASK: &[u8] = b"JQQJ9";
const CASK_AT: usize = 52;
/// Characters of such a key before its checksum.
const CASK_BODY: usize = 80;

/// Characters of an Entra client secret before its checksum.
const ENTRA_BODY: usize = 37;
/// Digits of the checksum of an Entra client secret.
const ENTRA: &[u8; 66] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ1234567890.-_~";

/// True if the checksum of a key is right; `None` if it has the form of no kind.
pub(super) fn key(token: &[u8]) -> Option<bool> {
    if matches!(token.len(), 84 | 88) && token[CASK_AT..].starts_with(CASK) {
        return cask(token);
    }
    let kind = KINDS.iter().find(|kind| {
        kind.len == token.len() && token.get(kind.at..).is_some_and(|t| t.starts_with(kind.mark))
    })?;
    let bytes = base64_of(token)?;
    let is_right = |bytes: &[u8]| {
        let (body, check) = bytes.split_at(bytes.len() - 4);
        kind.seeds.iter().any(|seed| marvin32(body, seed).to_le_bytes() == check)
    };
    if bytes.len() < 5 {
        return None;
    }
    if kind.mark == REDIS {
        return Some(redis(bytes).as_bytes() == token);
    }
    Some(is_right(&bytes))
}

/// A Redis key with the checksum of its first bytes.
fn redis(mut key: Vec<u8>) -> String {
    let at = key.len() - 4;
    let check = marvin32(&key[..at], b"Access00").to_le_bytes();
    key[at..].copy_from_slice(&check);
    STANDARD.encode(key).replace('+', "P").replace('/', "F")
}

/// The same for an annotated key of 84 or 88 characters.
fn cask(token: &[u8]) -> Option<bool> {
    let (body, check) = token.split_at_checked(CASK_BODY)?;
    let hash = marvin32(&base64_of(body)?, b"Default0").to_le_bytes();
    let check = check.strip_suffix(b"==").unwrap_or(check);
    let plain = STANDARD_NO_PAD.encode(hash);
    let short = STANDARD_NO_PAD.encode(&hash[..3]);
    let is_right = cask_check(hash).iter().any(|one| one.starts_with(check));
    Some(is_right || check == plain.as_bytes() || check == short.as_bytes())
}

/// The checksum in base 62: with zeros after it, as the generator writes it, or before it.
fn cask_check(hash: [u8; 4]) -> [Vec<u8>; 2] {
    let filled = digits(u32::from_be_bytes(hash), BASE62, 6);
    let zeros = filled.iter().take_while(|&&digit| digit == b'0').count();
    let mut after = filled[zeros..].to_vec();
    after.resize(6, b'0');
    [after, filled]
}

/// True if the last three characters of an Entra client secret with `8Q~` are the first of its
/// checksum. `None` for a secret with `7Q~`, which has none, and for any other text.
pub(super) fn entra(token: &[u8]) -> Option<bool> {
    let (body, check) = token.split_at_checked(ENTRA_BODY)?;
    let form = check.len() == 3 && body[3..].starts_with(b"8Q~");
    form.then(|| entra_check(body) == check)
}

/// The last three characters of an Entra client secret.
fn entra_check(body: &[u8]) -> Vec<u8> {
    let mut check = digits(marvin32(body, b"AadPwd00"), ENTRA, 6);
    check.truncate(3);
    check
}

/// The key that begins with `body`, which ends in its mark; `None` if that is the beginning of
/// none.
pub(super) fn complete(body: &str) -> Option<String> {
    let bytes = body.as_bytes();
    if bytes.len() == ENTRA_BODY && bytes[3..].starts_with(b"8Q~") {
        return Some(body.to_owned() + std::str::from_utf8(&entra_check(bytes)).ok()?);
    }
    if bytes.len() == CASK_BODY && bytes[CASK_AT..].starts_with(CASK) {
        let [check, _] = cask_check(marvin32(&base64_of(bytes)?, b"Default0").to_le_bytes());
        return Some(body.to_owned() + std::str::from_utf8(&check[..4]).ok()?);
    }
    let ends = |kind: &&Kind| bytes.len() == kind.at + 4 && bytes.ends_with(kind.mark);
    let kind = KINDS.iter().find(ends)?;
    // A key of Azure Search is one of many that happens to have no sign: the first letters vary.
    (0..BASE62.len() * BASE62.len()).find_map(|number| {
        let mut text = bytes.to_vec();
        text.extend(b"AAAAAA");
        if number > 0 {
            text[0] = BASE62[number % BASE62.len()];
            text[1] = BASE62[number / BASE62.len()];
        }
        let mut key = base64_of(&text)?;
        if kind.mark == REDIS {
            return Some(redis(key));
        }
        let at = key.len() - 4;
        let check = marvin32(&key[..at], kind.seeds[0]).to_le_bytes();
        key[at..].copy_from_slice(&check);
        let made = match kind.mark {
            b"AzFu" => URL_SAFE.encode(key),
            _ => STANDARD.encode(key),
        };
        let fits = kind.mark != b"AzSe" || made.bytes().all(|byte| byte.is_ascii_alphanumeric());
        fits.then_some(made)
    })
}

/// Marvin32 of `data`, its two halves joined by exclusive or.
pub(super) fn marvin32(data: &[u8], seed: &[u8; 8]) -> u32 {
    let seed = u64::from_be_bytes(*seed);
    let mut state = (seed as u32, (seed >> 32) as u32);
    let block = |(low, high): (u32, u32), word: u32| {
        let low = low.wrapping_add(word);
        let high = high ^ low;
        let low = low.rotate_left(20).wrapping_add(high);
        let high = high.rotate_left(9) ^ low;
        let low = low.rotate_left(27).wrapping_add(high);
        (low, high.rotate_left(19))
    };
    let words = data.chunks_exact(4);
    let rest = words.remainder();
    for word in words {
        state = block(state, u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
    }
    let mut last = [0; 4];
    last[..rest.len()].copy_from_slice(rest);
    last[rest.len()] = 0x80;
    state = block(state, u32::from_le_bytes(last));
    state = block(state, 0);
    state.0 ^ state.1
}
