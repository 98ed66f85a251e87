//! Verdicts on answers that a real STS cannot be made to give, from a stub on loopback.

use std::time::{Duration, Instant};

use keysweep::coverage::Ledger;
use keysweep::finding::{Finding, Severity, Status, Verification};
use keysweep::verify::{Endpoint, Options, PartitionChoice, Summary, verify};

use crate::leaks::{finding, key_id, near, pair, secret};
use crate::stub::{self, Act, Stub, identity, not_known, refusal, wrong_secret};

fn options(stub: &Stub) -> Options {
    Options {
        endpoint: Some(Endpoint::parse(&stub.url()).expect("a loopback URL")),
        rate: 100.0,
        patience: Duration::from_secs(3),
        request_timeout: Duration::from_millis(800),
        spacing: Duration::from_millis(40),
        ..Options::default()
    }
}

fn run(findings: &mut [Finding], options: &Options) -> Summary {
    verify(findings, options, &Ledger::new(), &mut |_| {})
}

fn akia() -> Finding {
    pair(&key_id("AKIA", 1), &secret(1), None)
}

fn asia() -> Finding {
    pair(&key_id("ASIA", 1), &secret(1), Some("IQoJb3JpZ2luX2VjtokentokenTOKEN=="))
}

/// The verdict on `finding` when `script` answers.
fn verdict_on(
    mut finding: Finding,
    script: impl Fn(&stub::Request, usize) -> Act + Send + Sync + 'static,
) -> (Verification, Stub) {
    let stub = Stub::start(script);
    run(std::slice::from_mut(&mut finding), &options(&stub));
    (finding.verification, stub)
}

#[test]
fn an_identity_is_active_and_told_whole() {
    let stub = Stub::start(|_, _| identity("aws"));
    let mut found = akia();
    found.severity = Severity::Warning;
    let mut said = Vec::new();
    verify(std::slice::from_mut(&mut found), &options(&stub), &Ledger::new(), &mut |text| {
        said.push(text.to_owned());
    });
    let verdict = &found.verification;
    assert_eq!(verdict.status, Status::Active);
    assert_eq!(verdict.arn.as_deref(), Some("arn:aws:iam::123456789012:user/alice"));
    assert_eq!(verdict.account.as_deref(), Some("123456789012"));
    assert_eq!(verdict.user_id.as_deref(), Some("AIDAEXAMPLE"));
    assert_eq!(verdict.partitions, ["aws"]);
    assert_eq!(verdict.endpoint.as_deref(), Some(stub.url().as_str()));
    assert!(verdict.checked_at.as_deref().is_some_and(|at| at.len() == 20 && at.ends_with('Z')));
    assert_eq!(found.severity, Severity::Error);
    assert_eq!(said.len(), 1);
    assert!(said[0].contains("CloudTrail"));
}

#[test]
fn the_request_says_who_asks_and_is_signed_by_the_found_key() {
    let (_, stub) = verdict_on(asia(), |_, _| identity("aws"));
    let request = &stub.requests()[0];
    assert_eq!(request.scope(0), key_id("ASIA", 1));
    assert!(request.body.contains("Action=GetCallerIdentity"), "{request:?}");
    let agent = request.header("user-agent").expect("a user agent");
    assert!(agent.starts_with("keysweep/"), "{agent}");
    assert_eq!(request.header("x-amz-security-token"), Some("IQoJb3JpZ2luX2VjtokentokenTOKEN=="));
    let own = Options { user_agent: "incident 42".into(), ..options(&stub) };
    run(&mut [akia()], &own);
    assert_eq!(stub.requests()[1].header("user-agent"), Some("incident 42"));
    assert_eq!(stub.requests()[1].header("x-amz-security-token"), None);
}

