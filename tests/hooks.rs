//! Git hooks that keysweep installs, and their advice.

mod advice;
mod framework;
mod global;
mod install;
mod managers;
mod place;
mod plain;
