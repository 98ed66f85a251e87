//! `--diff`: what a newer report has that an older one does not, and the reverse.

use std::collections::{BTreeSet, HashMap};

use super::filter::Filter;
use crate::coverage::{Count, Coverage};
use crate::finding::{Finding, Fingerprint, Occurrence, SecretDigest};
use crate::report::{Changed, Diff, Filtered, Kept, Saved, Side, Unscanned, part_of};
use crate::run::FailOn;
use crate::text::escape_path;

use super::merge::Input;

/// Commands that report all of what they were given; others report what was added.
const WHOLE: [&str; 5] = ["scan", "history", "sweep", "verify", "report"];

/// Problems that end a run, so that any target may be missing.
const ENDING: [&str; 4] = ["run", "time", "memory", "findings"];

/// Compares two reports; findings that the filter hides are counted in `filtered`.
pub fn compare(old: &Input, new: &Input, filter: &Filter, filtered: &mut Option<Filtered>) -> Diff {
    let known: HashMap<&Fingerprint, &Finding> =
        old.saved.findings.iter().map(|finding| (&finding.fingerprint, finding)).collect();
    let found: BTreeSet<&Fingerprint> =
        new.saved.findings.iter().map(|finding| &finding.fingerprint).collect();
    let mut diff = Diff {
        old: side(old),
        new: side(new),
        added: Vec::new(),
        changed: Vec::new(),
        kept: Vec::new(),
        gone: Vec::new(),
        unscanned: Vec::new(),
    };
    let mut hidden = 0;
    let linked = Linked::new(&old.saved.findings, &new.saved.findings);
    for finding in &new.saved.findings {
        let same = known.get(&finding.fingerprint).copied();
        let before = same.or_else(|| linked.before(finding));
        if !filter.passes(finding) && !before.is_some_and(|before| filter.passes(before)) {
            hidden += 1;
            continue;
        }
        let finding = finding.clone();
        match before {
            None => diff.added.push(finding),
            // Parts of a key have other verdicts than the key.
            Some(before)
                if same.is_some() && before.verification.status != finding.verification.status =>
            {
                diff.changed.push(Changed { finding, from: before.verification.status });
            }
            Some(before) => {
                let new_places = new_places(before, &finding);
                let was = Some(part_of(before)).filter(|was| *was != part_of(&finding));
                diff.kept.push(Kept { finding, new_places, was });
            }
        }
    }
    let is_missing = |it: &&Finding| !found.contains(&it.fingerprint) && !linked.is_there(it);
    let missing = old.saved.findings.iter().filter(is_missing);
    for finding in missing {
        if !filter.passes(finding) {
            hidden += 1;
            continue;
        }
        match doubt(finding, &old.saved, &new.saved) {
            Some(why) => diff.unscanned.push(Unscanned { finding: finding.clone(), why }),
            None => diff.gone.push(finding.clone()),
        }
    }
    filter.record(filtered, hidden, 0);
    diff
}

impl Diff {
    /// True if a finding reaches the level that did not reach it before.
    pub fn has_new(&self, old: &Saved, new: &Saved, fail_on: FailOn) -> bool {
        let linked = Linked::new(&old.findings, &new.findings);
        let met_before = |finding: &Finding| {
            let same = old.findings.iter().find(|one| one.fingerprint == finding.fingerprint);
            let before = same.or_else(|| linked.before(finding));
            before.is_some_and(|before| fail_on.is_met(before))
        };
        let changed = self.changed.iter().map(|one| &one.finding);
        let kept = self.kept.iter().map(|one| &one.finding);
        let mut all = self.added.iter().chain(changed).chain(kept);
        all.any(|finding| fail_on.is_met(finding) && !met_before(finding))
    }
}

fn side(input: &Input) -> Side {
    Side {
        name: input.name.clone(),
        command: input.saved.command.clone(),
        complete: input.saved.coverage.complete,
        findings: input.saved.findings.len() as u64,
        filter: input.saved.filter.clone(),
    }
}

