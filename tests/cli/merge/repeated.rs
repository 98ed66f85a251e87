//! The same target in several partials: counted once, and nothing that was found is lost.

use std::fs;

use super::{assert_same, everything, outputs, shards};
use crate::support::{Keys, Project};

/// Sets fields in the lines of one kind: the head, `target` or `end`. The order of fields stays, by
/// which a partial is known.
fn change(project: &Project, from: &str, to: &str, kind: &str, fields: &[(&str, &str)]) {
    let text = fs::read_to_string(project.at(from)).expect("a partial");
    let set = |line: &str| {
        fields.iter().fold(line.to_owned(), |line, (field, value)| {
            let name = format!("\"{field}\":");
            let start = line.find(&name).expect("the field") + name.len();
            let end = start + line[start..].find([',', '}']).expect("its end");
            format!("{}{value}{}", &line[..start], &line[end..])
        })
    };
    let beginning = format!("{{\"{kind}\":");
    let lines = text.lines().map(|line| match line.starts_with(&beginning) {
        true => set(line) + "\n",
        false => line.to_owned() + "\n",
    });
    project.file(to, lines.collect::<String>());
}

#[test]
fn a_copied_or_repeated_partial_counts_once() {
    let (project, _) = everything("merge repeated");
    let partials = shards(&project, 2);
    let (one, _) = outputs(&project, "one", &["merge", "parts/2"]);
    // The same file by two names is one file.
    let twice = ["merge", &partials[0], "parts/2", &format!("./{}", partials[1])];
    let (same, _) = outputs(&project, "same", &twice);
    assert_same(&one, &same, "named twice");
    fs::copy(project.at(&partials[0]), project.at("copy.partial")).expect("a copy");
    let ran = project.keysweep(["merge", "parts/2", "copy.partial", "--format", "json"]).run();
    let alone = project.keysweep(["merge", "parts/2", "--format", "json"]).run();
    let notes = ran.notes().join("\n");
    assert!(notes.contains("in several partials, each counts once"), "{notes}");
    let (mut ran, mut alone) = (ran.json(), alone.json());
    for report in [&mut ran, &mut alone] {
        report["coverage"]["notes"].take();
    }
    assert_eq!(ran, alone);
}

/// A target of one key that is scanned again after the key was replaced, here or elsewhere.
#[test]
fn the_latest_complete_scan_counts_and_nothing_found_is_lost() {
    let mut made = Keys::new("merge latest");
    let (old, new) = (made.pair(), made.pair());
    let project = Project::new();
    let sweep = |env: &str, partial: &str| {
        project.file("all/a.env", env);
        project.keysweep(["sweep", "all", "--partial", partial, "--quiet"]).run().exits(1);
    };
    sweep(&old.env, "old");
    sweep(&new.env, "new");
    let sorted = |keys: &[&String]| {
        let mut keys: Vec<String> = keys.iter().map(|&key| key.clone()).collect();
        keys.sort();
        keys
    };
    let (both, late) = (sorted(&[&old.id, &new.id]), sorted(&[&new.id]));
    let set = |name, kind, fields: &[(&str, &str)]| change(&project, "old", name, kind, fields);
    set("earlier", "target", &[("ended", "\"2020-01-01T00:00:00Z\"")]);
    set("elsewhere", "keysweep_partial", &[("host", "\"another\"")]);
    set("unknown", "keysweep_partial", &[("host", "null")]);
    let later = ("ended", "\"2999-01-01T00:00:00Z\"");
    set("incomplete", "target", &[later, ("complete", "false")]);
    for (other, expected, words) in [
        ("earlier", &late, "latest complete scan"),
        ("elsewhere", &both, "of different machines"),
        ("unknown", &both, "of different machines"),
        ("incomplete", &both, "latest complete scan"),
    ] {
        for order in [["new", other], [other, "new"]] {
            let merge = ["merge", order[0], order[1], "--format", "json"];
            let ran = project.keysweep(merge).run().exits(1);
            assert_eq!(&ran.key_ids(), expected, "{order:?}");
            let notes = ran.notes().join("\n");
            assert!(notes.contains(words), "{order:?}: {notes}");
            assert_eq!(ran.json()["coverage"]["complete"], true, "{order:?}");
            assert_eq!(ran.json()["coverage"]["files"], 1, "{order:?}");
        }
    }
}

