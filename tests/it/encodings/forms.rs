//! The forms: each makes a text with credentials of its own and says what must be found.

use std::ops::Range;

use super::{
    Keys, Layout, Truth, Written, base64, base64_url, bedrock, each, gzip, gzip_of_a_file, hex,
    lone_id, lone_secret, noise, packed, pair, utf16, wrapped, zip, zlib,
};

type Made = (Vec<u8>, Vec<Truth>);
type Form = (&'static str, fn(&mut Keys) -> Made);

fn of(layout: &Layout, written: Written) -> Made {
    let truth = layout.truth(&written);
    (written.bytes, vec![truth])
}

fn text(layout: &Layout) -> Written {
    Written::new(&layout.text)
}

/// A credential of any kind.
fn any(keys: &mut Keys) -> Layout {
    match keys.next() % 4 {
        0 => bedrock(keys),
        1 => lone_id(keys),
        2 => lone_secret(keys),
        _ => pair(keys),
    }
}

/// A credential whose ids and labels have literals in base64 of base64.
fn keyed(keys: &mut Keys) -> Layout {
    if keys.next() % 3 == 0 { lone_id(keys) } else { pair(keys) }
}

/// A key, temporary as it has a token.
fn session(keys: &mut Keys) -> Layout {
    let (id, secret, token) = (keys.id_of("ASIA"), keys.secret(), keys.token());
    let text = format!(
        "{{\"AccessKeyId\": \"{id}\", \"SecretAccessKey\": \"{secret}\", \"SessionToken\": \"{token}\"}}\n"
    );
    Layout {
        text,
        rule: "aws-temporary-key",
        id: Some(id),
        secret: Some(secret),
        token: Some(token),
    }
}

/// Each of `letters` written by `one`, and all other bytes as they are.
fn escaped(
    letters: &'static [u8],
    one: fn(u8) -> String,
) -> impl Fn(&[u8]) -> (Vec<u8>, Vec<Range<usize>>) {
    move |bytes| {
        each(
            bytes,
            |_, byte| {
                if letters.contains(&byte) { one(byte).into_bytes() } else { vec![byte] }
            },
        )
    }
}

/// Texts put before bytes, in the order of the offsets.
fn inserted(marks: Vec<(usize, String)>) -> impl Fn(&[u8]) -> (Vec<u8>, Vec<Range<usize>>) {
    move |bytes| {
        let (mut text, mut at) = (vec![], vec![]);
        for (index, &byte) in bytes.iter().enumerate() {
            marks
                .iter()
                .filter(|(at, _)| *at == index)
                .for_each(|(_, mark)| text.extend(mark.bytes()));
            at.push(text.len()..text.len() + 1);
            text.push(byte);
        }
        (text, at)
    }
}

/// A pair with marks put around four letters in the middle of both, or around all of them.
fn marked(keys: &mut Keys, opening: &str, closing: &str) -> Made {
    let layout = pair(keys);
    let mut marks = Vec::new();
    for part in [&layout.id, &layout.secret].into_iter().flatten() {
        let start = layout.text.find(part.as_str()).expect("it stands there");
        let (from, to) = match keys.next() % 3 {
            0 => (0, 4),
            1 => (6, 9),
            _ => (0, part.len()),
        };
        marks.push((start + from, opening.to_owned()));
        marks.push((start + to, closing.to_owned()));
    }
    let written = text(&layout).through(inserted(marks));
    of(&layout, written)
}

/// A list of numbers in code.
fn listed(keys: &mut Keys, one: fn(u8) -> String, between: &str, name: &str) -> Made {
    let layout = pair(keys);
    let written = text(&layout).through(|bytes| {
        let (mut text, mut at) = (vec![], vec![]);
        for &byte in bytes {
            let number = one(byte);
            at.push(text.len()..text.len() + number.len());
            text.extend(number.bytes());
            text.extend(between.bytes());
        }
        (text, at)
    });
    of(&layout, written.between(name.as_bytes(), b"};\n"))
}

/// A dump of 16 bytes a line.
fn dumped(keys: &mut Keys, line: fn(usize, &[u8]) -> (String, Vec<Range<usize>>)) -> Made {
    // An id of which a line shows no more than three letters has nothing to be found by.
    let is_cut = |layout: &Layout| layout.text.find("AKIA").is_some_and(|at| at % 16 > 12);
    let mut layout = pair(keys);
    while is_cut(&layout) {
        layout = pair(keys);
    }
    let written = text(&layout).through(|bytes| {
        let (mut text, mut at) = (vec![], vec![]);
        for (index, chunk) in bytes.chunks(16).enumerate() {
            let (shown, places) = line(index * 16, chunk);
            at.extend(places.into_iter().map(|one| one.start + text.len()..one.end + text.len()));
            text.extend(shown.bytes());
        }
        (text, at)
    });
    of(&layout, written.between(b"$ dump .env\n", b"$ \n"))
}

fn graphic(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|&byte| if byte.is_ascii_graphic() || byte == b' ' { char::from(byte) } else { '.' })
        .collect()
}

