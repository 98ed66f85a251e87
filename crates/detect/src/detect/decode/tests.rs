//! Encoded texts, what they decode to, and where.

use proptest::prelude::*;

use super::*;

proptest! {
    /// The definition: the first lines, one by one.
    #[test]
    fn a_text_is_one_run_if_one_of_its_first_lines_is(
        head in "[ \n]{0,3}",
        lines in proptest::collection::vec(
            prop_oneof![
                "[A-Za-z_]{0,50}={0,2}(QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2w=|[a-z/+]{30,50})={0,2}",
                "[a-z ]{0,90}",
            ],
            0..6,
        ),
        by in prop_oneof![Just("\n"), Just("\r\n"), Just("\r")],
    ) {
        let text = head + &lines.join(by);
        let text = text.as_bytes();
        let shown = text[..text.len().min(4 * TASTE)].trim_ascii_start();
        let expected = shown.split(|byte| matches!(byte, b'\r' | b'\n')).take(FIRST_LINES).any(|line| {
            let name = line.iter().take_while(|&&byte| byte.is_ascii_alphanumeric() || byte == b'_');
            let name = name.count();
            let is_assigned = name < SHORTEST && line.get(name) == Some(&b'=');
            let value = &line[if is_assigned { name + 1 } else { 0 }..];
            let len = value.iter().take_while(|&&byte| is_base64(byte)).count();
            len >= SHORTEST && value[len..].iter().all(|&byte| byte == b'=') && says_text(&value[..len])
        });
        prop_assert_eq!(is_one_run(text), expected);
    }
}

#[test]
fn leads_back_to_the_encoded_characters() {
    let text = b"key: eHh4YWJjeHh4 end";
    let decoded = base64(text, 9, 0).expect("base64");
    assert_eq!((&*decoded.text, decoded.run.clone()), (&b"xxxabcxxx"[..], 5..17));
    assert_eq!(&text[decoded.outer(&(3..6))], b"YWJj");
    assert_eq!(decoded.outer(&(0..9)), 5..17);
}

#[test]
fn joins_the_lines_of_a_wrapped_block() {
    let line = "QUJD".repeat(16);
    let text = format!("x:\n  {line}\n  {line}\n  QUJD\n\nrest");
    let decoded = base64(text.as_bytes(), 5 + 64 + 3 + 8, 0).expect("base64");
    assert_eq!(decoded.text, "ABC".repeat(33).into_bytes());
}

#[test]
fn a_word_after_a_text_is_not_its_last_line_but_other_data_may_end_in_any_bytes() {
    let shown = |bytes: &[u8], after: &str| {
        let lines = BASE64.encode(bytes).into_bytes();
        let lines: Vec<&[u8]> = lines.chunks(76).collect();
        let text = [&lines.join(&b'\n'), after.as_bytes()].concat();
        base64(&text, 0, 0).expect("base64").text
    };
    let plain = b"one line of text that is longer, ".repeat(9);
    for len in [57, 114, 171, 228] {
        for word in ["\nend", "\ndone\n", "\nEOF\n"] {
            assert_eq!(shown(&plain[..len], word), plain[..len], "{len} {word:?}");
        }
    }
    let gzip = [&b"\x1f\x8b\x08\0\0\0\0\0\0\xff"[..], &[0x9b; 70]].concat();
    let utf16: Vec<u8> = plain.iter().take(45).flat_map(|byte| [*byte, 0]).collect();
    let accents = "\u{e9}".repeat(80).into_bytes();
    for data in [&gzip, &utf16, &accents] {
        assert_eq!(shown(data, "\n\n"), *data);
    }
}

#[test]
fn an_encoded_value_is_undone_to_its_secret() {
    let secret = b"Ab3/".repeat(10);
    let once = BASE64.encode(&secret);
    let twice = BASE64.encode(&once);
    assert_eq!(value(once.as_bytes(), |_| false), Some((secret.clone(), vec![Encoding::Base64])));
    assert_eq!(value(twice.as_bytes(), |_| false), Some((secret, vec![Encoding::Base64; 2])));
}
