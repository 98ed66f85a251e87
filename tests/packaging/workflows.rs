//! GitHub workflows, ours and those that we show, checked by actionlint; shell scripts, by shellcheck.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::tools;

/// The places of workflows: files, a template, and pages with blocks that begin `name:` or `on:`.
fn workflows() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let in_folder = |folder: &str| {
        let entries = fs::read_dir(root.join(folder)).expect("a folder");
        entries.map(|entry| entry.expect("an entry").path()).collect::<Vec<_>>()
    };
    let read = |path: &PathBuf| fs::read_to_string(path).expect("a file");
    let mut found: Vec<(PathBuf, String)> = in_folder(".github/workflows")
        .into_iter()
        .map(|path| (path.clone(), read(&path)))
        .collect();
    let template = root.join("templates/sweep/github.yml");
    found.push((template.clone(), read(&template)));
    for page in in_folder("docs").into_iter().chain([root.join("README.md")]) {
        let text = read(&page);
        let blocks = text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("\n```").next());
        let of_github = blocks.filter(|block| block.contains("\njobs:\n"));
        found.extend(of_github.map(|block| (page.clone(), format!("{block}\n"))));
    }
    found
}

#[test]
fn every_workflow_passes_actionlint() {
    let Some(actionlint) = tools::actionlint() else { return };
    let shellcheck = tools::shellcheck().unwrap_or_default();
    let folder = tempfile::tempdir().expect("a folder");
    let workflows = workflows();
    assert!(!workflows.is_empty());
    for (path, text) in workflows {
        let copy = folder.path().join("workflow.yml");
        fs::write(&copy, text).expect("a file");
        let output = Command::new(&actionlint)
            .args(["-no-color", "-pyflakes=", "-shellcheck"])
            .arg(&shellcheck)
            .arg(&copy)
            .output()
            .expect("it runs");
        let reported = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{}: {reported}", path.display());
    }
}

#[test]
fn every_script_passes_shellcheck() {
    let Some(shellcheck) = tools::shellcheck() else { return };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut scripts = Vec::new();
    for folder in [".ci", "action"] {
        for entry in fs::read_dir(root.join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            let text = fs::read_to_string(&path).expect("a script");
            let first = text.lines().next().unwrap_or_default();
            if first.starts_with("#!") && first.ends_with("sh") {
                scripts.push(path);
            }
        }
    }
    assert!(scripts.len() > 8, "{scripts:?}");
    let mut command = Command::new(shellcheck);
    let output = command.arg("-x").args(&scripts).current_dir(root).output().expect("it runs");
    let reported = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{reported}");
}

/// The files that a runner executes: our workflows and the action that others use.
fn ours() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let action = root.join("action.yml");
    let text = fs::read_to_string(&action).expect("a file");
    let workflows =
        workflows().into_iter().filter(|(path, _)| path.starts_with(root.join(".github")));
    workflows.chain([(action, text)]).collect()
}

/// The jobs of a workflow, each from its name on.
fn jobs(workflow: &str) -> Vec<&str> {
    let all = workflow.split_once("\njobs:\n").expect("jobs").1;
    let starts: Vec<usize> = all
        .match_indices("  ")
        .map(|(at, _)| at)
        .filter(|&at| at == 0 || all[..at].ends_with('\n'))
        .filter(|&at| all[at + 2..].starts_with(|first: char| first.is_ascii_lowercase()))
        .collect();
    let ends = starts.iter().skip(1).copied().chain([all.len()]);
    starts.iter().zip(ends).map(|(&start, end)| &all[start..end]).collect()
}

/// The texts that a shell runs.
fn scripts(workflow: &str) -> Vec<String> {
    let lines: Vec<&str> = workflow.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let text = line.trim_start().trim_start_matches("- ");
        let Some(first) = text.strip_prefix("run: ") else { continue };
        let depth = line.len() - text.len();
        let deeper = |line: &&&str| line.len() - line.trim_start().len() > depth;
        let rest = lines[at + 1..].iter().take_while(deeper).copied();
        found.push([first].into_iter().chain(rest).collect::<Vec<_>>().join("\n"));
    }
    found
}

