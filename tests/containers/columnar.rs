//! Formats that are recognised and not opened. In columnar ones an id is not joined with a secret
//! that is only next to it.

use crate::support::{Keys, Pair, Project};

/// The statistics of two columns: largest and smallest id, largest and smallest secret, with the
/// names of the columns before them, as the footer of Parquet has them.
fn statistics(pairs: &[Pair]) -> Vec<u8> {
    let field = |head: u8, text: &str| {
        [&[head, u8::try_from(text.len()).expect("short")][..], text.as_bytes()].concat()
    };
    let mut bytes = field(0x18, "access_key");
    pairs.iter().for_each(|pair| bytes.extend(field(0x18, &pair.id)));
    bytes.extend(field(0x18, "secret_key"));
    pairs.iter().rev().for_each(|pair| bytes.extend(field(0x18, &pair.secret)));
    bytes.extend([0; 8]);
    bytes
}

/// Beginnings and ends of the forms.
const FORMS: [(&str, &[u8], &[u8], &str); 7] = [
    ("a.parquet", b"PARE\x15\0", b"PARE", "Parquet (encrypted)"),
    ("a.orc", b"ORC\x0a\0", b"\x03ORC\x17", "ORC"),
    ("a.arrow", b"ARROW1\0\0", b"ARROW1", "Arrow"),
    ("a.arrows", b"\xff\xff\xff\xff\x80\0\0\0\x10\0\0\0", b"", "Arrow"),
    ("a.h5", b"\x89HDF\r\n\x1a\n\0", b"", "HDF5"),
    ("a.duckdb", b"\x01\x02\x03\x04\x05\x06\x07\x08DUCK\x40\0", b"", "DuckDB"),
    ("a.lance", b"\0\0\0\0", b"LANC", "Lance"),
];

#[test]
fn values_of_a_columnar_file_are_not_paired_by_distance() {
    let mut keys = Keys::new("columnar");
    for (name, head, tail, form) in FORMS {
        for count in 2..5 {
            let project = Project::new();
            let pairs: Vec<Pair> = (0..count).map(|_| keys.pair()).collect();
            let bytes = [head, &statistics(&pairs), tail].concat();
            project.file(name, &bytes);
            project.shell(&format!("tar cf inner.tar {name}"), "");
            let arguments = ["scan", "--format", "json", "--min-confidence", "low"];
            let ran = project.keysweep(arguments).run().exits(1);
            let report = ran.json();
            let findings = report["findings"].as_array().expect("findings");
            assert!(findings.iter().all(|one| one["rule"] != "aws-access-key"), "{name}: {report}");
            for pair in &pairs {
                let found = findings.iter().any(|one| one["key_id"] == pair.id.as_str());
                assert!(found, "{name}: {}", pair.id);
            }
            let secrets = findings.iter().filter(|one| one["rule"] == "aws-secret-access-key");
            assert_eq!(secrets.count(), count, "{name}: {report}");
            let counted = &report["coverage"]["left_out"]["not_opened"];
            assert_eq!(counted, &serde_json::json!({ form: 2 }), "{name}");
        }
    }
}

/// A pair in one value, or the only one that there is, is a pair all the same; in a history too.
#[test]
fn one_value_of_a_columnar_file_may_hold_a_pair() {
    let mut keys = Keys::new("one value");
    for (name, head, tail, _) in FORMS {
        let (pair, other) = (keys.pair(), keys.pair());
        let value = [head, b"\x18", pair.env.as_bytes(), &statistics(&[other]), tail].concat();
        let alone = [head, &statistics(&[keys.pair()]), tail].concat();
        for (bytes, confidence) in [(value, "high"), (alone, "medium")] {
            let project = Project::new();
            project.file(name, &bytes);
            project.git(&["init", "-q", "-b", "main"]).git(&["add", "."]);
            project.git(&["commit", "-qm", "one"]);
            for command in ["scan", "history"] {
                let ran = project.keysweep([command, "--format", "json"]).run().exits(1);
                let report = ran.json();
                let findings = report["findings"].as_array().expect("findings");
                let pairs: Vec<_> =
                    findings.iter().filter(|one| one["rule"] == "aws-access-key").collect();
                assert_eq!(pairs.len(), 1, "{command} {name}: {report}");
                assert_eq!(pairs[0]["confidence"], confidence, "{command} {name}: {report}");
            }
        }
    }
}

/// Each form by its beginning, its end or its name; a text that only begins so is none.
#[test]
fn what_is_not_opened_is_counted() {
    let elf = |after: &[u8]| {
        let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
        bytes.resize(200, 0);
        bytes[40] = 136;
        (bytes[58], bytes[60]) = (64, 1);
        [&bytes, after].concat()
    };
    let table = |magic: &[u8]| [&[0; 60][..], magic].concat();
    let koly = [&[0; 900][..], b"koly\0\0\0\x04", &[0; 504]].concat();
    let mut app = elf(b"");
    app[8..11].copy_from_slice(b"AI\x02");
    for (name, bytes, form) in [
        ("a.br", b"\x0b\x02\x80\xff\xfe".to_vec(), Some("Brotli")),
        ("b.br", b"plain text".to_vec(), None),
        ("a.wim", b"MSWIM\0\0\0\xd0".to_vec(), Some("Windows image (wim)")),
        ("a.rdb", b"REDIS0011\xfa".to_vec(), Some("Redis dump")),
        ("a.ldb", table(b"\x57\xfb\x80\x8b\x24\x75\x47\xdb"), Some("LevelDB table")),
        ("a.sst", table(b"\xf7\xcf\xf4\x85\xb7\x41\xe2\x88"), Some("RocksDB table")),
        ("a.dmg", koly, Some("Apple disk image (dmg)")),
        ("a.AppImage", app, Some("AppImage")),
        ("b.AppImage", elf(b"hsqs"), Some("squashfs")),
        ("program", elf(b"other"), None),
        ("a.lzh", b"\x20\x30-lh5-\0\0".to_vec(), Some("LHA")),
        ("a.txt", b"ORCHARD is a text".to_vec(), None),
        ("b.txt", b"PAR1 is a text\n".to_vec(), None),
        ("c.txt", b"it ends in LANC".to_vec(), None),
        ("d.txt", b"01234567DUCK goes".to_vec(), None),
    ] {
        let project = Project::new();
        project.file(name, &bytes);
        let ran = project.keysweep(["scan", "--format", "json"]).run().exits(0);
        let report = ran.json();
        let counted = report["coverage"]["left_out"]["not_opened"].as_object().cloned();
        let expected = form.map(|form| serde_json::json!({ form: 1 }));
        assert_eq!(counted, expected.and_then(|it| it.as_object().cloned()), "{name}");
    }
}
