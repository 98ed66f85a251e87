//! The last step on the text's own thread: it turns credentials into candidates with lines and
//! columns, a redacted line, markers, and the hints that reports and verification need.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::aws::KeyKind;
use crate::finding::{
    Candidate, Confidence, Credential, Details, Evidence, MARKERS, Rival, RuleId, Sighting,
};
use crate::line_hash::line_hashes;
use crate::location::{LineIndex, Position, Region};
use crate::opaque;
use crate::rules::id;
use crate::secret::{MASK, Secret};

use super::analyse::{Analysis, Joined, Other};
use super::item::{Item, Part};
use super::mail;
use super::name::Role;
use super::random::Strength;
use super::shape::Shaped;

/// A credential with the spans of its parts, before lines are counted.
struct Draft {
    credential: Credential,
    confidence: Confidence,
    id: Option<Range<usize>>,
    secret: Option<Range<usize>>,
    token: Option<Range<usize>>,
    decoded: Vec<crate::finding::Encoding>,
    evidence: Option<Evidence>,
    others: Vec<Other>,
}

/// Runs of this many letters that may be a secret are masked in the shown line, random or not.
const MASKED: usize = 24;
/// Maximum number of bytes of a line that a report shows on either side of the credential's beginning.
const SNIPPET: usize = 160;
/// Bytes that are examined beyond the shown part: a secret may begin there and be cut.
const BEYOND: usize = 160;

/// Maximum number of secrets of other pairings that are kept for an id.
const MOST_OTHERS: usize = 4;

/// Candidates of `bytes` that begin in `owned`, ordered by place. `first` is the position of the
/// first byte of `bytes`.
pub(super) fn candidates(
    bytes: &[u8],
    first: Position,
    owned: &Range<usize>,
    found: Analysis,
) -> Vec<Candidate> {
    let mut drafts: Vec<Draft> = found.joined.into_iter().map(joined).collect();
    drafts.extend(found.loose.into_iter().filter_map(loose));
    // A password that has its user is reported with it, and not also by its shape.
    let with_user: HashSet<usize> = drafts
        .iter()
        .filter(|draft| draft.credential.rule.as_str() == mail::RULE)
        .filter_map(|draft| draft.secret.as_ref().map(|span| span.start))
        .collect();
    let shaped = found.shaped.into_iter().filter(|(shaped, _)| {
        shaped.rule.as_str() != mail::RULE || !with_user.contains(&shaped.span.start)
    });
    drafts.extend(shaped.map(|(shaped, decoded)| self::shaped(shaped, decoded)));
    drafts.sort_by_key(Draft::start);
    drafts.dedup_by(|a, b| a.id == b.id && a.secret == b.secret && a.credential == b.credential);
    let redacted = RedactedText::new(bytes, &drafts);
    drafts.retain(|draft| owned.contains(&draft.start()));
    hand_out(found.others, &mut drafts);
    let places = places(bytes, first, &drafts);
    let place = |offset: usize| places.get(&offset).copied().unwrap_or(first);
    let lines: Vec<u64> =
        drafts.iter().map(|draft| place(draft.start()).line - first.line + 1).collect();
    let hashes = if drafts.is_empty() { vec![] } else { line_hashes(bytes, &lines) };
    let has_partition = may_name_partition(bytes, &drafts);
    drafts
        .into_iter()
        .enumerate()
        .map(|(at, draft)| {
            let start = draft.start();
            let region = |span: &Option<Range<usize>>| {
                span.as_ref().map(|span| Region { start: place(span.start), end: place(span.end) })
            };
            let (id, secret) = (region(&draft.id), region(&draft.secret));
            let apart =
                id.zip(secret).is_some_and(|(id, secret)| id.start.line != secret.start.line);
            let secret_line = draft.secret.as_ref().filter(|_| apart);
            let sighting = Sighting {
                id,
                secret,
                decoded: draft.decoded,
                marker: marker(bytes, [&draft.id, &draft.secret]),
                snippet: redacted.line(bytes, start),
                secret_snippet: secret_line
                    .map(|span| redacted.line(bytes, span.start))
                    .unwrap_or_default(),
                line_hash: hashes.get(at).copied().flatten(),
                partition: if has_partition { partition(bytes, start) } else { None },
                shown: None,
                evidence: draft.evidence,
                rivals: draft.others.into_iter().filter_map(|other| rival(other, &place)).collect(),
            };
            Candidate {
                credential: draft.credential,
                confidence: draft.confidence,
                sighting,
                inside: vec![],
            }
        })
        .collect()
}

