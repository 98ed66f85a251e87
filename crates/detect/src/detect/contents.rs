//! Objects that contain a text, and are not records whose fields name their values: the cells of a
//! notebook, the messages of a chat.

use super::outline::Scope;

/// Bytes of an object in which the type of a cell is searched for.
const CELL: usize = 64;
/// Bytes before a value in which the field of a message is searched for.
const MESSAGE: usize = 200;
/// Fields that contain the text of a message.
const TEXTS: [&[u8]; 4] = [b"\"content\":", b"\"text\":", b"\"message\":", b"\"body\":"];

/// True if a scope is a cell of a Jupyter notebook.
pub(super) fn is_cell(text: &[u8], scope: &Scope) -> bool {
    let end = text.len().min(scope.end).min(scope.start + CELL);
    memchr::memmem::find(&text[scope.start.min(end)..end], b"\"cell_type\"").is_some()
}

/// True if the value at `at` is in the text of a message: its name is then not a field of the record.
pub(super) fn is_in_message(text: &[u8], at: usize) -> bool {
    let at = at.min(text.len());
    let head = &text[at.saturating_sub(MESSAGE)..at];
    let opened = TEXTS.into_iter().filter_map(|field| {
        memchr::memmem::rfind(head, field).map(|at| head[at + field.len()..].trim_ascii_start())
    });
    // Between the beginning of the text and the value, quotes are escaped.
    let mut texts = opened.filter_map(|rest| rest.strip_prefix(b"\""));
    texts.any(|text| memchr::memchr_iter(b'"', text).all(|at| at > 0 && text[at - 1] == b'\\'))
}
