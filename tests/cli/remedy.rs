//! Every command that keysweep advises is accepted by the real AWS CLI, and the first of them
//! works.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use keysweep::finding::Finding;
use keysweep::remedy::{self, Occasion};
use keysweep::rules::{Pack, RuleSet};

use crate::support::findings::{finding, key_id, pair, secret};
use crate::support::moto::Moto;
use crate::support::programs;
use crate::support::tools;
use crate::support::{Keys, Project};

/// The AWS CLI with a stand-in before it that notes how each call ended. It is imported once for all calls
/// (`tests/data/aws_cli.py`): that takes longer than a call.
struct Cli {
    server: Child,
    folder: tempfile::TempDir,
    url: String,
}

/// Calls whose answer feeds another command get one where the server has none, so that the other
/// command runs too. `2` and `252` are the CLI's statuses for wrong usage.
const WRAPPER: &str = r#"#!/bin/sh
answer=$(REAL "$@" 2>"FOLDER/error.$$")
status=$?
cat "FOLDER/error.$$" >&2
if [ $status = 2 ] || [ $status = 252 ] || grep -q -e '^usage:' -e 'Parameter validation' "FOLDER/error.$$"
then printf '%s\n' "$*" >> FOLDER/refused; cat "FOLDER/error.$$" >> FOLDER/refused; fi
printf '%s\n' "$1 $2" >> FOLDER/called
case "$*" in
*describe-regions*) answer=us-east-1 ;;
*sessionIssuer* | *CloudTrailEvent*) answer='{"sessionIssuer":{"type":"Role","userName":"deploy"}}' ;;
*'--output text'*) [ -n "$answer" ] || answer=STANDINSTANDINSTANDIN ;;
esac
printf '%s\n' "$answer"
exit $status
"#;

impl Drop for Cli {
    fn drop(&mut self) {
        // Its standard input ends, and so does it.
        drop(self.server.stdin.take());
        let _ = self.server.wait();
    }
}

impl Cli {
    fn new(venv: &Path, url: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let bin = folder.path().join("bin");
        let (python, socket) = (tools::programs(venv).join("python"), folder.path().join("socket"));
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/aws_cli.py");
        let mut serve = Command::new(&python);
        serve.arg(script).arg("serve").arg(&socket).stdin(Stdio::piped());
        let server = environment(&mut serve, folder.path(), url).spawn().expect("Python runs");
        let real = format!("'{}' -S -E '{script}' call '{}'", python.display(), socket.display());
        let text =
            WRAPPER.replace("REAL", &real).replace("FOLDER", &folder.path().display().to_string());
        programs::script(&bin.join("aws"), &text);
        // Nobody waits here, and nobody asks AWS.
        programs::script(&bin.join("sleep"), "#!/bin/sh\n");
        let noted = folder.path().join("verified");
        let stand_in = format!("#!/bin/sh\nprintf '%s\\n' \"$*\" >> '{}'\n", noted.display());
        programs::script(&bin.join("keysweep"), &stand_in);
        let mut cli = Self { folder, url: url.to_owned(), server };
        while !socket.exists() {
            assert!(cli.server.try_wait().expect("ours").is_none(), "the AWS CLI does not start");
            thread::sleep(Duration::from_millis(20));
        }
        cli
    }

    fn run(&self, command: &str) -> Output {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", command]);
        environment(&mut shell, self.folder.path(), &self.url).output().expect("a shell")
    }

    fn noted(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }
}

/// Sets the environment that the CLI and its callers have.
fn environment<'a>(command: &'a mut Command, folder: &Path, url: &str) -> &'a mut Command {
    command
        .env_clear()
        .env("PATH", format!("{}:/usr/bin:/bin", folder.join("bin").display()))
        .env("HOME", folder)
        .env("AWS_ENDPOINT_URL", url)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_MAX_ATTEMPTS", "1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
}

