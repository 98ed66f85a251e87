//! The decision which keys are due, and why; pure.

use jiff::{SignedDuration, Timestamp};
use keysweep_aws::KeyStatus;

use super::gather::{Gathered, Key};
use super::{KeysOptions, Subject};

/// The limits after which a key is due.
///
/// 90 and 45 days: CIS AWS Foundations Benchmark, "Ensure access keys are rotated every 90 days or
/// less" and "Ensure credentials unused for 45 days or more are disabled".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Days after which a key is too old.
    pub max_age: i64,
    /// Days without use after which a key is idle.
    pub max_idle: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_age: 90, max_idle: 45 }
    }
}

/// The reason why a key is due; ordered, the worst first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    /// It is in code, at this many places of the report.
    InCode(usize),
    /// Older than the limit, in days.
    Age(i64),
    /// Never used, and older than the limit for idle keys, in days.
    NeverUsed(i64),
    /// Not used for this many days.
    Idle(i64),
    /// The user has another active key, which is newer.
    SecondActive(String),
    /// Its age or status is not known.
    Unknown(String),
}

impl Due {
    /// A word for programs.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::InCode(_) => "in-code",
            Self::Age(_) => "age",
            Self::NeverUsed(_) => "never-used",
            Self::Idle(_) => "idle",
            Self::SecondActive(_) => "second-active",
            Self::Unknown(_) => "unknown",
        }
    }

    /// For people.
    pub(super) fn text(&self, report: &str) -> String {
        match self {
            Self::InCode(1) => format!("in 1 place of {report}"),
            Self::InCode(places) => format!("in {places} places of {report}"),
            Self::Age(days) => format!("{days} days old"),
            Self::NeverUsed(days) => format!("never used in {days} days"),
            Self::Idle(days) => format!("not used for {days} days"),
            Self::SecondActive(other) => format!("second active key next to {other}"),
            Self::Unknown(what) => what.clone(),
        }
    }
}

/// Whole days between two times; none if the later is not later.
pub(super) fn days(from: Timestamp, to: Timestamp) -> i64 {
    to.duration_since(from).max(SignedDuration::ZERO).as_hours() / 24
}

/// Decides for each key whether it is due, and orders them, the worst first.
pub(super) fn judge(gathered: &mut Gathered, options: &KeysOptions, now: Timestamp) {
    let newest: Vec<(String, String, Option<Timestamp>)> = gathered
        .keys
        .iter()
        .filter(|key| key.key.status == KeyStatus::Active)
        .map(|key| (key.key.user.clone(), key.key.id.clone(), key.key.created))
        .collect();
    for key in &mut gathered.keys {
        if let Some((_, places)) = &options.report {
            key.places = places.of(&key.key.id).into_iter().map(str::to_owned).collect();
        }
        key.due = due(key, options.limits, now);
        let newer = newest.iter().find(|(user, id, created)| {
            *user == key.key.user && *id != key.key.id && is_newer(id, *created, &key.key)
        });
        if let Some((_, other, _)) = newer.filter(|_| key.key.status == KeyStatus::Active) {
            key.due.push(Due::SecondActive(other.clone()));
        }
        key.due.sort();
        if key.key.status == KeyStatus::Inactive && !key.places.is_empty() {
            key.notes.push(format!("in {} places of the report, and inactive", key.places.len()));
        }
    }
    let rank = |key: &Key| (key.due.is_empty(), key.due.first().map(discriminant), key.key.created);
    gathered.keys.sort_by(|a, b| {
        let order = rank(a).cmp(&rank(b));
        order.then_with(|| (&a.key.user, &a.key.id).cmp(&(&b.key.user, &b.key.id)))
    });
    note_strangers(gathered, options);
}

fn is_newer(id: &str, created: Option<Timestamp>, key: &keysweep_aws::AccessKey) -> bool {
    (created, id) > (key.created, key.id.as_str())
}

/// The place of a reason in the order of reasons, whatever its figures.
fn discriminant(due: &Due) -> u8 {
    match due {
        Due::InCode(_) => 0,
        Due::Age(_) => 1,
        Due::NeverUsed(_) => 2,
        Due::Idle(_) => 3,
        Due::SecondActive(_) => 4,
        Due::Unknown(_) => 5,
    }
}

