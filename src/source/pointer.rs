//! Git LFS pointers: small texts in place of large files.

use gix::hash::Kind as Hash;

/// Length of the SHA-256 of an object, in hex.
pub(crate) const NAME: usize = 64;
/// A pointer is shorter than this (Git LFS specification, "The Pointer").
pub(crate) const LONGEST: usize = 1024;

/// The object id of a pointer.
pub(crate) type Oid = [u8; NAME];

/// The object id in a text, if it is a pointer.
pub(crate) fn of(text: &[u8]) -> Option<Oid> {
    if text.len() >= LONGEST || !text.starts_with(b"version https://") {
        return None;
    }
    let mut lines = text.split(|&byte| byte == b'\n');
    let version = lines.next()?.trim_ascii_end();
    // The second is the project's first name.
    if !version.ends_with(b"//git-lfs.github.com/spec/v1")
        && !version.ends_with(b"//hawser.github.com/spec/v1")
    {
        return None;
    }
    let oid = lines.find_map(|line| line.trim_ascii_end().strip_prefix(b"oid sha256:"))?;
    oid.try_into().ok().filter(|oid: &Oid| oid.iter().all(u8::is_ascii_hexdigit))
}

/// The id of the blob that is the pointer of an object of `size` bytes.
pub(crate) fn blob(oid: &[u8], size: u64, hash: Hash) -> gix::Result<gix::ObjectId> {
    let oid = String::from_utf8_lossy(oid);
    let text =
        format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n");
    gix::objs::compute_hash(hash, gix::objs::Kind::Blob, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_reported_from_texts_about_them() {
        let oid = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
        let pointer =
            format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 12345\n");
        let extended = pointer.replace("\noid", "\next-0-foo sha256:0\noid");
        for text in [pointer.as_str(), &extended, &pointer.replace('\n', "\r\n")] {
            assert_eq!(of(text.as_bytes()).as_ref().map(|oid| &oid[..]), Some(oid.as_bytes()));
        }
        let short = pointer.replace("393\n", "39\n");
        let other = pointer.replace("git-lfs", "example");
        let long = pointer.clone() + &"x".repeat(LONGEST);
        for text in [&short, &other, &long, &format!(" {pointer}"), &String::new()] {
            assert_eq!(of(text.as_bytes()), None, "{text}");
        }
    }
}
