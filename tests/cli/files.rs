//! Files that `keysweep scan` reads or leaves out, and the names by which it reports them.

use std::fs;

use crate::support::{Keys, Project};

/// `scan --format json` and more.
fn json<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["scan", "--format", "json", "--fail-on", "never"], more].concat()
}

#[test]
fn hidden_files_are_read_and_git_is_never_entered() {
    let mut keys = Keys::new("hidden");
    let project = Project::new();
    project.git(&["init", "-q"]);
    for path in [".env", ".aws/credentials", ".git/hooks/post-commit", "sub/.hidden/a"] {
        project.file(path, keys.pair().env);
    }
    for more in [&[][..], &["--no-ignore"]] {
        let ran = project.keysweep(json(more)).run().exits(0);
        let mut places = ran.places();
        places.sort();
        assert_eq!(places, [".aws/credentials:1", ".env:1", "sub/.hidden/a:1"]);
    }
    let named = project.keysweep(json(&[".git/hooks"])).run().exits(0);
    assert_eq!(named.places(), [".git/hooks/post-commit:1"], "what is named is read");
}

#[test]
fn gitignore_is_obeyed_but_not_for_what_git_tracks() {
    let mut keys = Keys::new("tracked");
    let project = Project::new();
    project.git(&["init", "-q"]);
    for path in ["build/tracked", "build/deep/tracked", "kept.log"] {
        project.file(path, keys.pair().env);
    }
    project.git(&["add", "-A"]).git(&["commit", "-qm", "all"]);
    for path in ["build/other", "build/deep/other", "cache/a", "gone.log", "seen", "local.txt"] {
        project.file(path, keys.pair().env);
    }
    project.file(".gitignore", "/build/\ncache\n*.log\n").file(".git/info/exclude", "local.txt\n");
    project.file(".ignore", "seen\n").file(".rgignore", "seen\n");
    let ran = project.keysweep(json(&[])).run().exits(0);
    let mut places = ran.places();
    places.sort();
    assert_eq!(places, ["build/deep/tracked:1", "build/tracked:1", "kept.log:1", "seen:1"]);
    // build/other, build/deep/other, the folder cache, gone.log and local.txt.
    assert_eq!(ran.left_out("ignored"), 5);
    assert!(ran.stderr.contains("5 files or folders by ignore files"), "{}", ran.stderr);
    let all = project.keysweep(json(&["--no-ignore"])).run().exits(0);
    assert_eq!((all.places().len(), all.left_out("ignored")), (9, 0));
}

#[test]
fn ignore_files_are_read_as_git_reads_them() {
    let mut keys = Keys::new("nested ignore files");
    let project = Project::new();
    project.git(&["init", "-q"]);
    project.file(".gitignore", "\u{feff}*.tmp\n!keep.tmp\n/only-top\n");
    project.file("sub/.gitignore", "!again.tmp\nanchored/x\n");
    let wanted = ["keep.tmp", "sub/again.tmp", "sub/only-top", "sub/deep/anchored/x"];
    let ignored = ["a.tmp", "sub/b.tmp", "only-top", "sub/anchored/x"];
    for path in wanted.iter().chain(&ignored) {
        project.file(path, keys.pair().env);
    }
    let expected = |inside: &str| -> Vec<String> {
        let mut places: Vec<String> = wanted.iter().map(|path| format!("{path}:1")).collect();
        places.retain(|place| place.starts_with(inside));
        places.sort();
        places
    };
    for folder in ["", "sub"] {
        let ran = project.keysweep(json(&["."])).from(folder).run().exits(0);
        let mut places = ran.places();
        places.sort();
        assert_eq!(places, expected(folder), "from '{folder}'");
    }
}

#[test]
fn a_file_that_the_user_names_is_read_even_if_it_is_ignored() {
    let mut keys = Keys::new("named");
    let project = Project::new();
    project.git(&["init", "-q"]).file(".gitignore", "build\n").file("src/a", "text");
    project.file("build/out.env", keys.pair().env);
    for named in [&["build"][..], &["build/out.env"], &[".", "build"], &["build/out.env", "."]] {
        let ran = project.keysweep(json(named)).run().exits(0);
        assert_eq!(ran.places(), ["build/out.env:1"], "{named:?}");
    }
}

#[test]
fn without_a_repository_nothing_is_ignored() {
    let mut keys = Keys::new("no repository");
    let project = Project::new();
    project.file(".gitignore", "*\n").file("a.env", keys.pair().env);
    let ran = project.keysweep(json(&[])).run().exits(0);
    assert_eq!(ran.places(), ["a.env:1"]);
}

