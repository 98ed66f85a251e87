//! `keysweep report --diff`.

use serde_json::Value;

use super::{Swept, json, swept};
use crate::support::{Keys, Project};

/// The number of findings in each list of a comparison, and the reason for the first doubt.
fn lists(report: &Value) -> ([usize; 5], String) {
    let count = |name: &str| report[name].as_array().expect("a list").len();
    let counts = ["added", "changed", "still_there", "gone", "not_known"].map(count);
    (counts, report["not_known"][0]["why"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn what_is_not_covered_is_not_called_gone() {
    let Swept { project, shared, own, .. } = swept("diff targets");
    // The key of `one` goes, a new one comes; `two` is left out, then not readable.
    let mut keys = Keys::new("diff new");
    project.file("all/one/own.env", "").file("all/one/new.env", keys.pair().env);
    project.git_in("all/one", &["checkout", "-q", "--orphan", "fresh"]);
    project.git_in("all/one", &["add", "-A"]).git_in("all/one", &["commit", "-q", "-m", "x"]);
    project.git_in("all/one", &["branch", "-q", "-D", "main"]);
    project.git_in("all/one", &["reflog", "expire", "--expire=now", "--all"]);
    project.git_in("all/one", &["gc", "-q", "--prune=now"]);
    project.file("all/two/moved.env", &shared.env);
    let sweep = |arguments: &[&str]| {
        project.keysweep([&["sweep"], arguments, &["-o", "json=b.json"]].concat()).run();
    };
    let compare = || json(&project, &["report", "--diff", "a.json", "b.json"]);
    sweep(&["all"]);
    let (ran, report) = compare();
    assert_eq!(lists(&report), ([1, 0, 3, 1, 0], String::new()), "{report:#}");
    assert_eq!(ran.code, Some(1));
    assert_eq!(report["gone"][0]["key_id"], own[0].id.as_str());
    let spread = report["still_there"].as_array().expect("a list");
    let spread = spread.iter().find(|it| it["finding"]["key_id"] == shared.id.as_str());
    assert_eq!(spread.expect("it")["new_places"][0], "two: moved.env");
    // The reverse.
    let (ran, report) = json(&project, &["report", "--diff", "b.json", "a.json"]);
    assert_eq!((lists(&report).0, ran.code), ([1, 0, 3, 1, 0], Some(1)));
    // The same.
    let (ran, report) = json(&project, &["report", "--diff", "b.json", "b.json"]);
    assert_eq!((lists(&report).0, ran.code), ([0, 0, 4, 0, 0], Some(0)));
    for (format, shown) in
        [("text", "New: 1\n"), ("markdown", "**New: 1**"), ("html", "<h2>New: 1</h2>")]
    {
        let ran = project.keysweep(["report", "--diff", "a.json", "b.json", "-f", format]).run();
        let text = ran.exits(1).stdout;
        assert!(text.contains(shown) && text.contains("Gone: 1"), "{text}");
    }
    // `two` is not scanned: its key is not gone.
    sweep(&["all", "--exclude", "two/"]);
    let (_, report) = compare();
    assert_eq!(lists(&report).0[3], 1, "{report:#}");
    std::fs::rename(project.at("all/two"), project.at("two")).expect("moved");
    sweep(&["all"]);
    let (ran, report) =
        json(&project, &["report", "--diff", "a.json", "b.json", "--fail-on", "never"]);
    assert_eq!(lists(&report), ([1, 0, 2, 1, 1], "two was not scanned".to_owned()));
    assert_eq!(ran.code, Some(3));
}

/// Two scans of one folder, with something else in between.
fn scans(
    name: &str,
    first: &[&str],
    second: &[&str],
    between: impl Fn(&Project),
) -> ([usize; 5], String, Option<i32>) {
    let mut keys = Keys::new(name);
    let project = Project::new();
    project.git(&["init", "-q", "-b", "main"]);
    project.file("a.env", keys.pair().env).file("b.env", keys.pair().env);
    project.file("c.txt", "small\n");
    project.git(&["add", "-A"]).git(&["commit", "-q", "-m", "x"]);
    let old = project.keysweep([first, &["-f", "json"]].concat()).run().stdout;
    between(&project);
    let new = project.keysweep([second, &["-f", "json"]].concat()).run().stdout;
    let elsewhere = Project::new();
    elsewhere.file("old.json", old).file("new.json", new);
    let (ran, report) = json(&elsewhere, &["report", "--diff", "old.json", "new.json"]);
    let (counts, why) = lists(&report);
    (counts, why, ran.code)
}

#[test]
fn reasons_for_doubt() {
    let remove = |project: &Project| {
        project.file("a.env", "");
    };
    let nothing = |_: &Project| {};
    let suppress = |project: &Project| {
        project.keysweep(["baseline", "--reason", "x"]).run().exits(0);
    };
    type Between<'a> = &'a dyn Fn(&Project);
    for (first, second, between, counts, why, code) in [
        (&["scan"][..], &["scan"][..], &remove as Between<'_>, [0, 0, 1, 1, 0], "", 0),
        (&["scan"], &["scan", "missing", "."], &remove, [0, 0, 1, 0, 1], "not complete", 3),
        (&["scan"], &["scan", "--exclude", "a.env"], &nothing, [0, 0, 1, 0, 1], "left out more", 3),
        (
            &["scan"],
            &["scan", "--max-file-size", "10"],
            &nothing,
            [0, 0, 0, 0, 2],
            "files over --max-file-size",
            3,
        ),
        (&["scan"], &["scan"], &suppress, [0, 0, 0, 0, 2], "2 suppressed findings", 3),
        (
            &["scan", "--include-suppressed"],
            &["scan", "--include-suppressed"],
            &suppress,
            [0, 0, 2, 0, 0],
            "",
            0,
        ),
        (&["scan"], &["scan", "b.env"], &nothing, [0, 0, 1, 0, 1], "was not scanned", 3),
        (&["history"], &["history"], &remove, [0, 0, 2, 0, 0], "", 0),
        (&["history"], &["scan"], &remove, [0, 0, 1, 0, 1], "does not scan all of history", 3),
        (&["scan"], &["history"], &remove, [0, 0, 2, 0, 0], "", 0),
        (&["scan"], &["staged"], &nothing, [0, 0, 0, 0, 2], "only what was added", 3),
        (&["range", "HEAD~0..HEAD"], &["scan"], &nothing, [2, 0, 0, 0, 0], "", 1),
    ] {
        let (lists, reason, status) = scans("diff reasons", first, second, between);
        assert_eq!((lists, status), (counts, Some(code)), "{first:?} {second:?}: {reason}");
        assert!(reason.contains(why), "{first:?} {second:?}: {reason}");
    }
}

#[test]
fn comparisons_have_their_formats_and_two_files() {
    let Swept { project, .. } = swept("diff usage");
    for (arguments, why) in [
        (&["--diff", "a.json"][..], "compares two reports"),
        (&["--diff", "a.json", "a.json", "a.json"], "not 3"),
        (
            &["--diff", "a.json", "a.json", "-f", "csv"],
            "text, json, markdown and html, not with csv",
        ),
        (&["--diff", "a.json", "a.json", "--group-by", "rule"], "cannot be used with"),
    ] {
        let ran = project.keysweep([&["report"], arguments].concat()).run().exits(2);
        assert!(ran.stderr.contains(why), "{arguments:?}: {}", ran.stderr);
    }
    // A comparison is not a report.
    let text =
        project.keysweep(["report", "--diff", "a.json", "a.json", "-f", "json"]).run().stdout;
    let ran = project.file("d.json", text).keysweep(["report", "d.json"]).run().exits(2);
    assert!(ran.stderr.contains("not a report of keysweep"), "{}", ran.stderr);
    // A filter hides on both sides.
    let filter = ["report", "--diff", "a.json", "a.json", "--only", "repository=one"];
    let (_, report) = json(&project, &filter);
    assert_eq!((lists(&report).0, &report["filter"]["hidden"]), ([0, 0, 2, 0, 0], &Value::from(2)));
}

#[test]
#[cfg(feature = "verify")]
fn another_verdict_is_seen() {
    use crate::support::stub::{Stub, identity, not_known};
    let mut keys = Keys::new("diff verdict");
    let project = Project::new();
    project.file("a.env", keys.pair().env);
    let scan = |stub: &Stub, name: &str| {
        let output = format!("json={name}");
        let endpoint = stub.url();
        let arguments = ["scan", "--verify", "--sts-endpoint", &endpoint, "-o", &output];
        project.keysweep(arguments).run();
    };
    scan(&Stub::start(|_, _| identity("aws")), "live.json");
    scan(&Stub::start(|_, _| not_known()), "dead.json");
    for (old, new, level, code) in [
        ("live.json", "dead.json", "warning", 0),
        // A dead key is a note; it reaches the level now, and did not before.
        ("dead.json", "live.json", "warning", 1),
        ("dead.json", "live.json", "active", 1),
        ("live.json", "live.json", "active", 0),
    ] {
        let (ran, report) = json(&project, &["report", "--diff", old, new, "--fail-on", level]);
        assert_eq!(ran.code, Some(code), "{old} {new} {level}: {report:#}");
        let changed = usize::from(old != new);
        assert_eq!(lists(&report).0, [0, changed, 1 - changed, 0, 0]);
    }
}

#[test]
fn what_the_newer_run_may_have_left_out_is_not_gone() {
    use std::fs;
    type Between<'a> = &'a dyn Fn(&Project);
    type Case<'a> = (&'a str, &'a [&'a str], &'a [&'a str], Between<'a>, &'a str);
    let ignored = |project: &Project| {
        project.file(".gitignore", "a.env\n").git(&["rm", "-q", "--cached", "a.env"]);
    };
    let excluded_for_me = |project: &Project| {
        project.file(".git/info/exclude", "a.env\n").git(&["rm", "-q", "--cached", "a.env"]);
    };
    let rar = |project: &Project| {
        project.file("a.env", [b"Rar!\x1a\x07\x01\0", &[0x91; 300][..]].concat());
    };
    let grown = |project: &Project| {
        let text = fs::read_to_string(project.at("a.env")).expect("a file");
        project.file("a.env", format!("{}\n{text}", "x".repeat(3000))).file("big", "small");
    };
    let removed = |project: &Project| {
        project.file("a.env", "");
    };
    let nothing = |_: &Project| {};
    let size = &["scan", "--max-file-size", "2000"][..];
    let mut cases: Vec<Case<'_>> = vec![
        ("ignored", &["scan"], &["scan"], &ignored, "ignore files"),
        ("info/exclude", &["scan"], &["scan"], &excluded_for_me, "ignore files"),
        ("--no-ignore", &["scan", "--no-ignore"], &["scan"], &ignored, "ignore files"),
        ("excluded", &["scan"], &["scan", "--exclude", "a.env"], &nothing, "--exclude"),
        ("rar", &["scan"], &["scan"], &rar, "1 "),
        ("too large, as another file was", size, size, &grown, "--max-file-size"),
        ("removed", &["scan"], &["scan"], &removed, ""),
        (
            "removed, and the same is excluded",
            &["scan", "--exclude", "c.txt"],
            &["scan", "--exclude", "c.txt"],
            &removed,
            "",
        ),
    ];
    #[cfg(unix)]
    let link = |project: &Project| {
        fs::remove_file(project.at("a.env")).expect("removed");
        std::os::unix::fs::symlink("/dev/null", project.at("a.env")).expect("a link");
    };
    #[cfg(unix)]
    cases.push(("link", &["scan"], &["scan"], &link, "1 symbolic link"));
    for (name, first, second, between, why) in cases {
        let (lists, reason, status) = scans("diff left out", first, second, between);
        let gone = usize::from(why.is_empty());
        assert_eq!(lists, [0, 0, 1, gone, 1 - gone], "{name}: {reason}");
        assert_eq!(status, Some(if gone == 1 { 0 } else { 3 }), "{name}: {reason}");
        assert!(reason.contains(why), "{name}: {reason}");
    }
}

