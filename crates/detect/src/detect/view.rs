//! Views: a stretch of text with its escapes undone, and the mapping to the original offsets.
//!
//! A credential is written in many ways: `\/` in JSON, `%2F` in a URL, `"ab" + "cd"` in code. Each
//! kind of escape has its own view, because undoing an escape that is not there would destroy a
//! credential (`=2F` may be an equals sign and the first two characters of a secret). A result of
//! the raw text takes precedence over a result of a view. All rules get all views.

use std::borrow::Cow;
use std::ops::Range;

use crate::escapes::{Rewrite, escape};
use crate::finding::Encoding;

use super::columns;
use super::dump;
use super::header;
use super::joint::Joint;
use super::login;
use super::numbers;
use super::undo;

/// Text that represents a stretch of the original.
#[derive(Debug)]
pub(super) struct View<'a> {
    /// The text with escapes undone.
    pub text: Cow<'a, [u8]>,
    /// For each byte of `text` the offset and length of its source; `None` if the view is the
    /// stretch itself.
    map: Option<Vec<(u32, u8)>>,
    /// The places where something was removed, in order.
    joints: Vec<Joint>,
    /// The values of the view that are encoded in the stretch, in order.
    parts: Vec<Part>,
}

/// A value that the stretch encodes.
#[derive(Debug)]
pub(super) struct Part {
    /// Its place in the view.
    pub shown: Range<usize>,
    /// The encoded run in the stretch, with its padding.
    pub source: Range<usize>,
    /// The encodings, outermost first.
    pub layers: Vec<Encoding>,
}

/// Number of times that escapes are undone: a string in a string in a string.
const LAYERS: usize = 3;

impl<'a> View<'a> {
    /// The unchanged stretch.
    pub(super) fn raw(bytes: &'a [u8]) -> Self {
        Self { text: Cow::Borrowed(bytes), map: None, joints: Vec::new(), parts: Vec::new() }
    }

    /// A view of `text`. `map` gives the offset and length of the source of each byte.
    pub(super) fn made(text: Vec<u8>, map: Vec<(u32, u8)>) -> Self {
        let (joints, parts) = (Vec::new(), Vec::new());
        Self { text: Cow::Owned(text), map: Some(map), joints, parts }
    }

    /// The encoded value in which a span of the view begins.
    fn part(&self, span: &Range<usize>) -> Option<&Part> {
        let next = self.parts.partition_point(|part| part.shown.end <= span.start);
        self.parts.get(next).filter(|part| part.shown.start <= span.start)
    }

    /// The encodings of a span of the view.
    pub(super) fn layers(&self, span: &Range<usize>) -> &[Encoding] {
        self.part(span).map_or(&[], |part| &part.layers)
    }

    /// True if it is the unchanged stretch.
    pub(super) fn is_raw(&self) -> bool {
        self.map.is_none()
    }

