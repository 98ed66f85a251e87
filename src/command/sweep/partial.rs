//! The partial of a sweep: the file of `--partial`, which `keysweep merge` reads.
//!
//! It is written in place, one target after the other, and not renamed at the end as a report is: a
//! sweep of hours that is killed leaves what it found until then. A truncated partial is known by
//! its missing last line, so it does not pass for a complete one. Each target is on the disk before the
//! next one is written.

use std::fs::File;
use std::io::{self, BufWriter, Seek as _, SeekFrom, Write};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::shard::Shard;
use super::state::{self, Error};
use crate::report::{Layout, write_json};
use crate::run::partial::{
    BEGINNING, EndLine, FORM, PartialHead, PartialLine, PartialSink, TargetLine, beginning, now,
};
use crate::run::record::HitRecord;
use crate::run::target::Target;
use crate::secret::hex;
use crate::text::escape_path;

/// An open partial.
#[derive(Debug)]
pub struct PartialFile {
    out: BufWriter<File>,
    /// Its path, escaped for display.
    path: String,
    /// The first error; nothing is written after it.
    error: Option<io::Error>,
}

impl PartialFile {
    /// Makes the file, or empties an earlier partial. `options` are those that affect findings.
    ///
    /// # Errors
    ///
    /// If it can't be written, or another kind of file is there.
    pub fn create(
        path: &Path,
        options: &str,
        targets: &[Target],
        shard: Option<Shard>,
    ) -> Result<Self, Error> {
        let shown = escape_path(path.as_os_str().as_encoded_bytes());
        let failed = |source| Error::File { path: shown.clone(), source };
        let mut file = state::open(path)?;
        if !BEGINNING.starts_with(&beginning(&mut file).map_err(failed)?) {
            return Err(Error::NoPartial(shown));
        }
        let head = PartialHead {
            keysweep_partial: FORM,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            options: options_digest(options),
            plan: plan(targets),
            shard: shard.map(Shard::numbers),
            host: host(),
            started: now(),
        };
        let begin = |file: &mut File| {
            file.set_len(0)?;
            file.seek(SeekFrom::Start(0)).map(drop)
        };
        begin(&mut file).map_err(failed)?;
        let mut out = BufWriter::new(file);
        write_json(&head, Layout::Line, &mut out).map_err(failed)?;
        out.flush().map_err(failed)?;
        Ok(Self { out, path: shown, error: None })
    }

    /// Ends it.
    ///
    /// # Errors
    ///
    /// The first error of writing it.
    pub fn finish(self) -> Result<(), Error> {
        let Self { path, error, .. } = self;
        error.map_or(Ok(()), |source| Err(Error::File { path, source }))
    }

    fn write(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
        if self.error.is_some() {
            return;
        }
        let written = write(&mut self.out);
        let written = written.and_then(|()| self.out.flush());
        let written = written.and_then(|()| self.out.get_ref().sync_data());
        self.error = written.err();
    }
}

impl PartialSink for PartialFile {
    fn target(&mut self, line: TargetLine, hits: &[HitRecord]) {
        self.write(|out| {
            write_json(&PartialLine::Target(Box::new(line)), Layout::Line, out)?;
            hits.iter().try_for_each(|hit| {
                write_json(&PartialLine::Hit(Box::new(hit.line())), Layout::Line, out)
            })
        });
    }

    fn end(&mut self, line: EndLine) {
        self.write(|out| write_json(&PartialLine::End(Box::new(line)), Layout::Line, out));
    }
}

/// The digest of the options that affect what is found.
pub fn options_digest(options: &str) -> String {
    hex(&Sha256::digest(options))
}

/// A digest of the targets.
fn plan(targets: &[Target]) -> String {
    let mut digest = Sha256::new();
    for target in targets {
        for text in [target.name.as_bytes(), target.place.as_os_str().as_encoded_bytes()] {
            digest.update((text.len() as u64).to_be_bytes());
            digest.update(text);
        }
    }
    hex(&digest.finalize())
}

/// The name of this machine, if the system says it.
fn host() -> Option<String> {
    // Without a name the targets of two machines are still distinguished: as unknown ones.
    let named = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let variable = || {
        let names = ["HOSTNAME", "COMPUTERNAME"].into_iter();
        names.filter_map(|name| std::env::var(name).ok()).next()
    };
    let name = named.or_else(variable)?.trim().to_owned();
    (!name.is_empty()).then_some(name)
}
