//! A small repository whose key was removed within the hour, years ago.
//!
//! `gix` writes the objects; no git program is run and no configuration is read.

use std::collections::BTreeMap;
use std::path::Path;

use gix::ObjectId;
use gix::actor::Signature;
use gix::date::Time;
use gix::objs::tree::{Entry, EntryKind};
use gix::objs::{Commit, Tree};

use super::{BASE64, key_id, random};

/// The commits, one on each line, newest first, as `git log` shows them.
pub const LOG: [&str; 4] = [
    "2024-06-11  Ada    Rewrite the service, drop the old configuration",
    "2021-09-30  Grace  Add a health check",
    "2019-03-04  Ada    Remove the keys, they are in the vault now",
    "2019-03-04  Ada    Import the report service",
];

/// Files by path, with at most one folder above each.
type Files = BTreeMap<&'static str, String>;

/// Makes the repository in `folder`, which must not exist, and the files of its last commit.
///
/// # Errors
/// If something can't be written.
pub fn write(folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let options = gix::open::Options::isolated();
    let kind = gix::create::Kind::WithWorktree;
    let repo = gix::ThreadSafeRepository::init_opts(folder, kind, Default::default(), options)?;
    let repo = repo.to_thread_local();
    let mut parent: Option<ObjectId> = None;
    let mut last = Files::new();
    // Seconds since 1970 of 4 March 2019, 10:02 and 10:41; 30 September 2021; 11 June 2024.
    let times = [1_551_693_720, 1_551_696_060, 1_632_996_000, 1_718_092_800];
    for ((line, files), time) in LOG.iter().rev().zip(states()).zip(times) {
        let (name, message) = line["2019-03-04  ".len()..].split_at("Grace  ".len());
        let who = person(name.trim(), time);
        let commit = Commit {
            tree: tree(&repo, &files)?,
            parents: parent.into_iter().collect(),
            author: who.clone(),
            committer: who,
            encoding: None,
            message: format!("{message}\n").into(),
            extra_headers: Vec::new(),
        };
        parent = Some(repo.write_object(&commit)?.detach());
        last = files;
    }
    if let Some(tip) = parent {
        let head = repo.head_name()?.ok_or("a new repository is on a branch")?;
        std::fs::write(repo.git_dir().join(head.as_bstr().to_string()), format!("{tip}\n"))?;
    }
    for (path, content) in last {
        std::fs::write(folder.join(path), content)?;
    }
    Ok(())
}

/// All files of each commit, oldest first.
fn states() -> [Files; 4] {
    let (id, secret) = (key_id("AKIA"), random(BASE64, 40));
    let app = "from flask import Flask\n\napp = Flask(__name__)\n";
    let with_keys = format!(
        "S3_BUCKET=reports\nAWS_ACCESS_KEY_ID={id}\nAWS_SECRET_ACCESS_KEY={secret}\nLOG_LEVEL=info\n"
    );
    let without = "S3_BUCKET=reports\nLOG_LEVEL=info\n".to_owned();
    let checked = format!("{app}\n\n@app.get('/health')\ndef health():\n    return 'ok'\n");
    let state = |app: &str, settings: Option<String>| {
        let mut files = Files::from([
            ("README.md", "# Reports\n\nKeys come from the vault.\n".to_owned()),
            ("app.py", app.to_owned()),
        ]);
        files.extend(settings.map(|settings| ("config/production.env", settings)));
        files
    };
    [
        state(app, Some(with_keys)),
        state(app, Some(without.clone())),
        state(&checked, Some(without)),
        state(&checked.replace("Flask(__name__)", "Flask('reports')"), None),
    ]
}

fn person(name: &str, seconds: i64) -> Signature {
    let email = format!("{}@example.com", name.to_lowercase());
    Signature { name: name.into(), email: email.into(), time: Time { seconds, offset: 0 } }
}

/// Writes the files of a commit, and returns its root tree.
fn tree(repo: &gix::Repository, files: &Files) -> gix::Result<ObjectId> {
    let entry =
        |kind: EntryKind, name: &str, oid| Entry { mode: kind.into(), filename: name.into(), oid };
    let (mut root, mut folders) = (Vec::new(), BTreeMap::<&str, Vec<Entry>>::new());
    for (path, content) in files {
        let blob = repo.write_blob(content)?.detach();
        match path.split_once('/') {
            Some((folder, name)) => {
                folders.entry(folder).or_default().push(entry(EntryKind::Blob, name, blob));
            }
            None => root.push(entry(EntryKind::Blob, path, blob)),
        }
    }
    for (folder, entries) in folders {
        let id = repo.write_object(Tree { entries })?.detach();
        root.push(entry(EntryKind::Tree, folder, id));
    }
    root.sort();
    Ok(repo.write_object(Tree { entries: root })?.detach())
}
