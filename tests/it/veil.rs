//! A secret in a name: of a branch, a file, an author. The harness looks for it in all that is
//! printed.

use crate::support::{Keys, Project};

const FORMATS: [&str; 8] = ["text", "json", "jsonl", "sarif", "gitlab", "github", "junit", "csv"];

/// A secret that can stand in names, without `/` and `+`.
fn secret_for_names(keys: &mut Keys) -> String {
    std::iter::repeat_with(|| keys.secret())
        .find(|secret| secret.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        .expect("one in four has neither")
}

#[test]
fn a_secret_in_a_name_is_masked_in_every_format() {
    let (project, mut keys) = (Project::new(), Keys::new("names"));
    let (id, secret) = (keys.id(), secret_for_names(&mut keys));
    let branch = format!("fix/aws_secret_access_key={secret}");
    let text = format!("aws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
    project
        .git(&["init", "-q", "-b", &branch])
        .git(&["remote", "add", "origin", &format!("https://example.com/{secret}/name")])
        .file(format!("backup/{secret}.env"), text)
        .git(&["add", "."])
        .git(&["-c", &format!("user.name={secret}"), "commit", "-qm", "one"]);
    for command in ["history", "scan"] {
        for format in FORMATS {
            let run = project.keysweep([command, "--format", format]).run().exits(1);
            assert!(run.stdout.contains(&id), "{command} {format}: {}", run.stdout);
        }
    }
    let report = project.keysweep(["history", "--format", "json"]).run().exits(1).json();
    let places = report["findings"][0]["occurrences"].as_array().expect("places");
    let paths: Vec<_> = places.iter().map(|place| place["path"].as_str()).collect();
    assert!(paths.contains(&Some("backup/[redacted].env")), "{paths:?}");
    let log = project.keysweep(["history", "--format", "sarif"]).run().exits(1).json();
    assert_eq!(log["runs"][0].get("versionControlProvenance"), None, "its URL holds the secret");
}

#[test]
fn a_secret_in_the_name_of_what_could_not_be_read_is_masked() {
    let (project, mut keys) = (Project::new(), Keys::new("names"));
    let (id, secret) = (keys.id(), secret_for_names(&mut keys));
    project
        .file("some.env", format!("aws_access_key_id = {id}\naws_secret_access_key = {secret}\n"))
        .file(format!("{secret}.gz"), b"\x1f\x8b\x08\0\0\0\0\0\0\x03damaged");
    for format in FORMATS {
        project.keysweep(["scan", "--format", format]).run().exits(1);
    }
    let report = project.keysweep(["scan", "--format", "json"]).run().exits(1).json();
    let problems = report["coverage"]["problems"].to_string();
    assert!(problems.contains("[redacted].gz"), "{problems}");
}
