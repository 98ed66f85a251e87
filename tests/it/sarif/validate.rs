//! The schema, and Microsoft's validator with its optional rules turned on.

use std::process::Command;
use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::Value;

use super::multitool;

/// Notes that are not followed. SARIF2002 wants messages by id and arguments, which GitHub does not
/// read (GH1007). SARIF2009 wants rule ids like `ABC123`; ours are words and stay as they are.
const EXCEPTIONS: [&str; 2] = ["SARIF2002", "SARIF2009"];

/// Fails on any complaint of either.
pub(crate) fn all(log: &str) {
    schema(log);
    microsoft(log);
}

fn schema(log: &str) {
    static SCHEMA: OnceLock<Validator> = OnceLock::new();
    let validator = SCHEMA.get_or_init(|| {
        let schema = include_str!("../../data/sarif-2.1.0.json");
        let schema: Value = serde_json::from_str(schema).expect("the schema is JSON");
        let options = jsonschema::options().should_validate_formats(true);
        options.build(&schema).expect("the schema is a schema")
    });
    let log: Value = serde_json::from_str(log).expect("valid JSON");
    let errors: Vec<String> = validator
        .iter_errors(&log)
        .map(|error| format!("{} {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

/// Exit status and output say nothing of errors; the log that it writes does.
fn microsoft(log: &str) {
    let Some(program) = multitool::program() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (input, output) = (folder.path().join("in.sarif"), folder.path().join("out.sarif"));
    std::fs::write(&input, log).expect("a written file");
    let run = Command::new(program)
        .arg("validate")
        .arg(&input)
        .arg("--output")
        .arg(&output)
        .args(["--rule-kind", "Sarif;Ghas", "--level", "Error;Warning;Note"])
        .args(["--max-file-size-in-kb", "1000000", "--log", "ForceOverwrite", "--config"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/sarif-strict.xml"))
        .output()
        .expect("the validator runs");
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(said.contains("1 files scanned"), "the validator looked at nothing: {said}");
    let output = std::fs::read(&output).unwrap_or_else(|_| panic!("no log: {said}"));
    let output = output.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&output);
    let output: Value = serde_json::from_slice(output).expect("the validator writes JSON");
    let complaints = output["runs"][0]["results"].as_array().cloned().unwrap_or_default();
    let complaints: Vec<String> = complaints
        .iter()
        .filter(|complaint| !EXCEPTIONS.contains(&complaint["ruleId"].as_str().unwrap_or_default()))
        .map(|result| format!("{} {} {}", result["level"], result["ruleId"], result["message"]))
        .collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
}
