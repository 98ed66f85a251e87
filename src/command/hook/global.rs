//! Hooks for every repository that is made or cloned from now on: git's template folder.
//!
//! `core.hooksPath` for all repositories would switch off the hooks that they have. A template is
//! copied by `git init` and `git clone`, over nothing that is there. Takes the user's own folders,
//! changes git's configuration of the user by three lines of its own, and takes those out again.

use std::fs;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use super::{Change, Error, Hook, install, uninstall};

/// By this line those of ours are known.
const MARK: &str = "# Written by keysweep install-hook --global; keysweep install-hook --global \
    --uninstall removes these three lines.";

/// Where things are for this user.
#[derive(Clone, Debug)]
pub struct TemplateFolders {
    /// Git's configuration of the user.
    pub config: PathBuf,
    /// The template folder that git is told of already.
    pub configured: Option<PathBuf>,
    /// The one that is used otherwise.
    pub own: PathBuf,
}

impl TemplateFolders {
    /// Of this user.
    ///
    /// # Errors
    /// If nothing says where the user's folder is.
    pub fn of_user(configured: Option<PathBuf>, home: Option<PathBuf>) -> Result<Self, io::Error> {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let home = home.ok_or_else(|| io::Error::other("HOME is not set"))?;
        let folder =
            variable("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), PathBuf::from);
        let (own, shared) = (home.join(".gitconfig"), folder.join("git/config"));
        let usual = if own.exists() || !shared.exists() { own } else { shared };
        let config = variable("GIT_CONFIG_GLOBAL").map_or(usual, PathBuf::from);
        Ok(Self { config, configured, own: folder.join("keysweep/template") })
    }

    /// The folder of the hooks in the template.
    pub fn hooks(&self) -> PathBuf {
        self.configured.as_ref().unwrap_or(&self.own).join("hooks")
    }

    /// Writes the hooks into the template, and tells git of it unless it knows one.
    ///
    /// # Errors
    /// If a file can't be written.
    pub fn install(&self, hooks: &[Hook], program: &Path) -> Result<Vec<(Hook, Change)>, Error> {
        let mut changes = Vec::new();
        for &hook in hooks {
            changes.push((hook, install(&self.hooks(), hook, program)?));
        }
        if self.configured.is_none() {
            self.edit(|text| {
                let mut text = text;
                if !text.is_empty() && !text.ends_with(b"\n") {
                    text.push(b'\n');
                }
                text.extend_from_slice(self.lines().as_bytes());
                text
            })?;
        }
        Ok(changes)
    }

    /// Takes the hooks out of the template, and its lines out of git's configuration.
    ///
    /// # Errors
    /// If a file can't be changed.
    pub fn uninstall(&self, hooks: &[Hook]) -> Result<Vec<(Hook, Change)>, Error> {
        let mut changes = Vec::new();
        for &hook in hooks {
            changes.push((hook, uninstall(&self.hooks(), hook)?));
        }
        let is_used = Hook::ALL.iter().any(|hook| self.hooks().join(hook.name()).exists());
        if self.configured.as_deref().is_none_or(|folder| folder == self.own) && !is_used {
            self.edit(|text| without(&text, self.lines().as_bytes()))?;
            // What somebody else put there stays, and so do its folders.
            let _ = fs::remove_dir(self.own.join("hooks")).and_then(|()| fs::remove_dir(&self.own));
        }
        Ok(changes)
    }

    fn lines(&self) -> String {
        let folder = self.own.to_string_lossy().replace('\\', "\\\\").replace('"', "\\\"");
        format!("{MARK}\n[init]\n\ttemplateDir = \"{folder}\"\n")
    }

    /// Changes git's configuration, through a link if it is one, as a whole or not at all.
    fn edit(&self, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Result<(), Error> {
        let failed = |source| Error::File { path: self.config.clone(), source };
        let path = self.config.canonicalize().unwrap_or_else(|_| self.config.clone());
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(failed(error)),
        };
        let changed = change(text.clone());
        if changed == text {
            return Ok(());
        }
        let write = || {
            let folder = path.parent().unwrap_or(Path::new("."));
            fs::create_dir_all(folder)?;
            let mut file = tempfile::Builder::new().prefix(".gitconfig-").tempfile_in(folder)?;
            file.write_all(&changed)?;
            match fs::metadata(&path) {
                Ok(found) => fs::set_permissions(file.path(), found.permissions())?,
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            file.persist(&path).map(|_| ()).map_err(|failure| failure.error)
        };
        write().map_err(failed)
    }
}

fn without(text: &[u8], lines: &[u8]) -> Vec<u8> {
    match memchr::memmem::find(text, lines) {
        Some(at) => [&text[..at], &text[at + lines.len()..]].concat(),
        None => text.to_vec(),
    }
}
