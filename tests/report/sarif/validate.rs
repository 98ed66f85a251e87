//! The schema by two engines, and Microsoft's validator with its optional rules turned on.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::Value;

use super::multitool;
use crate::support::tools;

const SARIF: &str = include_str!("../../data/sarif-2.1.0.json");

/// Notes that are not followed. SARIF2002 requires messages by id and arguments, which GitHub does not
/// read (GH1007). SARIF2003 requires provenance of files that are not in a repository, or in one without
/// a remote. SARIF2009 requires rule ids like `ABC123`; ours are words and stay as they are.
const EXCEPTIONS: [&str; 3] = ["SARIF2002", "SARIF2003", "SARIF2009"];

/// Fails on any complaint about a log.
pub(crate) fn all(log: &str) {
    many(&[("the log", log)]);
}

/// Fails on any complaint about any of the logs, each with its name.
pub(crate) fn many(logs: &[(&str, &str)]) {
    for (name, log) in logs {
        schema(name, log);
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let paths: Vec<PathBuf> = logs
        .iter()
        .enumerate()
        .map(|(number, (name, log))| {
            let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
            let path = folder.path().join(format!("{number}-{name}.sarif"));
            std::fs::write(&path, log).expect("a written file");
            path
        })
        .collect();
    python(&paths);
    microsoft(folder.path(), &paths);
}

/// The schema, read by the crate `jsonschema`.
pub(crate) fn schema(name: &str, log: &str) {
    static SCHEMA: OnceLock<Validator> = OnceLock::new();
    let validator = SCHEMA.get_or_init(|| {
        let schema: Value = serde_json::from_str(SARIF).expect("the schema is JSON");
        let options = jsonschema::options().should_validate_formats(true);
        options.build(&schema).expect("the schema is a schema")
    });
    let log: Value = serde_json::from_str(log).expect("valid JSON");
    let errors: Vec<String> = validator
        .iter_errors(&log)
        .map(|error| format!("{name}: {} {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

/// The schema, read by Python's `jsonschema`, an engine that shares nothing with the other.
fn python(paths: &[PathBuf]) {
    let Some(venv) = tools::venv() else { return };
    let script = "import json, sys\nfrom jsonschema import Draft7Validator, FormatChecker\n\
        schema = json.load(open(sys.argv[1]))\n\
        validator = Draft7Validator(schema, format_checker=FormatChecker())\n\
        for path in sys.argv[2:]:\n    \
        for error in validator.iter_errors(json.load(open(path))):\n        \
        print(path, list(error.absolute_path), error.message[:300])\n";
    let run = Command::new(tools::programs(&venv).join("python"))
        .args(["-c", script])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/sarif-2.1.0.json"))
        .args(paths)
        .output()
        .expect("Python runs");
    let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success() && out.is_empty(), "{out}{err}");
}

/// Azure's rules require the pipeline's own ids, which its publishing task fills in; nothing else.
pub(crate) fn azure(log: &str) {
    let Some(program) = multitool::program() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (input, output) = (folder.path().join("in.sarif"), folder.path().join("out.json"));
    std::fs::write(&input, log).expect("a written file");
    let run = Command::new(program)
        .arg("validate")
        .arg(&input)
        .arg("--output")
        .arg(&output)
        .args(["--rule-kind", "Sarif;Ghazdo", "--level", "Error;Warning"])
        .args(["--log", "ForceOverwrite"])
        .output()
        .expect("the validator runs");
    let said = String::from_utf8_lossy(&run.stdout);
    let output = std::fs::read(&output).unwrap_or_else(|_| panic!("no log: {said}"));
    let output = output.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&output);
    let output: Value = serde_json::from_slice(output).expect("the validator writes JSON");
    let complaints = output["runs"][0]["results"].as_array().expect("results").iter();
    let rules: BTreeSet<&str> = complaints.filter_map(|one| one["ruleId"].as_str()).collect();
    assert_eq!(rules, BTreeSet::from(["GHAzDO1019", "GHAzDO1020"]), "{said}");
}

/// Microsoft's validator. Exit status and output say nothing of errors; the log that it writes does.
fn microsoft(folder: &Path, paths: &[PathBuf]) {
    let Some(program) = multitool::program() else { return };
    let output = folder.join("out.json");
    let run = Command::new(program)
        .arg("validate")
        .args(paths)
        .arg("--output")
        .arg(&output)
        .args(["--rule-kind", "Sarif;Ghas", "--level", "Error;Warning;Note"])
        .args(["--max-file-size-in-kb", "1000000", "--log", "ForceOverwrite", "--config"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/sarif-strict.xml"))
        .output()
        .expect("the validator runs");
    let said = String::from_utf8_lossy(&run.stdout);
    let scanned = format!("{} files scanned", paths.len());
    assert!(said.contains(&scanned), "the validator did not look at all: {said}");
    let output = std::fs::read(&output).unwrap_or_else(|_| panic!("no log: {said}"));
    let output = output.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&output);
    let output: Value = serde_json::from_slice(output).expect("the validator writes JSON");
    let complaints = output["runs"][0]["results"].as_array().cloned().unwrap_or_default();
    let complaints: Vec<String> = complaints
        .iter()
        .filter(|complaint| !EXCEPTIONS.contains(&complaint["ruleId"].as_str().unwrap_or_default()))
        .map(|result| {
            let place = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
            format!("{place} {} {} {}", result["level"], result["ruleId"], result["message"])
        })
        .collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
}