/// Gives each id the secrets with which it was not joined, each once.
fn hand_out(others: Vec<Other>, drafts: &mut [Draft]) {
    let mut by_id: HashMap<Range<usize>, Vec<Other>> = HashMap::new();
    for other in others {
        let known = by_id.entry(other.id.clone()).or_default();
        if !known.iter().any(|one| value(&one.secret) == value(&other.secret)) {
            known.push(other);
        }
    }
    for draft in drafts {
        let Some(id) = &draft.id else { continue };
        let mut others = by_id.get(id).cloned().unwrap_or_default();
        others.retain(|other| value(&other.secret) != draft.credential.secret);
        others.truncate(MOST_OTHERS);
        draft.others = others;
    }
}

fn rival(other: Other, place: &impl Fn(usize) -> Position) -> Option<Rival> {
    let span = &other.secret.span;
    Some(Rival {
        secret: value(&other.secret)?,
        region: Region { start: place(span.start), end: place(span.end) },
        decoded: other.secret.decoded,
        confidence: other.confidence,
        evidence: Some(other.evidence),
    })
}

/// The positions of all spans of the drafts.
///
/// They are counted in one pass: a secret may precede its id, and going back would count the text
/// again for each pair.
fn places(bytes: &[u8], first: Position, drafts: &[Draft]) -> HashMap<usize, Position> {
    let own = drafts.iter().flat_map(|draft| [&draft.id, &draft.secret, &draft.token]).flatten();
    let others = drafts.iter().flat_map(|draft| &draft.others).map(|other| &other.secret.span);
    let spans = own.chain(others);
    let mut offsets: Vec<usize> = spans.flat_map(|span| [span.start, span.end]).collect();
    offsets.sort_unstable();
    let mut index = LineIndex::new(bytes, first);
    offsets.into_iter().map(|offset| (offset, index.position(offset))).collect()
}

impl Draft {
    fn start(&self) -> usize {
        self.id
            .as_ref()
            .or(self.secret.as_ref())
            .or(self.token.as_ref())
            .map_or(0, |span| span.start)
    }
}

fn credential(
    rule: &str,
    id: Option<&Item>,
    secret: Option<Secret>,
    token: Option<Secret>,
) -> Credential {
    let id = id.and_then(Item::id);
    Credential {
        rule: RuleId::new(rule),
        key_id: id.map(|id| id.to_string()),
        secret,
        session_token: token,
        account: id.and_then(|id| id.account()),
        user: None,
        expires: None,
        details: Details::default(),
    }
}

fn value(item: &Item) -> Option<Secret> {
    match &item.part {
        Part::Secret { value, .. } | Part::Token { value, .. } | Part::Mail { value } => {
            Some(value.clone())
        }
        Part::Id { .. } | Part::Vacant { .. } => None,
    }
}

fn joined(one: Joined) -> Draft {
    let temporary = one.id.id().is_some_and(|id| id.kind() == KeyKind::Temporary);
    let rule = match one.secret.part {
        Part::Mail { .. } => mail::RULE,
        _ if temporary => id::TEMPORARY_KEY,
        _ => id::ACCESS_KEY,
    };
    let token = one.token.as_ref().and_then(value);
    Draft {
        credential: credential(rule, Some(&one.id), value(&one.secret), token),
        confidence: one.confidence,
        // If the two differ, the secret's encodings are the relevant ones: they had to be undone.
        decoded: if one.id.decoded.is_empty() { one.secret.decoded } else { one.id.decoded },
        id: Some(one.id.span),
        secret: Some(one.secret.span),
        token: one.token.map(|token| token.span),
        evidence: Some(one.evidence),
        others: Vec::new(),
    }
}

