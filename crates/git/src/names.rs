//! Names of tree entries, numbered by any thread.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{PoisonError, RwLock};

/// A name's number.
pub type NameNumber = u32;

/// The number of parts into which names are divided, so that threads seldom wait for each other.
const SHARDS: usize = 16;

/// Names without duplicates. Their numbers depend on threads, so results must not depend on them.
#[derive(Default)]
pub struct Names {
    hasher: RandomState,
    shards: [RwLock<Shard>; SHARDS],
}

#[derive(Default)]
struct Shard {
    list: Vec<Box<[u8]>>,
    numbers: HashMap<Box<[u8]>, u32>,
}

impl Names {
    /// The number of a name; a new one is added.
    pub fn number(&self, name: &[u8]) -> NameNumber {
        self.find(name).unwrap_or_else(|| {
            let at = self.shard(name);
            let mut shard = self.shards[at].write().unwrap_or_else(PoisonError::into_inner);
            let Shard { list, numbers } = &mut *shard;
            let number = *numbers.entry(name.into()).or_insert_with(|| {
                list.push(name.into());
                u32::try_from(list.len() - 1).expect("fewer than 2^32 names")
            });
            joined(number, at)
        })
    }

    /// The number of a name; `None` if it has none.
    pub fn find(&self, name: &[u8]) -> Option<NameNumber> {
        let at = self.shard(name);
        let shard = self.shards[at].read().unwrap_or_else(PoisonError::into_inner);
        shard.numbers.get(name).map(|&number| joined(number, at))
    }

    /// The name with a number that [`Self::number`] returned.
    pub fn name(&self, number: NameNumber) -> Box<[u8]> {
        let (at, number) = (number as usize % SHARDS, number as usize / SHARDS);
        self.shards[at].read().unwrap_or_else(PoisonError::into_inner).list[number].clone()
    }

    fn shard(&self, name: &[u8]) -> usize {
        (self.hasher.hash_one(name) % SHARDS as u64) as usize
    }
}

fn joined(number: u32, shard: usize) -> NameNumber {
    number.checked_mul(SHARDS as u32).expect("fewer than 2^28 names in a part") + shard as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_number() {
        let names = Names::default();
        let all: Vec<Vec<u8>> = (0..500u32).map(|name| name.to_string().into_bytes()).collect();
        let numbers: Vec<NameNumber> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..3)
                .map(|_| {
                    scope.spawn(|| all.iter().map(|name| names.number(name)).collect::<Vec<_>>())
                })
                .collect();
            let mut each = threads.into_iter().map(|one| one.join().expect("no panic"));
            let first = each.next().expect("three threads");
            each.for_each(|other| assert_eq!(other, first));
            first
        });
        for (name, number) in all.iter().zip(numbers) {
            assert_eq!(&*names.name(number), name.as_slice());
            assert_eq!(names.find(name), Some(number));
        }
        assert_eq!(names.find(b"another"), None);
    }
}
