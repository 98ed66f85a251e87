//! The identity that signs: a profile, the keys of the environment, or a session of either. A
//! profile is used only if it is named; the role of an instance or container is never used.
//!
//! The SDK parses the profile files. Profiles are resolved here and not by the SDK's providers:
//! their STS clients would read endpoints from variables and profiles, retry, follow
//! `credential_source` to an instance's role, and read answers without a limit.

mod process;
mod profiles;

use std::path::Path;

use crate::iam::Client;
use crate::query::SigningKey;
use crate::{Error, Secret};

pub use profiles::Profiles;

/// The parts of the surrounding system that are read.
pub trait Surroundings {
    /// An environment variable, if it is set and not empty.
    fn variable(&self, name: &str) -> Option<String>;

    /// The user's home folder.
    fn home(&self) -> Option<std::path::PathBuf>;

    /// Asks for the code of a multi-factor authentication device; `None` if it can't ask anybody.
    fn mfa_code(&mut self, serial: &str) -> Option<String>;
}

/// The requested identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// A profile, by `--profile` or AWS_PROFILE.
    Profile(String),
    /// AWS_ACCESS_KEY_ID and the related variables.
    Environment,
}

impl Choice {
    /// The named profile, otherwise the keys of the environment, otherwise AWS_PROFILE.
    ///
    /// # Errors
    /// If none of them is set.
    pub fn of(named: Option<&str>, around: &dyn Surroundings) -> Result<Self, IdentityError> {
        if let Some(name) = named {
            return Ok(Self::Profile(name.to_owned()));
        }
        if around.variable("AWS_ACCESS_KEY_ID").is_some() {
            return Ok(Self::Environment);
        }
        let profile = around.variable("AWS_PROFILE").map(Self::Profile);
        profile.ok_or(IdentityError::Nobody)
    }

    /// The text that messages show.
    pub fn describe(&self) -> String {
        match self {
            Self::Profile(name) => format!("profile {name}"),
            Self::Environment => "keys of the environment".to_owned(),
        }
    }
}

/// The reason why there is no usable identity. It contains no secret.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// No identity is named.
    #[error(
        "which identity is to act? Give --profile NAME, or set AWS_ACCESS_KEY_ID and \
         AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; the default profile and roles of instances are not \
         used unless they are named"
    )]
    Nobody,
    /// A profile or variable can't be used; the text has the reason and the advice.
    #[error("{0}")]
    Unusable(String),
    /// STS refused, or did not answer.
    #[error("{who}: {error}")]
    Sts {
        /// The profile.
        who: String,
        /// The error of STS.
        error: Error,
    },
}

impl IdentityError {
    fn of_profile(name: &str, why: impl std::fmt::Display) -> Self {
        Self::Unusable(format!("profile {name}: {why}"))
    }
}

/// Opens a client for an intermediate key, at the endpoints given to the command.
pub type Open<'a> = dyn Fn(SigningKey) -> Result<Client, IdentityError> + 'a;

/// The signing key of `choice`.
///
/// # Errors
/// If the identity can't be used; the error has the reason.
pub fn resolve(
    choice: &Choice,
    profiles: &Profiles,
    around: &mut dyn Surroundings,
    open: &Open<'_>,
) -> Result<SigningKey, IdentityError> {
    match choice {
        Choice::Environment => environment(around),
        Choice::Profile(name) => Resolver { profiles, around, open }.profile(name, &mut Vec::new()),
    }
}

fn environment(around: &dyn Surroundings) -> Result<SigningKey, IdentityError> {
    let id = around.variable("AWS_ACCESS_KEY_ID");
    let secret = around.variable("AWS_SECRET_ACCESS_KEY").map(into_secret);
    let token = around.variable("AWS_SESSION_TOKEN").map(into_secret);
    match (id, secret) {
        (Some(id), Some(secret)) => Ok(SigningKey::new(&id, &secret, token.as_ref())),
        (None, _) => Err(IdentityError::Unusable("AWS_ACCESS_KEY_ID is not set".to_owned())),
        (_, None) => Err(IdentityError::Unusable(
            "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not".to_owned(),
        )),
    }
}

fn into_secret(text: String) -> Secret {
    Secret::new(text.into_bytes())
}

/// Resolves a profile to a key.
struct Resolver<'a> {
    profiles: &'a Profiles,
    around: &'a mut dyn Surroundings,
    open: &'a Open<'a>,
}

