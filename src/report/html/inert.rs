//! Escapes every value of the page: nothing from a scanned repository is markup, and no character
//! is invisible or turns the direction of a line.

use std::fmt;

use askama::filters::Escaper;

use crate::text::is_hostile;

/// The escaper that `askama.toml` names for all templates.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::report) struct Inert;

impl Escaper for Inert {
    fn write_escaped_str<W: fmt::Write>(&self, mut out: W, text: &str) -> fmt::Result {
        let mut start = 0;
        for (at, character) in text.char_indices() {
            let entity = match character {
                '<' => "&lt;",
                '>' => "&gt;",
                '&' => "&amp;",
                '"' => "&quot;",
                '\'' => "&#39;",
                _ if is_hostile(character) => "",
                _ => continue,
            };
            out.write_str(&text[start..at])?;
            match entity {
                "" => write!(out, "{}", character.escape_unicode())?,
                entity => out.write_str(entity)?,
            }
            start = at + character.len_utf8();
        }
        out.write_str(&text[start..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_is_markup_or_invisible() {
        for (text, shown) in [
            ("plain é", "plain é"),
            ("<b a=\"'\">&", "&lt;b a=&quot;&#39;&quot;&gt;&amp;"),
            ("a\u{202e}b\u{1b}\n\u{feff}", "a\\u{202e}b\\u{1b}\\u{a}\\u{feff}"),
        ] {
            let mut out = String::new();
            Inert.write_escaped_str(&mut out, text).expect("a String takes everything");
            assert_eq!(out, shown);
        }
    }
}
