//! The password of SES and the key id that is its user name, in texts that do not say `smtp`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keysweep::detect::Engine;
use keysweep::finding::Confidence;
use keysweep::rules::RuleSet;
use keysweep::scan::Detector as _;

use crate::support::Keys;

const RULE: &str = "aws-ses-smtp-password";

/// The base64 of a version byte of 4 and 32 random bytes.
fn password(keys: &mut Keys) -> String {
    let random = (0..4).flat_map(|_| keys.next().to_le_bytes());
    STANDARD.encode([4].into_iter().chain(random).collect::<Vec<u8>>())
}

/// Rule, id and secret of each finding at medium or above.
fn found(text: &str) -> Vec<(String, Option<String>, Option<String>)> {
    let candidates = Engine::new(&RuleSet::builtin()).whole(text.as_bytes()).candidates;
    let sure = candidates.into_iter().filter(|one| one.confidence >= Confidence::Medium);
    sure.map(|one| {
        let credential = one.credential;
        let secret = credential.secret.as_ref();
        let secret = secret.map(|secret| String::from_utf8_lossy(secret.expose()).into_owned());
        (credential.rule.as_str().to_owned(), credential.key_id, secret)
    })
    .collect()
}

/// `{u}` is the user, `{p}` the password.
const FORMS: [(&str, &str); 24] = [
    ("env", "MAIL_USERNAME={u}\nMAIL_PASSWORD={p}\n"),
    ("env, quoted", "MAIL_USERNAME=\"{u}\"\nMAIL_PASSWORD=\"{p}\"\n"),
    ("export", "export EMAIL_USER={u}\nexport EMAIL_PASS={p}\n"),
    ("password first", "MAIL_PASSWORD={p}\nMAIL_USERNAME={u}\n"),
    (
        "with settings between",
        "MAIL_USERNAME={u}\nMAIL_FROM=a@example.org\nMAIL_PORT=587\nMAIL_PASSWORD={p}\n",
    ),
    (
        "near smtp",
        "MAIL_HOST=email-smtp.eu-west-1.amazonaws.com\nMAIL_USERNAME={u}\nMAIL_PASSWORD={p}\n",
    ),
    ("smtp in the names", "SES_SMTP_USER={u}\nSES_SMTP_PASSWORD={p}\n"),
    ("django", "EMAIL_HOST_USER = '{u}'\nEMAIL_HOST_PASSWORD = '{p}'\n"),
    ("YAML", "mail:\n  username: {u}\n  password: {p}\n"),
    ("YAML, quoted", "mail:\n  username: \"{u}\"\n  password: \"{p}\"\n"),
    ("compose", "environment:\n  - MAIL_USERNAME={u}\n  - MAIL_PASSWORD={p}\n"),
    ("properties", "spring.mail.username={u}\nspring.mail.password={p}\n"),
    ("JSON", "{\"mail\": {\"user\": \"{u}\", \"pass\": \"{p}\"}}\n"),
    (
        "JSON, lines",
        "{\n  \"mail\": {\n    \"username\": \"{u}\",\n    \"password\": \"{p}\"\n  }\n}\n",
    ),
    ("nodemailer", "auth: {\n  user: '{u}',\n  pass: '{p}',\n},\n"),
    ("PHP", "$mail->Username = '{u}';\n$mail->Password = '{p}';\n"),
    ("a call", "server.login(\"{u}\", \"{p}\")\n"),
    ("ruby", "user_name: '{u}',\npassword: '{p}',\nauthentication: :login\n"),
    ("XML", "<mail><username>{u}</username><password>{p}</password></mail>\n"),
    ("ini", "[mail]\nuser = {u}\npassword = {p}\n"),
    ("postfix", "[email.eu-west-1.amazonaws.com]:587 {u}:{p}\n"),
    (
        "Kubernetes",
        "env:\n  - name: MAIL_USERNAME\n    value: {u}\n  - name: MAIL_PASSWORD\n    value: {p}\n",
    ),
    ("Terraform", "mail_username = \"{u}\"\nmail_password = \"{p}\"\n"),
    ("CSV of the console", "IAM User Name,Smtp Username,Smtp Password\nses-user,{u},{p}\n"),
];

