//! `--format sarif`: SARIF 2.1.0 for code-scanning services.
//!
//! A result points at the key id alone, because GitHub shows an alert on a pull request only if all
//! of its lines are in the diff; the secret is a related location. Secrets are always masked.
//! Results are written one by one, and so are the places of a finding read: what comes before the
//! results is known from reading them first.

mod artifacts;
mod flow;
mod lines;
mod model;
mod notice;
mod places;
mod properties;
mod rules;

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::ser::{Error as _, SerializeSeq as _};
use serde::{Serialize, Serializer};

use self::artifacts::Artifacts;
use self::flow::Flow;
use self::lines::Lines;
use self::model::{
    AutomationDetails, BASE, BaseOnly, Driver, Log, Message, Run, SarifResult, Tool, UriBase,
    VersionControlDetails, WebRequest,
};
use self::properties::Properties;
use self::rules::Descriptors;
use super::escape::{self, Layout};
use super::item::{Items, ResultItem, findings};
use super::message::Markup;
use super::view::Filtered;
use super::{Report, message};
use crate::coverage::Coverage;
use crate::finding::{Finding, Status, Suppression};
use crate::remedy::{self, Remedies};
use crate::secret::MASK;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// Depth of results in the log.
const RESULT: usize = 4;
/// keysweep's fingerprint; importers expect a version after the slash.
const FINGERPRINT: &str = "keysweep/v1";

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut descriptors = Descriptors::new(report);
    let driver = driver(std::mem::take(&mut descriptors.rules));
    let Index { lines, artifacts, reported, dropped } = Index::of(report)?;
    let run = Run {
        tool: Tool { driver },
        automation_details: AutomationDetails { id: category(report) },
        invocations: [notice::invocation(report, dropped)],
        version_control_provenance: provenance(report),
        original_uri_base_ids: BTreeMap::from([(
            BASE,
            UriBase { description: Message::new("The root of what was scanned.") },
        )]),
        column_kind: "utf16CodeUnits",
        redaction_tokens: [MASK],
        taxonomies: [rules::taxonomy()],
        properties: RunProperties {
            command: report.command,
            filter: report.view.filter,
            coverage: public(report.coverage),
            remedies: remedy::remedies(reported, report.rules),
        },
        artifacts: artifacts.list(),
        results: Results {
            report,
            descriptors: &descriptors,
            lines: &lines,
            artifacts: &artifacts,
        },
    };
    let log = Log { schema: SCHEMA, version: "2.1.0", runs: [run] };
    escape::write(&log, Layout::Outline(RESULT), out)
}

/// GitHub's category is everything up to the last slash (§3.17.3).
fn category(report: &Report<'_>) -> String {
    match report.category {
        Some(own) => format!("{}/", own.trim_end_matches('/')),
        None => format!("keysweep/{}/", report.command),
    }
}

fn driver(rules: Vec<model::Descriptor>) -> Driver {
    let version = env!("CARGO_PKG_VERSION");
    Driver {
        name: "keysweep",
        full_name: format!("keysweep {version}"),
        version,
        semantic_version: version,
        organization: "keysweep",
        information_uri: rules::HOME,
        short_description: Message::new("Finds leaked AWS keys, and tokens of other providers."),
        full_description: Message::new(concat!(env!("CARGO_PKG_DESCRIPTION"), ".")),
        rules,
        notifications: notice::descriptors(),
        supported_taxonomies: [rules::taxonomy_reference()],
    }
}

fn provenance(report: &Report<'_>) -> Vec<VersionControlDetails> {
    let repository = report.repository.into_iter();
    let details = repository.filter_map(|repository| {
        Some(VersionControlDetails {
            repository_uri: repository.remote()?.to_owned(),
            revision_id: repository.revision.clone(),
            branch: repository.branch.clone(),
            mapped_to: BaseOnly { uri_base_id: BASE },
        })
    });
    details.collect()
}

/// The coverage without absolute paths: a log is uploaded, and paths of the machine are private.
fn public(coverage: &Coverage) -> Coverage {
    let mut coverage = coverage.clone();
    for place in &mut coverage.scanned {
        let name = place.path.rsplit(['/', '\\']).find(|name| !name.is_empty());
        place.path = name.unwrap_or_default().to_owned();
    }
    coverage
}

/// The property bag of the run.
#[derive(Serialize)]
struct RunProperties<'a> {
    command: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<&'a Filtered>,
    coverage: Coverage,
    remedies: Remedies,
}

