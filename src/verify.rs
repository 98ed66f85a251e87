//! Asks AWS STS whether a key is live: `GetCallerIdentity`, which needs no permission.
//!
//! Takes findings and [`VerifyOptions`], and gives each finding a verdict; what STS did not prove
//! is `unknown`. It sends requests only if there is something to ask. It knows neither how a
//! credential was found nor how a verdict is shown.

mod ask;
mod likely;
mod options;
mod plan;
mod preview;
mod proven;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

pub use keysweep_aws::sts::answer;
pub use keysweep_aws::{Endpoint, Environment, Partition, PartitionChoice, Setting, USER_AGENT};
pub use options::{OptionsError, VerifyOptions, account};
pub use preview::{Inquiry, Intent, preview};
pub use proven::{compose, regroup};

use crate::coverage::Ledger;
use crate::finding::{Finding, Fingerprint, Severity, Status, Verification};
use crate::secret::Secret;
use ask::{Answers, Round, Verifier};
use plan::{Plan, Question};

/// The result of a verification.
#[derive(Debug, Default)]
pub struct Summary {
    /// Requests sent, retries included.
    pub requests: u64,
    /// The number of key ids that were asked about.
    pub asked: usize,
    /// Ids and secrets that were not found as pairs, and that STS proved to be one key.
    pub pairs: Vec<Pair>,
}

/// An id and a secret that STS proved to be one active key, though they were not joined.
#[derive(Debug)]
pub struct Pair {
    /// The key, with the occurrences of its halves.
    pub finding: Finding,
    /// The findings of its single halves, which it replaces.
    pub halves: Vec<Fingerprint>,
}

/// The time until an interruption is noticed.
const POLL: Duration = Duration::from_millis(50);

/// The reason for a key without an answer if time or a signal ended the run, which is a problem of
/// its own.
const ENDED: &str = "the run ended before an answer arrived";

/// The announcement of the first request of a run.
pub const ANNOUNCEMENT: &str = "asking AWS STS about the keys found (GetCallerIdentity): each \
     request appears in the CloudTrail of the key's owner and sets the key's last-used date";

/// Gives every finding its verdict and the severity that follows from it.
///
/// Each credential is sent once, however many occurrences it has. If an id's own secret is
/// rejected, or it has none, other secrets are tried, the likeliest first, so that an active key is
/// found wherever its halves are; [`regroup`] then makes findings of the proved pairs. `announce`
/// is called once with [`ANNOUNCEMENT`] before the first request, and never if there is none. A
/// limit that is reached is written to `ledger`. A key that can't be verified is `unknown` and
/// keeps its severity.
pub fn verify(
    findings: &mut [Finding],
    options: &VerifyOptions,
    ledger: &Ledger,
    announce: &mut dyn FnMut(&str),
) -> Summary {
    let Plan { questions, decided } = plan::plan(findings, options);
    for (index, verification) in decided {
        findings[index].verification = verification;
    }
    let mut summary = Summary { asked: questions.len(), ..Summary::default() };
    if !questions.is_empty() {
        let questions = Arc::new(questions);
        announce(ANNOUNCEMENT);
        let (answers, requests, ended_early) = run(&questions, options);
        summary.requests = requests;
        if ended_early {
            let why = "the run ended before every key had an answer: raise --timeout or --rate";
            ledger.problem("verification", b"", &why);
        }
        note_limits(&answers, options, requests, ledger);
        let mut unanswered = Unanswered::new();
        for (question, answers) in questions.iter().zip(answers) {
            let verdicts = answers.conclude(question, options.max_candidates);
            apply(findings, question, &verdicts, &mut summary);
            if let Some(why) = mark_unanswered(findings, question, &verdicts) {
                unanswered.entry(why).or_default().insert(question.key.to_string());
            }
        }
        note_unanswered(&unanswered, options, ledger);
    }
    for finding in findings {
        finding.severity = severity(finding.severity, finding.verification.status);
    }
    summary
}

