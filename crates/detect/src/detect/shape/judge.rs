//! Decides if a match of an expression is a credential.

use std::ops::Range;

use crate::aws::KeyId;
use crate::escapes::without_markup;
use crate::finding::Confidence;
use crate::placeholder;
use crate::rules::{Author, Boundary, Facts, Reader, Rule, entropy};
use crate::secret::Secret;
use crate::tokens::Reading;

use super::super::chain::AnchorSpan;
use super::super::joint::Extent;
use super::super::random;
use super::super::undo;
use super::super::view::View;
use super::super::words::words;
use super::border;
use super::{Look, Shaped};

impl Look<'_> {
    /// The credential of a match; `None` if it is not one, or is already among the `known` ones.
    pub(super) fn shaped(
        &self,
        groups: &regex::bytes::Captures<'_>,
        view: &View<'_>,
        base: usize,
        piece: &[AnchorSpan],
        known: &[Shaped],
    ) -> Option<Shaped> {
        let (rule, shape, text) = (self.rule(), self.shape, &*view.text);
        let whole = groups.get(0)?;
        let secret = groups.name("secret").unwrap_or(whole);
        let outer = |span: Range<usize>| {
            let original = view.original(&span);
            base + original.start..base + original.end
        };
        let span = outer(secret.range());
        // A match that continues after an escape is complete: the raw text shows only its
        // beginning.
        let next = known.partition_point(|one| one.span.end <= span.start);
        let overlapping = known[next..].iter().take_while(|one| one.span.start < span.end);
        let is_more = |one: &Shaped| {
            span.start <= one.span.start
                && one.span.end <= span.end
                && (one.span != span || one.is_made_up)
                && !self.ends_the_line(one, &span)
        };
        if !overlapping.clone().all(is_more)
            || self.reported.contains(&(span.start, span.end))
            || !is_near(piece, &outer(whole.range()), shape.reach)
            || !self.has_form(groups, view, base)
            // A table's heading may be the label of a partner: all of them are looked at together.
            || shape.partner.is_none() && !is_labelled(rule, text, whole.start(), shape.reach)
        {
            return None;
        }
        let unsure = match self.extent(view, &secret.range(), base, known) {
            Extent::Part => return None,
            Extent::Whole => None,
            Extent::Either(confidence) => Some(confidence),
        };
        let id = groups.name("id");
        let value = without_markup(secret.as_bytes());
        let reading = rule.reader.map(|reader| reader.read(&value, id.map(|id| id.as_bytes())));
        let is_made_up = reading == Some(Reading::MadeUp);
        // Text that is joined to a credential by mistake makes its checksum wrong. So do escapes
        // that a later view undoes.
        if is_made_up && overlapping.clone().any(|one| !one.is_made_up || one.span == span) {
            return None;
        }
        let is_proven = !is_made_up && rule.reader.is_some_and(Reader::proves_itself);
        let facts = match reading {
            None | Some(Reading::MadeUp) => Facts::default(),
            Some(Reading::Read(facts)) => facts,
            // A match whose own form contradicts it is not a credential.
            Some(Reading::NotOne) => return None,
        };
        let plain = rule.reader.filter(|_| !is_made_up).and_then(|reader| reader.plain(&value));
        let core = rule.reader.and_then(|reader| reader.core(&value));
        let is_example = !is_proven && is_example(&value, core.as_deref(), &facts);
        let id = id.filter(|id| rule.author != Author::Target || may_be_shown(id.as_bytes()));
        let id =
            id.map(|id| (String::from_utf8_lossy(id.as_bytes()).into_owned(), outer(id.range())));
        let confidence = if is_made_up { Confidence::Low } else { rule.confidence };
        Some(Shaped {
            rule: rule.id.clone(),
            pack: rule.pack,
            confidence: unsure.map_or(confidence, |unsure| unsure.min(confidence)),
            is_made_up,
            is_either: unsure.is_some(),
            secret: Secret::new(plain.unwrap_or_else(|| value.to_vec())),
            span,
            id,
            is_example,
            facts,
            decoded: view.layers(&secret.range()).to_vec(),
        })
    }

    /// The extent of a match at `span` of a view. A joint at which another match ends decides it; that
    /// match is one of the `known` ones, or overlaps from the previous region.
    fn extent(
        &self,
        view: &View<'_>,
        span: &Range<usize>,
        base: usize,
        known: &[Shaped],
    ) -> Extent {
        let original = view.original(span);
        let (start, until) = (base + original.start, base + original.end);
        let spans = || {
            let known = known.iter().filter(|one| !one.is_made_up);
            let known = known.map(|one| (one.span.start, one.span.end));
            known.chain(self.reported.iter().copied())
        };
        let joints = view.joints(span).map(|(joint, end)| (joint, base + end));
        let Some((joint, end)) =
            joints.into_iter().find(|(_, end)| spans().any(|known| known == (start, *end)))
        else {
            return Extent::Whole;
        };
        // Two complete credentials are not one.
        if spans().any(|(other, _)| (end..until).contains(&other)) {
            return Extent::Part;
        }
        joint.extent(view, span)
    }

    /// True if the credential of a match has the form that the rule asks for, and is not a part of
    /// something longer.
    pub(super) fn has_form(
        &self,
        groups: &regex::bytes::Captures<'_>,
        view: &View<'_>,
        base: usize,
    ) -> bool {
        let shape = self.shape;
        let Some(whole) = groups.get(0) else { return false };
        let secret = groups.name("secret").unwrap_or(whole);
        let outer = |span: Range<usize>| {
            let original = view.original(&span);
            base + original.start..base + original.end
        };
        // The whole match is delimited by words, whatever delimits the credential in it.
        let around = match shape.boundary {
            Boundary::None => Boundary::None,
            _ => Boundary::Alphanumeric,
        };
        // Where a view has replaced an escape, the text of the view decides: the letters of an escape
        // do not count.
        let is_part = |boundary: Boundary, found: Range<usize>| {
            let within = found.start > 0 && found.end < view.text.len();
            match view.is_raw() || !within {
                true => border::extends(boundary, self.bytes, &outer(found)),
                false => border::extends(boundary, &view.text, &found),
            }
        };
        // A view may remove the padding.
        let source = Some(outer(secret.range())).filter(|source| source.len() == secret.len());
        let is_cut = shape.partner.is_some()
            && (border::is_cut_from_base64(&view.text, &secret.range())
                || source.is_some_and(|span| border::is_cut_from_base64(self.bytes, &span)));
        !secret.is_empty()
            && !is_part(shape.boundary, secret.range())
            && !is_part(around, whole.range())
            && !is_cut
            && entropy(secret.as_bytes()) >= shape.entropy
            && (!shape.random || random::reads_random(secret.as_bytes()))
    }

    /// True if a known match ends at the end of its line, with an equals sign that is not a soft
    /// break of quoted-printable: padding. A match of `span` then continues with the next line, which
    /// has nothing to do with it.
    fn ends_the_line(&self, known: &Shaped, span: &Range<usize>) -> bool {
        let end = known.span.end;
        let is_sign = |at: &usize| {
            self.bytes.get(*at) == Some(&b'=')
                && matches!(self.bytes[at + 1..], [b'\n', ..] | [b'\r', b'\n', ..])
        };
        let Some(sign) = [end - 1, end].into_iter().find(is_sign) else { return false };
        let is_quoted = || *self.quoted.get_or_init(|| undo::names_quoted_printable(self.bytes));
        let is_padding = sign < end;
        span.end > sign + 1
            && !(undo::breaks_softly(self.bytes, sign) && (!is_padding || is_quoted()))
    }
}

