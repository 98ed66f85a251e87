//! A credentials file read as botocore reads it, and with it the AWS CLI.
//!
//! botocore uses Python's `configparser.RawConfigParser` and refuses the whole file for one bad
//! line. This reader accepts and refuses the same files, and keeps the place of each value.
//! A property test holds the two against each other.

use std::collections::HashSet;
use std::ops::Range;

/// The reason why botocore can't read a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The bytes are not UTF-8.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// A byte order mark comes before the first section.
    #[error("it begins with a byte order mark (BOM): save it as UTF-8 without one")]
    ByteOrderMark,
    /// There is text before the first `[section]`.
    #[error("line {0} is before the first [section]")]
    NoSection(usize),
    /// A section occurs twice.
    #[error("line {line}: the section [{name}] occurs twice")]
    SectionTwice {
        /// The line of the second.
        line: usize,
        /// Its name.
        name: String,
    },
    /// A name occurs twice in a section.
    #[error("line {line}: {name} occurs twice in its section")]
    NameTwice {
        /// The line of the second.
        line: usize,
        /// The name.
        name: String,
    },
    /// A line that is neither a section nor `name = value`.
    #[error("line {0} is neither [section] nor name = value")]
    NoValue(usize),
    /// An indented line below `name =` that is not itself `name = value`.
    #[error("line {0} has indented lines below it that are not name = value")]
    Nested(usize),
}

/// The section whose lines configparser gives to all other sections.
pub const DEFAULT: &str = "DEFAULT";

/// A `name = value`.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Its name in lower case, as configparser compares it.
    pub name: String,
    /// Its line, from 1.
    pub line: usize,
    /// The place of its value on that line, without the blanks around it.
    pub value: Range<usize>,
    /// True if the value continues in further lines.
    pub goes_on: bool,
    /// The lines of the value as botocore reads them, if it continues.
    whole: Vec<String>,
}

impl Setting {
    /// The value as botocore reads it.
    pub fn text(&self) -> String {
        self.whole.join("\n").trim_end_matches(is_blank).to_owned()
    }
}

/// A section.
#[derive(Clone, Debug)]
pub struct Section {
    /// Its name, as written between the brackets.
    pub name: String,
    /// Its line, from 1.
    pub line: usize,
    /// The blanks before its header, or before its last setting.
    pub indent: Range<usize>,
    /// The end of its last line that holds something other than a comment, line break included.
    pub end: usize,
    /// Its settings, in their order.
    pub settings: Vec<Setting>,
}

impl Section {
    /// The setting of that name.
    pub fn get(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.name == name)
    }
}

/// A line, its break left out.
struct Line<'a> {
    text: &'a str,
    start: usize,
    /// Offset of the next line.
    next: usize,
}

/// True for a character that Python's `str.strip` and the `\s` of its expressions count as blank.
pub fn is_blank(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{1c}'..='\u{1f}')
}

/// The lines of a text as Python's universal newlines make them.
fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let start = at;
        let len = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let after = &rest[len..];
        let ending = if after.starts_with("\r\n") { 2 } else { usize::from(!after.is_empty()) };
        at = start + len + ending;
        Some(Line { text: &rest[..len], start, next: at })
    })
}

/// The reader of one file.
#[derive(Default)]
struct IniReader {
    sections: Vec<Section>,
    /// Sections by name, and settings by section and name, that came already.
    names: HashSet<String>,
    settings: HashSet<(String, String)>,
    /// Characters before the last header or setting.
    level: usize,
    /// True if a setting is open, so that a deeper line continues it.
    open: bool,
    /// The first line that is nothing; configparser reports it after all other faults.
    bad: Option<usize>,
}

/// The sections of a file, in their order.
///
/// # Errors
/// If botocore can't read it.
pub fn read(bytes: &[u8]) -> Result<Vec<Section>, Fault> {
    let text = str::from_utf8(bytes).map_err(|_| Fault::NotUtf8)?;
    let mut reader = IniReader::default();
    for (index, line) in lines(text).enumerate() {
        if index == 0 && line.text.starts_with('\u{feff}') {
            return Err(Fault::ByteOrderMark);
        }
        reader.line(index + 1, &line)?;
    }
    if let Some(line) = reader.bad {
        return Err(Fault::NoValue(line));
    }
    // A setting of [DEFAULT] is read where a section does not have its own.
    let inherits = |setting: &Setting| {
        let mut sections = reader.sections.iter().filter(|section| section.name != DEFAULT);
        sections.any(|section| section.get(&setting.name).is_none())
    };
    for section in &reader.sections {
        let mut settings = section.settings.iter();
        let is_read = |setting: &&Setting| section.name != DEFAULT || inherits(setting);
        if let Some(broken) = settings.find(|one| is_broken_nest(one) && is_read(one)) {
            return Err(Fault::Nested(broken.line));
        }
    }
    Ok(reader.sections)
}

