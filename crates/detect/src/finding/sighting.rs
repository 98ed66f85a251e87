//! The place of a credential in a text, and the place that a service shows.

use super::{Confidence, Encoding, Evidence};
use crate::location::Region;
use crate::secret::Secret;

/// Markers by which people allow a line, keysweep's own first.
pub const MARKERS: [&str; 5] = [
    "keysweep:allow",
    "gitleaks:allow",
    "trufflehog:ignore",
    "kingfisher:ignore",
    "pragma: allowlist secret",
];
/// Partitions that a text may name; without a name it is `aws`.
pub const PARTITIONS: [&str; 3] = ["aws-cn", "aws-us-gov", "aws-eusc"];

/// The credential's place in one text, with the data from the surrounding text that a report needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sighting {
    /// The place of the key id; if it is encoded, of the encoded text.
    pub id: Option<Region>,
    /// The place of the secret.
    pub secret: Option<Region>,
    /// The encodings that were undone to read it, outermost first.
    pub decoded: Vec<Encoding>,
    /// One of [`MARKERS`] on the line of the id or the secret.
    pub marker: Option<&'static str>,
    /// The line of [`Sighting::primary`] with every secret masked, cut to a readable length.
    pub snippet: String,
    /// The secret's line in the same form if it is a different line; otherwise empty.
    pub secret_snippet: String,
    /// GitHub's `primaryLocationLineHash` of the line of [`Sighting::primary`] as its two parts:
    /// hash, count.
    pub line_hash: Option<(u64, u32)>,
    /// The one of [`PARTITIONS`] that nearby text names.
    pub partition: Option<&'static str>,
    /// The place that services show, if it differs; see [`Sighting::spot`].
    pub shown: Option<Box<Spot>>,
    /// The evidence that the id and the secret are one key; `None` for a part without a partner.
    pub evidence: Option<Evidence>,
    /// Other secrets in reach of the id, the likeliest first. They are not findings: verification
    /// tries them if the id's own secret is rejected. Empty unless the detector keeps them.
    pub rivals: Vec<Rival>,
}

/// A secret in reach of an id that was not joined with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rival {
    /// The secret.
    pub secret: Secret,
    /// The place of the secret in the text of the id.
    pub region: Region,
    /// The encodings that were undone to read it, outermost first.
    pub decoded: Vec<Encoding>,
    /// The confidence that the pair would have.
    pub confidence: Confidence,
    /// The evidence for the pair; `None` if the pair was given up together with its evidence.
    pub evidence: Option<Evidence>,
}

/// The place for a service that shows one version of a file, or only its changed lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The place of the key id.
    pub id: Option<Region>,
    /// The place of the secret.
    pub secret: Option<Region>,
    /// A change added the secret to an existing id: the secret is the part to show.
    pub at_secret: bool,
    /// The masked line of [`Spot::primary`]; empty if it is unknown.
    pub snippet: String,
    /// See [`Sighting::line_hash`]; of the line of [`Spot::primary`].
    pub line_hash: Option<(u64, u32)>,
}

impl Spot {
    /// The part to show.
    pub fn primary(&self) -> Option<Region> {
        if self.at_secret { self.secret } else { self.id.or(self.secret) }
    }

    /// The other half, if there are two.
    pub fn other(&self) -> Option<Region> {
        if self.at_secret { self.id } else { self.id.and(self.secret) }
    }
}

impl Sighting {
    /// The id's region, or the secret's if there is no id.
    pub fn primary(&self) -> Option<Region> {
        self.id.or(self.secret)
    }

    /// The place for a service to show.
    pub fn spot(&self) -> Spot {
        self.shown.as_deref().cloned().unwrap_or_else(|| Spot {
            id: self.id,
            secret: self.secret,
            at_secret: false,
            snippet: self.snippet.clone(),
            line_hash: self.line_hash,
        })
    }
}
