//! Rules that no validator checks and that services depend on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use regex::Regex;
use serde_json::Value;

use super::importers;

/// Fails on the first point that does not hold.
pub(crate) fn all(log: &Value) {
    let run = &log["runs"][0];
    of_run(run);
    for rule in array(&run["tool"]["driver"]["rules"]) {
        of_rule(rule);
    }
    let results = array(&run["results"]);
    for result in results {
        of_result(run, result);
    }
    of_all_results(results);
    importers::all(log);
}

fn of_run(run: &Value) {
    assert_eq!(run["columnKind"], "utf16CodeUnits");
    assert!(matches("/$", &run["automationDetails"]["id"]));
    assert!(run["invocations"][0]["executionSuccessful"].is_boolean());
    let provenance = &run["versionControlProvenance"][0];
    assert!(
        provenance.is_null() || matches("^[0-9a-f]{40}([0-9a-f]{24})?$", &provenance["revisionId"])
    );
    assert!(!array(&run["redactionTokens"]).is_empty());
    let driver = &run["tool"]["driver"];
    assert!(matches(r"^\d+\.\d+\.\d+", &driver["semanticVersion"]));
    assert!(array(&run["results"]).len() <= 25_000);
    for (name, base) in run["originalUriBaseIds"].as_object().expect("bases") {
        assert_eq!(base.get("uri"), None, "{name} would be an absolute path");
    }
}

fn of_rule(rule: &Value) {
    let severity = text(&rule["properties"]["security-severity"]).parse::<f64>();
    let severity = severity.expect("a number in a string");
    assert!(severity > 0.0 && severity <= 10.0);
    let active = text(&rule["id"]).ends_with("-active");
    assert_eq!(severity > 9.0, active, "only a live key is critical: {rule}");
    assert!(matches("^(very-high|high|medium|low)$", &rule["properties"]["precision"]));
    let tags = array(&rule["properties"]["tags"]);
    assert_eq!(tags[0], "security");
    assert!(tags.len() <= 10 && tags.contains(&"CWE-798".into()));
    assert!(tags.contains(&"external/cwe/cwe-798".into()));
    assert!(matches("^[A-Z][A-Za-z0-9]+$", &rule["name"]) && text(&rule["name"]).len() <= 255);
    for description in ["shortDescription", "fullDescription"] {
        let length = text(&rule[description]["text"]).chars().count();
        assert!(length > 0 && length <= 1024, "{description} of {rule}");
    }
    assert!(text(&rule["helpUri"]).len() <= 2048);
    assert_eq!(rule["relationships"][0]["target"]["id"], "CWE-798");
}

fn of_result(run: &Value, result: &Value) {
    assert_eq!(result["kind"], "fail", "DefectDojo skips every other kind");
    let index = result["ruleIndex"].as_u64().expect("a rule index") as usize;
    let rule = &run["tool"]["driver"]["rules"][index];
    assert_eq!(rule["id"], result["ruleId"]);
    assert!(result["rank"].is_u64(), "GitLab takes integers");
    assert_eq!(array(&result["locations"]).len(), 1);
    assert_eq!(
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uriBaseId"],
        "SRCROOT"
    );
    let empty = Vec::new();
    let related = result["relatedLocations"].as_array().unwrap_or(&empty);
    for place in array(&result["locations"]).iter().chain(related) {
        of_place(run, &place["physicalLocation"]);
    }
    let prints = result["partialFingerprints"].as_object().expect("fingerprints");
    for (key, value) in prints {
        let known = if key == "primaryLocationLineHash" {
            "^[0-9a-f]{1,16}:[0-9]+$"
        } else {
            "^[0-9a-f]{32}$"
        };
        assert!(matches(known, value), "{key} {value}");
    }
    assert!(prints.contains_key("keysweep/v1"));
    of_message(text(&result["message"]["text"]), related);
}

fn of_place(run: &Value, place: &Value) {
    let uri = text(&place["artifactLocation"]["uri"]);
    if let Some(index) = place["artifactLocation"]["index"].as_u64() {
        let artifact = &run["artifacts"][index as usize];
        assert_eq!(artifact["location"]["uri"], uri, "section 3.4.5");
        assert!(artifact["parentIndex"].is_u64());
    }
    assert!(!is_match(r"^/|^[a-z]+:|^\./|\.\.|\\|[ #?]|[^ -~]", uri), "{uri}");
    let at = |key: &str| place["region"][key].as_u64().unwrap_or_else(|| panic!("{key}: {place}"));
    let (start, end) = ((at("startLine"), at("startColumn")), (at("endLine"), at("endColumn")));
    assert!(start.0 >= 1 && start.1 >= 1 && start < end, "{place}");
    assert_eq!(place["region"].get("byteOffset"), None, "DefectDojo loses the line");
}

fn of_message(message: &str, related: &[Value]) {
    assert!(message.ends_with('.') && message.chars().count() <= 1024, "{message}");
    for after in message.split("](").skip(1) {
        let target = after.split(')').next().unwrap_or_default();
        let known = related.iter().any(|place| target.parse::<u64>().ok() == place["id"].as_u64());
        assert!(known, "a dangling link in {message}");
    }
    assert!(!message.contains('<') && !message.contains('|'), "{message}");
}

fn of_all_results(results: &[Value]) {
    let unique = |what: &str, key: &dyn Fn(&Value) -> String| {
        let keys: BTreeSet<String> = results.iter().map(key).collect();
        assert_eq!(keys.len(), results.len(), "{what} repeats");
    };
    unique("a message", &|result| result["message"]["text"].to_string());
    unique("an alert", &|result| {
        let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        format!("{} {uri} {}", result["ruleId"], result["partialFingerprints"])
    });
    let suppressed: BTreeSet<bool> =
        results.iter().map(|r| r.get("suppressions").is_some()).collect();
    assert!(suppressed.len() <= 1, "all or none carry suppressions");
    assert!(results.is_sorted_by_key(|result| std::cmp::Reverse(result["rank"].as_u64())));
}

fn array(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("no array: {value}"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

fn matches(expression: &'static str, value: &Value) -> bool {
    is_match(expression, text(value))
}

/// Compiles each expression once: a large log asks a hundred thousand times.
fn is_match(expression: &'static str, text: &str) -> bool {
    static COMPILED: Mutex<BTreeMap<&str, Regex>> = Mutex::new(BTreeMap::new());
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    let regex = compiled
        .entry(expression)
        .or_insert_with(|| Regex::new(expression).expect("an expression"));
    regex.is_match(text)
}