/// The draft of an item without a partner; `None` if it is not a finding.
fn loose(item: Item) -> Option<Draft> {
    let role = item.label.name.role;
    let (rule, confidence) = match item.part {
        // An id that signs is public by design; its secret is elsewhere.
        Part::Id { signs, word, .. } if signs || word => (id::KEY_ID, Confidence::Low),
        Part::Id { .. } => (id::KEY_ID, Confidence::High),
        Part::Secret { strength: Strength::Strong, .. } if role == Role::SecretKey => {
            (id::SECRET, Confidence::Medium)
        }
        Part::Secret { .. }
            if role == Role::SecretKey
                || role == Role::Secret && !item.label.name.service
                || item.near_id =>
        {
            (id::SECRET, Confidence::Low)
        }
        Part::Token { known: true, .. } => (id::SESSION_TOKEN, Confidence::Medium),
        _ => return None,
    };
    let credential = match &item.part {
        Part::Id { .. } => credential(rule, Some(&item), None, None),
        Part::Secret { value, .. } => credential(rule, None, Some(value.clone()), None),
        Part::Token { value, .. } => credential(rule, None, None, Some(value.clone())),
        Part::Mail { .. } | Part::Vacant { .. } => return None,
    };
    let is_id = item.id().is_some();
    Some(Draft {
        credential,
        confidence,
        decoded: item.decoded,
        id: is_id.then(|| item.span.clone()),
        secret: (!is_id).then_some(item.span),
        token: None,
        evidence: None,
        others: Vec::new(),
    })
}

fn shaped(one: Shaped, decoded: Vec<crate::finding::Encoding>) -> Draft {
    let mut credential = credential(one.rule.as_str(), None, Some(one.secret), None);
    credential.key_id = one.facts.key_id;
    credential.account = one.facts.account;
    credential.user = one.facts.user;
    credential.expires = one.facts.expires;
    credential.details = Details {
        issuer: one.facts.issuer,
        encrypted: one.facts.encrypted,
        key_fingerprint: one.facts.fingerprint,
        made_up: one.is_made_up,
    };
    let id = one.id.map(|(id, span)| {
        credential.key_id = Some(id);
        span
    });
    Draft {
        credential,
        confidence: one.confidence,
        id,
        secret: Some(one.span),
        token: None,
        decoded,
        evidence: None,
        others: Vec::new(),
    }
}

/// Determines which parts of a text's lines may be shown.
struct RedactedText {
    /// Spans of secrets, sorted and disjoint.
    hidden: Vec<Range<usize>>,
    /// Spans of unencoded ids, sorted.
    ids: Vec<Range<usize>>,
}

impl RedactedText {
    fn new(bytes: &[u8], drafts: &[Draft]) -> Self {
        let secrets = drafts.iter().flat_map(|draft| [&draft.secret, &draft.token]).flatten();
        let mut spans: Vec<Range<usize>> = secrets.cloned().collect();
        spans.sort_by_key(|span| span.start);
        let mut hidden: Vec<Range<usize>> = Vec::new();
        for span in spans {
            match hidden.last_mut() {
                Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
                _ => hidden.push(span),
            }
        }
        let clear = |draft: &&Draft| {
            let id = draft.credential.key_id.as_deref().map(str::as_bytes);
            draft.id.as_ref().is_some_and(|span| id == Some(&bytes[span.clone()]))
        };
        let mut ids: Vec<Range<usize>> =
            drafts.iter().filter(clear).filter_map(|draft| draft.id.clone()).collect();
        ids.sort_by_key(|span| span.start);
        Self { hidden, ids }
    }

    /// The line at `at`, cut around it. Everything that is or may be a secret is masked: other text
    /// on the line may be secrets of other services, encoded or not.
    fn line(&self, bytes: &[u8], at: usize) -> String {
        let looked_at = line(bytes, at, SNIPPET + BEYOND);
        let shown = line(bytes, at, SNIPPET);
        let mut masked = vec![false; looked_at.len()];
        let mut mask = |span: Range<usize>| {
            let within = |at: usize| at.clamp(looked_at.start, looked_at.end) - looked_at.start;
            masked[within(span.start)..within(span.end)].fill(true);
        };
        let mut from = looked_at.start;
        for (span, is_secret) in self.known(&looked_at) {
            let between = from..span.start.max(from);
            let spans = opaque::doubtful(&bytes[between.clone()], MASKED);
            spans.into_iter().for_each(|at| mask(between.start + at.start..between.start + at.end));
            from = span.end.clamp(from, looked_at.end);
            if is_secret {
                mask(span);
            }
        }
        let mut text = Vec::new();
        let bits = &masked[shown.start - looked_at.start..shown.end - looked_at.start];
        let mut from = shown.start;
        for run in bits.chunk_by(|a, b| a == b) {
            let clear = &bytes[from..from + run.len()];
            text.extend_from_slice(if run[0] { MASK.as_bytes() } else { clear });
            from += run.len();
        }
        String::from_utf8_lossy(&text).trim_end().to_owned()
    }

