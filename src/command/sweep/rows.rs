//! The output of a sweep while it runs: a row for each target that ended, and the remaining time.
//!
//! The estimate assumes that the time of a target has a constant part and a part that grows with
//! the bytes of its packs, and fits both to the targets that have ended.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::coverage::{Count, Ledger};
use crate::opaque;
use crate::report::amounts;
use crate::run::sweep::Ended;
use crate::run::target::Target;
use crate::text::escape_line;

/// A shorter remaining time is not shown.
const SHORT: Duration = Duration::from_secs(5);

/// Makes the rows of a sweep.
#[derive(Debug)]
pub struct Rows {
    names: Vec<String>,
    weights: Vec<u64>,
    /// Targets that are scanned at a time.
    jobs: usize,
    scanned: Mutex<Scanned>,
}

/// The targets of this run so far: sums, in seconds and bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Scanned {
    count: f64,
    weight: f64,
    time: f64,
    /// The sum of the squares of weights.
    squares: f64,
    /// The sum of the products of weight and time.
    products: f64,
}

impl Scanned {
    fn add(&mut self, weight: u64, took: Duration) {
        let (weight, time) = (weight as f64, took.as_secs_f64());
        self.count += 1.0;
        self.weight += weight;
        self.time += time;
        self.squares += weight * weight;
        self.products += weight * time;
    }

    /// The estimated seconds for `count` targets of `weight` bytes in total; `None` without data.
    fn estimate(&self, count: f64, weight: f64) -> Option<f64> {
        if self.weight == 0.0 {
            return None;
        }
        // Least squares. If all targets are alike, only their number counts.
        let spread = self.count * self.squares - self.weight * self.weight;
        let is_flat = spread <= self.count * self.squares * 1e-6;
        let by_weight = (self.count * self.products - self.weight * self.time) / spread;
        let each = (self.time - by_weight * self.weight) / self.count;
        Some(match (is_flat, each >= 0.0, by_weight >= 0.0) {
            (false, true, true) => each * count + by_weight * weight,
            // Larger targets were not slower: the cost is not in their packs.
            (false, true, false) => self.time / self.count * count,
            _ => self.time / self.weight * weight,
        })
    }
}

impl Rows {
    /// Makes the rows for these targets, in the order in which they are scanned, `jobs` at a time.
    pub fn new(targets: &[Target], jobs: usize) -> Self {
        Self {
            // The findings of a target are not known yet when its name is shown.
            names: targets.iter().map(|target| opaque::redacted(&target.name)).collect(),
            weights: targets.iter().map(|target| target.weight).collect(),
            jobs: jobs.max(1),
            scanned: Mutex::default(),
        }
    }

    /// The row of a target that has ended: number, name, what was scanned, what was found.
    pub fn row(&self, ended: &Ended<'_>) -> String {
        if !ended.recalled {
            let mut scanned = self.scanned.lock().unwrap_or_else(PoisonError::into_inner);
            let weight = self.weights.get(ended.number - 1).copied().unwrap_or_default();
            scanned.add(weight, ended.took);
        }
        let swept = ended.swept;
        let mut parts = Vec::new();
        if swept.failed.is_none() || swept.bytes > 0 {
            parts.push(amounts(swept.files, swept.commits, swept.objects, swept.bytes));
            parts.push(match swept.credentials {
                0 => "no credentials".to_owned(),
                1 => "1 credential".to_owned(),
                count => format!("{count} credentials"),
            });
        }
        match (&swept.failed, ended.problems) {
            (Some(why), _) => parts.push(format!("failed: {}", escape_line(why))),
            (None, 0) => {}
            (None, 1) => parts.push("incomplete: 1 problem".to_owned()),
            (None, count) => parts.push(format!("incomplete: {count} problems")),
        }
        if swept.reused > 0 {
            parts.push(match swept.reused {
                1 => "1 object reused".to_owned(),
                count => format!("{count} objects reused"),
            });
        }
        parts.push(match (&swept.as_of, ended.recalled) {
            (Some(then), _) => format!("unchanged since the sweep of {then}"),
            (None, true) => "recorded by an earlier run".to_owned(),
            (None, false) => format!("{:.1} s", ended.took.as_secs_f64()),
        });
        if ended.again {
            parts.push("it is scanned once more after all others, alone".to_owned());
            return format!("{} {}", self.heading(ended.number), parts.join("; "));
        }
        parts.extend(self.estimate(ended.number + 1, Duration::ZERO));
        format!("{} {}", self.heading(ended.number), parts.join("; "))
    }

    /// The progress line while a target is scanned.
    pub fn line(&self, number: usize, ledger: &Ledger, since: Duration) -> String {
        let count = |count| ledger.get(count);
        let so_far = amounts(
            count(Count::Files),
            count(Count::Commits),
            count(Count::Objects),
            count(Count::Bytes),
        );
        let estimate = self.estimate(number, since);
        let estimate = estimate.map(|text| format!("; {text}")).unwrap_or_default();
        format!("{} {so_far}{estimate}", self.heading(number))
    }

