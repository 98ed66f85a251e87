//! A clock, a person and real files for rotations over days in the library, with an account in
//! memory.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use keysweep::act::{Acting, Clock, Context, Failure, Person};
use keysweep::aws::KeyId;
use keysweep::command::rotate::destination::{Files, Wanted};
use keysweep::command::rotate::places::Scan;
use keysweep::command::rotate::{Mode, RotateOptions, rotate};
use keysweep::run::Status;
use keysweep_aws::{AccessKey, Caller, KeyStatus, LastUsed, Named};

use crate::act::rotate_account::{Account, Fuse, Held, State};
use crate::support::{Keys, Pair, Project};

/// A clock that a test moves.
struct Hands {
    now: Arc<AtomicI64>,
    fuse: Fuse,
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        self.fuse.step();
        Timestamp::from_second(self.now.load(Ordering::SeqCst)).expect("a date")
    }

    fn sleep(&self, time: Duration) -> bool {
        self.now.fetch_add(time.as_secs() as i64, Ordering::SeqCst);
        true
    }
}

/// The output of a session, questions and answers included.
#[derive(Clone, Default)]
pub(crate) struct Transcript(Rc<RefCell<Vec<u8>>>, Fuse);

impl Write for Transcript {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.1.step();
        self.0.borrow_mut().extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An answer to a question, given the output so far.
pub(crate) type Answer<'a> = dyn FnMut(&str, &str) -> Option<String> + 'a;

/// Somebody who answers as a test says.
struct Script<'a> {
    answers: &'a mut Answer<'a>,
    out: Transcript,
}

/// The key that was named last, which is the one a question is about.
pub(crate) fn named_last(text: &str) -> String {
    let at = text.rfind("AKIA").expect("a key is named");
    text[at..at + 20].to_owned()
}

impl Script<'_> {
    fn answer(&mut self, question: &str) -> std::result::Result<String, Failure> {
        let printed = String::from_utf8_lossy(&self.out.0.borrow()).into_owned();
        let nobody = || Failure::refused(format!("nobody to ask: {question}"));
        let answer = (self.answers)(question, &printed).ok_or_else(nobody)?;
        self.out.0.borrow_mut().extend_from_slice(format!("{question} {answer}\n").as_bytes());
        Ok(answer)
    }
}

impl Person for Script<'_> {
    fn confirm(&mut self, question: &str) -> std::result::Result<bool, Failure> {
        Ok(self.answer(&format!("{question} [y/N]"))? == "y")
    }

    fn type_in(&mut self, question: &str) -> std::result::Result<String, Failure> {
        self.answer(question)
    }
}

/// A key of a user, a home with its profile, and the time.
pub(crate) struct World {
    pub(crate) project: Project,
    pub(crate) account: Arc<Account>,
    pub(crate) old: Pair,
    pub(crate) fuse: Fuse,
    acting: Acting,
    now: Arc<AtomicI64>,
    began: i64,
    /// Keys in the order in which they were printed, the old one first.
    named: RefCell<Vec<String>>,
}

/// The options of a run.
#[derive(Default)]
pub(crate) struct Asked {
    pub(crate) to: Option<Wanted>,
    pub(crate) paths: Vec<PathBuf>,
    pub(crate) report: Option<PathBuf>,
    pub(crate) mode: Mode,
    pub(crate) dry_run: bool,
    pub(crate) watch: bool,
}

/// The result of a run.
pub(crate) struct Came {
    pub(crate) status: Status,
    pub(crate) text: String,
}

impl World {
    /// A user of that name with one key, which profile `shop` holds.
    pub(crate) fn new(name: &str, user: &str) -> Self {
        let mut keys = Keys::new(name);
        let old = keys.pair();
        let id = KeyId::parse(old.id.as_bytes()).expect("an id");
        let number = id.account().expect("an account");
        let began = 1_796_000_000;
        let (now, fuse) = (Arc::new(AtomicI64::new(began)), Fuse::default());
        let path = if user.contains('/') { "" } else { "/" };
        let arn = format!("arn:aws:iam::{number}:user{path}{user}");
        let user = user.rsplit('/').next().unwrap_or(user).to_owned();
        let user = Named { name: user, id: "AIDAQNZGKIQY56JQ7WML2".to_owned(), arn, created: None };
        let caller = Caller {
            arn: format!("arn:aws:iam::{number}:user/ops"),
            account: number.to_owned(),
            user_id: "AIDAQNZGKIQY56JQ7WML3".to_owned(),
        };
        let source = "profile ops".to_owned();
        let acting = Acting { caller: caller.clone(), source, key_id: keys.id() };
        let state = State {
            user,
            keys: Vec::new(),
            tags: Vec::new(),
            policies: Vec::new(),
            gone: false,
            faults: BTreeMap::new(),
            calls: Vec::new(),
            refused_tries: 0,
            next: keys,
        };
        let account = Arc::new(Account {
            state: Mutex::new(state),
            caller,
            now: now.clone(),
            fuse: fuse.clone(),
            sent: AtomicU64::new(0),
        });
        let key = AccessKey {
            id: old.id.clone(),
            user: account.state().user.name.clone(),
            status: KeyStatus::Active,
            created: Some(Timestamp::from_second(began - 86_400 * 100).expect("a date")),
        };
        let (secret, used) = (old.secret.clone(), LastUsed::default());
        account.state().keys.push(Held { key, secret, used });
        let named = RefCell::new(vec![old.id.clone()]);
        let project = Project::new();
        let world = Self { project, account, old, fuse, acting, now, began, named };
        world.account.used(&world.old.id, "s3");
        let (id, secret) = (&world.old.id, &world.old.secret);
        let text = format!(
            "# mine\n[shop]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\nregion=x\n"
        );
        world.project.file("home/credentials", text);
        world
    }

