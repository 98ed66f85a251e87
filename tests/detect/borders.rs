//! Signs before and after a token, and the lengths that binaries write before their strings.

use keysweep::detect::Engine;
use keysweep::scan::Detector as _;

use super::examples::{examples, rules, secret};
use crate::support::Keys;

/// Rules whose examples are a token without a fixed character before it.
const RULES: [&str; 9] = [
    "openai-key",
    "anthropic-key",
    "google-api-key",
    "google-oauth-secret",
    "gitlab-token",
    "google-access-token",
    "vault-token",
    "pypi-token",
    "docker-token",
];

/// Texts with a token at `@`.
const SIGNS: [&str; 14] = [
    "KEY=${KEY:-@}\n",
    "key: ${KEY-@}\n",
    "git clone https://@:x-oauth-basic@example.org/x.git\n",
    "git clone https://@@example.org/x.git\n",
    "+@\n",
    "-@\n",
    "//@\n",
    "--@\n",
    " -@\n",
    "_@_ \n",
    "Bearer+@\n",
    "x/@\n",
    "x=@/\n",
    "(-@)\n",
];

fn found(engine: &Engine, bytes: &[u8], rule: &str) -> Vec<String> {
    let candidates = engine.whole(bytes).candidates;
    let own = candidates.iter().filter(|one| one.credential.rule.as_str() == rule);
    own.map(secret).collect()
}

/// Tokens of some rules, which end in a letter.
fn tokens(name: &str, rules: &[&str]) -> Vec<(String, String)> {
    let all = examples(name, usize::MAX).into_iter().map(|(rule, _, token)| (rule, token));
    let is_one = |(rule, token): &(String, String)| {
        rules.contains(&rule.as_str()) && token.ends_with(|last: char| last.is_ascii_alphanumeric())
    };
    all.filter(is_one).collect()
}

