//! What rules that the scanned project brings may ask for.
//!
//! Whoever scans a project does not trust its author: its rules must not take the machine. What
//! goes beyond a bound is left out and reported. What a rule takes while it is at work is bounded
//! by the detector. A file that is named with `--config` is the user's own and has no bounds.

use std::time::{Duration, Instant};

use crate::document::{At, Fault};
use crate::text::escape_path;

use super::{Author, Rule, Shape};

/// Most rules.
const RULES: usize = 50;
const TOO_MANY: &str = "a project may bring 50 rules";
/// What is said of each bound, behind it.
const WAY_OUT: &str = ": the rule is not applied; a file that --config names has no bounds";
/// Most literals of all rules together: one more search of every text.
const LITERALS: usize = 64;
/// Most bytes of a literal.
const LITERAL: usize = 64;
/// Most bytes around an anchor.
const REACH: usize = 2048;
/// Most bytes of a compiled expression.
pub(super) const COMPILED: usize = 64 << 10;
/// Most bytes of the states of an expression that are kept while it is at work, for each thread.
pub(super) const STATES: usize = 128 << 10;
/// Most bytes of a rule's examples, filled.
pub(super) const EXAMPLES: usize = 64 << 10;
/// How long it may take to read the rules, and to hold them to their examples.
const TIME: Duration = Duration::from_secs(5);

/// A rule of the scanned project that is not applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// The file, the line and the rule.
    pub place: String,
    /// What it goes beyond.
    pub why: String,
}

impl Dropped {
    pub(super) fn new(place: &Fault) -> Self {
        let Fault { file, line, within, what } = place;
        let why = format!("{what}{WAY_OUT}");
        Self { place: format!("{file}:{line}: {within}"), why }
    }
}

/// Why one more rule is too many beside those that projects, or bases of a push, `brought`.
pub(super) fn room_for(rule: &Rule, brought: usize) -> Result<(), Dropped> {
    if rule.author != Author::Target || brought < RULES {
        return Ok(());
    }
    let file = rule.file.as_ref().map(|path| escape_path(path.as_os_str().as_encoded_bytes()));
    let place = format!("{}: rule '{}'", file.unwrap_or_default(), rule.id);
    Err(Dropped { place, why: format!("{TOO_MANY}{WAY_OUT}") })
}

/// What was taken of the bounds of a file so far.
pub(super) struct Bounds {
    began: Instant,
    rules: usize,
    literals: usize,
}

impl Bounds {
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), rules: 0, literals: 0 }
    }

    /// Why one more rule is too many; asked before anything of it is compiled.
    pub(super) fn one_more(&mut self) -> Result<(), String> {
        self.rules += 1;
        if self.rules > RULES {
            return Err(TOO_MANY.to_owned());
        }
        if self.began.elapsed() > TIME {
            return Err(format!("the rules before it took {} s to read", TIME.as_secs()));
        }
        Ok(())
    }

    /// Why the rule's anchors and reach are too much.
    pub(super) fn take(&mut self, anchors: &[At<String>], shape: &Shape) -> Result<(), String> {
        if anchors.iter().any(|anchor| anchor.value.len() > LITERAL) {
            return Err(format!("an anchor of a project's rule may have {LITERAL} bytes"));
        }
        if shape.reach > REACH {
            return Err(format!("'reach' of a project's rule may be {REACH}"));
        }
        if self.literals + anchors.len() > LITERALS {
            return Err(format!("a project may bring {LITERALS} anchors"));
        }
        self.literals += anchors.len();
        Ok(())
    }
}
