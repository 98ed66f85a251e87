//! The literals of the anchor pass: those of the built-in methods, and those of rules with their
//! encodings.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::finding::Severity;
use crate::rules::{Pack, Packs, Rule, id};

use super::{Class, Literal, windows};

/// The literals of the built-in methods.
pub(super) fn builtin() -> Vec<Literal> {
    let mut literals = Vec::new();
    let mut add = |class: Class, texts: &[&str]| {
        literals.extend(texts.iter().map(|text| Literal::new(text.as_bytes().to_vec(), class)));
    };
    add(Class::Id, &["AKIA", "ASIA"]);
    // `I` and `A` with the zero bytes around them: in both ids, in both byte orders.
    add(Class::Utf16, &["\0I\0A\0"]);
    // The base64 of 1f 8b 08, which begins gzip, and of the first bytes of a zip archive.
    add(Class::Packed, &["H4sI", "UEsDB"]);
    add(Class::Encoding, &["ase64"]);
    // User and password in base64: Docker's configuration, npm's, and a header of HTTP.
    // What follows decides if it is one, so the literals need no signs around them, and no letter of
    // either case.
    add(Class::Login, &["\"auth\"", "_auth", ":_password", "asic "]);
    add(Class::Hex, &["414b4941", "414B4941", "41534941"]);
    add(Class::Escaped, &["%41%4", "%41%53%49"]);
    // The same once more, for the sign alone (twice or more) or for every letter.
    add(Class::Escaped, &["2541%25", "%25%34%31%25%3"]);
    add(Class::Escaped, &["x41\\x4", "x41\\x53", "u0041\\u00", "&#65;&#"]);
    // `I` and `A`, in both ids.
    add(Class::Listed, &["49, 0x41", "49,0x41", "73, 65", "73,65", "   I   A"]);
    add(Class::Label, &["ecret", "ECRET"]);
    add(Class::Token, &["IQoJb3Jp", "woGZXIv", "QoGZXIv", "QoDYXdz"]);
    let inner = base64_literals();
    for (text, place) in &inner {
        literals.push(Literal::new(text.clone().into_bytes(), Class::Base64(*place)));
    }
    let gzip = aligned(b"H4sI").into_iter().take(1);
    literals
        .extend(gzip.map(|(text, place)| Literal::new(text.into_bytes(), Class::Base64(place))));
    // Twice encoded: the base64 of the beginning of an id in base64.
    for whole in ["QUtJQ", "FLSU", "BS0lB", "QVNJQ", "FTSU", "BU0lB"] {
        for (text, place) in aligned(whole.as_bytes()) {
            literals.push(Literal::new(text.into_bytes(), Class::Base64(place)));
        }
    }
    for (text, place) in aligned(b"\0I\0A\0") {
        literals.push(Literal::new(text.into_bytes(), Class::Base64(place)));
    }
    literals
}

/// Names of logins and of base64 that only the tokens of other providers need, because ids of AWS in
/// base64 have literals of their own: Docker's login in a string, as `\"auth\": \"…\"` in Terraform's
/// state, that of npm's variables, functions that decode, and the field of cloud-init.
pub(super) fn of_tokens(packs: &Packs) -> impl Iterator<Item = Literal> {
    const LITERALS: [(&[u8], Class); 5] = [
        (b"\"auth\\", Class::Login),
        (b"__AUTH", Class::Login),
        (b"atob(", Class::Encoding),
        (b"64dec", Class::Encoding),
        (b": b64", Class::Encoding),
    ];
    let all = LITERALS.iter().filter(|_| packs.has(Pack::Tokens));
    all.map(|(literal, class)| Literal::new(literal.to_vec(), *class))
}

/// Characters before a token, with which a short literal is searched for. The packed search compares
/// four bytes; shorter literals would need a search of their own. `n` ends the escape `\n`, `D` the
/// escapes `=3D` and `%3D`.
const BEFORE: [u8; 16] = *b"\"'= :/\n\t>`(,;|nD";

/// The characters with one of which an anchor of a rule is searched for; none for most.
pub fn signs_before(rule: &Rule, anchor: &[u8]) -> &'static [u8] {
    if is_widened(rule, anchor) { &BEFORE } else { &[] }
}

/// The literals of an anchor. A short one of a built-in rule is widened by the character before it,
/// another one is also searched for with its escapes.
pub(super) fn of_anchor(rule: &Rule, anchor: &[u8]) -> Vec<Literal> {
    if !is_widened(rule, anchor) {
        // The author of another rule chose its cost.
        let escaped = escaped(anchor).filter(|_| rule.file.is_none());
        let all = [anchor.to_vec()].into_iter().chain(escaped);
        return all.map(|bytes| Literal::new(bytes, Class::Shape)).collect();
    }
    let widened = BEFORE.iter().map(|&before| [&[before], anchor].concat());
    let widened = widened.map(|bytes| Literal::new(bytes, Class::Shape));
    widened.chain([Literal::new(anchor.to_vec(), Class::Start)]).collect()
}