#[test]
fn repositories_below_a_folder_are_scanned_as_files_and_reported() {
    let mut keys = Keys::new("nested repositories");
    let project = Project::new();
    for folder in ["one", "two", "deep/three"] {
        project.git_in(folder, &["init", "-q"]).file(format!("{folder}/a"), keys.pair().env);
    }
    project.git_in("bare", &["init", "-q", "--bare"]);
    project.file("one/.gitignore", "b\n").file("one/b", keys.pair().env);
    let ran = project.keysweep(json(&[])).run().exits(0);
    assert_eq!((ran.places().len(), ran.left_out("repositories")), (3, 4));
    let reported = "4 repositories not searched in depth: keysweep sweep";
    assert!(ran.stderr.contains(reported), "{}", ran.stderr);
    let ran = project.keysweep(json(&["one"])).run().exits(0);
    assert_eq!(ran.left_out("repositories"), 0, "a PATH's own repository is not met on the way");
}

#[test]
fn a_file_is_read_once_and_every_spelling_gives_the_same_bytes() {
    let mut keys = Keys::new("spellings");
    let project = Project::new();
    for path in ["p/a/x.env", "p/b/y.env", "p/b/c/z.env"] {
        project.file(path, keys.pair().env);
    }
    for is_repository in [false, true] {
        if is_repository {
            project.git_in("p", &["init", "-q"]);
        }
        let same = |runs: &[(&str, &[&str])]| {
            let outputs: Vec<String> = runs
                .iter()
                .map(|(from, paths)| project.keysweep(json(paths)).from(from).run().exits(0).stdout)
                .collect();
            for (run, output) in runs.iter().zip(&outputs) {
                assert_eq!(*output, outputs[0], "{run:?}");
            }
        };
        let absolute = project.at("p").display().to_string();
        same(&[
            ("p", &[]),
            ("p", &["."]),
            ("", &["p"]),
            ("", &["./p/"]),
            ("p/a", &["../../p"]),
            ("", &[&absolute]),
            ("", &["p", "p/b", "p/b/c/z.env", "p/b/../b"]),
            ("", &["-j1", "p"]),
            ("", &["-j8", "p"]),
        ]);
        same(&[("", &["p/b"]), ("p/b", &["."]), ("p/b/c", &["..", "z.env"])]);
        same(&[("", &["p/a", "p/b/c"]), ("p/b/c", &[".", "../../a"])]);
    }
}

#[test]
fn paths_count_from_the_work_tree_or_the_folder_that_holds_all() {
    let mut keys = Keys::new("shown paths");
    let project = Project::new();
    project.file("p/a/x.env", keys.pair().env).file("p/b/y.env", keys.pair().env);
    let places = |paths: &[&str]| {
        let mut places = project.keysweep(json(paths)).run().exits(0).places();
        places.sort();
        places
    };
    assert_eq!(places(&["p/a"]), ["x.env:1"]);
    assert_eq!(places(&["p/a/x.env"]), ["x.env:1"]);
    assert_eq!(places(&["p/a", "p/b/y.env"]), ["a/x.env:1", "b/y.env:1"]);
    project.git_in("p", &["init", "-q"]);
    assert_eq!(places(&["p/a"]), ["a/x.env:1"]);
    assert_eq!(places(&["p/a/x.env"]), ["a/x.env:1"]);
}

#[test]
fn globs_and_sizes_leave_out_and_count() {
    let mut keys = Keys::new("globs");
    let project = Project::new();
    for path in ["src/a.env", "src/b.txt", "docs/c.env", "d.env"] {
        project.file(path, keys.pair().env);
    }
    project.file("large.env", format!("{}{}", keys.pair().env, "#".repeat(5000)));
    let run = |more: &[&str]| project.keysweep(json(more)).run().exits(0);
    let sorted = |more: &[&str]| {
        let mut places = run(more).places();
        places.sort();
        places
    };
    assert_eq!(sorted(&["--include", "src"]), ["src/a.env:1", "src/b.txt:1"]);
    assert_eq!(sorted(&["--include", "src", "--exclude", "*.txt"]), ["src/a.env:1"]);
    assert_eq!(run(&["--exclude", "docs/", "--exclude", "/d.env"]).left_out("excluded"), 2);
    let limited = run(&["--max-file-size", "1K"]);
    assert_eq!((limited.places().len(), limited.left_out("too_large")), (4, 1));
    assert!(limited.json()["coverage"]["complete"] == true);
}

#[test]
fn what_is_ignored_does_not_depend_on_the_machine() {
    let mut keys = Keys::new("global excludes");
    let project = Project::new();
    project.git_in("p", &["init", "-q"]).file("p/a.env", keys.pair().env);
    project.file("home/git/ignore", "*.env\n");
    let run = project.keysweep(json(&["p"])).env("XDG_CONFIG_HOME", project.at("home")).run();
    assert_eq!(run.exits(0).places(), ["a.env:1"]);
}

