//! Halves that stay alone: no secret next to an id is silently dropped, and none is joined with an id
//! whose name, or whose own secret, contradicts it. Headings, users and owners are not such names.

use std::fmt::Write as _;

use keysweep::detect::Engine;
use keysweep::finding::Confidence;
use keysweep::rules::RuleSet;
use keysweep::scan::Detector as _;

use crate::texts::Random;

/// The findings of a text: the id, the secret and the confidence.
type Said = Vec<(Option<String>, Option<String>, Confidence)>;

fn said(engine: &Engine, body: &str) -> Said {
    let found = engine.whole(body.as_bytes()).candidates;
    let one = |candidate: keysweep::finding::Candidate| {
        let secret = candidate.credential.secret.as_ref();
        let secret = secret.map(|secret| String::from_utf8_lossy(secret.expose()).into_owned());
        (candidate.credential.key_id, secret, candidate.confidence)
    };
    found.into_iter().map(one).collect()
}

fn engine() -> Engine {
    Engine::new(&RuleSet::builtin())
}

/// The confidence of a pair, if it is reported.
fn pair(said: &Said, id: &str, secret: &str) -> Option<Confidence> {
    let is = |one: &Option<String>, value: &str| one.as_deref() == Some(value);
    said.iter().find(|one| is(&one.0, id) && is(&one.1, secret)).map(|one| one.2)
}

/// True if a secret is in any finding.
fn is_reported(said: &Said, secret: &str) -> bool {
    said.iter().any(|one| one.1.as_deref() == Some(secret))
}

/// Notations of two values with names: `{A}` and `{B}` are the names, `{a}` and `{b}` the values.
const NAMED: [&str; 10] = [
    "{A}={a}\n{B}={b}\n",
    "export {A}=\"{a}\"\nexport {B}=\"{b}\"\n",
    "{A}: {a}\n{B}: {b}\n",
    "{A} = '{a}';\n\n{B} = '{b}';\n",
    "public static final String {A} = \"{a}\";\npublic static final String {B} = \"{b}\";\n",
    "{\"{A}\": \"{a}\", \"{B}\": \"{b}\"}\n",
    "const s3 = { {A}: '{a}', {B}: '{b}' }\n",
    "define('{A}', '{a}');\ndefine('{B}', '{b}');\n",
    "environment:\n  - {A}={a}\n  - {B}={b}\n",
    "<add key=\"{A}\" value=\"{a}\"/>\n<add key=\"{B}\" value=\"{b}\"/>\n",
];

fn filled(notation: &str, names: [&str; 2], values: [&str; 2]) -> String {
    notation
        .replace("{A}", names[0])
        .replace("{B}", names[1])
        .replace("{a}", values[0])
        .replace("{b}", values[1])
}

