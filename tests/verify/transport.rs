//! The route to STS: TLS, proxies, and an environment that must not supply an identity or an
//! endpoint.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use keysweep::coverage::Ledger;
use keysweep::finding::{Status, Verification};
use keysweep::secret::Secret;
use keysweep::verify::{Endpoint, Environment, VerifyOptions, verify};

use crate::support::findings::{key_id, pair, secret};
use crate::support::stub::{Act, Stub, identity, not_known};

fn ask(endpoint: &str, environment: Environment) -> Verification {
    let options = VerifyOptions {
        endpoint: Some(Endpoint::parse(endpoint).expect("a URL")),
        rate: 100.0,
        request_timeout: Duration::from_secs(5),
        environment,
        ..VerifyOptions::default()
    };
    let mut found = [pair(&key_id("AKIA", 1), &secret(1), None)];
    verify(&mut found, &options, &Ledger::new(), &mut |_| {});
    found[0].verification.clone()
}

/// A server whose certificate names `host`, and that certificate in PEM.
pub(crate) fn tls_stub(host: &str) -> (Stub, Vec<u8>) {
    let made = rcgen::generate_simple_self_signed([host.to_owned()]).expect("a certificate");
    let der = made.cert.der().clone();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![der.clone()], key.expect("a key"))
        .expect("a configuration");
    let config = Arc::new(config);
    let stub = Stub::start_with(
        |_, _| identity("aws"),
        move |stream| {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).ok()?;
            Some(Box::new(rustls::StreamOwned::new(connection, stream)))
        },
    );
    (stub, pem(&der))
}

fn pem(der: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n").into_bytes()
}

#[test]
fn a_certificate_of_the_host_that_was_asked_is_needed() {
    let trusting =
        |roots: &[u8]| Environment { roots: Some(roots.to_vec()), ..Environment::default() };
    let (right, right_pem) = tls_stub("localhost");
    let url = format!("https://localhost:{}", right.port);
    assert_eq!(ask(&url, trusting(&right_pem)).status, Status::Active);

    let (other, other_pem) = tls_stub("sts.example.com");
    let url = format!("https://localhost:{}", other.port);
    for roots in [&other_pem, &right_pem] {
        let verdict = ask(&url, trusting(roots));
        assert_eq!(verdict.status, Status::Unknown);
        let reason = verdict.reason.expect("a reason");
        assert!(reason.contains("certificate"), "{reason}");
    }
    // Nor do the system's roots accept a stranger's certificate.
    let url = format!("https://localhost:{}", right.port);
    assert_eq!(ask(&url, Environment::default()).status, Status::Unknown);
    assert!(other.requests().is_empty());
    assert_eq!(right.requests().len(), 1);
}

/// A proxy that carries every tunnel to `port`, whatever host it is asked for.
pub(crate) fn proxy_to(port: u16) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let own = listener.local_addr().expect("an address").port();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let log = Arc::clone(&log);
            thread::spawn(move || tunnel(stream, port, &log));
        }
    });
    (own, asked)
}

fn tunnel(mut client: TcpStream, port: u16, log: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        head.extend(byte);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    log.lock().unwrap_or_else(PoisonError::into_inner).push(head);
    let mut server = TcpStream::connect(("127.0.0.1", port))?;
    client.write_all(b"HTTP/1.1 200 connected\r\n\r\n")?;
    let (mut from, mut to) = (server.try_clone()?, client.try_clone()?);
    thread::spawn(move || io::copy(&mut from, &mut to));
    io::copy(&mut client, &mut server).map(drop)
}

#[test]
fn a_proxy_carries_the_request_unread() {
    let (stub, roots) = tls_stub("sts.us-east-1.example.com");
    let (port, asked) = proxy_to(stub.port);
    let environment = Environment {
        proxy: Some(Secret::new(format!("http://me:pass@127.0.0.1:{port}").into_bytes())),
        roots: Some(roots),
        ..Environment::default()
    };
    let verdict = ask("https://sts.us-east-1.example.com", environment.clone());
    assert_eq!(verdict.status, Status::Active, "{verdict:?}");
    let asked = asked.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert!(asked[0].starts_with("CONNECT sts.us-east-1.example.com:443 "), "{asked:?}");
    assert!(asked[0].to_ascii_lowercase().contains("proxy-authorization: basic"), "{asked:?}");
    assert!(!asked[0].contains("Credential="));

    let around = Environment { no_proxy: "localhost".into(), ..environment };
    let url = format!("https://localhost:{}", stub.port);
    assert_eq!(ask(&url, around).status, Status::Unknown, "straight to a host it does not name");
    assert_eq!(asked.len(), 1);
}