#[test]
fn an_id_that_no_partition_knows_is_inactive() {
    let (verdict, stub) = verdict_on(akia(), |_, _| not_known());
    assert_eq!((verdict.status, verdict.reason), (Status::Inactive, None));
    assert_eq!(verdict.partitions, ["aws", "aws-us-gov"]);
    let regions: Vec<_> = stub.requests().iter().map(|r| r.scope(2).to_owned()).collect();
    assert_eq!(regions, ["us-east-1", "us-gov-west-1"]);
}

#[test]
fn a_rejected_temporary_key_is_unknown() {
    let (verdict, _) = verdict_on(asia(), |_, _| not_known());
    assert_eq!(verdict.status, Status::Unknown);
    assert!(verdict.reason.expect("a reason").contains("token"));
}

#[test]
fn a_temporary_key_without_its_token_is_not_sent() {
    let lone = pair(&key_id("ASIA", 1), &secret(1), None);
    let (verdict, stub) = verdict_on(lone, |_, _| identity("aws"));
    assert_eq!(verdict.status, Status::Unknown);
    assert!(verdict.reason.expect("a reason").contains("not sent"));
    assert!(stub.requests().is_empty());
}

#[test]
fn a_key_of_govcloud_is_found_behind_aws() {
    let (verdict, _) = verdict_on(akia(), |request, _| match request.scope(2) {
        "us-gov-west-1" => identity("aws-us-gov"),
        _ => not_known(),
    });
    assert_eq!(verdict.status, Status::Active);
    assert_eq!(verdict.partitions, ["aws", "aws-us-gov"]);
}

#[test]
fn a_key_of_china_is_asked_there_first_if_its_text_says_so() {
    let china = |request: &stub::Request, _| match request.scope(2) {
        "cn-north-1" => identity("aws-cn"),
        _ => not_known(),
    };
    let (verdict, stub) = verdict_on(near("aws-cn", akia()), china);
    assert_eq!((verdict.status, verdict.partitions.len()), (Status::Active, 1));
    assert_eq!(stub.requests().len(), 1);

    let (verdict, _) = verdict_on(akia(), china);
    assert_eq!(verdict.partitions, ["aws", "aws-us-gov"]);

    let stub = Stub::start(china);
    let all = Options { partition: PartitionChoice::All, ..options(&stub) };
    let mut found = akia();
    run(std::slice::from_mut(&mut found), &all);
    assert_eq!(found.verification.status, Status::Active);
    assert_eq!(found.verification.partitions, ["aws", "aws-us-gov", "aws-cn"]);
}

#[test]
fn no_key_is_dead_while_a_partition_gave_no_answer() {
    let (verdict, _) = verdict_on(akia(), |request, _| match request.scope(2) {
        "us-gov-west-1" => Act::Send(403, Vec::new(), "<html>blocked</html>".to_owned()),
        _ => not_known(),
    });
    assert_eq!(verdict.status, Status::Unknown);
    assert!(verdict.reason.expect("a reason").starts_with("aws-us-gov: "));
    let (verdict, _) = verdict_on(near("aws-iso", akia()), |_, _| not_known());
    assert_eq!(verdict.status, Status::Unknown);
}

#[test]
fn both_envelopes_are_read() {
    let moto = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ErrorResponse><Errors><Error>\
                <Code>ExpiredToken</Code><Message>x</Message></Error></Errors></ErrorResponse>";
    for act in [refusal("ExpiredToken", "over"), Act::Send(403, Vec::new(), moto.to_owned())] {
        let (verdict, _) = verdict_on(asia(), move |_, _| act.clone());
        assert_eq!(verdict.status, Status::Expired);
    }
}

#[test]
fn access_denied_proves_a_live_key() {
    let (verdict, _) = verdict_on(akia(), |_, _| refusal("AccessDenied", "explicit deny"));
    assert_eq!(verdict.status, Status::Active);
    assert_eq!(verdict.reason.as_deref(), Some("access-denied"));
}

