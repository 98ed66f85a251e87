//! Facts that service credentials contain: user, account, key id and expiry, read offline.
//!
//! This module is a pure grammar. It does not know how a credential is found.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::KeyId;

/// Beginning of a long-term key of Amazon Bedrock.
pub const LONG_TERM_PREFIX: &[u8] = b"ABSK";
/// Beginning of a short-term key of Amazon Bedrock.
pub const SHORT_TERM_PREFIX: &[u8] = b"bedrock-api-key-";

/// Longest validity of a presigned request: seven days (SigV4, `X-Amz-Expires`).
const LONGEST_EXPIRY: i64 = 7 * 24 * 3600;

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Letters of a date such as `20260301T101500Z`.
const DATE: usize = 16;

/// The IAM user of a service-specific credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceUser {
    /// IAM user name.
    pub user: String,
    /// Twelve-digit account number.
    pub account: String,
}

/// The facts of a presigned request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presigned {
    /// The id of the key that signed it.
    pub key_id: KeyId,
    /// Time of signing, as RFC 3339 in UTC.
    pub signed: String,
    /// End of validity according to its own statement, as RFC 3339 in UTC.
    pub expires: String,
}

/// Reads `ABSK` and the base64 of `<user>-at-<account>:<secret>`, with or without padding.
pub fn long_term(text: &[u8]) -> Option<ServiceUser> {
    let decoded = decode(text.strip_prefix(LONG_TERM_PREFIX)?)?;
    let colon = memchr::memchr(b':', &decoded)?;
    let has_secret = decoded.len() > colon + 1;
    service_user(&decoded[..colon]).filter(|_| has_secret)
}

/// Reads `bedrock-api-key-` and the base64 of a presigned request.
pub fn short_term(text: &[u8]) -> Option<Presigned> {
    let decoded = decode(text.strip_prefix(SHORT_TERM_PREFIX)?)?;
    let request = std::str::from_utf8(&decoded).ok()?;
    let (_, query) = request.split_once('?')?;
    let field =
        |name: &str| query.split('&').find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
    // `<key id>/<day>/<Region>/bedrock/aws4_request`, with its slashes percent-encoded or not.
    let key_id = KeyId::parse(field("X-Amz-Credential")?.as_bytes().get(..super::KEY_ID_LEN)?)?;
    // The year has four digits and no sign; otherwise RFC 3339 can't represent it.
    let date =
        field("X-Amz-Date").filter(|date| date.len() == DATE && !date.starts_with(['-', '+']))?;
    let date = DateTime::strptime("%Y%m%dT%H%M%SZ", date).ok()?;
    let signed = date.to_zoned(TimeZone::UTC).ok()?.timestamp();
    let valid: i64 = field("X-Amz-Expires")?.parse().ok()?;
    let valid = SignedDuration::from_secs(valid.clamp(0, LONGEST_EXPIRY));
    let expires = signed.checked_add(valid).ok()?;
    Some(Presigned { key_id, signed: rfc3339(signed), expires: rfc3339(expires) })
}

/// Reads `<user>-at-<account>`, the user name of a service-specific credential.
///
/// IAM User Guide, "IAM and AWS STS quotas": a user name has 1 to 64 characters.
pub fn service_user(text: &[u8]) -> Option<ServiceUser> {
    let text = std::str::from_utf8(text).ok()?;
    let (user, account) = text.rsplit_once("-at-")?;
    let names = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte);
    let is_user = (1..=64).contains(&user.len()) && user.bytes().all(names);
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    (is_user && is_account)
        .then(|| ServiceUser { user: user.to_owned(), account: account.to_owned() })
}

fn decode(text: &[u8]) -> Option<Vec<u8>> {
    STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok()
}

fn rfc3339(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(prefix: &[u8], text: &str) -> Vec<u8> {
        [prefix, STANDARD.encode(text).as_bytes()].concat()
    }

    #[test]
    fn a_long_term_key_names_user_and_account() {
        let text = key(LONG_TERM_PREFIX, "BedrockAPIKey-x1-at-123456789012:c2VjcmV0");
        let user = long_term(&text).expect("a long-term key");
        assert_eq!(
            (user.user.as_str(), user.account.as_str()),
            ("BedrockAPIKey-x1", "123456789012")
        );
        let unpadded: Vec<u8> = text.iter().copied().filter(|&byte| byte != b'=').collect();
        assert_eq!(long_term(&unpadded), Some(user));
        assert_eq!(long_term(&key(LONG_TERM_PREFIX, "alice-at-123456789012:")), None);
        assert_eq!(long_term(&key(LONG_TERM_PREFIX, "alice-at-12345:c2VjcmV0")), None);
        assert_eq!(long_term(b"ABSK****"), None);
    }

    fn request(date: &str, valid: &str, id: &str) -> Vec<u8> {
        let text = format!(
            "bedrock.amazonaws.com/?Action=CallWithBearerToken&X-Amz-Credential={id}%2F20280229%2F\
             us-east-1%2Fbedrock%2Faws4_request&X-Amz-Date={date}&X-Amz-Expires={valid}"
        );
        key(SHORT_TERM_PREFIX, &text)
    }

    #[test]
    fn a_short_term_key_names_key_id_and_expiry() {
        let id = ["ASIA", "QNZGKIQY56JQ7WML"].concat();
        let read = short_term(&request("20280229T131500Z", "43200", &id)).expect("a key");
        assert_eq!(read.key_id.as_str(), id);
        assert_eq!(read.signed, "2028-02-29T13:15:00Z");
        assert_eq!(read.expires, "2028-03-01T01:15:00Z");
    }

    #[test]
    fn a_request_that_is_none_is_refused() {
        let id = ["ASIA", "QNZGKIQY56JQ7WML"].concat();
        for (date, valid, id) in [
            ("20270229T131500Z", "43200", id.as_str()),
            ("20280229T131500Z", "soon", &id),
            ("20280229T131500Z", "43200", "ASIA"),
            ("", "43200", &id),
        ] {
            assert_eq!(short_term(&request(date, valid, id)), None, "{date} {valid} {id}");
        }
        let endless = short_term(&request("20280229T131500Z", "9223372036854775807", &id));
        assert_eq!(endless.map(|read| read.expires), Some("2028-03-07T13:15:00Z".to_owned()));
    }

    #[test]
    fn the_user_is_all_before_the_last_at() {
        let user = service_user(b"look-at-me-at-123456789012").expect("a service user");
        assert_eq!(user.user, "look-at-me");
        assert_eq!(service_user(b"-at-123456789012"), None);
        assert_eq!(service_user(b"a b-at-123456789012"), None);
    }
}
