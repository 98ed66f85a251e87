//! The lines of a finding, as compilers show them: the number, the line, and carets below the
//! value.

use std::io::{self, Write};

use anstyle::Style as Ansi;

use crate::finding::{Finding, Occurrence};
use crate::secret::MASK;
use crate::text::escape_line;

/// The width of the shortest line, for any terminal.
const NARROWEST: usize = 40;

/// A line of a text with its values marked.
pub(in crate::report) struct Line {
    pub(in crate::report) number: u64,
    /// Escaped text.
    text: Vec<char>,
    /// Columns of the values in `text`, from 0.
    marks: Vec<(usize, usize)>,
}

/// Colours of a finding's lines.
#[derive(Clone, Copy)]
pub(super) struct Paint {
    pub(super) dim: Ansi,
    pub(super) mark: Ansi,
}

/// Writes the lines of `place` with the id and the secret, each cropped to `width` columns.
pub(super) fn write(
    finding: &Finding,
    place: &Occurrence,
    width: Option<usize>,
    paint: Paint,
    out: &mut dyn Write,
) -> io::Result<()> {
    let lines = lines(finding, place);
    let gutter = lines.iter().map(|line| line.number.to_string().len()).max().unwrap_or_default();
    let room = width.map(|width| width.saturating_sub(gutter + 5).max(NARROWEST));
    let Paint { dim, mark } = paint;
    for line in lines {
        let line = line.crop(room.unwrap_or(usize::MAX));
        let text: String = line.text.iter().collect();
        writeln!(out, "  {dim}{:>gutter$} |{dim:#} {}", line.number, text.trim_end())?;
        if !line.marks.is_empty() {
            writeln!(out, "  {dim}{:>gutter$} |{dim:#} {mark}{}{mark:#}", "", line.carets())?;
        }
    }
    Ok(())
}

/// The line of the id, and that of the secret if it is another one, in their order.
pub(in crate::report) fn lines(finding: &Finding, place: &Occurrence) -> Vec<Line> {
    let sighting = &place.sighting;
    let id = finding.credential.key_id.as_deref();
    let number = |region: Option<crate::location::Region>| region.map_or(1, |it| it.start.line);
    let mut lines = Vec::new();
    if !sighting.snippet.trim().is_empty() {
        let with_secret = sighting.secret.is_some() && sighting.secret_snippet.is_empty();
        let id = id.filter(|_| sighting.id.is_some());
        lines.push(Line::new(number(sighting.primary()), &sighting.snippet, id, with_secret));
    }
    if sighting.id.and(sighting.secret).is_some() && !sighting.secret_snippet.trim().is_empty() {
        lines.push(Line::new(number(sighting.secret), &sighting.secret_snippet, None, true));
    }
    lines.sort_by_key(|line| line.number);
    lines
}

impl Line {
    /// Marks the id, and the secret if it is clear which masked value it is.
    fn new(number: u64, snippet: &str, id: Option<&str>, with_secret: bool) -> Self {
        let shown = escape_line(snippet.trim());
        let columns = |at: usize| shown[..at].chars().count();
        let mut marks = Vec::new();
        let id = id.map(escape_line).and_then(|id| Some((shown.find(&id)?, id)));
        if let Some((at, id)) = &id {
            marks.push((columns(*at), columns(at + id.len())));
        }
        if with_secret {
            let mut masked = shown.match_indices(MASK).map(|(at, _)| at);
            let after_id = |at: &usize| id.as_ref().is_none_or(|(id, _)| at > id);
            let at = match (shown.matches(MASK).count(), &id) {
                (1, _) => masked.next(),
                (_, Some(_)) => masked.find(after_id),
                (_, None) => None,
            };
            marks.extend(at.map(|at| (columns(at), columns(at + MASK.len()))));
        }
        marks.sort_unstable();
        Self { number, text: shown.chars().collect(), marks }
    }

    /// The part of the line around its first value, of `room` columns.
    fn crop(self, room: usize) -> Self {
        let len = self.text.len();
        if len <= room {
            return self;
        }
        let (start, end) = self.marks.first().copied().unwrap_or_default();
        // A third of the room is for the text before the value, which names it.
        let from = match end < room {
            true => 0,
            false => start.saturating_sub(room / 3).min(len - room),
        };
        let to = (from + room).min(len);
        let mut text = self.text[from..to].to_vec();
        if from > 0 {
            text[0] = '…';
        }
        if to < len {
            text[to - from - 1] = '…';
        }
        let within = |(start, end): (usize, usize)| {
            let (start, end) = (start.max(from), end.min(to));
            (start < end).then(|| (start - from, end - from))
        };
        let marks = self.marks.into_iter().filter_map(within).collect();
        Self { number: self.number, text, marks }
    }

    /// The text in pieces, and for each if it is a marked value.
    pub(in crate::report) fn pieces(&self) -> Vec<(String, bool)> {
        let mut pieces = Vec::new();
        let mut at = 0;
        let piece = |from: usize, to: usize| self.text[from..to].iter().collect::<String>();
        for &(start, end) in &self.marks {
            // An id in a masked value would be marked twice.
            if start < at || end <= start {
                continue;
            }
            pieces.extend((start > at).then(|| (piece(at, start), false)));
            pieces.push((piece(start, end), true));
            at = end;
        }
        let len = self.text.len();
        pieces.extend((at < len).then(|| (piece(at, len), false)));
        pieces
    }

    fn carets(&self) -> String {
        let mut carets = String::new();
        for &(start, end) in &self.marks {
            let at = carets.len();
            carets.extend(std::iter::repeat_n(' ', start.saturating_sub(at)));
            carets.extend(std::iter::repeat_n('^', end.saturating_sub(start.max(at))));
        }
        carets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, id: Option<&str>, room: usize) -> (String, String) {
        let line = Line::new(1, text, id, true).crop(room);
        (line.text.iter().collect(), line.carets())
    }

    #[test]
    fn values_are_marked_wherever_they_are() {
        for (text, id, room, line, carets) in [
            ("  k=ID1 [redacted]", Some("ID1"), 80, "k=ID1 [redacted]", "  ^^^ ^^^^^^^^^^"),
            ("s='[redacted]'", None, 80, "s='[redacted]'", "   ^^^^^^^^^^"),
            // It is not known which of two masked values is the secret.
            ("[redacted] [redacted]", None, 80, "[redacted] [redacted]", ""),
            (
                "[redacted] ID1 [redacted]",
                Some("ID1"),
                80,
                "[redacted] ID1 [redacted]",
                "           ^^^ ^^^^^^^^^^",
            ),
            ("0123456789 k=ID1 0123456789", Some("ID1"), 12, "… k=ID1 012…", "    ^^^"),
            ("é\u{1b}=ID1", Some("ID1"), 80, "é\\u{1b}=ID1", "        ^^^"),
        ] {
            let (shown, marked) = shown(text, id, room);
            assert_eq!((shown.as_str(), marked.as_str()), (line, carets), "{text}");
        }
    }

    #[test]
    fn a_line_never_exceeds_its_room() {
        let text = format!("{}k=ID1 {}", "x".repeat(50), "y".repeat(50));
        for room in 12..120 {
            let (shown, carets) = shown(&text, Some("ID1"), room);
            assert!(shown.chars().count() <= room && carets.len() <= room, "{room}: {shown}");
            assert_eq!(carets.trim(), "^^^", "{room}");
        }
    }
}
