//! The reasons for which `--only-live` and the notes of a run leave findings out, and the status.

use std::collections::BTreeMap;
use std::time::Duration;

use keysweep::aws::KeyId;
use keysweep::command::verify::live;
use keysweep::coverage::Coverage;
use keysweep::finding::{Finding, Status, Suppression};
use keysweep::verify::VerifyOptions;
use serde_json::json;

use crate::support::findings::{finding, key_id, pair, secret};
use crate::support::stub::{
    Act, Stub, envelope, identity, not_known, proxy_page, refusal, wrong_secret,
};
use crate::support::{Keys, Pair, Project};
use crate::verify::canaries::canary_id;
use crate::verify::stub::{options, run};

/// One finding for each verdict, and the reason for which it is left out; `None` for an active key.
fn verdicts() -> Vec<(Finding, Status, Option<&'static str>)> {
    let mut keys = Keys::new("each verdict");
    let bare = |number: usize| pair(&key_id("AKIA", number), &secret(number), None);
    let suppressed = Finding {
        suppressed: Some(Suppression { by: Suppression::BASELINE.to_owned(), reason: None }),
        ..bare(9)
    };
    let of_account = keys.id();
    let token = "IQoJb3JpZ2luX2VjtokentokenTOKEN==";
    vec![
        (bare(1), Status::Active, None),
        (bare(2), Status::Inactive, Some("inactive")),
        (bare(3), Status::WrongSecret, Some("wrong-secret")),
        (bare(4), Status::Unknown, Some("no-answer")),
        (bare(5), Status::Unknown, Some("no-answer")),
        (pair(&key_id("ASIA", 6), &secret(6), None), Status::Unknown, Some("unknown")),
        (pair(&key_id("ASIA", 7), &secret(7), Some(token)), Status::Expired, Some("expired")),
        (pair(&key_id("ASIA", 8), &secret(8), Some(token)), Status::Unknown, Some("unknown")),
        (suppressed, Status::NotChecked, Some("suppressed")),
        (pair(&canary_id(&mut keys), &secret(10), None), Status::Canary, Some("canary")),
        (pair(&of_account, &secret(11), None), Status::Skipped, Some("skipped")),
        (
            finding("aws-access-key-id", Some(&key_id("AKIA", 12)), None, None),
            Status::NotChecked,
            Some("no-secret"),
        ),
        (
            finding("aws-secret-access-key", None, Some(&secret(13)), None),
            Status::NotChecked,
            Some("no-id"),
        ),
        (
            finding("aws-bedrock-api-key", None, Some("ABSK"), None),
            Status::NotChecked,
            Some("not-verifiable"),
        ),
        (
            finding("github-token", None, Some("ghp"), None),
            Status::NotChecked,
            Some("other-provider"),
        ),
    ]
}

#[test]
fn each_verdict_has_its_reason() {
    let stub = Stub::start(|request, _| match request.scope(0) {
        id if id == key_id("AKIA", 1) => identity("aws"),
        id if id == key_id("AKIA", 2) || id == key_id("ASIA", 8) => not_known(),
        id if id == key_id("AKIA", 3) => wrong_secret(),
        id if id == key_id("AKIA", 4) => {
            Act::Send(400, vec![], envelope("Throttling", "Rate exceeded"))
        }
        id if id == key_id("ASIA", 7) => refusal("ExpiredToken", "expired"),
        _ => Act::Send(503, vec![], String::new()),
    });
    let verdicts = verdicts();
    let skipped = verdicts.iter().find(|one| one.1 == Status::Skipped).expect("one");
    let id = skipped.0.credential.key_id.as_deref().and_then(|id| KeyId::parse(id.as_bytes()));
    let account = id.and_then(|id| id.account()).expect("an account");
    let impatient = VerifyOptions {
        retry_time: Duration::from_millis(300),
        skip_accounts: vec![account],
        ..options(&stub)
    };
    // Each alone, so that no secret is tried with another id.
    let mut all = Vec::new();
    let mut expected = BTreeMap::new();
    for (finding, status, reason) in verdicts {
        let mut found = vec![finding];
        run(&mut found, &impatient);
        assert_eq!(found[0].verification.status, status, "{reason:?}");
        let mut coverage = Coverage { complete: true, ..Coverage::default() };
        let filter = live::keep(&mut found.clone(), &mut coverage);
        let given: Vec<&str> = filter.reasons.keys().map(String::as_str).collect();
        assert_eq!(given, Vec::from_iter(reason), "{status:?}");
        assert_eq!(coverage.complete, reason != Some("no-answer"), "{status:?}");
        if let Some(reason) = reason {
            *expected.entry(reason.to_owned()).or_insert(0) += 1;
        }
        all.append(&mut found);
    }
    for status in Status::ALL {
        assert!(all.iter().any(|one| one.verification.status == status), "no case of {status:?}");
    }
    let (hidden, mut coverage) =
        (all.len() - 1, Coverage { complete: true, ..Coverage::default() });
    let filter = live::keep(&mut all, &mut coverage);
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].credential.key_id, Some(key_id("AKIA", 1)));
    assert_eq!((filter.hidden, filter.reasons), (hidden as u64, expected));
    // Throttled and failing alike may be live, and are named.
    assert!(!coverage.complete);
    let why = &coverage.problems[0].why;
    assert!(why.contains(&key_id("AKIA", 4)) && why.contains(&key_id("AKIA", 5)), "{why}");
    assert!(why.contains("2 keys that may be live"), "{why}");
}

