//! The outline of a text: the brackets, elements, sections, list items and indented blocks that
//! contain its items, each with the name that the text gives it.
//!
//! No language is parsed: one tolerant walk reads the marks that most languages share. A mark that
//! closes nothing is skipped, so prose does no harm. Each byte is read once.

use std::collections::HashSet;
use std::ops::Range;

use super::item::Item;
use super::label::{is_comment, of_segment};
use super::markup::{element_name, list_item, tag_name};
use super::name::Name;

mod scope;

pub(super) use scope::{Kind, Scope};

/// The scopes of a text and the positions of its items in them.
pub(super) struct Outline {
    scopes: Vec<Scope>,
    /// The innermost scope of each item.
    of: Vec<usize>,
}

/// Maximum number of nested scopes; deeper ones belong to the last of them.
const MOST_DEEP: usize = 48;
/// Maximum number of scopes around an item that are looked at.
const DEEPEST_PATH: usize = 2 * MOST_DEEP;
/// Maximum number of bytes of a scope's name that are read.
const NAME: usize = 100;

impl Outline {
    /// Reads `text` from `start` on; `items` are sorted.
    pub(super) fn new(text: &[u8], start: usize, items: &[Item]) -> Self {
        let first = items.first().map_or(text.len(), |item| item.span.start);
        let mut walk = Walk::new(text, start, first);
        let mut of = Vec::with_capacity(items.len());
        for item in items {
            walk.run(item.span.start.max(walk.at));
            of.push(walk.innermost());
            walk.skip(item.span.end);
        }
        // Marks that close scopes after the last item determine the size of these scopes.
        walk.run(text.len());
        let mut outline = Self { scopes: walk.scopes, of };
        outline.read_names(text);
        outline
    }

    /// Reads the names of the brackets around items. Code has many others.
    fn read_names(&mut self, text: &[u8]) {
        let mut innermost = self.of.clone();
        innermost.dedup();
        for mut at in innermost {
            for _ in 0..DEEPEST_PATH {
                let scope = &mut self.scopes[at];
                let names = std::mem::take(&mut scope.names);
                if !names.is_empty() {
                    scope.name = of_segment(&text[names]).name;
                }
                if scope.parent == at {
                    break;
                }
                at = scope.parent;
            }
        }
    }

    /// The scopes around an item, the innermost first, without the root.
    pub(super) fn around(&self, item: usize) -> impl Iterator<Item = &Scope> + '_ {
        self.path(self.of[item]).map(|index| &self.scopes[index])
    }

    /// The innermost scope of an item.
    pub(super) fn of(&self, item: usize) -> usize {
        self.of[item]
    }

    pub(super) fn scope(&self, index: usize) -> &Scope {
        &self.scopes[index]
    }

    /// For each of two items the scopes that contain it but not the other, the innermost first.
    pub(super) fn apart(&self, a: usize, b: usize) -> (Vec<usize>, Vec<usize>) {
        if self.of[a] == self.of[b] {
            return (Vec::new(), Vec::new());
        }
        let mut a: Vec<usize> = self.path(self.of[a]).collect();
        let mut b: Vec<usize> = self.path(self.of[b]).collect();
        while a.last().is_some_and(|last| b.last() == Some(last)) {
            a.pop();
            b.pop();
        }
        (a, b)
    }

    fn path(&self, from: usize) -> impl Iterator<Item = usize> + '_ {
        let mut at = from;
        std::iter::from_fn(move || {
            let scope = &self.scopes[at];
            let here = at;
            at = scope.parent;
            (here != at).then_some(here)
        })
        .take(DEEPEST_PATH)
    }
}

/// The walk over a text.
struct Walk<'t> {
    text: &'t [u8],
    at: usize,
    scopes: Vec<Scope>,
    /// Open scopes, the outermost first; the root is the first of them.
    open: Vec<usize>,
    /// Number of brackets that were too deep to be opened.
    skipped: usize,
    /// Start of the text that may name the next scope.
    segment: usize,
    /// Place where the last bracket was closed.
    closed_at: usize,
    /// Start of the next item.
    next: usize,
    /// Elements that are closed somewhere. Others are not elements but types such as
    /// `List<String>`.
    closed: HashSet<&'t [u8]>,
}

impl<'t> Walk<'t> {
    fn new(text: &'t [u8], start: usize, next: usize) -> Self {
        let body = &text[start..];
        let closed = memchr::memmem::find_iter(body, b"</")
            .map(|at| tag_name(&body[at + 2..]))
            .filter(|name| !name.is_empty())
            .collect();
        let root = Scope {
            parent: 0,
            kind: Kind::Root,
            name: Name::default(),
            names: 0..0,
            segment: start,
            start,
            end: text.len(),
            separators: 0,
            lines: 0,
        };
        let mut walk = Self {
            text,
            at: start,
            scopes: vec![root],
            open: vec![0],
            skipped: 0,
            segment: start,
            closed_at: start,
            next,
            closed,
        };
        walk.begin_line();
        walk
    }

