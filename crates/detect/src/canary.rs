//! The accounts that issue canary keys, from `patterns/canary-accounts.toml`.
//!
//! A canary is a key that was placed to be found: it gives access to nothing, and each use of it
//! shows its owner who used it. It is recognised offline by the account that a key id encodes.
//!
//! Private canaries, and ids of the older generation, which encode no account, can't be recognised.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::aws::KeyId;
use crate::finding::{Finding, Severity, Status, Verification};

#[derive(Deserialize)]
struct List {
    operator: Vec<Operator>,
}

#[derive(Deserialize)]
struct Operator {
    name: String,
    accounts: Vec<String>,
}

/// The verdict on a key whose id encodes such an account; `None` for any other.
pub fn verdict(id: &KeyId) -> Option<Verification> {
    let operator = operator(id.account()?.as_str())?;
    let reason = format!("its account belongs to {operator}; not sent");
    Some(Verification { status: Status::Canary, reason: Some(reason), ..Verification::default() })
}

/// Sets the verdict of all canaries among `findings`. They become notes, because there is nothing
/// to rotate.
pub fn decide(findings: &mut [Finding]) {
    for finding in findings {
        let id = finding.credential.key_id.as_deref();
        let id = id.and_then(|id| KeyId::parse(id.as_bytes()));
        if let Some(verdict) = id.as_ref().and_then(verdict) {
            finding.verification = verdict;
            finding.severity = Severity::Note;
        }
    }
}

static LIST: LazyLock<List> = LazyLock::new(|| {
    toml::from_str(keysweep_patterns::CANARY_ACCOUNTS).expect("the embedded list is read by a test")
});

/// The operator of canaries from `account`, twelve digits; `None` if no operator is known.
pub fn operator(account: &str) -> Option<&'static str> {
    LIST.operator
        .iter()
        .find(|operator| operator.accounts.iter().any(|known| known == account))
        .map(|operator| operator.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_account_of_the_list_has_twelve_digits_and_is_listed_once() {
        let mut all: Vec<_> = LIST.operator.iter().flat_map(|entry| &entry.accounts).collect();
        assert!(all.len() >= 26);
        assert!(all.iter().all(|a| a.len() == 12 && a.bytes().all(|digit| digit.is_ascii_digit())));
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn knows_a_canary_and_leaves_others_alone() {
        assert!(operator("171436882533").is_some_and(|name| name.contains("Thinkst")));
        assert_eq!(operator("123456789012"), None);
    }
}
