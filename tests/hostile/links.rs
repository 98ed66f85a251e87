//! Links, and names that lead elsewhere, in the place of git's own files and of what a user names:
//! nothing outside of what is scanned is read as its content, quoted in an error or overwritten.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::hostile::blinding_git::{ends, fifo};
use crate::support::storage::lfs_pointer;
use crate::support::{Keys, Pair, Project, look_for_secrets};

const COMMANDS: [&[&str]; 5] =
    [&["scan"], &["history"], &["staged"], &["range", "HEAD..HEAD"], &["sweep", "."]];

/// Files and folders of a git folder, as git and its helpers know them.
const NAMES: [&str; 22] = [
    "HEAD",
    "config",
    "config.worktree",
    "packed-refs",
    "shallow",
    "index",
    "MERGE_HEAD",
    "commondir",
    "gitdir",
    "refs/heads/x",
    "refs/heads",
    "refs",
    "logs/HEAD",
    "logs",
    "info/exclude",
    "objects/info/alternates",
    "objects",
    "lfs/objects",
    "lfs",
    "modules/m/config",
    "worktrees/w/gitdir",
    "worktrees/w/commondir",
];

fn repository() -> Project {
    let project = Project::new();
    project.git(&["init", "-q", "-b", "main"]).file("a.txt", "x").git(&["add", "."]);
    project.git(&["commit", "-qm", "one"]);
    project
}

/// Files of somebody else: what could be an LFS object, a reflog, a configuration, an environment.
fn outside(name: &str) -> (Project, Pair) {
    let (outside, pair) = (Project::new(), Keys::new(name).pair());
    let url =
        format!("[remote \"o\"]\n\turl = https://{}:{}@example.org/x\n", pair.id, pair.secret);
    outside.file("folder/url.cfg", url).file("folder/leak.env", &pair.env);
    let oid = "ab".repeat(32);
    outside.file(format!("folder/ab/ab/{oid}"), &pair.env);
    outside.file(format!("folder/objects/ab/ab/{oid}"), &pair.env);
    outside.file("folder/HEAD", format!("{0} {0} {1}\n", "0".repeat(40), pair.env));
    (outside, pair)
}

fn plant(project: &Project, name: &str, target: &Path) {
    let path = project.at(".git").join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
    if path.symlink_metadata().is_ok() {
        fs::rename(&path, project.at("before")).expect("ours");
    }
    symlink(target, path).expect("a link");
}

#[test]
fn nothing_elsewhere_is_read_through_a_link_in_git_s_own_folder() {
    let (outside, pair) = outside("links of git");
    let environment = Path::new("/proc/self/environ").to_owned();
    let elsewhere = ["folder/leak.env", "folder/url.cfg", "folder"].map(|name| outside.at(name));
    for name in NAMES {
        for target in elsewhere.iter().chain([&environment]).filter(|target| target.exists()) {
            let project = repository();
            plant(&project, name, target);
            for command in COMMANDS {
                let program = project.keysweep([command, &["--format", "json"]].concat());
                let ran = program.env("SOME_KEY", &pair.env).run();
                let reported = [ran.stdout.as_str(), &ran.stderr].concat();
                let place = format!("{name} to {}: {command:?}: {reported}", target.display());
                assert!(ran.code.is_some_and(|code| (0..=3).contains(&code)), "{place}");
                assert!(
                    !reported.contains(&pair.id) && !reported.contains("internal error"),
                    "{place}"
                );
            }
        }
    }
}

#[test]
fn what_leads_to_no_end_is_not_read() {
    for name in NAMES {
        for target in ["/dev/zero", "a FIFO", "itself"] {
            let project = repository();
            match target {
                "a FIFO" => {
                    plant(&project, name, &project.at("pipe"));
                    fifo(&project.at("pipe"));
                }
                "itself" => plant(&project, name, &project.at(".git").join(name)),
                device => plant(&project, name, Path::new(device)),
            }
            for command in COMMANDS {
                let (code, reported) = ends(&project, command);
                let is_expected = code.is_some_and(|code| [0, 2, 3].contains(&code));
                assert!(is_expected, "{name} to {target}: {command:?}: {code:?} {reported}");
            }
        }
    }
}