fn xxd(at: usize, bytes: &[u8]) -> (String, Vec<Range<usize>>) {
    let mut line = format!("{at:08x}: ");
    let mut places = vec![];
    for (index, byte) in bytes.iter().enumerate() {
        places.push(line.len()..line.len() + 2);
        line += &format!("{byte:02x}");
        line += if index % 2 == 1 { " " } else { "" };
    }
    (format!("{line:<50} {}\n", graphic(bytes)), places)
}

fn hexdump(at: usize, bytes: &[u8]) -> (String, Vec<Range<usize>>) {
    let mut line = format!("{at:08x}  ");
    let mut places = vec![];
    for (index, byte) in bytes.iter().enumerate() {
        line += if index == 8 { " " } else { "" };
        places.push(line.len()..line.len() + 2);
        line += &format!("{byte:02x} ");
    }
    (format!("{line:<59} |{}|\n", graphic(bytes)), places)
}

/// Two values of a Kubernetes Secret.
fn secret_of_two(keys: &mut Keys) -> Made {
    let layout = pair(keys);
    let (id, secret) = (layout.id.clone().expect("one"), layout.secret.clone().expect("one"));
    let filler = |keys: &mut Keys| noise(keys, 6) + &"# of the staging account\n".repeat(3);
    let id = Layout {
        text: format!("{}aws_access_key_id = {id}\n{}", filler(keys), filler(keys)),
        rule: layout.rule,
        id: Some(id),
        secret: None,
        token: None,
    };
    let secret = Layout {
        text: format!("{}aws_secret_access_key = {secret}\n{}", filler(keys), filler(keys)),
        rule: layout.rule,
        id: None,
        secret: Some(secret),
        token: None,
    };
    let first = text(&id).through(base64).between(b"kind: Secret\ndata:\n  one: ", b"\n  two: ");
    let (own, behind) = (id.truth(&first), first.bytes.len());
    let second = text(&secret).through(base64).between(&first.bytes, b"\n");
    let truth = Truth { secret: secret.truth(&second).secret, ..own };
    assert!(behind < second.bytes.len());
    (second.bytes, vec![truth])
}

/// A script in base64 with the secret, and the id outside.
fn half_outside(keys: &mut Keys) -> Made {
    let inside = lone_secret(keys);
    let id = keys.id();
    let before = format!("export AWS_ACCESS_KEY_ID={id}\necho ");
    let at = before.find(&id).expect("it stands there");
    let written = text(&inside).through(base64).between(before.as_bytes(), b" | base64 -d | sh\n");
    let truth = Truth {
        rule: "aws-access-key",
        id: Some((id, at..at + 20)),
        secret: inside.truth(&written).secret,
        token: None,
    };
    (written.bytes, vec![truth])
}

/// A text of one line around a pair.
fn line(keys: &mut Keys, form: fn(&str, &str) -> String) -> Made {
    let layout = Layout::pair(form, keys);
    let written = text(&layout);
    of(&layout, written)
}

