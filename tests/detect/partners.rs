//! Pairs of other providers in the forms of real files: a secret is joined with its own id or with
//! none, and is reported either way.

use keysweep::detect::Engine;
use keysweep::finding::{Candidate, Confidence, Encoding};
use keysweep::rules::RuleSet;
use keysweep::scan::Detector as _;

use crate::support::Keys;

/// A rule with the names that files give to its halves.
struct Provider {
    rule: &'static str,
    id: &'static str,
    secret: &'static str,
    service: &'static str,
    variables: [&'static str; 2],
    fields: [&'static str; 2],
}

const PROVIDERS: [Provider; 6] = [
    Provider {
        rule: "twilio-key",
        id: "AC{{hex:32}}",
        secret: "{{hex:32}}",
        service: "twilio",
        variables: ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"],
        fields: ["account_sid", "auth_token"],
    },
    Provider {
        rule: "twilio-key",
        id: "SK{{hex:32}}",
        secret: "{{alnum:32}}",
        service: "Twilio",
        variables: ["TWILIO_API_KEY", "TWILIO_API_SECRET"],
        fields: ["apiKeySid", "apiKeySecret"],
    },
    Provider {
        rule: "alibaba-access-key",
        id: "LTAI{{alnum:20}}",
        secret: "{{alnum:30}}",
        service: "alicloud",
        variables: ["ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
        fields: ["access_key", "secret_key"],
    },
    Provider {
        rule: "tencent-secret-key",
        id: "AKID{{alnum:32}}",
        secret: "{{alnum:32}}",
        service: "tencentcloud",
        variables: ["TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY"],
        fields: ["secret_id", "secret_key"],
    },
    Provider {
        rule: "datadog-key",
        id: "{{hex:32}}",
        secret: "{{hex:40}}",
        service: "datadog",
        variables: ["DD_API_KEY", "DD_APP_KEY"],
        fields: ["apiKey", "appKey"],
    },
    Provider {
        rule: "acme-client",
        id: "ACM{{upper:17}}",
        secret: "{{hex:36}}",
        service: "acme",
        variables: ["ACME_CLIENT_ID", "ACME_CLIENT_SECRET"],
        fields: ["client_id", "client_secret"],
    },
];

/// A rule of a user.
const ACME: &str = r#"
[[rule]]
id = "acme-client"
title = "Acme client"
description = "Opens the works."
confidence = "high"
anchors = ["acme", "ACME"]
regex = '[0-9a-f]{36}'
reach = 300
labels = ["secret"]
pair = { id = 'ACM[0-9A-Z]{17}', distance = 300 }
examples = ["acme_id=ACM{{upper:17}} acme_secret={{hex:36}}", "ACME_ID=ACM{{upper:17}} ACME_SECRET={{hex:36}}"]
"#;

/// A record: the word that distinguishes it, its id and its secret. An empty half is named, but has
/// no value.
struct Record {
    tag: String,
    halves: [Option<String>; 2],
}

type Layout = fn(&Provider, &[Record], bool) -> String;

/// Writes each half of each record, in one order or the other.
fn each(records: &[Record], reverse: bool, write: impl Fn(&str, usize, &str) -> String) -> String {
    let order = if reverse { [1, 0] } else { [0, 1] };
    let of = |record: &Record| -> String {
        let halves = order.iter().filter_map(|&half| Some((half, record.halves[half].as_ref()?)));
        halves.map(|(half, value)| write(&record.tag, half, value)).collect()
    };
    records.iter().map(of).collect()
}

/// Writes a block for each record.
fn blocks(
    records: &[Record],
    reverse: bool,
    block: impl Fn(&str, &str) -> String,
    write: impl Fn(usize, &str) -> String,
) -> String {
    let of = |record: &Record| {
        let one = std::slice::from_ref(record);
        block(&record.tag, &each(one, reverse, |_, half, value| write(half, value)))
    };
    records.iter().map(of).collect()
}

fn table(p: &Provider, records: &[Record], reverse: bool, separator: &str) -> String {
    let order = if reverse { [1, 0] } else { [0, 1] };
    let heads = order.map(|half| p.fields[half]);
    let mut text = ["name", heads[0], heads[1], "region"].join(separator) + "\n";
    for record in records {
        let cells = order.map(|half| record.halves[half].as_deref().unwrap_or_default());
        let name = format!("{}-{}", p.service, record.tag);
        text += &([&name, cells[0], cells[1], "eu"].join(separator) + "\n");
    }
    text
}

/// Variables, whose names begin with the tag.
const VARIABLES: [(&str, Layout); 9] = [
    ("dotenv", |p, records, reverse| {
        each(records, reverse, |tag, half, value| format!("{tag}_{}={value}\n", p.variables[half]))
    }),
    ("suffixes", |p, records, reverse| {
        each(records, reverse, |tag, half, value| format!("{}_{tag}={value}\n", p.variables[half]))
    }),
    ("shell", |p, records, reverse| {
        each(records, reverse, |tag, half, value| {
            format!("export {tag}_{}=\"{value}\"\n", p.variables[half])
        })
    }),
    ("compose", |p, records, reverse| {
        let lines = each(records, reverse, |tag, half, value| {
            format!("      - {tag}_{}={value}\n", p.variables[half])
        });
        format!("services:\n  web:\n    environment:\n{lines}")
    }),
    ("actions", |p, records, reverse| {
        let lines = each(records, reverse, |tag, half, value| {
            format!("      {tag}_{}: \"{value}\"\n", p.variables[half])
        });
        format!("jobs:\n  test:\n    env:\n{lines}    steps: []\n")
    }),
    ("Dockerfile", |p, records, reverse| {
        each(records, reverse, |tag, half, value| {
            format!("ENV {tag}_{} {value}\n", p.variables[half])
        })
    }),
    ("properties", |p, records, reverse| {
        each(records, reverse, |tag, half, value| {
            format!("{tag}.{}.{}={value}\n", p.service, p.fields[half])
        })
    }),
    ("Kubernetes variables", |p, records, reverse| {
        each(records, reverse, |tag, half, value| {
            format!("    - name: {tag}_{}\n      value: \"{value}\"\n", p.variables[half])
        })
    }),
    ("JSON of names and values", |p, records, reverse| {
        let of = |tag: &str, half: usize, value: &str| {
            format!(" {{\"name\": \"{tag}_{}\", \"value\": \"{value}\"}},\n", p.variables[half])
        };
        format!("[\n{} {{}}\n]\n", each(records, reverse, of))
    }),
];

/// Objects, sections and rows.
const RECORDS: [(&str, Layout); 11] = [
    ("JSON array", |p, records, reverse| {
        let block =
            |tag: &str, inner: &str| format!("  {{\n{inner}   \"name\": \"{tag}\"\n  }},\n");
        let write = |half: usize, value: &str| format!("   \"{}\": \"{value}\",\n", p.fields[half]);
        format!("{{\"{}\": [\n{}  {{}}\n]}}\n", p.service, blocks(records, reverse, block, write))
    }),
    ("JSON objects", |p, records, reverse| {
        let block = |tag: &str, inner: &str| format!("  \"{tag}\": {{{inner} \"on\": true}},\n");
        let write = |half: usize, value: &str| format!("\"{}\": \"{value}\",", p.fields[half]);
        format!(
            "{{\"{}\": {{\n{}  \"x\": 1\n}}}}\n",
            p.service,
            blocks(records, reverse, block, write)
        )
    }),
    ("HCL", |p, records, reverse| {
        let block = |tag: &str, inner: &str| {
            format!("provider \"{}\" {{\n  alias = \"{tag}\"\n{inner}}}\n\n", p.service)
        };
        blocks(records, reverse, block, |half, value| {
            format!("  {} = \"{value}\"\n", p.fields[half])
        })
    }),
    ("Terraform map", |p, records, reverse| {
        let block = |tag: &str, inner: &str| format!("  {tag} = {{\n{inner}  }}\n");
        let write = |half: usize, value: &str| format!("    {} = \"{value}\"\n", p.fields[half]);
        format!("{}_accounts = {{\n{}}}\n", p.service, blocks(records, reverse, block, write))
    }),
    ("INI", |p, records, reverse| {
        let block = |tag: &str, inner: &str| format!("[{}-{tag}]\n{inner}\n", p.service);
        blocks(records, reverse, block, |half, value| format!("{} = {value}\n", p.fields[half]))
    }),
    ("Python", |p, records, reverse| {
        let block = |tag: &str, inner: &str| format!("    '{tag}': {{\n{inner}    }},\n");
        let write =
            |half: usize, value: &str| format!("        '{}': '{value}',\n", p.fields[half]);
        format!("{} = {{\n{}}}\n", p.service, blocks(records, reverse, block, write))
    }),
    ("calls", |p, records, reverse| {
        let block = |tag: &str, inner: &str| format!("{tag} = {}.Client({inner})\n", p.service);
        blocks(records, reverse, block, |half, value| format!("{}=\"{value}\", ", p.fields[half]))
    }),
    ("YAML documents", |p, records, reverse| {
        let block = |tag: &str, inner: &str| {
            format!("---\nkind: Secret\nmetadata:\n  name: {tag}\nstringData:\n{inner}")
        };
        let write = |half: usize, value: &str| format!("  {}: \"{value}\"\n", p.variables[half]);
        blocks(records, reverse, block, write)
    }),
    ("YAML list", |p, records, reverse| {
        let block = |tag: &str, inner: &str| format!("    - name: {tag}\n{inner}");
        let write = |half: usize, value: &str| format!("      {}: \"{value}\"\n", p.fields[half]);
        format!("{}:\n  accounts:\n{}", p.service, blocks(records, reverse, block, write))
    }),
    ("comma-separated values", |p, records, reverse| table(p, records, reverse, ",")),
    ("Markdown", |p, records, reverse| table(p, records, reverse, " | ")),
];

/// The halves of each record: `2` both, `i` and `s` one of them, `I` and `S` one of them with the
/// name of the other.
const KINDS: [&str; 9] = ["2", "22", "2222", "is", "IS", "I2S", "2si2", "i2s", "222222222222"];

/// A pair that is found by itself: some random text has too few different characters.
fn pair(engine: &Engine, provider: &Provider, keys: &mut Keys) -> [String; 2] {
    loop {
        let pair = [keys.filled(provider.id), keys.filled(provider.secret)];
        let [id, secret] = provider.variables;
        let text = format!("{id}={}\n{secret}={}\n", pair[0], pair[1]);
        let found = engine.whole(text.as_bytes()).candidates;
        if found.iter().any(|one| one.credential.key_id.as_ref() == Some(&pair[0])) {
            return pair;
        }
    }
}

fn records(kind: &str, engine: &Engine, provider: &Provider, keys: &mut Keys) -> Vec<Record> {
    const TAGS: [&str; 4] = ["PROD", "STAGING", "DEV", "EU"];
    let mut tags =
        (0..).map(|at: usize| TAGS.get(at).map_or(format!("T{at}"), |tag| (*tag).into()));
    let mut record = |halves: char| {
        let [id, secret] = pair(engine, provider, keys).map(Some);
        let empty = || Some(String::new());
        let halves = match halves {
            'i' => [id, None],
            's' => [None, secret],
            'I' => [id, empty()],
            'S' => [empty(), secret],
            _ => [id, secret],
        };
        Record { tag: tags.next().unwrap_or_default(), halves }
    };
    kind.chars().map(&mut record).collect()
}

/// The faults of a result; each is described.
fn faults(
    found: &[Candidate],
    provider: &Provider,
    records: &[Record],
    named: bool,
) -> Vec<String> {
    let mut faults = Vec::new();
    let of_rule = || found.iter().filter(|one| one.credential.rule.as_str() == provider.rule);
    let secret = |one: &Candidate| {
        let secret = one.credential.secret.as_ref();
        secret.map(|secret| String::from_utf8_lossy(secret.expose()).into_owned())
    };
    for one in of_rule().filter(|one| one.credential.key_id.is_some()) {
        let own = [one.credential.key_id.clone(), secret(one)];
        if !records.iter().any(|record| record.halves == own) {
            faults.push(format!("a wrong pair of {:?} confidence", one.confidence));
        }
    }
    let full = |half: &Option<String>| half.as_ref().is_some_and(|half| !half.is_empty());
    for (number, record) in records.iter().enumerate().filter(|(_, one)| full(&one.halves[1])) {
        let of_record = || {
            let sure = of_rule().filter(|one| one.confidence >= Confidence::Medium);
            sure.filter(|one| secret(one) == record.halves[1])
        };
        if of_record().next().is_none() {
            faults.push(format!("the secret of {number} is not reported"));
        } else if full(&record.halves[0])
            && named
            && of_record().all(|one| one.credential.key_id != record.halves[0])
        {
            faults.push(format!("the pair of {number} is not joined"));
        }
    }
    faults
}

fn engine() -> Engine {
    let file = ("acme.toml".into(), ACME.to_owned());
    Engine::new(&RuleSet::with_texts(&[file]).expect("good rules"))
}

#[test]
fn a_secret_of_another_provider_is_joined_with_its_own_id_or_none() {
    let engine = engine();
    let mut bad = Vec::new();
    for provider in &PROVIDERS {
        for (name, layout) in VARIABLES.iter().chain(&RECORDS) {
            for kind in KINDS {
                for reverse in [false, true] {
                    let mut keys = Keys::new(&[provider.service, name, kind].concat());
                    let records = records(kind, &engine, provider, &mut keys);
                    let text = layout(provider, &records, reverse);
                    let found = engine.whole(text.as_bytes()).candidates;
                    let faults = faults(&found, provider, &records, true);
                    let of =
                        |fault| format!("{} {name} {kind} {reverse}: {fault}", provider.service);
                    bad.extend(faults.into_iter().map(of));
                }
            }
        }
    }
    assert!(bad.is_empty(), "{} faults:\n{}", bad.len(), bad.join("\n"));
}

/// The headings of a table are far above its last rows.
#[test]
fn every_row_of_a_long_table_is_read() {
    let engine = engine();
    for provider in &PROVIDERS {
        for separator in [",", "\t"] {
            let mut keys = Keys::new(&format!("long {}", provider.service));
            let records = records(&"2".repeat(400), &engine, provider, &mut keys);
            let text = table(provider, &records, false, separator);
            let found = engine.whole(text.as_bytes()).candidates;
            let faults = faults(&found, provider, &records, true);
            assert!(faults.is_empty(), "{}: {} {:?}", provider.service, faults.len(), faults[0]);
        }
    }
}

/// All ids first, then all secrets, in the same order or the other: names say which belong together,
/// and without such names each secret is reported alone.
#[test]
fn ids_and_secrets_in_two_groups_are_joined_by_their_names_alone() {
    let engine = engine();
    for provider in &PROVIDERS {
        for (tagged, reverse) in [(true, false), (true, true), (false, false), (false, true)] {
            let mut keys = Keys::new(&format!("{} {tagged}", provider.service));
            let mut all = records("22", &engine, provider, &mut keys);
            let line = |record: &Record, half: usize| {
                let tag = if tagged { format!("{}_", record.tag) } else { String::new() };
                let value = record.halves[half].as_deref().unwrap_or_default();
                format!("{tag}{}={value}\n", provider.variables[half])
            };
            let mut text: String = all.iter().map(|record| line(record, 0)).collect();
            if reverse {
                all.reverse();
            }
            text.extend(all.iter().map(|record| line(record, 1)));
            let found = engine.whole(text.as_bytes()).candidates;
            let faults = faults(&found, provider, &all, false);
            assert!(faults.is_empty(), "{} {tagged} {reverse}: {faults:?}", provider.service);
            let joined = found.iter().filter(|one| one.credential.key_id.is_some()).count();
            assert!(tagged || joined == 0, "{} {reverse}", provider.service);
        }
    }
}

mod encoded;
mod lists;
mod records;
