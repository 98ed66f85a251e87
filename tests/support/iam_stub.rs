//! A stand-in for IAM with behaviour that no real server shows on demand: lost answers, throttling,
//! pages, clocks, new statuses.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use keysweep::act::{Context, Failure};
use keysweep::aws::KeyId;
use keysweep::command::deactivate::{Sessions, deactivate};
use keysweep::run::Status;
use keysweep_aws::{Client, Error, Iam, KeyStatus, NewStatus, Secret, Settings, SigningKey, Tag};

use crate::support::Keys;
use crate::support::act::{Played, Session};
use crate::support::moto::Key;
use crate::support::stub::{Act, Request, Stub, envelope, identity};

fn settings(url: &str) -> Settings {
    Settings {
        iam_endpoint: url.to_owned(),
        sts_endpoint: url.to_owned(),
        region: "us-east-1".to_owned(),
        user_agent: "test".to_owned(),
        connect_timeout: Duration::from_secs(2),
        request_timeout: Duration::from_millis(700),
        retry_time: Duration::from_secs(5),
        proxy: None,
        no_proxy: String::new(),
        roots: None,
    }
}

fn client(url: &str) -> Client {
    let pair = Keys::new("act stub").pair();
    let key = SigningKey::new(&pair.id, &Secret::new(pair.secret.into_bytes()), None);
    Client::new(settings(url), key, Arc::new(AtomicBool::new(false))).expect("a client")
}

fn parameter(request: &Request, name: &str) -> String {
    let pairs = request.body.split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(known, _)| *known == name).map(|(_, value)| value.to_owned()).collect()
}

/// An answer of IAM with this inside of its result.
fn answer(request: &Request, inner: &str) -> Act {
    let action = parameter(request, "Action");
    let body = format!(
        "<{action}Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><{action}Result>\
         {inner}</{action}Result><ResponseMetadata><RequestId>7a62c49f</RequestId>\
         </ResponseMetadata></{action}Response>"
    );
    Act::Send(200, Vec::new(), body)
}

fn refused(status: u16, code: &str) -> Act {
    Act::Send(status, Vec::new(), envelope(code, "because"))
}

#[test]
fn a_change_is_sent_once_whatever_happens() {
    type Change = fn(&dyn Iam) -> Result<(), Error>;
    type Expected = fn(&Error) -> bool;
    let changes: [(&str, Change); 6] = [
        ("CreateAccessKey", |iam| iam.create_access_key("bob").map(drop)),
        ("UpdateAccessKey", |iam| iam.update_access_key("bob", "A", NewStatus::Active).map(drop)),
        ("DeleteAccessKey", |iam| iam.delete_access_key("bob", "A").map(drop)),
        ("TagUser", |iam| iam.tag_user("bob", &Tag { key: "k".into(), value: "v".into() })),
        ("UntagUser", |iam| iam.untag_user("bob", "k")),
        ("PutUserPolicy", |iam| iam.put_user_policy("bob", "p", "{}")),
    ];
    let html = || "<html>x</html>".to_owned();
    let redirect = || vec!["location: http://127.0.0.1:9/".to_owned()];
    let cases: [(&str, Act, Expected); 11] = [
        ("hang", Act::Hang, |error| matches!(error, Error::OutcomeUnknown { .. })),
        ("cut", Act::Cut(200, html()), |error| matches!(error, Error::OutcomeUnknown { .. })),
        ("500", Act::Send(500, Vec::new(), html()), |error| {
            matches!(error, Error::OutcomeUnknown { .. })
        }),
        ("503", refused(503, "ServiceUnavailable"), |error| {
            matches!(error, Error::OutcomeUnknown { .. })
        }),
        ("html", Act::Send(200, Vec::new(), html()), |error| {
            matches!(error, Error::OutcomeUnknown { .. })
        }),
        ("403 html", Act::Send(403, Vec::new(), html()), |error| {
            matches!(error, Error::OutcomeUnknown { .. })
        }),
        ("redirect", Act::Send(307, redirect(), String::new()), |error| {
            matches!(error, Error::OutcomeUnknown { .. })
        }),
        ("throttled", refused(400, "Throttling"), |error| matches!(error, Error::Throttled { .. })),
        ("denied", refused(403, "AccessDenied"), |error| {
            matches!(error, Error::AccessDenied { .. })
        }),
        ("limit", refused(409, "LimitExceeded"), |error| {
            matches!(error, Error::LimitExceeded { .. })
        }),
        ("other", refused(409, "EntityTemporarilyUnmodifiable"), |error| {
            matches!(error, Error::Refused { .. })
        }),
    ];
    for (name, act, expected) in cases {
        let stub = Stub::start(move |_, _| act.clone());
        let client = client(&stub.url());
        for (operation, change) in changes {
            let error = change(&client).expect_err(name);
            assert!(expected(&error), "{name} {operation}: {error:?}");
            assert_eq!(error.operation(), operation);
            // Hanging is tried with one: each waits.
            if name == "hang" {
                break;
            }
        }
        let requests = stub.requests();
        let sent = if name == "hang" { 1 } else { changes.len() };
        assert_eq!(requests.len(), sent, "{name}");
        for request in &requests {
            assert_eq!(parameter(request, "UserName"), "bob", "{}", request.body);
        }
    }
    // Nothing left this machine: nothing is unknown.
    let error = client("http://127.0.0.1:9").delete_access_key("bob", "A").expect_err("nobody");
    assert!(matches!(error, Error::NoAnswer { .. }), "{error:?}");
}

