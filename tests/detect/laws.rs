//! Properties of detection: a delta reports the same as the whole text, windows report each
//! credential once, and no bytes make it panic.

use keysweep::detect::Engine;
use keysweep::finding::Candidate;
use keysweep::rules::RuleSet;
use keysweep::scan::{Copied, Detector, Window};
use keysweep::stop::Stop;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use std::sync::LazyLock;

use crate::support::cases;

static ENGINE: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(&RuleSet::default()).keeping_rivals(true));

/// With shape rules, some of them of short reach: the chains of their anchors fit into small texts.
static SHAPES: LazyLock<Engine> = LazyLock::new(|| {
    let rule = |id: &str, anchors: &str, regex: &str, reach: usize| {
        format!(
            "[[rule]]\nid = \"{id}\"\ntitle = \"t\"\ndescription = \"d\"\nanchors = {anchors}\n\
             regex = '{regex}'\nreach = {reach}\nboundary = \"none\"\n\
             examples = [\"key ab0123\", \"smtp ab0123\", \"ecret b1\"]\n"
        )
    };
    let text = [
        rule("near", r#"["key", "smtp", "ecret"]"#, "[ab]+[0-9]{1,4}", 12),
        rule("greedy", r#"["key", "smtp", "ecret"]"#, "(?s-u)b[^c]*[0-9]", 14),
    ];
    let rules = RuleSet::with_texts(&[("own.toml".into(), text.concat())]);
    Engine::new(&rules.unwrap_or_else(|faults| panic!("{faults}")))
});

/// Texts that are full of the anchors of shapes, with what is a match and what is not.
fn shapes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        3 => "key|smtp|ecret|keykey|SMTP|-at-|ABSK|bedrock-api-key-",
        2 => "[ -~\n]{0,40}",
        1 => "[ab]{1,3}[0-9]{4}",
        1 => "[ .]{20,90}",
        1 => "B[A-P][A-Za-z0-9+/]{42}",
        1 => "[0-9a-f]{40}",
        1 => "[A-Za-z0-9+/]{40}",
        1 => "(\\\\n|%41|&#47;)",
    ];
    let pieces = proptest::collection::vec(piece, 0..60);
    pieces.prop_map(|pieces| pieces.concat().into_bytes())
}

/// Pieces of which credentials, labels and their encodings are made.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let bytes = |text: &'static str| Just(text.as_bytes().to_vec());
    prop_oneof![
        "(AKIA|ASIA)[A-Z2-7]{16}".prop_map(String::into_bytes),
        "[A-Za-z0-9+/]{40}".prop_map(String::into_bytes),
        "[A-Za-z0-9+/]{1,200}".prop_map(String::into_bytes),
        "[ -~\n]{0,60}".prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..24),
        bytes("aws_secret_access_key = "),
        bytes("\"secretAccessKey\": \""),
        bytes("\n[default]\n"),
        bytes("\\u002f%2F\\/&#47;=\n"),
        bytes("QUtJQVdUU1dT"),
        bytes("H4sIAAAA"),
        bytes("414b4941"),
        bytes("A\0K\0I\0A\0"),
        bytes("AK"),
        bytes("IA"),
        bytes("\" + \""),
        bytes("X-Amz-Signature="),
        bytes("IQoJb3JpZ2luX2Vj"),
    ]
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(piece(), 0..24).prop_map(|pieces| pieces.concat())
}

/// Lines as texts have them that speak of secrets, and a secret now and then.
fn labelled() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "[a-z ]{20,90}\n",
        4 => "fix secret [0-9a-f]{40} [a-z ]{0,20}\n",
        4 => "the secret of [a-z ]{10,60}\n",
        4 => "secret: [a-z]{1,9}/[a-z]{1,9}/[a-z]{20,40}/[a-z]{1,9}\n",
        1 => "aws_secret_access_key = [A-Za-z0-9+/]{40}\n",
        1 => "AKIA[A-Z2-7]{16} [A-Za-z0-9+/]{40}\n",
        1 => "key ab0123 smtp\n",
    ]
}

/// A text made of runs of another one and of bytes of its own.
#[derive(Clone, Debug)]
enum Step {
    Copy(prop::sample::Index, prop::sample::Index),
    Head(prop::sample::Index),
    Tail(prop::sample::Index),
    Insert(Vec<u8>),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => any::<(prop::sample::Index, prop::sample::Index)>().prop_map(|(a, b)| Step::Copy(a, b)),
        1 => piece().prop_map(Step::Insert),
    ]
}

/// A step that mostly copies a great part, as the deltas of git do.
fn long_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => step(),
        1 => "key|smtp|ab0123|[a-z ]{1,30}".prop_map(|text| Step::Insert(text.into_bytes())),
        2 => any::<prop::sample::Index>().prop_map(Step::Head),
        2 => any::<prop::sample::Index>().prop_map(Step::Tail),
    ]
}

