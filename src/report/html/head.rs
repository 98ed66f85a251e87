//! The head of the page: what is live and must be done now, what was scanned, and if it was
//! complete.

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha256};

use super::choices::account;
use super::{Page, SCRIPT, STYLE};
use crate::finding::{Finding, Occurrence, Status};
use crate::remedy;
use crate::report::exposure::{self, Exposure};
use crate::report::headline::{self, Headline, is_settled};
use crate::report::{Report, summary, text, todo};
use crate::text::escape_line;

/// Maximum number of steps of "What to do first".
const TODOS: usize = 12;
/// Maximum number of keys of one step.
const KEYS: usize = 10;
/// Maximum number of scanned places that are named here; the coverage has all.
const PLACES: usize = 3;

/// The beginning of the page.
#[derive(Template)]
#[template(path = "head.html")]
pub(super) struct Head {
    policy: String,
    style: &'static str,
    program: String,
    when: String,
    level: &'static str,
    sentence: String,
    completeness: String,
    complete: bool,
    scanned: String,
    counts: Vec<(usize, &'static str)>,
    first: Option<First>,
    todos: Vec<Todo>,
    more_todos: usize,
}

/// The finding to begin with.
struct First {
    fingerprint: String,
    name: String,
    title: String,
    facts: Vec<(&'static str, String)>,
    step: String,
    cli: Option<String>,
    keysweep: Option<String>,
}

/// A step for some findings.
struct Todo {
    title: String,
    count: usize,
    /// The fingerprints and the names of the first of them.
    keys: Vec<(String, String)>,
    more: usize,
    /// The commands of keysweep, one for each of these.
    keysweep: Vec<String>,
    commands: String,
}

impl Head {
    pub(super) fn new(page: &Page<'_>) -> Self {
        let report = page.report;
        let headline = Headline::new(report, page.sorted, str::to_owned);
        let todos: Vec<Todo> =
            todo::todos(report, page.sorted).iter().map(|todo| Todo::new(report, todo)).collect();
        let more_todos = todos.len().saturating_sub(TODOS);
        Self {
            policy: policy(),
            style: STYLE,
            program: summary::heading(report),
            when: when(report),
            level: headline.level.as_str(),
            sentence: headline.sentence,
            completeness: headline.completeness,
            complete: report.coverage.complete,
            scanned: scanned(report),
            counts: counts(page.sorted),
            first: headline.first.map(|first| First::new(report, first)),
            // One step for one finding is the one of the card above.
            todos: match todos.as_slice() {
                [only] if only.count == 1 => Vec::new(),
                _ => todos.into_iter().take(TODOS).collect(),
            },
            more_todos,
        }
    }
}

/// The policy of the page: nothing is loaded or sent, and only its own style and script are
/// applied, which are known by their digests.
pub(super) fn policy() -> String {
    let digest = |text: &str| BASE64.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; \
         form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
        digest(STYLE),
        digest(SCRIPT),
    )
}

fn when(report: &Report<'_>) -> String {
    match report.times {
        Some(times) => {
            let end = times.end.trim_end_matches('Z').replace('T', " ");
            format!("{} UTC", end.get(..16).unwrap_or(&end))
        }
        None => "when it was scanned is not recorded".to_owned(),
    }
}

fn scanned(report: &Report<'_>) -> String {
    let coverage = report.coverage;
    let mut text =
        summary::amounts(coverage.files, coverage.commits, coverage.objects, coverage.bytes);
    let names: Vec<String> = match coverage.targets.as_slice() {
        [] => coverage.scanned.iter().map(|place| escape_line(&place.path)).collect(),
        targets => {
            let named = targets.iter().filter(|target| !target.name.is_empty());
            named.map(|target| escape_line(&target.name)).collect()
        }
    };
    if names.len() > PLACES {
        text.push_str(&format!(" in {} places", names.len()));
    } else if !names.is_empty() {
        text.push_str(&format!(" in {}", names.join(", ")));
    }
    text
}

fn counts(findings: &[&Finding]) -> Vec<(usize, &'static str)> {
    let open = || findings.iter().filter(|finding| !is_settled(finding));
    let count = |test: &dyn Fn(&Finding) -> bool| open().filter(|finding| test(finding)).count();
    let suppressed = findings.iter().filter(|finding| finding.suppressed.is_some()).count();
    let canaries = findings.iter().filter(|it| it.verification.status == Status::Canary).count();
    let counts = [
        (count(&Finding::is_active), "work right now"),
        (count(&|it| !it.is_active() && it.is_present()), "at HEAD or in a file"),
        (count(&|it| !it.is_active() && !it.is_present()), "only in history"),
        (suppressed, "suppressed"),
        (canaries, "canaries"),
    ];
    counts.into_iter().filter(|(count, _)| *count > 0).collect()
}

/// The people who can do it.
fn who_acts(finding: &Finding, account: Option<&str>) -> String {
    match account {
        _ if !finding.credential.is_of_aws() => {
            "The people who manage its account at the provider".to_owned()
        }
        Some(account) => format!("An administrator of account {account}"),
        None => "An administrator of its account, which the report does not know".to_owned(),
    }
}

/// The reason why a finding is the first one.
fn why_first(finding: &Finding) -> Option<String> {
    let is_pair = finding.credential.key_id.is_some() && finding.credential.secret.is_some();
    let what = match (finding.is_active(), is_pair) {
        (true, _) => "it works right now",
        (false, true) => "it is a key id with its secret",
        (false, false) if !finding.credential.is_of_aws() => "it gives access by itself",
        (false, false) => return None,
    };
    let place = if finding.is_present() { ", still in a checkout or a file" } else { "" };
    Some(format!("{}{place}", headline::sentence(what)))
}

fn place(place: &Occurrence) -> String {
    let gone = if place.origin.is_present() { "" } else { ", in history" };
    format!("{}{gone}", text::position(place))
}

/// The code owners of a place, if CODEOWNERS names any.
fn owners(place: &Occurrence) -> Option<String> {
    let owners: Vec<String> = place.origin.owners.iter().map(|it| escape_line(it)).collect();
    (!owners.is_empty()).then(|| owners.join(" "))
}

/// The sentence about a key that AWS was not asked about, with the command that asks.
fn unasked(finding: &Finding) -> Option<String> {
    if !finding.credential.is_of_aws() {
        return Some("Not checked: keysweep asks AWS alone.".to_owned());
    }
    let id = finding.credential.key_id.as_deref()?;
    let unasked = finding.verification.status == Status::NotChecked;
    (unasked && finding.credential.secret.is_some())
        .then(|| format!("Not checked. To ask AWS: keysweep verify {}", escape_line(id)))
}

impl First {
    fn new(report: &Report<'_>, finding: &Finding) -> Self {
        let exposure = Exposure::new(finding);
        let step = remedy::first_step(finding, report.rules);
        let advice = remedy::verdict_advice(finding);
        let step = step.filter(|_| advice.is_none());
        let user = finding.credential.user.as_deref().map(escape_line);
        let arn = finding.verification.arn.as_deref().map(escape_line);
        let account = Some(account(finding)).filter(|account| account != "unknown");
        let facts = [
            ("Why this one first", why_first(finding)),
            ("Who acts", Some(who_acts(finding, account.as_deref()))),
            ("The key is of", arn.or(user)),
            ("Where", exposure::places(finding).next().map(place)),
            ("Code owner", exposure::places(finding).next().and_then(owners)),
            ("Exposed since", exposure.since()),
            ("Added by, who may know what uses it", exposure.author()),
            ("Does it work?", unasked(finding)),
        ];
        Self {
            fingerprint: finding.fingerprint.to_string(),
            name: text::name(&finding.credential),
            title: escape_line(report.title(finding)),
            facts: facts.into_iter().filter_map(|(label, text)| Some((label, text?))).collect(),
            step: match (&step, advice) {
                (Some(step), _) => step.title.clone(),
                (None, advice) => headline::sentence(advice.unwrap_or_default()),
            },
            keysweep: step.as_ref().and_then(|step| step.keysweep.clone()),
            cli: step.and_then(|step| step.cli),
        }
    }
}

impl Todo {
    fn new(report: &Report<'_>, todo: &todo::Todo<'_>) -> Self {
        let shown = todo.findings.iter().take(KEYS);
        let name = |finding: &Finding| {
            let name = text::name(&finding.credential);
            if name.is_empty() { finding.fingerprint.to_string() } else { name }
        };
        let command = |finding: &&Finding| {
            let open = remedy::verdict_advice(finding).is_none();
            remedy::first_step(finding, report.rules).filter(|_| open)?.keysweep
        };
        Self {
            title: headline::sentence(&todo.title),
            count: todo.findings.len(),
            keys: shown.clone().map(|it| (it.fingerprint.to_string(), name(it))).collect(),
            more: todo.findings.len().saturating_sub(KEYS),
            keysweep: shown.filter_map(command).collect(),
            commands: todo.commands.join("\n"),
        }
    }
}
