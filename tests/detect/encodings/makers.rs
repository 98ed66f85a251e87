//! Makers of forms: layouts through steps of encoding, and texts of one kind each.

use std::ops::Range;

use super::{
    Keys, Layout, Truth, Written, base64, bedrock, each, lone_id, lone_secret, noise, pair,
};

pub(super) type Made = (Vec<u8>, Vec<Truth>);
pub(super) type Form = (&'static str, fn(&mut Keys) -> Made);

pub(super) fn of(layout: &Layout, written: Written) -> Made {
    let truth = layout.truth(&written);
    (written.bytes, vec![truth])
}

pub(super) fn text(layout: &Layout) -> Written {
    Written::new(&layout.text)
}

/// A step of encoding.
type Step<'s> = &'s dyn Fn(&[u8]) -> (Vec<u8>, Vec<Range<usize>>);

/// A layout through steps of encoding, with text around what comes out.
pub(super) fn chain(layout: &Layout, steps: &[Step<'_>], before: &str, after: &str) -> Made {
    let written = steps.iter().fold(text(layout), |written, step| written.through(step));
    of(layout, written.between(before.as_bytes(), after.as_bytes()))
}

/// A credential of any kind.
pub(super) fn any(keys: &mut Keys) -> Layout {
    match keys.next() % 4 {
        0 => bedrock(keys),
        1 => lone_id(keys),
        2 => lone_secret(keys),
        _ => pair(keys),
    }
}

/// A credential whose ids and labels have literals in base64 of base64.
pub(super) fn keyed(keys: &mut Keys) -> Layout {
    if keys.next().is_multiple_of(3) { lone_id(keys) } else { pair(keys) }
}

/// A key, temporary as it has a token.
pub(super) fn session(keys: &mut Keys) -> Layout {
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
pub(super) fn escaped(
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
pub(super) fn inserted(
    marks: Vec<(usize, String)>,
) -> impl Fn(&[u8]) -> (Vec<u8>, Vec<Range<usize>>) {
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
pub(super) fn marked(keys: &mut Keys, opening: &str, closing: &str) -> Made {
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
pub(super) fn listed(keys: &mut Keys, one: fn(u8) -> String, between: &str, name: &str) -> Made {
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

/// A line of a dump at an offset, and where it shows each byte.
type Dumped = fn(usize, &[u8]) -> (String, Vec<Range<usize>>);

/// A dump of 16 bytes a line.
pub(super) fn dumped(keys: &mut Keys, line: Dumped) -> Made {
    // An id of which a line shows no more than three letters has nothing to be found by.
    let is_truncated = |layout: &Layout| layout.text.find("AKIA").is_some_and(|at| at % 16 > 12);
    let mut layout = pair(keys);
    while is_truncated(&layout) {
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

pub(super) fn graphic(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|&byte| if byte.is_ascii_graphic() || byte == b' ' { char::from(byte) } else { '.' })
        .collect()
}

pub(super) fn xxd(at: usize, bytes: &[u8]) -> (String, Vec<Range<usize>>) {
    let mut line = format!("{at:08x}: ");
    let mut places = vec![];
    for (index, byte) in bytes.iter().enumerate() {
        places.push(line.len()..line.len() + 2);
        line += &format!("{byte:02x}");
        line += if index % 2 == 1 { " " } else { "" };
    }
    (format!("{line:<50} {}\n", graphic(bytes)), places)
}

pub(super) fn hexdump(at: usize, bytes: &[u8]) -> (String, Vec<Range<usize>>) {
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
pub(super) fn secret_of_two(keys: &mut Keys) -> Made {
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
    let (own, after) = (id.truth(&first), first.bytes.len());
    let second = text(&secret).through(base64).between(&first.bytes, b"\n");
    let truth = Truth { secret: secret.truth(&second).secret, ..own };
    assert!(after < second.bytes.len());
    (second.bytes, vec![truth])
}

/// A script in base64 with the secret, and the id outside.
pub(super) fn half_outside(keys: &mut Keys) -> Made {
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
pub(super) fn line(keys: &mut Keys, form: fn(&str, &str) -> String) -> Made {
    let mut layout = Layout::pair(form, keys);
    // A substitution by slashes of a text with a slash is not a substitution.
    while layout.text.starts_with("sed ")
        && layout.secret.as_ref().is_some_and(|one| one.contains('/'))
    {
        layout = Layout::pair(form, keys);
    }
    let written = text(&layout);
    of(&layout, written)
}

/// Separate strings of UTF-16 in a binary.
pub(super) fn strings_apart(keys: &mut Keys) -> Made {
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
pub(super) fn message(keys: &mut Keys) -> Made {
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
    let odd = if keys.next().is_multiple_of(2) { &b"\x02\x01\x03"[..] } else { b"\x02\x03" };
    of(&layout, written.between(odd, b"\x01\x02\x03"))
}

/// Labels in clear, and values that are written letter by letter.
pub(super) fn braced(layout: &Layout, one: fn(u8) -> String) -> Made {
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

/// A pair between bytes of a binary: before the id, right before it, between, right before the
/// secret, and after it.
pub(super) fn binary(keys: &mut Keys, parts: &[&[u8]; 5]) -> Made {
    let (id, secret) = (keys.id_of("AKIA"), keys.secret());
    let before = [parts[0], parts[1]].concat();
    let between = [parts[2], parts[3]].concat();
    let start = before.len() + id.len() + between.len();
    let truth = Truth {
        rule: "aws-access-key",
        id: Some((id.clone(), before.len()..before.len() + id.len())),
        secret: Some((secret.clone(), start..start + secret.len())),
        token: None,
    };
    let bytes = [&before[..], id.as_bytes(), &between, secret.as_bytes(), parts[4]].concat();
    (bytes, vec![truth])
}