#[test]
fn a_wrong_clock_is_set_by_the_answer_and_asked_once_more() {
    let messages = [
        ("Thu, 01 Jan 2015 12:00:00 GMT", "Signature not yet current: a is still later than b"),
        ("Fri, 01 Jan 2100 12:00:00 GMT", "Signature expired: a is now earlier than b"),
    ];
    for (date, message) in messages {
        let year = date[12..16].to_owned();
        let (verdict, stub) = verdict_on(akia(), move |request, _| {
            if request.scope(1).starts_with(&year) {
                return identity("aws");
            }
            let body = stub::envelope("SignatureDoesNotMatch", message);
            Act::Send(403, vec![format!("date: {date}")], body)
        });
        assert_eq!(verdict.status, Status::Active, "{date}");
        assert_eq!(stub.requests().len(), 2);
    }
    // A server whose own clock runs away is asked no third time, and nothing is proved.
    let (verdict, stub) = verdict_on(akia(), |_, _| {
        let body = stub::envelope("SignatureDoesNotMatch", "Signature expired: a is now …");
        Act::Send(403, vec!["date: Thu, 01 Jan 2015 00:00:00 GMT".to_owned()], body)
    });
    assert_eq!(verdict.status, Status::Unknown);
    assert_eq!(stub.requests().len(), 4, "two a partition");
}

#[test]
fn a_busy_or_failing_server_is_asked_again() {
    let busy = Act::Send(400, Vec::new(), stub::envelope("Throttling", "Rate exceeded"));
    for act in [busy, Act::Send(503, Vec::new(), String::new())] {
        let (verdict, stub) = verdict_on(akia(), move |_, before| match before {
            0 => act.clone(),
            _ => identity("aws"),
        });
        assert_eq!(verdict.status, Status::Active);
        assert_eq!(stub.requests().len(), 2);
    }
}

#[test]
fn what_is_not_an_answer_of_sts_proves_nothing_within_the_deadline() {
    let page = || "<html><body>403 Forbidden</body></html>".to_owned();
    let unknown = || stub::envelope("InvalidClientTokenId", "invalid");
    let elsewhere = vec!["location: https://sts.example.com/".to_owned()];
    let acts = [
        ("a proxy's 403", Act::Send(403, Vec::new(), page())),
        ("a proxy's 407", Act::Send(407, Vec::new(), page())),
        ("a 200 that is not STS", Act::Send(200, Vec::new(), page())),
        ("an empty 200", Act::Send(200, Vec::new(), String::new())),
        ("a 200 with a refusal", Act::Send(200, Vec::new(), unknown())),
        ("a redirect", Act::Send(302, elsewhere, unknown())),
        ("a failing server", Act::Send(500, Vec::new(), unknown())),
        ("a hang", Act::Hang),
        ("a cut answer", Act::Cut(403, unknown())),
        ("a cut identity", Act::Cut(200, "<GetCallerIdentityResponse>".to_owned())),
        ("half a document", Act::Send(403, Vec::new(), unknown()[..150].to_owned())),
        ("another code", refusal("RegionDisabledException", "STS is not activated")),
        ("another signature fault", refusal("SignatureDoesNotMatch", "Credential should be …")),
    ];
    for (what, act) in acts {
        let began = Instant::now();
        let (verdict, stub) = verdict_on(akia(), move |_, _| act.clone());
        assert_eq!(verdict.status, Status::Unknown, "{what}");
        assert!(verdict.reason.as_deref().is_some_and(|why| why.len() > 10), "{what}");
        assert_eq!(verdict.arn, None);
        assert!(!stub.requests().is_empty());
        // Twice the patience for two partitions, and as much again for a busy machine.
        assert!(began.elapsed() < Duration::from_secs(15), "{what}");
    }
}

#[test]
fn nobody_at_the_endpoint_is_unknown() {
    let stub = Stub::start(|_, _| identity("aws"));
    let mut found = akia();
    let closed = Endpoint::parse("http://127.0.0.1:1").expect("a URL");
    let options = Options { endpoint: Some(closed), ..options(&stub) };
    run(std::slice::from_mut(&mut found), &options);
    assert_eq!(found.verification.status, Status::Unknown);
    assert_eq!(found.severity, Severity::Error);
}

