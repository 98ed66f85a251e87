//! The secrets that are sent to STS, their order and their number: several for one id, halves of
//! different places, canaries, accounts left out, caps.

use std::time::Duration;

use keysweep::coverage::Ledger;
use keysweep::finding::{Confidence, Severity, Status};
use keysweep::verify::{VerifyOptions, preview, verify};

use crate::support::findings::{finding, key_id, near, pair, secret};
use crate::support::stub::{Stub, identity, wrong_secret};
use crate::verify::stub::{options, run};

#[test]
fn several_secrets_are_tried_one_by_one_until_one_fits() {
    let id = key_id("AKIA", 7);
    let mut found: Vec<_> = (0..4).map(|n| pair(&id, &secret(n), None)).collect();
    // The third answer is the first that fits: the pause spoiled the second secret's first try.
    let stub = Stub::start(|_, before| match before {
        0..=2 => wrong_secret(),
        _ => identity("aws"),
    });
    let spaced = VerifyOptions { spacing: Duration::from_millis(300), ..options(&stub) };
    run(&mut found, &spaced);
    let statuses: Vec<_> = found.iter().map(|finding| finding.verification.status).collect();
    let wrong = Status::WrongSecret;
    assert_eq!(statuses, [wrong, Status::Active, wrong, wrong]);
    assert_eq!(found[0].severity, Severity::Warning);
    let requests = stub.requests();
    assert_eq!(requests.len(), 4, "each secret twice, and none after the one that fits");
    for two in requests.windows(2) {
        assert!(two[1].at - two[0].at >= Duration::from_millis(300));
    }
}

#[test]
fn the_likeliest_secret_is_tried_first() {
    let id = key_id("AKIA", 7);
    let mut unsure = pair(&id, &secret(0), None);
    unsure.confidence = Confidence::Medium;
    let mut found = [unsure, pair(&id, &secret(1), None)];
    let stub = Stub::start(|_, _| identity("aws"));
    run(&mut found, &options(&stub));
    assert_eq!(found[0].verification.status, Status::WrongSecret);
    assert_eq!(found[1].verification.status, Status::Active);
    assert_eq!(stub.requests().len(), 1);
}

#[test]
fn caps_are_reported() {
    let id = key_id("AKIA", 7);
    let mut found: Vec<_> = (0..4).map(|n| pair(&id, &secret(n), None)).collect();
    found.push(pair(&key_id("AKIA", 8), &secret(9), None));
    let stub = Stub::start(|_, _| wrong_secret());
    let options = VerifyOptions { max_candidates: 2, max_requests: 4, ..options(&stub) };
    let ledger = Ledger::new();
    let summary = verify(&mut found, &options, &ledger, &mut |_| {});
    assert_eq!((summary.requests, stub.requests().len()), (4, 4));
    let coverage = ledger.coverage();
    let notes = coverage.notes.join("\n");
    assert!(notes.contains("limit of 4 requests"), "{notes}");
    let problems: Vec<&str> = coverage.problems.iter().map(|one| one.why.as_str()).collect();
    assert!(problems.iter().any(|why| why.contains("likeliest 2")), "{problems:?}");
    assert!(!coverage.complete);
    let last = &found[3].verification;
    assert_eq!(last.status, Status::Unknown);
    assert!(last.reason.as_deref().is_some_and(|why| why.contains("more than 2")));
}

#[test]
fn a_secret_that_is_proved_to_be_one_ids_own_is_not_tried_with_the_next() {
    let ids = [7, 8, 9].map(|number| key_id("AKIA", number));
    let lone = finding("aws-access-key-id", Some(&ids[2]), None, None);
    let mut found = [pair(&ids[0], &secret(0), None), pair(&ids[1], &secret(1), None), lone];
    let stub = Stub::start(|_, _| identity("aws"));
    run(&mut found, &options(&stub));
    assert_eq!(stub.requests().len(), 2);
    assert_eq!(found[2].verification.status, Status::NotChecked);
}

#[test]
fn the_search_for_an_ids_secret_has_an_end_that_is_reported() {
    let id = key_id("AKIA", 7);
    let mut found = vec![pair(&id, &secret(0), None)];
    let labelled = |n| finding("aws-secret-access-key", None, Some(&secret(n)), None);
    found.extend((1..20).map(labelled));
    let stub = Stub::start(|_, _| wrong_secret());
    let options = VerifyOptions { max_candidates: 3, ..options(&stub) };
    let ledger = Ledger::new();
    verify(&mut found, &options, &ledger, &mut |_| {});
    assert_eq!(found[0].verification.status, Status::WrongSecret);
    assert_eq!(stub.requests().len(), 6, "three secrets, each twice");
    let problems: Vec<String> = ledger.coverage().problems.into_iter().map(|one| one.why).collect();
    let why = "1 key id has more than 3 possible secrets: only the likeliest 3 were tried";
    assert_eq!(problems, [why]);

    // The first that fits ends it: then no limit is reported.
    let stub = Stub::start(|_, _| identity("aws"));
    let options = VerifyOptions { max_candidates: 3, ..crate::verify::stub::options(&stub) };
    let ledger = Ledger::new();
    verify(&mut found, &options, &ledger, &mut |_| {});
    let coverage = ledger.coverage();
    assert_eq!((coverage.notes.len(), coverage.problems.len()), (0, 0));
}

