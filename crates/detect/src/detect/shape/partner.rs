//! Joins the secrets of a rule with ids of its own form: Twilio's `AC…`, Alibaba's `LTAI…`.
//!
//! A secret without an id nearby is not a match. A single id and a single secret are certainly a
//! pair. Of several, only the order and the distance show which belong together, so the confidence is
//! lower.

use std::ops::Range;

use crate::finding::Confidence;
use crate::rules::{Author, Boundary, PartnerShape};

use super::super::view::View;
use super::choice::{self, Choice};
use super::judge::{is_labelled, may_be_shown};
use super::kin::{self, Fit, Kin};
use super::{Look, Shaped};

/// Maximum number of ids of a stretch of text that are considered, and of secrets that are compared
/// with each other; more are a list, not keys.
const MOST: usize = 256;
/// Bytes of an escape.
const ESCAPE: usize = 4;
/// Bytes above a stretch in which the headings of its tables are searched for.
const ABOVE: usize = 16 * 1024;

/// An id of a view.
pub(super) struct Id {
    pub text: String,
    /// Its place in the original.
    pub span: Range<usize>,
    /// Its place in the view.
    shown: Range<usize>,
    /// Its line in the view.
    pub line: usize,
}

/// A secret of a view.
pub(super) struct Half<'v> {
    pub text: &'v [u8],
    /// Its place in the original.
    pub span: Range<usize>,
    /// Its place in the view.
    shown: Range<usize>,
    /// Its line in the view.
    pub line: usize,
    /// Its index among the matches that need an id; `None` if another region reports it.
    number: Option<usize>,
}

