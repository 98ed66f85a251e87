//! Keys on the pages of PDFs, whose characters only the fonts define: they are found wherever the
//! font is named; pages without characters and encrypted files are counted.

use std::fmt::Write as _;
use std::process::Command;

use crate::containers::forms::member_paths;
use crate::support::compress::zlib;
use crate::support::tools;
use crate::support::{Keys, Pair, Project, Ran};

/// An object.
pub(crate) fn object(number: u32, body: &str) -> Vec<u8> {
    format!("{number} 0 obj\n{body}\nendobj\n").into_bytes()
}

/// An object with a stream, whose dictionary has these entries too.
pub(crate) fn stream(number: u32, entries: &str, bytes: &[u8]) -> Vec<u8> {
    let head = format!("{number} 0 obj\n<< /Length {} {entries} >>\nstream\n", bytes.len());
    [head.as_bytes(), bytes, b"\nendstream\nendobj\n"].concat()
}

/// A stream that deflate packs.
pub(crate) fn packed(number: u32, entries: &str, bytes: &[u8]) -> Vec<u8> {
    stream(number, &format!("/Filter /FlateDecode {entries}"), &zlib(bytes))
}

pub(crate) fn pdf(objects: &[Vec<u8>]) -> Vec<u8> {
    [b"%PDF-1.5\n".to_vec(), objects.concat(), b"%%EOF\n".to_vec()].concat()
}

/// Objects in an object stream, packed.
fn objects_in(number: u32, objects: &[(u32, &str)]) -> Vec<u8> {
    let (mut table, mut bodies) = (String::new(), String::new());
    for (object, body) in objects {
        write!(table, "{object} {} ", bodies.len()).expect("memory");
        bodies.push_str(body);
        bodies.push(' ');
    }
    let entries = format!("/Type /ObjStm /N {} /First {}", objects.len(), table.len());
    packed(number, &entries, (table + &bodies).as_bytes())
}

/// The code of a letter in a font of its own order.
fn code(letter: char, order: u32) -> u32 {
    (u32::from(letter) * 37 + order) % 127 + 0x100
}

/// A page that shows each line by codes of two bytes, with the font of this name.
pub(crate) fn wide_page(lines: &str, font: &str, order: u32) -> Vec<u8> {
    let mut page = format!("BT /{font} 12 Tf 72 720 Td");
    for line in lines.lines() {
        let codes: String = line.chars().map(|one| format!("{:04X}", code(one, order))).collect();
        write!(page, " 0 -14 Td [<{}>-3<{}>] TJ", &codes[..12], &codes[12..]).expect("memory");
    }
    (page + " ET").into_bytes()
}

/// A CMap that gives the codes of this order their letters.
pub(crate) fn cmap(order: u32) -> String {
    let letters = (' '..='~')
        .map(|one| format!("<{:04X}> <{:04X}>\n", code(one, order), u32::from(one)))
        .collect::<String>();
    format!(
        "/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <0000> <FFFF> \
         endcodespacerange 95 beginbfchar\n{letters}endbfchar endcmap"
    )
}

/// A font of wide codes, whose CMap is this object.
pub(crate) fn wide_font(map: u32) -> String {
    format!(
        "<< /Type /Font /Subtype /Type0 /Encoding /Identity-H /BaseFont /A \
         /DescendantFonts [90 0 R] /ToUnicode {map} 0 R >>"
    )
}

pub(crate) fn scan(file: Vec<u8>) -> Ran {
    let project = Project::new();
    project.file("a.pdf", file);
    project.keysweep(["scan", "--format", "json", "--no-progress", "a.pdf"]).run()
}

/// Asserts that the pair, and nothing else, was found there, and that the ledger is empty.
#[track_caller]
pub(crate) fn finds(file: Vec<u8>, pair: &Pair, object: &str, line: u64) {
    let ran = scan(file).exits(1);
    let report = ran.json();
    let findings = report["findings"].as_array().expect("findings");
    let found: Vec<_> = findings.iter().map(|one| (&one["rule"], &one["key_id"])).collect();
    assert_eq!(found, [(&"aws-access-key".into(), &pair.id.as_str().into())], "{ran:?}");
    assert_eq!(member_paths(&ran), [(vec!["a.pdf".to_owned(), object.to_owned()], line)]);
    assert_eq!((ran.left_out("unlettered"), ran.problems().len()), (0, 0), "{ran:?}");
}

