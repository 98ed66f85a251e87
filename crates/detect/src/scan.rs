//! The interface between sources and detectors: a source passes bytes, whole or as a delta, and
//! neither knows the other.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::coverage::{Count, Ledger};
use crate::finding::{Candidate, Origin, RuleId};
use crate::location::Position;
use crate::stop::Stop;

pub use keysweep_base::copied::Copied;

/// The result of a detector for one text.
#[derive(Debug, Default)]
pub struct Detected<M> {
    /// The state for the text's delta children; see [`Detector::delta`].
    pub memory: M,
    /// The candidates, sorted by place.
    pub candidates: Vec<Candidate>,
    /// Number of recognised examples and placeholders.
    pub examples: u64,
    /// Content in forms that are recognised but not read, by form.
    pub unread: BTreeMap<&'static str, u64>,
    /// There is more encoded text than is decoded: the remainder may contain a credential.
    pub truncated: bool,
    /// There is text that is encoded deeper than is decoded.
    pub too_deep: bool,
    /// There are more credentials than are reported for one text.
    pub over_limit: bool,
    /// Rules of the scanned project that were not applied to the whole text, because of their cost.
    pub costly: BTreeSet<RuleId>,
}

impl<M> Detected<M> {
    /// Writes everything except the candidates to the ledger; `name` is that of the text.
    pub fn note(&self, ledger: &Ledger, what: &str, name: &dyn Fn() -> Vec<u8>) {
        if self.examples > 0 {
            ledger.add(Count::Examples, self.examples);
        }
        self.unread.iter().for_each(|(form, by)| ledger.not_opened(form, *by));
        if self.too_deep {
            ledger.add(Count::DeeplyEncoded, 1);
        }
        if self.truncated {
            let why = "more of it is encoded (base64, gzip, UTF-16) than is decoded: the rest was \
                       not examined; decode it and scan the result";
            ledger.problem(what, &name(), &why);
        }
        if self.over_limit {
            let why = "it holds more than 100,000 credentials: the rest of them are not listed; \
                       split it and scan the parts";
            ledger.problem(what, &name(), &why);
        }
        for rule in &self.costly {
            let why = format!(
                "the rule '{rule}' of the scanned project costs too much here and was not applied \
                 to all of it: choose a rarer anchor and a simpler expression, or name the file \
                 with --config, which sets no bound"
            );
            ledger.problem(what, &name(), &why);
        }
    }

    /// Adds the result for another part of the same text; the memory does not change.
    pub fn append(&mut self, mut other: Self) {
        self.examples += other.examples;
        for (form, by) in other.unread {
            *self.unread.entry(form).or_default() += by;
        }
        self.truncated |= other.truncated;
        self.too_deep |= other.too_deep;
        self.over_limit |= other.over_limit;
        self.costly.append(&mut other.costly);
        self.candidates.append(&mut other.candidates);
    }
}

/// A part of a text that is too large to be read at once.
#[derive(Clone, Debug)]
pub struct Window {
    /// Position of the part's first byte in the text.
    pub first: Position,
    /// The offsets in the part that it owns; candidates whose primary region begins elsewhere
    /// belong to a neighbour.
    pub owned: Range<usize>,
    /// The text is a columnar file: adjacent values belong to different rows, so nearness joins no
    /// id with a secret.
    pub columnar: bool,
}

impl Window {
    /// The window of a whole text.
    pub fn of(bytes: &[u8]) -> Self {
        Self { first: Position::default(), owned: 0..bytes.len(), columnar: false }
    }
}

/// Finds credentials in bytes. A detector is pure: the same bytes give the same result.
pub trait Detector: Sync {
    /// The state that a text passes to its delta children; small, and empty if nothing was found.
    type BaseState: Default + Send + Sync;

    /// Scans a whole text.
    fn whole(&self, bytes: &[u8]) -> Detected<Self::BaseState>;

    /// Scans a text that a delta made from another one.
    ///
    /// `base` is the memory of that text, `copied` are the runs taken from it, sorted by `to`. The
    /// result equals that of [`Detector::whole`] on `bytes`.
    fn delta(
        &self,
        base: &Self::BaseState,
        copied: &[Copied],
        bytes: &[u8],
    ) -> Detected<Self::BaseState>;

    /// Scans a part of a text whose neighbours overlap it by [`Detector::overlap`] bytes.
    fn window(&self, bytes: &[u8], window: &Window) -> Detected<Self::BaseState>;

    /// Number of bytes on either side of a credential that may decide about it.
    fn overlap(&self) -> usize;

    /// This detector with a flag that ends it, even in the middle of a text; `None` if it can't be
    /// ended.
    ///
    /// The result for the text in which it ended is incomplete. The code that sets the flag reports
    /// this.
    fn ended_by(&self, _stop: &Stop) -> Option<Self>
    where
        Self: Sized,
    {
        None
    }
}

/// A candidate and the text that contains it, on the way to the collector.
#[derive(Debug)]
pub struct Hit {
    /// The text.
    pub origin: Origin,
    /// The candidate in it.
    pub candidate: Candidate,
}
