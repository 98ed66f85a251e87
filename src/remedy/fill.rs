//! A finding's own values, put into texts and commands.
//!
//! A value may come from a hostile repository: in a command it is one word of a POSIX shell,
//! whatever it holds.

use super::Facts;
use crate::aws::{KeyId, KeyKind};
use crate::finding::Finding;
use crate::principal::Principal;
use crate::text::{is_hostile, shell_word as word};

/// What is known of a credential and its owner.
#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    id: Option<String>,
    kind: Option<KeyKind>,
    user: Option<String>,
    role: Option<String>,
    partition: Option<String>,
    arn: Option<String>,
    /// In commands the shell's variables stand for the values: `"$KEY"`, `"$OWNER"`, `"$ROLE"`.
    by_name: bool,
}

impl Values {
    /// Nothing is known: names such as `<KEY_ID>` stand for the values.
    pub(super) fn unknown() -> Self {
        Self::default()
    }

    /// What an earlier report says, or nobody; in commands names stand for the values.
    pub(super) fn by_name(facts: &Facts, kind: Option<KeyKind>) -> Self {
        let harmless =
            |text: &Option<String>| text.clone().filter(|text| !text.contains(is_hostile));
        let id = harmless(&facts.key_id);
        let of_id = id.as_ref().and_then(|id| KeyId::parse(id.as_bytes())).map(|id| id.kind());
        let mut values = Self { id, kind: of_id.or(kind), by_name: true, ..Self::default() };
        values.user = harmless(&facts.user);
        values.take_arn(harmless(&facts.arn));
        values
    }

    /// The lines that give the names their values, of those that `commands` use.
    pub(super) fn assignments(&self, commands: &[&str]) -> Vec<String> {
        let uses = |texts: &[String], name: &str| {
            let named = format!("\"${name}\"");
            let texts = texts.iter().map(String::as_str).chain(commands.iter().copied());
            texts.into_iter().any(|text| text.contains(&named))
        };
        let id = self.id.as_deref().map_or_else(|| "'<KEY_ID>'".to_owned(), word);
        let named = "\"$KEY\"";
        let mut lines: Vec<String> = Vec::new();
        for (name, value) in [("OWNER", self.user_word(named)), ("ROLE", self.role_word(named))] {
            if uses(&[], name) {
                lines.push(format!("{name}={value}"));
            }
        }
        // The others may use it.
        if uses(&lines, "KEY") {
            lines.insert(0, format!("KEY={id}"));
        }
        lines
    }

    /// What the text and STS said.
    pub(super) fn of_finding(finding: &Finding) -> Self {
        let credential = &finding.credential;
        let id = credential.key_id.as_ref().filter(|id| !id.contains(is_hostile)).cloned();
        let kind = id.as_ref().and_then(|id| KeyId::parse(id.as_bytes())).map(|id| id.kind());
        let arn = finding.verification.arn.clone();
        let mut values = Self { id, kind, user: credential.user.clone(), ..Self::default() };
        values.take_arn(arn);
        values.user = values.user.filter(|user| !user.contains(is_hostile));
        let nearby = finding.occurrences.iter().find_map(|place| place.sighting.partition);
        values.partition = values.partition.or_else(|| nearby.map(str::to_owned));
        values
    }

    /// Takes what STS said of who the key is.
    fn take_arn(&mut self, arn: Option<String>) {
        match arn.as_deref().and_then(Principal::of) {
            Some(Principal::User(user)) => self.user = Some(user.to_owned()),
            Some(Principal::Role { role, .. }) => self.role = Some(role.to_owned()),
            Some(Principal::Federated(_) | Principal::Root) | None => {}
        }
        self.partition = arn.as_deref().and_then(|arn| arn.split(':').nth(1)).map(str::to_owned);
        self.arn = arn;
    }

    /// The kind of signing key, where the id is one of a signing key.
    pub(super) fn kind(&self) -> Option<KeyKind> {
        self.kind
    }

    /// Who STS said the key is.
    pub(super) fn arn(&self) -> Option<&str> {
        self.arn.as_deref()
    }

    /// Fills a sentence for people.
    pub(super) fn say(&self, text: &str) -> String {
        text.replace("{who}", self.user.as_deref().unwrap_or("<USER>"))
            .replace("{id}", self.id.as_deref().unwrap_or("<KEY_ID>"))
    }

    /// Fills a command.
    pub(super) fn command(&self, text: &str) -> String {
        let id = match self.by_name {
            true => "\"$KEY\"".to_owned(),
            false => self.id.as_deref().map_or_else(|| "'<KEY_ID>'".to_owned(), word),
        };
        // In one pass: a value that holds braces is not filled again.
        let mut filled = String::with_capacity(text.len() + 200);
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let (before, behind) = rest.split_at(open);
            filled.push_str(before);
            let name = behind.find('}').map(|close| &behind[1..close]);
            let value = match name {
                Some("key_id" | "service_user") => Some(id.clone()),
                Some("user") if self.by_name => Some("\"$OWNER\"".to_owned()),
                Some("role") if self.by_name => Some("\"$ROLE\"".to_owned()),
                Some("user") => Some(self.user_word(&id)),
                Some("role") => Some(self.role_word(&id)),
                Some("partition") => Some(self.partition()),
                _ => None,
            };
            match (value, name) {
                (Some(value), Some(name)) => {
                    filled.push_str(&value);
                    rest = &behind[name.len() + 2..];
                }
                _ => {
                    filled.push('{');
                    rest = &behind[1..];
                }
            }
        }
        filled.push_str(rest);
        filled
    }

    /// The user's name, or how IAM tells it from the id of a long-term key.
    fn user_word(&self, id: &str) -> String {
        match (&self.user, self.kind) {
            (Some(user), _) => word(user),
            (None, Some(KeyKind::LongTerm)) => format!(
                "\"$(aws iam get-access-key-last-used --access-key-id {id} --query UserName \
                 --output text)\""
            ),
            (None, _) => "'<USER>'".to_owned(),
        }
    }

    /// The role's name, or how CloudTrail tells it from the id of a temporary key.
    fn role_word(&self, id: &str) -> String {
        match (&self.role, self.kind) {
            (Some(role), _) => word(role),
            (None, Some(KeyKind::Temporary)) => format!(
                "\"$(aws cloudtrail lookup-events --lookup-attributes \
                 AttributeKey=AccessKeyId,AttributeValue={id} --max-results 1 --query \
                 'Events[0].CloudTrailEvent' --output text | \
                 sed -n 's/.*\"sessionIssuer\":{{[^}}]*\"userName\":\"\\([^\"]*\\)\".*/\\1/p')\""
            ),
            (None, _) => "'<ROLE>'".to_owned(),
        }
    }

    fn partition(&self) -> String {
        let known = ["aws", "aws-cn", "aws-us-gov", "aws-eusc"];
        let named = self.partition.as_deref().filter(|name| known.contains(name));
        named.unwrap_or("aws").to_owned()
    }
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
}
