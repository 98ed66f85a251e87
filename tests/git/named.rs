//! A repository that the user names is opened at that place or not at all, from any folder and in
//! any spelling; and every run says what it scanned.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{Keys, Project, Ran};

/// A repository with a leak, inside another one that has none.
struct Target {
    kind: &'static str,
    /// The path on the command line.
    path: &'static str,
    /// The place that the run must report as scanned.
    place: &'static str,
    /// The folder of its hooks.
    hooks: &'static str,
    has_work_tree: bool,
}

const TARGETS: [Target; 6] = [
    Target {
        kind: "work tree",
        path: "outer/tree",
        place: "outer/tree",
        hooks: "outer/tree/.git/hooks",
        has_work_tree: true,
    },
    Target {
        kind: "bare",
        path: "outer/b.git",
        place: "outer/b.git",
        hooks: "outer/b.git/hooks",
        has_work_tree: false,
    },
    Target {
        kind: "linked work tree",
        path: "outer/linked",
        place: "outer/linked",
        hooks: "outer/tree/.git/hooks",
        has_work_tree: true,
    },
    Target {
        kind: "submodule",
        path: "outer/super/sub",
        place: "outer/super/sub",
        hooks: "outer/super/.git/modules/sub/hooks",
        has_work_tree: true,
    },
    Target {
        kind: ".git itself",
        path: "outer/tree/.git",
        place: "outer/tree",
        hooks: "outer/tree/.git/hooks",
        has_work_tree: true,
    },
    Target {
        kind: "bare without a name of its own",
        path: "outer/store",
        place: "outer/store",
        hooks: "outer/store/hooks",
        has_work_tree: false,
    },
];

/// The working directories of the user.
const FOLDERS: [&str; 5] = ["outer", "outer/d", "outer/other", "outside", "outer/tree/inner"];

#[derive(Clone, Copy, Debug)]
enum Spelling {
    Absolute,
    Relative,
    Dotted,
    Slash,
    Link,
}

const SPELLINGS: [Spelling; 5] =
    [Spelling::Absolute, Spelling::Relative, Spelling::Dotted, Spelling::Slash, Spelling::Link];

/// The projects: `outer` holds all targets, and is clean itself.
fn projects(keys: &mut Keys) -> (Project, String) {
    let (project, pair) = (Project::new(), keys.pair());
    for name in ["outer", "outer/other", "outer/tree", "outer/super"] {
        project.git(&["init", "-q", "-b", "main", name]);
        project.file(format!("{name}/README"), "nothing here\n");
        project.git_in(name, &["add", "README"]).git_in(name, &["commit", "-qm", "start"]);
    }
    project.file("outer/d/README", "nothing\n").file("outside/README", "nothing\n");
    project.file("outer/tree/inner/leak.env", &pair.env);
    project.git_in("outer/tree", &["add", "-A"]).git_in("outer/tree", &["commit", "-qm", "leak"]);
    project.git(&["clone", "-q", "--bare", "outer/tree", "outer/b.git"]);
    project.git(&["clone", "-q", "--bare", "outer/tree", "outer/store"]);
    project.git_in("outer/tree", &["worktree", "add", "-q", "../linked", "-b", "linked"]);
    let add =
        ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../b.git", "sub"];
    let url = project.at("outer/b.git").display().to_string();
    let add = add.map(|word| if word == "../b.git" { url.as_str() } else { word });
    project.git_in("outer/super", &add);
    project.git_in("outer/super", &["commit", "-qm", "sub"]);
    for (at, target) in TARGETS.iter().enumerate() {
        let link = project.at(format!("link-{at}"));
        std::os::unix::fs::symlink(project.at(target.path), link).expect("a link");
    }
    (project, pair.id)
}

fn spelled(project: &Project, folder: &str, at: usize, spelling: Spelling) -> PathBuf {
    let target = TARGETS[at].path;
    let up: PathBuf = folder.split('/').map(|_| "..").collect();
    match spelling {
        Spelling::Absolute => project.at(target),
        Spelling::Relative => up.join(target),
        Spelling::Dotted => Path::new("./.").join(up).join("outer/d/..").join("..").join(target),
        Spelling::Slash => format!("{}/", up.join(target).display()).into(),
        Spelling::Link => up.join(format!("link-{at}")),
    }
}