#[test]
fn a_read_is_sent_again_while_aws_throttles_or_fails() {
    let denied = |error: &Error| matches!(error, Error::AccessDenied { .. });
    for (name, first, requests) in [
        ("throttled", refused(400, "Throttling"), 3),
        ("too many", Act::Send(429, Vec::new(), String::new()), 3),
        ("500", Act::Send(500, Vec::new(), "<html/>".to_owned()), 3),
        ("cut", Act::Cut(200, "<x>".to_owned()), 3),
        ("denied", refused(403, "AccessDenied"), 1),
    ] {
        let stub = Stub::start(move |request, before| match before {
            0 | 1 => first.clone(),
            _ => answer(request, "<GroupName/><Groups/>"),
        });
        let groups = client(&stub.url()).groups("bob");
        assert_eq!(stub.requests().len(), requests, "{name}");
        assert!(groups.is_ok() || groups.as_ref().is_err_and(denied), "{name}: {groups:?}");
    }
    // Patience has an end, and a key that is tried has none.
    let stub = Stub::start(|_, _| refused(400, "Throttling"));
    let settings = Settings { retry_time: Duration::from_millis(200), ..settings(&stub.url()) };
    let key = client(&stub.url()).key().clone();
    let tired = Client::new(settings, key, Arc::new(AtomicBool::new(false))).expect("a client");
    assert!(matches!(tired.groups("bob"), Err(Error::Throttled { .. })));
    let before = stub.requests().len();
    let pair = Keys::new("act tried").pair();
    let tried = tired.caller_with(&pair.id, &Secret::new(pair.secret.into_bytes()));
    assert!(matches!(tried, Err(Error::Throttled { .. })));
    assert_eq!(stub.requests().len(), before + 1);
    assert_eq!(stub.requests()[before].scope(0), pair.id);
}

#[test]
fn a_wrong_clock_is_set_by_the_answer() {
    let stub = Stub::start(|request, before| match before {
        0 => Act::Send(
            403,
            vec!["date: Fri, 01 Jan 2100 00:01:00 GMT".to_owned()],
            envelope("SignatureDoesNotMatch", "Signature expired: x is now earlier than y"),
        ),
        _ => answer(request, "<Groups/>"),
    });
    client(&stub.url()).groups("bob").expect("an answer");
    let requests = stub.requests();
    let date = requests[1].header("x-amz-date").expect("a date");
    assert!(requests.len() == 2 && date.starts_with("2100"), "{date}");
}

#[test]
fn pages_are_followed_to_their_end_and_not_beyond() {
    let user = |number: usize| {
        format!(
            "<member><UserName>u{number}</UserName><UserId>AIDA{number}</UserId>\
             <Arn>arn:aws:iam::1:user/u{number}</Arn></member>"
        )
    };
    let stub = Stub::start(move |request, _| {
        let page: usize =
            parameter(request, "Marker").trim_start_matches("m%2F").parse().unwrap_or(0);
        let users: String = (0..1000).map(|number| user(page * 1000 + number)).collect();
        let more = if page < 4 {
            format!("<IsTruncated>true</IsTruncated><Marker>m/{}</Marker>", page + 1)
        } else {
            "<IsTruncated>false</IsTruncated>".to_owned()
        };
        answer(request, &format!("<Users>{users}</Users>{more}"))
    });
    let mut names = Vec::new();
    let all = client(&stub.url()).users(&mut |page| {
        names.extend(page.into_iter().map(|user| user.name));
        true
    });
    all.expect("an end");
    assert_eq!((names.len(), names.last().map(String::as_str)), (5000, Some("u4999")));
    assert_eq!(stub.requests().len(), 5);

    let stub = Stub::start(|request, _| {
        answer(request, "<Users/><IsTruncated>true</IsTruncated><Marker>same</Marker>")
    });
    let error = client(&stub.url()).users(&mut |_| true).expect_err("no end");
    assert!(error.to_string().contains("no end"), "{error}");
    assert_eq!(stub.requests().len(), 2);
}