/// True if a match is within `reach` of one of the anchors.
fn is_near(piece: &[AnchorSpan], whole: &Range<usize>, reach: usize) -> bool {
    let after = piece.partition_point(|one| one.span.0 <= whole.start + reach);
    after.checked_sub(1).is_some_and(|at| whole.end <= piece[at].span.1 + reach)
}

/// Accounts in the examples of AWS's documentation.
const EXAMPLE_ACCOUNTS: [&str; 4] =
    ["123456789012", "111122223333", "444455556666", "555555555555"];

/// True if a credential is an example of documentation or a placeholder, by its core, or else its
/// text, or by its account. Around a core, fields repeat each other without being made up.
fn is_example(secret: &[u8], core: Option<&[u8]>, facts: &Facts) -> bool {
    let account = facts.account.as_deref();
    account.is_some_and(|account| EXAMPLE_ACCOUNTS.contains(&account))
        || placeholder::is_placeholder(core.unwrap_or(secret))
}

/// True if a word of the rule precedes the match, on its line or one of the two above.
pub(super) fn is_labelled(rule: &Rule, text: &[u8], at: usize, reach: usize) -> bool {
    if rule.labels.is_empty() {
        return true;
    }
    let floor = at.saturating_sub(2 * reach);
    let before = &text[floor..at];
    let above = memchr::memrchr_iter(b'\n', before).nth(2).map_or(0, |newline| newline + 1);
    let joined = words(&before[above..]).concat();
    rule.labels.iter().any(|label| joined.contains(label.as_str()))
}

/// True if an id may be shown although its rule is not trusted: an id of AWS, or words and numbers.
/// A rule of the scanned project may use the group for a secret, or a piece of one.
pub(super) fn may_be_shown(id: &[u8]) -> bool {
    let is_word = |word: &[u8]| {
        let all = |kind: fn(&u8) -> bool| word.iter().all(kind);
        let rest = word.get(1..).unwrap_or_default();
        let name = all(u8::is_ascii_alphabetic) && rest.iter().all(u8::is_ascii_lowercase);
        name || all(u8::is_ascii_uppercase) || (word.len() <= 12 && all(u8::is_ascii_digit))
    };
    let words = id.split(|byte| !byte.is_ascii_alphanumeric());
    KeyId::parse(id).is_some() || words.into_iter().all(is_word)
}
