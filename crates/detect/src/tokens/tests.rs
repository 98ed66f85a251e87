//! Checksums and structures on tokens that are made here, right and wrong, and on bytes that are
//! none.

use super::{Reading, TokenFormat, azure, base64_of, openpgp, read};
use crate::rules::Facts;
use crate::rules::template::Filler;

/// Seed of the tokens of a test.
const SEED: u64 = 0x5eed_0023;

fn made(template: &str) -> String {
    Filler::new(SEED).fill(template).expect("a known placeholder")
}

fn facts(format: TokenFormat, token: &str) -> Facts {
    match read(format, token.as_bytes()) {
        Reading::Read(facts) => facts,
        other => panic!("{format:?} {other:?}: {token}"),
    }
}

/// Formats that a checksum proves, each with its templates.
const CHECKED: [(TokenFormat, &[&str]); 7] = [
    (
        TokenFormat::Crc32Base62,
        &[
            "{{crc32-base62:ghp_{{alnum:30}}}}",
            "{{crc32-base62:ghr_{{alnum:70}}}}",
            "{{crc32-base62:npm_{{alnum:30}}}}",
            "{{crc32-base62:vcp_{{base64url:50}}}}",
        ],
    ),
    (
        TokenFormat::GithubFineGrained,
        &["{{github-fine-grained:github_pat_{{alnum:22}}_{{alnum:43}}}}{{alnum:8}}"],
    ),
    (
        TokenFormat::GitlabRoutable,
        &[
            "{{gitlab-routable:glpat-{{base64url:27}}.01.{{lower:2}}}}",
            "{{gitlab-routable:glrt-t1_{{base64url:27}}.01.{{lower:2}}}}",
            "{{gitlab-routable:glrtr-{{base64url:38}}.01.{{lower:2}}}}",
        ],
    ),
    (TokenFormat::Grafana, &["{{grafana:glsa_{{alnum:32}}}}"]),
    (TokenFormat::Cloudflare, &["{{cloudflare:cfut_{{alnum:40}}}}"]),
    (TokenFormat::Atlassian, &["{{atlassian:ATATT3{{base64url:177}}=}}"]),
    (
        TokenFormat::AzureKey,
        &[
            "{{azure-key:{{base64:76}}+ASt}}",
            "{{azure-key:{{base64:76}}ACDb}}",
            "{{azure-key:{{base64:76}}APIM}}",
            "{{azure-key:{{base64:33}}+ASb}}",
            "{{azure-key:{{base64:33}}AIoT}}",
            "{{azure-key:{{alnum:33}}AzCa}}",
            "{{azure-key:{{alnum:44}}AzFu}}",
            "{{azure-key:{{alnum:42}}AzSe}}",
            "{{azure-key:{{base64:42}}+ACR}}",
            "{{azure-key:{{alnum:52}}JQQJ99BA{{alnum:12}}AAAAAZDO}}",
            "{{azure-key:{{alnum:3}}8Q~{{alnum:31}}}}",
        ],
    ),
];

#[test]
fn a_right_checksum_is_read_and_a_changed_letter_is_made_up() {
    for (format, templates) in CHECKED {
        for template in templates {
            let token = made(template);
            assert_eq!(read(format, token.as_bytes()), Reading::Read(Facts::default()), "{token}");
            let mut wrong = 0;
            let mut tried = 0;
            // The first letters of GitHub's and npm's tokens are not part of their checksum; of a
            // fine-grained token the last eight are not.
            let end = token.trim_end_matches('=').len();
            let end = if format == TokenFormat::GithubFineGrained { 85 } else { end };
            for at in 5..end {
                let mut bytes = token.clone().into_bytes();
                if !bytes[at].is_ascii_alphanumeric() {
                    continue;
                }
                bytes[at] = if bytes[at] == b'x' { b'y' } else { b'x' };
                tried += 1;
                wrong += usize::from(!matches!(read(format, &bytes), Reading::Read(_)));
            }
            // Bits of the last letter of base64 that no byte takes are not checked, and three
            // letters of a checksum miss one change in some hundred thousand.
            assert!(wrong + 2 >= tried && tried > 20, "{template}: {wrong} of {tried}");
        }
    }
}

