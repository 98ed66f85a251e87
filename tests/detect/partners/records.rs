//! Records whose halves are empty, replaced, or named alike.

use super::*;

/// Writes two records, each an id and a secret.
type Two = fn(&Provider, [[&str; 2]; 2]) -> String;

/// Two records of the same names: the first has no secret, the second no id.
const VACANT: [(&str, Two); 7] = [
    ("blocks", |p, records| {
        let [a, b] = p.variables;
        records.map(|[id, secret]| format!("{a}={id}\n{b}={secret}\n\n")).concat()
    }),
    ("nested arrays", |p, records| {
        let [a, b] = p.fields;
        let s = p.service;
        let one = |[id, secret]: [&str; 2]| format!("['{s}_{a}'=>'{id}','{s}_{b}'=>'{secret}']");
        format!("[{}]\n", records.map(one).join(","))
    }),
    ("blocks of Ruby", |p, records| {
        let ([a, b], s) = (p.fields, p.service);
        let one = |[id, secret]: [&str; 2]| {
            format!("{s}.configure do |c|\n  c.{a} = '{id}'\n  c.{b} = '{secret}'\nend\n")
        };
        records.map(one).concat()
    }),
    ("attributes", |p, records| {
        let ([a, b], s) = (p.fields, p.service);
        let one = |[id, secret]: [&str; 2]| format!("<a {a}=\"{id}\" {b}=\"{secret}\"/>\n");
        format!("<{s}>\n{}</{s}>\n", records.map(one).concat())
    }),
    ("elements", |p, records| {
        let ([a, b], s) = (p.fields, p.service);
        let one = |[id, secret]: [&str; 2]| {
            format!("<account>\n <{a}>{id}</{a}>\n <{b}>{secret}</{b}>\n</account>\n")
        };
        format!("<{s}>\n{}</{s}>\n", records.map(one).concat())
    }),
    ("comma-separated values", |p, records| {
        let ([a, b], s) = (p.fields, p.service);
        format!("n,{a},{b}\n{}", records.map(|one| format!("{s},{},{}\n", one[0], one[1])).concat())
    }),
    ("SQL", |p, records| {
        let ([a, b], s) = (p.fields, p.service);
        let rows = records.map(|[id, secret]| format!("('x','{id}','{secret}')")).join(",\n");
        format!("INSERT INTO {s} (n,{a},{b}) VALUES\n{rows};\n")
    }),
];

#[test]
fn an_id_without_a_secret_does_not_get_that_of_the_next_record() {
    let engine = engine();
    let mut bad = Vec::new();
    for provider in &PROVIDERS {
        for (name, layout) in VACANT {
            for empty in ["", "TODO", "changeme", "xxxxxxxxxxxx"] {
                for reverse in [false, true] {
                    let mut keys = Keys::new(&[provider.service, name, empty].concat());
                    let [id, _] = pair(&engine, provider, &mut keys);
                    let [_, secret] = pair(&engine, provider, &mut keys);
                    let mut both = [[&*id, empty], [empty, &*secret]];
                    if reverse {
                        both.reverse();
                    }
                    let text = layout(provider, both);
                    let found = engine.whole(text.as_bytes()).candidates;
                    let is_pair = |one: &&Candidate| {
                        let both = &one.credential;
                        let is_whole = both.key_id.is_some() && both.secret.is_some();
                        is_whole && one.confidence >= Confidence::Medium
                    };
                    if let Some(one) = found.iter().find(is_pair) {
                        let sure = one.confidence;
                        bad.push(format!(
                            "{} {name} {empty:?} {reverse} {sure:?}",
                            provider.service
                        ));
                    }
                }
            }
        }
    }
    assert!(bad.is_empty(), "{} faults:\n{}", bad.len(), bad.join("\n"));
}

/// Keys under the same two names, whose records only lines set apart. Many of them are read in parts,
/// and a part may begin with the second half of a record. Without such lines there may be no pairs.
#[test]
fn records_of_the_same_names_stay_whole_however_many_there_are() {
    let engine = engine();
    for provider in &PROVIDERS {
        for (between, count) in [("\n", 8), ("\n\n\n", 50), ("# next\n", 12), ("", 50), ("\n", 200)]
        {
            for reverse in [false, true] {
                let mut keys = Keys::new(&format!("same {} {between}{count}", provider.service));
                let all = records(&"2".repeat(count), &engine, provider, &mut keys);
                let line = |_: &str, half: usize, value: &str| {
                    format!("{}={value}\n", provider.variables[half])
                };
                let blocks =
                    all.iter().map(|one| each(std::slice::from_ref(one), reverse, line) + between);
                let text: String = blocks.collect();
                let found = engine.whole(text.as_bytes()).candidates;
                let faults = faults(&found, provider, &all, !between.is_empty());
                let case = format!("{} {between:?} {count} {reverse}", provider.service);
                assert!(faults.is_empty(), "{case}: {} {:?}", faults.len(), faults[0]);
            }
        }
    }
}

