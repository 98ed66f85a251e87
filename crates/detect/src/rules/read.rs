//! Readers of rules: they extract facts from a match, using the grammar of AWS's own forms.

use crate::aws::bedrock::{long_term, service_user, short_term};

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
                user: None,
                expires: Some(read.expires),
            }),
        }
    }
}
