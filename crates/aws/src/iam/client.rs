//! Sends the requests of one identity to AWS, or to what stands for it at an explicit endpoint: a
//! change once, a read until it is answered or the retry time is over.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use crate::query::{Kind, Reply, Sender, Service, Settings, SigningKey};
use crate::xml::{self, Answer, Inner, Row};
use crate::{Error, Result, Secret};

/// The client of one identity.
#[derive(Debug)]
pub struct Client {
    /// `None` once it is dropped.
    runtime: Option<Runtime>,
    sender: Sender,
    key: SigningKey,
    stop: Arc<AtomicBool>,
    pub(super) sent: AtomicU64,
    /// How often IAM throttled lately: every read waits longer before it is sent.
    pressure: AtomicU32,
}

/// Entries of a page: IAM's most.
const PAGE: &str = "1000";

/// Pages of a list after which it is taken to be without end.
const PAGES: usize = 10_000;

/// How soon an interruption is noticed.
const POLL: Duration = Duration::from_millis(50);

/// How often a read is sent again that got no answer at all, or that the server failed at: whoever
/// ends a leaked key must not wait for one list that does not come.
const SILENCES: u32 = 2;

/// How a request ended, before it is known what it means.
pub(super) enum Outcome {
    Done(Answer),
    Failed(Error),
    /// AWS throttles: a read may be sent again.
    Later(Error),
    /// The clocks disagree; AWS's.
    Clock(std::time::SystemTime, Error),
    /// No whole answer, or the server failed: a read may be sent again, a few times.
    Silence(Error),
}

/// What is asked.
#[derive(Clone, Copy)]
pub(super) struct Ask<'a> {
    service: Service,
    pub(super) operation: &'static str,
    parameters: &'a [(&'a str, &'a str)],
    inner: Inner,
    leaves: &'static [&'static str],
}

impl<'a> Ask<'a> {
    pub(super) fn iam(operation: &'static str, parameters: &'a [(&'a str, &'a str)]) -> Self {
        Self { service: Service::Iam, operation, parameters, inner: Inner::None, leaves: &[] }
    }

    pub(super) fn sts(operation: &'static str, parameters: &'a [(&'a str, &'a str)]) -> Self {
        Self { service: Service::Sts, ..Self::iam(operation, parameters) }
    }

