//! Items: the parts of credentials in a text, before they are joined.

use std::cell::OnceCell;
use std::ops::Range;

use crate::aws::{KEY_ID_LEN, KeyId, SECRET_LEN};
use crate::escapes;
use crate::finding::Encoding;
use crate::secret::Secret;

use super::cut_name;
use super::decode;
use super::joint::Extent;
use super::label::{self, Label};
use super::mail::{self, PASSWORD_LEN};
use super::name::Role;
use super::random::{self, Strength};
use super::runs;
use super::view::View;

mod borders;
mod lengths;

/// A part of a credential and its place.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// Span in the text under analysis; for an encoded item the span of the encoded text.
    pub span: Range<usize>,
    /// Encodings undone to read it, outermost first.
    pub decoded: Vec<Encoding>,
    /// The kind and the value.
    pub part: Part,
    /// The label from the text around it.
    pub label: Label,
    /// It is a secret next to an id that has no secret.
    pub near_id: bool,
}

/// The kinds of parts.
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// An access key id.
    Id {
        /// The id.
        id: KeyId,
        /// It signs a URL or a request: its secret is not here.
        signs: bool,
        /// It reads like words in capitals: an id only if a secret confirms it.
        word: bool,
    },
    /// A possible secret access key.
    Secret {
        /// The secret.
        value: Secret,
        /// The degree of randomness.
        strength: Strength,
    },
    /// A possible session token.
    Token {
        /// The token.
        value: Secret,
        /// It begins like the tokens of STS.
        known: bool,
    },
    /// A possible password of SES over SMTP.
    Mail {
        /// The password.
        value: Secret,
    },
    /// The name of a half whose value is not here.
    Vacant {
        /// It names a secret; otherwise an id.
        secret: bool,
    },
}

impl Item {
    /// The id of an id part.
    pub(super) fn id(&self) -> Option<KeyId> {
        match self.part {
            Part::Id { id, .. } => Some(id),
            _ => None,
        }
    }

    fn is_token(&self) -> bool {
        matches!(self.part, Part::Token { known: true, .. })
    }

    /// Takes the name that a view gives to this secret, if it says that this is a secret and the name in
    /// the raw text does not: a soft break or an escape may cut the name (`aws_sec=` and, on the next
    /// line, `ret_access_key`). `text` is the raw text.
    fn take_name(&mut self, seen: &Self, text: &[u8]) {
        let is_secret = |item: &Self| matches!(item.part, Part::Secret { .. });
        let (role, shown) = (self.label.name.role, seen.label.name.role);
        if self.span == seen.span
            && is_secret(self)
            && is_secret(seen)
            && shown.is_secret()
            && !role.is_secret()
            && role != Role::Other
            && cut_name::may_be_cut(text, self.span.start)
        {
            self.label = seen.label.clone();
        }
    }

    /// True if another item is a piece of this token.
    fn continues(&self, piece: &Self) -> bool {
        let within = self.span.start <= piece.span.start && piece.span.end <= self.span.end;
        within && self.span != piece.span && piece.id().is_none()
    }
}

/// Minimum number of characters of a session token in practice.
const TOKEN_MIN: usize = 100;
/// More than any session token has. STS documents no limit; the longest known ones have about
/// 2,000.
const TOKEN_MAX: usize = 8192;
/// Bytes at which a piece of a continued token may end: an escape, a quote, a mark.
const JOINTS: &[u8] = b"\\%&\"'<[^\x1b";
/// Beginnings of the session tokens of STS.
const TOKEN_HEADS: [&[u8]; 5] =
    [b"IQoJb3JpZ2luX2Vj", b"FwoGZXIvYXdz", b"FQoGZXIvYXdz", b"FQoDYXdz", b"AQoDYXdz"];

/// All items of a stretch of text, sorted, each place once, and the number of examples among them.
pub(super) fn all(stretch: &[u8]) -> (Vec<Item>, u64) {
    let mut items: Vec<Item> = Vec::new();
    let mut examples = 0;
    for (index, view) in View::all(stretch).iter().enumerate() {
        let mut scan = Scan {
            view,
            stretch,
            text: &view.text,
            raw: index == 0,
            kind: OnceCell::new(),
            previous_end: 0,
            id_end: None,
            items: vec![],
            shown: vec![],
            examples: 0,
        };
        scan.run();
        examples = examples.max(scan.examples);
        // A session token that continues after an escape replaces its pieces, which are what the
        // raw text shows.
        let tokens = scan.items.iter().zip(&scan.shown).filter(|(item, _)| item.is_token());
        for (token, shown) in tokens {
            let ends = |known: &Item| {
                let next = stretch.get(known.span.end);
                known.span.start == token.span.start
                    && (!next.is_some_and(|next| JOINTS.contains(next))
                        || known.is_token() && ends_at_joint(known.span.end, view, shown))
            };
            if !items.iter().any(ends) {
                items.retain(|known| !token.continues(known));
            }
        }
        // A result of a less changed view takes precedence.
        scan.items.retain(|item| {
            let next = items.partition_point(|known| known.span.end <= item.span.start);
            let known = items.get_mut(next).filter(|known| known.span.start < item.span.end);
            known.map(|known| known.take_name(item, stretch)).is_none()
        });
        items.append(&mut scan.items);
        items.sort_by_key(|item| item.span.start);
    }
    (items, examples)
}