impl Look<'_> {
    /// Gives each of `found`, which are at the first of `spans` of the view, the id that belongs to
    /// it, and removes those without a label or an id nearby. The second of `spans` are secrets that
    /// other regions report, which may be those of the same ids. The view's first byte is at `base`.
    /// Ids of a rule of the scanned project are shown only if they are not secrets. `false` if a text
    /// further away may make one of those removed a credential.
    pub(super) fn join(
        &self,
        partner: &PartnerShape,
        view: &View<'_>,
        base: usize,
        [own, others]: [&[Range<usize>]; 2],
        found: &mut Vec<Shaped>,
    ) -> bool {
        if found.is_empty() {
            return true;
        }
        let ids = ids(partner, view, base);
        let near =
            |span: &Range<usize>| ids.iter().any(|id| gap(&id.span, span) <= partner.distance);
        let mut halves = halves(view, base, own, others);
        halves.retain(|half| near(&half.span) && !self.is_of_id(partner, view, &half.span));
        if halves.iter().all(|half| half.number.is_none()) {
            found.clear();
            return true;
        }
        let is_list = halves.len() > MOST;
        let kin = if is_list { Vec::new() } else { self.kin(partner, view, base, &ids, &halves) };
        let is_secret: Vec<bool> = (0..halves.len())
            .map(|at| self.is_named(partner, view, &halves[at].shown, kin.get(at)))
            .collect();
        let is_whole = is_secret.iter().all(|is_secret| *is_secret);
        let with = kin.into_iter().zip(&is_secret).filter(|(_, is)| **is);
        let mut kin: Vec<Kin> = with.map(|(kin, _)| kin).collect();
        let (mut is_secret, mut unnamed) = (is_secret.into_iter(), Vec::new());
        halves.retain(|half| {
            let is_named = is_secret.next().unwrap_or_default();
            unnamed.extend((!is_named).then(|| (half.line, before_on_line(&view.text, half))));
            is_named
        });
        for (half, kin) in halves.iter().zip(&mut kin) {
            prefer_adjacent(partner, view, &ids, half, kin);
        }
        prefer_same(&mut kin);
        let is_cut = base > 0 || base + view.original(&(0..view.text.len())).end < self.bytes.len();
        let choices = if is_list {
            halves
                .iter()
                .map(|half| (choice::nearest(&ids, half, |_| true), Confidence::Low))
                .collect()
        } else {
            Choice::new(&ids, &halves, &kin, partner.distance, is_cut).all()
        };
        let is_own = self.rule().author != Author::Target;
        let mut is_kept = vec![false; found.len()];
        for (half, (id, confidence)) in halves.iter().zip(choices) {
            let sure = |id: &usize| is_list || !is_rivalled(&view.text, half, &ids[*id], &unnamed);
            let (id, confidence) = match id.filter(sure) {
                None => (None, confidence.min(Confidence::Medium)),
                id => (id, confidence),
            };
            let Some(number) = half.number else { continue };
            is_kept[number] = true;
            let one = &mut found[number];
            one.confidence = one.confidence.min(confidence);
            let Some(id) = id.map(|id| &ids[id]) else { continue };
            if is_own || may_be_shown(id.text.as_bytes()) {
                one.id = Some((id.text.clone(), id.span.clone()));
            }
        }
        let mut is_kept = is_kept.into_iter();
        found.retain(|_| is_kept.next().unwrap_or_default());
        is_whole
    }

    /// True if a view has undone the beginning of an id as if it were an escape. Quoted-printable reads
    /// `=AC` as one byte.
    fn is_of_id(&self, partner: &PartnerShape, view: &View<'_>, span: &Range<usize>) -> bool {
        if view.is_raw() {
            return false;
        }
        let from = span.start.saturating_sub(ESCAPE);
        let mut ids = partner.id.regex().find_iter(&self.bytes[from..span.end]);
        ids.any(|id| {
            let id = from + id.start()..from + id.end();
            id.start < span.start
                && span.start < id.end
                && !Boundary::Alphanumeric.extends(self.bytes, id)
        })
    }

    /// True if a label, or the heading of a column, names a secret, and its own name does not say that
    /// it is something else.
    fn is_named(
        &self,
        partner: &PartnerShape,
        view: &View<'_>,
        span: &Range<usize>,
        kin: Option<&Kin>,
    ) -> bool {
        let (rule, text) = (self.rule(), &*view.text);
        let is_adjacent = || partner.is_adjacent(text, span.start);
        let is_other = !rule.labels.is_empty() && kin.is_some_and(|kin| kin.is_other);
        (!is_other || is_adjacent())
            && (kin.is_some_and(|kin| kin.is_headed)
                || is_labelled(rule, text, span.start, self.shape.reach)
                || is_adjacent())
    }

    /// The fit of the secrets of a view to its ids.
    fn kin(
        &self,
        partner: &PartnerShape,
        view: &View<'_>,
        base: usize,
        ids: &[Id],
        secrets: &[Half<'_>],
    ) -> Vec<Kin> {
        // The text around a stretch matters: the lines above it name columns and scopes.
        let (text, start, moved) = match view.is_raw() {
            true => (&self.bytes[..base + view.text.len()], base.saturating_sub(ABOVE), base),
            false => (&*view.text, 0, 0),
        };
        let moved = |span: &Range<usize>| span.start + moved..span.end + moved;
        let ids: Vec<_> = ids.iter().map(|id| moved(&id.shown)).collect();
        let secrets: Vec<_> = secrets.iter().map(|half| moved(&half.shown)).collect();
        let end = base + view.original(&(0..view.text.len())).end;
        let is_whole = end >= self.bytes.len();
        let scene = kin::Scene { text, start, is_whole, ids: &ids, secrets: &secrets };
        // Places of another view are not those of the text.
        if !view.is_raw() {
            return kin::kin(&scene, self.rule(), partner.distance, &mut None);
        }
        kin::kin(&scene, self.rule(), partner.distance, &mut self.headings.borrow_mut())
    }
}

/// The secrets of a view in order: the `own` ones, which need an id, and the others.
fn halves<'v>(
    view: &'v View<'_>,
    base: usize,
    own: &[Range<usize>],
    others: &[Range<usize>],
) -> Vec<Half<'v>> {
    let lines = lines(&view.text);
    let own = own.iter().enumerate().map(|(number, span)| (span, Some(number)));
    let all = own.chain(others.iter().map(|span| (span, None)));
    let mut halves: Vec<Half<'_>> = all
        .map(|(shown, number)| {
            let original = view.original(shown);
            let span = base + original.start..base + original.end;
            let line = lines(&shown.start);
            Half { text: &view.text[shown.clone()], span, shown: shown.clone(), line, number }
        })
        .collect();
    halves.sort_by_key(|half| half.shown.start);
    halves
}

