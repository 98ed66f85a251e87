//! Destinations of reports: standard output, and files that are written completely or not at all.

mod parts;

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, IsTerminal as _, Write};
use std::path::{Component, Path, PathBuf};

use super::advice;
use super::arguments::{Color, OutputArguments};
use crate::report::{self, Diff, Format, Report, Style};
use crate::run::Status;
use crate::text::escape_path;

/// Errors of `--format` and `--output`, and of writing.
#[derive(Debug, thiserror::Error)]
pub(super) enum OutputError {
    /// A word before `=` that is not a format.
    #[error(
        "--output {argument}: there is no format '{name}' (there are {}); a file of that name is \
         written as ./{argument}",
        Format::ALL.map(Format::as_str).join(", ")
    )]
    NoFormat { argument: String, name: String },
    /// A format's name in place of a file.
    #[error(
        "--output {argument} names a format and no file: type --format {format} for standard output, \
         --output {format}=FILE for a file, or --output ./{argument} for a file of that name"
    )]
    NoFile { argument: String, format: &'static str },
    /// A file name with the ending of a document that no format writes.
    #[error(
        "--output {argument}: no report is written as .{ending} (there are {}); as text under that \
         name: --output text={argument}",
        Format::ALL.map(Format::as_str).join(", ")
    )]
    NoEnding { argument: String, ending: String },
    /// A file name of one format, and `--format` of another.
    #[error(
        "--format {asked} and --output {argument}, whose ending says {named}: type --output \
         {asked}={argument} or --output {named}={argument}"
    )]
    TwoFormats { argument: String, asked: &'static str, named: &'static str },
    /// Two reports for one file.
    #[error("--output {}: named twice", .0.display())]
    Twice(PathBuf),
    /// `--show-secrets` with a format that always masks.
    #[error("--show-secrets works with text, json and jsonl only, not with {0}")]
    StaysMasked(&'static str),
    /// `--sarif-category` without SARIF.
    #[error("--sarif-category needs a report in SARIF: --format sarif or --output sarif=FILE")]
    NoSarif,
    /// `--group-by` with a format that lists findings in one order.
    #[error("--group-by works with {}, not with {format}", Format::GROUPED)]
    Ungrouped { format: &'static str },
    /// `--diff` with a format that lists the findings of one report.
    #[error("--diff works with {}, not with {format}", Format::COMPARED)]
    NotCompared { format: &'static str },
    /// `verify KEY_ID` with a format made for scans.
    #[cfg(feature = "verify")]
    #[error("the verdict on one key is written as text or json, on standard output")]
    OneKey,
    /// A report that could not be written.
    #[error("{place}: {error}")]
    Write { place: String, error: io::Error },
}

/// All destinations of a run.
#[derive(Debug)]
pub(super) struct Outputs {
    /// `None` if a file replaces it.
    stdout: Option<Format>,
    files: Vec<(Format, PathBuf)>,
    color: Color,
    /// With a hook's message, the repository that was named for the hook.
    hook: Option<Option<PathBuf>>,
}

impl Outputs {
    /// Reads `--format`, `--output` and `--color`.
    pub(super) fn new(args: &OutputArguments) -> Result<Self, OutputError> {
        let asked = args.format.as_deref().and_then(Format::parse);
        let mut outputs = Self {
            stdout: Some(asked.unwrap_or(Format::Text)),
            files: Vec::new(),
            color: args.color,
            hook: None,
        };
        let to_stdout = args.output.iter().filter(|output| is_stdout(output)).count();
        if to_stdout > 1 {
            return Err(OutputError::Twice(PathBuf::from("-")));
        }
        for output in &args.output {
            let (named, path) = split(output)?;
            let path = PathBuf::from(path);
            if outputs.files.iter().any(|(_, other)| *other == path) {
                return Err(OutputError::Twice(path));
            }
            match (named, is_stdout(output)) {
                (None, true) => {}
                (Some(named), true) => outputs.stdout = Some(named),
                (Some(named), false) => outputs.files.push((named, path)),
                (None, false) => {
                    outputs.stdout = None;
                    outputs.files.push((format_of(output, &path, asked)?, path));
                }
            }
        }
        let masked = outputs.formats().find(|format| !format.can_show_secrets());
        let is_sarif = |format| format == Format::Sarif;
        if args.sarif_category.is_some() && !outputs.formats().any(is_sarif) {
            return Err(OutputError::NoSarif);
        }
        match masked {
            Some(format) if args.show_secrets => Err(OutputError::StaysMasked(format.as_str())),
            _ => Ok(outputs),
        }
    }

    /// With `hook`, standard error gets the message of a hook, and standard output nothing.
    pub(super) fn for_hook(mut self, hook: bool, repo: Option<PathBuf>) -> Self {
        if hook {
            self.hook = Some(repo);
            self.stdout = None;
        }
        self
    }

    /// Without a report on standard output, unless `--output` names it.
    pub(super) fn without_stdout(mut self, args: &OutputArguments) -> Self {
        if !args.output.iter().any(|output| is_stdout(output)) {
            self.stdout = None;
        }
        self
    }

    /// True if a hook's message replaces the report.
    pub(super) fn is_hook(&self) -> bool {
        self.hook.is_some()
    }

    /// The format for the verdict on one key.
    #[cfg(feature = "verify")]
    pub(super) fn for_one_key(&self) -> Result<Format, OutputError> {
        match (self.stdout, self.files.as_slice()) {
            (Some(format @ (Format::Text | Format::Json)), []) => Ok(format),
            _ => Err(OutputError::OneKey),
        }
    }

    /// True if a report names the repository.
    pub(super) fn name_repository(&self) -> bool {
        self.formats().any(Format::names_repository)
    }

    /// The files that will be written.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        self.files.iter().map(|(_, path)| path.clone()).collect()
    }

    /// True if people read the findings on standard output.
    pub(super) fn are_read(&self) -> bool {
        matches!(self.stdout, Some(Format::Text | Format::Markdown | Format::Github))
    }

    /// True if standard error is coloured.
    pub(super) fn colors_stderr(&self) -> bool {
        self.colors(io::stderr().is_terminal())
    }

    /// Writes all reports; continues after an error and returns the first one.
    ///
    /// With `silent`, text on standard output is left out.
    pub(super) fn write(&self, report: &Report<'_>, silent: bool) -> Result<(), OutputError> {
        let access = if report.show_secrets { Access::Owner } else { Access::Usual };
        let mut results = self.write_with(access, silent, &|format, style, out| {
            report::write(format, report, style, out)
        });
        if let Some(repo) = &self.hook {
            let mut message = Vec::new();
            let setting = advice::setting(report, repo.as_deref());
            let written = report::write_hook(report, &setting, &mut message);
            let written = written.and_then(|()| io::stderr().write_all(&message));
            let place = "standard error".to_owned();
            results.push(written.map_err(|error| OutputError::Write { place, error }));
        }
        results.into_iter().collect()
    }

    /// Writes a comparison of two reports to all destinations.
    pub(super) fn write_diff(
        &self,
        diff: &Diff,
        report: &Report<'_>,
        silent: bool,
    ) -> Result<(), OutputError> {
        let results = self.write_with(Access::Usual, silent, &|format, style, out| {
            report::write_diff(format, diff, report, style, out)
        });
        results.into_iter().collect()
    }

    fn write_with(
        &self,
        access: Access,
        silent: bool,
        written_as: &dyn Fn(Format, Style, &mut dyn Write) -> io::Result<()>,
    ) -> Vec<Result<(), OutputError>> {
        let mut results: Vec<Result<(), OutputError>> = Vec::new();
        for (format, path) in &self.files {
            let style = Style { color: self.color == Color::Always, ..Style::default() };
            let write = |out: &mut dyn Write| written_as(*format, style, out);
            let written = write_file_for(access, path, write);
            let place = || path.display().to_string();
            results.push(written.map_err(|error| OutputError::Write { place: place(), error }));
        }
        if let Some(format) = self.stdout.filter(|format| !silent || *format != Format::Text) {
            let stdout = io::stdout();
            let color = self.colors(stdout.is_terminal());
            let mut out = BufWriter::new(stdout.lock());
            let width = columns(stdout.is_terminal());
            let style = Style { color, coverage: false, width };
            let written = written_as(format, style, &mut out);
            let place = "standard output".to_owned();
            results.push(written.map_err(|error| OutputError::Write { place, error }));
        }
        results
    }

    /// The formats of all reports.
    pub(super) fn formats(&self) -> impl Iterator<Item = Format> {
        self.stdout.into_iter().chain(self.files.iter().map(|(format, _)| *format))
    }

    fn colors(&self, is_terminal: bool) -> bool {
        let no_color = || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && !no_color(),
        }
    }
}

