//! `keysweep report` writes the same bytes that the scan wrote, in every format.

use std::fs;

use super::formats::{FORMATS, untimed};
#[cfg(feature = "verify")]
use crate::support::stub::{Stub, identity, not_known};
use crate::support::{Keys, Project};

/// A scan, and what it finds.
struct Case {
    name: &'static str,
    project: Project,
    arguments: Vec<String>,
}

fn case(name: &'static str, project: Project, arguments: &[&str]) -> Case {
    Case { name, project, arguments: arguments.iter().map(|one| (*one).to_owned()).collect() }
}

/// Names that are not UTF-8 or not ASCII, an archive, an encoded key, an own rule, owners.
fn files(name: &'static str, arguments: &[&str]) -> Case {
    use base64::Engine as _;
    let mut keys = Keys::new(name);
    let project = Project::new();
    let pair = keys.pair();
    let wide = format!("\u{1f600} {}", keys.pair().env.replace('\n', " \u{1f600} "));
    let encoded = base64::engine::general_purpose::STANDARD.encode(keys.pair().env);
    project
        .file("conf/a.env", format!("region=cn-north-1\n\n{}", pair.env))
        .file("conf/\u{e9} #%.env", wide)
        .file("again/a.env", &pair.env)
        .file("\u{202e}b](1) <b>|.txt", format!("{}\n", keys.id()))
        .file("lone.py", format!("aws_secret_access_key = '{}'\n", keys.secret()))
        .file(
            "token.json",
            format!(
                "{{\"AccessKeyId\":\"{}\",\"SecretAccessKey\":\"{}\",\"SessionToken\":\"{}\"}}\n",
                keys.id_of("ASIA"),
                keys.secret(),
                keys.token()
            ),
        )
        .file("values.yaml", format!("data: {encoded}\n"))
        .file("acme.txt", "acme_abcdefghij0123456789 acme_short\n")
        .file("far.txt", format!("{}\n{}{}\n", keys.id(), "x\n".repeat(40), keys.secret()))
        .file(
            ".keysweep.toml",
            "[[rule]]\nid = \"acme-key\"\ntitle = \"Acme <b>\"\n\
            description = \"Opens it.\"\nanchors = [\"acme_\"]\nregex = 'acme_[a-z0-9]{20}'\n\
            reach = 64\nexamples = [\"acme_{{lower:20}}\"]\n",
        )
        .file(".github/CODEOWNERS", "* @org/all\n/conf/ @org/conf owner@example.com\n");
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::ffi::OsStrExt as _;
        project.file(std::ffi::OsStr::from_bytes(b"not\xffutf8.env"), keys.pair().env);
    }
    project.git(&["init", "-q", "-b", "main"]);
    case(name, project, arguments)
}

/// A key that was removed, one on a tag, one in a message, one in a stash of lines above the other.
fn history(name: &'static str, arguments: &[&str]) -> Case {
    let mut keys = Keys::new(name);
    let project = Project::new();
    let (gone, stays) = (keys.pair(), keys.pair());
    project.git(&["init", "-q", "-b", "main"]);
    project.git(&["remote", "add", "origin", "https://user@example.com/o/r.git"]);
    project.file("gone.env", &gone.env).file("docs/CODEOWNERS", "[Files] @files\n*.env\n");
    project.git(&["add", "-A"]).git(&["commit", "-q", "-m", "one"]).git(&["tag", "v1"]);
    project.file("gone.env", "").file("stays.env", &stays.env);
    project.git(&["add", "-A"]).git(&["commit", "-q", "-m", &format!("use {}", stays.id)]);
    project.file("stays.env", format!("\n# moved\n{}", stays.env));
    project.git(&["commit", "-q", "-a", "-m", "moved"]);
    // Only the secret is new.
    project.file("late.env", format!("AWS_ACCESS_KEY_ID={}\n", keys.id()));
    project.git(&["add", "-A"]).git(&["commit", "-q", "-m", "id"]);
    let id = fs::read_to_string(project.at("late.env")).expect("written");
    project.file("late.env", format!("{id}AWS_SECRET_ACCESS_KEY={}\n", keys.secret()));
    project.git(&["add", "-A"]);
    if name != "staged" {
        project.git(&["commit", "-q", "-m", "secret"]);
    }
    case(name, project, arguments)
}

fn suppressed(name: &'static str) -> Case {
    let case = files(name, &["scan", "--include-suppressed", "--sarif-category", "mine"]);
    case.project.keysweep(["baseline", "--reason", "old | <b>"]).run().exits(0);
    let mut keys = Keys::new("again/new");
    let env = keys.pair().env.replace('\n', " # keysweep:allow\n");
    case.project.file("new.env", keys.pair().env).file("marked.env", env);
    case
}

fn sweep(name: &'static str) -> Case {
    let mut keys = Keys::new(name);
    let project = Project::new();
    let shared = keys.pair().env;
    for clone in ["one", "two"] {
        let folder = format!("all/{clone}");
        project.git_in(&folder, &["init", "-q", "-b", "main"]);
        project.file(format!("{folder}/a.env"), &shared);
        project.file(format!("{folder}/own.env"), keys.pair().env);
        project.file(format!("{folder}/CODEOWNERS"), format!("* @org/{clone}\n"));
        project.git_in(&folder, &["add", "-A"]).git_in(&folder, &["commit", "-q", "-m", "x"]);
    }
    project.file("all/notes.txt", keys.pair().env);
    case(name, project, &["sweep", "all", "missing"])
}

