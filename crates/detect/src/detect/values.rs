//! Values in base64 or hexadecimal digits, shown decoded where they are: `data:` of a Kubernetes Secret.
//!
//! Such a text names each half of a key, and encodes each by itself. In a view with both decoded they
//! are read like any pair.

use std::ops::Range;

use base64::Engine as _;

use crate::escapes::hex_byte;
use crate::finding::Encoding;

use super::decode::{self, BASE64, MAX_DEPTH};
use super::view::{Made, Part, View};

/// Minimum number of letters of a value: the shortest ids have 16 characters.
const SHORTEST: usize = 20;
/// Maximum number of characters of a value. A longer text is not half of a key.
pub(super) const LONGEST: usize = 256;
/// Number of its letters that are decoded first, a multiple of what both encodings read at once.
const TASTE: usize = 16;

/// The view in which each run of `view` that encodes a line of text is that line; `None` if there is none.
pub(super) fn shown(view: &View<'_>) -> Option<View<'static>> {
    let bytes = &*view.text;
    let mut made = Made::default();
    let (mut at, mut settled) = (0, 0);
    while let Some(run) = decode::next_run(bytes, at, bytes.len(), SHORTEST) {
        at = run.end;
        let Some((value, layers)) = value(&bytes[run.clone()]) else { continue };
        view.copy(settled..run.start, &mut made);
        let from = made.text.len();
        made.map.extend((0..value.len()).map(|byte| {
            let letters = outer(byte, &layers, run.len());
            let source = view.original(&(run.start + letters.start..run.start + letters.end));
            (source.start as u32, u8::try_from(source.len()).unwrap_or(u8::MAX))
        }));
        made.text.extend(value);
        let padding = bytes[run.end..].iter().take(2).take_while(|byte| **byte == b'=').count();
        settled = run.end + padding;
        let source = view.original(&(run.start..settled));
        made.parts.push(Part { shown: from..made.text.len(), source, layers });
    }
    if made.parts.is_empty() {
        return None;
    }
    view.copy(settled..bytes.len(), &mut made);
    Some(made.view())
}

/// The line of text that a run encodes, with its encodings, outermost first.
fn value(run: &[u8]) -> Option<(Vec<u8>, Vec<Encoding>)> {
    let (mut text, encoding) = once(run)?;
    let mut layers = vec![encoding];
    while layers.len() < MAX_DEPTH
        && let Some((inner, encoding)) = once(&text)
    {
        text = inner;
        layers.push(encoding);
    }
    Some((text, layers))
}

/// The text that a run encodes, with one encoding undone.
fn once(run: &[u8]) -> Option<(Vec<u8>, Encoding)> {
    let padding = run.iter().rev().take(2).take_while(|byte| **byte == b'=').count();
    let letters = &run[..run.len() - padding];
    if !decode::begins_run(letters, letters.len().max(SHORTEST)) {
        return None;
    }
    let is_hex = letters.len().is_multiple_of(2) && letters.iter().all(u8::is_ascii_hexdigit);
    let forms = [is_hex.then_some(Encoding::Hex), Some(Encoding::Base64)];
    forms.into_iter().flatten().find_map(|encoding| {
        decoded(&letters[..TASTE], encoding).filter(|head| is_line(head))?;
        let mut text = decoded(letters, encoding)?;
        // `echo` ends its line.
        text.truncate(text.trim_ascii_end().len());
        (text.len() <= LONGEST && is_line(&text)).then_some((text, encoding))
    })
}

fn decoded(letters: &[u8], encoding: Encoding) -> Option<Vec<u8>> {
    if encoding == Encoding::Hex {
        return letters.chunks_exact(2).map(hex_byte).collect();
    }
    let letters: Vec<u8> = letters.iter().map(|&byte| decode::standard(byte)).collect();
    BASE64.decode(letters).ok()
}

fn is_line(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|byte| matches!(byte, b' '..=b'~'))
}

/// The letters of a run of `len` that encode a byte of its value.
fn outer(byte: usize, layers: &[Encoding], len: usize) -> Range<usize> {
    let span = layers.iter().rev().fold(byte..byte + 1, |span, layer| match layer {
        Encoding::Hex => span.start * 2..span.end * 2,
        _ => span.start * 4 / 3..(span.end * 4).div_ceil(3),
    });
    span.start.min(len)..span.end.min(len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base64(text: &str) -> String {
        base64::engine::general_purpose::STANDARD.encode(text)
    }

    fn hex(text: &str) -> String {
        text.bytes().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn each_value_is_shown_and_leads_back_to_its_letters() {
        use Encoding::{Base64, Hex};
        let value = "a value of one line: 0123456789";
        let random = "hGk2vQ9xWm4rTb7nYc5pLd8sZf3jKa6e";
        for (written, layers) in [
            (base64(value), vec![Base64]),
            (base64(&format!("{value}\n")), vec![Base64]),
            (base64(value).trim_end_matches('=').to_owned(), vec![Base64]),
            (hex(value), vec![Hex]),
            (hex(value).to_uppercase(), vec![Hex]),
            (base64(&base64(value)), vec![Base64, Base64]),
            (base64(&hex(value)), vec![Base64, Hex]),
            (hex(&base64(value)), vec![Hex, Base64]),
        ] {
            let text = format!("ID: {random}\nSECRET: \"{written}\"\nEND: {random}\n");
            let view = shown(&View::raw(text.as_bytes())).expect(&written);
            let wanted = text.replace(&written, value);
            assert_eq!(String::from_utf8_lossy(&view.text), wanted);
            let start = wanted.find(value).expect("shown");
            let span = start..start + value.len();
            assert_eq!(view.layers(&span), layers, "{written}");
            let source = view.original(&span);
            assert_eq!(&text[source], written);
            let inside = view.original(&(start + 3..start + 9));
            assert!(
                text[..inside.start]
                    .ends_with(&written[..inside.start - text.find(&written).expect("it")])
            );
            let end = wanted.find("END").expect("the rest");
            assert_eq!(&text[view.original(&(end..end + 3))], "END");
            assert!(view.layers(&(end..end + 3)).is_empty());
        }
    }

    #[test]
    fn names_digests_and_binary_values_are_not_shown() {
        for text in [
            "ALIBABA_CLOUD_ACCESS_KEY_ID: hGk2vQ9xWm4rTb7nYc5pLd8sZf3jKa6e\n".to_owned(),
            format!("commit {}\n", "9b".repeat(20)),
            format!("x: {}\n", base64("short")),
            format!("x: {}\n", base64("a text\nof two lines, which is a file\n")),
            format!("x: {}\n", base64(&"long ".repeat(60))),
        ] {
            assert!(shown(&View::raw(text.as_bytes())).is_none(), "{text}");
        }
    }
}
