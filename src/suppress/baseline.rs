//! `.keysweep-baseline`: suppressed findings, one on each line, sorted.
//!
//! ```text
//! <fingerprint> <rule> <hint> [until=YYYY-MM-DD] [# reason]
//! ```
//! It has no line numbers and no times, so that branches which add to it merge without conflicts.
//! The hint is for people; only the fingerprint decides. The file never contains a secret.

use std::fmt::Write as _;
use std::path::Path;

use jiff::civil::Date;

use crate::document::{Fault, Faults};
use crate::finding::{Finding, Fingerprint};
use crate::text::{escape_path, is_hostile};

/// The file's name, at the root of a repository.
pub const NAME: &str = ".keysweep-baseline";

/// First line of the file.
const HEADING: &str = "# Findings that keysweep suppresses: fingerprint, rule, hint; then, \
     optionally, until=YYYY-MM-DD and # with a reason.";

/// Longest hint in characters.
const LONGEST_HINT: usize = 40;

/// A suppressed finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BaselineEntry {
    /// The credential.
    pub fingerprint: Fingerprint,
    /// The rule that found it.
    pub rule: String,
    /// Both ends of its key id, or the head of its secret.
    pub hint: String,
    /// The last day on which it is suppressed.
    pub until: Option<Date>,
    /// The reason.
    pub reason: Option<String>,
}

impl BaselineEntry {
    /// The entry of a finding.
    pub fn new(finding: &Finding, reason: Option<String>) -> Self {
        let credential = &finding.credential;
        let redacted = || credential.secret.as_ref().map(|secret| secret.redacted().to_owned());
        let token = || credential.session_token.as_ref().map(|token| token.redacted().to_owned());
        let id = credential.key_id.as_deref().map(shortened);
        let hint = id.or_else(redacted).or_else(token);
        Self {
            fingerprint: finding.fingerprint.clone(),
            rule: credential.rule.to_string(),
            hint: plain(&hint.unwrap_or_default()),
            until: None,
            reason,
        }
    }

    /// True if its last day is over.
    pub fn is_over(&self, today: Date) -> bool {
        self.until.is_some_and(|until| until < today)
    }

    fn line(&self) -> String {
        let mut line = format!("{} {} {}", self.fingerprint, self.rule, self.hint);
        if let Some(until) = self.until {
            let _ = write!(line, " until={until}");
        }
        if let Some(reason) = &self.reason {
            let reason: String = reason.chars().filter(|&c| !is_hostile(c)).collect();
            let _ = write!(line, " # {}", reason.trim());
        }
        line
    }
}

/// Both ends of an id: a complete id would itself be found in the file, and outlive its key there.
fn shortened(id: &str) -> String {
    let characters: Vec<char> = id.chars().collect();
    if characters.len() < 16 {
        return id.to_owned();
    }
    let end = |range: &[char]| range.iter().collect::<String>();
    format!("{}...{}", end(&characters[..4]), end(&characters[characters.len() - 4..]))
}

/// One word: a hint may come from a user's pattern, and so from the text.
fn plain(hint: &str) -> String {
    let part = |character: char| character.is_ascii_graphic() && character != '#';
    let plain: String =
        hint.chars().take(LONGEST_HINT).map(|c| if part(c) { c } else { '?' }).collect();
    if plain.is_empty() { "-".to_owned() } else { plain }
}

/// Suppressed findings, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    entries: Vec<BaselineEntry>,
}

impl Baseline {
    /// Reads the text of `file`.
    ///
    /// # Errors
    ///
    /// Every line that is not an entry, and conflict markers of a merge.
    pub fn parse(file: &Path, text: &str) -> Result<Self, Faults> {
        let name = escape_path(file.as_os_str().as_encoded_bytes());
        let (mut entries, mut faults) = (Vec::new(), Vec::new());
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match parse_line(line) {
                Ok(entry) => entries.push(entry),
                Err(what) => faults.push(Fault {
                    file: name.clone(),
                    line: index + 1,
                    within: String::new(),
                    what: what.to_owned(),
                }),
            }
        }
        entries.sort();
        entries.dedup();
        if faults.is_empty() { Ok(Self { entries }) } else { Err(Faults(faults)) }
    }

    /// All entries, sorted. A merge may leave two of one fingerprint: the later day decides.
    pub fn entries(&self) -> &[BaselineEntry] {
        &self.entries
    }

    /// The entries of a finding.
    pub fn of(&self, fingerprint: &Fingerprint) -> &[BaselineEntry] {
        let start = self.entries.partition_point(|entry| entry.fingerprint < *fingerprint);
        let rest = &self.entries[start..];
        &rest[..rest.partition_point(|entry| entry.fingerprint == *fingerprint)]
    }

    /// Adds entries with new fingerprints; existing ones keep reason and last day. Returns the number
    /// of new entries.
    pub fn add(&mut self, entries: impl IntoIterator<Item = BaselineEntry>) -> usize {
        let before = self.entries.len();
        for entry in entries {
            if self.of(&entry.fingerprint).is_empty() {
                let at = self.entries.partition_point(|other| *other < entry);
                self.entries.insert(at, entry);
            }
        }
        self.entries.len() - before
    }

    /// Removes entries; `stale` is sorted. Returns the number of removed entries.
    pub fn prune(&mut self, stale: &[BaselineEntry]) -> usize {
        let before = self.entries.len();
        self.entries.retain(|entry| stale.binary_search(entry).is_err());
        before - self.entries.len()
    }

    /// Keeps the entries that the other baseline has too.
    pub fn keep_common(&mut self, other: &Self) {
        self.entries.retain(|entry| other.entries.binary_search(entry).is_ok());
    }

    /// The text of the file.
    pub fn to_text(&self) -> String {
        let lines = self.entries.iter().map(|entry| entry.line() + "\n");
        format!("{HEADING}\n{}", lines.collect::<String>())
    }
}

