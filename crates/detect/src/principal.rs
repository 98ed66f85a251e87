//! The principal that an ARN of STS or IAM names; no request is made.

/// The caller behind a key, as `GetCallerIdentity` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Principal<'a> {
    /// The root user of the account, whom no policy restricts.
    Root,
    /// An IAM user by the name that IAM's commands take, without its path.
    User(&'a str),
    /// A session of a role.
    Role {
        /// The role's name.
        role: &'a str,
        /// The session's name.
        session: &'a str,
    },
    /// A federated user.
    Federated(&'a str),
}

impl<'a> Principal<'a> {
    /// Reads an ARN such as `arn:aws:iam::123456789012:user/path/alice` (IAM User Guide, "IAM
    /// ARNs"); `None` for any other.
    pub fn of(arn: &'a str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':');
        (parts.next()? == "arn").then_some(())?;
        let resource = parts.nth(4)?;
        let (kind, rest) = match resource.split_once('/') {
            Some((kind, rest)) => (kind, rest),
            None => (resource, ""),
        };
        match kind {
            "root" if rest.is_empty() => Some(Self::Root),
            "user" => rest.rsplit('/').next().filter(|name| !name.is_empty()).map(Self::User),
            "assumed-role" => {
                let (role, session) = rest.split_once('/')?;
                Some(Self::Role { role, session })
            }
            "federated-user" if !rest.is_empty() => Some(Self::Federated(rest)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_kind_of_caller() {
        let cases = [
            ("arn:aws:iam::123456789012:root", Some(Principal::Root)),
            ("arn:aws:iam::123456789012:user/alice", Some(Principal::User("alice"))),
            ("arn:aws-cn:iam::123456789012:user/a/b/alice", Some(Principal::User("alice"))),
            (
                "arn:aws:sts::123456789012:assumed-role/admin/me@x",
                Some(Principal::Role { role: "admin", session: "me@x" }),
            ),
            ("arn:aws:sts::123456789012:federated-user/bob", Some(Principal::Federated("bob"))),
            ("arn:aws:s3:::bucket", None),
            ("arn:aws:iam::123456789012:user/", None),
            ("root", None),
        ];
        for (arn, principal) in cases {
            assert_eq!(Principal::of(arn), principal, "{arn}");
        }
    }
}
