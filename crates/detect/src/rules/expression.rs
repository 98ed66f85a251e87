//! Regular expressions that are compiled on first use.
//!
//! A commit hook runs for a few milliseconds, and in most runs no anchor of a shape rule occurs:
//! compiling every expression would be most of its work.

use std::sync::OnceLock;

use regex::bytes::{Regex, RegexBuilder};

use super::bounds;

/// Most memory that a compiled expression may take, in bytes.
const LARGEST: usize = 1 << 20;

/// A regular expression over bytes, without Unicode classes.
#[derive(Clone, Debug)]
pub struct Expression {
    source: String,
    built: OnceLock<Regex>,
}

impl Expression {
    /// An expression that is known to be valid, such as a built-in one, which a test compiles.
    pub(super) fn trusted(source: String) -> Self {
        Self { source, built: OnceLock::new() }
    }

    /// An expression that a user wrote.
    ///
    /// # Errors
    /// If it is invalid or too large.
    pub(super) fn checked(source: String) -> Result<Self, regex::Error> {
        let built = OnceLock::from(build(&source)?);
        Ok(Self { source, built })
    }

    /// An expression that the scanned project brings. It may take little memory.
    ///
    /// # Errors
    /// If it is invalid or too large.
    pub(super) fn bounded(source: String) -> Result<Self, regex::Error> {
        let mut builder = RegexBuilder::new(&source);
        builder.unicode(false).size_limit(bounds::COMPILED).dfa_size_limit(bounds::STATES);
        let built = OnceLock::from(builder.build()?);
        Ok(Self { source, built })
    }

    /// The source text.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// The compiled expression.
    pub fn regex(&self) -> &Regex {
        self.built
            .get_or_init(|| build(&self.source).expect("a test compiles every built-in expression"))
    }
}

fn build(source: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(source).unicode(false).size_limit(LARGEST).build()
}
