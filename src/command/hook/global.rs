//! Hooks for every repository that is created or cloned from now on: git's template folder.
//!
//! `core.hooksPath` for all repositories would switch off the hooks that they have. `git init` and
//! `git clone` copy a template, and overwrite nothing. This changes the user's git configuration by
//! three lines of its own, and removes them again.

use std::fs;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use super::{Change, Error, Hook, install, uninstall};
use keysweep_base::paths::canonical;

/// The line that marks keysweep's lines.
const MARK: &str = "# Written by keysweep install-hook --global; keysweep install-hook --global \
    --uninstall removes these three lines.";

/// The folders and files of a user.
#[derive(Clone, Debug)]
pub struct TemplateFolders {
    /// The user's git configuration.
    pub config: PathBuf,
    /// The template folder in it, if there is one.
    pub configured: Option<PathBuf>,
    /// The template folder otherwise.
    pub own: PathBuf,
}

impl TemplateFolders {
    /// The template folders of this user.
    ///
    /// # Errors
    ///
    /// If the user's folder is not known.
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

    /// Writes the hooks to the template, and its folder to the configuration unless there is one.
    ///
    /// # Errors
    ///
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

    /// Removes the hooks from the template, and its lines from the configuration.
    ///
    /// # Errors
    ///
    /// If a file can't be changed.
    pub fn uninstall(&self, hooks: &[Hook]) -> Result<Vec<(Hook, Change)>, Error> {
        let mut changes = Vec::new();
        for &hook in hooks {
            changes.push((hook, uninstall(&self.hooks(), hook)?));
        }
        let is_used = Hook::ALL.iter().any(|hook| self.hooks().join(hook.name()).exists());
        if self.configured.as_deref().is_none_or(|folder| folder == self.own) && !is_used {
            self.edit(|text| without(&text, self.lines().as_bytes()))?;
            // Other files in the folders stay, and so do the folders.
            let _ = fs::remove_dir(self.own.join("hooks")).and_then(|()| fs::remove_dir(&self.own));
        }
        Ok(changes)
    }

    fn lines(&self) -> String {
        let folder = self.own.to_string_lossy().replace('\\', "\\\\").replace('"', "\\\"");
        format!("{MARK}\n[init]\n\ttemplateDir = \"{folder}\"\n")
    }

    /// Changes the user's git configuration, through a link if it is one, completely or not at all.
    fn edit(&self, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Result<(), Error> {
        let failed = |source| Error::File { path: self.config.clone(), source };
        let path = canonical(&self.config);
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
