//! 7z, by LZMA, LZMA2, deflate, bzip2, filters for programs, and stored.

use std::borrow::Cow;
use std::io::{self, Read, Seek, SeekFrom};

use sevenz_rust2::{ArchiveReader, EntryDecision, Error, Password};

use super::input::{Input, Random};
use super::limits::Halt;
use super::{Fault, Members};

/// Reads it.
pub(super) fn read(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let bytes = input.random()?;
    let source = Seeking { bytes: &bytes, at: 0 };
    let kilobytes = usize::try_from(members.window() >> 10).unwrap_or(usize::MAX);
    let opened = ArchiveReader::new_with_memory_limit(source, Password::empty(), kilobytes);
    let mut archive = match opened {
        Ok(archive) => archive,
        Err(error) => return failed(&error, members),
    };
    archive.set_thread_count(1);
    let mut halted: Option<Halt> = None;
    let read = archive.for_each_entries_with_decision(|entry, bytes| {
        let told = if entry.has_stream() {
            members.member(entry.name().as_bytes(), bytes)
        } else {
            members.empty()
        };
        halted = told.err();
        Ok(if halted.is_some() { EntryDecision::Stop } else { EntryDecision::Continue })
    });
    match (halted, read) {
        (Some(halt), _) => Err(Fault::Halt(halt)),
        (None, Ok(())) => Ok(()),
        (None, Err(error)) => failed(&error, members),
    }
}

fn failed(error: &Error, members: &mut dyn Members) -> Result<(), Fault> {
    match error {
        Error::PasswordRequired | Error::MaybeBadPassword(_) => Ok(members.encrypted()?),
        Error::UnsupportedCompressionMethod(method) if method.to_uppercase().contains("AES") => {
            Ok(members.encrypted()?)
        }
        Error::UnsupportedCompressionMethod(method) => {
            let why = format!("packed by {method}, which is not read: unpack it");
            Ok(members.unread(b"(content)", &why)?)
        }
        Error::Io(error, _) => Err(Fault::Broken(error.to_string())),
        Error::Other(why) => Err(Fault::Broken(Cow::clone(why).into_owned())),
        other => Err(Fault::Broken(other.to_string())),
    }
}

/// Bytes at any place, as a file.
struct Seeking<'a> {
    bytes: &'a Random<'a>,
    at: u64,
}

impl Read for Seeking<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.bytes.range(self.at, out.len() as u64).read(out)?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Seeking<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.bytes.len().checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| io::Error::other("it points before its beginning"))?;
        Ok(self.at)
    }
}
