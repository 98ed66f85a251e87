//! `--only-live`: active keys alone in every report, and nothing that looks clean because of it.

use serde_json::{Value, json};

use crate::report::sarif::{points, validate};
use crate::support::moto::Moto;
use crate::support::stub::{Request, Stub, identity, not_known, proxy_page};
use crate::support::{Keys, Project, key_ids};

/// The leaks, each in a folder of its own, so that no secret is tried with another id.
struct Leaks {
    project: Project,
    live: String,
    silent: String,
    gone: String,
}

const LIVE: &str = "live/.env";
const SILENT: &str = "silent/.env";
const GONE: &str = "gone/.env";
const LONE: &str = "lone/.env";
const TOKEN: &str = "token/.env";

/// A project with the files of `which`, and an STS that knows one key, denies one, and does not
/// answer about one.
fn leaks(name: &str, which: &[&str]) -> (Leaks, Stub) {
    let (mut keys, project) = (Keys::new(name), Project::new());
    let (live, silent, gone) = (keys.pair(), keys.pair(), keys.pair());
    let lone = format!("AWS_ACCESS_KEY_ID={}\n", keys.id());
    let token = format!("TOKEN={}\n", keys.filled("{{crc32-base62:ghp_{{alnum:30}}}}"));
    project.file("README", "nothing\n");
    project.git(&["init", "-q", "-b", "main"]).git(&["add", "."]).git(&["commit", "-qm", "one"]);
    for (path, text) in [
        (LIVE, &live.env),
        (SILENT, &silent.env),
        (GONE, &gone.env),
        (LONE, &lone),
        (TOKEN, &token),
    ] {
        if which.contains(&path) {
            project.file(path, text);
        }
    }
    let (known, unanswered) = (live.id.clone(), silent.id.clone());
    let stub = Stub::start(move |request: &Request, _| match request.scope(0) {
        id if id == known => identity("aws"),
        id if id == unanswered => proxy_page(),
        _ => not_known(),
    });
    (Leaks { project, live: live.id, silent: silent.id, gone: gone.id }, stub)
}

#[test]
fn only_active_keys_are_reported_and_the_others_are_counted_by_reason() {
    // The files, the reasons of what is left out, and the status.
    let table: [(&[&str], Value, i32); 8] = [
        (&[], Value::Null, 0),
        (&[LIVE], Value::Null, 1),
        (&[GONE], json!({"inactive": 1}), 0),
        (&[LONE], json!({"no-secret": 1}), 0),
        (&[TOKEN], json!({"other-provider": 1}), 0),
        // Nobody knows if it is live: no green.
        (&[SILENT], json!({"no-answer": 1}), 3),
        (&[SILENT, GONE, TOKEN], json!({"inactive": 1, "no-answer": 1, "other-provider": 1}), 3),
        (&[LIVE, SILENT, LONE], json!({"no-answer": 1, "no-secret": 1}), 1),
    ];
    for (at, (files, reasons, code)) in table.into_iter().enumerate() {
        let (leaks, stub) = leaks(&format!("only live {at}"), files);
        let url = stub.url();
        let args = ["scan", "--only-live", "--sts-endpoint", &url, "--format", "json"];
        let hidden =
            reasons.as_object().map_or(0, |it| it.values().filter_map(Value::as_u64).sum());
        for fail_on in ["note", "warning", "error", "active", "never"] {
            let code = if fail_on == "never" && code == 1 {
                if files.contains(&SILENT) { 3 } else { 0 }
            } else {
                code
            };
            let ran = leaks.project.keysweep([&args[..], &["--fail-on", fail_on]].concat());
            let ran = ran.run().exits(code);
            let report = ran.json();
            let live = if files.contains(&LIVE) { vec![leaks.live.as_str()] } else { vec![] };
            assert_eq!(key_ids(&report), live, "{files:?}");
            assert_eq!(report["filter"]["by"], json!(["--only-live"]));
            assert_eq!(report["filter"]["hidden"], hidden, "{files:?}");
            assert_eq!(report["filter"]["reasons"], reasons, "{files:?}");
            let is_silent = files.contains(&SILENT);
            assert_eq!(report["coverage"]["complete"], !is_silent, "{files:?}");
            let named = ran.problems().iter().any(|one| one.contains(&leaks.silent));
            assert_eq!(named, is_silent, "{files:?}: {:?}", ran.problems());
            assert_eq!(ran.stderr.contains(&leaks.silent), is_silent, "{}", ran.stderr);
        }
    }
}