/// A counter that is added later makes a finding doubtful as well, unless it counts no content.
#[test]
fn a_higher_count_of_left_out_content_is_a_reason_for_doubt() {
    let mut keys = Keys::new("diff counters");
    let project = Project::new();
    project.file("in/k.env", keys.pair().env);
    project.keysweep(["scan", "in", "-q", "-o", "json=old.json"]).run();
    project.file("in/k.env", "");
    let ran = project.keysweep(["scan", "in", "-q", "-f", "json"]).run().exits(0);
    let schema: Value =
        serde_json::from_str(include_str!("../../../schemas/report.json")).expect("JSON");
    let left_out = schema["$defs"].as_object().and_then(|parts| {
        parts.values().find_map(|part| part["properties"]["left_out"]["properties"].as_object())
    });
    for (name, kind) in left_out.expect("the counters of the schema") {
        let mut report = ran.json();
        report["coverage"]["left_out"][name] = match kind["type"].as_str() {
            Some("integer") => Value::from(1),
            _ => serde_json::json!({"rar": 1}),
        };
        project.file("new.json", report.to_string());
        let (_, report) = json(&project, &["report", "--diff", "old.json", "new.json"]);
        // Findings of high confidence are not below --min-confidence.
        let is_no_content = ["examples", "repositories", "unattributed", "below_confidence"]
            .contains(&name.as_str());
        let counts = if is_no_content { [0, 0, 0, 1, 0] } else { [0, 0, 0, 0, 1] };
        assert_eq!(lists(&report).0, counts, "{name}: {report:#}");
    }
}

