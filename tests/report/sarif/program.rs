//! Logs that the program writes, for every command that scans, with all checks.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{oracle, points, results, validate};
use crate::support::{Keys, Project};

/// A log, and the folder of the files that it is about.
struct Written {
    name: &'static str,
    log: String,
    root: PathBuf,
}

/// Runs the program, in SARIF twice and in JSON, and compares.
fn ran(project: &Project, root: &Path, name: &'static str, args: &[&str], code: i32) -> Written {
    let run = |more: &[&str]| project.keysweep(args.iter().chain(more)).run().exits(code);
    let log = run(&["--format", "sarif", "--threads", "1"]).stdout;
    let again = run(&["--format", "sarif", "--threads", "4"]).stdout;
    assert_eq!(log, again, "{name}: two runs differ");
    let parsed: Value = serde_json::from_str(&log).expect("valid JSON");
    let invocation = &parsed["runs"][0]["invocations"][0];
    assert_eq!(invocation["exitCode"], code, "{name}");
    assert_eq!(invocation["executionSuccessful"], true, "{name}");
    let id = format!("keysweep/{}/", args[0]);
    assert_eq!(parsed["runs"][0]["automationDetails"]["id"], id.as_str());
    let json = run(&["--format", "json"]).json();
    let found = json["findings"].as_array().expect("findings").iter();
    let mut found: Vec<&Value> = found.map(|finding| &finding["fingerprint"]).collect();
    let reported = results(&parsed).iter();
    let mut reported: Vec<&Value> =
        reported.map(|result| &result["partialFingerprints"]["keysweep/v1"]).collect();
    for prints in [&mut found, &mut reported] {
        prints.sort_by_key(|print| print.as_str());
        prints.dedup();
    }
    assert_eq!(found, reported, "{name}: SARIF has other findings than JSON");
    Written { name, log, root: root.to_owned() }
}

/// Holds the logs against validators, services' points and the files.
fn hold(logs: &[Written]) -> oracle::Checked {
    let all: Vec<_> = logs.iter().map(|log| (log.name, log.log.as_str())).collect();
    validate::many(&all);
    let mut total = oracle::Checked::default();
    for Written { log, root, .. } in logs {
        let log: Value = serde_json::from_str(log).expect("valid JSON");
        points::all(&log);
        let checked = oracle::check(&log, root);
        total.hashes += checked.hashes;
        total.regions += checked.regions;
    }
    total
}

/// Makes a text of an id and its secret.
type Text = dyn Fn(&str, &str) -> String;

/// Files with names and texts that trip services.
pub(crate) fn odd_tree(project: &Project, keys: &mut Keys) -> usize {
    let names = ["a b.env", "a#b?.env", "50%.env", "\u{e9}/\u{1f600}.env", "a](1) <b>|.env", "..a"];
    for name in names {
        project.file(name, keys.pair().env);
    }
    let texts: [&Text; 8] = [
        &|id, secret| format!("{id}\n{secret}\n"),
        &|id, secret| format!("key={id}\nsecret={secret}"),
        &|id, secret| format!("a\r\nkey={id}\r\nsecret={secret}\r\n"),
        &|id, secret| format!("\t\u{1f600}\u{e9} key: {id}\tsecret: {secret}\n"),
        &|id, secret| format!("{{\"\u{1f600}\": [\"{id}\", \"{secret}\"]}}"),
        &|id, secret| format!("\u{feff}Access key ID,Secret access key\r\n{id},{secret}\r\n"),
        &|id, secret| format!("\u{4e00}\u{4e01} {id} \u{10348} {secret}\r\n"),
        &|id, secret| format!("\r{id}\r{secret}\r"),
    ];
    for (number, text) in texts.iter().enumerate() {
        let pair = keys.pair();
        project.file(format!("text{number}.txt"), text(&pair.id, &pair.secret));
    }
    let (one, two) = (keys.pair(), keys.pair());
    let minified = format!(
        "[{{\"k\":\"{}\",\"s\":\"{}\"}},{{\"k\":\"{}\",\"s\":\"{}\"}}]",
        one.id, one.secret, two.id, two.secret
    );
    project.file("min.json", minified);
    let wide: Vec<u8> = keys.pair().env.encode_utf16().flat_map(u16::to_le_bytes).collect();
    project.file("wide.txt", [b"\xff\xfe", wide.as_slice()].concat());
    names.len() + texts.len() + 3
}

