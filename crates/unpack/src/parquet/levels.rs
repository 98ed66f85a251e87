//! Numbers of few bits, in runs or bit-packed ("RLE / Bit-Packing Hybrid").

/// Decodes up to `count` numbers.
pub(super) fn hybrid(mut packed: &[u8], bits: u32, count: usize) -> Vec<u32> {
    let mut numbers = Vec::new();
    if bits > 32 {
        return numbers;
    }
    while numbers.len() < count {
        let Some(header) = varint(&mut packed) else { return numbers };
        let more = count - numbers.len();
        let length = usize::try_from(header >> 1).unwrap_or(usize::MAX);
        if header & 1 == 0 {
            let bytes = bits.div_ceil(8) as usize;
            let Some((number, rest)) = packed.split_at_checked(bytes) else { return numbers };
            packed = rest;
            let number = number.iter().rev().fold(0, |number, &byte| number << 8 | u32::from(byte));
            numbers.extend(std::iter::repeat_n(number, length.min(more)));
        } else {
            let bytes = length.saturating_mul(bits as usize).min(packed.len());
            let (group, rest) = packed.split_at(bytes);
            packed = rest;
            let places = 0..length.saturating_mul(8).min(more);
            numbers.extend(places.map(|at| number(group, at, bits)));
        }
        if length == 0 {
            return numbers;
        }
    }
    numbers
}

fn number(group: &[u8], at: usize, bits: u32) -> u32 {
    let place = at * bits as usize;
    let word = (0..5).fold(0u64, |word, byte| {
        let next = group.get(place / 8 + byte).copied().unwrap_or_default();
        word | u64::from(next) << (byte * 8)
    });
    (word >> (place % 8) & ((1 << bits) - 1)) as u32
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::hybrid;

    #[test]
    fn runs_and_groups() {
        assert_eq!(hybrid(b"\x08\x05", 3, 9), [5; 4]);
        // The example in the format's documentation: 0 to 7 in three bits each.
        assert_eq!(hybrid(b"\x03\x88\xc6\xfa", 3, 8), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(hybrid(b"\x03\x88\xc6\xfa\x04\x01", 3, 9), [0, 1, 2, 3, 4, 5, 6, 7, 1]);
        assert_eq!(hybrid(b"\0\0", 3, 9), [0; 0]);
    }
}
