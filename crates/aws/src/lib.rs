//! AWS IAM and STS on behalf of whoever runs the program: the requests behind `keysweep keys`,
//! `deactivate`, `activate` and `rotate`.
//!
//! [`Iam`] is all that a command sees. What stands behind it, AWS or a server of a test, is
//! nobody else's matter.

mod error;
pub mod iam;
pub mod identity;
mod query;
mod secret;
mod xml;

pub use error::{Error, Result};
pub use iam::{
    AccessKey, Attached, Caller, Client, CreatedKey, Iam, KeyStatus, KeyUse, LastUsed, Named,
    NewStatus, Tag,
};
pub use query::{Settings, SigningKey};
pub use secret::Secret;
