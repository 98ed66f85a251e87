//! Reads TOML documents that people write, and reports all faults at once.
//!
//! A reader takes the known fields out of a [`Section`]; each remaining field is a fault, with the
//! likeliest intended name. Each [`Fault`] names file, line and section. This module does not know
//! the meaning of fields, and never quotes a value, which may be a secret.

use std::fmt;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::text::{escape_line, escape_path};

/// One fault of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file as the user named it, escaped for display.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// The part of the document, such as `rule 'acme-key'`; empty for its top.
    pub within: String,
    /// The fault, and the likely intention.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joint = if self.within.is_empty() { "" } else { ": " };
        let what = escape_line(&self.what);
        write!(f, "{}:{}: {}{joint}{what}", self.file, self.line, escape_line(&self.within))
    }
}

/// All faults of one or more documents, in the order of files and lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl std::error::Error for Faults {}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            let joint = if index == 0 { "" } else { "\n" };
            write!(f, "{joint}{fault}")?;
        }
        Ok(())
    }
}

/// A value and its offset in the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Offset of its first byte.
    pub offset: usize,
}

/// A document that is being read: its text, and the faults so far.
pub struct Document<'t> {
    file: String,
    text: &'t str,
    faults: Vec<Fault>,
}

impl<'t> Document<'t> {
    /// Parses `text`. If it is not TOML, the section is empty and a fault is recorded.
    pub fn parse(file: &Path, text: &'t str) -> (Self, Section<'t>) {
        let file = escape_path(file.as_os_str().as_encoded_bytes());
        let mut document = Self { file, text, faults: Vec::new() };
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let offset = error.span().map_or(0, |span| span.start);
            document.fault(offset, "", format!("not TOML: {}", error.message()));
        }
        let fields = if errors.is_empty() { table.into_inner() } else { DeTable::new() };
        (document, Section { fields, offset: 0, within: String::new(), known: Vec::new() })
    }

    /// Records a fault at a byte of the text.
    pub fn fault(&mut self, offset: usize, within: &str, what: impl Into<String>) {
        self.faults.push(self.place(offset, within, what.into()));
    }

    /// A message about a byte of the text, in the form of a fault.
    pub fn place(&self, offset: usize, within: &str, what: String) -> Fault {
        let before = &self.text.as_bytes()[..offset.min(self.text.len())];
        let line = 1 + memchr::memchr_iter(b'\n', before).count();
        Fault { file: self.file.clone(), line, within: within.to_owned(), what }
    }

    /// The faults, sorted by line.
    pub fn finish(mut self) -> Vec<Fault> {
        self.faults.sort_by_key(|fault| fault.line);
        self.faults
    }
}

/// A table of a document; its fields are read one by one.
pub struct Section<'t> {
    fields: DeTable<'t>,
    /// Offset of its heading.
    pub offset: usize,
    /// Its name in faults.
    pub within: String,
    known: Vec<&'static str>,
}

