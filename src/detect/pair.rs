//! Pairing: which id and which secret are one credential.
//!
//! All ids and secrets of a stretch are one assignment. Names that tell keys apart (`PROD_…`, `…_2`)
//! decide first. The rest is aligned in order: of all ways to join ids and secrets without crossing,
//! the one of least cost, where cost is distance in lines plus what lies between. Order is kept,
//! because texts list ids and secrets in one order, side by side or one list behind the other.
//! Cost grows faster than distance, so that two lists are joined element by element.

use std::collections::HashMap;

use crate::aws::KeyKind;
use crate::finding::Confidence;

use super::item::{Item, Part};
use super::label::Says;
use super::random::Strength;
use super::structure::{Distance, Structure};

/// How far an id reaches, in bytes.
pub(super) const REACH_BYTES: usize = 8 * 1024;
/// How far an id reaches, in lines.
pub(super) const REACH_LINES: u32 = 40;
/// How far it reaches to a secret that no label names.
const UNLABELLED_LINES: u32 = 32;
/// Most secrets on either side of an id that are weighed.
const MOST_SECRETS: usize = 64;
/// Most items on either side that are looked at; no more ids stand in [`REACH_BYTES`].
const MOST_ITEMS: usize = REACH_BYTES / 20;
/// The cost of leaving an id alone, in hundredths of a line.
const SKIP_ID: i64 = 12_000;
/// What it costs that of an id and a secret only one has a name.
const UNLIKE: i64 = 300;
/// Above this cost no pair is made against the order.
const CROSSING_LIMIT: i64 = 5_000;

/// Items that are one credential, as indices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    /// The id.
    pub id: usize,
    /// Its secret.
    pub secret: usize,
    /// Its session token.
    pub token: Option<usize>,
    /// How sure that is.
    pub confidence: Confidence,
}

/// A possible pair.
#[derive(Clone, Copy, Debug)]
struct Edge {
    id: usize,
    secret: usize,
    cost: i64,
    confidence: Confidence,
}

/// Joins the items of a stretch, which are in order.
pub(super) fn pairs(items: &[Item], structure: &Structure) -> Vec<Pair> {
    let edges = edges(items, structure);
    let mut chosen = named(items, &edges);
    let taken: Vec<bool> = taken(items.len(), &chosen);
    let free: Vec<Edge> =
        edges.iter().filter(|edge| !taken[edge.id] && !taken[edge.secret]).copied().collect();
    chosen.extend(aligned(items, &free));
    let mut pairs = consistent(items, &edges, chosen);
    tokens(items, structure, &mut pairs);
    pairs.sort_by_key(|pair| items[pair.id].span.start);
    pairs
}

fn taken(len: usize, chosen: &[Edge]) -> Vec<bool> {
    let mut taken = vec![false; len];
    for edge in chosen {
        taken[edge.id] = true;
        taken[edge.secret] = true;
    }
    taken
}

/// Every id with every secret in its reach that may be its own.
fn edges(items: &[Item], structure: &Structure) -> Vec<Edge> {
    let mut edges = Vec::new();
    for from in 0..items.len() {
        let joins_ids = match items[from].part {
            Part::Id { signs, .. } => !signs,
            Part::Secret { .. } => false,
            Part::Token { .. } => continue,
        };
        let mut weighed = 0;
        for (to, distance) in structure.forwards(from) {
            if out_of_reach(items, from, to, &distance) || weighed == MOST_SECRETS {
                break;
            }
            let (id, secret) = match (&items[from].part, &items[to].part) {
                (Part::Id { .. }, Part::Secret { .. }) if joins_ids => (from, to),
                (Part::Secret { .. }, Part::Id { signs: false, .. }) => (to, from),
                _ => continue,
            };
            weighed += 1;
            if let Some((cost, confidence)) = cost(&items[secret], &distance) {
                // A bare id next to a secret with a name is a neighbour, not its partner.
                let alike = items[id].label.named == items[secret].label.named;
                let cost = cost + if alike { 0 } else { UNLIKE };
                edges.push(Edge { id, secret, cost, confidence });
            }
        }
    }
    edges
}

/// Whether an item is too far from another one to be weighed.
///
/// The items between count with what lies between them: thousands of ids in one line, a blank
/// after each, must not all be weighed against all.
fn out_of_reach(items: &[Item], from: usize, to: usize, distance: &Distance) -> bool {
    distance.lines > REACH_LINES
        || distance.bytes > REACH_BYTES
        || to - from > MOST_ITEMS
        || items[to].span.start.saturating_sub(items[from].span.end) > REACH_BYTES
}

