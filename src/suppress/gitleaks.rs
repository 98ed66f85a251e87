//! Suppressions of gitleaks: the allow-lists of `.gitleaks.toml`, `.gitleaksignore`, reports.
//!
//! These name paths, commits, lines and expressions, while a baseline names values. So they are
//! compared with the findings of a scan, and what they cover becomes entries of the baseline.
//! Formats: the documentation of gitleaks 8, "Configuration" and "Creating a baseline".

use std::path::Path;

use regex::bytes::Regex;
use serde::Deserialize;

use crate::document::{Fault, Faults};
use crate::finding::{Finding, Occurrence};
use crate::secret::Secret;
use crate::text::escape_path;

/// The findings that gitleaks ignores.
#[derive(Debug, Default)]
pub struct Gitleaks {
    lists: Vec<AllowList>,
    places: Vec<IgnoredLocation>,
}

/// One allow-list: each of its conditions allows, or only all of them together if `all`.
#[derive(Debug, Default)]
struct AllowList {
    regexes: Vec<Regex>,
    paths: Vec<Regex>,
    commits: Vec<String>,
    stopwords: Vec<String>,
    all: bool,
}

/// A location, or a value, of a report or `.gitleaksignore`.
#[derive(Debug)]
struct IgnoredLocation {
    commit: Option<String>,
    path: String,
    line: Option<u64>,
    secret: Option<Secret>,
}

#[derive(Deserialize)]
struct ConfigFile {
    allowlist: Option<ListText>,
    #[serde(default)]
    allowlists: Vec<ListText>,
    #[serde(default)]
    rules: Vec<RuleText>,
}

#[derive(Deserialize)]
struct RuleText {
    #[serde(default)]
    id: String,
    allowlist: Option<ListText>,
    #[serde(default)]
    allowlists: Vec<ListText>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ListText {
    regexes: Vec<String>,
    paths: Vec<String>,
    commits: Vec<String>,
    stopwords: Vec<String>,
    condition: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Reported {
    #[serde(default)]
    secret: String,
    #[serde(default)]
    file: String,
    #[serde(default)]
    commit: String,
    start_line: Option<u64>,
}

impl Gitleaks {
    /// Reads a JSON report, a `.gitleaksignore` or a configuration, recognised by the text.
    ///
    /// # Errors
    ///
    /// If it is none of the three, or an expression can't be used.
    pub fn parse(file: &Path, text: &str) -> Result<Self, Faults> {
        let fault = |line: usize, what: String| {
            let file = escape_path(file.as_os_str().as_encoded_bytes());
            Faults(vec![Fault { file, line, within: String::new(), what }])
        };
        if text.trim_start().starts_with('[')
            && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
        {
            let reported: Vec<Reported> = serde_json::from_str(text)
                .map_err(|error| fault(error.line(), "not a gitleaks report in JSON".to_owned()))?;
            let places = reported.into_iter().map(IgnoredLocation::from).collect();
            return Ok(Self { lists: Vec::new(), places });
        }
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        if lines.all(|line| line.starts_with('#') || ignored(line).is_some()) {
            let places = text.lines().filter_map(|line| ignored(line.trim())).collect();
            return Ok(Self { lists: Vec::new(), places });
        }
        let config: ConfigFile = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let line = 1 + text.as_bytes()[..at].iter().filter(|&&byte| byte == b'\n').count();
            let what = format!(
                "neither a configuration of gitleaks ({}), nor a .gitleaksignore or a report in JSON",
                error.message()
            );
            fault(line, what)
        })?;
        // Only allow-lists of AWS rules: the others allow what keysweep does not look for.
        let of_aws = config.rules.into_iter().filter(|rule| rule.id.contains("aws"));
        let of_rules = of_aws.flat_map(|rule| rule.allowlist.into_iter().chain(rule.allowlists));
        let texts = config.allowlist.into_iter().chain(config.allowlists).chain(of_rules);
        let lists: Result<Vec<AllowList>, String> = texts.map(AllowList::new).collect();
        Ok(Self { lists: lists.map_err(|what| fault(1, what))?, places: Vec::new() })
    }

    /// True if gitleaks ignores all occurrences of the finding.
    pub fn accepts(&self, finding: &Finding) -> bool {
        let places = &finding.occurrences;
        self.places.iter().any(|place| place.is_of(finding))
            || self.lists.iter().any(|list| {
                !places.is_empty() && places.iter().all(|place| list.allows(finding, place))
            })
    }
}