#[test]
fn every_action_is_pinned_to_a_commit() {
    let mut pinned = 0;
    for (path, text) in ours() {
        for (_, used) in text.lines().filter_map(|line| line.split_once("uses: ")) {
            let (commit, version) =
                used.split_once('@').and_then(|(_, at)| at.split_once(" # v")).unwrap_or_else(
                    || panic!("{}: {used} is not a commit with its version", path.display()),
                );
            let is_commit = commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit());
            assert!(is_commit && version.contains('.'), "{}: {used}", path.display());
            pinned += 1;
        }
    }
    assert!(pinned > 5);
}

#[test]
fn no_script_holds_an_expression() {
    let mut run = 0;
    for (path, text) in ours() {
        for script in scripts(&text) {
            // The text of an event is a stranger's: it comes in a variable, never as code.
            assert!(!script.contains("${{ "), "{}: {script}", path.display());
            run += 1;
        }
    }
    assert!(run > 8);
}

#[test]
fn jobs_with_write_permissions_build_nothing() {
    let mut rights = 0;
    for (path, text) in ours().iter().filter(|(path, _)| !path.ends_with("action.yml")) {
        let path = path.display();
        assert!(text.contains("\npermissions: {}\n"), "{path}: jobs have rights that none named");
        let checkouts = text.matches("actions/checkout@").count();
        assert_eq!(checkouts, text.matches("persist-credentials: false").count(), "{path}");
        assert!(!text.contains("pull_request_target"), "{path}");
        assert!(!text.contains("secrets."), "{path}: there is no secret to steal");
        for job in jobs(text) {
            let name = job.lines().next().unwrap_or_default();
            assert!(job.contains("    permissions:\n"), "{path}: {name} does not say its rights");
            if !job.contains(": write\n") {
                continue;
            }
            rights += 1;
            let scripts = scripts(job).join("\n");
            for builder in ["cargo ", "pip", "npm", "docker build ", ".ci/release", "curl", "| sh"]
            {
                assert!(!scripts.contains(builder), "{path}: {name} may write and runs {builder}");
            }
        }
    }
    assert_eq!(rights, 4, "collect, publish, pypi and images");
}

#[test]
fn releases_are_attested_and_use_no_images_of_others() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path| fs::read_to_string(root.join(path)).expect("a file");
    let release = read(".github/workflows/release.yml");
    assert!(release.contains("subject-path: dist/*\n"));
    // Any earlier workflow can write a cache.
    assert!(!release.contains("actions/cache@"));
    assert!(release.contains("subject-digest: ${{ steps.push.outputs.digest }}\n"));
    assert!(release.contains("docker build --build-arg PROGRAM=released "));
    let dockerfile = read("Dockerfile");
    let released = dockerfile.split_once("AS released\n").expect("a stage").1;
    let takes: Vec<_> = released.lines().filter(|line| line.starts_with("FROM ")).collect();
    assert_eq!(takes, ["FROM ${PROGRAM} AS made", "FROM scratch"]);
    // A frontend would be one more image, fetched by its tag.
    assert!(!dockerfile.contains("syntax="));
    // pip holds all to their digests as soon as one has any.
    let pins = read(".ci/requirements.txt");
    let packages = pins.lines().filter(|line| line.contains("==")).count();
    assert!(packages > 0 && pins.matches("--hash=sha256:").count() >= packages);
    // Both ways to build the program use the same flags.
    for script in [".ci/release", ".ci/reproducible"] {
        let text = read(script);
        let builds = text.lines().filter(|line| {
            line.contains(" build --") && line.contains("--profile dist") && !line.starts_with('#')
        });
        let mut found = 0;
        for line in builds {
            assert!(line.contains("bash .ci/remapped "), "{script}: {line}");
            found += 1;
        }
        assert!(found > 0, "{script} does not build the profile that is shipped");
    }
}