/// Findings of which each report has another part: a pair in one and half of it in the other have
/// different fingerprints. Those that both reports have are not here.
struct Linked<'a> {
    before: HashMap<(&'a str, bool), &'a Finding>,
    now: HashMap<(&'a str, bool), &'a Finding>,
}

impl<'a> Linked<'a> {
    fn new(old: &'a [Finding], new: &'a [Finding]) -> Self {
        let only = |these: &'a [Finding], others: &'a [Finding]| {
            let others: BTreeSet<&Fingerprint> = others.iter().map(|it| &it.fingerprint).collect();
            let only = these.iter().filter(|it| !others.contains(&it.fingerprint));
            only.flat_map(|it| names(it).map(move |name| (name, it))).collect()
        };
        Self { before: only(old, new), now: only(new, old) }
    }

    /// The finding of the older report that belongs to one that only the newer report has.
    fn before(&self, finding: &Finding) -> Option<&'a Finding> {
        Self::other(&self.before, finding)
    }

    /// True if the newer report has a part of a finding that only the older one has.
    fn is_there(&self, finding: &Finding) -> bool {
        Self::other(&self.now, finding).is_some()
    }

    fn other(
        findings: &HashMap<(&'a str, bool), &'a Finding>,
        finding: &Finding,
    ) -> Option<&'a Finding> {
        let is_pair = |it: &Finding| names(it).count() == 2;
        names(finding).find_map(|name| {
            let other = findings.get(&name).copied()?;
            // One id with two secrets is two keys.
            let (_, is_secret) = name;
            (is_secret || !is_pair(finding) || !is_pair(other)).then_some(other)
        })
    }
}

/// The digest of the secret of a finding and its key id, with true for the secret.
fn names(finding: &Finding) -> impl Iterator<Item = (&str, bool)> {
    let credential = &finding.credential;
    let secret = credential.secret.as_ref().and_then(SecretDigest::sha256);
    let secret = secret.map(|digest| (digest, true));
    secret.into_iter().chain(credential.key_id.as_deref().map(|id| (id, false)))
}

/// The paths of the newer finding that the older one does not have.
fn new_places(before: &Finding, finding: &Finding) -> Vec<String> {
    let name = |place: &Occurrence| {
        let path = place.origin.path.as_deref().map(escape_path).unwrap_or_default();
        match &place.origin.target {
            Some(target) => format!("{target}: {path}"),
            None => path,
        }
    };
    let known: BTreeSet<String> = before.occurrences.iter().map(name).collect();
    let places: BTreeSet<String> = finding.occurrences.iter().map(name).collect();
    places.difference(&known).cloned().collect()
}

/// The reason why a finding that the newer report does not have may still be there.
fn doubt(finding: &Finding, old: &Saved, new: &Saved) -> Option<String> {
    if let Some(filter) = &new.filter {
        return Some(format!("the newer report is filtered by {}", filter.by.join(" ")));
    }
    let ended = |problem: &&crate::coverage::Problem| {
        ENDING.contains(&problem.what.as_str()) && problem.path.is_empty()
    };
    if let Some(problem) = new.coverage.problems.iter().find(ended) {
        return Some(format!("the newer run did not end as asked: {}", problem.why));
    }
    let places = || finding.occurrences.iter();
    places()
        .find_map(|place| not_read(place, new))
        .or_else(|| other_place(finding, old, new))
        .or_else(|| places().find_map(|place| other_command(place, old, new)))
        .or_else(|| left_out(finding, &old.coverage, new))
}

/// The target of a place, if the newer report does not have all of it.
fn not_read(place: &Occurrence, new: &Saved) -> Option<String> {
    let Some(name) = &place.origin.target else { return None };
    let target = new.coverage.targets.iter().find(|target| target.name == *name);
    match target {
        None => Some(format!("{name} was not scanned")),
        Some(target) => match &target.failed {
            Some(why) => Some(format!("{name} could not be read: {why}")),
            None if !target.complete => Some(format!("{name} was not read completely")),
            None => None,
        },
    }
}

