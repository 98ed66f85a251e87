//! The change of a credentials file by which profiles get a new key.
//!
//! Bytes in, bytes out; nothing is read or written here. Only the two values of a profile change.
//! A change is refused if the AWS CLI would read the rest of the file differently.

pub mod ini;
mod refused;

use std::ops::Range;

use zeroize::Zeroizing;

use crate::opaque;
use crate::secret::Secret;
use crate::text::escape_line;
use ini::{Section, Setting};

pub use refused::Refused;

/// The names of the two values, and of the third that only temporary keys have.
const ID: &str = "aws_access_key_id";
const SECRET: &str = "aws_secret_access_key";
const TOKENS: [&str; 2] = ["aws_session_token", "aws_security_token"];

/// By these a profile gets its credentials from elsewhere, and its own keys may not be asked for.
const ELSEWHERE: [&str; 7] = [
    "role_arn",
    "credential_source",
    "credential_process",
    "web_identity_token_file",
    "sso_session",
    "sso_start_url",
    "login_session",
];

/// One of the two files: they name a profile differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `~/.aws/credentials`: `[NAME]`.
    Credentials,
    /// `~/.aws/config`: `[profile NAME]` and `[default]`.
    Config,
}

/// A profile that gets the new key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Its name.
    pub profile: String,
    /// The line of its key id now, or of its header where it has none; `None` if it is appended.
    pub line: Option<usize>,
}

/// The replacement of some bytes.
#[derive(Clone, Debug)]
enum Piece {
    Id,
    Secret,
    Text(String),
}

/// A file with the places where the new key goes.
#[derive(Clone, Debug)]
pub struct Edit {
    text: Zeroizing<Vec<u8>>,
    kind: Kind,
    sections: Vec<Section>,
    /// In the order of the text, without overlap.
    places: Vec<(Range<usize>, Vec<Piece>)>,
    changed: Vec<Changed>,
}

impl Edit {
    /// Reads a file and finds every profile that holds the key `old`.
    ///
    /// # Errors
    /// If the AWS CLI can't read it, or a profile with that key is not written plainly.
    pub fn new(text: Zeroizing<Vec<u8>>, kind: Kind, old: &str) -> Result<Self, Refused> {
        let sections = ini::read(&text)?;
        let mut edit = Self { text, kind, sections, places: Vec::new(), changed: Vec::new() };
        let inherits =
            |one: &&Setting| one.name == ID || one.name == SECRET || TOKENS.contains(&&*one.name);
        let defaults = edit.sections.iter().filter(|section| section.name == ini::DEFAULT);
        if let Some(setting) = defaults.flat_map(|section| &section.settings).find(inherits) {
            return Err(Refused::Inherited(setting.line));
        }
        for section in edit.sections.clone() {
            if let Some((profile, id)) = edit.profile(&section).zip(section.get(ID))
                && edit.value(id).contains(old)
            {
                edit.replace(&section, &profile, old)?;
            }
        }
        Ok(edit)
    }

    /// The profiles that get the new key.
    pub fn changed(&self) -> &[Changed] {
        &self.changed
    }

    /// The bytes that were read.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// True if the file has the profile.
    pub fn has(&self, profile: &str) -> bool {
        self.section(profile).is_some()
    }

    /// True if the profile gets the new key.
    pub fn changes(&self, profile: &str) -> bool {
        self.changed.iter().any(|changed| changed.profile == profile)
    }

    /// True if the profile contains that key: a run that ended early has written it.
    pub fn holds(&self, key: &str) -> bool {
        let id = |section: &Section| section.get(ID).is_some_and(|id| self.value(id) == key);
        self.sections.iter().any(|section| self.profile(section).is_some() && id(section))
    }

    /// Lets a profile get the new key that may have none so far; it is appended if there is none.
    ///
    /// # Errors
    /// If it holds another key, gets its credentials from elsewhere, or can't be written.
    pub fn add(&mut self, profile: &str) -> Result<(), Refused> {
        self.fits(profile)?;
        if self.changes(profile) {
            return Ok(());
        }
        match self.section(profile).cloned() {
            Some(section) if section.get(ID).is_some() || section.get(SECRET).is_some() => {
                self.fill(&section, profile)
            }
            Some(section) => self.insert(&section, profile),
            None => self.append(profile),
        }
    }

