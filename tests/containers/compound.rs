//! Compound files: Outlook messages with attachments, Office macros, and the text that Word keeps
//! after it was deleted as a tracked change.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::damage::assert_harmless;
use super::holds_a_pair;
use crate::support::{Keys, Project};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::none());
    out.write_all(bytes).expect("memory");
    out.finish().expect("memory")
}

const FREE: u32 = 0xffff_ffff;
const END: u32 = 0xffff_fffe;

/// A compound file with one stream in one storage ([MS-CFB]); its sectors are in reverse order.
fn compound(storage: &str, name: &str, stream: &[u8], shift: u32) -> Vec<u8> {
    let size = 1usize << shift;
    let small = stream.len() < 4096;
    // Sector 0 is the table, 1 the directory, 2 the table of small sectors, then the stream.
    let count = stream.len().div_ceil(size);
    let mut table = vec![0xffff_fffd, END, END];
    table.extend((0..count).map(|at| if at == 0 { END } else { at as u32 + 2 }));
    let last = if count == 0 { END } else { count as u32 + 2 };
    let mut small_table: Vec<u32> =
        (0..stream.len().div_ceil(64)).map(|at| at as u32 + 1).collect();
    small_table.pop();
    small_table.push(END);
    // The small sectors are kept in order, in the stream of the root.
    let entry = |name: &str, kind: u8, child: u32, start: u32, size: usize| {
        let mut entry: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let length = entry.len() as u8 + 2;
        entry.resize(64, 0);
        entry.extend([length, 0, kind, 1]);
        [FREE, FREE, child].iter().for_each(|number| entry.extend(number.to_le_bytes()));
        entry.resize(116, 0);
        entry.extend(start.to_le_bytes());
        entry.extend((size as u64).to_le_bytes());
        entry
    };
    let root = entry("Root Entry", 5, 1, if small { last } else { END }, stream.len());
    let first = if small { 0 } else { last };
    let mut directory =
        [root, entry(storage, 1, 2, 0, 0), entry(name, 2, FREE, first, stream.len())].concat();
    directory.resize(size, 0);
    let words = |numbers: &[u32]| {
        let mut bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        bytes.resize(size, 0xff);
        bytes
    };
    let mut header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    header.resize(24, 0);
    header.extend([0x3e, 0, if shift == 9 { 3 } else { 4 }, 0, 0xfe, 0xff, shift as u8, 0, 6, 0]);
    header.resize(44, 0);
    [1, 1, 0, 4096, 2, 1, END, 0, 0]
        .iter()
        .for_each(|number: &u32| header.extend(number.to_le_bytes()));
    header.resize(512, 0xff);
    header.resize(size, 0);
    let mut blocks: Vec<Vec<u8>> = stream.chunks(size).map(<[u8]>::to_vec).collect();
    blocks.iter_mut().for_each(|block| block.resize(size, 0));
    blocks.reverse();
    [header, words(&table), directory, words(&small_table), blocks.concat()].concat()
}

/// A macro's source, packed without a reference to earlier bytes ([MS-OVBA] 2.4.1).
fn packed_macro(source: &str) -> Vec<u8> {
    let mut bytes = vec![b'p'; 30];
    bytes.push(1);
    for chunk in source.as_bytes().chunks(3000) {
        let tokens: Vec<u8> =
            chunk.chunks(8).flat_map(|letters| [&[0], letters].concat()).collect();
        let header = 0xb000 | (tokens.len() as u16 - 1);
        bytes.extend(header.to_le_bytes());
        bytes.extend(tokens);
    }
    bytes
}

/// RTF of a message, packed without a reference ([MS-OXRTFCP] 2.2).
fn packed_rtf(rtf: &str) -> Vec<u8> {
    let mut bytes = vec![0; 16];
    bytes[8..12].copy_from_slice(b"LZFu");
    for letters in rtf.as_bytes().chunks(8) {
        bytes.push(0);
        bytes.extend_from_slice(letters);
    }
    bytes
}

#[test]
fn streams_of_a_compound_file_are_opened() {
    let mut keys = Keys::new("compound");
    let pair = keys.pair();
    let filler = "a line of other text that makes it long\n".repeat(400);
    let long = format!("{filler}{}", pair.env);
    let source = format!(
        "Attribute VB_Name = \"Module1\"\r\nid = \"{}\"\r\nsecret_key = \"{}\"\r\n",
        pair.id, pair.secret
    );
    let (one, two) = pair.secret.split_at(11);
    let rtf = format!("{{\\rtf1 access key {}\\par secret key {{\\b {one}}}{two}}}", pair.id);
    let attached = "__substg1.0_37010102";
    for (name, storage, stream, bytes) in [
        ("short.msg", "__attach_version1.0_#00000000", attached, gzip(pair.env.as_bytes())),
        ("long.msg", "__attach_version1.0_#00000000", attached, gzip(long.as_bytes())),
        ("vbaProject.bin", "VBA", "Module1", packed_macro(&source)),
        ("long.bin", "VBA", "Module1", packed_macro(&format!("{source}{filler}{source}"))),
        ("rtf.msg", "__nameid", "__substg1.0_10090102", packed_rtf(&rtf)),
    ] {
        for shift in [9, 12] {
            let file = compound(storage, stream, &bytes, shift);
            holds_a_pair(name, &file, &format!("{storage}/{stream}"), &[20, 600, file.len() / 2]);
        }
    }
}

