//! Tokens of other providers that are written otherwise: at the end of a line, in short base64, with
//! escapes, and in pieces.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use keysweep::detect::Engine;
use keysweep::scan::Detector as _;

use super::examples::{examples, filled, found, rules};
use crate::support::Keys;

/// All examples of each rule.
const ALL: usize = usize::MAX;

#[test]
fn padding_at_the_end_of_a_line_is_not_a_soft_break_of_quoted_printable() {
    let engine = Engine::new(&rules());
    let mut tried = 0;
    for (rule, text, secret) in examples("padding at the end of a line", ALL) {
        let Some(at) = text.find(&secret).filter(|_| secret.ends_with('=')) else { continue };
        tried += 1;
        let head = &text[..at];
        for (end, next) in
            [("\n", "export X=1\n"), ("\r\n", "cd\r\n"), ("\n", "A7=3\n"), ("\n", "x")]
        {
            for head in [head.to_owned(), format!("export {head}"), format!("x=3D1\n{head}")] {
                // A line with only the token may be quoted-printable if the text is.
                if !head.rsplit('\n').next().is_some_and(|line| line.contains('=')) {
                    continue;
                }
                let text = format!("{head}{secret}{end}{next}");
                assert_eq!(found(&engine, &text, &rule), [&*secret], "{rule}: {text}");
            }
            let text = format!("{end}{head}{secret}{end}{next}");
            assert_eq!(found(&engine, &text, &rule), [&*secret], "{rule}: {text}");
        }
    }
    assert!(tried > 4, "{tried}");
}

/// A text in quoted-printable (RFC 2045 §6.7), with lines of 76 characters.
fn quoted_printable(text: &str) -> String {
    let (mut made, mut line) = (String::new(), 0);
    for letter in text.chars() {
        let written = if letter == '=' { "=3D".to_owned() } else { letter.to_string() };
        if letter != '\n' && line + written.len() > 75 {
            made.push_str("=\n");
            line = 0;
        }
        line = if letter == '\n' { 0 } else { line + written.len() };
        made.push_str(&written);
    }
    made
}

/// Rules of tokens that are padded, of a fixed length and of any length.
const SOFTLY_BROKEN: [&str; 5] =
    ["elastic-key", "grafana-cloud-token", "github-token", "gitlab-token", "anthropic-key"];

#[test]
fn a_token_across_soft_breaks_of_quoted_printable_is_found_whole() {
    let engine = Engine::new(&rules());
    let (mut missed, mut tried) = (Vec::new(), 0);
    for (rule, text, secret) in examples("soft breaks", ALL) {
        if !SOFTLY_BROKEN.contains(&&*rule) {
            continue;
        }
        if !text.contains(&secret) || text.contains('\n') && secret.contains('\n') {
            continue;
        }
        for padding in [20, 30, 40, 55, 60] {
            let text = format!("{} = {text}\n", "word ".repeat(padding / 5));
            let written = quoted_printable(&text);
            // A rule is not found without an anchor, which has to be in one piece.
            let pieces: Vec<&str> = written.split("=\n").collect();
            let starts = secret.len().min(12);
            if !pieces.iter().any(|piece| piece.contains(&secret[..starts])) {
                continue;
            }
            tried += 1;
            let found = found(&engine, &written, &rule);
            // The value of a query may be reported without its own percent-encoding as well.
            let plain: Vec<String> = found.iter().map(|one| unescaped(one)).collect();
            if plain != [unescaped(&secret)] {
                missed.push(format!("{rule} {padding}: {found:?}\n{written}"));
            }
        }
    }
    assert!(missed.is_empty() && tried > 15, "{tried} tried, missed: {}", missed.join("\n"));
}

