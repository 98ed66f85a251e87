//! The files that configure a run: patterns, excluded paths, baseline.
//!
//! A file that the user names is always read. A file in the target is hostile input: it is read
//! only as a regular file at the root, no link is followed, and it can do no more than
//! [`crate::config`] allows.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::config::{self, Config};
use crate::document::{Fault, Faults};
use crate::rules::{Author, Packs, RuleSet};
use crate::source::git::base::{self, Base};
use crate::source::git::range;
use crate::suppress::Suppressions;
use crate::suppress::baseline::{self, Baseline};
use crate::text::{escape_line, escape_path};

/// Options for finding these files.
#[derive(Clone, Debug, Default)]
pub struct PolicyOptions {
    /// The root of the target's own files.
    pub place: PolicyRoot,
    /// `--config`; replaces the target's file.
    pub config: Option<PathBuf>,
    /// `--no-config`: the target's file is not read.
    pub no_config: bool,
    /// `--baseline`; replaces the target's file.
    pub baseline: Option<PathBuf>,
    /// Markers in the text count.
    pub inline: bool,
    /// The names of `--pack`; they replace the packs of every file.
    pub packs: Option<Vec<String>>,
}

/// The root of a target's own files.
#[derive(Clone, Debug, Default)]
pub enum PolicyRoot {
    /// No root: standard input, a bare repository.
    #[default]
    Nowhere,
    /// A folder.
    Folder(PathBuf),
    /// The tree of BASE.
    Base(Box<range::RangeOptions>),
}

/// The content of these files.
#[derive(Debug)]
pub struct Policy {
    /// The rules in force.
    pub rules: RuleSet,
    /// Paths to leave out.
    pub exclude: Vec<String>,
    /// Baseline and allowed values.
    pub suppressions: Suppressions,
    /// The configuration that the user named, with its text.
    pub config: Text,
    /// Objects of BASE that can't be read. The content of its files is then unknown, so none of
    /// them counts.
    pub unreadable: Vec<String>,
}

/// The reason why a file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file can't be read.
    #[error("{}: {source}", escape_path(.path.as_os_str().as_encoded_bytes()))]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// A pack with that name does not exist.
    #[error(
        "--pack {}: expected one of {choices}; a pack of your own is named by 'pack' of a rule in the \
         configuration that is read ({} or --config)",
        escape_line(.name),
        config::NAME
    )]
    Pack {
        /// The name.
        name: String,
        /// The available packs.
        choices: String,
    },
    /// BASE can't be read.
    #[error(transparent)]
    Git(#[from] crate::source::git::Error),
}

/// Maximum number of bytes of such a file; a baseline of 100,000 findings has a tenth.
const LARGEST: u64 = 100 << 20;

/// Maximum number of bytes of a configuration in the target.
const LARGEST_OF_TARGET: usize = 1 << 20;

/// Reads all of them.
///
/// If a range has several BASEs, as in a push of several branches, the patterns of all of them
/// apply, and a finding is suppressed only if all of them suppress it. Otherwise a push could
/// choose its judge.
///
/// # Errors
///
/// [`Faults`] with everything that is wrong in them, or [`Error`].
pub fn load(options: &PolicyOptions) -> Result<Policy, Box<dyn std::error::Error>> {
    let named = |path: &Option<PathBuf>| path.as_deref().map(named).transpose();
    let (config, baseline) = (named(&options.config)?, named(&options.baseline)?);
    let author = if config.is_some() { Author::User } else { Author::Target };
    let own = of_target(options)?;
    let mut policy: Option<Policy> = None;
    for (own_config, own_baseline) in own.texts {
        own_config.iter().try_for_each(is_small)?;
        let config = config.clone().or(own_config);
        let baseline = baseline.clone().or(own_baseline);
        let next = read((config, author), baseline, options.inline)?;
        match &mut policy {
            Some(policy) => policy.narrow(next),
            None => policy = Some(next),
        }
    }
    let mut policy = match policy {
        Some(policy) => policy,
        None => read((config, author), baseline, options.inline)?,
    };
    policy.unreadable = own.unreadable;
    if let Some(names) = &options.packs {
        policy.rules.packs = packs(names, &policy.rules)?;
    }
    Ok(policy)
}

/// The packs with these names.
fn packs(names: &[String], rules: &RuleSet) -> Result<Packs, Error> {
    let own = rules.own_packs();
    names.iter().try_fold(Packs::of([]), |packs, name| match Packs::named(name, &own) {
        Some(named) => Ok(packs.with(&named)),
        None => {
            let choices = Packs::choices(&own).join(", ");
            Err(Error::Pack { name: name.clone(), choices })
        }
    })
}

/// The policy of a configuration that the user named and that was read before, with these packs; no
/// baseline.
///
/// # Errors
///
/// [`Faults`] with everything that is wrong in it.
pub fn of_config(config: Text, packs: Packs) -> Result<Policy, Faults> {
    let author = if config.is_some() { Author::User } else { Author::Target };
    let mut policy = read((config, author), None, true)?;
    policy.rules.packs = packs;
    Ok(policy)
}

/// Refuses a configuration of the target that is larger than people write.
fn is_small((path, text): &(PathBuf, String)) -> Result<(), Error> {
    if text.len() <= LARGEST_OF_TARGET {
        return Ok(());
    }
    let why = "in the target it may have at most 1 MiB; --config accepts a larger one, --no-config \
         ignores it";
    Err(Error::Read { path: path.clone(), source: io::Error::other(why) })
}

