//! Puts the values of a finding into texts and commands.
//!
//! A value may come from a hostile repository: in a command it is always one word of a POSIX shell.

use std::collections::BTreeMap;

use super::Facts;
use crate::aws::{KeyId, KeyKind};
use crate::canary;
use crate::finding::{Finding, Status};
use crate::principal::Principal;
use crate::text::{is_hostile, shell_word as word};

/// The facts about a credential and its owner.
#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    id: Option<String>,
    kind: Option<KeyKind>,
    user: Option<String>,
    role: Option<String>,
    partition: Option<String>,
    arn: Option<String>,
    is_canary: bool,
    /// Texts and commands contain shell variables instead of values.
    by_name: bool,
}

/// The placeholders of commands: name, shell variable, and the text for an unknown value.
const PLACES: [(&str, &str, &str); 5] = [
    ("{key_id}", "KEY", "<KEY_ID>"),
    ("{service_user}", "KEY", "<KEY_ID>"),
    ("{user}", "OWNER", "<USER>"),
    ("{role}", "ROLE", "<ROLE>"),
    ("{partition}", "PARTITION", "<PARTITION>"),
];

const KEY: &str = "\"$KEY\"";

/// True if a command uses a variable.
pub fn uses(command: &str, variable: &str) -> bool {
    command.contains(&format!("${variable}"))
}

/// The lines, made by `line`, that assign the variables which `commands` or other lines use.
pub fn assignments(commands: &[&str], line: impl Fn(&'static str) -> String) -> Vec<String> {
    let is_used = |variable: &&str| commands.iter().any(|command| uses(command, variable));
    let others = ["OWNER", "ROLE", "PARTITION"].into_iter().filter(is_used);
    let mut lines: Vec<String> = others.map(&line).collect();
    // The lookups of the other variables may use it.
    if is_used(&"KEY") || lines.iter().any(|line| uses(line, "KEY")) {
        lines.insert(0, line("KEY"));
    }
    lines
}

/// The line that assigns a variable: the known value, or the output of a lookup command, or a word
/// that says what is missing.
pub fn assignment(variable: &str, known: Option<&str>, lookup: Option<&str>) -> String {
    match (known, lookup) {
        (Some(value), _) => format!("{variable}={}", word(value)),
        (None, Some(lookup)) => format!("{variable}=\"$({lookup})\""),
        (None, None) => {
            let unknown = PLACES.iter().find(|(_, named, _)| *named == variable);
            format!("{variable}='{}'", unknown.map_or(variable, |(_, _, unknown)| unknown))
        }
    }
}

impl Values {
    /// No facts: names such as `<KEY_ID>` replace the values.
    pub(super) fn unknown() -> Self {
        Self::default()
    }

    /// Only variables, whatever is known.
    pub(super) fn variables_alone() -> Self {
        Self { by_name: true, ..Self::default() }
    }

    /// The facts of an earlier report or of the user.
    pub(super) fn of_facts(facts: &Facts, kind: Option<KeyKind>) -> Self {
        let printable =
            |text: &Option<String>| text.clone().filter(|text| !text.contains(is_hostile));
        let id = printable(&facts.key_id);
        let key = id.as_ref().and_then(|id| KeyId::parse(id.as_bytes()));
        let is_canary =
            facts.is_canary || key.as_ref().is_some_and(|key| canary::verdict(key).is_some());
        let kind = key.map(|key| key.kind()).or(kind);
        let mut values = Self { id, kind, is_canary, ..Self::default() };
        values.user = printable(&facts.user);
        values.role = printable(&facts.role);
        values.take_arn(printable(&facts.arn));
        values.partition = values.partition.or_else(|| facts.partition.clone());
        values
    }

    /// The lines that assign the variables which `commands` use.
    pub(super) fn assignments(&self, commands: &[&str]) -> Vec<String> {
        let known = self.variables();
        let lookup = self.lookup();
        assignments(commands, |variable| {
            let lookup = lookup.as_ref().filter(|(named, _)| *named == variable);
            let lookup = lookup.map(|(_, lookup)| lookup.as_str());
            assignment(variable, known.get(variable).map(String::as_str), lookup)
        })
    }

    /// The facts of the text and of STS.
    pub(super) fn of_finding(finding: &Finding) -> Self {
        let credential = &finding.credential;
        let id = credential.key_id.as_ref().filter(|id| !id.contains(is_hostile)).cloned();
        let kind = id.as_ref().and_then(|id| KeyId::parse(id.as_bytes())).map(|id| id.kind());
        let arn = finding.verification.arn.clone();
        let mut values = Self { id, kind, user: credential.user.clone(), ..Self::default() };
        values.is_canary = finding.verification.status == Status::Canary;
        values.take_arn(arn);
        values.user = values.user.filter(|user| !user.contains(is_hostile));
        let nearby = finding.occurrences.iter().find_map(|place| place.sighting.partition);
        values.partition = values.partition.or_else(|| nearby.map(str::to_owned));
        values
    }

    /// Adds the facts of an ARN that STS reported.
    fn take_arn(&mut self, arn: Option<String>) {
        match arn.as_deref().and_then(Principal::of) {
            Some(Principal::User(user)) => self.user = Some(user.to_owned()),
            Some(Principal::Role { role, .. }) => self.role = Some(role.to_owned()),
            Some(Principal::Federated(_) | Principal::Root) | None => {}
        }
        self.partition = arn.as_deref().and_then(|arn| arn.split(':').nth(1)).map(str::to_owned);
        self.arn = arn;
    }

    /// The kind of key, if the id is that of a signing key.
    pub(super) fn kind(&self) -> Option<KeyKind> {
        self.kind
    }

    /// The identity that STS reported.
    pub(super) fn arn(&self) -> Option<&str> {
        self.arn.as_deref()
    }

    /// True if the key is a canary.
    pub(super) fn is_canary(&self) -> bool {
        self.is_canary
    }

    /// Fills a sentence for people.
    pub(super) fn say(&self, text: &str) -> String {
        let (user, id) = match self.by_name {
            true => ("$OWNER", "$KEY"),
            false => {
                (self.user.as_deref().unwrap_or("<USER>"), self.id.as_deref().unwrap_or("<KEY_ID>"))
            }
        };
        text.replace("{who}", user).replace("{id}", id)
    }

    /// Fills a command.
    pub(super) fn command(&self, text: &str) -> String {
        // In one pass: a value with braces is not filled again.
        let mut filled = String::with_capacity(text.len() + 200);
        let mut quote = None;
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let place = PLACES.iter().find(|(place, ..)| rest.starts_with(place));
            if let Some((place, variable, unknown)) = place {
                match (self.by_name, quote) {
                    (false, _) => filled.push_str(&self.value(variable, unknown)),
                    // A variable is quoted as its position in the command requires.
                    (true, None) => filled.extend(["\"$", variable, "\""]),
                    (true, Some('"')) => filled.extend(["$", variable]),
                    (true, Some(_)) => filled.extend(["'\"$", variable, "\"'"]),
                }
                rest = &rest[place.len()..];
                continue;
            }
            quote = match (quote, first) {
                (None, '\'' | '"') => Some(first),
                (Some(open), _) if open == first => None,
                _ => quote,
            };
            filled.push(first);
            rest = &rest[first.len_utf8()..];
        }
        filled
    }

    /// The value of a variable as a shell word, or as AWS prints it.
    fn value(&self, variable: &str, unknown: &str) -> String {
        let id = || self.id.as_deref().map_or_else(|| "'<KEY_ID>'".to_owned(), word);
        let known = match variable {
            "PARTITION" => return self.partition(),
            "KEY" => return id(),
            "OWNER" => &self.user,
            _ => &self.role,
        };
        match (known, self.lookup_for(&id())) {
            (Some(known), _) => word(known),
            (None, Some((named, lookup))) if named == variable => format!("\"$({lookup})\""),
            (None, _) => format!("'{unknown}'"),
        }
    }

    /// The variable that AWS can look up by the key's id, with the command.
    pub(super) fn lookup(&self) -> Option<(&'static str, String)> {
        self.lookup_for(KEY)
    }

    fn lookup_for(&self, id: &str) -> Option<(&'static str, String)> {
        match self.kind? {
            KeyKind::LongTerm => Some(("OWNER", user_lookup(id))),
            KeyKind::Temporary => Some(("ROLE", role_lookup(id))),
        }
    }

    /// The known values, by the names of the variables of [`super::Remedy`].
    pub(super) fn variables(&self) -> BTreeMap<&'static str, String> {
        let known = [("KEY", &self.id), ("OWNER", &self.user), ("ROLE", &self.role)];
        let known = known.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
        known.chain([("PARTITION", self.partition())]).collect()
    }

    fn partition(&self) -> String {
        let known = ["aws", "aws-cn", "aws-us-gov", "aws-eusc"];
        let named = self.partition.as_deref().filter(|name| known.contains(name));
        named.unwrap_or("aws").to_owned()
    }
}

