//! `--verify` and `keysweep verify` as a user types them.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::findings::{key_id, secret};
use crate::support::moto::Moto;
use crate::support::stub::{Stub, identity, not_known};

/// The program, with nothing of this machine's own around it.
fn keysweep(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keysweep"));
    command.args(arguments).env_clear();
    command
}

fn run(arguments: &[&str], input: &str) -> Output {
    let mut command = keysweep(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let written = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    drop(written);
    child.wait_with_output().expect("it ends")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A secret that looks random, made when the test runs.
pub(crate) fn random_secret(number: u8) -> String {
    use base64::Engine as _;
    let digest = keysweep::secret::Secret::new(vec![number; 9]).sha256_hex();
    let bytes: Vec<u8> =
        digest.bytes().zip(digest.bytes().rev()).map(|(a, b)| a.wrapping_mul(b) ^ a).collect();
    base64::engine::general_purpose::STANDARD.encode(&bytes[..30])
}

fn leak_in(folder: &Path, name: &str, id: &str, secret: &str) {
    let text = format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
    fs::write(folder.join(name), text).expect("written");
}

#[test]
fn one_key_from_standard_input() {
    let id = key_id("AKIA", 5);
    let active = Stub::start(|_, _| identity("aws"));
    let output = run(&["verify", &id, "--sts-endpoint", &active.url()], &secret(1));
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{out}{err}");
    assert!(out.contains(": active") && out.contains("user/alice"), "{out}");
    assert!(err.contains("CloudTrail"), "{err}");
    assert!(!out.contains(&secret(1)) && !err.contains(&secret(1)));

    let dead = Stub::start(|_, _| not_known());
    let arguments = ["verify", &id, "--sts-endpoint", &dead.url(), "--format", "json"];
    let output = run(&arguments, &secret(1));
    assert_eq!(output.status.code(), Some(0));
    let reported: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(reported["verification"]["status"], "inactive");
    assert_eq!(reported["verification"]["partitions"], serde_json::json!(["aws", "aws-us-gov"]));
    assert_eq!(reported["verification"]["endpoint"], dead.url());

    let output = run(&["verify", &key_id("ASIA", 5), "--sts-endpoint", &dead.url()], &secret(1));
    assert_eq!(output.status.code(), Some(3), "no token: {}", text(&output.stdout));
}

#[test]
fn wrong_usage_is_reported_before_anything_is_sent() {
    let stub = Stub::start(|_, _| identity("aws"));
    let (id, url) = (key_id("AKIA", 5), stub.url());
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path().to_str().expect("UTF-8");
    leak_in(folder.path(), "credentials", &id, &random_secret(1));
    let secret = secret(1);
    for (arguments, input, reported) in [
        (vec!["verify", &id, "--sts-endpoint", &url], "hunter2", "first line"),
        (vec!["verify", &secret, "--sts-endpoint", &url], "", "never from an argument"),
        (vec!["verify", &id, "--sts-endpoint", "http://sts.example.com"], "", "loopback"),
        (vec!["verify", &id, "--sts-endpoint", &url, "--rate", "0"], "", "--rate"),
        (vec!["scan", here, "--sts-endpoint", &url], "", "needs --verify"),
        (vec!["scan", here, "--fail-on", "active"], "", "needs --verify"),
        (vec!["sweep", here, "--fail-on", "active", "--verify-dry-run"], "", "needs --verify"),
        (vec!["scan", here, "--verify", "--partition", "mars"], "", "aws-us-gov"),
        (vec!["scan", here, "--verify", "--skip-account", "12"], "", "twelve digits"),
    ] {
        let output = run(&arguments, input);
        let err = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?} {err}");
        assert!(err.contains(reported) && !err.contains("hunter2"), "{arguments:?} {err}");
        assert!(output.stdout.is_empty());
    }
    assert!(stub.requests().is_empty());
}

#[test]
fn a_scan_reports_live_keys_and_a_report_is_verified_again() {
    let moto = Moto::start();
    let (live, doomed) = (moto.user_key("live"), moto.user_key("doomed"));
    moto.check_signatures();
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path().to_str().expect("UTF-8");
    let reports = tempfile::tempdir().expect("a folder");
    leak_in(folder.path(), "doomed", &doomed.id, &doomed.secret);
    let report = reports.path().join("report.json").to_str().expect("UTF-8").to_owned();
    let url = moto.url();
    let to_file = format!("json={report}");
    let scan = ["scan", here, "--verify", "--sts-endpoint", &url, "--output", &to_file];
    let output = run(&scan, "");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let written = fs::read(&report).expect("a report");
    let reported: serde_json::Value = serde_json::from_slice(&written).expect("JSON");
    let finding = &reported["findings"][0];
    assert_eq!(finding["verification"]["status"], "active", "{reported}");
    assert_eq!(finding["verification"]["arn"], "arn:aws:iam::123456789012:user/doomed");
    assert!(!text(&written).contains(&doomed.secret));

    // Rotated: the proof. A key that came later is not of the report, and not asked about.
    moto.rotate(&doomed);
    leak_in(folder.path(), "live", &live.id, &live.secret);
    let again = ["verify", "--report", &report, here, "--sts-endpoint", &url, "--format", "json"];
    let before = moto.requests();
    let output = run(&again, "");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let reported: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(reported["findings"].as_array().map(Vec::len), Some(1));
    assert_eq!(reported["findings"][0]["verification"]["status"], "inactive");
    assert_eq!(moto.requests() - before, 2, "one a partition");

    // Gone from the target, it cannot be asked about: no proof.
    fs::remove_file(folder.path().join("doomed")).expect("removed");
    let output = run(&again, "");
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains(&doomed.id), "{}", text(&output.stderr));
}

