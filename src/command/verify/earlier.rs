//! The findings of an earlier report, to be found again: a report contains no secret to verify
//! with.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::{Deserializer, Value};

use crate::finding::{Finding, Fingerprint, Occurrence};
use crate::report::{ReadError, Saved};
use crate::text::escape_line;

/// A target of a sweep; `None` in a report of another command.
pub type Holder = Option<String>;

/// The findings of an earlier report.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Earlier {
    /// Each fingerprint, with its key id if the report has it.
    pub findings: BTreeMap<Fingerprint, Option<String>>,
    /// Their places, by target.
    pub places: BTreeMap<Holder, Vec<Occurrence>>,
    /// The targets of each.
    pub holders: BTreeMap<Fingerprint, BTreeSet<Holder>>,
    /// The reason why the places are not known.
    pub unplaced: Option<String>,
}

/// The text is not a keysweep report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// Neither JSON nor JSON lines.
    #[error("it is not JSON: {0}; name a report written with --format json, jsonl or sarif")]
    NotJson(String),
    /// JSON of another kind.
    #[error("it is not a keysweep report; name one written with --format json, jsonl or sarif")]
    NotAReport,
    /// A report of a newer version.
    #[error("its schema is {0}, and this version reads {NEWEST} and older: use a newer keysweep")]
    Newer(u64),
}

/// The newest schema that is read; fingerprints have the same place in all schemas.
const NEWEST: u64 = 2;

/// Reads a report in `json`, `jsonl` or `sarif`.
///
/// # Errors
///
/// If the text is none of these.
pub fn read_report(text: &[u8]) -> Result<Earlier, ReportError> {
    match Saved::read(text) {
        Ok(saved) => Ok(Earlier::of(saved)),
        Err(why) => read_fingerprints(text, &why),
    }
}

/// Reads the fingerprints alone, of a report that is damaged, or that other programs have changed.
fn read_fingerprints(text: &[u8], why: &ReadError) -> Result<Earlier, ReportError> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut earlier = Earlier::default();
    let mut known = false;
    for document in Deserializer::from_slice(text).into_iter::<Value>() {
        let document =
            document.map_err(|error| ReportError::NotJson(escape_line(&error.to_string())))?;
        if let Some(schema) = document["schema"].as_u64().filter(|schema| *schema > NEWEST) {
            return Err(ReportError::Newer(schema));
        }
        known |= earlier.read_document(&document);
    }
    if !earlier.findings.is_empty() {
        earlier.unplaced = Some(why.to_string());
    }
    if known { Ok(earlier) } else { Err(ReportError::NotAReport) }
}

impl Earlier {
    fn of(saved: Saved) -> Self {
        let mut earlier = Self::default();
        for Finding { fingerprint, credential, occurrences, .. } in saved.findings {
            let holders = earlier.holders.entry(fingerprint.clone()).or_default();
            for place in occurrences {
                let holder = place.origin.target.clone();
                holders.insert(holder.clone());
                earlier.places.entry(holder).or_default().push(place);
            }
            let key_id = credential.key_id.as_deref().map(escape_line);
            earlier.findings.entry(fingerprint).or_insert(key_id);
        }
        earlier
    }

    /// Adds the findings of one document: a whole report, or a line of `jsonl`. Gives `false` if it
    /// is not a keysweep report.
    fn read_document(&mut self, document: &Value) -> bool {
        if let Some(runs) = document.get("runs").and_then(Value::as_array) {
            let results = runs.iter().filter_map(|run| run.get("results")?.as_array()).flatten();
            for result in results {
                let print = &result["partialFingerprints"]["keysweep/v1"];
                self.add(print, &result["properties"]["keyId"]);
            }
            return runs.iter().any(|run| run["tool"]["driver"]["name"] == "keysweep");
        }
        let findings = document.get("findings").and_then(Value::as_array);
        for finding in findings.into_iter().flatten() {
            self.add(&finding["fingerprint"], &finding["key_id"]);
        }
        // A line of jsonl: a finding, or the coverage at the end.
        let line = findings.is_none();
        let added = line && self.add(&document["fingerprint"], &document["key_id"]);
        let closes = line && document.get("coverage").is_some_and(Value::is_object);
        added || closes || (!line && document["tool"]["name"] == "keysweep")
    }

    fn add(&mut self, fingerprint: &Value, key_id: &Value) -> bool {
        let Some(fingerprint) = fingerprint.as_str().and_then(Fingerprint::parse) else {
            return false;
        };
        let key_id = key_id.as_str().map(escape_line);
        self.findings.entry(fingerprint).or_insert(key_id);
        true
    }

    /// Keeps those of `found` that the report has. Returns the other findings of the report, which
    /// the target no longer contains and which can't be verified.
    pub fn keep(&self, found: &mut Vec<Finding>) -> Vec<(&Fingerprint, Option<&str>)> {
        found.retain(|finding| self.findings.contains_key(&finding.fingerprint));
        self.missing(found)
    }

    /// The findings of the report that are not in `found`.
    pub fn missing(&self, found: &[Finding]) -> Vec<(&Fingerprint, Option<&str>)> {
        let known: HashSet<&Fingerprint> =
            found.iter().map(|finding| &finding.fingerprint).collect();
        self.findings
            .iter()
            .filter(|(print, _)| !known.contains(print))
            .map(|(print, key_id)| (print, key_id.as_deref()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINT: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn reads_all_three_formats() {
        let sarif = format!(
            r#"{{"version": "2.1.0", "runs": [{{"tool": {{"driver": {{"name": "keysweep"}}}},
            "results": [{{"partialFingerprints": {{"keysweep/v1": "{PRINT}"}},
            "properties": {{"keyId": "AKIAX"}}}}]}}]}}"#
        );
        let [json, older] = [2, 1].map(|schema| {
            format!(
                r#"{{"schema": {schema}, "tool": {{"name": "keysweep"}},
            "findings": [{{"fingerprint": "{PRINT}", "key_id": "AKIAX"}}]}}"#
            )
        });
        let jsonl = format!(
            "{{\"fingerprint\": \"{PRINT}\", \"key_id\": \"AKIAX\"}}\n{{\"coverage\": {{}}}}\n"
        );
        for text in [sarif, json, older, jsonl] {
            let earlier = read_report(text.as_bytes()).expect("a report");
            assert_eq!(earlier.findings.len(), 1, "{text}");
            let (print, id) = earlier.findings.iter().next().expect("one");
            assert_eq!((print.as_str(), id.as_deref()), (PRINT, Some("AKIAX")), "{text}");
        }
    }

    #[test]
    fn an_empty_report_is_a_report_and_another_file_is_not() {
        let empty = r#"{"schema": 1, "tool": {"name": "keysweep"}, "findings": []}"#;
        assert_eq!(read_report(empty.as_bytes()).expect("a report"), Earlier::default());
        for text in ["", "{}", "[]", r#"{"findings": []}"#, r#"{"runs": []}"#] {
            assert!(matches!(read_report(text.as_bytes()), Err(ReportError::NotAReport)), "{text}");
        }
        let newer = empty.replace('1', "3");
        assert!(matches!(read_report(newer.as_bytes()), Err(ReportError::Newer(3))));
        assert!(matches!(read_report(b"AKIA"), Err(ReportError::NotJson(_))));
    }
}
