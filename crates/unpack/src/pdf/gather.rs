//! The first pass through a PDF: it gathers fonts from plain objects, object streams (ISO 32000-1,
//! 7.5.7) and CMaps.

use std::collections::{HashMap, HashSet};
use std::io::Read;

use super::super::input::Random;
use super::super::{Fault, Members};
use super::cmap::CMap;
use super::facts::{Facts, Letters};
use super::filter::{Packed, packed};
use super::fonts::Fonts;
use super::lex::{Token, Tokens, is_space, number};
use super::walk::{Stream, Visitor, walk};
use super::{Budget, opened};

/// Limits in bytes of an object stream or a CMap, and of an object in a stream.
const OBJECTS: usize = 16 << 20;
const OBJECT: usize = 1 << 20;
const MAP: usize = 4 << 20;
/// Limit of bytes unpacked for fonts: a fixed number, plus a number per byte of the file. If it is
/// reached, pages are still read.
const FREE: u64 = 32 << 20;
const RATIO: u64 = 32;
/// Limit of objects in an object stream.
const LISTED: usize = 64 << 10;
/// Limit in bytes of a dictionary that is read again.
const DICTIONARY: u32 = 4 << 10;

/// The offset of an object's stream, and the length of the dictionary before it.
#[derive(Clone, Copy)]
struct StreamOffset {
    number: u32,
    dictionary: u32,
    at: u64,
}

/// The gathered facts, and their limits.
pub(super) struct Gather<'g, 'p> {
    pdf: &'g Random<'p>,
    members: &'g mut dyn Members,
    facts: Facts,
    places: Vec<StreamOffset>,
    budget: Budget,
    /// Bytes that may still be unpacked.
    room: u64,
}

impl<'g, 'p> Gather<'g, 'p> {
    pub(super) fn new(pdf: &'g Random<'p>, members: &'g mut dyn Members) -> Self {
        let budget = Budget::default();
        let room = pdf.len().saturating_mul(RATIO).saturating_add(FREE);
        Self { pdf, members, facts: Facts::default(), places: Vec::new(), budget, room }
    }

    /// Reads the file; returns the fonts, whether the PDF is encrypted, and the bytes held.
    pub(super) fn fonts(mut self) -> Result<(Fonts, bool, Budget), Fault> {
        walk(self.pdf, &mut self)?;
        let fonts = self.facts.fonts.iter();
        let wanted: HashSet<u32> = fonts
            .filter_map(|(_, font)| match font.letters {
                Letters::Mapped(object) => Some(object),
                _ => None,
            })
            .collect();
        let mut maps: HashMap<u32, CMap> = HashMap::new();
        for place in std::mem::take(&mut self.places) {
            if wanted.contains(&place.number) {
                let text = self.map(&place)?;
                maps.entry(place.number).or_default().read(&text, &mut self.budget);
                self.budget.widen(self.members);
            }
        }
        let is_encrypted = self.facts.is_encrypted;
        let fonts = Fonts::new(self.facts, maps, &mut self.budget);
        Ok((fonts, is_encrypted, self.budget))
    }

    /// The text of a CMap.
    fn map(&mut self, place: &StreamOffset) -> Result<Vec<u8>, Fault> {
        let mut dictionary = vec![0; place.dictionary as usize];
        self.pdf.read(place.at.saturating_sub(place.dictionary.into()), &mut dictionary)?;
        self.unpacked(&dictionary, place.at, MAP)
    }

    /// The unpacked content of a stream, as far as it can be read.
    fn unpacked(&mut self, dictionary: &[u8], at: u64, most: usize) -> Result<Vec<u8>, Fault> {
        let Packed::By(filters) = packed(dictionary) else { return Ok(Vec::new()) };
        let mut bytes = Vec::new();
        let most = self.room.min(most as u64);
        let mut stream = opened(self.pdf, at, &filters)?.take(most);
        // The second pass reports the damage.
        let _ = stream.read_to_end(&mut bytes);
        self.budget.is_over |= bytes.len() as u64 == most;
        self.room -= bytes.len() as u64;
        self.members.count_unpacked(bytes.len() as u64)?;
        Ok(bytes)
    }

    /// Reads the objects of a stream, which starts with their numbers and offsets.
    fn objects(&mut self, dictionary: &[u8], bytes: &[u8]) {
        let Some(first) = entry(dictionary, b"First").and_then(|at| usize::try_from(at).ok())
        else {
            return;
        };
        let Some((numbers, objects)) = bytes.split_at_checked(first) else { return };
        let words = numbers.split(|&byte| is_space(byte)).filter(|word| !word.is_empty());
        let mut numbers = words.map_while(number);
        let mut listed = Vec::new();
        while let (Some(object), Some(at)) = (numbers.next(), numbers.next()) {
            self.budget.is_over |= listed.len() == LISTED;
            if listed.len() == LISTED {
                break;
            }
            listed.push((usize::try_from(at).unwrap_or(usize::MAX), object));
        }
        // Sorted by offset, so that no byte is read twice.
        listed.sort_unstable();
        for (place, &(at, object)) in listed.iter().enumerate() {
            let end = listed.get(place + 1).map_or(objects.len(), |next| next.0);
            let most = at.saturating_add(OBJECT);
            if let Some(body) = objects.get(at..end.min(objects.len()).min(most)) {
                self.facts.object(Some(object), body, &mut self.budget);
            }
            self.budget.widen(self.members);
        }
    }
}

impl Visitor for Gather<'_, '_> {
    fn object(&mut self, number: Option<u32>, body: &[u8]) -> Result<(), Fault> {
        self.facts.object(number, body, &mut self.budget);
        self.budget.widen(self.members);
        Ok(())
    }

    fn stream(&mut self, stream: &Stream<'_>) -> Result<u64, Fault> {
        if memchr::memmem::find(stream.dictionary, b"/ObjStm").is_some() {
            let bytes = self.unpacked(stream.dictionary, stream.at, OBJECTS)?;
            self.objects(stream.dictionary, &bytes);
        } else if memchr::memmem::find(stream.dictionary, b"/Subtype").is_none()
            && let Some(number) = number(stream.number)
            && self.budget.takes(size_of::<StreamOffset>())
        {
            // It may turn out to be a CMap. A keyword and a line end are between its dictionary and
            // its bytes.
            let length = u32::try_from(stream.dictionary.len()).unwrap_or(DICTIONARY);
            let dictionary = (length.saturating_add(8)).min(DICTIONARY);
            self.places.push(StreamOffset { number, dictionary, at: stream.at });
            self.budget.widen(self.members);
        }
        Ok(0)
    }
}

/// The number under a name in a dictionary.
fn entry(dictionary: &[u8], name: &[u8]) -> Option<u32> {
    let mut tokens = Tokens::new(dictionary);
    tokens.find(|token| *token == Token::Name(name))?;
    match tokens.next()? {
        Token::Number(number) => Some(number),
        _ => None,
    }
}
