//! Keys in archives and other containers, each made by its usual tool: they are found with the path
//! to them and the right line. If a tool is missing here, its row is skipped.

use std::process::Command;

use crate::support::require::skip;
use crate::support::{Keys, Pair, Project, Ran};

/// A command that makes a container in a folder that holds `conf/prod.env`, and the path to the key
/// in it.
struct Form {
    name: &'static str,
    tools: &'static [&'static str],
    script: &'static str,
    path: &'static [&'static str],
}

const FORMS: &[Form] = &[
    Form { name: "a.zip", tools: &["zip"], script: "zip -qr a.zip conf", path: &["conf/prod.env"] },
    Form {
        name: "stored.jar",
        tools: &["jar"],
        script: "jar --create --no-compress --file stored.jar conf",
        path: &["conf/prod.env"],
    },
    Form { name: "a.jar", tools: &["jar"], script: "jar cf a.jar conf", path: &["conf/prod.env"] },
    Form {
        name: "streamed.zip",
        tools: &["zip"],
        script: "cat conf/prod.env | zip -q - - > streamed.zip",
        path: &["-"],
    },
    Form {
        name: "app.pyz",
        tools: &["python3"],
        script: "mkdir z && cp conf/prod.env z/__main__.py && python3 -m zipapp -p '/usr/bin/env python3' \
                 -o app.pyz z && rm -r z",
        path: &["__main__.py"],
    },
    Form { name: "a.tar", tools: &["tar"], script: "tar cf a.tar conf", path: &["conf/prod.env"] },
    Form {
        name: "v7.tar",
        tools: &["tar"],
        script: "tar --format=v7 -cf v7.tar conf",
        path: &["conf/prod.env"],
    },
    Form {
        name: "pax.tar",
        tools: &["tar"],
        script: "tar --format=pax --pax-option=comment=x -cf pax.tar conf",
        path: &["conf/prod.env"],
    },
    Form {
        name: "a.tgz",
        tools: &["tar"],
        script: "tar czf a.tgz conf",
        path: &["a.tar", "conf/prod.env"],
    },
    Form {
        name: "a.env.gz",
        tools: &["gzip"],
        script: "gzip -nc conf/prod.env > a.env.gz",
        path: &["a.env"],
    },
    Form {
        name: "two.gz",
        tools: &["gzip"],
        script: "(echo | gzip -c; gzip -nc conf/prod.env) > two.gz",
        path: &["two"],
    },
    Form {
        name: "a.env.bz2",
        tools: &["bzip2"],
        script: "bzip2 -c conf/prod.env > a.env.bz2",
        path: &["a.env"],
    },
    Form {
        name: "a.env.xz",
        tools: &["xz"],
        script: "xz -c conf/prod.env > a.env.xz",
        path: &["a.env"],
    },
    Form {
        name: "a.env.lzma",
        tools: &["xz"],
        script: "xz --format=lzma -c conf/prod.env > a.env.lzma",
        path: &["a.env"],
    },
    Form {
        name: "a.env.zst",
        tools: &["zstd"],
        script: "zstd -qc conf/prod.env > a.env.zst",
        path: &["a.env"],
    },
    Form {
        name: "a.env.lz4",
        tools: &["lz4"],
        script: "lz4 -qc conf/prod.env > a.env.lz4",
        path: &["a.env"],
    },
    Form {
        name: "a.txz",
        tools: &["tar", "xz"],
        script: "tar cJf a.txz conf",
        path: &["a.tar", "conf/prod.env"],
    },
    Form { name: "a.a", tools: &["ar"], script: "ar rc a.a conf/prod.env", path: &["prod.env"] },
    Form {
        name: "a.deb",
        tools: &["dpkg-deb"],
        script: "mkdir -p d/DEBIAN && cp -r conf d && printf 'Package: x\nVersion: 1\n\
                 Architecture: all\nMaintainer: a <a@b>\nDescription: x\n' > d/DEBIAN/control && \
                 dpkg-deb -Zxz --build d a.deb && rm -r d",
        path: &["data.tar.xz", "data.tar", "conf/prod.env"],
    },
    Form {
        name: "a.7z",
        tools: &["7z"],
        script: "7z a a.7z conf >/dev/null",
        path: &["conf/prod.env"],
    },
    Form {
        name: "deep.zip",
        tools: &["zip", "tar"],
        script: "tar cf layer.tar conf && gzip -n layer.tar && zip -q deep.zip layer.tar.gz && \
                 rm layer.tar.gz",
        path: &["layer.tar.gz", "layer.tar", "conf/prod.env"],
    },
];

