//! Runs of letters that continue over lines: base64 and hexadecimal digits as encoders wrap them,
//! in code, comments, changes and mails. Some letters may be escaped.

use std::collections::VecDeque;
use std::ops::Range;

/// Maximum number of bytes of a run that are read on either side of a place.
const REACH: usize = 256 * 1024;
/// Encoders wrap lines at 60 or more; blocks in documents may be narrower.
const MIN_LINE: usize = 40;

/// The letters of a run and their places.
#[derive(Debug)]
pub(super) struct Run {
    /// From its first letter to its last.
    pub span: Range<usize>,
    /// Its letters without the text between them.
    pub letters: Vec<u8>,
    /// For each letter its offset in the text and the number of bytes that write it.
    pub places: Vec<(u32, u8)>,
    /// The number of letters before the last line, 0 if there is one line.
    pub before_last: usize,
}

/// Notations for letters of base64 that are neither letters nor digits.
const ESCAPES: [(&[u8], u8); 19] = [
    (b"\\/", b'/'),
    (b"\\u002b", b'+'),
    (b"\\u002B", b'+'),
    (b"\\u002f", b'/'),
    (b"\\u002F", b'/'),
    (b"\\x2b", b'+'),
    (b"\\x2B", b'+'),
    (b"\\x2f", b'/'),
    (b"\\x2F", b'/'),
    (b"%2b", b'+'),
    (b"%2B", b'+'),
    (b"%2f", b'/'),
    (b"%2F", b'/'),
    (b"&#43;", b'+'),
    (b"&#47;", b'/'),
    (b"&#x2b;", b'+'),
    (b"&#x2B;", b'+'),
    (b"&#x2f;", b'/'),
    (b"&#x2F;", b'/'),
];

/// The maximal run of `part` around `at`.
///
/// Line breaks, and the text that code, comments, changes and mails add around them, are skipped
/// where a whole line of the run continues.
pub(super) fn around(bytes: &[u8], at: usize, part: impl Fn(u8) -> bool) -> Run {
    let text =
        Text { bytes, floor: at.saturating_sub(REACH), ceiling: bytes.len().min(at + REACH), part };
    let mut lines = VecDeque::new();
    lines.push_back(text.line(at));
    text.above(&mut lines);
    text.below(&mut lines);
    if text.is_change(&lines) {
        // The first column shows that the line was added or removed.
        lines.iter_mut().for_each(|line| line.start += usize::from(text.is_signed(line)));
    }
    let start = lines.front().map_or(at, |line| line.start);
    let end = lines.back().map_or(at, |line| line.end);
    let len = lines.iter().map(ExactSizeIterator::len).sum();
    let mut run = Run {
        span: start..end,
        letters: Vec::with_capacity(len),
        places: Vec::with_capacity(len),
        before_last: 0,
    };
    for line in lines {
        run.before_last = run.letters.len();
        let mut at = line.start;
        while at < line.end {
            let (len, letter) = match bytes[at] {
                letter if (text.part)(letter) => (1, letter),
                other => text.escaped(at).unwrap_or((1, other)),
            };
            run.letters.push(letter);
            run.places.push((at as u32, len as u8));
            at += len;
        }
    }
    run
}

/// A text in which a run is searched for.
struct Text<'t, P> {
    bytes: &'t [u8],
    floor: usize,
    ceiling: usize,
    part: P,
}

