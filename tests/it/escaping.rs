//! Hostile names in every format: nothing that a terminal obeys, no formula, no workflow command,
//! and programs read back the very name.

use crate::support::{Keys, Project};

const FORMATS: [&str; 8] = ["text", "json", "jsonl", "sarif", "gitlab", "github", "junit", "csv"];

/// Names for places where any text may stand.
const NAMES: [&str; 16] = [
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
fn is_harmless(name: &str, format: &str, text: &str) {
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
