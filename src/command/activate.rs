//! `keysweep activate` undoes `deactivate`.

use keysweep_aws::{Error, KeyStatus, NewStatus};

use super::deactivate::sessions::POLICY;
use crate::act::change::set_status;
use crate::act::facts::Facts;
use crate::act::{Context, Failure};
use crate::aws::KeyId;
use crate::run::Status;
use crate::text::escape_line;

/// Activates an inactive key. Status 0 if it is active then, 1 if the answer was no.
///
/// # Errors
/// The key cannot be activated, or the outcome is unknown.
pub fn activate(context: &mut Context<'_>, id: KeyId) -> Result<Status, Failure> {
    context.announce()?;
    let facts = Facts::gather(context, id)?;
    facts.write(context.clock.now(), context.out)?;
    match &facts.key.status {
        KeyStatus::Active => {
            writeln!(context.out, "\nIt is already active. Nothing was changed.")?;
            return Ok(Status::Clean);
        }
        KeyStatus::Inactive => {}
        KeyStatus::Expired => {
            let why = format!("{id} is expired, which cannot be undone: make a new key");
            return Err(Failure::refused(why));
        }
        KeyStatus::Other(word) => {
            let word = escape_line(word);
            return Err(Failure::refused(format!(
                "{id} has the status {word}, which this version does not know: nothing was changed"
            )));
        }
    }
    if context.dry_run {
        writeln!(context.out, "\nWould activate it. Nothing was changed (--dry-run).")?;
        return Ok(Status::Findings);
    }
    writeln!(context.out, "\nWhoever holds its secret can use it again.")?;
    if !context.person.confirm("Activate it again?")? {
        writeln!(context.out, "Nothing was changed.")?;
        return Ok(Status::Findings);
    }
    set_status(context, &facts.key, NewStatus::Active)?;
    let user = &facts.key.user;
    match context.iam.inline_policies(user) {
        Ok(names) if names.iter().any(|name| name == POLICY) => {
            let user = crate::text::shell_word(user);
            writeln!(
                context.out,
                "The policy {POLICY} is still on the user: sessions from before it stay denied. \
                 To remove it: aws iam delete-user-policy --user-name {user} --policy-name {POLICY}"
            )?;
        }
        Ok(_) | Err(Error::AccessDenied { .. }) => {}
        Err(error) => return Err(Failure::from(error).after_a_change()),
    }
    Ok(Status::Clean)
}
