//! Input that hides a leak, or takes time, without being reported: containers of which a bit is
//! changed, text that is encoded too deep, names without end.

use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keysweep::coverage::Ledger;
use keysweep::detect::Engine;
use keysweep::rules::RuleSet;
use keysweep::source::container::{self, ContainerOptions};

use crate::support::{Keys, Pair, Project};

/// Makes small containers of a file `a.env`, each with the checksums or the structure that its form
/// has.
const MAKE: &str = r"
import bz2, lzma, sqlite3, subprocess, zipfile
text = open('a.env', 'rb').read()
for name, method in ('stored', 0), ('deflate', 8), ('bzip2', 12), ('lzma', 14):
    with zipfile.ZipFile(name + '.zip', 'w', method) as archive:
        archive.writestr('a.env', text)
for size in 512, 4096:
    base = sqlite3.connect('%d.db' % size)
    base.execute('pragma page_size=%d' % size)
    base.execute('create table t(a, b)')
    one, two = [line.split('=', 1)[1] for line in text.decode().split()]
    base.execute('insert into t values(?, ?)', (one, two))
    base.commit()
    base.close()
for size in 0xffffffff, 1 << 12, 3 << 20:
    old = bytearray(lzma.compress(text, format=lzma.FORMAT_ALONE))
    old[1:5] = size.to_bytes(4, 'little')
    open('%d.lzma' % size, 'wb').write(old)
try:
    subprocess.run(['zstd', '-qf', '--check', 'a.env', '-o', 'a.zst'], check=True)
except OSError:
    pass
";

/// A project with the containers of a key; none if this machine has no Python to make them.
fn containers(name: &str) -> Option<(Project, Pair)> {
    let (project, pair) = (Project::new(), Keys::new(name).pair());
    project.file("a.env", &pair.env);
    let made = Command::new("python3").args(["-c", MAKE]).current_dir(project.path()).output();
    let is_made = made.as_ref().is_ok_and(|made| made.status.success());
    if !is_made {
        eprintln!("skipped: {made:?}");
    }
    is_made.then_some((project, pair))
}

/// Two answers about a container: its key was found, and the ledger reports something missing.
fn looked_into(bytes: &[u8], pair: &Pair, engine: &Engine) -> (bool, bool) {
    let ledger = Ledger::new();
    let mut is_found = false;
    let options = ContainerOptions::default();
    let opened = container::scan(b"x", bytes, &options, engine, &ledger, &mut |detected| {
        detected.note(&ledger, "container", &|| b"x".to_vec());
        is_found |= detected.candidates.iter().any(|one| {
            let credential = &one.credential;
            let secret =
                credential.secret.as_ref().map(|secret| secret.expose() == pair.secret.as_bytes());
            credential.key_id.as_deref() == Some(&pair.id) && secret == Some(true)
        });
    });
    let coverage = ledger.coverage();
    let left_out = coverage.left_out.encrypted + coverage.left_out.unopened;
    (is_found, !opened || !coverage.complete || left_out > 0)
}

#[test]
fn no_changed_bit_of_a_container_passes_as_complete() {
    let Some((project, pair)) = containers("a changed bit") else { return };
    let engine = Engine::new(&RuleSet::builtin());
    let mut names: Vec<_> = std::fs::read_dir(project.path())
        .expect("a folder")
        .flatten()
        .map(|one| one.path())
        .collect();
    names.sort();
    for path in names.iter().filter(|path| !path.ends_with("a.env")) {
        let whole = std::fs::read(path).expect("a file");
        assert_eq!(looked_into(&whole, &pair, &engine), (true, false), "{}", path.display());
        let used = |at: &usize| whole[*at] != 0 || *at < 120 || at.is_multiple_of(97);
        for at in (0..whole.len()).filter(used) {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            let (is_found, is_reported) = looked_into(&changed, &pair, &engine);
            // The old form of LZMA has no checksum.
            let has_sum = path.extension().is_none_or(|form| form != "lzma" && form != "db");
            let is_silent = !is_found && !is_reported;
            assert!(!(is_silent && has_sum), "{}: byte {at}", path.display());
        }
    }
}

#[test]
fn a_damaged_page_of_a_database_is_reported_and_read() {
    let Some((project, pair)) = containers("a damaged page") else { return };
    let engine = Engine::new(&RuleSet::builtin());
    for size in [512, 4096] {
        let whole = std::fs::read(project.at(format!("{size}.db"))).expect("a file");
        // Its type, free blocks, number of cells, where they begin, fragments, and its one cell.
        for (at, change) in
            [(0, 1), (0, 0xff), (1, 1), (3, 1), (4, 1), (5, 1), (6, 1), (7, 1), (8, 1), (9, 1)]
        {
            let mut changed = whole.clone();
            changed[size + at] ^= change;
            let outcome = looked_into(&changed, &pair, &engine);
            assert_eq!(outcome, (true, true), "{size}: byte {at} of the page");
        }
        // A root page that is not there, and a file that is cut.
        assert!(looked_into(&whole[..size + size / 2], &pair, &engine).1, "{size}");
    }
}