#[test]
fn session_tokens_at_the_end_of_a_line_keep_their_padding() {
    let engine = Engine::new(&rules());
    let mut keys = Keys::new("session tokens at line ends");
    for (padding, next) in [("", "x"), ("=", "export X=1\n"), ("==", "cd\n"), ("=", "Ab3\n")] {
        let template = format!(
            "export AWS_ACCESS_KEY_ID=ASIA{{{{base32:16}}}}\nexport AWS_SECRET_ACCESS_KEY={{{{base64:40}}}}\n\
             export AWS_SESSION_TOKEN=IQoJb3JpZ2luX2Vj{{{{base64:300}}}}{padding}\n{next}"
        );
        let text = keys.filled(&template);
        let token = text.lines().nth(2).and_then(|line| line.split_once('=')).expect("it").1;
        let candidates = engine.whole(text.as_bytes()).candidates;
        let with_token: Vec<String> = candidates
            .iter()
            .filter_map(|one| one.credential.session_token.as_ref())
            .map(|token| String::from_utf8_lossy(token.expose()).into_owned())
            .collect();
        assert_eq!(with_token, [token], "{text}");
    }
}

/// Tokens whose base64 is short.
const SHORT: [(&str, &str); 6] = [
    ("gitlab-token", "glpat-{{base64url:20}}"),
    ("gitlab-runner-token", "GR1348941{{base64url:20}}"),
    ("gitlab-runner-token", "glrt-{{base64url:20}}"),
    ("gitlab-ci-token", "glcbt-64_{{base64url:20}}"),
    ("aiven-password", "AVNS_{{base64url:19}}"),
    ("npm-token", "{{crc32-base62:npm_{{alnum:30}}}}"),
];

#[test]
fn short_base64_is_decoded_where_the_text_says_that_it_is_base64() {
    let engine = Engine::new(&rules());
    let mut keys = Keys::new("short base64");
    for (rule, template) in SHORT {
        let is_found = |token: &str, text: &str| found(&engine, text, rule) == [token];
        let token = filled(&mut keys, template, |token| {
            is_found(&token, &format!("k = \"{token}\"\n")).then_some(token)
        });
        let plain = STANDARD.encode(&token);
        let login = STANDARD.encode(format!("ci:{token}"));
        let forms = [
            format!("kind: Secret\ndata:\n  token: {plain}\n"),
            format!("{{\"kind\": \"Secret\", \"data\": {{\"token\": \"{plain}\"}}}}"),
            format!("{{\"auths\": {{\"r.example\": {{\"auth\": \"{login}\"}}}}}}"),
            format!("//r.example/npm/:_auth={login}\n"),
            format!("registry=x\n_auth = \"{login}\"\n"),
            format!("//r.example/npm/:_password=\"{plain}\"\n"),
            format!("> Authorization: Basic {login}\n"),
            format!("\textraheader = AUTHORIZATION: basic {login}\n"),
            format!("_auth={login}\n"),
            format!("  _auth = {login}\n"),
            format!("registry=x\r\n_auth={login}\r\n"),
            format!("{{\"_auth\":\"{login}\"}}"),
            format!("npm_config__auth={login}\n"),
            format!("{{\"Authorization\": \"basic {login}\"}}"),
            format!("curl -H 'authorization: basic {login}' x"),
            format!("h = {{\"Authorization\": \"Basic \" + \"{login}\"}}\n"),
            format!("'Authorization: Basic ' . '{login}'"),
            format!(
                "x = \"{{\\\"auths\\\": {{\\\"r.io\\\": {{\\\"auth\\\": \\\"{login}\\\"}}}}}}\"\n"
            ),
            format!("TOKEN=$(echo {plain} | base64 -d)\n"),
            format!("TOKEN=$(base64 --decode <<< {plain})\n"),
            format!("t = base64.b64decode('{plain}')\n"),
            format!("$t = base64_decode('{plain}');\n"),
            format!("var t = Convert.FromBase64String(\"{plain}\");\n"),
            format!("    content: {plain}\n    encoding: base64\n"),
        ];
        let missed: Vec<_> = forms.iter().filter(|text| !is_found(&token, text)).collect();
        assert!(missed.is_empty(), "{template}: {missed:#?}");
    }
    // Without a word about base64 nothing this short is decoded.
    let token = keys.filled(SHORT[0].1);
    for name in ["Basic usage: ", "_authority=", "_authToken ", "classics "] {
        let text = format!("{name}{}\n", STANDARD.encode(&token));
        assert!(engine.whole(text.as_bytes()).candidates.is_empty(), "{text}");
    }
}