/// The text that an error quotes from a malformed file may be a secret.
#[test]
fn no_error_quotes_a_secret() {
    let pair = Keys::new("quoted").pair();
    for name in NAMES {
        let project = repository();
        let path = project.at(".git").join(name);
        if path.is_dir() {
            continue;
        }
        for text in
            [pair.env.clone(), format!("{}\n", pair.secret), format!("gitdir: {}\n", pair.secret)]
        {
            project.file(Path::new(".git").join(name), text);
            for command in COMMANDS {
                // The harness looks for the secret.
                project.keysweep([command, &["--format", "json"]].concat()).run();
            }
        }
    }
}

#[test]
fn objects_of_lfs_are_named_by_their_place_alone() {
    let (outside, pair) = outside("pointers");
    let oid = "cd".repeat(32);
    let project = repository();
    let far = "../".repeat(12);
    let path = outside.at("folder/leak.env").display().to_string();
    for (number, named) in [
        format!("{far}etc/passwd"),
        format!("{far}{}", path.trim_start_matches('/')),
        path,
        oid.to_uppercase(),
        oid[..40].to_owned(),
        oid.repeat(2),
        String::new(),
        format!("{oid}/../{oid}"),
    ]
    .iter()
    .enumerate()
    {
        project.file(format!("{number}.bin"), lfs_pointer(named, 120));
    }
    project.git(&["add", "."]).git(&["commit", "-qm", "pointers"]);
    for command in COMMANDS {
        let ran = project.keysweep([command, &["--format", "json"]].concat()).run();
        assert!(ran.code == Some(0) && !ran.stdout.contains(&pair.id), "{command:?}: {ran:?}");
    }
    // A name that no object can have does not count as one, and links are reported.
    let folder = project.at(".git/lfs/objects/cd/cd");
    fs::create_dir_all(&folder).expect("folders");
    for named in [oid.to_uppercase() + "0", oid[..63].to_owned(), "x".repeat(64)] {
        fs::write(folder.join(named), &pair.env).expect("a file");
    }
    symlink(outside.at("folder/leak.env"), folder.join(&oid)).expect("a link");
    let ran = project.keysweep(["history", "--format", "json"]).run().exits(3);
    assert!(!ran.stdout.contains(&pair.id), "{}", ran.stdout);
    assert!(ran.problems()[0].contains("a link, FIFO, socket or device"), "{ran:?}");
    for folder in ["lfs", "lfs/objects"] {
        let project = repository();
        plant(&project, folder, &outside.at("folder"));
        let ran = project.keysweep(["history", "--format", "json"]).run().exits(3);
        assert!(!ran.stdout.contains(&pair.id), "{folder}: {}", ran.stdout);
        assert!(ran.problems()[0].contains("a link that leads out"), "{folder}: {ran:?}");
    }
}

/// Such links are how several work trees share a database: `git-new-workdir`, `repo`.
#[test]
fn a_database_shared_by_links_is_read() {
    let project = Project::new();
    let pair = Keys::new("shared by links").pair();
    project.git_in("main", &["init", "-q", "-b", "main"]).file("main/a.env", &pair.env);
    project.git_in("main", &["add", "."]).git_in("main", &["commit", "-qm", "one"]);
    project.git_in("main", &["gc", "-q"]).file("work/.git/HEAD", "ref: refs/heads/main\n");
    fs::copy(project.at("main/.git/index"), project.at("work/.git/index")).expect("an index");
    for name in ["config", "refs", "objects", "info", "logs", "packed-refs"] {
        symlink(project.at("main/.git").join(name), project.at("work/.git").join(name))
            .expect("a link");
    }
    for command in [&["history", "work"][..], &["sweep", "work"]] {
        let ran = project.keysweep([command, &["--format", "json"]].concat()).run().exits(1);
        assert_eq!((ran.places().len(), ran.problems().len()), (1, 0), "{command:?}: {ran:?}");
    }
}

