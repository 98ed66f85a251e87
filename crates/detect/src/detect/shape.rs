//! Rules of an anchor and a regular expression: [`Method::Shape`], including the user's own.
//!
//! The work is linear in the text for every rule: regions that would overlap are merged
//! ([`super::chain`]), and a region is at most a few reaches of its rule long.

mod choice;
mod inside;
mod judge;
mod kin;
mod listed;
mod nested;
mod partner;
mod uniform;

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeSet, HashSet};
use std::ops::Range;

use crate::finding::{Confidence, Encoding, RuleId};
use crate::rules::{Author, Facts, Method, Pack, Reader, Rule, RuleSet, Shape};
use crate::secret::Secret;
use crate::stop::Stop;

use super::allowance::{self, Allowance};
use super::anchors::{Anchor, Anchors, Quiet};
use super::chain::{self, AnchorSpan};
use super::table::Headings;
use super::values;
use super::view::View;

pub(super) use inside::Inside;

/// A match of a shape.
#[derive(Clone, Debug)]
pub(super) struct Shaped {
    /// The rule.
    pub rule: RuleId,
    /// The pack of the rule.
    pub pack: Pack,
    /// The confidence of the rule.
    pub confidence: Confidence,
    /// The credential.
    pub secret: Secret,
    /// Its place.
    pub span: Range<usize>,
    /// The public half and its place.
    pub id: Option<(String, Range<usize>)>,
    /// The facts that were read from it.
    pub facts: Facts,
    /// It is an example of documentation, or a placeholder: counted, not reported.
    pub is_example: bool,
    /// Its checksum is wrong.
    pub is_made_up: bool,
    /// A shorter match with the same beginning is complete, too: both are reported.
    pub is_either: bool,
    /// The encodings of the value in the text.
    pub decoded: Vec<Encoding>,
}

/// The matches of a text.
#[derive(Debug, Default)]
pub(super) struct Matches {
    /// Sorted by rule, then by place.
    pub found: Vec<Shaped>,
    /// Rules of the scanned project that were too expensive here: some of their matches are
    /// missing.
    pub costly: BTreeSet<RuleId>,
    /// There are more matches than are reported for one text.
    pub over_limit: bool,
    /// The measure of the work: the number of searches, plus the bytes of all examined regions,
    /// counted each time. No search reads more than one region.
    pub steps: u64,
}

/// The shape rules, indexed by their literals.
pub(super) struct Shapes {
    rules: Vec<Rule>,
    /// For each literal of the table the rules that use it.
    by_literal: Vec<Vec<usize>>,
    /// The length of each literal.
    lengths: Vec<usize>,
    allowance: Allowance,
}

/// Maximum number of reported matches of one text.
const MOST: usize = 100_000;
/// In one region, a rule of the scanned project may be searched once for each of this many bytes: a
/// match may cost as much as the region is long.
const BYTES_PER_SEARCH: usize = 16;
/// … plus this many times.
const SEARCHES: usize = 64;

impl Shapes {
    /// The shape rules of a set whose literals are in `table`.
    pub(super) fn new(set: &RuleSet, table: &Anchors) -> Self {
        let shapes = set.in_force().filter(|rule| rule.method == Method::Shape);
        let rules: Vec<Rule> = shapes.cloned().collect();
        let mut by_literal = vec![Vec::new(); table.len()];
        let mut lengths = vec![0; table.len()];
        for (index, literal) in table.of_shapes() {
            lengths[index] = literal.bytes.len();
        }
        for (number, rule) in rules.iter().enumerate() {
            for literal in table.of_rule(rule) {
                // Two anchors of a rule may have a literal in common.
                let rules: &mut Vec<usize> = &mut by_literal[literal];
                if rules.last() != Some(&number) {
                    rules.push(number);
                }
            }
        }
        let allowance = Allowance::new(rules.len());
        Self { rules, by_literal, lengths, allowance }
    }

