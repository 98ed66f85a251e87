//! Where a reader records what it read and what it could not. The ledger of a scan is one; readers
//! know nothing of it.

use std::fmt::Display;

/// Gets what a reader of hostile bytes has to say, from any thread.
pub trait Record: Sync {
    /// Something could not be read. `path` is raw, and is escaped when it is recorded.
    fn problem(&self, what: &str, path: &[u8], why: &dyn Display);

    /// As [`Record::problem`], of what is named by a text out of a scanned file, which may be
    /// anything: a secret too.
    fn quoted(&self, what: &str, text: &[u8], why: &dyn Display);

    /// A remark that is no problem. Names in it are escaped.
    fn note(&self, note: String);

    /// What is read: a repository or folder. `path` is raw, and is escaped when it is recorded.
    fn scanned(&self, what: &str, path: &[u8]);
}

/// Records nothing: for a second look at what was recorded already.
impl Record for () {
    fn problem(&self, _: &str, _: &[u8], _: &dyn Display) {}
    fn quoted(&self, _: &str, _: &[u8], _: &dyn Display) {}
    fn note(&self, _: String) {}
    fn scanned(&self, _: &str, _: &[u8]) {}
}
