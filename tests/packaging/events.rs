//! Pushes as CI services report them, played through the action's script and GitLab's template.
//!
//! Every commit that a push brings to the remote must be scanned by the run for the ref that brings
//! it: also of a new ref, and of one that was forced.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::packaging::action::{Runner, ZEROS, event, pull_request};
use crate::packaging::ci_recipes::{GITLAB, block};
use crate::support::Keys;
use crate::support::hooks::program_folder;

/// A remote's ref that changed: its full name, and its commits before and after.
struct Update {
    name: String,
    before: String,
    after: String,
}

/// The service that reports a push.
#[derive(Clone, Copy, Debug)]
enum Service {
    Github,
    Gitlab,
}

/// A remote, somebody's work tree, and the runner.
struct Play {
    runner: Runner,
    keys: Keys,
}

impl Play {
    /// A work tree with one leak on `main`, of which the remote has nothing yet.
    fn new(name: &str) -> Self {
        let mut keys = Keys::new(name);
        let runner = Runner::new(&mut keys);
        Self { runner, keys }
    }

    fn git(&self, arguments: &[&str]) {
        self.runner.project.git_in("work", arguments);
    }

    /// Commits a leak in a file of that name.
    fn leak(&mut self, name: &str) {
        let pair = self.keys.pair();
        self.runner.commit(name, &pair.env);
    }

    /// The remote's refs.
    fn refs(&self) -> Vec<(String, String)> {
        let all = ["for-each-ref", "--format=%(refname) %(objectname)"];
        let text = self.runner.project.ask_git("server.git", &all);
        let pair = |line: &str| line.split_once(' ').map(|(a, b)| (a.to_owned(), b.to_owned()));
        text.lines().filter_map(pair).collect()
    }

    /// Pushes; gives what changed on the remote, an event each.
    fn push(&self, refs: &[&str]) -> Vec<Update> {
        let before = self.refs();
        self.git(&[&["push", "-qf", "origin"], refs].concat());
        let after = self.refs();
        let of = |refs: &[(String, String)], name: &str| {
            let found = refs.iter().find(|(known, _)| known == name);
            found.map_or_else(|| ZEROS.to_owned(), |(_, id)| id.clone())
        };
        let names: BTreeSet<&String> = before.iter().chain(&after).map(|(name, _)| name).collect();
        let updates = names.into_iter().map(|name| Update {
            name: name.clone(),
            before: of(&before, name),
            after: of(&after, name),
        });
        updates.filter(|update| update.before != update.after).collect()
    }

    /// Runs what the service runs for an update; gives the files in which leaks were found.
    fn found(&self, service: Service, update: &Update) -> BTreeSet<String> {
        if update.after == ZEROS {
            // GitLab runs nothing then.
            let step = self.runner.scan(&pushed(update), &[]);
            assert_eq!(step.output("status"), "0", "{}", step.printed);
            return BTreeSet::new();
        }
        let short = update.name.splitn(3, '/').nth(2).expect("a full name");
        self.runner.clone_at(short);
        match service {
            Service::Github => {
                let step = self.runner.scan(&pushed(update), &[]);
                assert!(["0", "1"].contains(&step.output("status")), "{}", step.printed);
                step.results().into_iter().collect()
            }
            Service::Gitlab => {
                let name = if update.name.starts_with("refs/tags/") {
                    ("CI_COMMIT_TAG", short)
                } else {
                    ("CI_COMMIT_BRANCH", short)
                };
                let commit = self.runner.commit_of_clone();
                self.gitlab(&[
                    ("CI_PIPELINE_SOURCE", "push"),
                    ("CI_COMMIT_BEFORE_SHA", &update.before),
                    ("CI_COMMIT_SHA", &commit),
                    name,
                ])
            }
        }
    }

