//! SARIF of keysweep as an earlier report.
//!
//! A result is a finding in one file, so results of one fingerprint are joined. SARIF has no names
//! and mail addresses of people, no other commits than the first of a file, no columns in
//! characters, and no rules of the user: the report does not have them.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;

use super::{ReadError, Saved, damage};
use crate::coverage::{Coverage, Problem};
use crate::finding::{
    Clear, Confidence, Details, DigestedCredential, Encoding, Finding, Fingerprint, GitObject,
    GitOrigin, Occurrence, Origin, RuleId, SecretDigest, Severity, Sighting, Spot, Status,
    Suppression, Verification,
};
use crate::location::{self, Position};
use crate::provenance::Provenance;
use crate::report::record::{check_ids, checked};
use crate::report::view::Filtered;
use crate::rules::RuleSet;
use crate::secret::MASK;
use crate::text::escape_line;

/// The end of the id of a rule for active keys.
const ACTIVE: &str = "-active";

#[derive(Deserialize)]
struct Log {
    runs: Vec<Run>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    automation_details: Option<Id>,
    #[serde(default)]
    invocations: Vec<Invocation>,
    #[serde(default)]
    version_control_provenance: Vec<Origins>,
    properties: Option<Bag>,
    results: Vec<Found>,
}

#[derive(Deserialize)]
struct Tool {
    driver: Driver,
}

#[derive(Deserialize)]
struct Driver {
    name: String,
}

#[derive(Deserialize)]
struct Id {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    exit_code: Option<u8>,
    #[serde(default)]
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Deserialize)]
struct Notification {
    descriptor: Id,
    message: Text,
}

