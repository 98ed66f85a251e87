//! Keys on the pages of PDFs are found whatever filters their streams have.

use std::fmt::Write as _;

use crate::containers::pdf::{cmap, finds, packed, pdf, scan, stream, wide_font, wide_page};
use crate::support::Keys;
use crate::support::compress::zlib;

/// Groups of five letters.
fn ascii85(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    for group in bytes.chunks(4) {
        let word = (0..4).fold(0, |word, at| word << 8 | u32::from(*group.get(at).unwrap_or(&0)));
        if word == 0 && group.len() == 4 {
            text.push(b'z');
            continue;
        }
        let letters =
            [52_200_625, 614_125, 7_225, 85, 1].map(|power| (word / power % 85) as u8 + 33);
        text.extend(&letters[..=group.len()]);
        text.extend(b"\n");
    }
    [text, b"~>".to_vec()].concat()
}

/// Codes of 9 to 12 bits, each of which encodes an earlier sequence.
fn lzw(bytes: &[u8], early: usize) -> Vec<u8> {
    let mut table = std::collections::HashMap::new();
    let (mut out, mut bits, mut held) = (Vec::new(), 0u64, 0);
    let mut put = |code: usize, known: usize| {
        let width = 9 + [511, 1023, 2047].iter().filter(|&&most| known + early > most + 1).count();
        bits = bits << width | code as u64;
        held += width;
        while held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    };
    put(256, 258);
    let (mut present, mut known) = (None::<usize>, 258);
    for &byte in bytes {
        let Some(code) = present else {
            present = Some(byte.into());
            continue;
        };
        present = Some(match table.get(&(code, byte)) {
            Some(&longer) => longer,
            None => {
                put(code, known);
                table.insert((code, byte), known);
                known += 1;
                if known == 4095 {
                    put(256, known);
                    table.clear();
                    known = 258;
                }
                byte.into()
            }
        });
    }
    put(present.expect("a byte"), known);
    put(257, known + 1);
    put(0, known + 1);
    out
}

#[test]
fn streams_are_unpacked_by_every_filter() {
    let pair = Keys::new("pdf filters").pair();
    let mut text = String::from("BT /F1 12 Tf 72 720 Td");
    for line in pair.env.lines() {
        write!(text, " 0 -14 Td [({}) 20 ({})] TJ", &line[..24], &line[24..]).expect("memory");
    }
    text.push_str(" ET ");
    // Long enough for codes of every width.
    let mut random = Keys::new("pdf noise");
    (0..9000).for_each(|_| write!(text, "{} w ", random.next() % 1000).expect("memory"));
    let page = text.as_bytes();
    let hex = page.iter().map(|byte| format!("{byte:02x}")).collect::<String>() + ">";
    let mut runs: Vec<u8> =
        page.chunks(128).flat_map(|run| [&[run.len() as u8 - 1], run].concat()).collect();
    runs.extend([0xfe, b' ', 128]);
    let (early, late) = (lzw(page, 1), lzw(page, 0));
    for (filter, bytes) in [
        ("/Filter [/ASCII85Decode /FlateDecode]", ascii85(&zlib(page))),
        ("/Filter[/A85/Fl]", [b"<~".to_vec(), ascii85(&zlib(page))].concat()),
        ("/Filter /ASCIIHexDecode", hex.into_bytes()),
        ("/Filter /RunLengthDecode", runs),
        ("/Filter /LZWDecode", early),
        ("/Filter /LZW /DecodeParms << /EarlyChange 0 >>", late),
        ("/Filter 77 0 R", zlib(page)),
        ("/Filter [/FlateDecode /FlateDecode]", zlib(zlib(page))),
        ("", page.to_vec()),
    ] {
        println!("{filter}");
        finds(pdf(&[stream(4, filter, &bytes)]), &pair, "object 4", 3);
    }
    let ran =
        scan(pdf(&[stream(4, "/Filter /Brotli", page), stream(7, "/Filter /DCTDecode", page)]));
    assert_eq!(ran.exits(3).problems().len(), 1, "an image is not text");
}

#[test]
fn predictors_of_an_object_stream_are_undone() {
    let pair = Keys::new("pdf rows").pair();
    let objects = format!(
        "1 0 5 60 << /Type /Page /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>{:60}",
        ""
    );
    let first = 10;
    let body = format!("{:<80}{}", &objects[first..], wide_font(6));
    let text = format!("1 0 5 80  {body}");
    let mut above = vec![0; 10];
    let mut rows = Vec::new();
    for (number, row) in text.as_bytes().chunks(10).enumerate() {
        let how = (number % 5) as u8;
        rows.push(how);
        for (at, &byte) in row.iter().enumerate() {
            let left = |of: &[u8]| i32::from(at.checked_sub(1).map_or(0, |at| of[at]));
            let (a, b, c) = (left(row), i32::from(above[at]), left(&above));
            let nearest = [a, b, c].into_iter().min_by_key(|one| (a + b - c - one).abs());
            let guess = [0, a, b, (a + b) / 2, nearest.expect("three")][usize::from(how)];
            rows.push(byte.wrapping_sub(guess as u8));
        }
        above[..row.len()].copy_from_slice(row);
    }
    let entries = "/Type /ObjStm /N 2 /First 10 /DecodeParms << /Predictor 12 /Columns 10 >>";
    let objects = packed(9, entries, &rows);
    let page = packed(4, "", &wide_page(&pair.env, "F1", 5));
    finds(pdf(&[page, objects, packed(6, "", cmap(5).as_bytes())]), &pair, "object 4", 3);
}
