//! The environment variables that are read: they set the route to STS, never an identity or another
//! host.
//!
//! `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY` (either case, as in curl) and `AWS_CA_BUNDLE` (which
//! replaces the system's roots, as in the AWS CLI). `AWS_USE_FIPS_ENDPOINT` is ignored, as it would
//! choose the endpoint; `--fips` does that.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use keysweep_base::secret::Secret;
use keysweep_base::text::escape_path;

use super::Setting;

/// The route to STS.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// The proxy for https, a URL that may hold a password.
    pub proxy: Option<Secret>,
    /// Hosts that are reached without the proxy, as in `NO_PROXY`.
    pub no_proxy: String,
    /// PEM certificates that replace the system's roots.
    pub roots: Option<Vec<u8>>,
}

impl Environment {
    /// Reads the environment of this process.
    ///
    /// # Errors
    /// If a proxy or bundle can't be used: ignoring it would override the user's choice.
    pub fn read() -> Result<Self, Setting> {
        let proxies = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
        let proxy = proxies.into_iter().find_map(|name| Some((name, variable(name)?)));
        let roots = std::env::var_os("AWS_CA_BUNDLE").filter(|path| !path.is_empty());
        Ok(Self {
            proxy: proxy.map(|(name, url)| read_proxy(name, &url)).transpose()?,
            no_proxy: ["no_proxy", "NO_PROXY"].into_iter().find_map(variable).unwrap_or_default(),
            roots: roots.map(|path| read_bundle(Path::new(&path))).transpose()?,
        })
    }
}

fn variable(name: &str) -> Option<String> {
    let value = std::env::var_os(name)?.to_string_lossy().trim().to_owned();
    (!value.is_empty()).then_some(value)
}

/// Checks the URL of a proxy; `host:port` means http.
fn read_proxy(name: &'static str, text: &str) -> Result<Secret, Setting> {
    let fault = |why| Setting::Proxy(name, why);
    let url = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let parsed: http::Uri = url.parse().map_err(|_| fault("this is not a URL"))?;
    match parsed.scheme_str() {
        Some("http" | "https") if parsed.host().is_some_and(|host| !host.is_empty()) => {
            Ok(Secret::new(url.into_bytes()))
        }
        Some("http" | "https") => Err(fault("it names no host")),
        _ => Err(fault("only http and https proxies can be used")),
    }
}

/// The certificates of a bundle that can serve as roots, encoded as PEM again. The TLS library
/// treats a certificate that it can't parse as a programming error, and real bundles contain such.
fn read_bundle(path: &Path) -> Result<Vec<u8>, Setting> {
    let fault = |why: String| Setting::Bundle {
        path: escape_path(path.as_os_str().as_encoded_bytes()),
        why,
    };
    let bytes = fs::read(path).map_err(|error| fault(error.to_string()))?;
    let mut usable = String::new();
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        let certificate = certificate.map_err(|_| fault("its PEM is damaged".to_owned()))?;
        let text = STANDARD.encode(&certificate);
        if RootCertStore::empty().add(certificate).is_ok() {
            usable.push_str("-----BEGIN CERTIFICATE-----\n");
            for line in text.as_bytes().chunks(64) {
                usable.push_str(&String::from_utf8_lossy(line));
                usable.push('\n');
            }
            usable.push_str("-----END CERTIFICATE-----\n");
        }
    }
    if usable.is_empty() {
        return Err(fault("it contains no usable certificate".to_owned()));
    }
    Ok(usable.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_read_and_nonsense_is_refused_without_its_password() {
        let proxy = read_proxy("HTTPS_PROXY", "user:hunter2@proxy:3128").expect("a proxy");
        assert_eq!(proxy.expose(), b"http://user:hunter2@proxy:3128");
        assert!(
            !format!("{:?}", Environment { proxy: Some(proxy), ..Environment::default() })
                .contains("hunter2")
        );
        for bad in ["socks5://hunter2@proxy:1080", "http://", "http:// hunter2"] {
            let error = read_proxy("HTTPS_PROXY", bad).expect_err(bad).to_string();
            assert!(error.contains("HTTPS_PROXY") && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_bundle_without_a_usable_certificate_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ca.pem");
        let unusable = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for text in ["", "no certificate\n", unusable] {
            fs::write(&path, text).expect("written");
            let error = read_bundle(&path).expect_err(text).to_string();
            assert!(error.contains("ca.pem") && error.contains("no usable certificate"), "{error}");
        }
        assert!(read_bundle(&folder.path().join("missing")).is_err());
    }
}