#[test]
fn an_endpoint_that_never_answers_is_given_up_for_the_rest() {
    let stub = Stub::start(|_, _| Act::Hang);
    let mut found: Vec<_> = (0..40).map(|n| pair(&key_id("AKIA", n), &secret(n), None)).collect();
    let options = Options { concurrency: 1, ..options(&stub) };
    run(&mut found, &options);
    assert!(found.iter().all(|finding| finding.verification.status == Status::Unknown));
    assert!(stub.requests().len() <= 10, "{}", stub.requests().len());
}

#[test]
fn several_secrets_are_tried_one_by_one_until_one_fits() {
    let id = key_id("AKIA", 7);
    let mut found: Vec<_> = (0..4).map(|n| pair(&id, &secret(n), None)).collect();
    // The third answer is the first that fits: the pause spoiled the second secret's first try.
    let stub = Stub::start(|_, before| match before {
        0..=2 => wrong_secret(),
        _ => identity("aws"),
    });
    let spaced = Options { spacing: Duration::from_millis(300), ..options(&stub) };
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
fn the_surest_secret_is_tried_first() {
    let id = key_id("AKIA", 7);
    let mut unsure = pair(&id, &secret(0), None);
    unsure.confidence = keysweep::finding::Confidence::Medium;
    let mut found = [unsure, pair(&id, &secret(1), None)];
    let stub = Stub::start(|_, _| identity("aws"));
    run(&mut found, &options(&stub));
    assert_eq!(found[0].verification.status, Status::WrongSecret);
    assert_eq!(found[1].verification.status, Status::Active);
    assert_eq!(stub.requests().len(), 1);
}

#[test]
fn caps_are_told() {
    let id = key_id("AKIA", 7);
    let mut found: Vec<_> = (0..4).map(|n| pair(&id, &secret(n), None)).collect();
    found.push(pair(&key_id("AKIA", 8), &secret(9), None));
    let stub = Stub::start(|_, _| wrong_secret());
    let options = Options { max_candidates: 2, max_requests: 4, ..options(&stub) };
    let ledger = Ledger::new();
    let summary = verify(&mut found, &options, &ledger, &mut |_| {});
    assert_eq!((summary.requests, stub.requests().len()), (4, 4));
    let notes = ledger.coverage().notes.join("\n");
    assert!(notes.contains("limit of 4 requests") && notes.contains("likeliest 2"), "{notes}");
    let last = &found[3].verification;
    assert_eq!(last.status, Status::Unknown);
    assert!(last.reason.as_deref().is_some_and(|why| why.contains("more than 2")));
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
    let statuses = |options: &Options| {
        let mut found = findings();
        run(&mut found, options);
        found.map(|finding| finding.verification.status)
    };
    let skip = Options { skip_accounts: vec!["1234-5678-9012".into()], ..options(&stub) };
    assert_eq!(statuses(&skip), [Status::Canary, Status::Skipped, Status::Active]);
    let only = Options { only_accounts: vec!["123456789012".into()], ..options(&stub) };
    assert_eq!(statuses(&only), [Status::Canary, Status::Active, Status::Skipped]);
    let mine = Options { canary_accounts: vec!["111122223333".into()], ..options(&stub) };
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
fn a_run_ends_when_its_time_is_over() {
    let stub = Stub::start(|_, _| Act::Hang);
    let began = Instant::now();
    let options = Options {
        until: Some(began + Duration::from_millis(200)),
        request_timeout: Duration::from_secs(30),
        ..options(&stub)
    };
    let mut found = akia();
    run(std::slice::from_mut(&mut found), &options);
    assert_eq!(found.verification.status, Status::Unknown);
    assert!(began.elapsed() < Duration::from_secs(15));
}
