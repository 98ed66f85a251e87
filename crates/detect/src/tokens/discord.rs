//! Tokens of Discord, which begin with the id of their user.

use super::{Facts, base64_of};

/// Milliseconds of Unix time at which Discord's ids begin: 2015-01-01.
const EPOCH: u64 = 1_420_070_400_000;
/// A time after which no id has been given yet, as the tool sees it: 2060-01-01.
const LATEST: u64 = 2_840_140_800_000;

/// Reads a bot's token, or the address of a webhook: its id.
pub(super) fn read(text: &[u8]) -> Option<Facts> {
    let is_address = memchr::memchr(b'/', text).is_some();
    let id = if is_address { webhook(text) } else { bot(text) }?;
    Some(Facts { account: Some(id), ..Facts::default() })
}

/// The id of the bot in the first part of a token, if it is one.
fn bot(token: &[u8]) -> Option<String> {
    let first = token.split(|&byte| byte == b'.').next()?;
    let id = String::from_utf8(base64_of(first)?).ok()?;
    is_snowflake(id.as_bytes()).then_some(id)
}

/// The id of a webhook in its address: the number after the last but one slash.
fn webhook(address: &[u8]) -> Option<String> {
    let mut parts = address.rsplit(|&byte| byte == b'/');
    parts.next()?;
    let id = parts.next().filter(|id| is_snowflake(id))?;
    Some(String::from_utf8_lossy(id).into_owned())
}

/// True for an id whose upper bits are a time since Discord began.
fn is_snowflake(id: &[u8]) -> bool {
    let number = std::str::from_utf8(id).ok().filter(|_| matches!(id.len(), 17..=20));
    let number = number.filter(|id| id.bytes().all(|byte| byte.is_ascii_digit()));
    // The first ids were given in 2015; an id of 17 digits needs a few months.
    number
        .and_then(|number| number.parse::<u64>().ok())
        .is_some_and(|number| (number >> 22) + EPOCH < LATEST)
}
