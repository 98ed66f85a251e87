//! Recognises containers by their first bytes; names are ignored.

use super::input::Input;
use super::{Fault, Members};
use super::{
    ar, avro, bzip2, class, compress, cpio, drawing, embedded, gzip, lz4, mail, object, ole, pack,
    parquet, pcap, pyc, rpm, rtf, sevenz, sqlite, stored, stream, tar, xz, zip, zstd,
};

/// A format of containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An Android backup.
    Android,
    /// An `ar` archive, such as a Debian package.
    Ar,
    /// An Avro object container file.
    Avro,
    /// A git bundle.
    Bundle,
    /// A bzip2 file.
    Bzip2,
    /// A Java class file.
    Class,
    /// A file of Unix `compress`.
    Compress,
    /// A cpio archive.
    Cpio,
    /// A draw.io drawing, for its compressed pages.
    Drawio,
    /// A PostgreSQL dump in the custom format.
    Dump,
    /// A gzip file.
    Gzip,
    /// HTTP messages, for their compressed bodies.
    Http,
    /// A binary that contains gzip members.
    Inside,
    /// A segment of a Kafka log.
    Kafka,
    /// An LZ4 file.
    Lz4,
    /// An lzip file.
    Lzip,
    /// An LZMA file, the format before xz.
    Lzma,
    /// A mail with its attachments.
    Mail,
    /// A MATLAB file.
    Mat,
    /// A database that contains compressed streams among other data: Redis, RocksDB.
    Mixed,
    /// A loose git object.
    Object,
    /// A compound file, such as an Outlook message.
    Ole,
    /// A git pack.
    Pack,
    /// A Parquet file, for its text columns.
    Parquet,
    /// A network capture, pcap or pcapng.
    Pcap,
    /// A PDF; read with the feature `pdf`.
    Pdf,
    /// A PHP archive.
    Phar,
    /// A PNG, for its texts.
    Png,
    /// A compiled Python module.
    Pyc,
    /// An RPM package.
    Rpm,
    /// Rich Text Format.
    Rtf,
    /// A script with an archive after it.
    Script,
    /// A 7z archive.
    SevenZ,
    /// An SQLite database.
    Sqlite,
    /// The write-ahead log of an SQLite database.
    SqliteLog,
    /// An SVG whose texts are in pieces.
    Svg,
    /// A tar archive.
    Tar,
    /// An xz file.
    Xz,
    /// A zip archive.
    Zip,
    /// A Zstandard file.
    Zstd,
}

impl Kind {
    /// Reads a container of this kind.
    pub fn read(self, input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
        match self {
            Self::Android => stream::read_android(input, members),
            Self::Ar => ar::read(input, members),
            Self::Avro => avro::read(input, members),
            Self::Bundle => pack::read_bundle(input, members),
            Self::Bzip2 => bzip2::read(input, members),
            Self::Class => class::read(input, members),
            Self::Compress => compress::read(input, members),
            Self::Cpio => cpio::read(input, members),
            Self::Drawio => drawing::read_drawio(input, members),
            Self::Dump => embedded::read_dump(input, members),
            Self::Gzip => gzip::read(input, members),
            Self::Http => stream::read_http(input, members),
            Self::Inside => stream::read_inside(input, members),
            Self::Kafka => stream::read_kafka(input, members),
            Self::Lz4 => lz4::read(input, members),
            Self::Lzip => xz::read_lzip(input, members),
            Self::Lzma => xz::read_old(input, members),
            Self::Mail => mail::read(input, members),
            Self::Mat => embedded::read_mat(input, members),
            Self::Mixed => stored::read(input, members),
            Self::Object => object::read(input, members),
            Self::Ole => ole::read(input, members),
            Self::Pack => pack::read(input, members),
            Self::Parquet => parquet::read(input, members),
            Self::Pcap => pcap::read(input, members),
            #[cfg(feature = "pdf")]
            Self::Pdf => super::pdf::read(input, members),
            #[cfg(not(feature = "pdf"))]
            Self::Pdf => Err(Fault::broken("this build does not read PDFs")),
            Self::Phar => embedded::read_phar(input, members),
            Self::Png => embedded::read_png(input, members),
            Self::Pyc => pyc::read(input, members),
            Self::Rpm => rpm::read(input, members),
            Self::Rtf => rtf::read(input, members),
            Self::Script => embedded::read_script(input, members),
            Self::SevenZ => sevenz::read(input, members),
            Self::Sqlite => sqlite::read(input, members),
            Self::SqliteLog => sqlite::read_log(input, members),
            Self::Svg => drawing::read_svg(input, members),
            Self::Tar => tar::read(input, members),
            Self::Xz => xz::read(input, members),
            Self::Zip => zip::read(input, members),
            Self::Zstd => zstd::read(input, members),
        }
    }