/// The text after a login in base64 that has no padding, on the next line.
const AFTER_A_LINE: &[(&str, &str)] = &[
    ("authorization: Basic ", "\naccept: */*\n"),
    ("authorization: Basic ", "\r\naccept: */*\r\n"),
    ("> authorization: Basic ", "\n> user-agent: curl/8.5.0\n"),
    ("registry=https://r/\n_auth=", "\nalways-auth=true\n"),
    ("_auth = ", "\nalways-auth = true\n"),
    ("{\"r\": {\n\"auth\": \"", "\",\n\"email\": \"x@y.example\"\n}}\n"),
    ("{\"r\": {\n\"auth\": \"", "\",\n\"email\" : \"x@y.example\"\n}}\n"),
    ("auths:\n  r:\n    \"auth\": ", "\n    email: x@y.example\n"),
    ("kind: Secret\ndata:\n  login: ", "\n  accesskey: aGVsbG8td29ybGQ=\n"),
    ("export LOGIN_BASE64=x base64=", "\nexport OTHER=1\n"),
    ("base64 -d <<< ", "\nuser@host:~$ \n"),
    ("base64 -d <<< ", "\nexit 0\n"),
    ("base64 -d <<< ", "\nagain\n"),
    ("base64: ", "\nmore (and so on)\n"),
    ("base64: ", "\nend.of.it\n"),
];

#[test]
fn a_word_on_the_line_after_base64_is_not_a_part_of_it() {
    let engine = Engine::new(&rules());
    let mut keys = Keys::new("base64 without padding");
    for (before, after) in AFTER_A_LINE {
        for user in ["u", "me", "bob", "name"] {
            let token = filled(&mut keys, "{{crc32-base62:ghp_{{alnum:30}}}}", |token| {
                let text = format!("k = \"{token}\"\n");
                (found(&engine, &text, "github-token") == [&*token]).then_some(token)
            });
            let login = STANDARD_NO_PAD.encode(format!("{user}:{token}"));
            let text = format!("{before}{login}{after}");
            assert_eq!(found(&engine, &text, "github-token"), [token], "{text}");
        }
    }
}

/// A soft break may be anywhere in the line.
#[test]
fn a_name_that_quoted_printable_breaks_is_read_whole() {
    let engine = Engine::new(&rules());
    let mut keys = Keys::new("names in mails");
    for (name, assigned) in [
        ("aws_secret_access_key", " =3D "),
        ("AWS_SECRET_ACCESS_KEY", "=3D"),
        ("secretAccessKey", ": "),
        ("SecretKey", "=3D"),
    ] {
        for cut in 1..name.len() {
            let text = |name: &str, id: &str, secret: &str| {
                let before = "x".repeat(40);
                format!("{before} {name}{assigned}{secret}\naws_access_key_id{assigned}{id}\n")
            };
            // One random secret in some thousands looks like a word.
            let mut pairs = (0..4).map(|_| (keys.id(), keys.secret()));
            let is_found = |(id, secret): &(String, String)| {
                found(&engine, &text(name, id, secret), "aws-access-key") == [&**secret]
            };
            let (id, secret) = pairs.find(is_found).expect("one");
            let text = text(&format!("{}=\n{}", &name[..cut], &name[cut..]), &id, &secret);
            assert_eq!(found(&engine, &text, "aws-access-key"), [secret], "{text}");
        }
    }
}

/// A label, a manifest and a login may lead to one value.
#[test]
fn a_value_that_is_not_read_is_counted_once() {
    let engine = Engine::new(&rules());
    let xz = format!("/Td6WFoAAATm1rRG{}", "Ab3d".repeat(12));
    for text in [
        format!("kind: Secret\ndata:\n  blob: {xz}\n"),
        format!("kind: Secret\ndata:\n  base64secret: {xz}\n"),
        format!("kind: ConfigMap\nbase64:\n  blob: {xz}\n"),
        format!("{{\"auths\": {{\"r.example\": {{\"auth\": \"{xz}\"}}}}}}"),
        format!("Authorization: Basic {xz}\n"),
    ] {
        let unread: Vec<_> = engine.whole(text.as_bytes()).unread.into_iter().collect();
        assert_eq!(unread, [("xz in base64", 1)], "{text}");
    }
}

