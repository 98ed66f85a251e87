//! Stretches of a text that may hold a secret, encoded or not.
//!
//! Takes a text as it would be shown, and returns its runs of base64 letters. It undoes everything
//! that does not separate letters for a decoder: escapes, the zeros between the bytes of UTF-16,
//! marks without width, letters that are two bytes each. This module does not know any secret and
//! decides nothing.

mod looks;
mod values;

use std::ops::Range;

use crate::escapes::{control_sequence, escape, hex_byte};
use crate::secret::MASK;
use crate::text::is_hostile;

/// Consecutive letters and the place of each.
#[derive(Debug, Default)]
pub struct Stretch {
    letters: Vec<u8>,
    spans: Vec<Range<usize>>,
}

/// The kind of a character or an escape.
enum Unit {
    Letter(u8),
    /// Two letters in one character.
    Pair([u8; 2]),
    /// Does not separate letters.
    Glue,
    /// Ends a stretch.
    Break,
}

/// All stretches of at least `least` letters; a text that can be read in two ways gives two.
pub fn stretches(text: &[u8], least: usize) -> Vec<Stretch> {
    let mut found = runs(text, least);
    found.extend(lists(text, least));
    found
}

/// The places where a secret of at least `least` letters may be, unsorted.
pub fn opaque(text: &[u8], least: usize) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    stretches(text, least).iter().for_each(|stretch| stretch.opaque(least, &mut found));
    found
}

/// The places of a shown line that may be a secret of any kind, or a part of one, unsorted: opaque
/// stretches, any run of twelve letters that looks random, and values that their context reveals.
pub fn doubtful(line: &[u8], least: usize) -> Vec<Range<usize>> {
    let mut found = opaque(line, least);
    for stretch in stretches(line, looks::WINDOW) {
        found.extend(stretch.random(false));
    }
    found.extend(values::of(line));
    found
}

/// A message with every stretch that looks random masked, and with the password of every URL
/// masked. Errors quote text that can't be read, which may be a secret. Ids of objects, which are
/// hexadecimal, remain.
pub fn redacted(message: &str) -> String {
    let mut spans = values::of_urls(message.as_bytes());
    let runs = runs(message.as_bytes(), looks::WINDOW);
    for run in runs.iter().flat_map(Stretch::between_ids) {
        if run.letters.len() >= LONG && run.is_random() && !run.is_public_id() {
            spans.push(run.span(0..run.letters.len()));
        }
        spans.extend(run.random(true));
    }
    String::from_utf8_lossy(&masked(message.as_bytes(), spans)).into_owned()
}

/// `text` with a mask in place of all `spans`, which may overlap or touch.
pub fn masked(text: &[u8], mut spans: Vec<Range<usize>>) -> Vec<u8> {
    spans.sort_by_key(|span| span.start);
    spans.dedup_by(|next, last| {
        let touches = next.start <= last.end;
        if touches {
            last.end = last.end.max(next.end);
        }
        touches
    });
    let mut shown = Vec::with_capacity(text.len());
    let mut from = 0;
    for span in spans {
        shown.extend_from_slice(&text[from..span.start]);
        shown.extend_from_slice(MASK.as_bytes());
        from = span.end;
    }
    shown.extend_from_slice(&text[from..]);
    shown
}

/// True if letters are a word or a name rather than a part of a secret: masking them in a shown
/// name would protect nothing.
pub fn is_plain(letters: &[u8]) -> bool {
    let is_join = |byte: &u8| matches!(byte, b'-' | b'_' | b'.' | b'/' | b' ');
    let same = |test: fn(&u8) -> bool| letters.iter().all(|byte| test(byte) || is_join(byte));
    if same(u8::is_ascii_digit) {
        return true;
    }
    (same(u8::is_ascii_lowercase) || same(u8::is_ascii_uppercase))
        && (letters.iter().any(is_join) || looks::score(letters) >= 0)
}

/// True for letters of base64 that mostly join words.
fn is_join(letter: u8) -> bool {
    matches!(letter, b'-' | b'_' | b'/')
}