/// Reads one configuration and one baseline.
fn read((config, author): (Text, Author), baseline: Text, inline: bool) -> Result<Policy, Faults> {
    let mut faults: Vec<Fault> = Vec::new();
    let mut gather = |error: Faults| faults.extend(error.0);
    let texts: Vec<(PathBuf, String)> = config.into_iter().collect();
    let mut rules = RuleSet::with_texts_by(author, &texts).map_err(&mut gather).unwrap_or_default();
    let mut suppressions = Suppressions { inline, ..Suppressions::default() };
    let mut exclude = Vec::new();
    for (path, text) in &texts {
        let config = Config::parse(path, text, author).map_err(&mut gather).unwrap_or_default();
        rules.packs = config.packs.unwrap_or(rules.packs);
        exclude.extend(config.exclude);
        suppressions.allow.extend(config.allow);
    }
    if let Some((path, text)) = baseline {
        suppressions.baseline = Baseline::parse(&path, &text).map_err(&mut gather).ok();
    }
    if faults.is_empty() {
        let config = texts.into_iter().next().filter(|_| author == Author::User);
        return Ok(Policy { rules, exclude, suppressions, config, unreadable: Vec::new() });
    }
    // Text that is not TOML is one fault, though two readers report it.
    faults.sort_by(|a, b| (&a.file, a.line, &a.what).cmp(&(&b.file, b.line, &b.what)));
    faults.dedup();
    Err(Faults(faults))
}

impl Policy {
    /// Adds the rules of `other`, and keeps only suppressions that both have.
    fn narrow(&mut self, other: Self) {
        self.rules.join(other.rules);
        self.exclude.retain(|glob| other.exclude.contains(glob));
        self.suppressions.allow.retain(|allow| other.suppressions.allow.contains(allow));
        match (&mut self.suppressions.baseline, other.suppressions.baseline) {
            (Some(own), Some(other)) => own.keep_common(&other),
            (own, _) => *own = None,
        }
    }
}

/// A file with its text, if it exists.
pub type Text = Option<(PathBuf, String)>;

/// The target's own configurations and baselines.
#[derive(Default)]
struct Own {
    texts: Vec<(Text, Text)>,
    unreadable: Vec<String>,
}

fn of_target(options: &PolicyOptions) -> Result<Own, Error> {
    // A file that is not read can't cause an error either.
    let wants_config = options.config.is_none() && !options.no_config;
    let wants_baseline = options.baseline.is_none();
    let mut own = Own::default();
    match &options.place {
        PolicyRoot::Nowhere => {}
        PolicyRoot::Folder(folder) => {
            let config = if wants_config { at_root(folder, config::NAME)? } else { None };
            let baseline = if wants_baseline { at_root(folder, baseline::NAME)? } else { None };
            own.texts.push((config, baseline));
        }
        PolicyRoot::Base(range) => {
            for base in base::files(range, &[config::NAME, baseline::NAME])? {
                let contents = match base {
                    Base::Files(contents) => contents,
                    Base::Unreadable(object) => {
                        own.unreadable.push(object);
                        vec![None, None]
                    }
                };
                let mut contents = contents.into_iter();
                let mut next = |name: &str, wanted: bool| {
                    let content = contents.next().flatten().filter(|_| wanted);
                    content.map(|content| text(Path::new(name), content)).transpose()
                };
                let config = next(config::NAME, wants_config)?;
                own.texts.push((config, next(baseline::NAME, wants_baseline)?));
            }
        }
    }
    Ok(own)
}

/// Reads a file that the user named. It may be a link, and may be endless.
///
/// # Errors
///
/// If it can't be read, or is larger than any such file.
pub fn named(path: &Path) -> Result<(PathBuf, String), Error> {
    let read = || {
        let mut content = Vec::new();
        File::open(path)?.take(LARGEST).read_to_end(&mut content)?;
        let is_whole = (content.len() as u64) < LARGEST;
        is_whole.then_some(content).ok_or_else(|| io::Error::other("it is larger than 100 MiB"))
    };
    let read = read().map_err(|source| Error::Read { path: path.to_owned(), source })?;
    text(path, read)
}

/// Reads a regular file of the target, shown by its name; `None` if there is none.
///
/// # Errors
///
/// If it is a link or another kind of file, or can't be read.
pub fn at_root(folder: &Path, name: &str) -> Result<Text, Error> {
    let path = folder.join(name);
    let failure = |source: io::Error| Error::Read { path: PathBuf::from(name), source };
    match path.symlink_metadata() {
        Ok(found) if found.is_file() => {}
        Ok(_) => {
            let why = "in the target it must be a regular file: links are not followed there";
            return Err(failure(io::Error::other(why)));
        }
        // The work tree that a repository names may not be a folder; it then contains no file.
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(failure(error)),
    }
    let mut content = Vec::new();
    open_no_link(&path)
        .and_then(|file| file.take(LARGEST).read_to_end(&mut content))
        .map_err(failure)?;
    if content.len() as u64 == LARGEST {
        return Err(failure(io::Error::other("it is larger than 100 MiB")));
    }
    text(Path::new(name), content).map(Some)
}

#[cfg(unix)]
fn open_no_link(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    File::options().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path)
}

#[cfg(not(unix))]
fn open_no_link(path: &Path) -> io::Result<File> {
    File::open(path)
}

fn text(path: &Path, content: Vec<u8>) -> Result<(PathBuf, String), Error> {
    let text = String::from_utf8(content).map_err(|_| Error::Read {
        path: path.to_owned(),
        source: io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"),
    })?;
    // Editors on Windows begin a file with a byte order mark.
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    Ok((path.to_owned(), text))
}
