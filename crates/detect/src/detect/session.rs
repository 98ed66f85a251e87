//! Session tokens: each belongs to the nearest temporary key.

use std::collections::HashMap;

use crate::aws::KeyKind;

use super::item::{Item, Part};
use super::name::{Name, Role};
use super::pair::{MOST_ITEMS, MOST_SECRETS, Pair, REACH_BYTES, REACH_LINES};
use super::relation::Context;
use super::structure::{Distance, Structure};
use super::vacant::is_name;

/// Words of the names of temporary keys and their tokens, which distinguish no keys.
const PARTS: [&str; 9] =
    ["aws", "federation", "security", "session", "sts", "temp", "temporary", "token", "tokens"];
/// The cost of a token whose name has a word that the name of the id does not have, or lacks one.
const OTHER_WORD: i64 = 1_500;
/// Bytes around a key in which its own token may be named without a value.
const NEAR: usize = 200;

/// The words that distinguish a key or a token from others in its text.
fn own_words(signature: &str) -> Vec<&str> {
    signature.split_whitespace().filter(|word| !PARTS.contains(word)).collect()
}

/// The cost of the names of an id and a token; `None` if they name different keys.
fn name_cost(
    context: &Context<'_>,
    [id, token]: [usize; 2],
    words: [&[&str]; 2],
    alone: bool,
) -> Option<i64> {
    let [a, b] = words;
    if a == b {
        return Some(0);
    }
    let within = |small: &[&str], large: &[&str]| small.iter().all(|word| large.contains(word));
    let items = [&context.items[id], &context.items[token]];
    let is_phrase = items.iter().any(|item| item.label.name.loose);
    let is_part = within(a, b) || within(b, a);
    let may = (is_part || is_phrase || alone) && !is_elsewhere(context.text, items, a);
    may.then_some(OTHER_WORD)
}

/// True if another name around an id and a token is that of the id's own token.
fn is_elsewhere(text: &[u8], [id, token]: [&Item; 2], id_words: &[&str]) -> bool {
    let from = id.span.start.min(token.span.start).saturating_sub(NEAR);
    let to = (id.span.end.max(token.span.end) + NEAR).min(text.len());
    let window = &text[from.min(to)..to];
    let mut places = memchr::memmem::find_iter(window, b"ession")
        .chain(memchr::memmem::find_iter(window, b"ESSION"))
        .take(MOST_SECRETS);
    places.any(|at| {
        let start = window[..at].iter().rposition(|byte| !is_name(*byte)).map_or(0, |by| by + 1);
        let len = window[at..].iter().take_while(|byte| is_name(**byte)).count();
        let name = Name::of(&window[start..at + len], false);
        let words: Vec<&str> =
            name.stem.iter().map(String::as_str).filter(|word| !PARTS.contains(word)).collect();
        name.role == Role::Token && words == id_words
    })
}

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
    let count = |is: &dyn Fn(&Item) -> bool| items.iter().filter(|item| is(item)).count();
    // The only id and the only token need no common name.
    let alone = count(&|item| item.id().is_some_and(|id| id.kind() == KeyKind::Temporary)) == 1
        && count(&|item| matches!(item.part, Part::Token { .. })) == 1;
    let signature = |item: usize| {
        if is_end(&items[item]) { context.signature(item, false) } else { String::new() }
    };
    let signatures: Vec<String> = (0..items.len()).map(signature).collect();
    let words: Vec<Vec<&str>> = signatures.iter().map(|signature| own_words(signature)).collect();
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
            let relation = context.relation(id, token);
            if !is_end(&items[id]) || relation.apart || relation.split {
                continue;
            }
            let names = [words[id].as_slice(), words[token].as_slice()];
            let Some(names) = name_cost(context, [id, token], names, alone) else { continue };
            let named = known || items[token].label.name.role == Role::Token;
            let far = i64::from(distance.lines).max(distance.bytes as i64 / 200);
            let cost = 100 * far
                + distance.bytes as i64 / 20
                + 300 * i64::from(distance.crossings.min(8))
                + names
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