#[test]
fn a_secret_next_to_an_id_without_one_is_in_a_finding_whatever_its_name_says() {
    let ids = ["AWS_ACCESS_KEY_ID", "AWS_ACCESS_TOKEN", "OLD_KEY", "amz_token", "AWS_USER", "key"];
    let secrets = [
        "AWS_SECRET_TOKEN",
        "AWS_SALT",
        "AWS_SIGNING_KEY",
        "AWS_SCRET_KEY",
        "S3_CREDENTIAL",
        "AWS_PASSWORD",
        "AWS_PRIVATE_KEY",
        "amz_signature",
        "token",
        "NEXTAUTH_SECRET",
        "DB_PASSWORD",
        "GITHUB_TOKEN",
        "NEW_SECRET",
        "checksum",
    ];
    let (engine, mut random, mut faults) = (engine(), Random::new(11), String::new());
    for notation in NAMED {
        for names in ids.iter().flat_map(|id| secrets.map(|secret| [*id, secret])) {
            for id_first in [true, false] {
                let (id, secret) = (random.id(), random.secret());
                let (names, values) = match id_first {
                    true => (names, [id.as_str(), &secret]),
                    false => ([names[1], names[0]], [secret.as_str(), &id]),
                };
                let body = filled(notation, names, values);
                if !is_reported(&said(&engine, &body), &secret) {
                    let _ = writeln!(faults, "{body}");
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn a_secret_whose_name_states_another_use_is_not_joined_with_a_key_of_aws() {
    let ids = ["AWS_ACCESS_KEY_ID", "accessKeyId", "aws_access_key"];
    let secrets = [
        "NEXTAUTH_SECRET",
        "APP_SECRET",
        "API_SECRET",
        "AUTH_SECRET",
        "REFRESH_TOKEN_SECRET",
        "UPLOAD_SIGNING_SECRET",
        "PRIVATE_KEY",
        "API_KEY",
        "SESSION_SECRET",
        "ENCRYPTION_KEY",
        "JWT_SECRET",
        "webhookSecret",
    ];
    let (engine, mut random, mut faults) = (engine(), Random::new(12), String::new());
    for notation in NAMED {
        for names in ids.iter().flat_map(|id| secrets.map(|secret| [*id, secret])) {
            let (id, secret) = (random.id(), random.secret());
            let body = filled(notation, names, [&id, &secret]);
            let said = said(&engine, &body);
            if pair(&said, &id, &secret) > Some(Confidence::Low) || !is_reported(&said, &secret) {
                let _ = writeln!(faults, "{body}");
            }
        }
    }
    assert!(faults.is_empty(), "{faults}");
    // The same word in both names is the name of one key.
    for [id_name, name] in [
        ["API_KEY", "API_SECRET"],
        ["app_access_key", "app_secret_key"],
        ["access-id", "private-key"],
    ] {
        let (id, secret) = (random.id(), random.secret());
        let body = filled(NAMED[0], [id_name, name], [&id, &secret]);
        assert!(pair(&said(&engine, &body), &id, &secret) > Some(Confidence::Low), "{body}");
    }
}

#[test]
fn an_empty_variable_does_not_name_the_value_of_the_next_line() {
    let (engine, mut random, mut faults) = (engine(), Random::new(13), String::new());
    let empty = ["=", "=\"\"", "=''", " = ", "=   # ask ops"];
    let own = ["TOKEN", "SECRET_KEY", "ACCESS_TOKEN", "PRIVATE_KEY", "API_KEY", "MASTER_KEY"];
    for (empty, own) in empty.iter().flat_map(|empty| own.map(|own| (*empty, own))) {
        for export in ["", "export "] {
            for end in ["\n", "\r\n"] {
                let (id, secret) = (random.id(), random.secret());
                let vacant =
                    format!("{export}AWS_SECRET_ACCESS_KEY{empty}{end}{export}{own}={secret}{end}");
                let alone = said(&engine, &vacant);
                if alone.iter().any(|one| one.2 > Confidence::Low) {
                    let _ = writeln!(faults, "{vacant}");
                }
                let body = format!("{export}AWS_ACCESS_KEY_ID={id}{end}{vacant}");
                let said = said(&engine, &body);
                if pair(&said, &id, &secret).is_some() || !is_reported(&said, &secret) {
                    let _ = writeln!(faults, "{body}");
                }
            }
        }
    }
    let texts = [
        "{\n \"AWS_ACCESS_KEY_ID\": \"{I}\",\n \"AWS_SECRET_ACCESS_KEY\": \"\",\n \"SECRET_KEY\": \"{S}\"\n}\n",
        "{\"AWS_ACCESS_KEY_ID\": \"{I}\", \"AWS_SECRET_ACCESS_KEY\": \"\", \"SECRET_KEY\": \"{S}\"}\n",
        "AWS_ACCESS_KEY_ID: {I}\nAWS_SECRET_ACCESS_KEY: \"\"\nSECRET_KEY: {S}\n",
        "AWS_ACCESS_KEY_ID: {I}\nAWS_SECRET_ACCESS_KEY: null\nSECRET_KEY: {S}\n",
        "AWS_ACCESS_KEY_ID: {I}\nAWS_SECRET_ACCESS_KEY:\nSECRET_KEY: {S}\n",
        "AWS_ACCESS_KEY_ID = '{I}'\nAWS_SECRET_ACCESS_KEY = os.environ['AWS_SECRET_ACCESS_KEY']\nSECRET_KEY = '{S}'\n",
        "AWS_ACCESS_KEY_ID = \"{I}\"\nAWS_SECRET_ACCESS_KEY = var.secret\nSECRET_KEY = \"{S}\"\n",
        "AWS_ACCESS_KEY_ID=***\nAWS_ACCESS_KEY_ID={I}\nAWS_SECRET_ACCESS_KEY=***\nSECRET_KEY={S}\n",
        "AWS_ACCESS_KEY_ID={I}\nAWS_SECRET_ACCESS_KEY=ask bob\nSECRET_KEY={S}\n",
        "SECRET_KEY = '{S}'\nAWS_ACCESS_KEY_ID = '{I}'\nAWS_SECRET_ACCESS_KEY = ''\n",
        "AWS_ACCESS_KEY_ID = '{I}'\nAWS_SECRET_ACCESS_KEY = getenv('X')\n\nDEBUG = True\n\nSECRET_KEY = '{S}'\n",
    ];
    for text in texts {
        let (id, secret) = (random.id(), random.secret());
        let body = text.replace("{I}", &id).replace("{S}", &secret);
        let said = said(&engine, &body);
        if pair(&said, &id, &secret).is_some() || !is_reported(&said, &secret) {
            let _ = writeln!(faults, "{body}");
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn the_secret_of_another_providers_id_is_not_joined_with_an_id_of_aws() {
    let (engine, mut random, mut faults) = (engine(), Random::new(14), String::new());
    let texts = [
        "AWS_ACCESS_KEY_ID={I}\nS3_ENDPOINT=https://s3.example.com\nS3_ACCESS_KEY={O}\nS3_SECRET_KEY={S}\n",
        "AWS_ACCESS_KEY_ID={I}\nAWS_REGION=eu-west-1\nMINIO_ACCESS_KEY={O}\nMINIO_SECRET_KEY={S}\n",
        "MINIO_ACCESS_KEY={O}\nMINIO_SECRET_KEY={S}\nAWS_ACCESS_KEY_ID={I}\n",
        "AWS_ACCESS_KEY={I}\nBACKUP_S3_ACCESS_KEY={O}\nBACKUP_S3_SECRET_KEY={S}\n",
        "AWS_ACCESS_KEY_ID={I}\nSPACES_KEY={O}\nSPACES_SECRET={S}\n",
        "[Credentials]\naws_access_key_id = {I}\ngs_access_key_id = {O}\ngs_secret_access_key = {S}\n",
        "aws configure set aws_access_key_id {I}\naws --profile wasabi configure set aws_access_key_id {O}\naws --profile wasabi configure set aws_secret_access_key {S}\n",
        "KEYS = [(\"{I}\", None), (\"{O}\", \"{S}\")]\n",
        "{\"awsAccessKeyId\": \"{I}\", \"wasabiAccessKey\": \"{O}\", \"wasabiSecretKey\": \"{S}\"}\n",
    ];
    for text in texts {
        for _ in 0..4 {
            let (id, secret) = (random.id(), random.secret());
            // The ids of others have other first letters.
            let other = format!("W7{}Q4", &random.id()[4..]);
            let body = text.replace("{I}", &id).replace("{O}", &other).replace("{S}", &secret);
            let said = said(&engine, &body);
            if pair(&said, &id, &secret).is_some() || !is_reported(&said, &secret) {
                let _ = writeln!(faults, "{said:?}\n{body}");
            }
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn a_heading_or_an_owner_over_both_halves_does_not_separate_them() {
    let heads =
        ["Old keys", "Previous account", "s3-user", "Token service", "deprecated", "User login"];
    let notations = [
        "## {H}\n\n{I}\n{S}\n",
        "{H}:\n{I}\n{S}\n",
        "{H}:\n  - {I}\n  - {S}\n",
        "\"{H}\": [\n  \"{I}\",\n  \"{S}\"\n]\n",
        "<bean id=\"{H}\" class=\"com.example.Keys\">\n <constructor-arg index=\"0\" value=\"{I}\"/>\n <constructor-arg index=\"1\" value=\"{S}\"/>\n</bean>\n",
        "access_key_ids = {\n  \"{H}\" = \"{I}\"\n}\nsecret_access_keys = {\n  \"{H}\" = \"{S}\"\n}\n",
        "oldCreds = new BasicAWSCredentials(\"{I}\",\n    \"{S}\");\n",
    ];
    let (engine, mut random, mut faults) = (engine(), Random::new(15), String::new());
    for (notation, head) in notations.iter().flat_map(|one| heads.map(|head| (*one, head))) {
        let (id, secret) = (random.id(), random.secret());
        let body = notation.replace("{H}", head).replace("{I}", &id).replace("{S}", &secret);
        if pair(&said(&engine, &body), &id, &secret) < Some(Confidence::Medium) {
            let _ = writeln!(faults, "{body}");
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

/// Records of several owners: `{O}` is the owner, `{V}` the value. The first two notations are those of
/// an id and of a secret, the third separates them.
const OWNED: [[&str; 3]; 8] = [
    ["{O}_1  | AWS_ACCESS_KEY_ID={V}", "{O}_1  | AWS_SECRET_ACCESS_KEY={V}", "\n"],
    ["[10:00] {O}: my key {V}", "[10:01] {O}: secret {V}", "\n"],
    ["  aws-{O}:accessKey: {V}", "  aws-{O}:secretKey: {V}", "\n"],
    ["<input value=\"{V}\" name=\"{O}_key\">", "<input value=\"{V}\" name=\"{O}_secret\">", ""],
    [
        "<add value=\"{V}\" key=\"{O}.accessKey\"/>",
        "<add value=\"{V}\" key=\"{O}.secretKey\"/>",
        "\n",
    ],
    ["UPDATE t SET v='{V}' WHERE k='{O}.key';", "UPDATE t SET v='{V}' WHERE k='{O}.secret';", "\n"],
    ["{O}_AWS_ACCESS_KEY_ID={V}", "{O}_AWS_SECRET_ACCESS_KEY={V}", "\n"],
    [
        "aws --profile {O} configure set aws_access_key_id {V}",
        "aws --profile {O} configure set aws_secret_access_key {V}",
        "\n",
    ],
];

#[test]
fn the_owner_in_a_prefix_or_after_the_value_decides_in_any_order() {
    let (engine, mut random, mut faults) = (engine(), Random::new(16), String::new());
    let owners = ["alice", "bob", "carol"];
    for [id_notation, secret_notation, between] in OWNED {
        for order in ["records", "secrets first", "ids, secrets", "ids, reversed secrets"] {
            let keys = owners.map(|owner| (owner, random.id(), random.secret()));
            let of = |notation: &str, owner: &str, value: &str| {
                notation.replace("{O}", owner).replace("{V}", value)
            };
            let id = |key: &(&str, String, String)| of(id_notation, key.0, &key.1);
            let secret = |key: &(&str, String, String)| of(secret_notation, key.0, &key.2);
            let lines: Vec<String> = match order {
                "records" => keys.iter().flat_map(|key| [id(key), secret(key)]).collect(),
                "secrets first" => keys.iter().flat_map(|key| [secret(key), id(key)]).collect(),
                "ids, secrets" => keys.iter().map(id).chain(keys.iter().map(secret)).collect(),
                _ => keys.iter().map(id).chain(keys.iter().rev().map(secret)).collect(),
            };
            let body = lines.join(between);
            let said = said(&engine, &body);
            for (_, id, secret) in &keys {
                if pair(&said, id, secret) < Some(Confidence::Medium) {
                    let _ = writeln!(faults, "{order}: {said:?}\n{body}");
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn cells_of_a_notebook_messages_and_numbered_lines_are_not_separate_keys() {
    let texts = [
        "{\n \"cells\": [\n  {\n   \"cell_type\": \"code\",\n   \"metadata\": {},\n   \"source\": [\n    \"ACCESS_KEY = '{I}'\"\n   ],\n   \"outputs\": []\n  },\n  {\n   \"cell_type\": \"code\",\n   \"metadata\": {},\n   \"source\": [\n    \"SECRET_KEY = '{S}'\"\n   ],\n   \"outputs\": []\n  }\n ]\n}",
        "[\n {\n  \"author\": \"a\",\n  \"content\": \"key: ||{I}||\"\n },\n {\n  \"author\": \"a\",\n  \"content\": \"secret: ||{S}||\"\n }\n]",
        "127.0.0.1:6379> HGETALL aws\n1) \"access_key\"\n2) \"{I}\"\n3) \"secret_key\"\n4) \"{S}\"\n",
        "old aws key: {I}\nsecret: {S}\n",
        "//ncminfo accesskey//{I}\n//ncm secretAccessKey//{S}\n",
    ];
    let (engine, mut random) = (engine(), Random::new(17));
    for text in texts {
        let (id, secret) = (random.id(), random.secret());
        let body = text.replace("{I}", &id).replace("{S}", &secret);
        let said = said(&engine, &body);
        assert!(pair(&said, &id, &secret) >= Some(Confidence::Medium), "{said:?}\n{body}");
    }
}