/// Chains that go round, and streams that share their bytes, end.
#[test]
fn no_damage_to_a_compound_file_causes_a_panic() {
    let mut keys = Keys::new("damage to compound files");
    let text = gzip("words and other words\n".repeat(300).as_bytes());
    for file in [
        compound("a", "b", &text, 9),
        compound("a", "b", &text[..2000], 9),
        compound("VBA", "b", &packed_macro(&"Attribute x\n".repeat(600)), 12),
        compound("a", "__substg1.0_10090102", &packed_rtf(&"{\\rtf1 x}".repeat(600)), 9),
    ] {
        for round in 0..400 {
            let mut changed = file.clone();
            // The header, the tables and the directory.
            let within = if round % 2 == 0 { 2048 } else { changed.len() };
            for _ in 0..=keys.next() % 3 {
                let at = 8 + keys.next() as usize % (within - 8);
                changed[at] = [0, 0xff, 3, keys.next() as u8][keys.next() as usize % 4];
            }
            assert_harmless("a compound file", &changed);
        }
    }
}

/// Makes a document of the text in `word.xml`.
const ZIPPED: &str = "python3 -c \"import zipfile; z = zipfile.ZipFile('a.docx', 'w', 8); \
    z.writestr('[Content_Types].xml', '<Types/>'); z.write('word.xml', 'word/document.xml')\"";

/// Deleted text is a text of its own, whatever is in its place.
#[test]
fn a_deleted_text_of_word_is_found() {
    let mut keys = Keys::new("tracked changes");
    let pair = keys.pair();
    let (id, secret) = (&pair.id, &pair.secret);
    let (one, two) = secret.split_at(9);
    let run = |text: &str| format!("<w:r><w:t xml:space=\"preserve\">{text}</w:t></w:r>");
    let del = |text: &str| {
        format!("<w:del w:id=\"1\" w:author=\"A\"><w:r><w:delText>{text}</w:delText></w:r></w:del>")
    };
    let ins = |text: &str| format!("<w:ins w:id=\"2\" w:author=\"A\">{}</w:ins>", run(text));
    let par = |text: &str| format!("<w:p>{text}</w:p>");
    for (name, body) in [
        ("deleted", par(&del(&format!("access key {id} secret {secret}")))),
        (
            "replaced",
            par(&[run("access key "), run(id), run(" secret "), del(secret), ins("see vault")]
                .concat()),
        ),
        (
            "inserted before",
            par(&[run("access key "), run(id), run(" secret "), ins("vault"), del(secret)].concat()),
        ),
        (
            "both replaced",
            [
                par(&[run("access key: "), del(id), ins("vault")].concat()),
                par(&[run("secret key: "), del(secret), ins("vault")].concat()),
            ]
            .concat(),
        ),
        (
            "in pieces",
            par(&[run("access key "), run(id), run(" secret "), del(one), del(two), ins("x")]
                .concat()),
        ),
        (
            "moved",
            [
                par(&[run("access key "), run(id)].concat()),
                par(&format!("{}<w:moveFrom>{}</w:moveFrom>", run("secret "), run(secret))),
                par(&ins("nothing")),
            ]
            .concat(),
        ),
        (
            "in a row",
            format!(
                "<w:tr><w:tc>{}</w:tc><w:tc>{}</w:tc></w:tr>",
                par(&[del(id), ins("gone")].concat()),
                par(&[del(secret), ins("gone")].concat())
            ),
        ),
    ] {
        let project = Project::new();
        project.file("word.xml", format!("<?xml version=\"1.0\"?><w:document>{body}</w:document>"));
        project.shell(ZIPPED, "");
        std::fs::remove_file(project.at("word.xml")).expect("ours");
        let ran = project.keysweep(["scan", "--format", "json"]).run().exits(1);
        let report = ran.json();
        let rules: Vec<_> = report["findings"]
            .as_array()
            .expect("findings")
            .iter()
            .map(|one| &one["rule"])
            .collect();
        assert_eq!(rules, ["aws-access-key"], "{name}: {report}");
    }
}
