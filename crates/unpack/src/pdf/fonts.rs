//! The fonts that a page may mean by a name, and the letters of their codes.

use std::collections::HashMap;

use super::Budget;
use super::cmap::CMap;
use super::facts::{Facts, Font, Key, Letters, Reference};
use super::glyphs::{Glyph, unnamed};
use super::lex::is_space;

/// Limit of fonts that one name may mean.
pub(super) const CANDIDATES: usize = 4;
/// Limit of objects that are searched for the fonts of one page.
const STEPS: usize = 64;

/// All fonts of a PDF, indexed for lookups.
pub(super) struct Fonts {
    facts: Facts,
    maps: HashMap<u32, CMap>,
    /// References by target: those of contents, and those of fonts by name.
    of_contents: Vec<Reference>,
    of_fonts: Vec<Reference>,
}

impl Fonts {
    /// Indexes the gathered facts.
    pub(super) fn new(mut facts: Facts, mut maps: HashMap<u32, CMap>, budget: &mut Budget) -> Self {
        facts.fonts.sort_by_key(|&(number, _)| number);
        facts.encodings.sort_by_key(|&(number, _)| number);
        maps.values_mut().for_each(CMap::seal);
        let is_font =
            |number: u32| facts.fonts.binary_search_by_key(&number, |font| font.0).is_ok();
        let mut of = |wanted: &dyn Fn(&Reference) -> bool| -> Vec<Reference> {
            let wanted = facts.references.iter().filter(|one| wanted(one));
            wanted.take_while(|_| budget.takes(size_of::<Reference>())).copied().collect()
        };
        let mut of_contents = of(&|one| one.key == Key::CONTENTS);
        of_contents.sort_by_key(|one| one.target);
        let mut of_fonts = of(&|one| is_font(one.target));
        of_fonts.sort_by_key(|one| one.key);
        facts.references.sort_by_key(|one| (one.owner, one.key));
        Self { facts, maps, of_contents, of_fonts }
    }

    /// The fonts that a name may mean in the stream of this object: those of its page, otherwise
    /// any font of the file with that name.
    pub(super) fn named(&self, stream: Option<u32>, name: Key) -> Vec<Font> {
        let mut found = Vec::new();
        let mut queue: Vec<u32> = stream.into_iter().collect();
        // Objects that name the stream as their contents, or name a list that does.
        let (mut from, mut steps) = (0, 0);
        for _ in 0..2 {
            let until = queue.len();
            for at in from..until {
                let pages = run(&self.of_contents, |one| one.target, &queue[at]).iter();
                queue.extend(pages.map(|one| one.owner).take(STEPS.saturating_sub(queue.len())));
            }
            from = until;
        }
        // Inherited entries come after an object's own.
        let mut at = 0;
        while let (Some(&owner), true) = (queue.get(at), steps < STEPS) {
            (at, steps) = (at + 1, steps + 1);
            for target in self.leads(owner, name) {
                self.add(target, &mut found);
            }
            if !found.is_empty() {
                return found;
            }
            let room = STEPS.saturating_sub(queue.len());
            let inner = [Key::FONT, Key::RESOURCES].into_iter();
            let inner: Vec<u32> = inner.flat_map(|key| self.leads(owner, key)).take(room).collect();
            queue.splice(at..at, inner);
            let room = STEPS.saturating_sub(queue.len());
            queue.extend(self.leads(owner, Key::PARENT).take(room));
        }
        for one in run(&self.of_fonts, |one| one.key, &name) {
            if found.len() == CANDIDATES {
                break;
            }
            self.add(one.target, &mut found);
        }
        found
    }

    /// The objects that an object references under a key.
    fn leads(&self, owner: u32, key: Key) -> impl Iterator<Item = u32> {
        run(&self.facts.references, |one| (one.owner, one.key), &(owner, key))
            .iter()
            .take(CANDIDATES)
            .map(|one| one.target)
    }

    /// Adds the fonts with this object number, each once.
    fn add(&self, number: u32, found: &mut Vec<Font>) {
        for &(_, font) in run(&self.facts.fonts, |font| font.0, &number) {
            if found.len() < CANDIDATES && !found.contains(&font) {
                found.push(font);
            }
        }
    }

    /// The page that the stream of this object belongs to.
    pub(super) fn page(&self, stream: u32) -> Option<u32> {
        run(&self.of_contents, |one| one.target, &stream).first().map(|one| one.owner)
    }

