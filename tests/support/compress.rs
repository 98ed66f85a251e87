//! Texts compressed with deflate, as small as it gets.

use std::io::Read;

use flate2::Compression;
use flate2::read::{DeflateEncoder, GzEncoder, ZlibEncoder};

pub(crate) fn gzip(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    all(GzEncoder::new(bytes.as_ref(), Compression::best()))
}

pub(crate) fn zlib(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    all(ZlibEncoder::new(bytes.as_ref(), Compression::best()))
}

/// Without a header.
pub(crate) fn deflate(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    all(DeflateEncoder::new(bytes.as_ref(), Compression::best()))
}

fn all(mut encoder: impl Read) -> Vec<u8> {
    let mut out = Vec::new();
    encoder.read_to_end(&mut out).expect("memory");
    out
}
