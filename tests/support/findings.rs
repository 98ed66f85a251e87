//! Findings made up for tests of verification: keys that no scanner could take for real ones,
//! since they are composed when the test runs.

use keysweep::finding::{
    Confidence, Credential, Finding, Occurrence, Origin, RuleId, Severity, Sighting,
};
use keysweep::secret::Secret;

/// A key id of `prefix`, different for each `number`, of no account.
pub(crate) fn key_id(prefix: &str, number: usize) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    // An odd factor mixes the digits and keeps them different.
    let mixed = (number + 1).wrapping_mul(0x9e_3779_b97f);
    let digits = (0..8).rev().map(|place| alphabet[(mixed >> (5 * place)) & 31] as char);
    format!("{prefix}A2B3C4D5{}", digits.collect::<String>())
}

/// A secret of 40 characters, different for each `number`.
pub(crate) fn secret(number: usize) -> String {
    format!("{:+>40}", format!("keysweep/test/{number:06}/"))
}

/// The finding of a pair.
pub(crate) fn pair(id: &str, secret: &str, token: Option<&str>) -> Finding {
    let rule = if id.starts_with("ASIA") { "aws-temporary-key" } else { "aws-access-key" };
    finding(rule, Some(id), Some(secret), token)
}

/// A finding with one occurrence.
pub(crate) fn finding(
    rule: &str,
    id: Option<&str>,
    secret: Option<&str>,
    token: Option<&str>,
) -> Finding {
    let hidden = |text: &str| Secret::new(text.as_bytes().to_vec());
    let credential = Credential {
        rule: RuleId::new(rule),
        key_id: id.map(str::to_owned),
        secret: secret.map(hidden),
        session_token: token.map(hidden),
        account: None,
        user: None,
        expires: None,
    };
    let sighting = Sighting::default();
    let severity = if secret.is_some() { Severity::Error } else { Severity::Note };
    let place = Occurrence {
        origin: Origin { path: Some(b".env".to_vec()), ..Origin::default() },
        sighting,
        confidence: Confidence::High,
    };
    Finding::new(credential, severity, Confidence::High, vec![place])
}

/// The same finding in a text that names `partition`.
pub(crate) fn near(partition: &'static str, mut finding: Finding) -> Finding {
    for occurrence in &mut finding.occurrences {
        occurrence.sighting.partition = Some(partition);
    }
    finding
}
