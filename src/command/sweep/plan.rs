//! The plan of a sweep: its targets as data, one on each line (`--list`), which a later sweep reads back
//! (`--stdin`).
//!
//! A line has everything that the search for repositories found out about a target: its name, which
//! other targets are inside of it, and who reads its history. So a part of a plan gives each target
//! the same name and the same content as the whole.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use super::{OWN, Template, files_in, history, path};
use crate::coverage::Problem;
use crate::opaque;
use crate::report::{Layout, amounts, write_json};
use crate::run::target::Target;
use crate::text::{escape_line, escape_path};

/// The part of a place that is scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A repository: its files and its history.
    Repository,
    /// The files of a folder outside of its repositories.
    Rest,
    /// One file.
    File,
    /// Nothing: an argument that could not be found.
    Missing,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Repository => "repository",
            Self::Rest => "rest",
            Self::File => "file",
            Self::Missing => "missing",
        }
    }
}

/// A target before it becomes options of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// See [`Target::name`].
    pub name: String,
    /// Its absolute path; as it was given if it is missing.
    pub place: PathBuf,
    /// The part of it that is scanned.
    pub kind: Kind,
    /// True for a repository without a work tree.
    pub bare: bool,
    /// See [`Target::weight`].
    pub weight: u64,
    /// The folder of a repository's objects, if it reads them itself. A line does not have it.
    pub objects: Option<PathBuf>,
    /// Paths inside of it that belong to other targets, relative to `place`.
    pub apart: Vec<PathBuf>,
    /// The name of the target that reads the history, if it is another one.
    pub history_with: Option<String>,
    /// The reason why it can't be scanned.
    pub why: Option<String>,
    /// Problems of the search, by paths inside of it.
    pub problems: Vec<Problem>,
}

impl Planned {
    /// The target of a run with these options.
    pub fn target(self, template: &Template) -> Target {
        let place = &self.place;
        // Another machine, or an earlier day, may have made the plan.
        let gone = place.symlink_metadata().err().filter(|_| self.why.is_none());
        if let Some(error) = gone {
            let why = Some(format!("not there on this machine: {error}"));
            return Self { kind: Kind::Missing, why, ..self }.target(template);
        }
        let is_whole = self.why.is_none() && self.history_with.is_none();
        let mut apart: Vec<PathBuf> = self.apart.iter().map(|inner| place.join(inner)).collect();
        if self.bare {
            apart.extend(OWN.map(|name| place.join(name)));
        }
        let above = || self.name.rsplit_once('/').map_or(".", |(above, _)| above).to_owned();
        let (files, holder) = match self.kind {
            Kind::Missing => (None, self.name.clone()),
            Kind::File => {
                let folder = place.parent().unwrap_or(place);
                (Some(files_in(place, folder, Vec::new(), template)), above())
            }
            Kind::Repository | Kind::Rest => {
                (Some(files_in(place, place, apart, template)), self.name.clone())
            }
        };
        let reads_history = self.kind == Kind::Repository && is_whole;
        let other = self.history_with.filter(|_| self.why.is_none());
        Target {
            history: reads_history.then(|| history(place, template)),
            note: other.map(|reader| format!("its history was scanned with that of {reader}")),
            name: self.name,
            holder,
            files,
            broken: self.why,
            problems: self.problems,
            weight: self.weight,
            place: self.place,
        }
    }
}

/// A target as a line of JSON. Paths that are not UTF-8 are escaped for display, and their bytes
/// follow in base64.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    name: String,
    place: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place_bytes: Option<String>,
    kind: Kind,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    bare: bool,
    #[serde(default)]
    weight: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    apart: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    apart_bytes: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    history_with: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    problems: Vec<Problem>,
}