impl<P: Fn(u8) -> bool> Text<'_, P> {
    /// The length of an escape at `at` and the letter that it stands for.
    fn escaped(&self, at: usize) -> Option<(usize, u8)> {
        let rest = self.bytes.get(at..self.ceiling)?;
        if !matches!(rest.first()?, b'\\' | b'%' | b'&') {
            return None;
        }
        let (escape, letter) = ESCAPES.iter().find(|(escape, _)| rest.starts_with(escape))?;
        (self.part)(*letter).then_some((escape.len(), *letter))
    }

    fn ahead(&self, start: usize) -> usize {
        let mut end = start;
        loop {
            let rest = self.bytes.get(end..self.ceiling).unwrap_or_default();
            end += rest.iter().take_while(|&&byte| (self.part)(byte)).count();
            match self.escaped(end) {
                Some((len, _)) => end += len,
                None => return end,
            }
        }
    }

    fn back(&self, end: usize) -> usize {
        let mut start = end;
        loop {
            let before = self.bytes.get(self.floor..start).unwrap_or_default();
            start -= before.iter().rev().take_while(|&&byte| (self.part)(byte)).count();
            let Some(last) = start.checked_sub(1).filter(|&last| last >= self.floor) else {
                return start;
            };
            match self.bytes[last] {
                b'\\' | b'%' if self.escaped(last).is_some() => start = last,
                // The letter of a line break in a string.
                b'\\' if start < end && matches!(self.bytes[start], b'n' | b'r') => {
                    return start + 1;
                }
                b';' => {
                    let before = &self.bytes[self.floor..start];
                    let escape = ESCAPES.iter().find(|(escape, _)| before.ends_with(escape));
                    match escape.filter(|(_, letter)| (self.part)(*letter)) {
                        Some((escape, _)) => start -= escape.len(),
                        None => return start,
                    }
                }
                _ => return start,
            }
        }
    }

    /// The part of the run on the line of `at`.
    fn line(&self, at: usize) -> Range<usize> {
        self.back(at)..self.ahead(at)
    }

    /// The column at which a line ends. A label before its letters does not make it shorter.
    fn width(&self, line: &Range<usize>) -> usize {
        let floor = line.start.saturating_sub(200).max(self.floor.min(line.start));
        let label = memchr::memrchr(b'\n', &self.bytes[floor..line.start]);
        let start = label.map_or(floor, |newline| floor + newline + 1);
        line.end - start
    }

    fn above(&self, lines: &mut VecDeque<Range<usize>>) {
        while let Some(first) = lines.front().cloned() {
            let Some(gap) = gap_before(&self.bytes[self.floor..first.start]) else { break };
            let end = first.start - gap;
            let above = self.back(end)..end;
            let shorter = lines.len() == 1 && self.width(&above) < first.len();
            if above.len() < MIN_LINE || shorter {
                break;
            }
            lines.push_front(above);
        }
    }

    fn below(&self, lines: &mut VecDeque<Range<usize>>) {
        while let Some(last) = lines.back().cloned() {
            let Some(gap) = gap_after(&self.bytes[last.end..self.ceiling]) else { break };
            let next = last.end + gap..self.ahead(last.end + gap);
            // A shorter line ends the block, and so does a line that is longer than those before.
            let widest = if lines.len() == 1 { self.width(&last) } else { last.len() };
            let is_longer = next.is_empty() || next.len() > widest;
            if last.len() < MIN_LINE
                || is_longer
                || !ends_a_line(&self.bytes[next.end..self.ceiling])
            {
                break;
            }
            lines.push_back(next);
        }
    }

    /// True if a line begins with the sign of a change.
    fn is_signed(&self, line: &Range<usize>) -> bool {
        let opens = line.start == 0 || self.bytes[line.start - 1] == b'\n';
        opens && matches!(self.bytes.get(line.start), Some(b'+' | b'-'))
    }

    /// True if the lines are those of a change: with the sign, no line consists of whole quanta.
    fn is_change(&self, lines: &VecDeque<Range<usize>>) -> bool {
        let last = lines.len() - 1;
        lines.iter().all(|line| self.is_signed(line))
            && lines.iter().enumerate().all(|(at, line)| {
                let padding =
                    self.bytes[line.end..].iter().take(2).take_while(|byte| **byte == b'=').count();
                // The end of an unpadded run may have any length but one.
                (line.len() + padding) % 4 == 1 || at == last && at > 0
            })
    }
}

/// Maximum number of blanks and marks that open or close a line of a run.
const MARGIN: usize = 80;