/// Keys of which one is live, one is not known, and one is a canary.
#[cfg(feature = "verify")]
fn verified(name: &'static str) -> (Case, Stub) {
    let mut keys = Keys::new(name);
    let project = Project::new();
    let live = keys.pair();
    let id = live.id.clone();
    let stub = Stub::start(move |request, _| match request.scope(0) == id {
        true => identity("aws"),
        false => not_known(),
    });
    let canary = crate::verify::canaries::canary_id(&mut keys);
    project.file("live.env", live.env).file("dead.env", keys.pair().env);
    project.file(
        "canary.env",
        format!("AWS_ACCESS_KEY_ID={canary}\nAWS_SECRET_ACCESS_KEY={}\n", keys.secret()),
    );
    let arguments = ["scan", "--verify", "--sts-endpoint", &stub.url(), "--fail-on", "active"];
    (case(name, project, &arguments), stub)
}

fn hold(case: &Case) {
    let Case { name, project, arguments } = case;
    let folder = tempfile::tempdir().expect("a folder");
    let at = |kind: &str, format: &str| {
        folder.path().join(format!("{kind}.{format}")).display().to_string()
    };
    let outputs = |kind: &str| -> Vec<String> {
        FORMATS.iter().map(|format| format!("--output={format}={}", at(kind, format))).collect()
    };
    let scanned = project.keysweep(arguments.iter().chain(&outputs("scan"))).run();
    for from in ["json", "jsonl"] {
        let level = arguments.windows(2).find(|pair| pair[0] == "--fail-on");
        let level = level.map_or("warning", |pair| pair[1].as_str());
        let input = at("scan", from);
        let mut asked = vec!["report".to_owned(), input, "--fail-on".to_owned(), level.to_owned()];
        asked.extend(outputs("report"));
        asked.extend(arguments.iter().filter(|one| *one == "--verbose").cloned());
        let ran = project.keysweep(asked).run();
        assert_eq!(ran.code, scanned.code, "{name} from {from}: {}", ran.stderr);
        // The page has the time of the scan, which JSON does not have.
        for format in FORMATS.into_iter().filter(|format| *format != "html") {
            let [before, after] = ["scan", "report"]
                .map(|kind| fs::read(at(kind, format)).expect("a report"))
                .map(|report| untimed(&String::from_utf8_lossy(&report)));
            assert_eq!(after, before, "{name} as {format} from {from}");
        }
        // Standard output is the same as well.
        assert_eq!(ran.stdout, scanned.stdout, "{name} from {from}");
    }
    from_sarif(case, &at("scan", "json"), &at("scan", "sarif"));
}

/// SARIF has the same findings, with fewer facts, and what it says of them it says again.
fn from_sarif(Case { name, project, .. }: &Case, json: &str, sarif: &str) {
    let facts = |file: &str| {
        let ran =
            project.keysweep(["report", file, "--format", "json", "--fail-on", "never"]).run();
        let report = ran.json();
        let findings = report["findings"].as_array().expect("findings").clone();
        let mut facts: Vec<String> = findings
            .iter()
            .map(|finding| {
                let fields = [
                    "fingerprint",
                    "rule",
                    "key_id",
                    "account_id",
                    "secret_redacted",
                    "secret_sha256",
                    "severity",
                    "suppressed",
                    "possible_partners",
                ];
                let fields = fields.map(|field| finding[field].to_string());
                let status = finding["verification"]["status"].to_string();
                format!("{} {status}", fields.join(" "))
            })
            .collect();
        facts.sort();
        (facts, report["coverage"]["problems"].clone(), report["coverage"]["complete"].clone())
    };
    assert_eq!(facts(sarif), facts(json), "{name}");
    let again = project.keysweep(["report", sarif, "--format", "sarif", "--fail-on", "never"]);
    let again: serde_json::Value = again.run().json();
    let before: serde_json::Value =
        serde_json::from_slice(&fs::read(sarif).expect("a report")).expect("JSON");
    let results = |log: &serde_json::Value| -> Vec<String> {
        let results = log["runs"][0]["results"].as_array().expect("results").iter();
        let mut all: Vec<String> = results
            .map(|one| {
                let place = &one["locations"][0]["physicalLocation"];
                format!(
                    "{} {} {} {}",
                    one["ruleId"], one["level"], place["artifactLocation"]["uri"], place["region"]
                )
            })
            .collect();
        all.sort();
        all
    };
    assert_eq!(results(&again), results(&before), "{name}");
}

#[test]
fn files_are_reported_again() {
    hold(&files("files", &["scan"]));
    hold(&files("low", &["scan", "--min-confidence", "low", "--verbose"]));
    hold(&files("incomplete", &["scan", ".", "missing"]));
    hold(&suppressed("suppressed"));
}

#[test]
fn git_is_reported_again() {
    hold(&history("history", &["history"]));
    hold(&history("staged", &["staged"]));
    hold(&history("range", &["range", "HEAD~1..HEAD"]));
    hold(&history("shallow", &["history", "--fail-on", "error"]));
    hold(&sweep("sweep"));
}

#[test]
#[cfg(feature = "verify")]
fn verdicts_are_reported_again() {
    let (case, _stub) = verified("verified");
    hold(&case);
}

#[test]
fn an_empty_report_is_reported_again() {
    let project = Project::new();
    project.file("a.txt", "nothing\n");
    hold(&case("empty", project, &["scan"]));
}
