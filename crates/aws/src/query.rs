//! Sends one signed request of the AWS Query protocol, once.
//!
//! The caller sets the endpoint; it is never looked up. Redirects are not followed, and the length
//! of answers is limited. Retries are decided elsewhere.
//!
//! Reason for not using `aws-sdk-iam`: for the operations of this crate it costs 88 s of a release
//! build, a compiler peak of 2 GB and 1.6 MB of program, as measured. These requests cost 87 KB and
//! no build time, as `aws-sigv4` and the SDK's HTTP client are built for STS anyway. The SDK also
//! reads an error code only from AWS's exact envelope, and its clients need settings against
//! retries, endpoint lookup and unlimited answers, which do not exist here.

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::io;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::TimeSource as _;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Connector, ConnectorBuilder};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings};
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::date_time::Format;
use aws_smithy_types::{DateTime, byte_stream::ByteStream};
use http_body_util::Limited;
use zeroize::Zeroizing;

use crate::Secret;
use crate::transport::{self, Clock, cause};

/// The route to AWS.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The URL of IAM: https, or http on loopback. The caller must have checked it.
    pub iam_endpoint: String,
    /// The URL of STS.
    pub sts_endpoint: String,
    /// The Region that requests are signed for.
    pub region: String,
    /// The user agent that the account's CloudTrail shows.
    pub user_agent: String,
    /// Timeout of a connection attempt.
    pub connect_timeout: Duration,
    /// Timeout of one request, including the connection.
    pub request_timeout: Duration,
    /// Time for which a read is retried while AWS throttles or fails.
    pub retry_time: Duration,
    /// The proxy for https, a URL that may hold a password.
    pub proxy: Option<Secret>,
    /// Hosts that are reached without the proxy, as in `NO_PROXY`.
    pub no_proxy: String,
    /// PEM certificates that replace the system's roots.
    pub roots: Option<Vec<u8>>,
}

/// A service and the version of its API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Iam,
    Sts,
}

impl Service {
    fn name(self) -> &'static str {
        match self {
            Self::Iam => "iam",
            Self::Sts => "sts",
        }
    }

    fn version(self) -> &'static str {
        match self {
            Self::Iam => "2010-05-08",
            Self::Sts => "2011-06-15",
        }
    }
}

/// A key that signs requests.
#[derive(Clone)]
pub struct SigningKey(Credentials);

impl SigningKey {
    /// Creates a key, with the session token if it is temporary.
    pub fn new(id: &str, secret: &Secret, token: Option<&Secret>) -> Self {
        let text = |secret: &Secret| String::from_utf8_lossy(secret.expose()).into_owned();
        Self(Credentials::new(id, text(secret), token.map(text), None, "keysweep"))
    }

    /// Its id.
    pub fn id(&self) -> &str {
        self.0.access_key_id()
    }

    /// True if it has a session token.
    pub fn is_temporary(&self) -> bool {
        self.0.session_token().is_some()
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id())
    }
}

/// The outcome of sending a request.
#[derive(Debug)]
pub(crate) enum Reply {
    /// A whole answer.
    Answer { status: u16, body: Zeroizing<Vec<u8>>, date: Option<SystemTime> },
    /// There is no whole answer. `sent` is false if certainly nothing left this machine.
    Silence { why: String, sent: bool },
}

/// A read or a change; a change gets its own connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Read,
    Change,
}

/// Limit in bytes of a page of a list: 1,000 roles, each with its trust policy.
pub(crate) const LONGEST: usize = 8 << 20;

/// Sends requests.
#[derive(Debug)]
pub(crate) struct Sender {
    settings: Settings,
    /// Reuses connections; for reads.
    pooled: Connector,
    /// Opens a connection for each request: on a reused connection, the HTTP client may send a
    /// request again.
    single: Connector,
    clock: Clock,
}

