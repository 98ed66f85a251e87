//! Options that contradict each other, or together could never fail: all pairs, each once.

use crate::support::{Keys, Project};

/// Options that do not fit a command, and a word that the refusal must contain.
type Pair = (&'static [&'static str], &'static str);

/// Options of every command that scans.
const OF_ALL: [Pair; 12] = [
    (&["--fail-on", "active"], "needs --verify"),
    (&["--fail-on", "active", "--verify-dry-run"], "needs --verify"),
    (&["--only-live", "--verify-dry-run"], "cannot be used with"),
    (&["--only-live", "--pack", "tokens"], "without the pack aws"),
    (&["--verify", "--fail-on", "active", "--pack", "more"], "without the pack aws"),
    (&["--config", "c.toml", "--no-config"], "cannot be used with"),
    (&["--output", "r.json", "--output", "r.json"], "named twice"),
    (&["--output", "json=-", "--output", "text=-"], "named twice"),
    (&["--output", "./b", "--baseline", "b"], "--baseline"),
    (&["--output", "json=c.toml", "--config", "c.toml"], "--config"),
    (&["--show-secrets", "--format", "sarif"], "--show-secrets"),
    (&["--sarif-category", "nightly"], "SARIF"),
];

/// Options for requests to AWS: with `--verify`, or the command `verify`.
const OF_STS: [Pair; 6] = [
    (&["--fips", "--sts-endpoint", "http://127.0.0.1:1"], "cannot be used with"),
    (&["--fips", "--partition", "aws-cn"], "--fips with --partition aws-cn"),
    (&["--only-account", ACCOUNT, "--skip-account", ACCOUNT], "two of"),
    (&["--only-account", ACCOUNT, "--canary-account", ACCOUNT], "two of"),
    (&["--skip-account", ACCOUNT, "--canary-account", ACCOUNT], "two of"),
    (&["--only-account", "171436882533"], "canary keys"),
];

/// Options that mean nothing without `--verify`.
const NEED_VERIFY: [&[&str]; 7] = [
    &["--sts-endpoint", "http://127.0.0.1:1"],
    &["--partition", "aws"],
    &["--skip-account", ACCOUNT],
    &["--canary-account", ACCOUNT],
    &["--only-account", ACCOUNT],
    &["--fips"],
    &["--rate", "1"],
];

/// Options of one command alone.
const OF_ONE: [(&[&str], &str); 19] = [
    (&["staged", "--hook", "--fail-on", "never"], "--hook with --fail-on never"),
    (&["range", "HEAD..HEAD", "--hook", "--fail-on", "never"], "--hook with --fail-on never"),
    (&["staged", "--hook", "--format", "json"], "cannot be used with"),
    (&["staged", "--hook", "--show-secrets"], "cannot be used with"),
    (&["range", "HEAD..HEAD", "--remote", "origin"], "--stdin"),
    (&["range", "HEAD..HEAD", ".", "--stdin"], "cannot be used with"),
    (&["range", ".."], "BASE of the range"),
    (&["range", "..HEAD"], "BASE of the range"),
    (&["range", "HEAD.."], "HEAD of the range"),
    (&["range", " ..HEAD"], "BASE of the range"),
    (&["scan", ".", "--stdin-name", "x"], "--stdin-name"),
    (&["sweep", ".", "--resume", "state", "--output", "state"], "--resume"),
    (&["baseline", "--prune", "--reason", "x"], "cannot be used with"),
    (&["baseline", "--prune", "--from-gitleaks", "x"], "cannot be used with"),
    (&["verify", "--report", "r", "--verify-dry-run", "--output", "o"], "cannot be used with"),
    (&["verify", "--report", "r", "--verify-dry-run", "--only-live"], "cannot be used with"),
    (&["verify", "AKIAX", "--only-live"], "--report"),
    (&["sweep", ".", "--list", "--only-live"], "cannot be used with"),
    (&["sweep", ".", "--since", "p", "--only-live"], "cannot be used with"),
];

const ACCOUNT: &str = "111111111111";

/// Every command that scans, as it is typed in the project below.
const COMMANDS: [&[&str]; 5] =
    [&["scan", "."], &["history"], &["staged"], &["range", "HEAD..HEAD"], &["sweep", "."]];

fn project() -> Project {
    let project = Project::new();
    project.file("c.toml", "").file("b", "").file("README", "nothing\n");
    project.git(&["init", "-q", "-b", "main"]).git(&["add", "-A"]).git(&["commit", "-qm", "one"]);
    project
}

#[test]
fn what_contradicts_itself_or_could_never_fail_is_refused() {
    let project = project();
    let refused = |args: &[&str], words: &str| {
        let ran = project.keysweep(args).run().exits(2);
        assert!(ran.stderr.contains(words), "{args:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{args:?}");
    };
    for command in COMMANDS {
        OF_ALL.iter().for_each(|(args, words)| refused(&[command, *args].concat(), words));
    }
    // One mechanism serves all commands, so one command is tried.
    for (args, words) in OF_STS {
        refused(&[&["scan", ".", "--verify"], args].concat(), words);
        refused(&[&["verify", "--report", "r"], args].concat(), words);
    }
    for args in NEED_VERIFY {
        refused(&[&["scan", "."], args].concat(), "needs --verify");
    }
    OF_ONE.iter().for_each(|(args, words)| refused(args, words));
    // No file was written over.
    assert!(!project.at("r.json").exists() && !project.at("state").exists());
}

#[test]
fn each_option_alone_is_accepted() {
    let project = project();
    for command in COMMANDS {
        for args in [
            &["--fail-on", "never"][..],
            &["--config", "c.toml"],
            &["--no-config"],
            &["--baseline", "b", "--output", "r.json"],
            &["--output", "json=-", "--output", "text=r.txt"],
        ] {
            project.keysweep([command, args].concat()).run().exits(0);
        }
    }
    project.keysweep(["staged", "--hook", "--fail-on", "error"]).run().exits(0);
    // An empty range that was meant, and a new ref.
    project.keysweep(["range", "HEAD..HEAD"]).run().exits(0);
    let zeros = format!("{}..HEAD", "0".repeat(40));
    project.keysweep(["range", &zeros]).run().exits(0);
    let pair = Keys::new("conflicts").pair();
    project.file("leak.env", &pair.env);
    project.keysweep(["scan", "."]).run().exits(1);
}