#[test]
fn an_answer_without_end_is_read_to_a_bound() {
    let stub = Stub::start(|_, _| Act::Endless(200, Vec::new(), vec![b'x'; 1 << 20]));
    let settings = Settings { request_timeout: Duration::from_secs(20), ..settings(&stub.url()) };
    let key = client(&stub.url()).key().clone();
    let client = Client::new(settings, key, Arc::new(AtomicBool::new(false))).expect("a client");
    let error = client.update_access_key("bob", "A", NewStatus::Inactive).expect_err("no end");
    assert!(matches!(error, Error::OutcomeUnknown { .. }), "{error:?}");
    assert!(stub.endless() < 64 << 20, "{}", stub.endless());
}

#[test]
fn an_interrupted_read_ends_and_a_change_does_not() {
    let stub = Stub::start(|_, _| Act::Hang);
    let stop = Arc::new(AtomicBool::new(true));
    let key = client(&stub.url()).key().clone();
    let client = Client::new(settings(&stub.url()), key, Arc::clone(&stop)).expect("a client");
    let began = std::time::Instant::now();
    assert!(matches!(client.groups("bob"), Err(Error::NoAnswer { .. })));
    assert!(began.elapsed() < Duration::from_millis(600));
    let error = client.untag_user("bob", "k").expect_err("no answer");
    assert!(matches!(error, Error::OutcomeUnknown { .. }), "{error:?}");
    stop.store(false, Ordering::Relaxed);
}

#[test]
fn statuses_to_come_are_neither_active_nor_inactive() {
    let stub = Stub::start(|request, _| {
        let member = |id: &str, status: &str| {
            format!("<member><AccessKeyId>{id}</AccessKeyId><Status>{status}</Status></member>")
        };
        let all = [member("A", "Expired"), member("B", "Suspended")].concat();
        answer(request, &format!("<AccessKeyMetadata>{all}</AccessKeyMetadata>"))
    });
    let keys = client(&stub.url()).access_keys("bob").expect("keys");
    let statuses: Vec<_> = keys.into_iter().map(|key| key.status).collect();
    assert_eq!(statuses, [KeyStatus::Expired, KeyStatus::Other("Suspended".to_owned())]);
}

/// An account with one user, whose key has the status that `status` gives for so many lists before.
fn account(
    key: &str,
    update: Act,
    status: impl Fn(usize) -> &'static str + Send + Sync + 'static,
) -> Stub {
    let key = key.to_owned();
    let lists = std::sync::atomic::AtomicUsize::new(0);
    Stub::start(move |request, _| match parameter(request, "Action").as_str() {
        "GetCallerIdentity" => identity("aws"),
        "GetAccessKeyLastUsed" => answer(
            request,
            "<UserName>bob</UserName><AccessKeyLastUsed><Region>N/A</Region>\
             <ServiceName>N/A</ServiceName></AccessKeyLastUsed>",
        ),
        "ListAccessKeys" => {
            let status = status(lists.fetch_add(1, Ordering::SeqCst));
            let member = format!(
                "<member><UserName>bob</UserName><AccessKeyId>{key}</AccessKeyId>\
                 <Status>{status}</Status><CreateDate>2026-01-01T00:00:00Z</CreateDate></member>"
            );
            answer(request, &format!("<AccessKeyMetadata>{member}</AccessKeyMetadata>"))
        }
        "GetUser" => answer(
            request,
            "<User><UserName>bob</UserName><UserId>AIDAX</UserId><Arn>arn:aws:iam::1:user/bob</Arn></User>",
        ),
        "GetLoginProfile" => refused(404, "NoSuchEntity"),
        "UpdateAccessKey" => update.clone(),
        _ => answer(request, ""),
    })
}

