//! Keys in messages, notes, histories of shells, logs and URLs.

use super::draft::{Draft, plain_role};
use super::names::Style;
use super::random::Random;
use super::stems::{ENVIRONMENTS, STEMS};
use super::truth::Join;

/// `{i}` and `{s}` are the halves of one key, `{l}` an id alone, `{f}` another service's secret,
/// `{h}` a commit.
const MESSAGES: [&str; 47] = [
    "Hi, the access key is {i} and the secret is {s}. Please don't share.\n",
    "Hey! AWS keys for the uploads:\n\n{i}\n{s}\n\nCheers\n",
    "access key: {i}\nsecret key: {s}\n",
    "AWS access key id {i}, AWS secret access key, as of rev 3: {s}\n",
    "Key: {i}\nSecret (please don't commit this!): {s}\n",
    "Here you go: {i} / {s}\n",
    "The key {i} (the secret is {s}) can only read the bucket.\n",
    "Use this one:\n  key    {i}\n  secret {s}\nThe old one, {l}, is deactivated.\n",
    "The old key {l} was revoked. The new one is {i} with secret {s}.\n",
    "We rotated {l}. New access key: {i}, new secret key: {s}\n",
    "for the image server: id {i}, secret {s}, bucket my-images, see commit {h}\n",
    "> Can you send me the credentials?\n\nAccess Key Id: {i}\n\nSecret Access Key: {s}\n\nThanks\n",
    "key={i} secret={s} region=eu-west-1\n",
    "User {l} can't log in any more, so please take\nAccess key ID: {i}\nSecret access key: {s}\n",
    "AWS key: {i}\nAWS secret: {s}\nGitHub token: {f}\n",
    "The database password is {f}.\nAWS: access key {i}, secret access key {s}.\n",
    "mail user is {l} (ask me for its password)\nfor S3 use {i} and the secret {s}\n",
    "[10:11] jane: what is the key?\n[10:12] bob: {i}\n[10:12] jane: and the secret?\n[10:13] bob: {s}\n",
    "[10:11] jane: access key {i}\n[10:11] bob: thanks\n[10:12] jane: secret key {s}\n",
    "<p>Access key: <code>{i}</code></p>\n<p>Secret key: <code>{s}</code></p>\n",
    "Secret access key: {s}\nAccess key ID: {i}\n",
    "* access key `{i}`\n* secret key `{s}`\n* login at https://example.signin.aws.amazon.com\n",
    "The key {l} belongs to jane. She left; tell her to hand over its secret.\n",
    "Who uses {l}? It was last seen at commit {h}. The API token is {f}\n",
    "AWS Access Key ID [None]: {i}\nAWS Secret Access Key [None]: {s}\nDefault region name [None]: eu-west-1\n",
    "AWS Access Key ID [****************7JQA]: {i}\nAWS Secret Access Key [****************bX3f]: {s}\n",
    "Schlüssel: {i}\nGeheimnis: {s}\n",
    "Hallo, der Zugangsschlüssel ist {i}, der geheime Schlüssel {s}. Gruß\n",
    "Clé d'accès : {i}\nClé secrète : {s}\n",
    "chave de acesso: {i}\nchave secreta: {s}\n",
    "アクセスキー: {i}\nシークレットキー: {s}\n",
    "access key\n{i}\nsecret key\n{s}\n",
    "Access key ID\t{i}\nSecret access key\t{s}\n",
    "(1) {i}\n(2) {s}\n",
    "key {i}, secret {s}; the mail server has its own key {l}\n",
    "{i}:{s} (don't use {l} any more)\n",
    "Slack: {f}\nS3 key: {i}\nS3 secret: {s}\n",
    "S3 key: {i}\nSlack token: {f}\nS3 secret: {s}\n",
    "curl --aws-sigv4 aws:amz:eu-west-1:s3 --user {i}:{s} https://b.s3.amazonaws.com/o\n",
    "mc alias set s3 https://s3.amazonaws.com {i} {s}\n",
    "machine s3.amazonaws.com login {i} password {s}\n",
    "s3fs:{i}:{s}\n# {l} is for the mirror\n",
    "spark.hadoop.fs.s3a.access.key {i}\nspark.hadoop.fs.s3a.secret.key {s}\n",
    "ALTER SYSTEM SET s3.key = '{i}'; ALTER SYSTEM SET s3.secret = '{s}';\n",
    "-----\nID {i}\nSECRET {s}\n-----\n",
    "user: jane\nid: {i}\nsecret: {s}\npassword: {f}\n",
    "password: {f}\nkey: {i}\nsecret: {s}\n",
];

