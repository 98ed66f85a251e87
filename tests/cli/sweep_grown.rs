//! `sweep --since`: of a repository that grew, only what is new is read, and the report is that of a
//! sweep that reads everything.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::storage::{copy_as_loose, only_pack};
use crate::support::{Keys, Project, Ran};

/// The part of the first sweep that is reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reused {
    /// The target, which did not change.
    Target,
    /// All objects.
    All,
    /// The objects in packs, and not the loose ones.
    Packs,
    /// Nothing: everything is read.
    Nothing,
}

/// A repository: its name, what is done before the first sweep, and after it.
type Case = (&'static str, fn(&Project, &str), fn(&Project, &str), Reused);

const CASES: [Case; 20] = [
    ("nothing", |_, _| {}, |_, _| {}, Reused::Target),
    ("loose", |_, _| {}, fetch, Reused::All),
    ("packed", |_, _| {}, fetch_pack, Reused::All),
    ("loose-then-loose", fetch, fetch, Reused::All),
    ("loose-then-packed", fetch, fetch_pack, Reused::All),
    ("packed-then-packed", fetch_pack, fetch_pack, Reused::All),
    (
        "repacked",
        |_, _| {},
        |project, repo| {
            fetch_pack(project, repo);
            project.git_in(repo, &["repack", "-a", "-d", "-q"]);
        },
        Reused::Nothing,
    ),
    // The new pack has what was loose; the old one stays.
    (
        "loose-then-repacked",
        fetch,
        |project, repo| {
            project.git_in(repo, &["repack", "-d", "-q"]);
        },
        Reused::Packs,
    ),
    (
        "ref-gone",
        |_, _| {},
        |project, repo| {
            project.git_in(repo, &["update-ref", "-d", "refs/heads/side"]);
        },
        Reused::All,
    ),
    (
        "ref-forced",
        |_, _| {},
        |project, repo| {
            project.git_in(repo, &["update-ref", "refs/heads/main", "main~1"]);
        },
        Reused::All,
    ),
    (
        "pruned",
        |project, repo| write_object(project, repo, "pruned"),
        |project, repo| {
            project.git_in(repo, &["prune", "--expire=now"]);
        },
        Reused::Packs,
    ),
    // It is not known which copy of an object was read.
    (
        "prune-packed",
        |project, repo| copy_as_loose(&project.at(repo)),
        |project, repo| {
            project.git_in(repo, &["prune-packed"]);
        },
        Reused::Nothing,
    ),
    ("unpacked", |project, repo| copy_as_loose(&project.at(repo)), fetch_pack, Reused::All),
    (
        "replaced",
        |_, _| {},
        |project, repo| {
            let (old, index) = pack(project, repo);
            project.git_in(repo, &["repack", "-a", "-d", "-f", "-q", "--window=0"]);
            let (new, new_index) = pack(project, repo);
            assert_ne!(old, new);
            fs::rename(new, old).expect("a pack");
            fs::rename(new_index, index).expect("an index");
        },
        Reused::Nothing,
    ),
    (
        "no-index",
        |_, _| {},
        |project, repo| {
            let (_, index) = pack(project, repo);
            fetch_pack(project, repo);
            fs::remove_file(index).expect("it is ours");
        },
        Reused::Nothing,
    ),
    (
        "lfs",
        |_, _| {},
        |project, repo| {
            fetch(project, repo);
            let name = "0f".repeat(32);
            let env = Keys::new("grown lfs").pair().env;
            project.file(format!("{repo}/lfs/objects/0f/0f/{name}"), env);
        },
        Reused::Nothing,
    ),
    (
        "alternates",
        |project, repo| {
            project.git_in(repo, &["repack", "-a", "-d", "-q"]);
            let (lender, objects) = (project.at("lender.git"), project.at(repo).join("objects"));
            assert!(!lender.exists());
            let names = [project.at(repo), lender.clone()];
            project.git_in(
                ".",
                &["clone", "-q", "--mirror", &names[0].to_string_lossy(), "lender.git"],
            );
            project.git_in(
                "lender.git",
                &["remote", "set-url", "origin", &project.at("src").to_string_lossy()],
            );
            let (pack, index) = pack(project, repo);
            fs::remove_file(pack).expect("it is ours");
            fs::remove_file(index).expect("it is ours");
            let text = format!("{}\n", lender.join("objects").display());
            fs::write(objects.join("info/alternates"), text).expect("a file");
        },
        |project, _| fetch_pack(project, "lender.git"),
        Reused::All,
    ),
    (
        "alternates-gone",
        |project, repo| {
            project.git_in(".", &["clone", "-q", "--bare", "src", "lent.git"]);
            write_object(project, "lent.git", "lent");
            let text = format!("{}\n", project.at("lent.git/objects").display());
            fs::write(project.at(repo).join("objects/info/alternates"), text).expect("a file");
        },
        |project, repo| {
            fs::remove_file(project.at(repo).join("objects/info/alternates")).expect("it is ours");
        },
        Reused::Nothing,
    ),
    ("sha256", |_, _| {}, fetch_pack, Reused::All),
    (
        "submodule",
        |project, repo| {
            let of = project.at("src").to_string_lossy().into_owned();
            let add = ["-c", "protocol.file.allow=always", "submodule", "add", "-q", &of, "part"];
            project.git_in(repo, &add).git_in(repo, &["commit", "-q", "-m", "a part"]);
        },
        |project, repo| {
            project.git_in(&format!("{repo}/part"), &["-c", "fetch.unpackLimit=1", "fetch", "-q"]);
        },
        Reused::All,
    ),
];

fn fetch(project: &Project, repo: &str) {
    project.git_in(repo, &["-c", "fetch.unpackLimit=10000", "fetch", "-q", "origin"]);
}

fn fetch_pack(project: &Project, repo: &str) {
    project.git_in(repo, &["-c", "fetch.unpackLimit=1", "fetch", "-q", "origin"]);
}

/// Writes a loose object with a key, to which nothing leads.
fn write_object(project: &Project, repo: &str, name: &str) {
    project.file("object.env", Keys::new(&format!("grown {repo} {name}")).pair().env);
    let path = project.at("object.env").to_string_lossy().into_owned();
    project.git_in(repo, &["hash-object", "-w", &path]);
}

/// The only pack of a repository, and its index.
fn pack(project: &Project, repo: &str) -> (PathBuf, PathBuf) {
    let git_dir = project.at(repo);
    (only_pack(&git_dir, "pack"), only_pack(&git_dir, "idx"))
}

/// Commits to `src`, or to its like with SHA-256.
fn commit(project: &Project, src: &str, number: usize) {
    let mut keys = Keys::new("grown");
    let (whole, late, halves) = (keys.pair(), keys.pair(), keys.pair());
    let file = |name: &str| format!("{src}/{name}");
    let lines = |from: usize| -> String {
        (0..300)
            .map(|line| {
                format!("{}\n", (line * 7919 + from * usize::from(line % 50 == 0)) % 65_521)
            })
            .collect()
    };
    project
        .file(file("long.txt"), lines(number))
        .file(file("many.txt"), format!("{number}\n{}", whole.env));
    match number {
        // Halves of a pair that comes later, an example, and a truncated container.
        0 => {
            let lone = halves.env.lines().next().expect("an id").to_owned();
            project.file(file("id.txt"), lone);
            project.file(file("example.txt"), format!("AKIA{}EXAMPLE\n", "IOSFODNN7"));
            project.file(file("cut.gz"), b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b");
        }
        1 => {
            let lone = late.env.lines().nth(1).expect("a secret").to_owned();
            project.file(file("secret.txt"), lone);
        }
        2 => {
            project.file(file("notes/both.txt"), &halves.env);
        }
        _ => {
            project.file(file("late.env"), &late.env);
        }
    }
    project.git_in(src, &["add", "-A"]).git_in(src, &["commit", "-q", "-m", &number.to_string()]);
}

fn sweep(project: &Project, more: &[&str]) -> Ran {
    project.keysweep([&["sweep", "all", "--format", "json"], more].concat()).run()
}

/// The report without the marks of `--since`.
fn unmarked(ran: &Ran) -> Value {
    let mut report = ran.json();
    let targets = report["coverage"]["targets"].as_array_mut().expect("targets");
    for target in targets {
        let target = target.as_object_mut().expect("an object");
        target.remove("as_of");
        target.remove("reused");
    }
    report
}

/// Checks a sweep with `--since` against one that reads everything.
fn check(part: &Ran, whole: &Ran) {
    let (part, whole) = (unmarked(part), unmarked(whole));
    for name in ["findings", "coverage"] {
        assert_eq!(part[name], whole[name], "{name}");
    }
    assert_eq!(part, whole);
}

/// The target of a case in a report.
fn target<'r>(report: &'r Value, name: &str) -> &'r Value {
    let targets = report["coverage"]["targets"].as_array().expect("targets");
    let found = targets.iter().find(|target| target["name"] == name);
    found.unwrap_or_else(|| panic!("{name}: {targets:?}"))
}

