//! Applies git deltas, and reports which runs of the result were copied from the base.
//!
//! The format is defined in git's `Documentation/gitformat-pack.txt`, "Deltified representation".

use keysweep_base::copied::Copied;

/// A delta whose header has been read.
#[derive(Clone, Copy, Debug)]
pub struct Delta<'a> {
    /// The size of the base in bytes, as stated in the delta.
    pub base: u64,
    /// The size of the result in bytes, as stated in the delta.
    pub result: u64,
    instructions: &'a [u8],
}

enum Instruction<'a> {
    /// Copies bytes of the base.
    Copy { from: usize, len: usize },
    /// Inserts bytes of the delta itself.
    Insert(&'a [u8]),
}

impl<'a> Delta<'a> {
    /// Reads the header; `None` if it is truncated or a size overflows.
    pub fn parse(mut bytes: &'a [u8]) -> Option<Self> {
        let base = size(&mut bytes)?;
        let result = size(&mut bytes)?;
        Some(Self { base, result, instructions: bytes })
    }

    /// Writes the result to `out` and the copied runs to `copied`. Returns true if the delta fits
    /// the base and produces exactly the stated size.
    ///
    /// The caller must bound [`Self::result`]. Runs that are adjacent in both base and result are
    /// merged.
    pub fn apply(&self, base: &[u8], out: &mut Vec<u8>, copied: &mut Vec<Copied>) -> bool {
        out.clear();
        copied.clear();
        let (Ok(size), true) = (usize::try_from(self.result), self.base == base.len() as u64)
        else {
            return false;
        };
        out.reserve(size);
        let mut rest = self.instructions;
        while !rest.is_empty() {
            let Some(instruction) = next(&mut rest) else { return false };
            let to = out.len();
            match instruction {
                Instruction::Insert(bytes) if bytes.len() <= size - to => {
                    out.extend_from_slice(bytes);
                }
                Instruction::Copy { from, len } if len <= size - to => {
                    let Some(run) = base.get(from..).and_then(|tail| tail.get(..len)) else {
                        return false;
                    };
                    out.extend_from_slice(run);
                    join(copied, Copied { from, to, len });
                }
                _ => return false,
            }
        }
        out.len() == size
    }

    /// Writes the readable part of a damaged delta, or of a delta with a damaged base. Missing
    /// bytes are filled with zeros, so that the remaining bytes keep their offsets.
    pub fn apply_readable(&self, base: &[u8], out: &mut Vec<u8>) {
        out.clear();
        let Ok(size) = usize::try_from(self.result) else { return };
        let mut rest = self.instructions;
        while let Some(instruction) = next(&mut rest) {
            let room = size - out.len();
            match instruction {
                Instruction::Insert(bytes) => {
                    out.extend_from_slice(&bytes[..bytes.len().min(room)]);
                }
                Instruction::Copy { from, len } => {
                    let end = out.len() + len.min(room);
                    let run = base.get(from..).unwrap_or_default();
                    out.extend_from_slice(&run[..run.len().min(len).min(room)]);
                    out.resize(end, 0);
                }
            }
        }
        out.resize(size, 0);
    }
}

/// Appends a run, or extends the last one by it.
fn join(copied: &mut Vec<Copied>, run: Copied) {
    match copied.last_mut() {
        Some(last) if last.from + last.len == run.from && last.to + last.len == run.to => {
            last.len += run.len;
        }
        _ => copied.push(run),
    }
}

/// Takes one instruction off `rest`; `None` at the end, at a truncated instruction and at the
/// reserved opcode 0.
#[inline]
fn next<'a>(rest: &mut &'a [u8]) -> Option<Instruction<'a>> {
    let (&opcode, tail) = rest.split_first()?;
    if opcode & 0x80 == 0 {
        let (bytes, tail) = tail.split_at_checked(usize::from(opcode))?;
        *rest = tail;
        return (opcode != 0).then_some(Instruction::Insert(bytes));
    }
    let mut tail = tail;
    let mut value = 0u64;
    for bit in 0..7 {
        if opcode & (1 << bit) != 0 {
            let (&byte, more) = tail.split_first()?;
            value |= u64::from(byte) << (8 * bit);
            tail = more;
        }
    }
    *rest = tail;
    let from = (value & 0xffff_ffff) as usize;
    let len = match (value >> 32) as usize {
        0 => 0x1_0000,
        len => len,
    };
    Some(Instruction::Copy { from, len })
}

