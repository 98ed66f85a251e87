//! The destination of a new secret: profiles, a new file, or a command.
//!
//! A destination is checked and opened before the key is made, so that no key is made whose secret
//! can't be kept. The secret is never on standard output, in an argument or in a message.

mod command;
mod file;
mod profiles;
mod replaced;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::profile::Refused;
use crate::secret::Secret;
use crate::text::escape_path;

pub use profiles::Files;
pub(super) use replaced::{private_folder, sync_folder};

/// The destination that the command line names.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// `--to-profile NAME`.
    Profile(String),
    /// `--to-file FILE`.
    File(PathBuf),
    /// `--to-command COMMAND`.
    Command(String),
}

/// The reason why a destination can't be used, or a secret could not be stored. Contains no secret.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// The system refuses.
    #[error("{}: {source}", shown(.path))]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The contents of the file do not allow it.
    #[error("{}: {why}", shown(.path))]
    Profile {
        /// The file.
        path: PathBuf,
        /// The reason.
        why: Refused,
    },
    /// Somebody else wrote it in the meantime.
    #[error("{}: it was changed after it was read, and is not replaced", shown(.0))]
    Changed(PathBuf),
    /// A file that would have to be overwritten.
    #[error("{} already exists: name a file that does not, or remove it", shown(.0))]
    Exists(PathBuf),
    /// A name that does not say what is to be written.
    #[error(
        "--to-file {}: the name must end in .csv (for 'aws configure import'), .json or .env",
        shown(.0)
    )]
    Form(PathBuf),
    /// `--to-command ''`.
    #[error("--to-command is empty")]
    NoCommand,
    /// No program of that name.
    #[error("--to-command: there is no program '{}' in PATH", crate::text::escape_line(.0))]
    NotFound(String),
    /// The command could not be run.
    #[error("the command could not be run: {0}")]
    Command(io::Error),
    /// The command failed.
    #[error("the command ended with {status}{}{said}", if .said.is_empty() { "" } else { ": " })]
    Failed {
        /// Its exit status or signal, in words.
        status: String,
        /// Its last words.
        said: String,
    },
    /// The command did not read the secret.
    #[error("the command ended without having read its standard input: {0}")]
    NotRead(io::Error),
}

impl Unfit {
    fn file(path: &Path, source: io::Error) -> Self {
        Self::File { path: path.to_owned(), source }
    }

    fn profile(path: &Path, why: Refused) -> Self {
        Self::Profile { path: path.to_owned(), why }
    }
}

fn shown(path: &Path) -> String {
    escape_path(path.as_os_str().as_encoded_bytes())
}

/// A key whose secret is to be kept.
#[derive(Debug)]
pub struct NewKey<'a> {
    /// Its user.
    pub user: &'a str,
    /// Its id.
    pub id: &'a str,
    /// Its secret.
    pub secret: &'a Secret,
    /// The time of its creation.
    pub created: Option<Timestamp>,
}

/// A destination that was checked.
#[derive(Debug)]
pub struct Destination(Kind);

#[derive(Debug)]
enum Kind {
    Profiles(profiles::Profiles),
    File(file::NewFile),
    Command(command::ToCommand),
}

impl Destination {
    /// Checks a destination and changes nothing.
    ///
    /// # Errors
    /// If the secret could not be kept there.
    pub fn prepare(wanted: &Wanted, files: &Files, old: &str) -> Result<Self, Unfit> {
        Ok(Self(match wanted {
            Wanted::Profile(name) => Kind::Profiles(profiles::Profiles::prepare(name, files, old)?),
            Wanted::File(path) => Kind::File(file::NewFile::prepare(path)?),
            Wanted::Command(command) => Kind::Command(command::ToCommand::prepare(command)?),
        }))
    }

    /// Opens what will be written. It is removed again when the destination is dropped.
    ///
    /// # Errors
    /// If it can't be opened.
    pub fn open(&mut self) -> Result<(), Unfit> {
        match &mut self.0 {
            Kind::Profiles(profiles) => profiles.open(),
            Kind::File(file) => file.open(),
            Kind::Command(_) => Ok(()),
        }
    }

    /// Keeps a key's secret there.
    ///
    /// # Errors
    /// If it can't; then the destination is unchanged, unless a command changed it.
    pub fn store(self, key: &NewKey<'_>) -> Result<(), Unfit> {
        match self.0 {
            Kind::Profiles(profiles) => profiles.store(key.id, key.secret),
            Kind::File(file) => file.store(key),
            Kind::Command(command) => command.store(key),
        }
    }

    /// The destination in words. A command's text may hold secrets of its own and is not repeated.
    pub fn describe(&self) -> String {
        match &self.0 {
            Kind::Profiles(profiles) => profiles.describe(),
            Kind::File(file) => shown(file.path()),
            Kind::Command(_) => "the command of --to-command".to_owned(),
        }
    }

    /// A warning about what a user may not expect of it.
    pub fn note(&self) -> Option<String> {
        match &self.0 {
            Kind::Profiles(profiles) => profiles.note(),
            _ => None,
        }
    }

    /// The line of the journal that is written before the key is made.
    pub fn record(&self) -> Record {
        let text = |paths: Vec<PathBuf>| {
            paths.into_iter().map(|path| path.to_string_lossy().into_owned()).collect()
        };
        let (kind, paths, temporaries) = match &self.0 {
            Kind::Profiles(all) => (RecordKind::Profile, all.paths(), all.temporaries()),
            Kind::File(file) => (RecordKind::File, vec![file.path().to_owned()], Vec::new()),
            Kind::Command(_) => (RecordKind::Command, Vec::new(), Vec::new()),
        };
        let words = self.describe();
        Record { kind, words, paths: text(paths), temporaries: text(temporaries) }
    }
}

/// A destination in a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    kind: RecordKind,
    /// [`Destination::describe`].
    pub words: String,
    paths: Vec<String>,
    /// Files that a run which ended early leaves behind.
    temporaries: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RecordKind {
    Profile,
    File,
    Command,
}

/// The answer whether a run that ended early kept a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The key is there.
    Yes,
    /// It does not: nobody has its secret.
    No,
    /// Only the user can know what a command did.
    Unknown,
}

impl Record {
    /// Looks whether the key is kept there.
    pub fn kept(&self, key: &str) -> Kept {
        let paths: Vec<PathBuf> = self.paths.iter().map(PathBuf::from).collect();
        let found = match self.kind {
            RecordKind::Profile => profiles::hold(&paths, key),
            RecordKind::File => paths.iter().any(|path| file::holds(path, key)),
            RecordKind::Command => return Kept::Unknown,
        };
        if found { Kept::Yes } else { Kept::No }
    }

    /// Removes what a run that ended early left behind, if it is known to be ours.
    pub fn sweep_up(&self) {
        let ours = |path: &&String| path.ends_with(replaced::SUFFIX);
        // The next run tries again to remove a file that stays.
        for path in self.temporaries.iter().filter(ours) {
            let _ = fs::remove_file(path);
        }
        // An empty file holds nothing of value.
        let empty = |path: &&String| {
            fs::symlink_metadata(path).is_ok_and(|it| it.is_file() && it.len() == 0)
        };
        if self.kind == RecordKind::File {
            // As above: it is empty, and the next run tries again.
            for path in self.paths.iter().filter(empty) {
                let _ = fs::remove_file(path);
            }
        }
    }
}
