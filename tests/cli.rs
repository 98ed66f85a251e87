//! Commands, options, files, exit statuses, signals: the program as its users see it.

#[cfg(feature = "verify")]
mod baseline_choice;
#[cfg(feature = "verify")]
mod conflicts;
mod demo;
mod endless;
mod files;
mod files_unix;
#[cfg(all(target_os = "linux", feature = "verify"))]
mod kill;
#[cfg(target_os = "linux")]
mod killed;
mod merge;
mod outputs;
mod packs;
#[cfg(feature = "verify")]
mod remedy;
#[cfg(unix)]
mod report;
mod said;
mod status;
pub(crate) mod suppressed;
mod sweep;
mod sweep_alone;
mod sweep_failed;
mod sweep_grown;
mod sweep_plan;
#[cfg(target_os = "linux")]
mod sweep_processes;
mod sweep_resume;
mod sweep_since;
mod unnamed;
