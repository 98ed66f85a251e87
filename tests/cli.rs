//! What a user types and what comes of it: commands, options, files, exit statuses, signals.

#[cfg(feature = "verify")]
mod baseline_choice;
#[cfg(feature = "verify")]
mod conflicts;
mod demo;
#[cfg(unix)]
mod endless;
mod files;
#[cfg(unix)]
mod files_unix;
#[cfg(all(target_os = "linux", feature = "verify"))]
mod kill;
#[cfg(target_os = "linux")]
mod killed;
#[cfg(unix)]
mod outputs;
#[cfg(feature = "verify")]
mod remedy;
#[cfg(unix)]
mod report;
mod said;
pub(crate) mod settled;
mod status;
mod sweep;
#[cfg(unix)]
mod sweep_plan;
#[cfg(unix)]
mod sweep_resume;
#[cfg(unix)]
mod unnamed;