/// The columns of the terminal, if the stream is one; COLUMNS overrides it.
pub(super) fn columns(is_terminal: bool) -> Option<usize> {
    let columns = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let columns = columns.filter(|_| is_terminal);
    let asked = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    columns.or_else(|| is_terminal.then(asked).flatten()).filter(|columns| *columns > 0)
}

/// The status of a run whose report could not be written: never 0.
pub(super) fn status_of_failure(status: Status) -> Status {
    match status {
        Status::Findings | Status::Interrupted => status,
        Status::Clean | Status::Incomplete | Status::Usage => Status::Usage,
    }
}

impl OutputError {
    /// True if the reader closed the pipe, which needs no message.
    pub(super) fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Write { error, .. } if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// Endings of documents that somebody may expect, and that no format writes.
const OTHER: [&str; 8] = ["pdf", "xls", "xlsx", "ods", "docx", "yaml", "yml", "toml"];

/// The format of a file without FORMAT=: that of its ending, unless `--format` names another one
/// with the same ending; otherwise that of `--format`, or text.
fn format_of(argument: &str, path: &Path, asked: Option<Format>) -> Result<Format, OutputError> {
    let bare = path.components().count() == 1 && !argument.starts_with('.');
    let lower = argument.to_ascii_lowercase();
    if let Some(format) = Format::parse(&lower).filter(|_| bare) {
        return Err(OutputError::NoFile { argument: argument.to_owned(), format: format.as_str() });
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let ends = |ending: &&str| {
        name.strip_suffix(*ending).is_some_and(|stem| stem.ends_with('.') && stem.len() > 1)
    };
    let longest = |format: &Format| {
        let fitting = format.endings().iter().filter(|ending| ends(ending));
        fitting.map(|ending| ending.len()).max()
    };
    let best = Format::ALL.iter().filter_map(longest).max();
    let named = Format::ALL.into_iter().find(|format| best.is_some() && longest(format) == best);
    match (named, asked) {
        (Some(named), None) => Ok(named),
        // A name with the ending of text may contain any format.
        (Some(named), Some(asked)) if named == Format::Text || longest(&asked).is_some() => {
            Ok(asked)
        }
        (Some(named), Some(asked)) => Err(OutputError::TwoFormats {
            argument: argument.to_owned(),
            asked: asked.as_str(),
            named: named.as_str(),
        }),
        (None, asked) => match OTHER.iter().find(|ending| ends(ending)) {
            Some(ending) => Err(OutputError::NoEnding {
                argument: argument.to_owned(),
                ending: (*ending).to_owned(),
            }),
            None => Ok(asked.unwrap_or(Format::Text)),
        },
    }
}

/// Reads `FILE` or `FORMAT=FILE`.
fn split(argument: &str) -> Result<(Option<Format>, &str), OutputError> {
    match argument.split_once('=') {
        Some((name, path)) if name.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            let format = Format::parse(name).ok_or_else(|| OutputError::NoFormat {
                argument: argument.to_owned(),
                name: name.to_owned(),
            })?;
            Ok((Some(format), path))
        }
        _ => Ok((None, argument)),
    }
}

/// True if an output goes to standard output.
fn is_stdout(argument: &str) -> bool {
    split(argument).is_ok_and(|(_, path)| path == "-")
}

/// Waits until the bytes are on the disk. Otherwise a crash may keep the new name without its
/// content, and the old report would be lost as well.
fn to_disk(file: &File) -> io::Result<()> {
    match file.sync_data() {
        // Some file systems can't sync, and say so.
        Err(error) if matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::InvalidInput) => {
            Ok(())
        }
        synced => synced,
    }
}

