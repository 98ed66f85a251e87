//! Hostile names in every format: nothing that a terminal obeys, no formula, no workflow command,
//! and programs read back the very name.

use crate::support::{Keys, Project};

pub(crate) const FORMATS: [&str; 11] = [
    "text", "short", "json", "jsonl", "sarif", "gitlab", "github", "junit", "csv", "markdown",
    "html",
];

/// Names for places that may have any text.
pub(crate) const NAMES: [&str; 16] = [
    "a\u{1b}[2Jb",
    "a\u{1b}]8;;x\u{7}b",
    "a\u{202e}b",
    "a\nb",
    "a\rb",
    "::error::x",
    "##vso[task.complete]x",
    "<script>alert(1)<",
    "a](1) <b>|",
    "=cmd|' ",
    "-x",
    " =1",
    "\"=1",
    "CON",
    "a%0Ab\u{85}",
    "a\u{2028}&\"'",
];

/// Asserts that what was printed is harmless where it goes.
#[track_caller]
pub(crate) fn is_harmless(name: &str, format: &str, text: &str) {
    let obeyed = text.chars().find(|&c| !"\r\n".contains(c) && keysweep::text::is_hostile(c));
    assert_eq!(obeyed, None, "{name:?} {format}: {text}");
    let commands = text.lines().filter(|line| {
        let line = line.trim_start();
        line.starts_with("::") || line.contains("##vso[") || line.contains("##[")
    });
    assert_eq!(commands.count(), usize::from(format == "github"), "{name:?} {format}: {text}");
    if format == "csv" {
        for cell in
            ["=", "+", "-", "@"].map(|sign| [format!(",{sign}"), format!(",\"{sign}")]).concat()
        {
            assert!(!text.contains(&cell), "{name:?}: {text}");
        }
        assert!(!text.contains(", =") && !text.contains(",\"\"\"="), "{name:?}: {text}");
    }
}

#[test]
fn a_hostile_name_does_nothing_in_any_format_and_is_read_back() {
    let mut keys = Keys::new("escaping");
    let env = keys.pair().env;
    for name in NAMES {
        let project = Project::new();
        let named = format!("--stdin-name={name}");
        for format in FORMATS {
            let arguments = ["scan", "-", &named, "--format", format];
            let ran = project.keysweep(arguments).input(&env).run().exits(1);
            is_harmless(name, format, &ran.stdout);
            is_harmless(name, "standard error", &ran.stderr);
        }
        let arguments = ["scan", "-", &named, "--format", "json"];
        let report = project.keysweep(arguments).input(&env).run().exits(1).json();
        assert_eq!(report["findings"][0]["occurrences"][0]["path"], name);
    }
}

/// Git refuses some of it in some places; what it takes is what a repository may hold.
#[test]
fn hostile_records_of_git_do_nothing_in_any_format() {
    let mut keys = Keys::new("records");
    let project = Project::new();
    project.git(&["init", "-q", "-b", "main"]).file("a.env", keys.pair().env).git(&["add", "."]);
    for (number, name) in NAMES.iter().enumerate() {
        let author = format!("--author=x{} <x@example.org>", name.replace(['<', '>', '\n'], " "));
        let message = format!("{name}\n\n{}", keys.pair().env);
        project.git(&["commit", "-q", "--allow-empty", &author, "-m", &message]);
        // A branch name leaves out characters that a ref may not have.
        let branch: String = name.chars().filter(|&c| !c.is_ascii_control()).collect();
        let branch = branch.replace([' ', '~', '^', ':', '?', '*', '[', '\\'], "");
        project.git(&["branch", "-f", &format!("b{number}{branch}")]);
        project.git(&["tag", "-f", &format!("t{number}{branch}"), "-m", name]);
        let url = format!("https://u:{}@example.org/{name}", keys.id());
        project.git(&["config", &format!("remote.r{number}.url"), &url]);
    }
    for format in FORMATS {
        let ran = project.keysweep(["history", "--format", format]).run().exits(1);
        let mut commands = ran.stdout.lines().filter(|line| line.trim_start().starts_with("::"));
        let levels = ["::error ", "::warning ", "::notice "];
        let ours = |line: &str| levels.iter().any(|level| line.starts_with(level));
        assert!(commands.all(|line| ours(line) && line.contains("title=AWS ")), "{}", ran.stdout);
        if format != "github" {
            is_harmless("records", format, &ran.stdout);
        }
        is_harmless("records", "standard error", &ran.stderr);
    }
}

#[test]
fn hostile_words_of_a_user_s_rules_and_reasons_do_nothing() {
    let mut keys = Keys::new("words");
    let env = keys.pair().env;
    for name in NAMES {
        let project = Project::new();
        let quoted = serde_json::to_string(name).expect("text").replace('\u{7f}', "");
        let rule = format!(
            "[[rule]]\nid = \"acme-key\"\ntitle = {quoted}\ndescription = {quoted}\n\
             anchors = [\"acme_\"]\nregex = 'acme_[a-z]{{20}}'\n\
             examples = [\"acme_abcdefghijklmnopqrst\"]\nremedy = {quoted}\n"
        );
        project.file(".keysweep.toml", rule).file("a.env", &env);
        project.file("b.txt", "acme_tsrqponmlkjihgfedcba\n");
        for format in FORMATS {
            let ran = project.keysweep(["scan", "--format", format]).run();
            if format != "github" {
                is_harmless(name, format, &ran.stdout);
            }
            is_harmless(name, "standard error", &ran.stderr);
        }
        let json = ["rules", "--format", "json"];
        for command in [&["rules"][..], &json, &["explain", "acme-key"], &["explain", name]] {
            let ran = project.keysweep(command).run();
            is_harmless(name, "text", &ran.stdout);
            is_harmless(name, "standard error", &ran.stderr);
        }
        let reason = format!("--reason={name}");
        let ran = project.keysweep(["baseline", &reason]).run();
        is_harmless(name, "standard error", &ran.stderr);
        // The baseline that was written is read again.
        if ran.code == Some(0) {
            project.keysweep(["scan"]).run().exits(0);
        }
    }
}