/// Fonts that others call so, more of them than are tried.
fn decoys(name: &str) -> Vec<u8> {
    let others = (50..56).flat_map(|number| {
        let said = object(number, &format!("<< /{name} {} 0 R >>", number + 10));
        [said, object(number + 10, &wide_font(number + 20))].concat()
    });
    others.collect()
}

#[test]
fn fonts_are_found_wherever_they_are_named() {
    let pair = Keys::new("pdf fonts").pair();
    let page = |font: &str| packed(4, "", &wide_page(&pair.env, font, 5));
    let map = || packed(6, "", cmap(5).as_bytes());
    let font = || object(5, &wide_font(6));
    let inline = format!("<< /Font << /F1 {} >> >>", wide_font(6));
    let inherits = "<< /Type /Page /Parent 2 0 R /Contents [4 0 R] >>";
    let resources = "<< /Font << /F1 5 0 R >> >>";
    for (name, objects) in [
        (
            "in the page",
            vec![
                object(1, &format!("<< /Type /Page /Contents 4 0 R /Resources {resources} >>")),
                font(),
            ],
        ),
        (
            "by references, in a list of contents",
            vec![
                object(1, "<< /Type /Page /Contents 8 0 R /Resources 2 0 R >>"),
                object(8, "[ 4 0 R ]"),
                object(2, "<< /Font 3 0 R >>"),
                object(3, "<< /F1 5 0 R >>"),
                font(),
            ],
        ),
        (
            "inherited",
            vec![
                object(1, inherits),
                object(2, "<< /Type /Pages /Parent 3 0 R >>"),
                object(3, &format!("<< /Type /Pages /Resources {resources} >>")),
                font(),
            ],
        ),
        (
            "without an object",
            vec![object(1, &format!("<< /Type /Page /Contents 4 0 R /Resources {inline} >>"))],
        ),
        (
            "in an object stream",
            vec![objects_in(
                9,
                &[
                    (1, "<< /Type /Page /Contents 4 0 R /Resources 2 0 R >>"),
                    (2, resources),
                    (5, &wide_font(6)),
                ],
            )],
        ),
    ] {
        println!("{name}");
        let file = pdf(&[decoys("F1"), page("F1"), objects.concat(), map()]);
        finds(file, &pair, "object 4", 3);
    }
    // No page says it; its name is written in two ways, and the font is said anew.
    let old = [object(5, &wide_font(7)), packed(7, "", cmap(9).as_bytes())].concat();
    let said = object(3, "<< /F1 5 0 R >>");
    finds(pdf(&[old, page("F#31"), said, font(), map()]), &pair, "object 4", 3);
    // The stream is a form, which says its own.
    let form = packed(4, &format!("/Resources {resources}"), &wide_page(&pair.env, "F1", 5));
    finds(pdf(&[decoys("F1"), form, font(), map()]), &pair, "object 4", 3);
}

#[test]
fn a_name_means_the_font_of_its_page_or_any() {
    let mut keys = Keys::new("pdf names");
    let (one, two) = (keys.pair(), keys.pair());
    let fonts = [
        object(5, &wide_font(6)),
        object(15, &wide_font(16)),
        packed(6, "", cmap(5).as_bytes()),
        packed(16, "", cmap(9).as_bytes()),
    ]
    .concat();
    let pages = [
        packed(4, "", &wide_page(&one.env, "F1", 5)),
        packed(14, "", &wide_page(&two.env, "F1", 9)),
    ]
    .concat();
    let said = |page: u32, contents: u32, font: u32| {
        let fonts = format!("<< /Font << /F1 {font} 0 R >> >>");
        object(page, &format!("<< /Type /Page /Contents {contents} 0 R /Resources {fonts} >>"))
    };
    let decoys = decoys("F1");
    let known = pdf(&[decoys, said(1, 4, 5), said(2, 14, 15), pages.clone(), fonts.clone()]);
    let lost = pdf(&[said(1, 104, 5), said(2, 114, 15), pages, fonts]);
    for file in [known, lost] {
        let ran = scan(file).exits(1);
        let mut found = member_paths(&ran);
        found.sort();
        let member_path = |object: &str| (vec!["a.pdf".to_owned(), object.to_owned()], 3);
        assert_eq!(found, [member_path("object 14"), member_path("object 4")]);
        assert_eq!(ran.left_out("unlettered"), 0, "{ran:?}");
    }
}

