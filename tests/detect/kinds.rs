//! Faults that people reported of scanners that pair ids with secrets: each kind as a table of
//! variants.
//!
//! In a text `{ID}` and `{SECRET}` are one key, `{ID2}` and `{SECRET2}` another one; `{OTHER}` is a
//! random value of 40 characters that belongs to another service.

use keysweep::detect::Engine;
use keysweep::finding::{Candidate, Confidence};
use keysweep::rules::RuleSet;
use keysweep::scan::Detector as _;

use crate::texts::Random;

/// A text made from a template, with its values.
struct Made {
    body: String,
    ids: [String; 2],
    secrets: [String; 2],
    other: String,
}

fn make(template: &str, seed: u64) -> Made {
    let mut random = Random::new(seed);
    let (ids, secrets) = ([random.id(), random.id()], [random.secret(), random.secret()]);
    let other = random.secret();
    let body = template
        .replace("{ID}", &ids[0])
        .replace("{ID2}", &ids[1])
        .replace("{SECRET}", &secrets[0])
        .replace("{SECRET2}", &secrets[1])
        .replace("{OTHER}", &other);
    Made { body, ids, secrets, other }
}

fn scan(made: &Made) -> Vec<Candidate> {
    Engine::new(&RuleSet::builtin()).whole(made.body.as_bytes()).candidates
}

/// The detector's confidence that an id and a secret are one key; `None` if it does not pair them.
fn joined(found: &[Candidate], id: &str, secret: &str) -> Option<Confidence> {
    let is = |one: &&Candidate| {
        let credential = &one.credential;
        credential.key_id.as_deref() == Some(id)
            && credential.secret.as_ref().is_some_and(|own| own.expose() == secret.as_bytes())
    };
    found.iter().filter(is).map(|one| one.confidence).max()
}

/// True if a secret is reported at medium or above without an id.
fn stands_alone(found: &[Candidate], secret: &str) -> bool {
    found.iter().any(|one| {
        one.credential.key_id.is_none()
            && one.confidence >= Confidence::Medium
            && one.credential.secret.as_ref().is_some_and(|own| own.expose() == secret.as_bytes())
    })
}