fn parse_line(line: &str) -> Result<BaselineEntry, &'static str> {
    if ["<<<<<<<", "=======", ">>>>>>>", "|||||||"].iter().any(|mark| line.starts_with(mark)) {
        return Err("a merge left conflict markers here: keep the entries of both sides");
    }
    let (facts, reason) = match line.split_once(" #") {
        Some((facts, reason)) => (facts, Some(reason.trim().to_owned())),
        None => (line, None),
    };
    let mut words = facts.split_whitespace();
    let fingerprint = words.next().and_then(Fingerprint::parse);
    let fingerprint = fingerprint
        .ok_or("an entry begins with a fingerprint: the 32 lower-case hex digits of a report")?;
    let rule = words.next().ok_or("the rule must follow the fingerprint")?.to_owned();
    let hint = words.next().ok_or("a hint, or -, must follow the rule")?.to_owned();
    let until = words.next().map(|word| {
        let day = word.strip_prefix("until=").and_then(|day| day.parse::<Date>().ok());
        day.ok_or("only until=YYYY-MM-DD, then # and a reason may follow the hint")
    });
    if words.next().is_some() {
        return Err("a reason must follow a #");
    }
    let reason = reason.filter(|reason| !reason.is_empty());
    Ok(BaselineEntry { fingerprint, rule, hint, until: until.transpose()?, reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(digit: char, rest: &str) -> String {
        format!("{} aws-access-key AKIAX{rest}", digit.to_string().repeat(32))
    }

    fn parse(text: &str) -> Result<Baseline, Vec<(usize, String)>> {
        let reported = |faults: Faults| {
            faults.0.into_iter().map(|fault| (fault.line, fault.what)).collect::<Vec<_>>()
        };
        Baseline::parse(Path::new(NAME), text).map_err(reported)
    }

    #[test]
    fn what_is_written_is_read_and_sorted() {
        let text = format!(
            "# a remark\n{}\n\n{}\r\n",
            line('b', " until=2027-01-31 # test account, see #12"),
            line('a', "")
        );
        let baseline = parse(&text).expect("a baseline");
        let entries = baseline.entries();
        assert_eq!(entries[0].fingerprint.as_str(), "a".repeat(32));
        assert_eq!(entries[1].reason.as_deref(), Some("test account, see #12"));
        assert_eq!(parse(&baseline.to_text()), Ok(baseline));
    }

    #[test]
    fn every_faulty_line_is_reported() {
        let text = [
            line('a', ""),
            "<<<<<<< HEAD".to_owned(),
            "xyz aws-access-key -".to_owned(),
            line('b', " until=2026-02-30"),
            line('c', " because"),
            line('d', " until=2026-02-03 why"),
            "e".repeat(32),
        ];
        let faults = parse(&text.join("\n")).expect_err("faults");
        let lines: Vec<usize> = faults.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [2, 3, 4, 5, 6, 7], "{faults:#?}");
        assert!(faults[0].1.contains("merge"), "{faults:#?}");
    }

    #[test]
    fn an_entry_is_accepted_through_its_last_day() {
        let text = line('a', " until=2026-06-30");
        let baseline = parse(&text).expect("a baseline");
        let day = |day: &str| day.parse::<Date>().expect("a day");
        assert!(!baseline.entries()[0].is_over(day("2026-06-30")));
        assert!(baseline.entries()[0].is_over(day("2026-07-01")));
    }

    #[test]
    fn a_hint_is_one_word() {
        assert_eq!(plain("a b\n#c\u{202e}"), "a?b??c?");
        assert_eq!(plain(""), "-");
        assert_eq!(shortened(&["AKIA", "QNZGKIQY56JQ7WML"].concat()), "AKIA...7WML");
    }
}
