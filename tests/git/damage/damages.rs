//! The damages that can happen to a repository's files, one at a time.

use std::fs;
use std::path::Path;

use super::Leaky;

/// A damage and what is left after it.
pub(super) struct Damage {
    pub(super) name: &'static str,
    pub(super) is_packed: bool,
    pub(super) apply: fn(&Leaky),
    /// At least so many of the keys are found, in addition to those that git reads; how git packed them
    /// decides where this is 1.
    pub(super) found: usize,
    /// At least so many of them with their path and commit.
    pub(super) placed: usize,
    /// Nothing is missing.
    pub(super) is_harmless: bool,
    /// The exit status.
    pub(super) status: i32,
}

const NONE: Damage = Damage {
    name: "",
    is_packed: false,
    apply: |_| {},
    found: 25,
    placed: 25,
    is_harmless: false,
    status: 1,
};
const PACKED: Damage = Damage { is_packed: true, ..NONE };

fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).expect("a file");
    change(&mut bytes);
    fs::write(path, bytes).expect("ours");
}

fn cut(path: &Path) {
    change(path, |bytes| bytes.truncate(bytes.len() / 2));
}

fn scribble(path: &Path) {
    change(path, |bytes| {
        let middle = bytes.len() / 2;
        bytes[middle..].iter_mut().take(8).for_each(|byte| *byte ^= 0x5a);
    });
}

/// The offset of an object's entry in the only pack.
fn offset(leaky: &Leaky, id: &str) -> usize {
    let index = leaky.packed("idx");
    let list = leaky.repo.git(&["verify-pack", "-v", index.to_str().expect("UTF-8")]);
    let line = list.lines().find(|line| line.starts_with(id)).expect("it is in the pack");
    line.split_ascii_whitespace().nth(4).and_then(|at| at.parse().ok()).expect("an offset")
}

fn scribble_in_pack(leaky: &Leaky, id: &str) {
    let at = offset(leaky, id);
    change(&leaky.packed("pack"), |bytes| {
        bytes[at + 10..at + 14].iter_mut().for_each(|byte| *byte ^= 0x5a);
    });
}

