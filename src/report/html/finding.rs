//! One finding of the page.

use askama::Template;

use super::Page;
use super::choices::{account, verdict};
use super::timeline::Timeline;
use crate::finding::{Evidence, Finding, Fingerprint, Status, Suppression};
use crate::remedy::{self, Occasion, Step};
use crate::report::exposure::{self, Exposure};
use crate::report::headline::{self, is_settled};
use crate::report::message::shortened;
use crate::report::text::{self, lines};
use crate::secret::MASK;
use crate::text::escape_line;

/// Maximum number of places that are listed, with all details and without.
const PLACES: [usize; 2] = [100, 10];
/// Maximum number of names of refs of a kind that are listed, with all details and without.
const REFS: [usize; 2] = [20, 4];

/// A piece of a line, and the class of its mark.
type Piece = (String, &'static str);

/// A fact and its label.
type Fact = (&'static str, String);

#[derive(Template)]
#[template(path = "finding.html")]
pub(super) struct FindingEntry<'a> {
    fingerprint: &'a str,
    /// `active`, `settled`, or the severity.
    level: &'static str,
    badge: &'static str,
    severity: &'static str,
    name: String,
    title: String,
    place: String,
    more_places: usize,
    /// The time at which it was added, in words.
    since: Option<String>,
    /// The same in seconds, for sorting.
    start: Option<i64>,
    /// Its values of the filters.
    facets: String,
    facts: Vec<Fact>,
    lines: Vec<(u64, Vec<Piece>)>,
    exposure: String,
    timeline: Option<Timeline>,
    /// Kinds of refs with their names.
    refs: Vec<(&'static str, Vec<String>)>,
    /// The advice if the verdict makes the first step unnecessary.
    advice: Option<String>,
    steps: Vec<Step>,
    /// The id of the whole procedure, if not all steps are here.
    procedure: Option<String>,
    verify: Option<String>,
    places: Vec<(String, String)>,
    /// Why the id and the secret are one key.
    evidence: String,
    /// The fingerprint and the name of halves that may belong to it.
    partners: Vec<(String, String)>,
}

impl<'a> FindingEntry<'a> {
    /// With `detailed`, all steps and the picture.
    pub(super) fn new(page: &Page<'a>, finding: &'a Finding, detailed: bool) -> Self {
        let exposure = Exposure::new(finding);
        let rules = page.report.rules;
        let mut steps: Vec<Step> = match detailed {
            true => remedy::steps(finding, rules),
            false => remedy::first_step(finding, rules).into_iter().collect(),
        };
        steps.retain(|step| step.when == Occasion::Leak);
        if !detailed {
            steps.iter_mut().for_each(brief);
        }
        let level = match finding.verification.status {
            Status::Active => "active",
            _ if is_settled(finding) => "settled",
            _ => finding.severity.as_str(),
        };
        let first = exposure::places(finding).next();
        let procedure = (!detailed).then(|| remedy::applied(finding, rules).remedy);
        Self {
            fingerprint: finding.fingerprint.as_str(),
            level,
            badge: verdict(finding.verification.status),
            severity: finding.severity.as_str(),
            name: text::name(&finding.credential),
            title: escape_line(page.report.title(finding)),
            place: first.map(|place| shortened(text::position(place))).unwrap_or_default(),
            more_places: finding.occurrences.len().saturating_sub(1),
            since: exposure.since(),
            start: exposure.first().map(|first| first.start),
            facets: page.choices.of(finding, &exposure),
            facts: facts(finding, detailed),
            lines: marked(finding),
            timeline: Timeline::new(finding, &exposure, page.now).filter(|_| detailed),
            refs: refs(&exposure, REFS[usize::from(!detailed)]),
            exposure: exposure.sentences(),
            advice: remedy::verdict_advice(finding).map(headline::sentence),
            steps,
            procedure: procedure.map(|name| super::remedies::anchor(&name)),
            verify: verify(finding).filter(|_| detailed),
            places: places(finding, PLACES[usize::from(!detailed)]),
            evidence: finding.evidence().map(Evidence::clauses).unwrap_or_default().join("; "),
            partners: partners(page, finding),
        }
    }

    /// Places that are not listed.
    fn further(&self) -> usize {
        (self.more_places + 1).saturating_sub(self.places.len())
    }
}

/// Keeps of a step what is of this finding alone; the procedure has the rest.
fn brief(step: &mut Step) {
    step.why.clear();
    step.console = None;
    if step.keysweep.is_some() {
        step.cli = None;
    }
}

/// The command that asks AWS about the key again.
fn verify(finding: &Finding) -> Option<String> {
    let id = finding.credential.key_id.as_deref()?;
    let parsed = crate::aws::KeyId::parse(id.as_bytes()).filter(|id| !id.is_example());
    let can_ask = cfg!(feature = "verify") && finding.verification.status != Status::Canary;
    parsed.filter(|_| can_ask).map(|_| format!("keysweep verify {id}"))
}

fn facts(finding: &Finding, detailed: bool) -> Vec<Fact> {
    let credential = &finding.credential;
    let verification = &finding.verification;
    let said = |text: &Option<String>| text.as_deref().map(escape_line);
    let mut verdict = verdict(verification.status).to_owned();
    if verification.status == Status::NotChecked && !credential.is_of_aws() {
        verdict.push_str(": keysweep asks AWS alone");
    }
    if let Some(reason) = said(&verification.reason) {
        verdict.push_str(&format!(": {reason}"));
    }
    if let Some(at) = said(&verification.checked_at) {
        verdict.push_str(&format!(" (asked {at})"));
    }
    let token = credential.session_token.as_ref().map(|_| "present, not shown".to_owned());
    let known = Some(account(finding)).filter(|account| account != "unknown");
    let facts = [
        ("Key id", said(&credential.key_id).filter(|_| detailed)),
        ("Secret", credential.secret.as_ref().map(|secret| secret.redacted().to_owned())),
        ("Session token", token),
        ("Account", known),
        ("User", said(&credential.user)),
        ("Identity", said(&verification.arn)),
        ("Verdict", Some(verdict)),
        ("Suppressed", finding.suppressed.as_ref().map(suppressed)),
        ("Expires", said(&credential.expires)),
        (
            "Details",
            Some(escape_line(&credential.details.phrases().join(", ")))
                .filter(|details| !details.is_empty()),
        ),
        ("Rule", Some(escape_line(credential.rule.as_str()))),
        ("Confidence", Some(finding.confidence.as_str().to_owned())),
    ];
    facts.into_iter().filter_map(|(label, text)| Some((label, text?))).collect()
}

fn suppressed(suppression: &Suppression) -> String {
    let by = escape_line(&suppression.by);
    match &suppression.reason {
        Some(reason) => format!("by {by}: {}", escape_line(reason)),
        None => format!("by {by}"),
    }
}

/// The lines of the first place, in pieces.
fn marked(finding: &Finding) -> Vec<(u64, Vec<Piece>)> {
    let Some(place) = exposure::places(finding).next() else { return Vec::new() };
    let class = |text: &str, is_marked: bool| match (is_marked, text == MASK) {
        (false, _) => "",
        (true, true) => "secret",
        (true, false) => "id",
    };
    let pieces = |line: &lines::Line| {
        let pieces = line.pieces().into_iter();
        pieces.map(|(text, is_marked)| (class(&text, is_marked), text)).collect::<Vec<_>>()
    };
    let turned = |pieces: Vec<(&'static str, String)>| {
        pieces.into_iter().map(|(class, text)| (text, class)).collect()
    };
    let all = lines::lines(finding, place);
    all.iter().map(|line| (line.number, turned(pieces(line)))).collect()
}

fn refs(exposure: &Exposure<'_>, most: usize) -> Vec<(&'static str, Vec<String>)> {
    let kinds =
        [("Tags", &exposure.tags), ("Branches", &exposure.branches), ("Refs", &exposure.refs)];
    let kinds = kinds.into_iter().filter(|(_, names)| !names.is_empty());
    kinds
        .map(|(kind, names)| {
            let mut shown: Vec<String> =
                names.iter().take(most).map(|name| shortened(name.clone())).collect();
            if names.len() > most {
                shown.push(format!("and {} more", names.len() - most));
            }
            (kind, shown)
        })
        .collect()
}

fn places(finding: &Finding, most: usize) -> Vec<(String, String)> {
    let places = exposure::places(finding).take(most);
    places.map(|place| (text::position(place), text::notes(place).join(", "))).collect()
}

fn partners(page: &Page<'_>, finding: &Finding) -> Vec<(String, String)> {
    let name = |fingerprint: &str| {
        let other = page.named.get(fingerprint);
        other.map_or_else(|| fingerprint.to_owned(), |other| text::name(&other.credential))
    };
    let partners = finding.possible_partners.iter().map(Fingerprint::as_str);
    partners.map(|partner| (partner.to_owned(), name(partner))).collect()
}
