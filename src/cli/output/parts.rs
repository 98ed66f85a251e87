//! A part of the destinations of reports, and a folder that they are in.

use std::path::{Path, PathBuf};

use super::Outputs;
use crate::report::Format;

impl Outputs {
    /// The outputs of some formats, and the others.
    pub(in crate::cli) fn divided(&self, is_first: impl Fn(Format) -> bool) -> (Self, Self) {
        let part = |first: bool| Self {
            stdout: self.stdout.filter(|format| is_first(*format) == first),
            files: self.files.iter().filter(|file| is_first(file.0) == first).cloned().collect(),
            color: self.color,
            hook: self.hook.clone(),
        };
        (part(true), part(false))
    }

    /// The folder of the first file.
    pub(in crate::cli) fn folder(&self) -> Option<PathBuf> {
        let is_file = |path: &&PathBuf| {
            let found = path.symlink_metadata();
            found.map_or(true, |found| found.is_file())
        };
        let path = self.files.iter().map(|(_, path)| path).find(is_file)?;
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        Some(folder.unwrap_or(Path::new(".")).to_owned())
    }
}
