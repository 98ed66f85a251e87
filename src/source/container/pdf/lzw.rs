//! LZW as PDF has it (ISO 32000-1, 7.4.4.2): codes of 9 to 12 bits, the high bit first.

use std::io::{self, Read};

use super::super::fill;

/// Forgets all codes.
const CLEAR: usize = 256;
/// Ends the stream.
const END: usize = 257;
/// Codes that there may be.
const MOST: usize = 1 << 12;

/// The unpacked bytes.
pub(super) struct Lzw<R> {
    bytes: R,
    /// Codes grow a bit one code before there is need to.
    early: bool,
    bits: u32,
    held: u32,
    /// Of each code above those of single bytes the code that it goes on from, and its last byte.
    table: Vec<(u16, u8)>,
    previous: Option<usize>,
    /// What is still to be given, its end first.
    piece: Vec<u8>,
    ended: bool,
}

impl<R: Read> Lzw<R> {
    pub(super) fn new(bytes: R, early: bool) -> Self {
        Self {
            bytes,
            early,
            bits: 0,
            held: 0,
            table: Vec::new(),
            previous: None,
            piece: Vec::new(),
            ended: false,
        }
    }

    /// The next code; none where the bytes end.
    fn code(&mut self) -> io::Result<Option<usize>> {
        let codes = END + 1 + self.table.len() + usize::from(self.previous.is_some());
        let wide = [512, 1024, 2048].iter().filter(|&&most| codes + usize::from(self.early) > most);
        let width = 9 + u32::try_from(wide.count()).expect("at most 3");
        while self.held < width {
            let mut byte = [0];
            if fill(&mut self.bytes, &mut byte)? == 0 {
                return Ok(None);
            }
            self.bits = self.bits << 8 | u32::from(byte[0]);
            self.held += 8;
        }
        self.held -= width;
        Ok(Some((self.bits >> self.held) as usize & ((1 << width) - 1)))
    }

    /// Puts the bytes of a code into the piece; gives the first of them.
    fn spell(&mut self, mut code: usize) -> u8 {
        while code > END {
            let (from, last) = self.table[code - END - 1];
            self.piece.push(last);
            // Every code goes on from one that is older.
            code = usize::from(from);
        }
        self.piece.push(code as u8);
        code as u8
    }

    /// Unpacks the next code that stands for bytes.
    fn step(&mut self) -> io::Result<()> {
        while self.piece.is_empty() && !self.ended {
            let Some(code) = self.code()?.filter(|&code| code != END) else {
                self.ended = true;
                return Ok(());
            };
            if code == CLEAR {
                self.table.clear();
                self.previous = None;
                continue;
            }
            let next = END + 1 + self.table.len();
            let first = match self.previous {
                _ if code < next => self.spell(code),
                // The code that is just being made.
                Some(previous) if code == next => {
                    let first = self.spell(previous);
                    self.piece.insert(0, first);
                    first
                }
                _ => return Err(io::Error::other("a code of LZW that is none yet")),
            };
            if let Some(previous) = self.previous.filter(|_| next < MOST) {
                self.table.push((previous as u16, first));
            }
            self.previous = Some(code);
        }
        Ok(())
    }
}

impl<R: Read> Read for Lzw<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.step()?;
        let count = out.len().min(self.piece.len());
        for slot in &mut out[..count] {
            *slot = self.piece.pop().expect("there are so many");
        }
        Ok(count)
    }
}