#[test]
fn marvin_hashes_as_published() {
    // The test vectors of SymCrypt (`marvin32.c`) and of Microsoft's `security-utilities`.
    for (seed, text, hash) in [
        (0xd53c_d9ce_cd08_93b7, &b"abc"[..], 0x22c7_4339_4927_69bf_u64),
        (0x0ddd_deee_efff_f000, b"abcdefghijklmnopqrstuvwxyz", 0xa128_eb7e_7260_aca2),
        (0x004f_b61a_001b_dbcc, b"", 0x30ed_35c1_00cd_3c7d),
        (0x804f_b61a_801b_dbcc, b"\xff\0\xff\0\xff", 0x920b_62bb_ca3e_0b72),
    ] {
        let seed: u64 = seed;
        let folded = (hash >> 32) as u32 ^ hash as u32;
        assert_eq!(azure::marvin32(text, &seed.to_be_bytes()), folded, "{seed:#x}");
    }
}

#[test]
fn a_macaroon_names_its_service_and_its_end() {
    let token = made("{{macaroon:pypi.org {{hex:64}}}}");
    let read_facts = facts(TokenFormat::Macaroon, &token);
    assert_eq!((read_facts.issuer.as_deref(), read_facts.expires), (Some("pypi.org"), None));
    // The caveat [0, 1700000000, 1600000000] before the two zeros and the signature.
    let bytes = base64_of(&token.as_bytes()[5..]).expect("base64");
    let (before, after) = bytes.split_at(bytes.len() - 35);
    let caveat = b"[0, 1700000000, 1600000000]";
    let limited = [before, &[2, caveat.len() as u8], caveat, &[0], after].concat();
    let limited = format!("pypi-{}", made_base64(&limited));
    assert_eq!(
        facts(TokenFormat::Macaroon, &limited).expires.as_deref(),
        Some("2023-11-14T22:13:20Z")
    );
    for cut in 6..token.len() {
        assert_eq!(read(TokenFormat::Macaroon, &token.as_bytes()[..cut]), Reading::MadeUp);
    }
}

fn made_base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

