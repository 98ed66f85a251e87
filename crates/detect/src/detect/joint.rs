//! Joints: what a view removed between two parts of a text, and whether a value goes on after it.
//!
//! A view joins what a language, a terminal or a page may show as one. A token of variable length
//! matches before such a joint and after it. The part before it is complete, so the text alone
//! decides: how sure the joint is, and if the part after it is a word or random.

use std::ops::Range;

use crate::finding::Confidence;

use super::random;
use super::view::View;

/// The place where a view removed something.
#[derive(Clone, Copy, Debug)]
pub(super) struct Joint {
    /// Offset in the view of the part after it.
    pub at: usize,
    kind: Kind,
}

/// Kinds of joints, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// An operator between two string literals, literals that touch each other, or a line that
    /// continues on the next one, in its first column.
    Operator,
    /// Colours, tags, and the line break of a folded line.
    Shown,
    /// Literals on two lines: C and Python join them, a shell and a list do not. Literals of a list
    /// that a call may join.
    Lines,
    /// Literals on one line with blanks between them, which are arguments of a command, and a
    /// backquote at the end of a line, which ends code in a text.
    Words,
}

/// The extent of a value that matches up to a joint, and beyond it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// It ends at the joint.
    Part,
    /// It goes on.
    Whole,
    /// The text does not say: both are reported, the longer one with this confidence.
    Either(Confidence),
}

/// Minimum number of characters of a part that are compared with random ones.
const TELLING: usize = 8;
/// Number of letters of one case that are a word, even after an operator.
const WORD: usize = 5;

impl Joint {
    /// The joint before `at` in a view, if `gap` is one that was removed there.
    pub(super) fn new(at: usize, gap: &[u8]) -> Option<Self> {
        Kind::of(gap).map(|kind| Self { at, kind })
    }

    /// The same joint at another place.
    pub(super) fn moved(self, at: usize) -> Self {
        Self { at, ..self }
    }

    /// The extent of the value at `span` of a view, which also matches up to this joint.
    pub(super) fn extent(self, view: &View<'_>, span: &Range<usize>) -> Extent {
        let tail = &view.text[self.at..span.end];
        let next = view.text.get(span.end);
        let is_literal = matches!(self.kind, Kind::Lines | Kind::Words);
        // An address, a name and its value, a sentence.
        let is_end = matches!(next, None | Some(b'"' | b'\'' | b'`' | b'\\' | b'\r' | b'\n'));
        let goes_on = is_literal && !is_end;
        let is_letters =
            tail.iter().all(u8::is_ascii_lowercase) || tail.iter().all(u8::is_ascii_uppercase);
        let word = if self.kind == Kind::Operator { WORD } else { 1 };
        if goes_on || self.kind == Kind::Words || is_letters && tail.len() >= word {
            return Extent::Part;
        }
        match (tail.len() >= TELLING, random::reads_random(tail)) {
            (true, true) if self.kind != Kind::Lines => Extent::Whole,
            (true, false) => Extent::Part,
            (true, true) => Extent::Either(Confidence::Medium),
            (false, _) => Extent::Either(Confidence::Low),
        }
    }
}

impl Kind {
    fn of(gap: &[u8]) -> Option<Self> {
        let is_quote = |byte: &u8| matches!(byte, b'"' | b'\'' | b'`');
        match gap {
            [first, inner @ .., last] if is_quote(first) && is_quote(last) => {
                let mut signs = inner.iter().filter(|byte| !byte.is_ascii_whitespace());
                let has_lines = inner.contains(&b'\n');
                let is_list = inner.iter().all(|byte| *byte == b',' || byte.is_ascii_whitespace());
                if is_list && inner.contains(&b',') {
                    return Some(Self::Lines);
                }
                let is_continued = match signs.next() {
                    Some(b'\\' | b'`' | b'^' | b'_') => has_lines && signs.next().is_none(),
                    sign => sign.is_none(),
                };
                Some(match (inner.is_empty() || !is_continued, has_lines) {
                    (true, _) => Self::Operator,
                    (false, true) => Self::Lines,
                    (false, false) => Self::Words,
                })
            }
            [b'`', ..] => Some(Self::Words),
            [0x1b | b'<' | b'[' | 0xe2, ..] | [b'^', b'[', ..] | [b'\n' | b'\r', ..] => {
                Some(Self::Shown)
            }
            // A shell ends a word at the blanks of the next line, and others don't.
            [b'\\' | b'^', b'\n' | b'\r' | b' ' | b'\t', .., b' ' | b'\t'] => Some(Self::Lines),
            [b'\\' | b'^' | b'}', ..] => Some(Self::Operator),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_removed_says_how_sure_a_joint_is() {
        for (gap, kind) in [
            ("\" + \"", Kind::Operator),
            ("\" +\n  \"", Kind::Operator),
            ("' . '", Kind::Operator),
            ("\" ^ \"", Kind::Operator),
            ("\" &_\n \"", Kind::Operator),
            ("\"'", Kind::Operator),
            ("\\\n", Kind::Operator),
            ("^\r\n", Kind::Operator),
            ("\\allowbreak ", Kind::Operator),
            ("\"\n  \"", Kind::Lines),
            ("\", \"", Kind::Lines),
            ("' \\\n  '", Kind::Lines),
            ("\\\n   ", Kind::Lines),
            ("\" \"", Kind::Words),
            ("`\n", Kind::Words),
            ("</b>", Kind::Shown),
            ("\u{1b}[0m", Kind::Shown),
            ("^[[0m", Kind::Shown),
            ("\n ", Kind::Shown),
        ] {
            assert_eq!(Kind::of(gap.as_bytes()), Some(kind), "{gap:?}");
        }
        for soft_break in ["=\n", "=\r\n", "?= =?utf-8?q?"] {
            assert_eq!(Kind::of(soft_break.as_bytes()), None, "{soft_break:?}");
        }
    }
}
