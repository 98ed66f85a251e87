//! A log is compared with the files that it is about: line hashes by a second implementation of
//! GitHub's algorithm, and regions as SARIF's consumers count.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::results;
use crate::support::require::require;

/// The numbers of results that were compared with a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Checked {
    pub(crate) hashes: usize,
    pub(crate) regions: usize,
}

/// Holds every result with a file below `root` against it.
pub(crate) fn check(log: &Value, root: &Path) -> Checked {
    let mut checked = Checked::default();
    let files: Vec<PathBuf> = results(log).iter().filter_map(|one| file(root, one)).collect();
    let known = hashes(&files);
    for result in results(log) {
        let Some(path) = file(root, result) else { continue };
        let place = &result["locations"][0]["physicalLocation"];
        let line = place["region"]["startLine"].as_u64().expect("a line");
        let reported = result["partialFingerprints"]["primaryLocationLineHash"].as_str();
        let reported = reported.expect("a hash");
        if let Some(oracle) = known.get(&(path.clone(), line)) {
            // A second finding of one line has a suffix, or GitHub would take both for one.
            let (hash, count) = reported.split_once(':').expect("hash and counter");
            let (own, own_count) = oracle.split_once(':').expect("hash and counter");
            let second = count.len() > own_count.len() && count.starts_with(own_count);
            assert!(
                hash == own && (count == own_count || second),
                "{reported}, not {oracle}: {result}"
            );
            checked.hashes += 1;
        }
        let text = std::fs::read(&path).expect("the file is there");
        let plain = result["properties"]["decoded"].is_null();
        if let Some(text) = String::from_utf8(text).ok().filter(|_| plain) {
            let related = result["relatedLocations"].as_array();
            let first = related.and_then(|all| all.first()).into_iter();
            for place in result["locations"].as_array().expect("one").iter().chain(first) {
                selects_a_credential(&text, &place["physicalLocation"]["region"]);
                checked.regions += 1;
            }
        }
    }
    checked
}

/// The file of the work tree that a result points at, if it is here.
fn file(root: &Path, result: &Value) -> Option<PathBuf> {
    let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    let uri = uri.as_str().filter(|uri| !uri.starts_with(".git/"))?;
    let path = root.join(OsString::from_vec(decoded(uri)));
    path.is_file().then_some(path)
}

fn decoded(uri: &str) -> Vec<u8> {
    let mut parts = uri.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).expect("two hexadecimal digits"));
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    bytes
}

fn hashes(files: &[PathBuf]) -> BTreeMap<(PathBuf, u64), String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/line_hash.py");
    let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let run = Command::new(python).arg(script).args(files).output();
    let run = run.map_err(|error| error.to_string());
    let Some(run) = require("python3", run) else { return BTreeMap::new() };
    let reported = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{reported}");
    let lines = String::from_utf8_lossy(&run.stdout).into_owned();
    let known = lines.lines().map(|line| {
        let mut parts = line.split('\t');
        let mut number = || parts.next().and_then(|text| text.parse::<usize>().ok());
        let (file, line) = (number().expect("a file"), number().expect("a line"));
        ((files[file].clone(), line as u64), parts.next().expect("a hash").to_owned())
    });
    known.collect()
}

/// Lines end at LF, columns count UTF-16 code units.
fn selects_a_credential(text: &str, region: &Value) {
    let at = |key: &str| region[key].as_u64().expect("a number") as usize;
    assert_eq!(at("startLine"), at("endLine"));
    let line = text.split('\n').nth(at("startLine") - 1).expect("the line");
    let units: Vec<u16> = line.encode_utf16().collect();
    let selected = String::from_utf16(&units[at("startColumn") - 1..at("endColumn") - 1]);
    let selected = selected.expect("whole characters");
    let in_secret = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let is_id = keysweep::aws::KeyId::parse(selected.as_bytes()).is_some();
    let is_secret = selected.len() == 40 && selected.bytes().all(in_secret);
    assert!(is_id || is_secret, "a region selects {selected:?}");
}
