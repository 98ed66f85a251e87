//! Secret keys of age: bech32 (BIP 173), which ends in a checksum of six characters.

const LETTERS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// The part before the last `1`.
const PREFIX: &[u8] = b"age-secret-key-";
/// Characters after the `1`, and of the checksum at their end.
const BODY: usize = 52;
const CHECK: usize = 6;
const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];

/// True if the checksum of `AGE-SECRET-KEY-1…` is right; `None` if it has another form.
pub(super) fn key(token: &[u8]) -> Option<bool> {
    let lower = token.to_ascii_lowercase();
    let data = lower.strip_prefix(PREFIX)?.strip_prefix(b"1")?;
    let values: Option<Vec<u8>> = data.iter().map(|letter| value(*letter)).collect();
    Some(polymod(&values?) == 1)
}

/// A key whose 52 characters come from those of `body`.
pub(super) fn make(body: &str) -> String {
    let mut values: Vec<u8> = body.bytes().cycle().take(BODY).map(|byte| byte % 32).collect();
    values.extend([0; CHECK]);
    let check = polymod(&values) ^ 1;
    for at in 0..CHECK {
        values[BODY + at] = (check >> (5 * (CHECK - 1 - at))) as u8 & 31;
    }
    let letters = values.iter().map(|value| char::from(LETTERS[usize::from(*value)]));
    format!("AGE-SECRET-KEY-1{}", letters.collect::<String>().to_ascii_uppercase())
}

fn value(letter: u8) -> Option<u8> {
    LETTERS.iter().position(|&one| one == letter).map(|at| at as u8)
}

fn polymod(data: &[u8]) -> u32 {
    let high = PREFIX.iter().map(|byte| byte >> 5);
    let low = PREFIX.iter().map(|byte| byte & 31);
    let values = high.chain([0]).chain(low).chain(data.iter().copied());
    values.fold(1, |sum, value| {
        let next = (sum & 0x1ff_ffff) << 5 ^ u32::from(value);
        let terms = GENERATOR.iter().enumerate().filter(|(bit, _)| sum >> 25 >> bit & 1 == 1);
        terms.fold(next, |next, (_, term)| next ^ term)
    })
}
