//! Scoring: the cost of calling an id and a secret one key, and the confidence of that pair.
//!
//! The costs are data ([`super::costs`]). They apply to properties of the names ([`super::name`]),
//! the records ([`super::relation`]) and the distance ([`super::structure`]).

use std::collections::HashSet;

use crate::finding::{Confidence, Nearness};

use super::assign::alone;
use super::costs::Table;
use super::item::{Item, Part};
use super::name::Role;
use super::pair::{Edge, MOST_ITEMS, MOST_SECRETS, REACH_BYTES, REACH_LINES};
use super::random::Strength;
use super::relation::{Context, Relation, Stems};
use super::structure::{Distance, Structure};

/// Reach to a secret whose name does not call it one, except in lists.
const UNNAMED_LINES: u32 = 32;
/// Maximum number of bytes between a user and its password on one line: ` password `.
const LOGIN: usize = 16;

/// The half of a key that an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// An access key id.
    Id,
    /// A secret access key.
    Secret,
}

/// The half of a key that an item is; a session token and an id that only signs are neither.
pub(super) fn side(item: &Item) -> Option<Side> {
    match item.part {
        Part::Id { signs, .. } => (!signs).then_some(Side::Id),
        Part::Secret { .. } => Some(Side::Secret),
        Part::Vacant { secret } => Some(if secret { Side::Secret } else { Side::Id }),
        Part::Token { .. } | Part::Mail { .. } => None,
    }
}

/// For each item, the number of items of one part in its uninterrupted row, and its place among
/// them.
fn runs(items: &[Item]) -> (Vec<u32>, Vec<u32>) {
    let part = |index: usize| match items[index].part {
        Part::Id { .. } => 1,
        Part::Secret { .. } => 2,
        _ => 0,
    };
    let mut runs = vec![0; items.len()];
    let mut ranks = vec![0; items.len()];
    let places: Vec<usize> = (0..items.len()).filter(|&index| part(index) > 0).collect();
    for run in places.chunk_by(|&a, &b| part(a) == part(b)) {
        for (rank, &index) in run.iter().enumerate() {
            runs[index] = run.len() as u32;
            ranks[index] = rank as u32;
        }
    }
    (runs, ranks)
}

/// True if an id and a secret without a name have the same number: numbers name the keys here, and
/// do not just count the lines.
fn have_numbers(items: &[Item]) -> bool {
    let numbers = |one: Side| {
        let numbered = move |item: &&Item| side(item) == Some(one) && !item.label.name.named;
        let stems = items.iter().filter(numbered).map(|item| &item.label.name.stem);
        stems.filter(|stem| !stem.is_empty())
    };
    let ids: HashSet<&Vec<String>> = numbers(Side::Id).collect();
    !ids.is_empty() && numbers(Side::Secret).any(|stem| ids.contains(stem))
}

/// Scores possible pairs of items.
pub(super) struct PairScorer<'a> {
    /// The text, its items and their relations.
    pub context: &'a Context<'a>,
    costs: &'a Table,
    /// See [`runs`].
    runs: Vec<u32>,
    /// The place of each item in its run.
    ranks: Vec<u32>,
    /// See [`have_numbers`].
    have_numbers: bool,
}

impl<'a> PairScorer<'a> {
    /// Makes a scorer for the items of a stretch.
    pub(super) fn new(context: &'a Context<'a>, costs: &'a Table) -> Self {
        let (runs, ranks) = runs(context.items);
        let have_numbers = have_numbers(context.items);
        Self { context, costs, runs, ranks, have_numbers }
    }

    /// Every id with every secret in its reach that may belong to it; those of one id in the order
    /// of the secrets, and those of one secret in the order of the ids.
    pub(super) fn edges(&self, structure: &Structure) -> Vec<Edge> {
        let items = self.context.items;
        let mut edges = Vec::new();
        for from in 0..items.len() {
            if !matches!(side(&items[from]), Some(Side::Id | Side::Secret)) {
                continue;
            }
            let mut compared = 0;
            for (to, distance) in structure.forwards(from) {
                if self.out_of_reach(from, to, &distance) || compared == MOST_SECRETS {
                    break;
                }
                let (id, secret) = match (side(&items[from]), side(&items[to])) {
                    (Some(Side::Id), Some(Side::Secret)) => (from, to),
                    (Some(Side::Secret), Some(Side::Id)) => (to, from),
                    _ => continue,
                };
                compared += 1;
                // A pair that costs more than leaving both alone is never joined.
                let most = alone(&items[id], self.costs) + alone(&items[secret], self.costs);
                let near = self.distance_cost(&distance) <= most.max(self.costs.alone_id);
                if near || self.are_listed(id, secret) {
                    edges.extend(self.score(id, secret, &distance));
                }
            }
        }
        edges
    }

