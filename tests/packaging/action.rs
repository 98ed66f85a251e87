//! The steps of `action.yml`, run as a runner would on made-up events.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::hooks::program_folder;
use crate::support::programs;
use crate::support::{Keys, Project, look_for_secrets};

const ACTION: &str = include_str!("../../action.yml");
pub(crate) const ZEROS: &str = "0000000000000000000000000000000000000000";

/// The result of a step of the action.
#[derive(Debug)]
pub(crate) struct Step {
    status: Option<i32>,
    pub(crate) printed: String,
    outputs: HashMap<String, String>,
    summary: String,
}

impl Step {
    pub(crate) fn output(&self, name: &str) -> &str {
        self.outputs.get(name).map_or("", String::as_str)
    }

    /// Paths of the results in the SARIF report.
    pub(crate) fn results(&self) -> Vec<String> {
        let report = fs::read_to_string(self.output("sarif")).expect("a report");
        let report: Value = serde_json::from_str(&report).expect("JSON");
        let results = report["runs"][0]["results"].as_array().expect("results").clone();
        let path = |result: &Value| {
            let place = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
            place.as_str().unwrap_or("-").to_owned()
        };
        results.iter().map(path).collect()
    }
}

/// A clone, as `actions/checkout` with `fetch-depth: 0` makes it, and the runner around it.
pub(crate) struct Runner {
    pub(crate) project: Project,
    pub(crate) clone: PathBuf,
}

impl Runner {
    /// A server's repository with an old leak, and a clone of it.
    pub(crate) fn new(keys: &mut Keys) -> Self {
        let project = Project::new();
        project.git(&["init", "-q", "-b", "main", "work"]);
        project.git(&["init", "-q", "--bare", "-b", "main", "server.git"]);
        project.git_in("work", &["remote", "add", "origin", "../server.git"]);
        let clone = project.at("clone");
        let runner = Self { project, clone };
        runner.commit("old.env", &keys.pair().env);
        runner
    }

    /// Commits a file on the branch of the work tree, and gives the commit.
    pub(crate) fn commit(&self, name: &str, text: &str) -> String {
        self.project.file(format!("work/{name}"), text);
        self.project.git_in("work", &["add", "-A"]).git_in("work", &["commit", "-qm", name]);
        self.head()
    }

    pub(crate) fn head(&self) -> String {
        self.project.ask_git("work", &["rev-parse", "HEAD"])
    }

    /// The commit that is checked out in the clone.
    pub(crate) fn commit_of_clone(&self) -> String {
        self.project.ask_git(&self.clone, &["rev-parse", "HEAD"])
    }

    /// True if the clone has a commit.
    pub(crate) fn clone_has(&self, commit: &str) -> bool {
        self.project.git_output(&self.clone, &["cat-file", "-e", commit]).status.success()
    }

    /// Runs keysweep in the work tree.
    pub(crate) fn keysweep_in_work(&self, arguments: &[&str]) {
        self.project.keysweep(arguments).from("work").run().exits(0);
    }

    /// Pushes the branch by force, and clones the repository of the server again.
    fn check_out(&self, branch: &str) {
        self.project.git_in("work", &["push", "-qf", "origin", branch]);
        self.clone_at(branch);
    }

    /// Clones the repository of the server again, and checks out a branch or tag of it.
    pub(crate) fn clone_at(&self, branch: &str) {
        if self.clone.exists() {
            fs::remove_dir_all(&self.clone).expect("the clone of before goes");
        }
        self.project.git(&["clone", "-q", "--no-local", "-b", branch, "server.git", "clone"]);
    }

