//! Fills examples: `{{akia}}` and similar placeholders become random values.
//!
//! Examples of credentials are written as templates, so that scanners do not report a pattern file
//! as a leak, and so that they test a shape rather than one value. A seed determines every value.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::tokens::{self, TokenFormat};

const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE64URL: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const ALNUM: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const HEX: &[u8] = b"0123456789abcdef";
const UPPER_HEX: &[u8] = b"0123456789ABCDEF";
const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LOWER_BASE32: &[u8] = b"abcdefghijklmnopqrstuvwxyz234567";
const DIGITS: &[u8] = b"0123456789";

/// Longest value of a placeholder, in characters.
const LONGEST: usize = 10_000;

/// The reason why a template can't be filled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// An unknown name.
    #[error(
        "there is no placeholder '{0}' (there are akia, asia, secret, token, uuid, and with a \
         length, as in base64:40: base64, base64url, alnum, lower, upper, letters, base32, \
         hex, upperhex, digits; \
         base64-of:TEXT and base64url-of:TEXT encode TEXT, and the name of a reader with a checksum, as in \
         crc32-base62:TEXT, adds the checksum to TEXT)"
    )]
    Unknown(String),
    /// A length that is missing, 0 or too large.
    #[error("placeholder '{0}' needs a length from 1 to {LONGEST}, as in base64:40")]
    Length(String),
    /// A text to which the checksum of a reader can't be added.
    #[error(
        "placeholder '{0}' needs the beginning of a token, as in crc32-base62:ghp_{{{{alnum:30}}}}"
    )]
    Incomplete(String),
    /// `{{` without `}}`.
    #[error("a placeholder is not closed by }}}}")]
    Open,
}

/// Values from a seed (SplitMix64: Steele, Lea, Flood 2014).
pub struct Filler(u64);

impl Filler {
    /// Makes a filler. The same seed gives the same values.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The template with every placeholder filled, innermost first.
    pub fn fill(&mut self, template: &str) -> Result<String, TemplateError> {
        let mut text = template.to_owned();
        let mut from = 0;
        while let Some(open) = text[from..].find("{{").map(|at| from + at) {
            let close = text[open..].find("}}").map(|at| open + at).ok_or(TemplateError::Open)?;
            let inner = text[..close].rfind("{{").unwrap_or(open);
            let value = self.value(&text[inner + 2..close])?;
            text.replace_range(inner..close + 2, &value);
            // Values contain no braces, so only an enclosing placeholder remains to be filled.
            from = if inner == open { inner + value.len() } else { open };
        }
        Ok(text)
    }

    fn value(&mut self, placeholder: &str) -> Result<String, TemplateError> {
        let (name, argument) = placeholder.split_once(':').unwrap_or((placeholder, ""));
        if let Some(format) = TokenFormat::named(name) {
            let wrong = || TemplateError::Incomplete(name.to_owned());
            return tokens::complete(format, argument).ok_or_else(wrong);
        }
        let alphabet = match name {
            "akia" => return Ok(["AKIA", &self.text(BASE32, 16)].concat()),
            "asia" => return Ok(["ASIA", &self.text(BASE32, 16)].concat()),
            "secret" => return Ok(self.text(BASE64, 40)),
            "token" => return Ok(["IQoJb3JpZ2luX2Vj", &self.text(BASE64, 400)].concat()),
            "uuid" => {
                return Ok([8, 4, 4, 4, 12].map(|len| self.text(HEX, len)).join("-"));
            }
            "base64-of" => return Ok(STANDARD.encode(argument)),
            "base64url-of" => return Ok(URL_SAFE_NO_PAD.encode(argument)),
            "base64" => BASE64,
            "base64url" => BASE64URL,
            "alnum" => ALNUM,
            "lower" => LOWER,
            "upper" => UPPER,
            "hex" => HEX,
            "upperhex" => UPPER_HEX,
            "letters" => LETTERS,
            "base32" => LOWER_BASE32,
            "digits" => DIGITS,
            _ => return Err(TemplateError::Unknown(name.to_owned())),
        };
        match argument.parse() {
            Ok(len @ 1..=LONGEST) => Ok(self.text(alphabet, len)),
            _ => Err(TemplateError::Length(name.to_owned())),
        }
    }

    fn text(&mut self, alphabet: &[u8], len: usize) -> String {
        (0..len).map(|_| char::from(alphabet[self.next() as usize % alphabet.len()])).collect()
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) >> 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::KeyId;

    #[test]
    fn placeholders_stand_for_values_of_their_kind() {
        let mut filler = Filler::new(7);
        let filled = filler.fill("id={{akia}} {{secret}}, {{lower:26}} {{uuid}}").expect("known");
        let id = filled[3..].get(..20).expect("twenty characters");
        assert!(KeyId::parse(id.as_bytes()).is_some(), "{id}");
        assert_eq!(filled.len(), 3 + 20 + 1 + 40 + 2 + 26 + 1 + 36);
        assert_eq!(Filler::new(7).fill("{{hex:8}}"), Filler::new(7).fill("{{hex:8}}"));
        assert_ne!(Filler::new(7).fill("{{hex:8}}"), Filler::new(8).fill("{{hex:8}}"));
    }

    #[test]
    fn a_placeholder_may_stand_inside_another() {
        let filled = Filler::new(1).fill("<{{base64-of:a-{{digits:1}}-b}}> {{digits:2}}");
        let filled = filled.expect("known");
        assert_eq!(filled.len(), 2 + 8 + 1 + 2, "{filled}");
    }

    #[test]
    fn what_cannot_be_filled_is_named() {
        let fill = |template: &str| Filler::new(1).fill(template);
        assert_eq!(fill("{{akai}}"), Err(TemplateError::Unknown("akai".to_owned())));
        assert_eq!(fill("{{hex}}"), Err(TemplateError::Length("hex".to_owned())));
        assert_eq!(fill("{{hex:0}}"), Err(TemplateError::Length("hex".to_owned())));
        assert_eq!(fill("{{hex:8"), Err(TemplateError::Open));
    }
}
