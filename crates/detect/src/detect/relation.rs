//! Evidence from the names and the records of an id and a secret that they belong together.

use std::ops::Range;

use super::contents;
use super::item::Item;
use super::lines::{Line, lines};
use super::name::{Name, Role};
use super::outline::{Kind, Outline, Scope};
use super::separate::{self, Side};
use super::table::Cell;
use super::words::{is_aged, is_aws, is_number, is_purpose, is_service, is_tag};

/// The comparison of two names' stems, including those of scopes that contain only one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stems {
    /// Neither has one.
    None,
    /// Both have the same.
    Same,
    /// One is part of the other.
    Part,
    /// Only one of them has a stem.
    One,
    /// They differ.
    Different,
}

/// The relation of two items, apart from their distance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Relation {
    /// The comparison of their stems.
    pub stems: Stems,
    /// The longer stem belongs to a service that is not AWS.
    pub service: bool,
    /// One of the two is named as old, the other is not.
    pub aged: bool,
    /// The secret's name says that it has another use than access to AWS, and the id's name does not.
    pub other_use: bool,
    /// Both are in one row of a table.
    pub row: bool,
    /// They are in different rows, objects, list items or sections.
    pub apart: bool,
    /// They belong to different owners: files of a patch, rows of values, headings.
    pub split: bool,
    /// They are in separate objects, but nothing shows that these are different records.
    pub separate_objects: bool,
    /// Each name has a word of its own, but not one that usually distinguishes keys.
    pub distinct_words: bool,
    /// Hardly anything is between them, or one list or call contains both on one line.
    pub together: bool,
}

/// The text around items, as far as relations need it.
pub(super) struct Context<'a> {
    /// The text.
    pub text: &'a [u8],
    /// The items, sorted.
    pub items: &'a [Item],
    /// Their scopes.
    pub outline: &'a Outline,
    /// Their cells.
    pub cells: &'a [Option<Cell>],
    /// Their lines.
    lines: Vec<Line>,
    /// The stems of their names, without those of their scopes.
    stems: Vec<Vec<&'a str>>,
    /// Their places in a patch; none if the text is not one.
    sides: Vec<Side>,
}

impl<'a> Context<'a> {
    /// Prepares `items`, which are sorted.
    pub(super) fn new(
        text: &'a [u8],
        items: &'a [Item],
        outline: &'a Outline,
        cells: &'a [Option<Cell>],
    ) -> Self {
        let lines = lines(text, items);
        let own = |item: &'a Item| sorted(item.label.name.stem.iter().map(String::as_str));
        let stems = items.iter().map(own).collect();
        let sides = separate::sides(text, items);
        Self { text, items, outline, cells, lines, stems, sides }
    }
}

