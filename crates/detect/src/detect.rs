//! Detection of candidates in bytes. It is pure: it uses no files, no git and no network, and a
//! clock only for the time of rules of the scanned project ([`allowance`]).
//!
//! [`Engine`] joins the steps: the anchor pass ([`anchors`]), and around anchors the encodings
//! ([`decode`]), the items ([`item`], through [`view`], [`label`] and [`random`]), their positions
//! ([`outline`], [`table`], [`structure`]), their pairing ([`pair`], by [`named`], [`scoring`],
//! [`assign`], [`order`] and [`doubt`]), the shape rules ([`shape`]) and the candidates
//! ([`finish`]). A text that is only a value is labelled by its file's name, which sources know
//! ([`nameless`]).

mod after_value;
mod allowance;
mod analyse;
mod anchors;
mod announce;
mod assign;
mod blanks;
mod blocks;
mod chain;
mod columnar;
mod columns;
mod complete;
mod contents;
pub mod costs;
mod cut_name;
mod decode;
mod doubt;
mod dump;
mod finish;
mod header;
mod item;
mod joint;
mod label;
mod lines;
mod login;
mod mail;
mod markup;
mod name;
mod named;
pub mod nameless;
mod near_id;
mod numbers;
mod order;
mod other_id;
mod outline;
mod owner;
mod pair;
pub mod random;
mod region;
mod relation;
mod runs;
mod scoring;
mod separate;
mod session;
mod shape;
mod shared_name;
mod sibling;
mod structure;
mod table;
mod undo;
mod unpack;
mod unread;
mod utf16;
mod vacant;
mod values;
mod view;
mod words;
mod wrap;

pub use anchors::signs_before;

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use crate::finding::{Candidate, RuleId};
use crate::line_hash::line_hashes;
use crate::location::{LineIndex, Position};
use crate::rules::{Rule, RuleSet};
use crate::scan::{Copied, Detected, Detector, Window};
use crate::stop::Stop;

use analyse::{Analysis, Tools};
use anchors::{Anchor, Anchors, Class, Quiet};
use blanks::Blanks;
use costs::Costs;
use order::Ends;
use shape::Shapes;

/// The detector of a rule set.
pub struct Engine {
    tools: Tools,
    /// Rules that are switched off. Detection of AWS's keys is one piece, so what it finds for them
    /// is left out at the end.
    off: Arc<HashSet<RuleId>>,
}

/// The state that a text passes to its delta children: its anchors, or that they are unknown.
#[derive(Clone, Debug, Default)]
pub struct BaseState {
    anchors: Vec<Anchor>,
    /// The length of the text.
    len: usize,
    /// The text was not scanned in its raw form: children are scanned as a whole.
    opaque: bool,
}

/// Bytes on either side of a credential that may decide about it: the reach of an id, a session
/// token at its end, and the block of base64 around it.
const OVERLAP: usize = 64 * 1024;

/// Number of anchors above which a text is scanned in parts, because scoring an id takes memory.
const MANY: usize = 16 * 1024;
/// Bytes of such a part; its surroundings are examined, too.
const PART: usize = 512 * 1024;
/// Maximum number of reported credentials of a text.
const MOST: usize = 100_000;

/// Maximum number of credentials of a text with other secrets attached: more are never verified one by one.
const MOST_WITH_RIVALS: usize = 4096;

/// The parts of a text: one, unless it has too many anchors.
fn parts(len: usize, anchors: usize) -> impl Iterator<Item = Range<usize>> {
    let size = if anchors > MANY { PART } else { len.max(1) };
    (0..len).step_by(size).map(move |start| start..len.min(start + size))
}

impl Engine {
    /// Compiles a rule set.
    pub fn new(rules: &RuleSet) -> Self {
        Self::with_costs(rules, &Costs::default())
    }

    /// Compiles a rule set that uses other costs for pairing than the built-in ones.
    pub fn with_costs(rules: &RuleSet, costs: &Costs) -> Self {
        let anchors = Arc::new(Anchors::new(rules));
        let shapes = Arc::new(Shapes::new(rules, &anchors));
        let costs = costs.table();
        let is_off = |rule: &&Rule| !rules.applies(rule);
        let off = rules.rules.iter().filter(is_off).map(|rule| rule.id.clone());
        let off = Arc::new(off.collect());
        Self {
            off,
            tools: Tools {
                anchors,
                shapes,
                blanks: Arc::new(Blanks::default()),
                costs,
                keeps_others: false,
                stop: Stop::default(),
            },
        }
    }

    /// Sets if ids keep the other secrets in their reach, [`Sighting::rivals`]. Verification tries
    /// them, and they help to explain why two items were joined.
    ///
    /// [`Sighting::rivals`]: crate::finding::Sighting::rivals
    #[must_use]
    pub fn keeping_rivals(mut self, keep: bool) -> Self {
        self.tools.keeps_others = keep;
        self
    }

