//! Private keys: what their text says without a passphrase.
//!
//! RFC 7468 (PEM), RFC 1421 (its headers), RFC 8017 (RSA), RFC 5915 (EC), RFC 5958 (PKCS #8),
//! OpenSSH's `PROTOCOL.key`, RFC 4880 (OpenPGP), and PuTTY's manual, appendix C.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::escapes::escape;

use super::{Facts, Reading, STANDARD, age, base64_of, der, openpgp};

/// Minimum number of bytes of a private key: an EC key on a curve of 160 bits has more, an Ed25519 key 48.
const FEWEST: usize = 40;

/// Reads a private key in any of the forms.
pub(super) fn read(text: &[u8]) -> Reading {
    if let Some(is_right) = age::key(text) {
        return if is_right { Reading::Read(Facts::default()) } else { Reading::MadeUp };
    }
    let lines = lines(text);
    if let Some(first) = lines.first().filter(|line| line.starts_with(b"PuTTY-User-Key-File-")) {
        return putty(first, &lines);
    }
    let lines = unframed(lines);
    let Some(label) = lines.first().and_then(|line| label(line)) else { return Reading::NotOne };
    let (headers, body) = split(&lines);
    let joined: Vec<u8> = body.concat();
    if joined.is_empty() {
        return Reading::NotOne;
    }
    let read = match label.as_slice() {
        b"PGP PRIVATE KEY BLOCK" => openpgp::read(&body),
        b"OPENSSH PRIVATE KEY" => base64_of(&joined).as_deref().and_then(openssh),
        _ if headers.iter().any(|header| header.ends_with(b"ENCRYPTED")) => {
            let bytes = base64_of(&joined).filter(|bytes| bytes.len() >= FEWEST);
            bytes.map(|_| Facts { encrypted: Some(true), ..Facts::default() })
        }
        _ => base64_of(&joined).filter(|bytes| bytes.len() >= FEWEST).as_deref().and_then(der::key),
    };
    read.map_or(Reading::MadeUp, Reading::Read)
}

/// A key as it is in a key file. A key is the same in JSON, YAML, code and base64, however its
/// lines end and are indented. `None` for OpenPGP and PuTTY, of which files are copied as they are.
pub(super) fn as_file(text: &[u8]) -> Option<Vec<u8>> {
    let lines = unframed(lines(text));
    let label = label(lines.first()?).filter(|label| label != b"PGP PRIVATE KEY BLOCK")?;
    let (headers, body) = split(&lines);
    let body = STANDARD.encode(base64_of(&body.concat())?);
    // As `ssh-keygen` and OpenSSL write them.
    let width = if label == b"OPENSSH PRIVATE KEY" { 70 } else { 64 };
    let mut file = [b"-----BEGIN ", &*label, b"-----\n"].concat();
    headers.iter().for_each(|header| file.extend([header, &b"\n"[..]].concat()));
    file.extend((!headers.is_empty()).then_some(b'\n'));
    body.as_bytes().chunks(width).for_each(|line| file.extend([line, b"\n"].concat()));
    file.extend([b"-----END ", &*label, b"-----"].concat());
    Some(file)
}

/// The lines of a text, without what programs put around them: indents, quotes, escapes for the
/// ends of lines, signs that join strings, marks of comments.
fn lines(text: &[u8]) -> Vec<Vec<u8>> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        // Any letter of JSON may be `\u003d` or `\/`, not only the ends of lines.
        let escape = if byte == b'\\' { escape(rest) } else { None };
        let (len, shown) = match escape {
            Some((len, Some(shown))) => (len, shown),
            _ if byte == b'\r' => (1, b'\n'),
            _ => (1, byte),
        };
        plain.push(if shown == b'\r' { b'\n' } else { shown });
        rest = rest.get(len..).unwrap_or(after);
    }
    let lines: Vec<&[u8]> =
        plain.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).collect();
    let sign = usize::from(is_added(&lines));
    let bare = lines.iter().enumerate().map(|(at, line)| {
        let sign = if at == 0 { 0 } else { sign };
        bare(&line[sign..]).to_vec()
    });
    bare.filter(|line| !line.is_empty()).collect()
}

/// Minimum number of base64 characters that show where the lines of a key begin.
const LINE: usize = 56;

/// The lines without what a log, a comment or JSON puts before and after each of them: a time, the
/// name of a service, `//`. Digits differ from line to line. Lines without it are not of the key.
fn unframed(lines: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let run_of = |line: &Vec<u8>| {
        let mut start = 0;
        let runs = line.split(|byte| !is_base64(byte)).map(|run| {
            let span = start..start + run.len();
            start = span.end + 1;
            span
        });
        runs.max_by_key(ExactSizeIterator::len).filter(|run| run.len() >= LINE)
    };
    let framed = lines.iter().skip(1).find_map(|line| Some((line, run_of(line)?)));
    let Some((line, run)) = framed.filter(|(_, run)| run.start > 0) else { return lines };
    let form = |byte: &u8| if byte.is_ascii_digit() { b'0' } else { *byte };
    let frame: Vec<u8> = line[..run.start].iter().map(form).collect();
    let after = line.len() - run.end;
    let inner = lines.iter().enumerate().filter_map(|(at, line)| {
        if at == 0 {
            return Some(line.clone());
        }
        let (before, rest) = line.split_at_checked(frame.len())?;
        let is_framed = before.iter().map(form).eq(frame.iter().copied());
        let is_last = rest.starts_with(b"-----END");
        let inner = if is_last { rest } else { &rest[..rest.len().saturating_sub(after)] };
        is_framed.then(|| inner.to_vec()).filter(|inner| !inner.is_empty())
    });
    inner.collect()
}

