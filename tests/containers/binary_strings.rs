//! Ids and secrets in binary formats, where a length or an opcode that is a letter touches them.

use crate::support::{Keys, Pair, Project};

/// A format of strings: its name, the bytes before a string of 20 and one of 40 characters, and the
/// bytes after.
type Strings = (&'static str, &'static [u8], &'static [u8], &'static [u8]);

const FORMATS: [Strings; 16] = [
    ("pickle 0", b"V", b"V", b"\np3\ns"),
    ("pickle 0, appended", b"aV", b"aV", b"\np3\n"),
    ("pickle 1", b"U\x14", b"U(", b"q\x04"),
    ("pickle 2", b"X\x14\0\0\0", b"X(\0\0\0", b"q\x04"),
    ("pickle 3, long memo", b"X\x14\0\0\0", b"X(\0\0\0", b"r\x04\x01\0\0"),
    ("CBOR", b"t", b"x(", b"j"),
    ("CBOR bytes", b"T", b"X(", b"e"),
    ("MessagePack", b"\xb4", b"\xd9(", b"\xa3"),
    ("Smile", b"S", b"g", b"\x84"),
    ("Avro", b"(", b"P", b"\x08"),
    ("PostgreSQL", b"+", b"S", b"\x15"),
    ("Java", b"t\0\x14", b"t\0(", b"t\0\x01"),
    ("Thrift", b"\x0b\0\x01\0\0\0\x14", b"\x0b\0\x02\0\0\0(", b"x\0"),
    ("Erlang", b"m\0\0\0\x14", b"m\0\0\0(", b"j"),
    ("UBJSON", b"SU\x14", b"SU(", b"}"),
    ("bencode", b"20:", b"40:", b"3:end"),
];

/// A map of two names and their values.
fn map((_, id_head, secret_head, after): Strings, pair: &Pair, binary: &[u8]) -> Vec<u8> {
    let name = |name: &str| [&[0x18, name.len() as u8][..], name.as_bytes()].concat();
    let (one, two) = (name("access_key"), name("secret_key"));
    // A name touches nothing in formats of text.
    let apart: &[u8] = if binary.is_empty() { b"\n" } else { b"q\x02" };
    let one = if binary.is_empty() { b"V1:access_key".to_vec() } else { one };
    let two = if binary.is_empty() { b"V1:secret_key".to_vec() } else { two };
    [
        binary,
        &one,
        apart,
        id_head,
        pair.id.as_bytes(),
        after,
        &two,
        apart,
        secret_head,
        pair.secret.as_bytes(),
        after,
        binary,
    ]
    .concat()
}

#[test]
fn a_string_of_a_binary_format_is_found_whatever_touches_it() {
    let mut keys = Keys::new("binary strings");
    for format in FORMATS {
        let is_text = format.0.starts_with("pickle 0") || format.0 == "bencode";
        // Signs that a file is not text: a zero, another control character, bytes that are not
        // UTF-8.
        let marks: &[&[u8]] = if is_text { &[b""] } else { &[b"\0", b"\x01", b"\xa2\xb4"] };
        for mark in marks {
            for _ in 0..5 {
                let (project, pair) = (Project::new(), keys.pair());
                project.file("a.bin", map(format, &pair, mark));
                let ran = project.keysweep(["scan", "--format", "json"]).run().exits(1);
                let report = ran.json();
                let finding = &report["findings"][0];
                assert_eq!(
                    finding["rule"], "aws-access-key",
                    "{} {mark:?} {}: {report}",
                    format.0, pair.id
                );
            }
        }
    }
}

/// Programs keep strings without anything between them, LMDB a value directly after its name.
#[test]
fn a_secret_directly_after_its_name_is_found() {
    let mut keys = Keys::new("right after");
    for (id_name, secret_name) in [
        ("access_key", "secret_key"),
        ("aws_access_key_id", "aws_secret_access_key"),
        ("accessKey", "secretKey"),
        ("access-key", "secret-access-key"),
    ] {
        for after in ["", "rev", "region us-east-1"] {
            let (project, pair) = (Project::new(), keys.pair());
            let text = format!("\0{id_name}{}{secret_name}{}{after}\0", pair.id, pair.secret);
            project.file("a.bin", text);
            let ran = project.keysweep(["scan", "--format", "json"]).run().exits(1);
            let report = ran.json();
            assert_eq!(
                report["findings"][0]["rule"], "aws-access-key",
                "{id_name} {after}: {report}"
            );
        }
    }
}

/// In a text the borders stay exact.
#[test]
fn letters_next_to_an_id_are_part_of_a_word_in_text() {
    let mut keys = Keys::new("words");
    for (before, after) in [("t", ""), ("T", "x"), ("", "q"), ("V", "\nq3\n"), ("1", "")] {
        let (project, pair) = (Project::new(), keys.pair());
        let text = format!("a {before}{}{after} b\n{}{}\n", pair.id, before, pair.secret);
        project.file("a.txt", text);
        project.keysweep(["scan", "--format", "json", "--min-confidence", "low"]).run().exits(0);
    }
}

/// A constant of a class has its length before it. Where that is a letter or a digit, a secret at the beginning
/// of a constant has no border in the plain bytes.
#[test]
fn a_constant_of_a_class_may_begin_with_a_secret_whatever_its_length() {
    let project = Project::new();
    let mut keys = Keys::new("constants");
    let lengths = (48..=57).chain(65..=90).chain(97..=122);
    let mut ids: Vec<String> = Vec::new();
    for length in lengths {
        let pair = keys.pair();
        let secret = format!("{:;<length$}", pair.secret);
        let constants = ["access_key", &pair.id, "secret_key", &secret];
        let mut class = b"\xca\xfe\xba\xbe\0\0\0\x34\0\x05".to_vec();
        for constant in constants {
            class.extend([1, 0, constant.len() as u8]);
            class.extend(constant.bytes());
        }
        class.extend([0, 0x21]);
        project.file(format!("{length}.class"), class);
        ids.push(pair.id);
    }
    let report = project.keysweep(["scan", "--format", "json"]).run().exits(1).json();
    let findings = report["findings"].as_array().expect("findings");
    let pairs = findings.iter().filter(|finding| finding["rule"] == "aws-access-key");
    let mut found: Vec<&str> = pairs.filter_map(|finding| finding["key_id"].as_str()).collect();
    found.sort_unstable();
    ids.sort_unstable();
    assert_eq!(found, ids);
}
