//! Packs: sets of rules that are switched on and off as a whole.

use serde::{Deserialize, Serialize};

/// A set of rules that is switched on and off as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pack {
    /// Credentials of AWS.
    Aws,
    /// Tokens of other providers whose form identifies them.
    Tokens,
    /// Credentials whose form is less sure, and which are often not secret.
    More,
    /// The rules of configuration files, which are always on.
    Custom,
}

impl Pack {
    /// The built-in packs, by name.
    pub const BUILT_IN: [(&'static str, Self); 3] =
        [("aws", Self::Aws), ("tokens", Self::Tokens), ("more", Self::More)];

    /// The name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Tokens => "tokens",
            Self::More => "more",
            Self::Custom => "custom",
        }
    }
}

/// The built-in packs that are switched on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packs(Vec<Pack>);

impl Default for Packs {
    fn default() -> Self {
        Self(vec![Pack::Aws, Pack::Tokens])
    }
}

impl Packs {
    /// The word for all built-in packs.
    pub const ALL: &'static str = "all";

    /// All built-in packs.
    pub fn all() -> Self {
        Self::of(Pack::BUILT_IN.into_iter().map(|(_, pack)| pack))
    }

    /// These packs.
    pub fn of(packs: impl IntoIterator<Item = Pack>) -> Self {
        let mut packs: Vec<Pack> = packs.into_iter().collect();
        packs.sort_unstable();
        packs.dedup();
        Self(packs)
    }

    /// The packs of a word: the name of one, or `all`.
    pub fn named(word: &str) -> Option<Self> {
        if word == Self::ALL {
            return Some(Self::all());
        }
        let known = Pack::BUILT_IN.into_iter().find(|(name, _)| *name == word);
        known.map(|(_, pack)| Self(vec![pack]))
    }

    /// True if rules of the pack apply.
    pub fn has(&self, pack: Pack) -> bool {
        pack == Pack::Custom || self.0.contains(&pack)
    }

    /// These packs and those of `other`.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        Self::of(self.0.iter().chain(&other.0).copied())
    }

    /// Their names, separated by commas.
    pub fn names(&self) -> String {
        self.0.iter().map(|pack| pack.as_str()).collect::<Vec<_>>().join(", ")
    }
}