    /// Runs a step with the environment that `action.yml` gives it on this event.
    fn step(&self, name: &str, mut context: Value, inputs: &[(&str, &str)]) -> Step {
        context["inputs"] = defaults();
        for (input, value) in inputs {
            context["inputs"][*input] = json!(value);
        }
        let step = ACTION.split("    - name: ").find(|step| step.starts_with(name));
        let step = step.expect("the action has the step");
        let script = step.split("action/run.sh\" ").nth(1).expect("it runs the script");
        let argument = script.split('\'').next().expect("an argument");
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let [output, summary] = ["output", "summary"].map(|name| self.project.at(name));
        for file in [&output, &summary] {
            fs::write(file, "").expect("a file");
        }
        let rest = std::env::var_os("PATH").unwrap_or_default();
        let path = [program_folder().to_owned()].into_iter().chain(std::env::split_paths(&rest));
        let ran = Command::new("bash")
            .arg(root.join("action/run.sh"))
            .arg(argument)
            .current_dir(&self.clone)
            .env_clear()
            .env("PATH", std::env::join_paths(path).expect("plain paths"))
            .env("HOME", self.project.path())
            .env("RUNNER_TEMP", self.project.path())
            .env("GITHUB_ACTION_PATH", root)
            .env("GITHUB_OUTPUT", &output)
            .env("GITHUB_STEP_SUMMARY", &summary)
            .envs(environment(step, &context))
            .output()
            .expect("bash runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let read = |path: &PathBuf| fs::read_to_string(path).expect("a file");
        let lines = read(&output);
        let pairs = lines.lines().filter_map(|line| line.split_once('='));
        let step = Step {
            status: ran.status.code(),
            printed: text(&ran.stdout) + &text(&ran.stderr),
            outputs: pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            summary: read(&summary),
        };
        look_for_secrets(&[&step.printed, &step.summary], &context);
        step
    }

    /// Scans on an event, and holds the verdict to its status.
    pub(crate) fn scan(&self, context: &Value, inputs: &[(&str, &str)]) -> Step {
        let step = self.step("Scan", context.clone(), inputs);
        assert_eq!(step.status, Some(0), "{}", step.printed);
        let mut after = context.clone();
        after["steps"] = json!({"scan": {"outputs": {"status": step.output("status")}}});
        let verdict = self.step("Verdict", after, &[]);
        assert_eq!(
            verdict.status.map(|code| code.to_string()).as_deref(),
            Some(step.output("status"))
        );
        step
    }
}

/// The defaults of the action's inputs.
fn defaults() -> Value {
    let inputs =
        ACTION.split("\ninputs:\n").nth(1).and_then(|rest| rest.split("\noutputs:").next());
    let mut found = json!({});
    let mut name = "";
    for line in inputs.expect("inputs").lines() {
        if let Some(key) = line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')) {
            name = key.trim_end_matches(':');
        } else if let Some(value) = line.strip_prefix("    default: ") {
            found[name] = json!(value.trim_matches('"'));
        }
    }
    found
}

/// The variables of a step, each expression replaced by what the context holds.
fn environment(step: &str, context: &Value) -> Vec<(String, String)> {
    let env = step.split("      env:\n").nth(1).expect("variables");
    env.lines()
        .take_while(|line| line.starts_with("        "))
        .map(|line| {
            let (name, value) = line.trim().split_once(": ").expect("a pair");
            let inner = value.strip_prefix("${{ ").and_then(|rest| rest.strip_suffix(" }}"));
            let path = inner.expect("one expression").replace('.', "/");
            let value = context.pointer(&format!("/{path}")).and_then(Value::as_str);
            (name.to_owned(), value.unwrap_or_default().to_owned())
        })
        .collect()
}

pub(crate) fn event(name: &str, payload: &Value) -> Value {
    json!({"github": {
        "event_name": name, "repository": "owner/repo", "actor": "somebody", "event": payload,
    }})
}

pub(crate) fn pull_request(base: &str, head: &str, repository: &str) -> Value {
    let head = json!({"sha": head, "repo": {"full_name": repository}});
    event("pull_request", &json!({"pull_request": {"base": {"sha": base}, "head": head}}))
}

fn push(before: &str, after: &str) -> Value {
    event("push", &json!({"before": before, "after": after}))
}