#[derive(Deserialize)]
struct Text {
    text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Origins {
    repository_uri: String,
    revision_id: Option<String>,
    branch: Option<String>,
}

#[derive(Deserialize)]
struct Bag {
    command: Option<String>,
    filter: Option<Filtered>,
    coverage: Coverage,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    rule_id: String,
    level: Severity,
    locations: Vec<Location>,
    #[serde(default)]
    related_locations: Vec<Location>,
    partial_fingerprints: HashMap<String, String>,
    suppressions: Option<Vec<Suppressed>>,
    baseline_state: Option<String>,
    properties: Facts,
}

#[derive(Deserialize)]
struct Suppressed {
    kind: String,
    /// `accepted` if it is missing (SARIF §3.35.3).
    status: Option<String>,
    justification: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    message: Option<Text>,
    physical_location: Physical,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    region: Region,
    context_region: Option<Context>,
}

#[derive(Deserialize)]
struct Artifact {
    uri: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u64,
    start_column: u64,
    end_line: u64,
    end_column: u64,
}

#[derive(Deserialize)]
struct Context {
    snippet: Option<Text>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Facts {
    confidence: Confidence,
    key_id: Option<String>,
    account: Option<String>,
    user: Option<String>,
    expires: Option<String>,
    #[serde(default)]
    details: Details,
    secret_redacted: Option<String>,
    secret_sha256: Option<String>,
    verification: Verdict,
    #[serde(default)]
    possible_partners: Vec<Fingerprint>,
    #[serde(default)]
    decoded: Vec<Encoding>,
    #[serde(default)]
    inside: Vec<String>,
    target: Option<String>,
    #[serde(default)]
    owners: Vec<String>,
    account_name: Option<String>,
    history: Option<History>,
}

#[derive(Deserialize)]
struct Verdict {
    status: Status,
    reason: Option<String>,
    arn: Option<String>,
    endpoint: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct History {
    object: GitObject,
    commit: Option<String>,
    blob: Option<String>,
    reachable: bool,
    at_head: bool,
    removed_in: Option<String>,
    #[serde(default)]
    refs: Vec<String>,
}

/// Reads a log.
pub(super) fn read(text: &[u8]) -> Result<Saved, ReadError> {
    #[derive(Deserialize)]
    struct Names {
        runs: Vec<Named>,
    }
    #[derive(Deserialize)]
    struct Named {
        tool: Tool,
    }
    // A log of another tool may not have all that ours has.
    let names: Names = serde_json::from_slice(text).map_err(|_| ReadError::Foreign)?;
    if names.runs.is_empty() || names.runs.iter().any(|run| run.tool.driver.name != "keysweep") {
        return Err(ReadError::Foreign);
    }
    let log: Log = serde_json::from_slice(text).map_err(|error| damage(&error))?;
    let [run] = <[Run; 1]>::try_from(log.runs).map_err(|_| {
        ReadError::Damaged("`runs` has several runs, and keysweep writes one".to_owned())
    })?;
    saved(run)
}

fn saved(run: Run) -> Result<Saved, ReadError> {
    let Some(bag) = run.properties else {
        return Err(ReadError::Damaged("`runs[0].properties.coverage` is missing".to_owned()));
    };
    let mut saved = Saved {
        rules: RuleSet::builtin(),
        coverage: bag.coverage,
        filter: bag.filter,
        ..Saved::default()
    };
    let category = run.automation_details.map(|details| details.id).unwrap_or_default();
    let category = category.trim_end_matches('/');
    let usual = category.strip_prefix("keysweep/");
    saved.command = bag.command.or_else(|| usual.map(str::to_owned)).unwrap_or_default();
    if usual != Some(saved.command.as_str()) {
        saved.run.category = Some(category.to_owned());
    }
    for invocation in run.invocations {
        saved.run.interrupted |= invocation.exit_code == Some(130);
        let dropped = invocation.tool_execution_notifications.into_iter();
        for notice in dropped.filter(|notice| notice.descriptor.id == "results-dropped") {
            saved.coverage.complete = false;
            let why = notice.message.text;
            let (what, path) = ("findings".to_owned(), String::new());
            saved.coverage.problems.push(Problem { what, path, why });
        }
    }
    saved.coverage.problems.sort();
    saved.run.repository = run.version_control_provenance.into_iter().next().map(|origin| {
        Provenance::new(Some(&origin.repository_uri), origin.revision_id, origin.branch)
    });
    let mut known: HashMap<Fingerprint, usize> = HashMap::new();
    for (at, result) in run.results.into_iter().enumerate() {
        saved.run.include_suppressed |= result.suppressions.is_some();
        saved.run.baseline |= result.baseline_state.is_some();
        if let (Some(account), Some(name)) =
            (&result.properties.account, &result.properties.account_name)
        {
            saved.accounts.insert(account.clone(), name.clone());
        }
        let finding = finding(result, &saved.rules)
            .map_err(|why| ReadError::Damaged(format!("`runs[0].results[{at}]`: {why}")))?;
        match known.get(&finding.fingerprint) {
            Some(&at) => saved.findings[at].occurrences.extend(finding.occurrences),
            None => {
                known.insert(finding.fingerprint.clone(), saved.findings.len());
                saved.findings.push(finding);
            }
        }
    }
    for finding in &mut saved.findings {
        finding.occurrences.sort_by(|a, b| a.order().cmp(&b.order()));
        let best = finding.occurrences.iter().map(|place| place.confidence).max();
        finding.confidence = best.unwrap_or(finding.confidence);
    }
    Ok(saved)
}

fn finding(result: Found, rules: &RuleSet) -> Result<Finding, Cow<'static, str>> {
    let fingerprint = result.partial_fingerprints.get("keysweep/v1").cloned();
    let fingerprint = fingerprint.ok_or("`partialFingerprints` has no `keysweep/v1`")?;
    let fingerprint = Fingerprint::try_from(fingerprint)?;
    let facts = result.properties;
    let (first, others) = (result.locations.first(), &result.related_locations);
    let first = first.ok_or("`locations` is empty")?;
    let occurrences = occurrences(first, others, &facts)?;
    let is_active = facts.verification.status == Status::Active;
    let rule = match result.rule_id.strip_suffix(ACTIVE) {
        Some(rule) if is_active => rule.to_owned(),
        _ => result.rule_id,
    };
    // An active key is an error, whatever its rule says.
    let usual = rules.get(&rule).map(|rule| rule.severity).filter(|_| is_active);
    // A suppression that was rejected, or is not reviewed yet, is not in effect (SARIF §3.27.23).
    let in_effect = |it: &Suppressed| it.status.as_deref().is_none_or(|it| it == "accepted");
    let suppressed = result.suppressions.into_iter().flatten().find(in_effect).map(|suppressed| {
        let by = match (suppressed.kind.as_str(), result.baseline_state.as_deref()) {
            ("inSource", _) => Suppression::INLINE,
            (_, Some("unchanged")) => Suppression::BASELINE,
            _ => Suppression::CONFIG,
        };
        let none = format!("Suppressed by {by}.");
        let reason = suppressed.justification.filter(|reason| *reason != none);
        Suppression { by: by.to_owned(), reason }
    });
    let Verdict { status, reason, arn, endpoint } = facts.verification;
    Ok(Finding {
        fingerprint,
        clear: Clear::default(),
        credential: DigestedCredential {
            rule: RuleId::new(&rule),
            key_id: facts.key_id,
            secret: facts
                .secret_redacted
                .map(|it| SecretDigest::reported(escape_line(&it), facts.secret_sha256)),
            session_token: None,
            account: facts.account,
            user: facts.user,
            expires: facts.expires,
            details: facts.details,
        },
        severity: usual.unwrap_or(result.level),
        confidence: facts.confidence,
        verification: Verification { status, reason, arn, endpoint, ..Verification::default() },
        suppressed,
        possible_partners: facts.possible_partners,
        occurrences,
        stored: None,
    })
}

/// The place of a result, and the others that it lists.
fn occurrences(
    first: &Location,
    others: &[Location],
    facts: &Facts,
) -> Result<Vec<Occurrence>, Cow<'static, str>> {
    let says = |location: &&Location, text: &str| {
        location.message.as_ref().is_some_and(|message| message.text == text)
    };
    let secret = others.iter().find(|other| says(other, "The secret."));
    let id = others.iter().find(|other| says(other, "The key id."));
    let member = others.iter().find(|other| says(other, "In the member of the archive."));
    let own = region(member.unwrap_or(first))?;
    let has_id = facts.key_id.is_some() && id.is_none();
    let other = secret.or(id).map(region).transpose()?;
    let is_placeless = !facts.inside.is_empty() && member.is_none();
    let region_of = |is_own: bool| match is_own {
        true => Some(own).filter(|_| !is_placeless),
        false => other,
    };
    let context = first.physical_location.context_region.as_ref();
    let snippet = context.and_then(|context| context.snippet.as_ref());
    let snippet = snippet.map(|line| line.text.clone()).filter(|line| line != MASK);
    let mut sighting = Sighting {
        id: region_of(has_id),
        secret: region_of(!has_id),
        decoded: facts.decoded.clone(),
        snippet: snippet.unwrap_or_default(),
        ..Sighting::default()
    };
    if id.is_some() {
        let (id, secret) = (sighting.id, sighting.secret);
        let snippet = std::mem::take(&mut sighting.snippet);
        let spot = Spot { id, secret, at_secret: true, snippet, line_hash: None };
        sighting.shown = Some(Box::new(spot));
    }
    let mut places = vec![Occurrence {
        origin: origin(first, facts, true)?,
        sighting,
        confidence: facts.confidence,
    }];
    for other in others.iter().filter(|other| says(other, "Also here.")) {
        let own = Some(region(other)?);
        let (id, secret) = if has_id { (own, None) } else { (None, own) };
        places.push(Occurrence {
            origin: origin(other, facts, false)?,
            sighting: Sighting { id, secret, ..Sighting::default() },
            confidence: facts.confidence,
        });
    }
    Ok(places)
}

fn origin(location: &Location, facts: &Facts, is_first: bool) -> Result<Origin, &'static str> {
    let path = decoded(&location.physical_location.artifact_location.uri);
    let holder = facts.target.as_ref().map(|target| decoded(&plain_path(target)));
    let holder = holder.map(|mut holder| {
        holder.push(b'/');
        holder
    });
    let path = match holder {
        Some(holder) => path.strip_prefix(holder.as_slice()).unwrap_or(&path).to_vec(),
        None => path,
    };
    let history = facts.history.as_ref();
    let is_file = history.is_none_or(|it| it.object == GitObject::Blob);
    let is_object = path.starts_with(b".git/objects/");
    let git = history.map(|it| GitOrigin {
        commit: it.commit.clone().filter(|_| is_first),
        blob: it.blob.clone().filter(|_| is_first),
        object: it.object,
        author: None,
        committer: None,
        reachable: it.reachable,
        held_by: Vec::new(),
        at_head: it.at_head,
        removed_in: it.removed_in.clone().filter(|_| is_first),
        removed_by: None,
        refs: if is_first { it.refs.clone() } else { Vec::new() },
    });
    git.as_ref().map_or(Ok(()), check_ids)?;
    Ok(Origin {
        path: Some(path).filter(|_| is_file && !is_object),
        inside: if is_first { facts.inside.clone() } else { Vec::new() },
        git,
        target: facts.target.clone(),
        owners: facts.owners.clone(),
    })
}

/// The name of a target without the segments that a URI leaves out.
fn plain_path(name: &str) -> String {
    let named = name.split('/').filter(|segment| !matches!(*segment, "" | "." | ".."));
    named.collect::<Vec<_>>().join("/").replace('%', "%25")
}

/// The bytes of a percent-encoded path.
fn decoded(uri: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(uri.len());
    let mut rest = uri.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let encoded = tail.get(..2).filter(|_| first == b'%').and_then(crate::escapes::hex_byte);
        bytes.push(encoded.unwrap_or(first));
        rest = if encoded.is_some() { &tail[2..] } else { tail };
    }
    bytes
}

fn region(location: &Location) -> Result<location::Region, &'static str> {
    let region = &location.physical_location.region;
    let at = |line, column| Position { line, column, column_utf16: column };
    let start = at(region.start_line, region.start_column);
    let end = at(region.end_line, region.end_column);
    checked(start, end)
}
