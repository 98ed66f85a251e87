//! The filters of PDF streams (ISO 32000-1, 7.4).

use std::io::{self, BufReader, Read};

use flate2::bufread::ZlibDecoder;

use super::super::fill;
use super::lex::{Token, Tokens, is_space};
use super::lzw::Lzw;

/// Limit of filters per stream.
const MOST: usize = 6;

/// A supported filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filter {
    Flate,
    Lzw {
        early: bool,
    },
    Ascii85,
    AsciiHex,
    RunLength,
    /// Differences between rows of `row` bytes, with the size of a pixel (7.4.4.4).
    Rows {
        row: usize,
        dot: usize,
    },
}

/// The packing that a stream's dictionary states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Packed {
    By(Vec<Filter>),
    /// An image, in a format of images only.
    Image,
    /// An unsupported filter.
    Unknown(String),
}

/// Reads the filters from a dictionary.
pub(super) fn packed(dictionary: &[u8]) -> Packed {
    let parameters = parameters(dictionary);
    let mut filters = Vec::new();
    for name in parameters.names {
        filters.push(match name {
            b"FlateDecode" | b"Fl" => Filter::Flate,
            b"LZWDecode" | b"LZW" => Filter::Lzw { early: parameters.early },
            b"ASCII85Decode" | b"A85" => Filter::Ascii85,
            b"ASCIIHexDecode" | b"AHx" => Filter::AsciiHex,
            b"RunLengthDecode" | b"RL" => Filter::RunLength,
            // The trailer shows encryption; otherwise this filter changes nothing.
            b"Crypt" => continue,
            b"DCTDecode" | b"DCT" | b"JPXDecode" | b"CCITTFaxDecode" | b"CCF" | b"JBIG2Decode" => {
                return Packed::Image;
            }
            other => return Packed::Unknown(String::from_utf8_lossy(other).into_owned()),
        });
    }
    if parameters.is_reference && filters.is_empty() {
        // An indirect filter is not looked up: it is nearly always this one.
        filters.push(Filter::Flate);
    }
    let has_rows = matches!(filters.last(), Some(Filter::Flate | Filter::Lzw { .. }));
    if parameters.predictor >= 10 && has_rows && !parameters.is_image {
        let dot = (parameters.colours * parameters.bits).div_ceil(8).max(1);
        let row =
            (parameters.columns * parameters.colours * parameters.bits).div_ceil(8).clamp(1, ROW);
        filters.push(Filter::Rows { row, dot });
    }
    Packed::By(filters)
}

/// Limit in bytes of a row.
const ROW: usize = 1 << 20;

/// The entries of a dictionary that describe the packing of its stream.
struct FilterParameters<'d> {
    names: Vec<&'d [u8]>,
    is_reference: bool,
    is_image: bool,
    early: bool,
    predictor: u32,
    columns: usize,
    colours: usize,
    bits: usize,
}

fn parameters(dictionary: &[u8]) -> FilterParameters<'_> {
    let mut parameters = FilterParameters {
        names: Vec::new(),
        is_reference: false,
        is_image: false,
        early: true,
        predictor: 1,
        columns: 1,
        colours: 1,
        bits: 8,
    };
    let (mut key, mut in_list) = (&b""[..], false);
    for token in Tokens::new(dictionary) {
        match token {
            Token::Name(name)
                if matches!(key, b"Filter" | b"F") && parameters.names.len() < MOST =>
            {
                parameters.names.push(name);
                if in_list {
                    continue;
                }
                key = b"";
            }
            Token::Name(name) => {
                parameters.is_image |= key == b"Subtype" && name == b"Image";
                key = name;
            }
            Token::Number(number) => {
                let value = usize::try_from(number).unwrap_or(usize::MAX).min(ROW);
                match key {
                    b"EarlyChange" => parameters.early = number != 0,
                    b"Predictor" => parameters.predictor = number,
                    b"Columns" => parameters.columns = value,
                    b"Colors" => parameters.colours = value.min(32),
                    b"BitsPerComponent" => parameters.bits = value.min(16),
                    b"Filter" => parameters.is_reference = true,
                    _ => {}
                }
                key = b"";
            }
            Token::ArrayBegins => in_list = true,
            _ => (key, in_list) = (b"", false),
        }
    }
    parameters
}

/// Undoes the filters.
pub(super) fn unpacked<'a>(packed: impl Read + 'a, filters: &[Filter]) -> Box<dyn Read + 'a> {
    let mut stream: Box<dyn Read + 'a> = Box::new(packed);
    for filter in filters {
        let bytes = BufReader::new(stream);
        stream = match *filter {
            Filter::Flate => Box::new(ZlibDecoder::new(bytes)),
            Filter::Lzw { early } => Box::new(Lzw::new(bytes, early)),
            Filter::Ascii85 => Box::new(Pieces::new(ascii85(bytes))),
            Filter::AsciiHex => Box::new(Pieces::new(ascii_hex(bytes))),
            Filter::RunLength => Box::new(Pieces::new(run_length(bytes))),
            Filter::Rows { row, dot } => Box::new(Pieces::new(rows(bytes, row, dot))),
        };
    }
    stream
}

