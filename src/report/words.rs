//! Words of reports for types.

use crate::finding::{Encoding, GitObject};

/// The name of an encoding for people.
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

/// The kind of an object, as in JSON.
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
