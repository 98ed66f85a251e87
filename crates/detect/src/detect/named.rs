//! Pairs by name alone: an id and a secret whose names are unique, wherever they are.

use std::collections::{BTreeMap, HashMap};

use crate::finding::Confidence;

use super::item::{Item, Part};
use super::label::Label;
use super::name::Role;
use super::outline::Kind;
use super::pair::Edge;
use super::scoring::{PairScorer, Side, side};
use super::structure::Structure;

/// Ids and secrets of one name.
type Halves = (Vec<usize>, Vec<usize>);

/// The part of the text within which a name must be unique.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    /// One line.
    Line,
    /// One scope.
    Scope,
    /// All comments, or all text that is not a comment.
    Comment,
    /// The whole stretch.
    Text,
    /// The whole stretch, including names that have no value.
    Absent,
}

impl Level {
    const ALL: [Self; 5] = [Self::Line, Self::Scope, Self::Comment, Self::Text, Self::Absent];
}

/// Ids whose record names a secret without giving it, and contains no other. The secret is
/// elsewhere.
fn absent(scorer: &PairScorer<'_>, structure: &Structure) -> Vec<Edge> {
    let context = scorer.context;
    let mut records: BTreeMap<usize, Halves> = BTreeMap::new();
    for (index, item) in context.items.iter().enumerate() {
        let scope = context.innermost(index);
        if matches!(
            context.outline.scope(scope).kind,
            Kind::Bracket(b'{' | b'(' | b'[') | Kind::Element
        ) {
            let (ids, secrets) = records.entry(scope).or_default();
            match side(item) {
                Some(Side::Id) if item.id().is_some() => ids.push(index),
                Some(Side::Secret) => secrets.push(index),
                _ => {}
            }
        }
    }
    let absent = records.into_values().filter_map(|halves| {
        let ([id], [secret]) = (halves.0.as_slice(), halves.1.as_slice()) else { return None };
        let is_vacant = matches!(context.items[*secret].part, Part::Vacant { .. });
        is_vacant.then(|| scorer.score(*id, *secret, &structure.between(*id, *secret)))?
    });
    absent.collect()
}

/// Ids of other providers that have no name, with the secret after each.
fn of_others(scorer: &PairScorer<'_>, structure: &Structure) -> Vec<Edge> {
    let items = scorer.context.items;
    let is_nameless = |item: &Item| {
        matches!(item.part, Part::Vacant { secret: false }) && item.label == Label::default()
    };
    let pairs = (1..items.len())
        .filter(|&at| is_nameless(&items[at - 1]) && matches!(items[at].part, Part::Secret { .. }));
    pairs.filter_map(|at| scorer.score(at - 1, at, &structure.between(at - 1, at))).collect()
}

/// Pairs whose names no other id or secret has: on their line, in their scope, among the comments
/// or the other text, or in the whole stretch. Names whose other half is absent come last.
///
/// `torn` are pairs that come before all of these.
pub(super) fn named(scorer: &PairScorer<'_>, structure: &Structure, torn: Vec<Edge>) -> Vec<Edge> {
    let context = scorer.context;
    let items = context.items;
    let mut used = vec![false; items.len()];
    let mut chosen = torn;
    for edge in absent(scorer, structure).into_iter().chain(of_others(scorer, structure)) {
        if !chosen.iter().any(|own| own.id == edge.id || own.secret == edge.secret) {
            chosen.push(edge);
        }
    }
    for edge in &chosen {
        used[edge.id] = true;
        used[edge.secret] = true;
    }
    // The only id and the only secret need no stem.
    let count = |one: Side| items.iter().filter(|item| side(item) == Some(one)).count();
    let alone = count(Side::Id) == 1 && count(Side::Secret) == 1;
    for strict in [true, false] {
        let signatures: Vec<String> =
            (0..items.len()).map(|item| context.signature(item, strict)).collect();
        for level in Level::ALL {
            let mut halves: HashMap<(&str, u64), Halves> = HashMap::new();
            for index in (0..items.len()).filter(|&index| !used[index]) {
                let Some(side) = side(&items[index]).filter(|_| may_be_named(&items[index], level))
                else {
                    continue;
                };
                let signature = signatures[index].as_str();
                if signature.is_empty() && (strict || !alone) {
                    continue;
                }
                let comment = u64::from(items[index].label.comment);
                let within = match level {
                    Level::Line => u64::from(structure.line(index)),
                    Level::Scope => context.innermost(index) as u64 * 2 + comment,
                    Level::Comment => comment,
                    Level::Text | Level::Absent => 0,
                };
                let (ids, secrets) = halves.entry((signature, within)).or_default();
                if side == Side::Id { ids.push(index) } else { secrets.push(index) }
            }
            let mut pairs: Vec<(usize, usize)> = halves
                .into_values()
                .filter_map(|halves| match (halves.0.as_slice(), halves.1.as_slice()) {
                    ([id], [secret]) => Some((*id, *secret)),
                    _ => None,
                })
                .collect();
            pairs.sort_unstable();
            for (id, secret) in pairs {
                let edge = scorer.score(id, secret, &structure.between(id, secret));
                if let Some(edge) = edge.filter(|edge| edge.confidence > Confidence::Low) {
                    used[id] = true;
                    used[secret] = true;
                    chosen.push(edge);
                }
            }
        }
    }
    chosen
}

/// True if an item's name is specific enough to join it by name alone.
fn may_be_named(item: &Item, level: Level) -> bool {
    let name = &item.label.name;
    let is_vacant = matches!(item.part, Part::Vacant { .. });
    let fits = match item.part {
        Part::Id { .. } => name.role != Role::User || level == Level::Line,
        Part::Secret { .. } => {
            let numbered = !name.named && !name.stem.is_empty();
            name.role.is_secret() || matches!(name.role, Role::Key | Role::Other) || numbered
        }
        _ => true,
    };
    fits && (level == Level::Absent || !is_vacant)
}
