//! Importers other than GitHub, by the rules of their parsers and documentation: each is imitated
//! here, and must import every result.

use serde_json::Value;

/// Plays them all.
pub(crate) fn all(log: &Value) {
    let run = &log["runs"][0];
    let results = run["results"].as_array().expect("results");
    let imported = results.iter().filter(|result| defectdojo(run, result)).count();
    assert_eq!(imported, results.len(), "DefectDojo skips results");
    let imported = results.iter().filter(|result| gitlab(run, result)).count();
    assert_eq!(imported, results.len(), "GitLab drops results");
    // GitLab takes the first 5,000: worse ones must not come later.
    let severity = |result: &Value| {
        let text = rule(run, result)["properties"]["security-severity"].as_str();
        (text.expect("a text").parse::<f64>().expect("a number") * 10.0) as u64
    };
    for two in results.windows(2) {
        assert!(two[0]["rank"].as_u64() >= two[1]["rank"].as_u64());
        let level = |one: &Value| one["level"] == "error";
        assert!(level(&two[0]) || !level(&two[1]), "an error after something less");
        if two[0]["rank"].as_u64() > two[1]["rank"].as_u64().map(|rank| rank + 8) {
            assert!(severity(&two[0]) >= severity(&two[1]), "rank and severity disagree");
        }
    }
    // An absolute base would make GitLab's paths absolute.
    for (_, base) in run["originalUriBaseIds"].as_object().expect("bases") {
        assert_eq!(base.get("uri"), None);
    }
}

fn rule<'a>(run: &'a Value, result: &Value) -> &'a Value {
    &run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().expect("an index") as usize]
}

/// Skips what is not a failure, needs a line that is not a byte offset, reads the CWE from
/// relationships and then from tags, and parts fingerprint keys at a slash before `vN`.
fn defectdojo(run: &Value, result: &Value) -> bool {
    let region = &result["locations"][0]["physicalLocation"]["region"];
    let rule = rule(run, result);
    let related = rule["relationships"].as_array().into_iter().flatten();
    let by_relation = related.filter_map(|one| one["target"]["id"].as_str());
    let tags = rule["properties"]["tags"].as_array().into_iter().flatten();
    let cwe = by_relation.chain(tags.filter_map(Value::as_str)).find_map(|text| {
        text.to_ascii_uppercase().strip_prefix("CWE-").and_then(|id| id.parse::<u32>().ok())
    });
    let prints = result["partialFingerprints"].as_object().expect("fingerprints");
    let readable = prints.keys().all(|key| match key.rsplit_once('/') {
        Some((_, version)) => {
            version.strip_prefix('v').is_some_and(|number| number.parse::<u32>().is_ok())
        }
        None => true,
    });
    result["kind"].as_str().is_none_or(|kind| kind == "fail")
        && region["startLine"].is_u64()
        && region.get("byteOffset").is_none()
        && cwe == Some(798)
        && readable
}

/// Takes a secret by the anchored tag, and drops what is too long.
fn gitlab(run: &Value, result: &Value) -> bool {
    let rule = rule(run, result);
    let tags = rule["properties"]["tags"].as_array().expect("tags");
    let within = |text: &Value, most: usize| text.as_str().map_or(0, |t| t.chars().count()) <= most;
    tags.iter().take(10).any(|tag| tag == "CWE-798")
        && within(&result["message"]["text"], 1_024)
        && within(&rule["name"], 255)
        && within(&rule["shortDescription"]["text"], 1_024)
        && within(&rule["fullDescription"]["text"], 1_024)
        && within(&rule["helpUri"], 2_048)
        && result["rank"].is_u64()
}