    fn innermost(&self) -> usize {
        self.open[self.open.len() - 1]
    }

    /// Skips an item.
    fn skip(&mut self, end: usize) {
        self.at = self.at.max(end.min(self.text.len()));
        self.segment = self.at;
    }

    fn run(&mut self, to: usize) {
        self.next = to;
        while self.at < to {
            let at = self.at;
            self.at += 1;
            match self.text[at] {
                b'\n' => {
                    let innermost = self.innermost();
                    self.scopes[innermost].lines += 1;
                    self.begin_line();
                }
                // A line break in a string's notation.
                b'\\' if self.text.get(at + 1) == Some(&b'n') && self.at < to => {
                    self.at += 1;
                    let innermost = self.innermost();
                    self.scopes[innermost].lines += 1;
                    self.begin_line();
                }
                b'{' | b'[' | b'(' => {
                    let bracket = self.text[at];
                    // The text around a parenthesis names the block after it, but not another
                    // parenthesis.
                    let from = if bracket == b'{' {
                        self.segment
                    } else {
                        self.segment.max(self.closed_at)
                    };
                    let from = from.max(at.saturating_sub(NAME)).min(at);
                    self.open_named_by(Kind::Bracket(bracket), Name::default(), from..at);
                }
                b'}' => self.close(b'{'),
                b']' => self.close(b'['),
                b')' => self.close(b'('),
                b'<' => self.tag(at, to),
                b',' | b';' => {
                    self.separate();
                    self.segment = self.at;
                }
                _ => {}
            }
        }
    }

    fn separate(&mut self) {
        let innermost = self.innermost();
        self.scopes[innermost].separators += 1;
    }

    fn open(&mut self, kind: Kind, name: Name) {
        self.open_named_by(kind, name, 0..0);
    }

    /// Opens a scope whose name is `name`, or will be read from `names`.
    fn open_named_by(&mut self, kind: Kind, name: Name, names: Range<usize>) {
        if self.open.len() >= MOST_DEEP {
            self.skipped += usize::from(matches!(kind, Kind::Bracket(_)));
            return;
        }
        let parent = self.innermost();
        self.scopes.push(Scope {
            parent,
            kind,
            name,
            names,
            segment: self.segment,
            start: self.at,
            end: self.text.len(),
            separators: 0,
            lines: 0,
        });
        self.open.push(self.scopes.len() - 1);
        self.segment = self.at;
    }

    fn close(&mut self, bracket: u8) {
        self.segment = self.at;
        self.closed_at = self.at;
        if self.skipped > 0 {
            self.skipped -= 1;
            return;
        }
        let opened =
            self.open.iter().rposition(|&scope| self.scopes[scope].kind == Kind::Bracket(bracket));
        match opened {
            Some(at) => {
                // `getSecretKey() {`: the text around a parenthesis continues after it.
                if bracket == b'(' {
                    self.segment = self.scopes[self.open[at]].segment;
                }
                self.pop_to(at);
            }
            // Everything so far was in an object that was opened before the text begins.
            None if bracket == b'{' => self.enclose(),
            None => {}
        }
    }

    /// Closes the open scopes from `at` on.
    fn pop_to(&mut self, at: usize) {
        for scope in self.open.drain(at..) {
            self.scopes[scope].end = self.at;
        }
    }

    fn enclose(&mut self) {
        self.pop_to(1);
        let root = self.open[0];
        let outer = self.scopes.len();
        let mut scope = self.scopes[root].clone();
        scope.parent = outer;
        self.scopes.push(scope);
        self.scopes[root].parent = outer;
        self.scopes[root].kind = Kind::Bracket(b'{');
        self.open[0] = outer;
    }

    /// Reads `<name …>` or `</name>`, if one is there.
    fn tag(&mut self, at: usize, to: usize) {
        let rest = &self.text[at + 1..];
        if let Some(rest) = rest.strip_prefix(b"/") {
            let name = tag_name(rest);
            let same = |&scope: &usize| {
                let scope = &self.scopes[scope];
                scope.kind == Kind::Element && self.element(scope) == name
            };
            if let Some(at) = self.open.iter().rposition(same).filter(|_| !name.is_empty()) {
                self.pop_to(at);
                self.separate();
                self.at = (self.at + 1 + name.len()).min(to);
            }
            return;
        }
        let name = tag_name(rest);
        if name.is_empty() || !self.closed.contains(name) {
            return;
        }
        let tag = &rest[..rest.len().min(300)];
        let Some(end) = memchr::memchr(b'>', tag) else { return };
        if tag[..end].ends_with(b"/") || at + 1 + end >= to {
            return;
        }
        self.at = at + end + 2;
        self.open(Kind::Element, element_name(name, &tag[..end]));
        self.segment = at;
    }

