//! The seam between sources and detectors: a source hands bytes over, whole or as a delta,
//! and neither knows the other.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::coverage::{Count, Ledger};
use crate::finding::{Candidate, Origin, RuleId};
use crate::location::Position;
use crate::stop::Stop;

pub use keysweep_base::copied::Copied;

/// What a detector saw in one text.
#[derive(Debug, Default)]
pub struct Detected<M> {
    /// What it wants handed back with the text's children; see [`Detector::delta`].
    pub memory: M,
    /// What it found, ordered by place.
    pub candidates: Vec<Candidate>,
    /// How many examples and placeholders it recognised.
    pub examples: u64,
    /// What it holds in forms that are recognised and not read, by form.
    pub unread: BTreeMap<&'static str, u64>,
    /// It holds more encoded text than is decoded: a credential may be in the rest.
    pub truncated: bool,
    /// It holds text that is encoded deeper than is decoded.
    pub too_deep: bool,
    /// It holds more credentials than are told of one text.
    pub over_limit: bool,
    /// Rules of the scanned project that were not applied to all of it, for what they cost.
    pub costly: BTreeSet<RuleId>,
}

impl<M> Detected<M> {
    /// Writes to the ledger what is no candidate; `name` is that of the text.
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
                       not looked into; decode it and scan that";
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

    /// Adds what was seen in another part of the same text; the memory stays.
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
    /// Where the part's first byte stands in the text.
    pub first: Position,
    /// The offsets in the part for which it answers; candidates whose primary region begins
    /// elsewhere belong to a neighbour.
    pub owned: Range<usize>,
    /// The text is a columnar file: what stands next to each other there are values of different
    /// rows, so that nearness joins no id with a secret.
    pub columnar: bool,
}

impl Window {
    /// All of a text.
    pub fn of(bytes: &[u8]) -> Self {
        Self { first: Position::default(), owned: 0..bytes.len(), columnar: false }
    }
}

/// Finds credentials in bytes. Pure: the same bytes give the same answer.
pub trait Detector: Sync {
    /// What is carried from a text to its delta children; small, and empty when nothing was seen.
    type BaseState: Default + Send + Sync;

    /// Scans a whole text.
    fn whole(&self, bytes: &[u8]) -> Detected<Self::BaseState>;

    /// Scans a text that a delta made from another one.
    ///
    /// `base` is the base's memory, `copied` the runs taken from it in order of `to`. The answer
    /// equals that of [`Detector::whole`] on `bytes`.
    fn delta(
        &self,
        base: &Self::BaseState,
        copied: &[Copied],
        bytes: &[u8],
    ) -> Detected<Self::BaseState>;

    /// Scans a part of a text whose neighbours overlap it by [`Detector::overlap`] bytes.
    fn window(&self, bytes: &[u8], window: &Window) -> Detected<Self::BaseState>;

    /// How many bytes on either side of a credential may decide about it.
    fn overlap(&self) -> usize;

    /// This detector, to be ended by `stop` in the middle of a text too; `None` if it can't be.
    ///
    /// Of a text on which it ended only some is known. Whoever sets the flag reports that.
    fn ended_by(&self, _stop: &Stop) -> Option<Self>
    where
        Self: Sized,
    {
        None
    }
}

/// A candidate and the text it stands in, on its way to the collector.
#[derive(Debug)]
pub struct Hit {
    /// Which text.
    pub origin: Origin,
    /// What was found in it.
    pub candidate: Candidate,
}