/// True if a diff adds the lines: all begin with `+`. The sign of the first one is not in the text.
/// In base64 a line in 64 begins with it, but the last line of a key does not.
fn is_added(lines: &[&[u8]]) -> bool {
    lines.len() > 2 && lines[1..].iter().all(|line| line.starts_with(b"+"))
}

/// A line without what surrounds it in source code. A `+` belongs to base64 unless a quote or a
/// space separates it.
fn bare(line: &[u8]) -> &[u8] {
    let around = |byte: &u8| byte.is_ascii_whitespace() || b"\"'`,;\\|#*>()".contains(byte);
    let mut line = trim(line, around);
    if matches!(line, b"+" | b"." | b"-") {
        return b"";
    }
    if let [before @ .., quote, b'+' | b'.'] = line
        && around(quote)
    {
        line = trim(before, around);
    }
    if let [b'+' | b'.' | b'-', quote, after @ ..] = line
        && around(quote)
    {
        line = trim(after, around);
    }
    line
}

fn trim(mut line: &[u8], around: impl Fn(&u8) -> bool) -> &[u8] {
    while let [first, rest @ ..] = line
        && around(first)
    {
        line = rest;
    }
    while let [rest @ .., last] = line
        && around(last)
    {
        line = rest;
    }
    line
}

/// The label of `-----BEGIN <label>-----`; the line may hold a name before it.
fn label(line: &[u8]) -> Option<Vec<u8>> {
    const BEGIN: &[u8] = b"-----BEGIN ";
    let at = memchr::memmem::find(line, BEGIN)? + BEGIN.len();
    let end = memchr::memmem::find(&line[at..], b"-----")?;
    Some(line[at..at + end].to_vec())
}

/// The headers and the base64 between the first line and the last.
///
/// The whole key may be on one line, between its dashes.
fn split(lines: &[Vec<u8>]) -> (Vec<&[u8]>, Vec<&[u8]>) {
    let (mut headers, mut body) = (Vec::new(), Vec::new());
    for line in lines {
        let mut rest = line.as_slice();
        if let Some(at) = memchr::memmem::find(rest, b"-----BEGIN ") {
            let after = &rest[at + b"-----BEGIN ".len()..];
            let Some(end) = memchr::memmem::find(after, b"-----") else { continue };
            rest = &after[end + 5..];
        }
        if let Some(end) = memchr::memmem::find(rest, b"-----END") {
            rest = &rest[..end];
        }
        if memchr::memchr(b':', rest).is_some() {
            headers.push(rest);
        } else {
            let words = rest.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
            body.extend(words);
        }
    }
    (headers, body)
}

/// Reads `openssh-key-v1`: the cipher and the public half.
fn openssh(bytes: &[u8]) -> Option<Facts> {
    let mut rest = bytes.strip_prefix(b"openssh-key-v1\0")?;
    let cipher = string(&mut rest)?;
    let derivation = string(&mut rest)?;
    string(&mut rest)?;
    let (number, after) = rest.split_first_chunk::<4>()?;
    rest = after;
    let public = string(&mut rest)?;
    let private = string(&mut rest)?;
    // The public half begins with its kind: `ssh-ed25519`, `ssh-rsa`.
    let mut inner = public;
    let kind = string(&mut inner)?;
    let named = kind.iter().all(u8::is_ascii_graphic) && kind.len() > 4;
    let whole = u32::from_be_bytes(*number) == 1 && private.len() >= 8 && named;
    whole.then(|| Facts {
        encrypted: Some(cipher != b"none" || derivation != b"none"),
        fingerprint: Some(fingerprint(public)),
        ..Facts::default()
    })
}

/// Takes a string of SSH: its length in four bytes, and its bytes.
fn string<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (len, after) = rest.split_first_chunk::<4>()?;
    let (value, after) = after.split_at_checked(u32::from_be_bytes(*len) as usize)?;
    *rest = after;
    Some(value)
}

/// The fingerprint of a public key of SSH as `ssh-keygen -l` shows it.
pub(super) fn fingerprint(public: &[u8]) -> String {
    format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(public)))
}

/// Reads a key of PuTTY: `Encryption: none`, `Public-Lines: <number>` and as many lines of base64.
fn putty(first: &[u8], lines: &[Vec<u8>]) -> Reading {
    let field = |name: &[u8]| {
        let line = lines.iter().find(|line| line.starts_with(name))?;
        Some(line[name.len()..].trim_ascii())
    };
    let version = first.get(b"PuTTY-User-Key-File-".len());
    let (Some(b'1'..=b'3'), Some(encryption)) = (version, field(b"Encryption:")) else {
        return Reading::NotOne;
    };
    let at = lines.iter().position(|line| line.starts_with(b"Public-Lines:"));
    let number = field(b"Public-Lines:").and_then(|number| std::str::from_utf8(number).ok());
    let public = at.zip(number.and_then(|number| number.parse::<usize>().ok()));
    let public = public.and_then(|(at, number)| lines.get(at + 1..at + 1 + number.min(1000)));
    let Some(public) = public.and_then(|public| base64_of(&public.concat())) else {
        return Reading::MadeUp;
    };
    Reading::Read(Facts {
        encrypted: Some(encryption != b"none"),
        fingerprint: Some(fingerprint(&public)),
        ..Facts::default()
    })
}
