//! Git hooks that keysweep installs, and what they advise.

#[cfg(unix)]
mod advice;
#[cfg(unix)]
mod framework;
mod global;
mod install;
mod managers;
mod place;
#[cfg(unix)]
mod plain;
