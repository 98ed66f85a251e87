//! `keysweep history` of damaged repositories: every leak that git can still read is found, lost
//! objects are listed, and the exit status shows it.

mod damages;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::Project;
use crate::support::git::{Repo, key_id, leak};
use crate::support::require::skip;
use crate::support::storage::only_pack;
use damages::{DAMAGES, Damage};

/// The number of keys.
const LEAKS: u64 = 25;

/// A repository with a key in each of its commits: in files of their own, and in one large file
/// where they take turns.
pub(super) struct Leaky {
    pub(super) repo: Repo,
    /// The blob of each key.
    pub(super) blobs: Vec<String>,
}

impl Leaky {
    fn new(is_packed: bool) -> Self {
        let repo = Repo::new(&[]);
        let filler: String = (0..400).map(|line| format!("setting_{line} = {line}\n")).collect();
        let mut blobs = Vec::new();
        for number in 0..LEAKS {
            let (path, text) = match number % 2 {
                0 => (format!("keys/{number:02}.env"), leak(number)),
                _ => ("app.conf".to_owned(), format!("{filler}{}{filler}", leak(number))),
            };
            repo.commit(&path, text);
            blobs.push(repo.git(&["rev-parse", &format!("HEAD:{path}")]));
        }
        if is_packed {
            repo.git(&["repack", "-qadf"]);
        }
        Self { repo, blobs }
    }

    /// Another one like it.
    fn copy(&self) -> Self {
        let repo = Repo::new(&[]);
        let (from, to) = (self.repo.root.join("."), repo.root.clone());
        fs::remove_dir_all(&to).expect("ours");
        let copied = std::process::Command::new("cp").arg("-a").arg(from).arg(&to).status();
        assert!(copied.is_ok_and(|status| status.success()), "{}", to.display());
        Self { repo, blobs: self.blobs.clone() }
    }

    /// A file of the git folder, made writable.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        let path = self.repo.root.join(".git").join(name);
        if path.is_file() {
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
            fs::set_permissions(&path, mode).expect("ours");
        }
        path
    }

    /// The file of a loose object.
    pub(super) fn loose(&self, name: &str) -> PathBuf {
        let id = self.repo.git(&["rev-parse", name]);
        self.file(&format!("objects/{}/{}", &id[..2], &id[2..]))
    }

    /// The only file of its kind among the packs.
    pub(super) fn packed(&self, extension: &str) -> PathBuf {
        let path = only_pack(&self.repo.root.join(".git"), extension);
        self.file(&format!("objects/pack/{}", path.file_name().expect("a name").display()))
    }

    /// The keys whose blobs git can read.
    fn readable(&self) -> BTreeSet<u64> {
        let reads = |number: &u64| {
            let blob = &self.blobs[*number as usize];
            self.repo.ask_in(&self.repo.root, &["cat-file", "blob", blob]).is_some()
        };
        (0..LEAKS).filter(reads).collect()
    }
}

/// The findings and the problems of a run.
struct Reported {
    found: BTreeSet<u64>,
    /// Keys with the path and commit that they were committed at.
    placed: BTreeSet<u64>,
    complete: bool,
    problems: Vec<String>,
}

fn scan(folder: &Path, status: i32) -> Reported {
    let project = Project::new();
    let program = project.keysweep(["history", "--format", "json", "--no-progress"]).from(folder);
    let ran = program.run().exits(status);
    if status == 2 {
        let none = BTreeSet::new;
        let why = ran.stderr.trim().to_owned();
        return Reported { found: none(), placed: none(), complete: false, problems: vec![why] };
    }
    let report = ran.json();
    let findings = report["findings"].as_array().expect("findings");
    let of = |number: &u64| findings.iter().find(|one| one["key_id"] == key_id(*number).as_str());
    let is_placed = |number: &u64| {
        let places = of(number).and_then(|one| one["occurrences"].as_array());
        places.is_some_and(|places| {
            places
                .iter()
                .any(|one| one["path"] != Value::Null && one["git"]["commit"] != Value::Null)
        })
    };
    Reported {
        found: (0..LEAKS).filter(|number| of(number).is_some()).collect(),
        placed: (0..LEAKS).filter(is_placed).collect(),
        complete: report["coverage"]["complete"].as_bool().expect("a flag"),
        problems: ran.problems(),
    }
}

