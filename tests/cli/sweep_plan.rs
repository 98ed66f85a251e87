//! The plan of a sweep: what `--list` writes, `--stdin` reads back, and `--shard` divides.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::Value;

use crate::support::{Keys, Project, Ran};

/// The arguments of the commands below.
const GIVEN: [&str; 4] = ["all", "all/notes/deep", "all/notes/a.txt", "none"];

/// Every kind of target, with two keys in many of them: clones, one in another, a bare one, one that
/// borrows objects, linked worktrees, a submodule, a damaged one, names that are not UTF-8, a folder
/// in a folder, a file, and an argument that is not there.
fn everything(name: &str) -> Project {
    let mut keys = Keys::new(name);
    let project = Project::new();
    project.git_in("all/one", &["init", "-q", "-b", "main"]);
    project.file("all/one/conf/a.env", keys.pair().env).file("all/one/.gitignore", "/vendor/\n");
    project.git_in("all/one", &["add", "-A"]).git_in("all/one", &["commit", "-qm", "one"]);
    project.git_in("all", &["clone", "-q", "one", "one/vendor/inner"]);
    project.git_in("all", &["clone", "-q", "--bare", "one", "bare.git"]);
    project.git_in("all", &["clone", "-q", "--shared", "one", "borrows"]);
    project.git_in("all/one", &["worktree", "add", "-q", "../tree", "-b", "tree"]);
    let module =
        ["-c", "protocol.file.allow=always", "submodule", "add", "-q", "../bare.git", "sub"];
    project.git_in("all/borrows", &module);
    project.file("all/broken.git/HEAD", "x").file("all/broken.git/objects/x", "");
    project.file("all/broken.git/refs/x", keys.pair().env);
    let odd = Path::new("all").join(OsStr::from_bytes(b"odd \xff \xe2\x80\xae\n"));
    project.file(odd.join("in/b.env"), keys.pair().env);
    fs::rename(project.at("all/one/vendor/inner"), project.at(odd.join("inner"))).expect("moved");
    project.git_in("all", &["clone", "-q", "one", "one/vendor/inner"]);
    project.file("all/notes/a.txt", keys.pair().env).file("all/notes/deep/b.txt", keys.pair().env);
    project.file("all/notes/c.txt", keys.pair().env);
    project.file("all/linked/readme", "");
    symlink(project.at("all/one/.git"), project.at("all/linked/.git")).expect("a link");
    project
}

fn sweep(project: &Project, options: &[&str], input: &[u8]) -> Ran {
    let args = [&["sweep", "--format", "json"], options].concat();
    project.keysweep(args).input(input).run()
}

fn list(project: &Project, options: &[&str]) -> Ran {
    project.keysweep([&["sweep", "--list", "--format", "jsonl"], options].concat()).run()
}

/// The targets and occurrences of reports, each as text.
fn content(reports: &[Ran]) -> (BTreeSet<String>, BTreeSet<String>) {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let (mut targets, mut places) = (BTreeSet::new(), BTreeSet::new());
    for report in reports.iter().map(Ran::json) {
        for target in list(&report["coverage"]["targets"]) {
            assert!(targets.insert(target.to_string()), "twice: {target}");
        }
        for finding in list(&report["findings"]) {
            let named = |place: &Value| format!("{}: {place}", finding["fingerprint"]);
            places.extend(list(&finding["occurrences"]).iter().map(named));
        }
    }
    (targets, places)
}

#[test]
fn a_plan_on_standard_input_gives_the_same_sweep_whole_or_in_parts() {
    let project = everything("plan back");
    let whole = sweep(&project, &GIVEN, b"").exits(1);
    let listed = list(&project, &GIVEN).exits(3);
    let plan = listed.stdout.as_bytes();
    assert_eq!(sweep(&project, &["--stdin"], plan).stdout, whole.stdout);
    // The order of lines, and a line that is there twice, change nothing.
    let mut lines: Vec<&str> = listed.stdout.lines().rev().collect();
    lines.push(lines[0]);
    let shuffled = lines.join("\r\n");
    assert_eq!(sweep(&project, &["--stdin"], shuffled.as_bytes()).stdout, whole.stdout);
    // A plan that is listed again is the same plan.
    let again = project.keysweep(["sweep", "--stdin", "--list", "--format", "jsonl"]).input(plan);
    assert_eq!(again.run().stdout, listed.stdout);

    // Each line alone.
    let alone: Vec<Ran> =
        listed.stdout.lines().map(|line| sweep(&project, &["--stdin"], line.as_bytes())).collect();
    // A target that can't be scanned at all has no report when it is alone.
    let alone: Vec<Ran> = alone.into_iter().filter(|ran| !ran.stdout.is_empty()).collect();
    let ((targets, places), (all, everywhere)) = (content(&alone), content(&[whole]));
    assert_eq!(places, everywhere);
    let missing: Vec<&String> = all.difference(&targets).collect();
    assert!(targets.is_subset(&all), "{targets:#?} {all:#?}");
    assert!(matches!(missing[..], [one] if one.contains("\"none\"")), "{missing:#?}");
}