#[test]
fn user_and_password_are_found_together() {
    let mut keys = Keys::new("ses");
    for (name, form) in FORMS {
        for _ in 0..4 {
            let (user, password) = (keys.id(), password(&mut keys));
            let text = form.replace("{u}", &user).replace("{p}", &password);
            let wanted = vec![(RULE.to_owned(), Some(user), Some(password))];
            assert_eq!(found(&text), wanted, "{name}");
        }
    }
}

#[test]
fn user_and_password_are_found_next_to_a_key() {
    let mut keys = Keys::new("ses next to");
    for (name, form) in FORMS {
        for order in [true, false] {
            let (user, password, pair) = (keys.id(), password(&mut keys), keys.pair());
            let mail = form.replace("{u}", &user).replace("{p}", &password);
            let text =
                if order { format!("{}{mail}", pair.env) } else { format!("{mail}{}", pair.env) };
            let mut found = found(&text);
            found.sort();
            let key = ("aws-access-key".to_owned(), Some(pair.id), Some(pair.secret));
            let wanted = vec![key, (RULE.to_owned(), Some(user), Some(password))];
            assert_eq!(found, wanted, "{name}, key first: {order}");
        }
    }
}

#[test]
fn several_users_keep_their_own_passwords() {
    let mut keys = Keys::new("ses several");
    for form in [
        "{n}_MAIL_USERNAME={u}\n{n}_MAIL_PASSWORD={p}\n",
        "  {n}:\n    user: {u}\n    password: {p}\n",
    ] {
        let (mut text, mut wanted) = (String::new(), Vec::new());
        for name in ["PROD", "DEV", "STAGING"] {
            let (user, password) = (keys.id(), password(&mut keys));
            text += &form.replace("{n}", name).replace("{u}", &user).replace("{p}", &password);
            wanted.push((RULE.to_owned(), Some(user), Some(password)));
        }
        assert_eq!(found(&text), wanted, "{text}");
    }
}

#[test]
fn both_are_found_in_base64() {
    let mut keys = Keys::new("ses base64");
    let (user, password) = (keys.id(), password(&mut keys));
    let text = format!(
        "data:\n  MAIL_USERNAME: {}\n  MAIL_PASSWORD: {}\n",
        STANDARD.encode(&user),
        STANDARD.encode(&password)
    );
    assert_eq!(found(&text), [(RULE.to_owned(), Some(user), Some(password))]);
}

/// The key of a pair is not mistaken for the user of a password that has none.
#[test]
fn a_key_keeps_its_secret() {
    let mut keys = Keys::new("ses without user");
    for name in ["MAIL_PASSWORD", "SMTP_PASSWORD", "DATABASE_PASSWORD"] {
        let (pair, password) = (keys.pair(), password(&mut keys));
        let text = format!("{}{name}={password}\n", pair.env);
        let found = found(&text);
        let key = ("aws-access-key".to_owned(), Some(pair.id), Some(pair.secret));
        assert!(found.contains(&key), "{name}: {found:?}");
    }
}

/// 44 characters that are something else stay what they were.
#[test]
fn other_values_are_not_passwords() {
    let mut keys = Keys::new("ses negatives");
    for form in [
        "MAIL_USERNAME={u}\nMAIL_PASSWORD=Q{r}\n",
        "MAIL_USERNAME={u}\nMAIL_PASSWORD=Bz{r}\n",
        "MAIL_USERNAME={u}\nsignature: BA{r}\n",
        "id={u}\n\n\n\n\n\nintegrity sha BA{r}\n",
        "AWS_ACCESS_KEY_ID={u}\nENCRYPTION_KEY=BA{r}\n",
        "AWS_ACCESS_KEY_ID={u}\nDATABASE_PASSWORD=BA{r}\n",
        "AWS_ACCESS_KEY_ID={u}\nAPI_TOKEN=BA{r}\n",
    ] {
        let user = keys.id();
        let random = password(&mut keys)[2..].to_owned();
        let text = form.replace("{u}", &user).replace("{r}", &random);
        let rules: Vec<String> = found(&text).into_iter().map(|one| one.0).collect();
        assert_eq!(rules, ["aws-access-key-id"], "{text}");
    }
}
