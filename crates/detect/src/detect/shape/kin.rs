//! The names and records of ids and secrets of another provider show which of them may be a pair.
//!
//! The pieces are those of the pairs of AWS: labels, scopes, tables, and names without a value.

use std::ops::Range;

use crate::rules::Rule;
use crate::secret::Secret;

use super::super::complete;
use super::super::item::{Item, Part};
use super::super::label;
use super::super::name::{Name, Role};
use super::super::outline::{Kind, Outline};
use super::super::random::Strength;
use super::super::relation::{Context, Relation, Stems};
use super::super::sibling;
use super::super::table::{self, Cell, Headings};
use super::super::vacant;
use super::super::words::{is_empty, is_service, words};

/// A text with the spans of ids and secrets in it.
pub(super) struct Scene<'a> {
    pub text: &'a [u8],
    /// Scopes and headings that begin before this place are not known.
    pub start: usize,
    /// Nothing follows the text.
    pub is_whole: bool,
    pub ids: &'a [Range<usize>],
    pub secrets: &'a [Range<usize>],
}

/// The evidence that an id and a secret are a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// Their names or records show that they are not a pair.
    Apart,
    /// Only their nearness shows that they belong together.
    Near,
    /// No word distinguishes their names, or the id is directly before the secret.
    Same,
    /// Their names have the same words except for the half, or they are in one row of a table.
    Named,
}

/// The role that its own name gives to a secret, and how it fits the ids.
pub(super) struct Kin {
    /// The value's own name says that it is something else: a commit, a digest.
    pub is_other: bool,
    /// The heading of its column, or a field after it, has a word of the rule.
    pub is_headed: bool,
    /// For each id the fit.
    pub fits: Vec<Fit>,
    /// For each id, if their names share a word for the halves of one kind of key, as in `API_KEY` and
    /// `API_SECRET`.
    pub shares: Vec<bool>,
    /// For each id, if none or both are in a comment, and on one side of a diff.
    pub sides: Vec<bool>,
    /// The secret's name has a word of an id's name, or no word that distinguishes it.
    pub is_akin: bool,
}

/// Words of the names of halves, which distinguish no keys: `ACCOUNT_SID` and `AUTH_TOKEN`.
const PARTS: [&str; 10] =
    ["account", "api", "app", "application", "auth", "client", "private", "ram", "sid", "token"];
/// Bytes before the first of the items in which the scopes around them begin.
const SCOPES: usize = 2048;

/// Letters of a provider's name that are one inside a word, too.
const PROVIDER: usize = 5;
/// Bytes before a value in which a field of its record names it.
const NAMES: usize = 200;
/// Number of bytes after a name without a value in which the same name may have one.
const REPEATED: usize = 80;
/// Fields before a value that may name it.
const FIELDS: usize = 4;