/// Zero where the file system has no such names, as that of macOS.
fn name_that_is_not_utf8(project: &Project, keys: &mut Keys) -> usize {
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9 \xff.env");
    usize::from(std::fs::write(project.at(name), keys.pair().env).is_ok())
}

#[test]
fn logs_of_files_are_valid() {
    let (project, mut keys) = (Project::new(), Keys::new("logs of files"));
    let mut planted = odd_tree(&project, &mut keys);
    planted += name_that_is_not_utf8(&project, &mut keys);
    let clean = Project::new();
    clean.file("readme.md", "nothing here\n");
    let logs = [
        ran(&project, project.path(), "odd names and texts", &["scan", "."], 1),
        ran(&clean, clean.path(), "nothing found", &["scan", "."], 0),
        ran(&clean, clean.path(), "incomplete", &["scan", ".", "no such file"], 3),
        ran(&project, project.path(), "incomplete, with findings", &["scan", ".", "none"], 1),
    ];
    let checked = hold(&logs);
    // The odd tree is reported twice; a region of UTF-8 does not fit a UTF-16 file.
    assert_eq!(checked.hashes, 2 * planted);
    assert!(checked.regions >= 2 * 2 * (planted - 3), "{checked:?}");

    let absolute = project.path().to_str().expect("UTF-8");
    let elsewhere = clean.keysweep(["scan", absolute, "--format", "sarif"]).run().exits(1);
    assert_eq!(elsewhere.stdout, logs[0].log, "the way the path is spelled changes nothing");
    let incomplete: Value = serde_json::from_str(&logs[2].log).expect("valid JSON");
    let notice = &incomplete["runs"][0]["invocations"][0]["toolExecutionNotifications"][0];
    assert_eq!(notice["level"], "warning");
    assert!(notice["message"]["text"].as_str().is_some_and(|text| text.contains("no such file")));
}

/// A repository with keys in files, in deleted files, in messages, and in unreachable objects.
pub(crate) fn repository(keys: &mut Keys) -> Project {
    let project = Project::new();
    let gone = "old/a b#%\u{e9}.env";
    let password = ["hun", "ter2"].concat();
    let origin = format!("https://me:{password}@example.com/owner/name.git?x={password}");
    let config = keys.pair();
    project
        .git(&["init", "-q", "-b", "main"])
        .git(&["remote", "add", "origin", &origin])
        .git(&["config", "remote.origin.note", &format!("{}:{}", config.id, config.secret)])
        .file(gone, keys.pair().env);
    let (stays, tag, message) = (keys.pair(), keys.pair(), keys.pair());
    project.file("conf/prod.env", &stays.env).git(&["add", "."]).git(&["commit", "-qm", "one"]);
    let moved = format!("{}{}# end\n", "# a comment\n".repeat(50), stays.env);
    let text = format!("two\n\n{}", message.env);
    project
        .file("conf/prod.env", moved)
        .git(&["rm", "-q", gone])
        .git(&["add", "."])
        .git(&["commit", "-qm", &text])
        .git(&["tag", "-a", "-m", &tag.env, "v1"])
        .file("undone.env", keys.pair().env)
        .git(&["add", "."])
        .git(&["commit", "-qm", "undone"])
        .git(&["reset", "-q", "--hard", "HEAD~1"]);
    project
}

