//! JSON that is safe to show in a terminal, and means the same to a parser.
//!
//! JSON escapes only control characters below U+0020. Direction marks, DEL and C1 controls of a
//! hostile name would reach the terminal; here they become `\u` escapes.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// The layout of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// All on one line.
    Line,
    /// Indented by two blanks.
    Indented,
    /// Indented down to this depth of nesting, each value below it on one line: long lists take
    /// half the space, and a line is still one entry.
    Outline(usize),
}

/// Writes `value` and a line feed.
///
/// # Errors
/// An error of `out`.
pub fn write(value: &impl Serialize, layout: Layout, out: &mut dyn Write) -> io::Result<()> {
    let limit = match layout {
        Layout::Line => 0,
        Layout::Indented => usize::MAX,
        Layout::Outline(depth) => depth,
    };
    let formatter = EscapingFormatter { depth: 0, limit, filled: false };
    value.serialize(&mut Serializer::with_formatter(&mut *out, formatter))?;
    out.write_all(b"\n")
}

/// A formatter that escapes what a terminal would interpret.
struct EscapingFormatter {
    depth: usize,
    /// Deepest nesting that is broken into lines.
    limit: usize,
    /// The array or object that ends has a value.
    filled: bool,
}

impl EscapingFormatter {
    fn open<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.filled = false;
        out.write_all(bracket)
    }

    fn close<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        let in_lines = self.depth <= self.limit;
        self.depth -= 1;
        if self.filled && in_lines {
            self.line(out)?;
        }
        out.write_all(bracket)
    }

    fn next<W: ?Sized + Write>(&self, out: &mut W, first: bool) -> io::Result<()> {
        if !first {
            out.write_all(b",")?;
        }
        if self.depth <= self.limit { self.line(out) } else { Ok(()) }
    }

    fn line<W: ?Sized + Write>(&self, out: &mut W) -> io::Result<()> {
        out.write_all(b"\n")?;
        (0..self.depth).try_for_each(|_| out.write_all(b"  "))
    }
}

impl Formatter for EscapingFormatter {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        text: &str,
    ) -> io::Result<()> {
        // Nearly all text is plain, and this check is fast.
        if text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'#') {
            return out.write_all(text.as_bytes());
        }
        let mut rest = text;
        // CI services look for commands in the middle of a line, too.
        let obeyed = |at: usize, character: char, rest: &str| {
            crate::text::is_hostile(character) || character == '#' && rest[at..].starts_with("##")
        };
        while let Some((at, character)) =
            rest.char_indices().find(|&(at, character)| obeyed(at, character, rest))
        {
            out.write_all(&rest.as_bytes()[..at])?;
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = &rest[at + character.len_utf8()..];
        }
        out.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.next(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.next(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(if self.depth <= self.limit { b": " } else { b":" })
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_direction_marks_and_reads_back_the_same() {
        let name = "a\u{202e}b\u{9b}31m\u{7f}\u{1b}é\u{1f600}";
        let mut out = Vec::new();
        write(&name, Layout::Line, &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out.clone()).unwrap(),
            "\"a\\u202eb\\u009b31m\\u007f\\u001bé\u{1f600}\"\n"
        );
        assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), name);
    }

    #[test]
    fn layouts_differ_in_blanks_alone() {
        let value = serde_json::json!({"a": [[], {}, {"b": [1, 2]}], "c": null});
        let laid_out = |layout| {
            let mut out = Vec::new();
            write(&value, layout, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(laid_out(Layout::Line), format!("{value}\n"));
        assert_eq!(laid_out(Layout::Indented), format!("{value:#}\n"));
        let outline =
            "{\n  \"a\": [\n    [],\n    {},\n    {\"b\":[1,2]}\n  ],\n  \"c\": null\n}\n";
        assert_eq!(laid_out(Layout::Outline(2)), outline);
    }
}
