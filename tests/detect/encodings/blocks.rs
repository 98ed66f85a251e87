//! Blocks that declare their encoding, folded columns, and dumps without a text column.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::makers::{Form, Made, any, chain, dumped, of, text};
use super::{Keys, Layout, each, in_letters, noise, packed, pair, zlib};

pub(super) const BLOCKS: &[Form] = &[
    ("uuencode", |keys| uuencoded(&any(keys), b"begin 644 .env\n")),
    ("uuencode after a name", |keys| {
        uuencoded(&pair(keys), b"the secret, as uuencode writes it:\nbegin 600 x\n")
    }),
    ("base85 in Python", |keys| {
        let one = any(keys);
        of(&one, text(&one).through(base85).between(b"x = base64.b85decode('", b"')\n"))
    }),
    ("Ascii85", |keys| {
        let one = any(keys);
        of(&one, text(&one).through(ascii85).between(b"<~", b"~>\n"))
    }),
    ("a literal of a patch", |keys| {
        let one = any(keys);
        let head = b"diff --git a/x b/x\nindex 0..1\nGIT binary patch\nliteral 99\n";
        of(
            &one,
            text(&one)
                .through(|bytes| literal(&zlib(bytes).0, bytes.len()))
                .between(head, b"\nliteral 0\nHcmV?d00001\n\n"),
        )
    }),
    ("words of a subject in base64", |keys| words(keys, "B", b64_word)),
    ("words of a subject, quoted", |keys| words(keys, "q", q_word)),
    ("base32", |keys| chain(&any(keys), &[&base32], "", "")),
    ("base32 by name", |keys| chain(&any(keys), &[&base32], "# base32\nCREDS=", "\n")),
    ("od -b", |keys| {
        dumped(keys, |at, line| grouped(&format!("{at:07o} "), line, |byte| format!("{byte:03o}")))
    }),
    ("od -An -tx1", |keys| {
        dumped(keys, |_, line| grouped(" ", line, |byte| format!("{byte:02x}")))
    }),
    ("od -A x -t x1", |keys| {
        dumped(keys, |at, line| grouped(&format!("{at:06x} "), line, |byte| format!("{byte:02x}")))
    }),
    ("tcpdump -x", |keys| {
        dumped(keys, |at, line| {
            grouped(&format!("\t0x{at:04x}:  "), line, |byte| format!("{byte:02x}"))
        })
    }),
    ("xxd -b", |keys| {
        dumped(keys, |at, line| grouped(&format!("{at:08x}: "), line, |byte| format!("{byte:08b}")))
    }),
    ("folded columns of psql", |keys| table(keys, " ", "|", ".", ".")),
    ("folded columns of prettytable", |keys| table(keys, "| ", "|", " ", " ")),
    ("folded columns of rich", |keys| table(keys, "│ ", "│", " ", " ")),
    ("runs of RTF", |keys| {
        let layout = Layout::pair(
            |id, secret| {
                format!(
                    "{{\\rtf1 Access key: {{\\b {id}}}\\par\nSecret: {{\\b {secret}}}\\par\n}}\n"
                )
            },
            keys,
        );
        let cuts = [&layout.id, &layout.secret].map(|part| {
            let part = part.as_ref().expect("a part");
            layout.text.find(part.as_str()).expect("it") + 4 + keys.next() as usize % 12
        });
        let written = text(&layout).through(|bytes| {
            each(bytes, |at, byte| match cuts.contains(&(at + 1)) {
                true => [&[byte][..], b"}{\\rtlch\\insrsid77 "].concat(),
                false => vec![byte],
            })
        });
        let mut made = of(&layout, written);
        trim(&mut made);
        made
    }),
    ("a list concatenated", |keys| {
        let (id, secret) = (keys.id(), keys.secret());
        let text = format!(
            "x({{accessKeyId:\"{id}\",secretAccessKey:\"{}\".concat(\"{}\",\"{}\")}})\n",
            &secret[..10],
            &secret[10..25],
            &secret[25..]
        );
        let at = text.find(&secret[..10]).expect("it");
        let end = text.find("\")}").expect("it");
        let start = text.find(&id).expect("it");
        let truth = super::Truth {
            rule: "aws-access-key",
            id: Some((id, start..start + 20)),
            secret: Some((secret, at..end)),
            token: None,
        };
        (text.into_bytes(), vec![truth])
    }),
];

