//! Dumps (`xxd`, `hexdump`, `od`, `tcpdump`) as the bytes that they show.

use std::ops::Range;

use super::numbers::Made;
use super::view::View;

/// Maximum number of bytes in a line of a dump.
const WIDEST: usize = 64;
/// Minimum number of bytes in a complete line.
const NARROWEST: usize = 4;
/// Minimum number of bytes in a line without an offset, because nothing else shows that it is a dump.
const WHOLE: usize = 16;

/// A stretch whose dumps (`xxd`, `hexdump`, `od`) are replaced by the bytes that they show; `None`
/// if there are none.
pub(super) fn dump(bytes: &[u8]) -> Option<View<'static>> {
    let mut made = Made::default();
    // Before `settled`, all is in the view. Most texts have no dump, so nothing is copied before one.
    let (mut at, mut settled) = (0, 0);
    let mut dumped = false;
    while at < bytes.len() {
        let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |len| at + len + 1);
        // The last line of a dump may show a single byte.
        let shown = dump_line(&bytes[at..end], if dumped { 1 } else { NARROWEST });
        if shown.is_empty() && dumped {
            made.push(b'\n', &(at..at));
        }
        if !shown.is_empty() {
            made.copy(bytes, settled..at);
            settled = end;
        }
        for (letter, span) in &shown {
            made.push(*letter, &(at + span.start..at + span.end));
        }
        dumped = !shown.is_empty();
        at = end;
    }
    if made.is_plain {
        return None;
    }
    made.copy(bytes, settled..bytes.len());
    Some(View::made(made.text, made.map))
}

/// True if a text begins with a dump.
pub(super) fn is_dump(bytes: &[u8]) -> bool {
    // The first line may be a command, or the end of one if the text is a part.
    let head = &bytes[..bytes.len().min(2 * LINE)];
    let begins = |line: &[u8]| {
        let is_first = line.trim_ascii_start().starts_with(b"000000");
        let least = if is_first { NARROWEST } else { WHOLE };
        dump_line(line, least).len() >= least
    };
    let first = memchr::memchr(b'\n', head).unwrap_or(head.len());
    if begins(&head[..first]) {
        return true;
    }
    let second = head.get(first + 1..).unwrap_or_default();
    begins(&second[..memchr::memchr(b'\n', second).unwrap_or(second.len())])
}

/// Bytes on either side of a place that decide whether it is in a line of a dump.
pub(super) const LINE: usize = 4 * WIDEST;

/// True if `at` is in a line of a dump.
pub(super) fn is_in_dump(bytes: &[u8], at: usize) -> bool {
    let floor = at.saturating_sub(LINE);
    let start = memchr::memrchr(b'\n', &bytes[floor..at]).map_or(floor, |len| floor + len + 1);
    if offset(&bytes[start..]).is_none() {
        return false;
    }
    let end = bytes.len().min(at + LINE);
    let len = memchr::memchr(b'\n', &bytes[at..end]).unwrap_or(end - at);
    !dump_line(&bytes[start..at + len], NARROWEST).is_empty()
}

/// The end of the offset that begins a line of a dump.
fn offset(line: &[u8]) -> Option<usize> {
    let start = line.iter().take(8).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    // `tcpdump -X`.
    let start = start + if line[start..].starts_with(b"0x") { 2 } else { 0 };
    let digits = line[start..].iter().take(17).take_while(|byte| byte.is_ascii_hexdigit()).count();
    let is_prefixed = line[..start].ends_with(b"0x") && line.get(start + digits) == Some(&b':');
    let fits = (6..=16).contains(&digits) || is_prefixed && digits >= 4;
    fits.then_some(start + digits)
}

/// The bytes that a line of a dump shows, at least `least`, with their spans.
fn dump_line(line: &[u8], least: usize) -> Vec<(u8, Range<usize>)> {
    // It begins with a digit, of its offset or of its first byte. Most lines do not.
    let first = line.iter().take(9).find(|byte| !matches!(byte, b' ' | b'\t'));
    if !first.is_some_and(u8::is_ascii_hexdigit) {
        return vec![];
    }
    let blanks = |from: usize| line[from..].iter().take_while(|byte| **byte == b' ').count();
    let Some(mut at) = offset(line) else {
        // Without offsets: `od -An -tx1`.
        let start = blanks(0).min(8);
        let shown = groups(line, start, true);
        let end = shown.last().map_or(0, |(_, span)| span.end);
        let whole = line[end..].trim_ascii().is_empty();
        let least = if least == NARROWEST { WHOLE } else { least };
        return if whole && shown.len() >= least { shown } else { vec![] };
    };
    let colon = line.get(at) == Some(&b':');
    at += usize::from(colon);
    let gap = blanks(at);
    if gap == 0 {
        return vec![];
    }
    let shown = groups(line, at + gap, colon);
    if shown.len() >= least {
        return shown;
    }
    let shown = cells(line, at);
    if shown.len() >= least { shown } else { vec![] }
}