/// The old halves in comments or removed lines, each before the new one.
#[test]
fn replaced_halves_stay_together() {
    let engine = engine();
    for provider in &PROVIDERS {
        for (head, signs, middle) in
            [("", ["# ", ""], ""), ("@@ -1,4 +1,4 @@\n", ["-", "+"], " A=1\n")]
        {
            let mut keys = Keys::new(&format!("replaced {} {head}", provider.service));
            let all = records("22", &engine, provider, &mut keys);
            let half = |half: usize| -> String {
                let value = |at: usize| all[at].halves[half].as_deref().unwrap_or_default();
                let name = provider.variables[half];
                (0..2).map(|at| format!("{}{name}={}\n", signs[at], value(at))).collect()
            };
            let text = [head, &half(0), middle, &half(1)].concat();
            let found = engine.whole(text.as_bytes()).candidates;
            let faults = faults(&found, provider, &all, true);
            assert!(faults.is_empty(), "{} {head:?}: {faults:?}", provider.service);
        }
    }
}

/// A word that says what a value is, such as `COMMIT`, may also name the use of a key.
#[test]
fn a_word_before_both_names_does_not_separate_the_halves() {
    let engine = engine();
    for provider in PROVIDERS.iter().filter(|provider| provider.service != "acme") {
        for word in ["UPLOAD", "IMAGE", "TRACE", "COMMIT", "HASH"] {
            let mut keys = Keys::new(&format!("word {} {word}", provider.service));
            let mut all = records("2", &engine, provider, &mut keys);
            all[0].tag = word.to_owned();
            let text = VARIABLES[0].1(provider, &all, false);
            let found = engine.whole(text.as_bytes()).candidates;
            let faults = faults(&found, provider, &all, true);
            assert!(faults.is_empty(), "{} {word}: {faults:?}", provider.service);
        }
    }
}

/// Columns are the keys here, and the cell of the second secret is empty.
#[test]
fn a_secret_below_a_list_of_ids_is_not_given_the_nearest() {
    let engine = engine();
    for provider in &PROVIDERS {
        let mut keys = Keys::new(&format!("columns {}", provider.service));
        let [[one, _], [two, secret]] = [(); 2].map(|()| pair(&engine, provider, &mut keys));
        let [a, b] = provider.variables;
        let text = format!("field,prod,dev\n{a},{two},{one}\n{b},{secret},\n");
        let found = engine.whole(text.as_bytes()).candidates;
        let sure = |found: &&Candidate| {
            found.credential.key_id.as_ref() == Some(&one) && found.credential.secret.is_some()
        };
        let wrong = found.iter().filter(sure).find(|one| one.confidence >= Confidence::Medium);
        assert!(wrong.is_none(), "{}", provider.service);
    }
}

/// In quoted-printable `=AC` is one byte, and a line that ends in `=` may be one of it. Which part of
/// the text is read by itself depends on the values.
#[test]
fn an_account_of_twilio_is_no_secret_in_quoted_printable() {
    const TEXT: &str = "twilio.prod.endpoint=https://acdbdaad.example.com
twilio.prod.TWILIO_ACCOUNT_SID=AC{{hex:32}}
twilio.prod.region=cn-bcbabb
twilio.prod.TWILIO_AUTH_TOKEN=TODO
twilio.dev.TWILIO_ACCOUNT_SID=AC{{hex:32}}
twilio.dev.region=cn-aacbca
twilio.dev.TWILIO_AUTH_TOKEN={{hex:32}}
twilio.qa.from=+15556771481
twilio.qa.TWILIO_ACCOUNT_SID=AC{{hex:32}}
twilio.qa.note=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
twilio.qa.bucket=cbdefebef
twilio.qa.TWILIO_AUTH_TOKEN={{hex:32}}
twilio.eu.TWILIO_ACCOUNT_SID=AC{{hex:32}}
twilio.eu.TWILIO_AUTH_TOKEN=
twilio.eu.enabled=true
twilio.eu.region=cn-abcccb
";
    let engine = engine();
    for number in 0..100 {
        let mut keys = Keys::new(&format!("quoted-printable {number}"));
        let text = keys.filled(TEXT);
        for found in engine.whole(text.as_bytes()).candidates {
            let Some(secret) = found.credential.secret else { continue };
            let secret = String::from_utf8_lossy(secret.expose());
            assert!(!text.contains(&format!("=AC{secret}")), "{number}");
        }
    }
}

/// Writes values, each with its name after it.
type ValuesFirst = fn(&[(String, &str)]) -> String;