/// True if a session token that ends at `end` of the stretch is complete, and the longer one at `shown` of
/// a view is not. Its base64 has whole quanta of four characters.
fn ends_at_joint(end: usize, view: &View<'_>, shown: &Range<usize>) -> bool {
    let Some((joint, _)) = view.joints(shown).find(|(_, part)| *part == end) else { return false };
    let has_quanta = |end: usize| (end - shown.start).is_multiple_of(4);
    match (has_quanta(joint.at), has_quanta(shown.end)) {
        (false, true) => joint.extent(view, shown) == Extent::Part,
        (true, false) => true,
        _ => joint.extent(view, shown) != Extent::Whole,
    }
}

/// One walk over a view.
struct Scan<'v, 'a> {
    view: &'v View<'a>,
    /// The stretch of which this is a view.
    stretch: &'v [u8],
    text: &'v [u8],
    /// The view is the text itself: other views read a token that touches an escape.
    raw: bool,
    /// The kind of the text, computed on demand.
    kind: OnceCell<TextKind>,
    /// End of the previous value: no label reaches back over it.
    previous_end: usize,
    /// End of the previous id.
    id_end: Option<usize>,
    items: Vec<Item>,
    /// For each item its place in the view.
    shown: Vec<Range<usize>>,
    examples: u64,
}

impl Scan<'_, '_> {
    fn kind(&self) -> TextKind {
        *self.kind.get_or_init(|| TextKind::of(self.text))
    }

    fn run(&mut self) {
        let (text, mut at) = (self.text, 0);
        while let Some(run) = runs::next(text, at, text.len(), KEY_ID_LEN, &BASE64) {
            at = run.end;
            self.base64(run);
        }
    }

    /// Reads a maximal run of base64 characters: ids, and the parts between and after them.
    fn base64(&mut self, run: Range<usize>) {
        let mut rest = run.clone();
        let ids = memchr::memmem::find_iter(&self.text[run.clone()], b"IA");
        let starts: Vec<_> = ids.filter_map(|at| (run.start + at).checked_sub(2)).collect();
        for start in starts.into_iter().filter(|&start| start >= run.start) {
            let span = start..start + KEY_ID_LEN;
            if span.start < rest.start {
                continue;
            }
            let Some(id) = self.text.get(span.clone()).and_then(KeyId::parse) else { continue };
            if !self.is_delimited(&id, &span) {
                continue;
            }
            self.id(id, span.clone());
            // A `/` may separate an id from its secret; in a longer run it begins a scope.
            let divider = usize::from(matches!(self.text.get(span.end), Some(b'/')));
            rest = span.end + divider..run.end;
        }
        let found = if rest.len() > SECRET_LEN { self.set_off(&rest) } else { vec![] };
        if !found.is_empty() {
            found.into_iter().for_each(|span| self.secret(span));
            return;
        }
        match rest.len() {
            SECRET_LEN => self.secret(rest),
            PASSWORD_LEN => self.mail(rest),
            54..TOKEN_MIN => {
                self.encoded(rest);
            }
            TOKEN_MIN.. => {
                let padded = rest.start..rest.end + self.padding(rest.end);
                if !self.encoded(rest) {
                    self.token(padded);
                }
            }
            _ => {}
        }
    }

    fn id(&mut self, id: KeyId, span: Range<usize>) {
        if id.is_example() || random::is_spelled(id.as_str().as_bytes()) {
            self.examples += 1;
            self.previous_end = span.end;
            return;
        }
        if self.raw && self.touches_escape(&span) {
            return;
        }
        self.id_end = Some(span.end);
        let label = self.label(&span);
        let signs = self.signs(&span);
        let word = random::is_word(id.as_str().as_bytes());
        self.push(span, Part::Id { id, signs, word }, label, vec![]);
    }

    fn secret(&mut self, span: Range<usize>) {
        let token = &self.text[span.clone()];
        if random::is_example(token) {
            self.examples += 1;
            self.previous_end = span.end;
            return;
        }
        let strength = random::strength(token);
        if strength == Strength::None || self.is_part_of_more(&span) {
            return;
        }
        let label = self.label(&span);
        let value = Secret::new(token.to_vec());
        self.push(span, Part::Secret { value, strength }, label, vec![]);
    }