/// The text before a secret on its line.
fn before_on_line<'v>(text: &'v [u8], half: &Half<'_>) -> &'v [u8] {
    let before = &text[..half.shown.start];
    &before[memchr::memrchr(b'\n', before).map_or(0, |at| at + 1)..]
}

/// True if a value that nothing names is on as near a line to an id as its secret, and the two lines
/// begin alike: a heading may name the first secret of a list alone.
fn is_rivalled(text: &[u8], half: &Half<'_>, id: &Id, unnamed: &[(usize, &[u8])]) -> bool {
    let lines = id.line.abs_diff(half.line);
    let is_rival = |(line, before): &(usize, &[u8])| {
        *line != half.line
            && id.line.abs_diff(*line) <= lines
            && *before == before_on_line(text, half)
    };
    lines > 0 && unnamed.iter().any(is_rival)
}

/// Leaves a secret to the id directly before it, as in `ID:SECRET`.
fn prefer_adjacent(
    partner: &PartnerShape,
    view: &View<'_>,
    ids: &[Id],
    half: &Half<'_>,
    kin: &mut Kin,
) {
    if !partner.is_adjacent(&view.text, half.shown.start) {
        return;
    }
    let own = ids.iter().rposition(|id| id.shown.end <= half.shown.start);
    for (at, fit) in kin.fits.iter_mut().enumerate() {
        *fit = if Some(at) == own { Fit::Same } else { Fit::Apart };
    }
}

/// Leaves an id to the secrets whose names fit it better, and a secret to such ids.
fn prefer_same(fits: &mut [Kin]) {
    prefer(fits, |kin, id| kin.fits[id] >= Fit::Same, |kin, id| kin.fits[id] == Fit::Near);
    // A key that a comment or a diff replaces keeps its own halves.
    prefer(
        fits,
        |kin, id| kin.fits[id] > Fit::Apart && kin.sides[id],
        |kin, id| kin.fits[id] > Fit::Apart && !kin.sides[id],
    );
    // `ACCOUNT_SID` and `API_KEY` with `AUTH_TOKEN` and `API_SECRET`.
    prefer(
        fits,
        |kin, id| kin.fits[id] > Fit::Apart && kin.shares[id],
        |kin, id| kin.fits[id] > Fit::Apart && !kin.shares[id],
    );
}

/// Sets apart what fits worse, if the id or the secret has a partner that fits better.
fn prefer(
    fits: &mut [Kin],
    is_better: impl Fn(&Kin, usize) -> bool,
    is_worse: impl Fn(&Kin, usize) -> bool,
) {
    let ids = 0..fits.first().map_or(0, |kin| kin.fits.len());
    let has_partner: Vec<bool> =
        ids.clone().map(|id| fits.iter().any(|kin| is_better(kin, id))).collect();
    for kin in fits {
        let has_better = ids.clone().any(|id| is_better(kin, id));
        let worse: Vec<usize> = ids.clone().filter(|&id| is_worse(kin, id)).collect();
        for id in worse.into_iter().filter(|&id| has_better || has_partner[id]) {
            kin.fits[id] = Fit::Apart;
        }
    }
}

/// The ids of a view, in order.
fn ids(partner: &PartnerShape, view: &View<'_>, base: usize) -> Vec<Id> {
    let text = &*view.text;
    let lines = lines(text);
    let matches = partner.id.regex().captures_iter(text);
    let ids = matches.filter_map(|groups| {
        let id = groups.name("id").or_else(|| groups.get(0))?;
        if Boundary::Alphanumeric.extends(text, id.range()) {
            return None;
        }
        let original = view.original(&id.range());
        let span = base + original.start..base + original.end;
        Some(Id {
            text: String::from_utf8_lossy(id.as_bytes()).into_owned(),
            span,
            shown: id.range(),
            line: lines(&id.start()),
        })
    });
    ids.take(MOST).collect()
}

/// Finds the lines of places in a text.
fn lines(text: &[u8]) -> impl Fn(&usize) -> usize {
    let ends: Vec<usize> = memchr::memchr_iter(b'\n', text).collect();
    move |place: &usize| ends.partition_point(|end| end < place)
}

/// The bytes between two spans.
pub(super) fn gap(one: &Range<usize>, other: &Range<usize>) -> usize {
    one.start.saturating_sub(other.end).max(other.start.saturating_sub(one.end))
}