#[test]
fn json_tokens_say_who_issued_them_and_until_when() {
    let header = r#"{{base64url-of:{"alg":"HS256","typ":"JWT"} }}."#;
    let claims = r#"{{base64url-of:{"iss":"https://a.example","exp":1700000000.5} }}."#;
    let token = made(&[header, claims, "{{base64url:43}}"].concat());
    let jwt = facts(TokenFormat::JsonToken, &token);
    assert_eq!(jwt.issuer.as_deref(), Some("https://a.example"));
    assert_eq!(jwt.expires.as_deref(), Some("2023-11-14T22:13:20Z"));
    let doe = r#"{{base64url-of:{"sub":"1234567890","name":"John Doe"} }}."#;
    let none = r#"{{base64url-of:{"alg":"none"} }}."#;
    let with_type = r#"{{base64url-of:{"typ":"JWT"} }}."#;
    for (parts, expected) in [
        ([header, claims, "{{base64url:40}}"], Reading::MadeUp),
        ([header, doe, "{{base64url:43}}"], Reading::MadeUp),
        ([none, claims, "{{base64url:43}}"], Reading::NotOne),
        ([with_type, claims, "{{base64url:43}}"], Reading::NotOne),
        ([header, "{{base64url-of:some text}}.", "{{base64url:43}}"], Reading::NotOne),
        ([header, "{{alnum:8}}", ""], Reading::NotOne),
    ] {
        let token = made(&parts.concat());
        assert_eq!(read(TokenFormat::JsonToken, token.as_bytes()), expected, "{token}");
    }
    let sentry = made(
        r#"sntrys_{{base64url-of:{"iat":1700000000.1,"url":"https://sentry.io","region_url":"https://us.sentry.io","org":"acme"} }}_{{alnum:43}}"#,
    );
    let sentry = facts(TokenFormat::JsonToken, &sentry);
    assert_eq!(sentry.account.as_deref(), Some("acme"));
    assert_eq!(sentry.issuer.as_deref(), Some("https://us.sentry.io"));
    let cloud = made(r#"glc_{{base64-of:{"o":"12","n":"x","k":"abc","m":{"r":"us"} } }}"#);
    assert_eq!(facts(TokenFormat::JsonToken, &cloud).account.as_deref(), Some("12"));
    let one = made(
        r#"ops_{{base64url-of:{"email":"x@1passwordserviceaccounts.com","secretKey":"A3-{{upper:6}}","signInAddress":"a.1password.com"} }}"#,
    );
    let one = facts(TokenFormat::JsonToken, &one);
    assert_eq!(one.issuer.as_deref(), Some("a.1password.com"));
}

#[test]
fn a_shared_access_signature_says_when_it_ends() {
    let end = |fields: &str| {
        let token = made(&format!("{fields}&sig={{{{base64:43}}}}%3D"));
        facts(TokenFormat::AzureSas, &token).expires
    };
    for (fields, expires) in [
        ("sp=r&se=2025-04-04T15:24:52Z&sv=2022-11-02&sr=c", Some("2025-04-04T15:24:52Z")),
        ("sv=2022-11-02&se=2025-04-04T15%3A24%3A52Z&sr=c", Some("2025-04-04T15:24:52Z")),
        ("sv=2022-11-02&se=2027-08-27T13%3a28Z", Some("2027-08-27T13:28:00Z")),
        ("sv=2022-11-02&se=2027-08-27", Some("2027-08-27T00:00:00Z")),
        ("sv=2022-11-02&se=tomorrow", None),
        ("sv=2022-11-02&si=policy", None),
    ] {
        assert_eq!(end(fields).as_deref(), expires, "{fields}");
    }
    for (template, expected) in [
        ("se=2027-08-27&sp=r&sig={{base64:43}}%3D", Reading::NotOne),
        ("sv=2022-11-02&sr=c", Reading::NotOne),
        ("sv=2022-11-02&sr=c&sig={{base64:39}}%3D", Reading::MadeUp),
        ("sv=2022-11-02&sr=c&sig={{base64:50}}", Reading::MadeUp),
    ] {
        let token = made(template);
        assert_eq!(read(TokenFormat::AzureSas, token.as_bytes()), expected, "{token}");
    }
}

#[test]
fn private_keys_say_whether_they_are_encrypted() {
    for (form, encrypted, shows) in [
        ("rsa", false, true),
        ("pkcs8", false, true),
        ("ec", false, true),
        ("encrypted", true, false),
        ("openssh", false, true),
        ("openssh-encrypted", true, true),
    ] {
        let key = made(&format!("{{{{private-key:{form} {{{{hex:256}}}}}}}}"));
        let quoted = format!("\"{}\"", key.replace('\n', "\\n\" +\n    \""));
        let spellings = [
            key.clone(),
            key.replace('\n', "\r\n"),
            key.replace('\n', "\n    "),
            key.replace('\n', "\\n"),
            key.replace('\n', "\\\\n"),
            key.replace('\n', "\\r\\n"),
            key.replace('\n', "\n# "),
            key.replace('\n', " "),
            quoted,
        ];
        let first = facts(TokenFormat::PrivateKey, &key);
        assert_eq!(first.encrypted, Some(encrypted), "{form}");
        assert_eq!(first.fingerprint.is_some(), shows, "{form}");
        for spelling in spellings {
            assert_eq!(facts(TokenFormat::PrivateKey, &spelling), first, "{spelling}");
        }
        let cut = [&key[..120], &key[key.len() - 30..]].concat();
        assert_eq!(read(TokenFormat::PrivateKey, cut.as_bytes()), Reading::MadeUp, "{cut}");
    }
    let old = made(
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,{{upper:32}}\n\n{{base64:256}}\n-----END RSA PRIVATE KEY-----",
    );
    assert_eq!(facts(TokenFormat::PrivateKey, &old).encrypted, Some(true));
    let putty = made(
        "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: x\nPublic-Lines: 2\n{{base64:64}}\n{{base64:8}}\nPrivate-Lines: 1\n{{base64:48}}\nPrivate-MAC: {{hex:64}}\n",
    );
    let putty = facts(TokenFormat::PrivateKey, &putty);
    assert_eq!(putty.encrypted, Some(false));
    assert!(putty.fingerprint.is_some_and(|print| print.starts_with("SHA256:")));
    for none in
        ["-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----"]
    {
        assert_eq!(read(TokenFormat::PrivateKey, none.as_bytes()), Reading::NotOne, "{none}");
    }
    for made_up in ["...", "MIIEpAIBAAKCAQEA", "{{base64:256}}"] {
        let text =
            made(&format!("-----BEGIN PRIVATE KEY-----\n{made_up}\n-----END PRIVATE KEY-----"));
        assert_eq!(read(TokenFormat::PrivateKey, text.as_bytes()), Reading::MadeUp, "{text}");
    }
}

#[test]
fn a_key_of_age_has_a_checksum() {
    // BIP 173's checksum of an age key whose bytes are random.
    let key = made("{{private-key:age {{hex:52}}}}");
    assert_eq!(key.len(), 74);
    facts(TokenFormat::PrivateKey, &key);
    let mut wrong = key.into_bytes();
    wrong[30] = if wrong[30] == b'Q' { b'P' } else { b'Q' };
    assert_eq!(read(TokenFormat::PrivateKey, &wrong), Reading::MadeUp);
}

#[test]
fn a_key_of_openpgp_says_whether_it_is_encrypted() {
    use base64::Engine as _;
    let encode = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    for (usage, encrypted) in [(0, false), (254, true), (255, true)] {
        // Version 4, a time, EdDSA with its curve and a point of 263 bits.
        let mut packet = vec![4, 1, 2, 3, 4, 22, 9];
        packet.extend([0x2b, 6, 1, 4, 1, 0xda, 0x47, 0x0f, 1, 1, 7, 0x40]);
        packet.extend([7; 32]);
        packet.push(usage);
        packet.extend([9; 40]);
        let bytes = [&[0xc5, packet.len() as u8][..], &packet].concat();
        let sum = encode(&openpgp::crc24(&bytes).to_be_bytes()[1..]);
        let armor = |sum: &str| {
            format!(
                "-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: x\n\n{}\n={sum}\n-----END PGP PRIVATE KEY BLOCK-----",
                encode(&bytes)
            )
        };
        assert_eq!(facts(TokenFormat::PrivateKey, &armor(&sum)).encrypted, Some(encrypted));
        assert_eq!(read(TokenFormat::PrivateKey, armor("AAAA").as_bytes()), Reading::MadeUp);
    }
}

#[test]
fn discord_tokens_contain_an_id() {
    let token = made("{{base64url-of:1{{digits:17}}}}.{{alnum:6}}.{{base64url:38}}");
    assert!(facts(TokenFormat::Discord, &token).account.is_some_and(|id| id.len() == 18));
    let address = made("https://discord.com/api/webhooks/1{{digits:17}}/{{base64url:68}}");
    assert!(facts(TokenFormat::Discord, &address).account.is_some());
    let token = made("{{base64url-of:some words of a text}}.{{alnum:6}}.{{base64url:38}}");
    assert_eq!(read(TokenFormat::Discord, token.as_bytes()), Reading::MadeUp);
}

/// No bytes make a reader panic: random ones after every beginning that a format knows, and tokens
/// of which parts are replaced.
#[test]
fn no_bytes_make_a_reader_panic() {
    println!("seed {SEED:#x}");
    let mut state = SEED;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut starts: Vec<Vec<u8>> = [
        "",
        "ghp_",
        "ghs_1_",
        "github_pat_",
        "glpat-",
        "glrt-t1_",
        "glsa_",
        "ATATT3",
        "cfut_",
        "pypi-AgEIcHlwaS5vcmc",
        "eyJhbGciOiJIUzI1NiJ9.",
        "sntrys_eyJ",
        "glc_eyJ",
        "ops_eyJ",
        "eyJrIjoi",
        "abc8Q~",
        "sv=2022-11-02&se=2027-08-27&sig=",
        "abc7Q~",
        "AGE-SECRET-KEY-1",
        "-----BEGIN PRIVATE KEY-----\nMIIE",
        "-----BEGIN EC PRIVATE KEY-----\nMHcC",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA",
        "PuTTY-User-Key-File-2: x\n",
        "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQ",
        "https://discord.com/api/webhooks/1/",
    ]
    .map(|start| start.as_bytes().to_vec())
    .to_vec();
    for (_, templates) in CHECKED {
        starts.extend(templates.iter().map(|template| made(template).into_bytes()));
    }
    for form in ["rsa", "pkcs8", "ec", "encrypted", "openssh"] {
        starts.push(made(&format!("{{{{private-key:{form} {{{{hex:256}}}}}}}}")).into_bytes());
    }
    for round in 0..400 {
        for start in &starts {
            let mut bytes = start.clone();
            match round % 4 {
                0 => bytes.extend((0..next() % 120).map(|_| next() as u8)),
                1 => bytes.extend(
                    (0..next() % 120).map(|_| b"ABCabc012+/-_=.\n: "[next() as usize % 18]),
                ),
                2 => bytes.truncate(next() as usize % (bytes.len() + 1)),
                _ => {
                    for _ in 0..4 {
                        let at = next() as usize % (bytes.len() + 1);
                        bytes.insert(at, next() as u8);
                    }
                }
            }
            for (_, format) in TokenFormat::ALL {
                let reading = read(format, &bytes);
                let encoded = made_base64(&bytes);
                let again = read(format, encoded.as_bytes());
                assert!(
                    !matches!((reading, again), (Reading::Read(_), Reading::Read(_)))
                        || bytes.len() < 64
                );
            }
        }
    }
}
