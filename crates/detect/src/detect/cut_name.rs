//! Names that a line break cuts: a soft break of quoted-printable text (`aws_sec=` and, on the next
//! line, `ret_access_key`), or a line that is continued.
//!
//! `AWS_SECRET_ACCESS_KEY=` above `TOKEN=…` looks the same, but these are two names: the first has no
//! value.

use super::name::{Name, Role};
use super::vacant::is_name;
use super::words::{Meaning, words};

/// Bytes of each line that are read.
const REACH: usize = 200;

/// True if the end of the line above and the beginning of the line of the value at `at` may be the
/// two pieces of one name. A value that is on the first line has no such line above: another mark
/// than a line break may cut its name.
pub(super) fn may_be_cut(text: &[u8], at: usize) -> bool {
    let near = &text[at.saturating_sub(REACH)..at];
    let Some(newline) = memchr::memrchr(b'\n', near) else { return true };
    let above = &near[..newline];
    let above = &above[memchr::memrchr(b'\n', above).map_or(0, |at| at + 1)..];
    let end = above.iter().rposition(|&byte| is_name(byte)).map_or(0, |at| at + 1);
    let start = above[..end].iter().rposition(|&byte| !is_name(byte)).map_or(0, |at| at + 1);
    let upper = &above[start..end];
    let line = &near[newline + 1..];
    let indent = line.iter().take_while(|byte| b" \t".contains(byte)).count();
    let len = line[indent..].iter().take_while(|byte| is_name(**byte)).count();
    let lower = &line[indent..indent + len];
    if indent > 0 && !lower.is_empty() {
        return false;
    }
    // The text is quoted-printable.
    if memchr::memmem::find(line, b"=3D").is_some() {
        return true;
    }
    let mark = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric());
    if mark(upper.last()) || mark(lower.first()) {
        return true;
    }
    let (Some(head), Some(tail)) = (words(upper).pop(), words(lower).into_iter().next()) else {
        return true;
    };
    // `secret` and `AccessKey`: the hump of one name.
    let humps = upper.last().is_some_and(u8::is_ascii_lowercase)
        && lower.first().is_some_and(u8::is_ascii_uppercase);
    if humps && !Meaning::of(&head).has(Meaning::END_OF_KEY) {
        return Name::of(&[upper, lower].concat(), false).role == Role::SecretKey;
    }
    // The pieces of a word make a known word, and are not both words themselves.
    let is_known = |word: &str| Meaning::of(word) != Meaning::default();
    let is_whole = |word: &str| word.len() > 1 && is_known(word);
    is_known(&format!("{head}{tail}")) && !(is_whole(&head) && is_whole(&tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_name_above_a_name_is_not_a_piece_of_it() {
        for (text, is_cut) in [
            ("aws_sec=\nret_access_key = @", true),
            ("aws_secret_=\naccess_key = @", true),
            ("aws_secret=\n_access_key = @", true),
            ("aws_secret_acc=\ness_key = @", true),
            ("aws_secret_acces=\ns_key =3D @", true),
            ("secretAcc=\nessKey: @", true),
            ("secret=\nAccessKey: @", true),
            ("secretAccess=\nKey: @", true),
            ("Secret=\nKey=3D@", true),
            ("Secret=\nApiKey: @", false),
            ("awsSecretKey=\nApiToken: @", false),
            ("AWS_S=\nECRET_KEY=@", true),
            ("AWS_SECRET_ACCESS_KEY = \\\n  @", true),
            ("AWS_SECRET_ACCESS_KEY=@", true),
            ("AWS_SECRET_ACCESS_KEY= \\\n  TOKEN=@ run", false),
            ("AWS_SECRET_ACCESS_KEY=\nTOKEN=@", false),
            ("AWS_SECRET_ACCESS_KEY=\r\nAPI_KEY=@", false),
            ("AWS_SECRET_ACCESS_KEY=\nENCRYPTION_KEY=@", false),
            ("AWS_SECRET_ACCESS_KEY=\nZENDESK_API_TOKEN=@", false),
            ("SECRET=\nKEY=@", false),
        ] {
            let at = text.find('@').expect("a place");
            assert_eq!(may_be_cut(text.as_bytes(), at), is_cut, "{text}");
        }
    }
}