    /// True if a text may match by chance, so that one which can't be read is not a container.
    pub fn is_weak(self) -> bool {
        let by_chance =
            matches!(self, Self::Class | Self::Cpio | Self::Lzma | Self::Pyc | Self::Tar);
        // These are text or a picture, whatever they contain.
        by_chance
            || matches!(self, Self::Mat | Self::Mixed | Self::Phar | Self::Png | Self::Script)
            || matches!(self, Self::Drawio | Self::Http | Self::Inside | Self::Rtf | Self::Svg)
    }

    /// True if its unpacked parts are scanned as text as well.
    pub fn is_text_too(self) -> bool {
        matches!(self, Self::Drawio | Self::Dump | Self::Http | Self::Inside | Self::Mail)
            || matches!(self, Self::Mat | Self::Ole | Self::Pcap | Self::Pdf | Self::Phar)
            || matches!(self, Self::Mixed | Self::Png | Self::Rtf | Self::Script | Self::Svg)
    }

    /// True if it needs random access.
    pub fn is_random(self) -> bool {
        match self {
            Self::Ar | Self::Bzip2 | Self::Cpio | Self::Gzip | Self::Lz4 | Self::Lzma => false,
            Self::Object | Self::Rpm | Self::Tar | Self::Xz | Self::Zstd => false,
            Self::Android | Self::Avro | Self::Compress | Self::Kafka | Self::Lzip => false,
            Self::Drawio | Self::Http | Self::Inside | Self::Ole | Self::Pcap => true,
            Self::Mixed | Self::Parquet | Self::Rtf | Self::Svg => true,
            Self::Dump | Self::Mat | Self::Phar | Self::Png | Self::Script => true,
            Self::Bundle | Self::Class | Self::Mail | Self::Pack | Self::Pdf | Self::Pyc => true,
            Self::SevenZ | Self::Sqlite | Self::SqliteLog | Self::Zip => true,
        }
    }

    /// True if its values are stored by column, so that adjacent bytes are unrelated.
    pub fn is_columnar(self) -> bool {
        self == Self::Parquet
    }

    /// True if it may contain more packed data than is opened.
    pub fn is_partly_read(self) -> bool {
        self == Self::Mixed
    }

    /// True if the container itself sets the window size of its decoder.
    pub fn has_window(self) -> bool {
        matches!(self, Self::Lzma | Self::SevenZ | Self::Xz | Self::Zip | Self::Zstd)
            || matches!(self, Self::Avro | Self::Http | Self::Kafka | Self::Lzip | Self::Parquet)
    }

    /// The name for messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Android => "Android backup",
            Self::Ar => "ar archive",
            Self::Avro => "Avro file",
            Self::Bundle => "git bundle",
            Self::Bzip2 => "bzip2 file",
            Self::Class => "Java class",
            Self::Compress => "compress file",
            Self::Cpio => "cpio archive",
            Self::Drawio => "draw.io drawing",
            Self::Dump => "PostgreSQL dump",
            Self::Gzip => "gzip file",
            Self::Http => "HTTP response",
            Self::Inside => "binary with gzip data",
            Self::Kafka => "Kafka log segment",
            Self::Lz4 => "LZ4 file",
            Self::Lzip => "lzip file",
            Self::Lzma => "LZMA file",
            Self::Mail => "mail",
            Self::Mat => "MATLAB file",
            Self::Mixed => "file with embedded compressed data",
            Self::Object => "git object",
            Self::Ole => "compound file",
            Self::Pack => "git pack",
            Self::Parquet => "Parquet file",
            Self::Pcap => "network capture",
            Self::Pdf => "PDF",
            Self::Phar => "phar archive",
            Self::Png => "PNG",
            Self::Pyc => "compiled Python module",
            Self::Rpm => "rpm package",
            Self::Rtf => "RTF",
            Self::Script => "script with an appended archive",
            Self::SevenZ => "7z archive",
            Self::Sqlite => "SQLite database",
            Self::SqliteLog => "SQLite write-ahead log",
            Self::Svg => "SVG",
            Self::Tar => "tar archive",
            Self::Xz => "xz file",
            Self::Zip => "zip archive",
            Self::Zstd => "Zstandard file",
        }
    }
}

/// The kind of a text by its first bytes; `whole` is true if nothing follows them.
pub fn of(head: &[u8], whole: bool) -> Option<Kind> {
    by_magic(head)
        .or_else(|| is_tar(head).then_some(Kind::Tar))
        .or_else(|| (whole && ends_as_zip(head)).then_some(Kind::Zip))
        .or_else(|| embedded::of_program(head, whole))
        .or_else(|| object::is_one(head).then_some(Kind::Object))
        .or_else(|| stream::is_kafka(head).then_some(Kind::Kafka))
        .or_else(|| stored::is_one(head, whole).then_some(Kind::Mixed))
        .or_else(|| stream::holds_gzip(head).then_some(Kind::Inside))
}

