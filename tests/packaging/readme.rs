//! Every shell recipe of the README and of `docs/usage.md`, run from the text of the page.
//!
//! Like a stranger, in one project: a repository with a key in its history and one in its files.
//! Programs that the network would be asked for are stand-ins, and `--verify` asks a server here.

use std::path::Path;

use crate::support::Keys;
use crate::support::hooks::HookFixture;
use crate::support::programs;
use crate::support::stub::{Stub, not_known};

const PAGES: [&str; 2] = [include_str!("../../README.md"), include_str!("../../docs/usage.md")];

/// The line above a block that is run.
const MARK: &str = "<!-- run -->";

/// The line above one that `rotate_program` runs.
const ROTATION: &str = "<!-- run: from the finding to the last step -->";

/// The shell blocks of a page, each with its language and whether it is marked.
fn blocks(page: &'static str) -> Vec<(&'static str, &'static str, bool)> {
    let mut blocks = Vec::new();
    for language in ["console", "sh", "shell", "bash"] {
        let fence = format!("```{language}\n");
        for (at, _) in page.match_indices(&fence) {
            if page[..at].trim_end().ends_with(ROTATION) {
                continue;
            }
            let text = &page[at + fence.len()..];
            let text = text.split("\n```").next().expect("a block ends");
            blocks.push((at, language, text, page[..at].trim_end().ends_with(MARK)));
        }
    }
    blocks.sort_unstable();
    blocks.into_iter().map(|(_, language, text, marked)| (language, text, marked)).collect()
}

/// The commands of a block: a command a line in a console, all of it in a script.
fn commands(language: &str, text: &'static str) -> Vec<&'static str> {
    match language {
        "console" => text.lines().filter_map(|line| line.strip_prefix("$ ")).collect(),
        _ => vec![text],
    }
}

/// A fixture whose first programs are stand-ins.
fn fixture(folder: &Path, server: &Stub) -> HookFixture {
    let program = env!("CARGO_BIN_EXE_keysweep");
    let endpoint = server.url();
    let scripts = [
        (
            "keysweep",
            format!(
                "case \" $* \" in *' --verify '* | ' verify '*) set -- \"$@\" --sts-endpoint \
                 {endpoint} ;; esac\nexec '{program}' \"$@\""
            ),
        ),
        (
            "cargo",
            format!(
                "case \"$*\" in *' -- demo') exec '{program}' demo ;; install*|test) ;; *) exit 2 ;; esac"
            ),
        ),
        ("pipx", "[ \"$1\" = install ]".to_owned()),
        ("jq", "python3 -c 'import json; print([f[\"key_id\"] for f in json.load(open(0))[\"findings\"]])'".to_owned()),
        ("kubectl", "cat \"$HOME/secrets.yaml\"".to_owned()),
    ];
    for (name, script) in scripts {
        programs::script(&folder.join(name), &format!("#!/bin/sh\n{script}\n"));
    }
    HookFixture::new(&[folder])
}

#[test]
fn every_recipe_does_what_it_says() {
    let server = Stub::start(|_, _| not_known());
    let programs = tempfile::tempdir().expect("a folder");
    let (mut fixture, mut keys) = (fixture(programs.path(), &server), Keys::new("readme"));
    let [old, new, elsewhere, backup, cluster] = [(); 5].map(|()| keys.pair());
    fixture.project.file("repo/deploy/old.env", &old.env);
    let repo = fixture.repository("repo");
    fixture.git(&repo, &["init", "-q", "--bare", "../origin.git"]).done();
    fixture.git(&repo, &["remote", "add", "origin", "../origin.git"]).done();
    fixture.git(&repo, &["push", "-q", "origin", "main"]).done();
    fixture.git(&repo, &["rm", "-q", "deploy/old.env"]).done();
    fixture.git(&repo, &["commit", "-qm", "removed"]).done();
    fixture.project.file("repo/new.env", &new.env).file("repo/backup.tfstate", &backup.env);
    fixture.project.file("home/work/some.env", &elsewhere.env);
    fixture.project.file("home/secrets.yaml", &cluster.env);
    fixture.git(&repo, &["clone", "-q", ".", "../home/src/clone"]).done();
    for (name, of) in [("BASE", "HEAD~1"), ("HEAD", "HEAD")] {
        let commit = fixture.git(&repo, &["rev-parse", of]).done().text;
        fixture.set(name, commit.trim());
    }

    let asked = keys.id();
    fixture.set("KEY_ID", &asked);

    let mut said = Vec::new();
    for (language, text, marked) in PAGES.into_iter().flat_map(blocks) {
        assert!(marked, "this block has no {MARK}:\n{text}");
        for command in commands(language, text) {
            // Only the secret is typed: what else is on standard input `scan` would read.
            let asks = command.contains("\"$KEY_ID\"");
            let input = if asks { keys.secret() + "\n" } else { String::new() };
            let script = format!("set -o pipefail\n{command}\necho status: $?");
            let ran = fixture.run(&repo, "bash", &["-c", &script], &input);
            let fine = ran.text.contains("status: 0\n") || ran.text.contains("status: 1\n");
            assert!(fine, "{command}: {}", ran.text);
            said.push((command, ran.text));
        }
    }
    let reported = |command: &str, words: &[&str]| {
        let (_, text) = said.iter().find(|(ran, _)| ran.contains(command)).expect(command);
        words.iter().for_each(|word| assert!(text.contains(word), "{command}: {text}"));
    };
    reported("-- demo", &["keysweep scan"]);
    reported("keysweep scan   ", &["new.env:1:", &new.id, "status: 1"]);
    reported("keysweep history", &["deploy/old.env:1:", &old.id, "removed in"]);
    reported("keysweep sweep", &[&old.id, "deploy/old.env"]);
    reported("--verify", &["inactive", &new.id]);
    reported("explain", &["aws iam"]);
    reported("install-hook ", &[".git/hooks/pre-commit"]);
    reported("pre-push", &[".git/hooks/pre-push"]);
    reported("--no-ignore", &[&elsewhere.id, &backup.id]);
    reported("kubectl", &["secrets.yaml:1:", &cluster.id]);
    reported("jq", &[&new.id]);
    reported("range origin/main", &["No findings.", "status: 0"]);
    reported("verify --report", &["inactive"]);
    reported("\"$KEY_ID\"", &[&asked, "inactive"]);
    assert!(repo.join("keysweep.sarif").is_file());
}