/// Writes each of some characters as its escape.
fn escaped(text: &str, escapes: &[(char, &str)]) -> String {
    let escape = |letter: char| escapes.iter().find(|(plain, _)| *plain == letter);
    let one = |letter: char| escape(letter).map_or(letter.to_string(), |(_, it)| (*it).to_owned());
    text.chars().map(one).collect()
}

const ESCAPES: [&[(char, &str)]; 4] = [
    &[('/', "\\/")],
    &[('=', "\\u003d"), ('&', "\\u0026")],
    &[('%', "%25"), ('/', "%2F"), (':', "%3A"), ('=', "%3D"), ('+', "%2B"), ('&', "%26")],
    &[('%', "%25"), ('/', "%2f"), (':', "%3a"), ('=', "%3d"), ('+', "%2b"), ('&', "%26")],
];

/// Undoes percent-encoding.
fn unescaped(text: &str) -> String {
    let undo = |text: String, (plain, written): &(char, &str)| {
        text.replace(written, plain.encode_utf8(&mut [0; 4]))
    };
    ESCAPES[2].iter().rev().fold(text.to_owned(), undo)
}

/// Rules whose credentials have such characters in their anchors.
const RULES: [&str; 5] = [
    "google-refresh-token",
    "discord-webhook",
    "telegram-bot-token",
    "azure-sas-token",
    "slack-webhook",
];

