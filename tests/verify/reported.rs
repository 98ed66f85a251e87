//! `keysweep verify --report` reads what the report names, and nothing else unless something is not
//! there any more.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::compress::gzip;
use crate::support::storage::{self, packs};
use crate::support::stub::{Stub, identity, not_known};
use crate::support::{Keys, Project, Ran, notes};

/// Files in each project that have nothing to do with a key.
const OTHERS: usize = 30;

/// A project with keys: how its report is made, what is verified, and how many files and objects
/// are read for it.
struct Case {
    name: &'static str,
    /// Makes the project.
    make: fn(&Project, &mut Keys),
    /// The arguments of the report; `merge` merges the partial of a sweep.
    report: &'static [&'static str],
    target: &'static str,
    files: u64,
    objects: u64,
}

const CASES: &[Case] = &[
    Case { name: "scan", make: files, report: &["scan", "."], target: ".", files: 4, objects: 0 },
    Case {
        name: "a folder of a work tree",
        make: repository,
        report: &["scan", "repo/sub"],
        target: "repo/sub",
        files: 1,
        objects: 0,
    },
    Case {
        name: "one file",
        make: repository,
        report: &["scan", "repo/sub/here.env"],
        target: "repo/sub/here.env",
        files: 1,
        objects: 0,
    },
    Case {
        name: "history",
        make: repository,
        report: &["history", "repo"],
        target: "repo",
        files: 1,
        objects: 5,
    },
    Case {
        name: "a bare repository",
        make: bare,
        report: &["history", "bare"],
        target: "bare",
        files: 1,
        objects: 4,
    },
    Case {
        name: "a linked worktree",
        make: worktree,
        report: &["history", "linked"],
        target: "linked",
        files: 1,
        objects: 5,
    },
    Case {
        name: "a submodule",
        make: submodule,
        report: &["history", "super"],
        target: "super",
        files: 0,
        objects: 5,
    },
    Case { name: "LFS", make: lfs, report: &["history", "."], target: ".", files: 0, objects: 2 },
    Case {
        name: "records of a repository",
        make: records,
        report: &["history", "."],
        target: ".",
        files: 1,
        objects: 0,
    },
    Case {
        name: "sweep",
        make: clones,
        report: &["sweep", "all"],
        target: "all",
        files: 4,
        objects: 9,
    },
    Case {
        name: "a clone of a sweep",
        make: clones,
        report: &["sweep", "all/team/bare"],
        target: "all/team/bare",
        files: 1,
        objects: 4,
    },
    Case { name: "merge", make: clones, report: &["merge"], target: "all", files: 4, objects: 9 },
];

fn others(project: &Project, folder: &str) {
    for number in 0..OTHERS {
        project.file(format!("{folder}/other/{number}.txt"), format!("nothing {number}\n"));
    }
}

/// A plain folder: a name that is not UTF-8, UTF-16, an archive in an archive, and halves in two files.
fn files(project: &Project, keys: &mut Keys) {
    use std::os::unix::ffi::OsStrExt as _;
    others(project, ".");
    project.file(std::ffi::OsStr::from_bytes(b"caf\xe9/ a\tb.env"), keys.pair().env);
    let wide: Vec<u8> = keys.pair().env.encode_utf16().flat_map(u16::to_le_bytes).collect();
    project.file("wide.txt", [b"\xff\xfe", wide.as_slice()].concat());
    project.file("nested.gz", gzip(gzip(keys.pair().env)));
    project.file("sub/plain.env", keys.pair().env);
}

/// A repository: a key at HEAD, two that were removed, one in an archive, one in a message.
fn repository(project: &Project, keys: &mut Keys) {
    others(project, "repo");
    let mut commit = |path: &str, packs: bool, message: &str| {
        let key = keys.pair().env.into_bytes();
        project.file(path, if packs { gzip(key) } else { key });
        project.git_in("repo", &["add", "-A"]).git_in("repo", &["commit", "-qm", message]);
    };
    project.git_in("repo", &["init", "-q", "-b", "main"]);
    commit("repo/sub/here.env", false, "one");
    commit("repo/gone.env", false, "two");
    commit("repo/gone.env", false, "three");
    commit("repo/packed.gz", true, "four");
    fs::remove_file(project.at("repo/gone.env")).expect("a file");
    let text = keys.pair().env;
    project.git_in("repo", &["add", "-A"]).git_in("repo", &["commit", "-qm", &text]);
    project.git_in("repo", &["repack", "-qadf"]);
}