#[test]
fn only_new_objects_of_a_grown_repository_are_read_and_the_report_is_that_of_a_whole_sweep() {
    let project = Project::new();
    for (src, format) in [("src", "sha1"), ("src256", "sha256")] {
        project.git_in(src, &["init", "-q", "-b", "main", &format!("--object-format={format}")]);
        commit(&project, src, 0);
        commit(&project, src, 1);
        project.git_in(src, &["branch", "side"]);
    }
    for (name, ..) in CASES {
        let src = if name == "sha256" { "src256" } else { "src" };
        let of = project.at(src).to_string_lossy().into_owned();
        let kind = if name == "submodule" { "-q" } else { "--mirror" };
        let repo = format!("all/{name}");
        project.git_in(".", &["clone", "-q", kind, "--no-local", &of, &repo]);
    }
    commit(&project, "src", 2);
    for (name, before, ..) in CASES {
        before(&project, &format!("all/{name}"));
    }
    let first = sweep(&project, &["--partial", "one"]).exits(1).json();
    for src in ["src", "src256"] {
        commit(&project, src, 3);
    }
    for (name, _, after, _) in CASES {
        after(&project, &format!("all/{name}"));
    }
    let part = sweep(&project, &["--since", "one", "--partial", "two"]).exits(1);
    let report = part.json();
    for (name, .., hits) in CASES {
        let (before, now) = (target(&first, name), target(&report, name));
        let count = now["reused"].as_u64().unwrap_or_default();
        let all = before["objects"].as_u64().expect("a number");
        let found = match (count, now["as_of"].is_string()) {
            (0, true) => Reused::Target,
            (0, false) => Reused::Nothing,
            (_, false) if count == all => Reused::All,
            (_, false) if count < all => Reused::Packs,
            _ => panic!("{name}: {count} of {all}"),
        };
        assert_eq!(found, hits, "{name}: {count} of {all}");
    }
    check(&part, &sweep(&project, &[]).exits(1));
    let merged = project.keysweep(["merge", "two", "--format", "json"]).run().exits(1).json();
    assert_eq!(merged["findings"], report["findings"]);
    assert_eq!(merged["coverage"], report["coverage"]);
    // The record of a sweep that took something over is as good as another one.
    for (name, ..) in CASES {
        write_object(&project, &format!("all/{name}"), "third");
    }
    let third = sweep(&project, &["--since", "two"]).exits(1);
    let now = third.json();
    for (name, ..) in CASES {
        let count = target(&now, name)["reused"].as_u64().unwrap_or_default();
        let all = target(&report, name)["objects"].as_u64().expect("a number");
        // A pack without an index is read each time, and so is what Git LFS has.
        let expected = match name {
            "no-index" => 0,
            "lfs" => all - 1,
            _ => all,
        };
        assert_eq!(count, expected, "{name}");
    }
    check(&third, &sweep(&project, &[]).exits(1));
}

