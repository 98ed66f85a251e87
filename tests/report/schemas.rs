//! The schemas that are shipped hold for what the program writes and reads.

use std::fs;
use std::path::Path;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::cli::suppressed::repository;
use crate::support::{Keys, Project};

fn schema(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas").join(name);
    serde_json::from_str(&fs::read_to_string(path).expect("a schema")).expect("JSON")
}

/// The schema without room for further fields, which it allows for later versions.
fn closed(mut schema: Value) -> Value {
    if let Some(parts) = schema.as_object_mut() {
        parts.values_mut().for_each(|part| *part = closed(part.take()));
        if parts.get("properties").is_some_and(Value::is_object) && parts.contains_key("type") {
            parts.entry("additionalProperties").or_insert(json!(false));
        }
    }
    schema
}

fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::meta::validate(schema).expect("a schema of its draft");
    jsonschema::validator_for(schema).expect("a schema")
}

fn faults(validator: &Validator, value: &Value) -> Vec<String> {
    let reported =
        |error: jsonschema::ValidationError<'_>| format!("{}: {error}", error.instance_path());
    validator.iter_errors(value).map(reported).collect()
}

#[test]
fn reports_follow_their_schema() {
    let schema = closed(schema("report.json"));
    let whole = validator(&schema);
    let mut keys = Keys::new("schema of reports");
    let (project, _) = repository(&mut keys);
    project.keysweep(["baseline", "--reason", "old"]).run().exits(0);
    project.file("b.txt", keys.id()).file("c.env", keys.pair().env);
    project.git(&["add", "."]);
    for command in [
        &["scan"][..],
        &["scan", "--include-suppressed"],
        &["scan", "conf/a.env"],
        &["history", "--include-suppressed"],
        &["staged"],
        &["range", "HEAD..HEAD"],
        &["sweep", ".", "missing"],
    ] {
        let asked = [command, &["--format", "json", "--fail-on", "never"]].concat();
        let report = project.keysweep(asked).run().json();
        assert_eq!(faults(&whole, &report), Vec::<String>::new(), "{command:?}");
    }
    if cfg!(feature = "verify") {
        // Nobody listens there.
        let nowhere = ["--only-live", "--sts-endpoint", "http://127.0.0.1:9"];
        let asked = [&["scan", "--format", "json"][..], &nowhere].concat();
        let report = project.keysweep(asked).run().exits(3).json();
        assert_eq!(faults(&whole, &report), Vec::<String>::new());
        assert!(report["filter"]["reasons"]["no-answer"].is_u64(), "{}", report["filter"]);
    }
    let shown = project.keysweep(["scan", "--show-secrets", "--format", "json"]);
    let output = shown.command().output().expect("it runs");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(faults(&whole, &report).is_empty() && report["findings"][0]["secret"].is_string());
    let mut later = report.clone();
    later["findings"][0]["evidence"] = json!(["both stand in one record"]);
    assert!(faults(&whole, &later).is_empty());
    later["findings"][0]["of_a_later_version"] = json!(1);
    assert!(faults(&validator(&self::schema("report.json")), &later).is_empty());
    let mut wrong = report;
    wrong["findings"][0]["fingerprint"] = json!("x");
    wrong["coverage"]["complete"] = json!("yes");
    assert_eq!(faults(&whole, &wrong).len(), 2);
    // Lines of jsonl are findings.
    let mut of_line = schema;
    of_line["$ref"] = json!("#/$defs/finding");
    for name in ["type", "properties", "required", "additionalProperties"] {
        of_line.as_object_mut().expect("an object").remove(name);
    }
    let line = validator(&of_line);
    let ran = project.keysweep(["scan", "--format", "jsonl"]).run().exits(1);
    let mut lines: Vec<Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let mut last = lines.pop().expect("the coverage");
    assert!(!lines.is_empty() && lines.iter().all(|one| faults(&line, one).is_empty()));
    last["findings"] = json!([]);
    assert_eq!(faults(&whole, &last), Vec::<String>::new());
}

#[test]
fn partials_follow_their_schema() {
    let lines = validator(&closed(schema("partial.json")));
    let mut keys = Keys::new("schema of partials");
    let (project, _) = repository(&mut keys);
    project
        .file("b.txt", keys.id())
        .file("c.env", format!("# keysweep:allow\n{}", keys.pair().env));
    let sweep = ["sweep", ".", "missing", "--partial", "p", "--quiet"];
    project.keysweep(sweep).run().exits(1);
    let text = fs::read_to_string(project.at("p")).expect("a partial");
    let mut kinds = Vec::new();
    for line in text.lines() {
        let value: Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(faults(&lines, &value), Vec::<String>::new(), "{line}");
        kinds.extend(value.as_object().expect("an object").keys().next().cloned());
    }
    kinds.dedup();
    assert!(kinds.iter().any(|kind| kind == "hit") && kinds.last().expect("a line") == "end");
}

#[test]
fn the_schema_of_configurations_agrees_with_the_program() {
    let schema = validator(&schema("config.json"));
    let project = Project::new();
    project.file("a.txt", "text");
    let rule = "[[rule]]\nid = \"acme-key\"\ntitle = \"Acme\"\ndescription = \"Opens it.\"\n\
                anchors = [\"acme_\"]\nregex = 'acme_[a-z0-9]{20}'\nreach = 64\n\
                examples = [\"acme_{{lower:20}}\"]\n";
    let print = "ab".repeat(16);
    for (text, is_right) in [
        (String::new(), true),
        ("exclude = [\"a/\", \"*.lock\"]\n".to_owned(), true),
        (format!("[[allow]]\nfingerprint = \"{print}\"\nreason = \"old\"\n"), true),
        ("[allow]\naccount = \"123456789012\"\n".to_owned(), true),
        (rule.to_owned(), true),
        ("packs = [\"aws\", \"more\"]\n".to_owned(), true),
        (rule.replace("reach = 64", "pack = \"shop\""), true),
        (
            format!(
                "packs = [\"aws\", \"shop\"]\n{}",
                rule.replace("reach", "pack = \"shop\"\nreach")
            ),
            true,
        ),
        ("excludes = []\n".to_owned(), false),
        ("packs = [\"aws\", \"Shop\"]\n".to_owned(), false),
        (rule.replace("reach = 64", "pack = \"tokens\""), false),
        (rule.replace("reach = 64", "pack = \"Shop\""), false),
        ("exclude = \"a\"\n".to_owned(), false),
        ("verify = true\n".to_owned(), false),
        ("[[allow]]\nreason = \"old\"\n".to_owned(), false),
        (format!("[[allow]]\nfingerprint = \"{print}\"\naccount = \"123456789012\"\n"), false),
        ("[[allow]]\naccount = \"12\"\n".to_owned(), false),
        ("[[allow]]\nkey-id = \"AROA\"\n".to_owned(), false),
        (rule.replace("reach = 64", "reach = 99999"), false),
        (rule.replace("acme-key", "Acme Key"), false),
        (rule.replace("regex", "regexp"), false),
        (rule.replace("\"acme_\"", "\"a\""), false),
    ] {
        let value: Value = toml::from_str(&text).expect("TOML");
        let faults = faults(&schema, &value);
        assert_eq!(faults.is_empty(), is_right, "{text}: {faults:?}");
        project.file(".keysweep.toml", &text);
        project.keysweep(["scan"]).run().exits(if is_right { 0 } else { 2 });
    }
}