    /// True if an item is too far from another one to be scored.
    ///
    /// The items between them count in addition to the text between them: thousands of ids in one
    /// line, separated by blanks, must not all be scored against all.
    fn out_of_reach(&self, from: usize, to: usize, distance: &Distance) -> bool {
        let items = self.context.items;
        distance.lines > REACH_LINES + self.runs[from]
            || distance.bytes > REACH_BYTES
            || to - from > MOST_ITEMS
            || items[to].span.start.saturating_sub(items[from].span.end) > REACH_BYTES
    }

    /// True if two items without names have the same place in two lists of equal length, one after
    /// the other.
    fn are_listed(&self, id: usize, secret: usize) -> bool {
        let named = |item: usize| self.context.items[item].label.name.named;
        let lists = self.runs[id] > 1 && self.runs[id] == self.runs[secret];
        lists && self.ranks[id] == self.ranks[secret] && !named(id) && !named(secret)
    }

    /// The cost of calling two items a pair, and the confidence; `None` if they are not a pair.
    pub(super) fn score(&self, id: usize, secret: usize, distance: &Distance) -> Option<Edge> {
        let items = self.context.items;
        let relation = self.context.relation(id, secret);
        let (named_id, named_secret) = (&items[id].label.name, &items[secret].label.name);
        let strength = match items[secret].part {
            Part::Secret { strength, .. } => strength,
            _ => Strength::Strong,
        };
        let role = named_secret.role;
        let is_named = matches!(role, Role::Secret | Role::SecretKey);
        let list = self.runs[id] > 1 || self.runs[secret] > 1;
        let listed = if list { self.runs[id] + self.runs[secret] } else { 0 };
        let foreign = matches!(relation.stems, Stems::One | Stems::Different);
        let unfit = role == Role::Other && relation.stems != Stems::Same
            || strength == Strength::Weak && !is_named
            || !is_named
                && distance.lines > UNNAMED_LINES + listed
                && relation.stems != Stems::Same
            || relation.apart
            || relation.split && is_named
            || relation.aged
            || relation.other_use
            || (foreign || relation.stems == Stems::Part)
                && named_id.role == Role::User
                && is_named
            || relation.stems == Stems::Different
                && (role.is_secret()
                    || role == Role::Key
                    || self.have_numbers && !named_id.named && !named_secret.named)
            || relation.service && foreign && role != Role::SecretKey && named_secret.named;
        if unfit {
            return None;
        }
        let listed = self.are_listed(id, secret) && distance.lines > 0;
        let far = if listed { self.costs.line } else { self.distance_cost(distance) };
        let cost = far
            + self.role_cost(named_id.role, role, &relation, distance)
            + self.name_cost(id, secret, &relation);
        let confidence = self.confidence(id, secret, strength, &relation, distance);
        let (nearness, lines) = (nearness(&relation, distance), distance.lines);
        Some(Edge { id, secret, cost, confidence, nearness, lines, rival: false })
    }

    /// True if an id is the user of a password, as in the columns of a password manager and in a
    /// line of `.netrc`. A row with a column for the id has a secret of its own.
    fn is_login(&self, id: usize, relation: &Relation, distance: &Distance) -> bool {
        self.context.items[id].label.name.role == Role::User
            && relation.stems != Stems::Different
            && (relation.row || distance.lines == 0 && distance.bytes <= LOGIN)
    }

    fn distance_cost(&self, distance: &Distance) -> i64 {
        let costs = self.costs;
        let far = i64::from(distance.lines).max(distance.bytes as i64 / 200);
        costs.other_line * i64::from(distance.lines > 0)
            + costs.line * far
            + costs.line_squared * far * far
            + costs.byte * distance.bytes as i64 / 100
            + costs.crossing * i64::from(distance.crossings.min(8))
            + costs.blank * i64::from(distance.blanks.min(4))
            + costs.ruler * i64::from(distance.rulers.min(2))
            + costs.entry * i64::from(distance.entries.min(3))
            + costs.dedent * i64::from(distance.dedented)
    }

