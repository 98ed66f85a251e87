//! Buffers of zeros.

/// Changes the length of `bytes` to `len`; added bytes are zero.
///
/// `Vec::resize` writes byte by byte where it is compiled for size, and a generic function is compiled in
/// the crate that uses it. This function is not generic, so it is compiled here, for speed.
pub fn resize(bytes: &mut Vec<u8>, len: usize) {
    bytes.resize(len, 0);
}

#[cfg(test)]
mod tests {
    use super::resize;

    #[test]
    fn added_bytes_are_zero_and_the_others_remain() {
        let mut bytes = vec![7, 8];
        resize(&mut bytes, 4);
        assert_eq!(bytes, [7, 8, 0, 0]);
        resize(&mut bytes, 1);
        assert_eq!(bytes, [7]);
    }
}
