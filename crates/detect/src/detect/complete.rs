//! Completes the labels of items from the text around them: headings, records and scopes name values.

use super::item::{Item, Part};
use super::name::Role;
use super::outline::{Kind, Outline, Scope};
use super::owner;
use super::shared_name;
use super::table::Cell;
use super::words::is_number;

/// Scopes around a value whose names may determine its role.
const NEAR: usize = 3;

/// Completes the labels of items from the text around them: headings of columns, the names of their
/// records, and of the scopes around those.
pub(super) fn labels(text: &[u8], items: &mut [Item], outline: &Outline, cells: &[Option<Cell>]) {
    for index in 0..items.len() {
        if matches!(items[index].part, Part::Vacant { .. }) {
            let aws = outline.around(index).take(NEAR).any(|scope| scope.name.aws);
            items[index].label.name.aws |= aws;
            continue;
        }
        let span = items[index].span.clone();
        let mut label = std::mem::take(&mut items[index].label);
        if let Some(cell) = &cells[index]
            && !label.assigned
        {
            label.name = cell.name.clone();
            label.indirect = false;
            label.assigned = cell.is_row_name;
        }
        if !label.name.named || label.indirect {
            // The name of a call or a list refers to all of its values, not to one of several.
            let several = |scope: &Scope| {
                matches!(scope.kind, Kind::Bracket(b'(' | b'[')) && scope.separators > 0
            };
            let near = outline.around(index).take(NEAR).take_while(|scope| !several(scope));
            let scope = near.into_iter().find(|scope| {
                let named = scope.name.role != Role::None;
                scope.name.says() || named && scope.kind == Kind::Bracket(b'{')
            });
            let sibling = outline
                .around(index)
                .find(|scope| matches!(scope.kind, Kind::Bracket(b'{') | Kind::ListItem(_)))
                .and_then(|scope| super::sibling::name(text, scope, &span));
            let number: Vec<String> =
                label.name.stem.iter().filter(|word| is_number(word)).cloned().collect();
            let unnamed = !label.name.named;
            if let Some(name) = sibling {
                label.name = name;
                label.indirect = true;
            } else if let Some(scope) = scope.filter(|_| !label.name.says()) {
                label.name = shared_name::of_scope(items, index, scope);
                label.indirect = true;
            }
            if unnamed && !label.name.stem.iter().any(|word| number.contains(word)) {
                label.name.stem.extend(number);
            }
        } else if !label.name.says() || label.name.role == Role::Other {
            let role = outline.around(index).take(NEAR).map(|scope| scope.name.role);
            let role = role.into_iter().find(|role| role.is_secret() || *role == Role::KeyId);
            label.name.role = role.unwrap_or(label.name.role);
        }
        let aws = outline.around(index).take(NEAR).any(|scope| scope.name.aws);
        label.name.aws |= aws;
        items[index].label = label;
    }
    shared_name::complete(items, outline, NEAR);
    owner::of_lines(text, items);
    for item in items.iter_mut().filter(|item| !matches!(item.part, Part::Vacant { .. })) {
        let name = &mut item.label.name;
        if name.role == Role::Secret && name.aws && name.stem.is_empty() {
            name.role = Role::SecretKey;
        }
    }
}
