//! The origin of a text: the path of a file, the members that lead to it, and git's history.

use serde::{Deserialize, Serialize};

/// The kind of git object or record that holds an occurrence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GitObject {
    /// A file's content or a symlink's target.
    Blob,
    /// A commit's message or headers.
    Commit,
    /// An annotated tag's message.
    Tag,
    /// The name of a ref.
    Ref,
    /// A message in a reflog.
    Reflog,
    /// A credential in `.git/config`.
    Config,
}

/// A reference that still holds an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HeldBy {
    /// A branch, tag, note or any other ref.
    Ref,
    /// A reflog entry.
    Reflog,
    /// `refs/stash` or its reflog.
    Stash,
    /// The index: staged, not yet committed.
    Index,
}

/// An author or committer, with `.mailmap` applied.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Person {
    /// Name.
    pub name: String,
    /// Mail address.
    pub email: String,
    /// RFC 3339, in the person's own offset; empty if it is outside the years 0 to 9999.
    pub date: String,
}

/// The facts about an occurrence from git's history.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GitOrigin {
    /// The commit that introduced it; `None` if it is not in a commit.
    pub commit: Option<String>,
    /// The object that holds it: the blob, or the commit or tag for a message.
    pub blob: Option<String>,
    /// The kind of that object or record.
    pub object: GitObject,
    /// Author of the introducing commit.
    pub author: Option<Person>,
    /// Committer of the introducing commit.
    pub committer: Option<Person>,
    /// True if any ref reaches it.
    pub reachable: bool,
    /// The references that hold it; empty if there are none.
    pub held_by: Vec<HeldBy>,
    /// True if HEAD's tree has it at this path.
    pub at_head: bool,
    /// The newest ancestor of HEAD that removed it.
    pub removed_in: Option<String>,
    /// The author of that commit, with its date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_by: Option<Person>,
    /// Full names of the refs whose tip holds it.
    pub refs: Vec<String>,
}

impl GitOrigin {
    /// The path of the object, ref or reflog in a repository: the place of an occurrence without a
    /// path of its own. SARIF names the same.
    pub fn path(&self) -> String {
        let name = |folder: &str, name: Option<&String>| {
            format!(".git/{folder}{}", name.map_or("unknown", String::as_str))
        };
        match self.object {
            GitObject::Ref => name("", self.refs.first()),
            GitObject::Reflog => name("logs/", self.refs.first()),
            GitObject::Config => ".git/config".to_owned(),
            GitObject::Blob | GitObject::Commit | GitObject::Tag => {
                name("objects/", self.blob.as_ref().or(self.commit.as_ref()))
            }
        }
    }
}

/// The origin of one text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Origin {
    /// Path as bytes, with `/` as separator; `None` for messages and similar texts.
    pub path: Option<Vec<u8>>,
    /// The path through containers, the file itself first; empty for a plain file.
    pub inside: Vec<String>,
    /// The facts from git.
    pub git: Option<GitOrigin>,
    /// The target of a sweep that holds it.
    pub target: Option<String>,
    /// The code owners of the path, as the repository's CODEOWNERS names them.
    pub owners: Vec<String>,
}

impl Origin {
    /// The sort key of origins; it is a total order.
    pub fn order(&self) -> impl Ord + '_ {
        (&self.target, self.path.is_none(), &self.path, &self.inside, &self.git)
    }

    /// True if a checkout has it: a plain file, or content of HEAD or the index.
    pub fn is_present(&self) -> bool {
        let held = self.git.as_ref().is_none_or(|git| {
            git.at_head || (git.commit.is_none() && git.object == GitObject::Blob)
        });
        self.path.is_some() && held
    }
}