/// What it costs to call two items a pair, and how sure that would be; `None` if they are not one.
fn cost(secret: &Item, distance: &Distance) -> Option<(i64, Confidence)> {
    let Part::Secret { strength, .. } = secret.part else { return None };
    let says = secret.label.says;
    let named = matches!(says, Says::Secret | Says::AwsSecret);
    let unfit = says == Says::Other
        || strength == Strength::Weak && !named
        || !named && distance.lines > UNLABELLED_LINES
        || distance.sections > 0;
    if unfit {
        return None;
    }
    let far = i64::from(distance.lines).max(distance.bytes as i64 / 200);
    let label = match says {
        Says::AwsSecret => 0,
        Says::Secret => 50,
        Says::Token | Says::Other => 3_000,
        Says::Nothing if distance.lines == 0 => 1_200,
        Says::Nothing => 2_500,
    };
    let cost = 100 * far
        + 2 * far * far
        + distance.bytes as i64 / 20
        + 300 * i64::from(distance.crossings.min(8))
        + 150 * i64::from(distance.blanks.min(4))
        + 1_500 * i64::from(distance.rulers.min(2))
        + 400 * i64::from(distance.entries.min(3))
        + 400 * i64::from(distance.dedented)
        + label;
    let one_record = distance.lines == 0
        || distance.lines <= 3 && distance.crossings == 0 && distance.blanks == 0;
    let confidence = match (strength, says) {
        (Strength::Weak, Says::AwsSecret) => Confidence::Medium,
        (Strength::Weak, _) => Confidence::Low,
        _ if named || one_record => Confidence::High,
        _ => Confidence::Medium,
    };
    Some((cost, confidence))
}

/// Pairs whose names share a qualifier that no other id or secret in reach has.
fn named(items: &[Item], edges: &[Edge]) -> Vec<Edge> {
    let mut ids: HashMap<&str, usize> = HashMap::new();
    let mut secrets: HashMap<&str, usize> = HashMap::new();
    for item in items.iter().filter(|item| !item.label.qualifier.is_empty()) {
        let counts = match item.part {
            Part::Id { .. } => &mut ids,
            Part::Secret { .. } => &mut secrets,
            Part::Token { .. } => continue,
        };
        *counts.entry(&item.label.qualifier).or_default() += 1;
    }
    let unique =
        |qualifier: &str| ids.get(qualifier) == Some(&1) && secrets.get(qualifier) == Some(&1);
    edges
        .iter()
        .filter(|edge| {
            let qualifier = &items[edge.id].label.qualifier;
            // Most have none, and there are many more ways to pair than items.
            !qualifier.is_empty()
                && *qualifier == items[edge.secret].label.qualifier
                && unique(qualifier)
        })
        .copied()
        .collect()
}

/// How an alignment got to a cell.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    SkipId,
    SkipSecret,
    Join,
}

/// The order-preserving pairs of least total cost.
///
/// A row an id, a column a secret, as in the alignment of two sequences; a row holds only the
/// columns within reach, so that the whole costs as much as there are edges.
fn aligned(items: &[Item], edges: &[Edge]) -> Vec<Edge> {
    let mut secrets: Vec<usize> = edges.iter().map(|edge| edge.secret).collect();
    secrets.sort_unstable();
    secrets.dedup();
    let mut sorted: Vec<Edge> = edges.to_vec();
    sorted.sort_by_key(|edge| (edge.id, edge.secret));
    let rows: Vec<&[Edge]> = sorted.chunk_by(|a, b| a.id == b.id).collect();
    let column = |edge: &Edge| secrets.partition_point(|&secret| secret < edge.secret);
    // What it costs to leave the secrets before each column alone.
    let mut left = vec![0];
    for &secret in &secrets {
        let alone = match items[secret].label.says {
            Says::AwsSecret => 1_500,
            Says::Secret => 800,
            _ => 0,
        };
        left.push(left[left.len() - 1] + alone);
    }
    let mut low: Vec<usize> = rows.iter().map(|row| column(&row[0])).collect();
    let mut high: Vec<usize> = rows.iter().map(|row| column(&row[row.len() - 1]) + 1).collect();
    for row in (1..rows.len()).rev() {
        low[row - 1] = low[row - 1].min(low[row]);
    }
    for row in 1..rows.len() {
        high[row] = high[row].max(high[row - 1]);
    }
    let mut steps: Vec<Vec<Step>> = Vec::with_capacity(rows.len());
    let mut above: (usize, Vec<i64>) = (0, left.clone());
    for (row, edges) in rows.iter().enumerate() {
        let before = |at: usize| {
            let last = above.1.len() - 1;
            let within = (at - above.0).min(last);
            above.1[within] + left[at] - left[above.0 + within]
        };
        let mut costs: Vec<i64> = Vec::with_capacity(high[row] - low[row] + 1);
        let mut taken = Vec::with_capacity(costs.capacity());
        let mut next = 0;
        for at in low[row]..=high[row] {
            let mut best = (before(at) + SKIP_ID, Step::SkipId);
            if at > low[row] {
                let skipped = costs[costs.len() - 1] + left[at] - left[at - 1];
                best = best.min_by_cost((skipped, Step::SkipSecret));
                if edges.get(next).is_some_and(|edge| column(edge) == at - 1) {
                    best = best.min_by_cost((before(at - 1) + edges[next].cost, Step::Join));
                    next += 1;
                }
            }
            costs.push(best.0);
            taken.push(best.1);
        }
        above = (low[row], costs);
        steps.push(taken);
    }
    backtrack(&rows, &steps, &low, &high, column)
}

