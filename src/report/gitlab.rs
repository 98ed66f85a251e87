//! `--format gitlab`: GitLab's secret detection report, schema 15.2.1.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde::{Serialize, Serializer};

use super::escape::{self, Layout};
use super::item::{ResultItem, items};
use super::message::{Markup, code};
use super::view::Filtered;
use super::{Report, Times, message};
use crate::finding::Severity;
use crate::remedy::{self, Occasion, Step};
use crate::text::escape_path;

const SCHEMA: &str = "15.2.1";
const SCHEMA_URI: &str = "https://gitlab.com/gitlab-org/security-products/security-report-schemas/-/raw/v15.2.1/dist/secret-detection-report-format.json";
/// The schema requires times, without an offset; a report without a run has none.
const NO_TIME: &str = "1970-01-01T00:00:00";
/// GitLab's own analyzer writes this if there is no commit.
const NO_COMMIT: &str = "0000000";
/// Depth of vulnerabilities in the document.
const VULNERABILITY: usize = 2;
/// Longest name that GitLab accepts, in characters.
const LONGEST_NAME: usize = 255;
/// Longest solution that GitLab accepts, in characters.
const LONGEST_SOLUTION: usize = 7_000;
/// Maximum number of problems in a report.
const PROBLEMS: usize = 1_000;

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let document = Document {
        version: SCHEMA,
        schema: SCHEMA_URI,
        scan: scan(report),
        vulnerabilities: Vulnerabilities(report),
    };
    escape::write(&document, Layout::Outline(VULNERABILITY), out)
}

#[derive(Serialize)]
struct Document<'a> {
    version: &'static str,
    schema: &'static str,
    scan: Scan,
    vulnerabilities: Vulnerabilities<'a>,
}

#[derive(Serialize)]
struct Scan {
    analyzer: Scanner,
    scanner: Scanner,
    r#type: &'static str,
    start_time: String,
    end_time: String,
    status: &'static str,
    messages: Vec<Note>,
}

#[derive(Serialize)]
struct Scanner {
    id: &'static str,
    name: &'static str,
    url: &'static str,
    vendor: Vendor,
    version: &'static str,
}

#[derive(Serialize)]
struct Vendor {
    name: &'static str,
}

#[derive(Serialize)]
struct Note {
    level: &'static str,
    value: String,
}

fn scan(report: &Report<'_>) -> Scan {
    let scanner = || Scanner {
        id: "keysweep",
        name: "keysweep",
        url: env!("CARGO_PKG_REPOSITORY"),
        vendor: Vendor { name: "keysweep" },
        version: env!("CARGO_PKG_VERSION"),
    };
    let time = |which: fn(&Times) -> &String| {
        let time = report.times.map(|times| which(times).trim_end_matches('Z').to_owned());
        time.unwrap_or_else(|| NO_TIME.to_owned())
    };
    let problems = report.coverage.problems.iter().take(PROBLEMS);
    let problems =
        problems.map(|problem| format!("{} {}: {}", problem.what, problem.path, problem.why));
    let messages = report.view.filter.map(Filtered::line).into_iter().chain(problems);
    let messages = messages.map(|value| Note { level: "warn", value });
    Scan {
        analyzer: scanner(),
        scanner: scanner(),
        r#type: "secret_detection",
        start_time: time(|times| &times.start),
        end_time: time(|times| &times.end),
        status: if matches!(report.exit, 0 | 1 | 3) { "success" } else { "failure" },
        messages: messages.collect(),
    }
}

struct Vulnerabilities<'a>(&'a Report<'a>);

impl Serialize for Vulnerabilities<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let items = items(self.0);
        serializer.collect_seq(items.iter().map(|item| vulnerability(self.0, item)))
    }
}

#[derive(Serialize)]
struct Vulnerability {
    /// A hash of value and path: the same in the next report.
    id: String,
    category: &'static str,
    name: String,
    description: String,
    /// The steps, as Markdown.
    solution: String,
    severity: &'static str,
    location: Location,
    identifiers: [Identifier; 2],
}

#[derive(Serialize)]
struct Location {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_line: Option<u64>,
    commit: Commit,
}

#[derive(Serialize)]
struct Commit {
    sha: String,
}

#[derive(Serialize)]
struct Identifier {
    r#type: &'static str,
    name: String,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'static str>,
}

fn vulnerability(report: &Report<'_>, item: &ResultItem<'_>) -> Vulnerability {
    let place = item.place();
    let origin = &place.origin;
    let file = origin.path.as_deref().map(escape_path).unwrap_or_default();
    let region = item.spot().primary().filter(|_| origin.inside.is_empty());
    let introduced = origin.git.as_ref().and_then(|git| git.commit.clone());
    let revision = || report.repository.and_then(|repository| repository.revision.clone());
    let rule = item.finding.credential.rule.to_string();
    Vulnerability {
        id: format!("{}:{file}", item.finding.fingerprint),
        category: "secret_detection",
        name: report.title(item.finding).chars().take(LONGEST_NAME).collect(),
        description: message::message(report, item, Markup::Markdown),
        solution: solution(report, item),
        severity: severity(item),
        location: Location {
            file,
            start_line: region.map(|region| region.start.line),
            end_line: region.map(|region| region.end.line),
            commit: Commit {
                sha: introduced.or_else(revision).unwrap_or_else(|| NO_COMMIT.to_owned()),
            },
        },
        identifiers: [
            Identifier {
                r#type: "keysweep_rule_id",
                name: format!("keysweep rule {rule}"),
                value: rule,
                url: None,
            },
            Identifier {
                r#type: "cwe",
                name: "CWE-798".to_owned(),
                value: "798".to_owned(),
                url: Some("https://cwe.mitre.org/data/definitions/798.html"),
            },
        ],
    }
}

/// The first step with its command, then the other steps.
fn solution(report: &Report<'_>, item: &ResultItem<'_>) -> String {
    let steps = remedy::steps(item.finding, report.rules);
    let mut leak = steps.iter().filter(|step| step.when == Occasion::Leak);
    let mut text = match (remedy::verdict_advice(item.finding), leak.next()) {
        (Some(advice), _) => format!("{advice}."),
        (None, Some(Step { title, cli: Some(cli), keysweep, .. })) => {
            let or = keysweep.as_ref().map(|command| format!(" Or: {}.", code(command)));
            format!("{title}: {}.{}", code(cli), or.unwrap_or_default())
        }
        (None, Some(Step { title, .. })) => format!("{title}."),
        (None, None) => return String::new(),
    };
    let rest: Vec<&str> = leak.map(|step| step.title.as_str()).collect();
    if !rest.is_empty() {
        let _ = write!(text, " Then: {}.", rest.join("; "));
    }
    let rule = item.finding.credential.rule.as_str();
    let _ = write!(text, " Every step, and why: {}", code(&format!("keysweep explain {rule}")));
    text.chars().take(LONGEST_SOLUTION).collect()
}

fn severity(item: &ResultItem<'_>) -> &'static str {
    match item.finding.severity {
        _ if item.is_active() => "Critical",
        Severity::Error => "High",
        Severity::Warning => "Medium",
        Severity::Note => "Low",
    }
}