#[test]
fn halves_of_different_places_become_one_key() {
    let id = key_id("AKIA", 3);
    let mut lone = finding("aws-access-key-id", Some(&id), None, None);
    let other = finding("aws-secret-access-key", None, Some(&secret(1)), None);
    let right = finding("aws-secret-access-key", None, Some(&secret(2)), None);
    lone.possible_partners = vec![other.fingerprint.clone(), right.fingerprint.clone()];
    let stub = Stub::start(|_, before| if before < 2 { wrong_secret() } else { identity("aws") });
    let mut found = [lone, other, right];
    let summary = run(&mut found, &options(&stub));
    let [pair] = summary.pairs.as_slice() else { panic!("one pair: {summary:?}") };
    assert_eq!(pair.finding.credential.rule.as_str(), "aws-access-key");
    assert_eq!(pair.finding.credential.secret, found[2].credential.secret);
    assert_eq!(pair.finding.verification.status, Status::Active);
    assert_eq!(pair.finding.occurrences.len(), 2);
    let halves = [found[0].fingerprint.clone(), found[2].fingerprint.clone()];
    assert_eq!(pair.halves, halves);
    assert_eq!(found[1].verification.status, Status::NotChecked);
}

#[test]
fn canaries_and_accounts_left_out_are_never_sent() {
    let stub = Stub::start(|_, _| identity("aws"));
    // Accounts 171436882533 (a canary's), 123456789012 and 111122223333 as ids encode them.
    let bodies = ["SP2TPHJSQH3FJRUX", "RZPUZDIKAAAAAAAA", "RTX3GSDSQAAAAAAA"];
    let findings = || bodies.map(|body| pair(&format!("AKIA{body}"), &secret(1), None));
    let statuses = |options: &VerifyOptions| {
        let mut found = findings();
        run(&mut found, options);
        found.map(|finding| finding.verification.status)
    };
    let skip = VerifyOptions { skip_accounts: vec!["1234-5678-9012".into()], ..options(&stub) };
    assert_eq!(statuses(&skip), [Status::Canary, Status::Skipped, Status::Active]);
    let only = VerifyOptions { only_accounts: vec!["123456789012".into()], ..options(&stub) };
    assert_eq!(statuses(&only), [Status::Canary, Status::Active, Status::Skipped]);
    let mine = VerifyOptions { canary_accounts: vec!["111122223333".into()], ..options(&stub) };
    assert_eq!(statuses(&mine), [Status::Canary, Status::Active, Status::Canary]);
    assert_eq!(stub.requests().len(), 3);
}

#[test]
fn other_credentials_and_lone_ids_are_not_sent_nor_announced() {
    let stub = Stub::start(|_, _| identity("aws"));
    let mail = "B".repeat(44);
    let mut found = [
        finding("aws-access-key-id", Some(&key_id("AKIA", 1)), None, None),
        finding("aws-ses-smtp-password", Some(&key_id("AKIA", 2)), Some(&mail), None),
        finding("aws-secret-access-key", None, Some(&secret(1)), None),
    ];
    verify(&mut found, &options(&stub), &Ledger::new(), &mut |_| panic!("nothing to announce"));
    assert!(found.iter().all(|finding| finding.verification.status == Status::NotChecked));
    assert!(stub.requests().is_empty());
}

#[test]
fn a_dry_run_says_what_would_be_asked_of_whom_and_sends_nothing() {
    let id = key_id("AKIA", 7);
    let found = [
        pair(&id, &secret(1), None),
        pair(&id, &secret(2), None),
        near("aws-cn", pair(&key_id("AKIA", 8), &secret(3), None)),
        pair(&["AKIA", "SP2TPHJSQH3FJRUX"].concat(), &secret(4), None),
    ];
    let lines = |options: &VerifyOptions| {
        let reported = preview(&found, options).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert!(!reported.join("").contains("keysweep/test"), "a secret: {reported:?}");
        reported
    };
    let reported = lines(&VerifyOptions::default());
    assert_eq!(reported.len(), 3);
    assert_eq!(
        reported[0],
        format!(
            "{id}: would send GetCallerIdentity to https://sts.us-east-1.amazonaws.com (aws), \
             then https://sts.us-gov-west-1.amazonaws.com (aws-us-gov), with up to 4 secrets, one \
             after the other"
        )
    );
    assert!(reported[1].contains("to https://sts.cn-north-1.amazonaws.com.cn (aws-cn), then "));
    assert!(reported[2].contains("not sent, canary: "));
    let stub = Stub::start(|_, _| identity("aws"));
    assert!(lines(&options(&stub))[0].contains(&stub.url()));
    assert!(stub.requests().is_empty());
}
