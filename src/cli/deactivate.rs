//! `keysweep deactivate` and `keysweep activate`.

use std::error::Error;

use clap::Args;

use super::act::{ActArguments, ChangeArguments, settle, with_context};
use super::signals::Session;
use crate::act::policy::Verb;
use crate::act::{Context, Failure};
use crate::aws::KeyId;
use crate::command::activate::activate as activate_key;
use crate::command::deactivate::{Sessions, deactivate as deactivate_key};
use crate::command::keys::{Subject, subject};
use crate::run::Status;

/// Arguments of `deactivate`.
#[derive(Debug, Args)]
pub(super) struct DeactivateArguments {
    /// The key's id.
    #[arg(value_name = "KEY_ID", required_unless_present = "policy")]
    key: Option<String>,
    /// End the sessions that the key opened, without asking.
    #[arg(long, conflicts_with = "keep_sessions")]
    end_sessions: bool,
    /// Leave the sessions that the key opened, without asking.
    #[arg(long)]
    keep_sessions: bool,
    #[command(flatten)]
    change: ChangeArguments,
    #[command(flatten)]
    act: ActArguments,
}

/// Arguments of `activate`.
#[derive(Debug, Args)]
pub(super) struct ActivateArguments {
    /// The key's id.
    #[arg(value_name = "KEY_ID", required_unless_present = "policy")]
    key: Option<String>,
    #[command(flatten)]
    change: ChangeArguments,
    #[command(flatten)]
    act: ActArguments,
}

/// Carries out `keysweep deactivate`.
pub(super) fn deactivate(args: &DeactivateArguments) -> Result<Status, Box<dyn Error>> {
    let sessions = match (args.end_sessions, args.keep_sessions) {
        (true, _) => Sessions::End,
        (false, true) => Sessions::Keep,
        (false, false) => Sessions::Ask,
    };
    run(Verb::Deactivate, args.key.as_deref(), &args.act, &args.change, |context, key| {
        deactivate_key(context, key, sessions)
    })
}

/// Carries out `keysweep activate`.
pub(super) fn activate(args: &ActivateArguments) -> Result<Status, Box<dyn Error>> {
    run(Verb::Activate, args.key.as_deref(), &args.act, &args.change, activate_key)
}

fn run(
    verb: Verb,
    args: Option<&str>,
    act: &ActArguments,
    change: &ChangeArguments,
    work: impl FnOnce(&mut Context<'_>, KeyId) -> Result<Status, Failure>,
) -> Result<Status, Box<dyn Error>> {
    let key = args.map(key_id).transpose()?;
    if let Some(printed) = act.print_policy(verb, key) {
        return printed;
    }
    let key = key.ok_or("give the id of a key (AKIA…)")?;
    let session = Session::begin();
    let opened = match act.open(Some(key), &session) {
        Ok(opened) => opened,
        Err(failure) => return Ok(settle(Err(failure), &session)),
    };
    let done = with_context(&opened, &session, Some(change), |context| work(context, key));
    Ok(settle(done, &session))
}

/// The id of a long-term key, as it was typed.
pub(super) fn key_id(args: &str) -> Result<KeyId, Failure> {
    match subject(args)? {
        Subject::Key(id) => Ok(id),
        Subject::User(name) => Err(Failure::refused(format!(
            "{name:?} is not the id of a key; it begins with AKIA and has 20 characters (keysweep keys \
             lists those of a user)"
        ))),
    }
}