impl Line {
    fn of(planned: &Planned) -> Self {
        let is_text = |path: &&PathBuf| path.to_str().is_some();
        let (apart, other): (Vec<_>, Vec<_>) = planned.apart.iter().partition(is_text);
        // A URL as an argument may contain a password.
        let place = match planned.kind {
            Kind::Missing => planned.name.clone(),
            _ => shown(&planned.place),
        };
        Self {
            name: planned.name.clone(),
            place,
            place_bytes: planned.place.to_str().is_none().then(|| encoded(&planned.place)),
            kind: planned.kind,
            bare: planned.bare,
            weight: planned.weight,
            apart: apart.into_iter().map(|path| path.to_string_lossy().into_owned()).collect(),
            apart_bytes: other.into_iter().map(|path| encoded(path)).collect(),
            history_with: planned.history_with.clone(),
            why: planned.why.clone(),
            problems: planned.problems.clone(),
        }
    }

    fn planned(self) -> Result<Planned, String> {
        let place = match &self.place_bytes {
            Some(bytes) => decoded(bytes).ok_or("its place_bytes are not base64")?,
            None => PathBuf::from(&self.place),
        };
        let bytes: Option<Vec<PathBuf>> = self.apart_bytes.iter().map(|it| decoded(it)).collect();
        let mut apart: Vec<PathBuf> = self.apart.into_iter().map(PathBuf::from).collect();
        apart.extend(bytes.ok_or("its apart_bytes are not base64")?);
        apart.sort();
        let is_inner =
            |path: &Path| path.components().all(|part| matches!(part, Component::Normal(_)));
        if self.name.is_empty() {
            return Err("its name is empty".to_owned());
        }
        if self.kind != Kind::Missing && !place.is_absolute() {
            return Err("its place is not an absolute path".to_owned());
        }
        if let Some(outer) =
            apart.iter().find(|path| path.as_os_str().is_empty() || !is_inner(path))
        {
            return Err(format!("{} in its list `apart` is not inside its place", shown(outer)));
        }
        let escape = |text: String| escape_line(&text);
        Ok(Planned {
            name: escape_path(self.name.as_bytes()),
            place,
            kind: self.kind,
            bare: self.bare,
            weight: self.weight,
            objects: None,
            apart,
            history_with: self.history_with.map(escape),
            // Without a reason, a missing target would have no outcome.
            why: match self.kind {
                Kind::Missing => Some(self.why.map_or_else(|| "not found".to_owned(), escape)),
                _ => self.why.map(escape),
            },
            problems: self.problems,
        })
    }
}

fn shown(path: &Path) -> String {
    escape_path(path.as_os_str().as_encoded_bytes())
}

fn encoded(path: &Path) -> String {
    BASE64.encode(path.as_os_str().as_encoded_bytes())
}

fn decoded(text: &str) -> Option<PathBuf> {
    // The caller reports it.
    BASE64.decode(text).ok().map(|bytes| path(&bytes))
}

/// Targets on standard input that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// A line that is not a target of a plan.
    #[error(
        "line {number} of standard input is not a target as `keysweep sweep --list --format jsonl` \
         writes it: {why}; a path that begins with {{ is written as ./{{"
    )]
    Line {
        /// The line, from 1.
        number: usize,
        /// The fault.
        why: String,
    },
    /// Paths and targets of a plan.
    #[error(
        "line {number} of standard input is a path, and line {other} is a target of a plan: give \
         either, because names of paths depend on all of them"
    )]
    Mixed {
        /// The line with a path, from 1.
        number: usize,
        /// A line with a target of a plan.
        other: usize,
    },
    /// Two targets that can't be distinguished.
    #[error(
        "line {number} of standard input has the {what} of line {other}: each target needs its own"
    )]
    Twice {
        /// The line, from 1.
        number: usize,
        /// The line before.
        other: usize,
        /// The field that they share.
        what: &'static str,
    },
}

/// The targets on standard input.
#[derive(Debug, PartialEq, Eq)]
pub enum List {
    /// Paths, in which repositories are looked for.
    Paths(Vec<PathBuf>),
    /// Targets of a plan.
    Plan(Vec<Planned>),
}

