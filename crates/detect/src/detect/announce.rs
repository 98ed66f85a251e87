//! Anchors that announce something: labels with a secret nearby and beginnings of ids.
//!
//! Words such as `secret` occur everywhere. Labels that are close together are examined together
//! ([`super::chain`]). For labels at which nothing was found, a delta inherits that result.

#[cfg(test)]
mod laws;

use std::ops::Range;

use crate::aws::{SECRET_LEN, is_base32};

use super::analyse::{ID_REACH, LABEL_REACH, LIST_REACH, Tools};
use super::anchors::{Anchor, Anchors, Class, Quiet};
use super::blanks::Blanks;
use super::chain::{self, AnchorSpan};
use super::columns;
use super::decode;
use super::dump;
use super::numbers;
use super::region::{self, Reach};
use super::runs;
use super::undo::{self, Escaped};

/// Bytes after a label in which a value is searched for before a region is made of it.
const VALUE_REACH: usize = 240;
/// Digits of the shortest usual digest, of 128 bits.
const SHORTEST_DIGEST: usize = 32;

/// Bytes on either side that decide whether a label announces a value.
const DECIDING: usize = if VALUE_REACH > dump::LINE { VALUE_REACH } else { dump::LINE };
/// The mark of a label that announces no value. Labels that announce one are marked for more bytes
/// if nothing is found there ([`quiet`]).
const SILENT: Quiet = Quiet::within(DECIDING);

/// Returns the places of labels that have a possible secret near them, with their reach. Marks the
/// other labels as quiet.
pub(super) fn labels(bytes: &[u8], anchors: &mut [Anchor], tools: &Tools) -> Vec<(usize, Reach)> {
    let table = &*tools.anchors;
    let is_label = |anchor: &Anchor| table.literal(*anchor).class == Class::Label;
    let labels = anchors.iter().enumerate().filter(|(_, anchor)| is_label(anchor));
    let place = |(index, anchor): (usize, &Anchor)| {
        let len = table.literal(*anchor).bytes.len();
        AnchorSpan { index, span: (anchor.at, anchor.at + len) }
    };
    let places: Vec<AnchorSpan> = labels.map(place).collect();
    let mut found = Vec::new();
    let mut escaped = Escaped::new(bytes);
    let is_open = |label: &AnchorSpan| !anchors[label.index].quiet.is_quiet();
    for chain in chain::chains(bytes, &places, LABEL_REACH.bytes, is_open) {
        let chain = &places[chain];
        if tools.stop.is_set() {
            break;
        }
        let mut loud: Vec<AnchorSpan> = Vec::new();
        for label in chain {
            // It announced nothing, and the bytes that decided this are the same.
            if anchors[label.index].quiet == SILENT {
                continue;
            }
            match announces(bytes, label.span.0, &mut escaped) {
                None => anchors[label.index].quiet = SILENT,
                Some(reach) if reach.bytes == LABEL_REACH.bytes => loud.push(*label),
                // A value in escapes or numbers is beyond the range that is searched here.
                Some(reach) => {
                    anchors[label.index].quiet = Quiet::NO;
                    found.push((label.span.0, reach));
                }
            }
        }
        let holds = holds_items(bytes, &loud, &tools.blanks);
        for label in &loud {
            anchors[label.index].quiet = if holds { Quiet::NO } else { quiet(label, chain) };
        }
        found.extend(loud.iter().filter(|_| holds).map(|label| (label.span.0, LABEL_REACH)));
    }
    found
}

/// Returns the places of labels that are the kind of a Kubernetes Secret. Its values are in base64.
pub(super) fn manifests<'a>(
    bytes: &'a [u8],
    anchors: &'a [Anchor],
    table: &'a Anchors,
) -> impl Iterator<Item = usize> + 'a {
    let labels = anchors.iter().filter(|anchor| table.literal(**anchor).class == Class::Label);
    labels.map(|label| label.at).filter(|&at| names_a_manifest(bytes, at))
}

/// True if a label is the kind of a Kubernetes Secret.
fn names_a_manifest(bytes: &[u8], at: usize) -> bool {
    let before = &bytes[at.saturating_sub(12)..at];
    // Most labels are inside a word.
    let may = |byte: &u8| matches!(byte, b'S' | b'"' | b':') || byte.is_ascii_whitespace();
    if !before.last().is_some_and(may) {
        return false;
    }
    let kind = before.strip_suffix(b"S").unwrap_or(before);
    let quoted = kind.strip_suffix(b"\"").unwrap_or(kind).trim_ascii_end();
    quoted.ends_with(b"kind:") || quoted.ends_with(b"kind\":") || quoted.ends_with(b"kind\\\":")
}