    /// Checks that the keys of a profile, here or in the other file, are used at all, and are not
    /// others than the one that is rotated.
    ///
    /// # Errors
    /// If they would not be used, or are others.
    pub fn fits(&self, profile: &str) -> Result<(), Refused> {
        let section = self.section(profile);
        let defaults = self.sections.iter().filter(|section| section.name == ini::DEFAULT);
        let mut settings = section.into_iter().chain(defaults).flat_map(|all| &all.settings);
        if let Some(found) = settings.find(|one| ELSEWHERE.contains(&&*one.name)) {
            let (line, name) = (found.line, found.name.clone());
            return Err(Refused::Elsewhere { profile: profile.to_owned(), line, name });
        }
        let Some(section) = section else { return Ok(()) };
        self.tokenless(section, profile)?;
        match section.get(ID).filter(|id| !self.changes(profile) && !self.value(id).is_empty()) {
            Some(id) => {
                let (line, id) = (id.line, shown(self.value(id)));
                Err(Refused::OtherKey { profile: profile.to_owned(), line, id })
            }
            None => Ok(()),
        }
    }

    /// The file with the new key in it.
    pub fn with(&self, id: &str, secret: &Secret) -> Zeroizing<Vec<u8>> {
        // Made large enough at once, so that no copy is left behind by its growth.
        let added: usize = self.places.iter().map(|(_, pieces)| pieces.len() * 256).sum();
        let mut out = Zeroizing::new(Vec::with_capacity(self.text.len() + added));
        let mut at = 0;
        for (range, pieces) in &self.places {
            out.extend_from_slice(&self.text[at..range.start]);
            for piece in pieces {
                out.extend_from_slice(match piece {
                    Piece::Id => id.as_bytes(),
                    Piece::Secret => secret.expose(),
                    Piece::Text(text) => text.as_bytes(),
                });
            }
            at = range.end;
        }
        out.extend_from_slice(&self.text[at..]);
        out
    }

    fn profile(&self, section: &Section) -> Option<String> {
        let name = section.name.as_str();
        if self.kind == Kind::Credentials {
            return (name != ini::DEFAULT).then(|| name.to_owned());
        }
        let rest = name.strip_prefix("profile").map(str::trim).unwrap_or_default();
        let bare = |quote| rest.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        match bare('"').or_else(|| bare('\'')) {
            Some(quoted) => Some(quoted.to_owned()),
            None if name == "default" => Some(name.to_owned()),
            None => Some(rest.to_owned()).filter(|rest| !rest.is_empty() && !rest.contains(' ')),
        }
    }

    fn section(&self, profile: &str) -> Option<&Section> {
        self.sections.iter().find(|section| self.profile(section).as_deref() == Some(profile))
    }

    fn value(&self, setting: &Setting) -> &str {
        str::from_utf8(&self.text[setting.value.clone()]).unwrap_or_default()
    }

    fn tokenless(&self, section: &Section, profile: &str) -> Result<(), Refused> {
        match TOKENS.iter().find_map(|name| section.get(name)) {
            Some(token) => Err(Refused::Token { profile: profile.to_owned(), line: token.line }),
            None => Ok(()),
        }
    }

    /// Gives the new key to a profile that holds the old one.
    fn replace(&mut self, section: &Section, profile: &str, old: &str) -> Result<(), Refused> {
        let (id, secret) = both(section, profile)?;
        if self.value(id) != old {
            return Err(Refused::NotAnId { line: id.line, shown: shown(self.value(id)) });
        }
        self.tokenless(section, profile)?;
        let held = self.value(secret);
        if held.len() != crate::aws::SECRET_LEN {
            return Err(Refused::NotASecret(secret.line));
        }
        self.put(profile, id, secret)
    }

    /// Gives it to a profile whose two values are empty.
    fn fill(&mut self, section: &Section, profile: &str) -> Result<(), Refused> {
        let (id, secret) = both(section, profile)?;
        if !self.value(secret).is_empty() {
            return Err(Refused::NotASecret(secret.line));
        }
        self.put(profile, id, secret)
    }

    fn put(&mut self, profile: &str, id: &Setting, secret: &Setting) -> Result<(), Refused> {
        if let Some(long) = [id, secret].into_iter().find(|setting| setting.goes_on) {
            return Err(Refused::GoesOn(long.line));
        }
        let places = [(id.value.clone(), Piece::Id), (secret.value.clone(), Piece::Secret)];
        let places = places.map(|(range, piece)| (range, vec![piece]));
        self.change(profile, places.to_vec(), Some(id.line))
    }

    /// Adds the two settings to a profile that has neither.
    fn insert(&mut self, section: &Section, profile: &str) -> Result<(), Refused> {
        let indent = String::from_utf8_lossy(&self.text[section.indent.clone()]).into_owned();
        let end = self.line_break();
        let open =
            self.text[..section.end].ends_with(b"\n") || self.text[..section.end].ends_with(b"\r");
        let before = if open { String::new() } else { end.to_owned() };
        let pieces = vec![
            Piece::Text(format!("{before}{indent}{ID} = ")),
            Piece::Id,
            Piece::Text(format!("{end}{indent}{SECRET} = ")),
            Piece::Secret,
            Piece::Text(end.to_owned()),
        ];
        let place = (section.end..section.end, pieces);
        self.change(profile, vec![place], Some(section.line))
    }

