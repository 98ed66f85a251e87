//! Shared access signatures of Azure Storage: the part of an address that grants access to a
//! container, a blob or an account, until it expires.
//!
//! "Create a service SAS" and "Create an account SAS" (Microsoft) name the fields.

use crate::escapes::hex_byte;

use super::{Facts, Reading, base64_of, rfc3339};

/// Bytes of a signature: HMAC-SHA-256.
const SIGNATURE: usize = 32;

/// Reads fields that end in the signature. Without a version it is another kind of address; a
/// signature of another length is made up.
pub(super) fn read(text: &[u8]) -> Reading {
    let (Some(_), Some(signature)) = (value(text, b"sv"), signature(text)) else {
        return Reading::NotOne;
    };
    if base64_of(&signature).is_none_or(|bytes| bytes.len() != SIGNATURE) {
        return Reading::MadeUp;
    }
    let expires = value(text, b"se").and_then(|text| time(&text));
    Reading::Read(Facts { expires, ..Facts::default() })
}

/// The signature, in base64.
pub(super) fn signature(text: &[u8]) -> Option<Vec<u8>> {
    value(text, b"sig")
}

/// The value of a field.
fn value(text: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let mut fields = text.split(|&byte| byte == b'&');
    fields.find_map(|field| field.strip_prefix(name)?.strip_prefix(b"=")).map(decoded)
}

/// A value without the escapes of an address; a `%` without digits remains.
fn decoded(value: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(value.len());
    let mut rest = value;
    while let [byte, after @ ..] = rest {
        let escaped = hex_byte(after).filter(|_| *byte == b'%');
        plain.push(escaped.unwrap_or(*byte));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    plain
}

/// A time that is written in full, without seconds, or as a date alone.
fn time(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?;
    let rest = match text.len() {
        10 => "T00:00:00Z",
        17 => ":00Z",
        _ => "",
    };
    let whole =
        [text.strip_suffix('Z').filter(|_| !rest.is_empty()).unwrap_or(text), rest].concat();
    // The end is unknown if the text is not a time.
    let time: jiff::Timestamp = whole.parse().ok()?;
    rfc3339(time.as_second())
}