/// Length of the one line break at the end of `text`, with the text that closes the line before it
/// and opens the next line.
fn gap_before(text: &[u8]) -> Option<usize> {
    if let Some(gap) = written_breaks().find(|gap| text.ends_with(gap)) {
        return Some(gap.len());
    }
    let head = &text[text.len().saturating_sub(MARGIN)..];
    let newline = memchr::memrchr(b'\n', head)?;
    opens(&head[newline + 1..]).then_some(())?;
    let line = head[..newline].strip_suffix(b"\r").unwrap_or(&head[..newline]);
    let margin = line.iter().rev().take(6).take_while(|byte| is_closer(**byte)).count();
    // A run may end with bytes that close a line elsewhere. It is not cut, because closers begin
    // with a quote.
    let mut from = closer(&line[line.len() - margin..]);
    if from > 0 {
        // `\n" +` continues on the next line.
        let line = &line[..line.len() - from];
        from += written_breaks().find(|gap| line.ends_with(gap)).map_or(0, <[u8]>::len);
    }
    Some(head.len() - (line.len() - from))
}

/// Length of the one line break at the beginning of `text`, with the text that closes the line
/// before it and opens the next line.
fn gap_after(text: &[u8]) -> Option<usize> {
    if let Some(gap) = written_breaks().find(|gap| text.starts_with(gap)) {
        let rest = &text[gap.len()..];
        // `\n" +` continues on the next line.
        return match rest.first() {
            Some(b'"' | b'\'') => gap_after(rest).map(|more| gap.len() + more),
            _ => Some(gap.len()),
        };
    }
    let head = &text[..text.len().min(MARGIN)];
    let newline = memchr::memchr(b'\n', head)?;
    let line = head[..newline].strip_suffix(b"\r").unwrap_or(&head[..newline]);
    if line.len() > 6 || !line.iter().all(|byte| is_closer(*byte)) || closer(line) != line.len() {
        return None;
    }
    let is_opener = |byte: &&u8| {
        matches!(**byte, b' ' | b'\t' | b'#' | b'*' | b';' | b'>' | b'|' | b'"' | b'\'' | b'.')
    };
    let rest = &head[newline + 1..];
    let changed = usize::from(matches!(rest, [b'+' | b'-', b' ' | b'\t', ..]));
    let mut margin = changed + rest[changed..].iter().take_while(is_opener).count();
    // `// ` and `+ "`, whose signs may also be letters of a run.
    for sign in [&b"// "[..], b"+ \"", b"+ '", b"-- "] {
        if rest[margin..].starts_with(sign) {
            margin += sign.len();
        }
    }
    opens(&rest[..margin]).then_some(newline + 1 + margin)
}

/// True if letters before `rest` may be a line of a run: nothing follows but padding and what closes a
/// line. A name and its value follow a run that has no padding, as in `accept: */*`, `"email": "x"` and
/// `export A=b`.
fn ends_a_line(rest: &[u8]) -> bool {
    const PADDING: [&[u8]; 8] =
        [b"=3D", b"=3d", b"=", b"%3D", b"%3d", b"\\u003d", b"\\u003D", b"&#61;"];
    let mut rest = rest;
    for _ in 0..2 {
        let padding = PADDING.iter().find_map(|padding| rest.strip_prefix(*padding));
        rest = padding.unwrap_or(rest);
    }
    if written_breaks().any(|gap| rest.starts_with(gap)) {
        return true;
    }
    let is_closed =
        matches!(rest.first(), None | Some(b'\n' | b'\r' | b'"' | b'\'' | b'`' | b'\\'));
    let quotes = rest.iter().take(4).take_while(|byte| b"\\\"'`".contains(byte)).count();
    let rest = &rest[quotes..];
    let blanks = rest.iter().take(MARGIN).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    match rest.get(blanks) {
        None | Some(b'\n' | b'\r') => true,
        Some(b':' | b'=') => false,
        Some(b'.') => rest.get(blanks + 1).is_none_or(u8::is_ascii_whitespace),
        Some(next) => is_closed || b",;)]}<>|+&#%/*-\\".contains(next),
    }
}

