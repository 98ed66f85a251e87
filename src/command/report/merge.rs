//! Several reports as one: a credential of several reports is one finding with all its places.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::finding::{Finding, Fingerprint, Status};
use crate::report::{Filtered, Saved};

/// A report and its name in messages, which is that of its file.
#[derive(Debug)]
pub struct Input {
    /// The file's name, escaped.
    pub name: String,
    /// The report.
    pub saved: Saved,
}

/// The command of a report of runs of several commands.
const SEVERAL: &str = "report";

/// Joins reports; one alone stays as it is.
///
/// A place of a report that is not a sweep gets the name of what was scanned, if the reports are
/// not of the same place: otherwise equal paths of two repositories could not be distinguished.
pub fn merge(mut inputs: Vec<Input>) -> Saved {
    if inputs.len() == 1 {
        return inputs.pop().map(|input| input.saved).unwrap_or_default();
    }
    name_targets(&mut inputs);
    let mut inputs = inputs.into_iter().map(|input| input.saved);
    let Some(mut all) = inputs.next() else { return Saved::default() };
    let mut at: HashMap<Fingerprint, usize> = HashMap::new();
    for (index, finding) in all.findings.iter().enumerate() {
        at.insert(finding.fingerprint.clone(), index);
    }
    for saved in inputs {
        for finding in saved.findings {
            match at.get(&finding.fingerprint) {
                Some(&index) => unite(&mut all.findings[index], finding),
                None => {
                    at.insert(finding.fingerprint.clone(), all.findings.len());
                    all.findings.push(finding);
                }
            }
        }
        all.coverage.join(saved.coverage);
        for rule in saved.rules.rules {
            if all.rules.get(rule.id.as_str()).is_none() {
                all.rules.rules.push(rule);
            }
        }
        if all.command != saved.command {
            SEVERAL.clone_into(&mut all.command);
        }
        all.run.category = all.run.category.filter(|own| Some(own) == saved.run.category.as_ref());
        all.run.baseline |= saved.run.baseline;
        all.run.include_suppressed |= saved.run.include_suppressed;
        all.run.interrupted |= saved.run.interrupted;
        let theirs = saved.run.repository;
        all.run.repository = all.run.repository.filter(|own| Some(own) == theirs.as_ref());
        all.filter = filters(all.filter, saved.filter);
        for (account, name) in saved.accounts {
            all.accounts.entry(account).or_insert(name);
        }
    }
    crate::report::sort(&mut all.findings);
    all
}

fn filters(one: Option<Filtered>, two: Option<Filtered>) -> Option<Filtered> {
    match (one, two) {
        (Some(one), Some(two)) => {
            let known: BTreeSet<String> = one.by.iter().cloned().collect();
            let others = two.by.into_iter().filter(|by| !known.contains(by));
            let mut reasons = one.reasons;
            for (reason, count) in two.reasons {
                let sum: &mut u64 = reasons.entry(reason).or_default();
                *sum = sum.saturating_add(count);
            }
            Some(Filtered {
                by: one.by.iter().cloned().chain(others).collect(),
                hidden: one.hidden.saturating_add(two.hidden),
                places: one.places.saturating_add(two.places),
                reasons,
            })
        }
        (one, two) => one.or(two),
    }
}

/// Adds the places and facts of the same credential in another report.
fn unite(one: &mut Finding, other: Finding) {
    one.confidence = one.confidence.max(other.confidence);
    if is_newer(&other, one) {
        one.severity = other.severity;
        one.verification = other.verification;
    } else if one.verification.status == Status::NotChecked {
        one.severity = one.severity.max(other.severity);
    }
    // A finding that one report does not suppress is open.
    if other.suppressed.is_none() {
        one.suppressed = None;
    }
    let (own, theirs) = (&mut one.credential, other.credential);
    own.key_id = own.key_id.take().or(theirs.key_id);
    own.secret = own.secret.take().or(theirs.secret);
    own.session_token = own.session_token.take().or(theirs.session_token);
    own.account = own.account.take().or(theirs.account);
    own.user = own.user.take().or(theirs.user);
    own.expires = own.expires.take().or(theirs.expires);
    if own.details.is_empty() {
        own.details = theirs.details;
    }
    one.possible_partners.extend(other.possible_partners);
    one.possible_partners.sort();
    one.possible_partners.dedup();
    one.occurrences.extend(other.occurrences);
    one.occurrences.sort_by(|a, b| a.order().cmp(&b.order()));
    one.occurrences.dedup_by(|a, b| a.order() == b.order());
}

/// True if the verdict on `one` is later than that on `other`; asked is later than not asked.
fn is_newer(one: &Finding, other: &Finding) -> bool {
    let age = |finding: &Finding| {
        let verdict = &finding.verification;
        (verdict.status != Status::NotChecked, verdict.checked_at.clone())
    };
    age(one) > age(other)
}

/// Names the places of reports that are not sweeps, unless all are of the same place.
fn name_targets(inputs: &mut [Input]) {
    let scanned: BTreeSet<Vec<&str>> = inputs
        .iter()
        .map(|input| input.saved.coverage.scanned.iter().map(|it| it.path.as_str()).collect())
        .collect();
    let is_sweep = inputs.iter().any(|input| !input.saved.coverage.targets.is_empty());
    if scanned.len() == 1 && !is_sweep {
        return;
    }
    let full: Vec<String> = inputs.iter().map(full_name).collect();
    let mut holders: BTreeMap<String, BTreeSet<&String>> = BTreeMap::new();
    for name in &full {
        holders.entry(short_name(name)).or_default().insert(name);
    }
    let names: Vec<String> = full
        .iter()
        .map(|name| {
            let short = short_name(name);
            if holders.get(&short).is_some_and(|all| all.len() == 1) { short } else { name.clone() }
        })
        .collect();
    for (Input { saved, .. }, name) in inputs.iter_mut().zip(names) {
        if !saved.coverage.targets.is_empty() {
            continue;
        }
        saved.coverage.name_target(&name, saved.findings.len() as u64);
        for place in saved.findings.iter_mut().flat_map(|finding| &mut finding.occurrences) {
            place.origin.target = Some(name.clone());
        }
    }
}

/// The only place that was scanned, or the report's own name.
fn full_name(input: &Input) -> String {
    match input.saved.coverage.scanned.as_slice() {
        [only] if !only.path.is_empty() => only.path.clone(),
        _ => input.name.clone(),
    }
}

fn short_name(name: &str) -> String {
    let end = name.trim_end_matches(['/', '\\']).trim_end_matches("/.git");
    end.rsplit(['/', '\\']).next().filter(|last| !last.is_empty()).unwrap_or(name).to_owned()
}