/// A page of codes of one byte, a simple font, and what the font says of them.
fn narrow(pair: &Pair, codes: impl Fn(char) -> u8, font: &str, more: &[u8]) -> Vec<u8> {
    let mut page = b"BT /F1 12 Tf 72 720 Td".to_vec();
    for line in pair.env.lines() {
        let hex: String = line.chars().map(|one| format!("{:02x}", codes(one))).collect();
        page.extend(format!(" 0 -14 Td <{hex}> Tj").bytes());
    }
    page.extend(b" ET");
    let font = format!("<< /Type /Font /Subtype /Type1 /BaseFont /A {font} >>");
    let said =
        object(1, "<< /Type /Page /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>");
    pdf(&[packed(4, "", &page), said, object(5, &font), more.to_vec()])
}

#[test]
fn letters_are_read_in_every_notation() {
    let pair = Keys::new("pdf letters").pair();
    let shifted = |one: char| (one as u8) - 0x1f;
    let map = |text: &str| packed(6, "", text.as_bytes());
    // Ranges that count, one to a list, and one of several letters; what is damaged before, between
    // and after it hides none of it.
    let counting = "1 begincodespacerange <00> <FF> endcodespacerange \
                    1 beginbfrange <01> <5F> <0020> endbfrange";
    let list: String = (' '..='~').map(|one| format!("<{:04X}>", u32::from(one))).collect();
    let listed = format!("1 beginbfrange <01> <5F> [{list}] endbfrange");
    let damaged = format!(
        "beginbfchar <01 <0> endbfchar >> ( \\) ) 7 beginbfrange <01> <5F> [ <zz> endbfrange \
         {listed} 9 beginbfrange <60> <"
    );
    let twice = format!("1 beginbfrange <01> <5F> <0041> endbfrange {counting}");
    for text in [counting, &listed, &damaged, &twice] {
        println!("{text}");
        finds(narrow(&pair, shifted, "/ToUnicode 6 0 R", &map(text)), &pair, "object 4", 3);
    }
    let names: String = (' '..='~').map(|one| format!("/uni{:04X}", u32::from(one))).collect();
    let differences = format!("/Differences [1 {names}]");
    let inline = format!("/Encoding << /Type /Encoding {differences} >>");
    finds(narrow(&pair, shifted, &inline, b""), &pair, "object 4", 3);
    let more = object(7, &format!("<< {differences} >>"));
    finds(narrow(&pair, shifted, "/Encoding 7 0 R", &more), &pair, "object 4", 3);
}

#[test]
fn ligatures_become_their_letters() {
    let id = Keys::new("pdf ligature").id();
    let secret = format!("fiKq{}", &Keys::new("pdf ligature secret").secret()[4..]);
    let pair = Pair { env: format!("id = {id}\nsecret_key = {secret}\n"), id, secret };
    // The code of the ligature means its first letter; the second has none.
    let codes = |pair: &Pair| pair.env.replacen("fi", "\u{c}", 1);
    let shown = Pair { env: codes(&pair), id: pair.id.clone(), secret: String::new() };
    let ascii = |one: char| one as u8;
    let map = "2 beginbfrange <20> <7E> <0020> <0C> <0C> <00660069> endbfrange";
    let said = packed(6, "", map.as_bytes());
    finds(narrow(&shown, ascii, "/ToUnicode 6 0 R", &said), &pair, "object 4", 3);
    let named = "/Encoding << /Differences [12 /f_i] >>";
    finds(narrow(&shown, ascii, named, b""), &pair, "object 4", 3);
    // As TeX has it, without a word.
    finds(narrow(&shown, ascii, "", b""), &pair, "object 4", 3);
}

#[test]
fn parts_of_a_page_are_one_text_and_pieces_of_a_row_one_line() {
    let pair = Keys::new("pdf parts").pair();
    let said = object(
        1,
        "<< /Type /Page /Contents [4 0 R 7 0 R] /Resources << /Font << /F1 5 0 R >> >> >>",
    );
    let fonts = [object(5, &wide_font(6)), packed(6, "", cmap(5).as_bytes())].concat();
    let (first, second) = pair.env.split_once('\n').expect("two lines");
    // The second goes on with the font of the first.
    let second = String::from_utf8(wide_page(second, "F1", 5)).expect("letters");
    let parts = [
        packed(4, "", &wide_page(first, "F1", 5)),
        packed(7, "", second.replace("/F1 12 Tf", "").as_bytes()),
    ];
    finds(pdf(&[said.clone(), parts.concat(), fonts.clone()]), &pair, "object 4", 3);
    // Each letter is placed by itself.
    let mut page = String::from("BT /F1 12 Tf");
    for (height, line) in pair.env.lines().enumerate() {
        for (place, one) in line.chars().enumerate() {
            let code = code(one, 5);
            write!(page, " 1 0 0 1 {} {} Tm <{code:04X}> Tj", place * 7, height).expect("memory");
        }
    }
    let page = packed(4, "", (page + " ET").as_bytes());
    finds(pdf(&[said, page, fonts]), &pair, "object 4", 2);
}