/// The fit of each secret of a scene to the ids within `distance` bytes; those beyond are apart.
/// `headings` are those of the table that the scene may continue.
pub(super) fn kin(
    scene: &Scene<'_>,
    rule: &Rule,
    distance: usize,
    headings: &mut Option<Headings>,
) -> Vec<Kin> {
    let (text, start) = (scene.text, scene.start);
    let (mut items, ids, secrets, empty) = items(scene, &names(rule));
    let first = items.first().map_or(start, |item| item.span.start);
    let floor = start.max(first.saturating_sub(SCOPES));
    let from = memchr::memrchr(b'\n', &text[start..floor]).map_or(start, |at| start + at + 1);
    let outline = Outline::new(text, from, &items);
    let cells = table::labelled(text, start, &items, &rule.labels, headings);
    complete::labels(text, &mut items, &outline, &cells);
    for (item, _) in items.iter_mut().zip(&cells).filter(|(_, cell)| cell.is_none()) {
        rename(text, item);
    }
    let signatures: Vec<Vec<String>> = {
        let context = Context::new(text, &items, &outline, &cells);
        let words = |item| context.signature(item, false);
        let split = |text: String| text.split_whitespace().map(str::to_owned).collect();
        (0..items.len()).map(words).map(split).collect()
    };
    let own = own_words(rule);
    // An anchor may be a part of the provider's name.
    let is_own = |word: &str| {
        own.iter().any(|own| own == word || own.len() >= PROVIDER && word.contains(own.as_str()))
    };
    for item in &mut items {
        item.label.name.stem.retain(|word| !PARTS.contains(&word.as_str()));
    }
    let context = Context::new(text, &items, &outline, &cells);
    let gap = |a: usize, b: usize| super::partner::gap(&items[a].span, &items[b].span);
    let fit_of = |id: usize, secret: usize| {
        let is_distinct = |word: &&String| !is_own(word) && !PARTS.contains(&word.as_str());
        let both = |is: &dyn Fn(&[String]) -> bool| is(&signatures[id]) && is(&signatures[secret]);
        // `DD_API_KEY` and `DATADOG_APP_KEY`: both words name the provider.
        let is_one = both(&|words| !words.iter().any(|word| is_distinct(&word)));
        let is_named = is_one && both(&|words| words.iter().any(|word| is_own(word)));
        match is_separate(&context, id, secret) {
            true => Fit::Apart,
            false => fit(&context.relation(id, secret), is_one, is_named),
        }
    };
    let secret_kin = |&secret: &usize| {
        let fits = ids.iter().map(|&id| {
            if gap(id, secret) > distance {
                return Fit::Apart;
            }
            let fit = fit_of(id, secret);
            // The id's own secret is named, and its value is elsewhere.
            let is_elsewhere = empty.iter().any(|&named| {
                let of_named = fit_of(id, named);
                of_named > fit
                    || of_named == fit && fit > Fit::Apart && gap(id, named) < gap(id, secret)
            });
            if is_elsewhere { Fit::Apart } else { fit }
        });
        let label = &items[secret].label;
        let of_id = |word: &String| ids.iter().any(|&id| signatures[id].contains(word));
        let words = &signatures[secret];
        let is_shared = |&id: &usize| {
            let of_both = |word: &&String| signatures[id].contains(word);
            words.iter().filter(of_both).any(|word| PARTS.contains(&word.as_str()))
        };
        Kin {
            is_other: label.name.role == Role::Other
                && !ends_in_label(text, items[secret].span.start, &rule.labels)
                && (!label.indirect || cells[secret].is_some()),
            is_headed: is_headed(text, cells[secret].as_ref(), &rule.labels)
                || is_named_after(text, &items[secret].span, &rule.labels),
            fits: fits.collect(),
            shares: ids.iter().map(is_shared).collect(),
            sides: ids.iter().map(|&id| is_one_side(text, &items[id], &items[secret])).collect(),
            is_akin: words.iter().all(|word| PARTS.contains(&word.as_str()))
                || words.iter().any(|word| is_own(word) || of_id(word) && is_telling(word)),
        }
    };
    secrets.iter().map(secret_kin).collect()
}

/// True if a word says more than which half of a key a value is.
fn is_telling(word: &str) -> bool {
    is_service(word) || !PARTS.contains(&word)
}

/// The words with which a rule names its provider.
fn own_words(rule: &Rule) -> Vec<String> {
    rule.anchors.iter().flat_map(|anchor| words(anchor)).collect()
}

/// The items of a scene in order, with the places of its ids, its secrets, and the secrets that are
/// named without a value.
fn items(scene: &Scene<'_>, labels: &[String]) -> (Vec<Item>, Vec<usize>, Vec<usize>, Vec<usize>) {
    let text = scene.text;
    let make = |span: &Range<usize>| Item {
        near_id: false,
        span: span.clone(),
        decoded: Vec::new(),
        part: Part::Secret { value: Secret::new(Vec::new()), strength: Strength::Strong },
        label: label::Label::default(),
    };
    let mut items: Vec<Item> = scene.ids.iter().chain(scene.secrets).map(make).collect();
    items.sort_by_key(|item| item.span.start);
    let mut previous_end = scene.start;
    for item in &mut items {
        item.label = label::read(text, previous_end.min(item.span.start), &item.span);
        previous_end = item.span.end;
    }
    let first = items.first().map_or(scene.start, |item| item.span.start);
    let start = scene.start.max(first.saturating_sub(SCOPES));
    // Another record may follow, whose value has the same name. So the names decide below.
    let nameless: Vec<Item> = items.iter().map(|item| nameless(make(&item.span))).collect();
    let mut absent = vacant::vacant(text, start, &nameless);
    absent.extend(vacant::labelled(text, start, &nameless, labels));
    absent.retain(|one| {
        let is_line = scene.is_whole || text[one.span.end..].contains(&b'\n');
        let is_secret = matches!(one.part, Part::Vacant { secret: true });
        is_secret
            && is_line
            && !is_filled(text, one.span.end, &items)
            && !is_repeated(text, one, &items)
    });
    absent.sort_by_key(|one| one.span.start);
    absent.dedup_by(|next, one| next.span.start < one.span.end);
    items.append(&mut absent);
    items.sort_by_key(|item| item.span.start);
    let place = |span: &Range<usize>| items.iter().position(|item| item.span == *span);
    let ids = scene.ids.iter().filter_map(place).collect();
    let secrets = scene.secrets.iter().filter_map(place).collect();
    let empty =
        (0..items.len()).filter(|&at| matches!(items[at].part, Part::Vacant { .. })).collect();
    (items, ids, secrets, empty)
}