#[test]
fn a_pull_request_is_its_commits() {
    let mut keys = Keys::new("action pull");
    let runner = Runner::new(&mut keys);
    let base = runner.head();
    runner.commit("<b>&new.env", &keys.pair().env);
    runner.project.git_in("work", &["rm", "-q", "<b>&new.env"]);
    let head = runner.commit("clean", "clean\n");
    runner.check_out("main");
    let step = runner.scan(&pull_request(&base, &head, "owner/repo"), &[]);
    assert_eq!(step.output("status"), "1", "{}", step.printed);
    assert_eq!(step.results(), ["%3Cb%3E%26new.env"]);
    assert_eq!(step.output("upload"), "true");
    let annotations = step.printed.lines().filter(|line| line.starts_with("::error file=")).count();
    assert_eq!(annotations, 1, "{}", step.printed);
    // A table in which a name is code, whatever it holds.
    let row = step.summary.lines().find(|line| line.starts_with("| error | `AKIA"));
    assert!(row.is_some_and(|row| row.contains("| `<b>&new.env:1:")), "{}", step.summary);

    // A fork's token can't upload; annotations and the summary are there all the same.
    for (repository, actor) in [("fork/repo", "somebody"), ("owner/repo", "dependabot[bot]")] {
        let mut context = pull_request(&base, &head, repository);
        context["github"]["actor"] = json!(actor);
        let step = runner.scan(&context, &[]);
        assert_eq!((step.output("status"), step.output("upload")), ("1", ""));
        assert!(step.printed.contains("::error file="), "{}", step.printed);
        assert!(step.summary.contains("new.env"), "{}", step.summary);
    }
    let step = runner.scan(&pull_request(&base, &head, "owner/repo"), &[("upload", "false")]);
    assert_eq!(step.output("upload"), "");
    let never = [("args", "--fail-on never")];
    let step = runner.scan(&pull_request(&base, &head, "owner/repo"), &never);
    assert_eq!(step.output("status"), "0");
    let lines = [("args", "--threads 1\n\n  --min-confidence high\n--fail-on\tnever\n")];
    let step = runner.scan(&pull_request(&base, &head, "owner/repo"), &lines);
    assert_eq!((step.output("status"), step.results().len()), ("0", 1));
    // Nothing of it is a leak that was there before.
    let step = runner.scan(&pull_request(&head, &head, "owner/repo"), &[]);
    assert_eq!(step.output("status"), "0");
    assert!(step.results().is_empty());
    // A checkout without the base does not pass.
    let step = runner.scan(&pull_request(&"1".repeat(40), &head, "owner/repo"), &[]);
    assert_eq!((step.output("status"), step.output("upload")), ("2", ""));
    assert!(step.printed.contains("fetch-depth: 0"), "{}", step.printed);
}

#[test]
fn a_push_a_first_push_and_a_deleted_branch() {
    let mut keys = Keys::new("action push");
    let runner = Runner::new(&mut keys);
    runner.check_out("main");
    let before = runner.head();
    let after = runner.commit("new.env", &keys.pair().env);
    runner.check_out("main");
    let step = runner.scan(&push(&before, &after), &[]);
    assert_eq!((step.output("status"), step.results()), ("1", vec!["new.env".to_owned()]));
    // GitHub would close the alerts of all that these commits do not touch.
    assert_eq!(step.output("upload"), "");

    runner.project.git_in("work", &["checkout", "-q", "-b", "topic"]);
    let first = runner.commit("topic.env", &keys.pair().env);
    runner.check_out("topic");
    // All of a new ref: the other refs of the clone may have come with the same push.
    let step = runner.scan(&push(ZEROS, &first), &[]);
    assert_eq!(step.output("status"), "1");
    assert_eq!(step.results(), ["new.env", "old.env", "topic.env"]);

    let step = runner.scan(&push(&first, ZEROS), &[]);
    assert_eq!((step.output("status"), step.output("sarif")), ("0", ""));
    assert!(step.printed.contains("nothing to scan"), "{}", step.printed);
}

