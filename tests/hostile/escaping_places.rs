//! Hostile names in places that a project does not show at first sight: members of containers,
//! answers of an endpoint, targets of a sweep, what a hook says, what was typed.

use std::process::Command;

use crate::hostile::escaping::{FORMATS, NAMES, is_harmless};
use crate::support::require;
use crate::support::{Keys, Project};

/// Asserts that what was printed, of any number of findings, is harmless where it goes.
#[track_caller]
fn all_is_harmless(what: &str, format: &str, text: &str) {
    if format != "github" {
        return is_harmless(what, format, text);
    }
    let obeyed = text.chars().find(|&c| !"\r\n".contains(c) && keysweep::text::is_hostile(c));
    assert_eq!(obeyed, None, "{what} {format}: {text}");
    let levels = ["::error ", "::warning ", "::notice "];
    for line in text.lines().filter(|line| line.trim_start().starts_with("::")) {
        let ours = levels.iter().any(|level| line.starts_with(level)) && line.contains("title=");
        assert!(ours, "{what}: {line}");
    }
    assert!(!text.contains("##vso[") && !text.contains("##["), "{what}: {text}");
}

/// Runs a command in every format and looks at all that it prints.
#[track_caller]
fn every_format(project: &Project, command: &[&str], code: i32) {
    for format in FORMATS {
        let ran = project.keysweep([command, &["--format", format]].concat()).run().exits(code);
        assert!(!ran.stdout.is_empty(), "{command:?} {format}");
        all_is_harmless(command[0], format, &ran.stdout);
        all_is_harmless(command[0], "standard error", &ran.stderr);
    }
}

