//! Random choices and random credentials: the same for a seed, and never literals of the tree.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const HEX: &str = "0123456789abcdef";

/// A generator of numbers (splitmix64).
pub struct Random(u64);

impl Random {
    /// One of its own for each seed.
    pub fn new(seed: u64) -> Self {
        let mut one = Self(seed ^ 0x6b65_7973_7765_6570);
        one.bits();
        one
    }

    /// The next 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number under `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.bits() >> 16) as usize % end.max(1)
    }

    /// A number from `least` to `most`, both included.
    pub fn between(&mut self, least: usize, most: usize) -> usize {
        least + self.below(most + 1 - least)
    }

    /// True so many times in a hundred.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of a list.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// Puts a list into a random order.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for end in (1..list.len()).rev() {
            list.swap(end, self.below(end + 1));
        }
    }

    fn characters(&mut self, alphabet: &str, len: usize) -> String {
        let alphabet = alphabet.as_bytes();
        (0..len).map(|_| char::from(alphabet[self.below(alphabet.len())])).collect()
    }

    /// A long-term access key id.
    pub fn id(&mut self) -> String {
        format!("AKIA{}", self.characters(BASE32, 16))
    }

    /// A secret access key: 30 random bytes in base64.
    pub fn secret(&mut self) -> String {
        let bytes: Vec<u8> = (0..30).map(|_| (self.bits() >> 32) as u8).collect();
        STANDARD.encode(bytes)
    }

    /// The password of an SMTP user of SES.
    pub fn smtp_password(&mut self) -> String {
        format!("B{}{}", self.characters(&BASE32[..16], 1), self.characters(BASE64, 42))
    }

    /// Letters and digits.
    pub fn letters(&mut self, len: usize) -> String {
        self.characters(LETTERS, len)
    }

    /// Lower-case hexadecimal digits.
    pub fn hex(&mut self, len: usize) -> String {
        self.characters(HEX, len)
    }

    /// A random UUID.
    pub fn uuid(&mut self) -> String {
        let parts = [8, 4, 4, 4, 12].map(|len| self.hex(len));
        parts.join("-")
    }
}
