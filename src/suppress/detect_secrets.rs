//! Suppressions of detect-secrets: its baseline, a JSON file of SHA-1 digests.
//!
//! It identifies values by `hashed_secret`, and so does keysweep: neither path nor line matters.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use serde::Deserialize;

use crate::document::{Fault, Faults};
use crate::finding::Finding;
use crate::secret::{Secret, hex};
use crate::text::escape_path;

/// The digests of a baseline.
#[derive(Debug, Default)]
pub struct DetectSecrets {
    digests: HashSet<String>,
}

#[derive(Deserialize)]
struct File {
    results: BTreeMap<String, Vec<DetectSecretsEntry>>,
}

#[derive(Deserialize)]
struct DetectSecretsEntry {
    hashed_secret: String,
    /// Set by `detect-secrets audit`: a true secret is not accepted.
    is_secret: Option<bool>,
}

impl DetectSecrets {
    /// Reads the text of a `.secrets.baseline`.
    ///
    /// # Errors
    ///
    /// If it is not one.
    pub fn parse(file: &Path, text: &str) -> Result<Self, Faults> {
        let baseline: File = serde_json::from_str(text).map_err(|error| {
            let file = escape_path(file.as_os_str().as_encoded_bytes());
            // An error of serde_json may quote the text.
            let what =
                "not a baseline of detect-secrets, which is JSON with 'results' by path".to_owned();
            Faults(vec![Fault { file, line: error.line().max(1), within: String::new(), what }])
        })?;
        let entries = baseline.results.into_values().flatten();
        let accepted = entries.filter(|entry| entry.is_secret != Some(true));
        Ok(Self { digests: accepted.map(|entry| entry.hashed_secret.to_lowercase()).collect() })
    }

    /// True if the baseline has the finding's key id or secret.
    pub fn accepts(&self, finding: &Finding) -> bool {
        let id = finding.credential.key_id.as_deref().map(str::as_bytes);
        let values = id.into_iter().chain(finding.clear.secret.as_ref().map(Secret::expose));
        values.into_iter().filter_map(sha1).any(|digest| self.digests.contains(&digest))
    }
}

/// SHA-1 in hexadecimal digits; `None` for texts made to collide, which no secret is.
fn sha1(value: &[u8]) -> Option<String> {
    let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha1);
    hasher.update(value);
    hasher.try_finalize().ok().map(|digest| hex(digest.as_bytes()))
}