#[test]
fn logs_of_histories_are_valid() {
    let mut keys = Keys::new("logs of histories");
    let project = repository(&mut keys);
    let clean = Project::new();
    clean.git(&["init", "-q", "-b", "main"]).file("readme.md", "nothing\n").git(&["add", "."]);
    clean.git(&["commit", "-qm", "one"]);
    let shallow = Project::new();
    let url = format!("file://{}", clean.path().display());
    clean.file("readme.md", "something\n").git(&["commit", "-qam", "two"]);
    shallow.git(&["clone", "-q", "--depth", "1", &url, "."]);
    let logs = [
        ran(&project, project.path(), "history", &["history"], 1),
        ran(&clean, clean.path(), "history, nothing found", &["history"], 0),
        ran(&shallow, shallow.path(), "history, incomplete", &["history"], 3),
    ];
    let checked = hold(&logs);
    assert_eq!((checked.hashes, checked.regions), (1, 2), "the file of HEAD");

    let log: Value = serde_json::from_str(&logs[0].log).expect("valid JSON");
    let provenance = &log["runs"][0]["versionControlProvenance"][0];
    assert_eq!(provenance["repositoryUri"], "https://example.com/owner/name.git");
    assert_eq!(provenance["branch"], "main");
    assert_eq!(provenance["revisionId"], head(&project).as_str());
    assert!(!logs[0].log.contains("hunter2"), "a password of the remote");
    let of = |uri: &str| {
        let all = results(&log).iter();
        let mut same = all.filter(|result| {
            result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri
        });
        same.next().unwrap_or_else(|| panic!("{uri} in {log}"))
    };
    let gone = of("old/a%20b%23%25%C3%A9.env");
    let steps = gone["codeFlows"][0]["threadFlows"][0]["locations"].as_array().expect("steps");
    let said: Vec<_> =
        steps.iter().filter_map(|step| step["location"]["message"]["text"].as_str()).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].starts_with("First seen in commit ") && said[0].contains(" of 2023-11-14."));
    assert!(said[1].starts_with("Removed in commit "), "{said:?}");
    assert_eq!(gone["properties"]["history"]["firstSeen"], "2023-11-14T22:13:20+00:00");
    assert_eq!(gone["properties"]["history"]["atHead"], false);
    let stays = of("conf/prod.env");
    let region = &stays["locations"][0]["physicalLocation"]["region"];
    assert_eq!(region["startLine"], 51, "where HEAD has it, not the commit that brought it");
    assert!(stays["message"]["text"].as_str().is_some_and(|text| text.contains("still at HEAD")));
}

fn head(project: &Project) -> String {
    let text = |path: &str| std::fs::read_to_string(project.at(path)).expect("a ref");
    let name = text(".git/HEAD");
    let name = name.trim().strip_prefix("ref: ").expect("a branch");
    text(&format!(".git/{name}")).trim().to_owned()
}

#[test]
fn logs_of_staged_files_are_valid() {
    let (project, mut keys) = (Project::new(), Keys::new("logs of the staged"));
    project.git(&["init", "-q", "-b", "main"]).file("a b.env", "nothing\n").git(&["add", "."]);
    project.git(&["commit", "-qm", "one"]);
    let nothing = ran(&project, project.path(), "nothing staged", &["staged"], 0);
    project.file("a b.env", keys.pair().env).git(&["add", "."]);
    let logs = [nothing, ran(&project, project.path(), "staged", &["staged"], 1)];
    let checked = hold(&logs);
    assert_eq!((checked.hashes, checked.regions), (1, 2));
    validate::azure(&logs[1].log);
    let log: Value = serde_json::from_str(&logs[1].log).expect("valid JSON");
    assert_eq!(log["runs"][0].get("versionControlProvenance"), None, "it has no remote");
}

