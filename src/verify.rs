//! Asks AWS STS whether a key is live: `GetCallerIdentity`, which needs no permission.
//!
//! It takes findings and [`Options`], and gives each a verdict; what STS did not prove is
//! `unknown`. This is the only part of the program that opens a socket or runs anything async, and
//! it does so only while there is something to send. It must not know how a credential was found,
//! nor how a verdict is shown.

pub mod answer;
mod ask;
mod bounded;
mod client;
mod environment;
mod options;
mod pace;
mod partition;
mod plan;
mod preview;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

pub use environment::Environment;
pub use options::{Endpoint, Options, OptionsError, USER_AGENT, account};
pub use partition::{Partition, PartitionChoice};
pub use preview::{Inquiry, Intent, preview};

use crate::coverage::Ledger;
use crate::finding::{
    Confidence, Credential, Finding, Fingerprint, RuleId, Severity, Status, Verification,
};
use ask::Desk;
use plan::{Plan, Question};

/// What a run of verification did.
#[derive(Debug, Default)]
pub struct Summary {
    /// Requests sent, retries included.
    pub requests: u64,
    /// Key ids that were asked about.
    pub asked: usize,
    /// Halves that turned out to be one key.
    pub pairs: Vec<Pair>,
}

/// An id and a secret of different places that STS proved to be one live key.
#[derive(Debug)]
pub struct Pair {
    /// The key, with the occurrences of its halves.
    pub finding: Finding,
    /// The findings that it stands in for.
    pub halves: Vec<Fingerprint>,
}

/// How soon an interruption is noticed.
const POLL: Duration = Duration::from_millis(50);

/// What the first request of a run is announced with.
pub const ANNOUNCEMENT: &str = "asking AWS STS about the keys found (GetCallerIdentity): each \
     request appears in the CloudTrail of the key's owner and sets the key's last-used date";

/// Gives every finding its verdict and the severity that follows from it.
///
/// Each credential is sent once, however many places it has; an id with several secrets is tried
/// with the likeliest first. `announce` is called once with [`ANNOUNCEMENT`] before the first
/// request, and never if there is none. A limit that is reached is noted in `ledger`. What cannot
/// be asked, for whatever reason, is `unknown` and keeps its severity.
pub fn verify(
    findings: &mut [Finding],
    options: &Options,
    ledger: &Ledger,
    announce: &mut dyn FnMut(&str),
) -> Summary {
    let Plan { questions, decided } = plan::plan(findings, options);
    for (index, verification) in decided {
        findings[index].verification = verification;
    }
    let mut summary = Summary { asked: questions.len(), ..Summary::default() };
    if !questions.is_empty() {
        announce(ANNOUNCEMENT);
        let (verdicts, requests, ended_early) = run(&questions, options);
        summary.requests = requests;
        if ended_early {
            let why = "the run was over before every key had its answer: raise --timeout or --rate";
            ledger.problem("verification", b"", &why);
        }
        note_limits(&questions, options, requests, ledger);
        for (question, verdicts) in questions.iter().zip(verdicts) {
            apply(findings, question, &verdicts, &mut summary);
        }
    }
    for finding in findings {
        finding.severity = severity(finding.severity, finding.verification.status);
    }
    summary
}

/// How bad a finding is once its verdict is known.
///
/// A live key is always an error, and one that gives no access any more a note. With a wrong
/// secret the id is live but what was found opens nothing: a warning at most, as the true secret
/// may stand nearby, mistyped or cut. Nothing proved changes nothing.
pub fn severity(found: Severity, status: Status) -> Severity {
    match status {
        Status::Active => Severity::Error,
        Status::WrongSecret => found.min(Severity::Warning),
        Status::Inactive | Status::Expired | Status::Canary => Severity::Note,
        Status::NotChecked | Status::Skipped | Status::Unknown => found,
    }
}

/// Asks all questions on a runtime of its own; the verdicts stand in the order of the questions.
///
/// Also how many requests were sent, and whether time or a stop cut it short.
fn run(questions: &[Question], options: &Options) -> (Vec<Vec<Verification>>, u64, bool) {
    let unanswered = |why: &str| {
        let verdict = Verification {
            status: Status::Unknown,
            reason: Some(why.to_owned()),
            ..Verification::default()
        };
        questions.iter().map(|q| vec![verdict.clone(); q.candidates.len()]).collect::<Vec<_>>()
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return (unanswered(&format!("not asked: {error}")), 0, false),
    };
    let mut verdicts = unanswered("the run was over before an answer came");
    let (requests, ended_early) = runtime.block_on(async {
        let mut partitions: Vec<Partition> =
            questions.iter().flat_map(|question| question.partitions.clone()).collect();
        partitions.sort();
        partitions.dedup();
        let desk = Arc::new(Desk::open(&partitions, options).await);
        let mut tasks = JoinSet::new();
        for (index, question) in questions.iter().enumerate() {
            let (desk, question) = (Arc::clone(&desk), question.clone());
            tasks.spawn(async move { (index, desk.examine(&question).await) });
        }
        let collect = async {
            while let Some(done) = tasks.join_next().await {
                if let Ok((index, found)) = done {
                    verdicts[index] = found;
                }
            }
        };
        let ended_early = tokio::select! {
            () = collect => false,
            () = end_of(options) => true,
        };
        (desk.sent(), ended_early)
    });
    // A name that is still being looked up must not hold the program back.
    runtime.shutdown_background();
    (verdicts, requests, ended_early)
}