/// Characters of anchors that JSON and URLs escape, with their escapes: of PHP's JSON and Gson's, and
/// of URLs in either case.
const ESCAPES: [&[(u8, &[u8])]; 4] = [
    &[(b'/', b"\\/")],
    &[(b'=', b"\\u003d")],
    &[(b'/', b"%2F"), (b':', b"%3A"), (b'=', b"%3D")],
    &[(b'/', b"%2f"), (b':', b"%3a"), (b'=', b"%3d")],
];

/// An anchor as it is written where some of its characters are escaped: views are made only around
/// an anchor.
fn escaped(anchor: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    // Most anchors have none of these characters, and this is done at each start of the program.
    let applies =
        |escapes: &&&[(u8, &[u8])]| escapes.iter().any(|(plain, _)| anchor.contains(plain));
    let forms = ESCAPES.iter().filter(applies).map(move |escapes| {
        let escape = |byte: &u8| escapes.iter().find(|(plain, _)| plain == byte);
        let made = anchor.iter().flat_map(|byte| match escape(byte) {
            Some((_, escaped)) => escaped.to_vec(),
            None => vec![*byte],
        });
        let made = made.collect::<Vec<u8>>();
        // The digits of a first sign are enough, and the same in JSON and URLs.
        let digits = made.iter().position(|byte| *byte == b'3').filter(|_| anchor[0] == b'=');
        made[digits.unwrap_or(0)..].to_vec()
    });
    forms.filter(move |escaped| escaped != anchor)
}

fn is_widened(rule: &Rule, anchor: &[u8]) -> bool {
    rule.file.is_none() && anchor.len() < windows::WIDTH
}

/// An anchor of a rule in base64, at each alignment, if the rule asks for it. The others are found
/// in base64 that nearby text announces.
pub(super) fn encoded(rule: &Rule, anchor: &[u8]) -> Vec<Literal> {
    let asks = rule.shape.as_ref().is_some_and(|shape| shape.encoded);
    let wanted = match rule.pack {
        Pack::Aws | Pack::Custom => asks || rule.severity == Severity::Error,
        Pack::Tokens | Pack::More => asks,
    };
    let literals = if wanted && anchor.len() >= 4 { aligned(anchor) } else { vec![] };
    literals
        .into_iter()
        .map(|(text, place)| Literal::new(text.into_bytes(), Class::Base64(place)))
        .collect()
}

/// Texts that only whole files contain, with the rules of the credentials in them. Terraform, CI
/// systems and people keep such a file as one value of base64, under any name.
const FILES: [(&str, &[u8]); 1] = [(id::GCP_SERVICE_ACCOUNT_KEY, b"service_account")];

/// The literals of a file in base64 that holds a credential of `rule`.
pub(super) fn of_file(rule: &Rule) -> impl Iterator<Item = Literal> {
    let texts = FILES.iter().filter(|(id, _)| rule.file.is_none() && rule.id.as_str() == *id);
    let literals = texts.flat_map(|(_, text)| aligned(text));
    literals.map(|(text, place)| Literal::new(text.into_bytes(), Class::Base64(place)))
}

/// The beginnings of ids in base64, at each of the three alignments, with the place of the
/// literal's first character in its quantum.
///
/// Wrapped base64 cuts 1 in 16 of them in two. For literals of five characters both ends are
/// searched, and the labels next to an id lead to the same run. Literals of three characters would
/// never be cut, but halve the speed of the search: packed search compares four.
fn base64_literals() -> Vec<(String, u8)> {
    let ids = [
        ("QUtJ", 0),
        ("UtJQ", 1),
        ("QVNJ", 0),
        ("VNJQ", 1),
        ("FLSU", 2),
        ("FTSU", 2),
        ("BS0l", 3),
        ("S0lB", 0),
        ("BU0l", 3),
        ("U0lB", 0),
    ];
    let mut literals = ids.map(|(text, place)| (text.to_owned(), place)).to_vec();
    literals.extend(aligned(b"ecret"));
    literals.extend(aligned(b"ECRET"));
    literals
}

/// The characters of base64 that `bytes` determine alone, at each of the three alignments.
fn aligned(bytes: &[u8]) -> Vec<(String, u8)> {
    (0..3)
        .map(|shift: usize| {
            let mut padded = vec![0; shift];
            padded.extend_from_slice(bytes);
            let text = STANDARD_NO_PAD.encode(&padded);
            let first = (shift * 8).div_ceil(6);
            let last = padded.len() * 8 / 6;
            (text[first..last].to_owned(), (first % 4) as u8)
        })
        .collect()
}
