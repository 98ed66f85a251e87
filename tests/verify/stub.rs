//! Verdicts on answers that a real STS cannot be made to give, from a stub on loopback.

use std::time::{Duration, Instant};

use keysweep::aws::KeyId;
use keysweep::coverage::Ledger;
use keysweep::finding::{Finding, Severity, Status, Verification};
use keysweep::verify::{Endpoint, PartitionChoice, Summary, VerifyOptions, verify};

use crate::support::findings::{key_id, near, pair, secret};
use crate::support::stub::{self, Act, Stub, identity, not_known, refusal};
use crate::support::{Keys, Project};

/// Impatient options that ask the stub.
pub(crate) fn options(stub: &Stub) -> VerifyOptions {
    VerifyOptions {
        endpoint: Some(Endpoint::parse(&stub.url()).expect("a loopback URL")),
        rate: 100.0,
        retry_time: Duration::from_secs(3),
        request_timeout: Duration::from_millis(800),
        spacing: Duration::from_millis(40),
        ..VerifyOptions::default()
    }
}

/// Verifies, and leaves what is said aside.
pub(crate) fn run(findings: &mut [Finding], options: &VerifyOptions) -> Summary {
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
fn an_identity_is_active_and_reported_whole() {
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
    let own = VerifyOptions { user_agent: "incident 42".into(), ..options(&stub) };
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
fn a_key_of_govcloud_is_found_after_aws() {
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
    let all = VerifyOptions { partition: PartitionChoice::All, ..options(&stub) };
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
        assert_eq!((verdict.status, verdict.is_unanswered), (Status::Unknown, true), "{what}");
        assert!(verdict.reason.as_deref().is_some_and(|why| why.len() > 10), "{what}");
        assert_eq!(verdict.arn, None);
        assert!(!stub.requests().is_empty());
        // Twice the patience for two partitions, and as much again for a busy machine.
        assert!(began.elapsed() < Duration::from_secs(15), "{what}");
    }
}

/// Whoever answers may not fill the memory, nor hold the run up: in every form in which a body may
/// come. What is compressed is never unpacked.
#[test]
fn an_answer_without_end_is_read_to_a_bound() {
    let unknown = stub::envelope("InvalidClientTokenId", "invalid");
    let chunk = [b"10000\r\n".to_vec(), vec![b' '; 0x1_0000], b"\r\n".to_vec()].concat();
    let length = |bytes: u64| format!("content-length: {bytes}");
    let gzip = || "content-encoding: gzip".to_owned();
    let forms = [
        (
            "to the end of the connection",
            vec!["connection: close".to_owned()],
            vec![b' '; 0x1_0000],
        ),
        ("in chunks", vec!["transfer-encoding: chunked".to_owned()], chunk.clone()),
        ("of a length", vec![length(1 << 40)], vec![b' '; 0x1_0000]),
        ("of documents", vec![length(1 << 40)], unknown.into_bytes()),
        ("compressed", vec![length(1 << 40), gzip()], b"\x1f\x8b\x08\0".repeat(1000)),
        ("compressed in chunks", vec!["transfer-encoding: chunked".to_owned(), gzip()], chunk),
    ];
    for (what, headers, part) in forms {
        for status in [200, 403, 500] {
            let act = Act::Endless(status, headers.clone(), part.clone());
            let (verdict, stub) = verdict_on(akia(), move |_, _| act.clone());
            assert_eq!(verdict.status, Status::Unknown, "{what} {status}");
            let why = verdict.reason.unwrap_or_default();
            assert!(why.contains("longer than 64 KiB"), "{what} {status}: {why}");
            // The buffers of the sockets on either side count as sent; two partitions were asked.
            assert!(stub.endless() < 2 * (16 << 20), "{what} {status}: {}", stub.endless());
        }
    }
    let long = format!("{}{}", " ".repeat(40 << 10), stub::envelope("InvalidClientTokenId", "…"));
    let (verdict, _) = verdict_on(akia(), move |_, _| Act::Send(403, Vec::new(), long.clone()));
    assert_eq!(verdict.status, Status::Inactive);
}

/// An answer about another key, or of somebody who knows no key, must not call this one live.
#[test]
fn an_answer_for_another_account_than_the_id_encodes_proves_nothing() {
    let body = |account: &str| {
        let Act::Send(status, headers, body) = identity("aws") else { unreachable!() };
        let body = body.replace("<Account>123456789012<", &format!("<Account>{account}<"));
        Act::Send(status, headers, body)
    };
    let found = pair(&Keys::new("another account").id(), &secret(1), None);
    let id = found.credential.key_id.clone().expect("an id");
    let account = KeyId::parse(id.as_bytes()).and_then(|id| id.account()).expect("an account");
    let (verdict, _) = verdict_on(found.clone(), move |_, _| body(&account));
    assert_eq!(verdict.status, Status::Active);
    let (verdict, stub) = verdict_on(found.clone(), move |_, _| body("210987654321"));
    assert_eq!((verdict.status, verdict.arn, verdict.account), (Status::Unknown, None, None));
    let why = verdict.reason.expect("a reason");
    assert!(why.contains("account 210987654321") && why.contains("encodes"), "{why}");
    assert_eq!(stub.requests().len(), 2, "another partition may know it");
    // One that contradicts hides none that does not.
    let (verdict, _) = verdict_on(found, move |request, _| match request.scope(2) {
        "us-gov-west-1" => identity("aws-us-gov"),
        _ => body("210987654321"),
    });
    assert_eq!(verdict.status, Status::Active);
    // An id of the older generation encodes none, but its ARN names one.
    let both = |account: &'static str| {
        let Act::Send(status, headers, body) = identity("aws") else { unreachable!() };
        Act::Send(status, headers, body.replace("123456789012", account))
    };
    assert_eq!(verdict_on(akia(), move |_, _| both("210987654321")).0.status, Status::Active);
    let (verdict, _) = verdict_on(akia(), move |_, _| body("210987654321"));
    assert_eq!((verdict.status, verdict.arn), (Status::Unknown, None));
    assert!(verdict.reason.is_some_and(|why| why.contains("ARN for account 123456789012")));
}

