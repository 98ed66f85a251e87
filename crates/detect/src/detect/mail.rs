//! The password of SES over SMTP and the key id that is its user name.
//!
//! The password is derived from a secret access key, and the user name is the id of that key: SES
//! Developer Guide, "Obtaining Amazon SES SMTP credentials". It has no literal of its own, so it is
//! searched for only around ids. Without an id, names of SMTP lead to it (`ses.toml`).

use crate::finding::{Confidence, Evidence, Nearness};
use crate::rules::entropy;

use super::analyse::Joined;
use super::complete;
use super::item::{Item, Part};
use super::name::Role;
use super::outline::Outline;
use super::random;
use super::relation::{Context, Relation, Stems};
use super::structure::{Distance, Structure};
use super::table;

pub(super) use crate::rules::id::SMTP_PASSWORD as RULE;

/// Length of a password: the base64 of a version byte and a signature of 32 bytes.
pub(super) const PASSWORD_LEN: usize = 44;
/// Minimum number of bits of entropy per character, as in `ses.toml`.
const ENTROPY: f64 = 4.2;
/// Maximum number of lines between a user and a password that have such names.
const LINES: u32 = 40;
/// The same if one of the two has no such name.
const UNNAMED_LINES: u32 = 3;
/// Maximum number of passwords of a stretch that are examined, and of items on either side of one.
const MOST: usize = 256;

/// A user name and its password, as indices of items.
struct Login {
    id: usize,
    password: usize,
    /// The confidence that they belong together.
    confidence: Confidence,
    evidence: Evidence,
}

/// True if a text has the form of a password. It begins with a version byte of 4, or of 2 if it was
/// made before 2019.
pub(super) fn is_password(text: &[u8]) -> bool {
    text.len() == PASSWORD_LEN
        && matches!((text[0], text[1]), (b'B', b'A'..=b'P') | (b'A', b'g'..=b'v'))
        && text.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
        && entropy(text) >= ENTROPY
        && text.iter().any(u8::is_ascii_lowercase)
        && !random::is_example(text)
}

/// True if an item is such a password.
fn is_mail(item: &Item) -> bool {
    matches!(item.part, Part::Mail { .. })
}

/// The logins of a stretch: each password belongs to the id that fits it best.
///
/// With `all`, an id that is named as an access key's id may be the user, too.
fn logins(context: &Context<'_>, structure: &Structure, all: bool) -> Vec<Login> {
    let items = context.items;
    let mut choices: Vec<(i64, Login)> = Vec::new();
    for password in (0..items.len()).filter(|&index| is_mail(&items[index])).take(MOST) {
        let near = password.saturating_sub(MOST)..items.len().min(password + MOST);
        let is_id = |id: &usize| matches!(items[*id].part, Part::Id { signs: false, .. });
        choices.extend(
            near.filter(is_id).filter_map(|id| login_cost(context, structure, id, password, all)),
        );
    }
    choices.sort_by_key(|(cost, login)| (*cost, login.id, login.password));
    let mut used = vec![false; items.len()];
    let mut logins = Vec::new();
    for (_, login) in choices {
        if !used[login.id] && !used[login.password] {
            used[login.id] = true;
            used[login.password] = true;
            logins.push(login);
        }
    }
    logins
}

/// The cost of taking an id as the user of a password, in hundredths of a line.
fn login_cost(
    context: &Context<'_>,
    structure: &Structure,
    id: usize,
    password: usize,
    all: bool,
) -> Option<(i64, Login)> {
    let (user, secret) = (&context.items[id].label.name, &context.items[password].label.name);
    let distance = structure.between(id, password);
    let relation = context.relation(id, password);
    let by_name = user.role == Role::User || relation.stems == Stems::Same;
    let is_named = matches!(secret.role, Role::Password | Role::Secret | Role::SecretKey);
    let lines = if is_named && (by_name || all) { LINES } else { UNNAMED_LINES };
    let unfit = matches!(secret.role, Role::Other | Role::Token | Role::Key | Role::KeyId)
        || secret.service && relation.stems != Stems::Same
        || distance.lines > lines
        || relation.apart
        || relation.split
        || relation.stems == Stems::Different && !all
        || matches!(user.role, Role::KeyId | Role::Key) && relation.stems != Stems::Same && !all;
    if unfit {
        return None;
    }
    let stems = match relation.stems {
        Stems::Same => 0,
        Stems::None => 50,
        Stems::Part => 150,
        Stems::One => 300,
        Stems::Different => 1_000,
    };
    let cost = 100 * i64::from(distance.lines)
        + distance.bytes.min(10_000) as i64 / 10
        + 200 * i64::from(distance.crossings.min(8))
        + 100 * i64::from(distance.blanks.min(4))
        + stems
        + if user.role == Role::User { 0 } else { 200 }
        + if relation.separate_objects { 500 } else { 0 }
        + if password < id { 60 } else { 0 };
    let sure = is_named && by_name && !relation.separate_objects;
    let confidence = if sure { Confidence::High } else { Confidence::Medium };
    let evidence = evidence(&relation, &distance, is_named);
    Some((cost, Login { id, password, confidence, evidence }))
}

fn evidence(relation: &Relation, distance: &Distance, labelled: bool) -> Evidence {
    let nearness = match distance {
        _ if relation.row => Nearness::Row,
        Distance { lines: 0, .. } => Nearness::Line,
        Distance { crossings: 0, blanks: 0, rulers: 0, .. } if !relation.separate_objects => {
            Nearness::Record
        }
        _ => Nearness::Text,
    };
    Evidence { stem: None, nearness, lines: distance.lines, labelled, rival: false }
}

/// Removes the logins from the items of a stretch, so that nothing else is joined with them.
pub(super) fn take(text: &[u8], start: usize, items: &mut Vec<Item>, all: bool) -> Vec<Joined> {
    if !items.iter().any(is_mail) {
        return Vec::new();
    }
    let mut named = items.clone();
    let structure = Structure::new(text, &named);
    let outline = Outline::new(text, start, &named);
    let cells = table::cells(text, start, &named);
    complete::labels(text, &mut named, &outline, &cells);
    let context = Context::new(text, &named, &outline, &cells);
    let logins = logins(&context, &structure, all);
    let mut used = vec![false; items.len()];
    let mut joined = Vec::new();
    for Login { id, password, confidence, evidence } in logins {
        used[id] = true;
        used[password] = true;
        let (id, secret) = (items[id].clone(), items[password].clone());
        joined.push(Joined { id, secret, token: None, confidence, evidence });
    }
    let mut used = used.into_iter();
    items.retain(|_| !used.next().unwrap_or_default());
    joined
}
