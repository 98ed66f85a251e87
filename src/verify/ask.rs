//! Sends the requests: one secret to one partition with retries, to several partitions in turn, and
//! several secrets for one id with pauses.

use std::collections::HashSet;

use keysweep_aws::pace::{Pace, backoff};
use keysweep_aws::sts::answer::{Answer, Identity, read};
use keysweep_aws::sts::{Reply, StsClient};
use tokio::time::{Instant, sleep};

use super::plan::{Asked, Question};
use super::{Partition, VerifyOptions};
use crate::aws::KeyKind;
use crate::finding::{Status, Verification};
use crate::opaque;
use crate::secret::Secret;

/// The state of a verification: clients, pace, options.
#[derive(Debug)]
pub(super) struct Verifier {
    clients: Vec<StsClient>,
    pace: Pace,
    options: VerifyOptions,
}

/// The reason of an `active` verdict if STS denied an authenticated caller.
const ACCESS_DENIED: &str = "access-denied";

impl Verifier {
    /// Makes clients for `partitions`; nothing is sent yet.
    pub(super) async fn open(partitions: &[Partition], options: &VerifyOptions) -> Self {
        let (mut clients, settings) = (Vec::new(), options.settings());
        for &partition in partitions {
            clients.extend(StsClient::open(partition, &settings).await);
        }
        let pace = Pace::new(options.rate, options.concurrency, options.max_requests);
        Self { clients, pace, options: options.clone() }
    }

    /// Requests sent so far.
    pub(super) fn sent(&self) -> u64 {
        self.pace.sent()
    }

    /// Tries the secrets of `round` for one id, one after the other until one fits. Gives
    /// everything that is then known about the id.
    ///
    /// `claimed` are secrets that STS proved to belong to another id.
    pub(super) async fn examine(
        &self,
        question: &Question,
        known: Answers,
        round: Round,
        claimed: &HashSet<Secret>,
    ) -> Answers {
        let long_term = question.key.kind() == KeyKind::LongTerm;
        let several = question.candidates.len() > 1;
        let mut answers = known;
        for (index, candidate) in question.candidates.iter().enumerate() {
            let is_other = candidate.own.is_none();
            let in_round = is_other == (round == Round::Others);
            if !in_round || is_other && claimed.contains(&candidate.asked.secret) {
                continue;
            }
            if answers.is_settled() || is_other && !answers.leave_open(&candidate.asked) {
                continue;
            }
            if answers.asked == self.options.max_candidates {
                answers.capped = true;
                break;
            }
            if answers.asked > 0 {
                sleep(self.options.spacing).await;
            }
            answers.asked += 1;
            let home = answers.home.clone();
            let partitions = home.as_deref().unwrap_or(&question.partitions);
            let mut verdict = self.walk(&candidate.asked, partitions, question).await;
            if verdict.status == Status::WrongSecret {
                // The last partition that answered knows the id.
                let home = verdict.partitions.last().and_then(|name| Partition::from_name(name));
                let home: Vec<Partition> = home.into_iter().collect();
                if several && long_term {
                    sleep(self.options.spacing).await;
                    let again = self.walk(&candidate.asked, &home, question).await;
                    if again.status == Status::Active {
                        verdict = Verification { partitions: verdict.partitions, ..again };
                    } else if again.is_unanswered {
                        // STS can reject a correct secret, and nothing confirms this answer.
                        verdict.is_unanswered = true;
                        let why = again.reason.unwrap_or_default();
                        verdict.reason = Some(format!("the second attempt: {why}"));
                    }
                }
                answers.home = Some(home);
            }
            answers.last = Some((verdict.status, candidate.asked.token.clone()));
            answers.verdicts[index] = Some(verdict);
        }
        answers
    }