    /// The reading of a font's codes.
    pub(super) fn reading(&self, font: Font) -> Reading<'_> {
        let map = match font.letters {
            Letters::Mapped(object) => self.maps.get(&object).filter(|map| !map.is_empty()),
            _ => None,
        };
        let named = font.encoding.and_then(|object| {
            run(&self.facts.encodings, |one| one.0, &object).last().map(|one| one.1)
        });
        let names = font.names.or(named).and_then(|place| self.facts.names.get(place));
        Reading { font, map, names: names.map_or(&[], Vec::as_slice) }
    }
}

/// The range of a sorted list with the given key.
fn run<'s, T, K: Ord>(sorted: &'s [T], key: impl Fn(&T) -> K, wanted: &K) -> &'s [T] {
    let start = sorted.partition_point(|one| key(one) < *wanted);
    let length = sorted[start..].partition_point(|one| key(one) == *wanted);
    &sorted[start..start + length]
}

/// Counts codes without letters.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Unlettered {
    /// True if some codes certainly have no letters.
    certain: bool,
    /// Codes of fonts without a mapping, and those of them that are not letters in any encoding.
    plain: u64,
    controls: u64,
}

impl Unlettered {
    /// Records a code that certainly has no letters.
    pub(super) fn is_met(&mut self) {
        self.certain = true;
    }

    /// True if it is reported: formulas have a few such signs on every page, which hide nothing.
    pub(super) fn is_reportable(&self) -> bool {
        self.certain || self.controls * 4 > self.plain
    }
}

/// Decodes the codes of one font.
#[derive(Clone, Copy)]
pub(super) struct Reading<'f> {
    font: Font,
    map: Option<&'f CMap>,
    names: &'f [(u8, Glyph)],
}

impl Reading<'_> {
    /// Appends the text of a string, up to `most` bytes or a few more.
    pub(super) fn show(
        &self,
        codes: &[u8],
        text: &mut Vec<u8>,
        most: usize,
        unlettered: &mut Unlettered,
    ) {
        let mut rest = codes;
        while !rest.is_empty() && text.len() < most {
            let (code, after) = rest.split_at(self.length(rest).min(rest.len()));
            let number = code.iter().fold(0, |number, &byte| number << 8 | u32::from(byte));
            if !self.map.is_some_and(|map| map.spell(number, text)) {
                match code {
                    &[code] if !self.font.is_wide => self.narrow(code, text, unlettered),
                    code => self.wide(code, text, unlettered),
                }
            }
            rest = after;
        }
    }

    /// Length of the next code in bytes.
    fn length(&self, codes: &[u8]) -> usize {
        if !self.font.is_wide {
            return 1;
        }
        let map = self.map.filter(|_| !self.font.is_double);
        map.and_then(|map| map.length(codes)).unwrap_or(2)
    }

    fn wide(&self, code: &[u8], text: &mut Vec<u8>, unlettered: &mut Unlettered) {
        unlettered.certain |= self.font.letters != Letters::Unicode;
        if self.map.is_some() {
            text.extend_from_slice("\u{fffd}".as_bytes());
        } else {
            // The text in case the codes are letters after all.
            text.extend(code.iter().filter(|&&byte| byte != 0));
        }
    }

    fn narrow(&self, code: u8, text: &mut Vec<u8>, unlettered: &mut Unlettered) {
        let name = self.names.binary_search_by_key(&code, |one| one.0);
        match name.ok().map(|place| self.names[place].1) {
            Some(Glyph::Letter(letter)) => {
                text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            }
            Some(Glyph::Ligature(letters)) => text.extend_from_slice(letters.as_bytes()),
            Some(Glyph::Other) => text.extend_from_slice("\u{fffd}".as_bytes()),
            Some(Glyph::Numbered(number)) if number != u32::from(code) => {
                text.push(code);
                unlettered.certain = true;
            }
            // Without names, or with the numeric names of TeX's bitmap fonts: codes are read as
            // ASCII.
            Some(Glyph::Numbered(_)) | None => {
                let letters = unnamed(code);
                unlettered.plain += 1;
                unlettered.controls +=
                    u64::from(letters.is_none() && code < b' ' && !is_space(code));
                match letters {
                    Some(letters) => text.extend_from_slice(letters.as_bytes()),
                    None => text.push(code),
                }
            }
        }
    }
}
