//! Sessions of commands that act, played with a clock and a person of the test's own.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use keysweep::act::open::{Opened, Request, open};
use keysweep::act::{Clock, Context, Failure, Person};
use keysweep::run::Status;
use keysweep::stop::Stop;
use keysweep_aws::Endpoint;
use keysweep_aws::identity::Surroundings;
use regex::Regex;

use crate::support::moto::Key;
use crate::support::{Project, look_for_secrets};

/// The questions and answers, in their order.
#[derive(Clone, Default)]
pub(crate) struct Transcript(Rc<RefCell<Vec<u8>>>);

impl Write for Transcript {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Transcript {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.borrow()).into_owned()
    }
}

/// Somebody whose answers are known beforehand.
pub(crate) struct Script {
    transcript: Transcript,
    answers: Vec<String>,
}

impl Script {
    fn next(&mut self, question: &str) -> Result<String, Failure> {
        if self.answers.is_empty() {
            return Err(Failure::refused(format!("nobody answers: {question}")));
        }
        let answer = self.answers.remove(0);
        writeln!(self.transcript, "{question} {answer}").expect("memory");
        Ok(answer)
    }
}

impl Person for Script {
    fn confirm(&mut self, question: &str) -> Result<bool, Failure> {
        Ok(self.next(&format!("{question} [y/N]"))? == "y")
    }

    fn type_in(&mut self, question: &str) -> Result<String, Failure> {
        self.next(question)
    }
}

type Hook = Box<dyn FnOnce() + Send>;

/// A clock that waits for nobody.
pub(crate) struct Fast {
    ahead: Mutex<Duration>,
    /// The action of somebody else during the first wait.
    meanwhile: Mutex<Option<Hook>>,
}

impl Clock for Fast {
    fn now(&self) -> Timestamp {
        Timestamp::now() + *self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sleep(&self, time: Duration) -> bool {
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) += time;
        if let Some(hook) = self.meanwhile.lock().unwrap_or_else(PoisonError::into_inner).take() {
            hook();
        }
        true
    }
}

/// A machine of the test's own.
pub(crate) struct Around {
    pub(crate) home: PathBuf,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) code: Option<String>,
}

impl Around {
    pub(crate) fn new(project: &Project) -> Self {
        Self { home: project.path().to_owned(), variables: BTreeMap::new(), code: None }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }
}

impl Surroundings for Around {
    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    fn home(&self) -> Option<PathBuf> {
        Some(self.home.clone())
    }

    fn mfa_code(&mut self, _: &str) -> Option<String> {
        self.code.take()
    }
}

/// Opens IAM at a server on loopback.
pub(crate) fn opened(url: &str, request: Request, around: &mut Around) -> Result<Opened, Failure> {
    let endpoint = Some(Endpoint::parse(url).expect("a loopback URL"));
    let request = Request { iam_endpoint: endpoint.clone(), sts_endpoint: endpoint, ..request };
    let mut nothing = |id| Err(Failure::refused(format!("the secret of {id} is not known")));
    open(&request, around, &mut nothing, &Stop::default())
}

/// A profile of that name with this key.
pub(crate) fn profile(name: &str, key: &Key) -> String {
    let token = key
        .token
        .as_ref()
        .map(|token| format!("aws_session_token = {token}\n"))
        .unwrap_or_default();
    format!(
        "[{name}]\naws_access_key_id = {}\naws_secret_access_key = {}\n{token}",
        key.id, key.secret
    )
}

/// A session to be played.
#[derive(Default)]
pub(crate) struct Session<'a> {
    pub(crate) answers: &'a [&'a str],
    pub(crate) days: u64,
    pub(crate) dry_run: bool,
    pub(crate) meanwhile: Option<Hook>,
}

/// The result of a session.
pub(crate) struct Played {
    pub(crate) text: String,
    pub(crate) status: Status,
}

impl Session<'_> {
    /// Acts with the key of the profile `ops`.
    pub(crate) fn play(
        self,
        url: &str,
        key: &Key,
        work: impl FnOnce(&mut Context<'_>) -> Result<Status, Failure>,
    ) -> Played {
        let project = Project::new();
        project.file(".aws/credentials", profile("ops", key));
        let request = Request { profile: Some("ops".to_owned()), ..Request::default() };
        match opened(url, request, &mut Around::new(&project)) {
            Ok(opened) => self.play_as(&opened, key, work),
            Err(failure) => {
                Played { text: format!("keysweep: {failure}\n"), status: failure.status }
            }
        }
    }

    /// Acts with what was opened.
    pub(crate) fn play_as(
        self,
        opened: &Opened,
        key: &Key,
        work: impl FnOnce(&mut Context<'_>) -> Result<Status, Failure>,
    ) -> Played {
        let transcript = Transcript::default();
        let clock = Fast {
            ahead: Mutex::new(Duration::from_secs(self.days * 86_400)),
            meanwhile: Mutex::new(self.meanwhile),
        };
        let answers = self.answers.iter().map(|answer| (*answer).to_owned()).collect();
        let mut person = Script { transcript: transcript.clone(), answers };
        let mut out = transcript.clone();
        let result = work(&mut Context {
            iam: &opened.client,
            acting: &opened.acting,
            clock: &clock,
            person: &mut person,
            out: &mut out,
            dry_run: self.dry_run,
        });
        let (mut text, status) = match result {
            Ok(status) => (transcript.text(), status),
            Err(failure) => {
                let text = format!("{}keysweep: {failure}\n", transcript.text());
                (text, failure.status)
            }
        };
        text.push_str(&format!("(exit {})\n", status.code()));
        assert!(!text.contains(&key.secret), "{text}");
        look_for_secrets(&[&text], &"a session");
        Played { text, status }
    }
}

/// A session's text with what differs from run to run replaced: ids by names, dates by a word.
pub(crate) fn named(text: &str, names: &[(&str, &str)]) -> String {
    let mut text = text.to_owned();
    for (value, name) in names {
        text = text.replace(value, name);
    }
    for (pattern, word) in [
        (r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?( UTC|Z)", "DATE_AND_TIME"),
        (r"\d{4}-\d\d-\d\d", "YYYY-MM-DD"),
        (r", request [A-Za-z0-9-]{8,}", ", request ID"),
    ] {
        text = Regex::new(pattern).expect("a pattern").replace_all(&text, word).into_owned();
    }
    text
}
