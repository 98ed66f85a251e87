//! Opens IAM for the identity that was asked for.

use std::time::Duration;

use keysweep_aws::identity::{self, Choice, IdentityError, Profiles, Surroundings};
use keysweep_aws::{
    Client, Endpoint, Environment, Error, Iam as _, Partition, Secret, Settings, SigningKey,
};

use super::{Acting, Failure};
use crate::aws::KeyId;
use crate::principal::Principal;
use crate::stop::Stop;
use crate::text::escape_line;

/// The user agent of commands that act, unless `--user-agent` gives another one.
pub const USER_AGENT: &str = concat!(
    "keysweep/",
    env!("CARGO_PKG_VERSION"),
    " (access keys; +",
    env!("CARGO_PKG_REPOSITORY"),
    ")"
);

/// The identity that is to act, and the place where it acts.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The profile that was named.
    pub profile: Option<String>,
    /// The key that is to sign itself.
    pub itself: Option<KeyId>,
    /// Opens a session with multi-factor authentication; the inner value is the device, if one was
    /// named.
    pub mfa: Option<Option<String>>,
    /// The partition; else what the profile's Region says, else `aws`.
    pub partition: Option<Partition>,
    /// In place of AWS's IAM.
    pub iam_endpoint: Option<Endpoint>,
    /// In place of AWS's STS.
    pub sts_endpoint: Option<Endpoint>,
    /// Asks AWS's FIPS endpoints.
    pub fips: bool,
    /// The user agent of the requests.
    pub user_agent: Option<String>,
    /// Proxy and roots.
    pub environment: Environment,
}

/// IAM, with the identity that signs.
#[derive(Debug)]
pub struct Opened {
    /// The operations.
    pub client: Client,
    /// The identity that signs.
    pub acting: Acting,
}

/// Finds the identity, asks STS who it is, and opens IAM as this identity.
///
/// `secret_of` returns the secret of a key that signs itself and is in no profile.
///
/// # Errors
/// No identity, one that cannot be used, or one that STS does not accept.
pub fn open(
    request: &Request,
    around: &mut dyn Surroundings,
    secret_of: &mut dyn FnMut(KeyId) -> Result<Secret, Failure>,
    stop: &Stop,
) -> Result<Opened, Failure> {
    let (choice, itself) = match request.itself {
        None => (Some(Choice::of(request.profile.as_deref(), around).map_err(failure)?), None),
        Some(key) => (None, Some(key)),
    };
    let profiles = Profiles::load(around).map_err(failure)?;
    let holding = itself.and_then(|key| profiles.holding(key.as_str()));
    let choice = choice.or(holding.map(Choice::Profile));
    let partition = partition(request, choice.as_ref(), &profiles, around)?;
    let settings = settings(request, partition)?;
    let opener = |key: SigningKey| {
        let client = Client::new(settings.clone(), key, stop.flag());
        client.map_err(|error| IdentityError::Unusable(error.to_string()))
    };
    let (key, mut source) = match (&choice, itself) {
        (Some(choice), _) => {
            let key = identity::resolve(choice, &profiles, around, &opener).map_err(failure)?;
            (key, choice.describe())
        }
        (None, Some(id)) => (SigningKey::new(id.as_str(), &secret_of(id)?, None), String::new()),
        (None, None) => return Err(failure(IdentityError::Nobody)),
    };
    if let Some(id) = itself {
        let from =
            if source.is_empty() { "with a secret that was entered".to_owned() } else { source };
        source = format!("the key {id} itself, {from}");
    }
    let mut client = opener(key).map_err(failure)?;
    let mut caller = client.caller().map_err(|error| unknown(&source, partition, error))?;
    if let Some(serial) = &request.mfa {
        let serial = serial.clone().or_else(|| match &choice {
            Some(Choice::Profile(name)) => profiles.get(name, "mfa_serial"),
            _ => None,
        });
        let serial = serial.map_or_else(|| device(&client, &caller.arn), Ok)?;
        let key = identity::with_mfa(&client, &serial, around).map_err(failure)?;
        client = opener(key).map_err(failure)?;
        caller = client.caller().map_err(|error| unknown(&source, partition, error))?;
        source = format!("{source}, with a code of {serial}");
    }
    caller.arn = escape_line(&caller.arn);
    caller.account = escape_line(&caller.account);
    let acting =
        Acting { caller, source: escape_line(&source), key_id: client.key().id().to_owned() };
    Ok(Opened { client, acting })
}

