//! Halves of which each may belong to another one, and maps whose keys are the stems.

use super::draft::{Draft, plain_role, spelled};
use super::names::Style;
use super::random::Random;
use super::stems::stems;
use super::truth::{Join, Key};

/// One id under two secrets, or two ids with one secret, under the same names.
pub fn ties(random: &mut Random) -> Draft {
    let two_ids = random.chance(50);
    let mut draft = Draft::new(if two_ids { "two ids, one secret" } else { "one id, two secrets" });
    let (ids, secrets) = if two_ids { (2, 1) } else { (1, 2) };
    let ids: Vec<String> = (0..ids).map(|_| random.id()).collect();
    let secrets: Vec<String> = (0..secrets).map(|_| random.secret()).collect();
    for id in &ids {
        for secret in &secrets {
            let (id, secret) = (id.clone(), secret.clone());
            draft.truth.keys.push(Key { id, secret, join: Join::Tied });
        }
    }
    let role = plain_role(random);
    let style = *random.pick(&[Style::Upper, Style::Snake, Style::Camel, Style::Words]);
    let (before, between, after) =
        *random.pick(&[("", "=", ""), ("", ": ", ""), ("", " = '", "'"), ("  - ", " ", "")]);
    let line = |name: &str, value: &String| {
        format!("{before}{}{between}{value}{after}\n", spelled(name, style))
    };
    let ids: String = ids.iter().map(|id| line(role.id, id)).collect();
    let secrets: String = secrets.iter().map(|secret| line(role.secret, secret)).collect();
    let (first, last) = if random.chance(25) { (secrets, ids) } else { (ids, secrets) };
    let gap = *random.pick(&["", "", "region=eu-west-1\n", "\n"]);
    draft.body = format!("{first}{gap}{last}");
    draft
}

/// All ids in one map and all secrets in another, by the same keys.
pub fn transposed(random: &mut Random) -> Draft {
    let mut draft = Draft::new("maps of ids and of secrets");
    draft.has("several keys");
    let count = random.between(2, 6);
    let stems = stems(random, count);
    let mut entries: Vec<(String, String, String)> = Vec::new();
    for stem in &stems {
        let (id, secret) = draft.certain(random);
        let numbered = stem.starts_with(|first: char| first.is_ascii_digit());
        let name = if numbered { format!("key {stem}") } else { stem.clone() };
        entries.push((spelled(&name, Style::Snake), id, secret));
    }
    let ids: Vec<(String, String)> =
        entries.iter().map(|(name, id, _)| (name.clone(), id.clone())).collect();
    if random.chance(40) {
        draft.has("in another order");
        random.shuffle(&mut entries);
    }
    let secrets: Vec<(String, String)> =
        entries.into_iter().map(|(name, _, secret)| (name, secret)).collect();
    let (open, field, comma, close, id, secret) = *random.pick(&[
        ("{t}:\n", "  {n}: {v}", "\n", "\n", "access_keys", "secret_keys"),
        ("[{t}]\n", "{n} = {v}", "\n", "\n\n", "access_keys", "secret_keys"),
        ("{T} = {\n", "    '{n}': '{v}'", ",\n", "\n}\n", "access_keys", "secret_keys"),
        ("const {t} = { ", "{n}: '{v}'", ", ", " };\n", "accessKeys", "secretKeys"),
        ("{t} = {\n", "  {n} = \"{v}\"", "\n", "\n}\n", "access_key_ids", "secret_access_keys"),
        ("declare -A {T}=(\n", "  [{n}]={v}", "\n", "\n)\n", "aws_key", "aws_secret"),
    ]);
    let map = |title: &str, entries: &[(String, String)]| {
        let head = open.replace("{t}", title).replace("{T}", &title.to_uppercase());
        let fields =
            entries.iter().map(|(name, value)| field.replace("{n}", name).replace("{v}", value));
        head + &fields.collect::<Vec<_>>().join(comma) + close
    };
    draft.body = map(id, &ids) + &map(secret, &secrets);
    draft
}

/// A key before and after a change, line by line or side by side.
pub fn changed(random: &mut Random) -> Draft {
    let conflict = random.chance(40);
    let mut draft = Draft::new(if conflict { "merge conflict" } else { "diff of a rotation" });
    draft.has("several keys");
    let role = plain_role(random);
    let style = *random.pick(&[Style::Upper, Style::Snake, Style::Camel]);
    let (id, secret) = (spelled(role.id, style), spelled(role.secret, style));
    let (old, new) = (draft.certain(random), draft.certain(random));
    let mark = *random.pick(&["=", ": ", " = "]);
    let line = |sign: &str, name: &str, value: &str| format!("{sign}{name}{mark}{value}\n");
    let key =
        |sign: &str, key: &(String, String)| line(sign, &id, &key.0) + &line(sign, &secret, &key.1);
    draft.body = if conflict {
        let (ours, theirs) = (key("", &old), key("", &new));
        format!("region=eu-west-1\n<<<<<<< HEAD\n{ours}=======\n{theirs}>>>>>>> rotation\n")
    } else {
        let head = "--- a/.env\n+++ b/.env\n@@ -1,4 +1,4 @@\n region=eu-west-1\n";
        let body = if random.chance(50) {
            key("-", &old) + &key("+", &new)
        } else {
            line("-", &id, &old.0)
                + &line("+", &id, &new.0)
                + &line("-", &secret, &old.1)
                + &line("+", &secret, &new.1)
        };
        format!("{head}{body} bucket=app\n")
    };
    draft
}