/// A rule of the user whose pairs are keys of AWS.
const PAIRS_OF_THE_USER: &str = r#"
[[rule]]
id = "shop-key"
title = "Shop key"
description = "Opens the shop's account."
anchors = ["shopkey"]
regex = '[0-9A-Za-z+/]{40}'
labels = ["shopkey"]
pair = { id = 'AKIA[A-Z2-7]{16}', distance = 300 }
examples = ["shopkey {{akia}} {{secret}}\n"]
"#;

#[test]
fn verification_says_how_many_tokens_it_did_not_verify() {
    let stub = Stub::start(|_, _| not_known());
    let (mut keys, project) = (Keys::new("note on tokens"), Project::new());
    let rules = Project::new();
    rules.file("shop.toml", PAIRS_OF_THE_USER);
    let rules = rules.at("shop.toml").display().to_string();
    let pair = keys.pair();
    let mut token = || keys.filled("{{crc32-base62:ghp_{{alnum:30}}}}");
    let url = stub.url();
    let note = |text: &str, option: &[&str]| {
        project.file("a.env", text);
        let args = ["scan", "--sts-endpoint", &url, "--format", "json", "--fail-on", "never"];
        let ran = project.keysweep([&args[..], option].concat()).run().exits(0);
        let mut notes = ran.notes();
        notes.retain(|note| note.contains("not verified"));
        for note in &notes {
            assert!(ran.stderr.contains(note), "people read it too: {}", ran.stderr);
        }
        notes
    };
    let (one, two, three) = (token(), token(), token());
    let one_note = "1 credential of another provider was not verified: keysweep asks AWS alone";
    let two_note = "2 credentials of other providers were not verified: keysweep asks AWS alone";
    let none = Vec::<String>::new();
    for option in ["--verify", "--only-live"] {
        assert_eq!(note("nothing\n", &[option]), none);
        assert_eq!(note(&Keys::new("a key of AWS").pair().env, &[option]), none);
        assert_eq!(note(&format!("t={one}\n"), &[option]), [one_note]);
        assert_eq!(note(&format!("t={one}\nu={two}\n"), &[option]), [two_note]);
        // A suppressed one is counted among the suppressed.
        let marked = format!("t={one}\nu={two}\nv={three} # keysweep:allow\n");
        assert_eq!(note(&marked, &[option]), [two_note]);
        // AWS was asked about a pair that a rule of the user found.
        let own = [option, "--config", &rules, "--pack", "tokens"];
        let text = format!("shopkey {} {}\n", pair.id, pair.secret);
        let asked = stub.requests().len();
        assert_eq!(note(&text, &own), none);
        assert!(stub.requests()[asked..].iter().all(|request| request.scope(0) == pair.id));
        assert!(stub.requests().len() > asked, "{option}: AWS was asked");
        assert_eq!(note(&format!("{text}t={one}\n"), &own), [one_note]);
    }
    // Without verification nothing is said, and nobody was asked about a token.
    project.file("a.env", format!("t={one}\n"));
    let ran = project.keysweep(["scan", "--fail-on", "never"]).run().exits(0);
    assert!(!ran.stdout.contains("not verified") && !ran.stderr.contains("not verified"));
    let asked = stub.requests();
    assert!(asked.iter().all(|request| !request.body.contains("ghp_")));
}

/// A report that is verified again.
struct Case<'a> {
    what: &'static str,
    /// The text of the report, and the text that is verified.
    before: &'a str,
    after: &'a str,
    /// The answers in their order; the last is that to all later requests.
    acts: Vec<Act>,
    /// The statuses without and with `--only-live`.
    statuses: (i32, i32),
    complete: bool,
}