/// Line breaks in the notation of a string.
fn written_breaks() -> impl Iterator<Item = &'static [u8]> {
    [&b"\\r\\n"[..], b"\\n"].into_iter()
}

fn is_closer(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b',' | b' ' | b'\t' | b'+' | b'.' | b'\\' | b'&')
}

/// The number of bytes before a line break that close the line: a quote and an operator that joins
/// it to the next, a backslash, or blanks.
fn closer(margin: &[u8]) -> usize {
    let start = margin.iter().position(|byte| !matches!(byte, b'+' | b'.' | b'&' | b','));
    start.map_or(0, |start| margin.len() - start)
}

/// True if a margin opens a line of a comment, a quotation or a string.
fn opens(margin: &[u8]) -> bool {
    let marks = match margin {
        [b'+' | b'-', b' ' | b'\t', rest @ ..] if !rest.ends_with(b"\"") => rest.trim_ascii(),
        _ => margin.trim_ascii(),
    };
    let known: [&[u8]; 13] =
        [b"", b"#", b"//", b"*", b";", b"--", b">", b"|", b"\"", b"'", b"+ \"", b"+ '", b". '"];
    !margin.contains(&b'\n') && (known.contains(&marks) || marks == b"> >" || marks == b">>")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters(text: &str, at: usize) -> String {
        let run = around(text.as_bytes(), at, |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-')
        });
        for (letter, (at, len)) in run.letters.iter().zip(&run.places) {
            assert!(*len > 1 || text.as_bytes()[*at as usize] == *letter, "{text}");
        }
        String::from_utf8_lossy(&run.letters).into_owned()
    }

    #[test]
    fn lines_of_a_block_are_one_run_whatever_stands_before_and_after_them() {
        let line = "ABCDEFGH".repeat(8);
        for (before, after) in [
            ("", ""),
            ("    ", ""),
            ("# ", ""),
            ("// ", ""),
            (" * ", ""),
            ("> ", ""),
            ("-- ", ""),
            ("\"", "\""),
            ("  '", "'"),
            ("  \"", "\" +"),
            ("    + \"", "\""),
            ("  \"", "\","),
            ("", " \\"),
            ("+", ""),
            ("-", ""),
            ("", "\r"),
        ] {
            let text = format!(
                "x\n{before}{line}{after}\n{before}{line}{after}\n{before}{}{after}\n\ny",
                "KLMN"
            );
            for at in [before.len() + 8, text.find("KLMN").expect("the end")] {
                assert_eq!(letters(&text, at), format!("{line}{line}KLMN"), "{text}");
            }
        }
    }

    #[test]
    fn a_word_that_something_follows_is_not_a_line_of_a_block() {
        let line = "ABCDEFGH".repeat(8);
        for after in
            [": x", " = x", "=x", "\": 1", "' => 1", " and more", "(x)", ".x", "@y", "[0]", "$"]
        {
            assert_eq!(letters(&format!("{line}\nKLMN{after}\n"), 3), line, "{after}");
        }
        for after in [
            "", "=", "==", "%3D", "\\u003d", "&#61;", "=3D=3D", "\"", "\";", "\\\"", "')",
            "\\n\" +", " \\", "</x>", "]]>", " */", " -->", ".", "}", " ", "\r",
        ] {
            assert_eq!(
                letters(&format!("{line}\nKLMN{after}\n"), 3),
                format!("{line}KLMN"),
                "{after}"
            );
        }
    }

    #[test]
    fn escaped_letters_are_letters() {
        for slash in ["\\/", "\\u002f", "%2F", "&#47;", "\\x2F"] {
            let text = format!("\"ABC{slash}DEF{slash}\"");
            for at in [1, text.find("DEF").expect("letters")] {
                assert_eq!(letters(&text, at), "ABC/DEF/", "{text} {at}");
            }
        }
        assert_eq!(letters(&format!("{0}\\n{0}\\nEF", "ABCD".repeat(15)), 3).len(), 122);
    }
}