/// Refuses a path in which a folder is a link out of the current folder: the scanned project, which
/// is mostly here, may contain such a link. A user who means it can name the real path.
///
/// # Errors
///
/// If there is such a link.
pub(super) fn stays_here(path: &Path) -> io::Result<()> {
    if path.is_absolute() || path.components().any(|part| part == Component::ParentDir) {
        return Ok(());
    }
    let here = std::env::current_dir()?.canonicalize()?;
    let folders = path.ancestors().skip(1).filter(|up| *up != Path::new(""));
    for folder in folders.filter(|up| up.is_symlink()) {
        if !folder.canonicalize().is_ok_and(|real| real.starts_with(&here)) {
            let shown = escape_path(folder.as_os_str().as_encoded_bytes());
            let why =
                format!("{shown} is a link that leads out of this folder: name its target instead");
            return Err(io::Error::other(why));
        }
    }
    Ok(())
}

/// The permissions of a written file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    /// The permissions that the umask allows, and no more than the replaced file had.
    Usual,
    /// Only its owner: it contains secrets.
    Owner,
}

impl Access {
    /// The mode of a new file (chmod(2)), before the umask applies.
    #[cfg(unix)]
    fn mode(self, path: &Path) -> u32 {
        use std::os::unix::fs::MetadataExt as _;
        // A missing or unreadable file restricts nothing.
        let old = path.symlink_metadata().ok().filter(std::fs::Metadata::is_file);
        let old = old.map_or(0o666, |found| found.mode() & 0o666);
        match self {
            Self::Usual => old,
            Self::Owner => old & 0o600,
        }
    }
}