/// Parses the targets on standard input: one on each line or, if there is a NUL, separated by NUL. Each is
/// a path, or each is a line of a plan.
///
/// # Errors
///
/// If a line is not a target, or two targets are one.
pub fn read_list(list: &[u8]) -> Result<List, ListError> {
    let end = if list.contains(&0) { 0 } else { b'\n' };
    let lines = list.split(|&byte| byte == end).map(|line| match end {
        0 => line,
        _ => line.strip_suffix(b"\r").unwrap_or(line),
    });
    let lines = (1..).zip(lines).filter(|(_, line)| !line.is_empty());
    let mut paths: Vec<(usize, PathBuf)> = Vec::new();
    let mut plan: Vec<(usize, Planned)> = Vec::new();
    for (number, line) in lines {
        if !line.starts_with(b"{") {
            paths.push((number, path(line)));
            continue;
        }
        let fault =
            |why: String| ListError::Line { number, why: opaque::redacted(&escape_line(&why)) };
        let read: Line = serde_json::from_slice(line).map_err(|error| fault(error.to_string()))?;
        plan.push((number, read.planned().map_err(fault)?));
    }
    match (paths.first(), plan.first()) {
        (Some(&(number, _)), Some(&(other, _))) => Err(ListError::Mixed { number, other }),
        (None, Some(_)) => Ok(List::Plan(each_once(plan)?)),
        _ => Ok(List::Paths(paths.into_iter().map(|(_, path)| path).collect())),
    }
}

/// The targets, ordered as the search orders them; a line that is there twice counts once.
fn each_once(plan: Vec<(usize, Planned)>) -> Result<Vec<Planned>, ListError> {
    let mut names: HashMap<String, usize> = HashMap::new();
    let mut places: HashMap<PathBuf, usize> = HashMap::new();
    let mut kept: Vec<Planned> = Vec::new();
    let mut at: HashMap<usize, usize> = HashMap::new();
    for (number, planned) in plan {
        let name = names.entry(planned.name.clone());
        let place = places.entry(planned.place.clone());
        let twice = |what, other| ListError::Twice { number, other, what };
        match (name, place) {
            (Entry::Vacant(name), Entry::Vacant(place)) => {
                name.insert(number);
                place.insert(number);
                at.insert(number, kept.len());
                kept.push(planned);
            }
            (Entry::Occupied(name), Entry::Occupied(place)) if name.get() == place.get() => {
                let same = at.get(name.get()).and_then(|&at| kept.get(at));
                if same.is_some_and(|same| *same != planned) {
                    return Err(twice("name and place", *name.get()));
                }
            }
            (Entry::Occupied(name), _) => return Err(twice("name", *name.get())),
            (_, Entry::Occupied(place)) => return Err(twice("place", *place.get())),
        }
    }
    sort(&mut kept);
    Ok(kept)
}

/// Orders targets by their absolute paths; what is missing comes last.
pub(super) fn sort(plan: &mut [Planned]) {
    let is_missing = |planned: &Planned| planned.kind == Kind::Missing;
    plan.sort_by(|a, b| is_missing(a).cmp(&is_missing(b)).then_with(|| a.place.cmp(&b.place)));
}

/// Writes a plan for programs: a JSON object on each line.
pub fn write_lines(plan: &[Planned], out: &mut dyn Write) -> io::Result<()> {
    plan.iter().try_for_each(|planned| write_json(&Line::of(planned), Layout::Line, out))
}

/// Writes a plan for people: kind, weight, name and place.
pub fn write_text(plan: &[Planned], out: &mut dyn Write) -> io::Result<()> {
    let width = |planned: &Planned| planned.name.chars().count();
    let width = plan.iter().map(width).max().unwrap_or_default().min(40);
    for planned in plan {
        let (kind, weight) = (planned.kind.as_str(), amounts(0, 0, 0, planned.weight.max(1)));
        let name = opaque::redacted(&planned.name);
        match (&planned.why, planned.kind) {
            (Some(why), Kind::Missing) => writeln!(out, "{kind:10} {:>9}  {name}: {why}", "-")?,
            _ => {
                // The user gave the folder above the names.
                let place = shown(&planned.place);
                let above = place.strip_suffix(planned.name.as_str()).unwrap_or(&place);
                let inner = if above.len() < place.len() { name.as_str() } else { "" };
                writeln!(out, "{kind:10} {weight:>9}  {name:width$}  {above}{inner}")?;
            }
        }
    }
    Ok(())
}
