//! `--to-file`: a new file that only its owner may read.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use zeroize::Zeroizing;

use super::replaced::sync_folder;
use super::{NewKey, Unfit};

/// The format, by the extension of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `aws configure import --csv file://FILE` reads it.
    Csv,
    /// The `AccessKey` object of CreateAccessKey.
    Json,
    /// Two lines for a shell or Docker's `--env-file`.
    Env,
}

impl Form {
    pub(super) fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
        match name.rsplit_once('.')?.1 {
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            "env" => Some(Self::Env),
            _ => None,
        }
    }
}

/// A file that is not there yet, or is open and empty.
#[derive(Debug)]
pub(super) struct NewFile {
    path: PathBuf,
    form: Form,
    /// It is removed again unless it was written.
    file: Option<File>,
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            // It is empty: the next run removes it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl NewFile {
    pub(super) fn prepare(path: &Path) -> Result<Self, Unfit> {
        let form = Form::of(path).ok_or_else(|| Unfit::Form(path.to_owned()))?;
        if path.symlink_metadata().is_ok() {
            return Err(Unfit::Exists(path.to_owned()));
        }
        let folder = folder(path);
        // A folder that can't be written is found before a key is made.
        tempfile::tempfile_in(folder).map_err(|source| Unfit::file(path, source))?;
        // The journal of it must be found from any folder.
        let folder = folder.canonicalize().map_err(|source| Unfit::file(path, source))?;
        let path = folder.join(path.file_name().unwrap_or_default());
        Ok(Self { path, form, file: None })
    }

    pub(super) fn open(&mut self) -> Result<(), Unfit> {
        let mut asked = OpenOptions::new();
        asked.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            asked.mode(0o600);
        }
        let file = asked.open(&self.path).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => Unfit::Exists(self.path.clone()),
            _ => Unfit::file(&self.path, error),
        })?;
        self.file = Some(file);
        Ok(())
    }

    pub(super) fn store(mut self, key: &NewKey<'_>) -> Result<(), Unfit> {
        let written = self.write(key);
        written.map_err(|source| Unfit::file(&self.path, source))?;
        self.file = None;
        sync_folder(folder(&self.path));
        Ok(())
    }

    fn write(&mut self, key: &NewKey<'_>) -> io::Result<()> {
        let text = match self.form {
            Form::Csv => csv(key),
            Form::Json => json(key)?,
            Form::Env => env(key),
        };
        let file = self.file.as_mut().ok_or(ErrorKind::NotFound)?;
        file.write_all(&text)?;
        file.sync_all()
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// Made large enough at once, so that no copy is left behind by its growth.
fn buffer() -> Zeroizing<Vec<u8>> {
    Zeroizing::new(Vec::with_capacity(4096))
}

fn joined(parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let mut text = buffer();
    parts.iter().for_each(|part| text.extend_from_slice(part));
    text
}

/// The columns of the console's file, and the one by which `aws configure import` names the profile.
/// A user's name may hold a comma.
fn csv(key: &NewKey<'_>) -> Zeroizing<Vec<u8>> {
    let user =
        if key.user.contains(',') { format!("\"{}\"", key.user) } else { key.user.to_owned() };
    let head = b"User Name,Access key ID,Secret access key\n";
    joined(&[head, user.as_bytes(), b",", key.id.as_bytes(), b",", key.secret.expose(), b"\n"])
}

fn env(key: &NewKey<'_>) -> Zeroizing<Vec<u8>> {
    let (id, secret) = (key.id.as_bytes(), key.secret.expose());
    joined(&[b"AWS_ACCESS_KEY_ID=", id, b"\nAWS_SECRET_ACCESS_KEY=", secret, b"\n"])
}

/// The `AccessKey` object of the API; commands get the same on their standard input.
pub(super) fn json(key: &NewKey<'_>) -> io::Result<Zeroizing<Vec<u8>>> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct AccessKey<'a> {
        user_name: &'a str,
        access_key_id: &'a str,
        status: &'a str,
        secret_access_key: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        create_date: Option<String>,
    }
    let object = AccessKey {
        user_name: key.user,
        access_key_id: key.id,
        status: "Active",
        secret_access_key: str::from_utf8(key.secret.expose()).map_err(io::Error::other)?,
        create_date: key.created.map(|at| at.to_string()),
    };
    let mut text = buffer();
    serde_json::to_writer_pretty(&mut *text, &object)?;
    text.push(b'\n');
    Ok(text)
}

/// True if the file holds the whole of that key.
pub(super) fn holds(path: &Path, key: &str) -> bool {
    let text = fs::read(path).map(Zeroizing::new).unwrap_or_default();
    let mut found = text.windows(key.len().max(1));
    text.ends_with(b"\n") && found.any(|part| part == key.as_bytes())
}