/// The places that a report in JSON lists as scanned.
fn scanned(ran: &Ran) -> Vec<(String, PathBuf)> {
    let report = ran.json();
    let places = report["coverage"]["scanned"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    places.iter().map(|place| (text(&place["what"]), text(&place["path"]).into())).collect()
}

/// Nothing of what was named may have been done to the repository around it.
fn outer_is_untouched(project: &Project, case: &str) {
    for path in [".keysweep-baseline", ".git/hooks/pre-commit", ".git/hooks/pre-receive"] {
        for outer in ["outer", "outer/other", "outer/super"] {
            assert!(!project.at(outer).join(path).exists(), "{case}: {outer}/{path}");
        }
    }
}

#[test]
fn the_repository_is_found_from_any_folder_and_in_any_spelling() {
    let (project, id) = projects(&mut Keys::new("named"));
    let root = project.path().canonicalize().expect("a folder");
    let report = root.join("before.json");
    let empty = r#"{"schema": 1, "tool": {"name": "keysweep"}, "findings": []}"#;
    std::fs::write(&report, empty).expect("a report");
    let report = report.to_str().expect("UTF-8");
    let commands = ["staged", "range", "baseline", "install-hook", "sweep", "verify"];
    for (at, target) in TARGETS.iter().enumerate() {
        let place = root.join(target.place);
        for (stands, folder) in FOLDERS.iter().enumerate() {
            for (number, spelling) in SPELLINGS.iter().enumerate() {
                let named = spelled(&project, folder, at, *spelling);
                let case = format!("{} from {folder} as {}", target.kind, named.display());
                let named = named.to_str().expect("UTF-8");
                let run = |arguments: &[&str]| match arguments {
                    ["verify", rest @ ..] => {
                        let asked = [&["verify", "--report", report], rest].concat();
                        project.keysweep(asked).from(folder).run()
                    }
                    _ => project.keysweep(arguments).from(folder).run(),
                };
                let reported = run(&["history", named, "--format", "json"]).exits(1);
                assert!(reported.stdout.contains(&id), "{case}");
                assert_eq!(
                    scanned(&reported),
                    [("repository".to_owned(), place.clone())],
                    "{case}"
                );
                let shown = format!("in the repository {} in ", place.display());
                assert!(reported.stderr.contains(&shown), "{case}: {}", reported.stderr);
                // Each command meets each folder and each spelling, though not each pair of them.
                let command = commands[(at + stands + number) % commands.len()];
                other_command(command, &case, target, &place, named, &id, &run);
                outer_is_untouched(&project, &case);
            }
        }
    }
}

fn other_command(
    command: &str,
    case: &str,
    target: &Target,
    place: &Path,
    named: &str,
    id: &str,
    run: &dyn Fn(&[&str]) -> Ran,
) {
    let case = &format!("{command}: {case}");
    let is_place = |ran: &Ran| {
        assert_eq!(scanned(ran), [("repository".to_owned(), place.to_owned())], "{case}");
    };
    match command {
        "staged" => is_place(&run(&["staged", named, "--format", "json"]).exits(0)),
        "range" => {
            let reported = run(&["range", "HEAD~1..HEAD", named, "--format", "json"]).exits(1);
            assert!(reported.stdout.contains(id), "{case}");
            is_place(&reported);
        }
        "baseline" if target.has_work_tree => {
            let reported = run(&["baseline", named]).exits(0);
            let file = place.join(".keysweep-baseline");
            assert!(
                reported.stdout.contains(&file.display().to_string()),
                "{case}: {}",
                reported.stdout
            );
            std::fs::remove_file(file).expect("it was written there");
        }
        "baseline" => {
            let reported = run(&["baseline", named]).exits(2);
            assert!(reported.stderr.contains("no work tree"), "{case}: {}", reported.stderr);
            // In a file of the user's own it can be written.
            let file = place.ancestors().nth(2).expect("the root").join("own-baseline");
            let named_file = file.to_str().expect("UTF-8");
            run(&["baseline", named, "--baseline", named_file]).exits(0);
            let text = std::fs::read_to_string(&file).expect("it was written there");
            assert!(text.contains(&id[id.len() - 4..]), "{case}: {text}");
            std::fs::remove_file(file).expect("a file");
        }
        "install-hook" => {
            let hooks = place.ancestors().nth(target.place.split('/').count()).expect("the root");
            let hooks = hooks.join(target.hooks);
            let reported = run(&["install-hook", named]).exits(0);
            let name = if target.has_work_tree { "pre-commit" } else { "pre-receive" };
            assert!(hooks.join(name).is_file(), "{case}: {}", reported.stdout);
            run(&["install-hook", "--uninstall", named]).exits(0);
            assert!(!hooks.join(name).exists(), "{case}");
        }
        "sweep" => {
            let reported = run(&["sweep", named, "--format", "json"]).exits(1);
            assert!(reported.stdout.contains(id), "{case}");
        }
        "verify" if cfg!(feature = "verify") => {
            let places = scanned(&run(&["verify", named, "--format", "json"]).exits(0));
            let histories: Vec<_> =
                places.into_iter().filter(|(what, _)| what == "repository").collect();
            assert_eq!(histories, [("repository".to_owned(), place.to_owned())], "{case}");
        }
        "verify" => {}
        other => panic!("{other} is not tried"),
    }
}

#[test]
fn a_path_that_is_not_a_repository_is_refused_though_one_is_around_it() {
    let (project, _) = projects(&mut Keys::new("not named"));
    std::fs::create_dir_all(project.at("outer/broken/.git")).expect("a folder");
    for (named, words) in [
        ("outer/d", "name that one"),
        ("outer/d/README", "name that one"),
        ("outer/broken", "can't be opened"),
        ("outside", "not a git repository"),
        ("outer/nowhere", "nowhere"),
    ] {
        for folder in ["", "outer", "outer/other"] {
            let up: PathBuf =
                folder.split('/').filter(|part| !part.is_empty()).map(|_| "..").collect();
            let named = up.join(named).display().to_string();
            for arguments in [&["history"][..], &["range", "HEAD~1..HEAD"], &["install-hook"]] {
                let arguments = [arguments, &[&named]].concat();
                let ran = project.keysweep(&arguments).from(folder).run().exits(2);
                assert!(ran.stderr.contains(words), "{arguments:?} in {folder}: {}", ran.stderr);
                outer_is_untouched(&project, &format!("{arguments:?}"));
            }
        }
    }
    // A folder of files may be named to `baseline`, but none inside a repository.
    let inside = project.keysweep(["baseline", "outer/d"]).run().exits(2);
    assert!(inside.stderr.contains("name that one"), "{}", inside.stderr);
    project.keysweep(["baseline", "outside"]).run().exits(0);
    assert!(project.at("outside/.keysweep-baseline").is_file());
}

#[test]
fn without_a_name_it_is_the_one_around_the_folder() {
    let (project, id) = projects(&mut Keys::new("unnamed"));
    let root = project.path().canonicalize().expect("a folder");
    let reported =
        project.keysweep(["history", "--format", "json"]).from("outer/tree/inner").run().exits(1);
    assert!(reported.stdout.contains(&id));
    assert_eq!(scanned(&reported), [("repository".to_owned(), root.join("outer/tree"))]);
    // A bare repository inside another one is the one around its own folders.
    for folder in ["outer/b.git", "outer/b.git/refs", "outer/store/objects/pack"] {
        let reported =
            project.keysweep(["history", "--format", "json"]).from(folder).run().exits(1);
        let bare = folder.split('/').take(2).collect::<PathBuf>();
        assert_eq!(scanned(&reported), [("repository".to_owned(), root.join(&bare))], "{folder}");
        let hook = project.keysweep(["install-hook"]).from(folder).run().exits(0);
        let hooks = root.join(&bare).join("hooks/pre-receive");
        assert!(hooks.is_file(), "{folder}: {}", hook.stdout);
        std::fs::remove_file(hooks).expect("a hook");
    }
    // GIT_DIR is what git says to a hook; a name beats it.
    let bare = project.at("outer/b.git");
    let run =
        |arguments: &[&str]| project.keysweep(arguments).env("GIT_DIR", &bare).from("outside");
    let reported = run(&["history", "--format", "json"]).run().exits(1);
    assert_eq!(scanned(&reported), [("repository".to_owned(), root.join("outer/b.git"))]);
    let reported = run(&["history", "../outer", "--format", "json"]).run().exits(0);
    assert_eq!(scanned(&reported), [("repository".to_owned(), root.join("outer"))]);
}

#[test]
fn a_scan_names_its_folders_files_and_standard_input() {
    let project = Project::new();
    project.file("a/one", "nothing\n").file("two", "nothing\n");
    let root = project.path().canonicalize().expect("a folder");
    let reported = project
        .keysweep(["scan", "../a", "../two", "-", "--stdin-name", "x", "--format", "json"])
        .from("a")
        .input("text\n")
        .run()
        .exits(0);
    let expected = [
        ("file", root.join("two")),
        ("folder", root.join("a")),
        ("standard input", PathBuf::from("x")),
    ];
    assert_eq!(scanned(&reported), expected.clone().map(|(what, path)| (what.to_owned(), path)));
    // A log of SARIF is uploaded: it names the folder, and not where on this machine that is.
    let log = project.keysweep(["scan", "../a", "--format", "sarif"]).from("a").run().exits(0);
    let coverage = &log.json()["runs"][0]["properties"]["coverage"];
    assert_eq!(coverage["scanned"][0]["path"], "a");
    assert!(!log.stdout.contains(root.to_str().expect("UTF-8")), "{}", log.stdout);
    let words =
        format!("in {}, {}, standard input in ", expected[0].1.display(), expected[1].1.display());
    assert!(reported.stderr.contains(&words), "{}", reported.stderr);
}
