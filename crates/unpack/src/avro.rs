//! Avro object container files (Avro specification 1.11, "Object Container Files"): blocks of
//! records, written as JSON, one record per line.

use std::collections::HashMap;
use std::io::{BufReader, Read};

use flate2::bufread::DeflateDecoder;
use serde_json::Value;

use super::input::Input;
use super::{Fault, Members, bzip2, snappy, xz, zstd};

/// Limit in bytes of a block, compressed and uncompressed.
const LARGEST: u64 = 64 << 20;
/// Limit in bytes of the metadata, which contain the schema.
const METADATA: u64 = 16 << 20;
/// Limit of nested values.
const DEPTH: usize = 64;
/// Limit of values in a block that take no bytes, such as null.
const EMPTY: usize = 1 << 16;

pub(super) fn read(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let mut stream = input.packed(members);
    let mut magic = [0; 4];
    stream.read_exact(&mut magic)?;
    let metadata = metadata(&mut (&mut stream).take(METADATA))?;
    let mut sync = [0; 16];
    stream.read_exact(&mut sync)?;
    let broken = || Fault::broken("its schema is damaged");
    let schema = metadata.get(&b"avro.schema"[..]).ok_or_else(broken)?;
    let schema: Value = serde_json::from_slice(schema).map_err(|_| broken())?;
    let codec = metadata.get(&b"avro.codec"[..]).map_or(&b"null"[..], Vec::as_slice);
    let mut names = HashMap::new();
    collect(&schema, "", DEPTH, &mut names);
    loop {
        let Some(count) = long_or_end(&mut stream)? else { return Ok(()) };
        let size = long_or_end(&mut stream)?.unwrap_or_default();
        let size = u64::try_from(size).map_err(|_| Fault::broken("a block is damaged"))?;
        if size > LARGEST {
            return Err(Fault::broken("a block is larger than 64 MiB"));
        }
        members.hold(size)?;
        let mut packed = Vec::new();
        let cut = (&mut stream).take(size).read_to_end(&mut packed)? as u64 != size;
        let bytes = unpack(codec, packed, members)?;
        let most = 8 * bytes.len() + EMPTY;
        members.hold((bytes.len() + most) as u64)?;
        members.count_unpacked(bytes.len() as u64)?;
        let mut rows = Rows { bytes: &bytes, names: &names, remaining: bytes.len() + EMPTY, most };
        let mut text = String::new();
        rows.all(&schema, count, &mut text);
        // Bytes that the schema does not explain are passed on unchanged.
        members.member(b"(records)", &mut text.as_bytes().chain(rows.bytes))?;
        let mut mark = [0; 16];
        stream.read_exact(&mut mark)?;
        if cut || mark != sync {
            return Err(Fault::broken("a block does not end where it should"));
        }
    }
}

/// The metadata map: blocks of names and values, the last one empty.
fn metadata(stream: &mut dyn Read) -> Result<HashMap<Vec<u8>, Vec<u8>>, Fault> {
    let mut metadata = HashMap::new();
    loop {
        let count = long_or_end(stream)?.ok_or_else(|| Fault::broken("it ends too early"))?;
        if count == 0 {
            return Ok(metadata);
        }
        if count < 0 {
            long_or_end(stream)?;
        }
        for _ in 0..count.unsigned_abs() {
            let (name, value) = (text(stream)?, text(stream)?);
            metadata.insert(name, value);
        }
    }
}

fn text(stream: &mut dyn Read) -> Result<Vec<u8>, Fault> {
    let damaged = || Fault::broken("its metadata are damaged");
    let length = long_or_end(stream)?.and_then(|length| u64::try_from(length).ok());
    let length = length.filter(|&length| length <= METADATA).ok_or_else(damaged)?;
    let mut text = Vec::new();
    stream.take(length).read_to_end(&mut text)?;
    if text.len() as u64 == length { Ok(text) } else { Err(damaged()) }
}

/// A zigzag number in base 128; `None` at the end.
fn long_or_end(stream: &mut dyn Read) -> Result<Option<i64>, Fault> {
    let mut bytes = Vec::new();
    loop {
        let mut byte = [0];
        if stream.read(&mut byte)? == 0 {
            let empty = bytes.is_empty();
            return if empty { Ok(None) } else { Err(Fault::broken("it ends too early")) };
        }
        bytes.push(byte[0]);
        if byte[0] < 0x80 || bytes.len() == 10 {
            return Ok(long(&mut bytes.as_slice()));
        }
    }
}

fn long(bytes: &mut &[u8]) -> Option<i64> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
}

fn unpack(codec: &[u8], packed: Vec<u8>, members: &mut dyn Members) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    let stream = BufReader::new(packed.as_slice());
    // Twice the compressed bytes, and the uncompressed ones.
    members.hold(packed.len() as u64 + LARGEST)?;
    let mut stream: Box<dyn Read + '_> = match codec {
        b"null" => return Ok(packed),
        b"deflate" => Box::new(DeflateDecoder::new(stream)),
        b"bzip2" => Box::new(bzip2::decoder(stream)),
        b"xz" => Box::new(xz::decoder(stream, members.window())),
        b"zstandard" => Box::new(zstd::decoder(stream, members.window())),
        b"snappy" => {
            // A checksum follows it.
            let body = &packed[..packed.len().saturating_sub(4)];
            let text = snappy::unpack(body, usize::try_from(LARGEST).unwrap_or(usize::MAX));
            return text.ok_or_else(|| Fault::broken("a block is damaged"));
        }
        _ => return Err(Fault::Unopened("Avro")),
    };
    (&mut stream).take(LARGEST).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == LARGEST {
        return Err(Fault::broken("a block is larger than 64 MiB"));
    }
    Ok(bytes)
}

