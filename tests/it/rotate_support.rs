//! An account of IAM in memory, a clock and a person, for rotations over days in the library; and
//! a moment at which all ends, as by `kill -9`.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use keysweep::act::{Acting, Clock, Context, Failure, Person};
use keysweep::aws::KeyId;
use keysweep::command::rotate::destination::{Files, Wanted};
use keysweep::command::rotate::places::Scan;
use keysweep::command::rotate::{Mode, Options, rotate};
use keysweep::run::Status;
use keysweep_aws::{
    AccessKey, Attached, Caller, CreatedKey, Error, Iam, KeyStatus, KeyUse, LastUsed, Named,
    NewStatus, Result, Secret, Tag,
};

use crate::support::{Keys, Pair, Project};

/// Counts down to the moment at which all ends.
#[derive(Clone, Default)]
pub(crate) struct Fuse(Arc<AtomicI64>);

impl Fuse {
    /// Ends all at the `moment`-th step from now; never with 0.
    pub(crate) fn set(&self, moment: i64) {
        self.0.store(moment, Ordering::SeqCst);
    }

    /// A step at which the program could be killed.
    fn step(&self) {
        if self.0.fetch_sub(1, Ordering::SeqCst) == 1 {
            // No hook tells of it, as of a process that is killed.
            std::panic::resume_unwind(Box::new("killed"));
        }
    }
}

/// A user's key, with what no list says.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) key: AccessKey,
    pub(crate) secret: String,
    pub(crate) used: LastUsed,
}

/// What is to happen to a request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fault {
    /// It is carried out, and its answer is lost.
    Lost,
    /// It is not carried out, and nobody knows.
    NeverCame,
    /// It is refused: `AccessDenied`.
    Denied,
}

/// The state of an account.
pub(crate) struct State {
    pub(crate) user: Named,
    pub(crate) keys: Vec<Held>,
    pub(crate) tags: Vec<Tag>,
    pub(crate) policies: Vec<Attached>,
    pub(crate) gone: bool,
    /// What happens to the next request of an operation.
    pub(crate) faults: BTreeMap<&'static str, VecDeque<Fault>>,
    /// Every operation, in its order.
    pub(crate) calls: Vec<String>,
    /// How many tries of a new key are refused.
    pub(crate) refused_tries: usize,
    next: Keys,
}

/// See [`State`].
pub(crate) struct Account {
    state: Mutex<State>,
    pub(crate) caller: Caller,
    now: Arc<AtomicI64>,
    fuse: Fuse,
    sent: AtomicU64,
}

const MUTATIONS: [&str; 5] =
    ["CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey", "TagUser", "UntagUser"];