    /// Runs the script of GitLab's template in the clone.
    fn gitlab(&self, variables: &[(&str, &str)]) -> BTreeSet<String> {
        let report = self.runner.clone.join("gl-secret-detection-report.json");
        let _ = std::fs::remove_file(&report);
        let rest = std::env::var_os("PATH").unwrap_or_default();
        let path = [program_folder().to_owned()].into_iter().chain(std::env::split_paths(&rest));
        let ran = Command::new("bash")
            .args(["-euc", &block(GITLAB, "- |")])
            .current_dir(&self.runner.clone)
            .env_clear()
            .env("PATH", std::env::join_paths(path).expect("plain paths"))
            .env("HOME", self.runner.project.path())
            .env("CI_DEFAULT_BRANCH", "main")
            .env("KEYSWEEP_ARGS", "")
            .envs(variables.iter().copied())
            .output()
            .expect("bash runs");
        let reported = String::from_utf8_lossy(&ran.stderr);
        assert!(matches!(ran.status.code(), Some(0 | 1)), "{variables:?}: {reported}");
        paths_in(&report)
    }

    /// Asserts what each update of a push finds: at least the leaks that it brought.
    #[track_caller]
    fn finds(&self, updates: &[Update], expected: &[(&str, &[&str])]) {
        let names: Vec<&str> = updates.iter().map(|update| update.name.as_str()).collect();
        let awaited: Vec<&str> = expected.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, awaited);
        for (update, (_, files)) in updates.iter().zip(expected) {
            let files: BTreeSet<String> = files.iter().map(|file| (*file).to_owned()).collect();
            for service in [Service::Github, Service::Gitlab] {
                let found = self.found(service, update);
                assert_eq!(found, files, "{service:?}: {} from {}", update.name, update.before);
            }
        }
    }
}

/// The event of a push on GitHub.
fn pushed(update: &Update) -> Value {
    let payload = json!({
        "before": update.before, "after": update.after, "ref": update.name,
        "repository": {"default_branch": "main"},
    });
    event("push", &payload)
}

fn paths_in(report: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(report).expect("a report");
    let report: Value = serde_json::from_str(&text).expect("JSON");
    let found = report["vulnerabilities"].as_array().expect("findings").iter();
    found.map(|one| one["location"]["file"].as_str().expect("a file").to_owned()).collect()
}

#[test]
fn the_first_push_of_one_two_and_three_branches_and_a_tag() {
    for count in 1..=3 {
        let mut play = Play::new(&format!("first push of {count}"));
        let names = ["main", "topic", "later"];
        for name in &names[1..count] {
            // Each is ahead of the one before: a part of it is the other's.
            play.git(&["checkout", "-q", "-b", name]);
            play.leak(&format!("{name}.env"));
        }
        play.git(&["checkout", "-q", "--detach"]);
        play.leak("tagged.env");
        play.git(&["tag", "-a", "-m", "one", "v1"]);
        let updates = play.push(&[&names[..count], &["v1"]].concat());
        let heads = [
            ("refs/heads/main", &["old.env"][..]),
            ("refs/heads/topic", &["old.env", "topic.env"]),
            ("refs/heads/later", &["later.env", "old.env", "topic.env"]),
        ];
        let tagged: &[&str] = match count {
            1 => &["old.env", "tagged.env"],
            2 => &["old.env", "tagged.env", "topic.env"],
            _ => &["later.env", "old.env", "tagged.env", "topic.env"],
        };
        let mut expected = heads[..count].to_vec();
        expected.push(("refs/tags/v1", tagged));
        expected.sort_unstable();
        play.finds(&updates, &expected);
    }
}

