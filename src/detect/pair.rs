//! Pairing: which id and which secret are one key, and how sure that is.
//!
//! Names decide first: an id and a secret that alone share a stem (`PROD_…`, `…_2`) are one key
//! however far apart they stand. What then remains is joined as one assignment of least cost over
//! the evidence of names, records and distance ([`super::costs`]). A pair that has a rival of almost
//! the same cost is not called sure.

use std::collections::HashMap;

use crate::finding::{Confidence, Evidence, Nearness};

use super::assign::{aligned, alone};
use super::costs::Table;
use super::item::{Item, Part};
use super::name::Role;
use super::random::Strength;
use super::relation::{Context, Relation, Stems};
use super::session;
use super::structure::{Distance, Structure};

/// How far an id reaches, in bytes.
pub(super) const REACH_BYTES: usize = 16 * 1024;
/// How far an id reaches, in lines.
pub(super) const REACH_LINES: u32 = 200;
/// How far it reaches to a secret that no name calls one, lists apart.
const UNNAMED_LINES: u32 = 32;
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

/// A possible pair.
#[derive(Clone, Debug)]
pub(super) struct Edge {
    /// The id.
    pub id: usize,
    /// The secret.
    pub secret: usize,
    /// What it costs to join them.
    pub cost: i64,
    confidence: Confidence,
    evidence: Evidence,
}

/// What pairing says of a stretch.
#[derive(Debug, Default)]
pub(super) struct Pairing {
    /// The pairs, in the order of their ids.
    pub pairs: Vec<Pair>,
    /// Ids with secrets that are not their own by this evidence, the likeliest first.
    pub others: Vec<(usize, usize)>,
}

/// Joins the items of a stretch, which are in order.
pub(super) fn pairs(context: &Context<'_>, structure: &Structure, costs: &Table) -> Pairing {
    let items = context.items;
    let weigher = Weigher { context, costs, runs: runs(items) };
    let edges = weigher.edges(structure);
    let mut chosen = weigher.named(structure);
    let mut taken = vec![false; items.len()];
    for edge in &chosen {
        taken[edge.id] = true;
        taken[edge.secret] = true;
    }
    let free: Vec<Edge> =
        edges.iter().filter(|edge| !taken[edge.id] && !taken[edge.secret]).cloned().collect();
    if std::env::var_os("KSDEBUG").is_some() {
        for e in &edges {
            eprintln!(
                "EDGE {} {} cost={} {:?} {:?}",
                e.id,
                e.secret,
                e.cost,
                e.confidence,
                context.relation(e.id, e.secret)
            );
        }
        for e in &chosen {
            eprintln!("NAMED {} {}", e.id, e.secret);
        }
    }
    let named = chosen.len();
    let mut rest = aligned(items, &free, costs);
    doubt(items, &free, &mut rest, costs);
    chosen.extend(rest);
    let mut pairs = consistent(items, &edges, &chosen, named, costs);
    session::tokens(context, structure, &mut pairs);
    pairs.sort_by_key(|pair| items[pair.id].span.start);
    let others = others(items, &edges, &pairs);
    Pairing { pairs, others }
}

/// How many items of one part stand in a row, without another between, for each item.
fn runs(items: &[Item]) -> Vec<u32> {
    let part = |index: usize| match items[index].part {
        Part::Id { .. } => 1,
        Part::Secret { .. } => 2,
        _ => 0,
    };
    let mut runs = vec![0; items.len()];
    let places: Vec<usize> = (0..items.len()).filter(|&index| part(index) > 0).collect();
    for run in places.chunk_by(|&a, &b| part(a) == part(b)) {
        run.iter().for_each(|&index| runs[index] = run.len() as u32);
    }
    runs
}

/// Judges which items may be a pair.
struct Weigher<'a> {
    context: &'a Context<'a>,
    costs: &'a Table,
    runs: Vec<u32>,
}

