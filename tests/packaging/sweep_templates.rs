//! The scripts of `templates/sweep/`, run in a shell with the variables of each service, for all of
//! its indices; the partials that they write are merged to the report of one sweep.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::ci_recipes::block;
use crate::support::hooks::{HookFixture, program_folder};
use crate::support::{Keys, look_for_secrets};

const KUBERNETES: &str = include_str!("../../templates/sweep/kubernetes.yml");
const AWS_BATCH: &str = include_str!("../../templates/sweep/aws-batch.json");
const SLURM: &str = include_str!("../../templates/sweep/slurm.sh");
const GITHUB: &str = include_str!("../../templates/sweep/github.yml");
const GITLAB: &str = include_str!("../../templates/sweep/gitlab.yml");

/// Shards of each service.
const SHARDS: usize = 4;

fn fixture(name: &str) -> HookFixture {
    let fixture = HookFixture::new(&[program_folder()]);
    let mut keys = Keys::new(name);
    let (shared, other) = (keys.pair(), keys.pair());
    for number in 0..9 {
        let folder = format!("mirrors/team-{}/repository-{number}", number % 2);
        fixture.project.file(format!("{folder}/a.env"), &shared.env);
        // An id in one repository and its secret in another one.
        let half = other.env.lines().nth(number % 2).expect("a line");
        fixture.project.file(format!("{folder}/half.env"), half);
        fixture.repository(&folder);
    }
    fixture.project.file("mirrors/notes.txt", &keys.pair().env);
    // A repository that can't be read does not fail a job.
    fixture.project.file("mirrors/broken.git/HEAD", "x").file("mirrors/broken.git/objects/x", "");
    fixture.project.file("mirrors/broken.git/refs/x", "");
    fixture
}

/// Runs a script for each of the indices, and compares the merged report with that of one sweep.
fn all_shards(
    fixture: &HookFixture,
    service: &str,
    script: &str,
    variables: &[(&str, usize, usize)],
) {
    let reports = format!("reports-{service}");
    let root = fixture.project.path();
    fs::create_dir(root.join(&reports)).expect("a folder");
    for index in 0..SHARDS {
        let mut text = format!(
            "pip() {{ :; }}\npipx() {{ :; }}\nset -eu\nexport MIRRORS='{}' REPORTS='{}'\n",
            root.join("mirrors").display(),
            root.join(&reports).display(),
        );
        for (name, first, by_index) in variables {
            text += &format!("export {name}={}\n", first + by_index * index);
        }
        let said = fixture.run(root, "sh", &["-c", &(text + script)], "").done();
        look_for_secrets(&[&said.text], &service);
    }
    assert_eq!(fs::read_dir(root.join(&reports)).expect("a folder").count(), SHARDS, "{service}");
    let json = ["--format", "json"];
    let whole = fixture.project.keysweep(["sweep", "mirrors"].iter().chain(&json)).run().exits(1);
    let merged = fixture.project.keysweep(["merge", &reports].iter().chain(&json)).run().exits(1);
    assert_eq!(merged.stdout, whole.stdout, "{service}");
}

#[test]
fn every_index_of_every_service_is_a_shard_and_all_of_them_are_the_whole() {
    let fixture = fixture("sweep templates");
    let batch: Value = serde_json::from_str(AWS_BATCH).expect("JSON");
    let batch = batch["containerProperties"]["command"][2].as_str().expect("a script");
    for (service, script, variables) in [
        (
            "kubernetes",
            block(KUBERNETES, "- |"),
            &[("JOB_COMPLETION_INDEX", 0, 1), ("SHARDS", SHARDS, 0)][..],
        ),
        (
            "aws-batch",
            batch.to_owned(),
            &[("AWS_BATCH_JOB_ARRAY_INDEX", 0, 1), ("AWS_BATCH_JOB_ARRAY_SIZE", SHARDS, 0)],
        ),
        (
            "slurm",
            SLURM.to_owned(),
            &[
                ("SLURM_ARRAY_TASK_ID", 1, 1),
                ("SLURM_ARRAY_TASK_MIN", 1, 0),
                ("SLURM_ARRAY_TASK_MAX", SHARDS, 0),
            ],
        ),
        ("github", block(GITHUB, "- run: |"), &[("SHARD", 1, 1), ("SHARDS", SHARDS, 0)]),
        ("gitlab", block(GITLAB, "- |"), &[("CI_NODE_INDEX", 1, 1), ("CI_NODE_TOTAL", SHARDS, 0)]),
    ] {
        all_shards(&fixture, service, &script, variables);
    }
}

#[test]
fn the_templates_install_this_version_and_are_named_in_the_docs() {
    let page = include_str!("../../docs/fleet.md");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/sweep");
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("text");
        let version = concat!("keysweep==", env!("CARGO_PKG_VERSION"));
        for (at, _) in text.match_indices("keysweep==") {
            assert!(text[at..].starts_with(version), "{}", path.display());
        }
        let name = path.file_name().expect("a name").to_string_lossy();
        assert!(page.contains(&format!("templates/sweep/{name}")), "{name}");
    }
    // Kubernetes gets one number twice.
    assert!(
        KUBERNETES.contains("completions: 8 ") && KUBERNETES.contains("name: SHARDS, value: \"8\"")
    );
}
