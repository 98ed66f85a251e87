//! Signals: whenever the first one arrives, the findings so far are reported and the status is 130;
//! the second ends the program at once.

use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::support::git::{Repo, leak};
use crate::support::process::{Ended, Running, endless_file, signal, wait_for_handler};
use crate::support::stub::{Act, Stub};
use crate::support::{Keys, Project};

/// Signals that ask a program to end.
const SIGNALS: [&str; 3] = ["INT", "TERM", "HUP"];

/// The moment at which a case sends its signal.
#[derive(Clone, Copy, PartialEq)]
enum Ready {
    /// The handlers are installed.
    Listening,
    /// It has read from standard input and waits for more.
    Reading,
    /// It waits for the server.
    Asking,
}

/// A command in a phase that does not end by itself, or not soon.
struct Case {
    name: &'static str,
    arguments: Vec<String>,
    ready: Ready,
    /// Standard output is a report in JSON.
    json: bool,
}

impl Case {
    fn new(name: &'static str, ready: Ready, arguments: &str) -> Self {
        let arguments = arguments.split_whitespace().map(str::to_owned).collect();
        Self { name, arguments, ready, json: true }
    }

    fn plain(mut self) -> Self {
        self.json = false;
        self
    }
}

/// A project with a key, with a file that takes for ever, and a repository with large objects.
fn place(name: &str) -> (Project, Repo) {
    let mut keys = Keys::new(name);
    let project = Project::new();
    project.file("a.env", keys.pair().env).file("huge/b.env", keys.pair().env);
    endless_file(&project.at("huge/file"));
    let repo = Repo::new(&[]);
    repo.commit("a.env", leak(1));
    repo.git(&["config", "core.compression", "1"]);
    for number in 0..4 {
        let large = [&vec![b'z'; 24 << 20][..], format!("{number}\n").as_bytes()].concat();
        repo.write(format!("large{number}"), large);
    }
    repo.commit_all("large");
    repo.write("b.env", leak(2));
    repo.write("large0", [&vec![b'y'; 24 << 20][..], b"\n"].concat());
    repo.git(&["add", "-A"]);
    (project, repo)
}

fn cases(url: &str) -> Vec<Case> {
    use Ready::{Asking, Listening, Reading};
    let verify = format!("--sts-endpoint {url} --format json");
    let earlier = "verify --report report.json a.env";
    vec![
        Case::new("scan of a file without end", Listening, "scan huge --format json"),
        Case::new("scan of standard input", Reading, "scan a.env - --format json"),
        Case::new("scan of a pipe", Reading, "scan a.env /dev/stdin --format json"),
        Case::new("scan that verifies", Asking, &format!("scan a.env --verify {verify}")),
        Case::new("history", Listening, "history REPO --format json -j1"),
        Case::new("staged", Listening, "staged REPO --format json -j1"),
        Case::new("range", Listening, "range HEAD~1..HEAD REPO --format json -j1"),
        Case::new("range --stdin", Listening, "range --stdin REPO --format json"),
        Case::new("sweep", Listening, "sweep huge --format json"),
        Case::new("sweep --stdin", Listening, "sweep --stdin --format json"),
        Case::new("verify of a key", Asking, &format!("verify KEY {verify}")).plain(),
        Case::new("verify that waits for its key", Listening, "verify KEY").plain(),
        Case::new("verify of a report", Asking, &format!("{earlier} {verify}")),
        Case::new("baseline", Listening, "baseline huge").plain(),
    ]
}

/// Starts a case and brings it to where its signal is to come.
fn start(case: &Case, project: &Project, repo: &Repo, stub: &Stub) -> Running {
    let key = Keys::new("asked about").pair();
    let arguments = case.arguments.iter().map(|word| match word.as_str() {
        "REPO" => repo.root.to_string_lossy().into_owned(),
        "KEY" => key.id.clone(),
        other => other.to_owned(),
    });
    let asked = stub.requests().len();
    let command = project.keysweep(arguments).command();
    let mut running = Running::start(command, true);
    wait_for_handler(&running.child);
    match case.ready {
        Ready::Listening => {}
        // More than fits into any pipe, so that some of it was read.
        Ready::Reading => running.feed(&vec![b'.'; 1 << 20]),
        Ready::Asking => {
            if case.name == "verify of a key" {
                running.feed(key.secret.as_bytes());
                drop(running.child.stdin.take());
            }
            while stub.requests().len() == asked {
                assert!(running.child.try_wait().expect("ours").is_none(), "{}", case.name);
                thread::sleep(Duration::from_millis(2));
            }
        }
    }
    running
}