    /// The matches around the anchors of `bytes` that are not known to be quiet. Marks anchors that
    /// turn out to be quiet.
    pub(super) fn search(&self, bytes: &[u8], anchors: &mut [Anchor], stop: &Stop) -> Matches {
        let mut matches = Matches::default();
        let uses = self.uses(anchors);
        if uses.is_empty() {
            return matches;
        }
        let mut seen: Vec<Seen> = vec![Seen::Nothing(Quiet::NO); anchors.len()];
        if uses.iter().any(|&(rule, _)| self.is_foreign(rule)) {
            self.allowance.read(bytes.len());
        }
        for of_rule in uses.chunk_by(|(rule, _), (other, _)| rule == other) {
            let places: Vec<AnchorSpan> =
                of_rule.iter().map(|&(_, index)| self.place(anchors, index)).collect();
            let number = of_rule[0].0;
            let Some(shape) = &self.rules[number].shape else { continue };
            let mut look = Look::new(self, (number, shape), bytes, stop);
            if look.is_refused(&places, &mut matches) {
                places.iter().for_each(|place| seen[place.index] = Seen::Something);
                continue;
            }
            // An anchor that is quiet for one rule is quiet for all that use its literal.
            let is_open = |place: &AnchorSpan| !anchors[place.index].quiet.is_quiet();
            for chain in chain::chains(bytes, &places, shape.reach, is_open) {
                let next = places.get(chain.end).map_or(bytes.len(), |place| place.span.0);
                let chain = &places[chain];
                let quiet = look.chain(chain, next, &mut matches);
                chain.iter().for_each(|place| seen[place.index].merge(quiet(place)));
            }
        }
        for (anchor, seen) in anchors.iter_mut().zip(seen) {
            match seen {
                Seen::Something => anchor.quiet = Quiet::NO,
                Seen::Nothing(quiet) => anchor.quiet = anchor.quiet.max(quiet),
            }
        }
        nested::remove(&mut matches.found);
        matches
    }

    /// The pairs of a rule and an anchor that it examines, sorted by rule and then by place.
    fn uses(&self, anchors: &[Anchor]) -> Vec<(usize, usize)> {
        let mut uses = Vec::new();
        for (index, anchor) in anchors.iter().enumerate() {
            let rules = &self.by_literal[usize::from(anchor.literal)];
            uses.extend(rules.iter().map(|&rule| (rule, index)));
        }
        uses.sort_unstable();
        uses
    }

    fn place(&self, anchors: &[Anchor], index: usize) -> AnchorSpan {
        let anchor = anchors[index];
        let len = self.lengths[usize::from(anchor.literal)];
        AnchorSpan { index, span: (anchor.at, anchor.at + len) }
    }

    fn is_foreign(&self, rule: usize) -> bool {
        self.rules[rule].author == Author::Target
    }
}

/// The result at an anchor, from all rules that examine it.
#[derive(Clone, Copy, Debug)]
enum Seen {
    Something,
    Nothing(Quiet),
}

impl Seen {
    fn merge(&mut self, other: Self) {
        *self = match (*self, other) {
            (Self::Nothing(one), Self::Nothing(two)) => Self::Nothing(one.max(two)),
            _ => Self::Something,
        };
    }
}

/// One rule during its search of one text.
struct Look<'a> {
    shapes: &'a Shapes,
    number: usize,
    shape: &'a Shape,
    bytes: &'a [u8],
    stop: &'a Stop,
    /// Spans of matches in previous regions that overlap this one.
    reported: HashSet<(usize, usize)>,
    /// The text looks like quoted-printable. Computed on demand.
    quoted: OnceCell<bool>,
    /// The headings of the last table, which may continue in the next region.
    headings: RefCell<Option<Headings>>,
    /// Only values that the text encodes are new: all others were examined before.
    is_inside: bool,
}