#[test]
fn a_part_of_a_key_is_the_key() {
    let mut keys = Keys::new("diff parts");
    let (key, other) = (keys.pair(), keys.pair());
    let id = format!("aws_access_key_id = {}\n", key.id);
    let secret = format!("aws_secret_access_key = {}\n", key.secret);
    let renewed = format!("{id}aws_secret_access_key = {}\n", other.secret);
    let (pair, none) = (key.env.clone(), String::new());
    let (whole, id_alone, secret_alone) = ("a pair", "the key id alone", "the secret alone");
    for (old, new, counts, was) in [
        (&pair, &pair, [0, 0, 1, 0, 0], None),
        (&pair, &id, [0, 0, 1, 0, 0], Some(whole)),
        (&pair, &secret, [0, 0, 1, 0, 0], Some(whole)),
        (&id, &pair, [0, 0, 1, 0, 0], Some(id_alone)),
        (&secret, &pair, [0, 0, 1, 0, 0], Some(secret_alone)),
        (&id, &secret, [1, 0, 0, 1, 0], None),
        (&pair, &renewed, [1, 0, 0, 1, 0], None),
        (&pair, &other.env, [1, 0, 0, 1, 0], None),
        (&pair, &none, [0, 0, 0, 1, 0], None),
    ] {
        let project = Project::new();
        for (name, text) in [("old.json", old), ("new.json", new)] {
            project.file("in/k.env", text);
            project.keysweep(["scan", "in", "-q", "-o", &format!("json={name}")]).run();
        }
        let (_, report) = json(&project, &["report", "--diff", "old.json", "new.json"]);
        assert_eq!(lists(&report).0, counts, "{was:?} {report:#}");
        assert_eq!(report["still_there"][0]["was"].as_str(), was, "{report:#}");
        if let Some(was) = was {
            let ran = project.keysweep(["report", "--diff", "old.json", "new.json"]).run();
            assert!(ran.stdout.contains(&format!(": was {was}, is ")), "{}", ran.stdout);
        }
    }
}