/// Strings of UTF-16 that stand apart in a binary.
fn strings_apart(keys: &mut Keys) -> Made {
    let (id, secret) = (keys.id(), keys.secret());
    let junk = |keys: &mut Keys| -> Vec<u8> {
        (0..keys.next() % 40 + 3).map(|_| (keys.next() % 31 + 1) as u8).collect()
    };
    let mut bytes = [junk(keys), b"\xff".to_vec()].concat();
    let mut put = |text: &str, bytes: &mut Vec<u8>| {
        let start = bytes.len();
        bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        let span = start..bytes.len();
        bytes.extend(junk(keys));
        span
    };
    put("AccessKeyId", &mut bytes);
    let first = put(&id, &mut bytes);
    put("SecretAccessKey", &mut bytes);
    let second = put(&secret, &mut bytes);
    let truth = Truth {
        rule: "aws-access-key",
        id: Some((id, first)),
        secret: Some((secret, second)),
        token: None,
    };
    (bytes, vec![truth])
}

/// A message in UTF-16 with signs of other scripts in it.
fn message(keys: &mut Keys) -> Made {
    let layout = Layout::pair(
        |id, secret| format!("id {{1}}{id}{{2}} {{3}}\r\nsecret key: {{1}}{secret}{{2}} {{4}}\r\n"),
        keys,
    );
    let signs =
        [("{1}", '\u{201c}'), ("{2}", '\u{201d}'), ("{3}", '\u{1f511}'), ("{4}", '\u{e01}')];
    let written = text(&layout).through(|bytes| {
        let (mut units, mut at, mut index): (Vec<u8>, Vec<Range<usize>>, usize) =
            (vec![], vec![], 0);
        while index < bytes.len() {
            let sign = signs.iter().find(|(mark, _)| bytes[index..].starts_with(mark.as_bytes()));
            let (letter, len) = sign.map_or((char::from(bytes[index]), 1), |(_, sign)| (*sign, 3));
            let start = units.len();
            units.extend(
                letter.encode_utf16(&mut [0; 2]).iter().flat_map(|unit| unit.to_le_bytes()),
            );
            at.extend((0..len).map(|_| start..units.len()));
            index += len;
        }
        (units, at)
    });
    let odd = if keys.next() % 2 == 0 { &b"\x02\x01\x03"[..] } else { b"\x02\x03" };
    of(&layout, written.between(odd, b"\x01\x02\x03"))
}

