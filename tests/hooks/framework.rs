//! The hooks of `.pre-commit-hooks.yaml` under the real pre-commit framework.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::Keys;
use crate::support::hooks::{HookFixture, program_folder};
use crate::support::tools;

const HOOKS: &str = include_str!("../../.pre-commit-hooks.yaml");

/// A fixture with the framework, and the origin of its hooks.
struct Framework {
    fixture: HookFixture,
    source: PathBuf,
    revision: String,
}

impl Framework {
    fn new() -> Self {
        let venv = tools::pre_commit().expect("python3 and tests/hook-requirements.txt");
        let mut fixture = HookFixture::new(&[program_folder(), &tools::programs(&venv)]);
        fixture.set("PRE_COMMIT_HOME", fixture.project.at("cache"));
        fixture.project.file("source/.pre-commit-hooks.yaml", HOOKS);
        let source = fixture.repository("source");
        let revision = fixture.git(&source, &["rev-parse", "HEAD"]).done().text.trim().to_owned();
        Self { fixture, source, revision }
    }

    /// A configuration with the two hooks of the installed program.
    fn configuration(&self) -> String {
        format!(
            "repos:\n- repo: {}\n  rev: {}\n  hooks:\n  - id: keysweep-system\n  \
             - id: keysweep-range-system\n",
            self.source.display(),
            self.revision
        )
    }

    /// A repository that uses the hooks.
    fn repository(&self) -> PathBuf {
        let repo = self.fixture.repository("repo");
        self.set_up(&repo);
        repo
    }

    fn set_up(&self, repo: &Path) {
        write(repo, ".pre-commit-config.yaml", &self.configuration());
        self.fixture.git(repo, &["add", "-A"]).done();
        self.fixture.git(repo, &["commit", "-qm", "hooks"]).done();
        let install = ["install", "--hook-type", "pre-commit", "--hook-type", "pre-push"];
        self.fixture.run(repo, "pre-commit", &install, "").done();
    }
}

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).expect("a file");
}

#[test]
fn commits_of_all_kinds() {
    let framework = Framework::new();
    let (fixture, mut keys) = (&framework.fixture, Keys::new("framework commits"));
    let repo = framework.repository();
    write(&repo, "app.py", &"line\n".repeat(30));
    fixture.git(&repo, &["add", "-A"]).done();
    fixture.git(&repo, &["commit", "-qm", "clean"]).done();
    let commits = fixture.commits(&repo);

    let pair = keys.pair();
    write(&repo, "app.py", &format!("first\n{}{}", "line\n".repeat(30), pair.env));
    fixture.git(&repo, &["commit", "-qam", "all"]).stopped(&["app.py:32:", &pair.id]);
    fixture.run(&repo, "git", &["commit", "-qpm", "both"], "y\ny\n").stopped(&["app.py:32:"]);
    fixture.git(&repo, &["reset", "-q"]).done();
    assert_eq!(fixture.commits(&repo), commits);
    fixture.run(&repo, "git", &["commit", "-qpm", "the clean hunk"], "y\nn\n").done();
    assert_eq!(fixture.commits(&repo), commits + 1);

    // Windows line ends, and names that look like options or need quoting.
    let text = keys.pair().env.replace('\n', "\r\n");
    for name in ["windows.ini", "--help", "a b'c.env"] {
        write(&repo, name, &text);
        fixture.git(&repo, &["add", "--", name]).done();
        fixture.git(&repo, &["commit", "-qm", name]).stopped(&[&format!("{name}:1:")]);
        fixture.git(&repo, &["reset", "-q", "--", name]).done();
    }
    // A link is named by what it leads to.
    std::os::unix::fs::symlink(format!("/{}", keys.pair().env), repo.join("link")).expect("a link");
    fixture.git(&repo, &["add", "link"]).done();
    fixture.git(&repo, &["commit", "-qm", "link"]).stopped(&["link:1:"]);
}