/// A sweep that `--timeout` or a signal ended, and another one that has what it did not scan.
#[test]
fn the_end_of_a_sweep_is_no_problem_once_its_targets_are_scanned() {
    let mut made = Keys::new("merge covered");
    let project = Project::new();
    let sweep = |partial: &str| {
        project.keysweep(["sweep", "all", "--partial", partial, "--quiet"]).run().exits(1);
    };
    let (old, new) = (made.pair(), made.pair());
    project.file("all/a.env", &new.env);
    sweep("whole");
    change(&project, "whole", "lasting", "target", &[("complete", "false")]);
    change(&project, "whole", "other name", "target", &[("name", "\"other\"")]);
    change(&project, "other name", "other name", "keysweep_partial", &[("plan", "\"other\"")]);
    project.file("all/a.env", &old.env);
    sweep("began");
    let later = ("ended", "\"2999-01-01T00:00:00Z\"");
    let failed = ("failed", "\"not scanned completely: the sweep ended first\"");
    let not_scanned = ("not_scanned", "\"not scanned: the sweep ended first\"");
    let incomplete = ("complete", "false");
    let time =
        ("problems", r#"[{"what":"time","path":"","why":"the time limit of 1s was reached"}]"#);
    let interrupted = ("interrupted", "true");
    let target = |name, fields: &[(&str, &str)]| change(&project, "began", name, "target", fields);
    target("cut", &[later, failed, incomplete]);
    target("unscanned", &[later, not_scanned, incomplete]);
    target("finished", &[later]);
    for (began, by, others, is_left) in [
        ("cut", time, &["whole"][..], false),
        ("cut", interrupted, &["whole"], false),
        ("unscanned", time, &["whole"], false),
        ("unscanned", interrupted, &["whole"], false),
        ("finished", time, &["whole"], false),
        ("cut", time, &["lasting"], false),
        ("cut", time, &["cut"], true),
        ("cut", interrupted, &["other name"], true),
        ("unscanned", time, &[], true),
        ("unscanned", time, &["cut", "other name"], true),
    ] {
        change(&project, began, "ended", "end", &[by]);
        // The target is covered whether the other sweep had the same plan or not.
        for plan in [None, Some(("plan", "\"another\""))] {
            change(&project, "ended", "ended", "keysweep_partial", plan.as_slice());
            let merge = ["merge", "--format", "json", "ended"];
            let ran = project.keysweep(merge.iter().chain(others)).run();
            let place = format!("{began} {by:?} {others:?} {plan:?}: {ran:?}");
            let problems = ran.problems();
            let is_end = |one: &String| one.starts_with("time ") || one.starts_with("run ");
            assert_eq!(problems.iter().any(is_end), is_left, "{place}");
            // What is found is reported, whichever of the scans counts.
            if others.len() == 1 && began == "cut" && others[0] != "cut" {
                assert_eq!(ran.key_ids().len(), 2, "{place}");
            }
        }
    }
}

/// A sweep that ended before its targets began names them as the other sweeps do.
#[test]
fn a_sweep_without_time_is_covered_by_those_of_its_targets() {
    let mut made = Keys::new("merge no time");
    let project = Project::new();
    for name in ["one", "two"] {
        project.git_in(&format!("all/{name}"), &["init", "-q"]);
        project.file(format!("all/{name}/a.env"), made.pair().env);
        let (place, partial) = (format!("all/{name}"), format!("{name}.partial"));
        project.keysweep(["sweep", &place, "--partial", &partial, "-q"]).run().exits(1);
    }
    let cut = ["sweep", "all/one", "all/two", "--timeout", "1ms", "--partial", "cut.partial", "-q"];
    project.keysweep(cut).run();
    // All names count from the folder above then.
    project.file("more/a.env", made.pair().env);
    project.keysweep(["sweep", "more", "--partial", "more.partial", "-q"]).run().exits(1);
    let merge = ["merge", "--format", "json", "cut.partial", "more.partial", "one.partial"];
    let ran = project.keysweep(merge).run().exits(1);
    assert_eq!(ran.json()["coverage"]["complete"], false, "{ran:?}");
    let ran = project.keysweep(merge.iter().chain(&["two.partial"])).run().exits(1);
    assert_eq!(ran.json()["coverage"]["complete"], true, "{ran:?}");
}

/// Containers and build machines call every repository the same.
#[test]
fn repositories_of_one_name_are_distinguished_by_their_remotes() {
    let mut made = Keys::new("merge remotes");
    let project = Project::new();
    for name in ["api", "web"] {
        fs::remove_dir_all(project.at("build")).unwrap_or_default();
        project.git_in("build/repo", &["init", "-q"]);
        project.file("build/repo/a.env", made.pair().env);
        let url = format!("https://user:word@example.org/{name}.git");
        project.git_in("build/repo", &["remote", "add", "origin", &url]);
        let partial = format!("{name}.partial");
        project.keysweep(["sweep", "build/repo", "--partial", &partial, "-q"]).run().exits(1);
    }
    let ran = project.keysweep(["merge", "api.partial", "web.partial", "--format", "json"]).run();
    let report = ran.exits(1).json();
    let targets = report["coverage"]["targets"].as_array().cloned().expect("targets");
    let names: Vec<&str> = targets.iter().filter_map(|target| target["name"].as_str()).collect();
    assert_eq!(names, ["repo (https://example.org/api.git)", "repo (https://example.org/web.git)"]);
    assert_eq!(report["findings"].as_array().map(Vec::len), Some(2));
}
