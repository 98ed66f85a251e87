//! What a target costs: elapsed time, processor time and memory of this process.
//!
//! The system's own files say it, where there are any (proc(5)); without them only the elapsed time
//! is known. It is a remark for whoever plans the next sweep, so an error is no problem.

use std::fs;
use std::time::{Duration, Instant};

use super::partial::Spent;

/// Clock ticks a second in `/proc/PID/stat`; Linux shows programs no other number (`USER_HZ`).
const TICKS: f64 = 100.0;

/// Measures from here on.
#[derive(Debug)]
pub(super) struct Meter {
    began: Instant,
    cpu: Option<f64>,
}

impl Meter {
    pub(super) fn start() -> Self {
        Self { began: Instant::now(), cpu: cpu_seconds() }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// What was spent since the start.
    pub(super) fn spent(&self) -> Spent {
        let cpu = self.cpu.zip(cpu_seconds()).map(|(before, now)| rounded(now - before, 100.0));
        Spent {
            seconds: rounded(self.elapsed().as_secs_f64(), 1000.0),
            cpu_seconds: cpu,
            peak_bytes: peak_bytes(),
        }
    }
}

fn rounded(seconds: f64, steps: f64) -> f64 {
    (seconds * steps).round() / steps
}

/// Processor time of this process, threads that have ended included.
fn cpu_seconds() -> Option<f64> {
    // A system without this file does not measure it.
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the program's name in parentheses, which may contain blanks.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks = |field: Option<&str>| field?.parse::<f64>().ok();
    Some((ticks(fields.next())? + ticks(fields.next())?) / TICKS)
}

/// The most memory that this process had.
fn peak_bytes() -> Option<u64> {
    // See above.
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kilobytes| kilobytes << 10)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn work_costs_processor_time_and_memory() {
        let meter = Meter::start();
        let mut sum = 0u64;
        while meter.spent().cpu_seconds < Some(0.05) {
            sum = (0..1_000_000u64).fold(sum, |sum, number| sum.rotate_left(1) ^ number);
        }
        let spent = meter.spent();
        assert!(spent.seconds > 0.0 && spent.peak_bytes > Some(1 << 20), "{spent:?} {sum}");
    }
}
