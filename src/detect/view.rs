//! Views: a stretch of text with its escapes undone, and the way back to the original offsets.
//!
//! A credential is written in many ways: `\/` in JSON, `%2F` in a URL, `"ab" + "cd"` in code. Each
//! kind of escape has a view of its own, because undoing one that is not there would destroy a
//! credential (`=2F` may be an equals sign and the first two characters of a secret). What is seen
//! in the raw text wins over what a view shows.

use std::borrow::Cow;
use std::ops::Range;

use crate::escapes::{Rewrite, escape, hex_byte};

/// Text that stands for a stretch of the original.
#[derive(Debug)]
pub(super) struct View<'a> {
    /// The text with escapes undone.
    pub text: Cow<'a, [u8]>,
    /// For each byte of `text` the offset and length of its source; `None` when the view is the
    /// stretch itself.
    map: Option<Vec<(u32, u8)>>,
}

impl<'a> View<'a> {
    /// The stretch as it stands.
    pub(super) fn raw(bytes: &'a [u8]) -> Self {
        Self { text: Cow::Borrowed(bytes), map: None }
    }

    /// The span of the original that a span of the view stands for.
    pub(super) fn original(&self, span: &Range<usize>) -> Range<usize> {
        match &self.map {
            Some(map) if !span.is_empty() => {
                let (last, len) = map[span.end - 1];
                map[span.start].0 as usize..last as usize + usize::from(len)
            }
            Some(map) => {
                let at = map.get(span.start).map_or(0, |&(at, _)| at as usize);
                at..at
            }
            None => span.clone(),
        }
    }

    /// All views of a stretch, the least changed first.
    pub(super) fn all(bytes: &'a [u8]) -> Vec<Self> {
        let mut views = vec![Self::raw(bytes)];
        views.extend(Self::unescaped(bytes));
        views.extend(Self::quoted_printable(bytes));
        let joined = views.iter().filter_map(Self::joined).collect::<Vec<_>>();
        views.extend(joined);
        views
    }

    /// The least changed view of a stretch; `None` if there is nothing to undo.
    pub(super) fn undone(bytes: &'a [u8]) -> Option<Self> {
        Self::unescaped(bytes)
            .or_else(|| Self::quoted_printable(bytes))
            .or_else(|| Self::raw(bytes).joined())
    }

    /// Escapes of strings, URLs and markup undone, three layers deep; `None` if there are none.
    fn unescaped(bytes: &'a [u8]) -> Option<Self> {
        memchr::memchr3(b'\\', b'%', b'&', bytes).or_else(|| memchr::memchr(0x1b, bytes))?;
        let mut view = Self::raw(bytes).rewritten(|rest, _| escape(rest))?;
        for _ in 0..2 {
            match view.rewritten(|rest, _| escape(rest)) {
                Some(deeper) => view = deeper,
                None => break,
            }
        }
        Some(view)
    }

    /// Quoted-printable undone (RFC 2045 §6.7); `None` if the text does not look like it.
    fn quoted_printable(bytes: &'a [u8]) -> Option<Self> {
        let marks: [&[u8]; 5] = [b"=\n", b"=\r\n", b"=3D", b"=2F", b"=2B"];
        let marked = memchr::memchr_iter(b'=', bytes)
            .any(|at| marks.iter().any(|mark| bytes[at..].starts_with(mark)));
        if !marked {
            return None;
        }
        Self::raw(bytes).rewritten(|rest, _| {
            let body = rest.strip_prefix(b"=")?;
            if body.starts_with(b"\r\n") {
                return Some((3, None));
            }
            if body.starts_with(b"\n") {
                return Some((2, None));
            }
            Some((3, Some(hex_byte(body)?)))
        })
    }

    /// String literals that code joins (`"ab" + "cd"`) and lines that a backslash continues.
    fn joined(&self) -> Option<Self> {
        self.rewritten(|rest, before| join(rest, before).map(|len| (len, None)))
    }

    /// Applies `rule` to what stands at each place and before it; `None` if it never applies.
    fn rewritten<'b>(&self, rule: impl Fn(&[u8], &[u8]) -> Rewrite) -> Option<View<'b>> {
        let text = &*self.text;
        let mut shown = Vec::with_capacity(text.len());
        let mut map = Vec::with_capacity(text.len());
        let mut at = 0;
        let mut changed = false;
        while at < text.len() {
            let rewrite = rule(&text[at..], &text[..at]);
            changed |= rewrite.is_some();
            let (len, byte) = rewrite.unwrap_or((1, Some(text[at])));
            if let Some(byte) = byte {
                let source = self.original(&(at..at + len));
                shown.push(byte);
                map.push((source.start as u32, u8::try_from(source.len()).unwrap_or(u8::MAX)));
            }
            at += len;
        }
        changed.then_some(View { text: Cow::Owned(shown), map: Some(map) })
    }
}

