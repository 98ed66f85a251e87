//! Verification at servers on loopback.

mod again;
pub(crate) mod canaries;
mod candidates;
mod live;
mod moto;
mod only_live;
mod program;
mod reported;
mod stub;
mod transport;
mod user;
mod verdicts;
