//! Commands that change something at AWS.

#[cfg(feature = "verify")]
mod identity;
#[cfg(feature = "verify")]
pub(crate) mod rotate_account;
#[cfg(feature = "verify")]
mod rotate_crash;
#[cfg(feature = "verify")]
mod rotate_days;
#[cfg(feature = "verify")]
mod rotate_moto;
#[cfg(feature = "verify")]
mod rotate_profile;
#[cfg(all(target_os = "linux", feature = "verify"))]
mod rotate_program;
#[cfg(feature = "verify")]
mod sessions;
