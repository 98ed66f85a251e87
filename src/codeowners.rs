//! CODEOWNERS: the owners of paths, as GitHub, GitLab and Bitbucket read them.
//!
//! Takes the text of a file, and returns the owners of a path. It does not know where the text comes
//! from. `globset` and `ignore` are not used for the patterns, because each provider has its own
//! rules: at GitHub `docs/*` is not about folders in `docs`, and sets are not allowed; GitLab uses
//! Ruby's `File.fnmatch`, where a name without `/` at its end is never a folder.
//!
//! The file is that of a scanned repository: the time for a path grows with its length times that
//! of the patterns, whatever they contain.

mod glob;
mod line;

use glob::Pattern;
use line::Line;

/// The name of the file in all of its folders.
const NAME: &str = "CODEOWNERS";

/// Limit in bytes of a file. GitHub ignores a larger one.
pub const LARGEST: usize = 3 << 20;

/// The provider whose rules apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// "About code owners" in GitHub's documentation.
    GitHub,
    /// "Syntax of CODEOWNERS file" in GitLab's documentation.
    GitLab,
    /// "Set up and use code owners" in Bitbucket Cloud's documentation: patterns as at GitHub.
    Bitbucket,
}

/// The paths of the file in the order in which they are tried; `remote` is the URL of the
/// repository, if it is known. The places that its provider does not know come last: a mirror still
/// says who owns what.
pub fn places(remote: Option<&str>) -> Vec<String> {
    let folders = match provider(remote) {
        Some(Syntax::GitLab) => ["", "docs/", ".gitlab/", ".github/", ".bitbucket/"],
        Some(Syntax::Bitbucket) => [".bitbucket/", "", "docs/", ".github/", ".gitlab/"],
        Some(Syntax::GitHub) | None => [".github/", "", "docs/", ".gitlab/", ".bitbucket/"],
    };
    folders.map(|folder| format!("{folder}{NAME}")).into()
}

/// The provider of a remote, by the name of its host.
fn provider(remote: Option<&str>) -> Option<Syntax> {
    let (_, rest) = remote?.split_once("://")?;
    let host = rest.split('/').next()?.to_ascii_lowercase();
    let known =
        [("gitlab", Syntax::GitLab), ("bitbucket", Syntax::Bitbucket), ("github", Syntax::GitHub)];
    known.into_iter().find(|(name, _)| host.contains(name)).map(|(_, syntax)| syntax)
}

/// The owners of the paths of a repository.
#[derive(Debug, Default)]
pub struct CodeOwners {
    /// Without sections there is one.
    sections: Vec<Section>,
}

/// Patterns of which the last one that matches a path counts.
#[derive(Debug, Default)]
struct Section {
    /// In lower case; the first section has none.
    name: String,
    entries: Vec<OwnersEntry>,
    /// Paths that have no owner in this section, whatever its entries say.
    excluded: Vec<Pattern>,
}

#[derive(Debug)]
struct OwnersEntry {
    pattern: Pattern,
    owners: Vec<String>,
}

impl CodeOwners {
    /// Reads the file at `place`, one of [`places`].
    ///
    /// The folder of a provider says whose syntax it is, otherwise the remote, otherwise the text:
    /// sections, exclusions and roles are GitLab's.
    pub fn read(place: &str, remote: Option<&str>, text: &[u8]) -> Self {
        let by_folder = match place.split_once('/') {
            Some((".github", _)) => Some(Syntax::GitHub),
            Some((".gitlab", _)) => Some(Syntax::GitLab),
            Some((".bitbucket", _)) => Some(Syntax::Bitbucket),
            _ => None,
        };
        let by_text = || match lines(text).any(line::is_gitlab) {
            true => Syntax::GitLab,
            false => Syntax::GitHub,
        };
        Self::parse(by_folder.or_else(|| provider(remote)).unwrap_or_else(by_text), text)
    }

    /// Reads a file of this syntax. As at the providers, a line that is not valid has no effect.
    pub fn parse(syntax: Syntax, text: &[u8]) -> Self {
        let mut sections = vec![Section::default()];
        let mut current = 0;
        let mut defaults: Vec<String> = Vec::new();
        for line in lines(text) {
            match line::read(syntax, line) {
                Line::Nothing => {}
                Line::Section { name, owners } => {
                    let name = name.to_lowercase();
                    let known = sections.iter().skip(1).position(|section| section.name == name);
                    current = known.map_or(sections.len(), |at| at + 1);
                    if known.is_none() {
                        sections.push(Section { name, ..Section::default() });
                    }
                    defaults = owners;
                }
                Line::Excluded(pattern) => sections[current].excluded.push(pattern),
                Line::Entry { pattern, owners } => {
                    let owners = if owners.is_empty() { defaults.clone() } else { owners };
                    sections[current].entries.push(OwnersEntry { pattern, owners });
                }
            }
        }
        Self { sections }
    }

    /// The owners of a path from the repository's root, each once; none if it has no owner.
    pub fn owners(&self, path: &[u8]) -> Vec<String> {
        let segments: Vec<&[u8]> = path.split(|&byte| byte == b'/').collect();
        let mut owners: Vec<String> = Vec::new();
        for section in &self.sections {
            if section.excluded.iter().any(|pattern| pattern.matches(&segments)) {
                continue;
            }
            let mut entries = section.entries.iter().rev();
            let entry = entries.find(|entry| entry.pattern.matches(&segments));
            for owner in entry.iter().flat_map(|entry| &entry.owners) {
                if !owners.contains(owner) {
                    owners.push(owner.clone());
                }
            }
        }
        owners
    }
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii)
}

#[cfg(test)]
mod tests;
