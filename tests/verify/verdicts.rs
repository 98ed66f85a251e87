//! `keysweep verify`: its status, its table, and its output if there is nothing to ask.

use crate::support::stub::{Act, Stub, identity, not_known, wrong_secret};
use crate::support::{Keys, Project};

#[test]
fn one_key_has_a_status_and_a_table() {
    type Answer = fn() -> Act;
    let (active, wrong): (Answer, Answer) = (|| identity("aws"), wrong_secret);
    let hidden: Answer = || Act::Send(200, vec![], "<html>".to_owned());
    for (answer, code, row, stops) in [
        (active, 1, [1, 1, 0, 0, 0], true),
        (wrong, 3, [1, 0, 0, 1, 0], false),
        (not_known, 0, [1, 0, 1, 0, 0], false),
        (hidden, 3, [1, 0, 0, 0, 1], false),
    ] {
        let stub = Stub::start(move |_, _| answer());
        let (project, pair) = (Project::new(), Keys::new("one verdict").pair());
        let url = stub.url();
        let args = ["verify", &pair.id, "--sts-endpoint", &url, "--timeout", "3s"];
        let reported = project.keysweep(args).input(format!("{}\n", pair.secret)).run().exits(code);
        let lines: Vec<&str> = reported.stdout.lines().collect();
        let head = lines.iter().position(|line| line.starts_with("asked  active  inactive"));
        let counts = lines[head.unwrap_or_else(|| panic!("no table: {}", reported.stdout)) + 1];
        let counts: Vec<u32> =
            counts.split_whitespace().map(|word| word.parse().expect("a number")).collect();
        assert_eq!(counts, row, "{}", reported.stdout);
        let stop =
            format!("aws iam update-access-key --user-name alice --access-key-id {}", pair.id);
        let shown = reported.stdout.contains("Deactivate the active keys")
            && reported.stdout.contains(&stop);
        assert_eq!(shown, stops, "{}", reported.stdout);
    }
}

#[test]
fn a_report_has_one_table_of_all() {
    let (project, mut keys) = (Project::new(), Keys::new("a table"));
    let pairs = [(); 3].map(|()| keys.pair());
    for (at, pair) in pairs.iter().enumerate() {
        project.file(format!("{at}.env"), &pair.env);
    }
    let reports = Project::new();
    let report = reports.at("before.json").display().to_string();
    project.keysweep(["scan", ".", "--output", &format!("json={report}")]).run().exits(1);
    let ids = pairs.each_ref().map(|pair| pair.id.clone());
    let stub =
        Stub::start(move |request, _| match ids.iter().position(|id| request.scope(0) == id) {
            Some(0) => identity("aws"),
            Some(1) => wrong_secret(),
            _ => not_known(),
        });
    let url = stub.url();
    let args = ["verify", "--report", &report, ".", "--sts-endpoint", &url];
    let reported = project.keysweep(args).run().exits(1).stdout;
    let table = "asked  active  inactive  wrong secret  unknown\n    3       1         1             1        0\n";
    assert!(reported.contains(table), "{reported}");
    assert_eq!(reported.matches("Deactivate the active keys").count(), 1, "{reported}");
    assert_eq!(reported.matches("asked  active").count(), 1, "{reported}");
}

#[test]
fn a_run_without_requests_says_so() {
    let (project, pair) = (Project::new(), Keys::new("nothing left").pair());
    let reports = Project::new();
    let report = |name: &str| reports.at(name).display().to_string();
    project.file("clean", "nothing\n");
    let empty = report("empty.json");
    project.keysweep(["scan", ".", "--output", &format!("json={empty}")]).run().exits(0);
    let lone = report("lone.json");
    project.file("id", format!("{}\n", pair.id));
    project.keysweep(["scan", ".", "--output", &format!("json={lone}")]).run().exits(0);
    for (file, code, words) in [
        (&empty, 0, "the earlier report has no findings"),
        (&lone, 0, "no request was sent: each finding has the reason"),
    ] {
        let reported = project.keysweep(["verify", "--report", file, "."]).run().exits(code);
        assert!(reported.stderr.contains(words), "{}", reported.stderr);
    }
    std::fs::remove_file(project.at("id")).expect("a file");
    let reported = project.keysweep(["verify", "--report", &lone, "."]).run().exits(3);
    assert!(reported.stderr.contains("no request was sent"), "{}", reported.stderr);
}
