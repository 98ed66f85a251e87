//! Rules that the scanned project brings: what they may cost is bounded, what is beyond is left out
//! and reported, and they print no secret. A file that the user names has no bounds.

use std::fmt::Write as _;

use crate::support::{Keys, Project, Ran};

/// A rule of one literal; `more` are further fields.
fn rule(id: &str, anchor: &str, regex: &str, more: &str) -> String {
    format!(
        "[[rule]]\nid = \"{id}\"\ntitle = \"t\"\ndescription = \"d\"\nanchors = [\"{anchor}\"]\n\
         regex = '{regex}'\n{more}\nexamples = [\"{anchor}{{{{lower:20}}}}\"]\n"
    )
}

fn usual(number: usize) -> String {
    let anchor = format!("acme{number}_");
    rule(&format!("acme-{number}"), &anchor, &format!("{anchor}(?P<secret>[a-z0-9]{{20}})"), "")
}

/// A project that brings `rules`, and text in which those of [`usual`] find something.
fn project(name: &str, rules: &str) -> Project {
    let (project, mut keys) = (Project::new(), Keys::new(name));
    let mut text = String::new();
    for number in 0..70 {
        let _ = writeln!(text, "acme{number}_{:020x}", keys.next());
    }
    project.file("text", text).file(".keysweep.toml", rules);
    project
}

fn scan(project: &Project, more: &[&str]) -> Ran {
    project.keysweep([&["scan", "--format", "json"], more].concat()).run()
}

#[track_caller]
fn findings(ran: &Ran) -> usize {
    ran.json()["findings"].as_array().expect("findings").len()
}

#[test]
fn rules_beyond_a_limit_are_left_out_and_reported() {
    let one = usual(0);
    let many: String = (0..60).map(usual).collect();
    let long = "x".repeat(65);
    let states = "acme1_(?P<secret>[a-z0-9]{20}([a-z][0-9][A-Z]){0,2000})";
    let anchors: Vec<String> = (0..70).map(|number| format!("\"anchor{number}\"")).collect();
    let many_anchors =
        usual(1).replace("[\"acme1_\"]", &format!("[\"acme1_\", {}]", anchors.join(", ")));
    let examples = format!("{}\n", "{{lower:9999}}".repeat(7));
    let table: [(&str, String, usize, usize); 7] = [
        ("50 rules", many, 50, 10),
        ("64 bytes", one.clone() + &rule("far", &long, &format!("{long}[a-z0-9]+"), ""), 1, 1),
        ("'reach'", one.clone() + &usual(1).replace("examples", "reach = 2049\nexamples"), 1, 1),
        ("64 KiB compiled", one.clone() + &rule("states", "acme1_", states, ""), 1, 1),
        ("64 anchors", one.clone() + &many_anchors, 1, 1),
        ("may have 64 KiB", one.clone() + &usual(1).replace("{{lower:20}}", &examples), 1, 1),
        ("the rule is not applied", one.clone(), 1, 0),
    ];
    for (why, rules, found, dropped) in table {
        let rules = rules.replace("\n\"]", "\"]");
        let project = project(why, &rules);
        let ran = scan(&project, &[]).exits(1);
        assert_eq!(findings(&ran), found, "{why}: {ran:?}");
        let problems = ran.problems();
        assert_eq!(problems.len(), dropped, "{why}: {problems:?}");
        let named = |problem: &String| problem.starts_with("rule .keysweep.toml:");
        let reported = |problem: &String| problem.contains(why) && problem.contains("--config");
        assert!(problems.iter().all(|one| named(one) && reported(one)), "{why}: {problems:?}");
        // The same file, named by the user, is the user's.
        let listed = project.keysweep(["rules"]).run().exits(0);
        assert_eq!(listed.stderr.contains("is not applied"), dropped > 0, "{why}");
    }
    let many: String = (0..60).map(usual).collect();
    let project = project("named", &many);
    let ran = scan(&project, &["--config", ".keysweep.toml"]).exits(1);
    assert_eq!((findings(&ran), ran.problems().len()), (60, 0));
}

