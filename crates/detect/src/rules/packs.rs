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
    /// The rules of configuration files. A rule without a pack of its own is always on.
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

    /// True if the name means something already, so that no rule of a configuration may have it.
    pub fn is_reserved(name: &str) -> bool {
        name == Packs::ALL
            || name == Self::Custom.as_str()
            || Self::BUILT_IN.iter().any(|(built_in, _)| *built_in == name)
    }
}

/// The packs that are switched on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packs {
    built_in: Vec<Pack>,
    /// The packs of configuration files, by name; `None` if all of them are on.
    own: Option<Vec<String>>,
}

impl Default for Packs {
    fn default() -> Self {
        Self { built_in: vec![Pack::Aws, Pack::Tokens], own: None }
    }
}

impl Packs {
    /// The word for all packs.
    pub const ALL: &'static str = "all";

    /// All packs.
    pub fn all() -> Self {
        let all = Self::of(Pack::BUILT_IN.into_iter().map(|(_, pack)| pack));
        Self { own: None, ..all }
    }

    /// These built-in packs, and no other one.
    pub fn of(packs: impl IntoIterator<Item = Pack>) -> Self {
        let mut built_in: Vec<Pack> = packs.into_iter().collect();
        built_in.sort_unstable();
        built_in.dedup();
        Self { built_in, own: Some(Vec::new()) }
    }

    /// The packs of a word: the name of one, or `all`. `own` are the packs of configuration files.
    pub fn named(word: &str, own: &[String]) -> Option<Self> {
        if word == Self::ALL {
            return Some(Self::all());
        }
        if own.iter().any(|name| name == word) {
            return Some(Self { own: Some(vec![word.to_owned()]), ..Self::of([]) });
        }
        let known = Pack::BUILT_IN.into_iter().find(|(name, _)| *name == word);
        known.map(|(_, pack)| Self::of([pack]))
    }

    /// The words that name packs; `own` are the packs of configuration files.
    pub fn choices(own: &[String]) -> Vec<&str> {
        let built_in = Pack::BUILT_IN.into_iter().map(|(name, _)| name);
        built_in.chain(own.iter().map(String::as_str)).chain([Self::ALL]).collect()
    }

    /// True if rules of the built-in pack apply.
    pub fn has(&self, pack: Pack) -> bool {
        pack == Pack::Custom || self.built_in.contains(&pack)
    }

    /// True if rules of a configuration's pack apply.
    pub fn has_own(&self, name: &str) -> bool {
        self.own.as_ref().is_none_or(|own| own.iter().any(|one| one == name))
    }

    /// These packs and those of `other`.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        let built_in = Self::of(self.built_in.iter().chain(&other.built_in).copied()).built_in;
        let own = self.own.as_ref().zip(other.own.as_ref()).map(|(one, two)| {
            let mut own: Vec<String> = one.iter().chain(two).cloned().collect();
            own.sort_unstable();
            own.dedup();
            own
        });
        Self { built_in, own }
    }

    /// The names of those that are switched on by name, separated by commas.
    pub fn names(&self) -> String {
        let built_in = self.built_in.iter().map(|pack| pack.as_str());
        let own = self.own.iter().flatten().map(String::as_str);
        built_in.chain(own).collect::<Vec<_>>().join(", ")
    }
}
