//! Tokens that contain JSON: JSON Web Tokens (RFC 7519), and those of Sentry, Grafana and 1Password.

use serde_json::Value;

use super::{Facts, Reading, base64_of, rfc3339};

/// Algorithms of signatures (RFC 7518, RFC 8037, RFC 8812, RFC 9864, and the names that NATS uses),
/// and the bytes of a signature where the algorithm determines them.
const ALGORITHMS: [(&str, &[usize]); 17] = [
    ("HS256", &[32]),
    ("HS384", &[48]),
    ("HS512", &[64]),
    ("RS256", RSA),
    ("RS384", RSA),
    ("RS512", RSA),
    ("PS256", RSA),
    ("PS384", RSA),
    ("PS512", RSA),
    ("ES256", &[64]),
    ("ES256K", &[64]),
    ("ES384", &[96]),
    ("ES512", &[132]),
    ("EdDSA", &[64, 114]),
    ("Ed25519", &[64]),
    ("ed25519", &[64]),
    ("ed25519-nkey", &[64]),
];
/// Bytes of RSA signatures.
const RSA: &[usize] = &[128, 192, 256, 384, 512, 1024];

/// The base64 of `{"k":"`, with which an older key of Grafana begins.
const GRAFANA_KEY: &[u8] = b"eyJrIjoi";

/// Reads a token by how it begins.
pub(super) fn read(token: &[u8]) -> Reading {
    let facts = match token {
        _ if token.starts_with(b"sntrys_") => sentry(token),
        _ if token.starts_with(b"ops_") => one_password(token),
        _ if token.starts_with(b"glc_") || token.starts_with(GRAFANA_KEY) => grafana(token),
        _ if token.starts_with(b"ghs_") => {
            return github_installation(token).unwrap_or(Reading::NotOne);
        }
        _ => return web_token(token),
    };
    Reading::of_facts(facts)
}

/// Reads `<header>.<claims>.<signature>`.
///
/// A text is not such a token if its header names no algorithm, or if it is not signed. One
/// whose signature can't have been made by that algorithm, or that is the example that everybody
/// copies (`John Doe`, RFC 7519's `joe`), is made up.
fn web_token(token: &[u8]) -> Reading {
    let parts: Vec<&[u8]> = token.split(|&byte| byte == b'.').collect();
    let &[header, claims, signature] = parts.as_slice() else { return Reading::NotOne };
    let (Some(header), Some(claims)) = (object(header), object(claims)) else {
        return Reading::NotOne;
    };
    let Some(algorithm) = header.get("alg").and_then(Value::as_str) else { return Reading::NotOne };
    let Some((_, lengths)) = ALGORITHMS.iter().find(|(name, _)| *name == algorithm) else {
        return Reading::NotOne;
    };
    let is_signature = base64_of(signature).is_some_and(|bytes| lengths.contains(&bytes.len()));
    if !is_signature || is_example(&claims) {
        return Reading::MadeUp;
    }
    Reading::Read(Facts {
        expires: time(&claims, "exp"),
        issuer: text(&claims, "iss"),
        ..Facts::default()
    })
}

/// True for the claims of the examples in RFC 7519 and at jwt.io.
fn is_example(claims: &Value) -> bool {
    let is = |name: &str, value: &str| claims.get(name).and_then(Value::as_str) == Some(value);
    is("name", "John Doe") || is("sub", "1234567890") || is("iss", "joe")
}

/// Reads GitHub's `ghs_<number>_<JSON Web Token>`, a token of an app's installation.
fn github_installation(token: &[u8]) -> Option<Reading> {
    let number = token.strip_prefix(b"ghs_")?;
    let end = memchr::memchr(b'_', number)?;
    let is_number = end > 0 && number[..end].iter().all(u8::is_ascii_digit);
    (is_number && memchr::memchr(b'.', number).is_some()).then(|| web_token(&number[end + 1..]))
}

/// Reads Sentry's `sntrys_<JSON>_<43 characters>`: the organization and its address.
fn sentry(token: &[u8]) -> Option<Facts> {
    let rest = token.strip_prefix(b"sntrys_")?;
    let at = memchr::memrchr(b'_', rest)?;
    let says = object(&rest[..at]).filter(|says| says.get("iat").is_some_and(Value::is_number))?;
    let issuer = text(&says, "region_url").or_else(|| text(&says, "url"))?;
    Some(Facts { account: text(&says, "org"), issuer: Some(issuer), ..Facts::default() })
}

/// Reads Grafana's `glc_<JSON>` (organization, name, key) and the older `<JSON>` (key, name, id).
fn grafana(token: &[u8]) -> Option<Facts> {
    let says = object(token.strip_prefix(b"glc_").unwrap_or(token))?;
    text(&says, "k").filter(|key| !key.is_empty())?;
    let account = text(&says, "o").or_else(|| {
        let id = says.get("id")?.as_u64()?;
        Some(format!("organization {id}"))
    });
    Some(Facts { account, ..Facts::default() })
}

/// Reads 1Password's `ops_<JSON>`: a service account, with its secret key.
fn one_password(token: &[u8]) -> Option<Facts> {
    let says = object(token.strip_prefix(b"ops_")?)?;
    text(&says, "secretKey").filter(|key| key.starts_with("A3-"))?;
    Some(Facts {
        account: text(&says, "email"),
        issuer: text(&says, "signInAddress"),
        ..Facts::default()
    })
}

/// Decodes base64 and parses a JSON object.
fn object(part: &[u8]) -> Option<Value> {
    let bytes = base64_of(part)?;
    serde_json::from_slice(&bytes).ok().filter(Value::is_object)
}

/// Maximum number of characters of a text that is shown in a report.
const LONGEST: usize = 200;

/// A text field without control characters.
fn text(of: &Value, name: &str) -> Option<String> {
    let text = of.get(name)?.as_str()?;
    let shown = text.chars().filter(|char| !char.is_control()).take(LONGEST).collect();
    Some(shown)
}

/// A time in seconds, which some issuers write with a fraction.
fn time(of: &Value, name: &str) -> Option<String> {
    let time = of.get(name)?;
    let seconds = time.as_i64().or_else(|| time.as_f64().map(|seconds| seconds as i64))?;
    rfc3339(seconds)
}