fn filled(random: &mut Random, draft: &mut Draft, template: &str) -> String {
    let mut text = template.to_owned();
    if text.contains("{i}") {
        let (id, secret) = draft.certain(random);
        text = text.replace("{i}", &id).replace("{s}", &secret);
    }
    if text.contains("{l}") {
        draft.has("id without its secret");
        text = text.replace("{l}", &draft.lone_id(random));
    }
    if text.contains("{f}") {
        draft.has("another service's secret");
        text = text.replace("{f}", &draft.foreign(random));
    }
    text.replace("{h}", &random.hex(40))
}

/// A message or a note.
pub fn message(random: &mut Random) -> Draft {
    let mut draft = Draft::new("prose");
    let template = *random.pick(&MESSAGES);
    draft.body = filled(random, &mut draft, template);
    draft
}

/// Several keys, each after the name of what it is for.
pub fn several(random: &mut Random) -> Draft {
    let mut draft = Draft::new("prose, several keys");
    draft.has("several keys");
    let form = *random.pick(&[
        "{t}: {i} / {s}\n",
        "{t}: access key {i}, secret key {s}\n",
        "For {t} take {i} with the secret {s}.\n",
        "{t}\n{i}\n{s}\n\n",
        "* {t}\n  * key {i}\n  * secret {s}\n",
        "{t} key {i}\n{t} secret {s}\n",
    ]);
    let start = random.below(ENVIRONMENTS.len());
    for index in 0..random.between(2, 4) {
        let title = ENVIRONMENTS[(start + index) % ENVIRONMENTS.len()];
        let text = filled(random, &mut draft, &form.replace("{t}", title));
        draft.body += &text;
        if random.chance(15) {
            draft.has("id without its secret");
            let line = format!("{} key: {{l}} (secret: ask Jane)\n", random.pick(&STEMS));
            let line = filled(random, &mut draft, &line);
            draft.body += &line;
        }
    }
    draft
}

fn percent(secret: &str) -> String {
    secret.replace('/', "%2F").replace('+', "%2B")
}

/// URLs with a key as user information.
pub fn urls(random: &mut Random) -> Draft {
    let mut draft = Draft::new("URLs");
    for _ in 0..draft.count(random, 5) {
        let (id, secret) = draft.certain(random);
        let secret = percent(&secret);
        let url = match random.below(5) {
            0 => format!("s3://{id}:{secret}@my-bucket/path"),
            1 => format!("BROKER_URL=sqs://{id}:{secret}@"),
            2 => format!("registry = https://{id}:{secret}@s3.amazonaws.com/my-bucket/"),
            3 => format!("curl 'https://x.example/?access_key={id}&secret_key={secret}&v=2'"),
            _ => format!("duplicity /srv s3+http://{id}:{secret}@my-bucket"),
        };
        draft.body += &format!("{url}\n");
        match random.below(8) {
            0 => {
                draft.has("another service's secret");
                let value = random.letters(40);
                draft.body += &format!(
                    "DATABASE_URL=postgres://app:{value}@db:5432/app
"
                );
                draft.truth.foreign.push(value);
            }
            1 => {
                draft.has("id without its secret");
                let line = filled(random, &mut draft, "smtp://{l}@mail.example.org\n");
                draft.body += &line;
            }
            _ => {}
        }
    }
    draft
}

/// The history of a shell.
pub fn history(random: &mut Random) -> Draft {
    let mut draft = Draft::new("shell history");
    let role = plain_role(random);
    let numbered = random.chance(50);
    let mut lines = Vec::new();
    for _ in 0..draft.count(random, 3) {
        let (id, secret) = draft.certain(random);
        lines.push("cd deploy".to_owned());
        let style = Style::Upper;
        let (id_name, secret_name) =
            (super::draft::spelled(role.id, style), super::draft::spelled(role.secret, style));
        match random.below(4) {
            0 => lines.push(format!("{id_name}={id} {secret_name}={secret} ./run.sh")),
            1 => lines.extend([
                format!("aws configure set aws_access_key_id {id}"),
                format!("aws configure set aws_secret_access_key {secret}"),
            ]),
            2 => lines.push(format!("s3cmd --access_key={id} --secret_key={secret} ls")),
            _ => {
                lines.push(format!("export {id_name}={id}"));
                lines.extend(
                    ["ls", "git status"].iter().take(random.below(3)).map(|&one| one.to_owned()),
                );
                lines.push(format!("export {secret_name}={secret}"));
            }
        }
        if random.chance(20) {
            draft.has("id without its secret");
            lines.push(format!(
                "aws iam delete-access-key --access-key-id {} --user-name jane",
                draft.lone_id(random)
            ));
        }
        if random.chance(20) {
            draft.has("another service's secret");
            lines.push(format!(
                "curl -H 'X-Api-Token: {}' https://x.example",
                draft.foreign(random)
            ));
        }
        lines.push(format!("git checkout {}", random.hex(40)));
    }
    for (index, line) in lines.iter().enumerate() {
        let number = if numbered { format!("{:5}  ", index + 100) } else { String::new() };
        draft.body += &format!("{number}{line}\n");
    }
    draft
}

