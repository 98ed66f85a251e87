//! Parsers of numbers with units.

use std::time::Duration;

/// Bytes: a number and `K`, `M`, `G` or `T` (powers of 1024), with or without `B` or `iB`.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text);
    let unit = unit.to_ascii_uppercase();
    let shift = match unit.trim_end_matches('B').trim_end_matches('I') {
        "" if unit != "I" && unit != "IB" => 0,
        "K" => 10,
        "M" => 20,
        "G" => 30,
        "T" => 40,
        _ => return Err("expected a number of bytes such as 4096, 500K, 10M or 1G".to_owned()),
    };
    let number: u64 = number.parse().map_err(|_| "expected a whole number first".to_owned())?;
    number.checked_mul(1 << shift).ok_or_else(|| "too large".to_owned())
}

/// Memory: a size of at least 64M; less has no room for the window of one file.
pub(super) fn memory(text: &str) -> Result<u64, String> {
    match size(text)? {
        bytes if bytes >= 64 << 20 => Ok(bytes),
        _ => Err("expected 64M or more".to_owned()),
    }
}

/// A time: a number of seconds, or a number and `ms`, `s`, `m` or `h`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text);
    let number: u64 = number.parse().map_err(|_| "expected a whole number first".to_owned())?;
    let milliseconds: u64 = match unit {
        "ms" => 1,
        "" | "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err("expected a time such as 30s, 10m or 1h".to_owned()),
    };
    let total = number.checked_mul(milliseconds).ok_or_else(|| "too long".to_owned())?;
    Ok(Duration::from_millis(total))
}

/// Days: a number of them, with or without `d`.
#[cfg(feature = "verify")]
pub(super) fn days(text: &str) -> Result<i64, String> {
    let fault = || "expected a number of days such as 90d, at most 36500d".to_owned();
    match split(text) {
        (number, "" | "d") => {
            let days = number.parse().map_err(|_| fault())?;
            if (0..=36_500).contains(&days) { Ok(days) } else { Err(fault()) }
        }
        _ => Err(fault()),
    }
}

/// A SARIF category: visible text of bounded length, without a slash at its end.
pub(super) fn category(text: &str) -> Result<String, String> {
    let name = text.trim_end_matches('/');
    let visible = name.chars().all(|character| !character.is_control());
    match name.chars().count() {
        1..=200 if visible => Ok(name.to_owned()),
        _ => Err("expected a name of 1 to 200 visible characters such as keysweep/nightly".into()),
    }
}

/// A number of threads, from 1 to 1024.
pub(super) fn threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 1..=1024) => Ok(number),
        _ => Err("expected a number from 1 to 1024".to_owned()),
    }
}

fn split(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (number, unit.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, bytes) in
            [("0", Some(0)), ("4096", Some(4096)), ("500K", Some(512_000)), ("1kb", Some(1024))]
        {
            assert_eq!(size(text).ok(), bytes, "{text}");
        }
        assert_eq!(size("10 MiB"), Ok(10 << 20));
        for text in ["", "M", "-1", "1.5M", "1X", "1iB", "99999999999999999999", "20000000T"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times() {
        for (text, ms) in [("30", 30_000), ("250ms", 250), ("2m", 120_000), ("1h", 3_600_000)] {
            assert_eq!(duration(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for text in ["", "s", "1d", "-1", "99999999999999999h"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
