//! Decides which targets of all partials count, and their names.
//!
//! Names in a partial are relative to the deepest folder that contains the targets of its sweep.
//! Here they become relative to the deepest folder that contains those of all sweeps, as in one
//! sweep of all.
//!
//! The same target may be in several partials: a sweep was repeated, or a file was copied twice. It
//! is counted once. The latest scan that was complete counts; if there is none, the latest one that
//! the end of its sweep did not cut. Nothing that was found is lost:
//! the hits of a later scan that was not complete are used as well, and so are those of another
//! machine, whose files may be others under the same path.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use super::survey::{Part, Surveyed};
use crate::run::record::HitRecord;

/// Names that a remark lists.
const LISTED: usize = 5;

/// A target of a partial that is used.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) part: usize,
    pub(super) target: usize,
    /// Its name in the merged report.
    pub(super) name: String,
    /// The prefix of the names of the partial.
    prefix: String,
    /// Its name in the partial.
    old: String,
    /// Its coverage is that of the target.
    pub(super) counts: bool,
    /// Its hits are used.
    pub(super) has_hits: bool,
}

impl Choice {
    /// A hit with the name of its target in the merged report.
    pub(super) fn renamed(&self, mut hit: HitRecord) -> HitRecord {
        if let Some(target) = &mut hit.occurrence.origin.target {
            *target = match *target == self.old {
                true => self.name.clone(),
                // The folder of a single file.
                false => below(&self.prefix, target),
            };
        }
        hit
    }
}

/// The targets that are used, and remarks about those that are in several partials. Marks the partials
/// of sweeps that ended early, if others have all that they did not scan.
pub(super) fn choose(parts: &mut [Part]) -> (Vec<Choice>, Vec<String>) {
    let bases = parts.iter().flat_map(|part| &part.targets).filter_map(|it| it.base.as_deref());
    let base = bases.fold(None, |shared: Option<&str>, base| {
        Some(shared.map_or(base, |shared| common(shared, base)))
    });
    let mut by_name: BTreeMap<String, Vec<Choice>> = BTreeMap::new();
    for (part, targets) in parts.iter().map(|part| &part.targets).enumerate() {
        for (target, found) in targets.iter().enumerate() {
            let prefix = prefix(base, found.base.as_deref());
            let name = below(&prefix, &found.name);
            let old = found.name.clone();
            let (counts, has_hits) = (true, true);
            let choice = Choice { part, target, name: name.clone(), prefix, old, counts, has_hits };
            by_name.entry(name).or_default().push(choice);
        }
    }
    let mut remarks = Remarks::default();
    let mut choices = Vec::new();
    let mut is_cut = vec![false; parts.len()];
    for (name, same) in by_name {
        for mut same in by_remote(parts, &name, same) {
            if same.len() > 1 {
                pick(parts, &mut same, &mut remarks);
            }
            if same.first().is_some_and(|best| found(parts, best).is_cut) {
                same.iter().for_each(|choice| is_cut[choice.part] = true);
            }
            choices.extend(same.into_iter().filter(|choice| choice.counts || choice.has_hits));
        }
    }
    // In the order of the files, so that each is read from its beginning to its end.
    choices.sort_by_key(|choice| (choice.part, choice.target));
    for (part, is_cut) in parts.iter_mut().zip(is_cut) {
        part.is_covered = !is_cut;
    }
    (choices, remarks.texts())
}

/// Targets of one name that have several remotes are several repositories, which get the remote in
/// their names.
fn by_remote(parts: &[Part], name: &str, same: Vec<Choice>) -> Vec<Vec<Choice>> {
    let mut remotes: BTreeMap<Option<&str>, Vec<Choice>> = BTreeMap::new();
    for choice in same {
        remotes.entry(found(parts, &choice).remote.as_deref()).or_default().push(choice);
    }
    if remotes.keys().flatten().count() < 2 {
        return vec![remotes.into_values().flatten().collect()];
    }
    let named = remotes.into_iter().map(|(remote, mut same)| {
        if let Some(remote) = remote {
            same.iter_mut().for_each(|choice| choice.name = format!("{name} ({remote})"));
        }
        same
    });
    named.collect()
}

