//! Containers after or between text, made byte by byte according to the specifications of the
//! formats.

use super::damage::assert_copies_are_harmless;
use super::holds_a_pair;
use crate::support::compress::{deflate, gzip, zlib};
use crate::support::{Keys, Project};

/// A chunk of a PNG; nobody looks at its checksum.
fn chunk(kind: &[u8], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).expect("short").to_be_bytes();
    [&length, kind, data, &[0; 4]].concat()
}

fn png(chunks: &[Vec<u8>]) -> Vec<u8> {
    [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"IHDR", &[0; 13]), chunks.concat(), chunk(b"IEND", b"")]
        .concat()
}

fn little(number: usize) -> [u8; 4] {
    u32::try_from(number).expect("short").to_le_bytes()
}

/// A number of `pg_dump`: a sign, then four bytes.
fn signed(number: usize) -> Vec<u8> {
    [&[0][..], &little(number)].concat()
}

fn dump(text: &str) -> Vec<u8> {
    let packed = zlib(text);
    let (one, two) = packed.split_at(packed.len() / 2);
    let mut bytes = b"PGDMP\x01\x0f\x00\x04\x08\x01 CREATE TABLE keys (a text);".to_vec();
    bytes.extend([&[1][..], &signed(17)].concat());
    for piece in [one, two, b""] {
        bytes.extend(signed(piece.len()));
        bytes.extend(piece);
    }
    bytes.extend([4; 40]);
    bytes
}

fn mat(text: &str) -> Vec<u8> {
    let mut bytes = b"MATLAB 5.0 MAT-file, Platform: GLNXA64".to_vec();
    bytes.resize(124, b' ');
    bytes.extend(b"\0\x01IM");
    let packed = zlib(text);
    bytes.extend([little(15), little(packed.len())].concat());
    bytes.extend(packed);
    bytes
}

fn phar(text: &str, packed: &[u8], flags: usize) -> Vec<u8> {
    let name = b"conf/keys.env";
    let entry = [
        &little(name.len())[..],
        name,
        &little(text.len()),
        &little(0),
        &little(packed.len()),
        &little(0),
        &little(flags),
        &little(0),
    ];
    let entry = entry.concat();
    let list = [&little(1)[..], b"\x11\0", &little(0), &little(0), &little(0), &entry].concat();
    let stub = b"<?php echo 1; __HALT_COMPILER(); ?>\r\n";
    [stub, &little(list.len())[..], &list, packed].concat()
}

#[test]
fn what_is_packed_between_text_is_found() {
    let mut keys = Keys::new("after");
    let pair = keys.pair();
    let text = pair.env.as_str();
    let object = format!("blob {}\0{text}", text.len());
    for (name, bytes, member) in [
        ("zTXt.png", png(&[chunk(b"zTXt", &[b"Comment\0\0", &zlib(text)[..]].concat())]), "zTXt"),
        (
            "iTXt.png",
            png(&[chunk(b"iTXt", &[b"Comment\0\x01\0en\0Note\0", &zlib(text)[..]].concat())]),
            "iTXt",
        ),
        ("a.dump", dump(text), "(table)"),
        ("a.mat", mat(text), "(variable)"),
        ("packed.phar", phar(text, &deflate(text), 0x11a4), "conf/keys.env"),
        ("object", zlib(&object), "(object)"),
        ("setup.run", [b"#!/bin/sh\necho x\nexit 0\n", &gzip(text)[..]].concat(), "(payload)"),
    ] {
        let cuts = [9, 20, bytes.len() / 2, bytes.len() - 9];
        holds_a_pair(name, &bytes, &format!("[\"{name}\",\"{member}\""), &cuts);
    }
}

#[test]
fn texts_that_only_look_like_containers_are_scanned_as_text() {
    let mut keys = Keys::new("only look");
    let pair = keys.pair();
    for (name, before) in [
        ("a.png", &b"\x89PNG\r\n\x1a\n"[..]),
        ("a.php", b"<?php __HALT_COMPILER();"),
        ("b.php", b"<?php __HALT_COMPILER(); ?>\r\n\xff\xff\xff\x7f"),
        ("a.mat", b"MATLAB 5.0 MAT-file"),
        ("a.sh", b"#!/bin/sh\nBZh is a magic\n"),
        ("a.dump", b"PGDMP\x01\x0e"),
        ("a.z", b"\x78\x9c"),
    ] {
        let project = Project::new();
        project.file(name, [before, b"\n", pair.env.as_bytes()].concat());
        let ran = project.keysweep(["scan", "--format", "json"]).run().exits(1);
        assert_eq!(ran.json()["findings"][0]["rule"], "aws-access-key", "{name}");
    }
}

