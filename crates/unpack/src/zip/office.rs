//! Office documents (ECMA-376, OASIS OpenDocument): lines are those that a reader sees.
//!
//! Their XML splits words wherever a program changed or checked something, and stores the strings
//! of a sheet apart from its cells. Here a paragraph is a line with its runs joined, and a row of a
//! table or a sheet is a line with a tab after each cell. Attribute values and comments come last.

use std::io::Read;

use super::{Directory, Halt, Members, Random};

/// Limit in bytes of a part; a larger one is scanned unchanged.
const LARGEST: u64 = 32 << 20;
/// Minimum length in bytes of an attribute's value that is kept.
const LONG_VALUE: usize = 16;

/// The kinds of parts of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Text,
    Sheet,
    Strings,
}

impl Part {
    fn of(name: &[u8]) -> Option<Self> {
        let within = |folder: &[u8]| name.starts_with(folder) && name.ends_with(b".xml");
        if name == STRINGS {
            Some(Self::Strings)
        } else if within(b"xl/worksheets/") {
            Some(Self::Sheet)
        } else if within(b"word/")
            || within(b"ppt/slides/")
            || within(b"ppt/notesSlides/")
            || within(b"ppt/comments/")
            || within(b"xl/comments")
            || name == b"content.xml"
        {
            Some(Self::Text)
        } else {
            None
        }
    }
}

/// The strings that the cells of a workbook refer to.
const STRINGS: &[u8] = b"xl/sharedStrings.xml";

/// The state of one document.
pub(super) struct Office<'z> {
    zip: &'z Random<'z>,
    directory: &'z Directory,
    /// The strings of a workbook, loaded by the first sheet, and whether a cell uses each.
    strings: Option<Vec<(Vec<u8>, bool)>>,
}

impl<'z> Office<'z> {
    pub(super) fn new(zip: &'z Random<'z>, directory: &'z Directory) -> Self {
        Self { zip, directory, strings: None }
    }

    /// Scans a member: a part of a document as a reader sees it, any other member unchanged.
    pub(super) fn member(
        &mut self,
        name: &[u8],
        bytes: &mut dyn Read,
        members: &mut dyn Members,
    ) -> Result<(), Halt> {
        let Some(part) = Part::of(name) else { return members.member(name, bytes) };
        let mut xml = Vec::new();
        // A damaged part is scanned up to the damage, which is reported.
        let read = bytes.take(LARGEST).read_to_end(&mut xml);
        let is_xml = xml.trim_ascii_start().starts_with(b"<") || xml.starts_with(b"\xef\xbb\xbf<");
        if read.is_err() || xml.len() as u64 == LARGEST || !is_xml {
            let failed = Failed(read.err());
            return members.member(name, &mut xml.as_slice().chain(failed).chain(bytes));
        }
        members.hold(3 * xml.len() as u64)?;
        let text = match part {
            Part::Text => shown(&xml, &mut |_| None),
            Part::Sheet => {
                self.load(members)?;
                let strings = self.strings.get_or_insert_default();
                shown(&xml, &mut |index| {
                    let (text, used) = strings.get_mut(index)?;
                    *used = true;
                    Some(text.clone())
                })
            }
            // Strings that no cell uses are written after the sheets.
            Part::Strings => {
                self.load(members)?;
                let loaded = self.strings.as_ref().is_some_and(|strings| strings.len() > 1);
                if !loaded {
                    self.strings = Some(lines(&shown(&xml, &mut |_| None)));
                }
                return Ok(());
            }
        };
        members.member(name, &mut text.as_slice())
    }

    /// Scans the strings that no cell uses.
    pub(super) fn rest(&self, members: &mut dyn Members) -> Result<(), Halt> {
        let Some(strings) = &self.strings else { return Ok(()) };
        let unused = strings.iter().filter(|(text, used)| !used && !text.is_empty());
        let lines: Vec<u8> =
            unused.flat_map(|(text, _)| text.iter().chain(b"\n")).copied().collect();
        if lines.is_empty() { Ok(()) } else { members.member(STRINGS, &mut lines.as_slice()) }
    }

