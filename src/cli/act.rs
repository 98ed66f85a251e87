//! The arguments of all commands that act on keys in AWS: the identity, the place, and the person
//! who is asked.

use std::error::Error;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use clap::{Args, Subcommand};
use keysweep_aws::identity::Surroundings;
use keysweep_aws::{Endpoint, Environment, Partition, Secret, Setting};
use zeroize::Zeroizing;

use super::signals::Session;
use super::{complain, lookup};
use crate::act::open::{Opened, Request, open};
use crate::act::policy::{Verb, policy};
use crate::act::{Context, Failure, Person, SystemClock};
use crate::aws::KeyId;
use crate::report::{Layout, write_json};
use crate::run::Status;
use crate::stop::Stop;
use crate::verify::OptionsError;

/// A command that acts.
#[derive(Debug, Subcommand)]
pub(super) enum ActCommand {
    /// List access keys of IAM users: whose, how old, used when and for what, and which are due
    ///
    /// The worst come first. With --report, keys that keysweep found in code are marked. Reads IAM
    /// and changes nothing. Exits with 1 if a key is due, 3 if some keys could not be checked,
    /// otherwise 0.
    Keys(super::keys::KeysArguments),
    /// Deactivate a leaked key now, end its sessions, and look for changes in the meantime
    ///
    /// Says whose the key is and when it was used, asks once, and deactivates it. Then it asks
    /// whether to end the sessions that the key opened. Ten seconds later it looks again at the
    /// user's keys, policies, groups, password and credentials, and at all users and roles:
    /// a deactivated key still works for some seconds. keysweep activate undoes it. Exits with 0 if it
    /// is done and nothing new was seen, 1 if something is new or a step remains, 2 if it was refused, 3
    /// if not everything could be read or an outcome is unknown.
    Deactivate(super::deactivate::DeactivateArguments),
    /// Reactivate a key that was deactivated
    Activate(super::deactivate::ActivateArguments),
    /// Replace a key with a new one, step by step over days, without an interruption
    ///
    /// Each run looks at the keys in AWS and does at most the next step, after a question: 1 make a
    /// second key, try it, and store its secret as --to-profile, --to-file or --to-command says; 2
    /// list the places that hold the old key, until there are none; 3 wait until it has not been used
    /// for --rest; 4 deactivate it; 5 wait for --hold; 6 delete it, after its last four characters are
    /// typed. Run the same command again for the next step. A journal without secrets records what
    /// was done. Exits with 0 if the key is rotated, 1 if a step remains, 2 if it was refused, 3 if an
    /// answer is missing or an outcome is unknown.
    Rotate(super::rotate::RotateArguments),
}

/// Carries out a command that acts.
pub(super) fn act(command: &ActCommand) -> Result<Status, Box<dyn Error>> {
    match command {
        ActCommand::Keys(arguments) => super::keys::keys(arguments),
        ActCommand::Deactivate(arguments) => super::deactivate::deactivate(arguments),
        ActCommand::Activate(arguments) => super::deactivate::activate(arguments),
        ActCommand::Rotate(arguments) => super::rotate::rotate(arguments),
    }
}

/// Arguments of every command that acts.
#[derive(Debug, Args)]
#[command(next_help_heading = "Identity")]
pub(super) struct ActArguments {
    /// Act as this profile of ~/.aws [default: AWS_ACCESS_KEY_ID with its secret and
    /// token, otherwise the profile of AWS_PROFILE].
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Sign with the key itself; its secret comes from the profile that holds it, or a prompt.
    #[arg(long, conflicts_with = "profile")]
    as_itself: bool,
    /// Open a session with multi-factor authentication first; keysweep prompts for the code.
    #[arg(long, value_name = "SERIAL", num_args = 0..=1, require_equals = true)]
    mfa: Option<Option<String>>,
    /// The partition: aws, aws-us-gov, aws-cn or aws-eusc [default: that of the profile's Region,
    /// otherwise aws].
    #[arg(long, value_name = "NAME", value_parser = partition)]
    partition: Option<Partition>,
    /// Ask this IAM instead of AWS's own: an https URL, or http on loopback.
    #[arg(long, value_name = "URL", value_parser = Endpoint::parse)]
    iam_endpoint: Option<Endpoint>,
    /// Ask this STS instead of AWS's own: an https URL, or http on loopback.
    #[arg(long, value_name = "URL", value_parser = Endpoint::parse)]
    sts_endpoint: Option<Endpoint>,
    /// Ask AWS's FIPS endpoints.
    #[arg(long, conflicts_with_all = ["iam_endpoint", "sts_endpoint"])]
    fips: bool,
    /// The user agent of the requests, as CloudTrail shows it.
    #[arg(long, value_name = "TEXT")]
    user_agent: Option<String>,
    /// Print the smallest policy that this command needs, and send nothing.
    #[arg(long)]
    policy: bool,
}

/// Arguments of every command that changes something.
#[derive(Debug, Args)]
pub(super) struct ChangeArguments {
    /// Read, say what would be done, and change nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Answer yes to every question about a change that can be undone.
    #[arg(long, conflicts_with = "dry_run")]
    pub(super) yes: bool,
}

fn partition(args: &str) -> Result<Partition, Setting> {
    Partition::from_name(args).ok_or_else(|| Setting::Partition(args.to_owned()))
}

impl ActArguments {
    /// Prints the policy, if that is what was asked for.
    pub(super) fn print_policy(
        &self,
        verb: Verb,
        key: Option<KeyId>,
    ) -> Option<Result<Status, Box<dyn Error>>> {
        if !self.policy {
            return None;
        }
        let partition = self.partition.unwrap_or(Partition::Aws);
        let policy = policy(verb, key, partition.name());
        Some(lookup::print(|mut out| write_json(&policy, Layout::Indented, &mut out)))
    }

