//! Verification at servers on loopback.

#[cfg(feature = "verify")]
mod again;
#[cfg(feature = "verify")]
pub(crate) mod canaries;
#[cfg(feature = "verify")]
mod candidates;
#[cfg(feature = "verify")]
mod live;
#[cfg(feature = "verify")]
mod moto;
#[cfg(feature = "verify")]
mod program;
#[cfg(feature = "verify")]
mod stub;
#[cfg(feature = "verify")]
mod transport;
#[cfg(feature = "verify")]
mod user;
#[cfg(feature = "verify")]
mod verdicts;