#[test]
fn logs_of_ranges_are_valid_and_point_at_what_was_added() {
    let (project, mut keys) = (Project::new(), Keys::new("logs of ranges"));
    let (pair, whole) = (keys.pair(), keys.pair());
    let id_alone = format!("# \u{e9}\nAWS_ACCESS_KEY_ID={}\n", pair.id);
    project
        .git(&["init", "-q", "-b", "main"])
        .git(&["remote", "add", "origin", "git@example.com:owner/name.git"])
        .file("half.env", &id_alone)
        .git(&["add", "."])
        .git(&["commit", "-qm", "one"])
        .git(&["branch", "base"])
        .file("half.env", format!("{id_alone}\u{1f600}AWS_SECRET_ACCESS_KEY={}\n", pair.secret))
        .file("whole.env", &whole.env)
        .git(&["add", "."])
        .git(&["commit", "-qm", "two"])
        .file("whole.env", format!("# moved\n\n{}", whole.env))
        .git(&["commit", "-qam", "three"]);
    let root = project.path();
    let shallow = Project::new();
    let url = format!("file://{}", root.display());
    shallow.git(&["clone", "-q", "--depth", "2", &url, "."]);
    let since_ever = format!("{}..HEAD", "0".repeat(40));
    let logs = [
        ran(&project, root, "range", &["range", "base..HEAD"], 1),
        ran(&project, root, "an empty range", &["range", "HEAD..HEAD"], 0),
        ran(&shallow, shallow.path(), "range, incomplete", &["range", &since_ever], 1),
    ];
    hold(&logs[..1]);
    hold(&logs[1..]);
    let log: Value = serde_json::from_str(&logs[0].log).expect("valid JSON");
    let provenance = &log["runs"][0]["versionControlProvenance"][0];
    assert_eq!(provenance["repositoryUri"], "ssh://example.com/owner/name.git");
    assert_eq!(provenance["revisionId"], head(&project).as_str());
    let of = |file: &str| {
        let found = results(&log).iter().find(|result| {
            result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == file
        });
        found.expect("a result").clone()
    };
    let half = of("half.env");
    let line = |place: &Value| place["physicalLocation"]["region"]["startLine"].clone();
    assert_eq!(line(&half["locations"][0]), 3, "the secret is what was added");
    assert_eq!(half["relatedLocations"][0]["message"]["text"], "The key id.");
    assert_eq!(line(&half["relatedLocations"][0]), 2);
    let text = half["message"]["text"].as_str().expect("a message");
    assert!(text.contains(&format!("[{}](1)", pair.id)), "{text}");
    assert_eq!(line(&of("whole.env")["locations"][0]), 3, "where the range's end has it");
}

#[test]
fn a_category_can_be_chosen() {
    let project = Project::new();
    project.file("a", "nothing\n");
    let run = |more: &[&str]| project.keysweep(["scan"].iter().chain(more)).run();
    let log = run(&["--format", "sarif", "--sarif-category", "nightly/linux/"]).exits(0).json();
    assert_eq!(log["runs"][0]["automationDetails"]["id"], "nightly/linux/");
    let reported = run(&["--sarif-category", "nightly"]).exits(2).stderr;
    assert!(reported.contains("--output sarif=FILE"), "{reported}");
    for wrong in ["", "/", "a\nb"] {
        run(&["--format", "sarif", "--sarif-category", wrong]).exits(2);
    }
}

#[test]
fn github_accepts_a_log_of_thirty_thousand_findings_in_files() {
    let (project, mut keys) = (Project::new(), Keys::new("thirty thousand"));
    for file in 0..300 {
        let ids: String = (0..99).map(|_| format!("key: {}\n\n", keys.id())).collect();
        project.file(format!("d{}/f{file}.txt", file % 7), ids + &keys.pair().env);
    }
    let args = ["scan", "--min-confidence", "low", "--format", "sarif"];
    let run = project.keysweep(args).run().exits(1);
    assert!(run.stdout.len() < 100_000_000, "{}", run.stdout.len());
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, run.stdout.as_bytes()).expect("a Vec takes everything");
    let size = gzip.finish().expect("a Vec takes everything").len();
    assert!(size < 10_000_000, "{size} bytes");
    let log: Value = serde_json::from_str(&run.stdout).expect("valid JSON");
    assert_eq!(results(&log).len(), 25_000);
    let pairs = results(&log).iter().filter(|result| result["ruleId"] == "aws-access-key");
    assert_eq!(pairs.count(), 300, "the most severe are kept");
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(
        (&invocation["exitCode"], &invocation["executionSuccessful"]),
        (&1.into(), &true.into())
    );
    let notice = &invocation["toolExecutionNotifications"][0];
    assert_eq!(notice["descriptor"]["id"], "results-dropped");
    let text = notice["message"]["text"].as_str().expect("a message");
    assert!(text.starts_with("5000 results"), "{text}");
    points::all(&log);
    // The other validators take minutes for it.
    validate::schema("thirty thousand findings", &run.stdout);
}