/// Resolves when the run's time is over or somebody stopped it.
async fn end_of(options: &Options) {
    let until = options.until.map(Instant::from_std);
    while !options.stop.is_set() && until.is_none_or(|until| Instant::now() < until) {
        sleep(POLL).await;
    }
}

fn note_limits(questions: &[Question], options: &Options, requests: u64, ledger: &Ledger) {
    if requests >= options.max_requests {
        let limit = options.max_requests;
        ledger.note(format!("verification stopped at its limit of {limit} requests"));
    }
    let many = |question: &&Question| question.candidates.len() > options.max_candidates;
    let capped = questions.iter().filter(many).count();
    if capped > 0 {
        let limit = options.max_candidates;
        ledger.note(format!(
            "{capped} key ids have more than {limit} possible secrets: only the likeliest {limit} \
             were tried"
        ));
    }
}

/// Writes the verdicts of one id to the findings they belong to.
fn apply(
    findings: &mut [Finding],
    question: &Question,
    verdicts: &[Verification],
    summary: &mut Summary,
) {
    for (candidate, verdict) in question.candidates.iter().zip(verdicts) {
        let index = candidate.finding;
        if candidate.partners.is_empty() {
            findings[index].verification = verdict.clone();
            continue;
        }
        let partners = &candidate.partners;
        if verdict.status == Status::Active {
            summary.pairs.push(pair(findings, index, partners, verdict));
            for &half in partners {
                findings[half].verification = verdict.clone();
            }
        }
        let known = &findings[index].verification;
        if weight(verdict.status) > weight(known.status) {
            findings[index].verification = verdict.clone();
        }
    }
}

/// Of several verdicts on one id, which one is to be told.
fn weight(status: Status) -> u8 {
    match status {
        Status::Active => 7,
        Status::Expired => 6,
        Status::WrongSecret => 5,
        Status::Inactive => 4,
        Status::Unknown => 3,
        Status::Canary => 2,
        Status::Skipped => 1,
        Status::NotChecked => 0,
    }
}

/// One finding of the halves that STS proved to belong together.
fn pair(findings: &[Finding], id: usize, partners: &[usize], verdict: &Verification) -> Pair {
    let parts: Vec<&Finding> =
        std::iter::once(id).chain(partners.iter().copied()).map(|index| &findings[index]).collect();
    let of = |take: fn(&Credential) -> Option<&crate::secret::Secret>| {
        parts.iter().find_map(|part| take(&part.credential)).cloned()
    };
    let first = &parts[0].credential;
    let temporary = first.key_id.as_deref().is_some_and(|id| id.starts_with("ASIA"));
    let credential = Credential {
        rule: RuleId::new(if temporary { "aws-temporary-key" } else { "aws-access-key" }),
        secret: of(|credential| credential.secret.as_ref()),
        session_token: of(|credential| credential.session_token.as_ref()).filter(|_| temporary),
        ..first.clone()
    };
    let mut occurrences: Vec<_> = parts.iter().flat_map(|part| part.occurrences.clone()).collect();
    occurrences.sort_by(|one, other| one.order().cmp(&other.order()));
    let finding = Finding {
        fingerprint: credential.fingerprint(),
        credential,
        severity: Severity::Error,
        confidence: Confidence::High,
        verification: verdict.clone(),
        suppressed: None,
        possible_partners: Vec::new(),
        occurrences,
    };
    Pair { finding, halves: parts.iter().map(|part| part.fingerprint.clone()).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_crate_below_can_log_a_session_token() {
        assert_eq!(
            tracing::level_filters::STATIC_MAX_LEVEL,
            tracing::level_filters::LevelFilter::OFF
        );
    }

    #[test]
    fn only_what_was_proved_changes_the_severity() {
        use Severity::{Error, Note, Warning};
        for (found, status, told) in [
            (Warning, Status::Active, Error),
            (Error, Status::WrongSecret, Warning),
            (Note, Status::WrongSecret, Note),
            (Error, Status::Inactive, Note),
            (Error, Status::Expired, Note),
            (Error, Status::Canary, Note),
            (Error, Status::Skipped, Error),
            (Error, Status::Unknown, Error),
            (Warning, Status::NotChecked, Warning),
        ] {
            assert_eq!(severity(found, status), told, "{found:?} {status:?}");
        }
    }
}