    pub(super) fn record(self, name: &'static str, leaves: &'static [&'static str]) -> Self {
        Self { inner: Inner::Record(name), leaves, ..self }
    }

    pub(super) fn list(self, name: &'static str, leaves: &'static [&'static str]) -> Self {
        Self { inner: Inner::List(name), leaves, ..self }
    }

    pub(super) fn fields(self, leaves: &'static [&'static str]) -> Self {
        Self { leaves, ..self }
    }
}

impl Client {
    /// A client that signs with `key`; nothing is sent yet. `stop` ends reads early, never a change
    /// that is under way.
    ///
    /// # Errors
    /// The system gives no runtime.
    pub fn new(
        settings: Settings,
        key: SigningKey,
        stop: Arc<AtomicBool>,
    ) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self {
            runtime: Some(runtime),
            sender: Sender::new(settings),
            key,
            stop,
            sent: AtomicU64::new(0),
            pressure: AtomicU32::new(0),
        })
    }

    /// The same with another key, such as a session that this one opened.
    ///
    /// # Errors
    /// The system gives no runtime.
    pub fn with_key(&self, key: SigningKey) -> std::io::Result<Self> {
        Self::new(self.sender.settings().clone(), key, Arc::clone(&self.stop))
    }

    /// The key that signs.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    pub(super) fn once(&self, ask: Ask<'_>, key: Option<&SigningKey>, kind: Kind) -> Outcome {
        let Some(runtime) = &self.runtime else {
            return Outcome::Failed(lost(kind, ask.operation, false, "the client is closed"));
        };
        self.sent.fetch_add(1, Ordering::Relaxed);
        let reply = runtime.block_on(async {
            let send = self.sender.send(ask.service, ask.operation, ask.parameters, key, kind);
            match kind {
                // It is under way: what becomes of it is to be known.
                Kind::Change => Some(send.await),
                Kind::Read => tokio::select! {
                    reply = send => Some(reply),
                    () = self.stopped() => None,
                },
            }
        });
        match reply {
            Some(reply) => judge(ask, reply, kind),
            None => Outcome::Failed(lost(kind, ask.operation, false, INTERRUPTED)),
        }
    }

    async fn stopped(&self) {
        while !self.stop.load(Ordering::Relaxed) {
            tokio::time::sleep(POLL).await;
        }
    }

    /// Waits on the caller's own thread; `false` if it was ended early.
    fn wait(&self, time: Duration) -> bool {
        let end = Instant::now() + time;
        while !self.stop.load(Ordering::Relaxed) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            std::thread::sleep(left.min(POLL));
        }
        false
    }

    /// Sends a change once, whatever happens.
    pub(super) fn change(&self, ask: Ask<'_>) -> Result<Answer> {
        match self.once(ask, Some(&self.key), Kind::Change) {
            Outcome::Done(answer) => Ok(answer),
            Outcome::Failed(error)
            | Outcome::Later(error)
            | Outcome::Clock(_, error)
            | Outcome::Silence(error) => Err(error),
        }
    }

    pub(super) fn read(&self, ask: Ask<'_>) -> Result<Answer> {
        self.read_as(ask, Some(&self.key))
    }

    /// Sends a read, and again while AWS throttles, within the retry time; a few times if the server
    /// fails or there is no answer at all; once after setting the clock.
    fn read_as(&self, ask: Ask<'_>, key: Option<&SigningKey>) -> Result<Answer> {
        let deadline = Instant::now() + self.sender.settings().retry_time;
        let (mut silences, mut attempt, mut clock_was_set) = (0, 0, false);
        loop {
            let pressure = self.pressure.load(Ordering::Relaxed);
            if pressure > 0 && !self.wait(Duration::from_millis(u64::from(pressure) * 20)) {
                return Err(lost(Kind::Read, ask.operation, false, INTERRUPTED));
            }
            let error = match self.once(ask, key, Kind::Read) {
                Outcome::Done(answer) => {
                    self.ease();
                    return Ok(answer);
                }
                Outcome::Failed(error) => return Err(error),
                Outcome::Clock(now, _) if !clock_was_set => {
                    clock_was_set = true;
                    self.sender.set_clock(now);
                    continue;
                }
                Outcome::Clock(_, error) => return Err(error),
                Outcome::Later(error) => {
                    self.press();
                    error
                }
                Outcome::Silence(error) => {
                    silences += 1;
                    if silences > SILENCES {
                        return Err(error);
                    }
                    error
                }
            };
            let pause = backoff(attempt);
            attempt += 1;
            if Instant::now() + pause >= deadline || !self.wait(pause) {
                return Err(error);
            }
        }
    }

    /// IAM throttles: all reads of this client slow down, up to one in a second and a thread.
    fn press(&self) {
        let slower = |pressure: u32| Some((pressure * 2).clamp(1, 50));
        let _ = self.pressure.fetch_update(Ordering::Relaxed, Ordering::Relaxed, slower);
    }

    fn ease(&self) {
        let faster = |pressure: u32| pressure.checked_sub(1);
        let _ = self.pressure.fetch_update(Ordering::Relaxed, Ordering::Relaxed, faster);
    }

    /// All pages of a list, each handed over as it comes, until `page` says `false`.
    pub(super) fn pages(
        &self,
        ask: Ask<'_>,
        page: &mut dyn FnMut(Vec<Row>) -> Result<bool>,
    ) -> Result<()> {
        let mut marker: Option<String> = None;
        for _ in 0..PAGES {
            let mut parameters = ask.parameters.to_vec();
            parameters.push(("MaxItems", PAGE));
            if let Some(marker) = &marker {
                parameters.push(("Marker", marker));
            }
            let answer = self.read(Ask { parameters: &parameters, ..ask })?;
            let more = answer.fields.get("IsTruncated") == Some("true");
            let next = answer.fields.text("Marker");
            if !page(answer.rows)? || !more {
                return Ok(());
            }
            if next.is_none() || next == marker {
                break;
            }
            marker = next;
        }
        Err(Error::NoAnswer {
            operation: ask.operation,
            why: "the list has no end: its pages repeat".to_owned(),
        })
    }

    pub(super) fn all<T>(&self, ask: Ask<'_>, read: impl Fn(&Row) -> Option<T>) -> Result<Vec<T>> {
        let mut found = Vec::new();
        self.pages(ask, &mut |rows| {
            for row in &rows {
                found.push(read(row).ok_or_else(|| not_ours(ask.operation))?);
            }
            Ok(true)
        })?;
        Ok(found)
    }

    /// The session that an operation of STS opens, such as `AssumeRole`.
    pub(crate) fn session(
        &self,
        operation: &'static str,
        parameters: &[(&str, &str)],
        key: Option<&SigningKey>,
    ) -> Result<SigningKey> {
        let leaves: &[&str] = &["AccessKeyId", "SecretAccessKey", "SessionToken"];
        let ask = Ask::sts(operation, parameters).record("Credentials", leaves);
        let answer = self.read_as(ask, key)?;
        let secret = |row: &Row, name| Some(Secret::new(row.get(name)?.as_bytes().to_vec()));
        let session = answer.rows.first().and_then(|row| {
            let (id, token) = (row.get("AccessKeyId")?, secret(row, "SessionToken")?);
            Some(SigningKey::new(id, &secret(row, "SecretAccessKey")?, Some(&token)))
        });
        session.ok_or_else(|| not_ours(operation))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // A name that is still being looked up must not hold the program back.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

const INTERRUPTED: &str = "interrupted";

/// An answer that is of no use, or none.
pub(super) fn lost(
    kind: Kind,
    operation: &'static str,
    sent: bool,
    why: impl Into<String>,
) -> Error {
    let why = why.into();
    if kind == Kind::Change && sent {
        Error::OutcomeUnknown { operation, why }
    } else {
        Error::NoAnswer { operation, why }
    }
}

pub(super) fn not_ours(operation: &'static str) -> Error {
    Error::NoAnswer { operation, why: "the answer is not from AWS".to_owned() }
}

fn judge(ask: Ask<'_>, reply: Reply, kind: Kind) -> Outcome {
    let operation = ask.operation;
    let (status, body, date) = match reply {
        Reply::Answer { status, body, date } => (status, body, date),
        Reply::Silence { why, sent } => return Outcome::Silence(lost(kind, operation, sent, why)),
    };
    let lost = |why: String| lost(kind, operation, true, why);
    if status == 200 {
        return match xml::read(&body, operation, ask.inner, ask.leaves) {
            Some(answer) => Outcome::Done(answer),
            None => Outcome::Failed(lost("the answer is not from AWS".to_owned())),
        };
    }
    let error = xml::error(&body);
    let message = error.as_ref().map(|error| error.message.clone()).unwrap_or_default();
    let code = error.map(|error| error.code);
    match (status, code.as_deref()) {
        (_, Some(code)) if is_throttling(code) => Outcome::Later(Error::Throttled { operation }),
        (429, _) => Outcome::Later(Error::Throttled { operation }),
        (500..=599, _) => Outcome::Silence(lost(format!("the server failed ({status})"))),
        (300..=399, _) => Outcome::Failed(lost(format!("a redirect ({status}), not followed"))),
        (400..=499, Some("SignatureDoesNotMatch")) if is_clock_skew(&message) => {
            let code = "SignatureDoesNotMatch".to_owned();
            let refused = Error::Refused { operation, code, message };
            date.map_or_else(
                || Outcome::Failed(refused.clone()),
                |now| Outcome::Clock(now, refused.clone()),
            )
        }
        (400..=499, Some(code)) => Outcome::Failed(refusal(operation, code, message)),
        _ => Outcome::Failed(lost(format!("the answer ({status}) is not from AWS"))),
    }
}

fn refusal(operation: &'static str, code: &str, message: String) -> Error {
    match code {
        "NoSuchEntity" => Error::NotFound { operation, message },
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" => {
            Error::AccessDenied { operation, message }
        }
        "InvalidClientTokenId"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "UnrecognizedClientException" => Error::InvalidClientTokenId { operation, message },
        "LimitExceeded" => Error::LimitExceeded { operation, message },
        code => Error::Refused { operation, code: code.to_owned(), message },
    }
}

fn is_throttling(code: &str) -> bool {
    matches!(
        code,
        "Throttling"
            | "ThrottlingException"
            | "ThrottledException"
            | "RequestLimitExceeded"
            | "RequestThrottled"
            | "SlowDown"
            | "TooManyRequestsException"
    )
}

fn is_clock_skew(message: &str) -> bool {
    let message = message.trim_start();
    message.starts_with("Signature expired") || message.starts_with("Signature not yet current")
}

/// How long to wait before the retry after `attempt` earlier ones: doubled each time up to eight
/// seconds, and between half and the whole of that, so that many do not come back together.
fn backoff(attempt: u32) -> Duration {
    let whole = Duration::from_millis(500 << attempt.min(4));
    whole.mul_f64(0.5 + fastrand::f64() / 2.0)
}
