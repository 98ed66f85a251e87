//! Forms that are recognised in a text but not read, so that a scan without findings reports them.

/// A form that is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// xz in base64.
    Xz,
    /// bzip2 in base64.
    Bzip2,
    /// Zstandard in base64.
    Zstd,
    /// The binary delta of a file in a patch.
    GitDelta,
    /// An encrypted text, in base64 or as a whole.
    Encrypted,
    /// yEnc and BinHex.
    Binary,
}

/// All kinds and their names in reports.
const KINDS: [(Unread, &str); 6] = [
    (Unread::Xz, "xz in base64"),
    (Unread::Bzip2, "bzip2 in base64"),
    (Unread::Zstd, "Zstandard in base64"),
    (Unread::GitDelta, "binary delta of a patch"),
    (Unread::Encrypted, "encrypted text"),
    (Unread::Binary, "yEnc or BinHex"),
];

impl Unread {
    /// The name in reports.
    pub(super) fn name(self) -> &'static str {
        KINDS[self as usize].1
    }
}

/// The number of each kind in a text.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Unreads([u64; KINDS.len()]);

impl Unreads {
    /// Counts one of `kind`, if given.
    pub(super) fn count(&mut self, kind: Option<Unread>) {
        if let Some(kind) = kind {
            self.add(kind, 1);
        }
    }

    /// Counts some of a kind.
    pub(super) fn add(&mut self, kind: Unread, by: u64) {
        self.0[kind as usize] += by;
    }

    /// Adds the counts of another text.
    pub(super) fn append(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(own, other)| *own += other);
    }

    /// The counts above zero, by name.
    pub(super) fn named(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        KINDS.iter().map(|(kind, name)| (*name, self.0[*kind as usize])).filter(|(_, by)| *by > 0)
    }
}

/// The unread form of a text according to its beginning.
pub(super) fn of_head(bytes: &[u8]) -> Option<Unread> {
    const HEADS: [(&[u8], Unread); 8] = [
        (b"$ANSIBLE_VAULT;", Unread::Encrypted),
        (b"-----BEGIN PGP MESSAGE-----", Unread::Encrypted),
        (b"-----BEGIN AGE ENCRYPTED FILE-----", Unread::Encrypted),
        (b"age-encryption.org/v1\n", Unread::Encrypted),
        (b"Salted__", Unread::Encrypted),
        (b"\0GITCRYPT\0", Unread::Encrypted),
        (b"=ybegin ", Unread::Binary),
        (b"(This file must be converted with BinHex", Unread::Binary),
    ];
    let may = matches!(bytes.first(), Some(b'$' | b'-' | b'a' | b'S' | b'\0' | b'=' | b'('));
    may.then(|| HEADS.iter().find(|(head, _)| bytes.starts_with(head)).map(|(_, kind)| *kind))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_names_in_their_order() {
        for (at, (kind, name)) in KINDS.iter().enumerate() {
            assert_eq!(*kind as usize, at, "{name}");
        }
        let mut unread = Unreads::default();
        unread.count(of_head(b"$ANSIBLE_VAULT;1.1;AES256\n"));
        unread.count(of_head(b"$x"));
        assert_eq!(unread.named().collect::<Vec<_>>(), [("encrypted text", 1)]);
    }
}