/// The containers that `tests/containers/make.py` writes, the path to the key, and its line.
const BY_HAND: &[(&str, &[&str], u64)] = &[
    ("a.rpm", &["payload", "(content)", "etc/prod.env"], 3),
    ("attached.eml", &["app.zip", "prod.env"], 3),
    ("attached.pdf", &["object 4"], 3),
    ("bzip2.zip", &["prod.env"], 3),
    ("comment.zip", &["empty (comment)"], 3),
    ("config.tar", &["c.json"], 4),
    ("copied-wal", &["(log)"], 0),
    ("deleted.db", &["(free pages)"], 0),
    ("dropped.db", &["(free pages)"], 0),
    ("fonts.pdf", &["object 4"], 5),
    ("image.pdf", &["object 4"], 2),
    ("joined.zip", &["prod.env"], 3),
    ("lzma.zip", &["prod.env"], 3),
    ("many.db", &["cfg"], 5001),
    ("new.cpio", &["etc/prod.env"], 3),
    ("oci.tar", &["blobs/layer", "(content)", "root/.aws/credentials"], 3),
    ("old.cpio", &["etc/prod.env"], 3),
    ("other.zip", &["(comment)"], 3),
    ("page.pdf", &["object 4"], 2),
    ("plain.db", &["cfg"], 1),
    ("rowless.db", &["cfg"], 1),
    ("saved.tar", &["a/layer.tar", "root/.aws/credentials"], 3),
    ("script.rpm", &["header"], 3),
    ("utf16.db", &["cfg"], 1),
    ("wide.db", &["cfg"], 1),
    ("zip64.zip", &["prod.env"], 3),
];

/// A project with a key on line 3 of a file.
fn project(name: &str) -> (Project, Pair) {
    let pair = Keys::new(name).pair();
    let project = Project::new();
    project.file("conf/prod.env", format!("# production\n\n{}", pair.env));
    (project, pair)
}

/// Runs a script of the shell; `false`, and a word on standard error, without its tools.
pub(crate) fn made(project: &Project, tools: &[&str], script: &str) -> bool {
    let is_here = |tool: &&&str| {
        let found = Command::new("sh").args(["-c", &format!("command -v {tool}")]).output();
        found.is_ok_and(|found| found.status.success())
    };
    if let Some(missing) = tools.iter().find(|tool| !is_here(tool)) {
        skip(&format!("{missing} is missing: {script}"));
        return false;
    }
    let ran = Command::new("sh").args(["-ec", script]).current_dir(project.path()).output();
    let ran = ran.expect("a shell");
    assert!(ran.status.success(), "{script}: {}", String::from_utf8_lossy(&ran.stderr));
    true
}

/// Way and line of every occurrence of a report.
pub(crate) fn member_paths(ran: &Ran) -> Vec<(Vec<String>, u64)> {
    let report = ran.json();
    let findings = report["findings"].as_array().expect("findings");
    let places = findings.iter().filter_map(|one| one["occurrences"].as_array()).flatten();
    places
        .map(|place| {
            let member_path = place["inside"].as_array().expect("a list").iter();
            let member_path =
                member_path.filter_map(|part| part.as_str().map(str::to_owned)).collect();
            (member_path, place["line"].as_u64().expect("a line"))
        })
        .collect()
}

#[test]
fn every_container_is_opened_and_reported_with_its_path() {
    for form in FORMS {
        let (project, _) = project(form.name);
        if !made(&project, form.tools, form.script) {
            continue;
        }
        let arguments = ["scan", "--format", "json", form.name];
        let ran = project.keysweep(arguments).run().exits(1);
        let member_path: Vec<&str> = [&[form.name], form.path].concat();
        let member_path = member_path.into_iter().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(
            member_paths(&ran),
            [(member_path.clone(), if form.name == "two.gz" { 4 } else { 3 })],
            "{}",
            form.name
        );
        let bytes = std::fs::read(project.at(form.name)).expect("the container");
        // A pipe has no end to look at: a zip archive after a program is only found in a short one.
        let piped = ["scan", "--format", "json", "--stdin-name", form.name, "-"];
        let piped = project.keysweep(piped).input(bytes).run().exits(1);
        assert_eq!(member_paths(&piped), member_paths(&ran), "{} from a pipe", form.name);
    }
}