fn ended(stub: &Stub, key: &str, answers: &[&str]) -> Played {
    let signer = Keys::new("act signer").pair();
    // One whose id says no account, so that the stub's own counts.
    let id = ["AKIA", "LALEMEL33243OLIB"].concat();
    let signer = Key { user: "ops".to_owned(), id, secret: signer.secret, token: None };
    let key = KeyId::parse(key.as_bytes()).expect("an id");
    let work = |context: &mut Context<'_>| -> Result<Status, Failure> {
        deactivate(context, key, Sessions::Keep)
    };
    Session { answers, ..Session::default() }.play(&stub.url(), &signer, work)
}

#[test]
fn a_lost_change_is_looked_up_and_never_sent_again() {
    let key = ["AKIA", "LALEMEL33243OLIA"].concat();
    let lost = || Act::Send(500, Vec::new(), "<html/>".to_owned());
    // The first lists are those of the facts and of the first look.
    let stub = account(&key, lost(), |lists| if lists < 3 { "Active" } else { "Inactive" });
    let played = ended(&stub, &key, &["y"]);
    assert_eq!(played.status, Status::Clean, "{}", played.text);
    assert!(played.text.contains("inactive: a list of the user's keys says so"), "{}", played.text);
    let updates = |stub: &Stub| {
        stub.requests().iter().filter(|one| parameter(one, "Action") == "UpdateAccessKey").count()
    };
    assert_eq!(updates(&stub), 1);

    let stub = account(&key, lost(), |_| "Active");
    let played = ended(&stub, &key, &["y"]);
    assert_eq!(played.status, Status::Incomplete, "{}", played.text);
    assert!(played.text.contains("It is active now, and may still become inactive"));
    assert_eq!(updates(&stub), 1);

    let stub = account(&key, refused(403, "AccessDenied"), |_| "Active");
    let played = ended(&stub, &key, &["y"]);
    assert_eq!(played.status, Status::Usage, "{}", played.text);
    // A key that is active again after all is seen.
    let stub = account(&key, answer_of("UpdateAccessKey"), |_| "Active");
    let played = ended(&stub, &key, &["y"]);
    assert!(played.text.contains("active again: access key"), "{}", played.text);
    assert_eq!(played.status, Status::Findings);
    // Nobody answers: nothing is changed.
    let stub = account(&key, lost(), |_| "Active");
    let played = ended(&stub, &key, &[]);
    assert_eq!((played.status, updates(&stub)), (Status::Usage, 0));
}

fn answer_of(operation: &str) -> Act {
    let body = format!("<{operation}Response><ResponseMetadata/></{operation}Response>");
    Act::Send(200, Vec::new(), body)
}

#[test]
fn a_key_of_the_root_user_and_a_session_that_iam_does_not_take() {
    let key = ["AKIA", "LALEMEL33243OLIA"].concat();
    let last_used =
        |user: &str| format!("{user}<AccessKeyLastUsed><Region>N/A</Region></AccessKeyLastUsed>");
    let stub = Stub::start(move |request, _| match parameter(request, "Action").as_str() {
        "GetCallerIdentity" => identity("aws"),
        _ => answer(request, &last_used("")),
    });
    let played = ended(&stub, &key, &["y"]);
    assert_eq!(played.status, Status::Usage);
    assert!(played.text.contains("a key of the root user"), "{}", played.text);
    let stub = Stub::start(|request, _| match parameter(request, "Action").as_str() {
        "GetCallerIdentity" => identity("aws"),
        _ => refused(403, "InvalidClientTokenId"),
    });
    let played = ended(&stub, &key, &["y"]);
    assert_eq!(played.status, Status::Usage);
    assert!(played.text.contains("without multi-factor authentication"), "{}", played.text);
    let unknown = |code: &'static str| {
        Stub::start(move |request, _| match parameter(request, "Action").as_str() {
            "GetCallerIdentity" => identity("aws"),
            "GetAccessKeyInfo" => answer(request, "<Account>111122223333</Account>"),
            _ => refused(404, code),
        })
    };
    // "Not found" and "not allowed" both may mean another account: STS knows.
    for code in ["NoSuchEntity", "AccessDenied"] {
        let played = ended(&unknown(code), &key, &["y"]);
        assert!(
            played.text.contains("of account 111122223333, not of 123456789012"),
            "{}",
            played.text
        );
    }
}
