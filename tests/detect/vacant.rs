//! Records of which one has an id without its secret, and the next a secret without its id: they are
//! two keys.

use std::fmt::Write as _;

use keysweep::detect::Engine;
use keysweep::finding::Confidence;
use keysweep::rules::RuleSet;
use keysweep::scan::Detector as _;

use crate::texts::Random;

/// The notation of a record, with the places of its id and its secret, and the text between two.
struct Notation {
    record: &'static str,
    between: &'static str,
    around: [&'static str; 2],
    /// The values that mean an absent one.
    absent: &'static [&'static str],
}

const PLAIN: &[&str] = &["", "TODO", "${X}", "changeme", "null"];

const NOTATIONS: &[Notation] = &[
    Notation {
        record: "AWS_ACCESS_KEY_ID={I}\nAWS_SECRET_ACCESS_KEY={S}\n",
        between: "\n",
        around: ["", ""],
        absent: PLAIN,
    },
    Notation {
        record: "AWS_ACCESS_KEY_ID={I}\nAWS_SECRET_ACCESS_KEY={S}\n",
        between: "",
        around: ["", ""],
        absent: PLAIN,
    },
    Notation {
        record: "AWS_SECRET_ACCESS_KEY={S}\nAWS_ACCESS_KEY_ID={I}\n",
        between: "\n",
        around: ["", ""],
        absent: PLAIN,
    },
    Notation {
        record: "export AWS_ACCESS_KEY_ID=\"{I}\"\nexport AWS_SECRET_ACCESS_KEY=\"{S}\"\n",
        between: "\n# the next account\n",
        around: ["", ""],
        absent: PLAIN,
    },
    Notation {
        record: "'x'=>['aws_access_key_id'=>'{I}','aws_secret_access_key'=>'{S}']",
        between: ",",
        around: ["[", "]\n"],
        absent: PLAIN,
    },
    Notation {
        record: "['key' => '{I}', 'aws_secret_access_key' => '{S}']",
        between: ",\n",
        around: ["[", "]\n"],
        absent: PLAIN,
    },
    Notation {
        record: "Aws.config do |c|\n  c.aws_access_key_id = '{I}'\n  c.aws_secret_access_key = '{S}'\nend\n",
        between: "",
        around: ["", ""],
        absent: PLAIN,
    },
    Notation {
        record: "<a aws_access_key_id=\"{I}\" aws_secret_access_key=\"{S}\"/>\n",
        between: "",
        around: ["<aws>\n", "</aws>\n"],
        absent: PLAIN,
    },
    Notation {
        record: "{\"access_key_id\": \"{I}\", \"secret_access_key\": \"{S}\"}",
        between: ",\n ",
        around: ["[", "]\n"],
        absent: PLAIN,
    },
    Notation {
        record: "- access_key_id: {I}\n  secret_access_key: {S}\n",
        between: "",
        around: ["keys:\n", ""],
        absent: &["\"\"", "TODO", "null", "~"],
    },
    Notation {
        record: "client(aws_access_key_id=\"{I}\", aws_secret_access_key=\"{S}\")\n",
        between: "",
        around: ["", ""],
        absent: PLAIN,
    },
];

#[test]
fn halves_of_two_records_that_name_the_other_half_are_no_key() {
    let mut faults = String::new();
    let engine = Engine::new(&RuleSet::builtin());
    let mut random = Random::new(7);
    for notation in NOTATIONS {
        for absent in notation.absent {
            // Empty records, and whole ones, may be among them.
            for order in ["is", "si", "-is", "i-s", "s-i", "kis", "iks", "isk", "sik", "iisk"] {
                let (mut records, mut keys) = (Vec::new(), Vec::new());
                for one in order.chars() {
                    let (id, secret) = (random.id(), random.secret());
                    let has_id = matches!(one, 'i' | 'k');
                    let has_secret = matches!(one, 's' | 'k');
                    let record = notation.record.replace("{I}", if has_id { &id } else { absent });
                    records.push(record.replace("{S}", if has_secret { &secret } else { absent }));
                    keys.extend((one == 'k').then_some((id, secret)));
                }
                let [head, tail] = notation.around;
                let body = format!("{head}{}{tail}", records.join(notation.between));
                for found in engine.whole(body.as_bytes()).candidates {
                    let credential = &found.credential;
                    let key = credential.key_id.as_ref().zip(credential.secret.as_ref());
                    let Some((id, secret)) = key else { continue };
                    let is_key = keys.iter().any(|(own, value)| {
                        own == id.as_str() && value.as_bytes() == secret.expose()
                    });
                    if is_key {
                        keys.retain(|(own, _)| own != id.as_str());
                    } else if found.confidence > Confidence::Low {
                        let _ = writeln!(faults, "{order} {:?}\n{body}", found.confidence);
                    }
                }
                // A key between such records is still one.
                if !keys.is_empty() {
                    let _ = writeln!(faults, "{order} Missed\n{body}");
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults}");
}
