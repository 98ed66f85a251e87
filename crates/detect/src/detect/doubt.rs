//! Doubt: a pair is not certain if another way to join the same items costs hardly more.

use std::collections::HashMap;

use crate::finding::Confidence;

use super::assign::alone;
use super::costs::Table;
use super::item::{Item, Part};
use super::pair::Edge;

/// Lowers the confidence of pairs with a rival: another way to join the same items costs hardly
/// more.
pub(super) fn doubt(items: &[Item], edges: &[&Edge], chosen: &mut [Edge], costs: &Table) {
    let mut sorted: Vec<&Edge> = edges.to_vec();
    sorted.sort_by_key(|edge| (edge.id, edge.secret));
    let find = |id: usize, secret: usize| {
        let at = sorted.binary_search_by_key(&(id, secret), |edge| (edge.id, edge.secret));
        at.ok().map(|at| sorted[at])
    };
    let mut by_secret: Vec<&Edge> = sorted.clone();
    by_secret.sort_by_key(|edge| (edge.secret, edge.id));
    let mut of_id: HashMap<usize, (usize, i64)> = HashMap::new();
    let mut of_secret: HashMap<usize, (usize, i64)> = HashMap::new();
    for edge in chosen.iter() {
        of_id.insert(edge.id, (edge.secret, edge.cost));
        of_secret.insert(edge.secret, (edge.id, edge.cost));
    }
    for edge in chosen.iter_mut().filter(|edge| edge.confidence == Confidence::High) {
        let first = sorted.partition_point(|other| other.id < edge.id);
        let of_same_id = sorted[first..].iter().take_while(|other| other.id == edge.id);
        let by_other_secret = of_same_id.filter(|other| other.secret != edge.secret).any(|other| {
            let differs = !same_secret(&items[other.secret], &items[edge.secret]);
            let swap = match of_secret.get(&other.secret) {
                Some(&(id, cost)) => find(id, edge.secret)
                    .map(|crossed| other.cost + crossed.cost - edge.cost - cost),
                None => Some(
                    other.cost + alone(&items[edge.secret], costs)
                        - edge.cost
                        - alone(&items[other.secret], costs),
                ),
            };
            let free = !of_secret.contains_key(&other.secret);
            let margin = match free {
                true => margin(&items[edge.secret], &items[other.secret], edge, costs),
                false => costs.rival,
            };
            differs && swap.is_some_and(|more| more <= margin)
        });
        let first = by_secret.partition_point(|other| other.secret < edge.secret);
        let of_same = by_secret[first..].iter().take_while(|other| other.secret == edge.secret);
        let by_other_id = of_same.filter(|other| other.id != edge.id).any(|other| {
            let free = !of_id.contains_key(&other.id) && items[other.id].id().is_some();
            let differs = items[other.id].id() != items[edge.id].id();
            let margin = margin(&items[edge.id], &items[other.id], edge, costs);
            free && differs && other.cost - edge.cost <= margin
        });
        if by_other_secret || by_other_id {
            edge.confidence = Confidence::Medium;
            edge.rival = true;
        }
    }
}

/// The extra cost up to which another half is a rival. If two halves have the same name and are
/// both free, the nearer is hardly likelier.
fn margin(own: &Item, other: &Item, edge: &Edge, costs: &Table) -> i64 {
    let (own, other) = (&own.label.name, &other.label.name);
    let twins = own.named == other.named && own.role == other.role && own.stem == other.stem;
    match twins {
        // For two unnamed values, the one next to the id is not likelier than one further along the
        // line.
        true if !own.named => costs.rival.max(2 * edge.cost) + costs.unnamed_beside,
        true => costs.rival.max(2 * edge.cost),
        false => costs.rival,
    }
}

/// True if two items are the same secret.
pub(super) fn same_secret(a: &Item, b: &Item) -> bool {
    match (&a.part, &b.part) {
        (Part::Secret { value: a, .. }, Part::Secret { value: b, .. }) => a == b,
        _ => false,
    }
}
