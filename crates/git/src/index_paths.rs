//! Bounds the length of the paths of an index once they are decoded.
//!
//! Version 4 of the format stores for each path its difference from the previous one
//! (gitformat-index(5)), so a file of 300 kB can expand to gigabytes of paths.

/// The longest path that is accepted, in bytes: 16 times what Linux opens (`PATH_MAX`).
const LONGEST: u64 = 64 << 10;
/// All paths together may take this many times the size of the file, plus [`FLOOR`]. An entry has
/// at least 60 bytes in addition to its path, so paths of real work trees stay below 4 times.
const RATIO: u64 = 16;
/// Bytes that the paths of a small file may always take.
const FLOOR: u64 = 1 << 20;
/// Size in bytes of an entry's times, device, inode, mode, owner and size.
const STAT: usize = 40;
/// Set in an entry's flags if two more bytes of flags follow.
const EXTENDED: u8 = 0x40;

/// True if the paths are longer than those of any real work tree. `id` is the length of an object
/// id in bytes. An index of another version than 4 stores whole paths, so it is never too long.
pub(crate) fn are_too_long(index: &[u8], id: usize) -> bool {
    let number = |at: usize| index.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
    if !index.starts_with(b"DIRC") || number(4) != Some(4) {
        return false;
    }
    let entries = number(8).unwrap_or(0);
    let most = FLOOR.max(RATIO.saturating_mul(index.len() as u64));
    let (mut rest, mut length, mut sum) = (&index[12..], 0_u64, 0_u64);
    for _ in 0..entries {
        // Decoding the index reports a truncated entry.
        let Some((removed, added, after)) = path_of_entry(rest, id) else { return false };
        length = length.saturating_sub(removed).saturating_add(added);
        sum = sum.saturating_add(length);
        if length > LONGEST || sum > most {
            return true;
        }
        rest = after;
    }
    false
}

/// The number of bytes that the first entry's path removes from the previous path, the number that
/// it adds, and the bytes after the entry.
fn path_of_entry(bytes: &[u8], id: usize) -> Option<(u64, u64, &[u8])> {
    let flags = bytes.get(STAT + id)?;
    let more = if flags & EXTENDED == 0 { 0 } else { 2 };
    let (removed, rest) = offset(bytes.get(STAT + id + 2 + more..)?)?;
    let end = memchr::memchr(0, rest)?;
    Some((removed, end as u64, &rest[end + 1..]))
}

/// Decodes a number in the offset encoding of packs (gitformat-pack(5)), and returns the bytes
/// after it.
fn offset(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for (at, byte) in bytes.iter().enumerate() {
        value = value.checked_mul(128)?.checked_add(u64::from(byte & 0x7f))?;
        if byte & 0x80 == 0 {
            return Some((value, &bytes[at + 1..]));
        }
        value = value.checked_add(1)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An index of version 4 in which each path extends the whole previous one.
    fn index(entries: u32, added: usize) -> Vec<u8> {
        let mut index = [&b"DIRC"[..], &4_u32.to_be_bytes(), &entries.to_be_bytes()].concat();
        for _ in 0..entries {
            index.extend_from_slice(&[0; STAT + 20 + 2]);
            index.push(0);
            index.extend(std::iter::repeat_n(b'a', added));
            index.push(0);
        }
        index
    }

    #[test]
    fn paths_that_grow_without_end_are_too_long() {
        assert!(!are_too_long(&index(100, 100), 20), "10 kB each at most");
        assert!(are_too_long(&index(700, 100), 20), "one of 70 kB");
        assert!(are_too_long(&index(4000, 10), 20), "80 MB together");
        assert!(!are_too_long(b"DIRC\0\0\0\x02\0\0\0\x01", 20), "another version");
        let cut = index(10, 10);
        assert!(!are_too_long(&cut[..cut.len() - 30], 20), "the decoder reports it");
    }
}