    /// Secrets and ids in `range`, sorted, each with `true` if it is a secret. The last entry is
    /// the empty span at the end of the range.
    fn known(&self, range: &Range<usize>) -> Vec<(Range<usize>, bool)> {
        let within = |spans: &[Range<usize>]| {
            let first = spans.partition_point(|span| span.end <= range.start);
            spans[first..].iter().take_while(|span| span.start < range.end).cloned().collect()
        };
        let (hidden, ids): (Vec<_>, Vec<_>) = (within(&self.hidden), within(&self.ids));
        let hidden = hidden.into_iter().map(|span| (span, true));
        let mut known: Vec<_> = hidden.chain(ids.into_iter().map(|span| (span, false))).collect();
        known.sort_by_key(|(span, _)| span.start);
        known.push((range.end..range.end, false));
        known
    }
}

/// The line at `at`, or the part of it within `reach` on either side.
fn line(bytes: &[u8], at: usize, reach: usize) -> Range<usize> {
    let floor = at.saturating_sub(reach);
    let ceiling = bytes.len().min(at + reach);
    let start =
        memchr::memrchr(b'\n', &bytes[floor..at]).map_or(floor, |newline| floor + newline + 1);
    let end = memchr::memchr(b'\n', &bytes[at..ceiling]).map_or(ceiling, |newline| at + newline);
    start..end
}

/// A marker on the line of the id or of the secret.
fn marker(bytes: &[u8], spans: [&Option<Range<usize>>; 2]) -> Option<&'static str> {
    spans.into_iter().flatten().find_map(|span| {
        let floor = span.start.saturating_sub(512);
        let start = memchr::memrchr(b'\n', &bytes[floor..span.start])
            .map_or(floor, |newline| floor + newline + 1);
        let ceiling = bytes.len().min(span.end + 512);
        let end = memchr::memchr(b'\n', &bytes[span.end..ceiling])
            .map_or(ceiling, |newline| span.end + newline);
        MARKERS.into_iter().find(|marker| has_words(&bytes[start..end], marker.as_bytes()))
    })
}

/// True if `words` are separate words in `line`: `keysweep:allowed` allows nothing.
fn has_words(line: &[u8], words: &[u8]) -> bool {
    let is_word =
        |byte: Option<&u8>| byte.is_some_and(|it| it.is_ascii_alphanumeric() || *it == b'_');
    memchr::memmem::find_iter(line, words).any(|at| {
        let before = at.checked_sub(1).and_then(|before| line.get(before));
        !is_word(before) && !is_word(line.get(at + words.len()))
    })
}

/// The names by which a text shows a partition; see AWS General Reference, "Regions".
static PARTITIONS: LazyLock<[(Finder<'static>, &str); 8]> = LazyLock::new(|| {
    [
        ("cn-north-", "aws-cn"),
        ("cn-northwest-", "aws-cn"),
        ("arn:aws-cn", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("arn:aws-us-gov", "aws-us-gov"),
        ("eusc-", "aws-eusc"),
        ("arn:aws-eusc", "aws-eusc"),
        ("amazonaws.com.cn", "aws-cn"),
    ]
    .map(|(hint, partition)| (Finder::new(hint), partition))
});

/// Bytes on either side of a credential that may name its partition.
const PARTITION_REACH: usize = 2048;

/// The partition that text near a credential names.
fn partition(bytes: &[u8], at: usize) -> Option<&'static str> {
    let near = at.saturating_sub(PARTITION_REACH)..bytes.len().min(at + PARTITION_REACH);
    let named = PARTITIONS.iter().find(|(hint, _)| hint.find(&bytes[near.clone()]).is_some());
    named.map(|(_, partition)| *partition)
}

/// False if no text near any of the drafts, which are sorted, names a partition. If they are close
/// together, one look at all of that text is enough.
fn may_name_partition(bytes: &[u8], drafts: &[Draft]) -> bool {
    let (Some(first), Some(last)) = (drafts.first(), drafts.last()) else { return false };
    let from = first.start().saturating_sub(PARTITION_REACH);
    let near = &bytes[from..bytes.len().min(last.start() + PARTITION_REACH)];
    near.len() > drafts.len() * 2 * PARTITION_REACH
        || PARTITIONS.iter().any(|(hint, _)| hint.find(near).is_some())
}
