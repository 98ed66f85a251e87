//! Commands that change something at AWS.

mod identity;
pub(crate) mod rotate_account;
mod rotate_crash;
mod rotate_days;
mod rotate_moto;
mod rotate_profile;
#[cfg(target_os = "linux")]
mod rotate_program;
mod sessions;