/// Keeps the cheaper of two ways.
trait Cheaper {
    fn min_by_cost(self, other: Self) -> Self;
}

impl Cheaper for (i64, Step) {
    fn min_by_cost(self, other: Self) -> Self {
        if other.0 < self.0 { other } else { self }
    }
}

fn backtrack(
    rows: &[&[Edge]],
    steps: &[Vec<Step>],
    low: &[usize],
    high: &[usize],
    column: impl Fn(&Edge) -> usize,
) -> Vec<Edge> {
    let mut chosen = Vec::new();
    let Some(mut at) = high.last().copied() else { return chosen };
    let mut row = rows.len();
    while row > 0 {
        at = at.min(high[row - 1]);
        match steps[row - 1][at - low[row - 1]] {
            Step::SkipSecret => at -= 1,
            Step::SkipId => row -= 1,
            Step::Join => {
                at -= 1;
                chosen.extend(rows[row - 1].iter().find(|edge| column(edge) == at));
                row -= 1;
            }
        }
    }
    chosen
}

/// One secret an id and one id a secret, by value: the cheapest stands, and what is then left is
/// joined where a label vouches for it.
fn consistent(items: &[Item], edges: &[Edge], mut chosen: Vec<Edge>) -> Vec<Pair> {
    let mut secret_of: HashMap<&str, &[u8]> = HashMap::new();
    let mut id_of: HashMap<&[u8], &str> = HashMap::new();
    let mut used = vec![false; items.len()];
    let mut pairs = Vec::new();
    chosen.sort_by_key(|edge| (edge.cost, edge.id, edge.secret));
    let mut rest: Vec<&Edge> = edges
        .iter()
        .filter(|edge| {
            edge.cost <= CROSSING_LIMIT
                && matches!(items[edge.secret].label.says, Says::Secret | Says::AwsSecret)
        })
        .collect();
    rest.sort_by_key(|edge| (edge.cost, edge.id, edge.secret));
    for edge in chosen.iter().chain(rest) {
        let (Part::Id { id, .. }, Part::Secret { value, .. }) =
            (&items[edge.id].part, &items[edge.secret].part)
        else {
            continue;
        };
        let fits = secret_of.get(id.as_str()).is_none_or(|known| *known == value.expose())
            && id_of.get(value.expose()).is_none_or(|known| *known == id.as_str());
        if used[edge.id] || used[edge.secret] || !fits {
            continue;
        }
        used[edge.id] = true;
        used[edge.secret] = true;
        secret_of.insert(id.as_str(), value.expose());
        id_of.insert(value.expose(), id.as_str());
        pairs.push(Pair {
            id: edge.id,
            secret: edge.secret,
            token: None,
            confidence: edge.confidence,
        });
    }
    pairs
}

/// Gives each temporary key the session token nearest to it.
fn tokens(items: &[Item], structure: &Structure, pairs: &mut [Pair]) {
    let mut ways: Vec<(i64, usize, usize)> = Vec::new();
    let pair_of: HashMap<usize, usize> =
        pairs.iter().enumerate().map(|(index, pair)| (pair.id, index)).collect();
    let is_end = |item: &Item| match item.part {
        Part::Token { .. } => true,
        Part::Id { id, .. } => id.kind() == KeyKind::Temporary,
        Part::Secret { .. } => false,
    };
    for from in (0..items.len()).filter(|&from| is_end(&items[from])) {
        let mut weighed = 0;
        for (to, distance) in structure.forwards(from) {
            if out_of_reach(items, from, to, &distance) || weighed == MOST_SECRETS {
                break;
            }
            let (id, token) = match (&items[from].part, &items[to].part) {
                (Part::Id { .. }, Part::Token { .. }) => (from, to),
                (Part::Token { .. }, Part::Id { .. }) => (to, from),
                _ => continue,
            };
            let Part::Token { known, .. } = items[token].part else { continue };
            weighed += 1;
            if !is_end(&items[id]) || distance.sections > 0 {
                continue;
            }
            let named = known || items[token].label.says == Says::Token;
            let far = i64::from(distance.lines).max(distance.bytes as i64 / 200);
            let cost = 100 * far
                + distance.bytes as i64 / 20
                + 300 * i64::from(distance.crossings.min(8))
                + if named { 0 } else { 3_000 };
            ways.push((cost, id, token));
        }
    }
    ways.sort_unstable();
    let mut used = vec![false; items.len()];
    for (_, id, token) in ways {
        let Some(&pair) = pair_of.get(&id) else { continue };
        if pairs[pair].token.is_none() && !used[token] {
            pairs[pair].token = Some(token);
            used[token] = true;
        }
    }
}