#[test]
fn shards_are_disjoint_and_complete() {
    let project = everything("plan shards");
    let whole = content(&[sweep(&project, &GIVEN, b"").exits(1)]);
    let plan = list(&project, &GIVEN).stdout;
    for count in [1, 2, 3, 40] {
        let (mut folders, mut given, mut lines) = (Vec::new(), Vec::new(), BTreeSet::new());
        for number in 1..=count {
            let shard = format!("{number}/{count}");
            let options = [&["--shard", &shard][..], &GIVEN].concat();
            let ran = sweep(&project, &options, b"");
            let by_plan = sweep(&project, &["--shard", &shard, "--stdin"], plan.as_bytes());
            assert_eq!(ran.stdout, by_plan.stdout, "{shard}");
            for line in list(&project, &options).stdout.lines() {
                assert!(lines.insert(line.to_owned()), "{shard}: {line}");
            }
            if !ran.stdout.is_empty() {
                let note = format!("shard {number} of {count}: ");
                let notes = ran.notes().join("\n");
                assert!(notes.contains(&note), "{notes}");
                folders.push(ran);
                given.push(by_plan);
            }
        }
        assert_eq!(lines, plan.lines().map(str::to_owned).collect(), "of {count}");
        let (mut targets, places) = content(&folders);
        assert_eq!(content(&given), (targets.clone(), places.clone()));
        // Alone in its shard, an argument that is not there has no report but an error.
        targets.extend(whole.0.iter().filter(|target| target.contains("\"none\"")).cloned());
        assert_eq!((targets, places), whole, "of {count}");
    }
}

#[test]
fn a_merge_without_one_of_the_shards_is_incomplete() {
    let project = everything("plan merge");
    let whole = sweep(&project, &["all"], b"").exits(1);
    // Some of so many shards have no target.
    let partials: Vec<String> = (1..=20).map(|number| format!("{number}.partial")).collect();
    for (number, partial) in (1..).zip(&partials) {
        let shard = format!("{number}/20");
        let ran = ["sweep", "all", "--shard", &shard, "--partial", partial, "--fail-on", "never"];
        assert!(matches!(project.keysweep(ran).run().code, Some(0 | 2 | 3)), "{shard}");
    }
    let merge = |partials: &[String]| {
        let args = ["merge", "--format", "json"].into_iter();
        project.keysweep(args.chain(partials.iter().map(String::as_str))).run()
    };
    assert_eq!(merge(&partials).stdout, whole.stdout);
    let some = merge(&partials[1..]);
    assert_eq!(some.json()["coverage"]["complete"], false);
    let problems = some.problems();
    let is_named = problems.iter().any(|problem| problem.contains("shard 1 of 20: no partial"));
    assert!(is_named, "{problems:?}");
}

#[test]
fn a_plan_says_what_and_where_and_how_much() {
    let project = everything("plan text");
    let read = |text: &str| -> Vec<Value> {
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    };
    let lines = read(&list(&project, &GIVEN).exits(3).stdout);
    let line = |name: &str| lines.iter().find(|line| line["name"] == name).expect(name);
    let root = project.path().canonicalize().expect("a folder");
    for (name, kind, place) in [
        ("all", "rest", "all"),
        ("all/bare.git", "repository", "all/bare.git"),
        ("all/notes/deep", "rest", "all/notes/deep"),
        ("all/notes/a.txt", "file", "all/notes/a.txt"),
        ("all/tree", "repository", "all/tree"),
        ("all/one/vendor/inner", "repository", "all/one/vendor/inner"),
    ]
    .map(|(name, kind, place)| (name.strip_prefix("all/").unwrap_or("."), kind, place))
    {
        let line = line(name);
        assert_eq!(line["kind"], kind, "{line}");
        assert_eq!(line["place"], root.join(place).to_string_lossy().as_ref(), "{line}");
    }
    assert_eq!(line("tree")["history_with"], "one");
    assert_eq!(line("none")["kind"], "missing");
    assert_eq!(line("bare.git")["bare"], true);
    let odd = lines.iter().find(|line| line["place_bytes"].is_string()).expect("an odd name");
    assert_eq!(odd["name"], "odd \\xff \\u{202e}\\n/inner");

    // The unit is a byte of packs; a file of 16 MB is as heavy as a pack of 1 MB.
    let weight = |plan: &[Value], name: &str| {
        plan.iter().find(|line| line["name"] == name).and_then(|line| line["weight"].as_u64())
    };
    let before = weight(&lines, ".").expect("a weight");
    project.file("all/large", vec![b'x'; 16 << 20]);
    let after = read(&list(&project, &GIVEN).stdout);
    assert_eq!(weight(&after, "."), Some(before + (1 << 20)));
    assert_eq!(weight(&after, "one"), weight(&lines, "one"));
    project.file("all/bare.git/objects/pack/x.pack", vec![b'x'; 1 << 20]);
    let packed = read(&list(&project, &GIVEN).stdout);
    assert!(weight(&packed, "bare.git") >= weight(&after, "bare.git").map(|it| it + (1 << 20)));

    let text = project.keysweep(["sweep", "--list"].iter().chain(&GIVEN)).run().exits(3);
    let row = |words: &[&str]| {
        text.stdout.lines().any(|line| words.iter().all(|word| line.contains(word)))
    };
    assert!(row(&["repository", "bare.git", "MB", "all/bare.git"]), "{}", text.stdout);
    assert!(row(&["missing", "none", "No such file"]), "{}", text.stdout);
    assert!(text.stderr.contains("11 targets, estimated cost"), "{}", text.stderr);
    project.keysweep(["sweep", "--list", "all"]).run().exits(0);
    project.keysweep(["sweep", "--list", "none"]).run().exits(2);
}

