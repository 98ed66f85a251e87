//! `--shard I/N`: the part of the targets that one of N machines scans.
//!
//! A target belongs to the shard that a hash of its name gives, so each shard is known without the
//! others, and a target keeps its shard when others come or go. The hash is a part of SHA-256, so it
//! is the same in every version and on every platform.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

/// Shard I of N, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    number: u32,
    count: u32,
}

impl Shard {
    /// Its number, and that of all shards.
    pub fn numbers(self) -> (u32, u32) {
        (self.number, self.count)
    }

    /// True if the target of this name belongs to it.
    pub fn has(self, name: &str) -> bool {
        let [first, ..] = *Sha256::digest(name).as_chunks::<8>().0 else { return false };
        u64::from_be_bytes(first) % u64::from(self.count) == u64::from(self.number - 1)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} of {}", self.number, self.count)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = text.split_once('/').and_then(|(number, count)| {
            Some(Self { number: number.parse().ok()?, count: count.parse().ok()? })
        });
        match read {
            Some(Self { number: 0, count }) => Err(format!(
                "shards count from 1: the first one is 1/{count}; add 1 to an index from 0"
            )),
            Some(shard) if shard.number <= shard.count => Ok(shard),
            Some(Self { number, count }) => Err(format!(
                "there is no shard {number} of {count}: the last one is {count}/{count}"
            )),
            None => Err("expected I/N such as 1/8: the number of the shard, counted from 1, and \
                         the number of shards"
                .to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> impl Iterator<Item = String> {
        (0..500).map(|number| format!("team {}/repository-{number}.git", number % 7))
    }

    #[test]
    fn each_target_is_in_exactly_one_shard_for_any_number_of_shards() {
        for count in [1, 2, 3, 8, 17, 1000, u32::MAX] {
            for name in names().take(if count > 17 { 20 } else { 500 }) {
                let tried = count.min(1000);
                let shards = (1..=tried).map(|number| Shard { number, count });
                let holders = shards.filter(|shard| shard.has(&name)).count();
                assert!(holders == 1 || (tried < count && holders == 0), "{name} of {count}");
            }
        }
        // They are about equally large.
        for number in 1..=4 {
            let size = names().filter(|name| Shard { number, count: 4 }.has(name)).count();
            assert!((90..=160).contains(&size), "{number}: {size}");
        }
    }

    /// Machines with different versions share a sweep, so these never change.
    #[test]
    fn the_shard_of_a_name_is_fixed() {
        for (name, number) in [(".", 3), ("one", 1), ("team/api", 4), ("a\\xff.git", 1)] {
            let found: Vec<u32> =
                (1..=8).filter(|&number| Shard { number, count: 8 }.has(name)).collect();
            assert_eq!(found, [number], "{name}");
        }
    }

    #[test]
    fn shards_count_from_one() {
        assert_eq!("2/3".parse(), Ok(Shard { number: 2, count: 3 }));
        for (text, words) in [
            ("0/3", "count from 1"),
            ("0/0", "count from 1"),
            ("4/3", "no shard 4 of 3"),
            ("3", "expected I/N"),
            ("a/3", "expected I/N"),
            ("1/", "expected I/N"),
            ("-1/3", "expected I/N"),
            ("1/4294967296", "expected I/N"),
        ] {
            let refused = text.parse::<Shard>().expect_err(text);
            assert!(refused.contains(words), "{text}: {refused}");
        }
    }
}
