//! Explains all findings of an earlier report.
//!
//! The steps for one kind of key differ only in the values of KEY and OWNER, so they are written
//! once, below the keys. Reports of schemas 1 and 2 are read. Only schema 2 has `remediation`; for
//! schema 1 a lookup replaces it.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Deserializer, Value};

use super::{command, list, waits};
use crate::aws::KeyId;
use crate::remedy::{self, Facts, Guide};
use crate::report::place::{of_occurrence, path_and_line};
use crate::rules::RuleSet;
use crate::text::escape_line;

/// A finding in a report.
#[derive(Debug)]
struct Found {
    rule: String,
    place: String,
    facts: Facts,
}

/// A report that can't be explained.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither JSON nor JSON lines.
    #[error("it is not JSON: {0}; name a report written with --format json, jsonl or sarif")]
    NotJson(String),
    /// JSON of another kind.
    #[error("it is not a keysweep report; name one written with --format json, jsonl or sarif")]
    NotAReport,
}

/// Writes what to do about each finding of a report in `json`, `jsonl` or `sarif`.
///
/// # Errors
///
/// If the text is none of these.
pub fn explain(text: &[u8], rules: &RuleSet) -> Result<Vec<u8>, Error> {
    let found = read(text)?;
    let mut out = Vec::new();
    // Writing to memory can't fail.
    let _ = write(&found, rules, &mut out);
    Ok(out)
}

fn write(found: &[Found], rules: &RuleSet, out: &mut dyn Write) -> io::Result<()> {
    if found.is_empty() {
        return writeln!(out, "Nothing to do: the report has no finding.");
    }
    let mut kinds: BTreeMap<(usize, String), (Guide, Vec<&Found>)> = BTreeMap::new();
    for one in found {
        let Some(at) = rules.rules.iter().position(|rule| rule.id.as_str() == one.rule) else {
            let name = one.facts.key_id.as_deref().unwrap_or_default();
            writeln!(
                out,
                "{}: {} {}: no rule has that name; name its file with --config\n",
                escape_line(&one.place),
                escape_line(&one.rule),
                escape_line(name)
            )?;
            continue;
        };
        let guide = remedy::guide(rules.rules.get(at), &one.facts);
        let (_, all) = kinds.entry((at, guide.remedy.clone())).or_insert((guide, Vec::new()));
        all.push(one);
    }
    for ((at, _), (guide, all)) in &kinds {
        let Some(rule) = rules.rules.get(*at) else { continue };
        let count =
            if all.len() == 1 { "1 finding".to_owned() } else { format!("{} findings", all.len()) };
        writeln!(out, "{} ({}): {count}\n", escape_line(&rule.title), rule.id)?;
        for one in all {
            let lines = remedy::guide(Some(rule), &one.facts).assignments;
            // A value that no command uses is written next to the location.
            let is_named = lines.iter().any(|line| line.starts_with("KEY="));
            let key = one.facts.key_id.as_deref().filter(|_| !is_named).unwrap_or_default();
            let place = format!("{}  {key}", one.place);
            writeln!(out, "  # {}", escape_line(place.trim_end()))?;
            for line in lines.iter().filter(|line| !waits(line)) {
                write!(out, "{}", command(line, "  "))?;
            }
        }
        writeln!(out)?;
        list(guide, false, out)?;
    }
    Ok(())
}

fn read(text: &[u8]) -> Result<Vec<Found>, Error> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut found = Vec::new();
    let mut is_known = false;
    for document in Deserializer::from_slice(text).into_iter::<Value>() {
        let document = document.map_err(|error| Error::NotJson(escape_line(&error.to_string())))?;
        is_known |= take(&document, &mut found);
    }
    if is_known { Ok(found) } else { Err(Error::NotAReport) }
}