fn apply(base: &[u8], steps: &[Step]) -> (Vec<u8>, Vec<Copied>) {
    let mut bytes = Vec::new();
    let mut copied = Vec::new();
    let len = base.len() + 1;
    for step in steps {
        let (a, b) = match step {
            Step::Copy(a, b) => (a.index(len), b.index(len)),
            Step::Head(end) => (0, end.index(len)),
            Step::Tail(start) => (start.index(len), base.len()),
            Step::Insert(own) => {
                bytes.extend_from_slice(own);
                continue;
            }
        };
        let (from, end) = (a.min(b), a.max(b));
        if from < end {
            copied.push(Copied { from, to: bytes.len(), len: end - from });
            bytes.extend_from_slice(&base[from..end]);
        }
    }
    (bytes, copied)
}

/// Deltas of deltas report what the whole text does.
fn shapes_agree(mut base: Vec<u8>, generations: &[Vec<Step>]) -> Result<(), TestCaseError> {
    let mut memory = SHAPES.whole(&base).memory;
    for steps in generations {
        let (bytes, copied) = apply(&base, steps);
        let delta = SHAPES.delta(&memory, &copied, &bytes);
        let whole = SHAPES.whole(&bytes);
        prop_assert_eq!(&delta.candidates, &whole.candidates);
        prop_assert_eq!(delta.examples, whole.examples);
        (memory, base) = (delta.memory, bytes);
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(if cfg!(debug_assertions) { 300 } else { 20_000 }))]

    #[test]
    fn a_delta_reports_what_the_whole_text_does(base in text(), steps in proptest::collection::vec(step(), 0..12)) {
        let memory = ENGINE.whole(&base).memory;
        let (bytes, copied) = apply(&base, &steps);
        let delta = ENGINE.delta(&memory, &copied, &bytes);
        let whole = ENGINE.whole(&bytes);
        prop_assert_eq!(&delta.candidates, &whole.candidates);
        prop_assert_eq!(delta.examples, whole.examples);
        // And so does the next generation.
        let again = ENGINE.delta(&delta.memory, &[Copied { from: 0, to: 0, len: bytes.len().max(1) }][..usize::from(!bytes.is_empty())], &bytes);
        prop_assert_eq!(&again.candidates, &whole.candidates);
    }

    #[test]
    fn a_delta_reports_the_shapes_of_the_whole_text(
        base in shapes(), steps in proptest::collection::vec(long_step(), 0..6),
        again in proptest::collection::vec(long_step(), 1..6),
    ) {
        shapes_agree(base, &[steps, again])?;
    }

    #[test]
    fn windows_report_each_credential_once(bytes in text(), cut in any::<prop::sample::Index>()) {
        let cut = cut.index(bytes.len() + 1);
        let whole = ENGINE.whole(&bytes).candidates;
        let part = |owned: std::ops::Range<usize>| -> Vec<Candidate> {
            ENGINE.window(&bytes, &Window { owned, ..Window::of(&bytes) }).candidates
        };
        let mut parts = part(0..cut);
        parts.extend(part(cut..bytes.len()));
        prop_assert_eq!(parts, whole);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), pieces in text()) {
        let mut mixed = pieces;
        mixed.extend_from_slice(&bytes);
        ENGINE.whole(&mixed);
    }
}

proptest! {
    #![proptest_config(cases(if cfg!(debug_assertions) { 20 } else { 1_000 }))]

    #[test]
    fn a_delta_reports_values_after_labels(
        lines in proptest::collection::vec(labelled(), 100..400),
        steps in proptest::collection::vec(long_step(), 1..5),
        again in proptest::collection::vec(long_step(), 1..5),
    ) {
        shapes_agree(lines.concat().into_bytes(), &[steps, again])?;
    }
}

#[test]
fn an_edit_at_every_offset_around_a_pair_is_seen() {
    // Composed here, so that no scanner takes this file for a leak.
    let id = ["AKIA", "QNZGKIQY56JQ7WML"].concat();
    let secret = ["x9Kq2LmZ8vR4tYw7", "Bn3Jd6Fh1Gs5Pc0QeUaXiOzT"].concat();
    let base =
        format!("# settings\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n# end\n")
            .into_bytes();
    let memory = ENGINE.whole(&base).memory;
    for at in 0..=base.len() {
        for own in [&b""[..], b"A", b"x9", b"\n"] {
            for skip in [0, 1] {
                let from = (at + skip).min(base.len());
                let bytes = [&base[..at], own, &base[from..]].concat();
                let copied: Vec<Copied> = [
                    Copied { from: 0, to: 0, len: at },
                    Copied { from, to: at + own.len(), len: base.len() - from },
                ]
                .into_iter()
                .filter(|run| run.len > 0)
                .collect();
                let delta = ENGINE.delta(&memory, &copied, &bytes).candidates;
                assert_eq!(delta, ENGINE.whole(&bytes).candidates, "at {at}");
            }
        }
    }
}

