//! Words and names in Markdown.
//!
//! Services look for links, mentions and references in the finished text, so escapes of Markdown do
//! not stop them. They leave code alone: a name of a repository is always code.

use crate::report::message::{code, shortened};
use crate::text::escape_line;

/// A name as code in a table cell, where a bar ends the cell even in code.
pub(in crate::report) fn cell(text: &str) -> String {
    if text.is_empty() { String::new() } else { counted_code(text).replace('|', "\\|") }
}

/// A name of bounded length as code.
pub(super) fn counted_code(text: &str) -> String {
    code(&shortened(escape_line(text)))
}

/// Words that may be of a repository: as they are if nothing in them can be markup, a link or a
/// mention; otherwise as code.
pub(in crate::report) fn words(text: &str) -> String {
    let is_harmless = |letter: char| letter.is_ascii_alphanumeric() || " ,;()'-".contains(letter);
    if text.chars().all(is_harmless) && !text.starts_with([' ', '-']) {
        shortened(text.to_owned())
    } else {
        counted_code(text)
    }
}

/// Words of the program without markup: ASCII punctuation may be escaped (CommonMark §2.4).
pub(in crate::report) fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in escape_line(text).chars() {
        match character {
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '&' => shown.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '!' | '$' => {
                shown.extend(['\\', character]);
            }
            _ => shown.push(character),
        }
    }
    shown
}

/// Text inside an element of HTML, as code.
pub(super) fn html_code(text: &str) -> String {
    let mut shown = String::from("<code>");
    for character in escape_line(text).chars() {
        match character {
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '&' => shown.push_str("&amp;"),
            // A line of HTML is one block, but a viewer without blocks would see markup.
            '`' | '*' | '_' | '[' | ']' | '~' | '|' | '\\' | '$' => {
                shown.push_str(&format!("&#{};", u32::from(character)));
            }
            _ => shown.push(character),
        }
    }
    shown + "</code>"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_code_and_words_are_words() {
        for (text, shown) in [
            ("AWS access key", "AWS access key"),
            ("@everyone", "`@everyone`"),
            ("see https://example.com", "`see https://example.com`"),
            ("www.example.com", "`www.example.com`"),
            ("#12", "`#12`"),
            ("- x", "`- x`"),
            ("a`b", "``a`b``"),
            ("a\u{202e}b", "`a\\u{202e}b`"),
        ] {
            assert_eq!(words(text), shown);
        }
        assert_eq!(cell("a|b"), "`a\\|b`");
        assert_eq!(html_code("</code><b>*x*"), "<code>&lt;/code&gt;&lt;b&gt;&#42;x&#42;</code>");
    }
}
