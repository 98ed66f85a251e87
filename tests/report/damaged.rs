//! Earlier reports that somebody changed: each is refused, or is a report that every format can
//! show.

use keysweep::report::{Format, Saved};
use serde_json::{Value, json};

use super::samples::{coverage, findings, report, rules, written};

/// Calls `with` with each variant of `value` in which one value inside is replaced or removed.
fn vary(value: &Value, with: &mut dyn FnMut(&Value)) {
    let replacements = [json!(u64::MAX), json!("\u{1b}\u{e9}|`<b>\n"), json!([])];
    let mut paths = Vec::new();
    collect(value, String::new(), &mut paths);
    for path in paths {
        for replacement in &replacements {
            let mut changed = value.clone();
            if let Some(place) = changed.pointer_mut(&path) {
                *place = replacement.clone();
                with(&changed);
            }
        }
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", ""));
        let mut changed = value.clone();
        if let Some(Value::Object(object)) = changed.pointer_mut(parent) {
            object.remove(name);
            with(&changed);
        }
    }
}

/// The paths of all values inside but the remedies, which are not read.
fn collect(value: &Value, path: String, paths: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (name, inner) in
                object.iter().filter(|(name, _)| *name != "remedies" && *name != "rules")
            {
                collect(inner, format!("{path}/{name}"), paths);
            }
        }
        Value::Array(list) => {
            for (at, inner) in list.iter().enumerate().take(1) {
                collect(inner, format!("{path}/{at}"), paths);
            }
        }
        _ => {}
    }
    if !path.is_empty() {
        paths.push(path);
    }
}

#[test]
fn a_changed_report_is_refused_or_shown() {
    let (mut findings, coverage, rules) = (findings(), coverage(), rules(Some("mine.toml")));
    // The pair, in a file and in a history.
    findings.drain(..2);
    findings[0].occurrences.truncate(2);
    findings[0].occurrences[0].origin.owners = vec!["@org/team".to_owned()];
    findings[0].occurrences[0].sighting.shown =
        Some(Box::new(findings[0].occurrences[0].sighting.spot()));
    let report = report(&findings, &coverage, &rules);
    for format in [Format::Json, Format::Sarif] {
        let text = written(format, &report);
        let document: Value = serde_json::from_str(&text).expect("JSON");
        let (mut refused, mut read) = (0, 0);
        vary(&document, &mut |changed| match Saved::read(changed.to_string().as_bytes()) {
            Err(error) => {
                refused += 1;
                let error = error.to_string();
                assert!(!error.contains(['\u{1b}', '\n']) && error.len() < 400, "{error}");
            }
            Ok(saved) => {
                read += 1;
                let again = super::samples::report(&saved.findings, &saved.coverage, &saved.rules);
                for format in [Format::Text, Format::Csv, Format::Junit] {
                    let shown = written(format, &again);
                    let at = shown.find('\u{1b}').map(|at| &shown[at.saturating_sub(60)..at]);
                    assert!(at.is_none(), "{format:?}: {at:?}");
                }
            }
        });
        assert!(refused > 50 && read > 50, "{format:?}: {refused} {read}");
    }
    // A report that is cut anywhere is not complete.
    let text = written(Format::Json, &report);
    for end in (1..text.trim_end().len()).step_by(311) {
        if text.is_char_boundary(end) {
            assert!(Saved::read(&text.as_bytes()[..end]).is_err(), "{end}");
        }
    }
}

#[test]
fn a_report_that_lost_its_findings_is_not_green() {
    let (findings, coverage, rules) = (findings(), coverage(), rules(Some("mine.toml")));
    let report = report(&findings, &coverage, &rules);
    let document: Value = serde_json::from_str(&written(Format::Json, &report)).expect("JSON");
    let changed = |change: &dyn Fn(&mut serde_json::Map<String, Value>)| {
        let mut changed = document.clone();
        change(changed.as_object_mut().expect("an object"));
        changed
    };
    let without = changed(&|it| drop(it.remove("findings")));
    let null = changed(&|it| drop(it.insert("findings".to_owned(), Value::Null)));
    let pretty = |value: &Value| serde_json::to_string_pretty(value).expect("JSON");
    let lines = written(Format::Jsonl, &report);
    let lines: Vec<&str> = lines.lines().collect();
    let (count, last) = (lines.len() - 1, lines[lines.len() - 1]);
    let but = |left_out: usize| {
        let kept = lines.iter().enumerate().filter(|(at, _)| *at != left_out);
        kept.map(|(_, line)| format!("{line}\n")).collect::<String>()
    };
    let older = last.replace(&format!("\"finding_count\":{count},"), "");
    assert!(count > 1 && older != last, "{last}");
    let clean = super::samples::report(&[], &coverage, &rules);
    let clean = written(Format::Jsonl, &clean).replace("\"finding_count\":0,", "");
    for (name, text, why) in [
        ("missing", without.to_string(), "`findings` is missing"),
        ("missing, on many lines", pretty(&without), "`findings` is missing"),
        ("null", null.to_string(), "`findings` is missing"),
        ("null, on many lines", pretty(&null), "`findings` is missing"),
        ("only the last line", last.to_owned(), "`finding_count` in its last line says"),
        ("only the last line of an older version", older.clone(), "`findings` is missing"),
        ("without the first line", but(0), "`finding_count` in its last line says"),
        ("without the second line", but(1), "`finding_count` in its last line says"),
        ("without the last line", but(count), "its last line, which says"),
        ("one line twice", format!("{}\n{}", lines[0], lines.join("\n")), "`finding_count`"),
        ("whole", lines.join("\n"), ""),
        ("of an older version", format!("{}\n{older}", lines[..count].join("\n")), ""),
        ("of an older version, without findings", clean, ""),
    ] {
        let error =
            Saved::read(text.as_bytes()).map_or_else(|error| error.to_string(), |_| String::new());
        match why {
            "" => assert_eq!(error, "", "{name}"),
            why => assert!(error.contains(why), "{name}: {error}"),
        }
    }
}

#[test]
fn a_suppression_that_was_rejected_is_not_in_effect() {
    let (mut findings, coverage, rules) = (findings(), coverage(), rules(Some("mine.toml")));
    findings.iter_mut().for_each(|finding| finding.suppressed = None);
    let text = written(Format::Sarif, &report(&findings, &coverage, &rules));
    for (status, in_effect) in [
        (json!(null), true),
        (json!("accepted"), true),
        (json!("rejected"), false),
        (json!("underReview"), false),
    ] {
        let mut document: Value = serde_json::from_str(&text).expect("JSON");
        document["runs"][0]["results"][0]["suppressions"] =
            json!([{ "kind": "external", "status": status, "justification": "a test" }]);
        let saved = Saved::read(document.to_string().as_bytes()).expect("a report");
        let suppressed = saved.findings.iter().filter(|finding| finding.suppressed.is_some());
        assert_eq!(suppressed.count(), usize::from(in_effect), "{status}");
    }
}