#[test]
fn a_run_over_all_files_finds_old_keys() {
    let framework = Framework::new();
    let (fixture, mut keys) = (&framework.fixture, Keys::new("framework all"));
    let pair = keys.pair();
    fixture.project.file("repo/old/deep.env", &pair.env);
    let repo = framework.repository();
    write(&repo, "clean", "clean\n");
    fixture.git(&repo, &["add", "-A"]).done();
    fixture.git(&repo, &["commit", "-qm", "an old leak is not a new one"]).done();
    let all = |hook: &str| fixture.run(&repo, "pre-commit", &["run", "--all-files", hook], "");
    all("keysweep-system").stopped(&["old/deep.env:1:", &pair.id, "remove it from old/deep.env"]);
    fixture.git(&repo, &["rm", "-q", "old/deep.env"]).done();
    all("keysweep-system").done();
    // The other one has no range here, and must not pass for nothing.
    let said = fixture.run(&repo, "pre-commit", &["run", "--hook-stage", "pre-push"], "");
    assert!(!said.done && said.text.contains("no range"), "{}", said.text);
}

#[test]
fn a_worktree_and_a_submodule() {
    let framework = Framework::new();
    let (fixture, mut keys) = (&framework.fixture, Keys::new("framework worktree"));
    let repo = framework.repository();
    fixture.git(&repo, &["worktree", "add", "-q", "-b", "other", "../tree"]).done();
    let library = fixture.repository("library");
    let library = library.to_str().expect("UTF-8");
    fixture.git(&repo, &["submodule", "--quiet", "add", library, "vendor/lib"]).done();
    fixture.git(&repo, &["commit", "-qm", "a submodule"]).done();
    let inside = repo.join("vendor/lib");
    framework.set_up(&inside);
    for folder in [fixture.project.at("tree"), inside] {
        write(&folder, "leak.env", &keys.pair().env);
        fixture.git(&folder, &["add", "-A"]).done();
        fixture.git(&folder, &["commit", "-qm", "leak"]).stopped(&["leak.env:1:"]);
    }
    // All files of the outer repository; the submodule is not one of them.
    fixture.run(&repo, "pre-commit", &["run", "--all-files"], "").done();
}

#[test]
fn pushes() {
    let framework = Framework::new();
    let (fixture, mut keys) = (&framework.fixture, Keys::new("framework push"));
    let repo = framework.repository();
    fixture.git(&repo, &["init", "-q", "--bare", "../origin.git"]).done();
    fixture.git(&repo, &["remote", "add", "origin", "../origin.git"]).done();
    let leak = |name: &str, text: &str| {
        write(&repo, name, text);
        fixture.git(&repo, &["add", "-A"]).done();
        fixture.git(&repo, &["commit", "-q", "--no-verify", "-m", "leak"]).done();
        fixture.git(&repo, &["rm", "-q", name]).done();
        fixture.git(&repo, &["commit", "-q", "--no-verify", "-m", "removed again"]).done();
    };
    let push = |what: &str| fixture.git(&repo, &["push", "-q", "origin", what]);
    leak("first.env", &keys.pair().env);
    push("main").stopped(&["this push", "first.env:1:"]);
    fixture.git(&repo, &["reset", "-q", "--hard", "HEAD~2"]).done();
    push("main").done();
    leak("second.env", &keys.pair().env);
    push("main").stopped(&["second.env:1:"]);
    push("main:new").stopped(&["second.env:1:"]);
    fixture.git(&repo, &["reset", "-q", "--hard", "HEAD~2"]).done();
    write(&repo, "clean", "clean\n");
    fixture.git(&repo, &["add", "-A"]).done();
    fixture.git(&repo, &["commit", "-qm", "clean"]).done();
    push("main").done();
}

