//! Where a credential stands in a text, and where a service is to show it.

use super::{Confidence, Encoding, Evidence};
use crate::location::Region;
use crate::secret::Secret;

/// The credential's place in one text, with what a report needs of the text around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Where the key id stands; of an encoded one, the encoded text.
    pub id: Option<Region>,
    /// Where the secret stands.
    pub secret: Option<Region>,
    /// The encodings that were undone to read it, outermost first.
    pub decoded: Vec<Encoding>,
    /// The words of a marker such as `keysweep:allow` on the line of the id or the secret.
    pub marker: Option<&'static str>,
    /// The line of [`Sighting::primary`], every secret in it masked, cut to a readable length.
    pub snippet: String,
    /// The same of the secret's line, where that is another one; else empty.
    pub secret_snippet: String,
    /// GitHub's `primaryLocationLineHash` of the line of [`Sighting::primary`], without its counter's colon: hash, count.
    pub line_hash: Option<(u64, u32)>,
    /// The partition that nearby text names, such as `aws-cn`.
    pub partition: Option<&'static str>,
    /// Where services are to show it, if not here; see [`Sighting::spot`].
    pub shown: Option<Box<Spot>>,
    /// Why the id and the secret are called one key; `None` for a part that stands alone.
    pub evidence: Option<Evidence>,
    /// Other secrets in reach of the id, the likeliest first: no findings, but what verification
    /// asks about where the id's own secret is rejected. Empty unless the detector keeps them.
    pub rivals: Vec<Rival>,
}

/// A secret in reach of an id that was not joined with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rival {
    /// The secret.
    pub secret: Secret,
    /// Where it stands, in the text of the id.
    pub region: Region,
    /// The encodings that were undone to read it, outermost first.
    pub decoded: Vec<Encoding>,
    /// How sure the detector would be of the pair.
    pub confidence: Confidence,
    /// What speaks for the pair; `None` if that was given up with it.
    pub evidence: Option<Evidence>,
}

/// What a service that shows one version of a file, or only its changed lines, is to point at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// Where the key id stands.
    pub id: Option<Region>,
    /// Where the secret stands.
    pub secret: Option<Region>,
    /// A change added the secret to an id that was there before: the secret is the part to show.
    pub at_secret: bool,
    /// The masked line of [`Spot::primary`]; empty if it is not known.
    pub snippet: String,
    /// See [`Sighting::line_hash`]; of the line of [`Spot::primary`].
    pub line_hash: Option<(u64, u32)>,
}

impl Spot {
    /// The part to point at.
    pub fn primary(&self) -> Option<Region> {
        if self.at_secret { self.secret } else { self.id.or(self.secret) }
    }

    /// The other half, where there are two.
    pub fn other(&self) -> Option<Region> {
        if self.at_secret { self.id } else { self.id.and(self.secret) }
    }
}

impl Sighting {
    /// The id's region, or the secret's where there is no id.
    pub fn primary(&self) -> Option<Region> {
        self.id.or(self.secret)
    }

    /// What a service is to point at.
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