/// Consecutive letters that are enough for a whole secret in a message.
const LONG: usize = 24;

/// True for letters of either alphabet of base64 (RFC 4648 §4 and §5).
fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

fn runs(text: &[u8], least: usize) -> Vec<Stretch> {
    let mut found = Vec::new();
    let mut run = Stretch::default();
    let mut at = 0;
    while at < text.len() {
        let (len, unit) = unit(&text[at..]);
        match unit {
            Unit::Letter(letter) => run.push(letter, at..at + len),
            Unit::Pair(pair) => pair.into_iter().for_each(|letter| run.push(letter, at..at + len)),
            Unit::Glue => {}
            Unit::Break => run.end(least, &mut found),
        }
        at += len;
    }
    run.end(least, &mut found);
    found
}

/// The unit at the beginning of `rest`, which is not empty, and its length.
fn unit(rest: &[u8]) -> (usize, Unit) {
    match rest[0] {
        byte if is_letter(byte) => (1, Unit::Letter(byte)),
        0x1b => (control_sequence(rest).map_or(1, |(len, _)| len), Unit::Glue),
        b'\t' | b'\n' | b'\r' => (1, Unit::Break),
        b'\\' | b'%' | b'&' => match escape(rest) {
            // A colour that was escaped for display.
            Some((len, Some(0x1b))) => {
                let code = [b"\x1b", &rest[len..rest.len().min(len + 50)]].concat();
                (len + control_sequence(&code).map_or(0, |(len, _)| len - 1), Unit::Glue)
            }
            Some((len, Some(byte))) => (len, of_byte(byte)),
            Some((len, None)) => (len, Unit::Glue),
            None if rest[0] == b'%' => (1, Unit::Glue),
            None => (1, Unit::Break),
        },
        b'=' => quoted_printable(rest).unwrap_or((1, Unit::Break)),
        byte if byte.is_ascii_control() => (1, Unit::Glue),
        byte if byte.is_ascii() => (1, Unit::Break),
        _ => character(rest),
    }
}

/// The unit of the byte that an escape stands for.
fn of_byte(byte: u8) -> Unit {
    match byte {
        byte if is_letter(byte) => Unit::Letter(byte),
        b'\t' | b'\n' | b'\r' => Unit::Break,
        byte if byte.is_ascii_graphic() || byte == b' ' => Unit::Break,
        _ => Unit::Glue,
    }
}

/// Reads `=41` if another one follows or a whole text is encoded so: `id=ab` is not an escape.
fn quoted_printable(rest: &[u8]) -> Option<(usize, Unit)> {
    let byte = hex_byte(rest.get(1..)?)?;
    let alone = rest.get(3).is_some_and(|&next| next != b'=' && !next.is_ascii_whitespace());
    (!alone).then(|| (3, of_byte(byte)))
}

/// A character beyond ASCII, or an invalid byte.
fn character(rest: &[u8]) -> (usize, Unit) {
    let head = &rest[..rest.len().min(4)];
    let first = head.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next());
    let Some(character) = first else { return (1, Unit::Glue) };
    let [.., high, low] = u32::from(character).to_be_bytes();
    let unit = match (character, high, low) {
        ('\u{ad}' | char::REPLACEMENT_CHARACTER, ..) => Unit::Glue,
        (character, ..) if is_hostile(character) => Unit::Glue,
        // Full-width forms.
        ('\u{ff01}'..='\u{ff5e}', ..) => of_byte(low.wrapping_add(0x20)),
        // A unit of UTF-16 in the other byte order, or two bytes of plain text read as one unit.
        (_, high, 0) if is_letter(high) => Unit::Letter(high),
        ('\0'..='\u{ffff}', high, low) if is_letter(high) && is_letter(low) => {
            Unit::Pair([high, low])
        }
        _ => Unit::Break,
    };
    (character.len_utf8(), unit)
}

/// Maximum number of bytes between two entries of a list.
const GAP: usize = 4;