/// A stream of pieces: each call of the function appends bytes, or none at the end.
struct Pieces<F> {
    next: F,
    piece: Vec<u8>,
    given: usize,
}

impl<F: FnMut(&mut Vec<u8>) -> io::Result<()>> Pieces<F> {
    fn new(next: F) -> Self {
        Self { next, piece: Vec::new(), given: 0 }
    }
}

impl<F: FnMut(&mut Vec<u8>) -> io::Result<()>> Read for Pieces<F> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.given == self.piece.len() {
            self.piece.clear();
            self.given = 0;
            (self.next)(&mut self.piece)?;
        }
        let count = (&self.piece[self.given..]).read(out)?;
        self.given += count;
        Ok(count)
    }
}

/// The next byte that is not white space; a truncated stream ends.
fn letter(bytes: &mut impl Read) -> io::Result<Option<u8>> {
    loop {
        let mut byte = [0];
        if fill(bytes, &mut byte)? == 0 {
            return Ok(None);
        }
        if !is_space(byte[0]) {
            return Ok(Some(byte[0]));
        }
    }
}

/// Groups of five letters (7.4.3).
fn ascii85(mut bytes: impl Read) -> impl FnMut(&mut Vec<u8>) -> io::Result<()> {
    let (mut ended, mut is_first) = (false, true);
    move |piece| {
        let (mut group, mut count) = (0u64, 0);
        while !ended && count < 5 {
            match letter(&mut bytes)? {
                // Some writers add the start mark of PostScript.
                Some(b'~') if is_first && count == 1 && group == u64::from(b'<' - b'!') => {
                    (group, count, is_first) = (0, 0, false);
                }
                Some(b'z') if count == 0 => {
                    piece.extend([0; 4]);
                    return Ok(());
                }
                Some(byte @ b'!'..=b'u') => {
                    group = group * 85 + u64::from(byte - b'!');
                    count += 1;
                }
                Some(b'~') | None => ended = true,
                Some(_) => return Err(io::Error::other("a character that is not in ASCII85")),
            }
        }
        is_first = false;
        if count > 1 {
            (count..5).for_each(|_| group = group * 85 + 84);
            piece.extend(&(group as u32).to_be_bytes()[..count - 1]);
        }
        Ok(())
    }
}

/// Pairs of digits (7.4.2).
fn ascii_hex(mut bytes: impl Read) -> impl FnMut(&mut Vec<u8>) -> io::Result<()> {
    let mut ended = false;
    move |piece| {
        let mut pair = [None; 2];
        for digit in &mut pair {
            if ended {
                break;
            }
            match letter(&mut bytes)? {
                Some(b'>') | None => ended = true,
                Some(byte) => {
                    let value = char::from(byte).to_digit(16);
                    *digit = Some(
                        value.ok_or_else(|| io::Error::other("a character that is not a digit"))?,
                    );
                }
            }
        }
        if let [Some(high), low] = pair {
            piece.push((high << 4 | low.unwrap_or(0)) as u8);
        }
        Ok(())
    }
}

/// Runs of bytes (7.4.5).
fn run_length(mut bytes: impl Read) -> impl FnMut(&mut Vec<u8>) -> io::Result<()> {
    move |piece| {
        let mut length = [128];
        fill(&mut bytes, &mut length)?;
        match usize::from(length[0]) {
            128 => {}
            few @ 0..128 => {
                (&mut bytes).take(few as u64 + 1).read_to_end(piece)?;
            }
            many => {
                let mut byte = [0];
                if fill(&mut bytes, &mut byte)? == 1 {
                    piece.resize(257 - many, byte[0]);
                }
            }
        }
        Ok(())
    }
}

/// Rows stored as differences from the previous row (PNG, 9.2).
fn rows(
    mut bytes: impl Read,
    row: usize,
    dot: usize,
) -> impl FnMut(&mut Vec<u8>) -> io::Result<()> {
    let mut above: Vec<u8> = Vec::new();
    move |piece| {
        let mut how = [0];
        if fill(&mut bytes, &mut how)? == 0 {
            return Ok(());
        }
        (&mut bytes).take(row as u64).read_to_end(piece)?;
        for at in 0..piece.len() {
            let left = at.checked_sub(dot);
            let byte = |of: &[u8], at: Option<usize>| {
                i16::from(at.and_then(|at| of.get(at)).copied().unwrap_or(0))
            };
            let (a, b, c) = (byte(piece, left), byte(&above, Some(at)), byte(&above, left));
            let guess = match how[0] {
                1 => a,
                2 => b,
                3 => (a + b) / 2,
                4 => {
                    let p = a + b - c;
                    let far = |from: i16| (p - from).abs();
                    if far(a) <= far(b) && far(a) <= far(c) {
                        a
                    } else if far(b) <= far(c) {
                        b
                    } else {
                        c
                    }
                }
                _ => 0,
            };
            piece[at] = piece[at].wrapping_add(guess as u8);
        }
        above.clone_from(piece);
        Ok(())
    }
}