impl Weigher<'_> {
    /// Every id with every secret in its reach that may be its own.
    fn edges(&self, structure: &Structure) -> Vec<Edge> {
        let items = self.context.items;
        let mut edges = Vec::new();
        for from in 0..items.len() {
            if !matches!(side(&items[from]), Some(Side::Id | Side::Secret)) {
                continue;
            }
            let mut weighed = 0;
            for (to, distance) in structure.forwards(from) {
                if self.out_of_reach(from, to, &distance) || weighed == MOST_SECRETS {
                    break;
                }
                let (id, secret) = match (side(&items[from]), side(&items[to])) {
                    (Some(Side::Id), Some(Side::Secret)) => (from, to),
                    (Some(Side::Secret), Some(Side::Id)) => (to, from),
                    _ => continue,
                };
                weighed += 1;
                // What costs more than to leave both alone is never joined.
                let most = alone(&items[id], self.costs) + alone(&items[secret], self.costs);
                if self.distance_cost(&distance) <= most.max(self.costs.alone_id) {
                    edges.extend(self.weigh(id, secret, &distance));
                }
            }
        }
        edges
    }

    /// Whether an item is too far from another one to be weighed.
    ///
    /// The items between count with what lies between them: thousands of ids in one line, a blank
    /// after each, must not all be weighed against all.
    fn out_of_reach(&self, from: usize, to: usize, distance: &Distance) -> bool {
        let items = self.context.items;
        distance.lines > REACH_LINES + self.runs[from]
            || distance.bytes > REACH_BYTES
            || to - from > MOST_ITEMS
            || items[to].span.start.saturating_sub(items[from].span.end) > REACH_BYTES
    }

    /// What it costs to call two items a pair, and how sure that would be; `None` if they are none.
    fn weigh(&self, id: usize, secret: usize, distance: &Distance) -> Option<Edge> {
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
        let unfit = role == Role::Other
            || strength == Strength::Weak && !is_named
            || !is_named && distance.lines > UNNAMED_LINES + listed
            || relation.apart
            || relation.aged
            || relation.stems == Stems::Different && (role.is_secret() || role == Role::Key)
            || relation.service && foreign && role != Role::SecretKey && named_secret.named;
        if unfit {
            return None;
        }
        let cost = self.distance_cost(distance)
            + self.role_cost(named_id.role, role, &relation, distance)
            + self.name_cost(id, secret, &relation);
        let confidence = self.confidence(id, secret, strength, &relation, distance);
        let evidence = Evidence {
            stem: shared_stem(named_id.stem.as_slice(), named_secret.stem.as_slice()),
            nearness: nearness(&relation, distance),
            lines: distance.lines,
            labelled: role.is_secret(),
            rival: false,
        };
        Some(Edge { id, secret, cost, confidence, evidence })
    }

    fn distance_cost(&self, distance: &Distance) -> i64 {
        let costs = self.costs;
        let far = i64::from(distance.lines).max(distance.bytes as i64 / 200);
        costs.line * far
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
            Role::None if distance.lines == 0 => costs.unnamed_beside,
            Role::None => costs.unnamed,
        };
        let by_login = secret == Role::Password || stems == Stems::Same;
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
            + if relation.beside { costs.other_record } else { 0 }
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
        let listed = bare && !one_record && (ids > 1 || secrets > 1);
        match (strength, role) {
            (Strength::Weak, Role::SecretKey) => Confidence::Medium,
            (Strength::Weak, _) => Confidence::Low,
            // In a list only the number says which is whose, and only if both lists have as many.
            _ if listed => {
                if ids == secrets {
                    Confidence::Medium
                } else {
                    Confidence::Low
                }
            }
            (_, Role::Token) => Confidence::Low,
            (_, Role::Password) if foreign => Confidence::Low,
            // Beside an id that is named as one, a name that says something else is believed.
            (_, Role::None) if foreign && assigned && by_name => Confidence::Low,
            _ if foreign || relation.beside => Confidence::Medium,
            _ if is_named || by_login => Confidence::High,
            (_, Role::Password) => Confidence::Medium,
            _ if one_record || relation.row || relation.together => Confidence::High,
            _ => Confidence::Medium,
        }
    }

    /// Pairs whose names no other id or secret has: on their line, in their scope, among what is
    /// or is not a comment, or in the whole stretch. Last come names whose other half is absent.
    fn named(&self, structure: &Structure) -> Vec<Edge> {
        let items = self.context.items;
        let mut used = vec![false; items.len()];
        let mut chosen = Vec::new();
        // The only id and the only secret need no stem.
        let count = |one: Side| items.iter().filter(|item| side(item) == Some(one)).count();
        let alone = count(Side::Id) == 1 && count(Side::Secret) == 1;
        for strict in [true, false] {
            let signatures: Vec<String> =
                (0..items.len()).map(|item| self.context.signature(item, strict)).collect();
            for level in Level::ALL {
                let mut halves: HashMap<(&str, u64), (Vec<usize>, Vec<usize>)> = HashMap::new();
                for index in (0..items.len()).filter(|&index| !used[index]) {
                    let Some(side) =
                        side(&items[index]).filter(|_| self.may_be_named(index, level))
                    else {
                        continue;
                    };
                    let signature = signatures[index].as_str();
                    if signature.is_empty() && !(alone && !strict) {
                        continue;
                    }
                    let within = match level {
                        Level::Line => u64::from(structure.line(index)),
                        Level::Scope => self.context.innermost(index) as u64,
                        Level::Comment => u64::from(items[index].label.comment),
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
                    let edge = self.weigh(id, secret, &structure.between(id, secret));
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

    /// Whether an item's name says enough to be joined by it alone.
    fn may_be_named(&self, index: usize, level: Level) -> bool {
        let item = &self.context.items[index];
        let name = &item.label.name;
        let is_vacant = matches!(item.part, Part::Vacant { .. });
        let fits = match item.part {
            Part::Id { .. } => name.role != Role::User || level == Level::Line,
            Part::Secret { .. } => name.role.is_secret() || name.role == Role::Key,
            _ => true,
        };
        fits && (level == Level::Absent || !is_vacant)
    }
}

/// Within what a name must be the only one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    /// One line.
    Line,
    /// One scope.
    Scope,
    /// All comments, or all else.
    Comment,
    /// The whole stretch.
    Text,
    /// The whole stretch, with names that have no value.
    Absent,
}

impl Level {
    const ALL: [Self; 5] = [Self::Line, Self::Scope, Self::Comment, Self::Text, Self::Absent];
}

/// Which half of a key an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Id,
    Secret,
}

fn side(item: &Item) -> Option<Side> {
    match item.part {
        Part::Id { signs, .. } => (!signs).then_some(Side::Id),
        Part::Secret { .. } => Some(Side::Secret),
        Part::Vacant { secret } => Some(if secret { Side::Secret } else { Side::Id }),
        Part::Token { .. } | Part::Mail { .. } => None,
    }
}

fn shared_stem(id: &[String], secret: &[String]) -> Option<String> {
    let shown = |words: &[String]| words.iter().all(|word| word.len() <= 16) && words.len() <= 4;
    (!id.is_empty() && id == secret && shown(id)).then(|| id.join("_"))
}

fn nearness(relation: &Relation, distance: &Distance) -> Nearness {
    match distance {
        _ if relation.row => Nearness::Row,
        Distance { lines: 0, .. } => Nearness::Line,
        Distance { crossings: 0, blanks: 0, rulers: 0, .. } if !relation.beside => Nearness::Record,
        _ => Nearness::Text,
    }
}

/// Lowers what has a rival: another way to join the same items costs hardly more.
fn doubt(items: &[Item], edges: &[Edge], chosen: &mut [Edge], costs: &Table) {
    let mut sorted: Vec<&Edge> = edges.iter().collect();
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
            edge.evidence.rival = true;
        }
    }
}

