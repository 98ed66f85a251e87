//! Compares the findings of the detector with the truth about a text.

use std::collections::BTreeMap;

use keysweep::finding::{Candidate, Confidence};

use super::truth::{Join, Key, Text};

/// A fault in an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A certain key is not said at medium or high; what is said of it instead.
    Lost {
        id: String,
        instead: &'static str,
    },
    /// A pair that is none, or one at high that may as well be another.
    Wrong {
        id: String,
        secret: String,
        confidence: Confidence,
    },
    /// Another partner of a key that only the order of the text joins.
    Misordered {
        id: String,
        secret: String,
        confidence: Confidence,
    },
    LoneIdLost(String),
    LoneSecretLost(String),
    /// Another service's secret is reported as one of AWS, without an id.
    Claimed {
        secret: String,
        confidence: Confidence,
    },
}

/// Counts over texts.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub texts: usize,
    /// Keys that a careful person joins with certainty, and how many of them are found at low,
    /// medium and high.
    pub certain: usize,
    pub found: [usize; 3],
    /// The same of keys that are joined by their order alone, or may have another partner.
    pub ordered: usize,
    pub ordered_found: [usize; 3],
    /// Pairs that are said at low, medium and high, and how many of them are none.
    pub said: [usize; 3],
    pub wrong: [usize; 3],
    pub misordered: [usize; 3],
    pub lone_ids: usize,
    pub lone_ids_lost: usize,
    pub lone_secrets: usize,
    pub lone_secrets_lost: usize,
    pub foreign: usize,
    pub claimed: [usize; 3],
    /// Certain keys of which nothing at all is said.
    pub silent: usize,
}

impl Tally {
    /// The share of certain keys that is found at this confidence or above.
    pub fn recall(&self, least: Confidence) -> f64 {
        share(self.found[least as usize..].iter().sum(), self.certain)
    }

    /// The share of the pairs said at this confidence that is wrong.
    pub fn wrong_share(&self, at: Confidence) -> f64 {
        1.0 - share(self.said[at as usize] - self.wrong[at as usize], self.said[at as usize])
    }

    /// The share of the pairs said at this confidence or above that is right.
    pub fn precision(&self, least: Confidence) -> f64 {
        let sum = |counts: &[usize; 3]| counts[least as usize..].iter().sum::<usize>();
        share(sum(&self.said) - sum(&self.wrong), sum(&self.said))
    }

    /// Adds the counts of another one.
    pub fn add(&mut self, other: &Self) {
        let each = |mine: &mut [usize; 3], theirs: &[usize; 3]| {
            mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine += theirs);
        };
        self.texts += other.texts;
        self.certain += other.certain;
        each(&mut self.found, &other.found);
        self.ordered += other.ordered;
        each(&mut self.ordered_found, &other.ordered_found);
        each(&mut self.said, &other.said);
        each(&mut self.wrong, &other.wrong);
        each(&mut self.misordered, &other.misordered);
        each(&mut self.claimed, &other.claimed);
        self.lone_ids += other.lone_ids;
        self.lone_ids_lost += other.lone_ids_lost;
        self.lone_secrets += other.lone_secrets;
        self.lone_secrets_lost += other.lone_secrets_lost;
        self.foreign += other.foreign;
        self.silent += other.silent;
    }
}

/// A share, and all of nothing.
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

/// The verdict on one text.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    pub faults: Vec<Fault>,
    pub tally: Tally,
}

/// The detector's answer, by value.
struct Said<'a> {
    pairs: BTreeMap<(&'a str, &'a str), Confidence>,
    ids: Vec<&'a str>,
    secrets: Vec<&'a str>,
    lone: Vec<(&'a str, Confidence)>,
}

impl<'a> Said<'a> {
    fn new(candidates: &'a [Candidate]) -> Self {
        let mut said = Self { pairs: BTreeMap::new(), ids: vec![], secrets: vec![], lone: vec![] };
        for candidate in candidates {
            let id = candidate.credential.key_id.as_deref();
            let secret = candidate.credential.secret.as_ref();
            let secret = secret.and_then(|secret| std::str::from_utf8(secret.expose()).ok());
            said.ids.extend(id);
            said.secrets.extend(secret);
            match (id, secret) {
                (Some(id), Some(secret)) => {
                    let best = said.pairs.entry((id, secret)).or_insert(candidate.confidence);
                    *best = candidate.confidence.max(*best);
                }
                (None, Some(secret)) => said.lone.push((secret, candidate.confidence)),
                _ => {}
            }
        }
        said
    }
}