#[test]
fn every_command_that_verifies_has_the_option() {
    let (leaks, stub) = leaks("only live commands", &[LIVE, SILENT, GONE, LONE, TOKEN]);
    let (project, url) = (&leaks.project, stub.url());
    let check = |command: &[&str]| {
        let options = ["--only-live", "--sts-endpoint", &url, "--format", "json"];
        let ran = project.keysweep([command, &options].concat()).run().exits(1);
        assert_eq!(ran.key_ids(), [leaks.live.as_str()], "{command:?}");
        assert_eq!(ran.json()["filter"]["hidden"], 4, "{command:?}");
        assert!(ran.stderr.contains(&leaks.silent), "{command:?}: {}", ran.stderr);
    };
    project.git(&["add", "-f", "."]);
    check(&["scan", "."]);
    check(&["staged"]);
    project.git(&["commit", "-qm", "two"]);
    check(&["history"]);
    check(&["range", "HEAD~1..HEAD"]);
    check(&["sweep", "."]);
    // A hook says why it stops, though no key is listed.
    let hook = ["--only-live", "--sts-endpoint", &url, "--hook"];
    let only = ["scan", "silent", "--only-live", "--sts-endpoint", &url];
    project.keysweep(only).run().exits(3);
    project.git(&["reset", "-q", "--soft", "HEAD~1"]).git(&["rm", "-q", "--cached", LIVE]);
    let stopped = project.keysweep([&["staged"][..], &hook].concat()).run().exits(3);
    let said = format!("{}{}", stopped.stdout, stopped.stderr);
    assert!(said.contains(&leaks.silent) && said.contains("may be live"), "{said}");

    // An earlier report, of which a scan without the option is made.
    project.keysweep(["scan", "--output", "json=before.json"]).run().exits(1);
    let again = ["verify", "--report", "before.json"];
    check(&again);
    let one = project.keysweep(["verify", &leaks.live, "--only-live"]).run().exits(2);
    assert!(one.stderr.contains("--report"), "{}", one.stderr);
}

#[test]
fn an_earlier_report_proves_nothing_while_a_key_has_no_answer() {
    for (at, files, code) in
        [(0, &[GONE, TOKEN][..], 0), (1, &[GONE, SILENT], 3), (2, &[LIVE, SILENT], 1)]
    {
        let (leaks, stub) = leaks(&format!("only live again {at}"), files);
        let (project, url) = (&leaks.project, stub.url());
        project.keysweep(["scan", "--output", "json=before.json"]).run().exits(1);
        let again = ["verify", "--report", "before.json", "--only-live", "--sts-endpoint", &url];
        let ran = project.keysweep(again).run().exits(code);
        assert_eq!(ran.stdout.contains(&leaks.live), files.contains(&LIVE), "{}", ran.stdout);
        assert_eq!(ran.stderr.contains(&leaks.silent), files.contains(&SILENT), "{}", ran.stderr);
        assert!(
            !ran.stdout.contains("asked  active"),
            "no table of what is hidden: {}",
            ran.stdout
        );
        let clean = ran.stdout.contains("No finding passes the filter");
        assert_eq!(clean, !files.contains(&LIVE), "{}", ran.stdout);
    }
}