/// Gives an item the name that is directly before it, as in `ENV NAME value`, or that a field of its
/// record gives to it (`"name": "…", "value": "…"`). The names of AWS need a word of theirs there; any
/// word distinguishes these.
fn rename(text: &[u8], item: &mut Item) {
    if item.label.assigned && item.label.name.named || matches!(item.part, Part::Vacant { .. }) {
        return;
    }
    let before = &text[item.span.start.saturating_sub(NAMES)..item.span.start];
    let bare = |text: &[u8]| {
        text.iter().rposition(|byte| !b" \t\"'`".contains(byte)).map_or(0, |at| at + 1)
    };
    let end = bare(before);
    let is_assigned = matches!(before[..end], [.., b':' | b'=']);
    let head = &before[..bare(&before[..end - usize::from(is_assigned)])];
    let start = head.iter().rposition(|byte| !vacant::is_name(*byte)).map_or(0, |at| at + 1);
    let own = &head[start..];
    let name = if is_assigned {
        let fields = before.rsplit(|byte| b",\n;".contains(byte)).take(FIELDS);
        let is_first = sibling::is_first(before);
        let later = is_first.then(|| sibling::after(text, &item.span)).flatten();
        let name = later.map(|name| Name::of(name, false));
        let name = name.or_else(|| fields.skip(1).find_map(sibling::field));
        name.filter(|_| is_value(own))
    } else {
        let is_name = own.contains(&b'_') && before[end..].iter().any(|byte| b" \t".contains(byte));
        is_name.then(|| Name::of(own, false))
    };
    if let Some(name) = name.filter(|name| name.named) {
        item.label.name = name;
        // The record that names a value does not set it apart.
        item.label.indirect = is_assigned;
        item.label.assigned = !is_assigned;
    }
}

/// True if the name of a field says only that its value is named elsewhere.
fn is_value(name: &[u8]) -> bool {
    let words = words(name);
    words.last().is_some_and(|last| last == "value")
        || !words.is_empty() && words.iter().all(|word| is_empty(word))
}

/// True if a field after the secret at `span` names it with one of `labels`.
fn is_named_after(text: &[u8], span: &Range<usize>, labels: &[String]) -> bool {
    let before = &text[span.start.saturating_sub(NAMES)..span.start];
    if labels.is_empty() || !sibling::is_first(before) {
        return false;
    }
    let name = sibling::after(text, span).map(|name| words(name).concat());
    name.is_some_and(|name| labels.iter().any(|label| name.contains(label.as_str())))
}

/// The words that name the secret of a rule: its labels, or its anchors that name the id without it.
fn names(rule: &Rule) -> Vec<String> {
    let of_anchor = |anchor: &Vec<u8>| {
        let mut words = words(anchor);
        let is_id = words.pop().is_some_and(|last| last == "id") && !words.is_empty();
        is_id.then(|| words.concat())
    };
    match rule.labels.is_empty() {
        true => rule.anchors.iter().filter_map(of_anchor).collect(),
        false => rule.labels.clone(),
    }
}

/// An item with a name that no other has.
fn nameless(mut item: Item) -> Item {
    item.label.name.stem = vec![String::new()];
    item
}

/// True if the value of a name follows after the same name, as in `env.SECRET || SECRET='value'`.
/// After the names of two values another record begins.
fn is_repeated(text: &[u8], named: &Item, items: &[Item]) -> bool {
    let end = named.span.end;
    let next = items.partition_point(|item| item.span.start < end);
    let Some(value) = items.get(next).filter(|item| item.span.start < end + REPEATED) else {
        return false;
    };
    let (own, other) = (&named.label.name, &value.label.name);
    let is_operator = |byte: &u8| b"=:>".contains(byte);
    let runs = text[end..value.span.start].chunk_by(|a, b| is_operator(a) == is_operator(b));
    own.stem == other.stem
        && (own.role == other.role || own.role.is_secret() && other.role.is_secret())
        && runs.filter(|run| run.iter().all(is_operator)).count() < 2
}

/// True if the name directly before a value ends in one of `labels`: `UPLOAD_AUTH_TOKEN` does not name an upload.
fn ends_in_label(text: &[u8], at: usize, labels: &[String]) -> bool {
    let before = &text[at.saturating_sub(NAMES)..at];
    let is_mark = |byte: &u8| b" \t\"'`:=>".contains(byte);
    let end = before.iter().rposition(|byte| !is_mark(byte)).map_or(0, |by| by + 1);
    let start = before[..end].iter().rposition(|byte| !vacant::is_name(*byte));
    let name = words(&before[start.map_or(0, |by| by + 1)..end]).concat();
    labels.iter().any(|label| name.ends_with(label.as_str()))
}