impl<'t> Section<'t> {
    fn take(&mut self, key: &'static str) -> Option<At<DeValue<'t>>> {
        self.known.push(key);
        let value = self.fields.remove(key)?;
        let offset = value.span().start;
        Some(At { value: value.into_inner(), offset })
    }

    fn wrong(&self, document: &mut Document<'_>, offset: usize, key: &str, wanted: &str) {
        document.fault(offset, &self.within, format!("'{key}' must be {wanted}"));
    }

    /// A string; another type is a fault.
    pub fn text(&mut self, document: &mut Document<'_>, key: &'static str) -> Option<At<String>> {
        let At { value, offset } = self.take(key)?;
        match value {
            DeValue::String(text) => Some(At { value: text.into_owned(), offset }),
            _ => {
                self.wrong(document, offset, key, "a string");
                None
            }
        }
    }

    /// A string that must be present and not empty.
    pub fn needed(&mut self, document: &mut Document<'_>, key: &'static str) -> Option<At<String>> {
        if !self.fields.contains_key(key) {
            self.known.push(key);
            document.fault(self.offset, &self.within, format!("'{key}' is missing"));
            return None;
        }
        let text = self.text(document, key)?;
        if text.value.trim().is_empty() {
            document.fault(text.offset, &self.within, format!("'{key}' is empty"));
            return None;
        }
        Some(text)
    }

    /// A list of strings; an absent one is empty.
    pub fn texts(&mut self, document: &mut Document<'_>, key: &'static str) -> Vec<At<String>> {
        let Some(At { value, offset }) = self.take(key) else { return Vec::new() };
        let DeValue::Array(values) = value else {
            self.wrong(document, offset, key, "a list of strings");
            return Vec::new();
        };
        let mut texts = Vec::new();
        for value in values {
            let offset = value.span().start;
            match value.into_inner() {
                DeValue::String(text) => texts.push(At { value: text.into_owned(), offset }),
                _ => self.wrong(document, offset, key, "a list of strings"),
            }
        }
        texts
    }

    /// A whole or decimal number from 0 to `most`.
    pub fn number(
        &mut self,
        document: &mut Document<'_>,
        key: &'static str,
        most: f64,
        whole: bool,
    ) -> Option<f64> {
        let At { value, offset } = self.take(key)?;
        let number: Option<f64> = match &value {
            DeValue::Integer(number) if number.radix() == 10 => number.as_str().parse().ok(),
            DeValue::Float(number) if !whole => number.as_str().parse().ok(),
            _ => None,
        };
        let number = number.filter(|number| (0.0..=most).contains(number));
        if number.is_none() {
            let kind = if whole { "a whole number" } else { "a number" };
            self.wrong(document, offset, key, &format!("{kind} from 0 to {most}"));
        }
        number
    }

    /// `true` or `false`; another value is a fault.
    pub fn flag(&mut self, document: &mut Document<'_>, key: &'static str) -> Option<bool> {
        let At { value, offset } = self.take(key)?;
        match value {
            DeValue::Boolean(flag) => Some(flag),
            _ => {
                self.wrong(document, offset, key, "true or false");
                None
            }
        }
    }

    /// A string that is one of `words`; returns its index.
    pub fn choice(
        &mut self,
        document: &mut Document<'_>,
        key: &'static str,
        words: &[&str],
    ) -> Option<usize> {
        let text = self.text(document, key)?;
        let index = words.iter().position(|word| *word == text.value);
        if index.is_none() {
            self.wrong(document, text.offset, key, &format!("one of {}", words.join(", ")));
        }
        index
    }

    /// A list of tables (`[[key]]`), or a single one (`[key]`).
    pub fn sections(&mut self, document: &mut Document<'_>, key: &'static str) -> Vec<Self> {
        let Some(At { value, offset }) = self.take(key) else { return Vec::new() };
        let values: Vec<Spanned<DeValue<'t>>> = match value {
            DeValue::Array(values) => values.into_iter().collect(),
            table @ DeValue::Table(_) => vec![Spanned::new(offset..offset, table)],
            _ => {
                self.wrong(document, offset, key, "a table");
                return Vec::new();
            }
        };
        let mut sections = Vec::new();
        for value in values {
            let offset = value.span().start;
            match value.into_inner() {
                DeValue::Table(fields) => {
                    let within = key.to_owned();
                    sections.push(Self { fields, offset, within, known: Vec::new() });
                }
                _ => self.wrong(document, offset, key, "a table"),
            }
        }
        sections
    }

    /// Leaves a field to another reader of the same text.
    pub fn leave(&mut self, key: &'static str) {
        self.take(key);
    }

    /// Leaves all remaining fields to another reader.
    pub fn leave_all(&mut self) {
        self.fields.clear();
    }

    /// The offset of a field that was not read.
    pub fn offset_of(&self, key: &str) -> Option<usize> {
        self.fields.get_key_value(key).map(|(key, _)| key.span().start)
    }

    /// Ends the reading: each field that was not read is a fault.
    pub fn finish(self, document: &mut Document<'_>) {
        for key in self.fields.keys() {
            let name = key.get_ref();
            let likeness = |known: &&&str| (strsim::jaro_winkler(known, name) * 1000.0) as u32;
            let meant =
                self.known.iter().max_by_key(likeness).filter(|known| likeness(known) > 800);
            let hint = meant.map_or_else(
                || format!("there are {}", self.known.join(", ")),
                |meant| format!("did you mean '{meant}'?"),
            );
            let what = format!("unknown field '{name}'; {hint}");
            document.fault(key.span().start, &self.within, what);
        }
    }
}