impl Context<'_> {
    pub(super) fn relation(&self, id: usize, secret: usize) -> Relation {
        // Items of a list are compared with dozens of others, and share their scope.
        if self.outline.of(id) == self.outline.of(secret) {
            return self.related(id, secret, [&[], &[]], [&self.stems[id], &self.stems[secret]]);
        }
        let (mut id_scopes, mut secret_scopes) = self.outline.apart(id, secret);
        self.drop_rows(id, &mut id_scopes);
        self.drop_rows(secret, &mut secret_scopes);
        if self.are_in_cells(&id_scopes, &secret_scopes) {
            // The cells of a notebook share their variables, so they are not records.
            id_scopes.clear();
            secret_scopes.clear();
        }
        let scopes = [self.own(id, &id_scopes), self.own(secret, &secret_scopes)];
        let stems = [self.stem(id, scopes[0]), self.stem(secret, scopes[1])];
        self.related(id, secret, scopes, [&stems[0], &stems[1]])
    }

    /// Removes the elements of the row that names an item: a name and its value are no record.
    fn drop_rows(&self, item: usize, scopes: &mut Vec<usize>) {
        if let Some(cell) = self.cells[item].as_ref().filter(|cell| cell.is_row_name) {
            scopes.retain(|&scope| self.outline.scope(scope).start <= cell.row);
        }
    }

    /// The relation of two items with separate scopes and these stems.
    fn related(
        &self,
        id: usize,
        secret: usize,
        [id_scopes, secret_scopes]: [&[usize]; 2],
        [id_stem, secret_stem]: [&[&str]; 2],
    ) -> Relation {
        let (items, scopes) = ([id, secret], [id_scopes, secret_scopes]);
        let stems = self.compare(items, scopes, [id_stem, secret_stem]);
        let calls_old = self.calls_old(items, scopes, [id_stem, secret_stem]);
        let longer = if id_stem.len() > secret_stem.len() { id_stem } else { secret_stem };
        let (row, other_row) = match (&self.cells[id], &self.cells[secret]) {
            (Some(a), Some(b)) if a.heading == b.heading => (a.row == b.row, a.row != b.row),
            _ => (false, false),
        };
        let record = |scopes: &[usize]| {
            let mut scopes = scopes.iter().map(|&scope| self.outline.scope(scope));
            // `secret_keys = { prod: …, dev: … }` contains halves of several keys.
            let half = |scope: &Scope| {
                scope.name.role.is_secret() || matches!(scope.name.role, Role::Key | Role::KeyId)
            };
            !scopes.clone().any(half) && scopes.any(is_record)
        };
        let any = |scopes: &[usize], kind: Kind| {
            scopes.iter().any(|&scope| self.outline.scope(scope).kind == kind)
        };
        let assigned = |item: usize| self.items[item].label.assigned || self.cells[item].is_some();
        let records = record(id_scopes) && record(secret_scopes);
        let sections = any(id_scopes, Kind::Section) && any(secret_scopes, Kind::Section)
            || any(id_scopes, Kind::Document)
            || any(secret_scopes, Kind::Document);
        let headings = self.heading(id_scopes).zip(self.heading(secret_scopes));
        let headed = headings.is_some_and(|(a, b)| !a.iter().any(|word| b.contains(word)));
        let objects = |scopes: &[usize]| {
            let object = |scope: &usize| {
                matches!(self.outline.scope(*scope).kind, Kind::Bracket(b'{') | Kind::Element)
            };
            scopes.iter().any(object)
        };
        Relation {
            stems,
            service: longer.iter().any(|word| is_service(word)) && stems != Stems::Same,
            row,
            // "OLD: <id> / <secret>" refers to both.
            aged: calls_old && self.lines[id].number != self.lines[secret].number,
            other_use: self.has_other_use(id, secret),
            apart: other_row
                || sections && stems != Stems::Same
                || records && assigned(id) && assigned(secret) && !self.are_in_messages(id, secret),
            split: self.are_split([id, secret], [id_scopes, secret_scopes])
                || stems == Stems::Different && self.are_rows(id, secret),
            separate_objects: objects(id_scopes) && objects(secret_scopes)
                || records
                || headed
                || self.fill_lines(id, secret),
            together: self.together(id, secret),
            distinct_words: self.distinct_words(id, secret),
        }
    }

    /// True if nothing names an item.
    fn is_bare(&self, item: usize, scopes: &[usize]) -> bool {
        let name = &self.items[item].label.name;
        !name.named && name.stem.is_empty() && scopes.is_empty()
    }

    /// The comparison of two items' stems, after what their names leave open.
    fn compare(
        &self,
        [id, secret]: [usize; 2],
        [id_scopes, secret_scopes]: [&[usize]; 2],
        [id_stem, secret_stem]: [&[&str]; 2],
    ) -> Stems {
        let mut stems = compare(id_stem, secret_stem);
        // An item without a name has no different name.
        if stems == Stems::One
            && (self.is_bare(id, id_scopes) || self.is_bare(secret, secret_scopes))
        {
            stems = Stems::None;
        }
        let loose = |item: usize| self.items[item].label.name.loose;
        let has_owner = |item: usize| {
            let label = &self.items[item].label;
            label.assigned && label.name.role != Role::None && separate::is_owner(&label.name)
        };
        let owners = has_owner(id) && has_owner(secret);
        if stems == Stems::Different && (loose(id) || loose(secret)) && !owners {
            // In sentences, only words that distinguish keys everywhere count against a pair.
            let tags = |stem: &[&'_ str]| stem.iter().filter(|word| is_tag(word)).count();
            let differ = tags(id_stem) > 0 && tags(secret_stem) > 0;
            stems = if differ { stems } else { Stems::One };
        }
        stems
    }

    /// True if only one of the names calls its value old or new.
    fn calls_old(
        &self,
        [id, secret]: [usize; 2],
        [id_scopes, secret_scopes]: [&[usize]; 2],
        [id_stem, secret_stem]: [&[&str]; 2],
    ) -> bool {
        let aged = |stem: &[&str]| stem.iter().any(|word| is_aged(word));
        // A value without a name is not called new, and a sentence may speak of the whole key.
        let loose = |item: usize| self.items[item].label.name.loose;
        match (aged(id_stem), aged(secret_stem)) {
            (true, false) => !self.is_bare(secret, secret_scopes) && !loose(id),
            (false, true) => !self.is_bare(id, id_scopes) && !loose(secret),
            _ => false,
        }
    }

    /// True if the outermost scopes of two items are cells of a notebook.
    fn are_in_cells(&self, id_scopes: &[usize], secret_scopes: &[usize]) -> bool {
        [id_scopes, secret_scopes].into_iter().all(|scopes| {
            let outermost = scopes.last().map(|&scope| self.outline.scope(scope));
            outermost.is_some_and(|scope| contents::is_cell(self.text, scope))
        })
    }

    /// True if two items are in texts of messages.
    fn are_in_messages(&self, id: usize, secret: usize) -> bool {
        [id, secret]
            .into_iter()
            .all(|item| contents::is_in_message(self.text, self.items[item].span.start))
    }

    /// The scopes that add information to an item's own name: not those that contain only its
    /// value, and not the record that names the value.
    fn own<'s>(&self, item: usize, scopes: &'s [usize]) -> &'s [usize] {
        let mut rest = scopes;
        let span = &self.items[item].span;
        let mut from = span.start;
        let mut is_named = false;
        while let Some((&first, outer)) = rest.split_first() {
            let scope = self.outline.scope(first);
            // `<alice><key>…`: the inner element names the value, the outer one its owner.
            let is_owner = is_named && scope.kind == Kind::Element && !scope.name.stem.is_empty();
            if is_owner || !holds_directly(self.text, scope, &(from..from)) {
                break;
            }
            is_named |= scope.kind == Kind::Element && scope.name.role != Role::None;
            // The opening of a scope counts as part of its content.
            from = opening(self.text, scope);
            rest = outer;
        }
        let label = &self.items[item].label;
        // If name and value share a line of a longer record, the line names the value.
        let longer = rest.first().is_some_and(|&scope| {
            let scope = self.outline.scope(scope);
            memchr::memchr(b'\n', &self.text[scope.start.min(span.start)..span.start]).is_some()
        });
        if !label.indirect || label.on_value_line && longer {
            return rest;
        }
        if rest.len() == scopes.len() {
            rest = rest.split_first().map_or(rest, |(_, outer)| outer);
        } else {
            let named = |scope: &usize| self.outline.scope(*scope).name.named;
            if scopes[..scopes.len() - rest.len()].iter().all(|scope| !named(scope)) {
                rest = rest.split_first().map_or(rest, |(_, outer)| outer);
            }
        }
        rest
    }

    /// See [`Relation::split`]; `scopes` are those that contain only one of the two.
    fn are_split(&self, items: [usize; 2], scopes: [&[usize]; 2]) -> bool {
        let [id, secret] = items;
        if let (Some(a), Some(b)) = (self.sides.get(id), self.sides.get(secret))
            && a.differs(*b)
        {
            return true;
        }
        let spans = items.map(|item| &self.items[item].span);
        let innermost = items.map(|item| self.outline.of(item));
        innermost[0] != innermost[1]
            && (separate::are_in_tuples(self.text, self.outline, spans, innermost)
                || separate::have_owners(self.text, self.outline, spans, scopes))
    }

    /// True if the rows of both have names, and these do not say which half each is: `alice`, `bob`.
    fn are_rows(&self, id: usize, secret: usize) -> bool {
        let is_row = |cell: &Option<Cell>| cell.as_ref().is_some_and(|cell| cell.is_row_name);
        [id, secret].iter().all(|&item| {
            self.items[item].label.name.role == Role::None && is_row(&self.cells[item])
        })
    }

    /// The words of the heading above an item.
    fn heading(&self, scopes: &[usize]) -> Option<&[String]> {
        let mut headings = scopes.iter().map(|&scope| self.outline.scope(scope));
        let heading = headings.find(|scope| matches!(scope.kind, Kind::Heading(_)))?;
        Some(heading.name.stem.as_slice()).filter(|stem| !stem.is_empty())
    }

    /// True if both are on separate lines that are records.
    fn fill_lines(&self, id: usize, secret: usize) -> bool {
        let (a, b) = (self.lines[id], self.lines[secret]);
        a.number != b.number && a.is_record && b.is_record
    }

    /// True if the secret's own name says that it has another use than access to AWS. If the id's name
    /// has the same word, or is not that of a key of AWS, this is no contradiction.
    fn has_other_use(&self, id: usize, secret: usize) -> bool {
        let (id, secret) = (&self.items[id].label, &self.items[secret].label);
        let has_aws = |name: &Name| name.rest.iter().any(|word| is_aws(word));
        // `access-id` may be the counterpart of `private-key`.
        id.name.role == Role::KeyId
            && (id.name.access_key || has_aws(&id.name))
            && (!secret.indirect || secret.on_value_line)
            && secret.name.role != Role::SecretKey
            && !has_aws(&secret.name)
            && secret.name.rest.iter().any(|word| is_purpose(word) && !id.name.rest.contains(word))
    }

    fn distinct_words(&self, id: usize, secret: usize) -> bool {
        let rest = |item: usize| &self.items[item].label.name.rest;
        let (a, b) = (rest(id), rest(secret));
        let own =
            |a: &[String], b: &[String]| a.iter().any(|word| !is_aws(word) && !b.contains(word));
        own(a, b) && own(b, a)
    }

    fn together(&self, id: usize, secret: usize) -> bool {
        let (id_span, secret_span) = (&self.items[id].span, &self.items[secret].span);
        let gap = match id_span.end <= secret_span.start {
            true => id_span.end..secret_span.start,
            false => secret_span.end..id_span.start,
        };
        if self.lines[id].number != self.lines[secret].number || gap.len() > MOST_GAP {
            return false;
        }
        let Some(gap) = self.text.get(gap) else { return false };
        let marks = gap.len() <= 8 && !gap.iter().any(u8::is_ascii_alphanumeric);
        let held = self.outline.around(id).next().zip(self.outline.around(secret).next());
        marks
            || held.is_some_and(|(a, b)| {
                a.start == b.start && matches!(a.kind, Kind::Bracket(b'(' | b'['))
            })
    }

    fn stem(&self, item: usize, scopes: &[usize]) -> Vec<&str> {
        let outer = scopes.iter().rev().flat_map(|&scope| {
            let scope = self.outline.scope(scope);
            let heads = only_tags(scope.kind);
            scope.name.stem.iter().filter(move |word| !heads || is_tag(word) && !is_number(word))
        });
        sorted(outer.chain(&self.items[item].label.name.stem).map(String::as_str))
    }

    /// The stem of an item with those of all scopes around it, which name its key in this text. If
    /// `strict`, it includes all words except those for the half of the key.
    pub(super) fn signature(&self, item: usize, strict: bool) -> String {
        let name = &self.items[item].label.name;
        let own = if strict { &name.rest } else { &name.stem };
        let mut words: Vec<&str> = own.iter().map(String::as_str).collect();
        for scope in self.outline.around(item) {
            let heads = only_tags(scope.kind);
            let stem =
                scope.name.stem.iter().filter(|word| !heads || is_tag(word) && !is_number(word));
            words.extend(stem.map(String::as_str));
        }
        words.sort_unstable();
        words.dedup();
        words.join(" ")
    }

    /// The innermost scope of an item.
    pub(super) fn innermost(&self, item: usize) -> usize {
        self.outline.of(item)
    }
}