/// True if an item that can be paired or decoded is near `labels`.
fn holds_items(bytes: &[u8], labels: &[AnchorSpan], blanks: &Blanks) -> bool {
    let ([first, ..], [.., last]) = (labels, labels) else { return false };
    // A long token without a border may reach beyond these limits; that part does not belong to
    // them.
    let start = first.span.0.saturating_sub(2 * LABEL_REACH.bytes);
    let end = bytes.len().min(last.span.0 + 2 * LABEL_REACH.bytes);
    let mut places: Vec<_> = labels.iter().map(|label| (label.span.0, LABEL_REACH)).collect();
    let near = |region: Range<usize>| region.start.max(start)..region.end.min(end);
    region::around(bytes, &mut places).into_iter().map(near).any(|region| {
        let (items, examples) = blanks.items(&bytes[region.clone()]);
        !items.is_empty() || examples > 0 || decode::holds_readable(&bytes[region])
    })
}

/// Marks that nothing was found at a label or in its whole chain.
fn quiet(label: &AnchorSpan, chain: &[AnchorSpan]) -> Quiet {
    let (first, last) = (chain[0].span.0, chain[chain.len() - 1].span.0);
    let further = (label.span.0 - first).max(last - label.span.0);
    Quiet::within(further + chain::margin(LABEL_REACH.bytes, VALUE_REACH))
}

/// The reach of a label, if something long enough to be a secret, escaped or not, follows it, or
/// precedes it on its line.
///
/// Hexadecimal digits do not count: ids of commits and digests follow labels everywhere. A secret
/// in hexadecimal digits is twice as long. A value in escapes or numbers alone is several times as
/// long.
fn announces(bytes: &[u8], at: usize, escaped: &mut Escaped<'_>) -> Option<Reach> {
    let end = bytes.len().min(at + VALUE_REACH);
    let rest = &bytes[at..end];
    if numbers::begins_list(rest) {
        return Some(LIST_REACH);
    }
    if escaped.is_between(at, end) || dump::is_in_dump(bytes, at) {
        return Some(ID_REACH);
    }
    let is_truncated = at + VALUE_REACH < bytes.len();
    (leads_to_value(rest, is_truncated) || has_value_before(bytes, at)).then_some(LABEL_REACH)
}

/// Bytes that a value may contain, escaped or not.
const PART: runs::Class = runs::alphanumeric_and(b"+/\\%&;#=\"'");
/// Bytes of a value that contains marks or continues over lines.
const MAY_BE_PART: runs::Class = runs::alphanumeric_and(b"+/\\%&;#=\"'\n\r[^\xe2\x90\x9b");

/// True if marks or folds may be inside a value, so that its bytes need not follow each other.
fn may_be_interrupted(rest: &[u8]) -> bool {
    // Most angle brackets are not marks.
    memchr::memchr(0x1b, rest).is_some()
        || memchr::memchr_iter(b'<', rest).any(|at| undo::marks_len(&rest[at..]).is_some())
        || memchr::memchr_iter(b'\n', rest).any(|at| fold_len(&rest[at..]).is_some())
        || memchr::memchr_iter(b'[', rest)
            .any(|at| matches!(rest.get(at + 1), Some(b'0'..=b'9' | b':' | b';')))
}

/// True if something long enough to be a secret is in `rest`, the text after a label. If
/// `is_truncated`, the text continues beyond `rest`.
fn leads_to_value(rest: &[u8], is_truncated: bool) -> bool {
    holds_value(rest, is_truncated, may_be_interrupted(rest))
}

