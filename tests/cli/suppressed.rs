//! Suppressed findings: baseline, markers, configuration, and what must never suppress.

use std::fs;

use crate::support::{Keys, Project};

/// A repository with one committed leak.
pub(crate) fn repository(keys: &mut Keys) -> (Project, String) {
    let project = Project::new();
    let env = keys.pair().env;
    project.git(&["init", "-q", "-b", "main"]).file("conf/a.env", &env);
    project.git(&["add", "."]).git(&["commit", "-q", "-m", "one"]);
    (project, env)
}

pub(crate) fn fingerprints(report: &serde_json::Value) -> Vec<String> {
    let findings = report["findings"].as_array().expect("findings");
    findings.iter().map(|one| one["fingerprint"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn what_a_baseline_accepts_is_counted_and_left_out_in_every_file() {
    let mut keys = Keys::new("baseline");
    let (project, env) = repository(&mut keys);
    project.keysweep(["scan"]).run().exits(1);
    let ran = project.keysweep(["baseline", "--reason", "test account"]).run().exits(0);
    assert!(ran.stdout.contains("1 added, 0 removed: 1 in all"), "{}", ran.stdout);
    let text = fs::read_to_string(project.at(".keysweep-baseline")).expect("a baseline");
    assert!(text.lines().nth(1).expect("an entry").ends_with(" # test account"), "{text}");
    for command in [&["scan"][..], &["history"], &["scan", "conf/a.env"]] {
        let command = [command, &["--format", "json"]].concat();
        let ran = project.keysweep(&command).run().exits(0);
        assert_eq!(ran.left_out("suppressed"), 1, "{command:?}");
        assert!(ran.places().is_empty(), "{command:?}");
    }
    // Moved down, renamed, and as plain files elsewhere: the same value.
    project.file("other.txt", "\n".repeat(50) + &env);
    fs::remove_file(project.at("conf/a.env")).expect("removed");
    project.keysweep(["scan"]).run().exits(0);
    // Another secret on the same line is another credential.
    project.file("other.txt", "\n".repeat(50) + &keys.pair().env);
    project.keysweep(["scan"]).run().exits(1);
}

#[test]
fn no_reason_takes_a_secret_into_the_baseline() {
    let mut keys = Keys::new("reason of a baseline");
    let (project, _) = repository(&mut keys);
    let pair = keys.pair();
    project.file("second.env", &pair.env);
    let secret = &pair.secret;
    let reversed: String = secret.chars().rev().collect();
    for shown in [secret.as_str(), &secret[..20], &reversed] {
        let reason = format!("the old key, {shown}, is dead");
        let ran = project.keysweep(["baseline", "--yes", "--reason", &reason]).run().exits(2);
        assert!(ran.stderr.contains("--reason contains a secret"), "{}", ran.stderr);
        assert!(!ran.stderr.contains(shown) && !ran.stdout.contains(shown), "{}", ran.stderr);
        assert!(!project.at(".keysweep-baseline").exists());
    }
}

#[test]
fn suppressed_findings_are_shown_on_request() {
    let mut keys = Keys::new("include suppressed");
    let (project, _) = repository(&mut keys);
    project.keysweep(["baseline", "--reason", "old"]).run().exits(0);
    let asked = ["scan", "--include-suppressed", "--format", "json"];
    let report = project.keysweep(asked).run().exits(0).json();
    let suppressed = &report["findings"][0]["suppressed"];
    assert_eq!(
        (suppressed["by"].as_str(), suppressed["reason"].as_str()),
        (Some("baseline"), Some("old"))
    );
    let asked = ["scan", "--include-suppressed", "--format", "sarif"];
    let report = project.keysweep(asked).run().exits(0).json();
    let result = &report["runs"][0]["results"][0];
    assert_eq!(result["suppressions"][0]["status"], "accepted");
    assert_eq!(result["baselineState"], "unchanged");
    let report = project.keysweep(["scan", "--format", "sarif"]).run().exits(0).json();
    assert_eq!(report["runs"][0]["results"].as_array().map(Vec::len), Some(0));
}

#[test]
fn an_entry_may_end_and_may_go_stale() {
    let mut keys = Keys::new("stale");
    let (project, _) = repository(&mut keys);
    project.keysweep(["baseline"]).run().exits(0);
    let path = project.at(".keysweep-baseline");
    let text = fs::read_to_string(&path).expect("a baseline");
    project.file(".keysweep-baseline", text.trim_end().to_owned() + " until=2020-01-31\n");
    let ran = project.keysweep(["scan"]).run().exits(1);
    assert!(ran.stderr.contains("suppressed only until 2020-01-31"), "{}", ran.stderr);
    // A second run keeps what people wrote.
    project.keysweep(["baseline"]).run().exits(0);
    assert!(fs::read_to_string(&path).expect("a baseline").contains("until=2020-01-31"));
    let stale = format!("{} aws-access-key AKIA...AAAA # gone\n", "ab".repeat(16));
    project.file(".keysweep-baseline", text.clone() + &stale);
    let ran = project.keysweep(["scan"]).run().exits(0);
    assert!(ran.stderr.contains("stale in the baseline"), "{}", ran.stderr);
    for partial in [&["scan", "conf"][..], &["scan", "--exclude", "x"], &["staged"]] {
        let ran = project.keysweep(partial).run().exits(0);
        assert!(!ran.stderr.contains("stale"), "{partial:?}: {}", ran.stderr);
    }
    let ran = project.keysweep(["baseline", "--prune"]).run().exits(0);
    assert!(ran.stdout.contains("0 added, 1 removed: 1 in all"), "{}", ran.stdout);
    assert_eq!(fs::read_to_string(&path).expect("a baseline"), text);
}

#[test]
fn a_marker_hides_its_own_line_only() {
    let mut keys = Keys::new("markers");
    let project = Project::new();
    let (id, secret) = (keys.id(), keys.secret());
    for marker in [
        "keysweep:allow",
        "gitleaks:allow",
        "trufflehog:ignore",
        "kingfisher:ignore",
        "pragma: allowlist secret",
    ] {
        project.file("a.py", format!("key(\"{id}\", \"{secret}\")  # {marker}\n"));
        let ran = project.keysweep(["scan", "--format", "json"]).run().exits(0);
        assert_eq!(ran.left_out("suppressed"), 1, "{marker}");
        project.keysweep(["scan", "--no-inline-allow"]).run().exits(1);
    }
    project.file("b.py", format!("key(\"{id}\", \"{secret}\")\n"));
    project.keysweep(["scan"]).run().exits(1);
}

#[test]
fn the_configuration_adds_patterns_leaves_paths_out_and_allows_values() {
    let mut keys = Keys::new("configuration");
    let (project, _) = repository(&mut keys);
    let report = project.keysweep(["scan", "--format", "json"]).run().exits(1).json();
    let fingerprint = fingerprints(&report).remove(0);
    let allow = format!("[[allow]]\nfingerprint = \"{fingerprint}\"\nreason = \"revoked\"\n");
    project.file(".keysweep.toml", &allow);
    let ran = project.keysweep(["scan", "--format", "json"]).run().exits(0);
    assert_eq!(ran.left_out("suppressed"), 1);
    project.keysweep(["scan", "--no-config"]).run().exits(1);
    project.file(".keysweep.toml", "exclude = [\"conf/\"]\n");
    for command in ["scan", "history"] {
        let ran = project.keysweep([command, "--format", "json"]).run().exits(0);
        assert!(ran.left_out("excluded") > 0, "{command}");
    }
    let rule = "[[rule]]\nid = \"acme-key\"\ntitle = \"Acme key\"\ndescription = \"Opens it.\"\n\
                anchors = [\"acme_\"]\nregex = 'acme_[a-z]{20}'\n\
                examples = [\"acme_qkzjvwmxrtbnhgplfdcs\"]\nremedy = \"Ask the works.\"\n";
    project.file("elsewhere/team.toml", rule).file("x.txt", "acme_scdflpghnbtrxmwvjzkq\n");
    let named = ["scan", "x.txt", "--config", "elsewhere/team.toml"];
    let ran = project.keysweep(named).run().exits(1);
    assert!(
        ran.stdout.contains("Acme key") && ran.stdout.contains("What to do first:"),
        "{}",
        ran.stdout
    );
    let listed = project.keysweep(["rules", "--config", "elsewhere/team.toml"]).run().exits(0);
    assert!(listed.stdout.contains("acme-key"), "{}", listed.stdout);
}

#[test]
fn a_fault_is_status_2_with_file_line_and_what_was_meant() {
    let mut keys = Keys::new("faults");
    let (project, _) = repository(&mut keys);
    for (text, reported) in [
        (
            "\nexcludes = []\n",
            ".keysweep.toml:2: unknown field 'excludes'; did you mean 'exclude'?",
        ),
        ("verify = true\n", ".keysweep.toml:1: 'verify' is a command-line option"),
        (
            "[[rule]]\nid = \"aws-mws-key\"\n",
            ".keysweep.toml:2: rule 'aws-mws-key': the id is that of",
        ),
        ("exclude = [\n", ".keysweep.toml:1: not TOML"),
    ] {
        project.file(".keysweep.toml", text);
        for command in ["scan", "history", "staged"] {
            let ran = project.keysweep([command]).run().exits(2);
            assert!(ran.stderr.contains(reported), "{command}: {}", ran.stderr);
        }
    }
    let both = "excludes = []\n[[rule]]\nid = \"x y\"\n";
    let ran = project.file(".keysweep.toml", both).keysweep(["scan"]).run().exits(2);
    assert!(ran.stderr.lines().count() > 3, "{}", ran.stderr);
    project.file(".keysweep.toml", "").file(".keysweep-baseline", "<<<<<<< HEAD\n");
    let ran = project.keysweep(["scan"]).run().exits(2);
    assert!(
        ran.stderr.contains(".keysweep-baseline:1: a merge left conflict markers"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_target_cannot_link_to_a_baseline_or_configuration_elsewhere() {
    let mut keys = Keys::new("links");
    let (project, _) = repository(&mut keys);
    let outside = Project::new();
    outside.file("allow.toml", "exclude = [\"conf\"]\n");
    for name in [".keysweep.toml", ".keysweep-baseline"] {
        let link = project.at(name);
        std::os::unix::fs::symlink(outside.at("allow.toml"), &link).expect("a link");
        let ran = project.keysweep(["scan"]).run().exits(2);
        assert!(ran.stderr.contains("links are not followed"), "{}", ran.stderr);
        fs::remove_file(link).expect("removed");
    }
    // A file above the repository's root is nobody's.
    let outer = Project::new();
    let env = keys.pair().env;
    outer.file(".keysweep.toml", "exclude = [\"inner\", \"a.env\"]\n").file("inner/a.env", env);
    outer.git_in("inner", &["init", "-q"]);
    outer.keysweep(["scan"]).from("inner").run().exits(1);
}

#[test]
fn a_range_obeys_what_base_says_and_not_what_it_brings() {
    let mut keys = Keys::new("range of base");
    let (project, _) = repository(&mut keys);
    project.file(".keysweep.toml", "exclude = [\"new.env\"]\n").file("new.env", keys.pair().env);
    project.git(&["add", "."]).git(&["commit", "-q", "-m", "two"]);
    project.keysweep(["range", "HEAD~1..HEAD"]).run().exits(1);
    project.file("more.txt", "x").git(&["add", "."]).git(&["commit", "-q", "-m", "three"]);
    project.file("new.env", keys.pair().env);
    project.git(&["add", "."]).git(&["commit", "-q", "-m", "four"]);
    project.keysweep(["range", "HEAD~1..HEAD"]).run().exits(0);
    project.keysweep(["range", "HEAD~1..HEAD", "--no-config"]).run().exits(1);
}

#[test]
fn baselines_of_other_tools_are_imported_in_one_command() {
    let mut keys = Keys::new("switch");
    let (project, _) = repository(&mut keys);
    project.file("b.env", keys.pair().env);
    project.file(".gitleaksignore", "conf/a.env:aws-access-token:1\n");
    let ran = project.keysweep(["baseline", "--from-gitleaks", ".gitleaksignore"]).run().exits(0);
    assert!(
        ran.stdout.contains("1 added") && ran.stdout.contains("1 findings are not"),
        "{}",
        ran.stdout
    );
    project.keysweep(["scan"]).run().exits(1);
    project.file("all.toml", "[allowlist]\npaths = ['\\.env$']\n");
    project.keysweep(["baseline", "--from-gitleaks", "all.toml"]).run().exits(0);
    project.keysweep(["scan"]).run().exits(0);
    let ran = project.keysweep(["baseline", "--from-detect-secrets", "all.toml"]).run().exits(2);
    assert!(ran.stderr.contains("all.toml:1: not a baseline of detect-secrets"), "{}", ran.stderr);
}