    fn heading(&self, number: usize) -> String {
        let total = self.names.len();
        let width = total.to_string().len();
        let name = self.names.get(number - 1).map_or("", String::as_str);
        format!("[{number:>width$}/{total}] {name}:")
    }

    /// The estimated time for the targets from `number` on, of which `spent` is over.
    fn estimate(&self, number: usize, spent: Duration) -> Option<String> {
        let scanned = *self.scanned.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = self.weights.get(number - 1..).unwrap_or_default();
        let weight: u64 = rest.iter().sum();
        let remaining = scanned.estimate(rest.len() as f64, weight as f64)? / self.jobs as f64;
        let remaining = Duration::try_from_secs_f64(remaining).ok()?;
        let remaining = remaining.saturating_sub(spent);
        (remaining >= SHORT).then(|| format!("about {} left", roughly(remaining)))
    }
}

/// A time, rounded for people.
fn roughly(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{} s", seconds.div_ceil(5) * 5),
        60..5400 => format!("{} min", (seconds + 30) / 60),
        _ => format!("{} h", (seconds + 1800) / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::Swept;
    use crate::run::sweep::Usage;

    const FILES_ALONE: u64 = 1 << 20;

    fn target(name: &str, weight: u64) -> Target {
        Target { name: name.to_owned(), weight, ..Target::default() }
    }

    fn ended<'a>(swept: &'a Swept, seconds: u64) -> Ended<'a> {
        let took = Duration::from_secs(seconds);
        let usage = Usage::default();
        Ended { number: 1, swept, problems: 0, recalled: false, again: false, usage, took }
    }

    #[test]
    fn the_estimate_goes_by_weight() {
        let rows = Rows::new(&[target("a", 100), target("b", 600), target("c", 100)], 1);
        let swept = Swept { files: 3, bytes: 10, ..Swept::default() };
        assert_eq!(
            rows.row(&ended(&swept, 10)),
            "[1/3] a: 3 files, 10 bytes; no credentials; 10.0 s; about 1 min left"
        );
        let line = rows.line(2, &Ledger::new(), Duration::from_secs(50));
        assert_eq!(line, "[2/3] b: nothing; about 20 s left");
        // If a target takes longer than estimated, nothing is shown rather than something wrong.
        let line = rows.line(2, &Ledger::new(), Duration::from_secs(70));
        assert_eq!(line, "[2/3] b: nothing");
    }

    /// Targets are ordered by path, so small and large ones are in groups.
    #[test]
    fn the_estimate_holds_where_sizes_come_in_blocks() {
        let small = |at: u64| FILES_ALONE + (at * 7919) % 300_000;
        let large = |at: u64| FILES_ALONE + 100_000_000 + (at * 104_729) % 400_000_000;
        let mixed = |at: u64| if at % 10 == 3 { large(at) } else { small(at) };
        let small_first =
            (0..60).map(mixed).chain((60..160).map(small)).chain((160..200).map(large));
        let large_first =
            (0..60).map(mixed).chain((60..100).map(large)).chain((100..200).map(small));
        for weights in [small_first.collect::<Vec<u64>>(), large_first.collect()] {
            let took = |at: usize| {
                let noise = 0.9 + 0.2 * ((at * 31) % 17) as f64 / 16.0;
                (0.8 + weights[at] as f64 / 40e6) * noise
            };
            let mut scanned = Scanned::default();
            for at in 0..weights.len() - 20 {
                scanned.add(weights[at], Duration::from_secs_f64(took(at)));
                if at < 30 {
                    continue;
                }
                let rest = &weights[at + 1..];
                let remaining: f64 = (at + 1..weights.len()).map(took).sum();
                let weight = rest.iter().sum::<u64>() as f64;
                let estimate = scanned.estimate(rest.len() as f64, weight).expect("an estimate");
                assert!(
                    (estimate / remaining - 1.0).abs() < 0.1,
                    "{at}: {estimate} where {remaining} remain"
                );
            }
        }
    }

    #[test]
    fn what_an_earlier_run_did_says_nothing_about_speed() {
        let rows = Rows::new(&[target("a", 100), target("b", 900)], 1);
        let swept = Swept { credentials: 2, ..Swept::default() };
        let recalled = Ended { recalled: true, problems: 2, ..ended(&swept, 0) };
        assert_eq!(
            rows.row(&recalled),
            "[1/2] a: nothing; 2 credentials; incomplete: 2 problems; recorded by an earlier run"
        );
    }

    #[test]
    fn times_are_rough() {
        for (seconds, estimate) in [(6, "10 s"), (59, "60 s"), (100, "2 min"), (9000, "3 h")] {
            assert_eq!(roughly(Duration::from_secs(seconds)), estimate);
        }
    }
}
