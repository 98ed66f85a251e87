//! A key about which one answer of AWS is missing may be live: no other answer makes the run green.

use std::thread;

use keysweep::command::verify::live;
use keysweep::coverage::{Coverage, Ledger};
use keysweep::finding::{Finding, Status};
use keysweep::verify::{VerifyOptions, verify};
use serde_json::json;

use crate::support::findings::{finding, key_id, pair, secret};
use crate::support::stub::{Act, Stub, identity, not_known, proxy_page, wrong_secret};
use crate::support::{Keys, Project};
use crate::verify::stub::options;

/// The forms in which an id has several secrets: how many, and where each is.
fn forms(id: &str, secrets: usize) -> [(&'static str, Vec<Finding>); 3] {
    let alone = |n| finding("aws-secret-access-key", None, Some(&secret(n)), None);
    let own = pair(id, &secret(0), None);
    let mut lone = finding("aws-access-key-id", Some(id), None, None);
    let others: Vec<Finding> = (0..secrets).map(alone).collect();
    lone.possible_partners = others.iter().map(|one| one.fingerprint.clone()).collect();
    [
        ("pairs", (0..secrets).map(|n| pair(id, &secret(n), None)).collect()),
        ("a pair and others", [vec![own], (1..secrets).map(alone).collect()].concat()),
        ("an id and others", [vec![lone], others].concat()),
    ]
}

/// The outcome of a scan and of `--only-live` for `found`: the problems of verification, and the
/// coverage after the filter.
fn outcome(mut found: Vec<Finding>, options: &VerifyOptions) -> (Vec<Finding>, Ledger, Coverage) {
    let ledger = Ledger::new();
    verify(&mut found, options, &ledger, &mut |_| {});
    let mut coverage = ledger.coverage();
    let filter = live::keep(&mut found.clone(), &mut coverage);
    let named = filter.reasons.contains_key("no-answer");
    let says = coverage.problems.iter().any(|one| one.why.contains("may be live"));
    assert_eq!(named, says, "{coverage:?}");
    (found, ledger, coverage)
}

#[test]
fn a_rejected_secret_does_not_hide_that_another_has_no_answer() {
    let id = key_id("AKIA", 7);
    // The answers in their order, the last for all later requests, and if the run is complete.
    let table: [(&str, Vec<Act>, bool); 7] = [
        ("the second attempt", vec![wrong_secret(), proxy_page()], false),
        ("the second secret", vec![wrong_secret(), wrong_secret(), proxy_page()], false),
        (
            "the second of the second",
            vec![wrong_secret(), wrong_secret(), wrong_secret(), proxy_page()],
            false,
        ),
        ("the first secret", vec![proxy_page()], false),
        ("none", vec![wrong_secret()], true),
        ("before the one that fits", vec![wrong_secret(), proxy_page(), identity("aws")], true),
        ("all, of an id that nobody knows", vec![not_known()], true),
    ];
    for (missing, acts, complete) in table {
        for (form, found) in forms(&id, 2) {
            let what = format!("{missing}, {form}");
            let acts = acts.clone();
            let stub = Stub::start(move |_, before| acts[before.min(acts.len() - 1)].clone());
            let one_partition = VerifyOptions {
                partition: keysweep::verify::PartitionChoice::parse("aws").expect("a partition"),
                ..options(&stub)
            };
            let (found, ledger, filtered) = outcome(found, &one_partition);
            assert_eq!(ledger.coverage().complete, complete, "{what}: {:?}", ledger.coverage());
            assert_eq!(filtered.complete, complete, "{what}: {filtered:?}");
            let of_id = found.iter().filter(|one| one.credential.key_id.is_some());
            for one in of_id.filter(|one| one.verification.status != Status::Active) {
                let verdict = &one.verification;
                assert_eq!(verdict.is_unanswered, !complete, "{what}: {verdict:?}");
                assert!(complete || verdict.reason.is_some(), "{what}: {verdict:?}");
            }
            let problems = ledger.coverage().problems;
            let keys = problems.iter().filter(|one| one.why.starts_with("1 key has no answer"));
            assert_eq!(keys.count(), usize::from(!complete), "{what}: {problems:?}");
        }
    }
}

#[test]
fn decoys_beyond_the_limit_do_not_make_a_run_green() {
    let id = key_id("AKIA", 7);
    for (secrets, complete) in [(3, true), (4, false), (9, false)] {
        for (form, found) in forms(&id, secrets) {
            let stub = Stub::start(|_, _| wrong_secret());
            let few = VerifyOptions { max_candidates: 3, ..options(&stub) };
            let (_, ledger, filtered) = outcome(found, &few);
            let what = format!("{secrets} secrets, {form}");
            assert_eq!(ledger.coverage().complete, complete, "{what}");
            assert_eq!(filtered.complete, complete, "{what}");
            let problems = ledger.coverage().problems;
            assert_eq!(problems.len(), usize::from(!complete), "{what}: {problems:?}");
        }
    }
}

/// The same as its user sees it, with the pauses of the program.
#[test]
fn a_scan_whose_second_answer_is_a_proxys_is_incomplete() {
    let (mut keys, project) = (Keys::new("unanswered"), Project::new());
    let (id, first, second) = (keys.id(), keys.secret(), keys.secret());
    project.file(
        "a.txt",
        format!(
            "AWS_ACCESS_KEY_ID={id}\nAWS_SECRET_ACCESS_KEY={first}\n\
             AWS_SECRET_ACCESS_KEY={second}\n"
        ),
    );
    let check = |more: &[&str]| {
        let stub = Stub::start(|_, before| if before == 0 { wrong_secret() } else { proxy_page() });
        let url = stub.url();
        let scan = ["scan", "a.txt", "--sts-endpoint", &url, "--format", "json"];
        let ran = project.keysweep([&scan[..], more].concat()).run().exits(3);
        assert!(ran.problems().iter().any(|why| why.contains("no answer of STS")), "{ran:?}");
        ran.json()
    };
    thread::scope(|scope| {
        let live = scope.spawn(|| check(&["--only-live"]));
        check(&["--verify", "--fail-on", "active"]);
        let live = live.join().expect("checked");
        assert_eq!(live["filter"]["reasons"]["no-answer"], json!(1), "{live}");
    });
}
