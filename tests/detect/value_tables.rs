//! Tables of names and values: the cell before a value names it, whatever the rows around it are named.

use std::fmt::Write as _;

use keysweep::detect::Engine;
use keysweep::finding::{Candidate, Confidence};
use keysweep::rules::RuleSet;
use keysweep::scan::Detector as _;

use crate::texts::Random;

/// A notation: the text before, of a row, and after.
type Notation = (&'static str, &'static str, &'static str);

const NOTATIONS: &[Notation] = &[
    ("| Name | Value |\n|---|---|\n", "| {N} | {V} |\n", ""),
    ("", "| {N} | {V} |\n", ""),
    ("| Name | Value | Note |\n|---|---|---|\n", "| `{N}` | `{V}` | x |\n", ""),
    ("name,value\n", "{N},{V}\n", ""),
    ("", "{N},{V}\n", ""),
    ("id,name,value,env\n", "7,{N},{V},prod\n", ""),
    ("\"name\";\"value\"\n", "\"{N}\";\"{V}\"\n", ""),
    ("", "{N}\t{V}\n", ""),
    ("COPY conf (name, value) FROM stdin;\n", "{N}\t{V}\n", "\\.\n"),
    ("<table>", "<tr><td>{N}</td><td>{V}</td></tr>\n", "</table>\n"),
    ("<table>", "<tr><th>{N}</th><td><code>{V}</code></td></tr>\n", "</table>\n"),
    ("<table>", "<tr><td><p>{N}</p></td><td><p>{V}</p></td></tr>", "</table>\n"),
    (" name | value\n------+-------\n", " {N}                     | {V}\n", ""),
    ("Key                     Value\n---                     -----\n", "{C}{V}\n", ""),
    ("", "{C}{V}\n", ""),
    ("{| class=\"wikitable\"\n! Name !! Value\n", "|-\n| {N} || {V}\n", "|}\n"),
    (
        "\"Group\",\"Title\",\"Username\",\"Password\",\"URL\"\n",
        "\"Root\",\"{N}\",\"\",\"{V}\",\"\"\n",
        "",
    ),
    ("url,username,password,extra,name\n", "http://sn,,,{V},{N}\n", ""),
    ("name,url,username,password\n", "x,https://x,{N},{V}\n", ""),
];

/// Names of the two halves of a key.
const KEYS: &[(&str, &str)] = &[
    ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    ("S3_KEY", "S3_SECRET"),
    ("UPLOAD_AWS_KEY", "UPLOAD_AWS_SECRET"),
    ("Access key ID", "Secret access key"),
];

/// Names of rows that also name a secret, with the length of their values.
const NEIGHBOURS: &[(&str, usize)] = &[
    ("DB_PASSWORD", 12),
    ("Password", 9),
    ("MongoDB password", 20),
    ("GOOGLE_CLIENT_SECRET", 28),
    ("SLACK_SECRET", 32),
    ("TENCENT_SECRET_KEY", 32),
    ("Alibaba secret", 30),
    ("APP_ENV", 7),
];

fn table((head, row, tail): Notation, rows: &[(String, String)]) -> String {
    let rows = rows.iter().map(|(name, value)| {
        row.replace("{N}", name).replace("{V}", value).replace("{C}", &format!("{name:<24}"))
    });
    format!("{head}{}{tail}", rows.collect::<String>())
}

fn pairs(found: &[Candidate]) -> Vec<(&str, &[u8], Confidence)> {
    let pair = |one: &Candidate| one.credential.key_id.is_some() && one.credential.secret.is_some();
    let halves = found.iter().filter(|one| pair(one)).filter_map(|one| {
        let secret = one.credential.secret.as_ref()?;
        Some((one.credential.key_id.as_deref()?, secret.expose(), one.confidence))
    });
    halves.collect()
}

#[test]
fn a_row_that_names_another_secret_is_no_heading() {
    let (engine, mut random) = (Engine::new(&RuleSet::builtin()), Random::new(24));
    let mut faults = String::new();
    for notation in NOTATIONS {
        for (id_name, secret_name) in KEYS {
            for (place, (neighbour, len)) in NEIGHBOURS.iter().enumerate() {
                let (id, secret) = (random.id(), random.secret());
                let other = (neighbour.to_string(), random.letters(*len));
                let mut rows = vec![
                    (id_name.to_string(), id.clone()),
                    (secret_name.to_string(), secret.clone()),
                ];
                if place % 3 == 2 {
                    rows.reverse();
                }
                // Before, between and after the halves.
                for at in 0..3 {
                    let mut rows = rows.clone();
                    rows.insert(at, other.clone());
                    rows.insert(0, ("REGION".to_owned(), "eu-west-1".to_owned()));
                    let body = table(*notation, &rows);
                    let found = engine.whole(body.as_bytes()).candidates;
                    if pairs(&found) != [(&*id, secret.as_bytes(), Confidence::High)] {
                        let _ = writeln!(faults, "{:?}\n{body}", pairs(&found));
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "{} faults\n{faults:.9000}", faults.matches("REGION").count());
}

#[test]
fn a_row_that_names_a_salt_is_no_secret_of_the_row_next_to_it() {
    let (engine, mut random) = (Engine::new(&RuleSet::builtin()), Random::new(25));
    let mut faults = String::new();
    for notation in NOTATIONS {
        for name in ["HASHIDS_SALT", "LICENSE_HASH", "CACHE_DIGEST", "RELEASE_COMMIT"] {
            for turned in [false, true] {
                let mut rows = vec![
                    (name.to_owned(), random.secret()),
                    ("AWS_ACCESS_KEY_ID".to_owned(), random.id()),
                ];
                if turned {
                    rows.reverse();
                }
                let body = table(*notation, &rows);
                let found = engine.whole(body.as_bytes()).candidates;
                if pairs(&found).iter().any(|(_, _, confidence)| *confidence > Confidence::Low) {
                    let _ = writeln!(faults, "{:?}\n{body}", pairs(&found));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn a_login_of_a_table_is_a_key() {
    let (engine, mut random) = (Engine::new(&RuleSet::builtin()), Random::new(28));
    let mut faults = String::new();
    for (user, password) in
        [("Username", "Password"), ("User", "Password"), ("login_username", "login_password")]
    {
        for form in [
            "name,url,{U},{P},note\naws,https://aws.amazon.com/,{I},{S},\n",
            "\"Group\",\"Title\",\"{U}\",\"{P}\",\"URL\"\n\"Root\",\"AWS S3\",\"{I}\",\"{S}\",\"\"\n",
            "| Service | {U} | {P} |\n|---|---|---|\n| AWS | {I} | {S} |\n",
            "| Service | {U} | {P} |\n|---|---|---|\n| Shop | alice | hunter2 |\n| AWS | {I} | {S} |\n",
            "INSERT INTO accounts (service, {U}, {P}) VALUES ('aws','{I}','{S}');\n",
            "<table><tr><th>Site</th><th>{U}</th><th>{P}</th></tr><tr><td>AWS</td><td>{I}</td><td>{S}</td></tr></table>\n",
            "machine s3.amazonaws.com login {I} password {S}\n",
            "machine bucket.example.org\n  login {I}\n  password {S}\n",
        ] {
            let (id, secret) = (random.id(), random.secret());
            let body = form.replace("{U}", user).replace("{P}", password);
            let body = body.replace("{I}", &id).replace("{S}", &secret);
            let found = engine.whole(body.as_bytes()).candidates;
            if pairs(&found) != [(&*id, secret.as_bytes(), Confidence::High)] {
                let _ = writeln!(faults, "{:?}\n{body}", pairs(&found));
            }
        }
    }
    assert!(faults.is_empty(), "{faults}");
}
