//! The borders of a credential: characters that may touch it, and signs that it is a part of
//! something longer.

use std::ops::Range;

use crate::aws::{KeyId, SECRET_LEN, is_base32};
use crate::escapes;

use super::super::random::{self, Strength};
use super::{Scan, is_base64};

/// Widths at which encoders wrap base64, and a limit above all of them.
const WIDTHS: [usize; 7] = [60, 64, 70, 72, 75, 76, 78];
const WIDEST_LINE: usize = 200;

impl Scan<'_, '_> {
    /// True if an id is not a piece of a longer word.
    ///
    /// Programs and databases store strings without separators. There an id may touch letters,
    /// unless its own letters contradict it or it is a piece of base32.
    pub(super) fn is_delimited(&self, id: &KeyId, span: &Range<usize>) -> bool {
        let before = &self.text[..span.start];
        let after = &self.text[span.end..];
        let touches = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        if !touches(before.last()) && !touches(after.first()) {
            return true;
        }
        if self.is_pickled(span) {
            return true;
        }
        let is_base32 = |byte: &&u8| is_base32(**byte);
        let more = before.iter().rev().take(8).take_while(is_base32).count()
            + after.iter().take(8).take_while(is_base32).count();
        // The older generation encodes no account.
        let is_old = id.as_str().as_bytes()[4] < b'Q';
        let counted = self.is_counted_id(span);
        (counted || self.is_binary() && more <= 4)
            && !random::is_word(id.as_str().as_bytes())
            && (id.account().is_some() || is_old)
    }

    /// Secrets in a longer run whose start and end another mark determines, such as a substitution,
    /// a change, an id or a length before it.
    pub(super) fn set_off(&self, run: &Range<usize>) -> Vec<Range<usize>> {
        let text = &self.text[run.clone()];
        let before = run.start.checked_sub(1).map(|at| self.text[at]);
        let after = self.text.get(run.end);
        let from = |start: usize| run.start + start..run.start + start + SECRET_LEN;
        let strong =
            |span: &Range<usize>| random::strength(&self.text[span.clone()]) == Strength::Strong;
        let plus = usize::from(text[0] == b'+');
        // An added line, or a word.
        let signed = plus == 1 && (self.opens_line(run.start) || before == Some(b'{'));
        let closed = text.ends_with(b"+") && after == Some(&b'}');
        if signed && text.len() == 41 || closed && text.len() == 41 + usize::from(signed) {
            return vec![from(usize::from(signed))];
        }
        // The replacement of a substitution whose pattern is not base64: `s/@@KEY@@/…/g`.
        let flags = text.get(42..).unwrap_or(b"/");
        if text[0] == b'/'
            && text.get(41) == Some(&b'/')
            && flags.len() <= 2
            && flags.iter().all(|flag| b"gIip".contains(flag))
            && self.substitutes(run.start)
        {
            return vec![from(1)];
        }
        // Between the delimiters of a substitution: `s/KEY/…/`.
        if text.len() == 42 && text[0] == b'/' && (text[41] == b'/' || text[1] == b'/') {
            return vec![from(if text[41] == b'/' { 1 } else { 2 })];
        }
        let mut found = Vec::new();
        if text.starts_with(b"s/") && !before.is_some_and(|byte| byte.is_ascii_alphanumeric()) {
            let first = (text.get(42) == Some(&b'/')).then(|| from(2));
            let last = text.iter().rposition(|&byte| byte == b'/').unwrap_or(0);
            let start = last.checked_sub(SECRET_LEN).filter(|&start| start > 1);
            let last = start.filter(|&start| text[start - 1] == b'/').map(from);
            // Authors use slashes as delimiters if a secret contains none; otherwise the secret is
            // the replacement.
            let slashes = |span: &Range<usize>| {
                self.text[span.clone()].iter().filter(|&&byte| byte == b'/').count()
            };
            let mut choices: Vec<_> = last.into_iter().chain(first).filter(strong).collect();
            choices.sort_by_key(slashes);
            found.extend(choices);
        }
        // An address: `ID:SECRET/bucket`.
        let follows_id = self.id_end.is_some_and(|end| end + 1 == run.start);
        found.extend((follows_id && text[SECRET_LEN] == b'/').then(|| from(0)));
        found.extend(self.strings(run));
        // A comment: `secretAccessKey//SECRET`.
        let name = run.len() - SECRET_LEN;
        let divided = text[..name].strip_suffix(b"//").is_some_and(|name| {
            let name = name.to_ascii_lowercase();
            memchr::memmem::find(&name, b"secret").is_some()
                && !name.iter().any(|byte| matches!(byte, b'/' | b'+'))
        });
        found.extend(divided.then(|| from(name)));
        // Its name is directly before it, as in the pages of LMDB.
        let named = if self.kind().binary { self.name_before(run) } else { None };
        found.extend(named.map(from));
        found.retain(strong);
        // Signs on both sides may delimit the same letters, or letters of another secret.
        let mut apart: Vec<Range<usize>> = Vec::new();
        for span in found {
            if apart.iter().all(|one| one.end <= span.start || span.end <= one.start) {
                apart.push(span);
            }
        }
        apart.sort_by_key(|span| span.start);
        apart
    }

