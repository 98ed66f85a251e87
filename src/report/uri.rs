//! Names of a repository as URIs and as words of a message, both escaped.

use std::fmt::Write as _;

use serde::Serialize;

/// A relative URI reference (RFC 3986 §4.2) that stays below its base.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub(super) struct Uri(String);

impl Uri {
    /// The URI of a path, percent-encoded from its bytes; `/` separates segments.
    ///
    /// Empty, `.` and `..` segments are left out, so that the result is relative whatever names a
    /// hostile tree contains.
    pub(super) fn from_path(path: &[u8]) -> Self {
        let segments = path.split(|&byte| byte == b'/');
        let named = segments.filter(|segment| !matches!(*segment, b"" | b"." | b".."));
        let encoded: Vec<String> = named.map(encode).collect();
        Self(if encoded.is_empty() { "unnamed".to_owned() } else { encoded.join("/") })
    }
}

/// Percent-encodes. A dot after a dot, too: consumers refuse `..` anywhere.
fn encode(segment: &[u8]) -> String {
    let mut text = String::with_capacity(segment.len());
    for &byte in segment {
        let second_dot = byte == b'.' && text.ends_with('.');
        let plain = byte.is_ascii_alphanumeric() || b"-._~@+=,".contains(&byte);
        if plain && !second_dot {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// A name as a word of a message: characters of links, tags and tables are percent-encoded.
pub(super) fn plain(name: &[u8]) -> String {
    let mut text = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_alphanumeric() || " ._/@+,=~:#%&;!$^-".contains(character) {
                text.push(character);
            } else {
                text.push_str(&encode(character.encode_utf8(&mut [0; 4]).as_bytes()));
            }
        }
        text.push_str(&encode(chunk.invalid()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn encodes_bytes_and_stays_below_its_base() {
        for (path, uri) in [
            (&b"a b/#%.txt"[..], "a%20b/%23%25.txt"),
            ("\u{e9}".as_bytes(), "%C3%A9"),
            (b"\xff", "%FF"),
            (b"/etc/x", "etc/x"),
            (b"./../../x", "x"),
            (b"c:\\x", "c%3A%5Cx"),
            (b"..", "unnamed"),
            (b"a..b", "a.%2Eb"),
        ] {
            assert_eq!(Uri::from_path(path).0, uri);
        }
    }

    #[test]
    fn a_name_makes_no_link() {
        assert_eq!(plain(b"a](1) <b>|\xff`"), "a%5D%281%29 %3Cb%3E%7C%FF%60");
        assert_eq!(plain("conf/é b.env".as_bytes()), "conf/é b.env");
    }

    proptest! {
        #[test]
        fn every_path_gives_a_uri_of_plain_ascii(path in proptest::collection::vec(any::<u8>(), 0..40)) {
            let uri = Uri::from_path(&path).0;
            prop_assert!(!uri.is_empty() && !uri.starts_with('/'));
            prop_assert!(uri.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~@+=,%/".contains(&b)));
            prop_assert!(!uri.contains(".."));
        }
    }
}
