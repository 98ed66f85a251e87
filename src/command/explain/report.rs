//! What to do about all findings of an earlier report.
//!
//! The steps of one kind of key are the same but for the values of KEY and OWNER: they stand once,
//! below the keys that they are for.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Deserializer, Value};

use super::{command, list, waits};
use crate::aws::KeyId;
use crate::remedy::{self, Facts, Guide};
use crate::rules::RuleSet;
use crate::text::escape_line;

/// A finding as a report has it.
#[derive(Debug)]
struct Found {
    rule: String,
    place: String,
    facts: Facts,
}

/// A report that can't be explained.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither JSON nor a JSON document a line.
    #[error("it is no JSON: {0}; give a report written with --format json, jsonl or sarif")]
    NotJson(String),
    /// JSON of another kind.
    #[error("it is no report of keysweep; give one written with --format json, jsonl or sarif")]
    NotAReport,
}

/// Writes what to do about each finding of a report in `json`, `jsonl` or `sarif`.
///
/// # Errors
/// A text that is none of these.
pub fn explain(text: &[u8], rules: &RuleSet) -> Result<Vec<u8>, Error> {
    let found = read(text)?;
    let mut out = Vec::new();
    // Into memory, which can't fail.
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
                "{}: {} {}: no rule in force has that name, give its file with --config\n",
                escape_line(&one.place),
                escape_line(&one.rule),
                escape_line(name)
            )?;
            continue;
        };
        let guide = remedy::guide(rules.rules.get(at), &one.facts);
        let (_, all) = kinds.entry((at, guide.procedure.clone())).or_insert((guide, Vec::new()));
        all.push(one);
    }
    for ((at, _), (guide, all)) in &kinds {
        let Some(rule) = rules.rules.get(*at) else { continue };
        let count =
            if all.len() == 1 { "1 finding".to_owned() } else { format!("{} findings", all.len()) };
        writeln!(out, "{} ({}): {count}\n", escape_line(&rule.title), rule.id)?;
        for one in all {
            writeln!(out, "  # {}", escape_line(&one.place))?;
            let lines = remedy::guide(Some(rule), &one.facts).assignments;
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

/// Takes the findings of a document. Whether it is one of ours.
fn take(document: &Value, found: &mut Vec<Found>) -> bool {
    if let Some(runs) = document.get("runs").and_then(Value::as_array) {
        let results = runs.iter().filter_map(|run| run.get("results")?.as_array()).flatten();
        let mut before: Vec<String> = Vec::new();
        for result in results {
            // A credential has a result for each of its places.
            let print = result["partialFingerprints"]["keysweep/v1"].to_string();
            if before.contains(&print) {
                continue;
            }
            before.push(print);
            let place = &result["locations"][0]["physicalLocation"];
            let path = place["artifactLocation"]["uri"].as_str().unwrap_or_default();
            let properties = &result["properties"];
            found.push(Found {
                rule: result["ruleId"].as_str().unwrap_or_default().to_owned(),
                place: position(path, &place["region"]["startLine"]),
                facts: facts(
                    &properties["keyId"],
                    &properties["user"],
                    &properties["verification"]["arn"],
                ),
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
            place: position(first["path"].as_str().unwrap_or_default(), &first["line"]),
            facts: facts(&finding["key_id"], &finding["user"], &finding["verification"]["arn"]),
        });
    }
    let closes = is_line && document.get("coverage").is_some_and(Value::is_object);
    one || closes || (!is_line && document["tool"]["name"] == "keysweep")
}

fn position(path: &str, line: &Value) -> String {
    let path = if path.is_empty() { "git's own records" } else { path };
    line.as_u64().map_or_else(|| path.to_owned(), |line| format!("{path}:{line}"))
}

/// What a report says may be another's word: an id counts only if it is one.
fn facts(id: &Value, user: &Value, arn: &Value) -> Facts {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let is_id = |id: &String| KeyId::parse(id.as_bytes()).is_some() || id.contains("-at-");
    Facts { key_id: text(id).filter(is_id), user: text(user), arn: text(arn) }
}