fn check(damage: &Damage, template: &Leaky) -> String {
    let leaky = template.copy();
    (damage.apply)(&leaky);
    let readable = leaky.readable();
    let fsck = leaky.repo.try_git(&["fsck", "--full"]);
    let reported = scan(&leaky.repo.root, damage.status);
    let (name, problems) = (damage.name, reported.problems.join("\n"));
    let missed: Vec<_> = readable.difference(&reported.found).collect();
    assert!(missed.is_empty(), "{name}: {missed:?} can be read and were not found\n{problems}");
    let (found, placed) = (reported.found.len(), reported.placed.len());
    assert!(found >= damage.found, "{name}: {found} found\n{problems}");
    assert!(placed >= damage.placed, "{name}: {placed} with path and commit\n{problems}");
    assert_eq!(reported.complete, damage.is_harmless, "{name}\n{problems}");
    let lost = (0..LEAKS).filter(|number| !reported.found.contains(number));
    for lost in lost.filter(|_| damage.status != 2) {
        let blob = &leaky.blobs[lost as usize];
        let is_listed = problems.contains(blob.as_str()) || problems.contains("objects are lost");
        assert!(is_listed, "{name}: key {lost} in {blob} is lost in silence\n{problems}");
    }
    format!(
        "{:>2} of {LEAKS}, git reads {:>2} and fsck says {}: {name}",
        reported.found.len(),
        readable.len(),
        if fsck { "nothing" } else { "so too" }
    )
}

#[test]
fn what_is_readable_is_found_and_the_rest_is_listed() {
    let mut failures = Vec::new();
    let (loose, packed) = (Leaky::new(false), Leaky::new(true));
    for damage in DAMAGES {
        let template = if damage.is_packed { &packed } else { &loose };
        let checked = std::panic::AssertUnwindSafe(|| check(damage, template));
        match std::panic::catch_unwind(checked) {
            Ok(line) => println!("{line}"),
            Err(panic) => {
                failures.extend(panic.downcast_ref::<String>().cloned());
            }
        }
    }
    assert!(failures.is_empty(), "{} damages:\n{}", failures.len(), failures.join("\n\n"));
}

/// Git since 2.45 can keep refs as "reftable"; for an older one the words in the configuration do.
#[test]
fn refs_in_another_form_are_reported_and_all_objects_are_scanned() {
    let empty = tempfile::tempdir().expect("a folder");
    let path = empty.path().to_str().expect("UTF-8");
    let leaky = Leaky::new(true);
    let knows = ["init", "-q", "--ref-format=reftable", path];
    if leaky.repo.ask_in(empty.path(), &knows).is_some() {
        leaky.repo.git(&["refs", "migrate", "--ref-format=reftable"]);
    } else {
        skip("this git does not write a reftable: the configuration names one");
        leaky.repo.git(&["config", "core.repositoryFormatVersion", "1"]);
        let config = leaky.file("config");
        let mut text = fs::read_to_string(&config).expect("a file");
        text.push_str("[extensions]\n\trefStorage = reftable\n");
        fs::write(config, text).expect("ours");
    }
    let reported = scan(&leaky.repo.root, 1);
    assert_eq!(reported.found.len(), LEAKS as usize);
    assert!(
        reported.problems.iter().any(|one| one.starts_with("refs ")),
        "{:?}",
        reported.problems
    );
    let project = Project::new();
    let ran = project.keysweep(["staged"]).from(&leaky.repo.root).run().exits(2);
    assert!(ran.stderr.contains("reftable"), "{}", ran.stderr);
}

/// History reads the database and so misses what is not in it: what is checked out is looked up.
#[test]
fn a_blob_that_the_index_or_a_bare_head_names_is_missed() {
    let repo = Repo::new(&[]);
    repo.commit("a.env", leak(1));
    let blob = repo.git(&["rev-parse", "HEAD:a.env"]);
    let bare = Project::new();
    let clone = bare.at("bare.git").to_string_lossy().into_owned();
    repo.git(&["clone", "-q", "--bare", "--no-local", ".", &clone]);
    let loose = Path::new("objects").join(&blob[..2]).join(&blob[2..]);
    fs::remove_file(repo.root.join(".git").join(&loose)).expect("a loose object");
    // Everything in the bare clone except the blob is unpacked again.
    let objects = Path::new(&clone).join("objects");
    fs::remove_dir_all(objects.join("pack")).expect("its packs");
    for id in [repo.git(&["rev-parse", "HEAD"]), repo.git(&["rev-parse", "HEAD^{tree}"])] {
        let name = Path::new(&id[..2]).join(&id[2..]);
        fs::create_dir_all(objects.join(&id[..2])).expect("a folder");
        fs::copy(repo.root.join(".git/objects").join(&name), objects.join(&name)).expect("a copy");
    }
    for root in [repo.root.as_path(), Path::new(&clone)] {
        let reported = scan(root, 3);
        assert!(format!("{:?}", reported.problems).contains(&blob), "{:?}", reported.problems);
    }
}

#[test]
fn a_configuration_that_names_another_hash_is_an_error() {
    let repo = Repo::new(&[]);
    repo.commit("a.env", leak(1));
    repo.git(&["config", "core.repositoryformatversion", "1"]);
    repo.git(&["config", "extensions.objectformat", "sha256"]);
    let project = Project::new();
    let root = repo.root.to_string_lossy().into_owned();
    for command in ["history", "staged"] {
        let ran = project.keysweep([command, &root]).run().exits(2);
        assert!(!ran.stderr.contains("internal error"), "{}", ran.stderr);
    }
}