#[test]
fn what_the_older_report_hides_may_not_be_new() {
    let Swept { project, .. } = swept("diff filtered");
    let hide = ["report", "a.json", "--not", "repository=one", "-o", "json=f.json"];
    project.keysweep(hide).run();
    project.keysweep(["report", "a.json", "-o", "sarif=a.sarif"]).run();
    let ran = project.keysweep(["report", "--diff", "f.json", "a.json"]).run().exits(1);
    let heading = "New, or hidden in the older report, which is filtered: ";
    assert!(ran.stdout.contains(heading), "{}", ran.stdout);
    assert!(ran.stdout.contains(", filtered) compared with"), "{}", ran.stdout);
    let (_, report) = json(&project, &["report", "--diff", "f.json", "a.json"]);
    let by = report["old"]["filter"]["by"].to_string();
    assert!(by.contains("repository=one"), "{by}");
    assert_eq!(report["new"].get("filter"), None);
}

#[test]
fn sarif_does_not_say_which_folder_it_is_of() {
    let mut keys = Keys::new("diff sarif");
    let project = Project::new();
    project.file("in/k.env", keys.pair().env);
    project.keysweep(["scan", "in", "-q", "-o", "json=old.json"]).run();
    project.file("in/k.env", "");
    project.keysweep(["scan", "in", "-q", "-o", "sarif=new.sarif"]).run();
    let (ran, report) = json(&project, &["report", "--diff", "old.json", "new.sarif"]);
    let (counts, why) = lists(&report);
    assert_eq!((counts, ran.code), ([0, 0, 0, 0, 1], Some(3)), "{report:#}");
    assert!(why.contains("compare reports in JSON") && !why.contains("not scanned"), "{why}");
}