#[test]
fn a_proxy_that_refuses_proves_nothing() {
    let page = "<html><body>403: this site is blocked</body></html>";
    let proxy = Stub::start(move |_, _| Act::Send(403, Vec::new(), page.to_owned()));
    let environment = Environment {
        proxy: Some(Secret::new(proxy.url().into_bytes())),
        ..Environment::default()
    };
    let verdict = ask("https://sts.us-east-1.example.com", environment);
    assert_eq!(verdict.status, Status::Unknown);
    assert!(proxy.requests().iter().all(|request| request.line.starts_with("CONNECT ")));
}

const PROBE: &str = "KEYSWEEP_TEST_ENDPOINT";

#[test]
#[ignore = "run by no_identity_of_the_environment_is_used, in an environment of its own"]
fn probe() {
    let Ok(endpoint) = std::env::var(PROBE) else { return };
    let environment = Environment::read().expect("an environment that can be used");
    assert_eq!(ask(&endpoint, environment).status, Status::Inactive);
}

#[test]
fn no_identity_of_the_environment_is_used() {
    let sts = Stub::start(|_, _| not_known());
    let decoy = Stub::start(|_, _| identity("aws"));
    let home = tempfile::tempdir().expect("a folder");
    let other = key_id("AKIA", 77);
    let profile = format!(
        "[default]\naws_access_key_id = {other}\naws_secret_access_key = {}\n\
         endpoint_url = {}\nregion = eu-north-1\nuse_fips_endpoint = true\n",
        secret(77),
        decoy.url()
    );
    fs::create_dir(home.path().join(".aws")).expect("a folder");
    for name in ["credentials", "config"] {
        fs::write(home.path().join(".aws").join(name), &profile).expect("written");
    }
    let mut probe = Command::new(std::env::current_exe().expect("this test"));
    probe
        .args(["--exact", "verify::transport::probe", "--ignored", "--nocapture"])
        .env(PROBE, sts.url());
    probe.env("HOME", home.path()).env("AWS_PROFILE", "default");
    for name in ["AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"] {
        probe.env(name, &other);
    }
    for name in ["AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY", "AWS_SESSION_TOKEN"] {
        probe.env(name, secret(77));
    }
    for name in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS", "AWS_EC2_METADATA_SERVICE_ENDPOINT"] {
        probe.env(name, decoy.url());
    }
    let container = format!("{}/credentials", decoy.url());
    probe.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", &container);
    probe.env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "a token");
    probe.env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/credentials");
    probe.env("AWS_WEB_IDENTITY_TOKEN_FILE", home.path().join(".aws/credentials"));
    probe.env("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/other");
    probe.env("AWS_REGION", "eu-north-1").env("AWS_DEFAULT_REGION", "eu-north-1");
    probe.env("AWS_USE_FIPS_ENDPOINT", "true").env("AWS_USE_DUALSTACK_ENDPOINT", "true");
    probe.env("AWS_AUTH_SCHEME_PREFERENCE", "noAuth").env("AWS_MAX_ATTEMPTS", "7");
    probe.env("AWS_SDK_UA_APP_ID", "someone").env("AWS_RETRY_MODE", "adaptive");
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"] {
        probe.env(name, decoy.url());
    }
    probe.env_remove("AWS_CA_BUNDLE").env_remove("NO_PROXY").env_remove("no_proxy");
    let output = probe.output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(decoy.requests().is_empty(), "{:?}", decoy.requests());
    let requests = sts.requests();
    assert_eq!(requests.len(), 2, "one a partition");
    for (request, region) in requests.iter().zip(["us-east-1", "us-gov-west-1"]) {
        assert_eq!(request.scope(0), key_id("AKIA", 1));
        assert_eq!(request.scope(2), region);
        assert_eq!(request.header("x-amz-security-token"), None);
        assert!(request.header("user-agent").is_some_and(|agent| agent.starts_with("keysweep/")));
    }
}