#[test]
fn a_configuration_of_many_megabytes_is_refused_unless_it_is_named() {
    let text = format!("{}\n{}", usual(0), "# padding\n".repeat(110_000));
    let project = project("large", &text);
    let ran = scan(&project, &[]).exits(2);
    assert!(ran.stderr.contains("1 MiB") && ran.stderr.contains("--no-config"), "{}", ran.stderr);
    assert_eq!(findings(&scan(&project, &["--config", ".keysweep.toml"]).exits(1)), 1);
    scan(&project, &["--no-config"]).exits(0);
}

#[test]
fn an_anchor_that_occurs_everywhere_is_dropped_and_reported() {
    let project = project("everywhere", &usual(0));
    project.file("words", "acme0_ and acme0_ of ".repeat(10_000));
    let ran = scan(&project, &[]).exits(1);
    assert_eq!(findings(&ran), 1, "other files are searched");
    let problems = ran.problems();
    assert!(problems.len() == 1 && problems[0].starts_with("file words: "), "{problems:?}");
    assert!(problems[0].contains("'acme-0'") && problems[0].contains("--config"), "{problems:?}");
    let ran = scan(&project, &["--config", ".keysweep.toml"]).exits(1);
    assert!(ran.problems().is_empty());
    // In a history of changed versions it is the same.
    project.git(&["init", "-q"]).git(&["add", "."]).git(&["commit", "-q", "-m", "a"]);
    project.file("words", "acme0_ and acme0_ of ".repeat(10_001));
    project.git(&["commit", "-q", "-a", "-m", "b"]);
    let ran = project.keysweep(["history", "--format", "json"]).run().exits(1);
    let reported = ran.problems().into_iter().filter(|one| one.contains("'acme-0'")).count();
    assert_eq!(reported, 2, "{:?}", ran.problems());
}

/// The harness looks for planted secrets in all that is printed.
#[test]
fn no_rule_of_the_project_prints_a_secret_as_an_id() {
    let mut keys = Keys::new("id is the secret");
    let pair = keys.pair();
    let more = "boundary = \"none\"";
    let rules = [
        rule(
            "whole",
            "ACCESS_KEY=",
            "ACCESS_KEY=(?P<id>[A-Za-z0-9+/]{20,40})(?P<secret>\\s?)",
            more,
        ),
        rule("half", "ACCESS_KEY=", "ACCESS_KEY=(?P<id>[A-Za-z0-9+/]{20})(?P<secret>.?)", more),
        rule("named", "name=", "name=(?P<id>[a-z-]+) (?P<secret>[a-z0-9]{20})", more)
            .replace("name={{", "name=works-one {{"),
    ];
    let project = Project::new();
    project.file(".keysweep.toml", rules.concat());
    project.file("a.env", format!("{}name=works-two {:020x}\n", pair.env, keys.next()));
    let halves = [&pair.secret[..20], &pair.secret[..12], &pair.secret[20..]];
    for format in ["text", "short", "json", "jsonl", "sarif", "gitlab", "github", "junit", "csv"] {
        let ran = project.keysweep(["scan", "--format", format]).run();
        if ran.code == Some(2) {
            continue; // No such format in this version.
        }
        assert_eq!(ran.code, Some(1), "{format}: {}", ran.stderr);
        let printed = [ran.stdout.as_str(), &ran.stderr].concat();
        assert!(!halves.iter().any(|half| printed.contains(half)), "{format}: {printed}");
    }
    let report = scan(&project, &[]).json();
    let ids: Vec<_> = report["findings"].as_array().expect("findings").iter().collect();
    let of =
        |rule: &str| ids.iter().find(|one| one["rule"] == rule).map(|one| one["key_id"].clone());
    assert_eq!(of("named"), Some("works-two".into()));
    assert_eq!(of("half"), Some(serde_json::Value::Null));
}