#[test]
fn containers_written_by_a_script_are_opened() {
    let pair = Keys::new("by hand").pair();
    let project = Project::new();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/containers/make.py");
    let script = format!("python3 -B {script} . {} {}", pair.id, pair.secret);
    assert!(made(&project, &["python3"], &script));
    for &(name, member_path, line) in BY_HAND {
        let ran = project.keysweep(["scan", "--format", "json", name]).run().exits(1);
        let member_path: Vec<String> =
            [&[name], member_path].concat().into_iter().map(str::to_owned).collect();
        let (member_paths, report) = (member_paths(&ran), ran.json());
        let (met, at) = member_paths.first().expect("a place");
        assert_eq!(met, &member_path, "{name}");
        assert!(line == 0 || *at == line, "{name}: line {at}");
        let finding = &report["findings"][0];
        assert_eq!(finding["key_id"], pair.id.as_str(), "{name}");
        assert_eq!(finding["rule"], "aws-access-key", "{name}");
        let members = std::fs::read_dir(project.path()).expect("a folder").count();
        assert_eq!(members, BY_HAND.len(), "every file is in the table");
    }
}

#[test]
fn compiled_classes_and_modules_and_packs_of_git() {
    let pair = Keys::new("compiled").pair();
    let project = Project::new();
    let (id, secret) = (&pair.id, &pair.secret);
    project.file("K.java", format!("class K {{ String a = \"{id}\"; String b = \"{secret}\"; }}"));
    project.file("m.py", format!("class K:\n    A = '{id}'\n    B = '{secret}'\n"));
    project.file("r/prod.env", &pair.env);
    let compile = "import py_compile; py_compile.compile('m.py', cfile='m.pyc')";
    let found = |script: &str, tool: &str, file: &str| {
        if made(&project, &[tool], script) {
            let ran = project.keysweep(["scan", "--format", "json", file]).run().exits(1);
            let finding = &ran.json()["findings"][0];
            assert_eq!(finding["rule"], "aws-access-key", "{file}");
            assert_eq!(member_paths(&ran)[0].0[0], file);
        }
    };
    found("javac K.java", "javac", "K.class");
    found(&format!("python3 -c \"{compile}\""), "python3", "m.pyc");
    project.git_in("r", &["init", "-q"]).git_in("r", &["add", "-A"]);
    project.git_in("r", &["commit", "-qm", "first"]);
    project.file("r/prod.env", format!("{}{}", "# a line\n".repeat(200), pair.env));
    project.git_in("r", &["commit", "-qam", "second"]);
    project.git_in("r", &["bundle", "create", "-q", "../all.bundle", "--all"]);
    found("true", "git", "all.bundle");
    project.git_in("r", &["repack", "-adfq"]);
    found("cp r/.git/objects/pack/*.pack ofs.pack", "git", "ofs.pack");
    // A change may name its base.
    let named = "cd r && git rev-list --objects --all | cut -d' ' -f1 | \
                 git pack-objects --no-reuse-delta -q --stdout > ../ref.pack";
    found(named, "git", "ref.pack");
}

#[test]
fn history_staged_and_range_open_blobs() {
    let (project, pair) = project("history");
    if !made(&project, &["zip"], "zip -qr app.zip conf && rm -r conf") {
        return;
    }
    let member_path = vec![("app.zip".to_owned(), "conf/prod.env".to_owned())];
    let at = |ran: &Ran| -> Vec<(String, String)> {
        let member_paths = member_paths(ran).into_iter();
        member_paths
            .map(|(member_path, line)| {
                assert_eq!(line, 3);
                (member_path[0].clone(), member_path[1].clone())
            })
            .collect()
    };
    let run = |arguments: &[&str]| {
        let all = [arguments, &["--format", "json"]].concat();
        project.keysweep(all).run().exits(1)
    };
    project.git(&["init", "-q"]).git(&["commit", "-q", "--allow-empty", "-m", "first"]);
    project.git(&["add", "-A"]);
    assert_eq!(at(&run(&["staged"])), member_path);
    project.git(&["commit", "-qm", "packed"]);
    assert_eq!(at(&run(&["history"])), member_path);
    assert_eq!(at(&run(&["range", "HEAD~1..HEAD"])), member_path);
    // As a change of another container, packed; and gone from the tree.
    assert!(made(&project, &["zip"], "seq 1 20000 > noise && zip -q app.zip noise && rm noise"));
    project.git(&["commit", "-qam", "more"]).git(&["rm", "-q", "app.zip"]);
    project.git(&["commit", "-qm", "gone"]).git(&["repack", "-adfq", "--depth=50"]);
    let ran = run(&["history"]);
    assert_eq!(at(&ran), member_path, "one path, one place");
    assert_eq!(ran.json()["findings"][0]["key_id"], pair.id.as_str());
}

