//! Pairing: which id and which secret are one key, and how sure that is.
//!
//! Names decide first: an id and a secret that alone share a stem (`PROD_…`, `…_2`) are one key
//! however far apart they stand. What then remains is joined as one assignment of least cost over
//! the evidence of names, records and distance ([`super::costs`]). A pair that has a rival of almost
//! the same cost is not called sure.

use std::collections::HashMap;

use crate::finding::{Confidence, Evidence, Nearness};

use super::assign::aligned;
use super::costs::Table;
use super::doubt::{doubt, same_secret};
use super::item::{Item, Part};
use super::name::Role;
use super::named::named;
use super::relation::Context;
use super::scoring::PairScorer;
use super::session;
use super::structure::Structure;

/// How far an id reaches, in bytes.
pub(super) const REACH_BYTES: usize = 16 * 1024;
/// How far an id reaches, in lines.
pub(super) const REACH_LINES: u32 = 200;
/// Most secrets on either side of an id that are weighed.
pub(super) const MOST_SECRETS: usize = 96;
/// Most items on either side that are looked at; no more ids stand in [`REACH_BYTES`].
pub(super) const MOST_ITEMS: usize = 512;
/// Other secrets that are kept for an id, in case that verification rejects its own.
const MOST_OTHERS: usize = 4;

/// Items that are one credential, as indices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    /// The id.
    pub id: usize,
    /// Its secret.
    pub secret: usize,
    /// Its session token.
    pub token: Option<usize>,
    /// How sure that is.
    pub confidence: Confidence,
    /// What speaks for it.
    pub evidence: Evidence,
}

/// A possible pair: small, as each id of a list has dozens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    /// The id.
    pub id: usize,
    /// The secret.
    pub secret: usize,
    /// What it costs to join them.
    pub cost: i64,
    /// How sure that would be.
    pub confidence: Confidence,
    /// Where the two stand to each other.
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

/// What pairing says of a stretch.
#[derive(Debug, Default)]
pub(super) struct Pairing {
    /// The pairs, in the order of their ids.
    pub pairs: Vec<Pair>,
    /// Ids with secrets that are not their own by this evidence, the likeliest first.
    pub others: Vec<Pair>,
}

/// Joins the items of a stretch, which are in order; `keeps_others` asks for [`Pairing::others`].
pub(super) fn pairs(
    context: &Context<'_>,
    structure: &Structure,
    costs: &Table,
    keeps_others: bool,
) -> Pairing {
    let items = context.items;
    let scorer = PairScorer::new(context, costs);
    let edges = scorer.edges(structure);
    let mut chosen = named(&scorer, structure);
    let mut taken = vec![false; items.len()];
    for edge in &chosen {
        taken[edge.id] = true;
        taken[edge.secret] = true;
    }
    let free: Vec<&Edge> =
        edges.iter().filter(|edge| !taken[edge.id] && !taken[edge.secret]).collect();
    let named = chosen.len();
    let mut rest = aligned(items, &free, costs);
    doubt(items, &free, &mut rest, costs);
    chosen.extend(rest);
    let mut pairs = consistent(items, &edges, &chosen, named, costs);
    session::tokens(context, structure, &mut pairs);
    pairs.sort_by_key(|pair| items[pair.id].span.start);
    let others = if keeps_others { others(items, &edges, &pairs) } else { vec![] };
    Pairing { pairs, others }
}

/// One secret an id and one id a secret, by value: what names join stands, then the cheapest, and
/// what is then left is joined where a label vouches for it.
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
            // A half whose other half is named but absent is not given another one.
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

/// Secrets that an id was not joined with, the likeliest first: verification may ask about them.
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