/// The fault in the end of a case, if there is one.
fn fault(case: &Case, ended: &Ended) -> Option<String> {
    if ended.code() != 130 || ended.stderr.contains("internal error") {
        return Some(format!("status {}: {}", ended.code(), ended.stderr));
    }
    if !case.json {
        return None;
    }
    let report: serde_json::Value = match serde_json::from_str(&ended.stdout) {
        Ok(report) => report,
        Err(error) => return Some(format!("no report: {error}: {}", ended.stdout)),
    };
    let found = report["findings"].as_array().is_some_and(|findings| !findings.is_empty());
    let reported = report["coverage"]["problems"].as_array().is_some_and(|all| !all.is_empty());
    if !reported {
        return Some("it does not say that it is incomplete".to_owned());
    }
    let known = matches!(case.ready, Ready::Reading | Ready::Asking);
    (known && !found).then(|| "a finding is not reported".to_owned())
}

#[test]
fn the_first_signal_reports_in_every_phase() {
    let (project, repo) = place("signals");
    let stub = Stub::start(|_, _| Act::Hang);
    let report = project.keysweep(["scan", "a.env", "--format", "json"]).run().exits(1).stdout;
    project.file("report.json", report);
    let mut faults = Vec::new();
    let cases = cases(&stub.url());
    for case in &cases {
        for name in SIGNALS {
            let running = start(case, &project, &repo, &stub);
            signal(&running.child, name);
            if let Some(why) = fault(case, &running.end()) {
                faults.push(format!("{} at SIG{name}: {why}", case.name));
            }
        }
    }
    let tried = cases.len() * SIGNALS.len();
    println!("{} of {tried} signals ended in a report and 130", tried - faults.len());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The program ends even if nobody reads its report.
#[test]
fn the_second_signal_ends_at_once_even_while_the_report_is_written() {
    let mut keys = Keys::new("second signal");
    let project = Project::new();
    for number in 0..200 {
        project.file(format!("{number}.env"), keys.pair().env);
    }
    let old = project.keysweep(["scan", "0.env", "--format", "json"]).run().exits(1).stdout;
    for name in SIGNALS {
        project.file("report.json", &old);
        let arguments = ["scan", ".", "--format", "json", "--output", "json=report.json"];
        let mut running = Running::start(project.keysweep(arguments).command(), false);
        // The report is longer than a pipe, and its first byte says that it is being written.
        let mut first = [0];
        let out = running.child.stdout.as_mut().expect("a pipe");
        std::io::Read::read_exact(out, &mut first).expect("a report");
        signal(&running.child, name);
        thread::sleep(Duration::from_millis(50));
        assert!(running.child.try_wait().expect("ours").is_none(), "the report is not cut");
        signal(&running.child, name);
        assert_eq!(running.end().code(), 130, "SIG{name}");
        // Files are written before anything waits for a reader.
        let text = std::fs::read_to_string(project.at("report.json")).expect("a report");
        let report: serde_json::Value = serde_json::from_str(&text).expect("a whole report");
        assert_eq!(report["findings"].as_array().expect("findings").len(), 200);
    }
}

/// A signal that comes when everything was scanned takes nothing away.
#[test]
fn a_signal_while_the_report_is_written_leaves_it_whole() {
    let mut keys = Keys::new("late signal");
    let project = Project::new();
    for number in 0..200 {
        project.file(format!("{number}.env"), keys.pair().env);
    }
    for name in SIGNALS {
        let command = project.keysweep(["scan", ".", "--format", "jsonl"]).command();
        let mut running = Running::start(command, false);
        let mut first = [0];
        let out = running.child.stdout.as_mut().expect("a pipe");
        std::io::Read::read_exact(out, &mut first).expect("a report");
        signal(&running.child, name);
        running.take_stdout();
        let ended = running.end();
        assert_eq!(ended.code(), 1, "{}", ended.stderr);
        assert_eq!(ended.stdout.lines().count(), 201);
    }
}

/// `nohup` and the background of a script keep their promise.
#[test]
fn a_signal_that_was_ignored_from_the_beginning_stays_ignored() {
    let project = Project::new();
    let pair = Keys::new("nohup").pair();
    for name in ["HUP", "INT"] {
        let script = format!("trap '' {name}; exec \"$0\" scan -");
        let mut command = Command::new("sh");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_keysweep")]).current_dir(project.path());
        let mut running = Running::start(command, true);
        while !std::fs::read(format!("/proc/{}/cmdline", running.child.id()))
            .is_ok_and(|line| line.ends_with(b"scan\0-\0"))
        {
            thread::yield_now();
        }
        wait_for_handler(&running.child);
        signal(&running.child, name);
        running.feed(&vec![b'.'; 1 << 20]);
        running.feed(format!("\n{}", pair.env).as_bytes());
        drop(running.child.stdin.take());
        let ended = running.end();
        assert_eq!(ended.code(), 1, "SIG{name}: {}", ended.stderr);
        assert!(ended.stdout.contains(&pair.id), "SIG{name}");
    }
}
