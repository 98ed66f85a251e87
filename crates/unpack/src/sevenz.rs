//! 7z: LZMA, LZMA2, deflate, bzip2, filters for programs, and stored.

use std::borrow::Cow;
use std::io::{self, Read, Seek, SeekFrom};

use flate2::CrcReader;
use sevenz_rust2::{Archive, ArchiveEntry, BlockDecoder, Error, Password};

use super::input::{Input, Random};
use super::limits::Halt;
use super::{Fault, Members};

/// Reads block by block: a damaged block does not hide another.
pub(super) fn read(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let bytes = input.random()?;
    let mut source = Seeking { bytes: &bytes, at: 0 };
    let password = Password::empty();
    let window = usize::try_from(members.window() >> 10).unwrap_or(usize::MAX);
    let mut archive = match Archive::read_with_memory_limit(&mut source, &password, window) {
        Ok(archive) => archive,
        Err(error) => return failed(&error, &[], members),
    };
    let sums = sums(&mut archive);
    let mut broken = None;
    for block in 0..archive.blocks.len() {
        let source = &mut source;
        let decoder =
            BlockDecoder::new_with_memory_limit(1, window, block, &archive, &password, source);
        let first = archive.stream_map.block_first_file_index[block];
        let entries = &archive.files[first..][..decoder.entry_count()];
        match read_block(decoder, &sums[first..], members)?
            .or_else(|error| failed(&error, entries, members))
        {
            Err(Fault::Broken(why)) => {
                broken.get_or_insert(why);
            }
            outcome => outcome?,
        }
    }
    for _ in archive.stream_map.file_block_index.iter().filter(|block| block.is_none()) {
        members.empty()?;
    }
    broken.map_or(Ok(()), |why| Err(Fault::Broken(why)))
}

/// Removes the checksums of members from an archive. The library ends a block at the first wrong
/// checksum, and withholds the last bytes of that member; here a wrong checksum is reported and
/// hides nothing. The library verifies the checksum of a whole block after all of it was read.
fn sums(archive: &mut Archive) -> Vec<Option<u32>> {
    let files = archive.files.iter_mut();
    files
        .map(|entry| u32::try_from(entry.crc).ok().filter(|_| std::mem::take(&mut entry.has_crc)))
        .collect()
}

/// Scans the members of one block.
fn read_block(
    block: BlockDecoder<'_, Seeking<'_>>,
    sums: &[Option<u32>],
    members: &mut dyn Members,
) -> Result<Result<(), Error>, Halt> {
    let mut halted: Option<Halt> = None;
    let mut sums = sums.iter().copied();
    let read = block.for_each_entries(&mut |entry, bytes| {
        let sum = sums.next().flatten();
        let outcome = if entry.has_stream() {
            member(entry.name().as_bytes(), bytes, sum, members)
        } else {
            members.empty()
        };
        halted = outcome.err();
        Ok(halted.is_none())
    });
    halted.map_or(Ok(read.map(drop)), Err)
}

/// Scans a member, and reports a wrong checksum.
fn member(
    name: &[u8],
    bytes: &mut dyn Read,
    sum: Option<u32>,
    members: &mut dyn Members,
) -> Result<(), Halt> {
    let mut bytes = CrcReader::new(bytes);
    members.member(name, &mut bytes)?;
    // A container may end long before its member does; unpacking the rest takes time as well.
    let mut rest = vec![0; 16 << 10];
    let is_whole = loop {
        match bytes.read(&mut rest) {
            Ok(0) => break true,
            Ok(count) => members.count_unpacked(count as u64)?,
            // The block reports other damage.
            Err(_) => break false,
        }
    };
    if is_whole && sum.is_some_and(|sum| sum != bytes.crc().sum()) {
        members.unread(name, &"a wrong checksum: what was read of it may be damaged")?;
    }
    Ok(())
}

/// Reports the members of a failed block, or an archive with an unreadable list of members.
fn failed(error: &Error, entries: &[ArchiveEntry], members: &mut dyn Members) -> Result<(), Fault> {
    let names = entries.iter().filter(|entry| entry.has_stream()).map(ArchiveEntry::name);
    let unlisted = entries.is_empty().then_some("(content)");
    let mut names = unlisted.into_iter().chain(names);
    let is_cipher = |method: &str| method.to_uppercase().contains("AES");
    match error {
        Error::PasswordRequired | Error::MaybeBadPassword(_) => {
            Ok(names.try_for_each(|_| members.encrypted())?)
        }
        Error::UnsupportedCompressionMethod(method) if is_cipher(method) => {
            Ok(names.try_for_each(|_| members.encrypted())?)
        }
        Error::UnsupportedCompressionMethod(method) => {
            let why = format!("packed by {method}, which is not read: unpack it");
            Ok(names.try_for_each(|name| members.unread(name.as_bytes(), &why))?)
        }
        Error::Io(error, _) => Err(Fault::Broken(error.to_string())),
        Error::Other(why) => Err(Fault::Broken(Cow::clone(why).into_owned())),
        other => Err(Fault::Broken(other.to_string())),
    }
}

/// Random access as a file.
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
