//! Selects the places that `keysweep verify --report` reads, and the targets of which it reads all.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::command::verify::{Earlier, Holder};
use crate::coverage::Ledger;
use crate::finding::{Finding, Fingerprint, Occurrence};
use crate::run::Source;
use crate::run::reported::Reported;
use crate::source::files::{self, FileOptions};
use crate::source::named::NamedOptions;
use crate::text::escape_path;
use crate::verify;

/// Credentials that a remark names; the others are counted.
const LISTED: usize = 20;

/// The targets of an earlier report, each with what the report names in it. The last one is TARGET
/// itself, for what the report names nowhere.
pub(super) struct Targets {
    pub(super) reported: Vec<Reported>,
    /// The number of each target of the report.
    numbers: BTreeMap<Holder, usize>,
}

/// Gives the sources of all that is in a place.
type ReadAll<'a> = dyn Fn(&Path) -> Result<Vec<Source>, Box<dyn Error>> + 'a;

/// The options with which a place is read.
pub(super) struct ReadOptions<'a> {
    /// All of it.
    pub(super) whole: &'a ReadAll<'a>,
    /// Its files; the paths are filled in.
    pub(super) files: FileOptions,
}

impl Targets {
    pub(super) fn new(
        earlier: &mut Earlier,
        target: &Path,
        options: &ReadOptions<'_>,
    ) -> Result<Self, Box<dyn Error>> {
        fs::metadata(target).map_err(|error| {
            format!("{}: {error}", escape_path(target.as_os_str().as_encoded_bytes()))
        })?;
        let (mut reported, mut numbers) = (Vec::new(), BTreeMap::new());
        let mut of_target = Vec::new();
        for (holder, places) in std::mem::take(&mut earlier.places) {
            match holder.as_deref().and_then(|name| place_of(target, name)) {
                Some(place) => {
                    numbers.insert(holder.clone(), reported.len());
                    reported.push(of_sweep(holder, &place, places, options)?);
                }
                None => of_target.extend(places),
            }
        }
        reported.push(of_itself(target, of_target, options)?);
        Ok(Self { reported, numbers })
    }

    /// The targets that are read whole, because a finding of the report is not where it was.
    pub(super) fn missing(
        &self,
        earlier: &Earlier,
        found: &[Finding],
        ledger: &Ledger,
    ) -> BTreeSet<usize> {
        let missing = earlier.missing(found).into_iter();
        let missing = missing
            .filter(|(print, id)| id.and_then(|id| verify::compose(found, id, print)).is_none());
        let mut by_target: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
        for (print, id) in missing {
            for at in self.holding(earlier, print) {
                by_target.entry(at).or_default().push(id.unwrap_or_else(|| print.as_str()));
            }
        }
        if let Some(why) = &earlier.unplaced {
            ledger
                .note(format!("where the findings of the earlier report were is not known: {why}"));
        }
        for (at, names) in &by_target {
            ledger.note(read_whole(&self.reported[*at], names));
        }
        by_target.into_keys().collect()
    }

    /// The targets of a finding.
    fn holding(&self, earlier: &Earlier, print: &Fingerprint) -> BTreeSet<usize> {
        let itself = self.reported.len() - 1;
        let number = |holder: &Holder| self.numbers.get(holder).copied().unwrap_or(itself);
        let holders = earlier.holders.get(print).into_iter().flatten();
        let found: BTreeSet<usize> = holders.map(number).collect();
        if found.is_empty() { BTreeSet::from([itself]) } else { found }
    }
}

/// The remark about a target that is read whole.
fn read_whole(target: &Reported, names: &[&str]) -> String {
    let mut listed = names.iter().take(LISTED).copied().collect::<Vec<_>>().join(", ");
    if names.len() > LISTED {
        listed = format!("{listed} and {} more", names.len() - LISTED);
    }
    let are = if names.len() == 1 { "is" } else { "are" };
    let what = target.name.as_deref().unwrap_or("the target");
    format!("{listed} {are} not where the earlier report says: all of {what} was read")
}

/// A target of a sweep: its paths are relative to it.
fn of_sweep(
    holder: Holder,
    place: &Path,
    occurrences: Vec<Occurrence>,
    options: &ReadOptions<'_>,
) -> Result<Reported, Box<dyn Error>> {
    let mut whole = (options.whole)(place)?;
    for source in &mut whole {
        if let Source::Files(options) = source {
            options.counted_from = Some(place.to_owned());
        }
    }
    let bases = vec![place.to_owned()];
    Ok(Reported { name: holder, named: named(place, bases, occurrences, &whole, options), whole })
}

/// TARGET: paths are relative to its work tree, or to the folder that was scanned.
fn of_itself(
    target: &Path,
    occurrences: Vec<Occurrence>,
    options: &ReadOptions<'_>,
) -> Result<Reported, Box<dyn Error>> {
    let whole = (options.whole)(target)?;
    let place = target.canonicalize()?;
    let folder = if place.is_dir() { Some(place.as_path()) } else { place.parent() };
    let bases = folder.map(Path::to_owned).into_iter();
    let bases = bases.chain(files::root(std::slice::from_ref(&place))).collect();
    Ok(Reported { name: None, named: named(&place, bases, occurrences, &whole, options), whole })
}

fn named(
    place: &Path,
    bases: Vec<PathBuf>,
    occurrences: Vec<Occurrence>,
    whole: &[Source],
    options: &ReadOptions<'_>,
) -> NamedOptions {
    let history = whole.iter().find_map(|source| match source {
        Source::History(options) => Some(options.clone()),
        _ => None,
    });
    NamedOptions {
        place: place.to_owned(),
        bases,
        files: options.files.clone(),
        history,
        occurrences,
    }
}

/// The folder of a target: below TARGET, or TARGET itself if it is the one that was swept. No link
/// leads to it.
fn place_of(target: &Path, name: &str) -> Option<PathBuf> {
    // A place that can't be found here is looked for in all of TARGET, which reports why.
    let base = target.canonicalize().ok().filter(|base| base.is_dir())?;
    if name == "." {
        return Some(base);
    }
    let is_inner = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    if !is_inner {
        return None;
    }
    let below = name.split('/').try_fold(base.clone(), |folder, part| entry(&folder, part));
    let is_real = |place: &PathBuf| {
        place.is_dir() && place.canonicalize().is_ok_and(|canonical| canonical == *place)
    };
    let shown = escape_path(base.as_os_str().as_encoded_bytes());
    let is_it = || shown.strip_suffix(name).is_some_and(|above| above.ends_with('/'));
    below.filter(is_real).or_else(|| is_it().then_some(base))
}

/// The entry of a folder with a name as reports show it.
fn entry(folder: &Path, name: &str) -> Option<PathBuf> {
    let path = folder.join(name);
    if path.symlink_metadata().is_ok() {
        return Some(path);
    }
    // A name that is not UTF-8 is escaped; one without an escape is what it says.
    let mut entries = name.contains('\\').then(|| fs::read_dir(folder).ok()).flatten()?;
    entries.find_map(|entry| {
        // A folder that can't be listed is read whole.
        let path = entry.ok()?.path();
        let own = path.file_name()?.as_encoded_bytes();
        (escape_path(own) == name).then_some(path)
    })
}