#[test]
fn a_temporary_key_is_found_with_its_token() {
    let mut keys = Keys::new("temporary");
    let project = Project::new();
    let (id, secret, token) = (keys.id_of("ASIA"), keys.secret(), keys.token());
    let lines = ["[default]", &format!("aws_access_key_id = {id}")].join("\n");
    let rest = format!("aws_secret_access_key = {secret}\naws_session_token = {token}\n");
    project.file("credentials", format!("{lines}\n{rest}"));
    let report = project.keysweep(json(&[])).run().exits(0).json();
    assert_eq!(report["findings"].as_array().map(Vec::len), Some(1), "{report:#}");
    assert_eq!(report["findings"][0]["rule"], "aws-temporary-key");
    assert!(report["findings"][0]["session_token_sha256"].is_string());
}

#[test]
fn standard_input_is_scanned_like_a_file() {
    let mut keys = Keys::new("stdin");
    let project = Project::new();
    project.file("a.env", keys.pair().env);
    let pair = keys.pair();
    let ran = project.keysweep(json(&["-"])).input(&pair.env).run().exits(0);
    assert_eq!(ran.places(), ["<stdin>:1"]);
    let named = json(&["-", "a.env", "--stdin-name", "conf/b.env"]);
    let mut places = project.keysweep(named).input(&pair.env).run().exits(0).places();
    places.sort();
    assert_eq!(places, ["a.env:1", "conf/b.env:1"]);
}

#[test]
fn one_finding_a_credential_with_all_its_places() {
    let mut keys = Keys::new("one finding");
    let project = Project::new();
    let pair = keys.pair();
    let lone_secret = format!("AWS_SECRET_ACCESS_KEY={}\n", pair.secret);
    project.file("a.env", &pair.env).file("b/copy.env", format!("\n{}", pair.env));
    project.file("c.md", format!("the key {} is ours\n", pair.id)).file("d.env", lone_secret);
    let ran = project.keysweep(json(&[])).run().exits(0);
    assert_eq!(ran.json()["findings"].as_array().map(Vec::len), Some(1), "{}", ran.stdout);
    assert_eq!(ran.places(), ["a.env:1", "b/copy.env:2", "c.md:1", "d.env:1"]);
}

#[test]
fn halves_in_different_files_name_each_other() {
    let mut keys = Keys::new("partners");
    let project = Project::new();
    let pair = keys.pair();
    project.file("a.txt", format!("aws_access_key_id = {}\n", pair.id));
    project.file("b.txt", format!("aws_secret_access_key = {}\n", pair.secret));
    let report = project.keysweep(json(&[])).run().exits(0).json();
    let [one, two] = report["findings"].as_array().expect("findings").as_slice() else {
        panic!("two findings: {report:#}");
    };
    assert_eq!(one["possible_partners"][0], two["fingerprint"]);
    assert_eq!(two["possible_partners"][0], one["fingerprint"]);
}

#[test]
fn a_file_of_any_length_is_read_in_windows_and_each_key_is_found_once() {
    let mut keys = Keys::new("windows");
    let project = Project::new();
    // Windows are 8 MiB less twice the overlap of 64 KiB apart; a key at every kind of seam.
    let (window, overlap) = (8usize << 20, 64usize << 10);
    let mut offsets = vec![0, 4000];
    for seam in 1..3 {
        let at = seam * (window - 2 * overlap) + overlap;
        for near in [0, overlap, 2 * overlap] {
            offsets.extend([at + near - 4000, at + near - 20, at + near + 4000]);
        }
    }
    offsets.sort_unstable();
    offsets.dedup_by(|a, b| *a - *b < 1000);
    for separator in ["\n", " "] {
        let mut text = vec![b'.'; 20 << 20];
        for (at, byte) in text.iter_mut().enumerate() {
            if at % 100 == 99 {
                *byte = separator.as_bytes()[0];
            }
        }
        for &at in &offsets {
            let pair = keys.pair().env;
            text[at..at + pair.len()].copy_from_slice(pair.as_bytes());
        }
        project.file("large", &text);
        let ran = project.keysweep(json(&["large"])).run().exits(0);
        let report = ran.json();
        assert_eq!(report["findings"].as_array().map(Vec::len), Some(offsets.len()));
        assert_eq!(report["coverage"]["bytes"].as_u64(), Some(text.len() as u64));
        let mut index = keysweep::location::LineIndex::new(&text, Default::default());
        let expected: Vec<u64> = offsets.iter().map(|at| index.position(at + 18).line).collect();
        let mut lines: Vec<u64> = report["findings"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|one| one["occurrences"][0]["line"].as_u64())
            .collect();
        lines.sort_unstable();
        assert_eq!(lines, expected);
    }
    fs::remove_file(project.at("large")).expect("the file");
}