/// The same, which reads all bytes if a value may be interrupted. Otherwise it skips those outside
/// of long runs, which are most.
fn holds_value(rest: &[u8], is_truncated: bool, may_be_interrupted: bool) -> bool {
    let part = |byte: u8| PART[usize::from(byte)];
    let (mut at, mut run, mut before) = (0, 0, 0);
    let mut word = Word::default();
    // From each place before this one on, there are enough bytes for a secret.
    let mut enough = 0;
    loop {
        if run == 0 && word.len == 0 && at >= enough && !may_be_interrupted {
            let Some(long) = runs::next(rest, at, rest.len(), SECRET_LEN, &MAY_BE_PART) else {
                return false;
            };
            enough = long.end - SECRET_LEN + 1;
            if long.start > at {
                (at, before) = (long.start, rest[long.start - 1]);
            }
        }
        let Some(&byte) = rest.get(at) else { break };
        // A soft break of quoted-printable or a continued line does not end a value.
        let goes_on =
            part(byte) || matches!(byte, b'\n' | b'\r') && matches!(before, b'=' | b'\\' | b'\r');
        before = byte;
        if run > 0
            && let Some(len) = fold_len(&rest[at..])
        {
            at += len;
            continue;
        }
        // Marks inside a value are not letters of it.
        if let Some(len) = if goes_on { None } else { undo::marks_len(&rest[at..]) } {
            at += len;
            continue;
        }
        at += 1;
        if byte.is_ascii_alphanumeric() {
            word.len += 1;
            word.other |= !byte.is_ascii_hexdigit();
            run += 1;
            if run >= SECRET_LEN && (word.other || word.len >= 2 * SECRET_LEN) {
                return true;
            }
            continue;
        }
        if std::mem::take(&mut word).is_digest() {
            run = 0;
        }
        if run >= SECRET_LEN {
            return true;
        }
        run = if goes_on { run + 1 } else { 0 };
    }
    // A run that ends with the text is complete. A run that ends with the reach may be longer.
    run >= SECRET_LEN && (!word.is_digest() || is_truncated)
}

/// The length of a line break and one blank, after which a folded line continues.
fn fold_len(rest: &[u8]) -> Option<usize> {
    let start = usize::from(rest.first() == Some(&b'\r'));
    match rest.get(start..start + 3)? {
        [b'\n', b' ' | b'\t', next] if !next.is_ascii_whitespace() => Some(start + 2),
        _ => None,
    }
}

/// Bytes of a line before a label that may hold its value.
const BEFORE_REACH: usize = 120;

/// True if a value precedes its label on the line: `<secret>  # the secret key`.
fn has_value_before(bytes: &[u8], at: usize) -> bool {
    let head = &bytes[at.saturating_sub(BEFORE_REACH)..at];
    let line = memchr::memrchr(b'\n', head).map_or(head, |newline| &head[newline + 1..]);
    let mut from = 0;
    while let Some(run) = runs::next(line, from, line.len(), SECRET_LEN, &BARE) {
        if !line[run.clone()].iter().all(u8::is_ascii_hexdigit) {
            return true;
        }
        from = run.end;
    }
    false
}

/// Bytes of a value that is written without escapes.
const BARE: runs::Class = runs::alphanumeric_and(b"+/");

/// A run of letters and digits.
#[derive(Default)]
struct Word {
    len: usize,
    /// At least one character is not a hexadecimal digit.
    other: bool,
}

impl Word {
    /// True if it consists of hexadecimal digits and is at least as long as a digest.
    fn is_digest(&self) -> bool {
        !self.other && self.len >= SHORTEST_DIGEST
    }
}