impl Account {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.now.load(Ordering::SeqCst)).expect("a date")
    }

    /// Begins an operation; what is to happen to it.
    fn begin(&self, operation: &'static str, on: &str) -> Result<Option<Fault>> {
        self.fuse.step();
        self.sent.fetch_add(1, Ordering::SeqCst);
        let mut state = self.state();
        state.calls.push(format!("{operation} {on}"));
        let fault = state.faults.get_mut(operation).and_then(VecDeque::pop_front);
        let why = || "the connection was closed".to_owned();
        match fault {
            Some(Fault::Denied) => {
                Err(Error::AccessDenied { operation, message: "no policy allows it".to_owned() })
            }
            Some(Fault::NeverCame) if MUTATIONS.contains(&operation) => {
                Err(Error::OutcomeUnknown { operation, why: why() })
            }
            Some(Fault::NeverCame) => Err(Error::NoAnswer { operation, why: why() }),
            other => Ok(other),
        }
    }

    /// Ends an operation that was carried out.
    fn end<T>(&self, operation: &'static str, fault: Option<Fault>, answer: T) -> Result<T> {
        self.fuse.step();
        let why = "the connection was closed".to_owned();
        if fault == Some(Fault::Lost) {
            return Err(Error::OutcomeUnknown { operation, why });
        }
        Ok(answer)
    }

    fn no_such(&self, operation: &'static str) -> Error {
        Error::NotFound { operation, message: "it cannot be found".to_owned() }
    }

    /// Notes that a key was used by something.
    pub(crate) fn used(&self, key: &str, service: &str) {
        let at = Some(self.now());
        let mut state = self.state();
        let held = state.keys.iter_mut().find(|held| held.key.id == key).expect("a key");
        let (service, region) = (Some(service.to_owned()), Some("eu-west-1".to_owned()));
        held.used = LastUsed { at, service, region };
    }

    /// The ids of the keys and their states.
    pub(crate) fn keys(&self) -> Vec<(String, KeyStatus)> {
        let state = self.state();
        state.keys.iter().map(|held| (held.key.id.clone(), held.key.status.clone())).collect()
    }

    pub(crate) fn is(&self, key: &str) -> Option<KeyStatus> {
        self.keys().into_iter().find(|(id, _)| id == key).map(|(_, status)| status)
    }

    /// Operations that change something, in their order.
    pub(crate) fn mutations(&self) -> Vec<String> {
        let state = self.state();
        let is_change = |call: &&String| MUTATIONS.iter().any(|name| call.starts_with(name));
        state.calls.iter().filter(is_change).cloned().collect()
    }

    /// Gives the user another key, as somebody else would.
    pub(crate) fn add_key(&self) -> Pair {
        let created = Some(self.now());
        let mut state = self.state();
        let pair = state.next.pair();
        let key = AccessKey {
            id: pair.id.clone(),
            user: state.user.name.clone(),
            status: KeyStatus::Active,
            created,
        };
        let (secret, used) = (pair.secret.clone(), LastUsed::default());
        state.keys.push(Held { key, secret, used });
        pair
    }

    pub(crate) fn set(&self, key: &str, status: KeyStatus) {
        let mut state = self.state();
        let held = state.keys.iter_mut().find(|held| held.key.id == key).expect("a key");
        held.key.status = status;
    }

    pub(crate) fn fail(&self, operation: &'static str, fault: Fault) {
        self.state().faults.entry(operation).or_default().push_back(fault);
    }
}

impl Iam for Account {
    fn caller(&self) -> Result<Caller> {
        self.begin("GetCallerIdentity", "self")?;
        Ok(self.caller.clone())
    }

    fn caller_with(&self, key: &str, secret: &Secret) -> Result<Caller> {
        self.begin("GetCallerIdentity", key)?;
        let now = self.now();
        let mut state = self.state();
        let operation = "GetCallerIdentity";
        let refused = || Error::InvalidClientTokenId { operation, message: "invalid".to_owned() };
        if state.refused_tries > 0 {
            state.refused_tries -= 1;
            return Err(refused());
        }
        let user = state.user.clone();
        let held = state.keys.iter_mut().find(|held| held.key.id == key).ok_or_else(refused)?;
        if held.key.status != KeyStatus::Active || held.secret.as_bytes() != secret.expose() {
            return Err(refused());
        }
        let service = Some("sts".to_owned());
        held.used = LastUsed { at: Some(now), service, region: Some("us-east-1".to_owned()) };
        let account = self.caller.account.clone();
        Ok(Caller { arn: user.arn, account, user_id: user.id })
    }

    fn account_of_key(&self, _: &str) -> Result<String> {
        Ok(self.caller.account.clone())
    }

    fn key_use(&self, key: &str) -> Result<KeyUse> {
        self.begin("GetAccessKeyLastUsed", key)?;
        let state = self.state();
        let held = state.keys.iter().find(|held| held.key.id == key && !state.gone);
        let held = held.ok_or_else(|| self.no_such("GetAccessKeyLastUsed"))?;
        let user = Some(held.key.user.clone()).filter(|user| user != "<root>");
        Ok(KeyUse { user, last_used: held.used.clone() })
    }

    fn access_keys(&self, user: &str) -> Result<Vec<AccessKey>> {
        self.begin("ListAccessKeys", user)?;
        let state = self.state();
        if state.gone || state.user.name != user {
            return Err(self.no_such("ListAccessKeys"));
        }
        Ok(state.keys.iter().map(|held| held.key.clone()).collect())
    }

