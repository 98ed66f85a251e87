//! Completes tokens for the examples of rules, so that no file contains a token.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::{TokenFormat, age, azure, checksum};

/// The text with the checksum of the format at its end, for examples; `None` if the format has no
/// checksum, or the text is not the beginning of such a token.
///
/// Formats with a structure of their own make a token of random characters: a macaroon of
/// `<location> <characters>`, a private key of `<form> <characters>`.
pub fn complete(format: TokenFormat, text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let (sign, check) = match format {
        TokenFormat::Crc32Base62 => {
            let at = text.find('_')? + 1;
            ("", checksum::base62_check(&bytes[at..]))
        }
        TokenFormat::GithubFineGrained => ("", checksum::fine_grained_check(bytes)),
        TokenFormat::GitlabRoutable => ("", checksum::gitlab_check(bytes)),
        TokenFormat::Grafana => ("_", checksum::grafana_check(bytes)),
        TokenFormat::Cloudflare => {
            let at = text.find('_')? + 1;
            ("", checksum::cloudflare_check(&bytes[at..]))
        }
        TokenFormat::Atlassian => ("", checksum::atlassian_check(bytes)),
        TokenFormat::AzureKey => return azure::complete(text),
        TokenFormat::Macaroon => {
            let (location, random) = text.split_once(' ')?;
            return macaroon(location, random.as_bytes());
        }
        TokenFormat::PrivateKey => {
            let (form, random) = text.split_once(' ')?;
            return private_key(form, random);
        }
        TokenFormat::AzureSas | TokenFormat::JsonToken | TokenFormat::Discord => return None,
    };
    Some([text, sign, &String::from_utf8(check).ok()?].concat())
}

/// A token of PyPI without caveats; the last 32 characters become its signature.
fn macaroon(location: &str, random: &[u8]) -> Option<String> {
    let (id, signature) = random.split_at_checked(random.len().checked_sub(32)?)?;
    let mut bytes = vec![2];
    for (kind, value) in [(1, location.as_bytes()), (2, id)] {
        bytes.extend([kind, u8::try_from(value.len()).ok().filter(|len| *len < 0x80)?]);
        bytes.extend_from_slice(value);
    }
    bytes.extend([0, 0, 6, 32]);
    bytes.extend_from_slice(signature);
    Some(format!("pypi-{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// A private key with the structure of a form: `rsa`, `pkcs8`, `ec`, `encrypted`, `openssh`,
/// `openssh-encrypted` or `age`. Its numbers are random, so that it is of use to nobody.
fn private_key(form: &str, random: &str) -> Option<String> {
    let random = random.as_bytes();
    let (label, bytes) = match form {
        "rsa" => ("RSA PRIVATE KEY", rsa(random)),
        "pkcs8" => {
            let algorithm = element(0x30, &[element(0x06, &[RSA.to_vec()]), vec![5, 0]]);
            let parts = [vec![2, 1, 0], algorithm, element(0x04, &[rsa(random)])];
            ("PRIVATE KEY", element(0x30, &parts))
        }
        "ec" => {
            let curve = element(0xa0, &[element(0x06, &[P256.to_vec()])]);
            let point = [&[0, 4], random.get(32..96)?].concat();
            let public = element(0xa1, &[element(0x03, &[point])]);
            let private = element(0x04, &[random.get(..32)?.to_vec()]);
            ("EC PRIVATE KEY", element(0x30, &[vec![2, 1, 1], private, curve, public]))
        }
        "encrypted" => {
            let algorithm = element(0x30, &[element(0x06, &[PBES2.to_vec()]), vec![5, 0]]);
            let parts = [algorithm, element(0x04, &[random.to_vec()])];
            ("ENCRYPTED PRIVATE KEY", element(0x30, &parts))
        }
        "openssh" => ("OPENSSH PRIVATE KEY", openssh("none", random)?),
        "openssh-encrypted" => ("OPENSSH PRIVATE KEY", openssh("aes256-ctr", random)?),
        "age" => return Some(age::make(std::str::from_utf8(random).ok()?)),
        _ => return None,
    };
    let text = STANDARD.encode(bytes);
    let lines: Vec<&str> =
        (0..text.len()).step_by(64).map(|at| &text[at..text.len().min(at + 64)]).collect();
    Some(format!("-----BEGIN {label}-----\n{}\n-----END {label}-----", lines.join("\n")))
}

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

/// Nine numbers: a version, then modulus, exponents, primes and their remainders.
fn rsa(random: &[u8]) -> Vec<u8> {
    let half = &random[..random.len() / 2];
    let numbers = [&[0][..], random, &[1, 0, 1], random, half, half, half, half, half];
    let numbers: Vec<Vec<u8>> =
        numbers.iter().map(|number| element(0x02, &[number.to_vec()])).collect();
    element(0x30, &numbers)
}

/// An element of DER.
fn element(kind: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    let content = parts.concat();
    let len = content.len();
    let head = match len {
        0..0x80 => vec![kind, len as u8],
        _ => vec![kind, 0x82, (len >> 8) as u8, len as u8],
    };
    [head, content].concat()
}

/// An Ed25519 key of OpenSSH.
fn openssh(cipher: &str, random: &[u8]) -> Option<Vec<u8>> {
    let string = |value: &[u8]| [&(value.len() as u32).to_be_bytes()[..], value].concat();
    let derivation: &[u8] = if cipher == "none" { b"none" } else { b"bcrypt" };
    let public = [string(b"ssh-ed25519"), string(random.get(..32)?)].concat();
    let parts = [
        b"openssh-key-v1\0".to_vec(),
        string(cipher.as_bytes()),
        string(derivation),
        string(b""),
        vec![0, 0, 0, 1],
        string(&public),
        string(random),
    ];
    Some(parts.concat())
}