    /// Asks one partition after the other until one knows the key.
    async fn walk(
        &self,
        asked: &Asked,
        partitions: &[Partition],
        question: &Question,
    ) -> Verification {
        let mut verdict = Verification { status: Status::Unknown, ..Verification::default() };
        let mut doubt = None;
        for &partition in partitions {
            let Some(client) = self.clients.iter().find(|client| client.partition == partition)
            else {
                doubt.get_or_insert(format!("{partition} has no FIPS endpoint; not asked"));
                continue;
            };
            let (answer, sent) = self.ask(client, asked).await;
            if sent {
                verdict.partitions.push(partition.name().to_owned());
                verdict.endpoint = Some(shown(&client.endpoint));
                verdict.checked_at = client.now();
            }
            (verdict.status, verdict.reason) = match answer {
                Answer::Identity(identity) if let Some(why) = contradiction(asked, &identity) => {
                    verdict.is_unanswered = true;
                    doubt.get_or_insert(format!("{partition}: {why}"));
                    continue;
                }
                Answer::Identity(identity) => {
                    verdict.arn = Some(identity.arn);
                    verdict.account = Some(identity.account);
                    verdict.user_id = Some(identity.user_id);
                    (Status::Active, None)
                }
                Answer::AccessDenied => (Status::Active, Some(ACCESS_DENIED.to_owned())),
                Answer::WrongSecret => (Status::WrongSecret, None),
                Answer::Expired => (Status::Expired, None),
                Answer::NotKnown => continue,
                Answer::ClockSkew => {
                    verdict.is_unanswered = true;
                    doubt.get_or_insert(format!("{partition}: the clocks disagree"));
                    continue;
                }
                Answer::Later(why) | Answer::Nothing(why) => {
                    verdict.is_unanswered = true;
                    doubt.get_or_insert(format!("{partition}: {why}"));
                    continue;
                }
            };
            verdict.is_unanswered = false;
            return verdict;
        }
        if let Some(name) = question.beyond.first() {
            doubt.get_or_insert(format!(
                "{name} is named nearby, but keysweep has no endpoint for \
                 it"
            ));
        }
        (verdict.status, verdict.reason) = match (doubt, question.key.kind()) {
            (Some(why), _) => (Status::Unknown, Some(why)),
            (None, KeyKind::LongTerm) => (Status::Inactive, None),
            (None, KeyKind::Temporary) => {
                (Status::Unknown, Some("the key or its session token was rejected".to_owned()))
            }
        };
        verdict
    }

    /// Sends one secret to one partition. It is retried while the partition is busy or fails,
    /// within the retry time; once over a new connection, because a kept one may break; and once
    /// after setting the clock. Also returns whether anything was sent.
    async fn ask(&self, client: &StsClient, asked: &Asked) -> (Answer, bool) {
        let mut deadline = None;
        let mut clock_was_set = false;
        let mut reconnected = false;
        let mut attempt = 0;
        loop {
            let sent = deadline.is_some();
            let place = self.pace.place().await;
            if client.is_out_of_reach() {
                let why = "it did not answer the last requests and is no longer asked";
                return (Answer::Nothing(why.to_owned()), sent);
            }
            if !self.pace.turn().await {
                let why =
                    format!("the limit of {} requests was reached", self.options.max_requests);
                return (Answer::Nothing(why), sent);
            }
            let deadline = *deadline.get_or_insert(Instant::now() + self.options.retry_time);
            let reply = client.send(asked.key.as_str(), &asked.secret, asked.token.as_ref()).await;
            drop(place);
            let answer = match reply {
                Reply::Identity(identity) => Answer::Identity(identity),
                Reply::Answer { status, body, date } => match (read(status, &body), date) {
                    (Answer::ClockSkew, Some(date)) if !clock_was_set => {
                        clock_was_set = true;
                        client.set_clock(date);
                        continue;
                    }
                    (answer, _) => answer,
                },
                Reply::Silence { broken: true, .. } if !reconnected => {
                    reconnected = true;
                    sleep(backoff(0)).await;
                    continue;
                }
                Reply::Silence { why, .. } => {
                    client.note_reachability(false);
                    return (Answer::Nothing(why), true);
                }
            };
            let pause = backoff(attempt);
            let is_out_of_time = Instant::now() + pause >= deadline;
            if matches!(answer, Answer::Later(_)) && !is_out_of_time {
                attempt += 1;
                sleep(pause).await;
                continue;
            }
            client.note_reachability(!matches!(answer, Answer::Later(_)));
            return (answer, true);
        }
    }
}

/// The reason for a secret that was not tried because `most` others were.
pub(super) fn not_tried(most: usize) -> String {
    format!("not asked: more than {most} secrets may belong to this id")
}

