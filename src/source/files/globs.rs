//! `--include` and `--exclude`: globs over reported paths.

use std::path::Path;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// The deepest nesting of braces: each level takes stack, and the configuration of a scanned
/// repository may contain any.
const DEEPEST: usize = 16;

/// A glob that can't be read.
#[derive(Debug, thiserror::Error)]
#[error("glob '{glob}': {why}")]
pub struct GlobError {
    glob: String,
    why: String,
}

/// The wanted paths.
///
/// A glob means the same as in a `.gitignore`: without a slash it names a file or folder at any
/// depth, with one it is a path from the top; a folder includes everything in it.
#[derive(Clone, Debug, Default)]
pub struct Globs {
    include: Option<GlobSet>,
    exclude: Option<GlobSet>,
}

impl Globs {
    /// Compiles both lists; an empty one has no effect.
    pub fn new(include: &[String], exclude: &[String]) -> Result<Self, GlobError> {
        Ok(Self { include: compile(include)?, exclude: compile(exclude)? })
    }

    /// True if every path is wanted.
    pub fn is_empty(&self) -> bool {
        self.include.is_none() && self.exclude.is_none()
    }

    /// True if a folder, and so everything in it, is unwanted.
    pub fn excludes_folder(&self, path: &Path) -> bool {
        self.exclude.as_ref().is_some_and(|set| set.is_match(path))
    }

    /// True if a path of a git object or of a file is unwanted; it need not be UTF-8.
    pub fn excludes_bytes(&self, path: &[u8]) -> bool {
        #[cfg(unix)]
        let path = {
            use std::os::unix::ffi::OsStrExt as _;
            Path::new(std::ffi::OsStr::from_bytes(path))
        };
        #[cfg(not(unix))]
        let path = String::from_utf8_lossy(path);
        #[cfg(not(unix))]
        let path = Path::new(path.as_ref());
        self.excludes_file(path)
    }

    /// True if a file is unwanted.
    pub fn excludes_file(&self, path: &Path) -> bool {
        self.excludes_folder(path) || self.include.as_ref().is_some_and(|set| !set.is_match(path))
    }
}

fn compile(globs: &[String]) -> Result<Option<GlobSet>, GlobError> {
    if globs.is_empty() {
        return Ok(None);
    }
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        let fault =
            |error: globset::Error| GlobError { glob: glob.clone(), why: error.kind().to_string() };
        if braces(glob) > DEEPEST {
            let why = format!("braces are nested more than {DEEPEST} deep");
            return Err(GlobError { glob: shortened(glob), why });
        }
        let path = glob.strip_prefix("./").unwrap_or(glob).trim_end_matches('/');
        let anchored = match path.strip_prefix('/') {
            Some(rest) => rest.to_owned(),
            None if path.contains('/') => path.to_owned(),
            None => format!("**/{path}"),
        };
        for pattern in [format!("{anchored}/**"), anchored] {
            let built = GlobBuilder::new(&pattern).literal_separator(true).build();
            set.add(built.map_err(fault)?);
        }
    }
    set.build()
        .map(Some)
        .map_err(|error| GlobError { glob: globs.join(" "), why: error.kind().to_string() })
}

/// The nesting of braces.
fn braces(glob: &str) -> usize {
    let mut deepest = 0;
    glob.bytes().fold(0usize, |depth, byte| {
        let depth = match byte {
            b'{' => depth + 1,
            b'}' => depth.saturating_sub(1),
            _ => depth,
        };
        deepest = deepest.max(depth);
        depth
    });
    deepest
}

/// The part of a glob that a message contains.
fn shortened(glob: &str) -> String {
    let mut shown: String = glob.chars().take(60).collect();
    if shown.len() < glob.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excluded(glob: &str, path: &str) -> bool {
        let globs = Globs::new(&[], &[glob.to_owned()]).expect("a good glob");
        globs.excludes_file(Path::new(path))
    }

    #[test]
    fn a_glob_means_what_it_means_in_a_gitignore() {
        let table = [
            ("*.pem", "a/b/c.pem", true),
            ("*.pem", "a/b/c.pem.txt", false),
            ("docs", "docs/a.md", true),
            ("docs/", "x/docs/a.md", true),
            ("/docs", "x/docs/a.md", false),
            ("docs/*.md", "docs/a.md", true),
            ("docs/*.md", "docs/deep/a.md", false),
            ("docs/**/*.md", "docs/deep/er/a.md", true),
            ("./docs/a.md", "docs/a.md", true),
        ];
        for (glob, path, expected) in table {
            assert_eq!(excluded(glob, path), expected, "{glob} on {path}");
        }
    }

    #[test]
    fn only_what_is_included_and_not_excluded_is_wanted() {
        let globs = Globs::new(&["src".to_owned()], &["*.lock".to_owned()]).expect("good globs");
        assert!(!globs.excludes_file(Path::new("src/a.rs")));
        assert!(globs.excludes_file(Path::new("src/a.lock")));
        assert!(globs.excludes_file(Path::new("README.md")));
        assert!(!globs.excludes_folder(Path::new("other")), "a folder may hold an included file");
    }

    #[test]
    fn braces_nest_a_little() {
        assert!(excluded("*.{pem,{k,K}ey}", "a/b.Key"));
        let deep = format!("{}a{}", "{".repeat(100_000), "}".repeat(100_000));
        let error = Globs::new(&[], &[deep]).expect_err("too deep").to_string();
        assert!(error.contains("more than 16 deep") && error.len() < 300, "{error}");
    }

    #[test]
    fn a_bad_glob_is_named() {
        let error = Globs::new(&["a[".to_owned()], &[]).expect_err("an open class");
        assert!(error.to_string().contains("'a['"), "{error}");
    }
}
