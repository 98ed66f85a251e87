//! Mail (RFC 2045): base64 attachments that are containers.
//!
//! All other text of a mail, encoded or not, is scanned unchanged.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::input::Input;
use super::{Fault, Members};

/// Limit in bytes of a line, and of the header of a part.
const LINE: u64 = 64 << 10;
/// Bytes at the start of a mail that must show that it has parts.
const SHOWN: usize = 64 << 10;

/// True if a text starts like a mail that may have attachments.
pub(super) fn is_one(head: &[u8]) -> bool {
    const FIRST: [&[u8]; 12] = [
        b"From ",
        b"From:",
        b"Return-Path:",
        b"Received:",
        b"Delivered-To:",
        b"MIME-Version:",
        b"Message-ID:",
        b"Subject:",
        b"Date:",
        b"To:",
        b"Content-Type:",
        b"X-",
    ];
    if !FIRST.iter().any(|name| head.starts_with(name)) {
        return false;
    }
    let shown = head[..head.len().min(SHOWN)].to_ascii_lowercase();
    memchr::memmem::find(&shown, b"content-type:").is_some()
        && memchr::memmem::find(&shown, b"content-transfer-encoding: base64").is_some()
}

pub(super) fn read(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let bytes = input.random()?;
    let mut lines = BufReader::with_capacity(64 << 10, bytes.range(0, bytes.len()));
    let mut header = Vec::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        if (&mut lines).take(LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        if !line.trim_ascii().is_empty() {
            let kept = (header.len() as u64) < LINE;
            header.extend(line.iter().filter(|_| kept));
            continue;
        }
        let lower = header.to_ascii_lowercase();
        if memchr::memmem::find(&lower, b"content-transfer-encoding: base64").is_some() {
            let name = name(&header).unwrap_or_else(|| b"(attachment)".to_vec());
            let mut part = Part {
                lines: &mut lines,
                letters: Vec::new(),
                bytes: VecDeque::new(),
                ended: false,
            };
            members.nested(&name, &mut part)?;
            io::copy(&mut part, &mut io::sink())?;
        }
        header.clear();
    }
}

/// The file name in the header of a part.
fn name(header: &[u8]) -> Option<Vec<u8>> {
    let at = memchr::memmem::find(&header.to_ascii_lowercase(), b"name=")? + 5;
    let rest = &header[at..];
    let name = match rest.strip_prefix(b"\"") {
        Some(quoted) => quoted.split(|&byte| byte == b'"').next(),
        None => rest.split(|&byte| byte == b';' || byte.is_ascii_whitespace()).next(),
    };
    name.filter(|name| !name.is_empty()).map(<[u8]>::to_vec)
}

/// The bytes of a base64 part, up to a line that is not base64.
struct Part<'l, R> {
    lines: &'l mut R,
    letters: Vec<u8>,
    bytes: VecDeque<u8>,
    ended: bool,
}

impl<R: BufRead> Part<'_, R> {
    /// Decodes the next line.
    fn line(&mut self) -> io::Result<()> {
        let mut line = Vec::new();
        self.lines.by_ref().take(LINE).read_until(b'\n', &mut line)?;
        let text = line.trim_ascii();
        let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
        self.ended = text.is_empty() || !text.iter().all(is_letter);
        if !self.ended {
            self.letters.extend_from_slice(text);
        }
        let whole = self.letters.len() / 4 * 4;
        match STANDARD.decode(&self.letters[..whole]) {
            Ok(bytes) => self.bytes.extend(bytes),
            Err(_) => self.ended = true,
        }
        self.letters.drain(..whole);
        Ok(())
    }
}

impl<R: BufRead> Read for Part<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.bytes.is_empty() && !self.ended {
            self.line()?;
        }
        self.bytes.read(out)
    }
}