/// True if a path is one of the process's descriptors, such as `/dev/stdout` or the `/dev/fd/63` of
/// a shell's `>(command)`. These links are followed and never replaced.
fn is_descriptor(path: &Path) -> bool {
    let linked = path.parent().and_then(|folder| folder.canonicalize().ok());
    let known = |folder: &Path| {
        let in_proc = folder.starts_with("/proc") && folder.ends_with("fd");
        folder == Path::new("/dev") || folder == Path::new("/dev/fd") || in_proc
    };
    path.is_symlink() && linked.is_some_and(|folder| known(&folder))
}

/// Writes a temporary file and renames it, so that nobody reads an incomplete report.
///
/// A link at the destination is replaced, not followed, because it may come from the scanned
/// repository. A device, a FIFO and a descriptor of this process are written directly.
pub(super) fn write_file(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    write_file_for(Access::Usual, path, write)
}

fn write_file_for(
    access: Access,
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    stays_here(path)?;
    let special = path.symlink_metadata().is_ok_and(|found| {
        let kind = found.file_type();
        !kind.is_file() && !kind.is_symlink() && !kind.is_dir()
    });
    if special || is_descriptor(path) {
        let mut out = BufWriter::new(std::fs::OpenOptions::new().write(true).open(path)?);
        return write(&mut out);
    }
    let folder = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let name = path.file_name().unwrap_or(OsStr::new("report"));
    let mut prefix = OsStr::new(".").to_owned();
    prefix.push(name);
    prefix.push(".");
    let mut builder = tempfile::Builder::new();
    // A killed run leaves a hidden file without a report's ending, so it does not pass for a report.
    builder.prefix(&prefix).suffix(".tmp");
    // On other systems a new file gets the permissions of its folder.
    #[cfg(not(unix))]
    let _ = access;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(access.mode(path)));
    }
    let mut out = BufWriter::new(builder.tempfile_in(folder)?);
    write(&mut out)?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    to_disk(file.as_file())?;
    file.persist(path).map_err(|failure| failure.error)?;
    Ok(())
}
