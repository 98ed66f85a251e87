//! An account of IAM in memory, for rotations in the library, and a moment at which everything
//! ends, as by `kill -9`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use keysweep_aws::{
    AccessKey, Attached, Caller, CreatedKey, Error, Iam, KeyStatus, KeyUse, LastUsed, Named,
    NewStatus, Result, Secret, Tag,
};

use crate::support::{Keys, Pair};

/// Counts down to the moment at which all ends.
#[derive(Clone, Default)]
pub(crate) struct Fuse(Arc<AtomicI64>);

impl Fuse {
    /// Ends all at the `moment`-th step from now; never with 0.
    pub(crate) fn set(&self, moment: i64) {
        self.0.store(moment, Ordering::SeqCst);
    }

    /// A step at which the program could be killed.
    pub(crate) fn step(&self) {
        if self.0.fetch_sub(1, Ordering::SeqCst) == 1 {
            // No hook reports it, as for a killed process.
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

/// The fate of a request.
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
    /// The faults of the next requests, by operation.
    pub(crate) faults: BTreeMap<&'static str, VecDeque<Fault>>,
    /// Every operation, in its order.
    pub(crate) calls: Vec<String>,
    /// The number of tries of a new key that are refused.
    pub(crate) refused_tries: usize,
    pub(crate) next: Keys,
}

/// See [`State`].
pub(crate) struct Account {
    pub(crate) state: Mutex<State>,
    pub(crate) caller: Caller,
    pub(crate) now: Arc<AtomicI64>,
    pub(crate) fuse: Fuse,
    pub(crate) sent: AtomicU64,
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
    fn end<T>(&self, operation: &'static str, fault: Option<&Fault>, answer: T) -> Result<T> {
        self.fuse.step();
        let why = "the connection was closed".to_owned();
        if fault == Some(&Fault::Lost) {
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
        self.end("CreateAccessKey", fault.as_ref(), CreatedKey { key, secret, request_id })
    }

    fn update_access_key(&self, _: &str, key: &str, status: NewStatus) -> Result<Option<String>> {
        let fault = self.begin("UpdateAccessKey", key)?;
        self.is(key).ok_or_else(|| self.no_such("UpdateAccessKey"))?;
        self.set(key, KeyStatus::parse(status.as_str()));
        self.end("UpdateAccessKey", fault.as_ref(), None)
    }

    fn delete_access_key(&self, _: &str, key: &str) -> Result<Option<String>> {
        let fault = self.begin("DeleteAccessKey", key)?;
        self.is(key).ok_or_else(|| self.no_such("DeleteAccessKey"))?;
        self.state().keys.retain(|held| held.key.id != key);
        self.end("DeleteAccessKey", fault.as_ref(), None)
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
        self.end("TagUser", fault.as_ref(), ())
    }

    fn untag_user(&self, user: &str, key: &str) -> Result<()> {
        let fault = self.begin("UntagUser", user)?;
        self.state().tags.retain(|tag| tag.key != key);
        self.end("UntagUser", fault.as_ref(), ())
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
