//! Containers that are made to exhaust their readers: they are read within limits, reported, and
//! the status is 3.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::containers::pdf;
use crate::support::{Keys, Project, Ran};

/// Scans a file under a limit of memory, and gives its problems.
fn problems(project: &Project, name: &str) -> Vec<String> {
    let ran = scan(project, name).exits(3);
    ran.problems()
}

#[cfg(target_os = "linux")]
fn scan(project: &Project, name: &str) -> Ran {
    /// Most memory that a scan of a bomb may take, in KiB: as many buffers as containers nest.
    const MEMORY: u64 = 400 << 10;
    let program = format!(
        "ulimit -v {}; exec \"$0\" scan --threads 1 --format json \"$1\"",
        MEMORY + (200 << 10)
    );
    project.shell(&program, name)
}

#[cfg(not(target_os = "linux"))]
fn scan(project: &Project, name: &str) -> Ran {
    project.keysweep(["scan", "--threads", "1", "--format", "json", name]).run()
}

/// Zeros in gzip, packed a thousandfold without ever holding them.
fn zeros(bytes: u64) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let block = vec![0; 1 << 20];
    for _ in 0..bytes >> 20 {
        encoder.write_all(&block).expect("memory");
    }
    encoder.finish().expect("memory")
}

#[test]
fn zeros_packed_a_thousandfold() {
    // The members of a gzip follow one another.
    let project = Project::new();
    project.file("zeros.gz", zeros(64 << 20).repeat(4));
    let reported = problems(&project, "zeros.gz");
    assert!(reported[0].contains("raise --max-ratio"), "{reported:?}");
}

#[test]
fn a_million_empty_members() {
    let project = Project::new();
    let (mut directory, mut members) = (Vec::new(), Vec::new());
    for number in 0..1_000_000u32 {
        let name = format!("{number}");
        let offset = u32::try_from(members.len()).expect("small");
        members.extend(zip_header(b"PK\x03\x04", &name, None));
        directory.extend(zip_header(b"PK\x01\x02", &name, Some(offset)));
    }
    project.file("empty.zip", zip_of(members, &directory, 1));
    let reported = problems(&project, "empty.zip");
    assert!(reported[0].contains("raise --max-members"), "{reported:?}");
}

#[test]
fn members_that_share_their_bytes() {
    let project = Project::new();
    let body = zip_header(b"PK\x03\x04", "a", None);
    let mut sum = flate2::Crc::new();
    sum.update(&[b'x'; 500]);
    let directory: Vec<u8> = (0..1000)
        .flat_map(|_| {
            let mut header = zip_header(b"PK\x01\x02", "a", Some(0));
            header[16..20].copy_from_slice(&sum.sum().to_le_bytes());
            header[20..24].copy_from_slice(&500u32.to_le_bytes());
            header[24..28].copy_from_slice(&500u32.to_le_bytes());
            header
        })
        .collect();
    let members = [body, vec![b'x'; 500]].concat();
    project.file("overlap.zip", zip_of(members, &directory, 1000));
    let reported = problems(&project, "overlap.zip");
    assert!(reported.iter().any(|why| why.contains("shares bytes with another")), "{reported:?}");
    assert!(reported.iter().any(|why| why.contains("949 more")), "{reported:?}");
}

