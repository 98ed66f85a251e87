//! Sends requests to AWS: to STS, to check whether a key is live ([`sts`]), and to IAM and STS with
//! the user's identity, for `keysweep keys`, `deactivate`, `activate` and `rotate`.
//!
//! Commands use [`Iam`] only; the implementation behind it is AWS or a test server. This is the
//! only crate that opens a socket.

mod bounded;
mod codes;
mod endpoint;
mod environment;
mod error;
pub mod iam;
pub mod identity;
pub mod pace;
mod partition;
mod query;
mod setting;
pub mod sts;
mod transport;
mod xml;

pub use endpoint::Endpoint;
pub use environment::Environment;
pub use error::{Error, Result};
pub use iam::{
    AccessKey, Attached, Caller, Client, CreatedKey, Iam, KeyStatus, KeyUse, LastUsed, Named,
    NewStatus, Tag,
};
pub use keysweep_base::secret::Secret;
pub use partition::{Partition, PartitionChoice};
pub use query::{Settings, SigningKey};
pub use setting::{Setting, USER_AGENT};

#[cfg(test)]
mod tests {
    #[test]
    fn no_crate_below_can_log_a_session_token() {
        assert_eq!(
            tracing::level_filters::STATIC_MAX_LEVEL,
            tracing::level_filters::LevelFilter::OFF
        );
    }
}