impl Resolver<'_> {
    /// The key of a profile; `above` has the profiles that refer to it.
    fn profile(
        &mut self,
        name: &str,
        above: &mut Vec<String>,
    ) -> Result<SigningKey, IdentityError> {
        let fault = |why: &str| IdentityError::of_profile(name, why);
        if !self.profiles.has(name) {
            return Err(self.profiles.unknown(name));
        }
        let get = |property: &str| self.profiles.get(name, property);
        let repeats = above.iter().any(|one| one == name);
        let own = |this: &mut Self| {
            let id = this.profiles.get(name, "aws_access_key_id");
            id.map(|id| this.static_key(name, &id)).transpose()
        };
        if let Some(role) = get("role_arn").filter(|_| !repeats) {
            above.push(name.to_owned());
            if let Some(file) = get("web_identity_token_file") {
                return self.web_identity(name, &role, &file);
            }
            let source = match (get("source_profile"), get("credential_source").as_deref()) {
                (Some(_), Some(_)) => {
                    return Err(fault("it has a source_profile and a credential_source; keep one"));
                }
                (Some(source), None) => self.profile(&source, above)?,
                (None, Some("Environment")) => environment(self.around)?,
                (None, Some(other)) => {
                    return Err(fault(&format!(
                        "credential_source = {other} is the role of an instance or container, \
                         with which nothing is done here; use a source_profile"
                    )));
                }
                (None, None) => own(self)?.ok_or_else(|| {
                    fault("it has a role_arn and no source_profile; add one to it")
                })?,
            };
            return self.assume(name, &role, source);
        }
        if let Some(key) = own(self)? {
            return Ok(key);
        }
        if repeats {
            return Err(fault("its source_profile leads back to it"));
        }
        if let Some(command) = get("credential_process") {
            return process::credentials(&command).map_err(|why| {
                IdentityError::of_profile(name, format!("its credential_process {why}"))
            });
        }
        if ["sso_session", "sso_start_url", "login_session"].iter().any(|one| get(one).is_some()) {
            return process::export(name).map_err(|why| IdentityError::of_profile(name, why));
        }
        Err(fault("it has no keys, no role_arn, no credential_process and no SSO session"))
    }

    fn static_key(&self, name: &str, id: &str) -> Result<SigningKey, IdentityError> {
        let get = |property: &str| self.profiles.get(name, property).map(into_secret);
        let why = "it has an aws_access_key_id and no aws_secret_access_key";
        let secret = get("aws_secret_access_key");
        let secret = secret.ok_or_else(|| IdentityError::of_profile(name, why))?;
        Ok(SigningKey::new(id, &secret, get("aws_session_token").as_ref()))
    }

    fn assume(
        &mut self,
        name: &str,
        role: &str,
        source: SigningKey,
    ) -> Result<SigningKey, IdentityError> {
        let get = |property: &str| self.profiles.get(name, property);
        let session = get("role_session_name").unwrap_or_else(|| "keysweep".to_owned());
        let (external, duration) = (get("external_id"), get("duration_seconds"));
        let mut parameters = vec![("RoleArn", role), ("RoleSessionName", session.as_str())];
        if let Some(external) = &external {
            parameters.push(("ExternalId", external));
        }
        if let Some(duration) = &duration {
            parameters.push(("DurationSeconds", duration));
        }
        let serial = get("mfa_serial");
        let code = match &serial {
            Some(serial) => Some(self.around.mfa_code(serial).ok_or_else(|| {
                let why = format!("its role asks for a code of {serial}, and nobody can be asked");
                IdentityError::of_profile(name, why)
            })?),
            None => None,
        };
        if let (Some(serial), Some(code)) = (&serial, &code) {
            parameters.extend([("SerialNumber", serial.as_str()), ("TokenCode", code.as_str())]);
        }
        let client = (self.open)(source)?;
        let key = Some(client.key());
        session_of(&client, name, "AssumeRole", &parameters, key)
    }

    fn web_identity(
        &mut self,
        name: &str,
        role: &str,
        file: &str,
    ) -> Result<SigningKey, IdentityError> {
        let token = std::fs::read_to_string(Path::new(file)).map_err(|error| {
            IdentityError::of_profile(name, format!("web_identity_token_file {file}: {error}"))
        })?;
        let token = zeroize::Zeroizing::new(token);
        let session = self.profiles.get(name, "role_session_name");
        let session = session.unwrap_or_else(|| "keysweep".to_owned());
        let parameters = [
            ("RoleArn", role),
            ("RoleSessionName", session.as_str()),
            ("WebIdentityToken", token.trim()),
        ];
        // The request is unsigned: the token proves the identity.
        let client = (self.open)(SigningKey::new("", &Secret::new(Vec::new()), None))?;
        session_of(&client, name, "AssumeRoleWithWebIdentity", &parameters, None)
    }
}

fn session_of(
    client: &Client,
    name: &str,
    operation: &'static str,
    parameters: &[(&str, &str)],
    key: Option<&SigningKey>,
) -> Result<SigningKey, IdentityError> {
    let who = || format!("profile {name}");
    let session = client.session(operation, parameters, key);
    session.map_err(|error| IdentityError::Sts { who: who(), error })
}

/// A session of the client's own key with multi-factor authentication (`sts:GetSessionToken`).
///
/// # Errors
/// If STS refuses, or nobody can be asked for the code.
pub fn with_mfa(
    client: &Client,
    serial: &str,
    around: &mut dyn Surroundings,
) -> Result<SigningKey, IdentityError> {
    let code = around.mfa_code(serial).ok_or_else(|| {
        let why = format!("--mfa: a code of {serial} is needed, and nobody can be asked");
        IdentityError::Unusable(why)
    })?;
    let parameters = [("SerialNumber", serial), ("TokenCode", code.as_str())];
    let session = client.session("GetSessionToken", &parameters, Some(client.key()));
    session.map_err(|error| IdentityError::Sts { who: "--mfa".to_owned(), error })
}
