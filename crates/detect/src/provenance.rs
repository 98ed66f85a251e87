//! The origin of a scanned repository, as far as a report may show it.
//!
//! Keeps nothing of the repository's own data that may be a credential or a path of this machine.
//! This module must not know how the data was read, or who shows it.

use serde::{Deserialize, Serialize};

/// A repository's origin and the revision that was scanned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Read")]
pub struct Provenance {
    remote: Option<String>,
    /// The commit of HEAD, or of a range's end, in hex.
    pub revision: Option<String>,
    /// Short name of the branch.
    pub branch: Option<String>,
}

/// The same in an earlier report, which anybody may have written.
#[derive(Deserialize)]
struct Read {
    remote: Option<String>,
    revision: Option<String>,
    branch: Option<String>,
}

impl From<Read> for Provenance {
    fn from(Read { remote, revision, branch }: Read) -> Self {
        Self::new(remote.as_deref(), revision, branch)
    }
}

impl Provenance {
    /// Takes the remote's URL from git; [`Provenance::remote`] describes the kept part.
    pub fn new(remote: Option<&str>, revision: Option<String>, branch: Option<String>) -> Self {
        Self { remote: remote.and_then(public_url), revision, branch }
    }

    /// Removes the texts that `hides` selects.
    #[must_use]
    pub fn without(self, hides: impl Fn(&str) -> bool) -> Self {
        let is_public = |text: &String| !hides(text);
        Self {
            remote: self.remote.filter(is_public),
            revision: self.revision,
            branch: self.branch.filter(is_public),
        }
    }

    /// The remote as an absolute URL without user, password, query and fragment, any of which may
    /// hold a credential. `None` for a remote on this machine, whose path is private.
    pub fn remote(&self) -> Option<&str> {
        self.remote.as_deref()
    }
}

/// Reads `scheme://[user[:password]@]host[:port]/path` and scp's `[user@]host:path`.
///
/// A URL with an `@` after its host is not reported at all: an unencoded password with a slash or
/// colon has this form.
fn public_url(url: &str) -> Option<String> {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest.to_owned()),
        None => {
            let (host, path) = url.split_once(':')?;
            let names_host = host.len() > 1 && !host.contains(['/', '\\']);
            (
                names_host.then(|| "ssh".to_owned())?,
                format!("{host}/{}", path.trim_start_matches('/')),
            )
        }
    };
    if !matches!(scheme.as_str(), "http" | "https" | "ssh" | "git") {
        return None;
    }
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = authority.rsplit('@').next().unwrap_or_default();
    let plain = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~:/%+!$&'()*,;=".contains(&byte))
    };
    let is_public = is_host(host) && plain(path) && !path.contains('@');
    is_public.then(|| format!("{scheme}://{host}/{path}"))
}

/// True for a name or address, with or without a port.
fn is_host(text: &str) -> bool {
    let (name, rest) = match text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        Some((address, rest)) => (address, rest),
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let port = rest.strip_prefix(':').unwrap_or(rest);
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte))
        && port.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_no_credential_and_no_local_path() {
        let shown = |url: &str| Provenance::new(Some(url), None, None).remote;
        let password = ["hun", "ter2"].concat();
        for (url, expected) in [
            (
                format!("https://me:{password}@example.com/o/r.git?token={password}"),
                "https://example.com/o/r.git",
            ),
            (format!("https://a@b:{password}@example.com/o/r"), "https://example.com/o/r"),
            ("git@example.com:o/r.git".to_owned(), "ssh://example.com/o/r.git"),
            ("ssh://git@example.com:2222/o/r".to_owned(), "ssh://example.com:2222/o/r"),
            ("https://[2001:db8::1]:8443/o/r".to_owned(), "https://[2001:db8::1]:8443/o/r"),
        ] {
            assert_eq!(shown(&url).as_deref(), Some(expected));
        }
        for url in [
            "/srv/git/r.git",
            "file:///srv/r.git",
            "../r",
            "C:\\r",
            "https://h/a b",
            "./a:b",
            // Unencoded passwords: a part of them is read as host or path.
            "https://me:hun/ter2@example.com/o/r",
            "https://me:hun/ter2@example.com",
            "me:hunter2@example.com:o/r",
            "https://me:hunter2/o/r",
        ] {
            assert_eq!(shown(url), None, "{url}");
        }
    }
}
