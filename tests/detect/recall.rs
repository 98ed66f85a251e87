//! The tables of forms in which keys leak (`tests/recall`), filled with random keys and
//! scanned: every pair is found, and no pair is made up.
//!
//! `make.py` holds forms by kind of file, escape and encoding, `public_forms.py` forms as they
//! occur in public repositories. A failing test prints its seed, and `KEYSWEEP_TEST_SEED` sets another.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::seed;

/// Forms that are not read yet, each with its reason; a form that is found after all fails too.
const NOT_READ: [(&str, &str); 0] = [];

/// Key id, digest of the secret, digest of the session token.
type Pair = (String, String, Option<String>);

#[test]
fn every_form_of_the_table_is_found_and_none_is_mispaired() {
    check("make.py");
}

#[test]
fn forms_of_public_repositories_are_found_and_none_is_mispaired() {
    check("public_forms.py");
}

fn check(script: &str) {
    let seed = seed().to_string();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recall").join(script);
    let made = Command::new("python3")
        .arg("-B")
        .arg(&script)
        .args(["--seed", &seed])
        .arg(folder.path())
        .output()
        .expect("python3 runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let expected = std::fs::read(folder.path().join("expected.json")).expect("the table");
    std::fs::remove_file(folder.path().join("expected.json")).expect("the table is removed");
    let expected: BTreeMap<String, Value> = serde_json::from_slice(&expected).expect("JSON");
    let found = scan(folder.path());
    let mut faults = Vec::new();
    for (file, form) in &expected {
        let wanted: BTreeSet<Pair> =
            form["pairs"].as_array().into_iter().flatten().map(pair_of).collect();
        let none = BTreeSet::new();
        let seen = found.get(file).unwrap_or(&none);
        let halves = |pairs: &BTreeSet<Pair>| -> BTreeSet<(String, String)> {
            pairs.iter().map(|(id, secret, _)| (id.clone(), secret.clone())).collect()
        };
        if NOT_READ.iter().any(|(name, _)| name == file) {
            if halves(seen) == halves(&wanted) {
                faults.push(format!("{file}: found, so NOT_READ is out of date"));
            }
            continue;
        }
        for missed in halves(&wanted).difference(&halves(seen)) {
            faults.push(format!("{file}: {} is missed ({})", missed.0, form["form"]));
        }
        for wrong in halves(seen).difference(&halves(&wanted)) {
            faults.push(format!("{file}: {} has a wrong secret ({})", wrong.0, form["form"]));
        }
        for token in wanted.iter().filter(|(_, _, token)| token.is_some()) {
            if halves(seen).contains(&(token.0.clone(), token.1.clone())) && !seen.contains(token) {
                faults.push(format!("{file}: {} has a wrong session token", token.0));
            }
        }
    }
    assert!(faults.is_empty(), "seed {seed}:\n{}", faults.join("\n"));
}

fn pair_of(pair: &Value) -> Pair {
    let text = |index: usize| pair[index].as_str().map(str::to_owned);
    (text(0).unwrap_or_default(), text(1).unwrap_or_default(), text(2))
}

/// Pairs by file. A place that shows only the id of a pair found elsewhere is none.
fn scan(folder: &Path) -> BTreeMap<String, BTreeSet<Pair>> {
    let output = Command::new(env!("CARGO_BIN_EXE_keysweep"))
        // The forms hold pairs of other providers, too, which the table does not list.
        .args(["scan", "--no-ignore", "--pack", "aws", "--format", "json"])
        .arg(folder)
        .output()
        .expect("keysweep runs");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("a JSON report");
    let mut found: BTreeMap<String, BTreeSet<Pair>> = BTreeMap::new();
    for finding in report["findings"].as_array().into_iter().flatten() {
        let text = |key: &str| finding[key].as_str().map(str::to_owned);
        // The user and the password of SES are not an access key.
        if text("rule").as_deref() == Some("aws-ses-smtp-password") {
            continue;
        }
        let (Some(id), Some(secret)) = (text("key_id"), text("secret_sha256")) else { continue };
        for place in finding["occurrences"].as_array().into_iter().flatten() {
            if place["secret"].is_null() || place["id"].is_null() {
                continue;
            }
            let path = place["path"].as_str().unwrap_or_default().to_owned();
            let pair = (id.clone(), secret.clone(), text("session_token_sha256"));
            found.entry(path).or_default().insert(pair);
        }
    }
    found
}
