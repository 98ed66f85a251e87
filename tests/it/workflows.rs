//! GitHub workflows, ours and those that we show, held against actionlint.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tools;

/// Where workflows stand: files, and pages with blocks that begin `name:` or `on:`.
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
    let folder = tempfile::tempdir().expect("a folder");
    let workflows = workflows();
    assert!(!workflows.is_empty());
    for (path, text) in workflows {
        let copy = folder.path().join("workflow.yml");
        fs::write(&copy, text).expect("a file");
        let output = Command::new(&actionlint)
            .args(["-no-color", "-shellcheck=", "-pyflakes="])
            .arg(&copy)
            .output()
            .expect("it runs");
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{}: {told}", path.display());
    }
}