    fn load(&mut self, members: &mut dyn Members) -> Result<(), Halt> {
        if self.strings.is_some() {
            return Ok(());
        }
        let xml = super::find(self.zip, self.directory, STRINGS, LARGEST).unwrap_or_default();
        members.count_unpacked(xml.len() as u64)?;
        members.hold(3 * xml.len() as u64)?;
        self.strings = Some(lines(&shown(&xml, &mut |_| None)));
        Ok(())
    }
}

/// Splits strings into lines, none of which is used by a cell yet.
fn lines(text: &[u8]) -> Vec<(Vec<u8>, bool)> {
    text.split(|&byte| byte == b'\n').map(|line| (line.to_vec(), false)).collect()
}

/// Returns the error that ended a stream once more.
struct Failed(Option<std::io::Error>);

impl Read for Failed {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// The visible text of a part, then its attribute values and comments.
fn shown(xml: &[u8], string: &mut dyn FnMut(usize) -> Option<Vec<u8>>) -> Vec<u8> {
    let mut page = Page { text: Vec::with_capacity(xml.len() / 4), ..Page::default() };
    let mut at = 0;
    while at < xml.len() {
        let open = memchr::memchr(b'<', &xml[at..]).map_or(xml.len(), |len| at + len);
        page.letters(&xml[at..open], string);
        at = page.markup(xml, open);
    }
    page.put(b"\n");
    page.text.append(&mut page.aside);
    page.text
}

/// A part's text while it is extracted.
#[derive(Default)]
struct Page {
    text: Vec<u8>,
    /// The attribute values and comments.
    aside: Vec<u8>,
    /// The last line of `text` as it was before its tracked changes.
    before: Vec<u8>,
    /// Depth of tracked deletions and insertions around the current position.
    deleted: usize,
    inserted: usize,
    /// True if the line has changes.
    changed: bool,
    /// Depth of cells around the current position.
    cells: usize,
    /// True if a paragraph has ended and nothing has followed yet.
    pending: bool,
    /// True if the next text is the number of a string.
    is_index: bool,
}

impl Page {
    /// Writes to the line, and to its version before the changes. That version is written after the
    /// line: deleted text is still in the file, but is not part of the new text.
    fn put(&mut self, letters: &[u8]) {
        if self.deleted == 0 {
            self.text.extend_from_slice(letters);
        }
        if self.inserted == 0 {
            self.before.extend_from_slice(letters);
        }
        if letters.ends_with(b"\n") {
            if std::mem::take(&mut self.changed) {
                if self.before.last() != Some(&b'\n') {
                    self.before.push(b'\n');
                }
                if self.text.last() != Some(&b'\n') {
                    self.text.push(b'\n');
                }
                self.text.append(&mut self.before);
            }
            self.before.clear();
        }
    }

    /// Enters or leaves a tracked change.
    fn change(&mut self, name: &[u8], closes: bool) {
        let count = match name {
            b"w:del" | b"w:moveFrom" => &mut self.deleted,
            _ => &mut self.inserted,
        };
        *count = if closes { count.saturating_sub(1) } else { *count + 1 };
        self.changed = true;
    }

    fn letters(&mut self, letters: &[u8], string: &mut dyn FnMut(usize) -> Option<Vec<u8>>) {
        // White space between elements comes from the program.
        if letters.is_empty() || letters.contains(&b'\n') && letters.trim_ascii().is_empty() {
            return;
        }
        if std::mem::take(&mut self.pending) {
            self.put(b"\n");
        }
        let index = || std::str::from_utf8(letters).ok()?.trim().parse().ok();
        let text = if self.is_index { index().and_then(string) } else { None };
        // A line break in a cell or a run does not end a line.
        let text = text.as_deref().unwrap_or(letters);
        let line: Vec<u8> =
            text.iter().map(|&byte| if byte == b'\n' { b' ' } else { byte }).collect();
        self.put(&line);
    }

