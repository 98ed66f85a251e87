//! Session tokens: each belongs to the nearest temporary key.

use std::collections::HashMap;

use crate::aws::KeyKind;

use super::item::{Item, Part};
use super::name::Role;
use super::pair::{MOST_ITEMS, MOST_SECRETS, Pair, REACH_BYTES, REACH_LINES};
use super::relation::Context;
use super::structure::{Distance, Structure};

/// True if a token is too far from an id to be scored.
fn out_of_reach(from: usize, to: usize, distance: &Distance) -> bool {
    distance.lines > REACH_LINES || distance.bytes > REACH_BYTES || to - from > MOST_ITEMS
}

/// Gives each temporary key the session token nearest to it.
pub(super) fn tokens(context: &Context<'_>, structure: &Structure, pairs: &mut [Pair]) {
    let items = context.items;
    let mut choices: Vec<(i64, usize, usize)> = Vec::new();
    let pair_of: HashMap<usize, usize> =
        pairs.iter().enumerate().map(|(index, pair)| (pair.id, index)).collect();
    let is_end = |item: &Item| match item.part {
        Part::Token { .. } => true,
        Part::Id { id, .. } => id.kind() == KeyKind::Temporary,
        Part::Secret { .. } | Part::Mail { .. } | Part::Vacant { .. } => false,
    };
    for from in (0..items.len()).filter(|&from| is_end(&items[from])) {
        let mut compared = 0;
        for (to, distance) in structure.forwards(from) {
            if out_of_reach(from, to, &distance) || compared == MOST_SECRETS {
                break;
            }
            let (id, token) = match (&items[from].part, &items[to].part) {
                (Part::Id { .. }, Part::Token { .. }) => (from, to),
                (Part::Token { .. }, Part::Id { .. }) => (to, from),
                _ => continue,
            };
            let Part::Token { known, .. } = items[token].part else { continue };
            compared += 1;
            if !is_end(&items[id]) || context.relation(id, token).apart {
                continue;
            }
            let named = known || items[token].label.name.role == Role::Token;
            let far = i64::from(distance.lines).max(distance.bytes as i64 / 200);
            let cost = 100 * far
                + distance.bytes as i64 / 20
                + 300 * i64::from(distance.crossings.min(8))
                + if named { 0 } else { 3_000 };
            choices.push((cost, id, token));
        }
    }
    choices.sort_unstable();
    let mut used = vec![false; items.len()];
    for (_, id, token) in choices {
        let Some(&pair) = pair_of.get(&id) else { continue };
        if pairs[pair].token.is_none() && !used[token] {
            pairs[pair].token = Some(token);
            used[token] = true;
        }
    }
}
