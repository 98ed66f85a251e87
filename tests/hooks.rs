//! Git hooks that keysweep installs, and what they advise.

mod advice;
mod framework;
mod global;
mod install;
mod managers;
mod place;
mod plain;