    /// Lets time pass.
    pub(crate) fn days(&self, days: i64) {
        self.now.fetch_add(days * 86_400, Ordering::SeqCst);
    }

    pub(crate) fn hours(&self, hours: i64) {
        self.now.fetch_add(hours * 3_600, Ordering::SeqCst);
    }

    /// The file of profiles.
    pub(crate) fn credentials(&self) -> String {
        std::fs::read_to_string(self.project.at("home/credentials")).unwrap_or_default()
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.project.at(format!("state/{}.jsonl", self.old.id))
    }

    /// A run by somebody with these answers; `LAST` means the last four characters of the key
    /// that was named last.
    pub(crate) fn run(&self, asked: &Asked, answers: &[&str]) -> Came {
        let mut answers: VecDeque<&str> = answers.iter().copied().collect();
        let came = self.run_with(asked, &mut |_, printed| {
            let answer = answers.pop_front()?;
            Some(if answer == "LAST" {
                named_last(printed)[16..].to_owned()
            } else {
                answer.to_owned()
            })
        });
        Came { text: self.plain(&came.text), ..came }
    }

    /// A run; what it prints and records contains no secret.
    pub(crate) fn run_with<'a>(&self, asked: &Asked, answers: &'a mut Answer<'a>) -> Came {
        let transcript = Transcript(Rc::default(), self.fuse.clone());
        let mut person = Script { answers, out: transcript.clone() };
        let clock = Hands { now: self.now.clone(), fuse: self.fuse.clone() };
        let mut out = transcript.clone();
        let mut context = Context {
            iam: &*self.account,
            acting: &self.acting,
            clock: &clock,
            person: &mut person,
            out: &mut out,
            dry_run: asked.dry_run,
        };
        let look = Scan::default();
        let files = Files {
            credentials: self.project.at("home/credentials"),
            config: self.project.at("home/config"),
        };
        let options = RotateOptions {
            key: KeyId::parse(self.old.id.as_bytes()).expect("an id"),
            destination: asked.to.clone(),
            files,
            paths: asked.paths.clone(),
            report: asked.report.clone(),
            look: &look,
            rest: SignedDuration::from_hours(7 * 24),
            hold: SignedDuration::from_hours(7 * 24),
            watch: asked.watch.then_some(Duration::from_secs(900)),
            mode: asked.mode,
            journal: self.journal(),
        };
        let result = rotate(&mut context, &options);
        let mut text = String::from_utf8(transcript.0.borrow().clone()).expect("UTF-8");
        let status = result.unwrap_or_else(|failure| {
            text.push_str(&format!("keysweep: {failure}\n"));
            failure.status
        });
        let journal = std::fs::read_to_string(self.journal()).unwrap_or_default();
        crate::support::look_for_secrets(&[&text, &journal], &"rotate");
        Came { status, text }
    }

    /// A transcript with words in place of ids, dates and paths.
    fn plain(&self, text: &str) -> String {
        let pattern = regex::Regex::new("AKIA[A-Z2-7]{16}").expect("a pattern");
        let mut named = self.named.borrow_mut();
        for id in pattern.find_iter(text).map(|found| found.as_str().to_owned()) {
            if !named.contains(&id) {
                named.push(id);
            }
        }
        let mut plain = text.to_owned();
        for (number, id) in named.iter().enumerate() {
            let word = if number == 0 { "<OLD>".to_owned() } else { format!("<KEY {number}>") };
            plain = plain.replace(id, &word);
            plain = plain.replace(&format!(": {}\n", &id[16..]), ": <last four>\n");
        }
        plain = plain.replace(&self.acting.caller.account, "<ACCOUNT>");
        plain = plain.replace(&self.project.path().display().to_string(), "");
        self.dates(&plain)
    }

    /// Dates as days since the beginning.
    fn dates(&self, text: &str) -> String {
        let pattern = regex::Regex::new(r"(20\d\d-\d\d-\d\d)( \d\d:\d\d UTC)?").expect("a pattern");
        let began = Timestamp::from_second(self.began).expect("a date");
        let day = |at: Timestamp| at.to_zoned(jiff::tz::TimeZone::UTC).date();
        let plain = pattern.replace_all(text, |found: &regex::Captures<'_>| {
            let date: jiff::civil::Date = found[1].parse().expect("a date");
            let days = date.since((jiff::Unit::Day, day(began))).expect("days").get_days();
            let time = if found.get(2).is_some() { ", a time" } else { "" };
            format!("<day {days}{time}>")
        });
        plain.into_owned()
    }
}
