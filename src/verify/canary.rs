//! Which accounts issue canary keys, from `patterns/canary-accounts.toml`.
//!
//! Private canaries and ids of the older generation, which encode no account, can't be told.

use std::sync::LazyLock;

use serde::Deserialize;

#[derive(Deserialize)]
struct List {
    operator: Vec<Operator>,
}

#[derive(Deserialize)]
struct Operator {
    name: String,
    accounts: Vec<String>,
}

static LIST: LazyLock<List> = LazyLock::new(|| {
    toml::from_str(include_str!("../../patterns/canary-accounts.toml"))
        .expect("the embedded list is read by a test")
});

/// Who sets canaries from `account`, twelve digits; `None` if nobody is known to.
pub(super) fn operator(account: &str) -> Option<&'static str> {
    LIST.operator
        .iter()
        .find(|operator| operator.accounts.iter().any(|known| known == account))
        .map(|operator| operator.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_account_of_the_list_has_twelve_digits_and_stands_once() {
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