impl<'a> Look<'a> {
    fn new(
        shapes: &'a Shapes,
        (number, shape): (usize, &'a Shape),
        bytes: &'a [u8],
        stop: &'a Stop,
    ) -> Self {
        Self {
            shapes,
            number,
            shape,
            bytes,
            stop,
            reported: HashSet::new(),
            quoted: OnceCell::new(),
            headings: RefCell::new(None),
            is_inside: false,
        }
    }

    fn rule(&self) -> &Rule {
        &self.shapes.rules[self.number]
    }

    fn is_foreign(&self) -> bool {
        self.shapes.is_foreign(self.number)
    }

    /// True if the rule is not applied here because of its cost, which is recorded.
    fn is_refused(&self, places: &[AnchorSpan], matches: &mut Matches) -> bool {
        let refused = self.is_foreign()
            && (self.shapes.allowance.is_over(self.number)
                || Allowance::are_too_many(places.len(), self.bytes.len()));
        if refused {
            matches.costly.insert(self.rule().id.clone());
        }
        refused
    }

    /// Examines a chain in pieces, and returns the result at each of its anchors. The next chain
    /// begins at `next`.
    fn chain(
        &mut self,
        chain: &[AnchorSpan],
        next: usize,
        matches: &mut Matches,
    ) -> impl Fn(&AnchorSpan) -> Seen {
        let before = matches.found.len();
        let listed = self.listed(chain, next, matches);
        // The text that a list continues is not always near its anchor.
        let mut ended = !listed.is_empty();
        let places: Cow<'_, [AnchorSpan]> = match ended {
            true => [chain, &listed].concat().into(),
            false => chain.into(),
        };
        let mut rest = &*places;
        while let [first, ..] = rest {
            let until = first.span.0 + 2 * self.shape.reach;
            let (piece, next) = rest.split_at(rest.partition_point(|one| one.span.0 <= until));
            rest = next;
            ended |= !self.piece(piece, matches);
        }
        let any = ended || matches.found.len() > before;
        let longest = chain.iter().map(|one| one.span.1 - one.span.0).max().unwrap_or_default();
        let margin = chain::margin(self.shape.reach, longest) + self.distance();
        let ends = chain.first().zip(chain.last()).map(|(a, b)| (a.span.0, b.span.0));
        move |place: &AnchorSpan| match ends {
            Some((first, last)) if !any => {
                let further = (place.span.0 - first).max(last - place.span.0);
                Seen::Nothing(Quiet::within(further + margin))
            }
            _ => Seen::Something,
        }
    }

    /// Examines the region around neighbouring anchors; `false` if it had to stop early.
    fn piece(&mut self, piece: &[AnchorSpan], matches: &mut Matches) -> bool {
        let [first, .., last] = [&piece[0], &piece[0], &piece[piece.len() - 1]];
        if self.stop.is_set() {
            return false;
        }
        // The halves of other keys are compared with those of a credential, too.
        let reach = self.shape.reach + self.distance();
        let stretch = first.span.0.saturating_sub(reach)..self.bytes.len().min(last.span.1 + reach);
        let began = self.is_foreign().then(allowance::now);
        self.reported.retain(|(_, end)| *end > stretch.start);
        let before = matches.found.len();
        let mut whole = true;
        // Offsets in a view are relative to the stretch; neighbours decide about boundaries.
        let text = &self.bytes[stretch.clone()];
        for view in &self.views(text) {
            whole &= self.view(view, stretch.start, piece, (before, &mut *matches));
        }
        let found = matches.found[before..].iter();
        self.reported.extend(found.map(|one| (one.span.start, one.span.end)));
        if let Some(began) = began {
            let elapsed = allowance::now().saturating_sub(began);
            self.shapes.allowance.spend(self.number, elapsed);
        }
        whole
    }

