//! The field of a record that names another of its fields: `{"name": "SECRET_KEY", "value": "…"}`.

use std::ops::Range;

use super::name::{Name, Role};
use super::outline::Scope;
use super::words::words;

/// Last words of the keys of fields that name the content of another field of the record.
const KEYS: [&str; 10] =
    ["name", "key", "k", "parameter", "variable", "field", "label", "title", "id", "option"];
/// Bytes of a record that are read on either side of a value.
const REACH: usize = 512;

/// The name that another field of the record gives to the value at `span`.
pub(super) fn name(text: &[u8], scope: &Scope, span: &Range<usize>) -> Option<Name> {
    let from = scope.start.max(span.start.saturating_sub(REACH)).min(span.start);
    let to = scope.end.min(text.len()).min(span.end + REACH).max(span.end.min(text.len()));
    let before = &text[from..span.start];
    let after = &text[span.end.min(to)..to];
    let fields = |text: &[u8]| -> Vec<Name> {
        text.split(|byte| b",\n;".contains(byte)).filter_map(field).collect()
    };
    let named = |name: &Name| name.role != Role::None && name.named;
    fields(before).into_iter().rev().find(named).or_else(|| fields(after).into_iter().find(named))
}

/// The name in a field such as `"name": "SECRET_KEY"`.
pub(super) fn field(text: &[u8]) -> Option<Name> {
    let marks = |byte: &u8| b" \t\r\"'{-[\\#/".contains(byte);
    let start = text.iter().position(|byte| !marks(byte))?;
    let text = &text[start..];
    let len =
        text.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(byte)).count();
    let last = words(&text[..len.min(40)]).pop()?;
    let rest = &text[len..];
    let operator = rest.iter().position(|byte| !b" \t\"'\\".contains(byte))?;
    if !KEYS.contains(&last.as_str()) || !matches!(rest[operator], b':' | b'=') {
        return None;
    }
    let value = &rest[operator + 1..];
    // The value must be a name, not an object or a sentence.
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b" \t\r\"'_-./:\\>}])".contains(byte);
    (value.len() <= 100 && value.iter().all(plain)).then(|| Name::of(value, false))
}
