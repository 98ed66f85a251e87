//! Sends one request to one STS, with a client of the SDK that is fully configured.
//!
//! Region, endpoint, credentials, clock, retries and timeouts are set explicitly; the environment
//! and the profile files that the SDK reads are replaced by empty ones. So no variable, profile,
//! container or instance sets an identity or endpoint. Redirects are not followed.

pub mod answer;

use std::error::Error;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_sdk_sts::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_sts::config::retry::RetryConfig;
use aws_sdk_sts::config::timeout::TimeoutConfig;
use aws_sdk_sts::config::{
    ConfigBag, Credentials, IdentityCache, Intercept, RuntimeComponents, SharedHttpClient,
    StalledStreamProtectionConfig,
};
use aws_sdk_sts::error::{BoxError, SdkError};
use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityOutput;
use aws_sdk_sts::primitives::{DateTime, DateTimeFormat};
use aws_smithy_async::time::{SharedTimeSource, TimeSource as _};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, Connector};

use keysweep_base::secret::Secret;
use keysweep_base::text::escape_line;

use super::bounded::{self, Bounded};
use super::transport::{self, Clock, cause};
use super::{Endpoint, Environment, Partition};
use answer::Identity;

/// The route to STS.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Replaces the STS of every partition.
    pub endpoint: Option<Endpoint>,
    /// True if AWS's FIPS endpoints are used.
    pub fips: bool,
    /// Timeout of a connection attempt.
    pub connect_timeout: Duration,
    /// Timeout of one request, including the connection.
    pub request_timeout: Duration,
    /// The whole `User-Agent` header, which the key's owner sees in CloudTrail.
    pub user_agent: String,
    /// The proxy and the roots.
    pub environment: Environment,
}

/// The outcome of a request.
#[derive(Debug)]
pub enum Reply {
    /// STS identified the caller.
    Identity(Identity),
    /// Any other whole answer.
    Answer {
        /// Its HTTP status.
        status: u16,
        /// Its whole body.
        body: Vec<u8>,
        /// The server's time.
        date: Option<SystemTime>,
    },
    /// There is no whole answer.
    Silence {
        /// The reason.
        why: String,
        /// True if the connection broke; false if a timeout passed.
        broken: bool,
    },
}

/// The STS of one partition.
#[derive(Debug)]
pub struct StsClient {
    /// The partition.
    pub partition: Partition,
    /// The URL that requests are sent to.
    pub endpoint: String,
    config: SdkConfig,
    clock: Clock,
    agent: UserAgent,
    unanswered: AtomicU32,
}

/// After this many consecutive requests without an answer, an endpoint counts as unreachable for
/// the rest of the run: 200 keys must not wait 200 times for a firewall.
const GIVE_UP_AFTER: u32 = 5;

impl StsClient {
    /// Opens a client for `partition`; `None` if FIPS is requested and the partition has no such
    /// endpoint.
    pub async fn open(partition: Partition, settings: &Settings) -> Option<Self> {
        let endpoint = endpoint(partition, settings)?;
        let clock = Clock::default();
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(settings.connect_timeout)
            .operation_timeout(settings.request_timeout)
            .build();
        let nothing =
            EnvConfigFiles::builder().with_contents(EnvConfigFileKind::Config, "").build();
        let config = aws_config::defaults(BehaviorVersion::latest())
            .empty_test_environment()
            .profile_files(nothing)
            .region(Region::from_static(partition.region()))
            .endpoint_url(&endpoint)
            .use_fips(false)
            .use_dual_stack(false)
            .no_credentials()
            .identity_cache(IdentityCache::no_cache())
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .disable_clock_skew_correction(true)
            .time_source(SharedTimeSource::new(clock.clone()))
            .http_client(http_client(&endpoint, &settings.environment))
            .load()
            .await;
        let agent = UserAgent(settings.user_agent.clone());
        Some(Self { partition, endpoint, config, clock, agent, unanswered: AtomicU32::new(0) })
    }

    /// Sends `GetCallerIdentity` once.
    pub async fn send(&self, key: &str, secret: &Secret, token: Option<&Secret>) -> Reply {
        let text = |secret: &Secret| String::from_utf8_lossy(secret.expose()).into_owned();
        let credentials = Credentials::new(key, text(secret), token.map(text), None, "found");
        let config = aws_sdk_sts::config::Builder::from(&self.config)
            .credentials_provider(credentials)
            .interceptor(self.agent.clone())
            .interceptor(Bounded)
            .build();
        let client = aws_sdk_sts::Client::from_conf(config);
        match client.get_caller_identity().send().await {
            Ok(output) => identity_of(&output),
            Err(error) => reply_of(&error),
        }
    }