fn bare(project: &Project, keys: &mut Keys) {
    repository(project, keys);
    project.git(&["clone", "-q", "--bare", "repo", "bare"]);
    project.file("bare/hooks/post-update", keys.pair().env);
    // The commit with a key in its message is gone.
    project.git_in("bare", &["update-ref", "refs/heads/main", "main~1"]);
    project.git_in("bare", &["repack", "-qadf"]).git_in("bare", &["prune", "--expire=now"]);
}

fn worktree(project: &Project, keys: &mut Keys) {
    repository(project, keys);
    project.git_in("repo", &["worktree", "add", "-q", "../linked", "-b", "other"]);
}

fn submodule(project: &Project, keys: &mut Keys) {
    repository(project, keys);
    project.git_in("repo", &["reset", "-q", "--hard", "main~1"]);
    project.git_in("super", &["init", "-q", "-b", "main"]);
    let add = ["-c", "protocol.file.allow=always", "submodule", "add", "-q", "../repo", "inner"];
    project.git_in("super", &add).git_in("super", &["commit", "-qm", "one"]);
}

fn lfs(project: &Project, keys: &mut Keys) {
    others(project, ".");
    let content = keys.pair().env;
    let (pointer, object) = storage::lfs(&content);
    project.file("large.bin", pointer);
    project.git(&["init", "-q", "-b", "main"]).git(&["add", "."]).git(&["commit", "-qm", "one"]);
    project.file(format!(".git/{object}"), content);
}

/// Keys in a reflog, in the configuration, and in a file of the git folder.
fn records(project: &Project, keys: &mut Keys) {
    others(project, ".");
    project.git(&["init", "-q", "-b", "main"]).git(&["add", "."]).git(&["commit", "-qm", "one"]);
    let [log, config] =
        [keys.pair(), keys.pair()].map(|pair| format!("{} {}", pair.id, pair.secret));
    project.git(&["update-ref", "-m", &log, "refs/heads/main", "HEAD~0"]);
    project.git(&["update-ref", "-m", &log, "--create-reflog", "refs/heads/side", "HEAD"]);
    project.git(&["config", "alias.deploy", &config]);
    project.file(".git/hooks/post-commit", keys.pair().env);
}

/// A folder of clones, one of them bare, and a file next to them.
fn clones(project: &Project, keys: &mut Keys) {
    bare(project, keys);
    fs::create_dir_all(project.at("all/team")).expect("folders");
    for (from, to) in [("repo", "all/whole"), ("bare", "all/team/bare")] {
        fs::rename(project.at(from), project.at(to)).expect("on one disk");
    }
    project.file("all/beside.env", keys.pair().env);
}

/// Writes a report of a project.
fn report(project: &Project, arguments: &[&str], format: &str, to: &Path) {
    let output = format!("{format}={}", to.display());
    let partial = to.with_extension("partial").display().to_string();
    if arguments == ["merge"] {
        project.keysweep(["sweep", "all", "--partial", &partial]).run().exits(1);
        project.keysweep(["merge", &partial, "--output", &output]).run().exits(1);
    } else {
        project.keysweep([arguments, &["--output", &output]].concat()).run().exits(1);
    }
}

fn verify(project: &Project, report: &Path, target: &str, stub: &Stub) -> Ran {
    let (report, url) = (report.display().to_string(), stub.url());
    let args = ["verify", "--report", &report, target, "--sts-endpoint", &url, "--format", "json"];
    project.keysweep(args).run()
}

fn counts(report: &Value) -> (u64, u64) {
    let count = |name: &str| report["coverage"][name].as_u64().expect("a count");
    (count("files"), count("objects"))
}

/// The places of each finding of a report in JSON, without those of others.
fn places(report: &Value) -> Vec<(String, Value)> {
    let findings = report["findings"].as_array().expect("findings");
    let mut places: Vec<(String, Value)> = findings
        .iter()
        .map(|one| (one["fingerprint"].to_string(), one["occurrences"].clone()))
        .collect();
    places.sort_by(|a, b| a.0.cmp(&b.0));
    places
}

fn remarks(report: &Value) -> String {
    notes(report).join("\n")
}