    /// Handles markup that starts with `<` at `open`; returns its end.
    fn markup(&mut self, xml: &[u8], open: usize) -> usize {
        let rest = &xml[open..];
        let until =
            |end: &[u8]| memchr::memmem::find(rest, end).map_or(rest.len(), |at| at + end.len());
        if rest.starts_with(b"<!--") {
            let end = until(b"-->");
            self.aside.extend_from_slice(&rest[..end]);
            self.aside.push(b'\n');
            return open + end;
        }
        if let Some(body) = rest.strip_prefix(b"<![CDATA[") {
            let end = until(b"]]>");
            let len = (end - 9).saturating_sub(3);
            self.letters(&body[..len.min(body.len())], &mut |_| None);
            return open + end;
        }
        let end = tag_end(rest);
        if end > 0 {
            self.tag(&rest[..end]);
        }
        open + end
    }

    fn tag(&mut self, tag: &[u8]) {
        let closes = tag.starts_with(b"</");
        let body = &tag[1 + usize::from(closes)..tag.len().max(2) - 1];
        let is_name = |byte: &&u8| !byte.is_ascii_whitespace() && **byte != b'/';
        let name = &body[..body.iter().take_while(is_name).count()];
        let alone = body.ends_with(b"/");
        match name {
            b"w:p" | b"a:p" | b"text:p" | b"text:h" | b"si" | b"w:comment" | b"comment"
                if closes =>
            {
                self.end_line(name == b"si");
            }
            b"w:br" | b"a:br" | b"w:cr" | b"text:line-break" => self.put(b"\n"),
            b"w:tab" | b"text:tab" => self.put(b"\t"),
            b"text:s" => self.put(b" "),
            b"w:noBreakHyphen" => self.put(b"-"),
            b"w:tc" | b"a:tc" | b"table:table-cell" | b"c" if closes => {
                self.pending = false;
                self.cells = self.cells.saturating_sub(1);
                self.is_index = false;
                self.put(b"\t");
            }
            b"w:tc" | b"a:tc" | b"table:table-cell" | b"c" if !alone => {
                self.cells += 1;
                self.is_index = name == b"c" && attribute(body, b"t") == Some(b"s");
            }
            b"w:tr" | b"a:tr" | b"table:table-row" | b"row" if closes => {
                self.pending = false;
                self.put(b"\n");
            }
            b"w:del" | b"w:ins" | b"w:moveFrom" | b"w:moveTo" if closes || !alone => {
                self.change(name, closes);
            }
            // A formula comes before the value of its cell.
            b"f" if closes => self.put(b" "),
            _ => {}
        }
        self.attributes(body);
    }

    /// Ends a line, unless it is in a cell; with `empty`, empty lines count as well.
    fn end_line(&mut self, empty: bool) {
        if self.cells > 0 {
            self.pending = true;
        } else if empty || self.changed || !self.text.ends_with(b"\n") {
            self.put(b"\n");
        }
    }