/// Stretches that are written as lists: of numbers, or of separate letters.
fn lists(text: &[u8], least: usize) -> Vec<Stretch> {
    let words = words(text);
    let mut found = Vec::new();
    if words.len() < least {
        return found;
    }
    let readings: [fn(&str) -> Option<u8>; 3] = [
        |word| u8::from_str_radix(word.strip_prefix("0x").unwrap_or(word), 16).ok(),
        |word| word.parse().ok(),
        |word| word.as_bytes().first().copied().filter(|_| word.len() == 1),
    ];
    for read in readings {
        let mut run = Stretch::default();
        let mut end = 0;
        for span in &words {
            let gap = &text[end..span.start];
            end = span.end;
            if gap.len() > GAP || gap.contains(&b'\n') {
                run.end(least, &mut found);
            }
            match std::str::from_utf8(&text[span.clone()]).ok().and_then(read) {
                Some(letter) if is_letter(letter) => run.push(letter, span.clone()),
                // The other byte of a unit of UTF-16.
                Some(0) => {}
                _ => run.end(least, &mut found),
            }
        }
        run.end(least, &mut found);
    }
    found
}

/// The runs of letters and digits.
fn words(text: &[u8]) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut at = 0;
    for part in text.chunk_by(|a, b| a.is_ascii_alphanumeric() == b.is_ascii_alphanumeric()) {
        if part[0].is_ascii_alphanumeric() {
            words.push(at..at + part.len());
        }
        at += part.len();
    }
    words
}

impl Stretch {
    /// The letters without the text between them.
    pub fn letters(&self) -> &[u8] {
        &self.letters
    }

    /// The place of a non-empty range of its letters.
    pub fn span(&self, letters: Range<usize>) -> Range<usize> {
        self.spans[letters.start].start..self.spans[letters.end - 1].end
    }

    /// Adds the places where at least `least` letters may be a secret.
    ///
    /// `-` and `_` join words of names more often than they are letters of base64. A run with them
    /// counts only if it looks random by the number of changes between kinds of letters.
    fn opaque(&self, least: usize, found: &mut Vec<Range<usize>>) {
        if self.is_random() {
            found.push(self.span(0..self.letters.len()));
            return;
        }
        let mut at = 0;
        for part in self.letters.split(|byte| matches!(byte, b'-' | b'_')) {
            if part.len() >= least {
                found.push(self.span(at..at + part.len()));
            }
            at += part.len() + 1;
        }
    }

    /// The places where its letters look random, without those that join words. `-` and `_` are
    /// also letters of base64, so they separate nothing.
    fn random(&self, paths: bool) -> Vec<Range<usize>> {
        let is_join = |at: &usize| matches!(self.letters[*at], b'-' | b'_');
        let places: Vec<usize> = (0..self.letters.len()).filter(|at| !is_join(at)).collect();
        let letters: Vec<u8> = places.iter().map(|&at| self.letters[at]).collect();
        let parts = looks::random(&letters, paths).into_iter();
        parts.map(|part| self.span(places[part.start]..places[part.end - 1] + 1)).collect()
    }

    /// The parts between ids of objects, which are words of hexadecimal digits.
    fn between_ids(&self) -> Vec<Self> {
        let mut parts = vec![Self::default()];
        let words = self.letters.chunk_by(|one, two| is_join(*one) == is_join(*two));
        let mut at = 0;
        for word in words {
            let places = at..at + word.len();
            at = places.end;
            if word.len() >= looks::WINDOW && word.iter().all(u8::is_ascii_hexdigit) {
                parts.push(Self::default());
            } else if let Some(part) = parts.last_mut() {
                places.for_each(|at| part.push(self.letters[at], self.spans[at].clone()));
            }
        }
        parts
    }

    fn is_public_id(&self) -> bool {
        looks::is_public_id(&self.letters)
    }

