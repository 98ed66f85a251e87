//! Changes: each is sent once, and its outcome is looked up if the answer was lost.

use std::time::Duration;

use keysweep_aws::{AccessKey, Error, KeyStatus, NewStatus};

use super::{Context, Failure};

/// The number of looks for a lost change, and the wait between them: a change of IAM takes seconds
/// to be seen everywhere.
const LOOKS: u32 = 4;
const PAUSE: Duration = Duration::from_secs(3);

/// Gives a key a status, and says so.
///
/// # Errors
/// If IAM refuses, or if the answer was lost and the key does not have that status afterwards.
pub fn set_status(
    context: &mut Context<'_>,
    key: &AccessKey,
    status: NewStatus,
) -> Result<(), Failure> {
    let word = status.as_str().to_lowercase();
    let why = match context.iam.update_access_key(&key.user, &key.id, status) {
        Ok(request) => {
            let at = context.clock.now().strftime("%Y-%m-%d %H:%M:%S UTC");
            let request = request.map(|id| format!(", request {id}")).unwrap_or_default();
            writeln!(context.out, "  {word} since {at}{request}")?;
            return Ok(());
        }
        Err(error @ Error::OutcomeUnknown { .. }) => error.to_string(),
        Err(error) => return Err(error.into()),
    };
    writeln!(
        context.out,
        "  The answer was lost. The change is not sent again; looking up its outcome."
    )?;
    let wanted = KeyStatus::parse(status.as_str());
    let mut seen = "not seen".to_owned();
    for look in 0..LOOKS {
        if look > 0 && !context.clock.sleep(PAUSE) {
            break;
        }
        match context.iam.access_keys(&key.user) {
            Ok(keys) => {
                let found = keys.into_iter().find(|one| one.id == key.id).map(|one| one.status);
                if found.as_ref() == Some(&wanted) {
                    writeln!(context.out, "  {word}: a list of the user's keys says so")?;
                    return Ok(());
                }
                seen = found.map_or_else(|| "gone".to_owned(), |one| one.as_str().to_lowercase());
            }
            Err(error) => seen = format!("not seen ({error})"),
        }
    }
    Err(Failure::incomplete(format!(
        "{}: {why}. It is {seen} now, and may still become {word}: list the user's keys again before \
         you continue (keysweep keys {})",
        key.id, key.id
    )))
}