pub(super) const FORMS: &[Form] = &[
    ("base64", |keys| {
        let one = any(keys);
        of(&one, text(&one).through(base64))
    }),
    ("base64 in a line", |keys| {
        let one = keyed(keys);
        of(&one, text(&one).through(base64_url).between(b"CREDENTIALS=", b"\nDEBUG=0\n"))
    }),
    ("base64 wrapped", |keys| {
        let one = any(keys);
        of(&one, text(&one).through(base64).through(wrapped(76, "", "\n")))
    }),
    ("base64 in a comment", |keys| {
        let one = pair(keys);
        of(&one, text(&one).through(base64).through(wrapped(64, "# ", "\n")))
    }),
    ("base64 in a comment of C", |keys| {
        let one = pair(keys);
        of(&one, text(&one).through(base64).through(wrapped(60, " * ", "\r\n")))
    }),
    ("base64 in a mail's answer", |keys| {
        let one = pair(keys);
        of(&one, text(&one).through(base64).through(wrapped(76, "> ", "\n")))
    }),
    ("base64 in a change", |keys| {
        let one = pair(keys);
        of(
            &one,
            text(&one)
                .through(base64)
                .through(wrapped(76, "+", "\n"))
                .between(b"@@ -0,0 +1,9 @@\n", b""),
        )
    }),
    ("base64 in an indented change", |keys| {
        let one = pair(keys);
        of(&one, text(&one).through(base64).through(wrapped(76, "+    ", "\n")))
    }),
    ("base64 in strings of code", |keys| {
        let one = pair(keys);
        of(
            &one,
            text(&one)
                .through(base64)
                .through(wrapped(60, "    \"", "\" +\n"))
                .between(b"String s =\n", b"    \"\";\n"),
        )
    }),
    ("base64 in strings of C", |keys| {
        let one = pair(keys);
        of(&one, text(&one).through(base64).through(wrapped(76, "    \"", "\\n\"\n")))
    }),
    ("base64 twice", |keys| {
        let one = keyed(keys);
        of(&one, text(&one).through(base64).through(base64))
    }),
    ("base64 three times", |keys| {
        let one = any(keys);
        of(&one, text(&one).through(base64).through(base64).through(base64))
    }),
    ("base64 three times, announced", |keys| {
        let one = any(keys);
        of(
            &one,
            text(&one)
                .through(base64)
                .through(base64)
                .through(base64)
                .between(b"x = base64.b64decode('", b"')\n"),
        )
    }),
    ("hex", |keys| {
        let one = any(keys);
        of(&one, text(&one).through(hex))
    }),
    ("hex wrapped", |keys| {
        let one = any(keys);
        of(&one, text(&one).through(hex).through(wrapped(60, "", "\n")))
    }),
    ("hex in base64", |keys| {
        let one = any(keys);
        of(&one, text(&one).through(hex).through(base64))
    }),
    ("base64 in hex", |keys| {
        let one = any(keys);
        of(&one, text(&one).through(base64).through(hex))
    }),
    ("base64 in hex in base64", |keys| {
        let one = any(keys);
        of(&one, text(&one).through(base64).through(hex).through(base64))
    }),
    ("gzip in base64", |keys| {
        let one = any(keys);
        of(&one, text(&one).through(gzip).through(base64).between(b"data: ", b"\n"))
    }),
    ("gzip of a file in base64", |keys| {
        let one = any(keys);
        of(&one, text(&one).through(gzip_of_a_file).through(base64).between(b"data: ", b"\n"))
    }),
    ("gzip in base64 in base64", |keys| {
        let one = any(keys);
        of(
            &one,
            text(&one)
                .through(gzip_of_a_file)
                .through(base64)
                .through(base64)
                .between(b"  release: ", b"\n"),
        )
    }),
    ("zlib in base64", |keys| {
        let one = any(keys);
        of(
            &one,
            text(&one)
                .through(zlib)
                .through(base64)
                .between(b"exec(zlib.decompress(base64.b64decode('", b"')))\n"),
        )
    }),
    ("zip in base64", |keys| {
        let one = any(keys);
        of(&one, text(&one).through(zip).through(base64).between(b"{\"ZipFile\": \"", b"\"}\n"))
    }),
    ("a Secret of any kind", |keys| {
        let one = any(keys);
        of(
            &one,
            text(&one).through(base64).between(
                b"apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\ndata:\n  env: ",
                b"\n",
            ),
        )
    }),
    ("a Secret with its kind behind", |keys| {
        let one = any(keys);
        of(
            &one,
            text(&one)
                .through(base64)
                .between(b"{\"data\":{\"env\":\"", b"\"},\"kind\":\"Secret\"}\n"),
        )
    }),
    ("a Secret of two", secret_of_two),
    ("a half outside", half_outside),
    ("base64 with escaped slashes", |keys| {
        let one = pair(keys);
        of(
            &one,
            text(&one)
                .through(base64)
                .through(escaped(b"/", |_| "\\/".into()))
                .between(b"{\"content\": \"", b"\"}\n"),
        )
    }),
    ("base64 in a URL", |keys| {
        let one = pair(keys);
        of(
            &one,
            text(&one)
                .through(base64)
                .through(escaped(b"/+=", |byte| format!("%{byte:02X}")))
                .between(b"https://x.example/?data=", b"&v=1\n"),
        )
    }),
    ("UTF-16 in base64", |keys| {
        let one = keyed(keys);
        of(
            &one,
            text(&one)
                .through(utf16)
                .through(base64)
                .between(b"powershell -EncodedCommand ", b"\r\n"),
        )
    }),
    ("UTF-16 in a binary", |keys| {
        let one = keyed(keys);
        let before = [&b"\x01\x02\x7f\x03"[..3 + (keys.next() % 2) as usize], b"\xfe"].concat();
        of(&one, text(&one).through(utf16).between(&before, b"\x01\x01\x01"))
    }),
    ("UTF-16 strings apart", strings_apart),
    ("UTF-16 with signs", message),
    ("tokens with \\/", |keys| {
        let one = session(keys);
        of(&one, text(&one).through(escaped(b"/", |_| "\\/".into())))
    }),
    ("tokens with \\u002b", |keys| {
        let one = session(keys);
        of(&one, text(&one).through(escaped(b"/+=", |byte| format!("\\u{byte:04x}"))))
    }),
    ("tokens with %2B", |keys| {
        let one = session(keys);
        of(&one, text(&one).through(escaped(b"/+=", |byte| format!("%{byte:02X}"))))
    }),
    ("tokens with &#43;", |keys| {
        let one = session(keys);
        of(&one, text(&one).through(escaped(b"/+=", |byte| format!("&#{byte};"))))
    }),
    ("Bedrock with escapes", |keys| {
        let one = bedrock(keys);
        of(&one, text(&one).through(escaped(b"/+=", |byte| format!("%{byte:02X}"))))
    }),
    ("Bedrock in colour", |keys| {
        let one = bedrock(keys);
        let (mut at, end) =
            (one.text.find("ABSK").expect("it"), one.text.find("\"\n").expect("its end"));
        if keys.next() % 2 == 0 {
            at += 4;
        }
        of(
            &one,
            text(&one).through(inserted(vec![
                (at, "\x1b[01;31m\x1b[K".into()),
                (end, "\x1b[m\x1b[K".into()),
            ])),
        )
    }),
    ("letters as \\u{41}", |keys| {
        let one = Layout::pair(|id, secret| format!("\u{1}{id}\u{1} \u{1}{secret}\u{1}"), keys);
        braced(&one, |byte| format!("\\u{{{byte:x}}}"))
    }),
    ("letters as \\U00000041", |keys| {
        let one = Layout::pair(|id, secret| format!("\u{1}{id}\u{1} \u{1}{secret}\u{1}"), keys);
        braced(&one, |byte| format!("\\U{byte:08X}"))
    }),
    ("letters as %u0041", |keys| {
        let one = Layout::pair(|id, secret| format!("\u{1}{id}\u{1} \u{1}{secret}\u{1}"), keys);
        braced(&one, |byte| format!("%u{byte:04x}"))
    }),
    ("letters as \\u0041", |keys| {
        let one = Layout::pair(|id, secret| format!("\u{1}{id}\u{1} \u{1}{secret}\u{1}"), keys);
        braced(&one, |byte| format!("\\u{byte:04x}"))
    }),
    ("letters as &#65;", |keys| {
        let one = Layout::pair(|id, secret| format!("\u{1}{id}\u{1} \u{1}{secret}\u{1}"), keys);
        braced(&one, |byte| format!("&#{byte};"))
    }),
    ("grep --color", |keys| marked(keys, "\x1b[01;31m\x1b[K", "\x1b[m\x1b[K")),
    ("colours without their escape byte", |keys| marked(keys, "[01;31m[K", "[m[K")),
    ("colours in carets", |keys| marked(keys, "^[[32m", "^[[0m")),
    ("colours escaped", |keys| marked(keys, "\\u001b[32m", "\\u001b[0m")),
    ("colours by \\e", |keys| marked(keys, "\\e[1;32m", "\\e[0m")),
    ("mark", |keys| marked(keys, "<mark>", "</mark>")),
    ("mark, escaped", |keys| {
        marked(keys, "\\u003cem class=\\\"hl\\\"\\u003e", "\\u003c/em\\u003e")
    }),
    ("wbr", |keys| marked(keys, "<wbr>", "<wbr/>")),
    ("a diff of words", |keys| {
        line(keys, |id, secret| {
            format!("aws_access_key_id = [-x-]{{+{id}+}}\naws_secret_access_key = {{+{secret}+}}\n")
        })
    }),
    ("a diff of words, whole lines", |keys| {
        line(keys, |id, secret| {
            format!("{{+aws_access_key_id = {id}+}}\n{{+aws_secret_access_key = {secret}+}}\n")
        })
    }),
    ("sed", |keys| {
        line(keys, |id, secret| {
            format!("sed -i 's/KEY_ID/{id}/' .env\nsed -i 's/SECRET/{secret}/g' .env\n")
        })
    }),
    ("sed, the other way", |keys| {
        line(keys, |id, secret| format!("sed -i -e 's/{id}/XXX/' -e 's/{secret}/YYY/' app.conf\n"))
    }),
    ("an address of S3", |keys| {
        line(keys, |id, secret| format!("s3://{id}:{secret}@bucket/path\n"))
    }),
    ("an address of S3, slash", |keys| {
        line(keys, |id, secret| format!("s3://{id}:{secret}/bucket/path\n"))
    }),
    ("id, secret and region by slashes", |keys| {
        line(keys, |id, secret| format!("credentials: {id}/{secret}/us-east-1\n"))
    }),
    ("joined by dashes", |keys| line(keys, |id, secret| format!("name: x-{id}-{secret}-y\n"))),
    ("between equals signs", |keys| {
        line(keys, |id, secret| format!("id ={id}= secret ={secret}= \n"))
    }),
    ("a bare secret under base64", |keys| {
        let logo = base64(keys.secret().repeat(2).as_bytes()).0;
        let logo = String::from_utf8(logo).expect("letters");
        let (id, secret) = (keys.id(), keys.secret());
        let text = format!("LOGO=iVBORw0K{}\n{secret}\n{id}\n", &logo[..92]);
        let one = Layout {
            text,
            rule: "aws-access-key",
            id: Some(id),
            secret: Some(secret),
            token: None,
        };
        of(&one, Written::new(&one.text))
    }),
    ("bytes of C", |keys| {
        listed(
            keys,
            |byte| format!("0x{byte:02x}"),
            ", ",
            "static const unsigned char aws_secret[] = {",
        )
    }),
    ("bytes of C, lines", |keys| {
        listed(keys, |byte| format!("0x{byte:02X}"), ",\n  ", "uint8_t secret[] = {\n  ")
    }),
    ("bytes of Java", |keys| {
        listed(keys, |byte| byte.to_string(), ",", "byte[] secret = new byte[] {")
    }),
    ("bytes of C without a label", |keys| {
        listed(keys, |byte| format!("0x{byte:02x}"), ", ", "unsigned char env[] = {")
    }),
    ("letters of C", |keys| {
        listed(
            keys,
            |byte| if byte == b'\n' { "'\\n'".into() } else { format!("'{}'", char::from(byte)) },
            ", ",
            "char secret[] = {",
        )
    }),
    ("xxd", |keys| dumped(keys, xxd)),
    ("hexdump -C", |keys| dumped(keys, hexdump)),
    ("LDIF", |keys| {
        let one = Layout::pair(
            |id, secret| {
                format!(
                    "description: the keys of the account of the staging {id} and then the secret {secret} \n"
                )
            },
            keys,
        );
        let written = text(&one).through(|bytes| {
            each(bytes, |at, byte| if at % 76 == 75 { vec![byte, b'\n', b' '] } else { vec![byte] })
        });
        // A line break behind a byte is not its own.
        let mut truth = one.truth(&written);
        for part in [&mut truth.id, &mut truth.secret].into_iter().flatten() {
            while written.bytes[part.1.end - 1].is_ascii_whitespace() {
                part.1.end -= 1;
            }
        }
        (written.bytes, vec![truth])
    }),
    ("zip of all kinds in base64, wrapped", |keys| {
        let one = any(keys);
        of(
            &one,
            text(&one)
                .through(zip)
                .through(base64)
                .through(wrapped(76, "    ", "\n"))
                .between(b"binaryData:\n  app.zip: |\n", b""),
        )
    }),
    ("packed and encoded again", |keys| {
        let one = any(keys);
        of(
            &one,
            text(&one)
                .through(|bytes| packed(gzip(bytes).0, bytes.len()))
                .through(base64)
                .through(base64)
                .between(b"  release: ", b"\n"),
        )
    }),
];

/// Labels in clear, and values that are written letter by letter.
fn braced(layout: &Layout, one: fn(u8) -> String) -> Made {
    let written = text(layout).through(|bytes| {
        let labels = ["var accessKeyId = \"", "\";\nvar", " secretKey = \"", "\";\n"];
        let mut next = 0;
        each(bytes, |_, byte| match byte {
            1 => {
                next += 1;
                labels[next - 1].into()
            }
            _ if next % 2 == 1 => one(byte).into(),
            _ => vec![],
        })
    });
    of(layout, written)
}
