//! Partials that are truncated, damaged or of another kind: their content is used, and the report
//! says that it is incomplete.

use std::collections::BTreeSet;
use std::fs;

use super::{everything, shards};
use crate::support::{Keys, Project, Ran};

fn keys(report: &Ran) -> BTreeSet<String> {
    let report = report.json();
    let findings = report["findings"].as_array().expect("findings").iter();
    findings.map(|one| one["fingerprint"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_partial_that_is_cut_anywhere_is_used_and_reported() {
    let (project, _) = everything("merge cut");
    shards(&project, 1);
    let text = fs::read(project.at("parts/1/1.partial")).expect("a partial");
    let merge = ["merge", "cut.partial", "--format", "json", "--min-confidence", "low"];
    let all = {
        fs::write(project.at("cut.partial"), &text).expect("a file");
        keys(&project.keysweep(merge).run().exits(1))
    };
    let lines: Vec<usize> = memchr::memchr_iter(b'\n', &text).map(|at| at + 1).collect();
    let between = lines.windows(2).map(|ends| (ends[0] + ends[1]) / 2);
    let cuts = lines.iter().copied().take(lines.len() - 1).chain(between);
    let mut sizes = BTreeSet::new();
    for cut in [0, 1, 9, 40].into_iter().chain(cuts.step_by(3)) {
        fs::write(project.at("cut.partial"), &text[..cut]).expect("a file");
        let ran = project.keysweep(merge).run();
        assert!(matches!(ran.code, Some(1 | 3)), "{cut}: {ran:?}");
        let reported = ran.problems().iter().any(|problem| problem.contains("it has no last line"));
        assert!(reported, "{cut}: {:?}", ran.problems());
        assert_eq!(ran.json()["coverage"]["complete"], false, "{cut}");
        // A half of a pair that is missing is a finding of its own.
        sizes.insert(keys(&ran).intersection(&all).count());
    }
    assert!(sizes.len() > 5 && sizes.contains(&0), "{sizes:?}");
}

#[test]
fn a_cut_partial_is_not_missed_once_its_sweep_was_repeated() {
    let (project, _) = everything("merge again");
    let partials = shards(&project, 2);
    let merge = ["merge", "parts/2", "--format", "json"];
    let whole = project.keysweep(merge).run();
    let text = fs::read(project.at(&partials[0])).expect("a partial");
    fs::write(project.at("parts/2/killed.partial"), &text[..text.len() / 2]).expect("a file");
    fs::write(project.at("parts/2/at-once.partial"), "").expect("a file");
    let ran = project.keysweep(merge).run();
    let problems: Vec<String> =
        ran.problems().into_iter().filter(|one| one.contains("no last line")).collect();
    // Nobody knows whose the empty one is.
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].contains("at-once.partial"), "{problems:?}");
    assert_eq!(ran.json()["findings"], whole.json()["findings"]);
}

#[test]
fn damage_is_named_with_its_line() {
    let (project, _) = everything("merge damage");
    shards(&project, 1);
    let text = fs::read_to_string(project.at("parts/1/1.partial")).expect("a partial");
    let lines: Vec<&str> = text.lines().collect();
    let hit = lines.iter().position(|line| line.starts_with("{\"hit\"")).expect("a hit");
    let without = |at: usize| [&lines[..at], &lines[at + 1..]].concat();
    let with = |at: usize, line: &'static str| [&lines[..at], &[line], &lines[at + 1..]].concat();
    let table = [
        (without(hit), "are missing before it"),
        (without(hit - 1), "is damaged"),
        (with(hit, "{\"hit\":{}}"), "is damaged"),
        (with(hit, "garbage"), "are missing before it"),
        (with(hit - 1, "{\"target\":{\"hits\":-1}}"), "is damaged"),
        (lines[..1].to_vec(), "no last line"),
    ];
    for (lines, words) in table {
        project.file("damaged", lines.join("\n") + "\n");
        let ran = project.keysweep(["merge", "damaged", "--format", "json"]).run();
        assert!(matches!(ran.code, Some(1..=3)), "{ran:?}");
        let reported = format!("{}{}", ran.stderr, ran.stdout);
        assert!(reported.contains("damaged") && reported.contains(words), "{words}: {reported}");
    }
}

#[test]
fn a_file_that_is_not_a_partial_is_refused() {
    let project = Project::new();
    project.file("notes.txt", "hello\n").file("folder/report.json", "{}").file("folder/empty", "");
    project.file("all/a.env", Keys::new("merge refused").pair().env);
    project.keysweep(["sweep", "all", "--partial", "good", "--quiet"]).run().exits(1);
    let text = fs::read_to_string(project.at("good")).expect("a partial");
    project.file("newer", text.replacen("{\"keysweep_partial\":1", "{\"keysweep_partial\":9", 1));
    for (arguments, words) in [
        (&["merge"][..], "PARTIAL"),
        (&["merge", "none"], "No such file"),
        (&["merge", "notes.txt"], "notes.txt is not a partial"),
        (&["merge", "folder"], "no partial is in it"),
        (&["merge", "good", "--show-secrets"], "a partial contains no secret"),
        (&["merge", "good", "--output", "good"], "a PARTIAL"),
        (&["merge", "good", "--split-by", "target"], "--output-dir"),
        (&["merge", "good", "--output-dir", "x"], "--split-by"),
        #[cfg(feature = "verify")]
        (&["merge", "good", "--fail-on", "active"], "could never fail"),
    ] {
        let ran = project.keysweep(arguments).run().exits(2);
        assert!(ran.stderr.contains(words), "{arguments:?}: {}", ran.stderr);
    }
    let ran = project.keysweep(["merge", "good", "newer", "--format", "json"]).run().exits(1);
    assert!(ran.problems()[0].contains("update keysweep"), "{:?}", ran.problems());
    // Nothing was scanned at all.
    project.file("nothing/x", "").git_in("nothing", &["--version"]);
    project.keysweep(["sweep", "none", "--partial", "bad", "--quiet"]).run().exits(2);
    project.keysweep(["merge", "bad"]).run().exits(2);
}
