//! Reads credentials of an earlier run again.
//!
//! A [`Trace`] has the location of a credential and its history, but not its value. A resumed run
//! reads these texts again and nothing else. If one of them has changed, nothing is restored.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use super::owners::Owners;
use super::target::Target;
use crate::coverage::Ledger;
use crate::detect::nameless;
use crate::finding::{Candidate, GitOrigin, Origin};
use crate::location::Region;
use crate::scan::{Detector, Hit};
use crate::source::files;
use crate::source::git::rescan;

/// The location of a credential, without any part of its value.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Trace {
    /// Base64, as a path need not be Unicode.
    path: Option<String>,
    git: Option<GitOrigin>,
    /// The containers, the outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    inside: Vec<String>,
    fingerprint: String,
    id: Option<[u64; 4]>,
    secret: Option<[u64; 4]>,
}

/// The key that distinguishes the candidates of one text.
type Key = (Vec<String>, String, Option<[u64; 4]>, Option<[u64; 4]>);

/// The traces of hits; `None` if one of them is in a text that can't be read by itself, such as a
/// reflog.
pub(super) fn traces(hits: &[Hit]) -> Option<Vec<Trace>> {
    hits.iter().map(Trace::new).collect()
}

/// Reads and scans the texts of `traces` again; `None` if one of them has changed.
pub(super) fn restore<D: Detector>(
    target: &Target,
    traces: &[Trace],
    detector: &D,
) -> Option<Vec<Hit>> {
    let (in_history, in_files): (Vec<&Trace>, Vec<&Trace>) =
        traces.iter().partition(|trace| trace.git.is_some());
    let mut hits = of_files(target, &in_files, detector)?;
    hits.extend(of_history(target, &in_history, detector)?);
    let owners = Owners::of_target(target);
    // The first run recorded what it could not read.
    hits.iter_mut().for_each(|hit| owners.add(&mut hit.origin, &Ledger::new()));
    Some(hits)
}

impl Trace {
    fn new(hit: &Hit) -> Option<Self> {
        let origin = &hit.origin;
        let blob = origin.git.as_ref().map(|git| git.blob.is_some());
        if !blob.unwrap_or(origin.path.is_some()) {
            return None;
        }
        let (inside, fingerprint, id, secret) = key(&hit.candidate);
        let path = origin.path.as_ref().map(|path| BASE64.encode(path));
        Some(Self { path, git: origin.git.clone(), inside, fingerprint, id, secret })
    }

    fn key(&self) -> Key {
        (self.inside.clone(), self.fingerprint.clone(), self.id, self.secret)
    }

    fn path(&self) -> Option<Vec<u8>> {
        BASE64.decode(self.path.as_ref()?).ok()
    }
}

fn key(candidate: &Candidate) -> Key {
    let numbers = |region: Region| {
        [region.start.line, region.start.column, region.end.line, region.end.column]
    };
    let fingerprint = candidate.credential.fingerprint().as_str().to_owned();
    let sighting = &candidate.sighting;
    let (id, secret) = (sighting.id.map(numbers), sighting.secret.map(numbers));
    (candidate.inside.clone(), fingerprint, id, secret)
}

fn of_files<D: Detector>(target: &Target, traces: &[&Trace], detector: &D) -> Option<Vec<Hit>> {
    if traces.is_empty() {
        return Some(Vec::new());
    }
    let options = target.files.as_ref()?;
    let top = options.counted_from.as_deref()?;
    let paths: Option<HashSet<Vec<u8>>> = traces.iter().map(|trace| trace.path()).collect();
    let paths = paths?.iter().map(|path| below(top, path)).collect();
    let named = files::FileOptions { paths, obey_ignore_files: false, ..options.clone() };
    let found = Mutex::new(HashMap::new());
    files::scan(&named, detector, &Ledger::new(), &|hit: Hit| {
        let Some(hit) = nameless::named(hit) else { return };
        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
        found.insert((hit.origin.path, key(&hit.candidate)), hit.candidate);
    });
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    let hit = |trace: &&Trace| {
        let place = (trace.path(), trace.key());
        let candidate = found.get(&place)?.clone();
        Some(Hit { origin: Origin { path: place.0, ..Origin::default() }, candidate })
    };
    traces.iter().map(hit).collect()
}

/// A path of a report, below the folder that it is relative to.
fn below(top: &Path, path: &[u8]) -> PathBuf {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt as _;
        top.join(std::ffi::OsStr::from_bytes(path))
    }
    #[cfg(not(unix))]
    top.join(String::from_utf8_lossy(path).as_ref())
}

fn of_history<D: Detector>(target: &Target, traces: &[&Trace], detector: &D) -> Option<Vec<Hit>> {
    if traces.is_empty() {
        return Some(Vec::new());
    }
    let blob = |trace: &&Trace| trace.git.as_ref().and_then(|git| git.blob.clone());
    let blobs: Option<HashSet<String>> = traces.iter().map(blob).collect();
    let blobs = blobs?;
    let ids: Vec<&str> = blobs.iter().map(String::as_str).collect();
    let texts =
        rescan::scan(target.history.as_ref()?, &ids, None, detector, &Ledger::new()).ok()?;
    let mut found: HashMap<(String, Key), Candidate> = HashMap::new();
    for (id, candidates) in texts {
        for one in candidates {
            // The key after its file's name was read as a label.
            found.insert((id.clone(), key(&nameless::as_named(one.clone()))), one);
        }
    }
    let hit = |trace: &&Trace| {
        let candidate = found.get(&(blob(trace)?, trace.key()))?.clone();
        let origin = Origin { path: trace.path(), git: trace.git.clone(), ..Origin::default() };
        nameless::named(Hit { origin, candidate })
    };
    traces.iter().map(hit).collect()
}