/// A finding of every rule, once with nothing known and once with all of it.
fn every_kind(id: &str) -> Vec<Finding> {
    let session = key_id("ASIA", 3);
    let mut found = vec![
        pair(id, &secret(1), None),
        pair(&session, &secret(1), Some("token")),
        finding("aws-access-key-id", Some(id), None, None),
        finding("aws-access-key-id", Some(&session), None, None),
        finding("aws-bedrock-short-term-key", Some(&session), Some("x"), None),
        finding("aws-bedrock-short-term-key", Some(id), Some("x"), None),
        finding("aws-service-credential", Some("bob-at-123456789012"), Some("x"), None),
    ];
    let rules = RuleSet::builtin().rules;
    for rule in rules.iter().filter(|rule| rule.pack == Pack::Aws) {
        found.push(finding(rule.id.as_str(), None, Some("x"), None));
    }
    let arns = ["arn:aws:iam::123456789012:root", "arn:aws:iam::123456789012:user/ops/alice"];
    for arn in arns {
        let mut known = pair(id, &secret(1), None);
        known.verification.arn = Some(arn.to_owned());
        found.push(known);
    }
    for one in &mut found {
        if one.credential.rule.as_str() == "aws-service-credential" {
            one.credential.user = Some("bob".to_owned());
        }
    }
    found
}

