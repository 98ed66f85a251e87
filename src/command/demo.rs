//! `keysweep demo`: a small project with random keys in a dozen of the forms in which keys leak,
//! and a repository whose key was removed long ago.
//!
//! It writes files; the command line scans them. The keys are random and give access to nothing.

pub mod repository;

use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The forms in which the project leaks keys, one on each line, for the reader of the report.
pub const FORMS: [&str; 12] = [
    "an AWS credentials file",
    "a .env file",
    "source code, as arguments without names",
    "a string joined from two halves",
    "JSON with escaped slashes",
    "the console's CSV download",
    "a Kubernetes Secret, in base64",
    "a whole settings file in base64, wrapped at 76",
    "a URL, percent-encoded",
    "UTF-16, as PowerShell writes it",
    "Terraform",
    "temporary credentials with their session token",
];

/// Writes the project to `folder`, with different keys in each run.
///
/// # Errors
///
/// If a file can't be written.
pub fn write(folder: &Path) -> io::Result<()> {
    let file = |name: &str, content: &[u8]| {
        let path = folder.join(name);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, content)
    };
    for (name, content) in [cloud(), code(), encoded()].into_iter().flatten() {
        file(name, &content)?;
    }
    Ok(())
}

type File = (&'static str, Vec<u8>);

fn cloud() -> Vec<File> {
    let (id, secret) = (key_id("AKIA"), random(BASE64, 40));
    let credentials =
        format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
    let (id, secret) = (key_id("AKIA"), random(BASE64, 40));
    let dotenv =
        format!("S3_BUCKET=reports\nAWS_ACCESS_KEY_ID={id}\nAWS_SECRET_ACCESS_KEY={secret}\n");
    let (id, secret) = (key_id("AKIA"), random(BASE64, 40));
    let csv = format!("\u{feff}Access key ID,Secret access key\r\n{id},{secret}\r\n");
    let (id, secret) = (key_id("AKIA"), random(BASE64, 40));
    let terraform = format!(
        "provider \"aws\" {{\n  region     = \"eu-west-1\"\n  access_key = \"{id}\"\n  secret_key = \"{secret}\"\n}}\n"
    );
    let (id, secret) = (key_id("ASIA"), random(BASE64, 40));
    let token = format!("IQoJb3JpZ2luX2Vj{}", random(BASE64, 340));
    let session = format!(
        "{{\"Credentials\": {{\"AccessKeyId\": \"{id}\", \"SecretAccessKey\": \"{secret}\", \"SessionToken\": \"{token}\"}}}}\n"
    );
    vec![
        ("home/.aws/credentials", credentials.into_bytes()),
        (".env", dotenv.into_bytes()),
        ("downloads/accessKeys.csv", csv.into_bytes()),
        ("infra/main.tf", terraform.into_bytes()),
        ("session.json", session.into_bytes()),
    ]
}

fn code() -> Vec<File> {
    let (id, secret) = (key_id("AKIA"), random(BASE64, 40));
    let java = format!("var keys = new BasicAWSCredentials(\"{id}\", \"{secret}\");\n");
    let (id, secret) = (key_id("AKIA"), random(BASE64, 40));
    let (head, tail) = secret.split_at(20);
    let python = format!("KEY = \"{id}\"\nSECRET = (\"{head}\"\n          \"{tail}\")\n");
    let (id, secret) = (key_id("AKIA"), format!("{}/{}", random(BASE64, 20), random(BASE64, 19)));
    let escaped = secret.replace('/', "\\/");
    let json = format!("{{\"accessKeyId\":\"{id}\",\"secretAccessKey\":\"{escaped}\"}}\n");
    vec![
        ("src/Upload.java", java.into_bytes()),
        ("src/settings.py", python.into_bytes()),
        ("src/config.json", json.into_bytes()),
    ]
}

fn encoded() -> Vec<File> {
    let (id, secret) = (STANDARD.encode(key_id("AKIA")), STANDARD.encode(random(BASE64, 40)));
    let kubernetes = format!("kind: Secret\ndata:\n  access-key: {id}\n  secret-key: {secret}\n");
    let (id, secret) = (key_id("AKIA"), random(BASE64, 40));
    let settings =
        format!("region=eu-west-1\naws_access_key_id={id}\naws_secret_access_key={secret}\n");
    let text = STANDARD.encode(settings);
    let lines: Vec<_> = text.as_bytes().chunks(76).map(String::from_utf8_lossy).collect();
    let (id, secret) = (key_id("AKIA"), format!("{}/{}", random(BASE64, 20), random(BASE64, 19)));
    let escaped = secret.replace('/', "%2F").replace('+', "%2B");
    let url = format!("AIRFLOW_CONN_AWS=aws://{id}:{escaped}@/?region_name=eu-west-1\n");
    let (id, secret) = (key_id("AKIA"), random(BASE64, 40));
    let powershell = format!(
        "\u{feff}$env:AWS_ACCESS_KEY_ID=\"{id}\"\r\n$env:AWS_SECRET_ACCESS_KEY=\"{secret}\"\r\n"
    );
    vec![
        ("k8s/secret.yaml", kubernetes.into_bytes()),
        ("backup/settings.b64", (lines.join("\n") + "\n").into_bytes()),
        ("airflow.env", url.into_bytes()),
        ("deploy.ps1", powershell.encode_utf16().flat_map(u16::to_le_bytes).collect()),
    ]
}

/// An id of account 111122223333, which AWS's documentation uses for examples.
fn key_id(prefix: &str) -> String {
    // The account fixes eight characters and the first bit of the ninth.
    format!("{prefix}RTX3GSDS{}{}", random(&BASE32[16..], 1), random(BASE32, 7))
}

/// `len` random characters of an alphabet whose size is a power of two.
fn random(alphabet: &[u8], len: usize) -> String {
    let character = |_| {
        let bits = RandomState::new().hash_one(0u8);
        char::from(alphabet[bits as usize % alphabet.len()])
    };
    (0..len).map(character).collect()
}
