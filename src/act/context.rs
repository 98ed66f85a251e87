//! The surroundings of a command that acts: IAM, the identity that signs, a person to ask, a clock.

use std::fmt;
use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use keysweep_aws::{Caller, Iam};

use super::Failure;
use crate::aws::KeyId;
use crate::stop::Stop;

/// The identity that signs, and where it comes from.
#[derive(Clone, Debug)]
pub struct Acting {
    /// As STS names it.
    pub caller: Caller,
    /// Such as `profile ops`.
    pub source: String,
    /// The id of the key that signs.
    pub key_id: String,
}

impl fmt::Display for Acting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.caller.arn, self.source)
    }
}

/// The time, and how to wait.
pub trait Clock: Send + Sync {
    /// The time of day.
    fn now(&self) -> Timestamp;

    /// Waits; `false` if the wait was ended early by a signal.
    fn sleep(&self, time: Duration) -> bool;
}

/// The clock of this machine.
#[derive(Clone, Debug, Default)]
pub struct SystemClock {
    /// Ends a wait early.
    pub stop: Stop,
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep(&self, time: Duration) -> bool {
        let end = Instant::now() + time;
        while !self.stop.is_set() {
            let remaining = end.saturating_duration_since(Instant::now());
            if remaining.is_zero() {
                return true;
            }
            thread::sleep(remaining.min(Duration::from_millis(50)));
        }
        false
    }
}

/// Answers questions: a terminal, or its replacement in a test.
pub trait Person {
    /// Asks a question that is answered by yes or no; `--yes` answers it.
    ///
    /// # Errors
    /// If nobody can be asked: status 2.
    fn confirm(&mut self, question: &str) -> Result<bool, Failure>;

    /// Asks for a text to be typed; `--yes` does not answer it.
    ///
    /// # Errors
    /// If nobody can be asked: status 2.
    fn type_in(&mut self, question: &str) -> Result<String, Failure>;
}

/// The surroundings of a command that acts.
pub struct Context<'a> {
    /// The operations of IAM.
    pub iam: &'a dyn Iam,
    /// The identity that signs.
    pub acting: &'a Acting,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Whom to ask.
    pub person: &'a mut dyn Person,
    /// The output of the session: standard output.
    pub out: &'a mut dyn Write,
    /// Reads, says what would be done and changes nothing.
    pub dry_run: bool,
}

impl Context<'_> {
    /// Refuses a key that is of another account than the one that acts, before IAM is asked: an id
    /// of the newer generation holds its account.
    ///
    /// # Errors
    /// The key is of another account: status 2.
    pub fn refuse_other_account(&self, key: KeyId) -> Result<(), Failure> {
        let own = &self.acting.caller.account;
        match key.account() {
            Some(account) if account != *own => Err(Failure::refused(format!(
                "{key} is a key of account {account}, and {} acts in account {own}: nothing was \
                 asked of IAM or changed. Act with an identity of account {account} (--profile), \
                 or send its owner: keysweep deactivate {key}",
                self.acting.source
            ))),
            _ => Ok(()),
        }
    }

    /// The first line of every session.
    pub fn announcement(&self) -> String {
        let account = &self.acting.caller.account;
        let who = self.acting;
        format!("Acting as {who}. Every call appears in the CloudTrail of account {account}.")
    }

    /// Writes it.
    ///
    /// # Errors
    /// An error of the output.
    pub fn announce(&mut self) -> Result<(), Failure> {
        let line = self.announcement();
        writeln!(self.out, "{line}")?;
        Ok(())
    }
}
