//! A report for each target.

use std::fs;

use serde_json::Value;

use super::{everything, shards};
use crate::support::{Keys, Project};

fn read(project: &Project, path: &str) -> Value {
    let text = fs::read(project.at(path)).expect("a report");
    serde_json::from_slice(&text).expect("JSON")
}

#[test]
fn each_target_has_a_report_with_its_own_paths() {
    let (project, _) = everything("merge split");
    shards(&project, 3);
    let split = ["merge", "parts", "--split-by", "target", "--output-dir", "out"];
    let ran = project.keysweep([&split[..], &["--output", "json=all.json"]].concat()).run();
    assert_eq!((ran.exits(1).stdout.as_str(), project.at("out").is_dir()), ("", true));
    let all = read(&project, "all.json");
    let targets = all["coverage"]["targets"].as_array().cloned().expect("targets");
    let files = fs::read_dir(project.at("out")).expect("a folder").count();
    assert_eq!(files, targets.len());
    // As a sweep of this target alone would have it, but for the name of the target.
    let alone = project.keysweep(["sweep", "all/two", "--format", "json"]).run().json();
    let report = read(&project, "out/two.json");
    let mut expected = alone["findings"].clone();
    for finding in expected.as_array_mut().expect("findings") {
        for place in finding["occurrences"].as_array_mut().expect("places") {
            place.as_object_mut().expect("a place").remove("target");
        }
    }
    assert_eq!(report["findings"], expected);
    assert_eq!(report["coverage"]["objects"], alone["coverage"]["objects"]);
    assert_eq!(report["coverage"]["targets"], Value::Null);
}

#[test]
fn a_log_for_a_service_names_the_repository() {
    let project = Project::new();
    project.git_in("all/team/api", &["init", "-q", "-b", "main"]);
    project.file("all/team/api/conf/a.env", Keys::new("merge sarif").pair().env);
    project.git_in("all/team/api", &["add", "-A"]).git_in("all/team/api", &["commit", "-qm", "x"]);
    let remote = ["remote", "add", "origin", "git@example.org:team/api.git"];
    project.git_in("all/team/api", &remote);
    project.keysweep(["sweep", "all", "--partial", "p", "--quiet"]).run().exits(1);
    let split = ["merge", "p", "--split-by", "target", "--output-dir", "out", "--format", "sarif"];
    project.keysweep(split).run().exits(1);
    let log = read(&project, "out/team%2Fapi.sarif");
    let run = &log["runs"][0];
    let uri = "/results/0/locations/0/physicalLocation/artifactLocation/uri";
    assert_eq!(run.pointer(uri), Some(&"conf/a.env".into()));
    let repository = &run["versionControlProvenance"][0];
    assert_eq!(repository["repositoryUri"], "ssh://example.org/team/api.git");
    assert_eq!(repository["branch"], "main");
    let head = project.ask_git("all/team/api", &["rev-parse", "HEAD"]);
    assert_eq!(repository["revisionId"], head.as_str());
}
