//! Every built-in rule finds its own positive examples and none of its negative ones, with the
//! detector as it ships.

use keysweep::detect::Engine;
use keysweep::finding::Candidate;
use keysweep::rules::template::Filler;
use keysweep::rules::{Packs, RuleSet, builtin_examples};
use keysweep::scan::Detector as _;

use crate::support::seed;

#[test]
fn every_rule_finds_its_examples_and_nothing_else() {
    let engine = Engine::new(&RuleSet { packs: Packs::all(), ..RuleSet::builtin() });
    let mut filler = Filler::new(seed());
    for examples in builtin_examples() {
        let rule = examples.rule.as_str();
        assert!(!examples.negative.is_empty(), "{rule} has no negative example");
        for (templates, expected) in [(&examples.positive, true), (&examples.negative, false)] {
            for template in templates {
                let mut is_found = || {
                    let text = filler.fill(template).expect("a known placeholder");
                    let found = engine.whole(text.as_bytes()).candidates;
                    // A wrong checksum is reported with low confidence, as made up.
                    let is_one = |one: &&Candidate| !one.credential.details.made_up;
                    found.iter().filter(is_one).any(|one| one.credential.rule.as_str() == rule)
                };
                // One random secret in some thousands looks like a word: not twice in a row.
                let is_found = is_found() || expected && is_found();
                assert_eq!(is_found, expected, "{rule}: {template}");
            }
        }
    }
}

#[test]
fn service_credentials_contain_user_account_and_expiry() {
    let engine = Engine::new(&RuleSet::builtin());
    let mut filler = Filler::new(seed());
    let mut read = |rule: &str, template: &str| {
        let text = filler.fill(template).expect("a known placeholder");
        let found = engine.whole(text.as_bytes()).candidates;
        found.into_iter().map(|one| one.credential).find(|one| one.rule.as_str() == rule)
    };
    let long = read(
        "aws-bedrock-api-key",
        "k=ABSK{{base64-of:BedrockAPIKey-x1-at-210987654321:{{base64:44}}}}\n",
    )
    .expect("a long-term key");
    assert_eq!(long.user.as_deref(), Some("BedrockAPIKey-x1"));
    assert_eq!(long.account.as_deref(), Some("210987654321"));
    let short = read(
        "aws-bedrock-short-term-key",
        "k=bedrock-api-key-{{base64-of:bedrock.amazonaws.com/?X-Amz-Credential={{asia}}\
         %2F20260301&X-Amz-Date=20260301T101500Z&X-Amz-Expires=43200&Version=1}}\n",
    )
    .expect("a short-term key");
    assert_eq!(short.expires.as_deref(), Some("2026-03-01T22:15:00Z"));
    assert!(short.key_id.is_some_and(|id| id.starts_with("ASIA")));
    let service =
        read("aws-service-credential", "login = bob-at-210987654321\npassword = {{base64:43}}=\n")
            .expect("a service credential");
    assert_eq!(service.key_id.as_deref(), Some("bob-at-210987654321"));
    assert_eq!(service.user.as_deref(), Some("bob"));
}