    /// Scans a text with its anchors; candidates that begin outside `owned` are left out.
    fn detect(
        &self,
        bytes: &[u8],
        mut anchors: Vec<Anchor>,
        window: &Window,
    ) -> Detected<BaseState> {
        let Window { first, ref owned, columnar } = *window;
        let nameless = nameless::candidate(bytes, first, owned);
        let mut all = Detected::default();
        if owned.start == 0
            && let Some(kind) = unread::of_head(bytes)
        {
            all.unread.insert(kind.name(), 1);
        }
        if anchors.is_empty() && !analyse::is_announced(bytes) {
            all.candidates.extend(nameless);
            self.leave_out(&mut all);
            return all;
        }
        let mut budget = analyse::decode_budget(bytes.len());
        let mut index = LineIndex::new(bytes, first);
        let mut reversed = None;
        for part in parts(bytes.len(), anchors.len()) {
            if all.candidates.len() >= MOST {
                all.over_limit = true;
                break;
            }
            if self.tools.stop.is_set() {
                break;
            }
            let mut start = part.start.saturating_sub(OVERLAP);
            // A part of a character has no column.
            start -= (0..start.min(4)).find(|by| bytes[start - by] & 0xc0 != 0x80).unwrap_or(0);
            let around = start..bytes.len().min(part.end + OVERLAP);
            let from = index.position(around.start);
            let low = anchors.partition_point(|anchor| anchor.at < around.start);
            // A literal that the part's end cuts belongs to the next part.
            let fits = |anchor: &Anchor| {
                let literal = self.tools.anchors.literal(*anchor);
                anchor.at + literal.bytes.len() <= around.end
            };
            let high = anchors.partition_point(|anchor| anchor.at < around.end);
            let high = low + anchors[low..high].iter().take_while(|anchor| fits(anchor)).count();
            let ends = Ends {
                cut_before: around.start > 0 || first != Position::default(),
                cut_after: around.end < bytes.len() || owned.end + OVERLAP / 2 <= bytes.len(),
                reversed: reversed.take(),
            };
            let near = &mut anchors[low..high];
            let mut found = self.part(bytes, &around, near, &mut budget, &ends);
            reversed = found.reversed;
            let text = &bytes[around.clone()];
            if columnar {
                let whole = text.len() == bytes.len() && *owned == (0..bytes.len());
                columnar::take_apart(text, whole, self.tools.keeps_others, &mut found);
            }
            all.examples += found.examples;
            for (form, by) in found.unread.named() {
                *all.unread.entry(form).or_default() += by;
            }
            all.truncated |= found.truncated;
            all.too_deep |= found.too_deep;
            all.over_limit |= found.over_limit;
            all.costly.extend(found.costly.iter().cloned());
            let within = |at: usize| at.clamp(part.start, part.end) - around.start;
            let owned = within(owned.start)..within(owned.end);
            all.candidates.extend(finish::candidates(text, from, &owned, found));
        }
        if all.candidates.is_empty() {
            all.candidates.extend(nameless);
        }
        self.leave_out(&mut all);
        for candidate in all.candidates.iter_mut().skip(MOST_WITH_RIVALS) {
            candidate.sighting.rivals = Vec::new();
        }
        all.memory = BaseState { anchors, len: bytes.len(), opaque: false };
        all
    }

    /// Leaves out what rules found that are switched off.
    fn leave_out(&self, all: &mut Detected<BaseState>) {
        if !self.off.is_empty() {
            all.candidates.retain(|candidate| !self.off.contains(&candidate.credential.rule));
        }
    }

    /// Analyses the part `around` of a text; `near` are the anchors in it.
    fn part(
        &self,
        bytes: &[u8],
        around: &Range<usize>,
        near: &mut [Anchor],
        budget: &mut usize,
        ends: &Ends,
    ) -> Analysis {
        // Text outside the part may decide about an anchor near the border. A quiet mark that
        // depends on such text must not count here, because scanning the whole text would not use
        // it. A result without that text holds for this part only.
        let len = bytes.len();
        let mut border: Vec<(usize, Quiet)> = Vec::new();
        for (index, anchor) in near.iter_mut().enumerate() {
            if anchor.quiet.is_quiet() && !anchor.is_decided_in(around, len) {
                border.push((index, std::mem::take(&mut anchor.quiet)));
            }
            anchor.at -= around.start;
        }
        let found = self.tools.analyse(&bytes[around.clone()], near, 0, budget, ends);
        for anchor in near.iter_mut() {
            anchor.at += around.start;
            if !anchor.is_decided_in(around, len) {
                anchor.quiet = Quiet::NO;
            }
        }
        border.into_iter().for_each(|(index, quiet)| near[index].quiet = quiet);
        found
    }

