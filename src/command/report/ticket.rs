//! `--ticket`: the files of tickets.

use std::collections::BTreeSet;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::owner;
use crate::finding::Finding;
use crate::report::{Report, done_steps, is_ticket, write_ticket};
use crate::source::files;

/// Maximum number of bytes of a ticket that is read again.
const LARGEST: u64 = 4 << 20;

/// A ticket to write.
#[derive(Debug)]
pub struct Ticket {
    /// Its file.
    pub path: PathBuf,
    /// Its text.
    pub text: Vec<u8>,
    /// The file exists already.
    pub exists: bool,
}

/// The reason why a file is not written.
#[derive(Debug, thiserror::Error)]
pub enum TicketError {
    /// Somebody else's file.
    #[error("{}: not a ticket of keysweep, so it stays as it is: move it away", .0.display())]
    Foreign(PathBuf),
    /// An error of the system.
    #[error("{}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error.
        error: io::Error,
    },
}

/// The tickets of a report in `folder`, one for each credential; none for suppressed ones.
pub fn tickets<'a>(
    report: &'a Report<'a>,
    folder: &'a Path,
) -> impl Iterator<Item = Result<Ticket, TicketError>> + 'a {
    let open = report.findings.iter().filter(|finding| finding.suppressed.is_none());
    open.map(move |finding| ticket(report, finding, folder))
}

fn ticket(report: &Report<'_>, finding: &Finding, folder: &Path) -> Result<Ticket, TicketError> {
    let path = folder.join(format!("{}.md", finding.fingerprint));
    let old = existing(&path)?;
    let done = old.as_deref().map(done_steps).unwrap_or_default();
    let owners: BTreeSet<String> = finding.occurrences.iter().flat_map(owner::owners).collect();
    let mut owners: Vec<String> = owners.into_iter().collect();
    if owners.len() > 1 {
        owners.retain(|owner| owner != owner::UNKNOWN);
    }
    let mut text = Vec::new();
    write_ticket(report, finding, &owners, &done, &mut text)
        .map_err(|error| TicketError::Read { path: path.clone(), error })?;
    Ok(Ticket { exists: old.is_some(), path, text })
}

/// The ticket that is there already.
fn existing(path: &Path) -> Result<Option<String>, TicketError> {
    match path.symlink_metadata() {
        Ok(found) if found.is_file() => {}
        Ok(_) => return Err(TicketError::Foreign(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(TicketError::Read { path: path.to_owned(), error }),
    }
    let mut content = Vec::new();
    files::open_no_link(path)
        .and_then(|file| file.take(LARGEST).read_to_end(&mut content))
        .map_err(|error| TicketError::Read { path: path.to_owned(), error })?;
    let text = String::from_utf8_lossy(&content);
    is_ticket(&text)
        .then(|| Some(text.into_owned()))
        .ok_or_else(|| TicketError::Foreign(path.to_owned()))
}
