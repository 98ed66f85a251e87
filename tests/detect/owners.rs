//! Halves of different owners, of which the other halves are elsewhere, and session tokens of several
//! keys: a pair at high or medium is a right one.

use std::fmt::Write as _;

use keysweep::detect::Engine;
use keysweep::finding::{Candidate, Confidence};
use keysweep::rules::RuleSet;
use keysweep::scan::Detector as _;

use crate::texts::Random;

fn found(text: &str) -> Vec<Candidate> {
    Engine::new(&RuleSet::builtin()).whole(text.as_bytes()).candidates
}

/// The pairs at medium and above.
fn pairs(found: &[Candidate]) -> Vec<(String, Vec<u8>, Confidence)> {
    let sure = found.iter().filter(|one| one.confidence > Confidence::Low);
    let halves = sure.filter_map(|one| {
        let (id, secret) = (one.credential.key_id.clone()?, one.credential.secret.as_ref()?);
        Some((id, secret.expose().to_vec(), one.confidence))
    });
    halves.collect()
}

/// `{I}` is the id of one owner, `{S}` the secret of another.
const HALVES: &[&str] = &[
    "<alice><key>{I}</key></alice>\n<bob><secret>{S}</secret></bob>\n",
    "<keys>\n <alice>\n  <accessKey>{I}</accessKey>\n </alice>\n <bob>\n  <secretKey>{S}</secretKey>\n </bob>\n</keys>\n",
    "{\"alice\": {\"key\": \"{I}\"}, \"bob\": {\"secret\": \"{S}\"}}\n",
    "alice:\n  key: {I}\nbob:\n  secret: {S}\n",
    "[alice]\nkey = {I}\n\n[bob]\nsecret = {S}\n",
    "diff --git a/prod.env b/prod.env\n--- a/prod.env\n+++ b/prod.env\n@@ -0,0 +1 @@\n+KEY={I}\ndiff --git a/dev.env b/dev.env\n--- a/dev.env\n+++ b/dev.env\n@@ -0,0 +1 @@\n+SECRET={S}\n",
    "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-KEY={I}\n-SECRET=$S\n+KEY=$K\n+SECRET={S}\n",
    "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-SECRET={S}\n-KEY=$K\n+SECRET=$S\n+KEY={I}\n",
    "INSERT INTO c VALUES (1,'alice','{I}',NULL),(2,'bob',NULL,'{S}');\n",
    "INSERT INTO c VALUES\n(1,'alice','{I}',NULL),\n(2,'bob',NULL,'{S}');\n",
    "keys = [\n  (\"alice\", \"{I}\", None),\n  (\"bob\", None, \"{S}\"),\n]\n",
    "alice key: {I}\nbob secret: {S}\n",
    "alice access key: {I}\nbob secret key: {S}\n",
    "## alice\nkey: {I}\n\n## bob\nsecret: {S}\n",
    "### alice\n\nAccess key: {I}\n\n### bob\n\nSecret key: {S}\n",
    "| alice | {I} |\n| bob | {S} |\n",
];

