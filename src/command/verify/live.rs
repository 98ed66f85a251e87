//! `--only-live`: keeps the keys that AWS accepts now, and counts what that leaves out, by reason.
//!
//! A key without an answer may be live. It is left out too, because nothing proves it, but it is
//! named as a problem, so that the run is incomplete and no report looks clean.

use std::collections::BTreeSet;

use crate::coverage::{Coverage, Problem};
use crate::finding::{Finding, Status};
use crate::report::Filtered;
use crate::rules::id;

/// The option.
pub const OPTION: &str = "--only-live";

/// Most keys without an answer that are named.
const NAMED: usize = 20;

/// Keeps the active keys of `findings`, which were verified, and gives what the report says of the
/// others. The keys about which AWS gave no answer become a problem of `coverage`.
pub fn keep(findings: &mut Vec<Finding>, coverage: &mut Coverage) -> Filtered {
    let mut filter = Filtered { by: vec![OPTION.to_owned()], ..Filtered::default() };
    let mut unanswered = BTreeSet::new();
    findings.retain(|finding| {
        let Some(reason) = reason(finding) else { return true };
        filter.hidden += 1;
        *filter.reasons.entry(reason.to_owned()).or_default() += 1;
        if reason == Filtered::NO_ANSWER {
            unanswered.extend(finding.credential.key_id.clone());
        }
        false
    });
    if !unanswered.is_empty() {
        coverage.problems.push(problem(&unanswered));
        coverage.problems.sort();
        coverage.complete = false;
    }
    filter
}

/// The reason why a finding is left out; `None` for an active key.
fn reason(finding: &Finding) -> Option<&'static str> {
    let (credential, verdict) = (&finding.credential, &finding.verification);
    match verdict.status {
        Status::Active => None,
        // A wrong secret does not say that another secret, without an answer, is wrong as well.
        _ if verdict.is_unanswered => Some(Filtered::NO_ANSWER),
        Status::NotChecked if finding.suppressed.is_some() => Some(Filtered::SUPPRESSED),
        Status::NotChecked if !credential.is_of_aws() => Some(Filtered::OTHER_PROVIDER),
        Status::NotChecked => Some(match (&credential.key_id, &credential.secret) {
            (Some(_), None) => Filtered::NO_SECRET,
            (None, Some(_)) if credential.rule.as_str() == id::SECRET => Filtered::NO_ID,
            _ => Filtered::NOT_VERIFIABLE,
        }),
        status => Some(status.as_str()),
    }
}

/// The keys that may be live.
fn problem(keys: &BTreeSet<String>) -> Problem {
    let mut names: Vec<&str> = keys.iter().take(NAMED).map(String::as_str).collect();
    let more = keys.len().saturating_sub(NAMED);
    let more = (more > 0).then(|| format!("{more} more"));
    names.extend(more.as_deref());
    let names = names.join(", ");
    let why = match keys.len() {
        1 => format!("{OPTION} leaves out 1 key that may be live: {names}"),
        count => format!("{OPTION} leaves out {count} keys that may be live: {names}"),
    };
    Problem { what: "verification".to_owned(), path: String::new(), why }
}
