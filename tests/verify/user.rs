//! `--verify` and `keysweep verify` on a user's own machine: a prompt, certificates, proxies, own
//! canaries, a report of a history, and logs that must not contain a secret.

use std::process::Command;
use std::sync::PoisonError;

use serde_json::Value;

use crate::report::sarif::{points, validate};
use crate::support::stub::{Stub, identity, not_known};
use crate::support::{Keys, Pair, Project};
use crate::verify::transport::{proxy_to, tls_stub};

/// A project in which one key leaks.
fn leaking(name: &str) -> (Project, Pair) {
    let (project, pair) = (Project::new(), Keys::new(name).pair());
    project.file(".env", &pair.env);
    (project, pair)
}

fn status_of(report: &Value) -> &str {
    report["findings"][0]["verification"]["status"].as_str().expect("a status")
}

#[test]
fn a_users_own_canaries_are_never_sent() {
    let stub = Stub::start(|_, _| identity("aws"));
    let (project, pair) = leaking("own canaries");
    let id = keysweep::aws::KeyId::parse(pair.id.as_bytes()).expect("an id");
    let account = id.account().expect("an account");
    let url = stub.url();
    let args = ["scan", "--verify", "--sts-endpoint", &url, "--format", "json"];
    let run = |account: &str, code| {
        let own = [args.as_slice(), &["--canary-account", account]].concat();
        project.keysweep(own).run().exits(code).json()
    };
    let reported = run(&account, 0);
    assert_eq!(status_of(&reported), "canary");
    assert!(stub.requests().is_empty());
    assert_eq!(status_of(&run("1111-2222-3333", 1)), "active");
    let unused = project.keysweep(["scan", "--canary-account", &account]).run().exits(2);
    assert!(unused.stderr.contains("--canary-account needs --verify"), "{}", unused.stderr);
}

#[test]
fn keys_of_a_history_report_are_read_again_in_the_history() {
    let stub = Stub::start(|_, _| not_known());
    let (project, pair) = leaking("a report of a history");
    project
        .git(&["init", "-q", "-b", "main"])
        .git(&["add", "-f", "."])
        .git(&["commit", "-qm", "one"])
        .git(&["rm", "-q", ".env"])
        .file("readme.md", "nothing\n")
        .git(&["add", "."])
        .git(&["commit", "-qm", "two"]);
    let reports = Project::new();
    for format in ["json", "jsonl", "sarif"] {
        let report = reports.at(format).display().to_string();
        let output = format!("{format}={report}");
        project.keysweep(["history", "--output", &output]).run().exits(1);
        let url = stub.url();
        let again = ["verify", "--report", &report, "--sts-endpoint", &url, "--format", "json"];
        let reported = project.keysweep(again).run().exits(0).json();
        assert_eq!(reported["findings"][0]["key_id"], pair.id.as_str(), "{format}");
        assert_eq!(status_of(&reported), "inactive", "{format}");
    }
    // A bare clone has no files, and its credentials are found too; a finding that is gone is
    // named.
    let bare = Project::new();
    bare.git(&["clone", "-q", "--bare", &project.path().display().to_string(), "."]);
    let report = reports.at("sarif").display().to_string();
    let url = stub.url();
    let again = ["verify", "--report", &report, ".", "--sts-endpoint", &url];
    bare.keysweep(again).run().exits(0);
    let nowhere = Project::new();
    nowhere.file("readme.md", "nothing\n");
    let gone = nowhere.keysweep(again).run().exits(3);
    assert!(gone.stderr.contains(&pair.id), "{}", gone.stderr);
}

/// Types a line at the program's prompt, on a terminal of its own, and prints what that showed.
const TERMINAL: &str = "
import os, pty, sys, termios, time
typed = sys.stdin.readline()
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
shown = b''
asked = False
while True:
    try:
        part = os.read(terminal, 4096)
    except OSError:
        break
    if not part:
        break
    shown += part
    if not asked and shown.endswith(b': '):
        asked = True
        # Nobody types faster than the program shuts the echo off.
        while termios.tcgetattr(terminal)[3] & termios.ECHO:
            time.sleep(0.01)
        os.write(terminal, typed.encode())
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(status))
";

#[test]
fn a_prompt_does_not_echo_its_input() {
    use std::io::Write as _;
    let stub = Stub::start(|_, _| identity("aws"));
    let pair = Keys::new("a prompt").pair();
    let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let mut child = Command::new(python)
        .args(["-c", TERMINAL, env!("CARGO_BIN_EXE_keysweep"), "verify", &pair.id])
        .args(["--sts-endpoint", &stub.url()])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("Python runs");
    let mut input = child.stdin.take().expect("a pipe");
    writeln!(input, "{}", pair.secret).expect("written");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    let shown = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{shown}");
    assert!(shown.contains(&format!("Secret access key of {}: ", pair.id)), "{shown}");
    assert!(shown.contains(": active"), "{shown}");
    assert!(!shown.contains(&pair.secret[..8]), "the terminal shows what was typed");
}

