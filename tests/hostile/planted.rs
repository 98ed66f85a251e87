//! Files that mislead the reader of a repository: replaced and cut history, borrowed objects, a
//! work tree elsewhere, suppressions.

use std::fs;
use std::process::Command;

use crate::support::{Keys, Pair, Project, Ran};

/// A repository whose key was added and removed again, three commits in all.
fn repository(name: &str) -> (Project, Pair) {
    let (project, pair) = (Project::new(), Keys::new(name).pair());
    project.git(&["init", "-q", "-b", "main"]);
    for text in ["nothing\n", &pair.env, "nothing any more\n"] {
        project.file("a.env", text).git(&["add", "a.env"]).git(&["commit", "-qm", "c"]);
    }
    (project, pair)
}

#[track_caller]
fn history(project: &Project, setting: &str) -> Ran {
    let ran = project.keysweep(["history", "--format", "json"]).run();
    assert_eq!(ran.code, Some(1), "{setting}: {ran:?}");
    ran
}

#[test]
fn no_replaced_or_cut_history_hides_a_commit() {
    // A name's file in the git folder, and the revisions that are its text; or a replacement.
    let plants: [(&str, Option<&str>, &[&str]); 4] = [
        ("a replaced head", None, &["HEAD", "HEAD~2"]),
        ("a replaced blob", None, &["HEAD~1:a.env", "HEAD:a.env"]),
        ("a graft", Some("info/grafts"), &["HEAD"]),
        ("a cut", Some("shallow"), &["HEAD"]),
    ];
    for (setting, file, revisions) in plants {
        let (project, _) = repository(setting);
        let known = history(&project, setting).json()["findings"][0]["occurrences"][0].clone();
        let introduced = project.ask_git("", &["rev-parse", "HEAD~1"]);
        assert_eq!(known["git"]["commit"], introduced.as_str());
        match file {
            Some(file) => {
                let id = project.ask_git("", &["rev-parse", revisions[0]]);
                project.file(format!(".git/{file}"), id + "\n");
            }
            None => {
                project.git(&[&["replace"], revisions].concat());
            }
        }
        let is_complete = file != Some("shallow");
        let ran = history(&project, setting);
        assert_eq!(
            ran.json()["findings"][0]["occurrences"][0]["git"]["commit"],
            introduced.as_str(),
            "{setting}"
        );
        assert_eq!(ran.json()["coverage"]["complete"], is_complete, "{setting}: {ran:?}");
        if is_complete {
            let range = project.keysweep(["range", "HEAD~2..HEAD"]).run().exits(1);
            assert!(range.stdout.contains("a.env:1"), "{setting}: {range:?}");
        } else {
            assert!(ran.problems()[0].contains("history ends at the boundary commit"), "{ran:?}");
        }
    }
}

#[test]
fn alternates_without_end_end() {
    let ((project, _), (whole, _)) = (repository("chain"), repository("chain"));
    let folder = |number: u32| project.at(format!(".git/chain/{number}")).display().to_string();
    for number in 0..2000 {
        let list = format!(".git/chain/{number}/info/alternates");
        project.file(list, folder(number + 1) + "\n");
    }
    project.file(".git/objects/info/alternates", folder(0) + "\n");
    for setting in ["a chain", "a ring"] {
        let ran = history(&project, setting);
        assert!(ran.problems()[0].contains("five deep"), "{setting}: {ran:?}");
        project.keysweep(["staged"]).run().exits(0);
        let reported = project.keysweep(["range", "HEAD~2..HEAD"]).run().exits(2).stderr;
        assert!(reported.contains("a list of too many object folders"), "{reported}");
        project.file(".git/chain/1999/info/alternates", folder(0) + "\n");
    }
    let devices = "/proc\n/dev\n/dev/zero\n/proc/self/fd\n/proc/self/root";
    for (list, is_broken) in [(devices, true), (".", true), ("\"\\", false)] {
        project.file(".git/objects/info/alternates", format!("{list}\n"));
        assert_eq!(history(&project, list).places(), ["a.env:1"], "{list}");
        let ran = project.keysweep(["range", "HEAD~2..HEAD"]).run();
        let reported = ran.stderr.contains("alternates can't be read");
        assert_eq!((ran.code, reported), (Some(1 + i32::from(is_broken)), is_broken), "{list}");
        let ids = ["HEAD~2", "HEAD"].map(|name| whole.ask_git("", &["rev-parse", name]));
        project.keysweep(["range", &ids.join("..")]).run().exits(1);
    }
}

