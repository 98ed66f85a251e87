//! Pairing: decides which id and which secret are one key, and with which confidence.
//!
//! Names decide first: an id and a secret that are the only ones with a stem (`PROD_…`, `…_2`) are
//! one key at any distance. The remaining items are joined as one assignment of least cost, based
//! on names, records and distance ([`super::costs`]). A pair with a rival of almost the same cost
//! is not certain.

use std::collections::HashMap;

use crate::finding::{Confidence, Evidence, Nearness};

use super::costs::Table;
use super::doubt::{doubt, same_secret};
use super::item::{Item, Part};
use super::name::Role;
use super::named::named;
use super::order::{Ends, ordered, torn};
use super::relation::Context;
use super::scoring::PairScorer;
use super::session;
use super::structure::Structure;

/// The reach of an id, in bytes.
pub(super) const REACH_BYTES: usize = 16 * 1024;
/// The reach of an id, in lines.
pub(super) const REACH_LINES: u32 = 200;
/// Maximum number of secrets on either side of an id that are scored.
pub(super) const MOST_SECRETS: usize = 96;
/// Maximum number of items on either side that are examined; [`REACH_BYTES`] do not contain more ids.
pub(super) const MOST_ITEMS: usize = 512;
/// Maximum number of other secrets that are kept for an id, in case verification rejects its own.
const MOST_OTHERS: usize = 4;

/// Items that form one credential, as indices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    /// The id.
    pub id: usize,
    /// Its secret.
    pub secret: usize,
    /// Its session token.
    pub token: Option<usize>,
    /// The confidence that they belong together.
    pub confidence: Confidence,
    /// The evidence for it.
    pub evidence: Evidence,
}

/// A possible pair. The type is small because each id of a list has dozens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    /// The id.
    pub id: usize,
    /// The secret.
    pub secret: usize,
    /// The cost of joining them.
    pub cost: i64,
    /// The confidence that the pair would have.
    pub confidence: Confidence,
    /// The relative position of the two.
    pub nearness: Nearness,
    /// Lines between them.
    pub lines: u32,
    /// Another half fits almost as well.
    pub rival: bool,
}

impl Edge {
    fn pair(&self, items: &[Item]) -> Pair {
        let (id, secret) = (&items[self.id].label.name, &items[self.secret].label.name);
        let evidence = Evidence {
            stem: shared_stem(&id.stem, &secret.stem),
            nearness: self.nearness,
            lines: self.lines,
            labelled: secret.role.is_secret(),
            rival: self.rival,
        };
        let (id, secret, confidence) = (self.id, self.secret, self.confidence);
        Pair { id, secret, token: None, confidence, evidence }
    }
}

fn shared_stem(id: &[String], secret: &[String]) -> Option<String> {
    let shown = |words: &[String]| words.iter().all(|word| word.len() <= 16) && words.len() <= 4;
    (!id.is_empty() && id == secret && shown(id)).then(|| id.join("_"))
}

/// The result of pairing a stretch.
#[derive(Debug, Default)]
pub(super) struct Pairing {
    /// The pairs, sorted by their ids.
    pub pairs: Vec<Pair>,
    /// Ids with secrets that this evidence does not assign to them, the likeliest first.
    pub others: Vec<Pair>,
    /// True if the secrets come first in the last list, `None` if this is not clear.
    pub reversed: Option<bool>,
}

/// Joins the items of a stretch, which are sorted; `keeps_others` requests [`Pairing::others`].
pub(super) fn pairs(
    context: &Context<'_>,
    structure: &Structure,
    costs: &Table,
    ends: &Ends,
    keeps_others: bool,
) -> Pairing {
    let items = context.items;
    let scorer = PairScorer::new(context, costs);
    let (edges, _) = grouped(&scorer.edges(structure), items.len(), |edge| edge.id);
    let torn = torn(items, &edges.iter().collect::<Vec<_>>(), costs);
    let mut chosen = named(&scorer, structure, torn);
    let mut used = vec![false; items.len()];
    for edge in &chosen {
        used[edge.id] = true;
        used[edge.secret] = true;
    }
    let free: Vec<&Edge> =
        edges.iter().filter(|edge| !used[edge.id] && !used[edge.secret]).collect();
    let named = chosen.len();
    let (mut rest, reversed) = ordered(items, &free, costs, ends);
    doubt(items, &free, &mut rest, costs);
    chosen.extend(rest);
    let mut pairs = consistent(items, &edges, &chosen, named, costs);
    session::tokens(context, structure, &mut pairs);
    pairs.sort_by_key(|pair| items[pair.id].span.start);
    let others = if keeps_others { others(items, &edges, &pairs) } else { vec![] };
    Pairing { pairs, others, reversed }
}