/// The severity of a finding with this verdict.
///
/// An active key is always an error, and a key without access is a note. With a wrong secret the id
/// is in use but the pair gives no access: it is a warning at most, because the true secret may be
/// nearby, mistyped or truncated. Without proof the severity does not change.
pub fn severity(found: Severity, status: Status) -> Severity {
    match status {
        Status::Active => Severity::Error,
        Status::WrongSecret => found.min(Severity::Warning),
        Status::Inactive | Status::Expired | Status::Canary => Severity::Note,
        Status::NotChecked | Status::Skipped | Status::Unknown => found,
    }
}

/// Asks all questions on a runtime of its own; the answers are in the order of the questions.
///
/// Also returns the number of requests, and whether time or a stop ended it early.
fn run(questions: &Arc<Vec<Question>>, options: &VerifyOptions) -> (Vec<Answers>, u64, bool) {
    let mut answers: Vec<Answers> = questions.iter().map(Answers::none).collect();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let why = format!("not asked: {error}");
            answers.iter_mut().for_each(|answers| answers.fill(&why));
            return (answers, 0, false);
        }
    };
    let (requests, ended_early) = runtime.block_on(async {
        let mut partitions: Vec<Partition> =
            questions.iter().flat_map(|question| question.partitions.clone()).collect();
        partitions.sort();
        partitions.dedup();
        let verifier = Arc::new(Verifier::open(&partitions, options).await);
        let collect = async {
            for round in [Round::Own, Round::Others] {
                let claimed = Arc::new(claimed(questions, &answers));
                examine(&verifier, questions, &mut answers, round, &claimed).await;
            }
        };
        let ended_early = tokio::select! {
            () = collect => false,
            () = end_of(options) => true,
        };
        (verifier.sent(), ended_early)
    });
    // A pending name lookup must not hold up the program.
    runtime.shutdown_background();
    for (question, answers) in questions.iter().zip(&mut answers) {
        let was_due = ended_early || question.candidates.iter().any(|one| one.own.is_some());
        if was_due && answers.are_none() {
            answers.fill(ENDED);
        }
    }
    (answers, requests, ended_early)
}

/// Asks all questions of one round at once; each id waits only for its own answers.
async fn examine(
    verifier: &Arc<Verifier>,
    questions: &Arc<Vec<Question>>,
    answers: &mut [Answers],
    round: Round,
    claimed: &Arc<HashSet<Secret>>,
) {
    let mut tasks = JoinSet::new();
    for index in 0..questions.len() {
        let (verifier, claimed) = (Arc::clone(verifier), Arc::clone(claimed));
        let (questions, known) = (Arc::clone(questions), answers[index].clone());
        tasks.spawn(async move {
            (index, verifier.examine(&questions[index], known, round, &claimed).await)
        });
    }
    while let Some(done) = tasks.join_next().await {
        if let Ok((index, found)) = done {
            answers[index] = found;
        }
    }
}

/// The secrets that STS proved to belong to some id.
fn claimed(questions: &[Question], answers: &[Answers]) -> HashSet<Secret> {
    let proven = questions.iter().zip(answers).flat_map(|(question, answers)| {
        question.candidates.iter().zip(&answers.verdicts).filter_map(|(candidate, verdict)| {
            let is_active = verdict.as_ref().is_some_and(|one| one.status == Status::Active);
            is_active.then(|| candidate.asked.secret.clone())
        })
    });
    proven.collect()
}

/// Resolves when the time of the run is over or it is stopped.
async fn end_of(options: &VerifyOptions) {
    let until = options.until.map(Instant::from_std);
    while !options.stop.is_set() && until.is_none_or(|until| Instant::now() < until) {
        sleep(POLL).await;
    }
}

fn note_limits(answers: &[Answers], options: &VerifyOptions, requests: u64, ledger: &Ledger) {
    if requests >= options.max_requests {
        let limit = options.max_requests;
        ledger.note(format!("verification stopped at its limit of {limit} requests"));
    }
    let capped = answers.iter().filter(|answers| answers.capped).count();
    if capped > 0 {
        let limit = options.max_candidates;
        let ids = if capped == 1 { "1 key id has" } else { &format!("{capped} key ids have") };
        let why = format!(
            "{ids} more than {limit} possible secrets: only the likeliest {limit} were tried"
        );
        ledger.problem("verification", b"", &why);
    }
}

