//! The facts that a PDF's objects state about fonts, gathered in any order.
//!
//! For each dictionary, only the references under each name or list are kept, so that
//! [`super::fonts`] can find the font that a page means by a name.

use super::Budget;
use super::glyphs::{Glyph, named};
use super::lex::{Token, Tokens};

/// Limit of nested dictionaries and lists.
const DEPTH: usize = 32;
/// Limit of glyphs in a list for 256 codes.
const NAMES: usize = 4096;
/// Limit of fonts in a dictionary.
const PAIRS: usize = 64 << 10;

/// The hash of a name. Two names with the same hash are not distinguished, and all meanings are
/// tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key(u64);

impl Key {
    pub(super) const CONTENTS: Self = Self::plain(b"Contents");
    pub(super) const RESOURCES: Self = Self::plain(b"Resources");
    pub(super) const FONT: Self = Self::plain(b"Font");
    pub(super) const PARENT: Self = Self::plain(b"Parent");
    const ENCODING: Self = Self::plain(b"Encoding");
    const DIFFERENCES: Self = Self::plain(b"Differences");

    /// FNV-1a.
    const fn plain(name: &[u8]) -> Self {
        let (mut hash, mut at) = (0xcbf2_9ce4_8422_2325, 0);
        while at < name.len() {
            hash = (hash ^ name[at] as u64).wrapping_mul(0x0100_0000_01b3);
            at += 1;
        }
        Self(hash)
    }

    /// The key of a name as written: a byte may be two digits after a `#`.
    pub(super) fn of(name: &[u8]) -> Self {
        if !name.contains(&b'#') {
            return Self::plain(name);
        }
        let mut plain = Vec::new();
        let mut rest = name;
        while let Some((&byte, more)) = rest.split_first() {
            let digit = |at: usize| char::from(*more.get(at)?).to_digit(16);
            let escaped = digit(0).zip(digit(1)).filter(|_| byte == b'#');
            plain.push(escaped.map_or(byte, |(high, low)| (high << 4 | low) as u8));
            rest = if escaped.is_some() { &more[2..] } else { more };
        }
        Self::plain(&plain)
    }
}

/// A reference from one object to another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reference {
    pub(super) owner: u32,
    pub(super) target: u32,
    pub(super) key: Key,
}

/// The mapping of a font's codes to letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Letters {
    /// Not specified.
    #[default]
    Unsaid,
    /// Codes are UTF-16.
    Unicode,
    /// Defined by the CMap in this object.
    Mapped(u32),
}

impl Letters {
    fn or(self, other: Self) -> Self {
        if self == Self::Unsaid { other } else { self }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Font {
    /// True if its codes may have several bytes.
    pub(super) is_wide: bool,
    /// True if all of its codes have two bytes.
    pub(super) is_double: bool,
    pub(super) letters: Letters,
    /// True if it is a part of a font, not a font itself.
    is_part: bool,
    /// The object that names its glyphs.
    pub(super) encoding: Option<u32>,
    /// The names of its glyphs, if it contains them: an index in the list of all.
    pub(super) names: Option<usize>,
}

/// All gathered facts.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) references: Vec<Reference>,
    /// Fonts by object number.
    pub(super) fonts: Vec<(u32, Font)>,
    /// Lists of codes and their glyphs.
    pub(super) names: Vec<Vec<(u8, Glyph)>>,
    /// Objects that contain such a list.
    pub(super) encodings: Vec<(u32, usize)>,
    /// True if the content of the file is encrypted.
    pub(super) is_encrypted: bool,
    /// Number of fonts without an object of their own.
    unnumbered: u32,
}

impl Facts {
    /// Reads an object or, without a number, a trailer.
    pub(super) fn object(&mut self, owner: Option<u32>, body: &[u8], budget: &mut Budget) {
        let mut reading = Reading { facts: self, budget, owner, frames: Vec::new() };
        // The last two numbers: they name an object if `R` follows.
        let mut numbers = (None, None);
        let mut below = 0usize;
        for token in Tokens::new(body) {
            match token {
                Token::DictionaryBegins | Token::ArrayBegins if reading.frames.len() == DEPTH => {
                    below += 1;
                }
                Token::DictionaryBegins => reading.open(false),
                Token::ArrayBegins => reading.open(true),
                Token::DictionaryEnds | Token::ArrayEnds if below > 0 => below -= 1,
                Token::DictionaryEnds | Token::ArrayEnds => reading.close(),
                Token::Number(number) => {
                    reading.number(number, numbers.1.is_some());
                    numbers = (numbers.1, Some(number));
                    continue;
                }
                Token::Word(b"R") => {
                    if let (Some(target), Some(_)) = numbers {
                        reading.reference(target);
                    }
                }
                Token::Name(name) => reading.name(name, numbers.1.is_some()),
                Token::Word(_) | Token::Hex(_) | Token::Text => reading.other(),
            }
            numbers = (None, None);
        }
        while !reading.frames.is_empty() {
            reading.close();
        }
    }

