//! Which fonts a page may mean by a name, and what letters their codes stand for.

use std::collections::HashMap;

use super::Budget;
use super::cmap::CMap;
use super::facts::{Facts, Font, Key, Letters, Reference};
use super::glyphs::{Glyph, unnamed};
use super::lex::is_space;

/// Fonts that one name may mean.
pub(super) const CANDIDATES: usize = 4;
/// Objects that are looked at for the fonts of one page.
const STEPS: usize = 64;

/// All fonts of a PDF, ready to be asked.
pub(super) struct Fonts {
    facts: Facts,
    maps: HashMap<u32, CMap>,
    /// References by what they name: those of contents, and those of fonts by a name.
    of_contents: Vec<Reference>,
    of_fonts: Vec<Reference>,
}

impl Fonts {
    /// Of what was gathered.
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

    /// What the name may mean in the stream of this object: what its page says, else any font of the
    /// file that is called so.
    pub(super) fn named(&self, stream: Option<u32>, name: Key) -> Vec<Font> {
        let mut found = Vec::new();
        let mut queue: Vec<u32> = stream.into_iter().collect();
        // What names the stream as its contents, or names a list that does.
        let (mut from, mut steps) = (0, 0);
        for _ in 0..2 {
            let until = queue.len();
            for at in from..until {
                let pages = run(&self.of_contents, |one| one.target, &queue[at]).iter();
                queue.extend(pages.map(|one| one.owner).take(STEPS.saturating_sub(queue.len())));
            }
            from = until;
        }
        // What an object inherits lies behind all that it has itself.
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

    /// The objects that an object names so.
    fn leads(&self, owner: u32, key: Key) -> impl Iterator<Item = u32> {
        run(&self.facts.references, |one| (one.owner, one.key), &(owner, key))
            .iter()
            .take(CANDIDATES)
            .map(|one| one.target)
    }

    /// Adds the fonts that an object is, each once.
    fn add(&self, number: u32, found: &mut Vec<Font>) {
        for &(_, font) in run(&self.facts.fonts, |font| font.0, &number) {
            if found.len() < CANDIDATES && !found.contains(&font) {
                found.push(font);
            }
        }
    }

    /// The page of which the stream of this object is a part.
    pub(super) fn page(&self, stream: u32) -> Option<u32> {
        run(&self.of_contents, |one| one.target, &stream).first().map(|one| one.owner)
    }

    /// How the codes of a font are read.
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

/// The stretch of a sorted list whose key is this one.
fn run<'s, T, K: Ord>(sorted: &'s [T], key: impl Fn(&T) -> K, wanted: &K) -> &'s [T] {
    let start = sorted.partition_point(|one| key(one) < *wanted);
    let length = sorted[start..].partition_point(|one| key(one) == *wanted);
    &sorted[start..start + length]
}

/// What was met of codes without letters.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Unlettered {
    /// Some are known to be such.
    certain: bool,
    /// Codes of fonts that tell nothing, and those of them that are no letters in any way of writing.
    plain: u64,
    controls: u64,
}

impl Unlettered {
    /// One that is known to be such.
    pub(super) fn is_met(&mut self) {
        self.certain = true;
    }

    /// Whether it is told: formulas have a few such signs on every page, and hide nothing.
    pub(super) fn is_reportable(&self) -> bool {
        self.certain || self.controls * 4 > self.plain
    }
}

/// How the codes of one font are read.
#[derive(Clone, Copy)]
pub(super) struct Reading<'f> {
    font: Font,
    map: Option<&'f CMap>,
    names: &'f [(u8, Glyph)],
}

impl Reading<'_> {
    /// Adds what a string shows to a text of at most `most` bytes, or a few more.
    pub(super) fn show(
        &self,
        codes: &[u8],
        text: &mut Vec<u8>,
        most: usize,
        unlettered: &mut Unlettered,
    ) {
        let mut rest = codes;
        while !rest.is_empty() && text.len() < most {
            let (code, behind) = rest.split_at(self.length(rest).min(rest.len()));
            let number = code.iter().fold(0, |number, &byte| number << 8 | u32::from(byte));
            if !self.map.is_some_and(|map| map.spell(number, text)) {
                match code {
                    &[code] if !self.font.is_wide => self.narrow(code, text, unlettered),
                    code => self.wide(code, text, unlettered),
                }
            }
            rest = behind;
        }
    }

    /// How many bytes the next code takes.
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
            // What it is if the codes are letters after all.
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
            // Without names, or with those of TeX's bitmaps, which are numbers: as in ASCII.
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