    /// True if it did not answer for so long that no more requests are sent.
    pub fn is_out_of_reach(&self) -> bool {
        self.unanswered.load(Ordering::Relaxed) >= GIVE_UP_AFTER
    }

    /// Records whether a request was answered.
    pub fn note_reachability(&self, answered: bool) {
        if answered {
            self.unanswered.store(0, Ordering::Relaxed);
        } else {
            self.unanswered.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Corrects the clock by the date of an answer.
    pub fn set_clock(&self, now: SystemTime) {
        self.clock.set(now);
    }

    /// The time by the corrected clock, RFC 3339 in UTC, to the second.
    pub fn now(&self) -> Option<String> {
        let seconds = self.clock.now().duration_since(UNIX_EPOCH).ok()?.as_secs();
        DateTime::from_secs(i64::try_from(seconds).ok()?).fmt(DateTimeFormat::DateTime).ok()
    }
}

/// The endpoint of `partition`; `None` if FIPS is requested and the partition has no such endpoint.
pub fn endpoint(partition: Partition, settings: &Settings) -> Option<String> {
    match &settings.endpoint {
        Some(endpoint) => Some(endpoint.as_str().to_owned()),
        None => partition.endpoint(settings.fips).map(str::to_owned),
    }
}

fn http_client(endpoint: &str, environment: &Environment) -> SharedHttpClient {
    let tls = transport::tls(environment.roots.as_deref(), endpoint.starts_with("https:"));
    let proxy = transport::proxy(environment.proxy.as_ref(), &environment.no_proxy);
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut builder = Connector::builder()
            .proxy_config(proxy.clone())
            .tls_provider(Provider::rustls(CryptoMode::Ring));
        if let Some(tls) = &tls {
            builder = builder.tls_context(tls.clone());
        }
        if let Some(settings) = settings {
            builder = builder.connector_settings(settings.clone());
        }
        builder.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        builder.build()
    })
}

/// A status of 200 counts as STS's answer only if all fields are present.
fn identity_of(output: &GetCallerIdentityOutput) -> Reply {
    let field = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(escape_line);
    let identity = || {
        Some(Identity {
            arn: field(output.arn()).filter(|arn| arn.starts_with("arn:"))?,
            account: field(output.account())?,
            user_id: field(output.user_id())?,
        })
    };
    identity().map_or_else(
        || Reply::Answer { status: 200, body: Vec::new(), date: None },
        Reply::Identity,
    )
}

fn reply_of<E: Error + 'static>(error: &SdkError<E>) -> Reply {
    let Some(raw) = error.raw_response() else {
        let (why, broken) = match error {
            SdkError::TimeoutError(_) => ("no answer in time".to_owned(), false),
            SdkError::DispatchFailure(failure) if failure.is_timeout() => {
                ("no connection in time".to_owned(), false)
            }
            SdkError::DispatchFailure(failure) => (reported(error), failure.is_io()),
            _ => (reported(error), false),
        };
        return Reply::Silence { why, broken };
    };
    let date = raw.headers().get("date").and_then(|text| {
        SystemTime::try_from(DateTime::from_str(text, DateTimeFormat::HttpDate).ok()?).ok()
    });
    if bounded::is_too_long(error) {
        let why = format!("the answer is longer than {} KiB", bounded::LONGEST >> 10);
        return Reply::Silence { why, broken: false };
    }
    match raw.body().bytes() {
        Some(body) => Reply::Answer { status: raw.status().as_u16(), body: body.to_vec(), date },
        None => Reply::Silence { why: "the answer was cut off".to_owned(), broken: true },
    }
}

fn reported(error: &(dyn Error + 'static)) -> String {
    format!("no answer: {}", escape_line(&cause(error)))
}

/// Replaces the SDK's `User-Agent` after the request is signed: SigV4 does not sign that header.
#[derive(Clone, Debug)]
struct UserAgent(String);

impl Intercept for UserAgent {
    fn name(&self) -> &'static str {
        "UserAgent"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        context.request_mut().headers_mut().insert("user-agent", self.0.clone());
        Ok(())
    }
}
