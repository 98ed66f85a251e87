//! The files that are shipped, their origin, and the parts that other projects refer to.

mod action;
mod ci_recipes;
mod documented;
mod events;
mod generated;
mod layers;
mod picture;
#[cfg(feature = "verify")]
mod readme;
mod security;
mod supply;
#[cfg(unix)]
mod sweep_templates;
mod tokens;
mod workflows;
