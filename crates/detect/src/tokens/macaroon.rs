//! Tokens of PyPI: `pypi-` and the base64 of a macaroon.
//!
//! The form is version 2 of libmacaroons' binary format: fields of a type, a length and their bytes,
//! in sections that end in a zero. PEP 807's predecessor, PyPI's "API tokens", says what the caveats
//! mean: their first number is the kind, and 0 limits the time.

use super::{base64_of, rfc3339};

const LOCATION: u8 = 1;
const IDENTIFIER: u8 = 2;
const SIGNATURE: u8 = 6;
/// Bytes of a signature: HMAC-SHA-256.
const SIGNATURE_LEN: usize = 32;

/// The content of a macaroon.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Macaroon {
    /// The service that issued it: `pypi.org`, `test.pypi.org`.
    pub location: String,
    /// The end of its validity, if a caveat sets one.
    pub expires: Option<String>,
}

/// Reads a token; `None` if its structure is not that of a macaroon.
pub(super) fn read(token: &[u8]) -> Option<Macaroon> {
    let bytes = base64_of(token.strip_prefix(b"pypi-")?)?;
    let mut rest = bytes.strip_prefix(&[2])?;
    let location = field(&mut rest, LOCATION)?;
    let location = String::from_utf8(location.to_vec()).ok()?;
    field(&mut rest, IDENTIFIER)?;
    let mut expires = None;
    loop {
        rest = rest.strip_prefix(&[0])?;
        // A section without fields ends the caveats.
        if rest.first() == Some(&0) {
            break;
        }
        if rest.first() == Some(&LOCATION) {
            field(&mut rest, LOCATION)?;
        }
        expires = expiry(field(&mut rest, IDENTIFIER)?).or(expires);
    }
    rest = rest.strip_prefix(&[0])?;
    let signature = field(&mut rest, SIGNATURE)?;
    let whole = rest.is_empty() && signature.len() == SIGNATURE_LEN;
    let known = location.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:".contains(&byte));
    (whole && known && !location.is_empty()).then_some(Macaroon { location, expires })
}

/// Takes a field of a type; its length is a number in groups of seven bits, the lowest first.
fn field<'a>(rest: &mut &'a [u8], kind: u8) -> Option<&'a [u8]> {
    let mut bytes = rest.strip_prefix(&[kind])?;
    let mut len = 0usize;
    for shift in [0, 7, 14] {
        let (&byte, after) = bytes.split_first()?;
        bytes = after;
        len |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            let (value, after) = bytes.split_at_checked(len)?;
            *rest = after;
            return Some(value);
        }
    }
    None
}

/// The end of validity in a caveat `[0, <not after>, <not before>]`.
fn expiry(caveat: &[u8]) -> Option<String> {
    let caveat: serde_json::Value = serde_json::from_slice(caveat).ok()?;
    let kind = caveat.get(0)?.as_u64()?;
    (kind == 0).then(|| rfc3339(caveat.get(1)?.as_i64()?)).flatten()
}