#[test]
fn an_update_a_force_and_a_branch_that_is_deleted_and_pushed_again() {
    let mut play = Play::new("updates");
    play.push(&["main"]);
    play.leak("next.env");
    let updates = play.push(&["main"]);
    play.finds(&updates, &[("refs/heads/main", &["next.env"])]);

    // Forced onto a commit that another branch holds already.
    play.git(&["checkout", "-q", "-b", "topic"]);
    play.leak("topic.env");
    play.push(&["topic"]);
    play.git(&["checkout", "-q", "-b", "forced", "main~1"]);
    play.leak("replaced.env");
    play.push(&["forced"]);
    play.git(&["reset", "-q", "--hard", "topic"]);
    let updates = play.push(&["forced"]);
    let gone = &updates[0].before;
    // The old commit can be fetched by its id: then it says what was there before.
    play.runner.clone_at("forced");
    assert!(!play.runner.clone_has(gone));
    play.finds(&updates, &[("refs/heads/forced", &["next.env", "topic.env"])]);
    // It can't where the remote has thrown it away: then all that the ref reaches counts.
    play.runner.project.git_in("server.git", &["reflog", "expire", "--expire=now", "--all"]);
    play.runner.project.git_in("server.git", &["gc", "-q", "--prune=now"]);
    play.finds(&updates, &[("refs/heads/forced", &["next.env", "old.env", "topic.env"])]);

    let updates = play.push(&[":forced"]);
    play.finds(&updates, &[("refs/heads/forced", &[])]);
    let updates = play.push(&["forced"]);
    play.finds(&updates, &[("refs/heads/forced", &["next.env", "old.env", "topic.env"])]);
}

#[test]
fn of_a_new_branch_the_default_branch_says_what_was_accepted() {
    let mut play = Play::new("accepted");
    play.runner.keysweep_in_work(&["baseline"]);
    play.git(&["add", "-A"]);
    play.git(&["commit", "-qm", "accepted"]);
    play.push(&["main"]);
    play.git(&["checkout", "-q", "-b", "topic"]);
    play.leak("topic.env");
    // A baseline that the branch itself brings does not count.
    play.runner.keysweep_in_work(&["baseline"]);
    play.git(&["add", "-A"]);
    play.git(&["commit", "-qm", "accepted, too"]);
    let updates = play.push(&["topic"]);
    play.finds(&updates, &[("refs/heads/topic", &["topic.env"])]);
}

#[test]
fn pull_requests_merge_groups_and_events_without_a_range() {
    let mut play = Play::new("other events");
    let base = play.runner.head();
    play.push(&["main"]);
    play.git(&["checkout", "-q", "-b", "topic"]);
    play.leak("topic.env");
    let head = play.runner.head();
    play.push(&["topic"]);
    play.runner.clone_at("topic");
    let group = json!({"merge_group": {"base_sha": base, "head_sha": head}});
    let ours = pull_request(&base, &head, "owner/repo");
    let of_fork = pull_request(&base, &head, "fork/repo");
    let everything = ["old.env", "topic.env"];
    for (reported, files) in [
        (ours, &["topic.env"][..]),
        (of_fork, &["topic.env"]),
        (event("merge_group", &group), &["topic.env"]),
        (event("workflow_dispatch", &json!({"inputs": {}})), &everything),
        (event("schedule", &json!({"schedule": "0 4 * * 1"})), &everything),
    ] {
        let step = play.runner.scan(&reported, &[]);
        assert_eq!(step.results(), files, "{reported}: {}", step.printed);
    }
    for (source, files) in [
        ("merge_request_event", &["topic.env"][..]),
        ("schedule", &everything),
        ("web", &everything),
        ("api", &everything),
    ] {
        let merged = if source == "merge_request_event" { base.as_str() } else { "" };
        let found = play.gitlab(&[
            ("CI_PIPELINE_SOURCE", source),
            ("CI_MERGE_REQUEST_DIFF_BASE_SHA", merged),
            ("CI_COMMIT_BEFORE_SHA", ZEROS),
            ("CI_COMMIT_SHA", &head),
            ("CI_COMMIT_BRANCH", "topic"),
        ]);
        let files: BTreeSet<String> = files.iter().map(|file| (*file).to_owned()).collect();
        assert_eq!(found, files, "{source}");
    }
}
