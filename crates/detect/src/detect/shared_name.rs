//! Names that several values share: a heading above an id and its secret, the name of a list, the key
//! of two maps.
//!
//! `s3-user`, `Token service` and `passwords` may name what a key is for, or who has it. Such a name
//! says nothing about the kind of each value below it. Only a value's own name does.

use std::collections::HashSet;

use super::item::{Item, Part};
use super::name::{Name, Role};
use super::outline::{Outline, Scope};

/// True if the name of a role may also be that of the owner or the purpose of a whole key.
fn may_be_of_key(role: Role) -> bool {
    matches!(role, Role::User | Role::Token | Role::Password | Role::Other)
}

/// The name that a scope gives to one of the items in it.
pub(super) fn of_scope(items: &[Item], index: usize, scope: &Scope) -> Name {
    let within = |at: Option<usize>| {
        at.and_then(|at| items.get(at)).is_some_and(|item| {
            !matches!(item.part, Part::Vacant { .. })
                && scope.start <= item.span.start
                && item.span.end <= scope.end
        })
    };
    let mut name = scope.name.clone();
    if may_be_of_key(name.role) && (within(index.checked_sub(1)) || within(Some(index + 1))) {
        name.role = Role::None;
    }
    name
}

/// Corrects the roles of items whose names are shared.
pub(super) fn complete(items: &mut [Item], outline: &Outline, near: usize) {
    for at in 1..items.len() {
        let (id, secret) = (&items[at - 1], &items[at]);
        let heading = id.label.indirect && !id.label.on_value_line;
        let bare = !secret.label.name.named
            || secret.label.indirect && secret.label.name.role == Role::None;
        if heading
            && bare
            && may_be_of_key(id.label.name.role)
            && matches!(id.part, Part::Id { .. })
            && matches!(secret.part, Part::Secret { .. })
        {
            items[at - 1].label.name.role = Role::None;
        }
    }
    keys_of_maps(items, outline, near);
}

/// `access_key_ids = { s3-user = … }` and `secret_access_keys = { s3-user = … }`: the maps say what the
/// values are, and their keys say whose they are.
fn keys_of_maps(items: &mut [Item], outline: &Outline, near: usize) {
    let of_map = |items: &[Item], at: usize| -> Option<Role> {
        let label = &items[at].label;
        if !label.assigned || !may_be_of_key(label.name.role) {
            return None;
        }
        let mut roles = outline.around(at).take(near).map(|scope| scope.name.role);
        let is_id = matches!(items[at].part, Part::Id { .. });
        let is_secret = matches!(items[at].part, Part::Secret { .. });
        roles.find(|role| {
            is_secret && matches!(role, Role::Secret | Role::SecretKey)
                || is_id && matches!(role, Role::KeyId | Role::Key)
        })
    };
    let roles: Vec<Option<Role>> = (0..items.len()).map(|at| of_map(items, at)).collect();
    let key = |item: &Item| item.label.name.rest.clone();
    let with_role = || (0..items.len()).filter(|&at| roles[at].is_some());
    let ids: HashSet<Vec<String>> =
        with_role().filter(|&at| items[at].id().is_some()).map(|at| key(&items[at])).collect();
    let secrets: HashSet<Vec<String>> =
        with_role().filter(|&at| items[at].id().is_none()).map(|at| key(&items[at])).collect();
    for (item, role) in items.iter_mut().zip(roles) {
        let Some(role) = role else { continue };
        let key = key(item);
        if ids.contains(&key) && secrets.contains(&key) {
            item.label.name.role = if role == Role::Key { Role::KeyId } else { role };
        }
    }
}