/// Lines of a log, with keys in some.
pub fn log(random: &mut Random) -> Draft {
    let mut draft = Draft::new("log");
    let form = *random.pick(&[
        "created access key {i} with secret {s} for jane",
        "config access_key={i} secret_key={s} bucket=app",
        "{\"msg\":\"connect\",\"accessKeyId\":\"{i}\",\"secretAccessKey\":\"{s}\"}",
        "using credentials [{i}, {s}]",
        "S3Client(accessKey={i}, secretKey={s}, region=eu-west-1)",
    ]);
    let mut keys = 0;
    for second in 10..random.between(14, 40) {
        let line = match random.below(8) {
            0 | 1 => {
                keys += 1;
                filled(random, &mut draft, form)
            }
            2 => filled(random, &mut draft, "key {l} last used by worker"),
            3 => filled(random, &mut draft, "login with token={f}"),
            4 => format!("deployed {}", random.hex(40)),
            _ => format!("request {} done", random.uuid()),
        };
        draft.body += &format!("2024-05-01T10:11:{second}Z DEBUG {line}\n");
    }
    if keys > 1 {
        draft.has("several keys");
    }
    draft
}

/// A statement that names the key within a string.
pub fn copied(random: &mut Random) -> Draft {
    let mut draft = Draft::new("COPY with credentials");
    for index in 0..draft.count(random, 4) {
        let (id, secret) = draft.certain(random);
        let gap = *random.pick(&["", " "]);
        draft.body += &format!(
            "COPY t{index} FROM 's3://b/p{index}' CREDENTIALS 'aws_access_key_id={id};{gap}aws_secret_access_key={secret}' CSV;\n"
        );
    }
    draft
}

/// The user and the password of SES, which are a pair of their own.
pub fn smtp(random: &mut Random) -> Draft {
    let mut draft = Draft::new("SES, user and password");
    let (user, password) = *random.pick(&[
        ("MAIL_USERNAME", "MAIL_PASSWORD"),
        ("SMTP_USERNAME", "SMTP_PASSWORD"),
        ("EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD"),
        ("SES_SMTP_USER", "SES_SMTP_PASSWORD"),
    ]);
    let (id, secret) = (random.id(), random.smtp_password());
    let mail = format!("{user}={id}\n{password}={secret}\n");
    let key = super::truth::Key { id, secret, join: Join::Certain };
    draft.truth.keys.push(key);
    let aws = if random.chance(60) {
        draft.has("several keys");
        let role = plain_role(random);
        let (id, secret) = draft.certain(random);
        let upper = |words| super::draft::spelled(words, Style::Upper);
        format!("{}={id}\n{}={secret}\n", upper(role.id), upper(role.secret))
    } else {
        String::new()
    };
    let host = "MAIL_HOST=email-smtp.eu-west-1.amazonaws.com\n";
    draft.body =
        if random.chance(50) { format!("{aws}{host}{mail}") } else { format!("{host}{mail}{aws}") };
    draft
}

/// Secrets alone, which only the text around them names.
pub fn alone(random: &mut Random) -> Draft {
    let mut draft = Draft::new("a secret alone");
    let secret = random.secret();
    draft.has("secret without its id");
    draft.truth.lone_secrets.push(secret.clone());
    let form = *random.pick(&[
        "variable \"aws_secret_key\" {\n  type    = string\n  default = \"{s}\"\n}\n",
        "variable \"aws_secret_access_key\" {\n  description = \"of the uploader\"\n  default     = \"{s}\"\n}\n",
        "[aws]\nsecret={s}\nregion=eu-west-1\n",
        "[s3]\nbucket = b\nsecret_key = {s}\n",
        "aws:\n  region: eu-west-1\n  credentials:\n    secret: {s}\n",
        "aws:\n  s3:\n    secretKey: \"{s}\"\n",
        "{\"aws\": {\"region\": \"eu-west-1\", \"secret\": \"{s}\"}}\n",
        "{\"Value\": \"{s}\", \"Name\": \"/app/aws_secret_access_key\"}\n",
        "- value: {s}\n  name: AWS_SECRET_ACCESS_KEY\n",
        "<property><value>{s}</value><name>fs.s3a.secret.key</name></property>\n",
        "<aws><secretKey>{s}</secretKey></aws>\n",
        "<property>\n  <name>fs.s3a.secret.key</name>\n  <value>{s}</value>\n</property>\n",
        "AWS_SECRET_ACCESS_KEY_UPLOAD={s}\n",
        "The AWS secret access key is {s}\n",
        "AWS secret access key, as of rev 3: {s}\n",
        "const awsSecretKey = process.env.AWS_SECRET || '{s}';\n",
        "aws configure set aws_secret_access_key {s} --profile upload\n",
    ]);
    draft.body = form.replace("{s}", &secret);
    draft
}
