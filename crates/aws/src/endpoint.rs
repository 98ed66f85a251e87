//! A custom URL of STS, used instead of AWS's own endpoints.

use std::fmt;
use std::net::IpAddr;

use super::Setting;

/// The URL of an STS: https, or http on the loopback address only.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint(String);

impl Endpoint {
    /// Parses a URL.
    ///
    /// # Errors
    /// If the URL names no host, contains a password or query, or would send the request
    /// unencrypted over a network.
    pub fn parse(text: &str) -> Result<Self, Setting> {
        let fault = Setting::Endpoint;
        let url: http::Uri = text.parse().map_err(|_| fault("this is not a URL"))?;
        let host = url.host().filter(|host| !host.is_empty()).ok_or(fault("it names no host"))?;
        match url.scheme_str() {
            Some("https") => {}
            Some("http") if is_loopback(host) => {}
            Some("http") => return Err(fault("plain http is allowed only for loopback")),
            _ => return Err(fault("it is neither https nor http")),
        }
        if url.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(fault("it must not hold a name or password"));
        }
        if url.query().is_some() || text.contains('#') {
            return Err(fault("it must not hold a query or fragment"));
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }

    /// The URL, without a trailing slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_loopback_alone() {
        for good in [
            "https://sts.example.com",
            "http://127.0.0.1:5000/",
            "http://[::1]:5000",
            "http://localhost:1",
        ] {
            assert!(Endpoint::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "http://sts.example.com",
            "http://127.0.0.1.example.com",
            "http://0.0.0.0:5000",
            "ftp://127.0.0.1",
            "sts.example.com",
            "https://user:password@sts.example.com",
            "https://sts.example.com/?x=1",
            "",
        ] {
            let error = Endpoint::parse(bad).expect_err(bad).to_string();
            assert!(error.contains("https URL") && !error.contains("password@"), "{error}");
        }
    }
}
