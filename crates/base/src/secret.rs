//! The only type that holds secret bytes.
//!
//! It owns the bytes, wipes them on drop, and prints only a mask. It does not implement
//! `Serialize`, so no report can contain one by accident. Code that needs the clear text calls
//! [`Secret::expose`]; those calls are few enough to review.

use std::fmt;
use std::hash::{Hash, Hasher};

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// The text that replaces a secret in all output.
pub const MASK: &str = "[redacted]";

/// A secret access key, session token or other credential.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Kept);

/// What is known of a secret.
#[derive(Clone, PartialEq, Eq)]
enum Kept {
    /// Its bytes.
    Bytes(Zeroizing<Vec<u8>>),
    /// What an earlier report says about it.
    Reported { redacted: String, sha256: Option<String> },
}

impl Secret {
    /// Takes ownership of `bytes`; they are wiped on drop.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Kept::Bytes(Zeroizing::new(bytes)))
    }

    /// A secret of an earlier report, which has its beginning and perhaps its digest, but not the
    /// secret.
    pub fn reported(redacted: String, sha256: Option<String>) -> Self {
        Self(Kept::Reported { redacted, sha256 })
    }

    /// The clear bytes. For digests, for signing a request and for `--show-secrets` only. Those of
    /// an earlier report are not known: there are none.
    pub fn expose(&self) -> &[u8] {
        match &self.0 {
            Kept::Bytes(bytes) => bytes,
            Kept::Reported { .. } => &[],
        }
    }

    /// SHA-256 over the decoded secret, in lower-case hex; `None` if the secret has fewer than
    /// `least` bytes, or if the earlier report that it is from does not have it.
    pub fn sha256_from(&self, least: usize) -> Option<String> {
        match &self.0 {
            Kept::Bytes(bytes) => (bytes.len() >= least).then(|| hex(&Sha256::digest(&**bytes))),
            Kept::Reported { sha256, .. } => sha256.clone(),
        }
    }

    /// SHA-256 over the decoded secret, in lower-case hex; empty if it is not known.
    pub fn sha256_hex(&self) -> String {
        self.sha256_from(0).unwrap_or_default()
    }

    /// The first four characters and `...`: enough for an owner to tell two keys apart.
    ///
    /// A secret of less than 16 bytes shows nothing, because four characters would be too much of
    /// it.
    pub fn redacted(&self) -> String {
        let bytes = match &self.0 {
            Kept::Bytes(bytes) => bytes,
            Kept::Reported { redacted, .. } => return redacted.clone(),
        };
        match bytes.get(..4) {
            Some(head) if bytes.len() >= 16 && head.is_ascii() => {
                format!("{}...", String::from_utf8_lossy(head))
            }
            _ => "...".to_owned(),
        }
    }
}

impl Hash for Secret {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match &self.0 {
            Kept::Bytes(bytes) => bytes.hash(state),
            Kept::Reported { redacted, sha256 } => (redacted, sha256).hash(state),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// Lower-case hex of `bytes`.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_only_a_mask() {
        let secret = Secret::new(b"correct horse battery staple".to_vec());
        assert_eq!(format!("{secret:?} {secret}"), format!("{MASK} {MASK}"));
        assert_eq!(secret.redacted(), "corr...");
        assert_eq!(Secret::new(b"short".to_vec()).redacted(), "...");
    }

    #[test]
    fn a_reported_secret_has_no_bytes() {
        let sha256 = Some("ab".repeat(32));
        let secret = Secret::reported("corr...".to_owned(), sha256.clone());
        assert_eq!(format!("{secret:?} {secret}"), format!("{MASK} {MASK}"));
        assert_eq!((secret.expose(), secret.redacted().as_str()), (&[][..], "corr..."));
        assert_eq!(secret.sha256_from(16), sha256);
    }

    /// The memory of this process can be read through `/proc`; without `unsafe` there is no other
    /// way.
    #[test]
    #[cfg(target_os = "linux")]
    fn its_bytes_are_wiped_when_it_is_dropped() {
        use std::io::{Read as _, Seek as _, SeekFrom};
        let tail = b"behind the bytes that an allocator writes its own notes over";
        let secret = Secret::new([&[b'x'; 400][..], tail].concat());
        let address = secret.expose().as_ptr() as u64;
        let now = |len: usize| {
            let mut memory = std::fs::File::open("/proc/self/mem").expect("Linux has it");
            memory.seek(SeekFrom::Start(address)).expect("an address");
            let mut bytes = vec![0; len];
            memory.read_exact(&mut bytes).expect("memory of this process");
            bytes
        };
        let len = secret.expose().len();
        assert!(now(len).ends_with(tail), "it is read where it stands");
        drop(secret);
        assert!(!now(len).windows(8).any(|eight| tail.windows(8).any(|part| part == eight)));
    }
}
