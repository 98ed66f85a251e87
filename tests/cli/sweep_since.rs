//! `sweep --since`: only results of unchanged targets are copied from an earlier sweep.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::thread;
use std::time::{Duration, SystemTime};

use flate2::Compression;
use flate2::read::GzEncoder;

use crate::support::process::endless_file;
use crate::support::storage::{only_pack, packs};
use crate::support::{Keys, Project, Ran};

/// A file that changed this shortly before may change again without a sign, so it is scanned.
pub(super) const RECENT: Duration = Duration::from_millis(2100);

/// The work tree `r`, the bare `b.git`, `s.git` that borrows the objects of `r`, and a folder next to
/// them; all have the same key.
fn project(name: &str) -> Project {
    let mut keys = Keys::new(name);
    let env = keys.pair().env;
    let project = Project::new();
    project.git_in("all/r", &["init", "-q", "-b", "main"]);
    project.file("all/r/conf/a.env", &env).file("all/r/readme.txt", "nothing\n");
    project.git_in("all/r", &["add", "-A"]).git_in("all/r", &["commit", "-q", "-m", "one"]);
    project.git_in("all", &["clone", "-q", "--bare", "--no-local", "r", "b.git"]);
    project.git_in("all/b.git", &["fetch", "-q", "origin"]);
    project.git_in("all", &["clone", "-q", "--bare", "--shared", "r", "s.git"]);
    project.file("all/notes/todo.txt", &env).file("all/notes/spare.txt", "nothing at all\n");
    project
}

fn sweep(project: &Project, more: &[&str]) -> Ran {
    project.keysweep([&["sweep", "all", "--format", "json"], more].concat()).run()
}

/// The targets that a sweep took over.
pub(super) fn unchanged(ran: &Ran) -> Vec<String> {
    let rows = ran.stderr.lines().filter(|row| row.contains("; unchanged since the sweep of "));
    let name = |row: &str| row.split_once("] ")?.1.split_once(": ").map(|it| it.0.to_owned());
    rows.filter_map(name).collect()
}

