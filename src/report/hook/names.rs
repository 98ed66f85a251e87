//! File names in commands that are pasted into a shell, in any folder of a work tree.

use crate::secret::MASK;
use crate::text::{is_hostile, shell_word};

/// The pathspec of one file, from the top of the work tree (gitglossary(7), "pathspec"), as a shell
/// word. `magic` is further magic, such as `exclude`.
pub(super) fn pathspec(path: &[u8], magic: &str) -> String {
    if magic.is_empty() && is_plain(path) {
        return format!(":/{}", String::from_utf8_lossy(path));
    }
    let magic = if magic.is_empty() { String::new() } else { format!(",{magic}") };
    if is_masked(path) {
        // Without glob magic a star matches slashes, too.
        return shell_word(&format!(":(top{magic}){}", pattern(path)));
    }
    match std::str::from_utf8(path) {
        Ok(text) if !text.contains(is_hostile) && !text.contains("##") => {
            shell_word(&format!(":(top{magic},literal){text}"))
        }
        // A terminal or log must not get such bytes: each becomes a wildcard.
        _ => shell_word(&format!(":(top{magic},glob){}", pattern(path))),
    }
}

/// The line of a `.gitignore` at the top that matches one file, as a shell word.
pub(super) fn ignored(path: &[u8]) -> String {
    let mut line = format!("/{}", pattern(path));
    if line.ends_with(' ') {
        line.insert(line.len() - 1, '\\');
    }
    shell_word(&line)
}

/// True if a part of the name is masked, because it is a found secret.
fn is_masked(path: &[u8]) -> bool {
    memchr::memmem::find(path, MASK.as_bytes()).is_some()
}

/// A glob that matches the path, and hardly anything else.
fn pattern(path: &[u8]) -> String {
    if let Some(at) = memchr::memmem::find(path, MASK.as_bytes()) {
        let (before, after) = (&path[..at], &path[at + MASK.len()..]);
        return format!("{}*{}", pattern(before), pattern(after));
    }
    let mut glob = String::with_capacity(path.len());
    for chunk in path.utf8_chunks() {
        for character in chunk.valid().chars() {
            // Azure executes ##[ and ##vso[ anywhere. Git compares bytes.
            if is_hostile(character) || character == '#' {
                glob.push_str(&"?".repeat(character.len_utf8()));
                continue;
            }
            if matches!(character, '*' | '?' | '[' | '\\') {
                glob.push('\\');
            }
            glob.push(character);
        }
        glob.push_str(&"?".repeat(chunk.invalid().len()));
    }
    glob
}

/// True if the name needs no quoting in a shell and in git.
fn is_plain(name: &[u8]) -> bool {
    // Git reads other signs after `:/` as pathspec magic.
    let begins =
        name.first().is_some_and(|first| first.is_ascii_alphanumeric() || b"._".contains(first));
    begins && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._/-+@,=".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_of_the_shell_that_names_one_file() {
        for (path, spec, line) in [
            (&b"a/b.env"[..], ":/a/b.env", "/a/b.env"),
            (b"-rf", "':(top,literal)-rf'", "/-rf"),
            (b"##[x", "':(top,glob)??\\[x'", "'/??\\[x'"),
            (b"a b", "':(top,literal)a b'", "'/a b'"),
            (b"it's", "':(top,literal)it'\\''s'", "'/it'\\''s'"),
            (b"x*[", "':(top,literal)x*['", "'/x\\*\\['"),
            (b"end ", "':(top,literal)end '", "'/end\\ '"),
            (b"\x1b[2J*\xff", "':(top,glob)?\\[2J\\*?'", "'/?\\[2J\\*?'"),
        ] {
            assert_eq!(pathspec(path, ""), spec);
            assert_eq!(ignored(path), line);
        }
        let masked = format!("a*/{MASK}.env");
        assert_eq!(pathspec(masked.as_bytes(), ""), "':(top)a\\*/*.env'");
        assert_eq!(pathspec(b"a", "exclude"), "':(top,exclude,literal)a'");
    }
}