impl IniReader {
    fn line(&mut self, number: usize, line: &Line<'_>) -> Result<(), Fault> {
        let value = line.text.trim_matches(is_blank);
        if value.is_empty() {
            if self.open
                && let Some(setting) = self.setting()
            {
                setting.whole.push(String::new());
            }
            return Ok(());
        }
        if value.starts_with(['#', ';']) {
            return Ok(());
        }
        let indent = line.text.len() - line.text.trim_start_matches(is_blank).len();
        let level = line.text[..indent].chars().count();
        if self.open && level > self.level {
            if let Some(setting) = self.setting() {
                setting.whole.push(value.to_owned());
                setting.goes_on = true;
            }
            self.extend(line, None);
            return Ok(());
        }
        self.level = level;
        let indent = line.start..line.start + indent;
        match header(value) {
            Some(name) => self.section(number, name, indent, line),
            None if self.sections.is_empty() => Err(Fault::NoSection(number)),
            None => self.named(number, value, indent, line),
        }
    }

    fn section(
        &mut self,
        line: usize,
        name: &str,
        indent: Range<usize>,
        place: &Line<'_>,
    ) -> Result<(), Fault> {
        let name = name.to_owned();
        // [DEFAULT] may come more than once.
        if !self.names.insert(name.clone()) && name != DEFAULT {
            return Err(Fault::SectionTwice { line, name });
        }
        self.open = false;
        let end = place.next;
        self.sections.push(Section { name, line, indent, end, settings: Vec::new() });
        Ok(())
    }

    fn named(
        &mut self,
        line: usize,
        text: &str,
        indent: Range<usize>,
        place: &Line<'_>,
    ) -> Result<(), Fault> {
        let Some((name, value)) = text.split_once(['=', ':']) else {
            self.bad.get_or_insert(line);
            return Ok(());
        };
        let name = name.trim_end_matches(is_blank).to_lowercase();
        if name.is_empty() {
            self.bad.get_or_insert(line);
        }
        let value = value.trim_start_matches(is_blank);
        let end = indent.end + text.len();
        let setting = Setting {
            name: name.clone(),
            line,
            value: end - value.len()..end,
            goes_on: false,
            whole: vec![value.to_owned()],
        };
        // A nameless setting is refused at the end; a deeper line does not continue it.
        self.open = !name.is_empty();
        self.extend(place, Some(indent));
        if let Some(section) = self.sections.last_mut() {
            if !self.settings.insert((section.name.clone(), name.clone())) {
                return Err(Fault::NameTwice { line, name });
            }
            section.settings.push(setting);
        }
        Ok(())
    }

    fn extend(&mut self, line: &Line<'_>, indent: Option<Range<usize>>) {
        if let Some(section) = self.sections.last_mut() {
            section.end = line.next;
            section.indent = indent.unwrap_or_else(|| section.indent.clone());
        }
    }

    fn setting(&mut self) -> Option<&mut Setting> {
        self.sections.last_mut()?.settings.last_mut()
    }
}

/// The name in a header. As in configparser, what follows the last bracket is not part of it.
fn header(value: &str) -> Option<&str> {
    let inner = value.strip_prefix('[')?;
    inner.rfind(']').filter(|len| *len > 0).map(|len| &inner[..len])
}

/// True if botocore can't read the further lines of a setting as settings of their own.
fn is_broken_nest(setting: &Setting) -> bool {
    // Python's `splitlines` splits at these, in addition to the breaks that made the lines.
    const BREAKS: [char; 8] =
        ['\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}', '\u{2029}'];
    let nests = setting.goes_on && setting.whole.first().is_some_and(String::is_empty);
    let mut parts = setting.whole.iter().flat_map(|line| line.split(BREAKS));
    nests && parts.any(|part| !part.trim_matches(is_blank).is_empty() && !part.contains('='))
}