    fn mail(&mut self, span: Range<usize>) {
        let text = &self.text[span.clone()];
        if mail::is_password(text) && !self.is_part_of_more(&span) {
            let label = self.label(&span);
            let value = Secret::new(text.to_vec());
            self.push(span, Part::Mail { value }, label, vec![]);
        }
    }

    /// Reads a run that is a secret or a session token in base64 or hexadecimal digits and fills
    /// its value.
    fn encoded(&mut self, run: Range<usize>) -> bool {
        let whole = run.start..run.end + self.padding(run.end);
        let accepts = |text: &[u8]| is_token(text) || mail::is_password(text);
        let Some((value, decoded)) = decode::value(&self.text[whole.clone()], accepts) else {
            return false;
        };
        if random::is_example(&value) {
            self.examples += 1;
            self.previous_end = whole.end;
            return true;
        }
        let label = self.label(&whole);
        let known = is_token(&value);
        let strength = random::strength(&value);
        let mail = mail::is_password(&value);
        if !known && !mail && strength == Strength::None || label.name.role == Role::Other {
            return false;
        }
        let value = Secret::new(value);
        let part = match known {
            true => Part::Token { value, known },
            false if mail => Part::Mail { value },
            false => Part::Secret { value, strength },
        };
        self.push(whole, part, label, decoded);
        true
    }

    fn token(&mut self, span: Range<usize>) {
        let text = &self.text[span.clone()];
        let known = is_token(text);
        let label = self.label(&span);
        let foreign = text.starts_with(b"eyJ") || label.name.role == Role::Other;
        if random::is_example(text) {
            self.examples += 1;
            return;
        }
        if span.len() > TOKEN_MAX
            || !known && (foreign || !is_varied(text) || decode::says_text(text))
        {
            return;
        }
        let value = Secret::new(text.to_vec());
        self.push(span, Part::Token { value, known }, label, vec![]);
    }

    /// The label of the value at `span`.
    fn label(&self, span: &Range<usize>) -> Label {
        let mut label = label::read(self.text, self.previous_end, span);
        // Binary formats write lengths and types next to their strings, which look like letters.
        if self.kind().binary && !label.assigned {
            label.name.stem.clear();
            label.name.rest.clear();
        }
        label
    }

    fn push(&mut self, span: Range<usize>, part: Part, label: Label, decoded: Vec<Encoding>) {
        self.previous_end = span.end;
        let letter = self.text[span.start];
        let original = self.view.original(&span);
        let source = &self.stretch[original.start.min(self.stretch.len())..];
        let spelled = letter.is_ascii_alphanumeric() && source.first() != Some(&letter);
        let digits = source.strip_prefix(b"0x").unwrap_or(source);
        let decoded = if !spelled {
            decoded
        } else if original.len() >= span.len() * 3 && escapes::is_escape(source) {
            vec![Encoding::Percent]
        } else if escapes::hex_byte(digits) == Some(letter) {
            vec![Encoding::Hex]
        } else {
            decoded
        };
        self.items.push(Item { span: original, decoded, part, label, near_id: false });
        self.shown.push(span);
    }

    /// The number of `=` at `at`, at most two.
    fn padding(&self, at: usize) -> usize {
        self.text[at..].iter().take(2).take_while(|&&byte| byte == b'=').count()
    }
}

/// The kinds of bytes in a text other than letters.
#[derive(Clone, Copy, Debug)]
struct TextKind {
    /// It contains a control character that no text contains.
    binary: bool,
    /// It is not UTF-8: a binary, or text in an older encoding.
    loose: bool,
}

/// Bytes that are examined before the result is looked at.
const BLOCK: usize = 256;

impl TextKind {
    fn of(text: &[u8]) -> Self {
        let is_control = |byte: &u8| matches!(byte, 0..=6 | 0x0e..=0x1a | 0x1c..=0x1f);
        // Whole blocks are examined by vector instructions.
        let holds = |block: &[u8]| block.iter().fold(false, |any, byte| any | is_control(byte));
        Self {
            binary: text.chunks(BLOCK).any(holds),
            loose: std::str::from_utf8(text).is_err_and(|error| error.error_len().is_some()),
        }
    }
}

/// The letters of base64.
const BASE64: runs::Class = runs::alphanumeric_and(b"+/");

fn is_base64(byte: u8) -> bool {
    BASE64[usize::from(byte)]
}

/// True if a text begins like the session tokens of STS.
fn is_token(text: &[u8]) -> bool {
    text.len() >= TOKEN_MIN && TOKEN_HEADS.iter().any(|head| text.starts_with(head))
}

/// True if a text has as many distinct characters as random base64.
fn is_varied(text: &[u8]) -> bool {
    let mut seen = [false; 256];
    text.iter().for_each(|&byte| seen[usize::from(byte)] = true);
    seen.iter().filter(|&&present| present).count() >= 40
}

#[cfg(test)]
mod tests;
