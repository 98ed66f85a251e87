//! The structure of tokens: checksums, and facts that a token contains, read offline.
//!
//! This module is a pure grammar. It does not know how a token is found, and compares nothing with
//! a list of known tokens.

mod age;
mod azure;
mod checksum;
mod der;
mod discord;
mod json;
mod key;
mod macaroon;
mod make;
mod openpgp;
mod sas;
#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::rules::Facts;

pub use make::complete;

/// A form that proves itself: by a checksum, or by data that can be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenFormat {
    /// GitHub, npm: the last six characters are the CRC-32, in base62, of what follows the prefix.
    Crc32Base62,
    /// GitHub, fine-grained: the last eight characters are of SHA-256 over all before, in base32.
    GithubFineGrained,
    /// GitLab, routable: length and CRC-32, in base36.
    GitlabRoutable,
    /// Grafana: the last eight characters are the CRC-32, in hexadecimal digits, low byte first.
    Grafana,
    /// Cloudflare: the last eight characters are the CRC-32 of the forty before, in hexadecimal
    /// digits.
    Cloudflare,
    /// Atlassian: the last eight characters are the CRC-32 of all before, in hexadecimal digits.
    Atlassian,
    /// Azure: Marvin32 over the first bytes, with the seed of the service.
    AzureKey,
    /// Azure Storage: fields of an address that end in a signature.
    AzureSas,
    /// A macaroon in base64 that names its location.
    Macaroon,
    /// JSON in base64: JSON Web Tokens, and tokens that begin with their own description.
    JsonToken,
    /// A private key in PEM, or in the form of OpenSSH, OpenPGP, PuTTY or age.
    PrivateKey,
    /// Discord: a token or an address that contains the id of its bot or webhook.
    Discord,
}

impl TokenFormat {
    /// All formats, by the names that rules use.
    pub const ALL: [(&'static str, Self); 12] = [
        ("crc32-base62", Self::Crc32Base62),
        ("github-fine-grained", Self::GithubFineGrained),
        ("gitlab-routable", Self::GitlabRoutable),
        ("grafana", Self::Grafana),
        ("cloudflare", Self::Cloudflare),
        ("atlassian", Self::Atlassian),
        ("azure-key", Self::AzureKey),
        ("azure-sas", Self::AzureSas),
        ("macaroon", Self::Macaroon),
        ("json-token", Self::JsonToken),
        ("private-key", Self::PrivateKey),
        ("discord", Self::Discord),
    ];

    /// The format of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, format)| *format)
    }
}

/// The result of reading a text as a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// The text does not have the form: it is not a match.
    NotOne,
    /// The text has the form, but its checksum is wrong: it is made up, or a letter of it is wrong.
    MadeUp,
    /// The text is a token, which contains these facts.
    Read(Facts),
}

impl Reading {
    /// The reading of a checksum: right, wrong, or of another form.
    fn of_checksum(is_right: Option<bool>) -> Self {
        match is_right {
            None => Self::NotOne,
            Some(false) => Self::MadeUp,
            Some(true) => Self::Read(Facts::default()),
        }
    }

    /// The reading of a text whose form is known, by the facts in it.
    fn of_facts(facts: Option<Facts>) -> Self {
        facts.map_or(Self::MadeUp, Self::Read)
    }
}

/// Reads a text as a token of a format.
pub fn read(format: TokenFormat, token: &[u8]) -> Reading {
    match format {
        TokenFormat::Crc32Base62 => Reading::of_checksum(checksum::crc32_base62(token)),
        TokenFormat::GithubFineGrained => {
            Reading::of_checksum(checksum::github_fine_grained(token))
        }
        TokenFormat::GitlabRoutable => Reading::of_checksum(checksum::gitlab_routable(token)),
        TokenFormat::Grafana => Reading::of_checksum(checksum::grafana(token)),
        TokenFormat::Cloudflare => Reading::of_checksum(checksum::cloudflare(token)),
        TokenFormat::Atlassian => Reading::of_checksum(checksum::atlassian(token)),
        TokenFormat::AzureKey => azure_key(token),
        TokenFormat::AzureSas => sas::read(token),
        TokenFormat::Macaroon => Reading::of_facts(macaroon::read(token).map(|read| Facts {
            issuer: Some(read.location),
            expires: read.expires,
            ..Facts::default()
        })),
        TokenFormat::JsonToken => json::read(token),
        TokenFormat::PrivateKey => key::read(token),
        TokenFormat::Discord => Reading::of_facts(discord::read(token)),
    }
}

/// The one notation by which tokens are compared, if a token may be written in several.
pub fn plain(format: TokenFormat, token: &[u8]) -> Option<Vec<u8>> {
    match format {
        TokenFormat::PrivateKey => key::as_file(token),
        _ => None,
    }
}

/// The part of a token that documentation shows with other parts around it.
pub fn core(format: TokenFormat, token: &[u8]) -> Option<Vec<u8>> {
    match format {
        TokenFormat::AzureSas => sas::signature(token),
        _ => None,
    }
}

/// Entra's client secrets are the only keys of Azure with a `~`; the older ones have no checksum.
fn azure_key(token: &[u8]) -> Reading {
    if token.get(3..).is_some_and(|rest| rest.starts_with(b"7Q~")) {
        return Reading::Read(Facts::default());
    }
    Reading::of_checksum(azure::entra(token).or_else(|| azure::key(token)))
}

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Decodes base64 of either alphabet, with or without padding.
fn base64_of(text: &[u8]) -> Option<Vec<u8>> {
    let decoded = STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text));
    // Text that is not base64 is not what it seemed; the caller says so.
    decoded.ok()
}

/// A time in seconds as RFC 3339, if a year of four digits can express it.
fn rfc3339(seconds: i64) -> Option<String> {
    const LAST: i64 = 253_402_300_799;
    let seconds = (0..=LAST).contains(&seconds).then_some(seconds)?;
    let time = jiff::Timestamp::from_second(seconds).ok()?;
    Some(time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}
