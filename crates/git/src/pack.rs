//! One pack: its mapped bytes, the ids and offsets of its entries, and their headers.
//!
//! It returns compressed entries by offset and inflates nothing. The format is defined in git's
//! `Documentation/gitformat-pack.txt`.

use std::path::Path;

use gix::ObjectId;
use gix::odb::pack::{data, index};

/// The place of an entry in a pack, and what the index says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryPlace {
    /// Its offset.
    pub offset: u64,
    /// Its number in the index.
    pub number: u32,
    /// The checksum of its stored bytes; 0 if there is none. The index has it by number, and entries
    /// are read by offset: to look it up then would cost a cache miss for each.
    pub crc32: u32,
}

/// A pack and its index.
pub struct Pack {
    data: data::File,
    ids: Ids,
}

/// The objects of a pack, in order of their ids.
enum Ids {
    /// From the index file.
    Index(Box<index::File>),
    /// Found by reading a pack that has no index.
    Listed(Vec<(ObjectId, u64)>),
}

/// The header of an entry.
#[derive(Clone, Copy, Debug)]
pub struct Header {
    /// The type of the entry.
    pub form: EntryType,
    /// Inflated size in bytes, of the object or of the delta.
    pub size: u64,
    /// Length of the header in bytes.
    pub len: usize,
}

/// An object, or a delta of one.
#[derive(Clone, Copy, Debug)]
pub enum EntryType {
    /// The object itself.
    Object(gix::objs::Kind),
    /// A delta whose base begins this many bytes before it.
    OfsDelta(u64),
    /// A delta whose base has this id.
    RefDelta(ObjectId),
}

impl Pack {
    /// Maps a pack and its `.idx`.
    ///
    /// # Errors
    /// If either can't be mapped or is not in the expected format.
    pub fn open(pack: &Path, index: &Path, hash: gix::hash::Kind) -> gix::Result<Self> {
        let data = data::File::at(pack, hash)?;
        Ok(Self { data, ids: Ids::Index(Box::new(index::File::at(index, hash)?)) })
    }

    /// A pack whose objects were found by reading it; `listed` is sorted by id.
    pub fn listed(data: data::File, listed: Vec<(ObjectId, u64)>) -> Self {
        Self { data, ids: Ids::Listed(listed) }
    }

    /// Replaces the listed objects; used while the ids are still being computed.
    pub fn list(&mut self, listed: Vec<(ObjectId, u64)>) {
        self.ids = Ids::Listed(listed);
    }

    /// The file, for messages.
    pub fn path(&self) -> &Path {
        self.data.path()
    }

    /// All of the file's bytes.
    pub fn bytes(&self) -> &[u8] {
        self.data.entry_slice(0..self.data.data_len() as u64).unwrap_or_default()
    }

    /// Length of the checksum at the end of the file, in bytes.
    pub fn trailer(&self) -> usize {
        self.data.object_hash().len_in_bytes()
    }

    /// Number of objects in the index.
    pub fn len(&self) -> u32 {
        match &self.ids {
            Ids::Index(index) => index.num_objects(),
            Ids::Listed(listed) => u32::try_from(listed.len()).unwrap_or(u32::MAX),
        }
    }

    /// True if the index has no objects.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The id of the index's entry `number`, which is less than [`Self::len`].
    pub fn id(&self, number: u32) -> &gix::oid {
        match &self.ids {
            Ids::Index(index) => index.oid_at_index(number),
            Ids::Listed(listed) => &listed[number as usize].0,
        }
    }

    /// The offset of the index's entry `number`, which is less than [`Self::len`].
    pub fn offset(&self, number: u32) -> u64 {
        match &self.ids {
            Ids::Index(index) => index.pack_offset_at_index(number),
            Ids::Listed(listed) => listed[number as usize].1,
        }
    }

    /// True if the stored bytes of the entry match their checksum in the index.
    ///
    /// The checksum of zlib covers only the inflated bytes, not the header of the entry: a wrong
    /// base may have the right size.
    pub fn is_intact(&self, crc32: u32, entry: std::ops::Range<u64>) -> bool {
        if !self.has_checksums() {
            return true;
        }
        let fits = entry.start < entry.end && entry.end <= self.data.data_len() as u64;
        let len = usize::try_from(entry.end - entry.start);
        fits && len.is_ok_and(|len| self.data.entry_crc32(entry.start, len) == crc32)
    }

