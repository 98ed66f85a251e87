//! What `compress` of Unix packs (`.Z`): LZW with codes that grow from 9 bits to 16.

use std::io::{self, Read};

use super::input::Input;
use super::{Fault, Members, fill};

/// The code that empties the table.
const CLEAR: usize = 256;
/// The least and the greatest width of a code.
const WIDTHS: std::ops::RangeInclusive<usize> = 9..=16;

/// Whether a text is packed so: its third byte says how wide codes may be.
pub(super) fn is_one(head: &[u8]) -> bool {
    matches!(head, [0x1f, 0x9d, flags, ..] if WIDTHS.contains(&usize::from(flags & 0x1f)))
}

/// Reads it.
pub(super) fn read(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let flags = input.head.get(2).copied().unwrap_or_default();
    let mut stream = input.packed(members);
    super::skip(&mut stream, 3)?;
    Ok(members.member(b"", &mut Lzw::new(stream, flags))?)
}

/// The decoder.
struct Lzw<R> {
    packed: R,
    widest: usize,
    /// The table may be emptied.
    clears: bool,
    width: usize,
    /// Eight codes, how many of their bits there are, and how many were read.
    group: [u8; 16],
    bits: usize,
    read: usize,
    /// What each code adds to which other one.
    prefix: Vec<u16>,
    suffix: Vec<u8>,
    /// The code before, and the first letter of what it stands for.
    last: Option<(usize, u8)>,
    /// Letters that were not handed out yet, the next one last.
    ready: Vec<u8>,
}

impl<R: Read> Lzw<R> {
    fn new(packed: R, flags: u8) -> Self {
        let clears = flags & 0x80 != 0;
        let mut lzw = Self {
            packed,
            widest: usize::from(flags & 0x1f),
            clears,
            width: *WIDTHS.start(),
            group: [0; 16],
            bits: 0,
            read: 0,
            prefix: vec![],
            suffix: vec![],
            last: None,
            ready: vec![],
        };
        lzw.empty();
        lzw
    }

    /// Empties the table but for the letters.
    fn empty(&mut self) {
        let letters = CLEAR + usize::from(self.clears);
        self.prefix.clear();
        self.prefix.resize(letters, 0);
        self.suffix = (0..letters).map(|letter| letter as u8).collect();
    }

    /// The next code. A new width begins with a new group.
    fn code(&mut self) -> io::Result<Option<usize>> {
        let full = self.prefix.len() >= 1 << self.width && self.width < self.widest;
        if full || self.read + self.width > self.bits {
            self.width += usize::from(full);
            self.bits = 8 * fill(&mut self.packed, &mut self.group[..self.width])?;
            self.read = 0;
            if self.bits < self.width {
                return Ok(None);
            }
        }
        let bit = |at: usize| usize::from(self.group[at / 8] >> (at % 8) & 1);
        let code = (0..self.width).fold(0, |code, at| code | bit(self.read + at) << at);
        self.read += self.width;
        Ok(Some(code))
    }

    /// Reads letters; `false` at the end.
    fn next(&mut self) -> io::Result<bool> {
        let Some(code) = self.code()? else { return Ok(false) };
        if self.clears && code == CLEAR {
            self.empty();
            (self.width, self.bits, self.read, self.last) = (*WIDTHS.start(), 0, 0, None);
            return Ok(true);
        }
        let mut at = code;
        if let Some((last, first)) = self.last {
            if code > self.prefix.len() {
                return Err(io::Error::other("a code in it stands for nothing"));
            }
            if self.prefix.len() < 1 << self.widest {
                if code == self.prefix.len() {
                    self.ready.push(first);
                    at = last;
                }
            } else if code == self.prefix.len() {
                return Err(io::Error::other("a code in it stands for nothing"));
            }
        } else if code >= CLEAR {
            return Err(io::Error::other("its first code is no letter"));
        }
        while at >= CLEAR {
            self.ready.push(self.suffix[at]);
            at = usize::from(self.prefix[at]);
        }
        let first = at as u8;
        self.ready.push(first);
        if let Some((last, _)) = self.last
            && self.prefix.len() < 1 << self.widest
        {
            self.prefix.push(last as u16);
            self.suffix.push(first);
        }
        self.last = Some((code, first));
        Ok(true)
    }
}

impl<R: Read> Read for Lzw<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.ready.is_empty() {
            if !self.next()? {
                return Ok(0);
            }
        }
        let len = out.len().min(self.ready.len());
        let rest = self.ready.len() - len;
        out.iter_mut().zip(self.ready.drain(rest..).rev()).for_each(|(out, byte)| *out = byte);
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_unpacked() {
        // `printf 'abababababab' | compress`, by hand: a, b, ab, aba, ba, bab.
        let codes = [97_u32, 98, 257, 259, 258];
        let mut packed = vec![];
        let (mut word, mut bits) = (0_u32, 0);
        for code in codes {
            word |= code << bits;
            bits += 9;
            while bits >= 8 {
                packed.push(word as u8);
                word >>= 8;
                bits -= 8;
            }
        }
        packed.push(word as u8);
        let mut text = String::new();
        Lzw::new(&packed[..], 0x90).read_to_string(&mut text).expect("text");
        assert_eq!(text, "abababaab".replace("abaab", "ababa"));
    }
}
