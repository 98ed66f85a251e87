//! Stretches of text that are known to contain no items.
//!
//! Versions of a file mostly repeat the text around an anchor, and most of it contains no part of a
//! credential. Such a stretch is remembered with all its bytes, so that a text can't pass for
//! another one. Nothing is remembered of stretches with items.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};

use crate::secret::Secret;

use super::item::{self, Item};

/// Bytes of all remembered stretches; beyond that, all are forgotten.
const MOST: usize = 1 << 19;
/// Bytes of a stretch that is remembered.
const LONGEST: usize = MOST / 8;

/// Remembered stretches, shared by threads.
#[derive(Default)]
pub(super) struct Blanks {
    /// The seed is random, so nobody can make stretches collide.
    hasher: RandomState,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// The stretches by their hashes, each with its number of examples. They may hold tokens of
    /// other providers, so they are wiped.
    by_hash: HashMap<u64, (Secret, u64)>,
    /// Their bytes in total.
    size: usize,
}

impl Blanks {
    /// The same as [`item::all`].
    pub(super) fn items(&self, stretch: &[u8]) -> (Vec<Item>, u64) {
        if stretch.len() > LONGEST {
            return item::all(stretch);
        }
        let hash = self.hasher.hash_one(stretch);
        if let Some(examples) = self.examples(hash, stretch) {
            return (Vec::new(), examples);
        }
        let (items, examples) = item::all(stretch);
        if items.is_empty() {
            self.add(hash, stretch, examples);
        }
        (items, examples)
    }

    fn examples(&self, hash: u64, stretch: &[u8]) -> Option<u64> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (text, examples) = known.by_hash.get(&hash)?;
        (text.expose() == stretch).then_some(*examples)
    }

    /// The slow parts run without the lock: the copy, and the release of forgotten entries.
    fn add(&self, hash: u64, stretch: &[u8], examples: u64) {
        let copy = Secret::new(stretch.to_vec());
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = known.size + stretch.len() > MOST;
        let forgotten = is_full.then(|| std::mem::take(&mut *known));
        known.size += stretch.len();
        let replaced = known.by_hash.insert(hash, (copy, examples));
        if let Some((text, _)) = &replaced {
            known.size -= text.expose().len();
        }
        drop(known);
        drop((forgotten, replaced));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_what_is_found() {
        let blanks = Blanks::default();
        let id = ["AKIA", "IOSFODNN7", "EXAMPLE"].concat();
        let long = "x ".repeat(LONGEST);
        for text in ["no item", "no item", &id, &id, &format!("a {id} b {id}"), &long, ""] {
            for _ in 0..2 {
                let (items, examples) = blanks.items(text.as_bytes());
                assert_eq!((items.len(), examples), (0, item::all(text.as_bytes()).1), "{text}");
            }
        }
        let id = ["AKIA", "QZ7X2JH5", "WK4TB6NV"].concat();
        for text in [&id, &id, &format!("id = {id}\n")] {
            assert_eq!(blanks.items(text.as_bytes()).0.len(), 1);
        }
        let known = blanks.known.lock().expect("no panic");
        assert_eq!(known.by_hash.len(), 4, "neither items nor long stretches are remembered");
        assert!(known.by_hash.values().all(|(text, _)| text.expose().len() < 100));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let blanks = Blanks::default();
        for number in 0..300 {
            blanks.items(format!("{number:>9000}").as_bytes());
            let known = blanks.known.lock().expect("no panic");
            let size: usize = known.by_hash.values().map(|(text, _)| text.expose().len()).sum();
            assert!(size == known.size && size <= MOST, "{number}");
        }
    }
}
