//! Words of reports for what the nouns name by type.

use crate::finding::{Encoding, GitObject};

/// An encoding as people call it.
pub(super) fn encoding(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Base64 => "base64",
        Encoding::Hex => "hex",
        Encoding::Percent => "percent-encoding",
        Encoding::Gzip => "gzip",
        Encoding::Zlib => "zlib",
        Encoding::Deflate => "deflate",
        Encoding::Base32 => "base32",
        Encoding::Base85 => "base85",
        Encoding::Uuencode => "uuencode",
        Encoding::Zip => "zip",
        Encoding::Utf16 => "UTF-16",
    }
}

/// A kind of object, the word that JSON uses.
pub(super) fn object(object: GitObject) -> &'static str {
    match object {
        GitObject::Blob => "blob",
        GitObject::Commit => "commit",
        GitObject::Tag => "tag",
        GitObject::Ref => "ref",
        GitObject::Reflog => "reflog",
        GitObject::Config => "config",
    }
}