fn failure(error: IdentityError) -> Failure {
    match error {
        IdentityError::Sts { who, error } => {
            let failure = Failure::from(error);
            Failure { message: format!("{who}: {}", failure.message), ..failure }
        }
        error => Failure::refused(escape_line(&error.to_string())),
    }
}

/// The partition of a run: the one that was named, otherwise that of the Region, otherwise `aws`.
fn partition(
    request: &Request,
    choice: Option<&Choice>,
    profiles: &Profiles,
    around: &dyn Surroundings,
) -> Result<Partition, Failure> {
    if let Some(partition) = request.partition {
        return Ok(partition);
    }
    let region = match choice {
        Some(Choice::Profile(name)) => profiles.get(name, "region"),
        Some(Choice::Environment) => {
            around.variable("AWS_REGION").or_else(|| around.variable("AWS_DEFAULT_REGION"))
        }
        None => None,
    };
    let Some(region) = region else { return Ok(Partition::Aws) };
    Partition::of_region(&region).ok_or_else(|| {
        let region = escape_line(&region);
        Failure::refused(format!("the partition of the Region {region} is not known"))
    })
}

fn settings(request: &Request, partition: Partition) -> Result<Settings, Failure> {
    let own = |endpoint: &Option<Endpoint>| endpoint.as_ref().map(|url| url.as_str().to_owned());
    let no_fips = || {
        Failure::refused(format!("--fips: AWS has no FIPS endpoint of IAM and STS in {partition}"))
    };
    let iam = own(&request.iam_endpoint)
        .or_else(|| partition.iam_endpoint(request.fips).map(str::to_owned));
    let sts =
        own(&request.sts_endpoint).or_else(|| partition.endpoint(request.fips).map(str::to_owned));
    Ok(Settings {
        iam_endpoint: iam.ok_or_else(no_fips)?,
        sts_endpoint: sts.ok_or_else(no_fips)?,
        region: partition.region().to_owned(),
        user_agent: request.user_agent.clone().unwrap_or_else(|| USER_AGENT.to_owned()),
        connect_timeout: Duration::from_secs(5),
        request_timeout: Duration::from_secs(30),
        retry_time: Duration::from_secs(60),
        proxy: request.environment.proxy.clone(),
        no_proxy: request.environment.no_proxy.clone(),
        roots: request.environment.roots.clone(),
    })
}

fn unknown(source: &str, partition: Partition, error: Error) -> Failure {
    let refused = matches!(error, Error::InvalidClientTokenId { .. });
    let failure = Failure::from(error);
    let hint = if refused {
        format!(
            ". Its key is deleted, inactive or expired, or belongs to another partition than \
             {partition} (--partition)"
        )
    } else {
        String::new()
    };
    Failure { message: format!("{source}: {}{hint}", failure.message), ..failure }
}

/// The first device of the user that signs.
fn device(client: &Client, arn: &str) -> Result<String, Failure> {
    let missing = |why: String| Failure::refused(format!("--mfa: {why}; give --mfa=SERIAL"));
    let Some(Principal::User(user)) = Principal::of(arn) else {
        return Err(missing(format!("{arn} is not a user, so it has no device")));
    };
    let devices = client.mfa_devices(user).map_err(|error| missing(error.to_string()))?;
    let first = devices.into_iter().next();
    first.ok_or_else(|| missing(format!("user {user} has no device")))
}