/// Decides which of several scans of a target counts, and whose hits are used.
fn pick(parts: &[Part], same: &mut [Choice], remarks: &mut Remarks) {
    let host = |choice: &Choice| parts[choice.part].head.as_ref().and_then(|it| it.host.as_deref());
    same.sort_by_key(|choice| {
        let found = found(parts, choice);
        let time = Reverse(found.ended.as_str());
        let missing = (found.not_scanned.is_some(), found.is_cut, !found.is_complete);
        (missing, time, choice.part, choice.target)
    });
    let Some((best, others)) = same.split_first_mut() else { return };
    let (best_host, best_time) = (host(best), found(parts, best).ended.as_str());
    let mut is_elsewhere = false;
    for other in others {
        let elsewhere = host(other).is_none() || host(other) != best_host;
        is_elsewhere |= elsewhere && found(parts, other).not_scanned.is_none();
        other.counts = false;
        other.has_hits = elsewhere || found(parts, other).ended.as_str() > best_time;
    }
    match is_elsewhere {
        true => remarks.elsewhere.push(best.name.clone()),
        false => remarks.repeated.push(best.name.clone()),
    }
}

fn found<'p>(parts: &'p [Part], choice: &Choice) -> &'p Surveyed {
    &parts[choice.part].targets[choice.target]
}

/// Names for remarks.
#[derive(Default)]
struct Remarks {
    repeated: Vec<String>,
    elsewhere: Vec<String>,
}

impl Remarks {
    fn texts(self) -> Vec<String> {
        let text = |names: Vec<String>, one: &str, many: &str, what: &str| {
            let count = names.len();
            let mut shown = names.into_iter().take(LISTED).collect::<Vec<_>>().join(", ");
            if count > LISTED {
                shown = format!("{shown} and {} more", count - LISTED);
            }
            let subject = if count == 1 { one } else { many };
            (count > 0).then(|| format!("{count} {subject} in several partials, {what}: {shown}"))
        };
        let repeated = "each counts once, by its latest complete scan";
        let elsewhere = "of different machines: each counts once, with what any of them found";
        [
            text(self.repeated, "target is", "targets are", repeated),
            text(self.elsewhere, "target is", "targets are", elsewhere),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// Marks partials that are cut or interrupted, and whose targets are in a complete one too.
pub(super) fn replace(parts: &mut [Part]) {
    let whole = |part: &Part| {
        part.end.as_ref().is_some_and(|end| !end.interrupted)
            && part.targets.iter().all(|target| !target.is_cut)
    };
    let plan = |part: &Part| part.head.as_ref().map(|head| head.plan.clone());
    let mut complete: HashMap<String, usize> = HashMap::new();
    for (at, part) in parts.iter().enumerate().filter(|(_, part)| whole(part)) {
        if let Some(plan) = plan(part) {
            complete.insert(plan, at);
        }
    }
    for part in parts.iter_mut().filter(|part| !whole(part)) {
        part.is_replaced = plan(part).is_some_and(|plan| complete.contains_key(&plan));
    }
}

/// The deepest folder that contains both.
fn common<'p>(one: &'p str, other: &str) -> &'p str {
    let mut end = 0;
    let mut others = other.split('/');
    let mut at = 0;
    for part in one.split('/') {
        if others.next() != Some(part) {
            break;
        }
        at += part.len();
        end = at;
        at += 1;
    }
    if end == 0 && one.starts_with('/') && other.starts_with('/') { "/" } else { &one[..end] }
}

/// The path from the folder of all to that of a partial.
fn prefix(all: Option<&str>, own: Option<&str>) -> String {
    let (Some(all), Some(own)) = (all, own) else { return String::new() };
    own.strip_prefix(all).unwrap_or_default().trim_start_matches('/').to_owned()
}

/// A name of a partial, relative to the folder of all.
fn below(prefix: &str, name: &str) -> String {
    match (prefix, name) {
        ("", name) => name.to_owned(),
        (prefix, ".") => prefix.to_owned(),
        (prefix, name) => format!("{prefix}/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_count_from_the_folder_of_all() {
        for (bases, name, expected) in [
            (&["/srv/git"][..], "api", "api"),
            (&["/srv/git", "/srv/git"], ".", "."),
            (&["/srv/git/a", "/srv/git/b"], "api", "a/api"),
            (&["/srv/git/a", "/srv/git/b"], ".", "a"),
            (&["/srv/git/ab", "/srv/git/ac"], "x", "ab/x"),
            (&["/srv/git", "/srv/git/deep/er"], "x", "x"),
            (&["/srv", "/data"], "x/y", "srv/x/y"),
            (&["/", "/data"], "x", "x"),
        ] {
            let all = bases.iter().copied().reduce(|all, base| common(all, base));
            assert_eq!(below(&prefix(all, Some(bases[0])), name), expected, "{bases:?} {name}");
        }
        assert_eq!(below(&prefix(Some("/srv"), None), "missing"), "missing");
    }
}
