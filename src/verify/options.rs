//! The options of verification, with their defaults; no clap, no sockets.

use std::time::{Duration, Instant};

use keysweep_aws::{Endpoint, Environment, Partition, PartitionChoice, Setting, USER_AGENT, sts};

use crate::canary;
use crate::stop::Stop;

/// The options of verification.
#[derive(Clone, Debug)]
pub struct VerifyOptions {
    /// Replaces the STS of every partition.
    pub endpoint: Option<Endpoint>,
    /// The partitions to ask.
    pub partition: PartitionChoice,
    /// Accounts whose keys are never sent; see [`account`].
    pub skip_accounts: Vec<String>,
    /// Unless empty, the only accounts whose keys are sent.
    pub only_accounts: Vec<String>,
    /// The user's own canary accounts, decided offline like the known ones.
    pub canary_accounts: Vec<String>,
    /// The `User-Agent` header, which the key's owner sees in CloudTrail.
    pub user_agent: String,
    /// Requests per second, all partitions together; more than 0.
    pub rate: f64,
    /// Requests at the same time; at least 1.
    pub concurrency: usize,
    /// The time for one secret at one partition, retries included.
    pub retry_time: Duration,
    /// The time for opening a connection.
    pub connect_timeout: Duration,
    /// The time for one request, connection included.
    pub request_timeout: Duration,
    /// The pause between two requests for one id with different secrets: within about five seconds
    /// STS can reject the right one.
    pub spacing: Duration,
    /// Maximum number of secrets that are tried for one id.
    pub max_candidates: usize,
    /// Most requests of a run.
    pub max_requests: u64,
    /// The end of the run's time.
    pub until: Option<Instant>,
    /// Ends the run early; keys without an answer are then unknown.
    pub stop: Stop,
    /// Use AWS's FIPS endpoints.
    pub fips: bool,
    /// Proxy and root certificates.
    pub environment: Environment,
}

impl Default for VerifyOptions {
    fn default() -> Self {
        Self {
            endpoint: None,
            partition: PartitionChoice::Nearby,
            skip_accounts: Vec::new(),
            only_accounts: Vec::new(),
            canary_accounts: Vec::new(),
            user_agent: USER_AGENT.to_owned(),
            rate: 10.0,
            concurrency: 4,
            retry_time: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(10),
            spacing: Duration::from_millis(5_500),
            max_candidates: 8,
            max_requests: 10_000,
            until: None,
            stop: Stop::default(),
            fips: false,
            environment: Environment::default(),
        }
    }
}

/// An option that can't be used. It never contains a secret, nor the URL of a proxy or endpoint.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    /// A setting of the requests that can't be used.
    #[error(transparent)]
    Setting(#[from] Setting),
    /// Not an account number.
    #[error("{0:?} is not an AWS account number, which has twelve digits")]
    Account(String),
    /// An account in two lists, which contradict each other or have the same effect.
    #[error(
        "account {0} is named by two of --only-account, --skip-account and --canary-account; name it once"
    )]
    AccountTwice(String),
    /// A canary account, whose keys are never sent.
    #[error("--only-account {0} would never send a request: the account is known for canary keys")]
    OnlyCanaries(String),
    /// There are no such FIPS endpoints.
    #[error(
        "--fips with --partition {0} would never send a request: AWS has no FIPS endpoint of \
         STS there"
    )]
    NoFips(Partition),
    /// A rate of 0 or less, or not a number.
    #[error("--rate: {0} requests a second is not possible; give more than 0, at most 100")]
    Rate(f64),
    /// A header that can't be sent.
    #[error(
        "--user-agent: it may contain only visible ASCII characters and blanks, and must not \
         be empty"
    )]
    UserAgent,
}

impl VerifyOptions {
    /// The settings of requests to STS.
    pub(super) fn settings(&self) -> sts::Settings {
        sts::Settings {
            endpoint: self.endpoint.clone(),
            fips: self.fips,
            connect_timeout: self.connect_timeout,
            request_timeout: self.request_timeout,
            user_agent: self.user_agent.clone(),
            environment: self.environment.clone(),
        }
    }

    /// Checks the options, so that a scan does not end with a refusal.
    ///
    /// # Errors
    ///
    /// The first option that can't be used.
    pub fn check(&self) -> Result<(), OptionsError> {
        let visible = self.user_agent.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if !visible || self.user_agent.trim().is_empty() {
            return Err(OptionsError::UserAgent);
        }
        if !(self.rate > 0.0 && self.rate <= 100.0) {
            return Err(OptionsError::Rate(self.rate));
        }
        self.check_accounts()?;
        let PartitionChoice::Only(chosen) = &self.partition else { return Ok(()) };
        let without = chosen.iter().find(|partition| partition.endpoint(self.fips).is_none());
        without.map_or(Ok(()), |partition| Err(OptionsError::NoFips(*partition)))
    }

    fn check_accounts(&self) -> Result<(), OptionsError> {
        let mut seen: Vec<String> = Vec::new();
        for list in [&self.skip_accounts, &self.only_accounts, &self.canary_accounts] {
            let mut own = list.iter().map(|text| account(text)).collect::<Result<Vec<_>, _>>()?;
            if let Some(twice) = own.iter().find(|account| seen.contains(account)) {
                return Err(OptionsError::AccountTwice(twice.clone()));
            }
            seen.append(&mut own);
        }
        let only = self
            .only_accounts
            .iter()
            .find(|text| account(text).is_ok_and(|account| canary::operator(&account).is_some()));
        only.map_or(Ok(()), |account| Err(OptionsError::OnlyCanaries(account.clone())))
    }
}

/// Parses an account number: twelve digits, or `1234-5678-9012`.
///
/// # Errors
///
/// If it is not one.
pub fn account(text: &str) -> Result<String, OptionsError> {
    let digits: String = text.chars().filter(|&character| character != '-').collect();
    let valid = digits.len() == 12 && digits.bytes().all(|byte| byte.is_ascii_digit());
    valid.then_some(digits).ok_or_else(|| OptionsError::Account(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_options_are_refused() {
        assert!(VerifyOptions::default().check().is_ok());
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(VerifyOptions { rate, ..VerifyOptions::default() }.check().is_err(), "{rate}");
        }
        let agent = VerifyOptions { user_agent: "a\r\nb".into(), ..VerifyOptions::default() };
        assert!(agent.check().is_err());
        let skip =
            VerifyOptions { skip_accounts: vec!["12345".into()], ..VerifyOptions::default() };
        assert!(skip.check().is_err());
        assert_eq!(account("1234-5678-9012").expect("an account"), "123456789012");
    }
}
