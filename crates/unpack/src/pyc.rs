//! Compiled Python, from 3.7 on: the strings of all code objects, one per line.
//!
//! The format is that of CPython's `marshal.c`. Files of older or unknown versions are scanned
//! unchanged.

use super::input::Input;
use super::{Fault, Members};

/// The first magic number with this header, of Python 3.7.
const FIRST: u16 = 3390;
/// Limit of nested objects; CPython itself has 2000.
const DEEPEST: u32 = 400;
/// Limit of bytes that are read.
const LONGEST: u64 = 256 << 20;

/// True if a text starts like compiled Python of a known version.
pub(super) fn is_one(head: &[u8]) -> bool {
    match head {
        [low, high, b'\r', b'\n', flags, 0, 0, 0, ..] => {
            let number = u16::from_le_bytes([*low, *high]);
            (FIRST..4000).contains(&number) && *flags <= 3
        }
        _ => false,
    }
}

pub(super) fn read(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let random = input.random()?;
    if random.len() > LONGEST {
        return Err(Fault::broken("it is larger than any module"));
    }
    members.hold(random.len())?;
    let bytes = random.bytes()?;
    let number = u16::from_le_bytes([bytes[0], bytes[1]]);
    let mut reader = MarshalReader { bytes: &bytes, at: 16, number, text: Vec::new() };
    let whole = reader.object(0).is_some();
    let text = reader.text;
    members.member(b"strings", &mut text.as_slice())?;
    if whole { Ok(()) } else { Err(Fault::broken("its objects are damaged, or of a newer Python")) }
}

struct MarshalReader<'a> {
    bytes: &'a [u8],
    at: usize,
    number: u16,
    text: Vec<u8>,
}

impl MarshalReader<'_> {
    /// Reads an object; `None` if it is damaged, `Some(false)` for the mark that ends a dictionary.
    fn object(&mut self, depth: u32) -> Option<bool> {
        if depth > DEEPEST {
            return None;
        }
        match self.take(1)?[0] & 0x7f {
            b'0' => return Some(false),
            b'N' | b'F' | b'T' | b'S' | b'.' => {}
            b'i' | b'r' | b'R' => drop(self.take(4)?),
            b'I' | b'g' => drop(self.take(8)?),
            b'y' => drop(self.take(16)?),
            b'l' => {
                let digits = self.number()?.cast_signed().unsigned_abs();
                self.take(usize::try_from(digits).ok()?.checked_mul(2)?)?;
            }
            b's' | b't' | b'u' | b'a' | b'A' => {
                let length = self.number()?;
                self.string(usize::try_from(length).ok()?)?;
            }
            b'z' | b'Z' => {
                let length = usize::from(self.take(1)?[0]);
                self.string(length)?;
            }
            b')' => {
                let count = u32::from(self.take(1)?[0]);
                self.objects(count, depth)?;
            }
            b'(' | b'[' | b'<' | b'>' => {
                let count = self.number()?;
                self.objects(count, depth)?;
            }
            b'{' => while self.object(depth + 1)? && self.object(depth + 1)? {},
            b':' => self.objects(3, depth)?,
            b'c' => self.code(depth)?,
            _ => return None,
        }
        Some(true)
    }

    /// Reads a code object: numbers and objects in the order of the version.
    fn code(&mut self, depth: u32) -> Option<()> {
        // 3.8 added a number, 3.11 removed one and added two objects.
        let (numbers, after) = match self.number {
            ..3400 => (5, 1),
            3400..3450 => (6, 1),
            _ => (5, 2),
        };
        self.take(4 * numbers)?;
        self.objects(8, depth)?;
        self.take(4)?;
        self.objects(after, depth)
    }

    fn objects(&mut self, count: u32, depth: u32) -> Option<()> {
        for _ in 0..count {
            self.object(depth + 1)?;
        }
        Some(())
    }

    fn string(&mut self, length: usize) -> Option<()> {
        let string = self.bytes.get(self.at..self.at.checked_add(length)?)?;
        self.text.extend_from_slice(string);
        self.at += length;
        self.text.push(b'\n');
        Some(())
    }

    fn number(&mut self) -> Option<u32> {
        let bytes = self.take(4)?;
        Some(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    fn take(&mut self, length: usize) -> Option<&[u8]> {
        let head = self.bytes.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(head)
    }
}