/// The newest commits of a repository in a tarball are loose objects.
#[test]
fn a_repository_in_a_tarball_is_opened() {
    let (project, mut keys) = (Project::new(), Keys::new("repository in a tarball"));
    let pair = keys.pair();
    project
        .git_in("repo", &["init", "-q", "-b", "main"])
        .file("repo/a.env", &pair.env)
        .git_in("repo", &["add", "."])
        .git_in("repo", &["commit", "-qm", "one"])
        .git_in("repo", &["rm", "-q", "a.env"])
        .git_in("repo", &["commit", "-qm", "two"]);
    project.shell("tar czf image.tgz repo && rm -r repo", "");
    let ran = project.keysweep(["scan", "--format", "json"]).run().exits(1);
    let places = ran.json()["findings"][0]["occurrences"].to_string();
    assert!(places.contains("/.git/objects/"), "{places}");
    assert_eq!(ran.problems(), Vec::<String>::new());
}

#[test]
fn a_zip_archive_is_found_after_anything_however_long() {
    let (project, mut keys) = (Project::new(), Keys::new("after anything"));
    project.file("a.env", keys.pair().env);
    let script = "import zipfile; zipfile.ZipFile('a.zip', 'w', 8).write('a.env')";
    let made = std::process::Command::new("python3")
        .args(["-c", script])
        .current_dir(project.path())
        .status();
    assert!(made.expect("python3").success());
    let zip = std::fs::read(project.at("a.zip")).expect("a zip");
    for file in ["a.env", "a.zip"] {
        std::fs::remove_file(project.at(file)).expect("ours");
    }
    for (name, magic) in [("a.crx", &b"Cr24\x03\0\0\0"[..]), ("a.jpg", b"\xff\xd8\xff\xe0")] {
        let mut bytes = magic.to_vec();
        bytes.resize(9 << 20, 0);
        bytes.extend(&zip);
        project.file(name, bytes);
        let ran = project.keysweep(["scan", name]).run().exits(1);
        assert!(ran.stdout.contains("aws-access-key"), "{name}: {}", ran.stdout);
        std::fs::remove_file(project.at(name)).expect("ours");
    }
}

#[test]
fn what_is_not_opened_is_counted_by_its_form() {
    let project = Project::new();
    project
        .file("a.rar", b"Rar!\x1a\x07\x01\0packed")
        .file("b.rar", b"Rar!\x1a\x07\0packed")
        .file("c.lzo", b"\x89LZO\0\r\n\x1a\npacked");
    project.shell("tar cf d.tar a.rar", "");
    let ran = project.keysweep(["scan", "--format", "json"]).run().exits(0);
    let counted = &ran.json()["coverage"]["left_out"]["not_opened"];
    assert_eq!(counted, &serde_json::json!({"lzop": 1, "rar": 3}));
    let reported = project.keysweep(["scan"]).run().exits(0).stderr;
    assert!(reported.contains("not opened, scanned as it is: 1 lzop, 3 rar"), "{reported}");
    project.git(&["init", "-q", "-b", "main"]).git(&["add", "."]).git(&["commit", "-qm", "one"]);
    let ran = project.keysweep(["sweep", ".", "--format", "json"]).run().exits(0);
    let counted = &ran.json()["coverage"]["left_out"]["not_opened"];
    assert_eq!(counted, &serde_json::json!({"lzop": 2, "rar": 6}));
}

/// Any change of any byte leaves a text that is read to its end.
#[test]
fn no_damage_to_what_is_packed_between_text_causes_a_panic() {
    let mut keys = Keys::new("damage between");
    let text = "words and words and other words\n".repeat(9);
    for bytes in [
        png(&[chunk(b"zTXt", &[b"Comment\0\0", &zlib(&text)[..]].concat())]),
        png(&[chunk(b"iTXt", &[b"Comment\0\x01\0en\0Note\0", &zlib(&text)[..]].concat())]),
        dump(&text),
        mat(&text),
        phar(&text, &deflate(&text), 0x11a4),
        zlib(format!("blob 1\0{text}")),
        [b"#!/bin/sh\nexit\n", &gzip(&text)[..]].concat(),
    ] {
        assert_copies_are_harmless("between text", &bytes, 300, &mut keys);
    }
}

/// A format that is recognised but not read is counted, so that a reader does not take "no
/// findings" for "no keys".
#[test]
fn what_is_recognised_and_not_read_is_counted() {
    let project = Project::new();
    project
        .file("a.arrow", b"ARROW1\0\0packed")
        .file("a.br", b"\x8b\x02\x80packed")
        .file("vault.yml", b"$ANSIBLE_VAULT;1.1;AES256\n6162\n")
        .file("x.conf", format!("secret: /Td6WFoAAATm1rRG{}\n", "Ab3d".repeat(12)).as_bytes())
        .file("b.patch", b"diff --git a/x b/x\nGIT binary patch\ndelta 7\nOcmZ\n\n");
    let ran = project.keysweep(["scan", "--format", "json"]).run().exits(0);
    let counted = &ran.json()["coverage"]["left_out"]["not_opened"];
    let expected = serde_json::json!({
        "Arrow": 1, "Brotli": 1, "binary delta of a patch": 1, "encrypted text": 1,
        "xz in base64": 1,
    });
    assert_eq!(counted, &expected);
}