/// The header of a member of a tar.
fn tar_header(kind: u8, size: u64) -> [u8; 512] {
    let mut header = [0u8; 512];
    header[..4].copy_from_slice(b"name");
    header[100..107].copy_from_slice(b"0000644");
    header[124] = 0x80;
    header[128..136].copy_from_slice(&size.to_be_bytes());
    header[156] = kind;
    header[257..265].copy_from_slice(b"ustar\x0000");
    header[148..156].copy_from_slice(b"        ");
    let sum: u64 = header.iter().map(|&byte| u64::from(byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

#[test]
fn a_tar_with_a_lying_size() {
    let project = Project::new();
    project.file("lying.tar", [&tar_header(b'0', u64::MAX >> 1)[..], &[b'x'; 2000]].concat());
    let reported = problems(&project, "lying.tar");
    assert!(reported[0].contains("the member's size is wrong"), "{reported:?}");
}

#[test]
fn folders_of_a_tar_take_no_room_whatever_size_they_claim() {
    let project = Project::new();
    let (file, folder) = (tar_header(b'0', 512), tar_header(b'5', u64::MAX >> 1));
    let rest = [b'x'; 512];
    project.file("folders.tar", [&file[..], &rest, &folder, &folder, &folder, &rest].concat());
    let reported = problems(&project, "folders.tar");
    assert!(reported[0].contains("the header at byte 2560 is damaged"), "{reported:?}");
}

#[test]
fn a_tree_in_a_pack_that_is_all_zeros() {
    let project = Project::new();
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), Compression::best());
    let block = vec![0; 1 << 20];
    (0..80).for_each(|_| encoder.write_all(&block).expect("memory"));
    let mut pack = b"PACK\0\0\0\x02\0\0\0\x01".to_vec();
    // A tree of 80 MiB.
    pack.extend(b"\xa0\x80\x80\xc0\x02");
    pack.extend(encoder.finish().expect("memory"));
    project.file("zeros.pack", pack);
    let reported = problems(&project, "zeros.pack");
    assert!(reported[0].contains("raise --max-ratio"), "{reported:?}");
}

/// A database of two pages, the second of which no table owns: a list of `cells` places, the place
/// of a first free block, and bytes at some places.
fn database(cells: usize, cell: u16, free: u16, parts: &[(usize, &[u8])]) -> Vec<u8> {
    let mut file = vec![0; 2 << 16];
    file[..18].copy_from_slice(b"SQLite format 3\0\x00\x01");
    file[100] = 13;
    let page = &mut file[1 << 16..];
    page[0] = 13;
    page[1..3].copy_from_slice(&free.to_be_bytes());
    page[3..5].copy_from_slice(&u16::try_from(cells).expect("few").to_be_bytes());
    page[8..][..2 * cells].chunks_mut(2).for_each(|at| at.copy_from_slice(&cell.to_be_bytes()));
    for (at, part) in parts {
        page[*at..][..part.len()].copy_from_slice(part);
    }
    file
}

/// Scans a database that would give without end, and says how many bytes of text it gave. The key
/// in it is found.
fn given(name: &str, file: Vec<u8>) -> u64 {
    let project = Project::new();
    project.file(name, file);
    let ran = scan(&project, name).exits(1);
    ran.json()["coverage"]["bytes"].as_u64().expect("a count")
}

#[test]
fn rows_that_share_their_bytes() {
    // Length, number, a header of one text of 1,000 bytes, and the text.
    let pair = Keys::new("shared rows").pair();
    let mut cell = b"\x87\x6b\x01\x03\x8f\x5d".to_vec();
    cell.extend(pair.env.bytes().chain([b'.'; 1000]).take(1000));
    let file = database(32_000, 64_300, 0, &[(64_300, &cell)]);
    assert!(given("rows.db", file) < 1 << 20);
}

#[test]
fn free_blocks_that_share_their_bytes() {
    let pair = Keys::new("shared blocks").pair();
    let blocks: Vec<u8> = (0..16_000u16)
        .flat_map(|number| {
            let next = (8 + 4 * (number + 1)).to_be_bytes();
            [next, [0xff, 0xff]].concat()
        })
        .collect();
    let file = database(0, 0, 8, &[(8, &blocks), (64_500, pair.env.as_bytes())]);
    assert!(given("blocks.db", file) < 1 << 20);
}

#[test]
fn archives_in_archives_without_end() {
    let project = Project::new();
    let mut inner = zeros(1 << 20);
    for _ in 0..40 {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&inner).expect("memory");
        inner = encoder.finish().expect("memory");
    }
    project.file("deep.gz", inner);
    let reported = problems(&project, "deep.gz");
    assert!(reported[0].contains("raise --depth"), "{reported:?}");
}

#[test]
fn a_wide_tree_of_archives_that_holds_petabytes() {
    // As 42.zip: sixteen copies of one archive in each, five deep.
    let project = Project::new();
    let mut inner = zeros(64 << 20);
    for level in 0..5 {
        let (mut directory, mut members) = (Vec::new(), Vec::new());
        for copy in 0..16 {
            let name = format!("{level}-{copy}.zip");
            let offset = u32::try_from(members.len()).expect("small");
            for (signature, offset) in [(b"PK\x03\x04", None), (b"PK\x01\x02", Some(offset))] {
                let mut header = zip_header(signature, &name, offset);
                let at = if offset.is_some() { 20 } else { 18 };
                let size = u32::try_from(inner.len()).expect("small").to_le_bytes();
                header[at..at + 4].copy_from_slice(&size);
                header[at + 4..at + 8].copy_from_slice(&size);
                if offset.is_some() { &mut directory } else { &mut members }.extend(header);
            }
            members.extend(&inner);
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&zip_of(members, &directory, 16)).expect("memory");
        inner = encoder.finish().expect("memory");
    }
    project.file("42.zip.gz", inner);
    let reported = problems(&project, "42.zip.gz");
    assert!(
        reported
            .iter()
            .any(|why| why.contains("raise --max-ratio") || why.contains("raise --depth")),
        "{reported:?}"
    );
}

