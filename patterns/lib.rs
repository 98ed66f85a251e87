//! The data of keysweep, embedded: one constant for each file. It is a separate crate so that every
//! crate that embeds it also packs it.

/// The rules, by the name of their file, in the order in which they are listed.
pub const RULES: [(&str, &str); 21] = [
    ("signing-keys.toml", include_str!("signing-keys.toml")),
    ("bedrock.toml", include_str!("bedrock.toml")),
    ("ses.toml", include_str!("ses.toml")),
    ("service-credentials.toml", include_str!("service-credentials.toml")),
    ("appsync.toml", include_str!("appsync.toml")),
    ("mws.toml", include_str!("mws.toml")),
    ("tokens/github.toml", include_str!("tokens/github.toml")),
    ("tokens/gitlab.toml", include_str!("tokens/gitlab.toml")),
    ("tokens/registries.toml", include_str!("tokens/registries.toml")),
    ("tokens/slack.toml", include_str!("tokens/slack.toml")),
    ("tokens/payments.toml", include_str!("tokens/payments.toml")),
    ("tokens/ai.toml", include_str!("tokens/ai.toml")),
    ("tokens/google.toml", include_str!("tokens/google.toml")),
    ("tokens/azure.toml", include_str!("tokens/azure.toml")),
    ("tokens/chat.toml", include_str!("tokens/chat.toml")),
    ("tokens/cloud.toml", include_str!("tokens/cloud.toml")),
    ("tokens/monitoring.toml", include_str!("tokens/monitoring.toml")),
    ("tokens/mail.toml", include_str!("tokens/mail.toml")),
    ("tokens/services.toml", include_str!("tokens/services.toml")),
    ("tokens/keys.toml", include_str!("tokens/keys.toml")),
    ("tokens/more.toml", include_str!("tokens/more.toml")),
];

/// The frequencies with which two letters of the base64 alphabet follow one another in text.
pub const BIGRAMS: &[u8] = include_bytes!("bigrams.txt");

/// Accounts that issue canaries.
pub const CANARY_ACCOUNTS: &str = include_str!("canary-accounts.toml");

/// Words of which people make ids.
pub const EXAMPLE_WORDS: &str = include_str!("example-words.txt");

/// Words of labels, by what they say of a value.
pub const LABELS: &str = include_str!("labels.txt");

/// Words in the place of a credential.
pub const PLACEHOLDERS: &str = include_str!("placeholders.txt");

/// Digests of tokens that documentation shows.
pub const PUBLISHED_EXAMPLES: &str = include_str!("published-examples.txt");

/// The costs of pairing.
pub const PAIRING: &str = include_str!("pairing.txt");

/// The steps to revoke and rotate a credential.
pub const STEPS: &str = include_str!("remedy/steps.toml");

/// The steps that each kind of credential takes.
pub const PROCEDURES: &str = include_str!("remedy/procedures.toml");