/// Groups of hexadecimal digits, of one or more bytes each.
///
/// Words of two bytes are swapped, unless `xxd` wrote them. Its offsets end with a colon.
fn groups(line: &[u8], mut at: usize, in_order: bool) -> Vec<(u8, Range<usize>)> {
    let mut shown: Vec<(u8, Range<usize>)> = Vec::new();
    let mut width = 0;
    while shown.len() < WIDEST {
        let rest = &line[at.min(line.len())..];
        let digits = rest.iter().take(17).take_while(|byte| byte.is_ascii_hexdigit()).count();
        let ends = rest.get(digits).is_none_or(u8::is_ascii_whitespace);
        // Only the last group may be narrower. Three digits are an octal byte, six digits are an
        // octal word of two bytes; `xxd -b` writes bits.
        let octal = matches!(digits, 3 | 6) && (width == 0 || width == digits);
        let bits =
            digits == 8 && in_order && rest[..8].iter().all(|byte| matches!(byte, b'0' | b'1'));
        let fits = octal
            || matches!(digits, 2 | 4 | 8 | 16)
                && (width == 0 || digits <= width && !matches!(width, 3 | 6));
        if !ends || !fits {
            break;
        }
        width = digits;
        if octal || bits {
            let radix = if bits { 2 } else { 8 };
            let number = std::str::from_utf8(&rest[..digits]).ok();
            let number = number.and_then(|number| u16::from_str_radix(number, radix).ok());
            let Some([low, high]) = number.map(u16::to_le_bytes) else { break };
            shown.push((low, at..at + digits));
            shown.extend((digits == 6).then(|| (high, at..at + digits)));
        }
        let swapped = width == 4 && !in_order;
        for byte in 0..if octal || bits { 0 } else { digits / 2 } {
            let place = at + 2 * if swapped { byte ^ 1 } else { byte };
            if let Some(letter) = crate::escapes::hex_byte(&line[place..]) {
                shown.push((letter, place..place + 2));
            }
        }
        at += digits;
        let blanks = line[at..].iter().take(3).take_while(|byte| **byte == b' ').count();
        // `hexdump -C` separates the halves of a line; otherwise two blanks end the numbers.
        if blanks == 0 || blanks == 2 && !(width == 2 && shown.len() == 8) || blanks > 2 {
            break;
        }
        at += blanks;
    }
    shown
}

/// The cells of `od -c`, of four columns each.
fn cells(line: &[u8], at: usize) -> Vec<(u8, Range<usize>)> {
    let mut shown = Vec::new();
    for start in (at..line.len()).step_by(4).take(WIDEST) {
        let Some(cell) = line.get(start..start + 4) else { break };
        let letter = match *cell {
            [b' ', b' ', b' ', letter] if letter.is_ascii_graphic() || letter == b' ' => letter,
            [b' ', b' ', b'\\', b'n'] => b'\n',
            [b' ', b' ', b'\\', b'r'] => b'\r',
            [b' ', b' ', b'\\', b't'] => b'\t',
            [b' ', b' ', b'\\', b'0'] => 0,
            [b' ', b'0'..=b'7', b'0'..=b'7', b'0'..=b'7'] => 0x80,
            _ => break,
        };
        shown.push((letter, start + cell.trim_ascii_start().len().abs_diff(4)..start + 4));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "id=ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    fn shown(view: Option<View<'_>>) -> String {
        view.map(|view| String::from_utf8_lossy(&view.text).into_owned()).unwrap_or_default()
    }

    #[test]
    fn dumps_are_the_bytes_that_they_show() {
        let lines = |one: fn(usize, &[u8]) -> String| {
            let chunks = TEXT.as_bytes().chunks(16).enumerate();
            chunks.map(|(at, line)| one(at * 16, line)).collect::<String>()
        };
        for text in [
            lines(|at, line| {
                let words = line
                    .chunks(2)
                    .map(|two| two.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
                format!(
                    "{at:08x}: {}  {}\n",
                    words.collect::<Vec<_>>().join(" "),
                    String::from_utf8_lossy(line)
                )
            }),
            lines(|at, line| {
                let halves = line.chunks(8).map(|half| {
                    half.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
                });
                format!(
                    "{at:08x}  {}  |{}|\n",
                    halves.collect::<Vec<_>>().join("  "),
                    String::from_utf8_lossy(line)
                )
            }),
            lines(|at, line| {
                let cells: String =
                    line.iter().map(|&byte| format!("   {}", char::from(byte))).collect();
                format!("{at:07o}{cells}\n")
            }),
        ] {
            let whole = format!("$ dump x\n{text}$ \n");
            let view = shown(dump(whole.as_bytes()));
            assert_eq!(view, format!("$ dump x\n{TEXT}\n$ \n"), "{whole}");
        }
        let line = "00000000: 4142 4344 4546 4748  ABCDEFGH\n";
        let whole = format!("one\ntwo\n{line}three\n\n        {line}{line}four");
        assert_eq!(
            shown(dump(whole.as_bytes())),
            "one\ntwo\nABCDEFGH\nthree\n\nABCDEFGHABCDEFGH\nfour"
        );
        assert!(is_dump(line.as_bytes()) && is_dump(format!("$ xxd x\n{line}").as_bytes()));
        assert!(!is_dump(format!("\n\n{line}").as_bytes()) && !is_dump(b"") && !is_dump(b"\n"));
        let log = "abcdef12 a change\nabcdef13 dead beef\n";
        assert!(dump(log.as_bytes()).is_none_or(|view| view.text.len() < log.len()));
    }
}
