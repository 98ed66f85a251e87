//! Regular expressions that are compiled when they are first needed.
//!
//! A commit's hook lives for a few milliseconds, and in most runs no anchor of any shape rule is
//! met: compiling every expression would be the greater part of its work.

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
    /// An expression that is known to be right, such as a built-in one, which a test compiles.
    pub(super) fn trusted(source: String) -> Self {
        Self { source, built: OnceLock::new() }
    }

    /// An expression that somebody typed.
    ///
    /// # Errors
    /// If it is none, or too large.
    pub(super) fn checked(source: String) -> Result<Self, regex::Error> {
        let built = OnceLock::from(build(&source)?);
        Ok(Self { source, built })
    }

    /// An expression that the scanned project brings, which may take little memory.
    ///
    /// # Errors
    /// If it is none, or too large.
    pub(super) fn bounded(source: String) -> Result<Self, regex::Error> {
        let mut builder = RegexBuilder::new(&source);
        builder.unicode(false).size_limit(bounds::COMPILED).dfa_size_limit(bounds::STATES);
        let built = OnceLock::from(builder.build()?);
        Ok(Self { source, built })
    }

    /// As it was written.
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