/// True if an id may begin at `at`. An escape, a mark or a joint may break it.
pub(super) fn may_be_id(bytes: &[u8], at: usize) -> bool {
    let body = &bytes[at + 4..bytes.len().min(at + 20)];
    let plain = body.iter().take_while(|&&byte| is_base32(byte)).count();
    match body.get(plain) {
        None => plain == 16,
        // The border of a column that folds the id.
        Some(b' ' | b'.' | b'|' | 0xe2) if plain >= 4 => {
            columns::closes_a_cell(&bytes[at + 4 + plain..])
        }
        // A fold, or the end of a line of a dump.
        Some(b'\n' | b'\r' | b'|') => {
            let rest = bytes[at + 4 + plain..].trim_ascii_start();
            rest.len() < bytes.len() - at - 5 - plain
                && rest.first().is_some_and(u8::is_ascii_alphanumeric)
                || dump::is_in_dump(bytes, at)
        }
        Some(byte) => {
            matches!(
                byte,
                b'\\'
                    | b'%'
                    | b'&'
                    | b'='
                    | b'"'
                    | b'\''
                    | b'`'
                    | b'^'
                    | b'_'
                    | b'<'
                    | b'['
                    | b'?'
                    | b'}'
                    | 0x1b
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Engine;
    use super::*;
    use crate::rules::RuleSet;
    use crate::scan::Copied;
    use crate::stop::Stop;

    #[test]
    fn a_run_of_hexadecimal_digits_announces_nothing() {
        // Composed here, so that scanners do not report this file.
        let secret = ["wJ9rXUtn/EMI+K7MDENG", "bPxRfiCYz3x4MPLqKEYu"].concat();
        let (hex, upper) = ("0123456789abcdef".repeat(5), "0123456789ABCDEF".repeat(5));
        for len in 32..80 {
            for digits in [&hex[..len], &upper[..len]] {
                for text in [
                    format!("ecret {digits}"),
                    format!("ecret_commit={digits}\n"),
                    format!("ecret-key: \"{digits}\""),
                    format!("ecretsha1=0x;{digits};{digits}"),
                    format!("ecret/{digits}/{digits}\n"),
                ] {
                    assert!(
                        announces(text.as_bytes(), 0, &mut Escaped::new(text.as_bytes())).is_none(),
                        "{text}"
                    );
                }
            }
        }
        let percent = secret.replace('/', "%2F").replace('+', "%2B");
        let quoted = format!("{}=\n{}", &secret[..30], &secret[30..]);
        for value in [&secret[..], &percent, &quoted, &hex[..80], &upper[..80]] {
            for text in [
                format!("ecret={value}"),
                format!("ecret: '{value}'\n"),
                format!("ecret of {}: {value} ", &hex[..40]),
                format!("ecret={}{value}\n", " ".repeat(150)),
            ] {
                assert!(
                    announces(text.as_bytes(), 0, &mut Escaped::new(text.as_bytes())).is_some(),
                    "{text}"
                );
            }
        }
    }

    /// Lines with labels of kinds that are frequent in changelogs and hold no secret.
    fn text(kind: usize, lines: usize) -> Vec<u8> {
        let path = "lib/secret/of/the/works/that/nobody/may/open/at/night";
        let line = |at: usize| match kind {
            0 => format!("* {at} the secret of {at} times {at} is none\n"),
            1 => format!("* fix secret {:040x}\n", at * 0x9e37_79b9_7f4a),
            _ => format!("* secret {path}/{at}\n"),
        };
        (0..lines).map(line).collect::<String>().into_bytes()
    }

    /// The value after a label may be encoded, and then the table does not contain a literal of it.
    #[test]
    fn base64_of_text_near_a_label_is_looked_into() {
        use base64::Engine as _;
        let engine = Engine::new(&RuleSet::default());
        let (table, stop) = (&engine.tools.anchors, Stop::default());
        let encode = |text: &[u8]| base64::engine::general_purpose::STANDARD.encode(text);
        let noise: Vec<u8> = (0..63_u8).map(|at| at.wrapping_mul(151).rotate_left(3)).collect();
        for (body, is_loud) in
            [(&b"a line of text, and more of it. ".repeat(2)[..], true), (&noise, false)]
        {
            let text = format!("\nthe secret: _{}.\n\n", encode(body));
            let mut anchors = table.find(text.as_bytes(), &stop);
            let found = labels(text.as_bytes(), &mut anchors, &engine.tools);
            let quiet = anchors.iter().any(|anchor| anchor.quiet.is_quiet());
            assert_eq!((found.len(), quiet), (usize::from(is_loud), !is_loud), "{text}");
        }
    }

    /// A word such as `secret` must not make each of a thousand versions as expensive as the first.
    #[test]
    fn an_edit_concerns_the_labels_around_it_alone() {
        let engine = Engine::new(&RuleSet::default());
        let (table, stop) = (&engine.tools.anchors, Stop::default());
        for kind in 0..3 {
            for lines in [2000, 8000] {
                let base = text(kind, lines);
                let mut anchors = table.find(&base, &stop);
                assert!(labels(&base, &mut anchors, &engine.tools).is_empty());
                assert!(anchors.iter().all(|anchor| anchor.quiet.is_quiet()));
                let (at, own) = (base.len() / 2, b" secret edit ");
                let bytes = [&base[..at], own, &base[at..]].concat();
                let copied = [
                    Copied { from: 0, to: 0, len: at },
                    Copied { from: at, to: at + own.len(), len: base.len() - at },
                ];
                let mut known = table.inherit(&anchors, base.len(), &copied, &bytes, &stop);
                let open = known.iter().filter(|anchor| !anchor.quiet.is_quiet()).count();
                assert!((1..1500).contains(&open), "{kind}: {open} of {}", known.len());
                labels(&bytes, &mut known, &engine.tools);
                let mut again = table.find(&bytes, &stop);
                labels(&bytes, &mut again, &engine.tools);
                assert!(known == again, "{kind}: inherited and found anchors differ");
            }
        }
    }
}
