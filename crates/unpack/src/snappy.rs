//! Snappy's raw format ("Snappy compressed format description").

/// Unpacks at most `most` bytes; `None` if the input is damaged or longer.
pub(super) fn unpack(packed: &[u8], most: usize) -> Option<Vec<u8>> {
    let mut rest = packed;
    let mut take = |count: usize| {
        let (head, remaining) = rest.split_at_checked(count)?;
        rest = remaining;
        Some(head)
    };
    let mut length = 0usize;
    for shift in (0..35).step_by(7) {
        let byte = take(1)?[0];
        length |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    if length > most {
        return None;
    }
    let number = |bytes: &[u8]| {
        bytes.iter().rev().fold(0usize, |number, &byte| number << 8 | usize::from(byte))
    };
    let mut text = Vec::with_capacity(length.min(packed.len().saturating_mul(4)));
    while text.len() < length {
        let tag = usize::from(take(1)?[0]);
        let (back, count) = match tag & 3 {
            0 => {
                let count = match tag >> 2 {
                    more @ 60.. => number(take(more - 59)?),
                    count => count,
                };
                text.extend_from_slice(take(count.checked_add(1)?)?);
                continue;
            }
            1 => ((tag >> 5) << 8 | number(take(1)?), (tag >> 2 & 7) + 4),
            2 => (number(take(2)?), (tag >> 2) + 1),
            _ => (number(take(4)?), (tag >> 2) + 1),
        };
        if back == 0 || back > text.len() || text.len() + count > length {
            return None;
        }
        for _ in 0..count {
            text.push(text[text.len() - back]);
        }
    }
    (text.len() == length).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::unpack;

    #[test]
    fn literals_and_copies() {
        for (packed, text) in [
            (&b"\x05\x10hello"[..], Some("hello")),
            (b"\x09\x08abc\x09\x03", Some("abcabcabc")),
            (b"\x06\x08abc\x0a\x03\0", Some("abcabc")),
            (b"\x03\xf0\x02abc", Some("abc")),
            (b"\x03\x08ab", None),
            (b"\x05\x08abc\x05\x04", None),
            (b"\x7f\x08abc", None),
        ] {
            let unpacked =
                unpack(packed, 100).map(|text| String::from_utf8_lossy(&text).into_owned());
            assert_eq!(unpacked.as_deref(), text, "{packed:?}");
        }
    }
}
