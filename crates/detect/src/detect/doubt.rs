//! Doubt: a pair is not certain if another way to join the same items costs hardly more.

use crate::finding::Confidence;

use super::assign::alone;
use super::costs::Table;
use super::item::{Item, Part};
use super::pair::{Edge, grouped};

/// Lowers the confidence of pairs with a rival: another way to join the same items costs hardly
/// more. `edges` are sorted by ids, then secrets.
pub(super) fn doubt(items: &[Item], edges: &[&Edge], chosen: &mut [Edge], costs: &Table) {
    let (by_id, ids) = grouped(edges, items.len(), |edge| edge.id);
    let (by_secret, secrets) = grouped(edges, items.len(), |edge| edge.secret);
    let of_id = |id: usize| &by_id[ids[id]..ids[id + 1]];
    let of_secret = |secret: usize| &by_secret[secrets[secret]..secrets[secret + 1]];
    let cost = |id: usize, secret: usize| {
        let edges = of_id(id);
        let at = edges.binary_search_by_key(&secret, |edge| edge.secret);
        at.ok().map(|at| edges[at].cost)
    };
    let least = edges.iter().map(|edge| edge.cost).min().unwrap_or(0);
    let mut partners: Vec<Option<(usize, i64)>> = vec![None; items.len()];
    for edge in chosen.iter() {
        partners[edge.id] = Some((edge.secret, edge.cost));
        partners[edge.secret] = Some((edge.id, edge.cost));
    }
    for edge in chosen.iter_mut().filter(|edge| edge.confidence == Confidence::High) {
        let by_other_secret =
            of_id(edge.id).iter().filter(|it| it.secret != edge.secret).any(|other| {
                let is_rival = match partners[other.secret] {
                    Some((id, own)) => {
                        let most = costs.rival - other.cost + edge.cost + own;
                        // Most of the others are too far away for any exchange.
                        least <= most
                            && cost(id, edge.secret).is_some_and(|crossed| crossed <= most)
                    }
                    None => {
                        let swap = other.cost + alone(&items[edge.secret], costs)
                            - edge.cost
                            - alone(&items[other.secret], costs);
                        swap <= margin(&items[edge.secret], &items[other.secret], edge, costs)
                    }
                };
                is_rival && !same_secret(&items[other.secret], &items[edge.secret])
            });
        let by_other_id =
            of_secret(edge.secret).iter().filter(|it| it.id != edge.id).any(|other| {
                let free = partners[other.id].is_none() && items[other.id].id().is_some();
                let margin = || margin(&items[edge.id], &items[other.id], edge, costs);
                free && other.cost - edge.cost <= margin()
                    && items[other.id].id() != items[edge.id].id()
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
    let alike = own.named == other.named && own.role == other.role && own.stem == other.stem;
    match alike {
        // For two unnamed values, the one next to the id is not likelier than one further along the
        // line.
        true if !own.named => costs.rival.max(2 * edge.cost) + costs.unnamed_on_line,
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