    /// Scans a text that is UTF-16 as a whole, converted to UTF-8.
    ///
    /// A text that only claims to be UTF-16, by its first two bytes, is scanned in its raw form as
    /// well.
    fn detect_utf16(&self, bytes: &[u8], order: Order, window: &Window) -> Detected<BaseState> {
        let text = order.decode(bytes);
        let owned = order.decode(&bytes[..window.owned.start]).len()
            ..order.decode(&bytes[..window.owned.end]).len();
        let anchors = self.tools.anchors.find(text.as_bytes(), &self.tools.stop);
        let mut detected =
            self.detect(text.as_bytes(), anchors, &Window { owned, ..window.clone() });
        detected.memory = BaseState { opaque: true, ..BaseState::default() };
        rehash(bytes, window.first, &mut detected.candidates);
        let mut anchors = self.tools.anchors.find(bytes, &self.tools.stop);
        anchors.retain(|anchor| {
            // Anchors of its own units, which were just read.
            let known = self.tools.anchors.literal(*anchor).class == Class::Utf16
                && (anchor.at % 2 == 1) == matches!(order, Order::Little);
            !known
        });
        let plain = self.detect(bytes, anchors, window);
        detected.candidates.extend(plain.candidates);
        detected.candidates.sort_by_key(|one| one.sighting.primary().map(|region| region.start));
        detected.examples += plain.examples;
        detected.unread.extend(plain.unread);
        detected.truncated |= plain.truncated;
        detected.too_deep |= plain.too_deep;
        detected.over_limit |= plain.over_limit;
        detected.costly.extend(plain.costly);
        detected
    }
}

/// GitHub hashes the lines of a file's raw bytes, not of the decoded text.
fn rehash(bytes: &[u8], first: Position, candidates: &mut [Candidate]) {
    let line = |candidate: &Candidate| {
        let start = candidate.sighting.primary().map_or(first, |region| region.start);
        start.line - first.line + 1
    };
    let lines: Vec<u64> = candidates.iter().map(line).collect();
    for (candidate, hash) in candidates.iter_mut().zip(line_hashes(bytes, &lines)) {
        candidate.sighting.line_hash = hash;
    }
}

impl Detector for Engine {
    type BaseState = BaseState;

    fn whole(&self, bytes: &[u8]) -> Detected<BaseState> {
        self.window(bytes, &Window::of(bytes))
    }

    fn delta(&self, base: &BaseState, copied: &[Copied], bytes: &[u8]) -> Detected<BaseState> {
        if base.opaque || utf16_order(bytes).is_some() {
            return self.whole(bytes);
        }
        let Tools { anchors, stop, .. } = &self.tools;
        let anchors = anchors.inherit(&base.anchors, base.len, copied, bytes, stop);
        self.detect(bytes, anchors, &Window::of(bytes))
    }

    fn window(&self, bytes: &[u8], window: &Window) -> Detected<BaseState> {
        match utf16_order(bytes) {
            Some(order) => self.detect_utf16(bytes, order, window),
            None => {
                let anchors = self.tools.anchors.find(bytes, &self.tools.stop);
                self.detect(bytes, anchors, window)
            }
        }
    }

    fn ended_by(&self, stop: &Stop) -> Option<Self> {
        let Tools { anchors, shapes, blanks, costs, keeps_others, .. } = &self.tools;
        let tools = Tools {
            anchors: Arc::clone(anchors),
            shapes: Arc::clone(shapes),
            blanks: Arc::clone(blanks),
            stop: stop.clone(),
            costs: *costs,
            keeps_others: *keeps_others,
        };
        Some(Self { off: Arc::clone(&self.off), tools })
    }

    fn overlap(&self) -> usize {
        OVERLAP
    }
}

/// Byte order of UTF-16.
#[derive(Clone, Copy, Debug)]
enum Order {
    Little,
    Big,
}

impl Order {
    /// Decodes the units of `bytes`; half a unit at the end is left out.
    fn decode(self, bytes: &[u8]) -> String {
        let units = bytes.chunks_exact(2).map(|pair| match self {
            Self::Little => u16::from_le_bytes([pair[0], pair[1]]),
            Self::Big => u16::from_be_bytes([pair[0], pair[1]]),
        });
        char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    }
}

/// The byte order if a text is UTF-16 as a whole: it has a byte order mark, or every other of its
/// first bytes is zero.
fn utf16_order(bytes: &[u8]) -> Option<Order> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] => return None,
        [0xff, 0xfe, ..] => return Some(Order::Little),
        [0xfe, 0xff, ..] => return Some(Order::Big),
        [_, 0, _, 0, ..] | [0, _, 0, _, ..] => {}
        _ => return None,
    }
    let head = &bytes[..bytes.len().min(128) & !1];
    let zeros = |from: usize| head.iter().skip(from).step_by(2).filter(|&&byte| byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let most = head.len() / 2 * 3 / 4;
    match (even, odd) {
        (0, odd) if odd > most => Some(Order::Little),
        (even, 0) if even > most => Some(Order::Big),
        _ => None,
    }
}