/// An answer for one account with the ARN of another.
fn two_accounts() -> Act {
    let Act::Send(status, headers, body) = identity("aws") else { unreachable!() };
    Act::Send(status, headers, body.replace("<Account>123456789012<", "<Account>210987654321<"))
}

/// Whoever is in the way of the requests must not make a gate green.
#[test]
fn a_key_without_an_answer_makes_the_run_incomplete() {
    let project = Project::new();
    let pair = Keys::new("no answer").pair();
    project.file("a.env", &pair.env);
    let page = || "<html>login</html>".to_owned();
    let elsewhere = vec!["location: https://sts.example.com/".to_owned()];
    let acts: [(&str, Act, i32); 7] = [
        ("a page", Act::Send(200, Vec::new(), page()), 3),
        ("a redirect", Act::Send(307, elsewhere, page()), 3),
        ("another service", Act::Send(404, Vec::new(), page()), 3),
        ("a cut answer", Act::Cut(200, page()), 3),
        ("two accounts", two_accounts(), 3),
        ("a refusal", not_known(), 0),
        ("a wrong secret", stub::wrong_secret(), 0),
    ];
    for (what, act, code) in acts {
        let stub = Stub::start(move |_, _| act.clone());
        let url = stub.url();
        for format in
            ["json", "text", "short", "sarif", "github", "markdown", "csv", "junit", "html"]
        {
            let asked = ["scan", "a.env", "--verify", "--fail-on", "active", "--sts-endpoint"];
            let asked = asked.iter().copied().chain([url.as_str(), "--format", format]);
            let ran = project.keysweep(asked).run().exits(code);
            let said = format!("{}{}", ran.stdout, ran.stderr);
            assert_eq!(said.contains("no answer of STS"), code == 3, "{what} {format}: {said}");
        }
    }
    // Nobody listens; findings decide the status where they are to; what is not asked is not missing.
    let nobody = ["--verify", "--sts-endpoint", "http://127.0.0.1:1"];
    for (more, code) in [
        (&["--fail-on", "active"][..], 3),
        (&["--fail-on", "never"], 3),
        (&[], 1),
        (&["--only-account", "111122223333", "--fail-on", "active"], 0),
    ] {
        let arguments = ["scan", "a.env"].iter().chain(&nobody).chain(more);
        project.keysweep(arguments).run().exits(code);
    }
}