/// The results as a sequence that holds one element at a time.
struct Results<'a> {
    report: &'a Report<'a>,
    descriptors: &'a Descriptors,
    lines: &'a Lines<'a>,
    artifacts: &'a Artifacts,
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut results = serializer.serialize_seq(None)?;
        let mut remaining = self.report.limits.results;
        for finding in findings(self.report) {
            if remaining == 0 {
                break;
            }
            let flow = Flow::of(finding).map_err(S::Error::custom)?;
            for item in Items::all(finding).take(remaining) {
                let item = item.map_err(S::Error::custom)?;
                results.serialize_element(&self.result(&item, &flow))?;
                remaining -= 1;
            }
        }
        results.end()
    }
}

/// Facts about all results that the head of the log and each result need.
struct Index<'a> {
    lines: Lines<'a>,
    artifacts: Artifacts,
    /// The findings with a result within the limit.
    reported: Vec<&'a Finding>,
    /// The number of results beyond the limit.
    dropped: usize,
}

impl<'a> Index<'a> {
    fn of(report: &Report<'a>) -> io::Result<Self> {
        let (mut lines, mut artifacts) = (Lines::default(), Artifacts::default());
        let (mut reported, mut count) = (Vec::<&'a Finding>::new(), 0);
        for finding in findings(report) {
            for item in Items::all(finding) {
                let item = item?;
                if count < report.limits.results {
                    lines.know(&item);
                    artifacts.add(&item.place().origin);
                    if reported.last().is_none_or(|last| !std::ptr::eq(*last, finding)) {
                        reported.push(finding);
                    }
                }
                count += 1;
            }
        }
        for item in findings(report).flat_map(Items::all) {
            lines.count(&item?);
        }
        let dropped = count.saturating_sub(report.limits.results);
        Ok(Self { lines, artifacts, reported, dropped })
    }
}

impl<'a> Results<'a> {
    fn result<'i>(&'i self, item: &'i ResultItem<'a>, flow: &'i Flow<'_>) -> SarifResult<'i> {
        let (report, finding, place) = (self.report, item.finding, item.place());
        let linked = places::other_half(item).is_some();
        let (rule_id, rule_index) = self.descriptors.of(finding);
        let active = finding.verification.status == Status::Active;
        SarifResult {
            rule_id,
            rule_index,
            kind: "fail",
            level: if active { "error" } else { finding.severity.as_str() },
            rank: rules::rank(finding),
            message: Message::new(message::message(report, item, Markup::Sarif { linked })),
            locations: [places::primary(item)],
            related_locations: places::related(item, self.artifacts),
            code_flows: flow.code_flows(),
            partial_fingerprints: BTreeMap::from([
                (FINGERPRINT, finding.fingerprint.as_str().to_owned()),
                ("primaryLocationLineHash", self.lines.hash(item)),
            ]),
            suppressions: report
                .include_suppressed
                .then(|| finding.suppressed.iter().map(suppression).collect()),
            baseline_state: baseline_state(report, item),
            web_request: web_request(finding),
            properties: Properties::new(report, finding, place, flow),
        }
    }
}

/// The request to STS, without headers and their content.
fn web_request(finding: &Finding) -> Option<WebRequest<'_>> {
    let target = finding.verification.endpoint.as_deref()?;
    let (protocol, _) = target.split_once("://")?;
    let parameters = BTreeMap::from([("Action", "GetCallerIdentity"), ("Version", "2011-06-15")]);
    Some(WebRequest { protocol, target, method: "POST", parameters })
}

fn baseline_state(report: &Report<'_>, item: &ResultItem<'_>) -> Option<&'static str> {
    let compared = report.include_suppressed && report.baseline;
    let known = item
        .finding
        .suppressed
        .as_ref()
        .is_some_and(|suppression| suppression.by == Suppression::BASELINE);
    compared.then_some(if known { "unchanged" } else { "new" })
}

/// The suppressions of a result, in a log in which every result has the property (§3.27.23).
fn suppression(suppression: &Suppression) -> model::Suppression {
    model::Suppression {
        kind: if suppression.by == "inline" { "inSource" } else { "external" },
        status: "accepted",
        justification: suppression
            .reason
            .clone()
            .unwrap_or_else(|| format!("Suppressed by {}.", suppression.by)),
    }
}