/// A text that consists of one value is recognised by its length, and so is the result of a delta.
#[test]
fn a_delta_to_a_value_alone_is_seen() {
    let secret = ["x9Kq2LmZ8vR4tYw7", "Bn3Jd6Fh1Gs5Pc0QeUaXiOzT"].concat();
    let alone = format!("{secret}\n").into_bytes();
    let longer = [b"# of the upload\n".as_slice(), &alone].concat();
    let lead = longer.len() - alone.len();
    for (base, copied, bytes) in [
        (&longer, Copied { from: lead, to: 0, len: alone.len() }, &alone),
        (&alone, Copied { from: 0, to: lead, len: alone.len() }, &longer),
    ] {
        let whole = ENGINE.whole(bytes).candidates;
        let delta = ENGINE.delta(&ENGINE.whole(base).memory, &[copied], bytes).candidates;
        assert_eq!(whole.len(), usize::from(bytes.len() == alone.len()));
        assert_eq!(delta, whole);
    }
}

/// The end of a part may cut an id anywhere, its first letters too.
#[test]
fn a_part_may_end_in_the_middle_of_an_id() {
    let mut keys = crate::support::Keys::new("cut");
    let ids: String = (0..17_000).map(|_| keys.id() + "\n").collect();
    for cut in 1..5 {
        // A part ends 320 KiB after the beginning.
        let lead = (320 * 1024 - cut) % 21;
        let text = ".".repeat(lead) + "\n" + &ids;
        let text = &text.as_bytes()[1..];
        let found = ENGINE.whole(text).candidates.len();
        assert!((16_980..=17_000).contains(&found), "{cut}: {found}");
    }
}

/// A text full of ids is read part by part, and every pair in it is reported once and at its location.
#[test]
fn a_text_full_of_keys_is_reported_like_any_other() {
    let mut keys = crate::support::Keys::new("crowded");
    // Not by `Keys::secret`: what it gives is looked for in the output of every other test.
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let line = |number: usize| {
        let id = keys.id();
        let secret = (0..40).map(|_| char::from(alphabet[keys.next() as usize & 63]));
        format!("é {number} {id} {}\n", secret.collect::<String>())
    };
    let lines: Vec<String> = (0..14_000).map(line).collect();
    let text = lines.concat();
    let candidates = ENGINE.whole(text.as_bytes()).candidates;
    let pairs: Vec<&Candidate> =
        candidates.iter().filter(|one| one.credential.rule.as_str() == "aws-access-key").collect();
    // Some random ids and secrets read like examples or words.
    assert!(pairs.len() > 13_900, "{}", pairs.len());
    let mut before = 0;
    for pair in pairs {
        let place = pair.sighting.id.expect("an id").start;
        let secret = pair.sighting.secret.expect("a secret").start;
        assert!(place.line > before, "each once and in order");
        before = place.line;
        let id = pair.credential.key_id.as_deref().expect("an id");
        assert!(lines[place.line as usize - 1].contains(id), "in its own line");
        assert_eq!((secret.line, secret.column), (place.line, place.column + 21));
    }
}

/// A rule for which any letter may be a match, and the rest of a look is read to know that.
fn without_end() -> Engine {
    let text = "[[rule]]\nid = \"slow\"\ntitle = \"t\"\ndescription = \"d\"\nanchors = [\"aaa\"]\n\
                regex = '(?s-u)a.*zz|a'\nreach = 16384\nboundary = \"none\"\nexamples = [\"aaa\"]\n";
    let rules = RuleSet::with_texts(&[("own.toml".into(), text.to_owned())]);
    Engine::new(&rules.unwrap_or_else(|faults| panic!("{faults}")))
}

/// Without an end this takes hours: the flag is looked at in the middle of a text, whatever is done.
#[test]
fn a_detector_ends_in_the_middle_of_a_text() {
    let stop = Stop::default();
    let engine = without_end().ended_by(&stop).expect("it can be ended");
    let text = b"a".repeat(8 << 20);
    let setter = std::thread::spawn({
        let stop = stop.clone();
        move || {
            std::thread::sleep(std::time::Duration::from_millis(300));
            stop.set();
        }
    });
    engine.window(&text, &Window::of(&text));
    assert!(stop.is_set());
    setter.join().expect("it ended");
    // Whatever begins later ends at once.
    let mut keys = crate::support::Keys::new("stopped");
    let pair = keys.pair();
    let found = |engine: &Engine| engine.whole(pair.env.as_bytes()).candidates.len();
    assert_eq!((found(&engine), found(&ENGINE)), (0, 1));
}

/// An end of a part, which cuts what would decide, must not call an anchor quiet for the next part.
#[test]
fn a_match_on_the_border_of_a_part_is_reported_once() {
    let mut keys = crate::support::Keys::new("border of a part");
    let ids: String = (0..17_000).map(|_| keys.id() + "\n").collect();
    // A part and its surroundings end 320 KiB after the beginning.
    for back in [0, 2, 5, 20, 40, 60] {
        let at = 320 * 1024 - back;
        let text = format!("{}\nx key ab0123 \n{}", &ids[..at], &ids[at..]);
        let found = SHAPES.whole(text.as_bytes()).candidates;
        let near = found.iter().filter(|one| one.credential.rule.as_str() == "near").count();
        assert_eq!(near, 1, "{back}");
    }
}
