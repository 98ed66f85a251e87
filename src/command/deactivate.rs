//! `keysweep deactivate`: ends a leaked key now, then the sessions that it opened, and looks for
//! what somebody did in the seconds in which a deactivated key still works.
//!
//! A change of IAM takes seconds to reach every place where requests are checked. Whoever holds
//! the key can use them to make another way in, so the user is looked at before and after.

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

/// What becomes of the sessions that the key opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sessions {
    /// Whoever acts is asked.
    #[default]
    Ask,
    /// They are ended.
    End,
    /// They go on.
    Keep,
}

/// How long after the change the second look comes.
const WAIT: Duration = Duration::from_secs(10);

/// Deactivates a key. Status 0 if that is done and nothing new was seen; 1 if something is left or
/// somebody did something meanwhile; 3 if not all could be seen.
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
    match &facts.key.status {
        KeyStatus::Inactive | KeyStatus::Expired => {
            let word = facts.key.status.as_str().to_lowercase();
            writeln!(context.out, "\nIt is {word} already.")?;
        }
        KeyStatus::Active | KeyStatus::Other(_) => {
            writeln!(
                context.out,
                "\nWhatever uses this key stops at once, whoever that is. To undo it: keysweep \
                 activate {id}"
            )?;
            if !context.person.confirm("Deactivate it now?")? {
                writeln!(context.out, "Nothing was changed.")?;
                return Ok(Status::Findings);
            }
            set_status(context, &facts.key, NewStatus::Inactive)?;
        }
    }
    let changed = |failure: Failure| failure.after_a_change();
    let left = sessions::end(context, &facts, sessions).map_err(changed)?;
    let status = second_look(context, &facts, &before).map_err(changed)?;
    next(context, &facts)?;
    Ok(if left { status.merge(Status::Findings) } else { status })
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
    let seconds = WAIT.as_secs();
    writeln!(
        context.out,
        "\nA change of IAM takes seconds to reach everywhere, and whoever holds the key can use \
         them. Looking again in {seconds} s."
    )?;
    context.out.flush()?;
    if !context.clock.sleep(WAIT) {
        writeln!(context.out, "  Interrupted: it was not looked again.")?;
        return Ok(Status::Interrupted);
    }
    let after = look::look(context.iam, &facts.key.user);
    let changes = before.changes(&after, &facts.key.id, sessions::POLICY);
    for change in &changes {
        writeln!(context.out, "  {}", escape_line(change))?;
    }
    let mut unseen = before.unseen();
    unseen.extend(after.unseen());
    unseen.sort();
    unseen.dedup();
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
        "This came while you acted. If it was not you or a colleague, somebody else still has a way \
         in: end it the same way (keysweep deactivate, aws iam delete-user, aws iam \
         delete-role), and run this command again. Only a service control policy of the \
         organization that denies {} cannot be undone from inside the account.",
        escape_line(&user)
    )?;
    Ok(Status::Findings)
}

/// What comes after.
fn next(context: &mut Context<'_>, facts: &Facts) -> Result<(), Failure> {
    let id = &facts.key.id;
    writeln!(
        context.out,
        "\nNext: what was done with the key is in CloudTrail: keysweep explain {id}. What still \
         needs access gets a new key: keysweep rotate {id}, which also deletes this one. To undo: \
         keysweep activate {id}, aws iam delete-user-policy --user-name {} --policy-name {}",
        shell_word(&facts.key.user),
        sessions::POLICY
    )?;
    Ok(())
}