#[test]
fn nothing_elsewhere_is_overwritten_through_a_link_where_a_file_is_named() {
    let outside = Project::new();
    outside.file("victim", "").file("full", "untouched");
    let project = repository();
    project.file("a.env", Keys::new("named files").pair().env);
    for victim in ["victim", "full", "none"] {
        let link = project.at("link");
        symlink(outside.at(victim), &link).expect("a link");
        for command in [
            &["sweep", ".", "--resume", "link"][..],
            &["scan", "--output", "json=link"],
            &["baseline", "--baseline", "link"],
        ] {
            if !link.is_symlink() {
                fs::remove_file(&link).expect("a report took its place");
                symlink(outside.at(victim), &link).expect("a link");
            }
            let ran = project.keysweep(command).run();
            let place = format!("{victim} {command:?}: {ran:?}");
            let read = |name: &str| fs::read_to_string(outside.at(name)).unwrap_or_default();
            assert_eq!(
                (read("victim").as_str(), read("full").as_str()),
                ("", "untouched"),
                "{place}"
            );
            assert!(!outside.at("none").exists(), "{place}");
            let reported = ran.stderr.contains("is a link or not a regular file");
            assert!(reported || !command.contains(&"--resume"), "{place}");
        }
        fs::remove_file(&link).expect("ours");
    }
    // Nor is anything without an end read or waited for.
    for target in ["/dev/zero", "pipe"] {
        fifo(&project.at("pipe"));
        symlink(target, project.at("link")).expect("a link");
        let resume = ["sweep", ".", "--resume", "link"];
        let endless = [
            &["scan", "--baseline", "link"][..],
            &["scan", "--config", "link"],
            &["baseline", "--baseline", "link"],
            &resume,
        ];
        // Somebody may name a pipe on purpose.
        let commands = if target == "pipe" { &endless[3..] } else { &endless };
        for command in commands {
            let (code, reported) = ends(&project, command);
            assert_eq!(code, Some(2), "{command:?} {target}: {reported}");
        }
        fs::remove_file(project.at("link")).expect("ours");
    }
    look_for_secrets(&[fs::read_to_string(outside.at("victim")).expect("a file")], &"links");
}

#[test]
fn a_git_file_and_pointers_of_worktrees_lead_to_no_content() {
    let (outside, pair) = outside("pointers of worktrees");
    let leak = outside.at("folder/leak.env").display().to_string();
    let folder = outside.at("folder").display().to_string();
    for target in [leak.as_str(), &folder, "../../../..", ".", "..", "/proc/self", "/dev", "pipe"] {
        for name in [
            ".git",
            ".git/commondir",
            ".git/worktrees/w/gitdir",
            ".git/worktrees/w/commondir",
            "sub/.git",
        ] {
            let project = repository();
            fifo(&project.at("pipe"));
            let is_file = name.ends_with(".git");
            if name == ".git" {
                fs::rename(project.at(".git"), project.at("before")).expect("ours");
            }
            let text = if is_file { format!("gitdir: {target}\n") } else { format!("{target}\n") };
            project.file(name, text);
            for command in COMMANDS {
                let (code, reported) = ends(&project, command);
                let is_expected = code.is_some_and(|code| [0, 2, 3].contains(&code));
                let place = format!("{name} to {target}: {command:?}: {code:?} {reported}");
                assert!(is_expected && !reported.contains(&pair.id), "{place}");
                look_for_secrets(&[reported], &place);
            }
        }
    }
}

#[test]
fn a_linked_folder_leads_no_report_elsewhere() {
    let outside = Project::new();
    outside.file("folder/report", "untouched");
    let project = repository();
    symlink(outside.at("folder"), project.at("results")).expect("a link");
    symlink("inner", project.at("near")).expect("a link");
    project.file("inner/deep/a.txt", "x");
    for command in [
        &["scan", "--output", "json=results/report"][..],
        &["scan", "--output", "results/report"],
        &["baseline", "--baseline", "./results/report"],
        &["sweep", ".", "--resume", "results/new"],
    ] {
        let ran = project.keysweep(command).run().exits(2);
        let reported = "results is a link that leads out of this folder: name its target instead";
        assert!(ran.stderr.contains(reported) || command[0] == "baseline", "{command:?}: {ran:?}");
        let read = fs::read_to_string(outside.at("folder/report")).expect("a file");
        assert_eq!(read, "untouched", "{command:?}");
        assert_eq!(fs::read_dir(outside.at("folder")).expect("a folder").count(), 1, "{command:?}");
    }
    // A folder of this one, and what is named for what it is.
    project.keysweep(["scan", "--output", "json=near/deep/report"]).run().exits(0);
    assert!(project.at("inner/deep/report").exists());
    let whole = outside.at("folder/report").display().to_string();
    project.keysweep(["scan", "--output", &whole]).run().exits(0);
    assert!(fs::read_to_string(whole).expect("a report").contains("No findings"));
}