    /// The span of the original that a span of the view represents.
    pub(super) fn original(&self, span: &Range<usize>) -> Range<usize> {
        // The padding belongs to a whole value.
        if let Some(part) = self.part(span).filter(|part| part.shown == *span) {
            return part.source.clone();
        }
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

    /// The joints inside a span of the view, with the ends of the parts before them in the original.
    pub(super) fn joints(&self, span: &Range<usize>) -> impl Iterator<Item = (Joint, usize)> {
        let first = self.joints.partition_point(|joint| joint.at <= span.start);
        let joints = self.joints[first..].iter().take_while(|joint| joint.at < span.end);
        joints.map(|&joint| (joint, self.original(&(joint.at - 1..joint.at)).end))
    }

    /// All views of a stretch, the least changed first.
    pub(super) fn all(bytes: &'a [u8]) -> Vec<Self> {
        let mut views = vec![Self::raw(bytes)];
        views.extend(Self::raw(bytes).unescaped());
        let unmarked = views[views.len() - 1].unmarked();
        views.extend(Self::quoted_printable(bytes));
        views.extend(unmarked);
        let joined = views.iter().filter_map(Self::joined).collect::<Vec<_>>();
        views.extend(joined);
        if undo::is_folded(bytes) {
            views.extend(Self::raw(bytes).rewritten(b"\r\n", undo::fold));
        }
        for view in [numbers::list(bytes), dump::dump(bytes)].into_iter().flatten() {
            let unescaped = view.unescaped();
            views.push(view);
            views.extend(unescaped);
        }
        views.extend(columns::unfolded(bytes));
        views.extend(login::shown(bytes));
        views
    }

    /// Escapes of strings, URLs and markup undone; `None` if there are none.
    pub(super) fn unescaped<'b>(&self) -> Option<View<'b>> {
        memchr::memchr3(b'\\', b'%', b'&', &self.text)?;
        // Control sequences are marks, which have their own views.
        let rule = |rest: &[u8], _: &[u8]| if rest[0] == 0x1b { None } else { escape(rest) };
        let mut view = self.rewritten(b"\\%&", rule)?;
        for _ in 1..LAYERS {
            match view.rewritten(b"\\%&", rule) {
                Some(deeper) => view = deeper,
                None => break,
            }
        }
        Some(view)
    }

    /// Quoted-printable undone; `None` if the text does not look like it.
    fn quoted_printable(bytes: &'a [u8]) -> Option<Self> {
        if !undo::is_quoted_printable(bytes) {
            return None;
        }
        if !header::has_quoted(bytes) {
            return Self::raw(bytes).rewritten(b"=", |rest, _| undo::quoted_printable(rest));
        }
        Self::raw(bytes).rewritten(b"=?_", |rest, before| match rest[0] {
            b'_' if header::is_inside(before) => Some((1, Some(b' '))),
            _ => match header::joint(rest) {
                Some(len) => Some((len, None)),
                None => undo::quoted_printable(rest),
            },
        })
    }

    /// Removes the marks by which programs show colours, matches and changes. One view has blanks
    /// in their place, because they may separate words; one has nothing, because they may be inside
    /// a word.
    fn unmarked<'b>(&self) -> Vec<View<'b>> {
        if !undo::has_marks(&self.text) {
            return vec![];
        }
        let marks = undo::MARKS;
        let views = [self.rewritten(marks, undo::blank_mark), self.rewritten(marks, undo::mark)];
        views.into_iter().flatten().collect()
    }

    /// String literals that code joins (`"ab" + "cd"`), and lines that a backslash continues.
    fn joined(&self) -> Option<Self> {
        let rule = |rest: &[u8], before: &[u8]| undo::join(rest, before).map(|len| (len, None));
        self.rewritten(undo::JOINTS, rule)
    }

    /// Applies `rule` at each of `signs`, to the text from there on and the text before; `None` if
    /// it never applies.
    fn rewritten<'b>(
        &self,
        signs: &[u8],
        rule: impl Fn(&[u8], &[u8]) -> Rewrite,
    ) -> Option<View<'b>> {
        let text = &*self.text;
        let mut is_sign = [false; 256];
        signs.iter().for_each(|&sign| is_sign[usize::from(sign)] = true);
        let next = |from: usize| {
            let rest = text
                .get(from..)
                .unwrap_or_default()
                .iter()
                .position(|&byte| is_sign[usize::from(byte)]);
            rest.map_or(text.len(), |by| from + by)
        };
        let applies = |at: &usize| rule(&text[*at..], &text[..*at]).is_some();
        // Most rules apply nowhere in most texts, so nothing is copied before one applies.
        let places = std::iter::successors(Some(next(0)), |at| Some(next(at + 1)));
        let mut at = places.take_while(|at| *at < text.len()).find(applies)?;
        let mut made = Made {
            text: Vec::with_capacity(text.len()),
            map: Vec::with_capacity(text.len()),
            ..Made::default()
        };
        let mut settled = 0;
        while at < text.len() {
            if let Some((len, byte)) = rule(&text[at..], &text[..at]) {
                self.copy(settled..at, &mut made);
                if let Some(byte) = byte {
                    let source = self.original(&(at..at + len));
                    let len = u8::try_from(source.len()).unwrap_or(u8::MAX);
                    made.text.push(byte);
                    made.map.push((source.start as u32, len));
                } else {
                    made.joints.extend(Joint::new(made.text.len(), &text[at..at + len]));
                }
                at += len;
                settled = at;
            } else {
                at += 1;
            }
            at = if at < text.len() { next(at) } else { at };
        }
        self.copy(settled..text.len(), &mut made);
        Some(made.view())
    }

    /// Appends an unchanged part of the view.
    pub(super) fn copy(&self, span: Range<usize>, made: &mut Made) {
        let from = self.joints.partition_point(|joint| joint.at < span.start);
        let joints = self.joints[from..].iter().take_while(|joint| joint.at <= span.end);
        let to = |at: usize| made.text.len() + at - span.start;
        made.joints.extend(joints.map(|joint| joint.moved(to(joint.at))));
        made.text.extend_from_slice(&self.text[span.clone()]);
        match &self.map {
            Some(own) => made.map.extend_from_slice(&own[span]),
            None => made.map.extend(span.map(|at| (at as u32, 1))),
        }
    }
}

/// A view in the making.
#[derive(Default)]
pub(super) struct Made {
    pub text: Vec<u8>,
    pub map: Vec<(u32, u8)>,
    pub joints: Vec<Joint>,
    pub parts: Vec<Part>,
}

impl Made {
    pub(super) fn view(self) -> View<'static> {
        View {
            text: Cow::Owned(self.text),
            map: Some(self.map),
            joints: self.joints,
            parts: self.parts,
        }
    }
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