#[test]
fn with_other_options_everything_is_read() {
    let project = Project::new();
    project.git_in("all/r", &["init", "-q", "-b", "main"]);
    commit(&project, "all/r", 0);
    sweep(&project, &["--partial", "one", "--pack", "aws"]).exits(1);
    commit(&project, "all/r", 1);
    let hits = |more: &[&str]| {
        // Without the packs that find something the sweep ends with another status.
        let ran = sweep(&project, &[&["--since", "one"], more].concat());
        target(&ran.json(), "r")["reused"].as_u64().unwrap_or_default()
    };
    assert!(hits(&["--pack", "aws"]) > 0);
    for more in [
        &["--pack", "tokens"][..],
        &[],
        &["--pack", "aws", "--max-members", "7"],
        &["--pack", "aws", "--exclude", "*.txt"],
        &["--pack", "aws", "--no-attribution"],
    ] {
        assert_eq!(hits(more), 0, "{more:?}");
    }
}

/// The unpacked bytes of all objects together are limited, so one object's result depends on
/// others.
#[test]
fn with_a_limit_for_all_containers_nothing_is_recorded() {
    let project = Project::new();
    project.git_in("all/r", &["init", "-q", "-b", "main"]);
    commit(&project, "all/r", 0);
    let limit = ["--max-run-members", "1000"];
    sweep(&project, &[&["--partial", "one"], &limit[..]].concat()).exits(1);
    commit(&project, "all/r", 1);
    let ran = sweep(&project, &[&["--since", "one"], &limit[..]].concat()).exits(1);
    assert_eq!(target(&ran.json(), "r")["reused"], Value::Null);
}