    /// The name of an open element, from its tag.
    fn element(&self, scope: &Scope) -> &'t [u8] {
        let tag = &self.text[..scope.start];
        let from = memchr::memrchr(b'<', tag).map_or(scope.start, |at| at + 1);
        tag_name(&self.text[from..])
    }

    /// Reads the start and the end of a line: indentation, list items, headers and headings.
    fn begin_line(&mut self) {
        self.segment = self.at;
        let rest = &self.text[self.at..];
        let line = &rest[..rest.len().min(400)];
        let line = &line[..memchr::memchr(b'\n', line).unwrap_or(line.len())];
        let line = &line[..line_break(line).unwrap_or(line.len())];
        let indent = line.iter().take_while(|&&byte| byte == b' ' || byte == b'\t').count();
        let content = line.trim_ascii();
        if content.is_empty() {
            return;
        }
        let in_bracket = self
            .open
            .iter()
            .any(|&scope| matches!(self.scopes[scope].kind, Kind::Bracket(b'{' | b'[')));
        if in_bracket {
            return;
        }
        if is_comment(content) {
            // A comment that contains an item is not a heading.
            if self.at + line.len() <= self.next {
                self.heading(content, indent);
            }
            return;
        }
        if self.section(content) {
            return;
        }
        self.outdent(indent, list_item(content).is_some());
        let mut column = indent;
        let mut content = content;
        while let Some(rest) = list_item(content) {
            self.open(Kind::ListItem(column), Name::default());
            let rest_trimmed = rest.trim_ascii_start();
            column += content.len() - rest_trimmed.len();
            content = rest_trimmed;
        }
        let title = content.trim_ascii_end();
        let title = [&b"|"[..], b">", b"|-", b">-"]
            .iter()
            .find_map(|mark| title.strip_suffix(*mark))
            .unwrap_or(title)
            .trim_ascii_end();
        if let Some(title) = title.strip_suffix(b":") {
            self.open(Kind::Block(column), Name::of(title, title.contains(&b' ')));
        }
    }

    /// Closes the scopes that a line of this indentation ends.
    fn outdent(&mut self, indent: usize, is_item: bool) {
        let ends = |&scope: &usize| match self.scopes[scope].kind {
            // The items of a list may be indented as much as its name.
            Kind::Block(own) => indent < own || indent == own && !is_item,
            Kind::ListItem(own) => indent <= own,
            _ => false,
        };
        if let Some(at) = self.open.iter().position(ends) {
            self.pop_to(at);
        }
    }

    /// Reads `[name]` alone in a line, with an assignment below it.
    fn section(&mut self, line: &[u8]) -> bool {
        let document =
            line == b"---" && self.text[self.at..].iter().take(200).any(|&byte| byte == b':');
        if document {
            self.pop_to(1);
            self.at += line.len();
            self.open(Kind::Document, Name::default());
            return true;
        }
        let inner = line.strip_prefix(b"[").and_then(|line| line.strip_suffix(b"]"));
        let Some(inner) = inner else { return false };
        let plain = |&byte: &u8| byte.is_ascii_alphanumeric() || b" _-.:/\\\"'[]@".contains(&byte);
        let below = &self.text[self.at..self.text.len().min(self.at + 400)];
        let mut lines = below.split(|&byte| byte == b'\n').skip(1).map(<[u8]>::trim_ascii);
        let next = lines.find(|line| !line.is_empty() && !is_comment(line));
        let assigns = next.is_some_and(|line| {
            let name = line.iter().take_while(|byte| !matches!(byte, b'=' | b':')).count();
            name < line.len() && name > 0 && !line[0].is_ascii_digit() && line[0] != b'['
        });
        let is_header = inner.iter().all(plain)
            && inner.iter().any(u8::is_ascii_alphabetic)
            && (assigns || next.is_some_and(|line| line.starts_with(b"[")));
        if is_header {
            self.pop_to(1);
            self.at += line.len();
            self.open(Kind::Section, Name::of(inner, false));
        }
        is_header
    }

    /// Reads a comment or a heading. It names the text after it, up to the next one.
    fn heading(&mut self, line: &[u8], indent: usize) {
        let name = Name::of(&line[..line.len().min(NAME)], true);
        let assigns = line.iter().any(|byte| matches!(byte, b'=' | b':'));
        if assigns || name.stem.is_empty() {
            return;
        }
        let last =
            self.open.iter().rposition(|&scope| self.scopes[scope].kind == Kind::Heading(indent));
        if let Some(at) = last {
            self.pop_to(at);
        }
        self.open(Kind::Heading(indent), name);
    }
}

/// The place of a line break in a string's notation.
fn line_break(line: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'\\', line).find(|at| line.get(at + 1) == Some(&b'n'))
}
