//! One repository stored in all the ways that git has.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::git::places::Places;
use crate::support::git::Repo;

/// The part of the repository that a layout has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// Everything.
    All,
    /// The part that a clone gets.
    Part,
}

/// A way to store it.
pub(super) struct Layout {
    pub(super) name: &'static str,
    pub(super) scanned: PathBuf,
    /// `GIT_DIR`, if that is what names it.
    pub(super) environment: Option<PathBuf>,
    /// The prefix of all paths.
    pub(super) prefix: &'static str,
    pub(super) content: Content,
    /// HEAD is another than that of the original.
    pub(super) has_own_view: bool,
    /// The problems that the coverage must name.
    pub(super) problems: &'static [&'static str],
}

impl Layout {
    fn new(name: &'static str, scanned: PathBuf) -> Self {
        Self {
            name,
            scanned,
            environment: None,
            prefix: "",
            content: Content::All,
            has_own_view: false,
            problems: &[],
        }
    }
}

/// Copies that can be changed one by one.
struct Copies<'a> {
    repo: &'a Repo,
    layouts: Vec<Layout>,
}

impl<'a> Copies<'a> {
    fn new(places: &'a Places) -> Self {
        Self { repo: &places.repo, layouts: Vec::new() }
    }

    /// A copy without files in its work tree, changed by `change`.
    fn copy(&mut self, name: &'static str, change: impl Fn(&Repo, &Path)) -> &mut Layout {
        let folder = self.repo.sibling(&format!("layout {}", self.layouts.len()));
        fs::create_dir(&folder).expect("a new folder");
        copy(&self.repo.root.join(".git"), &folder.join(".git"));
        change(self.repo, &folder);
        self.layouts.push(Layout::new(name, folder));
        self.layouts.last_mut().expect("just pushed")
    }
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(copied.is_ok_and(|status| status.success()), "{}", from.display());
}

fn ids(repo: &Repo, folder: &Path) -> Vec<String> {
    let list =
        repo.git_in(folder, &["cat-file", "--batch-all-objects", "--batch-check=%(objectname)"]);
    list.lines().map(str::to_owned).collect()
}

/// Packs every `step`th object, from the one at `first`.
fn pack(repo: &Repo, folder: &Path, ids: &[String], first: usize, step: usize) {
    let chosen: String = ids.iter().skip(first).step_by(step).map(|id| format!("{id}\n")).collect();
    let arguments = ["pack-objects", "-q", ".git/objects/pack/pack"];
    repo.git_with_in(folder, &arguments, chosen.as_bytes());
}

fn into_packs(repo: &Repo, folder: &Path, count: usize) {
    let ids = ids(repo, folder);
    (0..count).for_each(|first| pack(repo, folder, &ids, first, count));
    repo.git_in(folder, &["prune-packed"]);
}

fn into_one_pack(repo: &Repo, folder: &Path) {
    into_packs(repo, folder, 1);
}

fn add_alternate(folder: &Path, lender: &Path, named: &str) {
    let info = folder.join("info");
    fs::create_dir_all(lender).expect("a folder");
    fs::create_dir_all(&info).expect("a folder");
    fs::write(info.join("alternates"), format!("{named}\n")).expect("a list");
}

/// Moves loose objects whose folder is odd.
fn move_half(from: &Path, to: &Path) {
    for first in (1..=255u8).step_by(2) {
        let name = format!("{first:02x}");
        if from.join(&name).is_dir() {
            fs::rename(from.join(&name), to.join(&name)).expect("movable");
        }
    }
}

