//! Damaged containers: whichever bytes are changed or missing, no reader panics, and the bytes that
//! are read are bounded.

use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use keysweep::coverage::Ledger;
use keysweep::detect::Engine;
use keysweep::rules::RuleSet;
use keysweep::source::container::{self, ContainerOptions, Limit, Limits};

use crate::fuzz_bodies::blind::Blind;
use crate::support::require::skip;
use crate::support::{Keys, Project};

/// Words of the problem that is reported if the program fails on a text. `hostile::faults` makes it
/// fail and looks for them, so they can't become stale.
pub(crate) const BUG: &str = "a bug in keysweep";

static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::new(&RuleSet::builtin()));

/// Scans a damaged container, which must not fail.
#[track_caller]
pub(super) fn assert_harmless(what: &str, damaged: &[u8]) {
    let ledger = Ledger::new();
    container::scan(b"x", damaged, &ContainerOptions::default(), &*ENGINE, &ledger, &mut |_| {});
    let problems = ledger.coverage().problems;
    let fault = problems.iter().find(|one| one.why.contains(BUG));
    assert!(fault.is_none(), "{what}: {fault:?}");
}

/// Scans `copies` of a container, each with some bytes changed and some cut off at the end.
#[track_caller]
pub(super) fn assert_copies_are_harmless(what: &str, bytes: &[u8], copies: usize, keys: &mut Keys) {
    for _ in 0..copies {
        let mut changed = bytes.to_vec();
        for _ in 0..=keys.next() % 3 {
            let at = keys.next() as usize % changed.len();
            changed[at] = [0, 0xff, 0x80, keys.next() as u8][keys.next() as usize % 4];
        }
        changed.truncate(changed.len() - keys.next() as usize % 20);
        assert_harmless(what, &changed);
    }
}

/// Damaged copies of each container.
const COPIES: u64 = 20;

/// Changes, cuts or doubles a few bytes, the more of them near the beginning, where headers are.
fn damage(bytes: &mut Vec<u8>, random: &mut Keys) {
    for _ in 0..=random.next() % 6 {
        let reach =
            if random.next().is_multiple_of(2) { bytes.len() } else { bytes.len().min(600) };
        let at = random.next() as usize % reach.max(1);
        match random.next() % 8 {
            0 => bytes.truncate(at),
            1 => bytes[at..].iter_mut().take(4).for_each(|byte| *byte = 0xff),
            2 => bytes[at..].iter_mut().take(8).for_each(|byte| *byte = 0),
            3 => {
                let run = bytes[at..].iter().take(64).copied().collect::<Vec<_>>();
                bytes.splice(at..at, run);
            }
            _ => bytes[at] = random.next() as u8,
        }
        if bytes.is_empty() {
            return;
        }
    }
}

#[test]
fn no_reader_panics_on_damaged_containers() {
    let pair = Keys::new("damage").pair();
    let project = Project::new();
    project.file("conf/prod.env", format!("{}{}", "# a line\n".repeat(300), pair.env));
    let scripts = [
        format!(
            "python3 -B {}/tests/containers/make.py . {} {}",
            env!("CARGO_MANIFEST_DIR"),
            pair.id,
            pair.secret
        ),
        "printf 'A = \"abc\"\\ndef f(x):\\n    return {\"k\": x}\\n' > m.py; \
         python3 -c \"import py_compile; py_compile.compile('m.py', cfile='m.pyc')\""
            .to_owned(),
        "gzip -c conf/prod.env > a.gz".to_owned(),
        "bzip2 -c conf/prod.env > a.bz2".to_owned(),
        "xz -c conf/prod.env > a.xz".to_owned(),
        "zstd -qc conf/prod.env > a.zst".to_owned(),
        "lz4 -qc conf/prod.env > a.lz4".to_owned(),
        "ar rc a.a conf/prod.env".to_owned(),
        "zip -qr a.zip conf".to_owned(),
        "echo 'class K { String a = \"abc\"; }' > K.java; javac K.java".to_owned(),
        "cd conf; git init -q; git add -A; git -c user.name=a -c user.email=b commit -qm 1; \
         echo >> prod.env; git -c user.name=a -c user.email=b commit -qam 2; \
         git bundle create -q ../a.bundle --all; git repack -adfq; \
         cp .git/objects/pack/*.pack ../a.pack; chmod u+w ../a.pack; rm -rf .git"
            .to_owned(),
    ];
    for script in scripts {
        let ran = Command::new("sh").args(["-c", &script]).current_dir(project.path()).output();
        let reported = ran.expect("a shell");
        if !reported.status.success() {
            skip(&format!("{script}: {}", String::from_utf8_lossy(&reported.stderr)));
        }
    }
    let limits = Limits {
        unpacked: Limit { value: 8 << 20, is_explicit: true },
        time: Limit { value: Duration::from_secs(20), is_explicit: false },
        ..Limits::default()
    };
    let mut random = Keys::new("damaged bytes");
    let mut names: Vec<_> =
        std::fs::read_dir(project.path()).expect("a folder").flatten().map(|e| e.path()).collect();
    names.sort();
    for path in names.iter().filter(|path| path.is_file()) {
        let whole = std::fs::read(path).expect("a file");
        for copy in 0..COPIES {
            let mut bytes = whole.clone();
            damage(&mut bytes, &mut random);
            let ledger = Ledger::new();
            let options = ContainerOptions { limits, ..ContainerOptions::default() };
            container::scan(b"x", &bytes, &options, &Blind::default(), &ledger, &mut |_| {});
            let problems = ledger.coverage().problems;
            let faults = problems
                .iter()
                .any(|one| one.why.contains(BUG) || one.why.contains("--max-unpack-time"));
            assert!(!faults, "{} {copy}: {problems:?}", path.display());
        }
    }
}
