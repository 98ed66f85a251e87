//! The files that are shipped, their origin, and the parts that other projects refer to.

#[cfg(unix)]
mod action;
#[cfg(unix)]
mod ci_recipes;
#[cfg(unix)]
mod events;
#[cfg(unix)]
mod generated;
mod layers;
#[cfg(unix)]
mod picture;
#[cfg(all(unix, feature = "verify"))]
mod readme;
mod security;
mod supply;
#[cfg(unix)]
mod sweep_templates;
mod workflows;