/// Layouts that differ in how objects are stored.
pub(super) fn stores(places: &Places) -> Vec<Layout> {
    let mut copies = Copies::new(places);
    copies.layouts.push(Layout::new("loose objects", places.repo.root.clone()));
    copies.copy("loose objects without compression", |repo, folder| {
        into_one_pack(repo, folder);
        let packs = folder.join(".git/objects/pack");
        let aside = folder.join("aside");
        fs::rename(&packs, &aside).expect("movable");
        let pack = fs::read_dir(&aside).expect("a folder").flatten().map(|entry| entry.path());
        let pack = pack.filter(|path| path.extension().is_some_and(|it| it == "pack"));
        let bytes = fs::read(pack.last().expect("one pack")).expect("a pack");
        let unpack = ["-c", "core.looseCompression=0", "unpack-objects", "-q"];
        repo.git_with_in(folder, &unpack, &bytes);
    });
    copies.copy("one pack", into_one_pack);
    copies.copy("one pack, packed refs", |repo, folder| {
        into_one_pack(repo, folder);
        repo.git_in(folder, &["pack-refs", "--all"]);
    });
    copies.copy("one pack by repack, long chains", |repo, folder| {
        let long = ["--window=50", "--depth=250"];
        repo.git_in(folder, &[&["repack", "-qadkf"], &long[..]].concat());
        repo.git_in(folder, &["prune-packed"]);
    });
    copies.copy("deltas that name their base", |repo, folder| {
        let by_name = ["-c", "repack.useDeltaBaseOffset=false"];
        repo.git_in(folder, &[&by_name[..], &["repack", "-qadkf"]].concat());
        repo.git_in(folder, &["prune-packed"]);
    });
    copies.copy("a cruft pack", |repo, folder| {
        repo.git_in(folder, &["repack", "-q", "--cruft", "-d"]);
    });
    copies.copy("many packs", |repo, folder| into_packs(repo, folder, 7));
    copies.copy("a multi-pack-index", |repo, folder| {
        into_packs(repo, folder, 5);
        repo.git_in(folder, &["multi-pack-index", "write"]);
    });
    copies.copy("everything twice and thrice", |repo, folder| {
        let ids = ids(repo, folder);
        pack(repo, folder, &ids, 0, 1);
        pack(repo, folder, &ids, 0, 2);
        pack(repo, folder, &ids, 0, 3);
    });
    copies.copy("gc with a commit-graph and a bitmap", |repo, folder| {
        let keep = ["-c", "gc.reflogExpire=never", "-c", "gc.reflogExpireUnreachable=never"];
        let gc = ["-c", "repack.writeBitmaps=true", "gc", "-q", "--prune=never"];
        repo.git_in(folder, &[&keep[..], &gc].concat());
        repo.git_in(folder, &["commit-graph", "write", "--reachable", "--changed-paths"]);
    });
    copies.copy("alternates", |_, folder| {
        let own = folder.join(".git/objects");
        let lender = folder.join("lender");
        fs::rename(&own, &lender).expect("movable");
        add_alternate(&own, &lender, lender.to_str().expect("UTF-8"));
    });
    copies.copy("alternates of alternates, by relative paths", |repo, folder| {
        let own = folder.join(".git/objects");
        let (one, two) = (folder.join("one"), folder.join("two"));
        add_alternate(&own, &one, "../../one");
        add_alternate(&one, &two, "../two");
        move_half(&own, &one);
        let ids = ids(repo, folder);
        fs::create_dir_all(two.join("pack")).expect("a folder");
        fs::create_dir_all(own.join("pack")).expect("a folder");
        pack(repo, folder, &ids, 0, 3);
        fs::rename(own.join("pack"), two.join("pack")).expect("movable");
        fs::create_dir_all(own.join("pack")).expect("a folder");
        repo.git_in(folder, &["prune-packed"]);
    });
    copies.layouts
}