    fn create_access_key(&self, user: &str) -> Result<CreatedKey> {
        let fault = self.begin("CreateAccessKey", user)?;
        if self.keys().len() > 1 {
            let message = "Cannot exceed quota for AccessKeysPerUser: 2".to_owned();
            return Err(Error::LimitExceeded { operation: "CreateAccessKey", message });
        }
        let pair = self.add_key();
        let key = self.state().keys.last().expect("a key").key.clone();
        let secret = Secret::new(pair.secret.into_bytes());
        let request_id = Some("11111111-2222-3333-4444-555555555555".to_owned());
        self.end("CreateAccessKey", fault, CreatedKey { key, secret, request_id })
    }

    fn update_access_key(&self, _: &str, key: &str, status: NewStatus) -> Result<Option<String>> {
        let fault = self.begin("UpdateAccessKey", key)?;
        self.is(key).ok_or_else(|| self.no_such("UpdateAccessKey"))?;
        self.set(key, KeyStatus::parse(status.as_str()));
        self.end("UpdateAccessKey", fault, None)
    }

    fn delete_access_key(&self, _: &str, key: &str) -> Result<Option<String>> {
        let fault = self.begin("DeleteAccessKey", key)?;
        self.is(key).ok_or_else(|| self.no_such("DeleteAccessKey"))?;
        self.state().keys.retain(|held| held.key.id != key);
        self.end("DeleteAccessKey", fault, None)
    }

    fn user(&self, user: &str) -> Result<Named> {
        self.begin("GetUser", user)?;
        let state = self.state();
        let known = !state.gone && state.user.name == user;
        if known { Ok(state.user.clone()) } else { Err(self.no_such("GetUser")) }
    }

    fn users(&self, _: &mut dyn FnMut(Vec<Named>) -> bool) -> Result<()> {
        Ok(())
    }

    fn roles(&self) -> Result<Vec<Named>> {
        Ok(Vec::new())
    }

    fn user_tags(&self, user: &str) -> Result<Vec<Tag>> {
        self.begin("ListUserTags", user)?;
        Ok(self.state().tags.clone())
    }

    fn tag_user(&self, user: &str, tag: &Tag) -> Result<()> {
        let fault = self.begin("TagUser", user)?;
        self.state().tags.retain(|other| other.key != tag.key);
        self.state().tags.push(tag.clone());
        self.end("TagUser", fault, ())
    }

    fn untag_user(&self, user: &str, key: &str) -> Result<()> {
        let fault = self.begin("UntagUser", user)?;
        self.state().tags.retain(|tag| tag.key != key);
        self.end("UntagUser", fault, ())
    }

    fn inline_policies(&self, _: &str) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn attached_policies(&self, user: &str) -> Result<Vec<Attached>> {
        self.begin("ListAttachedUserPolicies", user)?;
        Ok(self.state().policies.clone())
    }

    fn put_user_policy(&self, _: &str, _: &str, _: &str) -> Result<()> {
        Ok(())
    }

    fn groups(&self, _: &str) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn login_profile(&self, _: &str) -> Result<Option<Option<Timestamp>>> {
        Ok(None)
    }

    fn mfa_devices(&self, _: &str) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn service_credentials(&self, _: &str) -> Result<Vec<(String, String)>> {
        Ok(Vec::new())
    }

    fn root_access_keys(&self) -> Result<u64> {
        Ok(0)
    }

    fn requests(&self) -> u64 {
        self.sent.load(Ordering::SeqCst)
    }
}

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

/// What a session prints, questions and answers included.
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

/// What somebody answers to a question, from what was printed so far.
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

/// What a run is asked for.
#[derive(Default)]
pub(crate) struct Asked {
    pub(crate) to: Option<Wanted>,
    pub(crate) paths: Vec<PathBuf>,
    pub(crate) report: Option<PathBuf>,
    pub(crate) mode: Mode,
    pub(crate) dry_run: bool,
    pub(crate) watch: bool,
}

/// What came of a run.
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

    /// A run by somebody with these answers; `LAST` stands for the last four characters of the key
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

    /// A run; no secret may stand in what it prints or notes.
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
        let options = Options {
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
