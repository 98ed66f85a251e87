//! Paths of the system.

use std::path::{Path, PathBuf};

/// The path without links, or unchanged if the system can't resolve it.
pub fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