/// All of them.
pub(super) const DAMAGES: &[Damage] = &[
    Damage { name: "none", is_harmless: true, ..NONE },
    Damage { name: "none, packed", is_harmless: true, ..PACKED },
    Damage {
        name: "a loose blob is cut",
        apply: |leaky| cut(&leaky.loose("HEAD:keys/08.env")),
        ..NONE
    },
    Damage {
        name: "a loose blob is empty",
        apply: |leaky| fs::write(leaky.loose("HEAD:keys/08.env"), "").expect("ours"),
        found: 24,
        placed: 24,
        ..NONE
    },
    Damage {
        name: "a loose blob is scribbled on",
        apply: |leaky| scribble(&leaky.loose("HEAD:keys/08.env")),
        ..NONE
    },
    Damage {
        name: "a loose blob is a folder",
        apply: |leaky| {
            let path = leaky.loose("HEAD:keys/08.env");
            fs::remove_file(&path).and_then(|()| fs::create_dir(&path)).expect("ours");
        },
        found: 24,
        placed: 24,
        ..NONE
    },
    Damage {
        name: "a loose tree is cut",
        apply: |leaky| cut(&leaky.loose("HEAD~9:keys")),
        placed: 25,
        ..NONE
    },
    Damage {
        name: "a loose commit is cut",
        apply: |leaky| cut(&leaky.loose("HEAD~9")),
        placed: 25,
        ..NONE
    },
    Damage {
        name: "a loose commit is gone",
        apply: |leaky| fs::remove_file(leaky.loose("HEAD~9")).expect("there"),
        placed: 25,
        ..NONE
    },
    Damage {
        name: "a packed blob is scribbled on",
        apply: |leaky| scribble_in_pack(leaky, &leaky.blobs[8]),
        ..PACKED
    },
    Damage {
        name: "a delta's base is scribbled on",
        apply: |leaky| scribble_in_pack(leaky, &leaky.blobs[23]),
        found: 1,
        placed: 1,
        ..PACKED
    },
    Damage {
        name: "a packed commit is scribbled on",
        apply: |leaky| scribble_in_pack(leaky, &leaky.repo.git(&["rev-parse", "HEAD~9"])),
        ..PACKED
    },
    Damage {
        name: "a pack is cut",
        apply: |leaky| {
            let at = offset(leaky, &leaky.blobs[9]);
            change(&leaky.packed("pack"), |bytes| bytes.truncate(at));
        },
        found: 1,
        placed: 1,
        ..PACKED
    },
    Damage {
        name: "a pack's trailer is gone",
        apply: |leaky| change(&leaky.packed("pack"), |bytes| bytes.truncate(bytes.len() - 20)),
        ..PACKED
    },
    Damage {
        name: "a pack's header is scribbled on",
        apply: |leaky| change(&leaky.packed("pack"), |bytes| bytes[0] ^= 0xff),
        found: 0,
        placed: 0,
        status: 2,
        ..PACKED
    },
    Damage { name: "an index is cut", apply: |leaky| cut(&leaky.packed("idx")), ..PACKED },
    Damage {
        name: "an index is empty",
        apply: |leaky| fs::write(leaky.packed("idx"), "").expect("ours"),
        ..PACKED
    },
    Damage {
        name: "an index is gone",
        apply: |leaky| fs::remove_file(leaky.packed("idx")).expect("there"),
        is_harmless: true,
        ..PACKED
    },
    Damage {
        name: "an index has wrong offsets",
        apply: |leaky| {
            change(&leaky.packed("idx"), |bytes| {
                let len = bytes.len();
                bytes[len - 200..len - 100].iter_mut().for_each(|byte| *byte ^= 0x11);
            });
        },
        found: 1,
        placed: 1,
        ..PACKED
    },
    Damage {
        name: "an index counts too much",
        apply: |leaky| change(&leaky.packed("idx"), |bytes| bytes[8..1032].fill(0xff)),
        ..PACKED
    },
    Damage {
        name: "a multi-pack-index is scribbled on",
        apply: |leaky| {
            leaky.repo.git(&["multi-pack-index", "write"]);
            change(&leaky.file("objects/pack/multi-pack-index"), |bytes| bytes.fill(0xa5));
        },
        is_harmless: true,
        ..PACKED
    },
    Damage {
        name: "a commit-graph is scribbled on",
        apply: |leaky| {
            leaky.repo.git(&["commit-graph", "write", "--reachable"]);
            change(&leaky.file("objects/info/commit-graph"), |bytes| bytes.fill(0xa5));
        },
        is_harmless: true,
        ..PACKED
    },
    Damage {
        name: "an alternate is missing",
        apply: |leaky| {
            fs::write(leaky.file("objects/info/alternates"), "/no/where\n").expect("ours");
        },
        ..PACKED
    },
    Damage {
        name: "alternates go round in a circle",
        apply: |leaky| {
            let own = leaky.file("objects");
            fs::write(own.join("info/alternates"), format!("{}\n", own.display())).expect("ours");
        },
        is_harmless: true,
        ..PACKED
    },
    Damage {
        name: "a list of alternates is not text",
        apply: |leaky| {
            fs::write(leaky.file("objects/info/alternates"), b"\"\xff\0\n").expect("ours");
        },
        ..NONE
    },
    Damage {
        name: "HEAD is empty",
        apply: |leaky| fs::write(leaky.file("HEAD"), "").expect("ours"),
        ..PACKED
    },
    Damage {
        name: "a branch is scribbled on",
        apply: |leaky| fs::write(leaky.file("refs/heads/main"), "ref? no\n").expect("ours"),
        ..PACKED
    },
    Damage {
        name: "a branch names what is missing",
        apply: |leaky| {
            fs::write(leaky.file("refs/heads/lost"), format!("{}\n", "1".repeat(40)))
                .expect("ours");
        },
        ..PACKED
    },
    Damage {
        name: "packed refs are scribbled on",
        apply: |leaky| {
            leaky.repo.git(&["pack-refs", "--all"]);
            fs::write(leaky.file("packed-refs"), b"# pack-refs with: sorted\n\xff\xfe\0 x\nzzz\n")
                .expect("ours");
        },
        ..PACKED
    },
    Damage {
        name: "the index is scribbled on",
        apply: |leaky| scribble(&leaky.file("index")),
        ..PACKED
    },
    Damage { name: "the index is cut", apply: |leaky| cut(&leaky.file("index")), ..PACKED },
    Damage {
        name: "a reflog is scribbled on",
        apply: |leaky| scribble(&leaky.file("logs/HEAD")),
        is_harmless: true,
        ..PACKED
    },
    Damage {
        name: "the configuration is scribbled on",
        found: 0,
        placed: 0,
        status: 2,
        apply: |leaky| fs::write(leaky.file("config"), b"[core\nbare\xff = = ]\n").expect("ours"),
        ..PACKED
    },
    Damage {
        name: "the shallow boundary is scribbled on",
        apply: |leaky| fs::write(leaky.file("shallow"), b"\xff\xfe\n").expect("ours"),
        ..PACKED
    },
];
