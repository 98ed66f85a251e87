//! A merge of more hits than fit into memory: the same bytes, from a temporary file.

use std::collections::BTreeMap;
use std::fs;

use keysweep::coverage::Ledger;
use keysweep::finding::Confidence;
use keysweep::report::{self, Format, Limits, Report, Style, View};
use keysweep::rules::RuleSet;
use keysweep::run::merge::{Merge, Merged, PartialFile};
use keysweep::run::{RunOptions, Spill};
use keysweep::stop::Stop;
use keysweep::suppress::Suppressions;

use super::{everything, shards};
use crate::support::{Keys, Project};

/// The reports of all formats, and the number of places that are not in memory.
fn reports(
    project: &Project,
    partials: &[String],
    min_confidence: Confidence,
    results: usize,
    spill: Option<&Spill>,
) -> (BTreeMap<&'static str, String>, u64) {
    let file = |name: &String| PartialFile { path: project.at(name), name: name.clone() };
    let options = RunOptions {
        min_confidence,
        suppressions: Suppressions { inline: true, ..Suppressions::default() },
        ..RunOptions::new(Vec::new(), Stop::default())
    };
    let (rules, ledger) = (RuleSet::builtin(), Ledger::new());
    let merge = Merge::survey(partials.iter().map(file).collect(), &options.stop);
    let merged = merge.outcome(&options, spill, &rules, &ledger).expect("an outcome");
    let Merged { outcome, stored } = merged;
    let report = Report {
        findings: &outcome.findings,
        coverage: &outcome.coverage,
        rules: &rules,
        command: "sweep",
        category: None,
        show_secrets: false,
        include_suppressed: true,
        baseline: false,
        repository: None,
        exit: 1,
        times: None,
        limits: Limits { results, ..Limits::default() },
        view: View::default(),
    };
    let written = |format: Format| {
        let mut out = Vec::new();
        report::write(format, &report, Style::default(), &mut out).expect("written");
        (format.as_str(), String::from_utf8_lossy(&out).into_owned())
    };
    (Format::ALL.into_iter().map(written).collect(), stored)
}

fn streamed(reports: &BTreeMap<&'static str, String>) -> BTreeMap<&'static str, String> {
    let streams = |name: &&'static str| Format::parse(name).is_some_and(Format::streams_places);
    reports.iter().filter(|(name, _)| streams(name)).map(|(&k, v)| (k, v.clone())).collect()
}

#[track_caller]
fn assert_equal(
    one: &BTreeMap<&'static str, String>,
    other: &BTreeMap<&'static str, String>,
    what: &str,
) {
    assert!(one.len() >= 4 && one.keys().eq(other.keys()));
    for (format, text) in one {
        let differs = text.lines().zip(other[format].lines()).find(|(a, b)| a != b);
        assert_eq!(differs, None, "{format} {what}");
        assert_eq!(text.len(), other[format].len(), "{format} {what}");
    }
}

/// Copies of the hits of a partial in other files, of which some have several places.
fn many(project: &Project, from: &str, to: &str) {
    let text = fs::read_to_string(project.at(from)).expect("a partial");
    let mut out = String::new();
    let mut hits = Vec::new();
    for line in text.lines() {
        let mut value: serde_json::Value = serde_json::from_str(line).expect("JSON");
        if let Some(count) = value["target"]["hits"].as_u64() {
            value["target"]["hits"] = (count * 10).into();
            // Order matters: a partial is known by its first key.
            out.push_str(&(value.to_string() + "\n"));
            continue;
        }
        if !line.starts_with("{\"hit\":") {
            out.push_str(&(line.to_owned() + "\n"));
            continue;
        }
        hits.push(value);
        let hit = hits.last().expect("a hit");
        for copy in 0..10 {
            let mut hit = hit.clone();
            if copy > 0
                && let Some(path) = hit["hit"]["path"].as_str().map(str::to_owned)
            {
                hit["hit"]["path"] = format!("copy/{}/{path}", copy / 3).into();
                if let Some(line) = hit["hit"]["id"][0].as_u64() {
                    hit["hit"]["id"][0] = (line + copy).into();
                    hit["hit"]["id"][3] = (line + copy).into();
                }
            }
            out.push_str(&(hit.to_string() + "\n"));
        }
    }
    project.file(to, out);
}

#[test]
fn a_report_does_not_depend_on_what_is_written_to_a_file() {
    let (project, _) = everything("merge spilled");
    let partials = shards(&project, 2);
    let made = partials.iter().map(|name| {
        let to = format!("{name}.many");
        many(&project, name, &to);
        to
    });
    let made: Vec<String> = made.collect();
    fs::create_dir(project.at("tmp")).expect("a folder");
    let folder = project.at("tmp");
    for partials in [&partials, &made] {
        for min in [Confidence::Low, Confidence::Medium, Confidence::High] {
            // SARIF is cut: all results count for the identity of one.
            let results: &[usize] =
                if min == Confidence::Medium { &[25_000, 7] } else { &[25_000] };
            for &results in results {
                let (all, none) = reports(&project, partials, min, results, None);
                assert_eq!(none, 0);
                for (held, places) in [(1, 1), (16, 3), (7, 40)] {
                    let spill = Spill { folder: folder.clone(), held, places, credentials: 10_000 };
                    let what = format!("{held} {places} {min:?} {results}");
                    let (some, stored) = reports(&project, partials, min, results, Some(&spill));
                    assert!(stored > 0 || places > 1, "{what}");
                    assert_equal(&streamed(&all), &streamed(&some), &what);
                }
                // All places in memory again: no format has less.
                let spill =
                    Spill { folder: folder.clone(), held: 3, places: 1 << 20, credentials: 10_000 };
                let (same, stored) = reports(&project, partials, min, results, Some(&spill));
                assert_eq!(stored, 0);
                assert_equal(&all, &same, "in memory");
            }
        }
    }
    assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 0, "nothing stays");
}

