//! The places of findings in a saved report, as text.

use serde::Deserialize as _;
use serde_json::Value;

use crate::finding::GitOrigin;

/// The place of an occurrence in a JSON report: `path:line`, or the object of git that has it.
pub fn of_occurrence(place: &Value) -> String {
    path_and_line(&place["path"], &place["git"], &place["line"])
}

/// `path:line`; without a path, the object, ref or reflog that `git` describes.
pub fn path_and_line(path: &Value, git: &Value, line: &Value) -> String {
    let path = path.as_str().filter(|path| !path.is_empty()).map(str::to_owned);
    let of_git = || GitOrigin::deserialize(git).ok().map(|git| git.path());
    let path = path.or_else(of_git).unwrap_or_else(|| "unnamed".to_owned());
    line.as_u64().map_or_else(|| path.clone(), |line| format!("{path}:{line}"))
}
