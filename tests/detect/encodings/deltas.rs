//! Encoded text is found in a delta as in the whole text: no anchor near it is quiet by mistake.

use keysweep::scan::Copied;

use super::*;

#[test]
fn a_delta_finds_credentials_in_other_notations() {
    let engine = Engine::new(&RuleSet::builtin());
    // Labels that are quiet, far enough from either end to be so in the middle of a longer text.
    let around = "the secret of it all is none, and no secret is kept by a wall\n".repeat(110);
    for (name, make) in forms() {
        let mut keys = Keys::new(name);
        let (bytes, _) = make(&mut keys);
        if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
            continue;
        }
        let bytes = [around.as_bytes(), &bytes, around.as_bytes()].concat();
        let whole = engine.whole(&bytes);
        let inside = around.len()..bytes.len() - around.len();
        for step in 0..3 {
            let at = inside.start + inside.len() * step / 3;
            for cut in [1, 4000] {
                let end = bytes.len().min(at + cut);
                let base = [&bytes[..at], &bytes[end..]].concat();
                let copied = [
                    Copied { from: 0, to: 0, len: at },
                    Copied { from: at, to: end, len: bytes.len() - end },
                ];
                let delta = engine.delta(&engine.whole(&base).memory, &copied, &bytes);
                assert!(delta.candidates == whole.candidates, "{name}, {cut} bytes at {at}");
                assert_eq!(delta.examples, whole.examples, "{name}, {cut} bytes at {at}");
            }
        }
    }
}
