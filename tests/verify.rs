//! Verification at servers on loopback.

mod again;
pub(crate) mod canaries;
mod candidates;
mod live;
mod moto;
mod only_live;
mod program;
mod reasons;
mod reported;
mod stub;
mod transport;
mod unanswered;
mod user;
mod verdicts;