#[test]
fn halves_of_two_owners_are_no_key() {
    let (mut random, mut faults) = (Random::new(29), String::new());
    for form in HALVES {
        let body = form.replace("{I}", &random.id()).replace("{S}", &random.secret());
        let found = found(&body);
        if !pairs(&found).is_empty() {
            let _ = writeln!(faults, "{:?}\n{body}", pairs(&found));
        }
        // None is lost: a named secret is reported alone, too.
        let halves = |id: bool| {
            found.iter().any(|one| match id {
                true => one.credential.key_id.is_some(),
                false => one.credential.secret.is_some(),
            })
        };
        if !halves(true) || !halves(false) && form.to_lowercase().contains("secret") {
            let _ = writeln!(faults, "Lost\n{body}");
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

/// Halves of one key in forms that resemble the ones above.
const KEYS: &[&str] = &[
    "<alice><key>{I}</key><secret>{S}</secret></alice>\n",
    "<creds><id><value>{I}</value></id><secret><value>{S}</value></secret></creds>\n",
    "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-KEY={I}\n-SECRET={S}\n+KEY=$K\n+SECRET=$S\n",
    "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n KEY={I}\n-SECRET=$S\n+SECRET={S}\n",
    "INSERT INTO c VALUES (1,'alice','{I}','{S}'),(2,'bob',NULL,NULL);\n",
    "alice key: {I}\nalice secret: {S}\n",
    "## alice\n\nkey: {I}\n\nsecret: {S}\n",
    "# the id\nAWS_ACCESS_KEY_ID={I}\n# keep\nAWS_SECRET_ACCESS_KEY={S}\n",
    "<label>Access key</label><input type=\"text\" value=\"{I}\"><label>Secret key</label><input type=\"password\" value=\"{S}\">\n",
    "<div><h3>ci</h3><label>Access key</label><input value=\"{I}\"><label>Secret</label><input type=password value=\"{S}\"></div>\n",
    "<p>Access key</p>\n<input type='text' value='{I}'>\n<p>Secret access key</p>\n<input type='password' value='{S}'>\n",
];

#[test]
fn halves_of_one_owner_are_a_key() {
    let (mut random, mut faults) = (Random::new(30), String::new());
    for form in KEYS {
        let (id, secret) = (random.id(), random.secret());
        let body = form.replace("{I}", &id).replace("{S}", &secret);
        let pairs = pairs(&found(&body));
        let is_key = matches!(pairs.as_slice(), [(a, b, _)] if *a == id && b == secret.as_bytes());
        if !is_key {
            let _ = writeln!(faults, "{pairs:?}\n{body}");
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

/// Names of the parts of a temporary key; `{O}` is its owner.
const NAMES: &[[&str; 3]] = &[
    ["{O}_AWS_ACCESS_KEY_ID", "{O}_AWS_SECRET_ACCESS_KEY", "{O}_AWS_SESSION_TOKEN"],
    ["AWS_ACCESS_KEY_ID_{O}", "AWS_SECRET_ACCESS_KEY_{O}", "AWS_SECURITY_TOKEN_{O}"],
    ["{O}_KEY", "{O}_SECRET", "{O}_TOKEN"],
];

#[test]
fn a_session_token_belongs_to_the_key_of_its_name() {
    let (mut random, mut faults) = (Random::new(32), String::new());
    let owners = ["ALICE", "BOB", "CAROL"];
    for names in NAMES {
        for assign in ["{N}={V}\n", "export {N}=\"{V}\"\n", "{N}: {V}\n", "\"{N}\": \"{V}\",\n"] {
            // Groups of one part, in the same or another order, and one group for each owner.
            for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
                for grouped in [true, false] {
                    let keys: Vec<[String; 3]> = owners
                        .iter()
                        .map(|_| {
                            let id = random.id().replacen("AKIA", "ASIA", 1);
                            let token = format!("IQoJb3JpZ2luX2Vj{}", random.letters(260));
                            [id, random.secret(), token]
                        })
                        .collect();
                    let line = |owner: usize, part: usize| {
                        let name = names[part].replace("{O}", owners[owner]);
                        assign.replace("{N}", &name).replace("{V}", &keys[owner][part])
                    };
                    let mut body = String::new();
                    for outer in 0..3 {
                        for inner in 0..3 {
                            let (part, at) = if grouped { (outer, inner) } else { (inner, outer) };
                            let owner = if part == 2 && grouped { order[at] } else { at };
                            body.push_str(&line(owner, part));
                        }
                    }
                    for one in found(&body) {
                        let Some(own) =
                            keys.iter().find(|key| Some(&key[0]) == one.credential.key_id.as_ref())
                        else {
                            continue;
                        };
                        let token = one.credential.session_token.as_ref();
                        if token.is_none_or(|token| token.expose() != own[2].as_bytes()) {
                            let _ = writeln!(faults, "{} {}\n{body}", own[0], token.is_some());
                        }
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults:.6000}");
}

#[test]
fn a_session_token_is_not_given_to_a_key_whose_own_is_absent() {
    let mut random = Random::new(33);
    for form in [
        "AWS_ACCESS_KEY_ID={I}\nAWS_SECRET_ACCESS_KEY={S}\nAWS_SESSION_TOKEN=\n\nOTHER_SESSION_TOKEN={T}\n",
        "OTHER_SESSION_TOKEN={T}\nAWS_ACCESS_KEY_ID={I}\nAWS_SECRET_ACCESS_KEY={S}\nAWS_SESSION_TOKEN=\n",
    ] {
        let id = random.id().replacen("AKIA", "ASIA", 1);
        let token = format!("IQoJb3JpZ2luX2Vj{}", random.letters(260));
        let body = form.replace("{I}", &id).replace("{S}", &random.secret());
        let found = found(&body.replace("{T}", &token));
        let key =
            found.iter().find(|one| one.credential.key_id.as_ref() == Some(&id)).expect("a key");
        assert!(
            key.credential.secret.is_some() && key.credential.session_token.is_none(),
            "{body}"
        );
    }
}