/// The named types of a schema.
type Names<'s> = HashMap<String, &'s Value>;

fn collect<'s>(schema: &'s Value, space: &str, depth: usize, names: &mut Names<'s>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    let all = |schemas: &'s [Value], space: &str, names: &mut Names<'s>| {
        schemas.iter().for_each(|schema| collect(schema, space, depth, names));
    };
    match schema {
        Value::Array(union) => all(union, space, names),
        Value::Object(map) => {
            let space = map.get("namespace").and_then(Value::as_str).unwrap_or(space).to_owned();
            if let Some(name) = map.get("name").and_then(Value::as_str) {
                names.insert(name.to_owned(), schema);
                if !space.is_empty() {
                    names.insert(format!("{space}.{name}"), schema);
                }
            }
            for key in ["type", "items", "values"] {
                map.get(key).into_iter().for_each(|inner| collect(inner, &space, depth, names));
            }
            let fields = map.get("fields").and_then(Value::as_array);
            let types = fields.into_iter().flatten().filter_map(|field| field.get("type"));
            types.for_each(|inner| collect(inner, &space, depth, names));
        }
        _ => {}
    }
}

/// The records of a block.
struct Rows<'b, 's> {
    bytes: &'b [u8],
    names: &'b Names<'s>,
    /// Remaining number of values.
    remaining: usize,
    /// Remaining bytes of output: a schema may have names of any length.
    most: usize,
}

impl Rows<'_, '_> {
    /// Writes up to `count` records, one per line; stops at bytes that do not match the schema.
    fn all(&mut self, schema: &Value, count: i64, out: &mut String) {
        for _ in 0..count {
            let read = self.value(schema, DEPTH, out);
            out.push('\n');
            if read.is_none() {
                return;
            }
        }
    }

    fn value(&mut self, schema: &Value, depth: usize, out: &mut String) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        self.remaining = self.remaining.checked_sub(1)?;
        if out.len() > self.most {
            return None;
        }
        match schema {
            Value::String(name) => self.named(name, depth, out),
            Value::Array(union) => {
                let chosen = usize::try_from(long(&mut self.bytes)?).ok()?;
                self.value(union.get(chosen)?, depth, out)
            }
            Value::Object(map) => {
                let kind = map.get("type")?;
                match kind.as_str() {
                    Some("record" | "error") => {
                        out.push('{');
                        for (at, field) in map.get("fields")?.as_array()?.iter().enumerate() {
                            out.push_str(if at > 0 { ", " } else { "" });
                            quote(field.get("name")?.as_str()?.as_bytes(), out);
                            out.push_str(": ");
                            self.value(field.get("type")?, depth, out)?;
                        }
                        out.push('}');
                        Some(())
                    }
                    Some("enum") => {
                        let chosen = usize::try_from(long(&mut self.bytes)?).ok()?;
                        let symbol = map.get("symbols")?.get(chosen)?.as_str()?;
                        quote(symbol.as_bytes(), out);
                        Some(())
                    }
                    Some("array") => self.blocks(map.get("items")?, false, depth, out),
                    Some("map") => self.blocks(map.get("values")?, true, depth, out),
                    Some("fixed") => {
                        let size = usize::try_from(map.get("size")?.as_u64()?).ok()?;
                        quote(self.take(size)?, out);
                        Some(())
                    }
                    _ => self.value(kind, depth, out),
                }
            }
            _ => None,
        }
    }

    fn named(&mut self, name: &str, depth: usize, out: &mut String) -> Option<()> {
        match name {
            "null" => out.push_str("null"),
            "boolean" => out.push_str(if self.take(1)?[0] == 0 { "false" } else { "true" }),
            "int" | "long" => out.push_str(&long(&mut self.bytes)?.to_string()),
            "float" => out.push_str(&f32::from_le_bytes(*self.take(4)?.first_chunk()?).to_string()),
            "double" => {
                out.push_str(&f64::from_le_bytes(*self.take(8)?.first_chunk()?).to_string());
            }
            "string" | "bytes" => {
                let length = usize::try_from(long(&mut self.bytes)?).ok()?;
                quote(self.take(length)?, out);
            }
            _ => {
                let schema = *self.names.get(name)?;
                return self.value(schema, depth, out);
            }
        }
        Some(())
    }

    /// An array or a map: blocks, the last one empty.
    fn blocks(&mut self, items: &Value, named: bool, depth: usize, out: &mut String) -> Option<()> {
        out.push(if named { '{' } else { '[' });
        loop {
            let count = long(&mut self.bytes)?;
            if count == 0 {
                out.push(if named { '}' } else { ']' });
                return Some(());
            }
            if count < 0 {
                long(&mut self.bytes)?;
            }
            for _ in 0..count.unsigned_abs() {
                if named {
                    self.named("string", depth, out)?;
                    out.push_str(": ");
                }
                self.value(items, depth, out)?;
                out.push_str(", ");
            }
        }
    }

    fn take(&mut self, count: usize) -> Option<&[u8]> {
        let (head, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(head)
    }
}

/// Writes a JSON string.
pub(super) fn quote(bytes: &[u8], out: &mut String) {
    out.push_str(&Value::from(String::from_utf8_lossy(bytes)).to_string());
}