    /// Opens IAM as the named identity.
    ///
    /// `key` is the one that the command is about, which signs with `--as-itself`.
    pub(super) fn open(&self, key: Option<KeyId>, session: &Session) -> Result<Opened, Failure> {
        if self.as_itself && key.is_none() {
            let why = "--as-itself needs the id of one key, which then signs";
            return Err(Failure::refused(why));
        }
        let visible = |text: &String| text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if self.user_agent.as_ref().is_some_and(|text| !visible(text) || text.trim().is_empty()) {
            return Err(Failure::refused(OptionsError::UserAgent.to_string()));
        }
        let environment = Environment::read();
        let request = Request {
            profile: self.profile.clone(),
            itself: key.filter(|_| self.as_itself),
            mfa: self.mfa.clone(),
            partition: self.partition,
            iam_endpoint: self.iam_endpoint.clone(),
            sts_endpoint: self.sts_endpoint.clone(),
            fips: self.fips,
            user_agent: self.user_agent.clone(),
            environment: environment.map_err(|error| Failure::refused(error.to_string()))?,
        };
        let mut around = Machine { stop: session.stop.clone() };
        open(&request, &mut around, &mut secret_of, &session.stop)
    }
}

/// Runs `work` with IAM, the clock and the terminal, and returns the exit status.
pub(super) fn with_context(
    opened: &Opened,
    session: &Session,
    change: Option<&ChangeArguments>,
    work: impl FnOnce(&mut Context<'_>) -> Result<Status, Failure>,
) -> Result<Status, Failure> {
    let clock = SystemClock { stop: session.stop.clone() };
    let yes = change.is_some_and(|change| change.yes);
    let mut person = Terminal { yes, stop: session.stop.clone() };
    let mut out = io::stdout().lock();
    work(&mut Context {
        iam: &opened.client,
        acting: &opened.acting,
        clock: &clock,
        person: &mut person,
        out: &mut out,
        dry_run: change.is_some_and(|change| change.dry_run),
    })
}

/// The status of a command that acts; a failure is printed to standard error.
pub(super) fn settle(result: Result<Status, Failure>, session: &Session) -> Status {
    let status = result.unwrap_or_else(|failure| {
        complain(&failure);
        failure.status
    });
    if session.interrupted.is_set() { Status::Interrupted } else { status }
}

/// The secret of a key that signs itself: typed at a prompt that does not show it, or the first
/// line of standard input.
fn secret_of(key: KeyId) -> Result<Secret, Failure> {
    let fault = |error: io::Error| Failure::refused(format!("the secret cannot be read: {error}"));
    let args = if io::stdin().is_terminal() {
        Zeroizing::new(
            rpassword::prompt_password(format!("Secret access key of {key}: ")).map_err(fault)?,
        )
    } else {
        let mut line = Zeroizing::new(String::with_capacity(4096));
        io::stdin().lock().read_line(&mut line).map_err(fault)?;
        line
    };
    let secret = args.trim();
    if secret.is_empty() {
        let why = format!("--as-itself: no profile holds {key}, and its secret was not given");
        return Err(Failure::refused(why));
    }
    Ok(Secret::new(secret.as_bytes().to_vec()))
}

/// This machine.
struct Machine {
    stop: Stop,
}

impl Surroundings for Machine {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }

    fn home(&self) -> Option<PathBuf> {
        std::env::home_dir()
    }

    fn mfa_code(&mut self, serial: &str) -> Option<String> {
        let code = answer(&format!("Code of {serial}: "), &self.stop).ok()?;
        code.filter(|code| !code.is_empty())
    }
}

/// The person at the terminal.
struct Terminal {
    yes: bool,
    stop: Stop,
}

impl Person for Terminal {
    fn confirm(&mut self, question: &str) -> Result<bool, Failure> {
        if self.yes {
            let _ = writeln!(io::stderr(), "{question} yes (--yes)");
            return Ok(true);
        }
        let answer = answer(&format!("{question} [y/N] "), &self.stop)?;
        let answer = answer.ok_or_else(|| nobody("; give --yes to answer yes"))?;
        Ok(matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes"))
    }

    fn type_in(&mut self, question: &str) -> Result<String, Failure> {
        answer(&format!("{question} "), &self.stop)?.ok_or_else(|| nobody(""))
    }
}

fn nobody(hint: &str) -> Failure {
    Failure::refused(format!("nobody can be asked: standard input is not a terminal{hint}"))
}

/// Asks at the terminal; `None` if there is none. Read by a thread of its own, so that Ctrl-C ends
/// the wait.
fn answer(question: &str, stop: &Stop) -> Result<Option<String>, Failure> {
    if !io::stdin().is_terminal() {
        return Ok(None);
    }
    let mut out = io::stderr();
    let _ = write!(out, "{question}").and_then(|()| out.flush());
    let (sender, answers) = mpsc::channel();
    let reader = thread::Builder::new().spawn(move || {
        let mut line = String::new();
        let read = io::stdin().lock().read_line(&mut line);
        let _ = sender.send(read.map(|_| line));
    });
    reader.map_err(|error| Failure::refused(error.to_string()))?;
    loop {
        match answers.recv_timeout(Duration::from_millis(50)) {
            Ok(Ok(line)) => return Ok(Some(line.trim().to_owned())),
            Err(RecvTimeoutError::Timeout) if !stop.is_set() => {}
            Err(RecvTimeoutError::Timeout) => {
                let _ = writeln!(out);
                return Err(Failure::interrupted());
            }
            Ok(Err(error)) => return Err(Failure::refused(error.to_string())),
            Err(RecvTimeoutError::Disconnected) => return Ok(None),
        }
    }
}
