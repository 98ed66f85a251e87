//! Reads everything that gives a user, or a holder of its key, access, and compares two readings.

use std::collections::{BTreeMap, BTreeSet};

use keysweep_aws::{Error, Iam, Named};

/// One kind of access: each by its name, with what may change of it. `Err` says why it was not
/// seen.
type Seen = Result<BTreeMap<String, String>, Unseen>;

/// The reason why something was not seen.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Unseen {
    /// The action that is not allowed.
    Denied(&'static str),
    /// The error, in words.
    Failed(String),
}

/// The things that were seen, by the words for their kind.
#[derive(Debug, Default)]
pub(super) struct Look(Vec<(&'static str, Seen)>);

const KEYS: &str = "access key";
const INLINE: &str = "policy in the user";

/// Looks at a user, and at all users and roles of the account.
/// A request that is denied or fails is noted as not seen.
pub(super) fn look(iam: &dyn Iam, user: &str) -> Look {
    let plain = |names: Vec<String>| names.into_iter().map(|name| (name, String::new())).collect();
    let mut look = Look::default();
    let keys = iam.access_keys(user).map(|keys| {
        keys.into_iter().map(|key| (key.id, key.status.as_str().to_lowercase())).collect()
    });
    look.add(KEYS, keys);
    look.add(INLINE, iam.inline_policies(user).map(plain));
    let attached = iam
        .attached_policies(user)
        .map(|policies| policies.into_iter().map(|policy| (policy.arn, String::new())).collect());
    look.add("attached policy", attached);
    look.add("group", iam.groups(user).map(plain));
    let password = iam.login_profile(user).map(|profile| {
        let made = |at: Option<jiff::Timestamp>| {
            at.map(|at| format!("made {}", at.strftime("%Y-%m-%d %H:%M:%S UTC")))
                .unwrap_or_default()
        };
        profile.map(|at| ("for the console".to_owned(), made(at))).into_iter().collect()
    });
    look.add("password", password);
    look.add("multi-factor device", iam.mfa_devices(user).map(plain));
    let credentials = iam.service_credentials(user).map(|all| all.into_iter().collect());
    look.add("service-specific credential", credentials);
    let mut users = Vec::new();
    let listed = iam.users(&mut |page| {
        users.extend(page);
        true
    });
    look.add("user", listed.map(|()| named(users)));
    look.add("role", iam.roles().map(named));
    look
}

fn named(all: Vec<Named>) -> BTreeMap<String, String> {
    // One that was deleted and created again has another id.
    all.into_iter().map(|one| (one.name, one.id)).collect()
}

impl Look {
    fn add(&mut self, what: &'static str, read: Result<BTreeMap<String, String>, Error>) {
        let seen = match read {
            Ok(found) => Ok(found),
            Err(error @ Error::AccessDenied { .. }) => Err(Unseen::Denied(error.operation())),
            // The user is deleted, with everything that belonged to it.
            Err(Error::NotFound { .. }) => Ok(BTreeMap::new()),
            // A look that fails must not keep a leaked key from being ended.
            Err(error) => Err(Unseen::Failed(error.to_string())),
        };
        self.0.push((what, seen));
    }

    /// The kinds that one of the two looks did not see, with the reason.
    pub(super) fn unseen(&self, after: &Self) -> Vec<String> {
        let (mut denied, mut failed) = (Vec::new(), Vec::new());
        for ((what, before), (_, after)) in self.0.iter().zip(&after.0) {
            match (before.as_ref().err(), after.as_ref().err()) {
                (Some(Unseen::Denied(operation)), _) | (_, Some(Unseen::Denied(operation))) => {
                    denied.push(format!("iam:{operation}"));
                }
                (Some(Unseen::Failed(why)), _) | (None, Some(Unseen::Failed(why))) => {
                    failed.push(format!("{what}: {why}"));
                }
                (None, None) => {}
            }
        }
        if !denied.is_empty() {
            failed.insert(0, format!("{}: not allowed", denied.join(", ")));
        }
        failed
    }

    /// Everything new, gone or changed since, except our own changes.
    pub(super) fn changes(&self, after: &Self, own_key: &str, own_policy: &str) -> Vec<String> {
        let mut changes = Vec::new();
        for ((what, before), (_, after)) in self.0.iter().zip(&after.0) {
            let (Ok(before), Ok(after)) = (before, after) else { continue };
            let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            for name in names {
                if *what == INLINE && name == own_policy {
                    continue;
                }
                let is_own = *what == KEYS && name == own_key;
                match (before.get(name), after.get(name)) {
                    (None, Some(_)) => changes.push(format!("new: {what} {name}")),
                    (Some(_), None) => changes.push(format!("gone: {what} {name}")),
                    (Some(_), Some(now)) if is_own && now == "active" => {
                        changes.push(format!("active again: {what} {name}"));
                    }
                    (Some(then), Some(now)) if !is_own && then != now => {
                        changes.push(changed(what, name, then, now));
                    }
                    _ => {}
                }
            }
        }
        changes
    }
}

fn changed(what: &str, name: &str, then: &str, now: &str) -> String {
    match what {
        "user" | "role" => format!("deleted and created again: {what} {name}"),
        _ => format!("changed: {what} {name}, {then} before, {now} now"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(what: &'static str, entries: &[(&str, &str)]) -> (&'static str, Seen) {
        let text = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        (what, Ok(entries.iter().map(text).collect()))
    }

    #[test]
    fn changes_between_two_looks_are_found() {
        let before = Look(vec![
            one(KEYS, &[("OWN", "active"), ("B", "inactive")]),
            one(INLINE, &[("p", "")]),
            one("user", &[("u", "1"), ("v", "2")]),
            ("role", Err(Unseen::Denied("ListRoles"))),
        ]);
        let after = Look(vec![
            one(KEYS, &[("OWN", "inactive"), ("B", "active"), ("C", "active")]),
            one(INLINE, &[("DenyOlderSessions", "")]),
            one("user", &[("u", "3"), ("v", "2"), ("w", "4")]),
            one("role", &[("r", "5")]),
        ]);
        assert_eq!(
            before.changes(&after, "OWN", "DenyOlderSessions"),
            [
                "changed: access key B, inactive before, active now",
                "new: access key C",
                "gone: policy in the user p",
                "deleted and created again: user u",
                "new: user w",
            ]
        );
        let again = Look(vec![one(KEYS, &[("OWN", "active"), ("B", "inactive")])]);
        assert_eq!(before.changes(&again, "OWN", ""), ["active again: access key OWN"]);
        assert_eq!(before.unseen(&after), ["iam:ListRoles: not allowed"]);
    }
}
