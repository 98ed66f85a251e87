//! The scripts of `templates/gitlab.yml` and of the recipes in `docs/ci.md`, read from there and
//! run with the variables of each service.

use std::path::PathBuf;

use crate::support::Keys;
use crate::support::hooks::{HookFixture, Said, program_folder};

pub(crate) const GITLAB: &str = include_str!("../../templates/gitlab.yml");
const PAGE: &str = include_str!("../../docs/ci.md");
const ZEROS: &str = "0000000000000000000000000000000000000000";

/// The lines after the one that is `start`, as long as they are deeper, without their indentation.
pub(crate) fn block(text: &str, start: &str) -> String {
    let depth = |line: &str| line.len() - line.trim_start().len();
    let mut lines = text.lines().skip_while(|line| line.trim() != start);
    let first = depth(lines.next().unwrap_or_else(|| panic!("'{start}' is there")));
    let lines: Vec<&str> =
        lines.take_while(|line| line.trim().is_empty() || depth(line) > first).collect();
    let least = lines.iter().filter(|line| !line.is_empty()).map(|line| depth(line)).min();
    lines
        .iter()
        .map(|line| line.get(least.unwrap_or(0)..).unwrap_or("").to_owned() + "\n")
        .collect()
}

/// A clone of a server's repository: an old leak on `main`, another on the branch `topic`.
struct Checkout {
    fixture: HookFixture,
    clone: PathBuf,
}

impl Checkout {
    fn new(name: &str) -> Self {
        let fixture = HookFixture::new(&[program_folder()]);
        let mut keys = Keys::new(name);
        fixture.project.file("work/old.env", keys.pair().env);
        let work = fixture.repository("work");
        fixture.git(&work, &["init", "-q", "--bare", "../server.git"]).done();
        fixture.git(&work, &["checkout", "-q", "-b", "topic"]).done();
        fixture.project.file("work/new.env", keys.pair().env);
        fixture.git(&work, &["add", "-A"]).done();
        fixture.git(&work, &["commit", "-qm", "topic"]).done();
        fixture.git(&work, &["push", "-q", "../server.git", "main", "topic"]).done();
        let server = fixture.project.at("server.git");
        fixture.git(&server, &["clone", "-q", "--no-local", "-b", "topic", ".", "../clone"]).done();
        let clone = fixture.project.at("clone");
        Self { fixture, clone }
    }

    fn commit(&self, name: &str) -> String {
        self.fixture.git(&self.clone, &["rev-parse", name]).done().text.trim().to_owned()
    }

    /// Runs a script, and asserts that the report that it writes names these files and no other.
    fn finds(&mut self, script: &str, variables: &[(&str, &str)], report: &str, files: &[&str]) {
        let assignments: String =
            variables.iter().map(|(name, value)| format!("export {name}='{value}'\n")).collect();
        let script = format!("pipx() {{ :; }}\nset -eu\n{assignments}{script}");
        let Said { done, text } = self.fixture.run(&self.clone, "bash", &["-c", &script], "");
        assert!(!done, "{variables:?}: {text}");
        let report = std::fs::read_to_string(self.clone.join(report)).expect("a report");
        for file in ["old.env", "new.env"] {
            let wanted = files.contains(&file);
            assert_eq!(report.contains(file), wanted, "{file} with {variables:?}: {text}");
        }
    }
}

#[test]
fn gitlab() {
    let mut checkout = Checkout::new("ci gitlab");
    let (base, head) = (checkout.commit("origin/main"), checkout.commit("HEAD"));
    let script = block(GITLAB, "- |");
    let mut finds = |source: &str, merge_base: &str, before: &str, files: &[&str]| {
        let variables = [
            ("CI_PIPELINE_SOURCE", source),
            ("CI_MERGE_REQUEST_DIFF_BASE_SHA", merge_base),
            ("CI_COMMIT_BEFORE_SHA", before),
            ("CI_COMMIT_SHA", &head),
            ("KEYSWEEP_ARGS", ""),
        ];
        checkout.finds(&script, &variables, "gl-secret-detection-report.json", files);
    };
    finds("merge_request_event", &base, ZEROS, &["new.env"]);
    finds("push", "", &base, &["new.env"]);
    finds("push", "", ZEROS, &["old.env", "new.env"]);
    finds("push", "", &"1".repeat(40), &["old.env", "new.env"]);
    finds("schedule", "", ZEROS, &["old.env", "new.env"]);
    finds("web", "", ZEROS, &["old.env", "new.env"]);
}

#[test]
fn azure() {
    let mut checkout = Checkout::new("ci azure");
    let script = block(PAGE, "- bash: |");
    let temporary = checkout.fixture.project.at("agent").to_str().expect("UTF-8").to_owned();
    for (target, files) in [("refs/heads/main", &["new.env"][..]), ("", &["old.env", "new.env"])] {
        let variables =
            [("AGENT_TEMPDIRECTORY", &*temporary), ("SYSTEM_PULLREQUEST_TARGETBRANCH", target)];
        checkout.finds(&script, &variables, "../agent/keysweep/keysweep.sarif", files);
    }
}

#[test]
fn jenkins_and_any_other() {
    let mut checkout = Checkout::new("ci jenkins");
    let script = block(PAGE, "sh '''");
    checkout.finds(&script, &[("CHANGE_TARGET", "main")], "keysweep.sarif", &["new.env"]);
    checkout.finds(&script, &[], "keysweep.sarif", &["old.env", "new.env"]);

    let any =
        PAGE.split("## Other services\n\n```sh\n").nth(1).and_then(|rest| rest.split("```").next());
    let (any, head) = (any.expect("a recipe"), checkout.commit("HEAD"));
    let new = [("BASE", ZEROS), ("HEAD", &head)];
    checkout.finds(any, &new, "keysweep.sarif", &["old.env", "new.env"]);
    let base = checkout.commit("origin/main");
    let update = [("BASE", &*base), ("HEAD", &head)];
    checkout.finds(any, &update, "keysweep.sarif", &["new.env"]);
}

#[test]
fn the_pages_name_inputs_that_the_action_has() {
    let action = include_str!("../../action.yml");
    for input in ["scan", "args", "upload"] {
        assert!(action.contains(&format!("\n  {input}:\n")), "{input}");
    }
    for page in [PAGE, include_str!("../../README.md"), GITLAB] {
        let version = concat!("keysweep==", env!("CARGO_PKG_VERSION"));
        for place in page.match_indices("keysweep==").map(|(at, _)| &page[at..]) {
            let plain = place.starts_with(version) || place.starts_with("keysweep==$");
            assert!(plain, "{}", place.lines().next().unwrap_or_default());
        }
    }
}
