//! Laws of the tests of a label: the fast one says what the full one does.

use proptest::prelude::*;
use proptest::{collection, sample};

use super::*;

/// Text after a label, with what ends a value and what does not.
fn texts() -> impl Strategy<Value = Vec<u8>> {
    let pieces = [
        "<b>",
        "</span>",
        "<span class='x y'>",
        "<T>",
        "Vec<B>",
        "< ",
        "\x1b[31m",
        "[31m",
        "[m",
        "[K",
        "[:m",
        "^[[0m",
        "\u{241b}[1m",
        " ",
        "\n",
        "\n ",
        "\r\n\t",
        "=\n",
        "\\\n",
        "\"",
        "'",
        ".",
        ",",
        "(",
        ":",
        "-",
        "_",
        "%2F",
        "\\/",
        "+",
        "/",
    ];
    let piece = sample::select(pieces.to_vec()).prop_map(|piece| piece.as_bytes().to_vec());
    let letters = "[a-zA-Z0-9+/]{1,25}".prop_map(String::into_bytes);
    let digits = "[0-9a-f]{20,45}".prop_map(String::into_bytes);
    let part = prop_oneof![4 => piece, 4 => letters, 1 => digits];
    collection::vec(part, 0..24).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn what_is_skipped_holds_no_value(text in texts(), is_truncated in any::<bool>()) {
        let held = holds_value(&text, is_truncated, true);
        let shown = String::from_utf8_lossy(&text);
        prop_assert_eq!(leads_to_value(&text, is_truncated), held, "{:?}", shown);
    }

    #[test]
    fn a_value_before_a_label_is_a_run_of_its_letters(text in texts()) {
        let line = text.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = &line[line.len().saturating_sub(BEFORE_REACH)..];
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
        let mut runs = line.split(|byte| !is_part(byte));
        let expected = runs.any(|run| run.len() >= SECRET_LEN && !run.iter().all(u8::is_ascii_hexdigit));
        prop_assert_eq!(has_value_before(&text, text.len()), expected);
    }
}