    fn attributes(&mut self, body: &[u8]) {
        let mut at = 0;
        while let Some((name, value, end)) = next_attribute(&body[at..]) {
            if value.len() >= LONG_VALUE && !name.starts_with(b"xmlns") {
                self.aside.extend_from_slice(name);
                self.aside.extend_from_slice(b"=\"");
                self.aside.extend_from_slice(value);
                self.aside.extend_from_slice(b"\"\n");
            }
            at += end;
        }
    }
}

/// The length of the tag at the start of `rest`; a `>` in a value does not end it.
fn tag_end(rest: &[u8]) -> usize {
    let mut quote = None;
    for (at, &byte) in rest.iter().enumerate() {
        match (quote, byte) {
            (None, b'>') => return at + 1,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    rest.len()
}

/// Name and value of the next attribute, and its end.
fn next_attribute(body: &[u8]) -> Option<(&[u8], &[u8], usize)> {
    let equals = memchr::memchr(b'=', body)?;
    let quote = *body.get(equals + 1).filter(|byte| matches!(byte, b'"' | b'\''))?;
    let value = &body[equals + 2..];
    let len = memchr::memchr(quote, value)?;
    let name = body[..equals].rsplit(u8::is_ascii_whitespace).next().unwrap_or_default();
    Some((name, &value[..len], equals + 3 + len))
}

fn attribute<'b>(body: &'b [u8], wanted: &[u8]) -> Option<&'b [u8]> {
    let mut at = 0;
    while let Some((name, value, end)) = next_attribute(&body[at..]) {
        if name == wanted {
            return Some(value);
        }
        at += end;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(xml: &str) -> String {
        let strings = ["zero", "one", "two"];
        let mut string = |at: usize| strings.get(at).map(|text| text.as_bytes().to_vec());
        String::from_utf8_lossy(&shown(xml.as_bytes(), &mut string)).trim().to_owned()
    }

    #[test]
    fn runs_of_a_paragraph_are_one_text() {
        for (xml, text) in [
            (
                "<w:p><w:r><w:t>AB</w:t></w:r><w:proofErr w:type=\"x\"/><w:r w:rsidR=\"1\"><w:rPr><w:b/></w:rPr><w:t xml:space=\"preserve\">CD </w:t></w:r></w:p><w:p><w:r><w:t>E</w:t></w:r></w:p>",
                "ABCD \nE",
            ),
            (
                "<a:p><a:r><a:t>A</a:t></a:r><a:r><a:t>B</a:t></a:r><a:br/><a:r><a:t>C</a:t></a:r></a:p>",
                "AB\nC",
            ),
            (
                "<text:p>A<text:span text:style-name=\"T1\">B</text:span>C<text:s/>D</text:p>\n  <text:p>E</text:p>",
                "ABC D\nE",
            ),
            ("<text:p>a<![CDATA[b<c]]>d</text:p>", "ab<cd"),
            // Deleted text becomes a line of its own.
            (
                "<w:p>a <w:del w:id=\"1\">B</w:del><w:ins>C</w:ins> d</w:p><w:p>e<w:ins/></w:p>",
                "a C d\na B d\ne",
            ),
            ("<w:p><w:del>B</w:del></w:p><w:p><w:ins>C</w:ins></w:p>", "B\nC"),
            (
                "<w:tr><w:tc><w:p>a</w:p></w:tc><w:tc><w:p><w:moveFrom>B</w:moveFrom></w:p></w:tc></w:tr>",
                "a\t\t\na\tB",
            ),
        ] {
            assert_eq!(page(xml), text);
        }
    }

    #[test]
    fn cells_of_a_row_are_one_line() {
        for (xml, text) in [
            (
                "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>2</v></c><c r=\"B1\"/><c r=\"C1\"><f>A1</f><v>7</v></c></row><row><c t=\"inlineStr\"><is><r><t>x</t></r><r><t>y</t></r></is></c></row>",
                "two\tA1 7\t\nxy",
            ),
            (
                "<w:tr><w:tc><w:p><w:r><w:t>A</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>B</w:t></w:r></w:p><w:p><w:r><w:t>C</w:t></w:r></w:p></w:tc></w:tr>",
                "A\tB\nC",
            ),
        ] {
            assert_eq!(page(xml), text);
        }
    }

    #[test]
    fn what_is_not_shown_is_kept() {
        let xml = "<w:p w:rsid=\"1\" w:descr=\"a long value of one\"><!-- a note --></w:p>";
        assert_eq!(page(xml), "w:descr=\"a long value of one\"\n<!-- a note -->");
    }
}