    fn role_cost(&self, id: Role, secret: Role, relation: &Relation, distance: &Distance) -> i64 {
        let costs = self.costs;
        let (stems, together) = (relation.stems, relation.together);
        let secret_cost = match secret {
            Role::SecretKey => 0,
            Role::Secret => costs.secret,
            Role::Password if id == Role::User => costs.password_of_user,
            Role::Password if stems == Stems::Same => costs.secret,
            Role::Password => costs.password,
            Role::Key | Role::KeyId | Role::User => costs.key,
            Role::Token | Role::Other => costs.token,
            Role::None if together => costs.unnamed_together,
            Role::None if distance.lines == 0 => costs.unnamed_on_line,
            Role::None => costs.unnamed,
        };
        let by_login = matches!(secret, Role::Password | Role::None) || stems == Stems::Same;
        secret_cost + if id == Role::User && !by_login { costs.user } else { 0 }
    }

    fn name_cost(&self, id: usize, secret: usize, relation: &Relation) -> i64 {
        let costs = self.costs;
        let (a, b) = (&self.context.items[id].label, &self.context.items[secret].label);
        let stems = match relation.stems {
            Stems::None | Stems::Same => 0,
            Stems::Part => costs.part_stem,
            Stems::One if b.name.role == Role::SecretKey => costs.one_stem,
            Stems::One | Stems::Different => costs.foreign_stem,
        };
        stems
            + if a.name.named == b.name.named || relation.together { 0 } else { costs.unlike }
            + if a.name.aws && !b.name.aws && b.name.named { costs.not_aws } else { 0 }
            + if a.comment == b.comment { 0 } else { costs.comment }
            + if relation.separate_objects { costs.other_record } else { 0 }
            + if secret < id { costs.reversed } else { 0 }
    }

    fn confidence(
        &self,
        id: usize,
        secret: usize,
        strength: Strength,
        relation: &Relation,
        distance: &Distance,
    ) -> Confidence {
        let items = self.context.items;
        let role = items[secret].label.name.role;
        let is_named = matches!(role, Role::Secret | Role::SecretKey);
        let one_record = distance.lines == 0
            || distance.lines <= 3 && distance.crossings == 0 && distance.blanks == 0;
        let foreign = matches!(relation.stems, Stems::One | Stems::Different);
        let by_login = role == Role::Password
            && (relation.stems == Stems::Same || items[id].label.name.role == Role::User);
        let (ids, secrets) = (self.runs[id], self.runs[secret]);
        let assigned = items[secret].label.assigned && !items[secret].label.name.aws;
        let by_name = items[id].label.name.role == Role::KeyId;
        let bare = !items[id].label.name.named && !items[secret].label.name.named;
        let same = relation.stems == Stems::Same;
        let listed = bare && !same && !one_record && (ids > 1 || secrets > 1);
        let ordered = self.are_listed(id, secret);
        match (strength, role) {
            (Strength::Weak, Role::SecretKey) => Confidence::Medium,
            (Strength::Weak, _) => Confidence::Low,
            _ if relation.split => Confidence::Low,
            // In a list only the place decides, and only if both lists are equally long.
            _ if listed && !ordered => Confidence::Low,
            _ if listed => Confidence::Medium,
            (_, Role::Token) => Confidence::Low,
            (_, Role::Other) => Confidence::Medium,
            (_, Role::Password) if self.is_login(id, relation, distance) => Confidence::High,
            (_, Role::Password) if foreign || relation.row => Confidence::Low,
            // Next to an id with an explicit name, the secret's different name is decisive.
            (_, Role::None) if foreign && assigned && by_name => Confidence::Low,
            _ if foreign || relation.separate_objects || relation.distinct_words => {
                Confidence::Medium
            }
            _ if relation.stems == Stems::Part && role != Role::SecretKey => Confidence::Medium,
            _ if is_named || by_login => Confidence::High,
            (_, Role::Password) => Confidence::Medium,
            _ if one_record || relation.row || relation.together => Confidence::High,
            _ => Confidence::Medium,
        }
    }
}

fn nearness(relation: &Relation, distance: &Distance) -> Nearness {
    match distance {
        _ if relation.row => Nearness::Row,
        Distance { lines: 0, .. } => Nearness::Line,
        Distance { crossings: 0, blanks: 0, rulers: 0, .. } if !relation.separate_objects => {
            Nearness::Record
        }
        _ => Nearness::Text,
    }
}