    /// The views of a stretch of the text. The halves of a pair may each be encoded, in the text itself
    /// or in one with escapes.
    fn views<'t>(&self, text: &'t [u8]) -> Vec<View<'t>> {
        let raw = View::raw(text);
        let read = |view: &View<'_>| values::shown(view);
        let with_values = match self.shapes.is_pair(self.number) {
            true => read(&raw).into_iter().chain(raw.unescaped().as_ref().and_then(read)).collect(),
            false => Vec::new(),
        };
        if self.is_inside {
            return with_values;
        }
        let mut views = View::all(text);
        views.extend(with_values);
        views
    }

    /// Takes the matches of a view whose first byte is at `base`. The matches of this region begin
    /// at `first` and are sorted. `false` if it had to stop early.
    fn view(
        &mut self,
        view: &View<'_>,
        base: usize,
        piece: &[AnchorSpan],
        (first, matches): (usize, &mut Matches),
    ) -> bool {
        let text = &*view.text;
        let mut fresh: Vec<Shaped> = Vec::new();
        // The secrets that need an id, and those that are or will be reported with another region.
        let (mut spans, mut others): (Vec<Range<usize>>, Vec<Range<usize>>) = Default::default();
        matches.steps += text.len() as u64;
        let mut searches = SEARCHES + text.len() / BYTES_PER_SEARCH;
        let mut from = 0;
        let mut whole = true;
        while from <= text.len() {
            matches.over_limit |= matches.found.len() + fresh.len() >= MOST;
            if self.stop.is_set() || matches.over_limit {
                whole = false;
                break;
            }
            let over = self.shapes.allowance.is_over(self.number);
            if self.is_foreign() && (searches == 0 || over) {
                matches.costly.insert(self.rule().id.clone());
                whole = false;
                break;
            }
            searches = searches.saturating_sub(1);
            matches.steps += 1;
            let Some(groups) = self.shape.regex.regex().captures_at(text, from) else { break };
            let Some(found) = groups.get(0) else { break };
            from = found.end().max(found.start() + 1);
            let secret = groups.name("secret").unwrap_or(found);
            if let Some(one) = self.shaped(&groups, view, base, piece, &matches.found[first..]) {
                spans.push(secret.range());
                fresh.push(one);
            } else if self.shape.partner.is_some() && self.has_form(&groups, view, base) {
                others.push(secret.range());
            }
        }
        if let Some(partner) = &self.shape.partner {
            whole &= self.join(partner, view, base, [&spans, &others], &mut fresh);
            // A private key is one whichever of several ids is its own.
            let is_private_key = self.rule().reader.is_some_and(Reader::is_private_key);
            for one in fresh.iter_mut().filter(|one| is_private_key && !one.is_made_up) {
                let has_id = one.id.is_some();
                one.confidence = if has_id { self.rule().confidence } else { one.confidence };
            }
        }
        self.add(fresh, first, &mut matches.found);
        whole
    }

    /// Adds the matches of a view to those `found` from `first` on. A longer match replaces its
    /// parts, and no overlapping region reports it again. If the text does not say which of the two
    /// is the credential, neither is certain.
    fn add(&mut self, fresh: Vec<Shaped>, first: usize, found: &mut Vec<Shaped>) {
        if fresh.is_empty() {
            return;
        }
        let known = found.split_off(first);
        if known.is_empty() {
            found.extend(fresh);
            return;
        }
        for mut one in known {
            let at = fresh.partition_point(|longer| longer.span.end <= one.span.start);
            match fresh.get(at).filter(|longer| longer.span.start < one.span.end) {
                Some(longer) if !longer.is_either => {
                    self.reported.insert((one.span.start, one.span.end));
                }
                Some(_) => {
                    one.confidence = one.confidence.min(Confidence::Medium);
                    found.push(one);
                }
                None => found.push(one),
            }
        }
        found.extend(fresh);
        found[first..].sort_by_key(|one| one.span.start);
    }
}

#[cfg(test)]
mod tests;
