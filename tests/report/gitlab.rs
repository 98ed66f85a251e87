//! GitLab's secret detection reports that the program writes, checked against GitLab's
//! requirements.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::report::sarif::program::{odd_tree, repository};
use crate::support::{Keys, Project};

/// A report that holds, as JSON.
fn held(project: &Project, args: &[&str], code: i32) -> Value {
    let run = project.keysweep(args.iter().chain(&["--format", "gitlab"])).run().exits(code);
    let schema = include_str!("../data/gitlab-secret-detection.json");
    let schema: Value = serde_json::from_str(schema).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is a schema");
    let report = run.json();
    let errors: Vec<String> = validator
        .iter_errors(&report)
        .map(|error| format!("{} {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{args:?}: {errors:#?}");
    let ids = list(&report).iter().map(|one| one["id"].to_string());
    assert_eq!(ids.collect::<BTreeSet<_>>().len(), list(&report).len(), "an id repeats");
    report
}

fn list(report: &Value) -> &Vec<Value> {
    report["vulnerabilities"].as_array().expect("a list")
}

#[test]
fn reports_of_every_command_are_valid() {
    let mut keys = Keys::new("gitlab");
    let project = Project::new();
    let planted = odd_tree(&project, &mut keys);
    assert_eq!(list(&held(&project, &["scan"], 1)).len(), planted);
    let incomplete = held(&project, &["scan", ".", "none"], 1);
    let message = &incomplete["scan"]["messages"][0];
    assert!(message["value"].as_str().is_some_and(|text| text.contains("none")), "{message}");

    let clean = Project::new();
    clean.file("readme.md", "nothing\n");
    assert!(list(&held(&clean, &["scan"], 0)).is_empty());

    let history = held(&repository(&mut keys), &["history"], 1);
    for one in list(&history).iter().filter(|one| one["location"]["file"] != "") {
        let sha = one["location"]["commit"]["sha"].as_str().expect("a commit");
        assert_eq!(sha.len(), 40, "{one}");
        assert_eq!(one["identifiers"][1]["value"], "798");
    }
}

#[test]
fn a_file_of_a_work_tree_names_the_revision() {
    let mut keys = Keys::new("gitlab revision");
    let project = Project::new();
    project.git(&["init", "-q", "-b", "main"]).file("a.env", keys.pair().env);
    project.git(&["add", "."]).git(&["commit", "-qm", "one"]);
    let report = held(&project, &["scan"], 1);
    let head = std::fs::read_to_string(project.at(".git/refs/heads/main")).expect("a ref");
    assert_eq!(list(&report)[0]["location"]["commit"]["sha"], head.trim());
}
