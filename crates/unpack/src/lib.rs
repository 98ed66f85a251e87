//! Containers: archives, compressed files and documents, recognised by content and read member by
//! member.
//!
//! [`kind::of`] says what a text is by its first bytes; [`kind::Kind::read`] takes its bytes and gives
//! each of its members to a [`Members`]. Nothing is written to disk, and what is read may be hostile:
//! whoever takes the members sets the bounds ([`limits`]). Each form has a file of its own.

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

/// Gets what a reader finds in a container.
pub trait Members {
    /// Scans a member. An error ends the whole container.
    fn member(&mut self, name: &[u8], bytes: &mut dyn Read) -> Result<(), Halt>;

    /// Scans a member if it is a container; else its text was seen already.
    fn nested(&mut self, name: &[u8], bytes: &mut dyn Read) -> Result<(), Halt>;

    /// Counts a member that has no bytes.
    fn empty(&mut self) -> Result<(), Halt>;

    /// Counts bytes that had to be unpacked and are no member.
    fn count_unpacked(&mut self, bytes: u64) -> Result<(), Halt>;

    /// Counts a member that is encrypted.
    fn encrypted(&mut self) -> Result<(), Halt>;

    /// Counts a member that shows text of which no font tells the letters.
    fn unlettered(&mut self) -> Result<(), Halt>;

    /// Counts something packed in a form that is not opened.
    fn unopened(&mut self, form: &'static str);

    /// Says how many bytes the reader holds from now on.
    ///
    /// # Errors
    /// If there is no memory for so many.
    fn hold(&mut self, bytes: u64) -> Result<(), Halt>;

    /// When reading is to end, for a decoder that gives nothing for long.
    fn deadline(&self) -> Deadline {
        Deadline::default()
    }

    /// Bytes that a decoder may take for its window.
    fn window(&self) -> u64;

    /// Hears why a member can't be read.
    fn unread(&mut self, name: &[u8], why: &dyn Display) -> Result<(), Halt>;
}

/// Why a container could not be read to its end.
#[derive(Debug)]
pub enum Fault {
    /// It is damaged, or is none.
    Broken(String),
    /// It is packed in a form that is not opened.
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

/// Reads until `out` is full or the stream ends; gives how much was read.
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

/// Passes over bytes; gives how many of them are not there.
fn skip<R: Read + ?Sized>(stream: &mut R, bytes: u64) -> io::Result<u64> {
    Ok(bytes - io::copy(&mut stream.take(bytes), &mut io::sink())?)
}