/// Reasons that depend on the key alone. An inactive or expired key opens nothing: it is not due.
fn due(key: &Key, limits: Limits, now: Timestamp) -> Vec<Due> {
    match &key.key.status {
        KeyStatus::Active => {}
        KeyStatus::Inactive | KeyStatus::Expired => return Vec::new(),
        KeyStatus::Other(word) => {
            let what = format!("its status {word} is not known to this version");
            return vec![Due::Unknown(what)];
        }
    }
    let mut due = Vec::new();
    if !key.places.is_empty() {
        due.push(Due::InCode(key.places.len()));
    }
    let age = key.key.created.map(|created| days(created, now));
    match age {
        None => due.push(Due::Unknown("its age is not known".to_owned())),
        Some(age) if age > limits.max_age => due.push(Due::Age(age)),
        Some(_) => {}
    }
    if let Some(used) = &key.last_used {
        let idle = used.at.map(|at| days(at, now)).or(age);
        match idle.filter(|idle| *idle > limits.max_idle) {
            Some(idle) if used.at.is_none() => due.push(Due::NeverUsed(idle)),
            Some(idle) => due.push(Due::Idle(idle)),
            None => {}
        }
    }
    due
}

/// Keys of the report that the account does not have.
fn note_strangers(gathered: &mut Gathered, options: &KeysOptions) {
    let Some((report, places)) = &options.report else { return };
    let asked = |id: &str| {
        options.subjects.is_empty()
            || options
                .subjects
                .iter()
                .any(|one| matches!(one, Subject::Key(key) if key.as_str() == id))
    };
    for id in places.ids() {
        let is_listed = gathered.keys.iter().any(|key| key.key.id == id.as_str());
        if is_listed || id.kind() == crate::aws::KeyKind::Temporary || !asked(id.as_str()) {
            continue;
        }
        let whose = id.account().map(|account| format!(", its id says account {account}"));
        gathered.notes.push(format!(
            "{id} is in {report} and not among these keys{}",
            whose.unwrap_or_default()
        ));
    }
}

#[cfg(test)]
mod tests {
    use keysweep_aws::{AccessKey, LastUsed};

    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + day * 86_400).expect("a time")
    }

    fn key(status: KeyStatus, created: Option<i64>, used: Option<Option<i64>>) -> Key {
        Key {
            key: AccessKey {
                id: "A".to_owned(),
                user: "u".to_owned(),
                status,
                created: created.map(at),
            },
            last_used: used.map(|used| LastUsed { at: used.map(at), ..LastUsed::default() }),
            places: Vec::new(),
            due: Vec::new(),
            notes: Vec::new(),
        }
    }

    #[test]
    fn reasons_by_table() {
        use KeyStatus::{Active, Expired, Inactive};
        let now = 200;
        let unknown = || KeyStatus::Other("Suspended".to_owned());
        for (status, created, used, expected) in [
            (Active, Some(now), Some(None), vec![]),
            (Active, Some(now - 90), Some(Some(now)), vec![]),
            (Active, Some(now - 91), Some(Some(now)), vec![Due::Age(91)]),
            (Active, Some(now - 45), Some(None), vec![]),
            (Active, Some(now - 46), Some(None), vec![Due::NeverUsed(46)]),
            (Active, Some(now - 60), Some(Some(now - 46)), vec![Due::Idle(46)]),
            (Active, Some(0), Some(Some(1)), vec![Due::Age(200), Due::Idle(199)]),
            // Clocks that disagree do not make a key older.
            (Active, Some(now + 1), Some(Some(now + 1)), vec![]),
            // A key whose use is not known does not count as idle.
            (Active, Some(now - 60), None, vec![]),
            (Active, None, Some(None), vec![Due::Unknown("its age is not known".to_owned())]),
            (Inactive, Some(0), Some(None), vec![]),
            (Expired, Some(0), Some(None), vec![]),
            (
                unknown(),
                Some(0),
                Some(None),
                vec![Due::Unknown("its status Suspended is not known to this version".to_owned())],
            ),
        ] {
            let key = key(status, created, used);
            assert_eq!(due(&key, Limits::default(), at(now)), expected, "{key:?}");
        }
    }

    #[test]
    fn of_two_active_keys_the_older_is_due() {
        let mut gathered = Gathered::default();
        for (id, created, status) in [
            ("B", 190, KeyStatus::Active),
            ("A", 195, KeyStatus::Active),
            ("C", 1, KeyStatus::Inactive),
        ] {
            let mut one = key(status, Some(created), Some(Some(199)));
            one.key.id = id.to_owned();
            gathered.keys.push(one);
        }
        judge(&mut gathered, &KeysOptions::default(), at(200));
        let due: Vec<_> =
            gathered.keys.iter().map(|key| (key.key.id.as_str(), key.due.clone())).collect();
        let second = Due::SecondActive("A".to_owned());
        assert_eq!(due, [("B", vec![second]), ("C", vec![]), ("A", vec![])]);
    }
}
