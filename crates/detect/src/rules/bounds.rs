//! Limits for rules that the scanned project brings.
//!
//! A user who scans a project does not trust its author: its rules must not exhaust the machine. A
//! rule that exceeds a limit is left out and reported. The detector limits the time of a rule at
//! work. A file that is named with `--config` is the user's own and has no limits.

use std::time::{Duration, Instant};

use crate::document::{At, Fault};
use crate::text::escape_path;

use super::{Author, Rule, Shape};

/// Maximum number of rules.
const RULES: usize = 50;
const TOO_MANY: &str = "a project may bring 50 rules";
/// Text that follows the description of each limit.
const WAY_OUT: &str = ": the rule is not applied; a file that --config names has no bounds";
/// Maximum number of literals of all rules together: they cost one more search of every text.
const LITERALS: usize = 64;
/// Maximum number of bytes of a literal.
const LITERAL: usize = 64;
/// Maximum number of bytes around an anchor.
const REACH: usize = 2048;
/// Maximum number of bytes of a compiled expression.
pub(super) const COMPILED: usize = 64 << 10;
/// Maximum number of bytes of an expression's cached states during a search, per thread.
pub(super) const STATES: usize = 128 << 10;
/// Maximum number of bytes of a rule's filled examples.
pub(super) const EXAMPLES: usize = 64 << 10;
/// Longest time for reading the rules and for testing them on their examples.
const TIME: Duration = Duration::from_secs(5);

/// A rule of the scanned project that is not applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// The file, the line and the rule.
    pub place: String,
    /// The limit that it exceeds.
    pub why: String,
}

impl Dropped {
    pub(super) fn new(place: &Fault) -> Self {
        let Fault { file, line, within, what } = place;
        let why = format!("{what}{WAY_OUT}");
        Self { place: format!("{file}:{line}: {within}"), why }
    }
}

/// An error if one more rule is too many. `brought` is the number of rules that projects, or bases
/// of a push, brought before.
pub(super) fn room_for(rule: &Rule, brought: usize) -> Result<(), Dropped> {
    if rule.author != Author::Target || brought < RULES {
        return Ok(());
    }
    let file = rule.file.as_ref().map(|path| escape_path(path.as_os_str().as_encoded_bytes()));
    let place = format!("{}: rule '{}'", file.unwrap_or_default(), rule.id);
    Err(Dropped { place, why: format!("{TOO_MANY}{WAY_OUT}") })
}

/// The part of a file's limits that is used up.
pub(super) struct Bounds {
    began: Instant,
    rules: usize,
    literals: usize,
}

impl Bounds {
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), rules: 0, literals: 0 }
    }

    /// Counts one more rule; an error if that is too many. Called before anything of it is
    /// compiled.
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

    /// Counts the rule's anchors and reach; an error if they exceed a limit.
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
