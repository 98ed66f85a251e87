//! Containers: archives, compressed files and documents, recognised by content and read member by
//! member.
//!
//! [`kind::of`] recognises a text by its first bytes; [`kind::Kind::read`] reads it and passes each
//! of its members to a [`Members`]. Nothing is written to disk. Input may be hostile: the
//! implementation of [`Members`] enforces the limits ([`limits`]). Each format has its own file.

mod ar;
mod avro;
mod bzip2;
mod class;
mod compress;
mod cpio;
mod drawing;
mod embedded;
mod gzip;
pub mod input;
pub mod kind;
pub mod limits;
mod lz4;
mod mail;
mod object;
mod ole;
mod pack;
mod parquet;
mod pcap;
#[cfg(feature = "pdf")]
mod pdf;
mod pyc;
mod rpm;
mod rtf;
mod sevenz;
mod snappy;
mod sqlite;
mod stored;
mod stream;
mod tar;
pub mod unopened;
mod xz;
mod zip;
mod zstd;

use std::fmt::Display;
use std::io::{self, Read};

use limits::{Deadline, Halt};

/// Begins a reason that names what is damaged.
pub const DAMAGED: &str = "a damaged ";
/// Begins a reason that gives the error at which reading ended.
pub const READ_IN_PART: &str = "it was read only in part: ";

/// Receives the contents of a container.
pub trait Members {
    /// Scans a member. An error ends the whole container.
    fn member(&mut self, name: &[u8], bytes: &mut dyn Read) -> Result<(), Halt>;

    /// Scans a member if it is a container; otherwise its text was scanned already.
    fn nested(&mut self, name: &[u8], bytes: &mut dyn Read) -> Result<(), Halt>;

    /// Counts a member that has no bytes.
    fn empty(&mut self) -> Result<(), Halt>;

    /// Counts bytes that had to be unpacked but are not a member.
    fn count_unpacked(&mut self, bytes: u64) -> Result<(), Halt>;

    /// Counts a member that is encrypted.
    fn encrypted(&mut self) -> Result<(), Halt>;

    /// Counts a member with text that no font maps to letters.
    fn unlettered(&mut self) -> Result<(), Halt>;

    /// Counts packed data in a format that is not opened.
    fn unopened(&mut self, form: &'static str);

    /// Sets the number of bytes that the reader holds from now on.
    ///
    /// # Errors
    /// If the memory budget does not allow it.
    fn hold(&mut self, bytes: u64) -> Result<(), Halt>;

    /// The deadline of reading, for a decoder that may run long without output.
    fn deadline(&self) -> Deadline {
        Deadline::default()
    }

    /// Limit in bytes of a decoder's window.
    fn window(&self) -> u64;

    /// Records the reason why a member can't be read.
    fn unread(&mut self, name: &[u8], why: &dyn Display) -> Result<(), Halt>;
}

/// The reason why a container could not be read to its end.
#[derive(Debug)]
pub enum Fault {
    /// It is damaged, or is not in this format.
    Broken(String),
    /// It is packed in a format that is not opened.
    Unopened(&'static str),
    /// Reading was ended.
    Halt(Halt),
}

impl Fault {
    pub(crate) fn broken(why: &str) -> Self {
        Self::Broken(why.to_owned())
    }
}

impl From<Halt> for Fault {
    fn from(halt: Halt) -> Self {
        Self::Halt(halt)
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Broken(match error.kind() {
            io::ErrorKind::UnexpectedEof => "it ends too early".to_owned(),
            _ => error.to_string(),
        })
    }
}

/// Reads until `out` is full or the stream ends; returns the number of bytes read.
fn fill<R: Read + ?Sized>(stream: &mut R, out: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < out.len() {
        match stream.read(&mut out[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Skips bytes; returns the number of missing ones.
fn skip<R: Read + ?Sized>(stream: &mut R, bytes: u64) -> io::Result<u64> {
    Ok(bytes - io::copy(&mut stream.take(bytes), &mut io::sink())?)
}
