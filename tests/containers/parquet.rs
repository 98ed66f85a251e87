//! Rows of Parquet, made byte by byte: separate columns, in compressed pages or not, plain or
//! dictionary-encoded, with missing values.

use super::damage::assert_copies_are_harmless;
use crate::support::compress::gzip;
use crate::support::{Keys, Pair, Project};

/// Numbers of Thrift's compact protocol, and of Snappy.
fn varint(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// Fields, so many numbers after the one before.
fn int(step: u8, number: usize) -> Vec<u8> {
    [vec![step << 4 | 6], varint(number << 1)].concat()
}

fn text(step: u8, text: &str) -> Vec<u8> {
    [vec![step << 4 | 8], varint(text.len()), text.into()].concat()
}

fn list(step: u8, kind: u8, items: &[Vec<u8>]) -> Vec<u8> {
    [vec![step << 4 | 9, (items.len() as u8) << 4 | kind], items.concat()].concat()
}

fn structure(step: u8, fields: &[Vec<u8>]) -> Vec<u8> {
    [vec![step << 4 | 12], fields.concat(), vec![0]].concat()
}

fn little(number: usize) -> [u8; 4] {
    u32::try_from(number).expect("short").to_le_bytes()
}

fn counted(text: &str) -> Vec<u8> {
    [&little(text.len())[..], text.as_bytes()].concat()
}

/// The form in which a file is written.
#[derive(Clone, Copy, Debug)]
struct Form {
    codec: u8,
    dictionary: bool,
    /// Some values are missing; where they may not be, there are no levels.
    optional: bool,
    /// The second version of pages has its lengths in the header, and levels that are not packed.
    second: bool,
}

fn packed(codec: u8, bytes: &[u8]) -> Vec<u8> {
    match codec {
        1 => bytes.chunks(60).fold(varint(bytes.len()), |mut out, chunk| {
            out.push((chunk.len() as u8 - 1) << 2);
            out.extend(chunk);
            out
        }),
        2 => gzip(bytes),
        _ => bytes.to_vec(),
    }
}

/// A column's pages at `start` of a file, and what the footer says of them.
fn column(name: &str, values: &[Option<&str>], form: Form, start: usize) -> (Vec<u8>, Vec<u8>) {
    let there: Vec<&str> = values.iter().flatten().copied().collect();
    let mut pages = Vec::new();
    if form.dictionary {
        // Backwards, so that the numbers say something.
        let text = there.iter().rev().map(|value| counted(value)).collect::<Vec<_>>().concat();
        let body = packed(form.codec, &text);
        let inner = structure(4, &[int(1, there.len()), int(1, 0)]);
        pages = [int(1, 2), int(1, text.len()), int(1, body.len()), inner, vec![0], body].concat();
    }
    let data = start + pages.len();
    // One bit a value, eight packed together.
    let bits = values.chunks(8).map(|values| {
        let bit = |(at, value): (usize, &Option<&str>)| u8::from(value.is_some()) << at;
        values.iter().enumerate().map(bit).sum::<u8>()
    });
    let bits: Vec<u8> = bits.collect();
    let levels = if form.optional { [varint(bits.len() << 1 | 1), bits].concat() } else { vec![] };
    let numbers = (0..there.len()).rev().map(|number| vec![2, number as u8]);
    let body = if form.dictionary {
        [vec![8], numbers.collect::<Vec<_>>().concat()].concat()
    } else {
        there.iter().map(|value| counted(value)).collect::<Vec<_>>().concat()
    };
    let encoding = if form.dictionary { 8 } else { 0 };
    let (body, length, inner) = if form.second {
        let (count, missing) = (values.len(), values.len() - there.len());
        let length = levels.len() + body.len();
        let counts = [int(1, count), int(1, missing), int(1, count), int(1, encoding)];
        let inner = [counts.concat(), int(1, levels.len()), int(1, 0)];
        ([levels, packed(form.codec, &body)].concat(), length, structure(5, &inner))
    } else {
        let header = if form.optional { little(levels.len()).to_vec() } else { vec![] };
        let body = [header, levels, body].concat();
        let inner = [int(1, values.len()), int(1, encoding), int(1, 3), int(1, 3)];
        (packed(form.codec, &body), body.len(), structure(2, &inner))
    };
    let kind = if form.second { 3 } else { 0 };
    pages.extend([int(1, kind), int(1, length), int(1, body.len()), inner, vec![0], body].concat());
    let path = list(1, 8, &[[varint(name.len()), name.into()].concat()]);
    let mut metadata = vec![
        int(1, 6),
        list(1, 5, &[vec![0]]),
        path,
        int(1, form.codec.into()),
        int(1, values.len()),
        int(1, pages.len()),
        int(1, pages.len()),
        int(2, data),
    ];
    if form.dictionary {
        metadata.push(int(2, start));
    }
    (pages, [int(2, start), structure(1, &metadata), vec![0]].concat())
}

/// Rows of a number, an id and a secret, every third one without its secret.
fn file(pairs: &[Pair], form: Form) -> Vec<u8> {
    let numbers: Vec<String> = (0..pairs.len()).map(|at| at.to_string()).collect();
    let number = numbers.iter().map(|number| Some(number.as_str())).collect::<Vec<_>>();
    let ids = pairs.iter().map(|pair| Some(pair.id.as_str())).collect::<Vec<_>>();
    let secrets = pairs
        .iter()
        .enumerate()
        .map(|(at, pair)| (!form.optional || at % 3 != 1).then_some(pair.secret.as_str()));
    let secrets: Vec<_> = secrets.collect();
    let mut bytes = b"PAR1".to_vec();
    let mut chunks = Vec::new();
    let mut schema = vec![[text(4, "schema"), int(1, 3), vec![0]].concat()];
    for (name, values) in [("n", number), ("access_key", ids), ("secret_key", secrets)] {
        let (pages, chunk) = column(name, &values, form, bytes.len());
        bytes.extend(pages);
        chunks.push(chunk);
        let element = [int(1, 6), int(2, usize::from(form.optional)), text(1, name), vec![0]];
        schema.push(element.concat());
    }
    let group = [list(1, 12, &chunks), int(1, 1), int(1, pairs.len()), vec![0]].concat();
    let footer = [int(1, 2), list(1, 12, &schema), int(1, pairs.len()), list(1, 12, &[group])];
    let footer = [footer.concat(), vec![0]].concat();
    bytes.extend_from_slice(&footer);
    bytes.extend(little(footer.len()));
    bytes.extend(b"PAR1");
    bytes
}

fn forms() -> Vec<Form> {
    let mut forms = Vec::new();
    for codec in [0, 1, 2] {
        for bits in 0..8 {
            let is = |bit: u8| bits >> bit & 1 == 1;
            forms.push(Form { codec, dictionary: is(0), optional: is(1), second: is(2) });
        }
    }
    forms
}

#[test]
fn rows_are_put_together() {
    let mut keys = Keys::new("parquet");
    for form in forms() {
        let (project, pairs) = (Project::new(), [0; 12].map(|_| keys.pair()));
        project.file("a.parquet", file(&pairs, form));
        let ran = project.keysweep(["scan", "--format", "json", "--show-secrets"]).run().exits(1);
        let report = ran.json();
        let findings = report["findings"].as_array().expect("findings");
        for (at, pair) in pairs.iter().enumerate() {
            let own = findings.iter().find(|one| one["key_id"] == pair.id.as_str());
            let secret = own.and_then(|own| own["secret"].as_str());
            let expected = (!form.optional || at % 3 != 1).then_some(pair.secret.as_str());
            assert_eq!(secret, expected, "{form:?} {at}: {report}");
        }
        assert_eq!(report["coverage"]["left_out"]["not_opened"], serde_json::Value::Null);
        assert_eq!(ran.problems(), Vec::<String>::new(), "{form:?}");
    }
}

/// A page in an encoding that is not read is counted, and a damaged one is a problem; neither makes
/// pairs of values that only lie near each other.
#[test]
fn what_is_not_read_is_reported() {
    let mut keys = Keys::new("parquet that is not read");
    let pairs = [0; 12].map(|_| keys.pair());
    let form = Form { codec: 4, dictionary: false, optional: false, second: false };
    let project = Project::new();
    project.file("a.parquet", file(&pairs, form));
    let ran = project.keysweep(["scan", "--format", "json"]).run().exits(0);
    let report = ran.json();
    let counted = &report["coverage"]["left_out"]["not_opened"];
    assert_eq!(counted, &serde_json::json!({"Parquet": 1}));
    let joined = |report: &serde_json::Value| report.to_string().contains("\"aws-access-key\"");
    assert!(!joined(&report), "{report}");
    let whole = file(&pairs, Form { codec: 0, ..form });
    project.file("a.parquet", &whole[..whole.len() - 9]);
    let ran = project.keysweep(["scan", "--format", "json"]).run().exits(3);
    assert!(!joined(&ran.json()), "{}", ran.stdout);
    assert!(ran.problems()[0].contains("damaged Parquet file"), "{:?}", ran.problems());
}

/// Any change of any byte leaves a text that is read to its end, in bounded time.
#[test]
fn no_damage_to_a_parquet_file_causes_a_panic() {
    let mut keys = Keys::new("damage to parquet");
    for form in forms() {
        let bytes = file(&[0; 9].map(|_| keys.pair()), form);
        assert_copies_are_harmless(&format!("{form:?}"), &bytes, 60, &mut keys);
    }
}