    fn is_random(&self) -> bool {
        let kind = |byte: u8| match byte {
            b'a'..=b'z' => 0,
            b'A'..=b'Z' => 1,
            b'0'..=b'9' => 2,
            _ => 3,
        };
        let kinds = self.letters.iter().map(|&letter| kind(letter)).filter(|&kind| kind < 3);
        let kinds: Vec<i32> = kinds.collect();
        let changes = kinds.windows(2).filter(|two| two[0] != two[1]).count();
        changes * 4 >= self.letters.len()
    }

    fn push(&mut self, letter: u8, span: Range<usize>) {
        self.letters.push(letter);
        self.spans.push(span);
    }

    /// Keeps the run if it is long enough, and starts a new one.
    fn end(&mut self, least: usize, found: &mut Vec<Self>) {
        if self.letters.len() >= least {
            found.push(std::mem::take(self));
        } else {
            self.letters.clear();
            self.spans.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters(text: &str) -> Vec<String> {
        let found = stretches(text.as_bytes(), 8);
        found.iter().map(|one| String::from_utf8_lossy(one.letters()).into_owned()).collect()
    }

    #[test]
    fn what_is_written_otherwise_is_read() {
        for text in [
            "abcd/EFG+123",
            "abcd\\/EFG\\/123",
            "abcd%2FEFG%2b123",
            "abcd&#47;EFG&#x2B;123",
            "a\0b\0c\0d\0/\0E\0F\0G\0+\0\x31\0\x32\0\x33\0",
            "abcd\u{202e}/EFG\u{200b}+123\u{ad}",
            "\u{6162}\u{6364}\u{2f45}\u{4647}\u{2b31}\u{3233}",
            "\u{6100}\u{6200}\u{6300}\u{6400}\u{2f00}EFG+123",
            "abcd\x1b[31m/EFG\x1b[0m+123",
            "abcd\\u{1b}[31m/EFG\\u{1b}[0m+123",
            "=61=62=63=64=2F=45=46=47=2B=31=32=33",
            "97, 98, 99, 100, 47, 69, 70, 71, 43, 49, 50, 51",
            "[0x61,0x62,0x63,0x64,0x2f,0x45,0x46,0x47,0x2b,0x31,0x32,0x33]",
            "61:62:63:64:2f:45:46:47:2b:31:32:33",
        ] {
            let found = letters(text);
            let read =
                found.iter().any(|one| matches!(one.as_str(), "abcd/EFG+123" | "abcd/EFG/123"));
            assert!(read, "{text:?}: {found:?}");
        }
    }

    #[test]
    fn messages_keep_ids_and_lose_what_looks_random() {
        let pack = "objects/pack/pack-4b825dc642cb6eb9a060e54bf8d69288fbee4904.pack is damaged";
        let object = "4b825dc642cb6eb9a060e54bf8d69288fbee4904: AKIAQ6RT2XWPLM7ZKD3V";
        for message in [pack, object, "/tmp/.tmpwHPSbv/some/path.toml: no such file"] {
            assert_eq!(redacted(message), message);
        }
        assert_eq!(redacted("'aB3dE5gH7jK9mN1pQ3sT' is not a key"), "'[redacted]' is not a key");
        assert_eq!(redacted("https://me:hunter2@x/y"), "https://me:[redacted]@x/y");
    }

    #[test]
    fn words_are_no_stretch() {
        for text in
            ["id = abcdefg hijklmn", "a, b, c, d, and so on", "31/1/26 10:20:30.500 10.0.0.1"]
        {
            assert!(letters(text).is_empty(), "{text:?}: {:?}", letters(text));
        }
    }

    #[test]
    fn names_are_shown_and_what_looks_random_is_not() {
        let name = "my-service_account-access-key";
        assert!(opaque(name.as_bytes(), 20).is_empty());
        let random = "x aB3-dE5_gH7-jK9_mN1-pQ3 y";
        assert_eq!(opaque(random.as_bytes(), 20), vec![2..25; 1]);
        assert_eq!(opaque(b"name_abcdefghijklmnopqrst", 20), vec![5..25; 1]);
    }
}
