//! Loose objects: one zlib stream per file, in a folder named after the first byte of the id.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::ZlibDecoder;
use gix::ObjectId;
use gix::objs::Kind;

use keysweep_base::memory::Claim;
use keysweep_base::record::Record;

/// The loose objects of one object folder.
pub struct Loose {
    folder: PathBuf,
    /// Sorted, each id once.
    pub ids: Vec<ObjectId>,
}

/// An opened loose object, after its header.
pub struct Stream {
    /// Its kind.
    pub kind: Kind,
    /// Its size in bytes, as stated in the header.
    pub size: u64,
    /// Its bytes.
    pub bytes: ZlibDecoder<BufReader<File>>,
}

impl Loose {
    /// Lists the loose objects of a folder. An entry that can't be listed is a problem in the
    /// ledger.
    pub fn list(folder: &Path, hash: gix::hash::Kind, ledger: &dyn Record) -> Self {
        let mut ids = Vec::new();
        for first in 0..=u8::MAX {
            let first = format!("{first:02x}");
            let below = folder.join(&first);
            let entries = match fs::read_dir(&below) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => {
                    ledger.problem("folder", below.as_os_str().as_encoded_bytes(), &error);
                    continue;
                }
            };
            for entry in entries {
                match entry {
                    Ok(entry) => ids.extend(id(&first, &entry.file_name(), hash)),
                    Err(error) => {
                        ledger.problem("folder", below.as_os_str().as_encoded_bytes(), &error);
                    }
                }
            }
        }
        ids.sort_unstable();
        Self { folder: folder.to_owned(), ids }
    }

    /// The folder, for messages.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Opens an object.
    ///
    /// # Errors
    /// If its file can't be read, is not a regular file, or does not begin with an object header.
    pub fn open(&self, id: &gix::oid) -> io::Result<Stream> {
        let hex = id.to_hex().to_string();
        let path = self.folder.join(&hex[..2]).join(&hex[2..]);
        if !fs::symlink_metadata(&path)?.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        let mut bytes = ZlibDecoder::new(BufReader::new(File::open(path)?));
        let (kind, size) = header(&mut bytes)?;
        Ok(Stream { kind, size, bytes })
    }

    /// True if the object is in the list.
    pub fn holds(&self, id: &gix::oid) -> bool {
        self.ids.binary_search_by(|one| one.as_ref().cmp(id)).is_ok()
    }

    /// Reads an object; `None` if it is damaged or exceeds the memory budget.
    pub fn read(&self, id: &gix::oid, claim: &mut Claim) -> Option<(Kind, Vec<u8>)> {
        let mut stream = if self.holds(id) { self.open(id).ok()? } else { return None };
        if !claim.set(stream.size) {
            return None;
        }
        let mut bytes = Vec::new();
        stream.bytes.by_ref().take(stream.size + 1).read_to_end(&mut bytes).ok()?;
        (bytes.len() as u64 == stream.size).then_some((stream.kind, bytes))
    }
}

/// The id that a file's name encodes; `None` for other files, such as temporary ones.
fn id(first: &str, name: &std::ffi::OsStr, hash: gix::hash::Kind) -> Option<ObjectId> {
    let rest = name.to_str().filter(|rest| rest.len() + 2 == hash.len_in_hex())?;
    ObjectId::from_hex(format!("{first}{rest}").as_bytes()).ok()
}

/// Reads a header such as `blob 123\0`.
fn header(bytes: &mut impl Read) -> io::Result<(Kind, u64)> {
    let mut header = Vec::with_capacity(32);
    let mut byte = [0];
    loop {
        bytes.read_exact(&mut byte)?;
        if byte[0] == 0 {
            break;
        }
        header.push(byte[0]);
        if header.len() > 32 {
            return Err(io::Error::other("its header is damaged"));
        }
    }
    parse(&header).ok_or_else(|| io::Error::other("its header is damaged"))
}

/// Splits a header into kind and size.
fn parse(header: &[u8]) -> Option<(Kind, u64)> {
    let space = header.iter().position(|&byte| byte == b' ')?;
    let kind = Kind::from_bytes(&header[..space]).ok()?;
    let size = std::str::from_utf8(&header[space + 1..]).ok()?.parse().ok()?;
    Some((kind, size))
}