/// Words sorted, without duplicates.
fn sorted<'w>(words: impl Iterator<Item = &'w str>) -> Vec<&'w str> {
    let mut words: Vec<&str> = words.collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// True if only those words of a scope's name count that distinguish keys everywhere: a comment
/// explains, and the name of a call describes an action.
fn only_tags(kind: Kind) -> bool {
    matches!(kind, Kind::Heading(_) | Kind::Bracket(b'('))
}

/// True if there are only marks between the beginning of a scope and its value.
fn holds_directly(text: &[u8], scope: &Scope, span: &Range<usize>) -> bool {
    let end = span.start.max(scope.start).min(scope.start + 64);
    span.start <= scope.start + 64 && !text[scope.start..end].iter().any(u8::is_ascii_alphanumeric)
}

/// The place of the mark that opened a scope.
fn opening(text: &[u8], scope: &Scope) -> usize {
    match scope.kind {
        Kind::Element => memchr::memrchr(b'<', &text[..scope.start]).unwrap_or(scope.start),
        Kind::Bracket(_) => scope.start.saturating_sub(1),
        _ => scope.start,
    }
}

/// True if a scope contains several values, each with its name.
fn is_record(scope: &Scope) -> bool {
    match scope.kind {
        Kind::Bracket(b'{') => scope.separators > 0 || scope.lines > 2,
        Kind::Bracket(b'(') => scope.separators > 0,
        Kind::ListItem(_) => scope.lines > 1,
        Kind::Element => scope.lines > 2 || scope.separators > 1,
        _ => false,
    }
}

fn compare(a: &[&str], b: &[&str]) -> Stems {
    let within = |small: &[&str], large: &[&str]| small.iter().all(|word| large.contains(word));
    match (a.is_empty(), b.is_empty()) {
        (true, true) => Stems::None,
        (true, false) | (false, true) => Stems::One,
        _ if a == b => Stems::Same,
        _ if within(a, b) || within(b, a) => Stems::Part,
        _ => Stems::Different,
    }
}

/// Bytes between two arguments of one call.
const MOST_GAP: usize = 512;
