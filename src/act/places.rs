//! The places of keys in code, from an earlier report of keysweep.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Deserializer, Value};

use crate::aws::KeyId;
use crate::report::place::{of_occurrence, path_and_line};
use crate::text::escape_line;

/// The places of each key id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places(BTreeMap<KeyId, BTreeSet<String>>);

/// A report that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PlacesError {
    /// Neither JSON nor JSON lines.
    #[error("it is not JSON: {0}; give a report written with --format json, jsonl or sarif")]
    NotJson(String),
    /// JSON of another kind.
    #[error("it is not a report of keysweep; give one written with --format json, jsonl or sarif")]
    NotAReport,
}

impl Places {
    /// Reads a report in `json`, `jsonl` or `sarif`. Anybody may have written it: an id
    /// counts only if it is well-formed, and paths are escaped.
    ///
    /// # Errors
    /// A text that is none of these.
    pub fn read(text: &[u8]) -> Result<Self, PlacesError> {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let (mut places, mut known) = (Self::default(), false);
        for document in Deserializer::from_slice(text).into_iter::<Value>() {
            let document =
                document.map_err(|error| PlacesError::NotJson(escape_line(&error.to_string())))?;
            known |= places.add_document(&document);
        }
        if known { Ok(places) } else { Err(PlacesError::NotAReport) }
    }

    /// The places of a key, `path:line` each, ordered.
    pub fn of(&self, key: &str) -> Vec<&str> {
        let places = KeyId::parse(key.as_bytes()).and_then(|id| self.0.get(&id));
        places.into_iter().flatten().map(String::as_str).collect()
    }

    /// All ids.
    pub fn ids(&self) -> impl Iterator<Item = KeyId> + '_ {
        self.0.keys().copied()
    }

    fn add_document(&mut self, document: &Value) -> bool {
        if let Some(runs) = document.get("runs").and_then(Value::as_array) {
            for result in runs.iter().filter_map(|run| run.get("results")?.as_array()).flatten() {
                let id = &result["properties"]["keyId"];
                for place in result["locations"].as_array().into_iter().flatten() {
                    let place = &place["physicalLocation"];
                    let path = &place["artifactLocation"]["uri"];
                    let region = &place["region"];
                    self.add(id, &path_and_line(path, &Value::Null, &region["startLine"]));
                }
            }
            return runs.iter().any(|run| run["tool"]["driver"]["name"] == "keysweep");
        }
        let findings = document.get("findings").and_then(Value::as_array);
        let is_line = findings.is_none();
        let one = is_line && document.get("fingerprint").is_some();
        for finding in findings.into_iter().flatten().chain(one.then_some(document)) {
            for place in finding["occurrences"].as_array().into_iter().flatten() {
                self.add(&finding["key_id"], &of_occurrence(place));
            }
        }
        let closes = is_line && document.get("coverage").is_some_and(Value::is_object);
        one || closes || (!is_line && document["tool"]["name"] == "keysweep")
    }

    fn add(&mut self, id: &Value, place: &str) {
        let Some(id) = id.as_str().and_then(|id| KeyId::parse(id.as_bytes())) else { return };
        self.0.entry(id).or_default().insert(escape_line(place));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_three_formats_say_the_same() {
        let id = ["AKIA", "QNZGKIQY56JQ7WML"].concat();
        let finding = format!(
            r#"{{"fingerprint": "0", "key_id": "{id}", "occurrences": [{{"path": "a.env",
            "line": 3}}, {{"path": "b\u001b", "line": null}}, {{"path": null, "line": 2, "git":
            {{"object": "tag", "blob": "1f", "reachable": true, "held_by": [], "at_head": false,
            "refs": []}}}}]}}"#
        );
        let json = format!(r#"{{"tool": {{"name": "keysweep"}}, "findings": [{finding}]}}"#);
        let jsonl = format!("{finding}\n{{\"coverage\": {{}}}}\n").replace("\",\n", "\",");
        let jsonl = jsonl.replace("\"git\":\n", "\"git\":").replace("false,\n", "false,");
        let at = |path: &str, region: &str| {
            format!(
                r#"{{"physicalLocation": {{"artifactLocation": {{"uri": "{path}"}}{region}}}}}"#
            )
        };
        let line = |line: u32| format!(r#", "region": {{"startLine": {line}}}"#);
        let locations =
            [at("a.env", &line(3)), at("b\\u001b", ""), at(".git/objects/1f", &line(2))].join(",");
        let sarif = format!(
            r#"{{"runs": [{{"tool": {{"driver": {{"name": "keysweep"}}}}, "results":
            [{{"properties": {{"keyId": "{id}"}}, "locations": [{locations}]}}]}}]}}"#
        );
        for text in [json, jsonl, sarif] {
            let places = Places::read(text.as_bytes()).expect("a report");
            assert_eq!(places.of(&id), [".git/objects/1f:2", "a.env:3", "b\\u{1b}"], "{text}");
        }
        assert!(matches!(Places::read(b"{}"), Err(PlacesError::NotAReport)));
        assert!(matches!(Places::read(b"AKIA"), Err(PlacesError::NotJson(_))));
    }
}