type Case = (&'static str, fn(&Project), &'static [&'static str]);

/// A change, and the targets that are scanned again because of it.
const CASES: [Case; 15] = [
    ("nothing", |_| {}, &[]),
    (
        "a commit",
        |project| {
            project.file("all/r/b.env", Keys::new("since commit").pair().env);
            project.git_in("all/r", &["add", "-A"]).git_in("all/r", &["commit", "-q", "-m", "two"]);
        },
        &["r", "s.git"],
    ),
    (
        "an edit of the same length and time",
        |project| {
            let path = project.at("all/r/readme.txt");
            let then = fs::metadata(&path).expect("a file").modified().expect("a time");
            project.file("all/r/readme.txt", "notable\n");
            File::options()
                .write(true)
                .open(path)
                .expect("a file")
                .set_modified(then)
                .expect("a time");
        },
        &["r"],
    ),
    (
        "an untracked file",
        |project| {
            project.file("all/r/new.env", Keys::new("since new").pair().env);
        },
        &["r"],
    ),
    (
        "a branch",
        |project| {
            project.git_in("all/b.git", &["update-ref", "refs/heads/x", "HEAD"]);
        },
        &["b.git"],
    ),
    (
        "a packed ref",
        |project| {
            project.git_in("all/b.git", &["update-ref", "refs/heads/x", "HEAD"]);
            project.git_in("all/b.git", &["pack-refs", "--all"]);
        },
        &["b.git"],
    ),
    (
        "an object that nothing leads to",
        |project| {
            project.file("loose.env", Keys::new("since loose").pair().env);
            let path = project.at("loose.env").to_string_lossy().into_owned();
            project.git_in("all/b.git", &["hash-object", "-w", &path]);
        },
        &["b.git"],
    ),
    (
        "an object that another repository borrows",
        |project| {
            project.file("loose.env", Keys::new("since borrowed").pair().env);
            let path = project.at("loose.env").to_string_lossy().into_owned();
            project.git_in("all/r", &["hash-object", "-w", &path]);
        },
        &["r", "s.git"],
    ),
    (
        "a stash",
        |project| {
            project.file("all/r/conf/a.env", Keys::new("since stash").pair().env);
            project.git_in("all/r", &["stash", "-q"]);
        },
        &["r", "s.git"],
    ),
    (
        "a setting",
        |project| {
            project.git_in("all/b.git", &["config", "core.x", "y"]);
        },
        &["b.git"],
    ),
    (
        "a fetch of nothing",
        |project| {
            project.git_in("all/b.git", &["fetch", "-q", "origin"]);
        },
        &[],
    ),
    (
        "the time of a pack",
        |project| {
            for pack in packs(&project.at("all/b.git"), "pack") {
                let file = File::open(pack).expect("a file");
                file.set_modified(SystemTime::now()).expect("a time");
            }
        },
        &[],
    ),
    (
        "a file outside of repositories",
        |project| {
            project.file("all/notes/more.env", Keys::new("since outside").pair().env);
        },
        &["."],
    ),
    (
        "a file that is gone",
        |project| {
            fs::remove_file(project.at("all/notes/todo.txt")).expect("a file");
        },
        &["."],
    ),
    (
        "a new repository",
        |project| {
            project.git_in("all", &["clone", "-q", "--bare", "r", "new.git"]);
        },
        &["new.git"],
    ),
];

#[test]
fn what_changed_is_scanned_again_and_the_report_is_that_of_a_whole_sweep() {
    let projects: Vec<Project> = CASES.iter().map(|(name, ..)| project(name)).collect();
    thread::sleep(RECENT);
    for project in &projects {
        sweep(project, &["--partial", "one"]).exits(1);
    }
    for ((name, change, scanned), project) in CASES.into_iter().zip(&projects) {
        change(project);
        let ran = sweep(project, &["--since", "one", "--partial", "two"]).exits(1);
        let all = [".", "b.git", "new.git", "r", "s.git"].into_iter();
        let is_there = |target: &&str| *target != "new.git" || name == "a new repository";
        let expected = all.filter(is_there).filter(|target| !scanned.contains(target));
        assert_eq!(unchanged(&ran), expected.collect::<Vec<_>>(), "{name}: {}", ran.stderr);
        let (part, whole) = (ran.json(), sweep(project, &[]).json());
        assert_eq!(part["findings"], whole["findings"], "{name}");
        assert_eq!(part["coverage"]["problems"], whole["coverage"]["problems"], "{name}");
        let merged = project.keysweep(["merge", "two", "--format", "json"]).run().exits(1).json();
        assert_eq!(part["findings"], merged["findings"], "{name}");
        assert_eq!(part["coverage"], merged["coverage"], "{name}");
    }
}

#[test]
fn the_date_is_that_of_the_scan_however_often_it_is_reused() {
    let project = project("since date");
    thread::sleep(RECENT);
    sweep(&project, &["--partial", "parts/one"]).exits(2);
    fs::create_dir(project.at("parts")).expect("a folder");
    sweep(&project, &["--partial", "parts/one"]).exits(1);
    thread::sleep(Duration::from_millis(1100));
    let second = sweep(&project, &["--since", "parts", "--partial", "parts/two"]).exits(1);
    let third = sweep(&project, &["--since", "parts/two"]).exits(1);
    let dates = |ran: &Ran| ran.json()["coverage"]["targets"].clone();
    assert!(dates(&second)[0]["as_of"].is_string(), "{}", second.stdout);
    assert_eq!(dates(&second), dates(&third));
}

#[test]
fn what_an_earlier_sweep_does_not_know_is_scanned() {
    let project = project("since other");
    thread::sleep(RECENT);
    sweep(&project, &["--partial", "one"]).exits(1);
    // Other options.
    let other = sweep(&project, &["--since", "one", "--exclude", "*.txt"]).exits(1);
    assert_eq!(unchanged(&other), Vec::<String>::new());
    assert!(other.stdout.contains("of other options"), "{}", other.stdout);
    // A partial that is cut has the targets before that.
    let text = fs::read(project.at("one")).expect("a partial");
    project.file("cut", &text[..text.len() * 2 / 3]);
    let cut = sweep(&project, &["--since", "cut"]).exits(1);
    assert!(!unchanged(&cut).is_empty() && unchanged(&cut).len() < 4, "{}", cut.stderr);
    assert_eq!(cut.json()["findings"], sweep(&project, &[]).json()["findings"]);
    // A file that is not a partial, one that is written, and what needs secrets.
    sweep(&project, &["--since", "all/notes/todo.txt"]).exits(2);
    let same = sweep(&project, &["--since", "one", "--partial", "one"]).exits(2);
    assert!(same.stderr.contains("name another file"), "{}", same.stderr);
    assert_eq!(fs::read(project.at("one")).expect("a partial"), text);
    sweep(&project, &["--since", "one", "--show-secrets"]).exits(2);
}

/// Damage in a file is the same whenever it is read.
#[test]
fn a_target_with_a_damaged_container_is_reused_with_its_problem() {
    let project = project("since damaged");
    // A stream that ends too early, in a file and in an object.
    let cut = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b";
    project.file("all/notes/cut.gz", cut).file("all/r/conf/cut.gz", cut);
    project.git_in("all/r", &["add", "-A"]).git_in("all/r", &["commit", "-q", "-m", "cut"]);
    thread::sleep(RECENT);
    let first = sweep(&project, &["--partial", "one"]).exits(1);
    assert!(first.problems().len() >= 3, "{:?}", first.problems());
    let ran = sweep(&project, &["--since", "one", "--partial", "two"]).exits(1);
    assert_eq!(unchanged(&ran), [".", "b.git", "r", "s.git"], "{}", ran.stderr);
    assert_eq!(ran.problems(), first.problems());
    assert_eq!(ran.json()["findings"], first.json()["findings"]);
    // Once more, from the reused result.
    let again = sweep(&project, &["--since", "two"]).exits(1);
    assert_eq!(unchanged(&again).len(), 4, "{}", again.stderr);
    assert_eq!(again.problems(), first.problems());
    project.file("all/notes/cut.gz", "whole again\n");
    let mended = sweep(&project, &["--since", "two"]).exits(1);
    assert_eq!(unchanged(&mended), ["b.git", "r", "s.git"], "{}", mended.stderr);
    assert!(mended.problems().len() < first.problems().len(), "{:?}", mended.problems());
}

/// A result with a read error is not reused, because the error may have been temporary.
#[test]
fn a_target_with_a_problem_is_scanned_again() {
    let project = project("since problem");
    let index = only_pack(&project.at("all/b.git"), "idx");
    let whole = fs::read(&index).expect("an index");
    fs::remove_file(&index).expect("it is ours");
    fs::write(&index, vec![0; whole.len()]).expect("a file");
    thread::sleep(RECENT);
    sweep(&project, &["--partial", "one"]).exits(1);
    fs::write(&index, whole).expect("a file");
    let ran = sweep(&project, &["--since", "one"]).exits(1);
    assert_eq!(unchanged(&ran), [".", "r", "s.git"], "{}", ran.stderr);
    assert!(ran.problems().is_empty(), "{:?}", ran.problems());
}

/// The slow file has no end, so the sweep ends before the target, on any machine.
#[test]
fn a_target_that_the_end_of_a_sweep_cut_short_is_scanned_again() {
    let mut keys = Keys::new("since cut");
    let project = Project::new();
    project.file("all/a/a.env", keys.pair().env).file("all/b/b.env", keys.pair().env);
    for name in ["a", "b"] {
        project.git_in(&format!("all/{name}"), &["init", "-q"]);
    }
    endless_file(&project.at("all/b/slow.bin"));
    thread::sleep(RECENT);
    let limit = ["--jobs", "2", "--timeout", "4s"];
    let first = sweep(&project, &[&limit[..], &["--partial", "one"]].concat()).exits(1);
    let failed = |ran: &Ran| -> Vec<bool> {
        let targets = ran.json()["coverage"]["targets"].as_array().expect("targets").clone();
        targets.iter().map(|target| target["failed"].is_string()).collect()
    };
    assert_eq!(failed(&first), [false, false, true], "{}", first.stdout);
    let second = sweep(&project, &[&limit[..], &["--since", "one"]].concat()).exits(1);
    assert_eq!(unchanged(&second), [".", "a"], "{}", second.stderr);
    fs::remove_file(project.at("all/b/slow.bin")).expect("it is ours");
    let third = sweep(&project, &["--since", "one"]).exits(1);
    assert_eq!(third.json()["findings"], sweep(&project, &[]).json()["findings"]);
    assert_eq!(failed(&third), [false, false, false], "{}", third.stdout);
}

/// A change in a linked folder of the git folder of `all/r`; `up` is another repository.
#[cfg(unix)]
#[test]
fn a_change_in_a_linked_folder_of_a_git_folder_is_noticed() {
    use std::os::unix::fs::symlink;

    type Link = fn(&Project);
    fn replace(project: &Project, name: &str) {
        let own = project.at(format!("all/r/.git/{name}"));
        let other = project.at(format!("up/.git/{name}"));
        fs::create_dir_all(&other).expect("a folder");
        if own.exists() {
            fs::remove_dir_all(&own).expect("it is ours");
        }
        symlink(other, own).expect("a link");
    }
    let table: [(&str, Link); 4] = [
        ("packs", |project| replace(project, "objects/pack")),
        ("loose objects", |project| {
            for number in 0..=255 {
                let name = format!("objects/{number:02x}");
                if !project.at(format!("all/r/.git/{name}")).exists() {
                    replace(project, &name);
                }
            }
        }),
        ("reflogs", |project| replace(project, "logs")),
        ("packs of an alternate", |project| {
            project.git(&["init", "-q", "between"]);
            fs::remove_dir(project.at("between/.git/objects/pack")).expect("it is empty");
            let packs = project.at("up/.git/objects/pack");
            symlink(packs, project.at("between/.git/objects/pack")).expect("a link");
            let objects = project.at("between/.git/objects").to_string_lossy().into_owned();
            project.file("all/r/.git/objects/info/alternates", format!("{objects}\n"));
        }),
    ];
    let mut keys = Keys::new("since links");
    let projects = table.map(|(name, link)| {
        let project = Project::new();
        for (place, text) in [("up", keys.pair().env), ("all/r", "nothing\n".to_owned())] {
            project.git_in(place, &["init", "-q"]).file(format!("{place}/a.env"), text);
            project.git_in(place, &["add", "-A"]).git_in(place, &["commit", "-q", "-m", "one"]);
        }
        project.git_in("up", &["repack", "-q", "-d"]);
        link(&project);
        (name, project)
    });
    thread::sleep(RECENT);
    for (_, project) in &projects {
        sweep(project, &["--partial", "one"]);
    }
    for (name, project) in &projects {
        let same = sweep(project, &["--since", "one"]);
        assert_eq!(unchanged(&same), [".", "r"], "{name}: {}", same.stderr);
        // Several, so that one of the loose ones is in a linked folder.
        for number in 0..4 {
            project.file(format!("up/{number}.env"), keys.pair().env);
            let message = format!("{number}: {}", keys.pair().env.replace('\n', " "));
            project.git_in("up", &["add", "-A"]).git_in("up", &["commit", "-q", "-m", &message]);
        }
        if name.starts_with("packs") {
            project.git_in("up", &["repack", "-q", "-d"]);
        }
        let (whole, part) = (sweep(project, &[]), sweep(project, &["--since", "one"]));
        assert_eq!(unchanged(&part), ["."], "{name}: {}", part.stderr);
        assert_eq!(part.json()["findings"], whole.json()["findings"], "{name}");
    }
}

/// In a git folder, `objects` may be the name of a folder of hooks, of a submodule or of branches. What
/// changes there keeps its size.
#[test]
fn a_folder_with_the_name_objects_is_compared_by_content() {
    let mut keys = Keys::new("since objects");
    let project = Project::new();
    let env = keys.pair().env;
    let other = "x".repeat(env.len());
    project.git_in("up", &["init", "-q", "-b", "main"]).file("up/a.env", &env);
    project.git_in("up", &["add", "-A"]).git_in("up", &["commit", "-q", "-m", "one"]);
    project.git_in("up", &["rm", "-q", "a.env"]).git_in("up", &["commit", "-q", "-m", "two"]);
    for name in ["hook", "sub", "tracking"] {
        project.git_in(&format!("all/{name}"), &["init", "-q"]);
    }
    for module in ["sub/.git/modules/objects", "tracking/.git/modules/m"] {
        let module = format!("all/{module}");
        project.git(&["clone", "-q", "--bare", "--no-local", "up", &module]);
    }
    project.git(&["clone", "-q", "--bare", "--no-local", "up", "all/branch.git"]);
    let branches = [
        ("all/branch.git", "refs/heads/objects/x"),
        ("all/tracking/.git/modules/m", "refs/remotes/origin/objects/x"),
    ];
    // A remote's folder of branches has a HEAD, as git folders do.
    let head = ["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main"];
    project.git_in("all/tracking/.git/modules/m", &head);
    for (folder, branch) in branches {
        project.git_in(folder, &["update-ref", branch, "main"]);
    }
    let files = ["all/hook/.git/hooks/objects/env", "all/sub/.git/modules/objects/COMMIT_EDITMSG"];
    let write = |text: &str| files.iter().for_each(|file| _ = project.file(file, text));
    write(&other);
    thread::sleep(RECENT);
    sweep(&project, &["--partial", "one"]).exits(1);
    let all = [".", "branch.git", "hook", "sub", "tracking"];
    assert_eq!(unchanged(&sweep(&project, &["--since", "one"])), all);
    for (folder, branch) in branches {
        project.git_in(folder, &["update-ref", branch, "main~1"]);
    }
    write(&env);
    let part = sweep(&project, &["--since", "one"]).exits(1);
    assert_eq!(unchanged(&part), ["."], "{}", part.stderr);
    assert_eq!(part.json()["findings"], sweep(&project, &[]).json()["findings"]);
}

/// The part of a container that is read within a time depends on the machine. Other limits count
/// its bytes.
#[test]
fn a_container_that_a_limit_of_time_cut_is_read_again() {
    let project = project("since time");
    let inner = GzEncoder::new(io::repeat(0).take(24 << 20), Compression::fast());
    let mut nested = Vec::new();
    GzEncoder::new(inner, Compression::fast()).read_to_end(&mut nested).expect("memory");
    project.file("all/notes/a.gz", &nested).file("all/r/a.gz", &nested);
    project.git_in("all/r", &["add", "-A"]).git_in("all/r", &["commit", "-q", "-m", "two"]);
    thread::sleep(RECENT);
    for (limit, expected) in
        [("--depth=1", &[".", "b.git", "r", "s.git"][..]), ("--max-unpack-time=1ms", &["b.git"])]
    {
        let first = sweep(&project, &[limit, "--partial", &limit[2..]]).exits(1).json();
        let unopened = &first["coverage"]["left_out"]["unopened"];
        assert!(unopened.as_u64() >= Some(3), "{limit}: {unopened}");
        let ran = sweep(&project, &[limit, "--since", &limit[2..]]).exits(1);
        assert_eq!(unchanged(&ran), expected, "{limit}: {}", ran.stderr);
        assert!(!ran.stderr.contains("objects reused"), "{limit}: {}", ran.stderr);
    }
}