/// The path of an endpoint may be a token.
#[test]
fn the_path_of_an_endpoint_is_shown_without_what_looks_random() {
    let stub = Stub::start(|_, _| not_known());
    let token = Keys::new("a path").secret().replace(['/', '+'], "x");
    for (path, shown) in [(token.as_str(), false), ("sts/eu", true)] {
        let endpoint = Endpoint::parse(&format!("{}/{path}", stub.url())).expect("a URL");
        let mut found = akia();
        let own = VerifyOptions { endpoint: Some(endpoint), ..options(&stub) };
        run(std::slice::from_mut(&mut found), &own);
        let shown_endpoint = found.verification.endpoint.expect("an endpoint");
        assert!(
            shown_endpoint.starts_with(&stub.url()) && shown_endpoint.contains(path) == shown,
            "{shown_endpoint}"
        );
    }
}

#[test]
fn a_connection_that_breaks_is_replaced_once() {
    let (verdict, stub) = verdict_on(akia(), |_, before| match before {
        0 => Act::Cut(403, "<Err".to_owned()),
        _ => identity("aws"),
    });
    assert_eq!(verdict.status, Status::Active);
    assert_eq!(stub.requests().len(), 2);
}

#[test]
fn connections_are_kept() {
    let stub = Stub::start(|_, _| identity("aws"));
    let mut found: Vec<_> = (0..40).map(|n| pair(&key_id("AKIA", n), &secret(n), None)).collect();
    run(&mut found, &options(&stub));
    assert_eq!(stub.requests().len(), 40);
    assert!(stub.connections() <= VerifyOptions::default().concurrency, "{}", stub.connections());
}

#[test]
fn an_endpoint_without_a_server_gives_unknown() {
    let stub = Stub::start(|_, _| identity("aws"));
    let mut found = akia();
    let closed = Endpoint::parse("http://127.0.0.1:1").expect("a URL");
    let options = VerifyOptions { endpoint: Some(closed), ..options(&stub) };
    run(std::slice::from_mut(&mut found), &options);
    assert_eq!(found.verification.status, Status::Unknown);
    assert_eq!(found.severity, Severity::Error);
}

#[test]
fn an_endpoint_that_never_answers_is_not_asked_again() {
    let stub = Stub::start(|_, _| Act::Hang);
    let mut found: Vec<_> = (0..40).map(|n| pair(&key_id("AKIA", n), &secret(n), None)).collect();
    let options = VerifyOptions { concurrency: 1, ..options(&stub) };
    run(&mut found, &options);
    assert!(found.iter().all(|finding| finding.verification.status == Status::Unknown));
    assert!(stub.requests().len() <= 10, "{}", stub.requests().len());
}

#[test]
fn a_run_ends_when_its_time_is_over() {
    let stub = Stub::start(|_, _| Act::Hang);
    let began = Instant::now();
    let options = VerifyOptions {
        until: Some(began + Duration::from_millis(200)),
        request_timeout: Duration::from_secs(30),
        ..options(&stub)
    };
    let mut found = akia();
    let ledger = Ledger::new();
    verify(std::slice::from_mut(&mut found), &options, &ledger, &mut |_| {});
    assert_eq!(found.verification.status, Status::Unknown);
    assert!(ledger.coverage().problems.iter().any(|problem| problem.why.contains("--timeout")));
    assert!(began.elapsed() < Duration::from_secs(15));
}