/// The command that prints the user of a long-term key; `id` is a shell word.
fn user_lookup(id: &str) -> String {
    format!("aws iam get-access-key-last-used --access-key-id {id} --query UserName --output text")
}

/// The command that prints the role of a temporary key; `id` is a shell word.
fn role_lookup(id: &str) -> String {
    format!(
        "aws cloudtrail lookup-events --lookup-attributes \
         AttributeKey=AccessKeyId,AttributeValue={id} --max-results 1 --query \
         'Events[0].CloudTrailEvent' --output text | \
         sed -n 's/.*\"sessionIssuer\":{{[^}}]*\"userName\":\"\\([^\"]*\\)\".*/\\1/p'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_one_word_whatever_it_holds() {
        for (text, expected) in [
            ("alice", "alice"),
            ("a.b@c-d", "a.b@c-d"),
            ("-rf", "'-rf'"),
            ("", "''"),
            ("x; rm -rf ~", "'x; rm -rf ~'"),
            ("it's", "'it'\\''s'"),
            ("$(id)", "'$(id)'"),
        ] {
            assert_eq!(word(text), expected);
        }
    }

    #[test]
    fn only_names_of_values_are_filled() {
        let values = Values { user: Some("{key_id}".to_owned()), ..Values::default() };
        let command = values.command("a {user} '{\"x\":{\"y\":\"${aws:username}\"}}' {nobody}");
        assert_eq!(command, "a '{key_id}' '{\"x\":{\"y\":\"${aws:username}\"}}' {nobody}");
    }

    #[test]
    fn a_variable_is_quoted_as_its_place_requires() {
        for (text, expected) in [
            ("a {user} b", "a \"$OWNER\" b"),
            ("k=v,x={key_id}", "k=v,x=\"$KEY\""),
            ("'{\"r\":\"arn:{partition}:x\"}'", "'{\"r\":\"arn:'\"$PARTITION\"':x\"}'"),
            ("\"[?a=='\"{service_user}\"'].b\"", "\"[?a=='\"\"$KEY\"\"'].b\""),
            ("\"x {role}\"", "\"x $ROLE\""),
        ] {
            assert_eq!(Values::variables_alone().command(text), expected);
        }
    }
}
