//! Where reports go: standard output, and files that are written whole or not at all.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, IsTerminal as _, Write};
use std::path::{Component, Path, PathBuf};

use super::advice;
use super::arguments::{Color, OutputArguments};
use crate::report::{self, Format, Report, Style};
use crate::run::Status;
use crate::text::escape_path;

/// What can be wrong with `--format` and `--output`, or happen while writing.
#[derive(Debug, thiserror::Error)]
pub(super) enum OutputError {
    /// A word before `=` that names no format.
    #[error(
        "--output {typed}: there is no format '{name}' (there are {}); a file of that name is \
         written as ./{typed}",
        Format::ALL.map(Format::as_str).join(", ")
    )]
    NoFormat { typed: String, name: String },
    /// Two reports for one file.
    #[error("--output {}: named twice", .0.display())]
    Twice(PathBuf),
    /// A masked format and `--show-secrets`.
    #[error("--show-secrets works with text, json and jsonl only, not with {0}")]
    StaysMasked(&'static str),
    /// `--sarif-category` without SARIF.
    #[error("--sarif-category needs a report in SARIF: --format sarif or --output sarif=FILE")]
    NoSarif,
    /// `verify KEY_ID` with a format made for scans.
    #[cfg(feature = "verify")]
    #[error("the verdict on one key is written as text or json, on standard output")]
    OneKey,
    /// A report that could not be written.
    #[error("{place}: {error}")]
    Write { place: String, error: io::Error },
}

/// All places to which a run reports.
#[derive(Debug)]
pub(super) struct Outputs {
    /// `None` if a file took its place.
    stdout: Option<Format>,
    files: Vec<(Format, PathBuf)>,
    color: Color,
    /// The repository of a hook, as it was named, if the message of one is written.
    hook: Option<Option<PathBuf>>,
}

impl Outputs {
    /// Reads `--format`, `--output` and `--color`.
    pub(super) fn new(typed: &OutputArguments) -> Result<Self, OutputError> {
        let format = Format::parse(&typed.format).unwrap_or(Format::Text);
        let stdout = Some(format);
        let mut outputs = Self { stdout, files: Vec::new(), color: typed.color, hook: None };
        for output in &typed.output {
            let (named, path) = split(output)?;
            let path = PathBuf::from(path);
            if outputs.files.iter().any(|(_, other)| *other == path) {
                return Err(OutputError::Twice(path));
            }
            match (named, path == Path::new("-")) {
                (named, true) => outputs.stdout = Some(named.unwrap_or(format)),
                (Some(named), false) => outputs.files.push((named, path)),
                (None, false) => {
                    outputs.stdout = None;
                    outputs.files.push((format, path));
                }
            }
        }
        let masked = outputs.formats().find(|format| !format.can_show_secrets());
        let is_sarif = |format| format == Format::Sarif;
        if typed.sarif_category.is_some() && !outputs.formats().any(is_sarif) {
            return Err(OutputError::NoSarif);
        }
        match masked {
            Some(format) if typed.show_secrets => Err(OutputError::StaysMasked(format.as_str())),
            _ => Ok(outputs),
        }
    }

    /// With `hook`, standard error gets a hook's message, and standard output nothing.
    pub(super) fn for_hook(mut self, hook: bool, repo: Option<PathBuf>) -> Self {
        if hook {
            self.hook = Some(repo);
            self.stdout = None;
        }
        self
    }

    /// Whether a hook's message takes the place of the report.
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

    /// Whether a report names the repository.
    pub(super) fn tell_repository(&self) -> bool {
        self.formats().any(Format::tells_repository)
    }

    /// The files that are going to be written.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        self.files.iter().map(|(_, path)| path.clone()).collect()
    }

    /// Whether standard error is coloured.
    pub(super) fn colors_stderr(&self) -> bool {
        self.colors(io::stderr().is_terminal())
    }

    /// Writes the report everywhere; goes on after a failure and gives the first.
    ///
    /// With `silent`, text on standard output is left out.
    pub(super) fn write(&self, report: &Report<'_>, silent: bool) -> Result<(), OutputError> {
        let mut results: Vec<Result<(), OutputError>> = Vec::new();
        for (format, path) in &self.files {
            let style = Style { color: self.color == Color::Always, coverage: true };
            let written = write_file(path, |out| report::write(*format, report, style, out));
            let place = || path.display().to_string();
            results.push(written.map_err(|error| OutputError::Write { place: place(), error }));
        }
        if let Some(format) = self.stdout.filter(|format| !silent || *format != Format::Text) {
            let stdout = io::stdout();
            let color = self.colors(stdout.is_terminal());
            let mut out = BufWriter::new(stdout.lock());
            let written = report::write(format, report, Style { color, coverage: false }, &mut out);
            let place = "standard output".to_owned();
            results.push(written.map_err(|error| OutputError::Write { place, error }));
        }
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

    fn formats(&self) -> impl Iterator<Item = Format> {
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

/// The status of a run whose report could not be written: never one that says all is well.
pub(super) fn status_of_failure(status: Status) -> Status {
    match status {
        Status::Findings | Status::Interrupted => status,
        Status::Clean | Status::Incomplete | Status::Usage => Status::Usage,
    }
}

impl OutputError {
    /// Whether the reader went away, which needs no telling.
    pub(super) fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Write { error, .. } if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// Reads `FILE` or `FORMAT=FILE`.
fn split(typed: &str) -> Result<(Option<Format>, &str), OutputError> {
    match typed.split_once('=') {
        Some((name, path)) if name.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            let format = Format::parse(name).ok_or_else(|| OutputError::NoFormat {
                typed: typed.to_owned(),
                name: name.to_owned(),
            })?;
            Ok((Some(format), path))
        }
        _ => Ok((None, typed)),
    }
}

/// Waits until the bytes are on the disk: else a machine that goes down may keep the new name and
/// not what it stands for, and the old report would be gone as well.
fn to_disk(file: &File) -> io::Result<()> {
    match file.sync_data() {
        // Some file systems have nothing to wait for, and say so.
        Err(error) if matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::InvalidInput) => {
            Ok(())
        }
        synced => synced,
    }
}

/// Refuses a path on which a folder is a link that leads out of the current one: what is scanned,
/// which is mostly here, may have brought it. Whoever leaves on purpose names the place itself.
///
/// # Errors
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
                format!("{shown} is a link that leads out of this folder: name where it leads");
            return Err(io::Error::other(why));
        }
    }
    Ok(())
}

/// Writes a file beside its destination and renames it, so that nobody ever reads half a report.
///
/// A link at the destination is replaced, not followed: it may come from the scanned repository.
/// A device or FIFO is written to as it stands.
pub(super) fn write_file(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    stays_here(path)?;
    let special = path.symlink_metadata().is_ok_and(|found| {
        let kind = found.file_type();
        !kind.is_file() && !kind.is_symlink() && !kind.is_dir()
    });
    if special {
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
    // What a kill leaves behind is hidden and has no report's suffix: nobody takes it for one.
    builder.prefix(&prefix).suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // As any other new file: the umask takes from this what it takes.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut out = BufWriter::new(builder.tempfile_in(folder)?);
    write(&mut out)?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    to_disk(file.as_file())?;
    file.persist(path).map_err(|failure| failure.error)?;
    Ok(())
}
