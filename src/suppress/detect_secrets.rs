//! What detect-secrets users settled: its baseline, a JSON file of SHA-1 digests.
//!
//! It knows values, by `hashed_secret`, and so do we: neither path nor line matters.

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
    /// Set by `detect-secrets audit`: a true secret was not accepted.
    is_secret: Option<bool>,
}

impl DetectSecrets {
    /// Reads the text of a `.secrets.baseline`.
    ///
    /// # Errors
    /// A text that is none.
    pub fn parse(file: &Path, text: &str) -> Result<Self, Faults> {
        let baseline: File = serde_json::from_str(text).map_err(|error| {
            let file = escape_path(file.as_os_str().as_encoded_bytes());
            // serde_json's own words may quote the text.
            let what = "no baseline of detect-secrets: JSON with 'results' by path".to_owned();
            Faults(vec![Fault { file, line: error.line().max(1), within: String::new(), what }])
        })?;
        let entries = baseline.results.into_values().flatten();
        let accepted = entries.filter(|entry| entry.is_secret != Some(true));
        Ok(Self { digests: accepted.map(|entry| entry.hashed_secret.to_lowercase()).collect() })
    }

    /// Whether the finding's key id or secret is in the baseline.
    pub fn accepts(&self, finding: &Finding) -> bool {
        let credential = &finding.credential;
        let id = credential.key_id.as_deref().map(str::as_bytes);
        let values = id.into_iter().chain(credential.secret.as_ref().map(Secret::expose));
        values.into_iter().filter_map(sha1).any(|digest| self.digests.contains(&digest))
    }
}

/// SHA-1 in hex; `None` for texts made to collide, which no secret is.
fn sha1(value: &[u8]) -> Option<String> {
    let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha1);
    hasher.update(value);
    hasher.try_finalize().ok().map(|digest| hex(digest.as_bytes()))
}
