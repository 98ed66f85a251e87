//! The order of the halves in a list of keys: each id before its secret, or each after it.
//!
//! [`aligned`] adds a small cost for a secret before its id. Over a long list these costs add up to
//! more than the two halves at its ends cost alone, and every id would get the secret of its
//! neighbour. So a list is joined both ways here, and one is chosen by what the whole list shows:
//! a half that is left alone at an end, and the text between the halves.

use std::ops::Range;

use super::assign::{aligned, aligned_by, alone};
use super::costs::Table;
use super::item::{Item, Part};
use super::pair::Edge;
use super::scoring::{Side, side};
use crate::finding::Confidence;

/// Facts about the ends of a stretch of text.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ends {
    /// The text continues before the stretch, so its first half may belong to one that is not here.
    pub cut_before: bool,
    /// The text continues after it.
    pub cut_after: bool,
    /// The order of the keys before the stretch: true if secrets come first.
    pub reversed: Option<bool>,
}

impl Ends {
    /// The ends of a region of a text of this length.
    pub(super) fn within(&self, region: &Range<usize>, len: usize) -> Self {
        Self {
            cut_before: self.cut_before && region.start == 0,
            cut_after: self.cut_after && region.end == len,
            ..*self
        }
    }
}

/// Costs of a pair that the length of the labels between the halves explains.
const SLACK: i64 = 30;

/// The pairs of a stretch, and the order of its last list: true if secrets come first, `None` if it
/// is not clear.
type Ordered = (Vec<Edge>, Option<bool>);

/// The order-preserving pairs of least cost, with the same order of the halves in each list;
/// `edges` are sorted by ids, then secrets.
pub(super) fn ordered(items: &[Item], edges: &[&Edge], costs: &Table, ends: &Ends) -> Ordered {
    let chosen = aligned(items, edges, costs);
    if chosen.is_empty() || edges.len() < 2 {
        return (chosen, None);
    }
    // The same edges, with the cost on those that keep the usual order.
    let turned: Vec<Edge> = edges
        .iter()
        .map(|edge| {
            let by = if edge.secret < edge.id { -costs.reversed } else { costs.reversed };
            Edge { cost: edge.cost + by, ..**edge }
        })
        .collect();
    let other = aligned(items, &turned.iter().collect::<Vec<_>>(), costs);
    let restored = |edge: &Edge| {
        let by = if edge.secret < edge.id { costs.reversed } else { -costs.reversed };
        Edge { cost: edge.cost + by, ..*edge }
    };
    let other: Vec<Edge> = other.iter().map(restored).collect();
    let lists = lists(items.len(), &chosen, &other);
    choose(items, costs, ends, chosen, lists)
}

/// Number of halves at a cut of which one may be in a list: a cut name has no meaning.
const HALVES_AT_CUT: usize = 2;

/// Replaces the pairs of lists by those in the order that is chosen for each.
fn choose(
    items: &[Item],
    costs: &Table,
    ends: &Ends,
    mut chosen: Vec<Edge>,
    lists: Vec<List>,
) -> Ordered {
    let mut order = chosen.last().map(|edge| edge.secret < edge.id);
    let halves: Vec<usize> =
        (0..items.len()).filter(|item| side(&items[*item]).is_some()).collect();
    let first = halves.get(HALVES_AT_CUT - 1).copied().unwrap_or(items.len());
    let last = halves.iter().rev().nth(HALVES_AT_CUT - 1).copied().unwrap_or(0);
    let mut is_listed = vec![false; items.len()];
    lists.iter().flat_map(|list| &list.usual).for_each(|edge| is_listed[edge.id] = true);
    chosen.retain(|edge| !is_listed[edge.id]);
    for list in lists {
        let begins_cut = ends.cut_before && list.ends.iter().any(|end| *end <= first);
        let ends_cut = ends.cut_after && list.ends.iter().any(|end| *end >= last);
        let verdict = list.verdict(items, costs, [begins_cut, ends_cut], ends.reversed);
        order = (verdict.most == Confidence::High).then_some(verdict.turn);
        let kept = if verdict.turn { list.turned } else { list.usual };
        chosen.extend(kept.into_iter().map(|mut edge| {
            if edge.confidence > verdict.most {
                edge.confidence = verdict.most;
                edge.rival = true;
            }
            edge
        }));
    }
    chosen.sort_by_key(|edge| (edge.id, edge.secret));
    (chosen, order)
}

/// Neighbouring halves that can be joined in two ways.
struct List {
    /// The pairs in the usual order, as far as possible.
    usual: Vec<Edge>,
    /// The pairs with each secret before its id, as far as possible.
    turned: Vec<Edge>,
    /// The halves that one of the two leaves alone.
    ends: Vec<usize>,
}

/// The choice for a list.
struct Verdict {
    /// The secrets come first.
    turn: bool,
    /// The most that a pair of it can have.
    most: Confidence,
}

