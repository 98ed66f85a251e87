//! Escapes for text of a scanned repository, which is hostile.

/// The beginnings of commands that Azure and TeamCity look for in a log.
const COMMANDS: [&str; 3] = ["##[", "##vso[", "##teamcity["];

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
/// Azure and TeamCity are broken up: `::` where a line may begin, [`COMMANDS`] anywhere.
pub fn escape_line(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let begins = text.trim_start().starts_with("::");
    for (at, character) in text.char_indices() {
        match character {
            ':' if begins && text[..at].trim_start().is_empty() => shown.push_str("\\u{3a}"),
            '#' if COMMANDS.iter().any(|command| text[at..].starts_with(command)) => {
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

/// True if a character is escaped where a name is shown: a terminal would interpret it instead of
/// showing it, or it shows as nothing or as a blank and so makes one name look like another.
///
/// Controls, direction marks, all of `Default_Ignorable_Code_Point` (Unicode, DerivedCoreProperties)
/// with what is reserved for it, annotation marks, and the empty pattern of braille.
pub fn is_hostile(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Replaces the middle of a text of more than `most` bytes by a note of how much is missing; `None`
/// if the text is short enough. Names can compress a thousandfold, so only a bounded part of one is
/// kept and shown: its beginning, and its end, which contains the file's own name.
pub fn shorten(text: &[u8], most: usize) -> Option<Vec<u8>> {
    /// Room for the note of how much is missing, with the longest number.
    const MARK: usize = 48;
    if text.len() <= most {
        return None;
    }
    let room = most.saturating_sub(MARK);
    // Cuts are between characters, as far as the text is UTF-8.
    let is_inner = |at: &usize| text.get(*at).is_some_and(|byte| byte & 0xc0 == 0x80);
    let head = room - room / 4;
    let head = (head.saturating_sub(3)..=head).rev().find(|at| !is_inner(at)).unwrap_or(head);
    let tail = text.len() - room / 4;
    let tail = (tail..=tail + 3).find(|at| !is_inner(at)).unwrap_or(tail).min(text.len());
    let mark = format!("[{} bytes left out]", tail - head);
    Some([&text[..head], mark.as_bytes(), &text[tail..]].concat())
}

/// Shortens a text in place as [`shorten`] does.
pub fn shorten_text(text: &mut String, most: usize) {
    if let Some(shorter) = shorten(text.as_bytes(), most) {
        *text = String::from_utf8_lossy(&shorter).into_owned();
    }
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
    fn a_name_cannot_move_the_cursor_or_change_the_direction() {
        assert_eq!(escape_path(b"a\x1b[2Jb\n\xff"), "a\\u{1b}[2Jb\\n\\xff");
        assert_eq!(escape_line("x\u{202e}y"), "x\\u{202e}y");
        assert_eq!(escape_line(" ::error::x"), " \\u{3a}:error::x");
        assert_eq!(escape_line("a##vso[x]## b"), "a\\u{23}#vso[x]## b");
        assert_eq!(escape_line("##teamcity[x]"), "\\u{23}#teamcity[x]");
    }

    #[test]
    fn invisible_characters_and_odd_blanks_are_escaped() {
        let ranges = [
            (0x00ad, 0x00ad),
            (0x034f, 0x034f),
            (0x061c, 0x061c),
            (0x115f, 0x1160),
            (0x17b4, 0x17b5),
            (0x180b, 0x180f),
            (0x200b, 0x200f),
            (0x202a, 0x202e),
            (0x2060, 0x206f),
            (0x2800, 0x2800),
            (0x3164, 0x3164),
            (0xfe00, 0xfe0f),
            (0xfeff, 0xfeff),
            (0xffa0, 0xffa0),
            (0xfff0, 0xfffb),
            (0x1bca0, 0x1bca3),
            (0x1d173, 0x1d17a),
            (0xe0000, 0xe0fff),
        ];
        for character in
            ranges.into_iter().flat_map(|(one, two)| one..=two).filter_map(char::from_u32)
        {
            let shown = escape_path(format!("a{character}.txt").as_bytes());
            assert_eq!(shown, format!("a\\u{{{:x}}}.txt", u32::from(character)));
        }
        for name in ["é.txt", "名前", "한글", "naïve café", "a\u{301}", "🙂"] {
            assert_eq!(escape_path(name.as_bytes()), name);
        }
    }

    #[test]
    fn a_long_name_keeps_its_ends_and_says_what_is_missing() {
        for unit in ["n", "é", "語", "🙂"] {
            for length in [0, 1, 99, 100, 101, 102, 103, 104, 5_000] {
                let name = format!("dir/{}end.txt", unit.repeat(length));
                let Some(short) = shorten(name.as_bytes(), 400) else {
                    assert!(name.len() <= 400);
                    continue;
                };
                let short = String::from_utf8(short).expect("no character is cut in two");
                assert!(name.len() > 400 && short.len() <= 400, "{}", short.len());
                let (head, rest) = short.split_once('[').expect("a mark");
                let (mark, tail) = rest.split_once(" bytes left out]").expect("a mark");
                let missing: usize = mark.parse().expect("a number");
                assert_eq!(head.len() + missing + tail.len(), name.len());
                assert!(name.starts_with(head) && name.ends_with(tail) && tail.len() > 80);
            }
        }
        // Bytes that are not characters, and bounds that leave no room.
        for most in 0..60 {
            assert!(shorten(&[0x80; 500], most).is_some_and(|short| short.len() <= most + 60));
        }
    }
}