#[test]
fn only_a_certificate_of_the_host_that_was_asked_is_believed() {
    let (project, _) = leaking("certificates");
    let certificates = Project::new();
    let ask = |port: u16, variable: Option<(&str, &str)>| {
        let url = format!("https://localhost:{port}");
        let args = ["scan", "--verify", "--sts-endpoint", &url, "--format", "json"];
        let mut program = project.keysweep(args);
        if let Some((name, file)) = variable {
            program = program.env(name, certificates.at(file));
        }
        program.run().exits(1).json()
    };
    let (right, right_pem) = tls_stub("localhost");
    let (wrong, wrong_pem) = tls_stub("sts.example.com");
    certificates.file("right.pem", right_pem).file("wrong.pem", wrong_pem);
    let bundle = |file| Some(("AWS_CA_BUNDLE", file));
    assert_eq!(status_of(&ask(right.port, bundle("right.pem"))), "active");
    assert_eq!(status_of(&ask(right.port, bundle("wrong.pem"))), "unknown", "of another authority");
    assert_eq!(status_of(&ask(wrong.port, bundle("wrong.pem"))), "unknown", "for another host");
    assert_eq!(status_of(&ask(right.port, None)), "unknown", "of no authority of the system");
    assert_eq!((right.requests().len(), wrong.requests().len()), (1, 0), "nobody else got a word");
    if cfg!(target_os = "linux") {
        // The variable by which OpenSSL finds the system's roots works here too.
        let system = Some(("SSL_CERT_FILE", "right.pem"));
        assert_eq!(status_of(&ask(right.port, system)), "active");
    }
    let args = ["scan", "--verify", "--sts-endpoint", "https://localhost:1"];
    let missing = project.keysweep(args).env("AWS_CA_BUNDLE", "none.pem").run().exits(2);
    assert!(missing.stderr.contains("AWS_CA_BUNDLE: none.pem"), "{}", missing.stderr);
}

#[test]
fn proxies_of_the_environment_are_used_and_no_proxy_goes_around_them() {
    let (project, _) = leaking("proxies");
    let (stub, pem) = tls_stub("localhost");
    let (port, asked) = proxy_to(stub.port);
    project.file("ca.pem", pem);
    let url = format!("https://localhost:{}", stub.port);
    let ask = |no_proxy: &str| {
        let args = ["scan", ".env", "--verify", "--sts-endpoint", &url, "--format", "json"];
        let program = project.keysweep(args).env("AWS_CA_BUNDLE", project.at("ca.pem"));
        let proxy = format!("http://127.0.0.1:{port}");
        let reported = program.env("HTTPS_PROXY", proxy).env("NO_PROXY", no_proxy).run().exits(1);
        assert_eq!(status_of(&reported.json()), "active");
        asked.lock().unwrap_or_else(PoisonError::into_inner).len()
    };
    assert_eq!(ask(""), 1, "through the proxy");
    assert_eq!(ask("localhost"), 1, "around it");
    assert_eq!(ask("example.com"), 2, "another host's exception");
}

#[test]
fn no_variable_chooses_the_endpoint_but_an_option_does() {
    let (project, _) = leaking("fips");
    let reported = |more: &[&str]| {
        let args = ["scan", "--verify-dry-run"].iter().chain(more);
        project.keysweep(args).env("AWS_USE_FIPS_ENDPOINT", "true").run().exits(1).stderr
    };
    let plain = reported(&[]);
    assert!(plain.contains("https://sts.us-east-1.amazonaws.com (aws)"), "{plain}");
    assert!(!plain.contains("fips.us"), "{plain}");
    let fips = reported(&["--fips"]);
    assert!(fips.contains("https://sts-fips.us-east-1.amazonaws.com (aws)"), "{fips}");
    let both = ["scan", "--verify", "--fips", "--sts-endpoint", "https://sts.example.com"];
    project.keysweep(both).run().exits(2);
}

#[test]
fn nothing_is_logged_at_trace_level_by_any_crate() {
    let stub = Stub::start(|_, _| identity("aws"));
    let (project, _) = leaking("trace");
    let url = stub.url();
    let args = ["scan", "--verify", "--sts-endpoint", &url];
    let plain = project.keysweep(args).run().exits(1);
    let mut program = project.keysweep(args);
    for variable in ["RUST_LOG", "AWS_LOG", "AWS_SDK_LOG", "SMITHY_LOG"] {
        program = program.env(variable, "trace");
    }
    // The harness looks for the secret in all that is printed.
    let traced = program.env("RUST_BACKTRACE", "full").run().exits(1);
    assert_eq!(plain.stderr.lines().count(), traced.stderr.lines().count(), "{}", traced.stderr);
    assert_eq!(plain.stdout, traced.stdout);
}

#[test]
fn a_log_of_a_live_key_says_what_was_asked() {
    let stub = Stub::start(|_, _| identity("aws"));
    let (project, _) = leaking("a live key");
    let url = stub.url();
    let args = ["scan", "--verify", "--sts-endpoint", &url, "--format", "sarif"];
    let run = project.keysweep(args).run().exits(1);
    let log = run.json();
    points::all(&log);
    validate::all(&run.stdout);
    let result = &log["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "aws-access-key-active");
    assert_eq!((&result["level"], &result["rank"]), (&"error".into(), &98.into()));
    assert_eq!(
        result["webRequest"],
        serde_json::json!({
            "protocol": "http", "target": url, "method": "POST",
            "parameters": {"Action": "GetCallerIdentity", "Version": "2011-06-15"},
        })
    );
    let remediation = &result["properties"]["remediation"];
    assert_eq!(remediation["variables"]["OWNER"], "alice");
    let name = remediation["remedy"].as_str().expect("a name");
    let cli = &log["runs"][0]["properties"]["remedies"][name]["steps"][0]["cli"];
    assert!(cli.as_str().is_some_and(|cli| cli.contains("--user-name \"$OWNER\" ")), "{cli}");
}
