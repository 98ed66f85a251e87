//! Pieces of credentials, each of which a single byte of an input represents.
//!
//! So no scanner reports an input as a leak, and a fuzzer need not guess twenty letters at once.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// The first byte that stands for a piece; the byte before it makes the next one stand for itself.
const FIRST: u8 = 0xe0;
const ITSELF: u8 = FIRST - 1;

/// The pieces that the bytes from [`FIRST`] on stand for.
static PIECES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let id = key_id(1);
    let pair = pair(1);
    let wide: Vec<u8> = pair.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let texts = [
        "AK".to_owned() + "IA",
        "AS".to_owned() + "IA",
        id[4..].to_owned(),
        secret(1),
        id,
        pair.clone(),
        key_id(2),
        secret(2),
        "aws_secret_access_key = ".to_owned(),
        "\"secretAccessKey\": \"".to_owned(),
        "\n[default]\n".to_owned(),
        "\\u002f%2F\\/&#47;=\n".to_owned(),
        BASE64.encode(&pair),
        BASE64.encode("AK".to_owned() + "IA")[..5].to_owned(),
        "414b".to_owned() + "4941",
        "H4sIAAAA".to_owned(),
        "\" + \"".to_owned(),
        "X-Amz-Signature=".to_owned(),
        "IQoJb3JpZ2luX2Vj".to_owned() + &text(7, 200, BASE64_LETTERS),
        "aws_session_token=".to_owned(),
        "AB".to_owned() + "SK",
        "bedrock-api-key-".to_owned(),
        "keysweep:allow".to_owned(),
        "%41%4b".to_owned() + "%49%41",
        text(9, 120, BASE64_LETTERS),
        "aws_access_key_id".to_owned(),
        "\\n".to_owned(),
        "&quot;".to_owned(),
        "-----BEGIN CERTIFICATE-----\n".to_owned(),
        "=\r\n".to_owned(),
        "x".repeat(600),
    ];
    texts.into_iter().map(String::into_bytes).chain([wide]).collect()
});

const BASE32_LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64_LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Puts the pieces in place of the bytes that stand for them.
pub fn expand(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len() * 2);
    let mut rest = data.iter().copied();
    while let Some(byte) = rest.next() {
        match byte {
            ITSELF => out.extend(rest.next()),
            FIRST.. => out.extend_from_slice(&PIECES[usize::from(byte - FIRST)]),
            _ => out.push(byte),
        }
    }
    out
}

/// The id of the key `number`, which nobody has.
pub fn key_id(number: u64) -> String {
    "AK".to_owned() + "IA" + &text(number, 16, BASE32_LETTERS)
}

/// Its secret.
pub fn secret(number: u64) -> String {
    text(number + 1_000_003, 40, BASE64_LETTERS)
}

/// A file that holds the key.
pub fn pair(number: u64) -> String {
    format!("aws_access_key_id = {}\naws_secret_access_key = {}\n", key_id(number), secret(number))
}

/// Text that looks random and is the same in every run (SplitMix64).
fn text(seed: u64, length: usize, alphabet: &[u8]) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = state;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    };
    (0..length).map(|_| alphabet[(next() >> 33) as usize % alphabet.len()] as char).collect()
}