#[test]
fn a_flag_of_the_directory_alone_hides_no_member() {
    let Some((project, pair)) = containers("a false flag") else { return };
    let engine = Engine::new(&RuleSet::builtin());
    for name in ["stored", "deflate", "bzip2", "lzma"] {
        let mut zip = std::fs::read(project.at(format!("{name}.zip"))).expect("a file");
        let entry = zip.windows(4).position(|four| four == b"PK\x01\x02").expect("a directory");
        zip[entry + 8] |= 1;
        assert_eq!(looked_into(&zip, &pair, &engine), (true, false), "{name}");
        // Said before the member as well, it counts.
        zip[6] |= 1;
        assert_eq!(looked_into(&zip, &pair, &engine), (false, true), "{name}");
    }
}

#[test]
fn a_dictionary_of_any_size_hides_no_lzma() {
    let Some((project, pair)) = containers("a dictionary") else { return };
    for size in ["4294967295", "4096", "3145728"] {
        let name = format!("{size}.lzma");
        let ran = project.keysweep(["scan", &name, "--format", "json"]).run().exits(1);
        assert!(ran.stdout.contains(&pair.id), "{size}: {ran:?}");
    }
}

#[test]
fn what_is_encoded_deeper_than_is_decoded_is_counted() {
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let percent = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let sign = |text: &str| match text.contains('%') {
        true => text.replace('%', "%25"),
        false => percent(text),
    };
    let base64 = |text: &str| STANDARD.encode(text);
    type Encode<'e> = &'e dyn Fn(&str) -> String;
    let forms: [(&str, Encode<'_>, usize, bool); 4] = [
        ("base64", &base64, 3, true),
        ("hex", &hex, 3, true),
        ("percent", &percent, 2, false),
        ("its sign", &sign, 3, false),
    ];
    let pair = Keys::new("deep").pair();
    for (name, encode, found, counted) in forms {
        let mut text = pair.env.clone();
        for times in 1..=if counted { 5 } else { found } {
            text = encode(&text);
            let project = Project::new();
            project.file("a.txt", &text);
            let code = i32::from(times <= found);
            let ran = project.keysweep(["scan", "a.txt", "--format", "json"]).run().exits(code);
            let expected = u64::from(times > found);
            assert_eq!(ran.left_out("deeply_encoded"), expected, "{name} {times}");
        }
    }
}

/// The report of a key below names of so many bytes.
fn reported(project: &Project, arguments: &[&str], id: &str) -> String {
    let arguments = arguments.iter().chain(&["--format", "json"]);
    let ran = project.keysweep(arguments).run().exits(1);
    assert!(
        ran.stdout.contains(id) && ran.stdout.contains(" bytes left out]"),
        "{}",
        ran.stdout.len()
    );
    ran.stdout
}

#[test]
fn names_without_end_are_bounded_in_a_report() {
    let pair = Keys::new("long names").pair();
    let project = Project::new();
    project.git(&["init", "-q", "-b", "main"]).file("a.env", &pair.env);
    let script = "
        blob=$(git hash-object -w a.env)
        name=$(head -c 60000 /dev/zero | tr '\\0' n)
        tree=$(for i in 1 2 3 4 5 6 7 8 9; do printf '100644 blob %s\\t%s%s.env\\n' $blob $name $i; done | git mktree)
        export GIT_AUTHOR_NAME=$name GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=$name GIT_COMMITTER_EMAIL=a@b
        git update-ref refs/heads/main $(echo m | git commit-tree $tree)
        git init -q --bare ../other; rm -rf ../other";
    let made = Command::new("sh").args(["-ec", script]).current_dir(project.path()).output();
    assert!(made.as_ref().is_ok_and(|made| made.status.success()), "{made:?}");
    let report = reported(&project, &["history", "."], &pair.id);
    // Nine places, each with a path, two people, and all else that is said of one.
    assert!(report.len() < 9 * (8 << 10) + (32 << 10), "{}", report.len());
    // Names keep their ends, by which they differ.
    assert!((1..=9).all(|number| report.contains(&format!("n{number}.env\""))));
}

#[test]
fn names_of_members_without_end_are_bounded_in_a_report() {
    let pair = Keys::new("long members").pair();
    let project = Project::new();
    project.file("a.env", &pair.env);
    let script = "
import io, tarfile, zipfile
text = open('a.env', 'rb').read()
with zipfile.ZipFile('a.zip', 'w') as archive:
    for number in range(9):
        archive.writestr('n' * 60000 + str(number) + '.env', text)
with tarfile.open('a.tar', 'w', format=tarfile.PAX_FORMAT) as archive:
    for number in range(9):
        member = tarfile.TarInfo('n' * 300000 + str(number) + '.env')
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text))
";
    let made = Command::new("python3").args(["-c", script]).current_dir(project.path()).output();
    if !made.as_ref().is_ok_and(|made| made.status.success()) {
        eprintln!("skipped: {made:?}");
        return;
    }
    for name in ["a.zip", "a.tar"] {
        let report = reported(&project, &["scan", name], &pair.id);
        assert!(report.len() < 9 * (4 << 10) + (32 << 10), "{name}: {}", report.len());
        assert!((0..9).all(|number| report.contains(&format!("n{number}.env\""))), "{name}");
    }
}