#[test]
fn a_dry_run_asks_nobody_and_says_whom_it_would() {
    let stub = Stub::start(|_, _| identity("aws"));
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path().to_str().expect("UTF-8");
    let id = key_id("AKIA", 5);
    leak_in(folder.path(), "credentials", &id, &random_secret(1));
    let output = run(&["scan", here, "--verify-dry-run", "--sts-endpoint", &stub.url()], "");
    let err = text(&output.stderr);
    assert!(err.contains(&format!("{id}: would send")) && err.contains(&stub.url()), "{err}");
    assert!(stub.requests().is_empty());
}

#[test]
fn fail_on_active_fails_on_nothing_less() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path().to_str().expect("UTF-8");
    leak_in(folder.path(), "credentials", &key_id("AKIA", 5), &random_secret(1));
    for (stub, code) in
        [(Stub::start(|_, _| identity("aws")), 1), (Stub::start(|_, _| not_known()), 0)]
    {
        let url = stub.url();
        let scan = ["scan", here, "--verify", "--sts-endpoint", &url, "--fail-on", "active"];
        let output = run(&scan, "");
        assert_eq!(output.status.code(), Some(code), "{}", text(&output.stderr));
    }
}

#[test]
fn an_interruption_ends_the_questions_and_reports_the_findings() {
    let stub = Stub::start(|_, _| crate::support::stub::Act::Hang);
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path().to_str().expect("UTF-8");
    let id = key_id("AKIA", 5);
    leak_in(folder.path(), "credentials", &id, &random_secret(1));
    let mut command = keysweep(&["scan", here, "--verify", "--sts-endpoint", &stub.url()]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    crate::support::process::hear_signals();
    let child = command.spawn().expect("it starts");
    while stub.requests().is_empty() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let signalled = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(signalled.expect("kill").success());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains(&id), "{}", text(&output.stdout));
}

#[test]
#[cfg(target_os = "linux")]
fn no_secret_is_in_the_list_of_processes() {
    let stub = Stub::start(|_, _| crate::support::stub::Act::Hang);
    let (id, url) = (key_id("AKIA", 5), stub.url());
    let mut command = keysweep(&["verify", &id, "--sts-endpoint", &url, "--timeout", "2s"]);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("it starts");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(secret(1).as_bytes()).expect("written");
    drop(input);
    while stub.requests().is_empty() && child.try_wait().expect("known").is_none() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    for name in ["cmdline", "environ"] {
        let listed = fs::read(format!("/proc/{}/{name}", child.id())).expect("a process");
        assert!(!text(&listed).contains(&secret(1)), "{name}");
    }
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), Some(3));
}

#[test]
#[cfg(target_os = "linux")]
fn without_verify_no_socket_is_opened() {
    let folder = tempfile::tempdir().expect("a folder");
    leak_in(folder.path(), "credentials", &key_id("AKIA", 5), &random_secret(1));
    if !Command::new("strace")
        .args(["-o", "/dev/null", "true"])
        .output()
        .is_ok_and(|output| output.status.success())
    {
        crate::support::require::skip("strace is missing or not allowed: no socket is looked for");
        return;
    }
    let log = folder.path().join("trace");
    let calls = |arguments: &[&str]| {
        let status = Command::new("strace")
            .args(["-f", "-qq", "-e", "trace=%network", "-o"])
            .arg(&log)
            .arg(env!("CARGO_BIN_EXE_keysweep"))
            .args(arguments)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("strace is installed");
        assert_eq!(status.code(), Some(1));
        fs::read_to_string(&log).expect("a trace").matches("socket(").count()
    };
    let file = folder.path().join("credentials");
    let file = file.to_str().expect("UTF-8");
    assert_eq!(calls(&["scan", file]), 0);
    assert_eq!(calls(&["scan", file, "--verify-dry-run"]), 0);
    let stub = Stub::start(|_, _| identity("aws"));
    assert!(calls(&["scan", file, "--verify", "--sts-endpoint", &stub.url()]) > 0);
}