#[test]
fn the_configuration_of_the_readme() {
    let framework = Framework::new();
    let fixture = &framework.fixture;
    // The hooks' own names, run by the program that is there instead of one from an index.
    fixture.project.file(
        "source/.pre-commit-hooks.yaml",
        HOOKS.replace("language: python", "language: system"),
    );
    fixture.git(&framework.source, &["commit", "-qam", "without an index"]).done();
    fixture.git(&framework.source, &["tag", "v0.1.0"]).done();
    let source = framework.source.to_str().expect("UTF-8");
    for page in [include_str!("../../README.md"), include_str!("../../docs/hooks.md")] {
        let block =
            page.split("```yaml\nrepos:\n").nth(1).and_then(|rest| rest.split("```").next());
        let block = block.expect("a configuration");
        let block = block.replace("https://github.com/keysweep/keysweep", source);
        let name = format!("repo{}", page.len());
        fixture.project.file(format!("{name}/.pre-commit-config.yaml"), format!("repos:\n{block}"));
        let repo = fixture.repository(&name);
        fixture.run(&repo, "pre-commit", &["install"], "").done();
        write(&repo, "leak.env", &Keys::new(&name).pair().env);
        fixture.git(&repo, &["add", "-A"]).done();
        fixture.git(&repo, &["commit", "-qm", "leak"]).stopped(&["leak.env:1:"]);
    }
}

/// Writes a wheel whose only program calls the one under test.
const WHEEL: &str = r##"
import sys, zipfile
folder, program, version = sys.argv[1:]
info = f"keysweep-{version}.dist-info"
files = {
    f"keysweep-{version}.data/scripts/keysweep": f"#!/bin/sh\nexec '{program}' \"$@\"\n",
    f"{info}/METADATA": f"Metadata-Version: 2.1\nName: keysweep\nVersion: {version}\n",
    f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
}
with zipfile.ZipFile(f"{folder}/keysweep-{version}-py3-none-any.whl", "w") as wheel:
    for name, text in files.items():
        wheel.writestr(name, text)
    record = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    wheel.writestr(f"{info}/RECORD", record)
"##;

#[test]
fn a_wheel_without_a_compiler() {
    let framework = Framework::new();
    let fixture = &framework.fixture;
    let version = env!("CARGO_PKG_VERSION");
    let folder = fixture.project.path().to_str().expect("UTF-8");
    let program = env!("CARGO_BIN_EXE_keysweep");
    fixture
        .run(fixture.project.path(), "python3", &["-c", WHEEL, folder, program, version], "")
        .done();
    let page = include_str!("../../docs/hooks.md");
    let block = page.split("```yaml\n").find(|block| block.contains("repo: local"));
    let block = block.and_then(|rest| rest.split("```").next()).expect("a configuration");
    let wheel = format!("{folder}/keysweep-{version}-py3-none-any.whl");
    let block = block.replace(&format!("keysweep=={version}"), &wheel);
    assert!(block.contains(&wheel), "{block}");
    fixture.project.file("wheel/.pre-commit-config.yaml", block);
    let repo = fixture.repository("wheel");
    fixture.run(&repo, "pre-commit", &["install", "--install-hooks"], "").done();
    write(&repo, "leak.env", &Keys::new("framework wheel").pair().env);
    fixture.git(&repo, &["add", "-A"]).done();
    fixture.git(&repo, &["commit", "-qm", "leak"]).stopped(&["leak.env:1:"]);
    fixture.git(&repo, &["rm", "-qf", "leak.env"]).done();
    fixture.git(&repo, &["commit", "-q", "--allow-empty", "-m", "clean"]).done();
}

#[test]
fn the_hooks_that_install_the_program_run_the_same() {
    let hooks: Vec<Vec<&str>> = HOOKS
        .split("\n- ")
        .skip(1)
        .map(|hook| {
            let differ = ["id:", "description:", "language:"];
            let lines = hook.lines().map(str::trim);
            lines.filter(|line| !differ.iter().any(|key| line.starts_with(key))).collect()
        })
        .collect();
    assert_eq!(hooks.len(), 4);
    assert_eq!(hooks[0], hooks[2]);
    assert_eq!(hooks[1], hooks[3]);
}