    /// Adds a profile at the end.
    fn append(&mut self, profile: &str) -> Result<(), Refused> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-@+=,/: ".contains(c);
        let fits = !profile.is_empty() && profile.trim() == profile && profile != ini::DEFAULT;
        if !fits || !profile.chars().all(is_plain) {
            return Err(Refused::Name(shown(profile)));
        }
        let end = self.line_break();
        let len = self.text.len();
        let before = match self.text.last() {
            None => "",
            Some(b'\n' | b'\r') => end,
            Some(_) => &end.repeat(2),
        };
        let header = match self.kind {
            Kind::Credentials => format!("[{profile}]"),
            Kind::Config if profile == "default" => "[default]".to_owned(),
            Kind::Config => format!("[profile {profile}]"),
        };
        let pieces = vec![
            Piece::Text(format!("{before}{header}{end}{ID} = ")),
            Piece::Id,
            Piece::Text(format!("{end}{SECRET} = ")),
            Piece::Secret,
            Piece::Text(end.to_owned()),
        ];
        self.change(profile, vec![(len..len, pieces)], None)
    }

    fn change(
        &mut self,
        profile: &str,
        places: Vec<(Range<usize>, Vec<Piece>)>,
        line: Option<usize>,
    ) -> Result<(), Refused> {
        self.places.extend(places);
        self.places.sort_by_key(|(range, _)| range.start);
        self.changed.push(Changed { profile: profile.to_owned(), line });
        if self.leaves_the_rest() { Ok(()) } else { Err(Refused::Indentation(profile.to_owned())) }
    }

    /// True if the file is read as before, except for the two settings of profiles that change.
    fn leaves_the_rest(&self) -> bool {
        const STAND_INS: [&str; 2] = ["id", "secret"];
        let after = self.with(STAND_INS[0], &Secret::new(STAND_INS[1].as_bytes().to_vec()));
        let Ok(after) = ini::read(&after) else { return false };
        let mut before = settings(&self.sections);
        for (section, (_, settings)) in self.sections.iter().zip(&mut before) {
            if !self.profile(section).is_some_and(|profile| self.changes(&profile)) {
                continue;
            }
            for (name, value) in [ID, SECRET].into_iter().zip(STAND_INS) {
                match settings.iter_mut().find(|(known, _)| known == name) {
                    Some((_, held)) => value.clone_into(held),
                    None => settings.push((name.to_owned(), value.to_owned())),
                }
            }
        }
        let named = after.last().map(|last| last.name.as_str()).unwrap_or_default();
        if self.changed.iter().any(|changed| changed.line.is_none()) {
            // The one that is appended.
            let both = [ID, SECRET].into_iter().zip(STAND_INS);
            let both = both.map(|(name, value)| (name.to_owned(), value.to_owned()));
            before.push((named, both.collect()));
        }
        before == settings(&after)
    }

    /// The line break of the file's first line.
    fn line_break(&self) -> &'static str {
        let first = self.text.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        match first.map(|at| &self.text[at..]) {
            Some(rest) if rest.starts_with(b"\r\n") => "\r\n",
            Some(rest) if rest.starts_with(b"\r") => "\r",
            _ => "\n",
        }
    }
}

/// The two settings of a profile that has one of them.
fn both<'a>(section: &'a Section, profile: &str) -> Result<(&'a Setting, &'a Setting), Refused> {
    let half = |found: &Setting, missing| {
        Err(Refused::Half { profile: profile.to_owned(), line: found.line, missing })
    };
    match (section.get(ID), section.get(SECRET)) {
        (Some(id), Some(secret)) => Ok((id, secret)),
        (Some(id), None) => half(id, SECRET),
        (None, Some(secret)) => half(secret, ID),
        (None, None) => {
            Err(Refused::Half { profile: profile.to_owned(), line: section.line, missing: ID })
        }
    }
}

/// The file as botocore reads it: each section with its settings.
fn settings(sections: &[Section]) -> Vec<(&str, Vec<(String, String)>)> {
    let all = |section: &Section| -> Vec<(String, String)> {
        section.settings.iter().map(|one| (one.name.clone(), one.text())).collect()
    };
    sections.iter().map(|section| (section.name.as_str(), all(section))).collect()
}

/// A value for a message: a secret may be in the place of an id.
fn shown(value: &str) -> String {
    opaque::redacted(&escape_line(value))
}