/// The status of `verify --report`, with and without `--only-live`, the status of a scan with
/// `--only-live`, and the coverage of the reports agree.
#[test]
fn a_scan_and_an_earlier_report_end_with_the_same_status() {
    let mut keys = Keys::new("only live both");
    let (key, other, project) = (keys.pair(), keys.secret(), Project::new());
    let session = key.env.replace("AKIA", "ASIA");
    let lone = format!("AWS_ACCESS_KEY_ID={}\n", key.id);
    let half = format!("AWS_SECRET_ACCESS_KEY={other}\n");
    let nothing = "nothing\n";
    let case = |what, before, after, acts: &[Act], statuses, complete| Case {
        what,
        before,
        after,
        acts: acts.to_vec(),
        statuses,
        complete,
    };
    let text: &str = &key.env;
    let changed = text.replace(&key.secret, &other);
    let table = [
        case("active", text, text, &[identity("aws")], (1, 1), true),
        case("inactive", text, text, &[not_known()], (0, 0), true),
        case("a wrong secret", text, text, &[wrong_secret()], (3, 0), true),
        case("no session token", &session, &session, &[], (3, 0), true),
        case("no secret", &lone, &lone, &[], (0, 0), true),
        case("no answer", text, text, &[proxy_page()], (3, 3), false),
        case("another secret", text, &changed, &[], (3, 3), false),
        case("gone", text, nothing, &[], (3, 3), false),
        case("gone, without an id", &half, nothing, &[], (3, 3), false),
    ];
    for Case { what, before, after, acts, statuses: (without, with), complete } in table {
        let stub = Stub::start(move |_, before| acts[before.min(acts.len() - 1)].clone());
        let url = stub.url();
        project.file("src/a.env", before);
        let scan = ["scan", "src", "--output", "json=before.json", "--fail-on", "never"];
        project.keysweep(scan).run().exits(0);
        let first = project.keysweep(["report", "before.json", "--format", "json"]).run().json();
        let name = first["findings"][0]["key_id"].as_str();
        let name = name.or(first["findings"][0]["fingerprint"].as_str()).expect("a name");
        project.file("src/a.env", after);
        let options = ["--sts-endpoint", &url, "--format", "json"];
        let check = |command: &[&str], status: i32| {
            let ran = project.keysweep([command, &options].concat()).run().exits(status);
            assert_eq!(ran.json()["coverage"]["complete"], complete, "{what} {command:?}");
            assert_eq!(ran.problems().is_empty(), complete, "{what} {command:?}");
            if !complete {
                // The report lists the key, or the coverage names it.
                assert!(ran.stdout.contains(name), "{what} {command:?}: {}", ran.stdout);
            }
        };
        check(&["verify", "--report", "before.json", "src"], without);
        check(&["verify", "--report", "before.json", "src", "--only-live"], with);
        if before == after {
            check(&["scan", "src", "--only-live"], with);
        } else {
            let dry = ["verify", "--report", "before.json", "src", "--verify-dry-run"];
            let ran = project.keysweep(dry).run().exits(3);
            assert!(ran.stderr.contains(name), "{what}: {}", ran.stderr);
            assert!(stub.requests().is_empty(), "{what}");
        }
    }
}

#[test]
fn all_findings_that_are_gone_are_named() {
    let (mut keys, project) = (Keys::new("all that are gone"), Project::new());
    let pairs = [keys.pair(), keys.pair(), keys.pair(), keys.pair(), keys.pair()];
    let text = pairs.each_ref().map(|pair| pair.env.as_str()).concat();
    project.file("src/a.env", text);
    project.keysweep(["scan", "src", "--output", "json=before.json"]).run().exits(1);
    project.file("src/a.env", "nothing\n");
    for format in ["text", "json", "markdown", "html"] {
        let args = ["verify", "--report", "before.json", "src", "--format", format];
        let ran = project.keysweep(args).run().exits(3);
        // The coverage of a text report is on standard error.
        let text = if format == "text" { ran.stderr } else { ran.stdout };
        let named = |pair: &Pair| text.contains(&pair.id);
        assert!(pairs.iter().all(named), "{format}: {text}");
        let count = "5 findings of the earlier report are no longer in the target";
        assert!(text.contains(count), "{format}: {text}");
    }
    let report = project.keysweep(["verify", "--report", "before.json", "src", "--format", "json"]);
    assert_eq!(report.run().exits(3).json()["coverage"]["complete"], json!(false));
}
