//! Records of SQLite (section 2.1 of its file format): a header of types, then the values.

use std::collections::VecDeque;

/// The values of a row as text; NULL is empty.
pub(super) type Values = Vec<Vec<u8>>;

/// Limit in bytes of a header in unknown data, where each byte may begin one.
const LONGEST_CARVED: usize = 256;

/// The text encoding of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf16Little,
    Utf16Big,
}

/// Reads a record; values missing from the payload are left out. `None` if it is not a record.
pub(super) fn values(payload: &[u8], encoding: Encoding) -> Option<Values> {
    let (header, at) = varint(payload)?;
    let header =
        usize::try_from(header).ok().filter(|header| (at..=payload.len()).contains(header))?;
    let kinds = kinds(&payload[at..header])?;
    Some(of_kinds(&kinds, &payload[header..], encoding))
}

/// Reads a row, including its cell header, at the start of `bytes`, if its sizes are consistent;
/// returns its length as well. Used where only the bytes identify a row.
pub(super) fn carved(bytes: &[u8], encoding: Encoding) -> Option<(Values, usize)> {
    let (length, first) = varint(bytes)?;
    let (_, second) = varint(bytes.get(first..)?)?;
    let payload = bytes.get(first + second..)?;
    let payload = payload.get(..usize::try_from(length).ok()?)?;
    let (header, at) = varint(payload)?;
    let header = usize::try_from(header).ok()?;
    if !(at + 2..=LONGEST_CARVED).contains(&header) {
        return None;
    }
    let kinds = kinds(payload.get(at..header)?)?;
    let size: usize = kinds.iter().map(|&kind| size(kind)).sum();
    (size == payload.len() - header)
        .then(|| (of_kinds(&kinds, &payload[header..], encoding), first + second + payload.len()))
}

/// Reads a deleted row whose first four bytes are overwritten: those of its header, and the type of
/// a first column that was NULL, as for an integer primary key.
pub(super) fn beheaded(block: &[u8], encoding: Encoding) -> Option<Values> {
    let body = block.get(4..)?;
    (2..body.len().min(64)).find_map(|end| {
        let kinds = kinds(&body[..end])?;
        let size: usize = kinds.iter().map(|&kind| size(kind)).sum();
        (size == body.len() - end).then(|| of_kinds(&kinds, &body[end..], encoding))
    })
}

/// The types in a header.
fn kinds(mut header: &[u8]) -> Option<Vec<u64>> {
    let mut kinds = Vec::new();
    while !header.is_empty() {
        let (kind, length) = varint(header)?;
        if kind == 10 || kind == 11 || kind > 1 << 40 {
            return None;
        }
        kinds.push(kind);
        header = &header[length..];
    }
    Some(kinds)
}

/// Length of a value in bytes.
fn size(kind: u64) -> usize {
    let size = match kind {
        0 | 8 | 9 => 0,
        1..=4 => kind,
        5 => 6,
        6 | 7 => 8,
        _ => (kind - 12) / 2,
    };
    usize::try_from(size).unwrap_or(usize::MAX >> 8)
}

fn of_kinds(kinds: &[u64], body: &[u8], encoding: Encoding) -> Values {
    let mut at = 0;
    let value = |&kind: &u64| {
        let rest = body.get(at..).unwrap_or_default();
        let value = &rest[..size(kind).min(rest.len())];
        at += size(kind);
        match kind {
            8 => b"0".to_vec(),
            9 => b"1".to_vec(),
            1..=6 => integer(value).to_string().into_bytes(),
            13.. if kind % 2 == 1 => text(value, encoding),
            12.. => value.to_vec(),
            _ => Vec::new(),
        }
    };
    kinds.iter().map(value).collect()
}

/// Writes a row as a line, with `name=value` if the columns have names.
pub(super) fn write(values: &Values, columns: &[Vec<u8>], out: &mut VecDeque<u8>) {
    for (number, value) in values.iter().enumerate() {
        if number > 0 {
            out.push_back(b'\t');
        }
        if let Some(column) = columns.get(number).filter(|name| !name.is_empty()) {
            out.extend(column);
            out.push_back(b'=');
        }
        out.extend(value);
    }
    out.push_back(b'\n');
}

/// A number of up to nine bytes with seven bits each, and its length.
pub(super) fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut number = 0u64;
    for (at, &byte) in bytes.iter().take(9).enumerate() {
        if at == 8 {
            return Some((number << 8 | u64::from(byte), 9));
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((number, at + 1));
        }
    }
    None
}

fn integer(bytes: &[u8]) -> i64 {
    let first = bytes.first().map_or(0, |byte| i64::from(byte.cast_signed()));
    bytes.iter().skip(1).fold(first, |number, &byte| number << 8 | i64::from(byte))
}

fn text(bytes: &[u8], encoding: Encoding) -> Vec<u8> {
    let unit = |pair: &[u8]| match encoding {
        Encoding::Utf16Big => u16::from_be_bytes([pair[0], pair[1]]),
        _ => u16::from_le_bytes([pair[0], pair[1]]),
    };
    match encoding {
        Encoding::Utf8 => bytes.to_vec(),
        _ => {
            let units = bytes.chunks_exact(2).map(unit);
            let characters = char::decode_utf16(units).map(|unit| unit.unwrap_or('\u{fffd}'));
            characters.collect::<String>().into_bytes()
        }
    }
}