/// Layouts that differ in the files around the objects.
pub(super) fn forms(places: &Places) -> Vec<Layout> {
    let mut copies = Copies::new(places);
    let linked = places.repo.sibling("linked");
    copies.layouts.push(Layout { has_own_view: true, ..Layout::new("a linked worktree", linked) });
    let bare = places.repo.sibling("bare.git");
    copies.copy("bare", |repo, folder| {
        fs::rename(folder.join(".git"), &bare).expect("movable");
        repo.git_in(&bare, &["config", "core.bare", "true"]);
    });
    copies.layouts.last_mut().expect("just pushed").scanned = bare;
    copies.copy("a git folder elsewhere", |_, folder| {
        fs::rename(folder.join(".git"), folder.join("elsewhere")).expect("movable");
        fs::write(folder.join(".git"), "gitdir: elsewhere\n").expect("a file");
    });
    let named = copies.copy("named by GIT_DIR", |_, _| {});
    named.environment = Some(named.scanned.join(".git"));
    copies.copy("an index of version 4, split", |repo, folder| {
        repo.git_in(folder, &["update-index", "--index-version=4"]);
        repo.git_in(folder, &["update-index", "--split-index", "--untracked-cache"]);
    });
    let detached = copies.copy("a detached HEAD", |repo, folder| {
        repo.git_in(folder, &["update-ref", "--no-deref", "HEAD", "HEAD~9"]);
    });
    detached.has_own_view = true;
    let unborn = copies.copy("a HEAD without a commit", |repo, folder| {
        repo.git_in(folder, &["symbolic-ref", "HEAD", "refs/heads/not-yet"]);
    });
    unborn.has_own_view = true;
    for nested in [false, true] {
        let name = if nested { "a submodule's submodule" } else { "a submodule" };
        let layout = copies.copy(name, |repo, folder| submodule(repo, folder, nested));
        layout.prefix = if nested { "vendor/lib/inner/lib/" } else { "vendor/lib/" };
    }
    copies.layouts
}

/// Makes the repository in `folder` one around the repository that was there.
fn submodule(repo: &Repo, folder: &Path, nested: bool) {
    let aside = folder.join("aside");
    fs::rename(folder.join(".git"), &aside).expect("movable");
    let around = |git_dir: &Path, tree: Option<&str>| {
        let path = git_dir.to_str().expect("UTF-8");
        repo.git_in(folder, &["init", "-q", "--bare", "-b", "main", path]);
        repo.git_in(git_dir, &["config", "core.bare", "false"]);
        if let Some(tree) = tree {
            repo.git_in(git_dir, &["config", "core.worktree", tree]);
        }
    };
    let mut module = folder.join(".git");
    around(&module, None);
    module.push("modules/a name/with slash");
    if nested {
        around(&module, Some("../../../../vendor/lib"));
        module.push("modules/inner");
    }
    fs::create_dir_all(module.parent().expect("a folder")).expect("folders");
    fs::rename(aside, &module).expect("movable");
    let tree = if nested { "../../inner/lib" } else { "../../../../vendor/lib" };
    let config = module.join("config");
    let config = config.to_str().expect("UTF-8");
    repo.git_in(folder, &["config", "--file", config, "core.worktree", tree]);
}

/// Another hash.
pub(super) fn sha_256(places: &Places) -> Vec<Layout> {
    let mut copies = Copies::new(places);
    copies.layouts.push(Layout::new("SHA-256, loose objects", places.repo.root.clone()));
    copies.copy("SHA-256, one pack", into_one_pack);
    copies.copy("SHA-256, a multi-pack-index", |repo, folder| {
        into_packs(repo, folder, 3);
        repo.git_in(folder, &["multi-pack-index", "write"]);
    });
    copies.layouts
}

/// Clones, with the parts that each is missing.
pub(super) fn clones(places: &Places) -> Vec<Layout> {
    let repo = &places.repo;
    repo.git(&["config", "uploadpack.allowFilter", "true"]);
    let source = format!("file://{}", repo.root.display());
    let mut layouts = Vec::new();
    let table: [(&str, &[&str], &[&str]); 5] = [
        ("a mirror", &["--mirror"], &[]),
        ("a plain clone", &["--no-checkout"], &[]),
        ("a shallow clone", &["--bare", "--depth=40"], &["shallow clone"]),
        (
            "a partial clone, no large blobs",
            &["--bare", "--filter=blob:limit=100k"],
            &["partial clone"],
        ),
        ("a partial clone, no blobs", &["--no-checkout", "--filter=blob:none"], &["partial clone"]),
    ];
    for (name, arguments, problems) in table {
        let to = repo.sibling(&format!("clone {}", layouts.len()));
        let path = to.to_str().expect("UTF-8");
        repo.git(&[&["clone", "-q"], arguments, &[&source, path]].concat());
        layouts.push(Layout { content: Content::Part, problems, ..Layout::new(name, to) });
    }
    layouts
}