/// Edges in order of their ids or secrets, as `half` says, and where those of each item begin. Edges
/// of the same item keep their order.
///
/// A list of keys on one line has a hundred edges for each key: this takes time in proportion to
/// their number, as a sort does not.
pub(super) fn grouped<E: Copy>(
    edges: &[E],
    items: usize,
    half: impl Fn(&E) -> usize,
) -> (Vec<E>, Vec<usize>) {
    let mut starts = vec![0; items + 1];
    edges.iter().for_each(|edge| starts[half(edge) + 1] += 1);
    for item in 0..items {
        starts[item + 1] += starts[item];
    }
    let (mut next, mut sorted) = (starts.clone(), edges.to_vec());
    for edge in edges {
        let place = &mut next[half(edge)];
        sorted[*place] = *edge;
        *place += 1;
    }
    (sorted, starts)
}

/// Makes pairs unique by value, with one secret per id and one id per secret. Pairs by name are
/// kept, then the cheapest ones. The remaining items are joined if a label confirms it.
fn consistent(
    items: &[Item],
    edges: &[Edge],
    chosen: &[Edge],
    named: usize,
    costs: &Table,
) -> Vec<Pair> {
    let mut secret_of: HashMap<&str, &[u8]> = HashMap::new();
    let mut id_of: HashMap<&[u8], &str> = HashMap::new();
    let mut used = vec![false; items.len()];
    let mut pairs = Vec::new();
    let (named, aligned) = chosen.split_at(named);
    let rest = edges.iter().filter(|edge| {
        edge.cost <= costs.crossing_limit
            && matches!(items[edge.secret].label.name.role, Role::Secret | Role::SecretKey)
    });
    let named = cheapest(named.iter());
    let aligned = cheapest(aligned.iter());
    let rest = cheapest(rest);
    for edge in named.into_iter().chain(aligned).chain(rest) {
        if used[edge.id] || used[edge.secret] {
            continue;
        }
        let (id, value) = match (&items[edge.id].part, &items[edge.secret].part) {
            (Part::Id { id, .. }, Part::Secret { value, .. }) => (id, value),
            // A half whose other half is named but absent does not get another one.
            _ => {
                used[edge.id] = true;
                used[edge.secret] = true;
                continue;
            }
        };
        let fits = secret_of.get(id.as_str()).is_none_or(|known| *known == value.expose())
            && id_of.get(value.expose()).is_none_or(|known| *known == id.as_str());
        if !fits {
            continue;
        }
        used[edge.id] = true;
        used[edge.secret] = true;
        secret_of.insert(id.as_str(), value.expose());
        id_of.insert(value.expose(), id.as_str());
        pairs.push(edge.pair(items));
    }
    pairs
}

fn cheapest<'e>(edges: impl Iterator<Item = &'e Edge>) -> Vec<&'e Edge> {
    let mut edges: Vec<&Edge> = edges.collect();
    edges.sort_by_key(|edge| (edge.cost, edge.id, edge.secret));
    edges
}

/// Secrets with which an id was not joined, the likeliest first: verification may try them.
fn others(items: &[Item], edges: &[Edge], pairs: &[Pair]) -> Vec<Pair> {
    let own: HashMap<usize, usize> = pairs.iter().map(|pair| (pair.id, pair.secret)).collect();
    let real = |edge: &&Edge| {
        matches!(items[edge.id].part, Part::Id { .. })
            && matches!(items[edge.secret].part, Part::Secret { .. })
    };
    let mut rest: Vec<&Edge> = edges
        .iter()
        .filter(real)
        .filter(|edge| {
            own.get(&edge.id).is_none_or(|&own| !same_secret(&items[own], &items[edge.secret]))
        })
        .collect();
    rest.sort_by_key(|edge| (edge.id, edge.cost, edge.secret));
    let by_id = rest.chunk_by(|a, b| a.id == b.id);
    by_id.flat_map(|edges| edges.iter().take(MOST_OTHERS)).map(|edge| edge.pair(items)).collect()
}
