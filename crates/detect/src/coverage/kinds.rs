//! The kinds of problems, and the extent of the missing content for each.

/// The extent of the missing content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Missing {
    /// The whole run, or its remainder.
    Run,
    /// A part of a repository: its packs, refs, alternates, index.
    Repository,
    /// An object or its location.
    Object,
    /// A file or a part of one.
    File,
}

/// Every kind of problem.
pub const KINDS: [(&str, Missing); 33] = [
    ("run", Missing::Run),
    ("time", Missing::Run),
    ("memory", Missing::Run),
    ("findings", Missing::Run),
    ("partial", Missing::Run),
    ("target", Missing::Run),
    ("verification", Missing::Run),
    ("alternate", Missing::Repository),
    ("base", Missing::Repository),
    ("database", Missing::Repository),
    ("index", Missing::Repository),
    ("objects", Missing::Repository),
    ("pack", Missing::Repository),
    ("partial clone", Missing::Repository),
    ("ref", Missing::Repository),
    ("refs", Missing::Repository),
    ("rule", Missing::Repository),
    ("shallow clone", Missing::Repository),
    ("submodule", Missing::Repository),
    ("attribution", Missing::Object),
    ("blob", Missing::Object),
    ("commit", Missing::Object),
    ("object", Missing::Object),
    ("paths", Missing::Object),
    ("tag", Missing::Object),
    ("tree", Missing::Object),
    ("container", Missing::File),
    ("file", Missing::File),
    ("folder", Missing::File),
    ("names", Missing::File),
    ("path", Missing::File),
    // Failures of the program itself: they may concern a repository.
    ("name", Missing::Repository),
    ("text", Missing::Repository),
];

impl super::Problem {
    /// The extent of the missing content. An unknown kind counts as one of a repository.
    pub fn missing(&self) -> Missing {
        let known = KINDS.iter().find(|(what, _)| *what == self.what);
        known.map_or(Missing::Repository, |(_, missing)| *missing)
    }
}
