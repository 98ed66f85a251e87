//! What a text is a container of, by its first bytes; a name says nothing.

use super::input::Input;
use super::{Fault, Members};
use super::{
    ar, bzip2, class, compress, cpio, embedded, gzip, lz4, mail, object, pack, pyc, rpm, sevenz,
    sqlite, stored, tar, xz, zip, zstd,
};

/// A form of container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An archive of `ar`, such as a Debian package.
    Ar,
    /// A file of Avro.
    Avro,
    /// A backup of Android.
    Backup,
    /// A bundle of git.
    Bundle,
    /// A file of bzip2.
    Bzip2,
    /// A class of Java.
    Class,
    /// A file of `compress`.
    Compress,
    /// An archive of cpio.
    Cpio,
    /// A dump of PostgreSQL in its custom format.
    Dump,
    /// A file of gzip.
    Gzip,
    /// A file of LZ4.
    Lz4,
    /// A file of LZMA, the format before xz.
    Lzma,
    /// A file of lzip.
    Lzip,
    /// A mail with its attachments.
    Mail,
    /// A file of MATLAB.
    Mat,
    /// A file that holds packed streams between what is not packed, as a capture of packets.
    Mixed,
    /// A loose object of git.
    Object,
    /// A pack of git.
    Pack,
    /// A PDF; read with the feature `pdf`.
    Pdf,
    /// An archive of PHP.
    Phar,
    /// A PNG, for its texts.
    Png,
    /// A compiled module of Python.
    Pyc,
    /// A package of RPM.
    Rpm,
    /// A script with an archive behind it.
    Script,
    /// An archive of 7-Zip.
    SevenZ,
    /// A database of SQLite.
    Sqlite,
    /// The write-ahead log of an SQLite database.
    SqliteLog,
    /// An archive of tar.
    Tar,
    /// A file of xz.
    Xz,
    /// An archive of zip.
    Zip,
    /// A file of Zstandard.
    Zstd,
}

impl Kind {
    /// Reads a container of this kind.
    pub fn read(self, input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
        match self {
            Self::Ar => ar::read(input, members),
            Self::Compress => compress::read(input, members),
            Self::Avro => stored::read_avro(input, members),
            Self::Backup => stored::read_backup(input, members),
            Self::Lzip => xz::read_lzip(input, members),
            Self::Mixed => stored::read_mixed(input, members),
            Self::Bundle => pack::read_bundle(input, members),
            Self::Bzip2 => bzip2::read(input, members),
            Self::Class => class::read(input, members),
            Self::Cpio => cpio::read(input, members),
            Self::Dump => embedded::read_dump(input, members),
            Self::Gzip => gzip::read(input, members),
            Self::Lz4 => lz4::read(input, members),
            Self::Lzma => xz::read_old(input, members),
            Self::Mail => mail::read(input, members),
            Self::Mat => embedded::read_mat(input, members),
            Self::Object => object::read(input, members),
            Self::Pack => pack::read(input, members),
            #[cfg(feature = "pdf")]
            Self::Pdf => super::pdf::read(input, members),
            #[cfg(not(feature = "pdf"))]
            Self::Pdf => Err(Fault::broken("this build reads no PDF")),
            Self::Phar => embedded::read_phar(input, members),
            Self::Png => embedded::read_png(input, members),
            Self::Pyc => pyc::read(input, members),
            Self::Rpm => rpm::read(input, members),
            Self::Script => embedded::read_script(input, members),
            Self::SevenZ => sevenz::read(input, members),
            Self::Sqlite => sqlite::read(input, members),
            Self::SqliteLog => sqlite::read_log(input, members),
            Self::Tar => tar::read(input, members),
            Self::Xz => xz::read(input, members),
            Self::Zip => zip::read(input, members),
            Self::Zstd => zstd::read(input, members),
        }
    }

    /// Whether a text may begin like this by chance, so that one that can't be read is none.
    pub fn is_weak(self) -> bool {
        let by_chance =
            matches!(self, Self::Class | Self::Cpio | Self::Lzma | Self::Pyc | Self::Tar);
        // They are text, or a picture, whatever stands between.
        by_chance || matches!(self, Self::Mat | Self::Mixed | Self::Phar | Self::Png | Self::Script)
    }

    /// Whether what is not packed in it is text as well.
    pub fn is_text_too(self) -> bool {
        matches!(
            self,
            Self::Avro
                | Self::Mixed
                | Self::Dump
                | Self::Mail
                | Self::Mat
                | Self::Pdf
                | Self::Phar
                | Self::Png
                | Self::Script
        )
    }