/// Takes the bytes that only follow a value away from its location.
fn trim(made: &mut Made) {
    let (bytes, truth) = made;
    for part in truth.iter_mut().flat_map(|truth| [&mut truth.id, &mut truth.secret]).flatten() {
        let last = part.0.bytes().last();
        while bytes.get(part.1.end - 1).copied() != last {
            part.1.end -= 1;
        }
    }
}

fn uuencoded(layout: &Layout, head: &[u8]) -> Made {
    let sign = |six: u8| if six == 0 { b'`' } else { six + b' ' };
    let written = text(layout).through(|bytes| {
        let (mut text, mut at) = (vec![], vec![]);
        for line in bytes.chunks(45) {
            text.push(sign(line.len() as u8));
            let start = text.len();
            at.extend((0..line.len()).map(|byte| {
                let first = start + byte * 8 / 6;
                first..first + 2
            }));
            for three in line.chunks(3) {
                let [a, b, c] = [0, 1, 2].map(|at| three.get(at).copied().unwrap_or(0));
                text.extend(
                    [a >> 2, (a & 3) << 4 | b >> 4, (b & 15) << 2 | c >> 6, c & 63].map(sign),
                );
            }
            text.push(b'\n');
        }
        (text, at)
    });
    of(layout, written.between(head, b"`\nend\n"))
}

const RFC_1924: &[u8; 85] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";

/// Groups of five digits for four bytes.
fn in_fives(bytes: &[u8], digit: impl Fn(u32) -> u8) -> (Vec<u8>, Vec<Range<usize>>) {
    let (mut text, mut at) = (vec![], vec![]);
    for four in bytes.chunks(4) {
        let mut whole = [0; 4];
        whole[..four.len()].copy_from_slice(four);
        let number = u32::from_be_bytes(whole);
        let digits: Vec<u8> =
            (0..5).rev().map(|place| digit(number / 85_u32.pow(place) % 85)).collect();
        let start = text.len();
        text.extend(&digits[..four.len() + 1]);
        at.extend(four.iter().map(|_| start..text.len()));
    }
    (text, at)
}

fn base85(bytes: &[u8]) -> (Vec<u8>, Vec<Range<usize>>) {
    in_fives(bytes, |digit| RFC_1924[digit as usize])
}

fn ascii85(bytes: &[u8]) -> (Vec<u8>, Vec<Range<usize>>) {
    in_fives(bytes, |digit| b'!' + digit as u8)
}

/// The lines of a literal of git, of what is packed of so many bytes.
fn literal(bytes: &[u8], len: usize) -> (Vec<u8>, Vec<Range<usize>>) {
    let mut text = vec![];
    for line in bytes.chunks(52) {
        let count = line.len() as u8;
        text.push(if count <= 26 { b'A' + count - 1 } else { b'a' + count - 27 });
        let mut padded = line.to_vec();
        padded.resize(line.len().div_ceil(4) * 4, 0);
        text.extend(base85(&padded).0);
        text.push(b'\n');
    }
    packed(text, len)
}

fn base32(bytes: &[u8]) -> (Vec<u8>, Vec<Range<usize>>) {
    let bit = |at: usize| bytes.get(at / 8).is_some_and(|byte| byte >> (7 - at % 8) & 1 == 1);
    let letters = (bytes.len() * 8).div_ceil(5);
    let digit =
        |letter: usize| (0..5).fold(0, |sum, at| sum * 2 + usize::from(bit(letter * 5 + at)));
    let text = (0..letters).map(|at| char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[digit(at)]));
    in_letters(text.collect(), bytes.len(), 5)
}

