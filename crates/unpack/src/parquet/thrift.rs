//! Thrift's compact protocol ("Thrift Compact protocol encoding"), the encoding of Parquet's
//! metadata.

/// Limit of nested structures and lists.
const DEPTH: usize = 32;

/// A value; types other than number, text, list and structure become numbers.
#[derive(Debug, PartialEq)]
pub(super) enum Value {
    Int(i64),
    Bytes(Vec<u8>),
    List(Vec<Value>),
    Struct(Vec<(i64, Value)>),
}

impl Value {
    pub(super) fn field(&self, number: i64) -> Option<&Self> {
        let Self::Struct(fields) = self else { return None };
        fields.iter().find(|(field, _)| *field == number).map(|(_, value)| value)
    }

    /// The value of a numeric field; 0 if it is missing.
    pub(super) fn int(&self, number: i64) -> i64 {
        if let Some(Self::Int(value)) = self.field(number) { *value } else { 0 }
    }

    pub(super) fn bytes(&self, number: i64) -> &[u8] {
        if let Some(Self::Bytes(value)) = self.field(number) { value } else { &[] }
    }

    pub(super) fn list(&self, number: i64) -> &[Self] {
        if let Some(Self::List(value)) = self.field(number) { value } else { &[] }
    }
}

/// Reads a structure, and leaves the bytes after it.
pub(super) fn read(bytes: &mut &[u8]) -> Option<Value> {
    value(bytes, 12, DEPTH)
}

fn value(bytes: &mut &[u8], kind: u8, depth: usize) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    match kind {
        1 => Some(Value::Int(1)),
        2 => Some(Value::Int(0)),
        3 => Some(Value::Int(i64::from(take(bytes, 1)?[0].cast_signed()))),
        4..=6 => {
            let number = varint(bytes)?;
            Some(Value::Int((number >> 1).cast_signed() ^ -(number & 1).cast_signed()))
        }
        7 => take(bytes, 8).map(|_| Value::Int(0)),
        8 => {
            let length = usize::try_from(varint(bytes)?).ok()?;
            Some(Value::Bytes(take(bytes, length)?.to_vec()))
        }
        9 | 10 => {
            let header = take(bytes, 1)?[0];
            let count = match header >> 4 {
                15 => varint(bytes)?,
                count => u64::from(count),
            };
            // Each element takes at least one byte, except the end of a structure.
            let count = usize::try_from(count).ok().filter(|&count| count <= bytes.len())?;
            let mut list = Vec::new();
            for _ in 0..count {
                list.push(match header & 15 {
                    1 | 2 => Value::Int(i64::from(take(bytes, 1)?[0])),
                    kind => value(bytes, kind, depth)?,
                });
            }
            Some(Value::List(list))
        }
        12 => {
            let mut fields = Vec::new();
            let mut number = 0i64;
            loop {
                let header = take(bytes, 1)?[0];
                if header == 0 {
                    return Some(Value::Struct(fields));
                }
                number = match header >> 4 {
                    0 => {
                        let number = varint(bytes)?;
                        (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
                    }
                    step => number.checked_add(i64::from(step))?,
                };
                fields.push((number, value(bytes, header & 15, depth)?));
            }
        }
        // Parquet has no maps.
        _ => None,
    }
}

fn take<'b>(bytes: &mut &'b [u8], count: usize) -> Option<&'b [u8]> {
    let (head, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(head)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)?[0];
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}
