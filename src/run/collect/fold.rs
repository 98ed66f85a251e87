//! Assigns single halves to the pairs that contain them.

use std::collections::HashMap;

use crate::finding::{DigestedCredential, Finding, SecretDigest};
use crate::rules::id::{KEY_ID, SECRET, SESSION_TOKEN, SMTP_PASSWORD};

/// A single half of a pair.
#[derive(PartialEq, Eq, Hash)]
enum Half {
    Id(String),
    /// By digest.
    Secret(String),
    /// By digest.
    Token(String),
}

/// For each finding the index of the pair that it is a half of, if there is one. The findings are
/// in order of fingerprints.
///
/// A half of several pairs goes to the one of highest confidence, then to the least fingerprint.
/// The confidence of the pair does not change.
pub(super) fn homes<'f>(findings: impl Iterator<Item = &'f Finding> + Clone) -> Vec<Option<usize>> {
    let mut pairs: HashMap<Half, (usize, &Finding)> = HashMap::new();
    for (index, finding) in findings.clone().enumerate() {
        for half in halves_of_pair(&finding.credential) {
            let best = pairs.entry(half).or_insert((index, finding));
            if best.1.confidence < finding.confidence {
                *best = (index, finding);
            }
        }
    }
    let home = |finding: &Finding| {
        leftover(&finding.credential).and_then(|half| pairs.get(&half).map(|(index, _)| *index))
    };
    findings.map(home).collect()
}

fn halves_of_pair(credential: &DigestedCredential) -> Vec<Half> {
    let (Some(id), true) = (&credential.key_id, credential.secret.is_some()) else {
        return Vec::new();
    };
    let secret = digest(&credential.secret).map(Half::Secret);
    let token = digest(&credential.session_token).map(Half::Token);
    [Half::Id(id.clone())].into_iter().chain(secret).chain(token).collect()
}

fn leftover(credential: &DigestedCredential) -> Option<Half> {
    let secret = || digest(&credential.secret);
    match credential.rule.as_str() {
        KEY_ID => credential.key_id.clone().map(Half::Id),
        SECRET => secret().map(Half::Secret),
        SMTP_PASSWORD if credential.key_id.is_none() => secret().map(Half::Secret),
        SESSION_TOKEN => digest(&credential.session_token).or_else(secret).map(Half::Token),
        _ => None,
    }
}

fn digest(secret: &Option<SecretDigest>) -> Option<String> {
    secret.as_ref().and_then(SecretDigest::sha256).map(str::to_owned)
}
