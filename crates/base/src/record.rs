//! The record of what a reader could and could not read. The ledger of a scan implements it; readers
//! know this trait only.

use std::fmt::Display;

/// Receives the messages of readers of hostile bytes, from any thread.
pub trait Record: Sync {
    /// Something could not be read. `path` is raw, and is escaped when it is recorded.
    fn problem(&self, what: &str, path: &[u8], why: &dyn Display);

    /// Like [`Record::problem`], for something named by a text of a scanned file, which may contain
    /// a secret.
    fn quoted(&self, what: &str, text: &[u8], why: &dyn Display);

    /// A remark that is not a problem. Names in it are escaped.
    fn note(&self, note: String);

    /// A repository or folder that is read. `path` is raw, and is escaped when it is recorded.
    fn scanned(&self, what: &str, path: &[u8]);
}

/// Records nothing: for reading again what was recorded already.
impl Record for () {
    fn problem(&self, _: &str, _: &[u8], _: &dyn Display) {}
    fn quoted(&self, _: &str, _: &[u8], _: &dyn Display) {}
    fn note(&self, _: String) {}
    fn scanned(&self, _: &str, _: &[u8]) {}
}