    /// The length of a secret's name at the beginning of a run that is longer by this length.
    fn name_before(&self, run: &Range<usize>) -> Option<usize> {
        let len = run.len().checked_sub(SECRET_LEN).filter(|len| (3..=20).contains(len))?;
        let start = run.start.saturating_sub(8);
        let name = self.text[start..run.start + len].to_ascii_lowercase();
        let holds = memchr::memmem::find(&name, b"secret").is_some();
        (holds && name.ends_with(b"key")).then_some(len)
    }

    /// True if the line before `at` begins a substitution with slashes.
    fn substitutes(&self, at: usize) -> bool {
        let head = &self.text[at.saturating_sub(WIDEST_LINE)..at];
        let line = memchr::memrchr(b'\n', head).map_or(head, |newline| &head[newline + 1..]);
        memchr::memmem::find_iter(line, b"s/")
            .any(|by| by == 0 || !line[by - 1].is_ascii_alphanumeric())
    }

    /// True if there are only blanks between the line's beginning and `at`.
    pub(super) fn opens_line(&self, at: usize) -> bool {
        let blank = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\r');
        let before = self.text[..at].iter().rev().find(|byte| !blank(byte));
        before.is_none_or(|&byte| byte == b'\n')
    }

    /// True if an escape that could be part of the token is directly before or after it.
    pub(super) fn touches_escape(&self, span: &Range<usize>) -> bool {
        let before = |back: usize| span.start.checked_sub(back).map(|at| &self.text[at..]);
        let opens = before(1)
            .is_some_and(|rest| matches!(rest[0], b'\\' | b'%') && escapes::is_escape(rest));
        let closes = escapes::escaped_byte(&self.text[span.end..]).is_some_and(is_base64);
        let ends = before(3).is_some_and(|rest| {
            rest[0] == b'%' && escapes::escaped_byte(rest).is_some_and(is_base64)
        });
        opens || closes || ends
    }

    /// True if a token of the right length is a piece of base64, of a path or of another escape.
    pub(super) fn is_part_of_more(&self, span: &Range<usize>) -> bool {
        let at = |at: Option<usize>| at.and_then(|at| self.text.get(at)).copied().unwrap_or(b' ');
        let before = at(span.start.checked_sub(1));
        let after = at(Some(span.end));
        let joint = |byte: u8| matches!(byte, b'-' | b'_');
        let leads = joint(before)
            && at(span.start.checked_sub(2)).is_ascii_alphanumeric()
            && self.previous_end + 1 != span.start;
        // `x-ID-SECRET-y`
        let follows_id = self.id_end.is_some_and(|end| end + 1 == span.start);
        let trails = joint(after)
            && at(Some(span.end + 1)).is_ascii_alphanumeric()
            && !(follows_id && before == after);
        let dotted = before == b'.' && after == b'.';
        // ` =SECRET= `
        let framed = before == b'=' && !is_base64(at(span.start.checked_sub(2)));
        let padded = after == b'='
            && !matches!(at(Some(span.end + 1)), b'\n' | b'\r')
            && (!framed || is_base64(at(Some(span.end + 1))));
        leads
            || trails
            || dotted
            || padded
            || self.raw && self.touches_escape(span)
            || self.ends_a_block(span)
    }

    /// True if it is the last line of a block of wrapped base64.
    pub(super) fn ends_a_block(&self, span: &Range<usize>) -> bool {
        if !self.opens_line(span.start) {
            return false;
        }
        let line = self.text[..span.start].iter().rposition(|&byte| byte == b'\n').unwrap_or(0);
        let above = self.text[..line].trim_ascii_end();
        if above.iter().rev().take(57).filter(|&&byte| is_base64(byte)).count() < 57 {
            return false;
        }
        // A value with a name before it is the first line of a block only if it is as wide as
        // encoders make lines.
        let floor = above.len().saturating_sub(WIDEST_LINE + 1);
        let start = memchr::memrchr(b'\n', &above[floor..]).map_or(floor, |at| floor + at + 1);
        let first = above[start..].trim_ascii_start();
        first.iter().all(|&byte| is_base64(byte)) || WIDTHS.contains(&(above.len() - start))
    }

    /// True if an id is used to sign: `Credential=ID/date/region/service/aws4_request`, a presigned
    /// URL of either generation, an `Authorization` header.
    ///
    /// Amazon S3 API Reference, "Authenticating Requests".
    pub(super) fn signs(&self, span: &Range<usize>) -> bool {
        let rest = &self.text[span.end..];
        let scope = rest
            .strip_prefix(b"/")
            .or_else(|| rest.strip_prefix(b"%2F"))
            .or_else(|| rest.strip_prefix(b"%2f"));
        if scope.is_some_and(|scope| {
            scope.iter().take(8).filter(|byte| byte.is_ascii_digit()).count() == 8
        }) {
            return true;
        }
        let query =
            |byte: &&u8| !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\'' | b'<');
        let after = rest.iter().take(400).take_while(query).count();
        let before = self.text[..span.start].iter().rev().take(400).take_while(query).count();
        let url = &self.text[span.start - before..span.end + after];
        let holds = |text: &[u8]| memchr::memmem::find(url, text).is_some();
        // In a long line without blanks, only the parameter with this id counts.
        let head = &self.text[..span.start];
        let named = [&b"AWSAccessKeyId="[..], b"AccessKeyId%3D", b"Credential=", b"Credential%3D"];
        named.iter().any(|name| head.ends_with(name))
            && (holds(b"Signature=") || holds(b"Expires="))
    }
}
