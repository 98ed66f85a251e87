//! The frequency of letter pairs in text, compared with random base64.
//!
//! The table (`patterns/bigrams.txt`) has a row and a column for each letter of the base64
//! alphabet, in its order; `N` is 0, and one character is a quarter bit.

const TABLE: &[u8] = keysweep_patterns::BIGRAMS;
const ZERO: u8 = b'N';
/// Length of a row: 64 characters and a line feed.
const ROW: usize = 65;

/// The log-likelihood ratio of a pair of letters, in quarter bits: above 0 means text. 0 for a byte
/// that is not in the base64 alphabet.
pub fn pair(one: u8, two: u8) -> i32 {
    match (index(one), index(two)) {
        (Some(row), Some(column)) => i32::from(TABLE[row * ROW + column]) - i32::from(ZERO),
        _ => 0,
    }
}

fn index(letter: u8) -> Option<usize> {
    let index = match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(usize::from(index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        assert_eq!(TABLE.len(), 64 * ROW);
        assert!(TABLE.chunks(ROW).all(|row| row[ROW - 1] == b'\n' && !row[..64].contains(&b'\n')));
    }
}