/// Without targets, both reports must be of the same place.
fn other_place(finding: &Finding, old: &Saved, new: &Saved) -> Option<String> {
    if finding.occurrences.iter().all(|place| place.origin.target.is_some()) {
        return None;
    }
    if !new.coverage.complete {
        return Some("the newer report is not complete".to_owned());
    }
    let remote = |saved: &Saved| {
        let repository = saved.run.repository.as_ref();
        repository.and_then(|repository| repository.remote().map(str::to_owned))
    };
    if remote(old).is_some() && remote(old) == remote(new) {
        return None;
    }
    let mut scanned = old.coverage.scanned.iter();
    let missing =
        scanned.find(|place| !new.coverage.scanned.iter().any(|other| other.path == place.path));
    let is_name = |path: &str| !path.is_empty() && !path.contains(['/', '\\']);
    missing.map(|place| match place.path.as_str() {
        // SARIF has no absolute paths.
        _ if new.coverage.scanned.iter().any(|other| is_name(&other.path)) => {
            "the newer report has only the name of what was scanned, as SARIF has: compare reports \
             in JSON"
                .to_owned()
        }
        path if is_name(path) => {
            "the older report has only the name of what was scanned, as SARIF has: compare reports \
             in JSON"
                .to_owned()
        }
        "" => format!("{} was not scanned", place.what),
        path => format!("{path} was not scanned"),
    })
}

/// Files are found by some commands, history by others.
fn other_command(place: &Occurrence, old: &Saved, new: &Saved) -> Option<String> {
    let (before, now) = (old.command.as_str(), new.command.as_str());
    let is_whole = WHOLE.contains(&now);
    if is_whole && (before == now || (now == "sweep" && before != "report")) {
        return None;
    }
    let finds = match place.origin.git.is_some() {
        true => now == "history",
        false => matches!(now, "scan" | "verify"),
    };
    let what = if place.origin.git.is_some() { "history" } else { "the files" };
    let fits = is_whole && before != "report" && finds;
    (!fits).then(|| match is_whole {
        true => format!("the newer report is of {now}, which does not scan all of {what}"),
        false => format!("the newer report is of {now}, which reports only what was added"),
    })
}

/// The content that options left out of the newer report and that may contain it.
fn left_out(finding: &Finding, old: &Coverage, new: &Saved) -> Option<String> {
    let (before, now) = (&old.left_out, &new.coverage.left_out);
    if now.suppressed > 0 && !new.run.include_suppressed {
        return Some(format!(
            "it may be one of {} suppressed findings (--include-suppressed reports them)",
            now.suppressed
        ));
    }
    let is_pair_of_doubt = now.below_confidence > before.below_confidence;
    if is_pair_of_doubt && finding.confidence < crate::finding::Confidence::High {
        return Some(format!(
            "it may be one of {} findings below --min-confidence",
            now.below_confidence
        ));
    }
    // The size of a file can change, so an equal number may be of other files.
    if now.too_large > 0 {
        let files = now.too_large;
        return Some(format!("it may be in one of {files} files over --max-file-size"));
    }
    // Any other content may contain it: a new counter does, unless it is listed here.
    let hides = |count| {
        use Count::{BelowConfidence, Examples, Repositories, Suppressed, TooLarge, Unattributed};
        let is_no_content = matches!(count, Examples | Repositories | Unattributed);
        !is_no_content && !matches!(count, Suppressed | BelowConfidence | TooLarge)
    };
    let more = now.more_than(before).find(|(count, ..)| count.is_none_or(hides));
    more.map(|(_, more, what)| {
        format!("the newer run left out more than the older one: {more} {what}")
    })
}