#[test]
fn formats_with_a_limit_of_locations_say_what_they_leave_out_and_the_others_list_all() {
    let (project, pair) = (Project::new(), Keys::new("merge many places").pair());
    project.file("all/a/a.env", &pair.env);
    let sweep = ["sweep", "all", "--partial", "one.partial", "--quiet"];
    project.keysweep(sweep).run();
    let text = fs::read_to_string(project.at("one.partial")).expect("a partial");
    // One credential in more files than fit into 64M.
    let copies = 20_000;
    let copied: String = text
        .lines()
        .flat_map(|line| {
            let line = line.replace("\"hits\":1", &format!("\"hits\":{copies}"));
            let count = if line.starts_with("{\"hit\":") { copies } else { 1 };
            let names = (0..count).map(move |at| line.replace("a.env", &format!("{at:05}.env")));
            names.map(|line| line + "\n").collect::<Vec<_>>()
        })
        .collect();
    project.file("many.partial", copied);
    let merge = |more: &[&str]| {
        project.keysweep([&["merge", "many.partial", "--max-memory", "64M"], more].concat()).run()
    };
    let rows = |name: &str| {
        let text = fs::read_to_string(project.at(name)).expect("a report");
        text.lines().filter(|line| line.contains(".env")).count()
    };
    let ran = merge(&["--output", "a.csv", "--output", "a.json"]).exits(1);
    assert_eq!((rows("a.csv"), rows("a.json")), (copies, copies), "{ran:?}");
    assert!(!ran.stderr.contains("too many"), "{}", ran.stderr);
    let ran = merge(&["--output", "b.csv", "--output", "b.json", "--output", "b.xml"]).exits(1);
    assert!(ran.stderr.contains("too many for this format"), "{}", ran.stderr);
    assert!(ran.stderr.contains("json, jsonl, sarif and csv list all"), "{}", ran.stderr);
    let cases = fs::read_to_string(project.at("b.xml")).expect("a report");
    assert!(cases.matches("<testcase").count() < copies);
    for (one, other) in [("a.csv", "b.csv"), ("a.json", "b.json")] {
        assert!(fs::read(project.at(one)).ok() == fs::read(project.at(other)).ok(), "{one}");
    }
    // A folder in which there can be no file.
    let ran = project.keysweep(["merge", "many.partial", "--max-memory", "64M", "--format", "csv"]);
    let ran = ran.env("TMPDIR", "/nowhere").run().exits(2);
    assert!(ran.stderr.contains("the temporary file for locations in /nowhere"), "{}", ran.stderr);
}
