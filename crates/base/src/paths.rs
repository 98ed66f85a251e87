//! Paths as the system has them.

use std::path::{Path, PathBuf};

/// The path without links, or as it is where the system can't say.
pub fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
