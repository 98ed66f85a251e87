//! The ids of built-in rules that code uses; the others are only in `patterns/*.toml`.

/// An access key id of a user with its secret.
pub const ACCESS_KEY: &str = "aws-access-key";
/// The same for a session.
pub const TEMPORARY_KEY: &str = "aws-temporary-key";
/// An access key id alone.
pub const KEY_ID: &str = "aws-access-key-id";
/// A secret access key alone.
pub const SECRET: &str = "aws-secret-access-key";
/// A session token alone.
pub const SESSION_TOKEN: &str = "aws-session-token";
/// A password of SES's SMTP interface.
pub const SMTP_PASSWORD: &str = "aws-ses-smtp-password";
/// A key of a Google Cloud service account.
pub const GCP_SERVICE_ACCOUNT_KEY: &str = "gcp-service-account-key";