#[test]
fn only_what_the_report_names_is_read() {
    let stub = Stub::start(|_, _| not_known());
    let mut wrong = Vec::new();
    for case in CASES {
        let (project, reports) = (Project::new(), Project::new());
        (case.make)(&project, &mut Keys::new(&format!("reported {}", case.name)));
        let json = reports.at("json");
        report(&project, case.report, "json", &json);
        let before: Value =
            serde_json::from_slice(&fs::read(&json).expect("a report")).expect("JSON");
        let ids = before["findings"].as_array().expect("findings").len();
        for format in ["json", "jsonl", "sarif"] {
            let name = format!("{} in {format}", case.name);
            let file = reports.at(format);
            report(&project, case.report, format, &file);
            let asked = stub.requests().len();
            let after = verify(&project, &file, case.target, &stub).exits(0).json();
            let findings = after["findings"].as_array().expect("findings").iter();
            let verdicts: Vec<_> = findings.map(|one| &one["verification"]["status"]).collect();
            assert_eq!(verdicts, vec!["inactive"; ids], "{name}");
            // Two partitions, each once for each credential.
            assert_eq!(stub.requests().len() - asked, 2 * ids, "{name}");
            let (files, objects) = counts(&after);
            // A log in SARIF names the object of the first place alone.
            let is_exact = (files, objects) == (case.files, case.objects);
            let is_part = files <= case.files && objects <= case.objects && format == "sarif";
            let is_same = format == "sarif" || places(&after) == places(&before);
            if !(is_exact || is_part) || !is_same || remarks(&after).contains("was read") {
                wrong.push(format!("{name}: {files}, {objects}, {is_same}, {}", remarks(&after)));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn damage_in_other_files_is_not_a_problem() {
    let stub = Stub::start(|_, _| not_known());
    let (project, reports) = (Project::new(), Project::new());
    repository(&project, &mut Keys::new("reported damage"));
    let other = project.ask_git("repo", &["rev-parse", "HEAD:other/7.txt"]);
    let loose = project.at(format!("repo/.git/objects/{}/{}", &other[..2], &other[2..]));
    report(&project, &["history", "repo"], "json", &reports.at("json"));
    fs::create_dir_all(loose.parent().expect("a folder")).expect("folders");
    for pack in fs::read_dir(project.at("repo/.git/objects/pack")).expect("packs").flatten() {
        fs::remove_file(pack.path()).expect("a pack");
    }
    let packed = Project::new();
    repository(&packed, &mut Keys::new("reported damage"));
    // The same objects, each in a file, so that one can be damaged.
    for pack in packs(&packed.at("repo/.git"), "pack") {
        let script = "git -C repo unpack-objects -q < \"$1\"";
        project.shell(script, &pack.display().to_string()).exits(0);
    }
    fs::remove_file(&loose).expect("it was unpacked");
    fs::write(&loose, "damaged").expect("a file");
    let whole = project.keysweep(["history", "repo", "--format", "json"]).run().exits(1);
    assert!(whole.problems().join("\n").contains(&other), "{whole:?}");
    let named = verify(&project, &reports.at("json"), "repo", &stub).exits(0);
    assert_eq!(named.problems(), Vec::<String>::new());
}

#[test]
fn a_moved_finding_is_searched_in_all_of_its_target() {
    let stub = Stub::start(|_, _| not_known());
    let (project, reports, mut keys) = (Project::new(), Project::new(), Keys::new("reported gone"));
    clones(&project, &mut keys);
    let file = reports.at("json");
    report(&project, &["sweep", "all"], "json", &file);
    let before: Value = serde_json::from_slice(&fs::read(&file).expect("read")).expect("JSON");
    let of_file = |path: &str| {
        let mut findings = before["findings"].as_array().expect("findings").iter();
        let found = findings.find(|one| one["occurrences"].to_string().contains(path));
        found.expect("a finding")["key_id"].as_str().expect("an id").to_owned()
    };
    // The hook of one clone moved, and the file of the folder: both are read whole, the other clone
    // is not.
    let (hook, next_to) = (of_file("hooks/post-update"), of_file("beside.env"));
    fs::rename(project.at("all/team/bare/hooks/post-update"), project.at("all/team/bare/kept"))
        .expect("renamed");
    fs::create_dir_all(project.at("all/deep")).expect("a folder");
    fs::rename(project.at("all/beside.env"), project.at("all/deep/moved.env")).expect("renamed");
    fs::write(project.at("all/whole/.git/objects/pack/pack-0.pack"), "damaged").expect("a file");
    let after = verify(&project, &file, "all", &stub).exits(0).json();
    assert_eq!(
        after["findings"].as_array().map(Vec::len),
        before["findings"].as_array().map(Vec::len)
    );
    let said = remarks(&after);
    let moved = format!("{hook} is not where the earlier report says: all of team/bare was read");
    assert!(said.contains(&moved), "{said}");
    let moved = format!("{next_to} is not where the earlier report says: all of . was read");
    assert!(said.contains(&moved), "{said}");
    assert_eq!(said.matches("was read").count(), 2, "{said}");
    assert!(after["findings"].to_string().contains("deep/moved.env"), "{after:#}");

    // Without the clone too, its findings are named, and the rest is verified.
    fs::remove_dir_all(project.at("all/team")).expect("a folder");
    let after = verify(&project, &file, "all", &stub).exits(3);
    assert!(after.stdout.contains(&format!("{hook} of the earlier report is no longer in")));
    assert!(!after.stdout.contains(&format!("{next_to} of the earlier report is no longer in")));
}

#[test]
fn halves_in_two_files_of_which_the_report_lists_one_are_found() {
    let mut keys = Keys::new("reported halves");
    let (project, reports) = (Project::new(), Project::new());
    let (id, secret) = (keys.id(), keys.secret());
    others(&project, ".");
    project.file("src/a.txt", format!("key: {id}\n"));
    project.file("src/b.env", format!("AWS_SECRET_ACCESS_KEY={secret}\n"));
    let stub = Stub::start(|_, _| identity("aws"));
    let url = stub.url();
    let file = reports.at("json");
    let output = format!("json={}", file.display());
    let scan = ["scan", ".", "--verify", "--sts-endpoint", &url, "--output", &output];
    project.keysweep(scan).run().exits(1);
    let both = verify(&project, &file, ".", &stub).exits(1).json();
    assert_eq!(counts(&both), (2, 0), "{both:#}");
    assert!(!remarks(&both).contains("was read"), "{both:#}");
    let mut report: Value = serde_json::from_slice(&fs::read(&file).expect("read")).expect("JSON");
    for left in 0..2 {
        let places = both["findings"][0]["occurrences"][left].clone();
        report["findings"][0]["occurrences"] = Value::Array(vec![places]);
        fs::write(&file, report.to_string()).expect("written");
        let one = verify(&project, &file, ".", &stub).exits(1).json();
        assert!(remarks(&one).contains("all of the target was read"), "{one:#}");
        assert_eq!(one["findings"][0]["verification"]["status"], "active");
        assert_eq!(one["findings"][0]["occurrences"].as_array().map(Vec::len), Some(2));
    }
}

#[test]
fn a_report_leads_to_no_file_outside_of_the_target() {
    let stub = Stub::start(|_, _| not_known());
    let (project, reports, mut keys) = (Project::new(), Project::new(), Keys::new("reported out"));
    let pair = keys.pair();
    project.file("in/a.env", &pair.env).file("out/a.env", &pair.env).file("in/b.txt", "nothing\n");
    let file = reports.at("json");
    report(&project, &["scan", "in"], "json", &file);
    let text = fs::read_to_string(&file).expect("a report");
    fs::remove_file(project.at("in/a.env")).expect("a file");
    std::os::unix::fs::symlink(project.at("out"), project.at("in/link")).expect("a link");
    std::os::unix::fs::symlink(project.at("out/a.env"), project.at("in/a.env")).expect("a link");
    let absolute = project.at("out/a.env").display().to_string();
    for path in ["a.env", "../out/a.env", "link/a.env", &absolute, "./a.env", ""] {
        for target in ["", r#""target": "../out","#, r#""target": "link","#, r#""target": ".","#] {
            let changed =
                text.replacen(r#""path": "a.env""#, &format!(r#"{target}"path": "{path}""#), 1);
            fs::write(&file, changed).expect("written");
            let after = verify(&project, &file, "in", &stub).exits(3);
            let gone = format!("{} of the earlier report is no longer in the target", pair.id);
            assert!(after.stdout.contains(&gone), "{path} {target}: {after:?}");
        }
    }
    assert!(stub.requests().is_empty());
}

#[test]
fn findings_of_a_report_without_locations_are_searched_everywhere() {
    let stub = Stub::start(|_, _| not_known());
    let (project, reports) = (Project::new(), Project::new());
    repository(&project, &mut Keys::new("reported nowhere"));
    let file = reports.at("jsonl");
    report(&project, &["history", "repo"], "jsonl", &file);
    let text = fs::read_to_string(&file).expect("a report");
    let lines: Vec<&str> = text.lines().collect();
    fs::write(&file, lines[..lines.len() - 1].join("\n")).expect("written");
    let after = verify(&project, &file, "repo", &stub).exits(0).json();
    assert!(remarks(&after).contains("its last line, which says what was scanned, is missing"));
    assert_eq!(after["findings"].as_array().map(Vec::len), Some(lines.len() - 1));
    // The same of a target that is not there: an error, and not a clean result.
    let gone = verify(&project, &file, "nowhere", &stub).exits(2);
    assert!(gone.stderr.contains("nowhere"), "{gone:?}");
}