impl List {
    /// Chooses the order; `cut` are the ends at which the text is cut.
    fn verdict(
        &self,
        items: &[Item],
        costs: &Table,
        cut: [bool; 2],
        before: Option<bool>,
    ) -> Verdict {
        let neutral = |edges: &[Edge]| -> i64 {
            let own =
                |edge: &Edge| edge.cost - if edge.secret < edge.id { costs.reversed } else { 0 };
            edges.iter().map(own).sum()
        };
        let (usual, turned) = (neutral(&self.usual), neutral(&self.turned));
        let (n, m) = (self.usual.len() as i64, self.turned.len() as i64);
        // The difference of a pair's mean cost, times n * m: more than 0 if the usual order has more
        // between the halves.
        let (gap, slack) = (usual * m - turned * n, SLACK * n * m);
        let sure = |turn: bool| Verdict { turn, most: Confidence::High };
        let likely = |turn: bool| Verdict { turn, most: Confidence::Medium };
        if n == 0 || m == 0 {
            return sure(false);
        }
        if cut[0] || cut[1] {
            // The half at an end that is there belongs to the one next to it.
            let end = self.ends.iter().filter(|_| !(cut[0] && cut[1])).find(|end| {
                let is_first = self.ends.iter().all(|other| other >= *end);
                if is_first { !cut[0] } else { !cut[1] }
            });
            return match (end, before.filter(|_| cut[0])) {
                _ if gap < -slack => sure(false),
                _ if gap > slack => likely(true),
                (Some(end), _) => {
                    let joins = |edge: &Edge| edge.id == *end || edge.secret == *end;
                    sure(self.turned.iter().any(joins))
                }
                (None, Some(turn)) => sure(turn),
                (None, None) => likely(false),
            };
        }
        if n != m {
            let more = m > n;
            // The pairs that leave fewer halves alone have at least as little between them.
            if if more { gap >= -slack } else { gap <= slack } {
                return sure(more);
            }
            let lone = |edges: &[Edge]| -> i64 {
                let is_in = |item: usize| edges.iter().any(|e| e.id == item || e.secret == item);
                let lone = self.ends.iter().filter(|end| !is_in(**end));
                lone.map(|end| alone(&items[*end], costs)).sum()
            };
            return likely(turned + lone(&self.turned) < usual + lone(&self.usual));
        }
        // One half is left alone at either end. For a few pairs [`super::doubt`] has the same effect.
        match n {
            _ if gap < -slack => sure(false),
            1 => sure(false),
            _ if gap > slack => likely(true),
            _ => {
                let first = self.ends.iter().min().map(|end| &items[*end]);
                let most = match first.and_then(side) {
                    Some(Side::Secret) => Confidence::Low,
                    _ => Confidence::Medium,
                };
                Verdict { turn: false, most }
            }
        }
    }
}

/// Halves whose other half is named without a value: an id with such a secret, a secret with such an
/// id.
///
/// If such names cost nothing alone, as in [`alone`], the id of one record is joined with the
/// secret of another one. If each costs as much as a value and none remains alone then, these are
/// the keys.
pub(super) fn torn(items: &[Item], edges: &[&Edge], costs: &Table) -> Vec<Edge> {
    let vacant =
        |item: &Item, half: bool| matches!(item.part, Part::Vacant { secret } if secret == half);
    let has = |half: bool| items.iter().any(|item| vacant(item, half));
    if !has(true) || !has(false) {
        return Vec::new();
    }
    let usual = aligned(items, edges, costs);
    let whole = aligned_by(items, edges, |item| match item.part {
        Part::Vacant { secret: true } => costs.alone_secret_key,
        Part::Vacant { secret: false } => costs.alone_id,
        _ => alone(item, costs),
    });
    // A list in which a half is left alone proves nothing.
    let lists = lists(items.len(), &usual, &whole);
    let is_part = |list: &&List| {
        let is_in = |end: &usize| list.turned.iter().any(|e| e.id == *end || e.secret == *end);
        list.usual.is_empty() || !list.ends.iter().all(is_in)
    };
    let mut is_open = vec![false; items.len()];
    let open = lists.iter().filter(is_part).flat_map(|list| &list.turned);
    open.for_each(|edge| is_open[edge.id] = true);
    let is_torn = |edge: &Edge| {
        let (id, secret) = (&items[edge.id], &items[edge.secret]);
        vacant(id, false) != vacant(secret, true)
            && !is_open[edge.id]
            && id.label.name.stem == secret.label.name.stem
    };
    let torn: Vec<Edge> = whole.into_iter().filter(is_torn).collect();
    let by_id = torn.iter().filter(|edge| vacant(&items[edge.id], false)).count();
    if by_id == 0 || by_id == torn.len() { Vec::new() } else { torn }
}

/// The lists in which two ways to join `items` differ.
fn lists(items: usize, usual: &[Edge], turned: &[Edge]) -> Vec<List> {
    let mut partners: [Vec<Option<Edge>>; 2] = [vec![None; items], vec![None; items]];
    for (direction, edges) in [usual, turned].into_iter().enumerate() {
        for edge in edges {
            partners[direction][edge.id] = Some(*edge);
            partners[direction][edge.secret] = Some(*edge);
        }
    }
    let partner = |direction: usize, item: usize| {
        let edge = partners[direction][item]?;
        Some(if edge.id == item { edge.secret } else { edge.id })
    };
    let mut seen = vec![false; items];
    let mut lists = Vec::new();
    for start in 0..items {
        if seen[start] || partner(0, start) == partner(1, start) {
            continue;
        }
        let mut list = List { usual: Vec::new(), turned: Vec::new(), ends: Vec::new() };
        let mut open = vec![start];
        seen[start] = true;
        while let Some(item) = open.pop() {
            let both = [partner(0, item), partner(1, item)];
            if both.contains(&None) {
                list.ends.push(item);
            }
            for (direction, other) in both.into_iter().enumerate() {
                // Each pair counts once, from its id.
                if let Some(edge) = partners[direction][item].filter(|edge| edge.id == item) {
                    if direction == 0 { list.usual.push(edge) } else { list.turned.push(edge) }
                }
                if let Some(other) = other.filter(|other| !seen[*other]) {
                    seen[other] = true;
                    open.push(other);
                }
            }
        }
        lists.push(list);
    }
    lists
}