impl Sender {
    pub(crate) fn new(settings: Settings) -> Self {
        let connector = |idle| connector(&settings, idle);
        let (pooled, single) = (connector(8), connector(0));
        Self { settings, pooled, single, clock: Clock::default() }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Corrects the clock by the date of an answer.
    pub(crate) fn set_clock(&self, now: SystemTime) {
        self.clock.set(now);
    }

    /// Sends `operation` once; without a key it is unsigned.
    pub(crate) async fn send(
        &self,
        service: Service,
        operation: &str,
        parameters: &[(&str, &str)],
        key: Option<&SigningKey>,
        kind: Kind,
    ) -> Reply {
        let mut body = format!("Action={operation}&Version={}", service.version());
        for (name, value) in parameters {
            let _ = write!(body, "&{name}=");
            encode(value, &mut body);
        }
        let unsent = |why: String| Reply::Silence { why, sent: false };
        let request = match self.request(service, &body, key) {
            Ok(request) => request,
            Err(why) => return unsent(why),
        };
        let connector = if kind == Kind::Change { &self.single } else { &self.pooled };
        let exchange = async {
            let mut response = match connector.call(request).await {
                Ok(response) => response,
                Err(error) => {
                    let why = if error.is_timeout() {
                        "no connection in time".to_owned()
                    } else {
                        format!("no answer: {}", cause(&error))
                    };
                    return Reply::Silence { why, sent: !is_unsent(&error) };
                }
            };
            let status = response.status().as_u16();
            let date = response.headers().get("date").and_then(|text| {
                SystemTime::try_from(DateTime::from_str(text, Format::HttpDate).ok()?).ok()
            });
            let limited = SdkBody::from_body_1_x(Limited::new(response.take_body(), LONGEST));
            match ByteStream::new(limited).collect().await {
                Ok(body) => Reply::Answer { status, body: Zeroizing::new(body.to_vec()), date },
                Err(_) => {
                    let why =
                        format!("the answer was cut off, or has more than {} MiB", LONGEST >> 20);
                    Reply::Silence { why, sent: true }
                }
            }
        };
        match tokio::time::timeout(self.settings.request_timeout, exchange).await {
            Ok(reply) => reply,
            Err(_) => Reply::Silence { why: "no answer in time".to_owned(), sent: true },
        }
    }

    fn request(
        &self,
        service: Service,
        body: &str,
        key: Option<&SigningKey>,
    ) -> Result<HttpRequest, String> {
        let endpoint = match service {
            Service::Iam => &self.settings.iam_endpoint,
            Service::Sts => &self.settings.sts_endpoint,
        };
        let uri = format!("{}/", endpoint.trim_end_matches('/'));
        let kind = ("content-type", "application/x-www-form-urlencoded");
        let mut request = HttpRequest::new(SdkBody::from(body));
        let fault = |_| "the request cannot be written".to_owned();
        request.set_method("POST").map_err(fault)?;
        request.set_uri(uri.as_str()).map_err(fault)?;
        request.headers_mut().insert(kind.0, kind.1);
        request.headers_mut().insert("user-agent", self.settings.user_agent.clone());
        let Some(key) = key else { return Ok(request) };
        let fault = || "the request cannot be signed".to_owned();
        let identity: Identity = key.0.clone().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.settings.region)
            .name(service.name())
            .time(self.clock.now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|_| fault())?
            .into();
        let body = SignableBody::Bytes(body.as_bytes());
        let signable = SignableRequest::new("POST", uri.as_str(), std::iter::once(kind), body);
        let signed = sign(signable.map_err(|_| fault())?, &parameters).map_err(|_| fault())?;
        let (headers, _) = signed.into_parts().0.into_parts();
        for header in headers {
            request.headers_mut().insert(header.name(), header.value().to_owned());
        }
        Ok(request)
    }
}

fn connector(settings: &Settings, idle: usize) -> Connector {
    let of = |url: &str| url.starts_with("https:");
    let encrypted = of(&settings.iam_endpoint) || of(&settings.sts_endpoint);
    let times = HttpConnectorSettings::builder().connect_timeout(settings.connect_timeout).build();
    let mut builder: ConnectorBuilder<_> = Connector::builder()
        .proxy_config(transport::proxy(settings.proxy.as_ref(), &settings.no_proxy))
        .pool_max_idle_per_host(idle)
        .connector_settings(times)
        .sleep_impl(TokioSleep::new())
        .tls_provider(Provider::rustls(CryptoMode::Ring));
    if let Some(tls) = transport::tls(settings.roots.as_deref(), encrypted) {
        builder = builder.tls_context(tls);
    }
    builder.build()
}

/// Encodes a value of `application/x-www-form-urlencoded`, like botocore: a space becomes a plus.
fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            _ => drop(write!(out, "%{byte:02X}")),
        }
    }
}

/// True if no connection was established, so that nothing was sent.
fn is_unsent(error: &(dyn StdError + 'static)) -> bool {
    use io::ErrorKind::{ConnectionRefused, HostUnreachable, NetworkUnreachable};
    let mut cause = Some(error);
    while let Some(error) = cause {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        if matches!(kind, Some(ConnectionRefused | HostUnreachable | NetworkUnreachable)) {
            return true;
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_users_are_encoded() {
        let mut out = String::new();
        encode("a+b=c,d.e@f-g_h/ü~ %", &mut out);
        assert_eq!(out, "a%2Bb%3Dc%2Cd.e%40f-g_h%2F%C3%BC~+%25");
    }

    #[test]
    fn a_key_shows_only_its_id() {
        let key = SigningKey::new("AKIA", &Secret::new(b"hunter2".to_vec()), None);
        assert_eq!(format!("{key:?}"), "AKIA");
    }
}