#[test]
fn a_credential_with_escapes_in_its_anchor_is_found() {
    let engine = Engine::new(&rules());
    let (mut wrong, mut tried) = (Vec::new(), BTreeSet::new());
    for (rule, text, secret) in examples("escapes in anchors", ALL) {
        for escapes in ESCAPES {
            let written = text.replace(&secret, &escaped(&secret, escapes));
            if !RULES.contains(&&*rule) || written == text {
                continue;
            }
            tried.insert(rule.clone());
            let found = found(&engine, &written, &rule);
            // The value of a query may be reported without its own percent-encoding as well.
            let plain: Vec<String> = found.iter().map(|one| unescaped(one)).collect();
            if plain != [unescaped(&secret)] {
                wrong.push(format!("{rule}: {written}: {found:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(tried, RULES.map(str::to_owned).into(), "each has an example with such characters");
}

#[test]
fn a_query_in_markup_is_the_same_credential() {
    let engine = Engine::new(&rules());
    let examples = examples("queries in markup", ALL);
    let queries: Vec<_> = examples.iter().filter(|one| one.0 == "azure-sas-token").collect();
    assert!(!queries.is_empty());
    for (rule, _, secret) in queries {
        let address = format!("https://a.blob.core.windows.net/c?{secret}");
        let markup = address.replace('&', "&amp;");
        let text = format!("<script>u=\"{address}\"</script>\n<a href=\"{markup}\">x</a>\n");
        assert_eq!(found(&engine, &text, rule), [&**secret, &**secret], "{text}");
    }
}

#[test]
fn a_literal_is_joined_wherever_a_token_is_split() {
    let engine = Engine::new(&rules());
    let mut keys = Keys::new("tokens in pieces");
    for (rule, template) in [
        ("anthropic-key", "sk-ant-api03-{{base64url:93}}AA"),
        ("gitlab-token", "glpat-{{base64url:20}}"),
    ] {
        let is_found =
            |token: &String| found(&engine, &format!("k = \"{token}\"\n"), rule) == [&**token];
        let token = (0..9).map(|_| keys.filled(template)).find(is_found).expect("one");
        // The anchor stays in one piece. The neighbours of the split are of each kind.
        for (split, pair) in [(14, ["a", "-"]), (15, ["_", "b"]), (16, ["-", "_"])] {
            let mut token = token.clone();
            token.replace_range(split - 1..=split, &pair.concat());
            for joint in ["\"\n  \"", "\" + \"", "\" . \"", "\" \\\n  \"", "\" +\n\""] {
                let text = format!("k = \"{}{joint}{}\"\n", &token[..split], &token[split..]);
                assert!(found(&engine, &text, rule).contains(&token), "{rule}: {text}");
            }
        }
    }
}

/// Two literals next to each other are arguments of a shell, unless something joins them.
#[test]
fn an_option_after_a_token_is_not_a_part_of_it() {
    let engine = Engine::new(&rules());
    let mut keys = Keys::new("tokens as arguments");
    let (rule, template) = ("gitlab-token", "glpat-{{base64url:20}}");
    let is_sound =
        |token: &String| found(&engine, &format!("k = \"{token}\"\n"), rule) == [&**token];
    let token = (0..9).map(|_| keys.filled(template)).find(is_sound).expect("one");
    for (between, next) in [
        (" ", "--flag"),
        (" ", "-Xk9"),
        ("  ", "_name"),
        (" \\\n  ", "--flag"),
        (" \\\n  ", "--name=value"),
        (" \\\n  ", "-H"),
        ("\n  ", "--flag-of-words"),
    ] {
        let text = format!("run \"{token}\"{between}\"{next}\" x\n");
        assert_eq!(found(&engine, &text, rule), [&*token], "{text}");
    }
}

/// Azure's newer keys contain `+` in their anchor, which JSON of .NET, URLs and markup escape.
#[test]
fn a_connection_string_whose_key_has_an_escaped_plus_is_found() {
    let engine = Engine::new(&rules());
    let mut keys = Keys::new("escaped plus signs");
    for (rule, name, mark) in [
        ("azure-storage-key", "AccountName=a;AccountKey", "{{base64:76}}+ASt"),
        ("azure-storage-key", "accountname=a;accountkey", "{{base64:76}}+ASt"),
        ("azure-messaging-key", "SharedAccessKeyName=a;SharedAccessKey", "{{base64:33}}+ASb"),
        ("azure-messaging-key", "SharedAccessKeyName=a;SharedAccessKey", "{{base64:33}}+AEh"),
        ("azure-messaging-key", "SharedAccessKeyName=a;SharedAccessKey", "{{base64:33}}+ARm"),
    ] {
        for plus in ["\\u002B", "\\u002b", "%2B", "%2b", "%252B", "&#43;", "&#x2B;", "&plus;"] {
            let escapes: &[(char, &str)] = match plus.as_bytes()[0] {
                b'%' => &[('+', plus), ('/', "%2F"), ('=', "%3D"), (';', "%3B")],
                _ => &[('+', plus)],
            };
            let key = keys.filled(&format!("{{{{azure-key:{mark}}}}}"));
            let text = format!("c = \"{}\"\n", escaped(&format!("{name}={key};X=y"), escapes));
            assert_eq!(found(&engine, &text, rule), [&*key], "{text}");
        }
    }
}

/// The name of the provider is outside of the encoded login.
#[test]
fn a_pair_in_a_basic_login_is_found_by_the_address_beside_it() {
    let engine = Engine::new(&rules());
    let mut keys = Keys::new("pairs in logins");
    let rule = "twilio-key";
    for (id, secret) in [("AC{{hex:32}}", "{{hex:32}}"), ("SK{{hex:32}}", "{{alnum:32}}")] {
        let id = keys.filled(id);
        let written = |login: &str| {
            [
                format!("curl -H \"Authorization: Basic {login}\" https://api.twilio.com/x\n"),
                format!(
                    "url = 'https://api.twilio.com/x'\nheaders = {{'Authorization': 'Basic ' + '{login}'}}\n"
                ),
                format!("Host: api.twilio.com\r\nAuthorization: basic {login}\r\n\r\n"),
            ]
        };
        let secret = filled(&mut keys, secret, |secret| {
            let text = &written(&STANDARD.encode(format!("{id}:{secret}")))[0];
            (found(&engine, text, rule) == [&*secret]).then_some(secret)
        });
        let login = format!("{id}:{secret}");
        for login in [STANDARD.encode(&login), STANDARD_NO_PAD.encode(&login)] {
            for text in written(&login) {
                assert_eq!(found(&engine, &text, rule), [&*secret], "{text}");
            }
        }
    }
}