/// Adds the findings of a document. Returns `false` if it is not a keysweep report.
fn take(document: &Value, found: &mut Vec<Found>) -> bool {
    if let Some(runs) = document.get("runs").and_then(Value::as_array) {
        let results = runs.iter().filter_map(|run| run.get("results")?.as_array()).flatten();
        let mut before: Vec<String> = Vec::new();
        for result in results {
            // A credential has one result for each of its locations.
            let print = result["partialFingerprints"]["keysweep/v1"].to_string();
            if before.contains(&print) {
                continue;
            }
            before.push(print);
            let place = &result["locations"][0]["physicalLocation"];
            let path = &place["artifactLocation"]["uri"];
            let properties = &result["properties"];
            found.push(Found {
                rule: result["ruleId"].as_str().unwrap_or_default().to_owned(),
                place: path_and_line(path, &Value::Null, &place["region"]["startLine"]),
                facts: facts(properties, "keyId"),
            });
        }
        return runs.iter().any(|run| run["tool"]["driver"]["name"] == "keysweep");
    }
    let findings = document.get("findings").and_then(Value::as_array);
    let is_line = findings.is_none();
    let one = is_line && document.get("fingerprint").is_some();
    for finding in findings.into_iter().flatten().chain(one.then_some(document)) {
        let first = &finding["occurrences"][0];
        found.push(Found {
            rule: finding["rule"].as_str().unwrap_or_default().to_owned(),
            place: of_occurrence(first),
            facts: facts(finding, "key_id"),
        });
    }
    let closes = is_line && document.get("coverage").is_some_and(Value::is_object);
    one || closes || (!is_line && document["tool"]["name"] == "keysweep")
}

/// A report may come from somebody else: an id counts only if it is well-formed.
fn facts(finding: &Value, key_id: &str) -> Facts {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let is_id = |id: &String| KeyId::parse(id.as_bytes()).is_some() || id.contains("-at-");
    let verdict = &finding["verification"];
    let variables = &finding["remediation"]["variables"];
    Facts {
        key_id: text(&finding[key_id]).filter(is_id),
        user: text(&finding["user"]).or_else(|| text(&variables["OWNER"])),
        role: text(&variables["ROLE"]),
        partition: text(&variables["PARTITION"]),
        arn: text(&verdict["arn"]),
        is_canary: verdict["status"] == "canary",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The explanation of a report whose only finding has these fields in addition to its key.
    fn explained(schema: u32, fields: Value) -> String {
        let mut finding = json!({
            "fingerprint": "0", "rule": "aws-access-key", "key_id": key(),
            "occurrences": [{"path": "a.env", "line": 3}],
        });
        if let (Some(finding), Value::Object(fields)) = (finding.as_object_mut(), fields) {
            finding.extend(fields);
        }
        let report = json!({"schema": schema, "tool": {"name": "keysweep"}, "findings": [finding]});
        let explained = explain(report.to_string().as_bytes(), &RuleSet::builtin());
        String::from_utf8(explained.expect("a report")).expect("UTF-8")
    }

    fn key() -> String {
        ["AKIA", "QNZGKIQY56JQ7WML"].concat()
    }

    #[test]
    fn both_schemas_are_read() {
        let steps = json!([{"step": "Deactivate the key now", "cli": "aws iam"}]);
        let variables = json!({"KEY": key(), "OWNER": "alice", "PARTITION": "aws-cn"});
        let applied = json!({"remedy": "access-key", "variables": variables});
        for (schema, remediation, owner, partition) in [
            (1, steps, "OWNER=\"$(aws iam get-access-key-last-used", "PARTITION=aws\n"),
            (2, applied, "OWNER=alice\n", "PARTITION=aws-cn\n"),
        ] {
            let text = explained(schema, json!({"remediation": remediation}));
            let lines = format!("  # a.env:3\n  KEY={}\n  {owner}", key());
            assert!(text.contains(&lines) && text.contains(partition), "{schema}: {text}");
            assert!(text.contains("--user-name \"$OWNER\""), "{schema}: {text}");
        }
    }

    #[test]
    fn a_key_that_a_report_calls_a_canary_is_left_alone() {
        let text = explained(2, json!({"verification": {"status": "canary"}}));
        assert!(text.contains(&format!("  # a.env:3  {}\n", key())), "{text}");
        assert!(text.contains("Leave the key alone") && !text.contains("aws iam"), "{text}");
    }
}