#[test]
fn a_bad_line_is_named() {
    let project = Project::new();
    project.file("a/x", "").file("b/x", "");
    let good = |name: &str, place: &str| {
        format!(
            "{{\"name\":\"{name}\",\"place\":\"{}\",\"kind\":\"rest\"}}",
            project.at(place).display()
        )
    };
    let a = good("a", "a");
    for (list, words) in [
        (format!("{a}\n{{"), "line 2 of standard input is not a target"),
        (format!("{a}\n\n{{\"name\":\"b\"}}"), "line 3 of standard input is not a target"),
        (a.replace("rest", "remainder"), "unknown variant"),
        (a.replace("\"kind\"", "\"sort\":1,\"kind\""), "unknown field `sort`"),
        (a.replace("\"name\":\"a\"", "\"name\":\"\""), "its name is empty"),
        (r#"{"name":"a","place":"a","kind":"rest"}"#.into(), "not an absolute path"),
        (a.replace('}', ",\"place_bytes\":\"?\"}"), "place_bytes are not base64"),
        (a.replace('}', ",\"apart\":[\"../b\"]}"), "../b in its list `apart` is not inside"),
        (a.replace('}', ",\"apart\":[\"/b\"]}"), "/b in its list `apart` is not inside"),
        (a.replace('}', ",\"apart_bytes\":[\"?\"]}"), "apart_bytes are not base64"),
        (format!("{a}\nb\n"), "line 2 of standard input is a path, and line 1 is a target"),
        (format!("b\0{a}\0"), "line 1 of standard input is a path, and line 2 is a target"),
        (format!("{a}\n{}", good("a", "b")), "line 2 of standard input has the name of line 1"),
        (format!("{a}\n{}", good("b", "a")), "line 2 of standard input has the place of line 1"),
        (format!("{a}\n{}", a.replace('}', ",\"bare\":true}")), "the name and place of line 1"),
    ] {
        let ran = sweep(&project, &["--stdin"], list.as_bytes()).exits(2);
        assert!(ran.stderr.contains(words), "{list:?}: {}", ran.stderr);
    }
    let ran = sweep(&project, &["--stdin", "b"], a.as_bytes()).exits(2);
    assert!(ran.stderr.contains("the command line names b"), "{}", ran.stderr);
    sweep(&project, &["--stdin"], a.as_bytes()).exits(0);
    // A machine that does not see the place says so.
    let gone =
        sweep(&project, &["--stdin"], format!("{a}\n{}", good("c", "c")).as_bytes()).exits(3);
    let target = &gone.json()["coverage"]["targets"][1];
    assert!(
        target["failed"].to_string().contains("not there on this machine: No such file"),
        "{target:#}"
    );
}

#[test]
fn options_that_mean_nothing_to_a_plan_are_refused() {
    let project = Project::new();
    project.file("a/x", "");
    for (options, words) in [
        (&["--list", "--resume", "s"][..], "cannot be used with"),
        (&["--list", "--output", "r.json"], "cannot be used with"),
        (&["--list", "--format", "sarif"], "text or jsonl"),
        (&["--shard", "0/2"], "shards count from 1"),
        (&["--shard", "3/2"], "no shard 3 of 2"),
        (&["--shard", "half"], "expected I/N"),
    ] {
        let ran = project.keysweep([&["sweep", "a"], options].concat()).run().exits(2);
        assert!(ran.stderr.contains(words), "{options:?}: {}", ran.stderr);
    }
}
