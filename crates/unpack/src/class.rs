//! Java class files: the texts of the constant pool (JVMS §4.4), one per line.
//!
//! A text follows its length, and a byte of the length may be a letter. So the plain bytes do not show
//! where a secret begins that is the beginning of a text.

use super::input::Input;
use super::{Fault, Members};

/// Limit in bytes of a class that are read; the format has no larger pool.
const LONGEST: u64 = 64 << 20;

pub(super) fn read(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let random = input.random()?;
    if random.len() > LONGEST {
        return Err(Fault::broken("it is larger than any class"));
    }
    members.hold(random.len())?;
    let bytes = random.bytes()?;
    let text = texts(&bytes).ok_or_else(|| Fault::broken("its constants are damaged"))?;
    Ok(members.member(b"constants", &mut text.as_slice())?)
}

fn texts(bytes: &[u8]) -> Option<Vec<u8>> {
    let u16_at =
        |at: usize| Some(usize::from(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?)));
    let count = u16_at(8)?;
    let (mut at, mut number) = (10, 1);
    let mut text = Vec::new();
    while number < count {
        number += 1;
        at += match bytes.get(at)? {
            1 => {
                let length = u16_at(at + 1)?;
                text.extend_from_slice(bytes.get(at + 3..at + 3 + length)?);
                text.push(b'\n');
                3 + length
            }
            3 | 4 | 9..=12 | 17 | 18 => 5,
            // A 64-bit number takes two entries.
            5 | 6 => {
                number += 1;
                9
            }
            7 | 8 | 16 | 19 | 20 => 3,
            15 => 4,
            _ => return None,
        };
    }
    Some(text)
}
