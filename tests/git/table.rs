//! The table of `keysweep history`: every place where git can keep a key, in every layout in which
//! a repository can be stored, through the program. Each cell is compared with the contract's
//! definitions, computed the slow way by git itself: commit, paths, people, flags, refs.

mod layouts;

use std::collections::BTreeMap;
use std::path::PathBuf;

use base64::Engine as _;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::git::places::{Places, build};
use crate::support::Project;
use crate::support::oracle::{Oracle, Place};
use layouts::{Content, Layout};

/// The report of one credential at one place.
struct Reported {
    object: String,
    path: Option<String>,
    reachable: bool,
    held_by: Vec<String>,
    /// As the oracle has it; only for files of commits.
    place: Option<Place>,
}

/// A report: places by key id, and by the digest of the secret.
struct Report {
    by_key: BTreeMap<String, Vec<Reported>>,
    complete: bool,
    problems: Vec<String>,
}

fn texts(value: &Value) -> Vec<String> {
    let list = value.as_array().expect("a list").iter();
    list.map(|text| text.as_str().expect("a text").to_owned()).collect()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn reported(occurrence: &Value, prefix: &str) -> Reported {
    let git = &occurrence["git"];
    let path = match text(&occurrence["path_bytes"]) {
        Some(encoded) => {
            let bytes = base64::engine::general_purpose::STANDARD.decode(encoded).expect("base64");
            Some(String::from_utf8_lossy(&bytes).into_owned())
        }
        None => text(&occurrence["path"]),
    };
    let path = path.map(|path| path.strip_prefix(prefix).expect("its place").to_owned());
    let object = text(&git["object"]).expect("its kind");
    let held_by = texts(&git["held_by"]);
    let reachable = git["reachable"].as_bool().expect("a flag");
    let person = |who: &str| {
        let field = |name: &str| text(&git[who][name]).expect("a person's field");
        format!("{} <{}> {}", field("name"), field("email"), field("date"))
    };
    let of_commit = path.clone().zip(text(&git["commit"])).filter(|_| object == "blob");
    let place = of_commit.map(|(path, commit)| Place {
        path,
        commit,
        reachable,
        held_by: held_by.clone(),
        at_head: git["at_head"].as_bool().expect("a flag"),
        removed_in: text(&git["removed_in"]),
        refs: texts(&git["refs"]).into_iter().filter(|name| !name.ends_with("HEAD")).collect(),
        people: [person("author"), person("committer")],
    });
    Reported { object, path, reachable, held_by, place }
}

fn scan(layout: &Layout) -> Report {
    let project = Project::new();
    let mut program = project.keysweep(["history", "--format", "json", "--no-progress"]);
    program = match &layout.environment {
        Some(git_dir) => program.env("GIT_DIR", git_dir),
        None => program.from(&layout.scanned),
    };
    let report = program.run().exits(1).json();
    let mut by_key: BTreeMap<String, Vec<Reported>> = BTreeMap::new();
    for finding in report["findings"].as_array().expect("findings") {
        let keys = [text(&finding["key_id"]), text(&finding["secret_sha256"])];
        for key in keys.into_iter().flatten() {
            let places = finding["occurrences"].as_array().expect("places").iter();
            // A file that git keeps outside of its database, such as FETCH_HEAD, is in no commit.
            let places = places.filter(|place| !place["git"].is_null());
            by_key.entry(key).or_default().extend(places.map(|one| reported(one, layout.prefix)));
        }
    }
    let coverage = &report["coverage"];
    let problems = coverage["problems"].as_array().expect("problems").iter();
    Report {
        by_key,
        complete: coverage["complete"].as_bool().expect("a flag"),
        problems: problems.map(|one| one["what"].as_str().expect("a text").to_owned()).collect(),
    }
}

/// True if a blob holds a key, in UTF-8 or UTF-16.
fn holds(blob: &[u8], key: &str) -> bool {
    let wide: Vec<u8> = key.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let has = |needle: &[u8]| memchr::memmem::find(blob, needle).is_some();
    has(key.as_bytes()) || has(&wide)
}

/// Compares one layout's report with what is right: cells that are, cells, and what is wrong.
fn compare(
    places: &Places,
    layout: &Layout,
    right_places: &[Vec<Place>],
) -> (usize, usize, Vec<String>) {
    let report = scan(layout);
    let (mut right, mut cells, mut wrong) = (0, 0, Vec::new());
    let mut cell = |is_right: bool, why: String| {
        cells += 1;
        right += usize::from(is_right);
        if !is_right {
            wrong.push(format!("{}: {why}", layout.name));
        }
    };
    let none = Vec::new();
    for ((what, key), expected) in places.files.iter().zip(right_places) {
        if expected.is_empty() && layout.content != Content::All {
            continue;
        }
        assert!(!expected.is_empty(), "{what}: the oracle knows nothing of it");
        let digest: String = Sha256::digest(key).iter().map(|byte| format!("{byte:02x}")).collect();
        let reported = report.by_key.get(key).or(report.by_key.get(&digest)).unwrap_or(&none);
        let mut seen: Vec<_> =
            reported.iter().filter_map(|reported| reported.place.clone()).collect();
        seen.sort();
        seen.dedup();
        cell(seen == *expected, format!("{what}\n  seen  {seen:#?}\n  right {expected:#?}"));
    }
    for special in places.special.iter().filter(|_| layout.content == Content::All) {
        let reported = report.by_key.get(&special.key).unwrap_or(&none).iter();
        let seen: Vec<_> = reported.filter(|reported| reported.object == special.object).collect();
        let fits = |reported: &&Reported| {
            reported.path.as_deref() == special.path
                && reported.held_by == special.held_by
                && reported.reachable == special.reachable
        };
        let reports: Vec<_> = seen
            .iter()
            .map(|reported| (&reported.path, &reported.held_by, reported.reachable))
            .collect();
        let is_right = seen.len() == special.count && seen.iter().all(fits);
        cell(is_right, format!("{}: {reports:?}", special.what));
    }
    let expected: Vec<&str> = layout.problems.to_vec();
    cell(
        report.problems == expected && report.complete == expected.is_empty(),
        format!("coverage: {:?}", report.problems),
    );
    (right, cells, wrong)
}

fn check(places: &Places, layouts: impl Fn(&Places) -> Vec<Layout>) {
    let expected = |folder: &PathBuf| {
        let oracle = Oracle::of(&places.repo, folder);
        let of_key = |(_, key): &(_, String)| oracle.places(|blob| holds(blob, key));
        places.files.iter().map(of_key).collect::<Vec<_>>()
    };
    let all = expected(&places.repo.root);
    let (mut right, mut cells, mut wrong) = (0, 0, Vec::new());
    for layout in layouts(places) {
        let own = (layout.has_own_view || layout.content == Content::Part)
            .then_some(&layout.scanned)
            .map(expected);
        let found = compare(places, &layout, own.as_ref().unwrap_or(&all));
        println!("{:>4} of {:<4} {}", found.0, found.1, layout.name);
        right += found.0;
        cells += found.1;
        wrong.extend(found.2);
    }
    println!("{right:>4} of {cells:<4} in all");
    assert!(wrong.is_empty(), "{} of {cells} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn objects_in_every_kind_of_store() {
    check(&build(&[]), layouts::stores);
}

#[test]
fn repositories_of_every_form() {
    check(&build(&[]), layouts::forms);
}

#[test]
fn sha_256() {
    check(&build(&["--object-format=sha256"]), layouts::sha_256);
}

#[test]
fn clones_that_have_a_part_of_it() {
    check(&build(&[]), layouts::clones);
}
