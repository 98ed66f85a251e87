//! `--format sarif`: SARIF 2.1.0 for code-scanning services.
//!
//! A result points at the key id alone, because GitHub shows an alert on a pull request only if all
//! of its lines are in the diff; the secret is a related location. Secrets are always masked.
//! Results are written one by one: memory holds one result at a time and an index of the others.

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

use serde::{Serialize, Serializer};

use self::artifacts::Artifacts;
use self::lines::Lines;
use self::model::{
    AutomationDetails, BASE, BaseOnly, Driver, Log, Message, Run, SarifResult, Tool, UriBase,
    VersionControlDetails, WebRequest,
};
use self::properties::Properties;
use self::rules::Descriptors;
use super::escape::{self, Layout};
use super::item::{ResultItem, items};
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
    let mut items = items(report);
    let lines = Lines::new(&items);
    let dropped = items.len().saturating_sub(report.limits.results);
    items.truncate(report.limits.results);
    let artifacts = Artifacts::new(&items);
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
            remedies: remedy::remedies(items.iter().map(|item| item.finding), report.rules),
        },
        artifacts: artifacts.list(),
        results: Results {
            report,
            descriptors: &descriptors,
            items: &items,
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
    items: &'a [ResultItem<'a>],
    lines: &'a Lines<'a>,
    artifacts: &'a Artifacts,
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.items.iter().map(|item| self.result(item)))
    }
}

impl<'a> Results<'a> {
    fn result(&self, item: &ResultItem<'a>) -> SarifResult<'a> {
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
            code_flows: flow::code_flows(finding),
            partial_fingerprints: BTreeMap::from([
                (FINGERPRINT, finding.fingerprint.as_str().to_owned()),
                ("primaryLocationLineHash", self.lines.hash(item)),
            ]),
            suppressions: report
                .include_suppressed
                .then(|| finding.suppressed.iter().map(suppression).collect()),
            baseline_state: baseline_state(report, item),
            web_request: web_request(finding),
            properties: Properties::new(report, finding, place),
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
