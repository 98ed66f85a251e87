//! Tests on a cluster with a head and two nodes. They take minutes: `.ci/nightly` runs them.

use std::fs;

use super::kit::{Cluster, Fleet, kill, wait_for_scan};
use crate::support::process::Running;
use crate::support::tools;

const NAMES: [&str; 8] =
    ["a", "slow-b", "team/c", "team/slow-d", "e", "slow-f", "team/slow-g", "slow-h"];

#[test]
#[ignore = "it takes minutes"]
fn what_is_killed_is_done_again_and_the_report_is_that_of_one_sweep() {
    let Some(venv) = tools::ray() else { return };
    let mut fleet = Fleet::new(&venv, "fleet killed");
    fleet.repositories(&NAMES);
    fleet.project.file("mirrors/notes.txt", "nothing\n");
    let whole = fleet.sweep().exits(1).stdout;
    let mut cluster = Cluster::start(&fleet);
    let program = fleet.faulty();
    // As if each took a second, so that two are a task.
    fleet.plan(50_000_000);
    let address = cluster.address.clone();
    let options = |output| {
        ["--plan", "plan.jsonl", "--output", output, "--address", &address, "--batch", "2s"]
    };

    // Nothing dies, and the repositories are read from copies.
    fs::create_dir(fleet.project.at("copies")).expect("a folder");
    let calm = [&options("calm")[..], &["--stage", "copies"]].concat();
    let (code, said) = fleet.run(&program, &calm);
    assert_eq!(code, 0, "{said}");
    assert_eq!(fs::read_dir(fleet.project.at("copies")).expect("a folder").count(), 0);
    assert_eq!(fleet.merge("calm").stdout, whole);

    // A worker, a scanner, a node.
    let running = Running::start(fleet.command(&program, &options("killed")), true);
    let first = wait_for_scan(&program, &[]);
    kill(first.worker);
    let second = wait_for_scan(&program, &[first.scanner]);
    kill(second.scanner);
    wait_for_scan(&program, &[first.scanner, second.scanner]);
    cluster.tell("kill");
    cluster.tell("add");
    let ended = running.end();
    assert_eq!(ended.code(), 0, "{}{}", ended.stderr, ended.stdout);
    assert_eq!(fleet.merge("killed").stdout, whole);
    // The processes of the worker died with it.
    for scanner in [first.scanner, second.scanner] {
        assert!(!fs::exists(format!("/proc/{scanner}")).expect("proc"));
    }

    // The driver, again and again; each run does what is left.
    for _ in 0..2 {
        let mut running = Running::start(fleet.command(&program, &options("driver")), true);
        fleet.wait_for_another_part("driver");
        running.child.kill().expect("SIGKILL");
        running.end();
    }
    // An incomplete result is not read as a whole one.
    let unfinished = fleet.merge("driver").exits(1);
    assert_eq!(unfinished.json()["coverage"]["complete"], false);
    assert!(unfinished.stdout.contains("unfinished.partial"), "{}", unfinished.stdout);
    let (code, said) = fleet.run(&program, &options("driver"));
    assert_eq!(code, 0, "{said}");
    assert!(!said.contains("9 targets, 0 of them done before"), "{said}");
    assert_eq!(fleet.merge("driver").stdout, whole);
    for output in ["calm", "killed", "driver"] {
        assert_eq!(fleet.rows(output, "targets").len(), 9);
        fleet.holds_no_secret(output, Some(&cluster.logs));
    }
}

#[test]
#[cfg(feature = "verify")]
#[ignore = "it takes minutes"]
fn object_storage_holds_an_output_and_a_cluster_without_a_token_is_refused() {
    let (Some(venv), Some(_)) = (tools::ray(), tools::venv()) else { return };
    let mut fleet = Fleet::new(&venv, "fleet storage");
    fleet.repositories(&["a", "b"]);
    let moto = crate::support::moto::Moto::start();
    let host = moto.url().replace("http://", "");
    fleet.python(&format!(
        "from pyarrow import fs; fs.S3FileSystem(endpoint_override='{host}', scheme='http', \
         region='us-east-1', allow_bucket_creation=True).create_dir('bucket')"
    ));
    let output = format!("s3://bucket/sweep?endpoint_override={host}&scheme=http&region=us-east-1");
    let place = ["mirrors", "--output", &output];
    for words in ["3 targets, 0 of them", "3 targets, 3 of them"] {
        let (code, said) = fleet.run(&fleet.keysweep(), &place);
        assert_eq!((code, said.contains(words)), (0, true), "{said}");
    }
    fleet.python(&format!(
        "from pyarrow import fs; storage = fs.FileSystem.from_uri('{output}')[0]; \
         fs.copy_files('bucket/sweep', 'copy', storage, fs.LocalFileSystem())"
    ));
    assert_eq!(fleet.merge("copy").stdout, fleet.sweep().exits(1).stdout);
    fleet.holds_no_secret("copy", None);

    // A cluster may ask for no token although there is one here.
    let cluster = Cluster::start_open(&fleet);
    let place = ["mirrors", "--output", "out", "--address", &cluster.address];
    let (code, said) = fleet.run(&fleet.keysweep(), &place);
    assert_eq!((code, said.contains("has no token")), (2, true), "{said}");
}

#[test]
#[ignore = "it takes minutes"]
fn poison_is_reported_and_all_else_is_as_ever() {
    let Some(venv) = tools::ray() else { return };
    let mut fleet = Fleet::new(&venv, "fleet poison");
    fleet.repositories(&["a", "b", "team/c"]);
    let good = fleet.sweep().exits(1).json();
    fleet.repositories(&["hang", "bus", "memory", "gone"]);
    fleet.plan(1);
    // No worker sees it.
    fs::rename(fleet.project.at("mirrors/gone"), fleet.project.at("elsewhere")).expect("moved");
    let cluster = Cluster::start(&fleet);
    let program = fleet.faulty();
    let options = ["--plan", "plan.jsonl", "--output", "out", "--address", &cluster.address];
    let limits = ["--batch", "2s", "--target-timeout", "3s"];
    let (code, said) = fleet.run(&program, &[&options[..], &limits].concat());
    assert_eq!(code, 3, "{said}");
    for (name, words) in [
        ("hang", "did not end at its time limit"),
        ("bus", "killed twice by SIGBUS"),
        ("memory", "killed twice by SIGKILL"),
        ("gone", "not there on this machine"),
    ] {
        let is_reported = |line: &str| line.contains(&format!("{name}: ")) && line.contains(words);
        assert!(said.lines().any(is_reported), "{name}: {said}");
    }
    assert!(said.contains("8 targets done, 4 failed"), "{said}");

    let merged = fleet.merge("out").json();
    assert_eq!(merged["findings"], good["findings"]);
    let targets = |report: &serde_json::Value| {
        let all = report["coverage"]["targets"].as_array().cloned().expect("targets");
        all.into_iter().filter(|target| target["failed"].is_null()).collect::<Vec<_>>()
    };
    assert_eq!(targets(&merged), targets(&good));
    assert_eq!(merged["coverage"]["complete"], false);
    fleet.holds_no_secret("out", Some(&cluster.logs));

    // Cured, they are scanned, and nothing else is scanned again.
    fs::rename(fleet.project.at("elsewhere"), fleet.project.at("mirrors/gone")).expect("moved");
    let (code, said) = fleet.run(&fleet.keysweep(), &options);
    assert_eq!((code, said.contains("4 of them done before")), (0, true), "{said}");
    assert_eq!(fleet.merge("out").stdout, fleet.sweep().exits(1).stdout);
}