/// True if not just one of two items is in a comment, and a diff does not remove one and add the other.
fn is_one_side(text: &[u8], id: &Item, secret: &Item) -> bool {
    let sign = |item: &Item| {
        let line = memchr::memrchr(b'\n', &text[..item.span.start]).map_or(0, |at| at + 1);
        text.get(line).copied().filter(|byte| matches!(byte, b'+' | b'-'))
    };
    let is_changed = sign(id).zip(sign(secret)).is_some_and(|(one, other)| one != other);
    id.label.comment == secret.label.comment && !is_changed
}

/// True if an item is on the line of a name: it is then the value, as in `${NAME:-value}`.
fn is_filled(text: &[u8], end: usize, items: &[Item]) -> bool {
    let next = items.partition_point(|item| item.span.start < end);
    let Some(value) = items.get(next).map(|item| item.span.start) else { return false };
    // It may be alone on the next line, as after `|` and `<<EOT`.
    let mut lines = text[end..value].splitn(2, |byte| *byte == b'\n');
    // After a comma is the next field.
    lines.next().is_some_and(|line| !line.contains(&b','))
        && lines.all(|line| line.iter().all(|byte| b" \t\"'`".contains(byte)))
}

/// True if two items are in different sections or documents, or each is named in an object of its own
/// or as an argument of its own call.
fn is_separate(context: &Context<'_>, id: usize, secret: usize) -> bool {
    let (a, b) = context.outline.apart(id, secret);
    // The call around a value (`key = decode("…")`) is not a record.
    let calls = [id, secret].map(|item| call(context.text, context.items[item].span.start));
    let has = |scopes: &[usize], wanted: fn(Kind) -> bool| {
        let mut scopes = scopes.iter().map(|&scope| context.outline.scope(scope));
        // `${NAME:-value}` is not an object.
        scopes.any(|scope| {
            wanted(scope.kind)
                && !context.text[..scope.start].ends_with(b"${")
                && !calls.contains(&Some(scope.start))
        })
    };
    let is_part = |kind: Kind| matches!(kind, Kind::Section | Kind::Document);
    let is_named = |item: usize| {
        let label = &context.items[item].label;
        let is_wrapped = call(context.text, context.items[item].span.start).is_some();
        is_wrapped || label.assigned && !label.indirect
    };
    let both = |wanted: fn(Kind) -> bool| has(&a, wanted) && has(&b, wanted);
    has(&a, is_part)
        || has(&b, is_part)
        || is_named(id)
            && is_named(secret)
            && (both(|kind| kind == Kind::Bracket(b'('))
                || both(|kind| kind == Kind::Bracket(b'{')))
}

/// The place of the content of a call whose only argument is the value at `at`, and whose result
/// gets a name: `key = decode("…")`.
fn call(text: &[u8], at: usize) -> Option<usize> {
    let floor = at.saturating_sub(NAMES);
    let before = &text[floor..at];
    let quoted = before.strip_suffix(b"\"").or_else(|| before.strip_suffix(b"'"));
    let bare = quoted.map_or(before, |rest| rest.strip_suffix(b"b").unwrap_or(rest));
    let head = bare.trim_ascii_end().strip_suffix(b"(")?;
    let is_name = |byte: &u8| vacant::is_name(*byte) || matches!(byte, b'.' | b':' | b'!');
    let start = head.iter().rposition(|byte| !is_name(byte)).map_or(0, |at| at + 1);
    let rest = head[..start].trim_ascii_end();
    let rest = rest.strip_suffix(b"new").map_or(rest, <[u8]>::trim_ascii_end);
    let is_result = start < head.len() && matches!(rest.last(), Some(b'=' | b':' | b'>'));
    is_result.then_some(floor + head.len() + 1)
}

/// The fit of two items. If `is_one`, no word of their names distinguishes keys; if `is_named`,
/// these are the provider's, too.
fn fit(relation: &Relation, is_one: bool, is_named: bool) -> Fit {
    let same = relation.stems == Stems::Same;
    let differ = relation.stems == Stems::Different && !is_one;
    if relation.row {
        Fit::Named
    } else if relation.apart
        || relation.aged
        || differ
        || relation.separate_objects && !same && !is_named
    {
        Fit::Apart
    } else if same {
        Fit::Named
    } else if relation.stems == Stems::None {
        Fit::Same
    } else {
        Fit::Near
    }
}

/// True if the heading of a cell has a word of `labels`.
fn is_headed(text: &[u8], cell: Option<&Cell>, labels: &[String]) -> bool {
    let Some(cell) = cell else { return false };
    let joined = words(&text[cell.title.clone()]).concat();
    labels.iter().any(|label| joined.contains(label.as_str()))
}