const VALUES_FIRST: [(&str, ValuesFirst); 7] = [
    ("JSON", |fields| {
        let one = |(name, value): &(String, &str)| {
            format!("{{\"value\": \"{value}\", \"key\": \"{name}\"}}")
        };
        format!("{{\"values\": [{}]}}\n", fields.iter().map(one).collect::<Vec<_>>().join(", "))
    }),
    ("JSON on lines", |fields| {
        let one = |(name, value): &(String, &str)| {
            format!("  {{\n    \"Value\": \"{value}\",\n    \"Key\": \"{name}\"\n  }}")
        };
        format!("[\n{}\n]\n", fields.iter().map(one).collect::<Vec<_>>().join(",\n"))
    }),
    ("outputs of a stack", |fields| {
        let one = |(name, value): &(String, &str)| {
            format!("{{\"OutputValue\": \"{value}\", \"OutputKey\": \"{name}\"}}")
        };
        format!("[{}]\n", fields.iter().map(one).collect::<Vec<_>>().join(", "))
    }),
    ("inputs of a form", |fields| {
        let one =
            |(name, value): &(String, &str)| format!("<input value=\"{value}\" name=\"{name}\">");
        format!("{}\n", fields.iter().map(one).collect::<String>())
    }),
    ("inputs with a type", |fields| {
        let one = |(name, value): &(String, &str)| {
            format!("<input type=\"text\" value=\"{value}\" id=\"{name}\"/>\n")
        };
        fields.iter().map(one).collect()
    }),
    ("settings of .NET", |fields| {
        let one = |(name, value): &(String, &str)| {
            format!("  <add value=\"{value}\" key=\"{name}\" />\n")
        };
        format!("<appSettings>\n{}</appSettings>\n", fields.iter().map(one).collect::<String>())
    }),
    ("YAML", |fields| {
        let one =
            |(name, value): &(String, &str)| format!("  - value: {value}\n    name: {name}\n");
        format!("env:\n{}", fields.iter().map(one).collect::<String>())
    }),
];

/// The name of a value may follow it in its record. The name of the record before says nothing.
#[test]
fn a_name_after_a_value_belongs_to_that_value() {
    let engine = engine();
    let mut wrong = Vec::new();
    for provider in &PROVIDERS {
        for (layout, write) in VALUES_FIRST {
            for owners in [&[""][..], &["alice_", "bob_", "carol_"]] {
                for secret_first in [false, true] {
                    let mut keys = Keys::new(&[provider.service, layout, owners[0]].concat());
                    let [id_name, secret_name] = provider.variables;
                    let pairs: Vec<_> =
                        owners.iter().map(|_| pair(&engine, provider, &mut keys)).collect();
                    let mut fields = Vec::new();
                    for (owner, [id, secret]) in owners.iter().zip(&pairs) {
                        let mut both = [
                            (format!("{owner}{id_name}"), &**id),
                            (format!("{owner}{secret_name}"), &**secret),
                        ];
                        if secret_first {
                            both.reverse();
                        }
                        fields.extend(both);
                    }
                    let text = write(&fields);
                    for [id, secret] in &pairs {
                        let found = engine.whole(text.as_bytes()).candidates;
                        let own = found.iter().find(|one| {
                            let value = one.credential.secret.as_ref();
                            value.is_some_and(|value| value.expose() == secret.as_bytes())
                        });
                        let of_own = own.map(|one| one.credential.key_id.as_ref() == Some(id));
                        if of_own != Some(true) {
                            wrong.push(format!("{layout} {owners:?} {of_own:?}: {text}"));
                        }
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong: {}", wrong.len(), wrong[..wrong.len().min(9)].join("\n"));
}

/// Values in base64 in which the signs `+` and `/` delimit a secret.
const AROUND: [fn(&str) -> Option<String>; 4] = [
    |secret| {
        Some(format!("{}/{secret}", "kQ7vTz1LwX3".get(..39_usize.checked_sub(secret.len())?)?))
    },
    |secret| {
        Some(format!("{secret}/{}", "kQ7vTz1LwX3".get(..39_usize.checked_sub(secret.len())?)?))
    },
    |secret| Some(format!("kQ7vTz1LwX3+{secret}+Rb")),
    |secret| Some(format!("kQ7vTz/{secret}/Rb0pWm4s=")),
];

#[test]
fn a_piece_of_a_longer_value_is_no_secret() {
    let engine = engine();
    let mut wrong = Vec::new();
    let mut tried = 0;
    for provider in &PROVIDERS {
        for (index, around) in AROUND.iter().enumerate() {
            for name in ["AWS_SECRET_ACCESS_KEY", "JWT_SECRET", provider.variables[1]] {
                let mut keys = Keys::new(&format!("{} {name} {index}", provider.variables[0]));
                let [id, secret] = pair(&engine, provider, &mut keys);
                // An empty part would leave a whole secret after a sign.
                let Some(value) = around(&secret).filter(|value| value.len() > secret.len() + 2)
                else {
                    continue;
                };
                tried += 1;
                let text = format!("{}={id}\n{name}={value}\n", provider.variables[0]);
                let found = engine.whole(text.as_bytes()).candidates;
                let is_piece = |one: &Candidate| {
                    let value = one.credential.secret.as_ref();
                    value.is_some_and(|value| value.expose() == secret.as_bytes())
                };
                if found.iter().any(is_piece) {
                    wrong.push(text);
                }
            }
        }
    }
    assert!(tried > 50, "{tried}");
    assert!(wrong.is_empty(), "{} wrong: {}", wrong.len(), wrong.join("\n"));
}
