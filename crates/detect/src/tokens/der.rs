//! Private keys in DER (X.690): PKCS #1, PKCS #8, SEC 1 and OpenSSL's form of DSA keys.

use super::Facts;
use super::key::fingerprint;

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTETS: u8 = 0x04;
const OBJECT_ID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
/// The optional fields of an EC key: its curve, its public half.
const CURVE: u8 = 0xa0;
const PUBLIC: u8 = 0xa1;

/// 1.2.840.113549.1.1.1: RSA.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// 1.2.840.10045.2.1: keys on elliptic curves.
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// 1.2.840.113549.1.5 and 1.2.840.113549.1.12.1: encryption with a password (PKCS #5, PKCS #12).
const WITH_PASSWORD: [&[u8]; 2] = [
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05],
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01],
];
/// Curves, by the names that SSH gives them.
const CURVES: [(&str, &[u8]); 3] = [
    ("nistp256", &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]),
    ("nistp384", &[0x2b, 0x81, 0x04, 0x00, 0x22]),
    ("nistp521", &[0x2b, 0x81, 0x04, 0x00, 0x23]),
];

/// Reads a private key of any of the forms; `None` if the bytes are not a private key.
pub(super) fn key(bytes: &[u8]) -> Option<Facts> {
    let mut rest = bytes;
    let mut inner = take(&mut rest, SEQUENCE)?;
    if inner.first() == Some(&SEQUENCE) {
        return encrypted(inner);
    }
    let version = take(&mut inner, INTEGER)?;
    match (version, inner.first()?) {
        ([0 | 1], &SEQUENCE) => pkcs8(inner),
        ([1], &OCTETS) => elliptic(inner, None),
        ([0 | 1], &INTEGER) => numbers(inner),
        _ => None,
    }
    .map(|public| Facts {
        encrypted: Some(false),
        fingerprint: public.map(|public| fingerprint(&public)),
        ..Facts::default()
    })
}

/// PKCS #8 with a password: an algorithm and octets.
fn encrypted(mut inner: &[u8]) -> Option<Facts> {
    let mut algorithm = take(&mut inner, SEQUENCE)?;
    let id = take(&mut algorithm, OBJECT_ID)?;
    take(&mut inner, OCTETS)?;
    let known = WITH_PASSWORD.iter().any(|prefix| id.starts_with(prefix));
    known.then(|| Facts { encrypted: Some(true), ..Facts::default() })
}

/// The public half of a key in PKCS #8, if it can be read from it.
fn pkcs8(mut inner: &[u8]) -> Option<Option<Vec<u8>>> {
    let mut algorithm = take(&mut inner, SEQUENCE)?;
    let id = take(&mut algorithm, OBJECT_ID)?;
    let mut private = take(&mut inner, OCTETS)?;
    if id == RSA {
        let mut numbers_of = take(&mut private, SEQUENCE)?;
        take(&mut numbers_of, INTEGER)?;
        return numbers(numbers_of);
    }
    if id == EC {
        let mut key = take(&mut private, SEQUENCE)?;
        take(&mut key, INTEGER)?;
        return elliptic(key, take(&mut algorithm, OBJECT_ID));
    }
    Some(None)
}

/// The public half of an RSA key (eight numbers) or a DSA key (five), as SSH writes it.
fn numbers(mut inner: &[u8]) -> Option<Option<Vec<u8>>> {
    let mut numbers = Vec::new();
    while inner.first() == Some(&INTEGER) {
        numbers.push(take(&mut inner, INTEGER)?);
    }
    // A key of 512 bits is the shortest that programs make.
    let is_long = |number: &&&[u8]| number.len() >= 64;
    match numbers.as_slice() {
        [n, e, _, _, _, _, _, _] => {
            Some(n).filter(is_long)?;
            Some(Some(joined(&[b"ssh-rsa", e, n])))
        }
        [p, q, g, y, _] => {
            Some(p).filter(is_long)?;
            Some(Some(joined(&[b"ssh-dss", p, q, g, y])))
        }
        _ => None,
    }
}

/// The public half of an EC key, whose curve is named in it or in PKCS #8.
fn elliptic(mut inner: &[u8], outer: Option<&[u8]>) -> Option<Option<Vec<u8>>> {
    take(&mut inner, OCTETS)?;
    let mut curve = outer;
    if inner.first() == Some(&CURVE) {
        let mut named = take(&mut inner, CURVE)?;
        curve = take(&mut named, OBJECT_ID).or(curve);
    }
    let public = (inner.first() == Some(&PUBLIC)).then(|| {
        let mut bits = take(&mut inner, PUBLIC)?;
        take(&mut bits, BIT_STRING)?.strip_prefix(&[0])
    });
    let named = CURVES.iter().find(|(_, id)| Some(*id) == curve);
    let public = named.zip(public.flatten()).map(|((name, _), point)| {
        joined(&[format!("ecdsa-sha2-{name}").as_bytes(), name.as_bytes(), point])
    });
    Some(public)
}

/// Strings in the form of SSH: a length of four bytes before each.
fn joined(parts: &[&[u8]]) -> Vec<u8> {
    let mut joined = Vec::new();
    for part in parts {
        joined.extend((part.len() as u32).to_be_bytes());
        joined.extend_from_slice(part);
    }
    joined
}

/// Takes the content of an element of a type.
fn take<'a>(rest: &mut &'a [u8], kind: u8) -> Option<&'a [u8]> {
    let (&first, after) = rest.strip_prefix(&[kind])?.split_first()?;
    let (len, after) = if first < 0x80 {
        (usize::from(first), after)
    } else {
        let (bytes, after) = after.split_at_checked(usize::from(first & 0x7f))?;
        if bytes.is_empty() || bytes.len() > 4 {
            return None;
        }
        (bytes.iter().fold(0, |len, &byte| len << 8 | usize::from(byte)), after)
    };
    let (content, after) = after.split_at_checked(len)?;
    *rest = after;
    Some(content)
}
