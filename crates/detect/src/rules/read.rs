//! Readers of rules: they extract facts from a match, using the grammar of AWS's own forms.

use crate::aws::bedrock::{long_term, service_user, short_term};

use crate::tokens::{self, Reading, TokenFormat};

use super::CredentialFormat;

/// Facts that were read from a credential offline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The id of the key that signed it.
    pub key_id: Option<String>,
    /// Twelve-digit account number.
    pub account: Option<String>,
    /// IAM user name.
    pub user: Option<String>,
    /// End of validity according to its own statement, as RFC 3339 in UTC.
    pub expires: Option<String>,
    /// The service that issued it, according to its own statement.
    pub issuer: Option<String>,
    /// True if a private key is encrypted with a passphrase; `None` if it is not a private key.
    pub encrypted: Option<bool>,
    /// The fingerprint of the public half of a private key, as the programs that use it show it.
    pub fingerprint: Option<String>,
}

/// The reader of a match, which works offline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// A form of AWS.
    Aws(CredentialFormat),
    /// A form of another provider.
    Token(TokenFormat),
}

/// The forms of AWS, by the names that rules use.
const OF_AWS: [(&str, CredentialFormat); 3] = [
    ("bedrock-long-term", CredentialFormat::BedrockLongTerm),
    ("bedrock-short-term", CredentialFormat::BedrockShortTerm),
    ("service-credential", CredentialFormat::ServiceCredential),
];

impl Reader {
    /// The names of all readers.
    pub fn names() -> impl Iterator<Item = &'static str> {
        let of_aws = OF_AWS.iter().map(|(name, _)| *name);
        of_aws.chain(TokenFormat::ALL.iter().map(|(name, _)| *name))
    }

    /// The name.
    pub fn name(self) -> &'static str {
        let of_aws = OF_AWS.iter().map(|(name, format)| (*name, Self::Aws(*format)));
        let of_tokens = TokenFormat::ALL.iter().map(|(name, format)| (*name, Self::Token(*format)));
        let name = of_aws.chain(of_tokens).find(|(_, reader)| *reader == self);
        name.map_or("", |(name, _)| name)
    }

    /// The reader of a name.
    pub fn named(name: &str) -> Option<Self> {
        let of_aws = OF_AWS.iter().find(|(known, _)| *known == name);
        of_aws
            .map(|(_, format)| Self::Aws(*format))
            .or_else(|| TokenFormat::named(name).map(Self::Token))
    }

    /// True if a match that can be read is proven, by a checksum or its structure. It is then no
    /// placeholder, even with a run of one letter: zeros in keys are runs of `A` in base64.
    pub fn proves_itself(self) -> bool {
        match self {
            Self::Aws(_)
            | Self::Token(TokenFormat::AzureSas | TokenFormat::JsonToken | TokenFormat::Discord) => {
                false
            }
            Self::Token(_) => true,
        }
    }

    /// True if it reads private keys, which are credentials with or without an id.
    pub fn is_private_key(self) -> bool {
        self == Self::Token(TokenFormat::PrivateKey)
    }

    /// The one notation by which secrets are compared, if a secret may be written in several.
    pub fn plain(self, secret: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Aws(_) => None,
            Self::Token(format) => tokens::plain(format, secret),
        }
    }

    /// The part of a secret that documentation shows with other parts around it.
    pub fn core(self, secret: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Aws(_) => None,
            Self::Token(format) => tokens::core(format, secret),
        }
    }

    /// Reads a match by its secret and, if the shape has one, its id.
    pub fn read(self, secret: &[u8], id: Option<&[u8]>) -> Reading {
        match self {
            Self::Aws(format) => format.read(secret, id).map_or(Reading::NotOne, Reading::Read),
            Self::Token(format) => tokens::read(format, secret),
        }
    }
}

impl CredentialFormat {
    /// Reads a match by its secret and, if the shape has one, its id.
    ///
    /// `None` means that the text is not such a credential: a match that can't be read does not
    /// count.
    pub fn read(self, secret: &[u8], id: Option<&[u8]>) -> Option<Facts> {
        let of_user = |read: crate::aws::bedrock::ServiceUser| Facts {
            account: Some(read.account),
            user: Some(read.user),
            ..Facts::default()
        };
        match self {
            Self::BedrockLongTerm => long_term(secret).map(of_user),
            Self::ServiceCredential => service_user(id?).map(of_user),
            Self::BedrockShortTerm => short_term(secret).map(|read| Facts {
                key_id: Some(read.key_id.to_string()),
                account: read.key_id.account(),
                expires: Some(read.expires),
                ..Facts::default()
            }),
        }
    }
}