    /// Whether it is read in another order than that of its bytes.
    pub fn is_random(self) -> bool {
        match self {
            Self::Backup | Self::Compress | Self::Lzip => false,
            Self::Ar | Self::Bzip2 | Self::Cpio | Self::Gzip | Self::Lz4 | Self::Lzma => false,
            Self::Object | Self::Rpm | Self::Tar | Self::Xz | Self::Zstd => false,
            Self::Avro | Self::Dump | Self::Mat | Self::Mixed | Self::Phar => true,
            Self::Png | Self::Script => true,
            Self::Bundle | Self::Class | Self::Mail | Self::Pack | Self::Pdf | Self::Pyc => true,
            Self::SevenZ | Self::Sqlite | Self::SqliteLog | Self::Zip => true,
        }
    }

    /// Whether more may be packed in it than is opened.
    pub fn is_partly_read(self) -> bool {
        matches!(self, Self::Mixed)
    }

    /// Whether its decoder has a window that the text itself sizes.
    pub fn has_window(self) -> bool {
        matches!(self, Self::Lzip | Self::Lzma | Self::SevenZ | Self::Xz | Self::Zip | Self::Zstd)
    }

    /// What it is called in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ar => "ar archive",
            Self::Compress => "compress file",
            Self::Avro => "Avro file",
            Self::Backup => "backup of Android",
            Self::Lzip => "lzip file",
            Self::Bundle => "git bundle",
            Self::Bzip2 => "bzip2 file",
            Self::Class => "Java class",
            Self::Cpio => "cpio archive",
            Self::Dump => "dump of PostgreSQL",
            Self::Gzip => "gzip file",
            Self::Lz4 => "LZ4 file",
            Self::Lzma => "LZMA file",
            Self::Mail => "mail",
            Self::Mat => "MATLAB file",
            Self::Mixed => "file with something packed in it",
            Self::Object => "git object",
            Self::Pack => "git pack",
            Self::Pdf => "PDF",
            Self::Phar => "phar archive",
            Self::Png => "PNG",
            Self::Pyc => "compiled Python module",
            Self::Rpm => "rpm package",
            Self::Script => "script with something packed behind it",
            Self::SevenZ => "7z archive",
            Self::Sqlite => "SQLite database",
            Self::SqliteLog => "log of an SQLite database",
            Self::Tar => "tar archive",
            Self::Xz => "xz file",
            Self::Zip => "zip archive",
            Self::Zstd => "Zstandard file",
        }
    }
}

/// What a text is called that is packed in a form which is not opened; by its beginning.
pub fn not_opened(head: &[u8]) -> Option<&'static str> {
    const FORMS: [(&[u8], &str); 16] = [
        (b"PAR1", "Parquet"),
        (b"ARROW1\0\0", "Arrow"),
        (b"FEA1", "Feather"),
        (b"Obj\x01", "Avro"),
        (b"MSWIM\0\0\0", "Windows image"),
        (b"REDIS0", "dump of Redis"),
        (b"\x1f\xa0", "compress -H (SCO)"),
        (b"Rar!\x1a\x07", "rar"),
        (b"MSCF\0\0\0\0", "cabinet"),
        (b"xar!\0\x1c", "xar"),
        (b"hsqs", "squashfs"),
        (b"sqsh", "squashfs"),
        (b"QFI\xfb", "qcow disk image"),
        (b"\xed\xfe\xed\xfe", "Java key store"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        (b"\x89LZO\0\r\n\x1a\n", "lzop"),
    ];
    if cfg!(not(feature = "pdf")) && head.starts_with(b"%PDF-") {
        return Some("PDF");
    }
    if head.starts_with(b"ORC") && head[..head.len().min(64)].iter().any(|byte| *byte < 9) {
        return Some("ORC");
    }
    if head.get(8..12) == Some(b"DUCK") {
        return Some("DuckDB");
    }
    if stored::is_capture(head) {
        return Some("capture of packets");
    }
    if stored::is_table(head) {
        return Some("table of RocksDB");
    }
    FORMS.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, form)| *form)
}

/// What a text is called that only its name says to be packed: brotli has no magic.
pub fn not_opened_by_name(head: &[u8], name: impl FnOnce() -> Vec<u8>) -> Option<&'static str> {
    let is_binary = head.iter().take(64).any(|byte| matches!(byte, 0..=8 | 0x0e..=0x1a));
    (is_binary && name().ends_with(b".br")).then_some("brotli")
}

/// The kind of a text by its beginning; `whole` says that nothing follows.
pub fn of(head: &[u8], whole: bool) -> Option<Kind> {
    by_magic(head)
        .or_else(|| is_tar(head).then_some(Kind::Tar))
        .or_else(|| (whole && ends_as_zip(head)).then_some(Kind::Zip))
        .or_else(|| embedded::of_program(head, whole))
        .or_else(|| object::is_one(head).then_some(Kind::Object))
        .or_else(|| stored::is_mixed(head, whole).then_some(Kind::Mixed))
}