/// Checks each template for some seeds; what does not hold is listed with its text's template.
fn each(templates: &[&str], holds: impl Fn(&Made, &[Candidate]) -> bool) {
    let mut faults = Vec::new();
    for template in templates {
        for seed in 0..3 {
            let made = make(template, seed);
            if !holds(&made, &scan(&made)) {
                faults.push(format!("seed {seed}: {template}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

fn is_sure(made: &Made, found: &[Candidate]) -> bool {
    joined(found, &made.ids[0], &made.secrets[0]) == Some(Confidence::High)
}

fn is_found(made: &Made, found: &[Candidate]) -> bool {
    joined(found, &made.ids[0], &made.secrets[0]) >= Some(Confidence::Medium)
}

#[test]
fn no_word_of_a_name_takes_the_secret_away() {
    let stems = [
        "UPLOAD",
        "CLIENT",
        "VAULT",
        "GITLAB",
        "IMAGE_STORE",
        "CERT_DNS",
        "SHA256",
        "COMMIT",
        "NEXT_TOKEN",
        "BACKUP",
        "TREE",
        "ETAG",
        "TWILIO",
        "DIGEST",
    ];
    let forms = [
        "{S}_ACCESS_KEY={ID}\n{S}_SECRET_KEY={SECRET}\n",
        "{S}_ACCESS_KEY_ID={ID}\n{S}_SECRET_ACCESS_KEY={SECRET}\n",
        "AWS_ACCESS_KEY_ID_{S}={ID}\nAWS_SECRET_ACCESS_KEY_{S}={SECRET}\n",
        "aws_{S}_access_key_id: \"{ID}\"\naws_{S}_secret_access_key: \"{SECRET}\"\n",
    ];
    let made: Vec<String> = stems
        .iter()
        .flat_map(|stem| forms.iter().map(move |form| form.replace("{S}", stem)))
        .collect();
    let texts: Vec<&str> = made.iter().map(String::as_str).collect();
    each(&texts, is_found);
    each(
        &[
            "{\"accessKeyId\": \"{ID}\", \"uploadDir\": \"x\", \"secretAccessKey\": \"{SECRET}\"}",
            "{\"accessKeyId\": \"{ID}\", \"commit\": \"9f\", \"secretAccessKey\": \"{SECRET}\"}",
            "AWS access key: {ID}\nAWS secret access key, as of rev 3: {SECRET}\n",
            "Key: {ID}\nSecret (please don't commit this!): {SECRET}\n",
        ],
        is_found,
    );
    each(
        &["AWS_SECRET_ACCESS_KEY_UPLOAD={SECRET}\n", "UPLOAD_AWS_SECRET_ACCESS_KEY={SECRET}\n"],
        |made, found| stands_alone(found, &made.secrets[0]),
    );
}

#[test]
fn another_id_nearby_does_not_steal_the_secret() {
    let pair = "AWS_ACCESS_KEY_ID={ID}\nAWS_SECRET_ACCESS_KEY={SECRET}\n";
    let others = [
        "MAIL_USERNAME={ID2}\n",
        "SMTP_USER={ID2}\n",
        "# old key: {ID2}\n",
        "# was {ID2}\n",
        "# AWS_ACCESS_KEY_ID={ID2}\n",
        "MAILER_LOGIN={ID2}\n",
        "# previous key {ID2}, revoked\n",
        "EMAIL_HOST_USER={ID2}\n",
        "BACKUP_ACCESS_KEY_ID={ID2}\n",
        "// created for {ID2}\n",
    ];
    let made: Vec<String> = others
        .iter()
        .flat_map(|other| [format!("{pair}{other}"), format!("{other}{pair}")])
        .collect();
    let texts: Vec<&str> = made.iter().map(String::as_str).collect();
    each(&texts, |made, found| {
        is_found(made, found) && joined(found, &made.ids[1], &made.secrets[0]).is_none()
    });
}

#[test]
fn the_secret_of_another_service_is_not_claimed() {
    let names = [
        "DATABASE_PASSWORD",
        "SECRET_KEY_BASE",
        "API_TOKEN",
        "GITHUB_CLIENT_SECRET",
        "DJANGO_SECRET_KEY",
        "JWT_SECRET",
        "SESSION_SECRET",
        "STRIPE_SECRET_KEY",
        "AUTH_TOKEN",
        "REDIS_PASSWORD",
        "COOKIE_SECRET",
        "SLACK_SIGNING_SECRET",
    ];
    let absent = ["", "AWS_SECRET_ACCESS_KEY=\n", "AWS_SECRET_ACCESS_KEY=${AWS_SECRET}\n"];
    let made: Vec<String> = names
        .iter()
        .flat_map(|name| {
            absent
                .iter()
                .map(move |absent| format!("AWS_ACCESS_KEY_ID={{ID}}\n{absent}{name}={{OTHER}}\n"))
        })
        .chain([
            "DATABASE_URL=postgres://app:{OTHER}@db/app\nAWS_ACCESS_KEY_ID={ID}\n".to_owned(),
            "password: {OTHER}\nkey: {ID}\nsecret: {SECRET}\n".to_owned(),
        ])
        .collect();
    let texts: Vec<&str> = made.iter().map(String::as_str).collect();
    each(&texts, |made, found| {
        joined(found, &made.ids[0], &made.other).is_none_or(|sure| sure == Confidence::Low)
    });
    each(&["password: {OTHER}\nkey: {ID}\nsecret: {SECRET}\n"], is_found);
}

#[test]
fn names_and_records_that_separate_keys_forbid_a_pair() {
    each(
        &[
            "PROD_ACCESS_KEY_ID={ID}\nDEV_SECRET_ACCESS_KEY={SECRET}\n",
            "AWS_ACCESS_KEY_ID_1={ID}\nAWS_SECRET_ACCESS_KEY_2={SECRET}\n",
            "uploadAccessKey: {ID}\nbackupSecretKey: {SECRET}\n",
            "[{\"name\": \"a\", \"accessKey\": \"{ID}\"}, {\"name\": \"b\", \"secretKey\": \"{SECRET}\"}]",
            "name,access key,secret key\na,{ID},\nb,,{SECRET}\n",
            "[a]\naws_access_key_id = {ID}\n\n[b]\naws_secret_access_key = {SECRET}\n",
            "prod:\n  access_key: {ID}\ndev:\n  secret_key: {SECRET}\n",
            "- name: a\n  access_key: {ID}\n- name: b\n  secret_key: {SECRET}\n",
            "provider \"aws\" {\n  alias = \"a\"\n  access_key = \"{ID}\"\n}\n\
             provider \"aws\" {\n  alias = \"b\"\n  secret_key = \"{SECRET}\"\n}\n",
            "a = connect(access_key='{ID}', region='x')\nb = connect(secret_key='{SECRET}', region='x')\n",
            "<users><user><name>a</name><accessKey>{ID}</accessKey></user>\n\
             <user><name>b</name><secretKey>{SECRET}</secretKey></user></users>",
            "| name | access key | secret key |\n|---|---|---|\n| a | {ID} | |\n| b | | {SECRET} |\n",
        ],
        |made, found| joined(found, &made.ids[0], &made.secrets[0]).is_none(),
    );
    each(
        &[
            "id1={ID2}\nid2={ID}\nsecret2={SECRET}\nsecret1={SECRET2}\n",
            "access_keys:\n  prod: {ID}\n  dev: {ID2}\nsecret_keys:\n  dev: {SECRET2}\n  prod: {SECRET}\n",
            "key,secret,name,other secret\n{ID},{SECRET},a,{OTHER}\n{ID2},{SECRET2},b,\n",
            "old key,old secret,new secret,new key\n{ID2},{SECRET2},{SECRET},{ID}\n",
        ],
        is_found,
    );
}

#[test]
fn lists_longer_than_any_reach_are_joined_by_name_or_number() {
    let count = 60;
    let mut random = Random::new(7);
    let keys: Vec<(String, String)> = (0..count).map(|_| (random.id(), random.secret())).collect();
    for form in ["AWS_KEY_{N}={ID}\n|AWS_SECRET_{N}={SECRET}\n", "{ID}\n|{SECRET}\n"] {
        let (of_id, of_secret) = form.split_once('|').expect("two forms");
        let line = |form: &str, index: usize, what: &str, value: &str| {
            form.replace("{N}", &index.to_string()).replace(what, value)
        };
        let ids: String =
            keys.iter().enumerate().map(|(at, key)| line(of_id, at, "{ID}", &key.0)).collect();
        let secrets: String = keys
            .iter()
            .enumerate()
            .map(|(at, key)| line(of_secret, at, "{SECRET}", &key.1))
            .collect();
        let body = format!("{ids}\n{secrets}");
        let found = Engine::new(&RuleSet::builtin()).whole(body.as_bytes()).candidates;
        for (at, (id, _)) in keys.iter().enumerate() {
            for (other, (_, secret)) in keys.iter().enumerate() {
                let sure = joined(&found, id, secret);
                assert!(other == at || sure.is_none(), "{form}: {at} has the secret of {other}");
                let is_named = form.contains("{N}");
                assert!(
                    other != at || !is_named || sure >= Some(Confidence::Medium),
                    "{form}: {at}"
                );
            }
        }
    }
}

#[test]
fn a_secret_without_its_id_is_reported_in_every_layout() {
    each(
        &[
            "variable \"aws_secret_key\" {\n  type = string\n  default = \"{SECRET}\"\n}\n",
            "[aws]\nsecret={SECRET}\n",
            "aws:\n  credentials:\n    secret: {SECRET}\n",
            "{SECRET}  # the AWS secret key\n",
            "{\"value\": \"{SECRET}\", \"key\": \"aws_secret_key\"}",
            "aws_secret_access_key:\n  {SECRET}\n",
            "<name>fs.s3a.secret.key</name>\n<value>{SECRET}</value>\n",
            "- name: AWS_SECRET_ACCESS_KEY\n  value: {SECRET}\n",
            "os.environ['AWS_SECRET_ACCESS_KEY'] = '{SECRET}'\n",
            "\"Parameters\": {\"AwsSecretKey\": {\"Type\": \"String\", \"Default\": \"{SECRET}\"}}",
        ],
        |made, found| stands_alone(found, &made.secrets[0]),
    );
}

#[test]
fn a_tie_does_not_have_high_confidence() {
    each(
        &[
            "secret={SECRET}\nkey={ID}\nsecret={SECRET2}\n",
            "key={ID}\nkey={ID2}\nsecret={SECRET}\n",
            "  - access_key {ID}\n  - secret_key {SECRET}\n  - secret_key {SECRET2}\n",
            "{SECRET}\n{ID}\n{SECRET2}\n",
        ],
        |made, found| {
            let all = made.ids.iter().flat_map(|id| made.secrets.iter().map(move |one| (id, one)));
            all.into_iter().all(|(id, one)| joined(found, id, one) != Some(Confidence::High))
        },
    );
    each(
        &[
            "key={ID}\nsecret={SECRET}\n\n\nkey={ID2}\nsecret={SECRET2}\n",
            "new Credentials(\"{ID}\", \"{SECRET}\")\nnew Credentials(\"{ID2}\", \"{SECRET2}\")\n",
            "{ID}:{SECRET}\n{ID2}:{SECRET2}\n",
        ],
        is_sure,
    );
}
