//! Asks: one secret of one partition with patience, of several in turn, and one id with several
//! secrets, spaced.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::answer::{Answer, Identity, read};
use super::client::{Asked, Door, Reply};
use super::pace::Pace;
use super::plan::Question;
use super::{Options, Partition};
use crate::aws::KeyKind;
use crate::finding::{Status, Verification};

/// All that is needed to ask.
#[derive(Debug)]
pub(super) struct Desk {
    doors: Vec<Door>,
    pace: Pace,
    options: Options,
}

/// The reason of a verdict that STS gave by denying an authenticated caller.
const ACCESS_DENIED: &str = "access-denied";

impl Desk {
    /// Opens the ways to `partitions`; nothing is sent yet.
    pub(super) async fn open(partitions: &[Partition], options: &Options) -> Self {
        let mut doors = Vec::new();
        for &partition in partitions {
            doors.extend(Door::open(partition, options).await);
        }
        let pace = Pace::new(options.rate, options.concurrency, options.max_requests);
        Self { doors, pace, options: options.clone() }
    }

    /// Requests sent so far.
    pub(super) fn sent(&self) -> u64 {
        self.pace.sent()
    }

    /// The verdict on each candidate of one id, in their order.
    pub(super) async fn examine(&self, question: &Question) -> Vec<Verification> {
        let long_term = question.key.kind() == KeyKind::LongTerm;
        let several = question.candidates.len() > 1;
        let mut partitions = question.partitions.clone();
        let mut verdicts: Vec<Verification> = Vec::new();
        for candidate in question.candidates.iter().take(self.options.max_candidates) {
            if !verdicts.is_empty() {
                sleep(self.options.spacing).await;
            }
            let mut verdict = self.walk(&candidate.asked, &partitions, question).await;
            if verdict.status == Status::WrongSecret {
                // The id is at home where its last answer came from.
                let home = verdict.partitions.last().and_then(|name| Partition::from_name(name));
                partitions = home.into_iter().collect();
                if several && long_term {
                    sleep(self.options.spacing).await;
                    let again = self.walk(&candidate.asked, &partitions, question).await;
                    if again.status == Status::Active {
                        verdict = Verification { partitions: verdict.partitions, ..again };
                    }
                }
            }
            let status = verdict.status;
            verdicts.push(verdict);
            if matches!(status, Status::Active | Status::Inactive) {
                break;
            }
        }
        conclude(verdicts, question, self.options.max_candidates)
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
            let Some(door) = self.doors.iter().find(|door| door.partition == partition) else {
                doubt.get_or_insert(format!("{partition} has no FIPS endpoint; not asked"));
                continue;
            };
            let (answer, sent) = self.ask(door, asked).await;
            if sent {
                verdict.partitions.push(partition.name().to_owned());
                verdict.endpoint = Some(door.endpoint.clone());
                verdict.checked_at = door.now();
            }
            (verdict.status, verdict.reason) = match answer {
                Answer::Identity(identity) if contradicts(asked, &identity) => {
                    let told = identity.account;
                    doubt.get_or_insert(format!(
                        "{partition}: the answer is for account {told}, which is not the one that \
                         the key id encodes"
                    ));
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
                    doubt.get_or_insert(format!("{partition}: the clocks disagree"));
                    continue;
                }
                Answer::Later(why) | Answer::Nothing(why) => {
                    doubt.get_or_insert(format!("{partition}: {why}"));
                    continue;
                }
            };
            return verdict;
        }
        if let Some(name) = question.beyond.first() {
            doubt.get_or_insert(format!("{name} is named nearby and cannot be asked from here"));
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

    /// One secret, one partition: retried while it is busy or failing, within the patience; once
    /// over a new connection, as one that was kept may break; and once after setting the clock.
    /// Also whether anything was sent.
    async fn ask(&self, door: &Door, asked: &Asked) -> (Answer, bool) {
        let mut deadline = None;
        let mut clock_was_set = false;
        let mut reconnected = false;
        let mut attempt = 0;
        loop {
            let sent = deadline.is_some();
            let place = self.pace.place().await;
            if door.is_out_of_reach() {
                let why = "it gave no answer to the last requests; not asked any more";
                return (Answer::Nothing(why.to_owned()), sent);
            }
            if !self.pace.turn().await {
                let why = format!("the limit of {} requests is reached", self.options.max_requests);
                return (Answer::Nothing(why), sent);
            }
            let deadline = *deadline.get_or_insert(Instant::now() + self.options.patience);
            let reply = door.send(asked).await;
            drop(place);
            let answer = match reply {
                Reply::Identity(identity) => Answer::Identity(identity),
                Reply::Answer { status, body, date } => match (read(status, &body), date) {
                    (Answer::ClockSkew, Some(date)) if !clock_was_set => {
                        clock_was_set = true;
                        door.set_clock(date);
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
                    door.heard(false);
                    return (Answer::Nothing(why), true);
                }
            };
            let pause = backoff(attempt);
            let tired = Instant::now() + pause >= deadline;
            if matches!(answer, Answer::Later(_)) && !tired {
                attempt += 1;
                sleep(pause).await;
                continue;
            }
            door.heard(!matches!(answer, Answer::Later(_)));
            return (answer, true);
        }
    }
}

/// Whether an answer is for another account than the key id encodes: then it is no answer about
/// this key, whoever gave it.
fn contradicts(asked: &Asked, identity: &Identity) -> bool {
    asked.key.account().is_some_and(|account| account != identity.account)
}

/// How long to wait before the retry after `attempt` earlier ones: doubled each time up to eight
/// seconds, and between half and the whole of that, so that many do not come back together.
fn backoff(attempt: u32) -> Duration {
    let whole = Duration::from_millis(500 << attempt.min(4));
    whole.mul_f64(0.5 + fastrand::f64() / 2.0)
}

/// The verdict on each candidate, given those on the ones that were asked.
///
/// An id has one secret: if one candidate is it, the others are not. An id that no partition
/// knows is unknown with any secret.
fn conclude(
    mut verdicts: Vec<Verification>,
    question: &Question,
    max_candidates: usize,
) -> Vec<Verification> {
    let last = verdicts.last().cloned().unwrap_or_default();
    let rest = match last.status {
        Status::Inactive => last.clone(),
        _ => Verification {
            status: Status::Unknown,
            reason: Some(format!(
                "not asked: more than {max_candidates} secrets may belong to this id"
            )),
            ..Verification::default()
        },
    };
    verdicts.resize(question.candidates.len(), rest);
    if last.status == Status::Active {
        let asked = verdicts.iter().position(|verdict| verdict.status == Status::Active);
        let own = asked.map(|index| &question.candidates[index].asked.secret);
        for (verdict, candidate) in verdicts.iter_mut().zip(&question.candidates) {
            if own != Some(&candidate.asked.secret) {
                *verdict = Verification {
                    status: Status::WrongSecret,
                    reason: Some("another secret that was found is this id's own".to_owned()),
                    arn: None,
                    user_id: None,
                    ..last.clone()
                };
            }
        }
    }
    verdicts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_bound_and_never_vanish() {
        for attempt in 0..40 {
            let pause = backoff(attempt);
            assert!(pause >= Duration::from_millis(250) && pause <= Duration::from_secs(8));
        }
        assert!(backoff(4) > backoff(0));
    }
}