/// How much more another half may cost to be a rival. Of two with the same name that are both
/// free, the nearer is hardly likelier.
fn margin(own: &Item, other: &Item, edge: &Edge, costs: &Table) -> i64 {
    let (own, other) = (&own.label.name, &other.label.name);
    let twins = own.named && own.role == other.role && own.stem == other.stem;
    if twins { costs.rival.max(2 * edge.cost) } else { costs.rival }
}

fn same_secret(a: &Item, b: &Item) -> bool {
    match (&a.part, &b.part) {
        (Part::Secret { value: a, .. }, Part::Secret { value: b, .. }) => a == b,
        _ => false,
    }
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
        pairs.push(Pair {
            id: edge.id,
            secret: edge.secret,
            token: None,
            confidence: edge.confidence,
            evidence: edge.evidence.clone(),
        });
    }
    pairs
}

fn cheapest<'e>(edges: impl Iterator<Item = &'e Edge>) -> Vec<&'e Edge> {
    let mut edges: Vec<&Edge> = edges.collect();
    edges.sort_by_key(|edge| (edge.cost, edge.id, edge.secret));
    edges
}

/// Secrets that an id was not joined with, the likeliest first: verification may ask about them.
fn others(items: &[Item], edges: &[Edge], pairs: &[Pair]) -> Vec<(usize, usize)> {
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
    by_id
        .flat_map(|edges| edges.iter().take(MOST_OTHERS))
        .map(|edge| (edge.id, edge.secret))
        .collect()
}
