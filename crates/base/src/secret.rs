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
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes ownership of `bytes`; they are wiped on drop.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The clear bytes. For digests, for signing a request and for `--show-secrets` only.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// SHA-256 over the decoded secret, in lower-case hex.
    pub fn sha256_hex(&self) -> String {
        hex(&Sha256::digest(&*self.0))
    }

    /// The first four characters and `...`: enough for an owner to tell two keys apart.
    ///
    /// A secret of less than 16 bytes shows nothing, because four characters would be too much of
    /// it.
    pub fn redacted(&self) -> String {
        match self.0.get(..4) {
            Some(head) if self.0.len() >= 16 && head.is_ascii() => {
                format!("{}...", String::from_utf8_lossy(head))
            }
            _ => "...".to_owned(),
        }
    }
}

impl Hash for Secret {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.expose().hash(state);
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
        assert!(now(len).ends_with(tail), "it is read where it is");
        drop(secret);
        assert!(!now(len).windows(8).any(|eight| tail.windows(8).any(|part| part == eight)));
    }
}