#[test]
fn no_format_looks_clean_because_of_the_option() {
    let (leaks, stub) = leaks("only live formats", &[SILENT, GONE]);
    let url = stub.url();
    for format in [
        "text", "short", "json", "jsonl", "sarif", "gitlab", "github", "junit", "csv", "markdown",
        "html",
    ] {
        let args = ["scan", "--only-live", "--sts-endpoint", &url, "--quiet", "--format", format];
        let ran = leaks.project.keysweep(args).run().exits(3);
        let all = format!("{}{}", ran.stdout, ran.stderr);
        assert!(all.contains("hidden") && all.contains("inactive"), "{format}: {all}");
        assert!(all.contains(&leaks.silent), "{format} names the key: {all}");
        assert!(!all.contains(&leaks.gone), "{format}: {all}");
        // Formats with a place for it say it themselves.
        let says = !matches!(format, "short" | "csv");
        assert_eq!(ran.stdout.contains("hidden"), says, "{format}: {}", ran.stdout);
        // The text on a terminal has its problems on standard error.
        let names = says && format != "text";
        assert_eq!(ran.stdout.contains(&leaks.silent), names, "{format}: {}", ran.stdout);
        assert!(!all.contains("No findings.") && !all.contains("Nothing was found."), "{format}");
    }
    let args = ["scan", "--only-live", "--sts-endpoint", &url, "--format", "sarif"];
    let ran = leaks.project.keysweep(args).run().exits(3);
    let log = ran.json();
    points::all(&log);
    validate::all(&ran.stdout);
    let sarif = &log["runs"][0];
    assert_eq!(sarif["results"], json!([]));
    let notes = sarif["invocations"][0]["toolExecutionNotifications"].as_array().expect("notes");
    let of = |kind: &str| {
        let of_kind = notes.iter().filter(|note| note["descriptor"]["id"] == kind);
        of_kind.map(|note| note["message"]["text"].as_str().expect("text")).collect::<Vec<_>>()
    };
    assert_eq!(
        of("results-filtered"),
        [
            "Filtered by --only-live: 2 findings are hidden (1 without an answer of AWS, 1 inactive)."
        ]
    );
    assert!(of("unreadable-input").iter().any(|text| text.contains(&leaks.silent)), "{log}");

    // Nothing is hidden: quiet is quiet.
    std::fs::remove_dir_all(leaks.project.at("silent")).expect("removed");
    let quiet = ["scan", "--only-live", "--sts-endpoint", &url, "--quiet"];
    let ran = leaks.project.keysweep(quiet).run().exits(0);
    assert!(ran.stdout.contains("1 inactive"), "{}", ran.stdout);
    std::fs::remove_dir_all(leaks.project.at("gone")).expect("removed");
    let ran = leaks.project.keysweep(quiet).run().exits(0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
}

#[test]
fn a_report_of_a_filtered_report_stays_filtered() {
    let (leaks, stub) = leaks("only live reports", &[LIVE, GONE, TOKEN]);
    let (project, url) = (&leaks.project, stub.url());
    project.keysweep(["scan", "--output", "json=all.json"]).run().exits(1);
    for format in ["json", "jsonl", "sarif"] {
        let file = format!("live.{format}");
        let output = format!("{format}={file}");
        let args = ["scan", "--only-live", "--sts-endpoint", &url, "--output", &output];
        project.keysweep(args).run().exits(1);
        let reported = |more: &[&str]| {
            let args = [&["report", &file, "--format", "json"], more].concat();
            project.keysweep(args).run().json()["filter"].clone()
        };
        let reasons = json!({"inactive": 1, "other-provider": 1});
        let filter = json!({"by": ["--only-live"], "hidden": 2, "places": 0, "reasons": reasons});
        assert_eq!(reported(&[]), filter, "{format}");
        let twice = reported(&["live.json"]);
        let sums = json!({"inactive": 2, "other-provider": 2});
        assert_eq!((&twice["hidden"], &twice["reasons"]), (&json!(4), &sums), "{format}");
        let narrowed = reported(&["--only", "severity=note"]);
        assert_eq!((&narrowed["hidden"], &narrowed["reasons"]), (&json!(3), &reasons), "{format}");
        let text = project.keysweep(["report", &file, "--only", "severity=note"]).run().stdout;
        let words = "3 findings are hidden (1 of other providers, 1 inactive, 1 for other reasons)";
        assert!(text.contains(words), "{text}");
    }
    // A finding that it left out is not called gone.
    let diff = ["report", "--diff", "all.json", "live.json", "--format", "json"];
    let diff = project.keysweep(diff).run().json();
    assert_eq!(diff["gone"], json!([]), "{diff}");
    assert!(diff.to_string().contains("the newer report is filtered by --only-live"), "{diff}");
}

#[test]
fn keys_that_a_baseline_suppresses_are_not_asked_about() {
    let (leaks, stub) = leaks("only live baseline", &[LIVE]);
    let (project, url) = (&leaks.project, stub.url());
    project.keysweep(["baseline", "--yes", "--reason", "known"]).run().exits(0);
    let args = ["scan", "--only-live", "--sts-endpoint", &url, "--format", "json"];
    let ran = project.keysweep(args).run().exits(0);
    assert_eq!((ran.left_out("suppressed"), &ran.json()["filter"]["hidden"]), (1, &json!(0)));
    let all = project.keysweep([&args[..], &["--include-suppressed"]].concat()).run().exits(0);
    assert_eq!(all.json()["filter"]["reasons"], json!({"suppressed": 1}));
    assert!(!all.stderr.contains("(--include-suppressed)"), "{}", all.stderr);
    assert!(stub.requests().is_empty());
    // A marker in the text does not hide a live key.
    let mut keys = Keys::new("only live marker");
    let key = keys.pair();
    let marked = key.env.replace('\n', " # keysweep:allow\n");
    project.file("live/.env", marked);
    let id = key.id.clone();
    let stub = Stub::start(move |request, _| match request.scope(0) == id {
        true => identity("aws"),
        false => not_known(),
    });
    let args = ["scan", "--only-live", "--sts-endpoint", &stub.url(), "--format", "json"];
    let ran = project.keysweep(args).run().exits(1);
    assert_eq!(ran.key_ids(), [key.id.as_str()]);
}

#[test]
fn a_hook_that_stops_nothing_and_a_quiet_run_say_nothing() {
    let (leaks, stub) = leaks("only live silent", &[GONE]);
    let (project, url) = (&leaks.project, stub.url());
    project.git(&["add", "-f", GONE]);
    let run =
        |args: &[&str]| project.keysweep([args, &["--sts-endpoint", &url]].concat()).run().exits(0);
    for option in [&["--only-live"][..], &["--verify", "--fail-on", "active"]] {
        let ran = run(&[&["staged", "--hook"], option].concat());
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""), "{option:?}");
        let quiet = run(&[&["staged", "--quiet"], option].concat());
        assert!(!quiet.stderr.contains("asking AWS"), "{option:?}: {}", quiet.stderr);
        let loud = run(&[&["staged"], option].concat());
        assert!(loud.stderr.contains("asking AWS"), "{option:?}: {}", loud.stderr);
    }
    assert!(!stub.requests().is_empty());
}

#[test]
fn a_deactivated_and_a_deleted_key_are_not_live_at_a_server_that_checks() {
    let moto = Moto::start_strict(&[]);
    let (live, off, deleted) =
        (moto.user_key("live"), moto.user_key("off"), moto.user_key("deleted"));
    let deactivate = format!("UserName=off&AccessKeyId={}&Status=Inactive", off.id);
    moto.iam(&format!("Action=UpdateAccessKey&{deactivate}"));
    moto.delete(&deleted);
    moto.check_signatures();
    let project = Project::new();
    for key in [&live, &off, &deleted] {
        let (id, secret) = (&key.id, &key.secret);
        let text = format!("AWS_ACCESS_KEY_ID={id}\nAWS_SECRET_ACCESS_KEY={secret}\n");
        project.file(format!("{}/.env", key.user), text);
    }
    let args = ["scan", "--only-live", "--sts-endpoint", &moto.url(), "--format", "json"];
    let report = project.keysweep(args).run().exits(1).json();
    assert_eq!(key_ids(&report), [live.id.as_str()]);
    assert_eq!(report["filter"]["reasons"], json!({"inactive": 2}));
    assert_eq!(report["coverage"]["complete"], true);
}
