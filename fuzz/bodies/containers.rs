//! Containers: no bytes make a reader panic, read without end, or return more than the limits
//! allow.
//!
//! The first byte of an input chooses the reader, the others are its container: the magic number is
//! written over its beginning, and checksums that would end a reading at once are corrected.
//! `KEYSWEEP_FUZZ_KIND=zip` leaves out the inputs of all other readers.

use std::sync::LazyLock;

use keysweep::coverage::Ledger;
use keysweep::source::container::{ContainerOptions, Limit, Limits, scan};

use super::blind::Blind;

/// A form of container: its name, and its beginnings.
struct Kind(&'static str, &'static [&'static [u8]]);

const ARCHIVES: &[Kind] = &[
    Kind("zip", &[b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08PK\x03\x04"]),
    Kind("tar", &[b""]),
    Kind("ar", &[b"!<arch>\n"]),
    Kind("cpio", &[b"070701", b"070702", b"070707"]),
    Kind("rpm", &[b"\xed\xab\xee\xdb"]),
    Kind("7z", &[b"7z\xbc\xaf\x27\x1c"]),
];

const STREAMS: &[Kind] = &[
    Kind("gzip", &[b"\x1f\x8b\x08"]),
    Kind("bzip2", &[b"BZh9\x31\x41\x59\x26\x53\x59", b"BZh9\x17\x72\x45\x38\x50\x90"]),
    Kind("xz", &[b"\xfd7zXZ\0"]),
    Kind("lzma", &[b"\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0"]),
    Kind("zstd", &[b"\x28\xb5\x2f\xfd"]),
    Kind("lz4", &[b"\x04\x22\x4d\x18"]),
    Kind("lzip", &[b"LZIP\x01\x10"]),
    Kind("compress", &[b"\x1f\x9d\x90", b"\x1f\x9d\x09"]),
];

const DOCUMENTS: &[Kind] = &[
    Kind("sqlite", &[b"SQLite format 3\0"]),
    Kind("wal", &[b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83"]),
    Kind("pdf", &[b"%PDF-"]),
    Kind("class", &[b"\xca\xfe\xba\xbe\0\0\0\x34"]),
    Kind("pyc", &[b"\xcb\x0d\r\n", b"\x55\x0d\r\n", b"\x03\xf3\r\n"]),
    Kind(
        "mail",
        &[b"From: a\nContent-Type: ", b"MIME-Version: 1.0\n", b"Received: ", b"Subject: "],
    ),
    Kind("ole", &[b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"]),
    Kind("rtf", &[b"{\\rtf1"]),
    Kind("svg", &[b"<svg><tspan"]),
    Kind("drawio", &[b"<mxfile><diagram>"]),
    Kind("avro", &[b"Obj\x01"]),
];

const BUNDLES: &[Kind] = &[
    Kind("pack", &[b"PACK\0\0\0\x02", b"PACK\0\0\0\x03"]),
    Kind("bundle", &[b"# v2 git bundle\n", b"# v3 git bundle\n"]),
];

const BETWEEN: &[Kind] = &[
    Kind("png", &[b"\x89PNG\r\n\x1a\n"]),
    Kind("mat", &[b"MATLAB 5.0 MAT-file"]),
    Kind("dump", &[b"PGDMP\x01"]),
    Kind("phar", &[b"<?php __HALT_COMPILER(); ?>\r\n"]),
    Kind("script", &[b"#!/bin/sh\n\x1f\x8b\x08"]),
    Kind("object", &[b"\x78\x01"]),
    Kind("http", &[b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08"]),
    Kind("kafka", &[b"\0\0\0\0\0\0\0\0\0\0\0\x40\0\0\0\0\x02"]),
    Kind("pcap", &[b"\xd4\xc3\xb2\xa1", b"\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a"]),
    Kind("android", &[b"ANDROID BACKUP\n5\n1\nnone\n"]),
    Kind("inside", &[b"\0\0\x1f\x8b\x08\0\0\0\0\0\0\x03"]),
];

/// The reader that alone is wanted.
static WANTED: LazyLock<Option<String>> =
    LazyLock::new(|| std::env::var("KEYSWEEP_FUZZ_KIND").ok().filter(|kind| !kind.is_empty()));

/// Makes a fuzzer continue if a library panics: that is caught, and reported of the member. What
/// panics elsewhere, or is not caught, still ends it.
pub fn forgive_libraries() {
    let strict = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let is_library =
            panic.location().is_some_and(|location| location.file().contains("registry/src"));
        if !is_library {
            strict(panic);
        }
    }));
}

/// zip, tar, ar, cpio, rpm and 7z.
pub fn archives(data: &[u8]) {
    read(ARCHIVES, data);
}

/// gzip, bzip2, xz, LZMA, Zstandard, LZ4, lzip and compress.
pub fn streams(data: &[u8]) {
    read(STREAMS, data);
}

/// SQLite and its log, PDF, Java classes, compiled Python, mail, compound files, RTF, drawings, Avro.
pub fn documents(data: &[u8]) {
    read(DOCUMENTS, data);
}

/// Packs and bundles of git as files.
pub fn bundles(data: &[u8]) {
    read(BUNDLES, data);
}

/// PNG, MATLAB, dumps of PostgreSQL, phar, scripts, loose objects of git, HTTP, Kafka, captures,
/// backups of Android, gzip in binaries.
pub fn between(data: &[u8]) {
    read(BETWEEN, data);
}

/// Bytes of members that may be read, and what the last read may add to them: a buffer.
const UNPACKED: u64 = 1 << 20;
const BUFFER: u64 = 8 << 20;

fn read(kinds: &[Kind], data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else { return };
    let Kind(name, beginnings) = kinds[usize::from(choice & 0x7f) % kinds.len()];
    if WANTED.as_ref().is_some_and(|wanted| wanted != name) {
        return;
    }
    let mut bytes = rest.to_vec();
    if !beginnings.iter().any(|beginning| bytes.starts_with(beginning)) {
        let len = beginnings[0].len().min(bytes.len());
        bytes.splice(..len, beginnings[0].iter().copied());
    }
    if choice & 0x80 == 0 {
        correct(name, &mut bytes);
    }
    let unpacked = Limit { value: UNPACKED, is_explicit: true };
    let options = ContainerOptions {
        limits: Limits { unpacked, ..Limits::default() },
        ..ContainerOptions::default()
    };
    let (ledger, blind) = (Ledger::new(), Blind::default());
    scan(b"fuzz", &bytes, &options, &blind, &ledger, &mut |_| {});
    let problems = ledger.coverage().problems;
    assert!(!problems.iter().any(|one| one.why.contains("a bug in keysweep")), "{problems:?}");
    let most = UNPACKED + BUFFER + 2 * bytes.len() as u64;
    assert!(blind.shown() <= most, "{} bytes were read of {}", blind.shown(), bytes.len());
}

/// Sets the checksums without which a reader looks no further.
fn correct(name: &str, bytes: &mut [u8]) {
    match name {
        "tar" if bytes.len() >= 512 => {
            bytes[257..262].copy_from_slice(b"ustar");
            bytes[148..156].copy_from_slice(b"        ");
            let sum: u64 = bytes[..512].iter().map(|&byte| u64::from(byte)).sum();
            bytes[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        }
        "7z" if bytes.len() >= 32 => {
            let word = |at: usize| {
                let bytes = bytes[at..at + 8].iter().rev();
                bytes.fold(0u64, |word, &byte| word << 8 | u64::from(byte))
            };
            let start = word(12).saturating_add(32);
            let range = usize::try_from(start).ok().zip(usize::try_from(word(20)).ok());
            let header = range.and_then(|(start, len)| bytes.get(start..)?.get(..len));
            if let Some(header) = header {
                let sum = crc32(header);
                bytes[28..32].copy_from_slice(&sum);
            }
            let sum = crc32(&bytes[12..32]);
            bytes[8..12].copy_from_slice(&sum);
        }
        "xz" if bytes.len() > 12 => {
            let sum = crc32(&bytes[6..8]);
            bytes[8..12].copy_from_slice(&sum);
            let end = 12 + (usize::from(bytes[12]) + 1) * 4;
            if let Some(header) = bytes.get_mut(12..end).filter(|header| header.len() > 4) {
                let at = header.len() - 4;
                let sum = crc32(&header[..at]);
                header[at..].copy_from_slice(&sum);
            }
        }
        _ => {}
    }
}

fn crc32(bytes: &[u8]) -> [u8; 4] {
    let mut sum = flate2::Crc::new();
    sum.update(bytes);
    sum.sum().to_le_bytes()
}
