//! A scan that verifies, seen by its user: its results in later runs, and the evidence that it
//! shows.

use keysweep::secret::Secret;

use crate::support::stub::{Stub, identity, not_known};
use crate::support::{Keys, Project};

fn env(id: &str, secret: &str) -> String {
    format!("AWS_ACCESS_KEY_ID={id}\n{}", named(secret))
}

fn named(secret: &str) -> String {
    format!("AWS_SECRET_ACCESS_KEY={secret}\n")
}

/// A server to which every key is live whose id is `id`, and all others unknown.
fn only(id: &str) -> Stub {
    let id = id.to_owned();
    Stub::start(move |request, _| match request.scope(0) == id {
        true => identity("aws"),
        false => not_known(),
    })
}

/// The finding of an id in a JSON report.
fn of_id(report: &serde_json::Value, id: &str) -> serde_json::Value {
    let findings = report["findings"].as_array().expect("findings");
    let of_id: Vec<_> = findings.iter().filter(|one| one["key_id"] == id).collect();
    assert_eq!(of_id.len(), 1, "{report}");
    of_id[0].clone()
}

#[test]
fn a_pair_that_verification_made_is_asked_about_again() {
    let (mut keys, project) = (Keys::new("verify_live/again"), Project::new());
    let (id, secret) = (keys.id(), keys.secret());
    project.file("src/a.txt", format!("key: {id}\n"));
    project.file("src/b.env", named(&secret));
    let stub = only(&id);
    let url = stub.url();
    let scan = ["scan", "src", "--verify", "--sts-endpoint", &url, "--format", "json"];
    let ran = project.keysweep(scan).run().exits(1);
    let finding = of_id(&ran.json(), &id);
    assert_eq!(finding["verification"]["status"], "active");
    assert_eq!(finding["occurrences"].as_array().map(Vec::len), Some(2), "{finding}");
    project.file("report.json", &ran.stdout);
    let again = ["verify", "--report", "report.json", "src", "--sts-endpoint", &url];
    let again = project.keysweep(again.into_iter().chain(["--format", "json"])).run().exits(1);
    let reported = of_id(&again.json(), &id);
    assert_eq!(reported["fingerprint"], finding["fingerprint"]);
    assert_eq!(reported["verification"]["status"], "active");
}

#[test]
fn a_resumed_sweep_asks_about_keys_that_it_found_before() {
    let (mut keys, project) = (Keys::new("verify_live/sweep"), Project::new());
    let (dead, id, secret) = (keys.id(), keys.id(), keys.secret());
    // The secret is nearer to the dead id, so the live one carries it as another's.
    let text = format!("AWS_ACCESS_KEY_ID={id}\n{}", env(&dead, &secret));
    project.file("one/a.env", text);
    project.file("two/b.txt", "nothing\n");
    let stub = only(&id);
    let url = stub.url();
    let sweep = ["sweep", "one", "two", "--resume", "state", "--format", "json"];
    let before = project.keysweep(sweep).run().exits(1);
    assert_eq!(before.json()["findings"].as_array().map(Vec::len), Some(2), "{before:?}");
    let verify = ["--verify", "--sts-endpoint", &url];
    let after = project.keysweep(sweep.into_iter().chain(verify)).run().exits(1);
    let finding = of_id(&after.json(), &id);
    assert_eq!(finding["verification"]["status"], "active", "{after:?}");
    assert_eq!(finding["secret_sha256"], Secret::new(secret.into_bytes()).sha256_hex());
    let other = of_id(&after.json(), &dead);
    assert_eq!((&other["severity"], &other["secret_sha256"]), (&"note".into(), &().into()));
}

#[test]
fn a_report_says_on_what_evidence_two_were_joined() {
    let (mut keys, project) = (Keys::new("verify_live/evidence"), Project::new());
    let (id, secret, other) = (keys.id(), keys.secret(), keys.secret());
    let text = format!(
        "UPLOAD_ACCESS_KEY_ID={id}\nUPLOAD_SECRET_ACCESS_KEY={secret}\nSECRET_KEY={other}\n"
    );
    let lone = keys.id();
    project.file("src/a.env", text);
    project.file("more/b.txt", format!("{lone}\n"));
    let report = project.keysweep(["scan", "--format", "json"]).run().exits(1).json();
    let evidence = of_id(&report, &id)["evidence"].clone();
    let clauses: Vec<&str> =
        evidence.as_array().expect("clauses").iter().filter_map(|one| one.as_str()).collect();
    assert!(clauses.contains(&"both names hold 'upload'"), "{clauses:?}");
    assert_eq!(of_id(&report, &lone)["evidence"], serde_json::Value::Null);

    let why = |arguments: &[&str]| {
        let arguments = ["explain"].iter().chain(arguments);
        project.keysweep(arguments).run()
    };
    let reported = why(&[&id, "src", "--why"]).exits(0).stdout;
    for words in
        ["a.env:1:22: ", "secret ", " at 2:", "confidence high", "'upload'", "other secrets"]
    {
        assert!(reported.contains(words), "{words} in {reported}");
    }
    let reported = why(&[&lone, "--why"]).exits(0).stdout;
    assert!(reported.contains("joined with no secret"), "{reported}");
    assert!(why(&[&lone, "src", "--why"]).exits(2).stderr.contains("was not found in src"));
    assert!(why(&["aws-access-key", "--why"]).exits(2).stderr.contains("access key id"));
    assert!(why(&[&id, "src"]).exits(2).stderr.contains("--why"));
}
