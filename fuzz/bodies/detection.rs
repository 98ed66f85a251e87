//! Detection on hostile bytes: it never panics, and a delta and windows report what the whole text does.
//!
//! The same laws hold on made-up texts in every run of the tests (`tests/detect/laws.rs`).

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use keysweep::detect::Engine;
use keysweep::finding::Candidate;
use keysweep::rules::RuleSet;
use keysweep::scan::{Copied, Detector as _, Window};

use super::feed::Feed;
use super::pieces::expand;

/// The detector of the built-in rules.
pub static ENGINE: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(&RuleSet::builtin()).keeping_rivals(true));

/// A text, a text made of it, and one made of that: each delta equals the whole.
pub fn deltas(data: &[u8]) {
    let mut feed = Feed::new(data);
    let base = expand(feed.long_run());
    let steps = feed.run();
    let memory = ENGINE.whole(&base).memory;
    let (bytes, copied) = apply(&base, steps);
    let delta = ENGINE.delta(&memory, &copied, &bytes);
    let whole = ENGINE.whole(&bytes);
    assert_eq!(delta.candidates, whole.candidates);
    assert_eq!(delta.examples, whole.examples);
    let (bytes, copied) = apply(&bytes, feed.rest());
    let again = ENGINE.delta(&delta.memory, &copied, &bytes);
    let whole = ENGINE.whole(&bytes);
    assert_eq!(again.candidates, whole.candidates, "in the second generation");
    assert_eq!(again.examples, whole.examples);
}

/// The text that steps make of a base, and which runs of it come from there, as in git's deltas.
fn apply(base: &[u8], steps: &[u8]) -> (Vec<u8>, Vec<Copied>) {
    let mut feed = Feed::new(steps);
    let (mut bytes, mut copied) = (Vec::new(), Vec::new());
    while !feed.is_empty() && bytes.len() < 1 << 16 {
        let tag = feed.byte();
        if tag & 1 == 1 {
            bytes.extend(expand(feed.take(usize::from(tag >> 1))));
            continue;
        }
        let from = feed.word().min(base.len());
        let len = feed.word().min(base.len() - from);
        if len > 0 {
            copied.push(Copied { from, to: bytes.len(), len });
            bytes.extend_from_slice(&base[from..from + len]);
        }
    }
    (bytes, copied)
}

/// A text cut anywhere: its windows report what the whole text does.
pub fn windows(data: &[u8]) {
    let mut feed = Feed::new(data);
    let cuts = [feed.word(), feed.word()];
    windows_equal_whole(&expand(feed.rest()), cuts);
}

fn windows_equal_whole(bytes: &[u8], cuts: [usize; 2]) {
    let mut cuts = cuts.map(|cut| cut % (bytes.len() + 1));
    cuts.sort_unstable();
    let whole = ENGINE.whole(bytes);
    let part = |owned: Range<usize>| -> Vec<Candidate> {
        ENGINE.window(bytes, &Window { owned, ..Window::of(bytes) }).candidates
    };
    let parts = [part(0..cuts[0]), part(cuts[0]..cuts[1]), part(cuts[1]..bytes.len())].concat();
    assert_eq!(in_order(parts), in_order(whole.candidates));
}

/// Sorted, because a text that only claims to be UTF-16 is read twice, and each window reports both
/// readings.
fn in_order(mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    candidates.sort_by_cached_key(|candidate| format!("{candidate:?}"));
    candidates
}

/// A text whose parts are encoded, some of them several times.
pub fn encoded(data: &[u8]) {
    let mut feed = Feed::new(data);
    let cuts = [feed.word(), feed.word()];
    let mut text = Vec::new();
    while !feed.is_empty() && text.len() < 1 << 16 {
        let forms = feed.byte();
        let mut part = expand(feed.run());
        for form in [forms & 15, forms >> 4] {
            part = encode(form, &part);
        }
        text.extend(part);
    }
    windows_equal_whole(&text, cuts);
}

/// Writes a text in one of the forms in which keys leak.
fn encode(form: u8, bytes: &[u8]) -> Vec<u8> {
    let each = |write: &dyn Fn(&mut String, u8)| {
        let mut out = String::new();
        bytes.iter().for_each(|&byte| write(&mut out, byte));
        out.into_bytes()
    };
    let hex = |out: &mut String, before: &str, byte: u8| {
        let _ = write!(out, "{before}{byte:02x}");
    };
    match form {
        1 => STANDARD.encode(bytes).into_bytes(),
        2 => URL_SAFE_NO_PAD.encode(bytes).into_bytes(),
        3 => wrapped(&STANDARD.encode(bytes), "\n"),
        4 => wrapped(&STANDARD.encode(bytes), "\\n"),
        5 => each(&|out, byte| hex(out, "", byte)),
        6 => each(&|out, byte| hex(out, "%", byte)),
        7 => each(&|out, byte| hex(out, "\\x", byte)),
        8 => each(&|out, byte| hex(out, "\\u00", byte)),
        9 => bytes.iter().flat_map(|byte| format!("&#{byte};").into_bytes()).collect(),
        10 => bytes.iter().flat_map(|&byte| [byte, 0]).collect(),
        11 => bytes.iter().flat_map(|&byte| [0, byte]).collect(),
        12 => serde_json::to_vec(&String::from_utf8_lossy(bytes)).unwrap_or_default(),
        13 => STANDARD.encode(packed(bytes)).into_bytes(),
        14 => [&b"+"[..], &bytes.split(|&b| b == b'\n').collect::<Vec<_>>().join(&b"\n+"[..])]
            .concat(),
        15 => bytes.chunks(30).collect::<Vec<_>>().join(&b"\" + \""[..]),
        _ => bytes.to_vec(),
    }
}

fn wrapped(text: &str, end: &str) -> Vec<u8> {
    let lines: Vec<&[u8]> = text.as_bytes().chunks(76).collect();
    lines.join(end.as_bytes())
}

/// As gzip writes it.
fn packed(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).unwrap_or_default()
}