fn by_magic(head: &[u8]) -> Option<Kind> {
    Some(match head {
        [0x1f, 0x8b, 8, ..=0x1f, ..] => Kind::Gzip,
        [0x1f, 0x9d, ..] => Kind::Compress,
        [b'L', b'Z', b'I', b'P', 1, ..] => Kind::Lzip,
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Kind::Zip,
        // A split zip that was joined again.
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
        // A universal binary of macOS has the same magic number, and fewer parts than the least
        // class version.
        [0xca, 0xfe, 0xba, 0xbe, _, _, 0, 45..=99, ..] => Kind::Class,
        [0x37, 0x7f, 0x06, 0x82 | 0x83, ..] => Kind::SqliteLog,
        // The usual properties, and a dictionary size that xz accepts.
        [0x5d, a, b, c, d, ..] if is_lzma(u32::from_le_bytes([*a, *b, *c, *d]), head) => Kind::Lzma,
        [b'!', b'<', ..] if head.starts_with(b"!<arch>\n") => Kind::Ar,
        [b'0', b'7', b'0', b'7', b'0', b'1' | b'2' | b'7', b'0'..=b'9' | b'a'..=b'f', ..] => {
            Kind::Cpio
        }
        [b'S', b'Q', ..] if head.starts_with(b"SQLite format 3\0") => Kind::Sqlite,
        [b'%', b'P', b'D', b'F', b'-', ..] if cfg!(feature = "pdf") => Kind::Pdf,
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Kind::Png,
        [b'P', b'G', b'D', b'M', b'P', 1, ..] => Kind::Dump,
        [b'M', b'A', ..] if head.starts_with(b"MATLAB 5.0 MAT-file") => Kind::Mat,
        [b'#', b' ', b'v', b'2' | b'3', b' ', ..] if head[4..].starts_with(b" git bundle\n") => {
            Kind::Bundle
        }
        [b'O', b'b', b'j', 1, ..] => Kind::Avro,
        [b'P', b'A', b'R', b'1', ..] if head[..head.len().min(512)].contains(&0) => Kind::Parquet,
        [b'A', b'N', b'D', ..] if stream::is_android(head) => Kind::Android,
        [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, ..] => Kind::Ole,
        [b'{', b'\\', b'r', b't', b'f', b'0'..=b'9' | b'\\', ..] => Kind::Rtf,
        [b'H' | b'G' | b'P', b'T' | b'E' | b'O' | b'U' | b'A', ..] if stream::is_http(head) => {
            Kind::Http
        }
        [b'<' | b' ' | b'\n' | 0xef, ..] if drawing::is_svg(head) => Kind::Svg,
        [b'<' | b' ' | b'\n' | 0xef, ..] if drawing::is_drawio(head) => Kind::Drawio,
        _ if pcap::is_one(head) => Kind::Pcap,
        [_, _, b'\r', b'\n', ..] if pyc::is_one(head) => Kind::Pyc,
        [b'C' | b'D' | b'F' | b'M' | b'R' | b'S' | b'T' | b'X', ..] if mail::is_one(head) => {
            Kind::Mail
        }
        _ => return None,
    })
}

/// True for a plausible `.lzma` header: its dictionary size is a power of two, half as much more,
/// or the value for any size.
fn is_lzma(dictionary: u32, head: &[u8]) -> bool {
    let half_more = dictionary.is_multiple_of(3) && (dictionary / 3).is_power_of_two();
    let usual = dictionary >= 1 << 12 && (dictionary.is_power_of_two() || half_more)
        || dictionary == u32::MAX;
    let size = head.get(5..13).is_some_and(|size| size == [0xff; 8] || size[5..] == [0; 3]);
    usual && size && head.get(13) == Some(&0)
}

/// True if a text ends with the end record of a zip without a comment.
pub fn ends_as_zip(tail: &[u8]) -> bool {
    tail.len() >= 22 && tail[tail.len() - 22..].starts_with(b"PK\x05\x06")
}

/// POSIX and GNU have a magic number; the older format has only its checksum.
fn is_tar(head: &[u8]) -> bool {
    let Some(header) = head.get(..512) else { return false };
    let named = &header[257..262] == b"ustar";
    let octal = |byte: u8| matches!(byte, b'0'..=b'7' | b' ');
    let old = header[0] != 0 && octal(header[148]) && octal(header[100]) && octal(header[124]);
    (named || old) && super::tar::has_checksum(header)
}
