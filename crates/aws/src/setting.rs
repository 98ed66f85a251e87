//! What a request is made with and cannot be: the words of the user's options and environment.

/// What the owner of a key reads in CloudTrail, unless it is told otherwise.
pub const USER_AGENT: &str = concat!(
    "keysweep/",
    env!("CARGO_PKG_VERSION"),
    " (leaked key check; +",
    env!("CARGO_PKG_REPOSITORY"),
    ")"
);

/// A setting that cannot be used. Never holds a secret, nor the URL of a proxy or endpoint.
#[derive(Debug, thiserror::Error)]
pub enum Setting {
    /// The endpoint's URL cannot be used.
    #[error("{0}; give an https URL such as https://sts.example.com")]
    Endpoint(&'static str),
    /// The name of no partition.
    #[error(
        "--partition: {0:?} is no partition; give auto, all, aws, aws-us-gov, aws-cn or aws-eusc"
    )]
    Partition(String),
    /// The proxy of the environment cannot be used.
    #[error("{0}: {1}; set it to http://host:port, or unset it")]
    Proxy(&'static str, &'static str),
    /// The certificates of the environment cannot be used.
    #[error("AWS_CA_BUNDLE: {path}: {why}; set it to a file of PEM certificates, or unset it")]
    Bundle {
        /// The file, escaped for display.
        path: String,
        /// What is wrong with it.
        why: String,
    },
}
