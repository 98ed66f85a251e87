//! Objects and streams of a PDF in the order of its bytes.
//!
//! They are found by the keywords that begin and end them, not by the cross-reference table: so
//! damaged files are read too, and content outside the table is not hidden.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::super::input::Random;
use super::super::{Fault, fill};
use super::lex::number;

/// Bytes that are searched at a time, and the limit of an object.
const CHUNK: usize = 1 << 20;
/// Bytes before a stream that are searched for its dictionary, if it was not found as an object.
const DICTIONARY: usize = 4 << 10;
/// Limit of such searches after one object.
const UNMET: usize = 8;
/// Length of the two numbers before an object, with the space between.
const HEAD: usize = 32;

/// The keywords that are searched.
static WORDS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::new(["obj", "stream", "trailer", "startxref"]).expect("they are few and short")
});

pub(super) struct Stream<'a> {
    /// The digits of its object's number, if there are any.
    pub(super) number: &'a [u8],
    pub(super) dictionary: &'a [u8],
    /// The offset of its bytes.
    pub(super) at: u64,
}

/// Receives objects and streams.
pub(super) trait Visitor {
    /// Receives an object or, without a number, a trailer.
    fn object(&mut self, number: Option<u32>, body: &[u8]) -> Result<(), Fault>;

    /// Receives a stream, whose dictionary was passed as an object as well. Returns the offset up
    /// to which it was read; those bytes are not searched again.
    fn stream(&mut self, stream: &Stream<'_>) -> Result<u64, Fault>;
}

/// An object that has not ended.
#[derive(Clone, Copy)]
struct Open {
    /// The range of its number's digits in the chunk.
    digits: (usize, usize),
    body: usize,
}

/// Walks through a PDF. Every byte is read once, whatever the content.
pub(super) fn walk(pdf: &Random<'_>, visitor: &mut dyn Visitor) -> Result<(), Fault> {
    let mut buffer = vec![0; CHUNK];
    let (mut from, mut read_to) = (0u64, 0u64);
    loop {
        let filled = fill(&mut pdf.range(from, CHUNK as u64), &mut buffer)?;
        let (chunk, is_last) = (&buffer[..filled], filled < CHUNK);
        let mut open: Option<Open> = None;
        let mut unmet = 0;
        // Matches near the end are found again in the next chunk, with their context.
        let end = if is_last { filled } else { filled - HEAD };
        for word in WORDS.find_iter(chunk) {
            let at = word.start();
            if at >= end {
                break;
            }
            if from + (at as u64) < read_to {
                continue;
            }
            let is_end = chunk[..at].ends_with(b"end");
            match word.pattern().as_usize() {
                1 if is_end => open = None,
                1 => {
                    let Some(start) = begins(chunk, word.end()) else { continue };
                    let met = open.take();
                    if let Some(met) = met {
                        close(chunk, met, at, visitor)?;
                    }
                    unmet = if met.is_some() { 0 } else { unmet + 1 };
                    let met = if met.is_none() && unmet <= UNMET { before(chunk, at) } else { met };
                    let Some(met) = met else { continue };
                    let stream = Stream {
                        number: &chunk[met.digits.0..met.digits.1],
                        dictionary: &chunk[met.body..at],
                        at: from + start as u64,
                    };
                    read_to = read_to.max(visitor.stream(&stream)?);
                }
                pattern => {
                    unmet = 0;
                    let head = head(chunk, at).filter(|_| pattern == 0);
                    if pattern == 0 && !is_end && head.is_none() {
                        continue;
                    }
                    if let Some(met) = open.take() {
                        let end = head.map_or(at - if is_end { 3 } else { 0 }, |head| head.0);
                        close(chunk, met, end, visitor)?;
                    }
                    let digits = head.or((pattern == 2).then_some((at, at)));
                    open = digits.map(|digits| Open { digits, body: word.end() });
                }
            }
        }
        let mut next = end.saturating_sub(DICTIONARY);
        if let Some(met) = open {
            // It is found again whole in the next chunk, or else as much of it is read as fits.
            if is_last || met.digits.0 < HEAD {
                close(chunk, met, end, visitor)?;
                next = end;
            } else {
                next = met.digits.0;
            }
            read_to = read_to.max(from + next as u64);
        } else {
            read_to = read_to.max(from + end as u64);
        }
        if is_last {
            return Ok(());
        }
        from = (from + next as u64).max(read_to.saturating_sub(DICTIONARY as u64)).min(pdf.len());
    }
}

/// Emits an object that has ended.
fn close(chunk: &[u8], met: Open, end: usize, visitor: &mut dyn Visitor) -> Result<(), Fault> {
    let body = &chunk[met.body..end.max(met.body)];
    visitor.object(number(&chunk[met.digits.0..met.digits.1]), body)
}

/// The offset of a stream's bytes; its keyword ends at `end`.
fn begins(chunk: &[u8], end: usize) -> Option<usize> {
    let line = chunk[end..].iter().take(2).take_while(|byte| b"\r\n".contains(byte)).count();
    (line > 0).then_some(end + line)
}

/// The digits of an object's number before the keyword `obj` and a generation.
fn head(chunk: &[u8], at: usize) -> Option<(usize, usize)> {
    let reach = at.saturating_sub(HEAD);
    let trimmed = |end: usize| reach + chunk[reach..end].trim_ascii_end().len();
    let digits = |end: usize| {
        let is_digit = |byte: &&u8| byte.is_ascii_digit();
        end - chunk[reach..end].iter().rev().take_while(is_digit).count()
    };
    let generation = trimmed(at);
    let between = digits(generation);
    let end = trimmed(between);
    let start = digits(end);
    (between < generation && end < between && start < end).then_some((start, end))
}

/// The object whose dictionary ends at the stream at `at`, as far as it is in the chunk.
fn before(chunk: &[u8], at: usize) -> Option<Open> {
    let reach = at.saturating_sub(DICTIONARY);
    let word = reach + memchr::memmem::rfind(&chunk[reach..at], b"obj")?;
    Some(Open { digits: head(chunk, word).unwrap_or((word, word)), body: word + 3 })
}