impl AllowList {
    fn new(text: ListText) -> Result<Self, String> {
        let compile = |regexes: Vec<String>| -> Result<Vec<Regex>, String> {
            let one = |regex: String| {
                Regex::new(&regex).map_err(|_| format!("the expression '{regex}' can't be used"))
            };
            regexes.into_iter().map(one).collect()
        };
        Ok(Self {
            regexes: compile(text.regexes)?,
            paths: compile(text.paths)?,
            commits: text.commits,
            stopwords: text.stopwords.iter().map(|word| word.to_lowercase()).collect(),
            all: text.condition.eq_ignore_ascii_case("and"),
        })
    }

    fn allows(&self, finding: &Finding, place: &Occurrence) -> bool {
        let values = values(finding);
        let path = place.origin.path.as_deref().unwrap_or_default();
        let commit = place.origin.git.as_ref().and_then(|git| git.commit.as_deref());
        let lower: Vec<String> =
            values.iter().map(|value| String::from_utf8_lossy(value).to_lowercase()).collect();
        let any = |regexes: &[Regex], text: &[u8]| regexes.iter().any(|regex| regex.is_match(text));
        let conditions = [
            (self.regexes.is_empty(), values.iter().any(|value| any(&self.regexes, value))),
            (self.paths.is_empty(), any(&self.paths, path)),
            (self.commits.is_empty(), self.commits.iter().any(|id| commit == Some(id))),
            (
                self.stopwords.is_empty(),
                self.stopwords.iter().any(|word| lower.iter().any(|value| value.contains(word))),
            ),
        ];
        let mut stated = conditions.iter().filter(|(absent, _)| !absent).map(|(_, met)| *met);
        if self.all {
            let mut stated = stated.peekable();
            stated.peek().is_some() && stated.all(|met| met)
        } else {
            stated.any(|met| met)
        }
    }
}

impl From<Reported> for IgnoredLocation {
    fn from(one: Reported) -> Self {
        let hidden =
            one.secret.is_empty() || one.secret.contains("REDACTED") || one.secret.contains("...");
        Self {
            commit: Some(one.commit).filter(|commit| !commit.is_empty()),
            path: one.file,
            line: one.start_line,
            secret: (!hidden).then(|| Secret::new(one.secret.into_bytes())),
        }
    }
}

impl IgnoredLocation {
    /// Compares the value if the report has it, otherwise commit, path and line.
    fn is_of(&self, finding: &Finding) -> bool {
        if let Some(secret) = &self.secret {
            return values(finding).contains(&secret.expose());
        }
        finding.occurrences.iter().any(|place| {
            let commit = place.origin.git.as_ref().and_then(|git| git.commit.as_deref());
            let lines = [place.sighting.id, place.sighting.secret]
                .map(|region| region.map(|region| region.start.line));
            place.origin.path.as_deref() == Some(self.path.as_bytes())
                && (self.commit.is_none() || self.commit.as_deref() == commit)
                && self.line.is_some()
                && lines.contains(&self.line)
        })
    }
}

/// The values by which another tool may identify a finding.
fn values(finding: &Finding) -> Vec<&[u8]> {
    let id = finding.credential.key_id.as_deref().map(str::as_bytes);
    id.into_iter().chain(finding.clear.secret.as_ref().map(Secret::expose)).collect()
}

/// A line of `.gitleaksignore`: `[commit:]path:rule:line`.
fn ignored(line: &str) -> Option<IgnoredLocation> {
    let (rest, number) = line.rsplit_once(':')?;
    let number: u64 = number.parse().ok()?;
    let (rest, rule) = rest.rsplit_once(':')?;
    let named = !rule.is_empty() && !rule.contains(['/', ' ', '=']);
    let (commit, path) = match rest.split_once(':') {
        Some((commit, path))
            if commit.len() >= 40 && commit.bytes().all(|b| b.is_ascii_hexdigit()) =>
        {
            (Some(commit.to_owned()), path)
        }
        _ => (None, rest),
    };
    named.then(|| IgnoredLocation {
        commit,
        path: path.to_owned(),
        line: Some(number),
        secret: None,
    })
}