fn by_magic(head: &[u8]) -> Option<Kind> {
    Some(match head {
        [0x1f, 0x8b, 8, ..=0x1f, ..] => Kind::Gzip,
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Kind::Zip,
        // A zip that was split and is whole again.
        [b'P', b'K', 7, 8, b'P', b'K', 3, 4, ..] => Kind::Zip,
        [b'P', b'K', b'0', b'0', b'P', b'K', 3, 4, ..] => Kind::Zip,
        [b'P', b'A', b'C', b'K', 0, 0, 0, 2 | 3, ..] => Kind::Pack,
        [b'B', b'Z', b'h', b'1'..=b'9', rest @ ..]
            if rest.starts_with(b"\x31\x41\x59\x26\x53\x59")
                || rest.starts_with(b"\x17\x72\x45\x38\x50\x90") =>
        {
            Kind::Bzip2
        }
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Kind::Xz,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Kind::Zstd,
        [4, 0x22, 0x4d, 0x18, ..] => Kind::Lz4,
        [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => Kind::SevenZ,
        [0xed, 0xab, 0xee, 0xdb, ..] => Kind::Rpm,
        // A universal binary of macOS has the same magic, and fewer parts than a class's version.
        [0xca, 0xfe, 0xba, 0xbe, _, _, 0, 45..=99, ..] => Kind::Class,
        [0x37, 0x7f, 0x06, 0x82 | 0x83, ..] => Kind::SqliteLog,
        // The usual properties, and a dictionary as xz takes it.
        [0x5d, a, b, c, d, ..] if is_lzma(u32::from_le_bytes([*a, *b, *c, *d]), head) => Kind::Lzma,
        [b'!', b'<', ..] if head.starts_with(b"!<arch>\n") => Kind::Ar,
        [b'0', b'7', b'0', b'7', b'0', b'1' | b'2' | b'7', b'0'..=b'9' | b'a'..=b'f', ..] => {
            Kind::Cpio
        }
        [b'S', b'Q', ..] if head.starts_with(b"SQLite format 3\0") => Kind::Sqlite,
        [b'%', b'P', b'D', b'F', b'-', ..] if cfg!(feature = "pdf") => Kind::Pdf,
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Kind::Png,
        [b'P', b'G', b'D', b'M', b'P', 1, ..] => Kind::Dump,
        [b'A', b'N', ..] if stored::is_backup(head) => Kind::Backup,
        [b'O', b'b', ..] if stored::is_avro(head) => Kind::Avro,
        [0x1f, 0x9d, ..] if compress::is_one(head) => Kind::Compress,
        [b'L', b'Z', b'I', b'P', 1, ..] => Kind::Lzip,
        [b'M', b'A', ..] if head.starts_with(b"MATLAB 5.0 MAT-file") => Kind::Mat,
        [b'#', b' ', b'v', b'2' | b'3', b' ', ..] if head[4..].starts_with(b" git bundle\n") => {
            Kind::Bundle
        }
        [_, _, b'\r', b'\n', ..] if pyc::is_one(head) => Kind::Pyc,
        [b'C' | b'D' | b'F' | b'M' | b'R' | b'S' | b'T' | b'X', ..] if mail::is_one(head) => {
            Kind::Mail
        }
        _ => return None,
    })
}

/// A dictionary is a power of two, half as much more, or of any size.
fn is_lzma(dictionary: u32, head: &[u8]) -> bool {
    let half_more = dictionary.is_multiple_of(3) && (dictionary / 3).is_power_of_two();
    let usual = dictionary >= 1 << 12 && (dictionary.is_power_of_two() || half_more)
        || dictionary == u32::MAX;
    let size = head.get(5..13).is_some_and(|size| size == [0xff; 8] || size[5..] == [0; 3]);
    usual && size && head.get(13) == Some(&0)
}

/// Whether a text ends with the record that ends a zip without a comment.
pub fn ends_as_zip(tail: &[u8]) -> bool {
    tail.len() >= 22 && tail[tail.len() - 22..].starts_with(b"PK\x05\x06")
}

/// POSIX and GNU name themselves; the older form only has its checksum.
fn is_tar(head: &[u8]) -> bool {
    let Some(header) = head.get(..512) else { return false };
    let named = &header[257..262] == b"ustar";
    let octal = |byte: u8| matches!(byte, b'0'..=b'7' | b' ');
    let old = header[0] != 0 && octal(header[148]) && octal(header[100]) && octal(header[124]);
    (named || old) && super::tar::has_checksum(header)
}