#[test]
fn a_work_tree_elsewhere_changes_nothing_and_is_not_read() {
    let outside = Project::new();
    outside.file("b.env", Keys::new("outside").pair().env);
    let elsewhere = outside.path().to_str().expect("UTF-8").to_owned();
    for tree in ["/etc", "/dev/zero", "pipe", "../../nowhere", &elsewhere] {
        let (project, _) = repository("elsewhere");
        assert!(
            Command::new("mkfifo")
                .arg(project.at(".git/pipe"))
                .status()
                .expect("it runs")
                .success()
        );
        project.git(&["config", "core.worktree", tree]);
        assert_eq!(history(&project, tree).places(), ["a.env:1"], "{tree}");
        let ran = project.keysweep(["range", "HEAD~2..HEAD", "--format", "json"]).run().exits(1);
        assert_eq!(ran.places(), ["a.env:1"], "{tree}");
        project.keysweep(["staged"]).run().exits(0);
        let sweep = project.keysweep(["sweep", ".", "--format", "json"]).run();
        assert_eq!(sweep.places(), ["a.env:1"], "{tree}: {sweep:?}");
    }
}

#[test]
fn a_submodule_s_name_leads_nowhere() {
    let (project, pair) = repository("module");
    let inner = Keys::new("inner").pair();
    for (name, tree) in [("x", "../../../../../etc"), ("y", "/etc"), ("z", "../../../a/../../b")] {
        let folder = format!(".git/modules/{name}");
        project.git(&["init", "-q", "--bare", &folder]);
        project.file("inner.env", &inner.env);
        project.git(&["--git-dir", &folder, "--work-tree", ".", "add", "-f", "inner.env"]);
        project.git(&["--git-dir", &folder, "--work-tree", ".", "commit", "-qm", "c"]);
        project.git(&["--git-dir", &folder, "config", "core.bare", "false"]);
        project.git(&["--git-dir", &folder, "config", "core.worktree", tree]);
    }
    fs::remove_file(project.at("inner.env")).expect("ours");
    let names = "[submodule \"../../../up\"]\n\tpath = ../../up\n\turl = ../x\n\
                 [submodule \"x\"]\n\tpath = /etc\n\turl = ../x\n";
    project.file(".gitmodules", names).git(&["add", ".gitmodules"]).git(&["commit", "-qm", "m"]);
    let ran = history(&project, "modules");
    let places = ran.places();
    assert!(
        !places.iter().any(|place| place.contains("..") || place.starts_with('/')),
        "{places:?}"
    );
    for id in [&pair.id, &inner.id] {
        assert!(ran.stdout.contains(id.as_str()), "{id}: {places:?}");
    }
    project.keysweep(["scan"]).run().exits(0);
}

#[test]
fn suppressions_apply_only_at_the_root_and_are_counted() {
    let mut keys = Keys::new("settles");
    let project = Project::new();
    project.git(&["init", "-q", "-b", "main"]).git(&["commit", "-q", "--allow-empty", "-m", "0"]);
    let suppressing = "exclude = [\"*\"]\n[[allow]]\naccount = \"000000000000\"\n";
    project.git_in("sub", &["init", "-q"]).file("sub/.keysweep.toml", suppressing);
    project.file("sub/a.env", keys.pair().env);
    project.git_in("sub", &["add", "."]).git_in("sub", &["commit", "-qm", "c"]);
    project.file("nested/.keysweep.toml", suppressing).file("nested/b.env", keys.pair().env);
    project.file(".KEYSWEEP.toml", suppressing);
    project.git(&["add", "nested", ".KEYSWEEP.toml"]);
    for command in [&["scan"][..], &["staged"], &["sweep", "."]] {
        let ran = project.keysweep([command, &["--format", "json"]].concat()).run().exits(1);
        assert_eq!((ran.left_out("excluded"), ran.left_out("suppressed")), (0, 0), "{command:?}");
    }
    // Staged with the leak itself, the root's own files count for who commits, and it is said.
    let marked = keys.pair().env.replace('\n', " # keysweep:allow\n");
    project.git(&["rm", "-rq", "--cached", "nested", ".KEYSWEEP.toml"]);
    project.file("c.env", marked).git(&["add", "c.env"]);
    let ran = project.keysweep(["staged", "--format", "json"]).run().exits(0);
    assert_eq!(ran.left_out("suppressed"), 1, "{ran:?}");
    project.keysweep(["staged", "--no-inline-allow"]).run().exits(1);
}

#[test]
fn the_head_of_a_range_brings_no_baseline() {
    let (project, _) = repository("brings");
    let asked = ["range", "HEAD~1..HEAD", "--format", "json"];
    project.file("b.env", Keys::new("brought").pair().env).git(&["add", "."]);
    project.keysweep(["baseline"]).run().exits(0);
    project.git(&["add", "."]).git(&["commit", "-qm", "both"]);
    let ran = project.keysweep(asked).run().exits(1);
    assert_eq!((ran.places().len(), ran.left_out("suppressed")), (1, 0), "{ran:?}");
    let suppressed = project.keysweep(["scan", "--format", "json"]).run().exits(0);
    assert_eq!(suppressed.left_out("suppressed"), 1);
}

