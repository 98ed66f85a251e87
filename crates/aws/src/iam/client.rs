//! Sends the requests of one identity to AWS or to an explicit endpoint: a change once, a read
//! until it is answered or the retry time has passed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use crate::codes::{is_clock_skew, is_throttling};
use crate::pace::backoff;
use crate::query::{Kind, Reply, Sender, Service, Settings, SigningKey};
use crate::xml::{self, Answer, Inner, Row};
use crate::{Error, Result, Secret};

/// The client of one identity.
#[derive(Debug)]
pub struct Client {
    /// `None` only while it is being dropped.
    runtime: Option<Runtime>,
    sender: Sender,
    key: SigningKey,
    stop: Arc<AtomicBool>,
    pub(super) sent: AtomicU64,
    /// Grows with recent throttling by IAM: every read is delayed accordingly.
    pressure: AtomicU32,
}

/// Entries per page, the maximum of IAM.
const PAGE: &str = "1000";

/// Limit of pages; a longer list counts as endless.
const PAGES: usize = 10_000;

/// Interval at which an interruption is checked.
const POLL: Duration = Duration::from_millis(50);

/// Retries of a read that got no answer or a server error: the deactivation of a leaked key must
/// not wait for one list.
const SILENCES: u32 = 2;

/// The outcome of a single attempt.
pub(super) enum Outcome {
    Done(Answer),
    Failed(Error),
    /// AWS throttles: a read may be retried.
    Later(Error),
    /// The clocks differ; holds the time of AWS.
    Clock(std::time::SystemTime, Error),
    /// No whole answer, or a server error: a read may be retried a few times.
    Silence(Error),
}

/// A request.
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
    /// Creates a client that signs with `key`; nothing is sent yet. `stop` ends reads early, never
    /// a change in progress.
    ///
    /// # Errors
    /// If the system can't start a runtime.
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

    /// Creates the same client with another key, such as that of a session opened by this one.
    ///
    /// # Errors
    /// If the system can't start a runtime.
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
                // A change in progress is never abandoned: its outcome must be known.
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

    /// Waits on the caller's thread; `false` if it was interrupted.
    fn wait(&self, time: Duration) -> bool {
        let end = Instant::now() + time;
        while !self.stop.load(Ordering::Relaxed) {
            let remaining = end.saturating_duration_since(Instant::now());
            if remaining.is_zero() {
                return true;
            }
            std::thread::sleep(remaining.min(POLL));
        }
        false
    }

    /// Sends a change exactly once.
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

    /// Sends a read. It is retried within the retry time while AWS throttles, a few times after a
    /// server error or a missing answer, and once after a clock correction.
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

    /// Slows down all reads of this client when IAM throttles, at most to one per second and
    /// thread.
    fn press(&self) {
        let slower = |pressure: u32| Some((pressure * 2).clamp(1, 50));
        let _ = self.pressure.fetch_update(Ordering::Relaxed, Ordering::Relaxed, slower);
    }

    fn ease(&self) {
        let faster = |pressure: u32| pressure.checked_sub(1);
        let _ = self.pressure.fetch_update(Ordering::Relaxed, Ordering::Relaxed, faster);
    }

    /// Passes all pages of a list to `page` as they arrive, until `page` returns `false`.
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
        // A pending name lookup must not delay the end of the program.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

const INTERRUPTED: &str = "interrupted";

/// The outcome of an unusable or missing answer.
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