/// Whether a credential may hold this byte.
fn is_part(byte: Option<&u8>) -> bool {
    byte.is_some_and(|&byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/')
}

/// Operators that join two string literals, in the languages that have one.
const OPERATORS: [&[u8]; 11] =
    [b"<<", b"<>", b"++", b"..", b"||", b"+", b".", b"&", b"~", b"^", b","];

/// The length of what stands between two joined pieces of a literal, where one ends at `rest`.
fn join(rest: &[u8], before: &[u8]) -> Option<usize> {
    if !is_part(before.last()) {
        return None;
    }
    let blank = |from: usize| {
        rest[from.min(rest.len())..]
            .iter()
            .take(80)
            .take_while(|byte| byte.is_ascii_whitespace())
            .count()
    };
    let continued = |from: usize| match rest.get(from) {
        Some(b'\\' | b'`' | b'^' | b'_') => {
            let gap = blank(from + 1);
            rest[from + 1..from + 1 + gap].contains(&b'\n').then_some(1 + gap)
        }
        _ => None,
    };
    if let Some(len) = continued(0) {
        return is_part(rest.get(len)).then_some(len);
    }
    let quote = *rest.first().filter(|byte| matches!(byte, b'"' | b'\'' | b'`'))?;
    let mut at = 1 + blank(1);
    let operator = OPERATORS.iter().find(|operator| rest[at..].starts_with(operator));
    if operator == Some(&&b","[..]) && !joins_a_list(rest, before) {
        return None;
    }
    at += operator.map_or(0, |operator| operator.len());
    at += blank(at);
    at += continued(at).unwrap_or(0);
    // A shell joins what touches, in quotes of either kind.
    let opens = match rest.get(at) {
        Some(&next) if at > 1 => next == quote,
        Some(&next) => next != quote && matches!(next, b'"' | b'\''),
        None => false,
    };
    (opens && is_part(rest.get(at + 1))).then_some(at + 1)
}

/// Whether the list around a comma is joined at once: `concat!(…)`, `paste0(…)`, `[…].join('')`.
fn joins_a_list(rest: &[u8], before: &[u8]) -> bool {
    let head = &before[before.len().saturating_sub(100)..];
    let tail = &rest[..rest.len().min(120)];
    let calls: [&[u8]; 4] = [b"concat", b"CONCAT", b"paste", b"join"];
    calls.iter().any(|call| memchr::memmem::find(head, call).is_some())
        || memchr::memmem::find(tail, b".join(").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        View::all(text.as_bytes())
            .iter()
            .map(|view| String::from_utf8_lossy(&view.text).into_owned())
            .collect()
    }

    #[test]
    fn undoes_the_escapes_of_strings_urls_and_markup() {
        for text in [
            r"a\/b",
            r"a\\\/b",
            r"a\u002fb",
            r"a\x2Fb",
            "a%2fb",
            "a%252Fb",
            "a&#47;b",
            "a&#x2F;b",
            "a&sol;b",
            r"a\057b",
        ] {
            assert!(shown(text).contains(&"a/b".to_owned()), "{text}: {:?}", shown(text));
        }
    }

    #[test]
    fn joins_what_code_joins_and_nothing_else() {
        for text in [
            "x\"ab\" + \"cd\"",
            "'ab' \\\n  'cd'",
            "'ab'.'cd'",
            "ab\\\n   cd",
            "\"ab\" &_\n \"cd\"",
            "concat!(\"ab\", \"cd\")",
            "['ab', 'cd'].join('')",
            "\"ab\"'cd'",
            "ab=\ncd",
        ] {
            assert!(
                shown(text).iter().any(|view| view.contains("abcd")),
                "{text}: {:?}",
                shown(text)
            );
        }
        for text in ["\"ab\", \"cd\"", "\"ab\"\"cd\"", "ab\ncd", "\"ab\": \"cd\""] {
            assert!(
                !shown(text).iter().any(|view| view.contains("abcd")),
                "{text}: {:?}",
                shown(text)
            );
        }
    }

    #[test]
    fn leads_back_to_the_original() {
        let text = br"x%252Fy\u002bz";
        let views = View::all(text);
        let view = &views[1];
        assert_eq!(&*view.text, b"x/y+z");
        assert_eq!(view.original(&(1..2)), 1..6);
        assert_eq!(view.original(&(2..4)), 6..13);
    }
}