    /// A number that no object of an intact file has.
    fn unnumbered(&mut self) -> u32 {
        self.unnumbered += 1;
        u32::MAX - self.unnumbered
    }

    fn refer(&mut self, owner: u32, key: Key, target: u32, budget: &mut Budget) {
        if budget.takes(size_of::<Reference>()) {
            self.references.push(Reference { owner, target, key });
        }
    }
}

/// A dictionary or list that has not ended.
#[derive(Default)]
struct Frame<'b> {
    /// The key under which it is held.
    key: Key,
    is_list: bool,
    /// The last name, if its value is still to come.
    name: Option<&'b [u8]>,
    /// True if it names something other than objects, and so is not a list of fonts.
    is_mixed: bool,
    pairs: Vec<(Key, u32)>,
    is_font: bool,
    font: Font,
    /// True if it describes the encryption of the file, provided that it is a trailer.
    says_encrypted: bool,
    is_table: bool,
    /// The code of the next glyph of a list of names.
    code: u32,
    names: Vec<(u8, Glyph)>,
}

/// The state of reading an object.
struct Reading<'f, 'b> {
    facts: &'f mut Facts,
    budget: &'f mut Budget,
    owner: Option<u32>,
    frames: Vec<Frame<'b>>,
}

impl<'b> Reading<'_, 'b> {
    fn open(&mut self, is_list: bool) {
        // A bare list may be the contents of a page.
        let key = self.frames.last_mut().map_or(Key::CONTENTS, |outer| {
            let name = outer.name.take();
            outer.says_encrypted |= name == Some(b"Encrypt");
            if outer.is_list { outer.key } else { name.map(Key::of).unwrap_or_default() }
        });
        self.frames.push(Frame { key, is_list, ..Frame::default() });
    }

    fn number(&mut self, number: u32, is_second: bool) {
        let Some(frame) = self.frames.last_mut() else { return };
        frame.code = number;
        // Two numbers name an object if `R` follows; three do not.
        frame.is_mixed |= frame.name.is_none() && !is_second;
    }

    fn name(&mut self, name: &'b [u8], after_number: bool) {
        let Some(frame) = self.frames.last_mut() else { return };
        if frame.is_list {
            if frame.key == Key::DIFFERENCES {
                if let (Ok(code), true) = (u8::try_from(frame.code), frame.names.len() < NAMES) {
                    frame.names.push((code, named(name)));
                }
                frame.code = frame.code.saturating_add(1);
            }
            return;
        }
        frame.is_mixed |= after_number;
        match (frame.name, name) {
            (Some(b"Type"), b"Font") => frame.is_font = true,
            (Some(b"Type"), b"XRef") => frame.is_table = true,
            (Some(b"Subtype"), b"Type0") => (frame.is_font, frame.font.is_wide) = (true, true),
            (Some(b"Subtype"), b"Type1" | b"MMType1" | b"Type3" | b"TrueType") => {
                frame.is_font = true;
            }
            // Part of a font with wide codes; pages do not name it.
            (Some(b"Subtype"), b"CIDFontType0" | b"CIDFontType2") => {
                (frame.is_font, frame.font.is_part) = (false, true);
            }
            (Some(b"Encoding"), b"Identity-H" | b"Identity-V") => frame.font.is_double = true,
            (Some(b"Encoding"), name) if name.starts_with(b"Uni") => {
                frame.font.is_double = true;
                frame.font.letters = frame.font.letters.or(Letters::Unicode);
            }
            (Some(b"ToUnicode"), b"Identity-H" | b"Identity-V") => {
                frame.font.letters = Letters::Unicode;
            }
            _ => {}
        }
        frame.name = Some(name);
    }

    fn other(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.name = None;
            frame.is_mixed = true;
        }
    }

    /// Handles a reference to an object.
    fn reference(&mut self, target: u32) {
        let is_first = self.frames.len() == 1;
        let Some(frame) = self.frames.last_mut() else { return };
        let name = frame.name.take();
        let key = if frame.is_list { Some(frame.key) } else { name.map(Key::of) };
        match name {
            Some(b"ToUnicode") => frame.font.letters = Letters::Mapped(target),
            Some(b"Encoding") => frame.font.encoding = Some(target),
            Some(b"Encrypt") => frame.says_encrypted = true,
            _ => {}
        }
        let Some((key, owner)) = key.zip(self.owner) else { return };
        let leads = [Key::CONTENTS, Key::RESOURCES, Key::FONT, Key::PARENT].contains(&key);
        if leads || frame.key == Key::FONT && !frame.is_list {
            self.facts.refer(owner, key, target, self.budget);
        } else if is_first && !frame.is_list && frame.pairs.len() < PAIRS {
            frame.pairs.push((key, target));
        }
    }

    /// Takes over the facts of a dictionary or list.
    fn close(&mut self) {
        let Some(mut frame) = self.frames.pop() else { return };
        let is_first = self.frames.is_empty();
        if !frame.names.is_empty() {
            // The last definition of a code wins.
            frame.names.reverse();
            frame.names.sort_by_key(|&(code, _)| code);
            frame.names.dedup_by_key(|&mut (code, _)| code);
            frame.names.shrink_to_fit();
            let size = size_of::<Vec<u8>>() + size_of_val(&frame.names[..]);
            if self.budget.takes(size) {
                let place = Some(self.facts.names.len());
                self.facts.names.push(frame.names);
                frame.font.names = place;
            }
        }
        let names = frame.font.names;
        let passes_on = frame.is_list || frame.key == Key::ENCODING;
        if let (Some(outer), Some(_), true) = (self.frames.last_mut(), names, passes_on) {
            outer.font.names = names;
        }
        let may_say = self.owner.is_none() || frame.is_table;
        self.facts.is_encrypted |= is_first && frame.says_encrypted && may_say;
        let Some(owner) = self.owner.filter(|_| !frame.is_list) else { return };
        if frame.is_font && !frame.font.is_part {
            if self.budget.takes(size_of::<(u32, Font)>()) {
                let number = if is_first { owner } else { self.facts.unnumbered() };
                self.facts.fonts.push((number, frame.font));
                if !is_first {
                    self.facts.refer(owner, frame.key, number, self.budget);
                }
            }
        } else if let Some(names) = names.filter(|_| is_first)
            && self.budget.takes(size_of::<(u32, usize)>())
        {
            self.facts.encodings.push((owner, names));
        } else if is_first && !frame.is_mixed && !frame.is_table {
            for (key, target) in frame.pairs {
                self.facts.refer(owner, key, target, self.budget);
            }
        }
    }
}