#[test]
fn a_work_tree_elsewhere_suppresses_nothing() {
    let outside = Project::new();
    let suppressing = "exclude = [\"*\"]\n[[allow]]\naccount = \"000000000000\"\n";
    let read = "other/.keysweep-baseline";
    outside.file("other/.keysweep.toml", suppressing).file(read, "no baseline\n");
    let elsewhere = outside.at("other").display().to_string();
    let (project, _) = repository("settled elsewhere");
    project.file("b.env", Keys::new("staged elsewhere").pair().env).git(&["add", "b.env"]);
    project.git(&["config", "core.worktree", &elsewhere]);
    let reported = "nothing leads back to this repository: no configuration and no baseline";
    let b = outside.file("other/b.env", "x").at("other/b.env").display().to_string();
    for command in [&["history"][..], &["staged"], &["staged", ".", &b]] {
        let ran = project.keysweep([command, &["--format", "json"]].concat()).run().exits(1);
        let counts = (ran.left_out("excluded"), ran.left_out("suppressed"));
        assert_eq!(counts, (0, 0), "{command:?}: {ran:?}");
        let note = ran.notes().join("\n");
        assert!(note.contains(reported) && note.contains(&elsewhere), "{command:?}: {note}");
    }
    // Nor through a link, though the whole of it lies in what is called the work tree.
    let wide = outside.path().display().to_string();
    outside.file("other/secret.env", Keys::new("of somebody else").pair().env);
    outside.git_in("clone", &["init", "-q", "-b", "main"]);
    outside.file("clone/a.txt", "x").git_in("clone", &["add", "a.txt"]);
    std::os::unix::fs::symlink("../other", outside.at("clone/link")).expect("a link");
    let blob = outside.ask_git("clone", &["rev-parse", ":a.txt"]);
    let entry = format!("100644,{blob},clone/link/secret.env");
    outside.git_in("clone", &["commit", "-qm", "c"]);
    outside.git_in("clone", &["update-index", "--add", "--cacheinfo", &entry]);
    outside.git_in("clone", &["commit", "-qm", "what lies behind the link"]);
    outside.git_in("clone", &["config", "core.worktree", &wide]);
    for named in [".", "link"] {
        let asked = ["staged", ".", named, "--format", "json"];
        let ran = outside.keysweep(asked).from("clone").run();
        assert!(!ran.stdout.contains("AKIA") && ran.code != Some(1), "{named}: {ran:?}");
    }
    // The repository's own files count as they did, and so do those of a linked work tree.
    project.git(&["config", "--unset", "core.worktree"]);
    project.file(".keysweep.toml", "exclude = [\"*.env\"]\n");
    project.keysweep(["staged"]).run().exits(0);
    project.git(&["worktree", "add", "-q", "side"]).file("side/.keysweep.toml", suppressing);
    project.keysweep(["history"]).from("side").run().exits(0);
}

/// A suppression that is staged together with its leak counts: the committer decides. It is reported
/// and counted, shown when asked for, and ignored by the `range` that judges the push.
#[test]
fn a_suppression_staged_with_its_leak_counts_and_is_reported() {
    for setting in ["a baseline", "an allow-list", "an exclude", "a marker"] {
        let (project, _) = repository(setting);
        let pair = Keys::new(setting).pair();
        project.file("b.env", &pair.env).git(&["add", "b.env"]);
        let report = project.keysweep(["staged", "--format", "json"]).run().exits(1).json();
        let fingerprint = report["findings"][0]["fingerprint"].as_str().expect("text").to_owned();
        let excluded = setting == "an exclude";
        match setting {
            "a baseline" => {
                project.file(".keysweep-baseline", format!("{fingerprint} aws-access-key x\n"))
            }
            "an allow-list" => project.file(
                ".keysweep.toml",
                format!("[[allow]]\nkey-id = \"{}\"\nreason = \"x\"\n", pair.id),
            ),
            "an exclude" => project.file(".keysweep.toml", "exclude = [\"b.env\"]\n"),
            _ => project.file("b.env", pair.env.replace('\n', " # keysweep:allow\n")),
        };
        project.git(&["add", "-A"]);
        let ran = project.keysweep(["staged"]).run().exits(0);
        let reported =
            if excluded { "configuration" } else { "1 suppressed finding (--include-suppressed)" };
        assert!(ran.stderr.contains(reported), "{setting}: {}", ran.stderr);
        let ran = project.keysweep(["staged", "--format", "json"]).run().exits(0);
        let count = ran.left_out(if excluded { "excluded" } else { "suppressed" });
        assert_eq!(count, 1, "{setting}: {ran:?}");
        if !excluded {
            let shown = ["staged", "--include-suppressed", "--format", "json"];
            let ran = project.keysweep(shown).run().exits(0);
            assert!(ran.json()["findings"][0]["suppressed"].is_object(), "{setting}: {ran:?}");
        }
        project
            .keysweep(["staged", "--no-config", "--no-inline-allow", "--baseline", "/dev/null"])
            .run()
            .exits(1);
        // Nothing of it is heard at the other end.
        project.git(&["commit", "-qm", "both"]);
        let judged = ["range", "HEAD~1..HEAD", "--no-inline-allow"];
        project.keysweep(judged).run().exits(1);
        let marked = i32::from(setting != "a marker");
        project.keysweep(["range", "HEAD~1..HEAD"]).run().exits(marked);
    }
}
