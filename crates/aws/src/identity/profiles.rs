//! The profile files of the AWS CLI and SDKs, parsed by the SDK.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_runtime::env_config::section::EnvConfigSections;
use aws_runtime::env_config::source;
use aws_types::os_shim_internal::{Env, Fs};

use super::{IdentityError, Surroundings};

/// All profiles of a user.
#[derive(Debug)]
pub struct Profiles {
    sections: EnvConfigSections,
    /// The config file and the credentials file.
    paths: [PathBuf; 2],
}

impl Profiles {
    /// Reads `~/.aws/config` and `~/.aws/credentials`, or the files that AWS_CONFIG_FILE and
    /// AWS_SHARED_CREDENTIALS_FILE name instead. A missing file counts as empty.
    ///
    /// # Errors
    /// If a file can't be read or parsed.
    pub fn load(around: &dyn Surroundings) -> Result<Self, IdentityError> {
        let place = |variable: &str, name: &str| match around.variable(variable) {
            Some(path) => expand(&path, around),
            None => around.home().unwrap_or_default().join(".aws").join(name),
        };
        let paths = [
            place("AWS_CONFIG_FILE", "config"),
            place("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
        ];
        let kinds = [EnvConfigFileKind::Config, EnvConfigFileKind::Credentials];
        let mut files = EnvConfigFiles::builder();
        for (path, kind) in paths.iter().zip(kinds) {
            files = files.with_contents(kind, contents(path)?);
        }
        let fault = |why: String| IdentityError::Unusable(format!("the profile files: {why}"));
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.map_err(|error| fault(error.to_string()))?;
        // All input is in memory: the SDK reads no variable and no file.
        let (env, system) = (Env::from_slice(&[]), Fs::from_slice(&[]));
        let source = runtime.block_on(source::load(&env, &system, &files.build()));
        let source = source.map_err(|error| fault(error.to_string()))?;
        // The message of the error quotes the line, which may contain a secret.
        let sections = EnvConfigSections::parse(source).map_err(|_| {
            let [config, credentials] = &paths;
            fault(format!(
                "{} or {} is not in the format of AWS's profile files",
                config.display(),
                credentials.display()
            ))
        })?;
        Ok(Self { sections, paths })
    }

    /// True if a profile has that name.
    pub fn has(&self, name: &str) -> bool {
        self.sections.get_profile(name).is_some()
    }

    /// A property of a profile, if it is set and not empty.
    pub fn get(&self, name: &str, property: &str) -> Option<String> {
        let value = self.sections.get_profile(name)?.get(property)?.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// The first profile by name that contains the key and its secret.
    pub fn holding(&self, key: &str) -> Option<String> {
        let holds = |name: &&str| {
            self.get(name, "aws_access_key_id").as_deref() == Some(key)
                && self.get(name, "aws_secret_access_key").is_some()
        };
        let mut names: Vec<&str> = self.sections.profiles().collect();
        names.sort_unstable();
        names.into_iter().find(holds).map(str::to_owned)
    }

    pub(super) fn unknown(&self, name: &str) -> IdentityError {
        let mut names: Vec<&str> = self.sections.profiles().collect();
        names.sort_unstable();
        let there = match names.as_slice() {
            [] => "there are none".to_owned(),
            names => format!("there are {}", names.join(", ")),
        };
        let [config, credentials] = &self.paths;
        IdentityError::Unusable(format!(
            "there is no profile '{name}' in {} and {}; {there}",
            config.display(),
            credentials.display()
        ))
    }
}

fn expand(path: &str, around: &dyn Surroundings) -> PathBuf {
    match (path.strip_prefix("~/"), around.home()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

fn contents(path: &Path) -> Result<String, IdentityError> {
    let fault = |why: String| IdentityError::Unusable(format!("{}: {why}", path.display()));
    match fs::read(path) {
        Ok(bytes) => String::from_utf8(bytes).map_err(|_| fault("it is not UTF-8".to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(fault(error.to_string())),
    }
}