/// Reads a size in 7-bit groups, the least significant first.
fn size(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, tail) = bytes.split_first()?;
        *bytes = tail;
        let group = u64::from(byte & 0x7f);
        value |= group.checked_shl(shift).filter(|shifted| shifted >> shift == group)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
    use proptest::{collection, prop_assert, prop_assert_eq};

    use super::*;

    #[derive(Clone, Debug)]
    enum Edit {
        Copy(usize, usize),
        Insert(Vec<u8>),
    }

    fn number(out: &mut Vec<u8>, mut value: usize) {
        while value >= 0x80 {
            out.push(value as u8 | 0x80);
            value >>= 7;
        }
        out.push(value as u8);
    }

    /// Returns the delta of some edits, and its result, computed without the code under test.
    fn encode(base: &[u8], edits: &[Edit]) -> (Vec<u8>, Vec<u8>) {
        let mut result = Vec::new();
        let mut body = Vec::new();
        for edit in edits {
            match edit {
                Edit::Insert(bytes) => {
                    body.push(bytes.len() as u8);
                    body.extend_from_slice(bytes);
                    result.extend_from_slice(bytes);
                }
                &Edit::Copy(from, len) => {
                    let from = from % base.len();
                    let len = 1 + len % (base.len() - from);
                    let at = body.len();
                    body.push(0x80);
                    let (offset, size) = (from.to_le_bytes(), len.to_le_bytes());
                    for (bit, &byte) in offset[..4].iter().chain(&size[..3]).enumerate() {
                        if byte != 0 {
                            body[at] |= 1 << bit;
                            body.push(byte);
                        }
                    }
                    result.extend_from_slice(&base[from..from + len]);
                }
            }
        }
        let mut delta = Vec::new();
        number(&mut delta, base.len());
        number(&mut delta, result.len());
        delta.extend(body);
        (delta, result)
    }

    fn edits() -> impl Strategy<Value = Vec<Edit>> {
        let copy = (any::<usize>(), any::<usize>()).prop_map(|(from, len)| Edit::Copy(from, len));
        let insert = collection::vec(any::<u8>(), 1..127).prop_map(Edit::Insert);
        let tail = Just(Edit::Copy(7, 3));
        collection::vec(prop_oneof![3 => copy, 2 => insert, 1 => tail], 0..40)
    }

    proptest! {
        #[test]
        fn a_delta_makes_its_result_and_says_what_it_copied(
            base in collection::vec(any::<u8>(), 1..70_000), edits in edits(),
        ) {
            let (delta, result) = encode(&base, &edits);
            let delta = Delta::parse(&delta).expect("a whole header");
            let (mut out, mut copied) = (vec![], vec![]);
            prop_assert!(delta.apply(&base, &mut out, &mut copied));
            prop_assert!(out == result);
            for run in &copied {
                prop_assert!(base[run.from..][..run.len] == out[run.to..][..run.len]);
            }
            for pair in copied.windows(2) {
                let (a, b) = (pair[0], pair[1]);
                prop_assert!(a.to + a.len <= b.to);
                prop_assert!(a.to + a.len != b.to || a.from + a.len != b.from, "not joined");
            }
            let whole: usize = edits.iter().map(|edit| match edit {
                Edit::Insert(bytes) => bytes.len(),
                Edit::Copy(..) => 0,
            }).sum();
            prop_assert_eq!(copied.iter().map(|run| run.len).sum::<usize>() + whole, out.len());
            delta.apply_readable(&base, &mut out);
            prop_assert!(out == result);
        }

        #[test]
        fn no_bytes_break_it(
            base in collection::vec(any::<u8>(), 0..300), delta in collection::vec(any::<u8>(), 0..300),
        ) {
            let Some(delta) = Delta::parse(&delta).filter(|delta| delta.result < 1 << 20) else {
                return Ok(());
            };
            let (mut out, mut copied) = (vec![], vec![]);
            if delta.apply(&base, &mut out, &mut copied) {
                prop_assert_eq!(out.len() as u64, delta.result);
            }
            delta.apply_readable(&base, &mut out);
            prop_assert_eq!(out.len() as u64, delta.result);
        }
    }

    #[test]
    fn a_missing_base_leaves_what_the_delta_itself_says() {
        let base = vec![b'x'; 10];
        let (delta, _) =
            encode(&base, &[Edit::Copy(0, 3), Edit::Insert(b"new".to_vec()), Edit::Copy(0, 0)]);
        let mut out = vec![];
        Delta::parse(&delta).expect("a whole header").apply_readable(&[], &mut out);
        assert_eq!(out, b"\0\0\0\0new\0");
    }
}
