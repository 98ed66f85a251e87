//! Formats that are recognised and not opened: a report counts them, and they are scanned
//! unchanged.

/// A format that is not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// The name for reports.
    pub name: &'static str,
    /// True if its values are stored by column: adjacent bytes belong to different rows.
    pub columnar: bool,
}

const fn packed(name: &'static str) -> Form {
    Form { name, columnar: false }
}

const fn columns(name: &'static str) -> Form {
    Form { name, columnar: true }
}

/// Magic numbers at the start of a text, or at an offset.
const HEADS: [(usize, &[u8], Form); 37] = [
    (0, b"\x1f\xa0", packed("SCO compress -H (LZH)")),
    (0, b"\x1f\x1e", packed("pack (.z)")),
    (0, b"\x89LZO\0\r\n\x1a\n", packed("lzop")),
    (0, b"\xff\x06\0\0sNaPpY", packed("Snappy")),
    (0, b"bvx2", packed("LZFSE")),
    (0, b"pbzx\0", packed("pbzx")),
    (0, b"Rar!\x1a\x07", packed("rar")),
    (2, b"-lh5-", packed("LHA")),
    (2, b"-lh6-", packed("LHA")),
    (2, b"-lh7-", packed("LHA")),
    (0, b"MSCF\0\0\0\0", packed("cabinet")),
    (0, b"ISc(", packed("InstallShield cabinet")),
    (0, b"MSWIM\0\0\0", packed("Windows image (wim)")),
    (0, b"xar!\0\x1c", packed("xar")),
    (0, b"hsqs", packed("squashfs")),
    (0, b"sqsh", packed("squashfs")),
    // An AppImage of either type is a program with an image after it.
    (8, b"AI\x01", packed("AppImage")),
    (8, b"AI\x02", packed("AppImage")),
    (0, b"\x45\x3d\xcd\x28", packed("cramfs")),
    (1024, b"\xe2\xe1\xf5\xe0", packed("EROFS")),
    (0, b"QFI\xfb", packed("qcow disk image")),
    (0, b"KDMV", packed("VMDK disk image")),
    (0, b"vhdxfile", packed("VHDX disk image")),
    (0, b"\xed\xfe\xed\xfe", packed("Java key store")),
    (0, b"!BDN", packed("Outlook data file (pst)")),
    (0, b"REDIS0", packed("Redis dump")),
    (0, b"\x89HDF\r\n\x1a\n", columns("HDF5")),
    (0, b"PARE", columns("Parquet (encrypted)")),
    (0, b"ORC", columns("ORC")),
    (0, b"ARROW1\0\0", columns("Arrow")),
    (0, b"FEA1", columns("Arrow")),
    // A stream: a continuation mark, a length, and the table of a message.
    (0, b"\xff\xff\xff\xff", columns("Arrow")),
    (0, b"VTXF", columns("Vortex")),
    (8, b"DUCK", columns("DuckDB")),
    (0, b"LRZI", packed("lrzip")),
    (0, b"7kSt", packed("ZPAQ")),
    (0, b"zPQ", packed("ZPAQ")),
];

/// The first bytes of the magic numbers at the start: they rule out most texts.
const FIRST: [bool; 256] = {
    let mut first = [false; 256];
    let mut at = 0;
    while at < HEADS.len() {
        let (offset, magic, _) = HEADS[at];
        first[magic[0] as usize] |= offset == 0;
        at += 1;
    }
    first
};

/// Magic numbers at the end of a text.
const TAILS: [(&[u8], Form); 3] = [
    (b"\x57\xfb\x80\x8b\x24\x75\x47\xdb", packed("LevelDB table")),
    (b"\xf7\xcf\xf4\x85\xb7\x41\xe2\x88", packed("RocksDB table")),
    (b"LANC", columns("Lance")),
];

/// Bytes at the end of a text that reveal its format.
pub const TAIL: usize = 512;
/// Bytes at the start of a text that distinguish binary formats from letters.
const SHOWN: usize = 512;

/// The format of a text by its start, its end and, if neither decides, its name.
pub fn of(head: &[u8], tail: &[u8], name: &dyn Fn() -> Vec<u8>) -> Option<Form> {
    if cfg!(not(feature = "pdf")) && head.starts_with(b"%PDF-") {
        return Some(packed("PDF"));
    }
    let at = |offset: usize| head.get(offset..).unwrap_or_default();
    let begins_like_one = head.first().is_some_and(|&first| FIRST[usize::from(first)]);
    let known = HEADS.iter().find(|(offset, magic, form)| {
        (begins_like_one || *offset > 0)
            && head.get(*offset) == Some(&magic[0])
            && at(*offset).starts_with(magic)
            && is_borne_out(head, form.name)
    });
    if let Some((_, _, form)) = known {
        return Some(*form);
    }
    if has_image(head) {
        return Some(packed("squashfs"));
    }
    let is_binary = memchr::memchr(0, &head[..head.len().min(SHOWN)]).is_some();
    if is_binary && let Some((_, form)) = TAILS.iter().find(|(magic, _)| tail.ends_with(magic)) {
        return Some(*form);
    }
    // The trailer of an Apple disk image has exactly this length.
    if tail.len() == TAIL && tail.starts_with(b"koly\0\0\0\x04") {
        return Some(packed("Apple disk image (dmg)"));
    }
    // Brotli has no magic number.
    let is_packed = || {
        let text = std::str::from_utf8(&head[..head.len().min(SHOWN)]);
        text.is_err_and(|error| error.error_len().is_some())
    };
    (!head.is_empty() && is_packed() && name().ends_with(b".br")).then(|| packed("Brotli"))
}

/// True if the bytes after an ambiguous magic number match the format.
fn is_borne_out(head: &[u8], form: &str) -> bool {
    let shown = &head[..head.len().min(SHOWN)];
    match form {
        "AppImage" => head.starts_with(b"\x7fELF"),
        "Arrow" if head.starts_with(&[0xff; 4]) => {
            matches!(head.get(4..12), Some([_, _, 0..=3, 0, 8..=0x20, 0, 0, 0]))
        }
        "LHA" | "ORC" | "Parquet (encrypted)" | "Vortex" | "LZFSE" | "ZPAQ" => shown.contains(&0),
        "InstallShield cabinet" | "VMDK disk image" | "DuckDB" => shown.contains(&0),
        _ => true,
    }
}

/// True if an image follows a program, as in an AppImage: after the section table, which is the end
/// of an ELF program.
fn has_image(head: &[u8]) -> bool {
    let number = |at: usize, len: usize| {
        let bytes = head.get(at..at + len).unwrap_or_default().iter().rev();
        bytes.fold(0u64, |number, &byte| number << 8 | u64::from(byte))
    };
    let (table, entries, size) = match head.get(..6) {
        Some([0x7f, b'E', b'L', b'F', 2, 1]) => (number(40, 8), number(60, 2), number(58, 2)),
        Some([0x7f, b'E', b'L', b'F', 1, 1]) => (number(32, 4), number(48, 2), number(46, 2)),
        _ => return false,
    };
    let end = table.checked_add(entries * size).and_then(|end| usize::try_from(end).ok());
    let after = end.and_then(|end| head.get(end..)).unwrap_or_default();
    let aligned = end.unwrap_or_default().next_multiple_of(4096);
    after.starts_with(b"hsqs") || head.get(aligned..).is_some_and(|it| it.starts_with(b"hsqs"))
}