/// The ids without an answer, by reason.
type Unanswered = BTreeMap<String, BTreeSet<String>>;

/// Marks the findings of an id if STS gave no answer about one of its secrets, and no other answer
/// decides: the key may be active. Gives the reason.
///
/// The mark is independent of the status: a wrong secret says nothing about another secret.
fn mark_unanswered(
    findings: &mut [Finding],
    question: &Question,
    verdicts: &[Option<Verification>],
) -> Option<String> {
    let known = || verdicts.iter().flatten();
    if known().any(|one| matches!(one.status, Status::Active | Status::Inactive)) {
        let mut holders = question.holders.iter().map(|&holder| &findings[holder].verification);
        return holders.find(|one| one.is_unanswered)?.reason.clone();
    }
    let why = known().find(|one| one.is_unanswered)?.reason.clone().unwrap_or_default();
    for &holder in &question.holders {
        let verdict = &mut findings[holder].verification;
        verdict.is_unanswered = true;
        verdict.reason.get_or_insert_with(|| format!("no answer about another secret: {why}"));
    }
    Some(why)
}

/// Records keys of which STS was to be asked and that have no answer: an attacker who blocks the requests
/// must not make a run pass as complete.
fn note_unanswered(unanswered: &Unanswered, options: &VerifyOptions, ledger: &Ledger) {
    let not_tried = ask::not_tried(options.max_candidates);
    // These two have their own problems.
    let others = unanswered.iter().filter(|(why, _)| **why != ENDED && **why != not_tried);
    for (why, keys) in others {
        // The findings themselves say which keys these are.
        let keys = if keys.len() == 1 { "1 key has" } else { &format!("{} keys have", keys.len()) };
        ledger.problem("verification", b"", &format!("{keys} no answer of STS: {why}"));
    }
}

/// Writes the verdicts on one id to its findings.
fn apply(
    findings: &mut [Finding],
    question: &Question,
    verdicts: &[Option<Verification>],
    summary: &mut Summary,
) {
    for &holder in &question.holders {
        findings[holder].verification = Verification::default();
    }
    for (candidate, verdict) in question.candidates.iter().zip(verdicts) {
        let Some(verdict) = verdict else { continue };
        match candidate.own {
            Some(own) => record(&mut findings[own], verdict),
            None => {
                let lone = |&&at: &&usize| findings[at].credential.secret.is_none();
                let lone: Vec<usize> = question.holders.iter().filter(lone).copied().collect();
                lone.into_iter().for_each(|at| record(&mut findings[at], verdict));
            }
        }
        let joins = candidate.own.is_none() || !candidate.partners.is_empty();
        if joins && verdict.status == Status::Active {
            summary.pairs.push(proven::pair(findings, question, candidate, verdict));
            for &half in &candidate.partners {
                if findings[half].credential.key_id.is_none() {
                    findings[half].verification = verdict.clone();
                }
            }
        }
    }
    // A single id without requests: all secrets near it belong to other ids.
    for &holder in &question.holders {
        if findings[holder].verification.status == Status::NotChecked {
            findings[holder].verification = Verification {
                status: Status::NotChecked,
                reason: Some("an id can't be verified without its secret".to_owned()),
                ..Verification::default()
            };
        }
    }
}

/// Records a verdict, unless a weightier one is known.
fn record(finding: &mut Finding, verdict: &Verification) {
    if weight(verdict.status) > weight(finding.verification.status) {
        finding.verification = verdict.clone();
    }
}

/// The weight of a verdict; of several on one id the weightiest is reported.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_proved_changes_the_severity() {
        use Severity::{Error, Note, Warning};
        for (found, status, reported) in [
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
            assert_eq!(severity(found, status), reported, "{found:?} {status:?}");
        }
    }
}