#[test]
fn a_forced_push_whose_old_commits_are_gone() {
    let mut keys = Keys::new("action force");
    let runner = Runner::new(&mut keys);
    runner.check_out("main");
    runner.project.git_in("work", &["checkout", "-q", "-b", "topic"]);
    let before = runner.commit("replaced.env", &keys.pair().env);
    runner.project.git_in("work", &["reset", "-q", "--hard", "main"]);
    let after = runner.commit("forced.env", &keys.pair().env);
    runner.check_out("topic");
    let step = runner.scan(&push(&before, &after), &[]);
    assert_eq!((step.output("status"), step.results().len()), ("1", 2), "{}", step.printed);
    assert_eq!(step.results(), ["forced.env", "old.env"]);
}

#[test]
fn a_schedule_scans_everything() {
    let mut keys = Keys::new("action schedule");
    let runner = Runner::new(&mut keys);
    runner.project.git_in("work", &["rm", "-q", "old.env"]);
    let head = runner.commit("clean", "clean\n");
    runner.check_out("main");
    let schedule = event("schedule", &json!({"schedule": "0 4 * * 1"}));
    let step = runner.scan(&schedule, &[]);
    assert_eq!(step.output("status"), "1", "{}", step.printed);
    assert_eq!((step.results().len(), step.output("upload")), (1, "true"));
    let step = runner.scan(&push(&head, &head), &[("scan", "everything")]);
    assert_eq!((step.results().len(), step.output("upload")), (1, "true"));
    // A range of nothing known, and a word that means nothing, end the step itself.
    for scan in ["range", "all"] {
        let step = runner.step("Scan", schedule.clone(), &[("scan", scan)]);
        assert_eq!(step.status, Some(2), "{}", step.printed);
    }
}

/// A Python whose environments have a pip that only notes what it is asked for.
const PYTHON: &str = r#"#!/bin/sh
mkdir -p "$3/bin"
printf '#!/bin/sh\necho "$@" >> "$RUNNER_TEMP/asked"\n' > "$3/bin/pip"
chmod +x "$3/bin/pip"
"#;

#[test]
fn it_installs_the_wheel_of_its_own_version() {
    let project = Project::new();
    project.file("paths", "");
    programs::script(&project.at("bin/python3"), PYTHON);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let path = [project.at("bin")].into_iter().chain(std::env::split_paths(&rest));
    let path = std::env::join_paths(path).expect("plain paths");
    for (version, wanted) in [("", env!("CARGO_PKG_VERSION")), ("9.8.7", "9.8.7")] {
        let ran = Command::new("bash")
            .arg(root.join("action/run.sh"))
            .arg("install")
            .env_clear()
            .env("PATH", &path)
            .env("RUNNER_TEMP", project.path())
            .env("GITHUB_PATH", project.at("paths"))
            .env("GITHUB_ACTION_PATH", root)
            .env("VERSION", version)
            .output()
            .expect("bash runs");
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        let asked = fs::read_to_string(project.at("asked")).expect("pip was asked");
        let asked = asked.lines().last().expect("a line");
        assert!(asked.ends_with(&format!(" keysweep=={wanted}")), "{asked}");
        assert!(asked.contains("--only-binary=:all:"), "{asked}");
        let paths = fs::read_to_string(project.at("paths")).expect("paths");
        let added = Path::new(paths.lines().last().expect("a line"));
        assert!(added.join("pip").is_file(), "{paths}");
    }
}

#[test]
fn every_action_that_it_uses_is_pinned_by_a_hash() {
    let used = ACTION.lines().filter_map(|line| line.trim().strip_prefix("uses: "));
    let mut count = 0;
    for action in used {
        let pin = action.split(['@', ' ']).nth(1).unwrap_or_default();
        let is_hash = pin.len() == 40 && pin.bytes().all(|byte| byte.is_ascii_hexdigit());
        assert!(is_hash, "{action}");
        count += 1;
    }
    assert!(count > 0);
}
