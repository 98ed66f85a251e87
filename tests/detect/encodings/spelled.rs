//! Values that are written in an encoding inside a text that is not encoded.

use super::makers::{
    Form, binary, braced, chain, dumped, escaped, hexdump, inserted, line, listed, marked, of,
    session, text, xxd,
};
use super::{Layout, Written, base64, bedrock, each};

pub(super) const SPELLED: &[Form] = &[
    ("tokens with \\/", |keys| chain(&session(keys), &[&escaped(b"/", |_| "\\/".into())], "", "")),
    ("tokens with \\u002b", |keys| {
        chain(&session(keys), &[&escaped(b"/+=", |byte| format!("\\u{byte:04x}"))], "", "")
    }),
    ("tokens with %2B", |keys| {
        chain(&session(keys), &[&escaped(b"/+=", |byte| format!("%{byte:02X}"))], "", "")
    }),
    ("tokens with &#43;", |keys| {
        chain(&session(keys), &[&escaped(b"/+=", |byte| format!("&#{byte};"))], "", "")
    }),
    ("Bedrock with escapes", |keys| {
        chain(&bedrock(keys), &[&escaped(b"/+=", |byte| format!("%{byte:02X}"))], "", "")
    }),
    ("Bedrock in colour", |keys| {
        let one = bedrock(keys);
        let (mut at, end) =
            (one.text.find("ABSK").expect("it"), one.text.find("\"\n").expect("its end"));
        if keys.next().is_multiple_of(2) {
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
        // A line break after a byte is not its own.
        let mut truth = one.truth(&written);
        for part in [&mut truth.id, &mut truth.secret].into_iter().flatten() {
            while written.bytes[part.1.end - 1].is_ascii_whitespace() {
                part.1.end -= 1;
            }
        }
        (written.bytes, vec![truth])
    }),
    ("strings of CBOR", |keys| {
        binary(keys, &[b"\xa2jaccess_key", b"t", b"jsecret_key", b"x(", b"dname\0"])
    }),
    ("strings of Java", |keys| {
        binary(keys, &[b"\xac\xed\0\x05", b"t\0\x14", b"t\0\x09SecretKey", b"t\0(", b"xp\0"])
    }),
    ("strings of a program", |keys| {
        binary(keys, &[b"\0\0invalid argument", b"", b"access denied\0secret\0", b"", b"\0 retry"])
    }),
];