/// Judges an answer.
pub fn judge(text: &Text, candidates: &[Candidate]) -> Judged {
    let said = Said::new(candidates);
    let mut judged = Judged { faults: vec![], tally: Tally { texts: 1, ..Tally::default() } };
    keys(text, &said, &mut judged);
    wrong(text, &said, &mut judged);
    let (faults, tally) = (&mut judged.faults, &mut judged.tally);
    let truth = &text.truth;
    tally.lone_ids = truth.lone_ids.len();
    tally.lone_secrets = truth.lone_secrets.len();
    tally.foreign = truth.foreign.len();
    for id in truth.lone_ids.iter().filter(|id| !said.ids.contains(&id.as_str())) {
        tally.lone_ids_lost += 1;
        faults.push(Fault::LoneIdLost(id.clone()));
    }
    for secret in truth.lone_secrets.iter().filter(|one| !said.secrets.contains(&one.as_str())) {
        tally.lone_secrets_lost += 1;
        faults.push(Fault::LoneSecretLost(secret.clone()));
    }
    for (secret, confidence) in said.lone {
        if truth.foreign.iter().any(|one| one == secret) {
            tally.claimed[confidence as usize] += 1;
            faults.push(Fault::Claimed { secret: secret.to_owned(), confidence });
        }
    }
    judged
}

/// Judges the keys of a text.
fn keys(text: &Text, said: &Said<'_>, judged: &mut Judged) {
    let tally = &mut judged.tally;
    for key in &text.truth.keys {
        let found = said.pairs.get(&(key.id.as_str(), key.secret.as_str())).copied();
        let (all, by_confidence) = match key.join {
            Join::Certain => (&mut tally.certain, &mut tally.found),
            Join::Ordered | Join::Tied => (&mut tally.ordered, &mut tally.ordered_found),
        };
        *all += 1;
        if let Some(confidence) = found {
            by_confidence[confidence as usize] += 1;
        }
        if key.join != Join::Certain || found.is_some_and(|one| one > Confidence::Low) {
            continue;
        }
        let id = said.ids.contains(&key.id.as_str());
        let secret = said.secrets.contains(&key.secret.as_str());
        let instead = match (found, id, secret) {
            (Some(_), ..) => "said at low",
            (None, true, true) => "both halves apart",
            (None, true, false) => "the id alone",
            (None, false, true) => "the secret alone",
            (None, false, false) => "nothing",
        };
        tally.silent += usize::from(instead == "nothing");
        judged.faults.push(Fault::Lost { id: key.id.clone(), instead });
    }
}

/// The pairs that are said and are none.
fn wrong(text: &Text, said: &Said<'_>, judged: &mut Judged) {
    let keys = &text.truth.keys;
    let ordered =
        |of: &dyn Fn(&Key) -> bool| keys.iter().any(|key| key.join != Join::Certain && of(key));
    for ((id, secret), confidence) in &said.pairs {
        judged.tally.said[*confidence as usize] += 1;
        let key = keys.iter().find(|key| key.id == *id && key.secret == *secret);
        let tied = |key: &Key| key.join == Join::Tied && *confidence == Confidence::High;
        if key.is_some_and(|key| !tied(key)) {
            continue;
        }
        let (id, secret, confidence) = ((*id).to_owned(), (*secret).to_owned(), *confidence);
        let open = ordered(&|key| key.id == id) && ordered(&|key| key.secret == secret);
        if open && confidence < Confidence::High {
            judged.tally.misordered[confidence as usize] += 1;
            judged.faults.push(Fault::Misordered { id, secret, confidence });
        } else {
            judged.tally.wrong[confidence as usize] += 1;
            judged.faults.push(Fault::Wrong { id, secret, confidence });
        }
    }
}