#[test]
fn a_sign_before_a_prefix_is_not_a_part_of_the_token() {
    let engine = Engine::new(&rules());
    let mut wrong = Vec::new();
    for (rule, token) in tokens("signs before tokens", &RULES) {
        for text in SIGNS {
            let text = match text.split_once("@@") {
                Some((head, tail)) => format!("{head}{token}@{tail}"),
                None => text.replacen('@', &token, 1),
            };
            // A longer token may end in this sign.
            let is_open = text.contains('_') && text.starts_with('_');
            let found = found(&engine, text.as_bytes(), &rule);
            let is_right = found == [token.clone()] || is_open && found == [format!("{token}_")];
            if !is_right {
                wrong.push(format!("{rule}: {text} {found:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong: {}", wrong.len(), wrong.join("\n"));
}

#[test]
fn letters_before_a_prefix_and_after_a_fixed_length_make_a_longer_word() {
    let engine = Engine::new(&rules());
    let mut keys = Keys::new("tokens in longer words");
    for (rule, template) in
        [("google-api-key", "AIza{{base64url:34}}a"), ("gitlab-token", "glpat-{{base64url:19}}a")]
    {
        let token = keys.filled(template);
        for text in [format!("x{token}\n"), format!("{token}x\n"), format!("{token}-x\n")] {
            assert_eq!(found(&engine, text.as_bytes(), rule), [""; 0], "{text}");
        }
    }
}

/// Writes a string with its length, and the beginning of the next string.
type Format = fn(&[u8]) -> Vec<u8>;

const FORMATS: [(&str, Format); 9] = [
    ("class file", |text| [&[1, 0, text.len() as u8], text, &[8, 0, 5]].concat()),
    ("dex", |text| [&[0, text.len() as u8], text, &[0]].concat()),
    ("Protocol Buffers", |text| [&[8, 1, 0x12, text.len() as u8], text, &[0x1a, 1]].concat()),
    ("MessagePack", |text| [&[1, 0xd9, text.len() as u8], text, &[0xa1, b'x']].concat()),
    ("pickle 2", |text| [&[2, b'X', text.len() as u8, 0, 0, 0], text, b"q\x02X"].concat()),
    ("pickle 4", |text| [&[4, 0x8c, text.len() as u8], text, &[0x94, 0x8c]].concat()),
    ("CBOR", |text| [&[1, 0x78, text.len() as u8], text, b"ax\x18"].concat()),
    ("property list", |text| [&[1, b'_', 0x10, text.len() as u8], text, b"_\x10\x0forg"].concat()),
    ("Redis", |text| [&[0, 0x40, text.len() as u8], text, &[0xff]].concat()),
];

#[test]
fn the_length_before_a_string_of_a_binary_shows_its_end() {
    let engine = Engine::new(&rules());
    let mut wrong = Vec::new();
    let with_letters =
        ["stripe-key", "digitalocean-token", "slack-token", "linear-key", "github-token"];
    let rules = [&RULES[..], &with_letters].concat();
    for (rule, token) in tokens("tokens in binaries", &rules) {
        if token.len() > 250 {
            continue;
        }
        for (name, format) in FORMATS {
            let bytes = [&[0xca, 0xfe, 0, 1], &*format(token.as_bytes()), &[3, 0]].concat();
            let found = found(&engine, &bytes, &rule);
            if found != [token.clone()] {
                wrong.push(format!("{rule} ({}) in {name}: {found:?}", token.len()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong: {}", wrong.len(), wrong.join("\n"));
}

/// Strings of .NET have a length before them, those of a registry end with a zero.
#[test]
fn tokens_in_the_strings_of_a_program_are_found() {
    let engine = Engine::new(&rules());
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for (rule, token) in tokens("tokens in programs", &["github-token", "google-api-key"]) {
        for head in [&b"MZ\x90\0\x03\0"[..], b"regf\x01\0", b"\xd0\xcf\x11\xe0\xa1\xb1"] {
            for odd in [0, 1] {
                tried += 1;
                let bytes = [
                    head,
                    &[0xba, 0x0f, 0x2e, 0x41][..3 + odd],
                    b"\x11",
                    &wide("Server=x"),
                    b"\0Q",
                    &wide(&token),
                    b"\0\tQ",
                    &wide("done"),
                    b"\0\xfa\x70\xee",
                ]
                .concat();
                let found = found(&engine, &bytes, &rule);
                if found != [token.clone()] {
                    wrong.push(format!("{rule} {head:?} {odd}: {found:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty() && tried > 6, "{tried}: {}", wrong.join("\n"));
}

/// Rules of prefixes of three characters.
const SHORT: [&str; 5] =
    ["huggingface-token", "replicate-token", "sendgrid-key", "crates-io-token", "nuget-key"];

/// The default of a variable in a shell, in Compose files and in Markdown lists.
#[test]
fn a_token_that_is_found_in_quotes_is_found_as_a_default_and_in_a_patch() {
    let engine = Engine::new(&rules());
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for (rule, _, token) in examples("defaults of variables", 2) {
        if token.contains('\n')
            || found(&engine, format!("k = \"{token}\"\n").as_bytes(), &rule) != [token.clone()]
        {
            continue;
        }
        tried += 1;
        for text in
            [format!("k: ${{KEY:-{token}}}\n"), format!("-{token}\n"), format!("+{token}\n")]
        {
            let found = found(&engine, text.as_bytes(), &rule);
            // Base64 may begin with a plus sign, and base64url with a minus sign. Short prefixes are
            // searched for after some characters only, and a line may begin with an option.
            let is_free = match text.as_bytes()[0] {
                b'+' => rule.starts_with("azure-"),
                b'-' => ["azure-functions-key", "telegram-bot-token"].contains(&rule.as_str()),
                _ => rule == "azure-functions-key",
            };
            let is_free = is_free || SHORT.contains(&rule.as_str());
            let is_free = is_free || rule == "square-access-token";
            if found != [token.clone()] && !is_free {
                wrong.push(format!("{rule}: {text} {found:?}"));
            }
        }
    }
    assert!(wrong.is_empty() && tried > 60, "{tried}: {} wrong: {}", wrong.len(), wrong.join("\n"));
}
