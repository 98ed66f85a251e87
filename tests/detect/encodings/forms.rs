//! The forms of texts that are encoded as a whole.

use super::makers::{
    Form, any, chain, escaped, half_outside, keyed, message, of, secret_of_two, strings_apart, text,
};
use super::{
    base64, base64_url, gzip, gzip_of_a_file, hex, packed, pair, utf16, wrapped, zip, zlib,
};

pub(super) const ENCODED: &[Form] = &[
    ("base64", |keys| chain(&any(keys), &[&base64], "", "")),
    ("base64 in a line", |keys| chain(&keyed(keys), &[&base64_url], "CREDENTIALS=", "\nDEBUG=0\n")),
    ("base64 wrapped", |keys| chain(&any(keys), &[&base64, &wrapped(76, "", "\n")], "", "")),
    ("base64 in a comment", |keys| {
        chain(&pair(keys), &[&base64, &wrapped(64, "# ", "\n")], "", "")
    }),
    ("base64 in a comment of C", |keys| {
        chain(&pair(keys), &[&base64, &wrapped(60, " * ", "\r\n")], "", "")
    }),
    ("base64 in a mail's answer", |keys| {
        chain(&pair(keys), &[&base64, &wrapped(76, "> ", "\n")], "", "")
    }),
    ("base64 in a change", |keys| {
        chain(&pair(keys), &[&base64, &wrapped(76, "+", "\n")], "@@ -0,0 +1,9 @@\n", "")
    }),
    ("base64 in an indented change", |keys| {
        chain(&pair(keys), &[&base64, &wrapped(76, "+    ", "\n")], "", "")
    }),
    ("base64 in strings of code", |keys| {
        chain(
            &pair(keys),
            &[&base64, &wrapped(60, "    \"", "\" +\n")],
            "String s =\n",
            "    \"\";\n",
        )
    }),
    ("base64 in strings of C", |keys| {
        chain(&pair(keys), &[&base64, &wrapped(76, "    \"", "\\n\"\n")], "", "")
    }),
    ("base64 twice", |keys| chain(&keyed(keys), &[&base64, &base64], "", "")),
    ("base64 three times", |keys| chain(&any(keys), &[&base64, &base64, &base64], "", "")),
    ("base64 three times, announced", |keys| {
        chain(&any(keys), &[&base64, &base64, &base64], "x = base64.b64decode('", "')\n")
    }),
    ("hex", |keys| chain(&any(keys), &[&hex], "", "")),
    ("hex wrapped", |keys| chain(&any(keys), &[&hex, &wrapped(60, "", "\n")], "", "")),
    ("hex in base64", |keys| chain(&any(keys), &[&hex, &base64], "", "")),
    ("base64 in hex", |keys| chain(&any(keys), &[&base64, &hex], "", "")),
    ("base64 in hex in base64", |keys| chain(&any(keys), &[&base64, &hex, &base64], "", "")),
    ("gzip in base64", |keys| chain(&any(keys), &[&gzip, &base64], "data: ", "\n")),
    ("gzip of a file in base64", |keys| {
        chain(&any(keys), &[&gzip_of_a_file, &base64], "data: ", "\n")
    }),
    ("gzip in base64 in base64", |keys| {
        chain(&any(keys), &[&gzip_of_a_file, &base64, &base64], "  release: ", "\n")
    }),
    ("zlib in base64", |keys| {
        chain(&any(keys), &[&zlib, &base64], "exec(zlib.decompress(base64.b64decode('", "')))\n")
    }),
    ("zip in base64", |keys| chain(&any(keys), &[&zip, &base64], "{\"ZipFile\": \"", "\"}\n")),
    ("a Secret of any kind", |keys| {
        chain(
            &any(keys),
            &[&base64],
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\ndata:\n  env: ",
            "\n",
        )
    }),
    ("a Secret with its kind after it", |keys| {
        chain(&any(keys), &[&base64], "{\"data\":{\"env\":\"", "\"},\"kind\":\"Secret\"}\n")
    }),
    ("a Secret of two", secret_of_two),
    ("a half outside", half_outside),
    ("base64 with escaped slashes", |keys| {
        chain(
            &pair(keys),
            &[&base64, &escaped(b"/", |_| "\\/".into())],
            "{\"content\": \"",
            "\"}\n",
        )
    }),
    ("base64 in a URL", |keys| {
        chain(
            &pair(keys),
            &[&base64, &escaped(b"/+=", |byte| format!("%{byte:02X}"))],
            "https://x.example/?data=",
            "&v=1\n",
        )
    }),
    ("UTF-16 in base64", |keys| {
        chain(&keyed(keys), &[&utf16, &base64], "powershell -EncodedCommand ", "\r\n")
    }),
    ("UTF-16 in a binary", |keys| {
        let one = keyed(keys);
        let before = [&b"\x01\x02\x7f\x03"[..3 + (keys.next() % 2) as usize], b"\xfe"].concat();
        of(&one, text(&one).through(utf16).between(&before, b"\x01\x01\x01"))
    }),
    ("UTF-16 strings apart", strings_apart),
    ("UTF-16 with signs", message),
    ("zip of all kinds in base64, wrapped", |keys| {
        chain(
            &any(keys),
            &[&zip, &base64, &wrapped(76, "    ", "\n")],
            "binaryData:\n  app.zip: |\n",
            "",
        )
    }),
    ("packed and encoded again", |keys| {
        chain(
            &any(keys),
            &[&|bytes| packed(gzip(bytes).0, bytes.len()), &base64, &base64],
            "  release: ",
            "\n",
        )
    }),
];
