//! Tokens that end in a CRC-32 or a hash of what precedes it.
//!
//! "Behind GitHub's new authentication token formats" (GitHub, 2021) describes the checksum of
//! GitHub and npm. Grafana's is in its source (`tokengen`), GitLab's in its documentation of
//! routable tokens. Cloudflare's, Atlassian's and Vercel's were found by computing them on published
//! tokens.

use flate2::Crc;
use sha2::{Digest as _, Sha256};

/// Digits of base 62, in the order of GitHub and npm.
pub(super) const BASE62: &[u8; 62] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE36: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Characters of the checksum of a GitHub or npm token.
const CHECK: usize = 6;
/// Characters of a GitHub fine-grained token before its checksum.
const FINE_GRAINED_BODY: usize = 77;
/// Characters of a GitHub fine-grained token.
const FINE_GRAINED: usize = 93;
/// Characters of a Cloudflare token between its prefix and its checksum.
const CLOUDFLARE_BODY: usize = 40;
/// Characters of a Grafana service account token before its checksum, without the `_`.
const GRAFANA_BODY: usize = 37;
/// Characters of the checksum of a routable GitLab token.
const GITLAB_CHECK: usize = 7;
/// Characters of the checksum of an Atlassian token.
const ATLASSIAN_CHECK: usize = 8;

/// True if the last six characters are the CRC-32, in base 62, of what is between them and the
/// prefix, which ends in `_`: GitHub's `ghp_` and its like, npm's `npm_`, Vercel's `vcp_`. `None` if
/// the text has another form.
pub(super) fn crc32_base62(token: &[u8]) -> Option<bool> {
    let body = &token[memchr::memchr(b'_', token)? + 1..];
    let at = body.len().checked_sub(CHECK).filter(|&at| at > 0)?;
    let (body, check) = body.split_at(at);
    let is_sign = |&byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    body.iter().all(is_sign).then(|| digits(crc32(body), BASE62, CHECK) == check)
}

/// True if the SHA-256 of the first 77 characters begins, in base 32, with the eight that follow:
/// GitHub's `github_pat_`.
pub(super) fn github_fine_grained(token: &[u8]) -> Option<bool> {
    let form = token.len() == FINE_GRAINED && token.starts_with(b"github_pat_");
    form.then(|| fine_grained_check(&token[..FINE_GRAINED_BODY]) == token[FINE_GRAINED_BODY..][..8])
}

/// The eight characters that follow the first 77 of a GitHub fine-grained token.
pub(super) fn fine_grained_check(body: &[u8]) -> Vec<u8> {
    let hash = Sha256::digest(body);
    let bits = hash.iter().take(5).fold(0u64, |bits, &byte| bits << 8 | u64::from(byte));
    (0..8).map(|at| BASE32[(bits >> (35 - 5 * at)) as usize & 31]).collect()
}

/// True if the last seven characters are the CRC-32, in base 36, of all that precedes: GitLab's
/// routable tokens. `None` if the text is not a routable token, but an older one without a
/// checksum.
pub(super) fn gitlab_routable(token: &[u8]) -> Option<bool> {
    let at = token.len().checked_sub(GITLAB_CHECK)?;
    let (body, check) = token.split_at(at);
    let dot = memchr::memrchr(b'.', body)?;
    // Two digits between the dot and the checksum: the length of what is before the first dot.
    let form = body.len() == dot + 3 && check.iter().all(|digit| BASE36.contains(digit));
    form.then(|| gitlab_check(body) == check)
}

/// The last seven characters of a routable GitLab token.
pub(super) fn gitlab_check(body: &[u8]) -> Vec<u8> {
    digits(crc32(body), BASE36, GITLAB_CHECK)
}

/// True if the eight hexadecimal digits after the last `_` are the CRC-32, its bytes in reverse,
/// of what is before: Grafana's `glsa_`.
pub(super) fn grafana(token: &[u8]) -> Option<bool> {
    let (body, check) = token.split_at_checked(GRAFANA_BODY)?;
    let check = check.strip_prefix(b"_")?;
    (check.len() == 8).then(|| check.eq_ignore_ascii_case(&grafana_check(body)))
}

/// The last eight characters of a Grafana service account token.
pub(super) fn grafana_check(body: &[u8]) -> Vec<u8> {
    hex(crc32(body).swap_bytes())
}

/// True if the last eight hexadecimal digits are the CRC-32 of the forty characters before:
/// Cloudflare's `cfut_`, `cfat_` and `cfk_`.
pub(super) fn cloudflare(token: &[u8]) -> Option<bool> {
    let body = &token[memchr::memchr(b'_', token)? + 1..];
    let (body, check) = body.split_at_checked(CLOUDFLARE_BODY)?;
    (check.len() == 8).then(|| check.eq_ignore_ascii_case(&cloudflare_check(body)))
}

/// The last eight characters of a Cloudflare token.
pub(super) fn cloudflare_check(body: &[u8]) -> Vec<u8> {
    hex(crc32(body))
}

/// True if the eight hexadecimal digits after the `=` are the CRC-32 of everything before them, including the `=`:
/// Atlassian's `ATATT3` and `ATCTT3`.
pub(super) fn atlassian(token: &[u8]) -> Option<bool> {
    let (body, check) = token.split_at_checked(token.len().checked_sub(ATLASSIAN_CHECK)?)?;
    body.ends_with(b"=").then(|| atlassian_check(body) == check)
}

/// The last eight characters of an Atlassian token.
pub(super) fn atlassian_check(body: &[u8]) -> Vec<u8> {
    hex(crc32(body)).to_ascii_uppercase()
}

/// The six characters that end a GitHub, npm or Vercel token.
pub(super) fn base62_check(body: &[u8]) -> Vec<u8> {
    digits(crc32(body), BASE62, CHECK)
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

fn hex(number: u32) -> Vec<u8> {
    format!("{number:08x}").into_bytes()
}

/// A number in the digits of `alphabet`, its highest first, filled up with zeros.
pub(super) fn digits(mut number: u32, alphabet: &[u8], len: usize) -> Vec<u8> {
    let base = alphabet.len() as u32;
    let mut digits = vec![alphabet[0]; len];
    for digit in digits.iter_mut().rev() {
        *digit = alphabet[(number % base) as usize];
        number /= base;
    }
    digits
}
