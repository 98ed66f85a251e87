//! Short base64 that the text around it announces: fields, functions and logins.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keysweep::detect::Engine;
use keysweep::rules::RuleSet;
use keysweep::scan::Detector as _;

use crate::support::Keys;

/// The base64 of a token, which is shorter than one that needs no announcement.
const VALUES: [&str; 20] = [
    "const t = atob(\"{}\");\n",
    "var t = window.atob('{}')\n",
    "t = b64decode(\"{}\")\n",
    "t = b64decode(b'{}').decode()\n",
    "t: {{ \"{}\" | b64dec }}\n",
    "t: \"{{ '{}' | b64decode }}\"\n",
    "t = base64decode(\"{}\")\n",
    "$t = base64_decode('{}');\n",
    "t = Base64.decode64('{}')\n",
    "t = Base64.strict_decode64('{}')\n",
    "$t = [Convert]::FromBase64String('{}')\n",
    "t, _ := base64.StdEncoding.DecodeString(\"{}\")\n",
    "String t = new String(Base64.getDecoder().decode(\"{}\"));\n",
    "let t = Data(base64Encoded: \"{}\")!\n",
    "const t = Buffer.from(\"{}\", \"base64\").toString();\n",
    "const t = Buffer.from(\n  '{}',\n  'base64',\n);\n",
    "echo {} | openssl base64 -d -A\n",
    "jq -r '@base64d' <<< '\"{}\"'\n",
    "my $t = decode_base64('{}');\n",
    "# base64: {}\n",
];

/// The base64 of a login with the token.
const LOGINS: [&str; 6] = [
    "//registry.example/:_auth={}\n",
    "_auth = \"{}\"\n",
    "env:\n  NPM_CONFIG__AUTH: {}\n",
    "ENV NPM_CONFIG__AUTH {}\n",
    "export npm_config__auth={}\n",
    "{\"auths\": {\"r.example\": {\"auth\": \"{}\"}}}\n",
];

/// The base64 of a file with the token; its field is before or after the one that names the encoding.
const FILES: [&str; 7] = [
    "#cloud-config\nwrite_files:\n  - path: /etc/env\n    encoding: b64\n    content: {}\n",
    "write_files:\n- encoding: b64\n  owner: root:root\n  path: /x\n  permissions: '0644'\n  content: {}\n",
    "write_files:\n- content: {}\n  owner: root:root\n  path: /x\n  permissions: '0644'\n  encoding: base64\n",
    "write_files:\n- encoding: base64\n  owner: root:root\n  path: /x\n  defer: true\n  content: {}\n",
    "user_data = <<EOF\n#cloud-config\nwrite_files:\n- path: /a\n  encoding: b64\n  content: {}\nEOF\n",
    "files:\n- path: /x\n  encoding: \"base64\"\n  owner: root:root\n  content: {}\n",
    "{\n  \"name\": \"x\",\n  \"content\": \"{}\\n\",\n  \"encoding\": \"base64\"\n}\n",
];

/// What is not base64 for a reader either: without its announcement short base64 is not decoded.
const OTHERS: [&str; 3] = ["t = \"{}\"\n", "katob(\"{}\")\n", "size: b64 {}\n"];

#[test]
fn short_base64_is_read_where_the_text_announces_it() {
    let engine = Engine::new(&RuleSet::builtin());
    let mut keys = Keys::new("announced base64");
    type Make = fn(&str) -> String;
    let tables: [(&[&str], Make, bool); 4] = [
        (&VALUES, |token| STANDARD.encode(token), true),
        (&LOGINS, |token| STANDARD.encode(format!("user:{token}")), true),
        (&FILES, |token| STANDARD.encode(format!("A={token}\n")), true),
        (&OTHERS, |token| STANDARD.encode(token), false),
    ];
    for (templates, make, is_read) in tables {
        for template in templates {
            let token = keys.filled("glpat-{{alnum:20}}");
            let text = template.replace("{}", &make(&token));
            for text in [text.clone(), format!("x = 1\n\n\n\n{text}\n\n\ny = 2\n")] {
                let found = engine.whole(text.as_bytes()).candidates;
                let is_token = |one: &keysweep::finding::Candidate| {
                    let secret = one.credential.secret.as_ref();
                    secret.is_some_and(|secret| secret.expose() == token.as_bytes())
                };
                assert_eq!(found.iter().any(is_token), is_read, "{text}");
            }
        }
    }
}
