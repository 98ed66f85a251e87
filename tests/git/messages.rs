//! Findings in messages and names of a repository, with the right exit status.

use std::path::Path;

use serde_json::Value;

use crate::support::git::key_id;
use crate::support::{Project, Ran};

/// A report.
pub(crate) struct Reported {
    report: Value,
}

/// Runs a command in `folder`; the report must be one, and fit the exit status.
#[track_caller]
pub(crate) fn reported(folder: &Path, arguments: &[&str], input: &[u8]) -> Reported {
    reported_with(folder, arguments, input, &[])
}

/// The same with variables of the environment.
#[track_caller]
pub(crate) fn reported_with(
    folder: &Path,
    arguments: &[&str],
    input: &[u8],
    environment: &[(&str, &Path)],
) -> Reported {
    let ran = run(folder, arguments, input, environment);
    let reported = Reported { report: ran.json() };
    let findings = reported.findings();
    let counts = findings.iter().any(|finding| finding["severity"] != "note");
    let status = match (counts, reported.is_complete()) {
        (true, _) => 1,
        (false, false) => 3,
        (false, true) => 0,
    };
    ran.exits(status);
    reported
}

/// Runs a command that must fail; gives what it says.
#[track_caller]
pub(crate) fn refused(folder: &Path, arguments: &[&str], input: &[u8]) -> String {
    run(folder, arguments, input, &[]).exits(2).stderr
}

fn run(folder: &Path, arguments: &[&str], input: &[u8], environment: &[(&str, &Path)]) -> Ran {
    let project = Project::new();
    let mut program = project.keysweep(arguments.iter().chain(&["--format", "json"]));
    for (name, value) in environment {
        program = program.env(name, value);
    }
    program.from(folder).input(input).run()
}

impl Reported {
    fn findings(&self) -> &[Value] {
        self.report["findings"].as_array().expect("findings")
    }

    /// Every occurrence with its finding's key id.
    fn all(&self) -> impl Iterator<Item = (String, &Value)> {
        self.findings().iter().flat_map(|finding| {
            let id = finding["key_id"].as_str().unwrap_or_default().to_owned();
            let places = finding["occurrences"].as_array().expect("places").iter();
            places.map(move |place| (id.clone(), place))
        })
    }

    /// Paths and key ids, in order.
    pub(crate) fn places(&self) -> Vec<(String, String)> {
        let path = |place: &Value| place["path"].as_str().unwrap_or_default().to_owned();
        let mut places: Vec<_> = self.all().map(|(id, place)| (path(place), id)).collect();
        places.sort();
        places
    }

    /// Commits and key ids, in order.
    pub(crate) fn commits(&self) -> Vec<(String, String)> {
        let commit = |place: &Value| place["git"]["commit"].as_str().unwrap_or_default().to_owned();
        let mut commits: Vec<_> = self.all().map(|(id, place)| (commit(place), id)).collect();
        commits.sort();
        commits
    }

    /// The git part of the first occurrence of the key `number`.
    #[track_caller]
    pub(crate) fn git(&self, number: u64) -> &Value {
        let mut all = self.all().filter(|(id, _)| *id == key_id(number));
        &all.next().expect("it was found").1["git"]
    }

    /// A count of the coverage.
    pub(crate) fn count(&self, what: &str) -> u64 {
        self.report["coverage"][what].as_u64().expect("a count")
    }

    /// True if nothing is missing.
    pub(crate) fn is_complete(&self) -> bool {
        self.report["coverage"]["complete"].as_bool().expect("a flag")
    }

    /// The remarks.
    pub(crate) fn notes(&self) -> Vec<&str> {
        let notes = self.report["coverage"]["notes"].as_array().expect("notes").iter();
        notes.filter_map(Value::as_str).collect()
    }

    /// The problems: each with the object that it concerns.
    pub(crate) fn problems(&self) -> Vec<(&str, &str)> {
        let problems = self.report["coverage"]["problems"].as_array().expect("problems").iter();
        problems
            .filter_map(|problem| Some((problem["what"].as_str()?, problem["path"].as_str()?)))
            .collect()
    }
}
