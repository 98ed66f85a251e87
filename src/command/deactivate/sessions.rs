//! Ends the sessions that a key opened: a policy that denies all sessions of the user from before
//! now. The user's keys continue to work.

use jiff::Timestamp;
use keysweep_aws::Error;

use super::Sessions;
use crate::act::facts::Facts;
use crate::act::{Context, Failure};
use crate::run::Status;

/// The policy's name; the steps of reports use the same.
pub const POLICY: &str = "DenyOlderSessions";

/// The fate of the sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// They are denied.
    Denied,
    /// They continue, as was asked for from the beginning.
    Kept,
    /// They continue, and remain to be ended.
    Left,
}

/// Asks, and puts the policy on the user.
pub(super) fn end(
    context: &mut Context<'_>,
    facts: &Facts,
    sessions: Sessions,
) -> Result<Outcome, Failure> {
    writeln!(
        context.out,
        "\nSessions that it opened last up to 36 hours. A policy can deny every session of the user \
         that was opened before now; the user's keys continue to work. Sessions of roles are not \
         ended by it: keysweep explain {} says how to end those.",
        facts.key.id
    )?;
    let wanted = match sessions {
        Sessions::End => true,
        Sessions::Keep => false,
        Sessions::Ask => {
            context.person.confirm(&format!("Put the policy {POLICY} on the user?"))?
        }
    };
    if !wanted {
        writeln!(context.out, "  The sessions continue.")?;
        let asked = sessions == Sessions::Ask;
        return Ok(if asked { Outcome::Left } else { Outcome::Kept });
    }
    let document = document(context.clock.now());
    match context.iam.put_user_policy(&facts.key.user, POLICY, &document) {
        Ok(()) => {
            writeln!(
                context.out,
                "  {POLICY} is on the user: sessions from before now are denied"
            )?;
            Ok(Outcome::Denied)
        }
        Err(error @ Error::OutcomeUnknown { .. }) => looked_up(context, facts, &error),
        // Ending the key matters more than this, and the second look follows.
        Err(error) => {
            let failure = Failure::from(error);
            writeln!(context.out, "  Not done: {}. The sessions continue.", failure.message)?;
            if failure.status == Status::Incomplete { Err(failure) } else { Ok(Outcome::Left) }
        }
    }
}

fn looked_up(context: &mut Context<'_>, facts: &Facts, error: &Error) -> Result<Outcome, Failure> {
    let names = context.iam.inline_policies(&facts.key.user);
    if names.is_ok_and(|names| names.iter().any(|name| name == POLICY)) {
        writeln!(context.out, "  {POLICY} is on the user: a list of its policies says so")?;
        return Ok(Outcome::Denied);
    }
    Err(Failure::incomplete(format!(
        "{error}. It is not known whether {POLICY} was put on user {}: run this command again, or \
         look it up (aws iam list-user-policies)",
        facts.key.user
    )))
}

/// IAM User Guide, "Revoke IAM role temporary security credentials", on a user.
fn document(now: Timestamp) -> String {
    let now = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"DateLessThan": {"aws:TokenIssueTime": now}},
        }],
    })
    .to_string()
}
