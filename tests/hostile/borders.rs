//! Files too large to be read at once: a pair at the border of two windows, at any position of the
//! text, and lines of many megabytes.

use std::fs;

use crate::containers::forms::made;
use crate::support::storage::lfs_pointer;
use crate::support::{Keys, Pair, Project, Ran};

/// The end of the first window, and the end of the part that it owns.
const BORDERS: [usize; 2] = [8 << 20, (8 << 20) - (64 << 10)];
/// The bytes by which a pair begins before a border: around each of its ends, and within id and
/// secret.
const BACK: [usize; 3] = [1, 30, 100];

/// Text of this length that packs to a half and holds nothing.
fn filler(len: usize) -> String {
    let mut keys = Keys::new("filler");
    let mut block = String::new();
    while block.len() < 1 << 20 {
        let bits = keys.next();
        block.extend((0..12).map(|place| char::from(b'a' + (bits >> (5 * place)) as u8 % 26)));
        block.push(if bits.is_multiple_of(7) { '\n' } else { ' ' });
    }
    let mut text = block.repeat(len / block.len() + 1);
    text.truncate(len);
    text
}

/// A text for each border and distance, and its pair.
fn texts(name: &str, back: &[usize]) -> Vec<(Pair, String)> {
    let mut keys = Keys::new(name);
    let filler = filler(9 << 20);
    let places = BORDERS.into_iter().flat_map(|border| back.iter().map(move |back| border - back));
    let text = |at: usize| {
        let pair = keys.pair();
        let text = [&filler[..at - 1], "\n", &pair.env, &filler[at..]].concat();
        (pair, text)
    };
    places.map(text).collect()
}

/// Asserts that each pair is found as a pair, `times` times and on the right line.
#[track_caller]
fn finds(ran: &Ran, texts: &[(Pair, String)], times: usize) {
    let report = ran.json();
    let findings = report["findings"].as_array().expect("findings");
    assert_eq!(findings.len(), texts.len(), "{}", ran.stdout);
    for (pair, text) in texts {
        let found = findings.iter().find(|one| one["key_id"] == pair.id.as_str());
        let found = found.unwrap_or_else(|| panic!("{} is not found", pair.id));
        assert_eq!(found["secret_redacted"], format!("{}...", &pair.secret[..4]));
        let before = &text[..text.find(&pair.id).expect("it is there")];
        let line = before.matches('\n').count() + 1;
        let places = found["occurrences"].as_array().expect("places");
        assert_eq!(places.len(), times, "{found}");
        assert!(places.iter().all(|place| place["line"] == line), "{line}: {found}");
    }
}

#[test]
fn a_pair_on_the_border_of_a_window_of_a_member_is_found_once() {
    let project = Project::new();
    let texts = texts("borders of members", &BACK);
    for (number, (_, text)) in texts.iter().enumerate() {
        project.file(format!("{number}/a.txt"), text);
    }
    let mut forms = 0;
    for (tool, script) in [
        ("zip", "zip -q0 $n/stored.zip $n/a.txt"),
        ("zip", "zip -q1 $n/deflated.zip $n/a.txt"),
        ("gzip", "gzip -1kn $n/a.txt"),
        ("tar", "tar cf $n/a.tar $n/a.txt"),
    ] {
        let all = format!("for n in *; do {script}; done");
        forms += usize::from(made(&project, &[tool], &all));
    }
    for number in 0..texts.len() {
        fs::remove_file(project.at(format!("{number}/a.txt"))).expect("ours");
    }
    let ran = project.keysweep(["scan", "--format", "json"]).run().exits(1);
    finds(&ran, &texts, forms);
}

#[test]
fn a_pair_on_the_border_of_a_window_of_an_object_is_found_once() {
    let project = Project::new();
    let mut texts = texts("borders of objects", &[60]);
    project.git(&["init", "-q"]).git(&["config", "core.bigFileThreshold", "1m"]);
    // An object of Git LFS in place of the last one.
    let (_, stored) = texts.last().expect("there are two");
    let oid = "ab".repeat(32);
    project.file(format!(".git/lfs/objects/ab/ab/{oid}"), stored);
    project.file("lfs.txt", lfs_pointer(&oid, stored.len()));
    // So large that a blob is read piece by piece.
    let more = "y\n".repeat(13 << 20);
    let count = texts.len();
    for (number, (_, text)) in texts.iter_mut().take(count - 1).enumerate() {
        text.push_str(&more);
        project.file(format!("{number}.txt"), &*text);
    }
    project.git(&["-c", "core.compression=1", "add", "."]).git(&["commit", "-qm", "c"]);
    for setting in ["loose", "packed"] {
        println!("{setting}");
        let ran = project.keysweep(["history", "--format", "json"]).run().exits(1);
        finds(&ran, &texts, 1);
        project.git(&["gc", "-q"]);
    }
}

/// A key in the middle and one at the end of a line of many megabytes, without a line feed.
#[test]
fn a_line_of_many_megabytes_hides_no_key() {
    // A hundred in a release build; a debug build takes long for so much.
    let megabytes =
        std::env::var("KEYSWEEP_TEST_MEGABYTES").ok().and_then(|args| args.parse().ok());
    let half = megabytes.unwrap_or(24usize) << 19;
    let mut keys = Keys::new("long line");
    let (middle, end) = (keys.pair(), keys.pair());
    let one_line = |pair: &Pair| pair.env.replace('\n', " ");
    let words = "{\"a\":[1,2,3],\"b\":\"c d\"},";
    let filler = words.repeat(half / words.len());
    let text = [&*filler, &one_line(&middle), &filler, &one_line(&end)].concat();
    let project = Project::new();
    project.git(&["init", "-q"]).file("a.min.js", text).git(&["add", "."]);
    project.git(&["-c", "core.compression=1", "commit", "-qm", "c"]);
    for command in ["scan", "history"] {
        let ran = project.keysweep([command, "--format", "json"]).run().exits(1);
        let report = ran.json();
        let mut columns: Vec<(String, u64)> = Vec::new();
        for one in report["findings"].as_array().expect("findings") {
            assert_eq!(one["rule"], "aws-access-key", "{one}");
            let place = &one["occurrences"][0];
            assert_eq!(place["line"], 1, "{one}");
            let id = one["key_id"].as_str().expect("an id").to_owned();
            columns.push((id, place["column"].as_u64().expect("a column")));
        }
        columns.sort_by_key(|(_, column)| *column);
        let first = filler.len() + "AWS_ACCESS_KEY_ID=".len() + 1;
        let second = first + one_line(&middle).len() + filler.len();
        let expected = [(middle.id.clone(), first as u64), (end.id.clone(), second as u64)];
        assert_eq!(columns, expected, "{command}");
    }
}
