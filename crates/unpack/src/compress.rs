//! Files of Unix `compress` (`.Z`): LZW with codes of 9 to 16 bits, in groups of eight.

use std::io::{self, Read};

use super::input::Input;
use super::{Fault, Members, fill};

/// The code that clears the table.
const CLEAR: u16 = 256;
const FEWEST_BITS: u32 = 9;

pub(super) fn read(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let mut stream = input.packed(members);
    let mut header = [0; 3];
    stream.read_exact(&mut header)?;
    let bits = u32::from(header[2] & 0x1f);
    if !(FEWEST_BITS..=16).contains(&bits) {
        return Err(Fault::broken("its header is damaged"));
    }
    let clears = header[2] & 0x80 != 0;
    Ok(members.member(b"", &mut Lzw::new(stream, bits, clears))?)
}

struct Lzw<R> {
    packed: R,
    most_bits: u32,
    clears: bool,
    bits: u32,
    /// A group of eight codes, and the number of bits read from it.
    group: Vec<u8>,
    at: usize,
    /// For each code its prefix code and last letter; and the next free code.
    table: Vec<(u16, u8)>,
    next: u32,
    /// The previous code, and the first byte of what it encodes.
    previous: Option<(u16, u8)>,
    /// Unpacked letters that were not read yet, in reverse order.
    letters: Vec<u8>,
}

impl<R: Read> Lzw<R> {
    fn new(packed: R, most_bits: u32, clears: bool) -> Self {
        let table = vec![(0, 0); 1 << most_bits];
        Self {
            packed,
            most_bits,
            clears,
            bits: FEWEST_BITS,
            group: Vec::new(),
            at: 0,
            table,
            next: if clears { 257 } else { 256 },
            previous: None,
            letters: Vec::new(),
        }
    }

    /// The next code. The remaining bits of a group are skipped when codes become longer.
    fn code(&mut self) -> io::Result<Option<u16>> {
        if self.next >= 1 << self.bits && self.bits < self.most_bits {
            self.bits += 1;
            self.group.clear();
            self.at = 0;
        }
        let bits = self.bits as usize;
        if self.at + bits > self.group.len() * 8 {
            self.group.resize(bits, 0);
            let filled = fill(&mut self.packed, &mut self.group)?;
            self.group.truncate(filled);
            self.at = 0;
            if filled * 8 < bits {
                return Ok(None);
            }
        }
        let byte = |at: usize| u32::from(self.group.get(at).copied().unwrap_or_default());
        let place = self.at / 8;
        let word = byte(place) | byte(place + 1) << 8 | byte(place + 2) << 16;
        self.at += bits;
        let code = word >> ((self.at - bits) % 8) & ((1 << bits) - 1);
        Ok(u16::try_from(code).ok())
    }

    /// Unpacks one code; `false` at the end.
    fn step(&mut self) -> io::Result<bool> {
        let Some(code) = self.code()? else { return Ok(false) };
        if self.clears && code == CLEAR {
            self.next = 257;
            self.bits = FEWEST_BITS;
            self.previous = None;
            self.group.clear();
            self.at = 0;
            return Ok(true);
        }
        let damaged = || io::Error::other("a code has no entry");
        let mut rest = code;
        if u32::from(code) >= self.next || self.previous.is_none() && code > 255 {
            // The code is about to be defined: the previous one followed by its own first letter.
            let (previous, first) = self.previous.ok_or_else(damaged)?;
            if u32::from(code) > self.next {
                return Err(damaged());
            }
            self.letters.push(first);
            rest = previous;
        }
        // The prefix of each code is a smaller code, so the loop ends.
        while rest > 255 {
            let (before, letter) = self.table[usize::from(rest)];
            self.letters.push(letter);
            rest = before;
        }
        let first = rest as u8;
        self.letters.push(first);
        if let Some((previous, _)) = self.previous
            && let Some(entry) = self.table.get_mut(self.next as usize)
        {
            *entry = (previous, first);
            self.next += 1;
        }
        self.previous = Some((code, first));
        Ok(true)
    }
}

impl<R: Read> Read for Lzw<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.letters.is_empty() {
            if !self.step()? {
                return Ok(0);
            }
        }
        let count = out.len().min(self.letters.len());
        for letter in &mut out[..count] {
            *letter = self.letters.pop().unwrap_or_default();
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::io::Read as _;

    use super::Lzw;

    /// Packs like `compress -b BITS`; a full table is cleared if `clears` is set.
    fn packed(text: &[u8], most: u32, clears: bool) -> Vec<u8> {
        let (mut out, mut group) = (Vec::new(), Vec::new());
        let first = if clears { 257 } else { 256 };
        let (mut bits, mut next) = (9, first);
        let mut table: HashMap<(u32, u8), u32> = HashMap::new();
        let flush = |group: &mut Vec<u32>, bits: u32, whole: bool, out: &mut Vec<u8>| {
            let mut bytes = vec![0u8; bits as usize];
            for (at, code) in group.iter().enumerate() {
                for bit in 0..bits as usize {
                    let place = at * bits as usize + bit;
                    bytes[place / 8] |= ((code >> bit & 1) as u8) << (place % 8);
                }
            }
            let used = (group.len() * bits as usize).div_ceil(8);
            out.extend(&bytes[..if whole && used > 0 { bits as usize } else { used }]);
            group.clear();
        };
        let mut letters = text.iter().copied();
        let Some(mut code) = letters.next().map(u32::from) else { return out };
        // Codes become longer as soon as the reader's table, which is one entry behind, needs it.
        let mut put = |code: u32, next: u32, bits: &mut u32, group: &mut Vec<u32>| {
            group.push(code);
            if group.len() == 8 {
                flush(group, *bits, true, &mut out);
            }
            if next >= 1 << *bits && *bits < most {
                flush(group, *bits, true, &mut out);
                *bits += 1;
            }
            if code == u32::from(super::CLEAR) && clears {
                flush(group, *bits, true, &mut out);
                *bits = 9;
            }
        };
        for letter in letters {
            if let Some(&longer) = table.get(&(code, letter)) {
                code = longer;
                continue;
            }
            put(code, next, &mut bits, &mut group);
            if next < 1 << most {
                table.insert((code, letter), next);
                next += 1;
            } else if clears {
                put(256, 0, &mut bits, &mut group);
                table.clear();
                next = first;
            }
            code = letter.into();
        }
        put(code, next, &mut bits, &mut group);
        let rest = group.clone();
        group = rest;
        flush(&mut group, bits, false, &mut out);
        out
    }

    #[test]
    fn what_compress_packs_is_unpacked() {
        let mut state = 7u64;
        let mut random = |most: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            ((state >> 33) % most) as u8
        };
        for (letters, length) in [(1, 2000), (2, 9000), (4, 40_000), (256, 40_000), (20, 300_000)] {
            let text: Vec<u8> = (0..length).map(|_| random(letters)).collect();
            for (bits, clears) in [(9, true), (12, true), (16, true), (12, false), (16, false)] {
                let packed = packed(&text, bits, clears);
                let mut unpacked = Vec::new();
                let read = Lzw::new(packed.as_slice(), bits, clears).read_to_end(&mut unpacked);
                assert!(read.is_ok() && unpacked == text, "{letters} {length} {bits} {clears}");
            }
        }
    }
}
