//! Verdicts of a real server that checks signatures.

use std::time::Duration;

use keysweep::coverage::Ledger;
use keysweep::finding::{Finding, Severity, Status};
use keysweep::verify::{Endpoint, VerifyOptions, verify};

use crate::support::findings::{finding, key_id, pair, secret};
use crate::support::moto::{Key, Moto};

fn options(moto: &Moto) -> VerifyOptions {
    VerifyOptions {
        endpoint: Some(Endpoint::parse(&moto.url()).expect("a loopback URL")),
        rate: 100.0,
        spacing: Duration::from_millis(20),
        ..VerifyOptions::default()
    }
}

fn leak(key: &Key) -> Finding {
    pair(&key.id, &key.secret, key.token.as_deref())
}

fn with_secret(key: &Key, secret: &str) -> Finding {
    pair(&key.id, secret, key.token.as_deref())
}

#[test]
fn every_kind_of_key() {
    let moto = Moto::start();
    let (good, wrong, deleted) =
        (moto.user_key("good"), moto.user_key("wrong"), moto.user_key("deleted"));
    let (several, apart) = (moto.user_key("several"), moto.user_key("apart"));
    let (session, other_session) = (moto.session_key("role"), moto.session_key("other"));
    moto.delete(&deleted);
    moto.check_signatures();

    let foreign_token = Key { token: other_session.token.clone(), ..session.clone() };
    let no_token = Key { token: None, ..other_session.clone() };
    let mut lone = finding("aws-access-key-id", Some(&apart.id), None, None);
    let half = finding("aws-secret-access-key", None, Some(&apart.secret), None);
    lone.possible_partners = vec![half.fingerprint.clone()];
    let ask = |mut found: Vec<Finding>| {
        let summary = verify(&mut found, &options(&moto), &Ledger::new(), &mut |_| {});
        (found, summary)
    };
    let (found, summary) = ask(vec![
        leak(&good),
        with_secret(&wrong, &secret(1)),
        leak(&deleted),
        leak(&session),
        leak(&no_token),
        pair(&key_id("AKIA", 99), &secret(1), None),
        with_secret(&several, &secret(1)),
        with_secret(&several, &secret(2)),
        leak(&several),
        lone,
        half,
    ]);
    let statuses: Vec<_> = found.iter().map(|found| found.verification.status).collect();
    assert_eq!(
        statuses,
        [
            Status::Active,
            Status::WrongSecret,
            Status::Inactive,
            Status::Active,
            Status::Unknown,
            Status::Inactive,
            Status::WrongSecret,
            Status::WrongSecret,
            Status::Active,
            Status::Active,
            Status::Active,
        ]
    );
    let verdict = &found[0].verification;
    assert_eq!(verdict.arn.as_deref(), Some("arn:aws:iam::123456789012:user/good"));
    assert_eq!(verdict.account.as_deref(), Some("123456789012"));
    assert!(found[3].verification.arn.as_deref().is_some_and(|arn| arn.contains("assumed-role")));
    assert_eq!(found[2].severity, Severity::Note);
    assert_eq!(found[2].verification.partitions, ["aws", "aws-us-gov"]);
    assert_eq!(summary.pairs.len(), 1);
    assert_eq!(summary.pairs[0].finding.fingerprint, leak(&apart).fingerprint);

    // The same id again, so in runs of their own.
    let (found, _) = ask(vec![leak(&foreign_token)]);
    assert_eq!(found[0].verification.status, Status::Unknown);
    let (found, _) = ask(vec![with_secret(&session, &secret(1))]);
    assert_eq!(found[0].verification.status, Status::WrongSecret);
}

#[test]
fn two_hundred_keys_cost_one_request_each() {
    let moto = Moto::start();
    let keys: Vec<_> = (0..200).map(|n| moto.user_key(&format!("user{n}"))).collect();
    moto.check_signatures();
    let before = moto.requests();
    let mut found: Vec<_> = keys.iter().map(leak).collect();
    let summary = verify(&mut found, &options(&moto), &Ledger::new(), &mut |_| {});
    for (found, key) in found.iter().zip(&keys) {
        let arn = format!("arn:aws:iam::123456789012:user/{}", key.user);
        assert_eq!(found.verification.arn, Some(arn), "{:?}", found.verification);
    }
    assert_eq!(summary.requests, 200);
    assert_eq!(moto.requests() - before, 200);
}