#[test]
fn what_has_no_letters_and_what_is_encrypted_is_reported() {
    let mut keys = Keys::new("pdf reported");
    let (pair, other) = (keys.pair(), keys.pair());
    let said = object(3, "<< /F1 5 0 R >>");
    let page = packed(4, "", &wide_page(&pair.env, "F1", 5));
    let font = wide_font(6).replace("/ToUnicode 6 0 R", "");
    let plain = format!("BT ({}) Tj ET", other.env.replace('\n', ") Tj T* ("));
    let plain = packed(7, "", plain.as_bytes());
    let ran = scan(pdf(&[page.clone(), said.clone(), object(5, &font)])).exits(0);
    assert_eq!(ran.left_out("unlettered"), 1);
    assert!(ran.stderr.contains("1 PDF page whose fonts map no characters"), "{}", ran.stderr);
    // A CMap that can't be read is none.
    let ran = scan(pdf(&[page.clone(), said, object(5, &wide_font(6)), packed(6, "", b"begin")]));
    assert_eq!(ran.exits(0).left_out("unlettered"), 1);
    let numbered = "/Encoding << /Differences [1 /g7 /g8 /g9] >>";
    let ran = scan(narrow(&pair, |_| 2, numbered, b""));
    assert_eq!(ran.exits(0).left_out("unlettered"), 1);
    let noise: Vec<u8> = (0..4000).map(|_| keys.next() as u8).collect();
    let begins = [&zlib(&noise)[..2000], b"noise"].concat();
    let ciphered =
        [&noise[..], &begins].map(|bytes| stream(4, "/Filter /FlateDecode", bytes)).concat();
    assert!(!scan(pdf(std::slice::from_ref(&ciphered))).exits(3).problems().is_empty());
    let table = packed(8, "/Type /XRef /Size 9 /Encrypt 9 0 R", b"");
    let trailer = b"trailer\n<< /Size 9 /Encrypt 9 0 R >>\nstartxref\n0\n".to_vec();
    for said in [table, trailer] {
        let ran = scan(pdf(&[ciphered.clone(), said.clone()])).exits(0);
        assert_eq!((ran.left_out("encrypted"), ran.problems().len()), (1, 0), "{ran:?}");
        // A file that only claims to be encrypted hides nothing.
        let ran = scan(pdf(&[plain.clone(), said])).exits(1);
        assert_eq!(ran.left_out("encrypted"), 1);
    }
    // Others may write of it.
    let ran =
        scan(pdf(&[plain, object(2, "<< /Title (/Encrypt 9 0 R) /Encrypt 9 0 R >>")])).exits(1);
    assert_eq!(ran.left_out("encrypted"), 0);
}

/// The files that `tests/containers/pdf.py` writes.
const WRITTEN: [&str; 5] =
    ["reportlab.pdf", "reportlab-ttf.pdf", "reportlab-plain.pdf", "fpdf2.pdf", "fpdf2-ttf.pdf"];

#[test]
fn keys_that_real_programs_write_are_found() {
    let Some(venv) = tools::pdf() else { return };
    let pair = Keys::new("pdf programs").pair();
    let project = Project::new();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/containers/pdf.py");
    let mut command = Command::new(tools::programs(&venv).join("python"));
    command.args(["-B", script]).arg(project.path()).args([&pair.id, &pair.secret]);
    let ran = command.output().expect("Python runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    for name in WRITTEN {
        let ran = project.keysweep(["scan", "--format", "json", name]).run().exits(1);
        let report = ran.json();
        assert_eq!(report["findings"][0]["rule"], "aws-access-key", "{name}: {ran:?}");
        assert_eq!(report["findings"][0]["key_id"], pair.id.as_str(), "{name}");
        assert_eq!((ran.left_out("unlettered"), ran.problems().len()), (0, 0), "{name}: {ran:?}");
    }
    let encrypted = ["scan", "--format", "json", "reportlab-encrypted.pdf"];
    let ran = project.keysweep(encrypted).run().exits(0);
    assert_eq!((ran.left_out("encrypted"), ran.problems().len()), (1, 0), "{ran:?}");
}