/// A PDF with a page of letters that these CMaps say, and a key on another page.
fn of_maps(name: &str, maps: &[String], page: &str) -> Vec<u8> {
    let pair = Keys::new(name).pair();
    let plain = format!("BT ({}) Tj ET", pair.env.replace('\n', ") Tj T* ("));
    let mut objects =
        vec![pdf::packed(4, "", page.as_bytes()), pdf::packed(3, "", plain.as_bytes())];
    for (number, map) in (100..).zip(maps) {
        let font = format!("<< /Subtype /Type0 /ToUnicode {} 0 R >>", number + 10_000);
        objects.push(pdf::object(1, &format!("<< /F1 {number} 0 R >>")));
        objects.push(pdf::object(number, &font));
        objects.push(pdf::packed(number + 10_000, "", map.as_bytes()));
    }
    pdf::pdf(&objects)
}

#[test]
fn cmaps_that_say_all_codes_a_million_times() {
    // Maps of one letter, of two, and with a list of several letters for each code.
    let pages = "BT /F1 1 Tf <0041> Tj ET";
    let ranges = |one: &str, two: &str| {
        format!(
            "beginbfrange {}",
            format!("<0000> <FFFF> {one} <0001> <FFFF> {two} ").repeat(500_000)
        )
    };
    let list = format!("[{}]", "<00410042>".repeat(300));
    for (name, map) in [
        ("turn", ranges("<0041>", "<0042>")),
        ("long", ranges("<00410042>", "<00420043>")),
        ("list", ranges(&list, &list)[..30 << 20].to_owned()),
    ] {
        let project = Project::new();
        project.file("maps.pdf", of_maps(name, &[map], pages));
        let reported = scan(&project, "maps.pdf").exits(1).problems();
        assert!(
            reported.iter().any(|why| why.contains("has more font data")),
            "{name}: {reported:?}"
        );
    }
}

#[test]
fn fonts_without_end() {
    // More fonts than are tried may be meant by a name, and a page asks for names without end.
    let map = (0..4000).map(|code| format!("<{code:04X}> <{:04X}>", code ^ 0x155));
    let map = format!("beginbfchar {}", map.collect::<String>());
    let names = (0..50_000).map(|name| format!("/F{name} 1 Tf(a)Tj "));
    let page = format!("BT {}", names.collect::<String>());
    let project = Project::new();
    project.file("fonts.pdf", of_maps("fonts", &vec![map; 50], &page));
    let ran = scan(&project, "fonts.pdf").exits(1);
    assert_eq!(ran.left_out("unlettered"), 1, "{ran:?}");
}

#[test]
fn a_page_whose_letters_are_texts() {
    let map = format!("beginbfchar <4141> <{}>", "4E00".repeat(16));
    let page = format!("BT /F1 1 Tf ({}) Tj ET", "A".repeat(15 << 20));
    let project = Project::new();
    project.file("texts.pdf", of_maps("texts", &[map], &page));
    let ran = scan(&project, "texts.pdf").exits(1);
    let reported = ran.problems();
    assert!(reported.iter().any(|why| why.contains("more text than is read")), "{reported:?}");
}

#[test]
fn an_object_stream_of_zeros() {
    let key = of_maps("object streams", &[], "");
    let zeros = pdf::packed(1, "/Type /ObjStm /N 9999999 /First 10", &vec![b'0'; 15 << 20]);
    let project = Project::new();
    project.file("zeros.pdf", [key, zeros.repeat(100)].concat());
    // The page before them is read all the same.
    let reported = scan(&project, "zeros.pdf").exits(1).problems();
    let is_reported = |what| reported.iter().any(|why| why.contains(what));
    assert!(is_reported("raise --max-ratio") && is_reported("has more font data"), "{reported:?}");
}

/// A header of a stored member of no bytes; with an offset, of the directory.
fn zip_header(signature: &[u8; 4], name: &str, offset: Option<u32>) -> Vec<u8> {
    let mut header = signature.to_vec();
    header.resize(if offset.is_some() { 46 } else { 30 }, 0);
    let length = u16::try_from(name.len()).expect("short").to_le_bytes();
    let at = if offset.is_some() { 28 } else { 26 };
    header[at..at + 2].copy_from_slice(&length);
    if let Some(offset) = offset {
        header[42..46].copy_from_slice(&offset.to_le_bytes());
    }
    header.extend(name.as_bytes());
    header
}

/// A zip of members and a directory that are made already.
fn zip_of(mut members: Vec<u8>, directory: &[u8], count: u16) -> Vec<u8> {
    let start = u32::try_from(members.len()).expect("small");
    let size = u32::try_from(directory.len()).expect("small");
    members.extend(directory);
    members.extend(b"PK\x05\x06\0\0\0\0");
    members.extend(count.to_le_bytes());
    members.extend(count.to_le_bytes());
    members.extend(size.to_le_bytes());
    members.extend(start.to_le_bytes());
    members.extend([0, 0]);
    members
}
