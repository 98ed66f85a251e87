//! Errors in settings of requests, from the user's options and environment.

/// The default user agent, which the owner of a key sees in CloudTrail.
pub const USER_AGENT: &str = concat!(
    "keysweep/",
    env!("CARGO_PKG_VERSION"),
    " (leaked key check; +",
    env!("CARGO_PKG_REPOSITORY"),
    ")"
);

/// A setting that can't be used. It never contains a secret, nor the URL of a proxy or endpoint.
#[derive(Debug, thiserror::Error)]
pub enum Setting {
    /// The endpoint's URL can't be used.
    #[error("{0}; give an https URL such as https://sts.example.com")]
    Endpoint(&'static str),
    /// The name is not that of a partition.
    #[error(
        "--partition: {0:?} is not a partition; give auto, all, aws, aws-us-gov, aws-cn or aws-eusc"
    )]
    Partition(String),
    /// The proxy of the environment can't be used.
    #[error("{0}: {1}; set it to http://host:port, or unset it")]
    Proxy(&'static str, &'static str),
    /// The certificates of the environment can't be used.
    #[error("AWS_CA_BUNDLE: {path}: {why}; set it to a file of PEM certificates, or unset it")]
    Bundle {
        /// The file, escaped for display.
        path: String,
        /// The fault.
        why: String,
    },
}
