//! `keysweep deactivate`: ends a leaked key now, then the sessions that it opened, and looks for
//! changes that somebody made in the seconds in which a deactivated key still works.
//!
//! A change of IAM takes seconds to reach every place where requests are checked. Whoever holds
//! the key can use them to get access again, so the user is looked at before and after.

mod look;
pub mod sessions;

use std::time::Duration;

use keysweep_aws::{KeyStatus, NewStatus};

use crate::act::change::set_status;
use crate::act::facts::Facts;
use crate::act::{Context, Failure};
use crate::aws::KeyId;
use crate::run::Status;
use crate::text::{escape_line, shell_word};
use look::Look;
use sessions::Outcome;

/// The choice for the sessions that the key opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sessions {
    /// The user is asked.
    #[default]
    Ask,
    /// They are ended.
    End,
    /// They continue.
    Keep,
}

/// The time between the change and the second look.
const WAIT: Duration = Duration::from_secs(10);

/// Deactivates a key. Status 0 if that is done and nothing new was seen; 1 if something is left or
/// somebody did something in the meantime; 3 if not all could be seen.
///
/// # Errors
/// Refused before any change, or the outcome of a change is unknown.
pub fn deactivate(
    context: &mut Context<'_>,
    id: KeyId,
    sessions: Sessions,
) -> Result<Status, Failure> {
    context.announce()?;
    let facts = Facts::gather(context, id)?;
    facts.write(context.clock.now(), context.out)?;
    let before = look::look(context.iam, &facts.key.user);
    if context.dry_run {
        return dry_run(context, &facts, sessions);
    }
    // Once inactive, a key that signs the requests could not end its sessions any more.
    let early = facts.signs.then(|| sessions::end(context, &facts, sessions)).transpose()?;
    if !end_key(context, &facts)? {
        return Ok(Status::Findings);
    }
    let changed = |failure: Failure| failure.after_a_change();
    let ended = match early {
        Some(ended) => ended,
        None => sessions::end(context, &facts, sessions).map_err(changed)?,
    };
    let status = second_look(context, &facts, &before).map_err(changed)?;
    next(context, &facts, ended)?;
    Ok(if ended == Outcome::Left { status.merge(Status::Findings) } else { status })
}

/// Asks, and deactivates the key unless it is inactive already; returns true if it is then inactive.
fn end_key(context: &mut Context<'_>, facts: &Facts) -> Result<bool, Failure> {
    let id = &facts.key.id;
    if matches!(facts.key.status, KeyStatus::Inactive | KeyStatus::Expired) {
        let word = facts.key.status.as_str().to_lowercase();
        writeln!(context.out, "\nIt is already {word}.")?;
        return Ok(true);
    }
    writeln!(
        context.out,
        "\nEverything that uses this key stops working at once. To undo it: keysweep activate {id}"
    )?;
    if !context.person.confirm("Deactivate it now?")? {
        writeln!(context.out, "The key was not deactivated.")?;
        return Ok(false);
    }
    set_status(context, &facts.key, NewStatus::Inactive)?;
    Ok(true)
}

fn dry_run(
    context: &mut Context<'_>,
    facts: &Facts,
    sessions: Sessions,
) -> Result<Status, Failure> {
    writeln!(context.out)?;
    if matches!(facts.key.status, KeyStatus::Active | KeyStatus::Other(_)) {
        writeln!(context.out, "Would deactivate it.")?;
    }
    if sessions != Sessions::Keep {
        let policy = sessions::POLICY;
        writeln!(
            context.out,
            "Would put the policy {policy} on the user, which ends its sessions."
        )?;
    }
    writeln!(context.out, "Nothing was changed (--dry-run).")?;
    Ok(Status::Findings)
}

/// Waits, looks again, and says what is new.
fn second_look(context: &mut Context<'_>, facts: &Facts, before: &Look) -> Result<Status, Failure> {
    if facts.signs {
        writeln!(
            context.out,
            "\nThe key that signs is inactive now, and can read nothing more. To see what was done in \
             the meantime, act as somebody else: keysweep deactivate {} --profile NAME",
            facts.key.id
        )?;
        return Ok(Status::Incomplete);
    }
    let seconds = WAIT.as_secs();
    writeln!(
        context.out,
        "\nA change in IAM takes seconds to reach everywhere, and the key can still be used in that \
         time. Looking again in {seconds} s."
    )?;
    context.out.flush()?;
    if !context.clock.sleep(WAIT) {
        writeln!(context.out, "  Interrupted before the second look.")?;
        return Ok(Status::Interrupted);
    }
    let after = look::look(context.iam, &facts.key.user);
    let changes = before.changes(&after, &facts.key.id, sessions::POLICY);
    for change in &changes {
        writeln!(context.out, "  {}", escape_line(change))?;
    }
    let unseen = before.unseen(&after);
    for what in &unseen {
        writeln!(context.out, "  not seen: {}", escape_line(what))?;
    }
    if changes.is_empty() {
        let seen = if unseen.is_empty() { "" } else { " in what could be seen" };
        writeln!(context.out, "  No change of the user's access, and no new user or role{seen}.")?;
        return Ok(if unseen.is_empty() { Status::Clean } else { Status::Incomplete });
    }
    let user = facts.user.as_ref().map_or_else(|| facts.key.user.clone(), |user| user.arn.clone());
    writeln!(
        context.out,
        "This happened while you acted. If it was not you or a colleague, somebody else still has \
         access: end that too (keysweep deactivate, aws iam delete-user, aws iam \
         delete-role), and run this command again. Only a service control policy of the \
         organization that denies {} cannot be undone from inside the account.",
        escape_line(&user)
    )?;
    Ok(Status::Findings)
}

/// Prints the commands that come next, and the one that undoes this.
fn next(context: &mut Context<'_>, facts: &Facts, ended: Outcome) -> Result<(), Failure> {
    let id = &facts.key.id;
    let policy = match ended {
        Outcome::Denied => format!(
            " and aws iam delete-user-policy --user-name {} --policy-name {}",
            shell_word(&facts.key.user),
            sessions::POLICY
        ),
        Outcome::Kept | Outcome::Left => String::new(),
    };
    writeln!(
        context.out,
        "\nNext:\n  keysweep explain {id}   how to find in CloudTrail what was done with it\n  \
         keysweep rotate {id}    a new key for programs that still need access; deletes this one at \
         the end\nTo undo: keysweep activate {id}{policy}"
    )?;
    Ok(())
}