/// A line of a dump: the text before its groups, and one for each byte.
fn grouped(before: &str, line: &[u8], one: fn(u8) -> String) -> (String, Vec<Range<usize>>) {
    let (mut text, mut at) = (before.to_owned(), vec![]);
    for (index, &byte) in line.iter().enumerate() {
        text += if index > 0 { " " } else { "" };
        let group = one(byte);
        at.push(text.len()..text.len() + group.len());
        text += &group;
    }
    (text + "\n", at)
}

/// A word's letters, and the position of each byte of a text in them.
type Word = fn(&[u8]) -> (Vec<u8>, Vec<Range<usize>>);

fn b64_word(bytes: &[u8]) -> (Vec<u8>, Vec<Range<usize>>) {
    let text = STANDARD.encode(bytes).into_bytes();
    let at = (0..bytes.len()).map(|at| at * 8 / 6..at * 8 / 6 + 2).collect();
    (text, at)
}

fn q_word(bytes: &[u8]) -> (Vec<u8>, Vec<Range<usize>>) {
    each(bytes, |_, byte| match byte {
        b' ' => b"_".to_vec(),
        b'=' | b'?' | b'_' | b':' => format!("={byte:02X}").into_bytes(),
        byte => vec![byte],
    })
}

/// The subject of a mail in encoded words.
fn words(keys: &mut Keys, encoding: &str, word: Word) -> Made {
    let layout = Layout::pair(
        |id, secret| format!("new access key id {id} and secret access key {secret} for you"),
        keys,
    );
    let size = 30 + keys.next() as usize % 12;
    let written = text(&layout).through(|bytes| {
        let (mut text, mut at) = (vec![], vec![]);
        for chunk in bytes.chunks(size) {
            text.extend(format!("=?utf-8?{encoding}?").bytes());
            let (letters, places) = word(chunk);
            at.extend(places.iter().map(|one| one.start + text.len()..one.end + text.len()));
            text.extend(letters);
            text.extend(b"?=\r\n ");
        }
        (text, at)
    });
    of(&layout, written.between(b"From: a@b.example\r\nSubject: ", b"\r\nTo: c\r\n\r\nHi\r\n"))
}

/// A table whose columns are narrower than its values.
fn table(keys: &mut Keys, left: &str, border: &str, leads: &str, trails: &str) -> Made {
    let (id, secret) = (keys.id(), keys.secret());
    let (before, width) = (noise(keys, 2), 8 + keys.next() as usize % 9);
    let dotted = leads == ".";
    let mut text = before;
    let blank = " ".repeat(width);
    let end = if left.starts_with(' ') { "" } else { border };
    let heading = |name: &str| format!("{:width$}", &name[..name.len().min(width)]);
    text += &format!(
        "{left}name {border} {} {border} {} {end}\n",
        heading("key_id"),
        heading("secret")
    );
    let cut = |value: &str| -> Vec<String> {
        value
            .as_bytes()
            .chunks(width)
            .map(|part| String::from_utf8_lossy(part).into_owned())
            .collect()
    };
    let (ids, secrets) = (cut(&id), cut(&secret));
    let mut spans = [None::<std::ops::Range<usize>>, None];
    for row in 0..ids.len().max(secrets.len()) {
        text += &format!("{left}{} ", if row == 0 { "prod" } else { "    " });
        for (column, pieces) in [&ids, &secrets].into_iter().enumerate() {
            let piece = pieces.get(row);
            text += border;
            text += if row > 0 && piece.is_some() { leads } else { " " };
            if let Some(piece) = piece {
                let span = spans[column].get_or_insert(text.len()..0);
                span.end = text.len() + piece.len();
            }
            text += &format!("{:width$}", piece.unwrap_or(&blank));
            text += if dotted && row + 1 < pieces.len() { trails } else { " " };
        }
        text += end;
        text += "\n";
    }
    let [first, second] = spans.map(Option::unwrap_or_default);
    let truth = super::Truth {
        rule: "aws-access-key",
        id: Some((id, first)),
        secret: Some((secret, second)),
        token: None,
    };
    (text.into_bytes(), vec![truth])
}