    /// True if the index has checksums of entries: since version 2.
    fn has_checksums(&self) -> bool {
        matches!(&self.ids, Ids::Index(index) if index.version() == index::Version::V2)
    }

    /// The index number of an id.
    pub fn find(&self, id: &gix::oid) -> Option<u32> {
        match &self.ids {
            Ids::Index(index) => index.lookup(id),
            Ids::Listed(listed) => listed
                .binary_search_by(|(one, _)| one.as_ref().cmp(id))
                .ok()
                .and_then(|number| u32::try_from(number).ok()),
        }
    }

    /// All entries in order of their offsets.
    pub fn places(&self) -> Vec<EntryPlace> {
        use rayon::slice::ParallelSliceMut;

        let crc32 = |number| match &self.ids {
            Ids::Index(index) => index.crc32_at_index(number).unwrap_or_default(),
            Ids::Listed(_) => 0,
        };
        let place =
            |number| EntryPlace { offset: self.offset(number), number, crc32: crc32(number) };
        let mut places: Vec<EntryPlace> = (0..self.len()).map(place).collect();
        places.par_sort_unstable();
        places
    }

    /// True if the pack ends with the checksum that its index names; a truncated pack does not.
    pub fn is_as_indexed(&self) -> bool {
        match &self.ids {
            Ids::Index(index) => index.pack_checksum() == self.data.checksum(),
            Ids::Listed(_) => true,
        }
    }
}

/// Reads the entry header at the start of `bytes`; `None` if it is truncated or of an unknown type.
#[inline]
pub fn header(bytes: &[u8], hash: gix::hash::Kind) -> Option<Header> {
    let first = *bytes.first()?;
    let mut len = 1;
    let mut size = u64::from(first & 0x0f);
    let mut shift = 4;
    let mut byte = first;
    while byte & 0x80 != 0 {
        byte = *bytes.get(len)?;
        len += 1;
        let group = u64::from(byte & 0x7f);
        size |= group.checked_shl(shift).filter(|shifted| shifted >> shift == group)?;
        shift += 7;
    }
    let form = match (first >> 4) & 7 {
        1 => EntryType::Object(gix::objs::Kind::Commit),
        2 => EntryType::Object(gix::objs::Kind::Tree),
        3 => EntryType::Object(gix::objs::Kind::Blob),
        4 => EntryType::Object(gix::objs::Kind::Tag),
        6 => EntryType::OfsDelta(distance(bytes, &mut len)?),
        7 => {
            let id = bytes.get(len..len + hash.len_in_bytes())?;
            len += id.len();
            EntryType::RefDelta(ObjectId::try_from(id).ok()?)
        }
        _ => return None,
    };
    Some(Header { form, size, len })
}

/// Decodes the offset of an ofs-delta, in which each further group adds 1.
fn distance(bytes: &[u8], len: &mut usize) -> Option<u64> {
    let mut byte = *bytes.get(*len)?;
    *len += 1;
    let mut value = u64::from(byte & 0x7f);
    while byte & 0x80 != 0 {
        byte = *bytes.get(*len)?;
        *len += 1;
        value = value.checked_add(1)?.checked_mul(128)?.checked_add(u64::from(byte & 0x7f))?;
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_as_git_writes_them() {
        // Size 0x2f5 takes two bytes; 16,512 is the least distance that takes three bytes.
        let ofs = header(&[0xe5, 0x2f, 0x80, 0x80, 0x00, 0xff], gix::hash::Kind::Sha1);
        let ofs = ofs.expect("a whole header");
        assert_eq!((ofs.size, ofs.len), (0x2f5, 5));
        assert!(matches!(ofs.form, EntryType::OfsDelta(16_512)), "{ofs:?}");
        let blob = header(&[0x31], gix::hash::Kind::Sha1).expect("a whole header");
        assert!(matches!(blob.form, EntryType::Object(gix::objs::Kind::Blob)));
        assert!(header(&[0x51], gix::hash::Kind::Sha1).is_none(), "type 5 is reserved");
        assert!(header(&[0x71, 1, 2], gix::hash::Kind::Sha1).is_none(), "its base is cut");
        assert!(header(&[0xff; 40], gix::hash::Kind::Sha1).is_none(), "its size overflows");
    }
}