/// Says why an answer is not an answer about this key: it is for another account than the key id
/// encodes, or for two.
fn contradiction(asked: &Asked, identity: &Identity) -> Option<String> {
    let Identity { arn, account, .. } = identity;
    if asked.key.account().is_some_and(|own| own != *account) {
        return Some(format!(
            "the answer is for account {account}, but the key id encodes another one"
        ));
    }
    let named = arn.split(':').nth(4).filter(|named| !named.is_empty() && named != account)?;
    Some(format!("the answer is for account {account} and its ARN for account {named}"))
}

/// An endpoint as it is shown: what follows its host may be a token.
fn shown(endpoint: &str) -> String {
    let host = endpoint.find("://").map_or(0, |scheme| scheme + 3);
    let path = endpoint[host..].find('/').map_or(endpoint.len(), |path| host + path + 1);
    [&endpoint[..path], &opaque::redacted(&endpoint[path..])].concat()
}

/// The secrets of an id that are tried.
///
/// The secrets of its own pairs are tried first, for all ids; then the others. A secret that was
/// proved to belong to one id need not be tried with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Round {
    /// Its own pairs.
    Own,
    /// All others.
    Others,
}

/// Everything that is known about an id so far.
#[derive(Clone, Debug)]
pub(super) struct Answers {
    /// The verdict on each candidate that was tried, in their order.
    pub(super) verdicts: Vec<Option<Verification>>,
    /// More secrets may belong to it than are tried.
    pub(super) capped: bool,
    asked: usize,
    /// The partition that knows the id.
    home: Option<Vec<Partition>>,
    /// The last answer, and the session token that was sent.
    last: Option<(Status, Option<Secret>)>,
}

impl Answers {
    /// The state of an id before the first request.
    pub(super) fn none(question: &Question) -> Self {
        let verdicts = vec![None; question.candidates.len()];
        Self { verdicts, capped: false, asked: 0, home: None, last: None }
    }

    /// True if no answer has arrived yet.
    pub(super) fn are_none(&self) -> bool {
        self.verdicts.iter().all(Option::is_none)
    }

    /// Records for all secrets why there is no answer.
    pub(super) fn fill(&mut self, why: &str) {
        let verdict = Verification {
            status: Status::Unknown,
            reason: Some(why.to_owned()),
            is_unanswered: true,
            ..Verification::default()
        };
        self.verdicts.fill(Some(verdict));
    }

    /// True if no further secret can change the verdict: an id has one secret, and an id that no
    /// partition knows has none.
    fn is_settled(&self) -> bool {
        matches!(self.last, Some((Status::Active | Status::Inactive, _)))
    }

    /// True if the next secret should be tried: the secret or the session token was rejected.
    fn leave_open(&self, next: &Asked) -> bool {
        match &self.last {
            None | Some((Status::WrongSecret, _)) => true,
            Some((_, token)) => *token != next.token,
        }
    }

    /// The verdict on each candidate, including those that were not tried: if one secret belongs to
    /// the id, the others do not, and an id that no partition knows is unknown with any secret.
    /// `None` if nothing is known about one.
    pub(super) fn conclude(
        mut self,
        question: &Question,
        max_candidates: usize,
    ) -> Vec<Option<Verification>> {
        let status = self.last.as_ref().map(|(status, _)| *status);
        let last = self.verdicts.iter().flatten().find(|one| Some(one.status) == status).cloned();
        let is_active = |one: &Option<Verification>| {
            one.as_ref().is_some_and(|verdict| verdict.status == Status::Active)
        };
        let active = self.verdicts.iter().position(is_active);
        let own = active.map(|index| &question.candidates[index].asked.secret);
        for (verdict, candidate) in self.verdicts.iter_mut().zip(&question.candidates) {
            match (own, &last) {
                (Some(own), Some(last)) if *own != candidate.asked.secret => {
                    *verdict = Some(Verification {
                        status: Status::WrongSecret,
                        reason: Some("another secret that was found belongs to this id".to_owned()),
                        arn: None,
                        user_id: None,
                        ..last.clone()
                    });
                }
                (None, Some(last)) if verdict.is_none() && last.status == Status::Inactive => {
                    *verdict = Some(last.clone());
                }
                (None, _) if verdict.is_none() && self.capped => {
                    *verdict = Some(Verification {
                        status: Status::Unknown,
                        reason: Some(not_tried(max_candidates)),
                        is_unanswered: true,
                        ..Verification::default()
                    });
                }
                _ => {}
            }
        }
        self.verdicts
    }
}