#[test]
fn members_of_containers() {
    let (project, pair) = (Project::new(), Keys::new("members' names").pair());
    let names = serde_json::to_string(&NAMES).expect("text");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/containers/names.py");
    let Some(python) = require::program("python3") else { return };
    let ran = Command::new(python)
        .args(["-B", script])
        .arg(project.path())
        .args([&names, &pair.env])
        .output()
        .expect("Python runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    every_format(&project, &["scan"], 1);
    let report = project.keysweep(["scan", "--format", "json"]).run().exits(1).json();
    let places = report["findings"][0]["occurrences"].as_array().expect("places");
    let inside = |name: &str| {
        places.iter().filter(|place| place["inside"][1].as_str() == Some(name)).count()
    };
    for name in ["=cmd|' ", "<script>alert(1)<", "a\u{202e}b"] {
        assert!(inside(name) >= 3, "{name:?}: {report}");
    }
    assert!(report["coverage"]["problems"].as_array().expect("a list").len() >= NAMES.len());
}

#[test]
#[cfg(feature = "verify")]
fn answers_of_an_endpoint() {
    use crate::support::stub::{Act, Stub, refusal};
    let markup = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let stub = Stub::start(move |_, before| {
        let name = markup(NAMES[before / 2 % NAMES.len()]);
        if before % 2 == 1 {
            return refusal(&name, &name);
        }
        let body = format!(
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
             <GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/{name}</Arn>\
             <UserId>{name}</UserId><Account>{name}</Account></GetCallerIdentityResult>\
             </GetCallerIdentityResponse>"
        );
        Act::Send(200, vec!["content-type: text/xml".to_owned()], body)
    });
    let (project, mut keys) = (Project::new(), Keys::new("answers' names"));
    for number in 0..2 * NAMES.len() {
        project.file(format!("{number}.env"), keys.pair().env);
    }
    let url = stub.url();
    every_format(&project, &["scan", "--verify", "--rate", "100", "--sts-endpoint", &url], 1);
    let pair = keys.pair();
    for number in 0..2 * NAMES.len() {
        let format = if number % 4 < 2 { "text" } else { "json" };
        let asked = ["verify", &pair.id, "--sts-endpoint", &url, "--format", format];
        let ran = project.keysweep(asked).input(&pair.secret).run();
        all_is_harmless("verify", format, &ran.stdout);
        all_is_harmless("verify", "standard error", &ran.stderr);
    }
}

#[test]
fn targets_of_a_sweep_and_its_state() {
    let (project, mut keys) = (Project::new(), Keys::new("targets' names"));
    for name in NAMES {
        project.file(format!("all/x{name}/a.env"), keys.pair().env);
        project.file(format!("all/x{name}/b.gz"), b"\x1f\x8b\x08\0\0\0\0\0\0\x03damaged");
    }
    let mut targets: Vec<String> = NAMES.iter().map(|name| format!("all/x{name}")).collect();
    targets.extend(NAMES.iter().map(|name| format!("missing/x{name}")));
    let command = ["sweep", "--resume", "state"].map(str::to_owned);
    let command: Vec<String> = command.into_iter().chain(targets).collect();
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    every_format(&project, &command, 1);
    let state = std::fs::read_to_string(project.at("state")).expect("a state");
    all_is_harmless("the state", "json", &state);
    let listed: String = NAMES.iter().map(|name| format!("all/x{name}\n")).collect();
    let ran = project.keysweep(["sweep", "--stdin"]).input(listed).run().exits(1);
    all_is_harmless("a list", "text", &ran.stdout);
    all_is_harmless("a list", "standard error", &ran.stderr);
}

#[test]
fn the_output_of_a_hook() {
    let (project, mut keys) = (Project::new(), Keys::new("hooks' names"));
    project.git(&["init", "-q", "-b", "main"]).git(&["commit", "-q", "--allow-empty", "-m", "0"]);
    for name in NAMES {
        project.file(format!("{name}.env"), keys.pair().env);
        project.file(format!("{name}.gz"), b"\x1f\x8b\x08\0\0\0\0\0\0\x03damaged");
        project.git(&["add", "."]);
        let look = |command: &[&str], code: i32| {
            let ran = project.keysweep(command).run().exits(code);
            let reported = [ran.stdout, ran.stderr].concat();
            all_is_harmless(name, "text", &reported);
            assert!((1..=10).contains(&reported.lines().count()), "{name:?}: {reported}");
        };
        look(&["staged", "--hook"], 1);
        project.git(&["commit", "-qm", name]);
        look(&["range", "--hook", "HEAD~1..HEAD"], 1);
        project.file(format!("{name}2.gz"), b"\x1f\x8b\x08\0\0\0\0\0\0\x03damaged");
        project.git(&["add", "."]);
        look(&["staged", "--hook"], 3);
        project.git(&["commit", "-qm", name]);
    }
}

#[test]
fn arguments_and_values_of_a_report() {
    let (project, pair) = (Project::new(), Keys::new("typed names").pair());
    project.git(&["init", "-q", "-b", "main"]).file("a.env", &pair.env);
    for name in NAMES {
        let print = "0123456789abcdef0123456789abcdef";
        let earlier = serde_json::json!({
            "schema": 1, "tool": {"name": "keysweep"},
            "findings": [{"fingerprint": print, "key_id": name}],
        });
        project.file("earlier.json", earlier.to_string());
        let output = format!("json=none/{name}/x");
        let range = format!("{name}..HEAD");
        for command in [
            &["scan", "--", name][..],
            &["scan", "--config", name],
            &["scan", "--baseline", name],
            &["scan", "--output", &output],
            &["scan", "--include", name],
            &["scan", "--max-file-size", name],
            &["scan", "--format", name],
            &["history", "--", name],
            &["staged", "--", ".", name],
            &["range", "--", &range],
            &["sweep", "--", name],
            &["explain", "--", name],
            &["verify", "--", name],
            &["verify", "--report", name],
            &["verify", "--report", "earlier.json", "--verify-dry-run"],
            &["verify", "--report", "earlier.json", "--sts-endpoint", "http://127.0.0.1:9"],
            &["scan", "--verify-dry-run", "--sts-endpoint", name],
            &["scan", "--verify-dry-run", "--partition", name],
            &["baseline", "--from-gitleaks", name],
            &[name],
        ] {
            let ran = project.keysweep(command).run();
            let reported = [ran.stdout.as_str(), &ran.stderr].concat();
            assert!(!reported.is_empty(), "{command:?}");
            let obeyed = reported.chars().find(|&c| c != '\n' && keysweep::text::is_hostile(c));
            assert_eq!(obeyed, None, "{command:?}: {reported}");
            let commands = reported.lines().filter(|line| line.trim_start().starts_with("::"));
            assert_eq!(commands.count(), 0, "{command:?}: {reported}");
            assert!(!reported.contains("##vso["), "{command:?}: {reported}");
        }
    }
}
