//! Escapes for text of a scanned repository, which is hostile.

/// A path for display: UTF-8 is kept; control, bidirectional and invalid bytes are escaped.
pub fn escape_path(path: &[u8]) -> String {
    let mut shown = String::with_capacity(path.len());
    for chunk in path.utf8_chunks() {
        shown.push_str(&escape_line(chunk.valid()));
        for byte in chunk.invalid() {
            shown.push_str(&format!("\\x{byte:02x}"));
        }
    }
    shown
}

/// A message for display on one line: controls and direction marks become `\u{…}`.
///
/// Direction marks (Unicode TR9) can change how a line reads. Commands in the logs of GitHub and
/// Azure are broken up: `::` where a line may begin, `##[` and `##vso[` anywhere.
pub fn escape_line(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let begins = text.trim_start().starts_with("::");
    for (at, character) in text.char_indices() {
        match character {
            ':' if begins && text[..at].trim_start().is_empty() => shown.push_str("\\u{3a}"),
            '#' if ["##[", "##vso["].iter().any(|command| text[at..].starts_with(command)) => {
                shown.push_str("\\u{23}");
            }
            '\t' => shown.push_str("\\t"),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            _ if is_hostile(character) => shown.extend(character.escape_unicode()),
            _ => shown.push(character),
        }
    }
    shown
}

/// Says if a terminal would interpret this character instead of showing it: controls, direction
/// marks and characters without width.
pub fn is_hostile(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// A text as one word of a POSIX shell that is not an option.
pub fn shell_word(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_@+=:,./-".contains(&byte);
    if !text.is_empty() && !text.starts_with('-') && text.bytes().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_move_the_cursor_or_turn_the_line() {
        assert_eq!(escape_path(b"a\x1b[2Jb\n\xff"), "a\\u{1b}[2Jb\\n\\xff");
        assert_eq!(escape_line("x\u{202e}y"), "x\\u{202e}y");
        assert_eq!(escape_line(" ::error::x"), " \\u{3a}:error::x");
        assert_eq!(escape_line("a##vso[x]## b"), "a\\u{23}#vso[x]## b");
    }
}