#[test]
fn sarif_points_at_the_file_and_names_the_nested_artifact() {
    let (project, _) = project("sarif");
    if !made(&project, &["zip"], "zip -qr in.zip conf && zip -q app.zip in.zip && rm in.zip") {
        return;
    }
    let ran = project.keysweep(["scan", "--format", "sarif", "app.zip"]).run().exits(1);
    let log = ran.json();
    let run = &log["runs"][0];
    let result = &run["results"][0];
    let main = &result["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!(main["uri"], "app.zip");
    let member = &result["relatedLocations"][0]["physicalLocation"];
    assert_eq!(member["region"]["startLine"], 3);
    let mut at =
        &run["artifacts"][member["artifactLocation"]["index"].as_u64().expect("an index") as usize];
    let mut member_path = vec![];
    loop {
        member_path.push(at["location"]["uri"].as_str().expect("a URI"));
        let Some(parent) = at["parentIndex"].as_u64() else { break };
        at = &run["artifacts"][parent as usize];
    }
    assert_eq!(member_path, ["conf/prod.env", "in.zip", "app.zip"]);
}

#[test]
fn a_given_limit_is_counted_and_a_default_limit_makes_the_scan_incomplete() {
    let (project, _) = project("limits");
    let script = "zip -q n.zip conf/prod.env && for i in 1 2 3 4 5 6 7 8; do mv n.zip m.zip; \
                  zip -q n.zip m.zip; done; rm -r conf m.zip";
    if !made(&project, &["zip"], script) {
        return;
    }
    let run = |more: &[&str]| {
        project.keysweep([&["scan", "--format", "json", "n.zip"], more].concat()).run()
    };
    let ran = run(&[]).exits(3);
    assert!(ran.problems()[0].contains("raise --depth"), "{:?}", ran.problems());
    assert_eq!(run(&["--depth", "8"]).exits(0).left_out("unopened"), 1);
    assert_eq!(member_paths(&run(&["--depth", "9"]).exits(1)).len(), 1);
    for limit in [
        ["--depth=9", "--max-members=8"],
        ["--depth=9", "--max-unpacked=1K"],
        ["--depth=9", "--max-run-members=8"],
        ["--depth=9", "--max-run-unpacked=1K"],
        ["--depth=9", "--max-unpack-time=0"],
    ] {
        let ran = run(&limit).exits(0);
        assert_eq!(ran.left_out("unopened"), 1, "{limit:?}");
    }
    assert_eq!(run(&["--depth=0"]).exits(0).left_out("unopened"), 1);
}

#[test]
fn encrypted_members_are_reported_as_left_out() {
    let (project, _) = project("encrypted");
    if !made(&project, &["zip"], "zip -qr -P secret app.zip conf && rm -r conf") {
        return;
    }
    let ran = project.keysweep(["scan", "--format", "json", "app.zip"]).run().exits(0);
    assert_eq!(ran.left_out("encrypted"), 1);
}

#[test]
fn a_damaged_container_is_read_up_to_the_damage_and_reported() {
    let (project, _) = project("damaged");
    let script = "seq 1 100000 > conf/z; zip -qr a.zip conf/prod.env conf/z; tar czf a.tgz conf; \
                  tar cf a.tar conf; for f in a.zip a.tgz a.tar; do head -c $(($(wc -c < $f) / 2)) \
                  $f > cut-$f; rm $f; done; rm -r conf";
    if !made(&project, &["zip", "tar"], script) {
        return;
    }
    let ran = project.keysweep(["scan", "--format", "json", "cut-a.zip"]).run().exits(1);
    assert_eq!(member_paths(&ran).len(), 1);
    for name in ["cut-a.zip", "cut-a.tgz", "cut-a.tar"] {
        let ran = project.keysweep(["scan", "--format", "json", name]).run();
        assert!(!ran.problems().is_empty(), "{name}: {ran:?}");
    }
}

#[test]
fn a_member_on_which_a_library_fails_hides_no_other() {
    let input = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/regressions/streams/zstd-no-table");
    let input = std::fs::read(input).expect("an input");
    let (project, _) = project("a library fails");
    project.file("a.zst", [b"\x28\xb5\x2f\xfd", &input[5..]].concat());
    if made(&project, &["tar"], "tar cf both.tar a.zst conf") {
        let ran = project.keysweep(["scan", "--format", "json", "both.tar"]).run().exits(1);
        let member_path = ["both.tar", "conf/prod.env"].map(str::to_owned).to_vec();
        assert_eq!(member_paths(&ran), [(member_path, 3)]);
        let reported = ran.problems();
        assert!(
            reported.iter().any(|why| why.contains("a.zst") && why.contains("can't handle")),
            "{reported:?}"
        );
    }
}
