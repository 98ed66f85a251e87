//! The parts that the clients of STS and IAM share: proxy, roots, clock, and the reason of a failure.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use aws_smithy_async::time::TimeSource;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{TlsContext, TrustStore};

use crate::Secret;

/// The proxy for https, if there is one. Plain http, allowed on loopback only, bypasses any proxy:
/// the proxy could answer instead.
pub(crate) fn proxy(url: Option<&Secret>, no_proxy: &str) -> ProxyConfig {
    let proxy = url.and_then(|url| {
        let proxy = ProxyConfig::https(String::from_utf8_lossy(url.expose()).as_ref()).ok()?;
        Some(proxy.no_proxy(no_proxy))
    });
    proxy.unwrap_or_else(ProxyConfig::disabled)
}

/// The roots: those of `roots`, or the system's. They are read only for an encrypted connection.
pub(crate) fn tls(roots: Option<&[u8]>, encrypted: bool) -> Option<TlsContext> {
    let trust = match roots {
        _ if !encrypted => TrustStore::empty(),
        Some(roots) => TrustStore::empty().with_pem_certificate(roots),
        None => TrustStore::default(),
    };
    TlsContext::builder().with_trust_store(trust).build().ok()
}

/// The system's clock, corrected by the date of a server; the value is the offset in milliseconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock(Arc<AtomicI64>);

impl Clock {
    /// Corrects the clock: at this moment it is `now`.
    pub(crate) fn set(&self, now: SystemTime) {
        let millis = |time: Duration| i64::try_from(time.as_millis()).unwrap_or_default();
        let ahead = match now.duration_since(SystemTime::now()) {
            Ok(ahead) => millis(ahead),
            Err(earlier) => -millis(earlier.duration()),
        };
        self.0.store(ahead, Ordering::Relaxed);
    }
}

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        let ahead = self.0.load(Ordering::Relaxed);
        let by = Duration::from_millis(ahead.unsigned_abs());
        let now = SystemTime::now();
        let shifted = if ahead < 0 { now.checked_sub(by) } else { now.checked_add(by) };
        shifted.unwrap_or(now)
    }
}

/// The innermost error; the outer ones only name the layer that noticed it.
pub(crate) fn cause(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_set_forwards_and_backwards() {
        let (clock, hour) = (Clock::default(), Duration::from_secs(3600));
        for wanted in [SystemTime::now() + hour, SystemTime::now() - hour] {
            clock.set(wanted);
            let now = clock.now();
            let apart = now.duration_since(wanted).unwrap_or_else(|before| before.duration());
            assert!(apart < Duration::from_secs(60), "{apart:?}");
        }
    }
}