#[test]
fn the_aws_cli_takes_every_command() {
    let Some(venv) = tools::venv() else { return };
    let moto = Moto::start();
    let cli = Cli::new(&venv, &moto.url());
    let rules = RuleSet::builtin();
    // Nobody's key: what a command changes is not this test's matter.
    let id = key_id("AKIA", 7);
    // Each text once with and once without a lookup: more would be the same to the CLI.
    let mut texts: BTreeMap<(String, bool), String> = BTreeMap::new();
    for found in every_kind(&id) {
        for step in remedy::steps(&found, &rules) {
            let Some(cli) = step.cli else { continue };
            // The CLI checks the length of ids before it sends them.
            let cli = cli.replace("<KEY_ID>", &id).replace("<CREDENTIAL_ID>", &id);
            texts.insert((step.title, cli.contains("\"$(aws")), cli);
        }
    }
    let commands: BTreeSet<String> = texts.into_values().collect();
    assert!(commands.len() > 35, "{}", commands.len());
    let waiting = Mutex::new(commands.iter());
    let failed: Mutex<BTreeMap<&str, String>> = Mutex::default();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(command) = { waiting.lock().expect("no panic").next() } {
                    let output = cli.run(command);
                    let error = String::from_utf8_lossy(&output.stderr).into_owned();
                    if error.contains("/bin/sh:")
                        || error.contains("not found\n") && error.contains("sh:")
                    {
                        failed.lock().expect("no panic").insert(command, error);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("no panic");
    assert!(failed.is_empty(), "the shell refuses: {failed:#?}");
    assert_eq!(cli.noted("refused"), "", "the AWS CLI refuses these");
    let called = cli.noted("called");
    for operation in [
        "iam update-access-key",
        "iam get-access-key-last-used",
        "iam put-role-policy",
        "iam update-service-specific-credential",
        "cloudtrail lookup-events",
        "appsync list-api-keys",
    ] {
        assert!(called.contains(operation), "{operation} was never run: {called}");
    }
}

#[test]
fn the_first_step_deactivates_the_key_and_the_rotation_ends_with_one_key() {
    let Some(venv) = tools::venv() else { return };
    let moto = Moto::start();
    let cli = Cli::new(&venv, &moto.url());
    let key = moto.user_key("alice");
    let steps = remedy::steps(&pair(&key.id, &key.secret, None), &RuleSet::builtin());
    let status = || {
        let query = "aws iam list-access-keys --user-name alice --output text --query \
                     'AccessKeyMetadata[].[AccessKeyId,Status]'";
        String::from_utf8_lossy(&cli.run(query).stdout).into_owned()
    };
    assert!(status().contains(&format!("{}\tActive", key.id)), "{}", status());
    let first = steps[0].cli.as_deref().expect("a command");
    let output = cli.run(first);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(status().contains(&format!("{}\tInactive", key.id)), "{}", status());
    for step in steps.iter().filter(|step| step.when == Occasion::Rotation) {
        let Some(command) = &step.cli else { continue };
        let output = cli.run(command);
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let left = status();
    // The old key is gone, and its successor is there.
    assert!(!left.contains(&key.id) && left.trim().lines().count() == 1, "{left}");
}

/// The output of `keysweep explain` with further arguments.
fn explained(arguments: &[&str]) -> String {
    let project = Project::new();
    project.keysweep([&["explain"], arguments].concat()).run().exits(0).stdout
}

#[test]
fn the_printed_commands_end_a_leak_step_by_step() {
    let Some(venv) = tools::venv() else { return };
    let moto = Moto::start();
    let cli = Cli::new(&venv, &moto.url());
    let key = moto.user_key("carol");
    let script = explained(&[&key.id, "--script"]);
    assert!(script.lines().all(|line| line.chars().count() <= 100), "{script}");
    // No value that the reader does not know yet is asked for before the first step.
    let first = script.find("if ask '1. Deactivate the key now'").expect("a first step");
    assert!(script.find("read -r ROLE").is_some_and(|role| role > first), "{script}");
    let answers = |answer: &str| format!("(yes '{answer}' | head -50) | (\n{script}\n)");
    let status = || {
        let query = "aws iam list-access-keys --user-name carol --output text --query \
                     'AccessKeyMetadata[].[AccessKeyId,Status]'";
        String::from_utf8_lossy(&cli.run(query).stdout).into_owned()
    };
    // Whoever says no to each step has changed nothing.
    let output = cli.run(&answers("n"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(status().contains(&format!("{}\tActive", key.id)), "{}", status());
    assert_eq!(cli.noted("verified"), format!("verify {}\n", key.id));
    let output = cli.run(&answers("y"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(cli.noted("refused"), "", "the AWS CLI refuses these");
    assert!(!status().contains(&key.id), "{}", status());
    // Signed in to another account than the key's: nothing is asked of it.
    let foreign = explained(&[&key_id("AKIA", 9), "--script"]);
    let output = cli.run(&foreign.replace("[ \"$account\" != ", "[ \"x$account\" != "));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("you are signed in to"), "{said}");
}

/// Stand-ins that print the words they get, so that two spellings can be compared.
const STAND_INS: &str = r#"
aws() { for word; do printf '<%s>' "$word" | tr -d ' \n'; done; printf '\n'; }
date() { printf 'DATE'; }
sed() { printf 'SED'; }
sleep() { :; }
"#;

#[test]
fn what_explain_prints_is_what_reports_advise() {
    let rules = RuleSet::builtin();
    let words = |commands: &str| {
        let output =
            Command::new("/bin/sh").args(["-c", &format!("{STAND_INS}{commands}")]).output();
        let output = output.expect("a shell");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(error, "", "{commands}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let (long, session) = (key_id("AKIA", 4), key_id("ASIA", 4));
    for (id, rule) in [(&long, "aws-access-key"), (&session, "aws-temporary-key")] {
        let found = finding(rule, Some(id), Some("x"), None);
        let advised = remedy::steps(&found, &rules).into_iter().filter_map(|step| step.cli);
        let advised: Vec<String> = advised.collect();
        let text = explained(&[id]);
        let indented = text.lines().filter(|line| line.starts_with("       "));
        let indented: String = indented.map(|line| format!("{line}\n")).collect();
        let first: String = text.split("\n\n").nth(1).expect("a block").to_owned() + "\n";
        let commands = first + &indented;
        let (ours, theirs) = (words(&commands), words(&advised.join("\n")));
        assert_eq!(ours.lines().collect::<Vec<_>>(), theirs.lines().collect::<Vec<_>>());
        assert!(ours.lines().count() > 4, "{ours}");
    }
}

#[test]
fn a_report_is_explained_finding_by_finding() {
    let project = Project::new();
    let mut keys = Keys::new("explain report");
    let pairs = [keys.pair(), keys.pair()];
    for (number, pair) in pairs.iter().enumerate() {
        project.file(format!("{number}.env"), &pair.env);
    }
    for format in ["json", "jsonl", "sarif"] {
        let report = project.keysweep(["scan", "--format", format]).run().exits(1).stdout;
        let name = format!("report.{format}");
        project.file(&name, report);
        let reported = project.keysweep(["explain", "--report", &name]).run().exits(0).stdout;
        for (number, pair) in pairs.iter().enumerate() {
            let lines = format!("  # {number}.env:1\n  KEY={}\n", pair.id);
            assert!(reported.contains(&lines), "{format}: {lines} in {reported}");
        }
        assert_eq!(reported.matches("Deactivate the key now").count(), 1, "{format}: {reported}");
        assert!(reported.lines().all(|line| line.chars().count() <= 100), "{format}: {reported}");
    }
    project.file("empty", "{}");
    let ran = project.keysweep(["explain", "--report", "empty"]).run().exits(2);
    assert!(ran.stderr.contains("not a keysweep report"), "{}", ran.stderr);
}
