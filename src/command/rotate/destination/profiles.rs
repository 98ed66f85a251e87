//! `--to-profile`: the two files of the AWS CLI.

use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::replaced::Replaced;
use super::{Unfit, shown};
use crate::command::rotate::profile::{Edit, Kind};
use crate::secret::Secret;

/// The paths of the files; the caller reads their environment variables.
#[derive(Clone, Debug)]
pub struct Files {
    /// `~/.aws/credentials`, or what `AWS_SHARED_CREDENTIALS_FILE` names.
    pub credentials: PathBuf,
    /// `~/.aws/config`, or what `AWS_CONFIG_FILE` names.
    pub config: PathBuf,
}

/// The files that will change.
#[derive(Debug)]
pub(super) struct Profiles {
    profile: String,
    /// The key that leaves.
    old: String,
    files: Vec<(Replaced, Edit)>,
    temporary: Vec<NamedTempFile>,
}

impl Profiles {
    /// Reads both files and finds what will change in them.
    pub(super) fn prepare(profile: &str, files: &Files, old: &str) -> Result<Self, Unfit> {
        let read = |path: &Path, kind| -> Result<(Replaced, Edit), Unfit> {
            let file = Replaced::read(path)?;
            let edit = Edit::new(file.text().clone(), kind, old);
            let edit = edit.map_err(|why| Unfit::profile(file.path(), why))?;
            Ok((file, edit))
        };
        let (credentials_file, mut credentials) = read(&files.credentials, Kind::Credentials)?;
        let (config_file, config) = read(&files.config, Kind::Config)?;
        config.fits(profile).map_err(|why| Unfit::profile(config_file.path(), why))?;
        if !config.changes(profile) {
            let added = credentials.add(profile);
            added.map_err(|why| Unfit::profile(credentials_file.path(), why))?;
        } else {
            let fits = credentials.fits(profile);
            fits.map_err(|why| Unfit::profile(credentials_file.path(), why))?;
        }
        let both = [(credentials_file, credentials), (config_file, config)];
        let files: Vec<_> =
            both.into_iter().filter(|(_, edit)| !edit.changed().is_empty()).collect();
        files.iter().try_for_each(|(file, _)| file.check())?;
        let (profile, old) = (profile.to_owned(), old.to_owned());
        Ok(Self { profile, old, files, temporary: Vec::new() })
    }

    /// Makes the files that will take their places, still empty.
    pub(super) fn open(&mut self) -> Result<(), Unfit> {
        let open = |(file, _): &(Replaced, Edit)| file.temporary(&self.old);
        self.temporary = self.files.iter().map(open).collect::<Result<_, Unfit>>()?;
        Ok(())
    }

    pub(super) fn store(self, id: &str, secret: &Secret) -> Result<(), Unfit> {
        for ((file, edit), temporary) in self.files.iter().zip(self.temporary) {
            file.replace(temporary, &edit.with(id, secret))?;
        }
        Ok(())
    }

    pub(super) fn paths(&self) -> Vec<PathBuf> {
        self.files.iter().map(|(file, _)| file.path().to_owned()).collect()
    }

    pub(super) fn temporaries(&self) -> Vec<PathBuf> {
        self.temporary.iter().map(|file| file.path().to_owned()).collect()
    }

    /// Such as `profile shop in ~/.aws/credentials`.
    pub(super) fn describe(&self) -> String {
        let place = |(file, edit): &(Replaced, Edit)| {
            let names: Vec<_> = edit
                .changed()
                .iter()
                .map(|changed| crate::text::escape_line(&changed.profile))
                .collect();
            let profiles = if names.len() == 1 { "profile" } else { "profiles" };
            format!("{profiles} {} in {}", names.join(" and "), shown(file.path()))
        };
        self.files.iter().map(place).collect::<Vec<_>>().join(" and ")
    }

    /// A warning about what a user may not expect of it.
    pub(super) fn note(&self) -> Option<String> {
        let changed = self.files.iter().flat_map(|(_, edit)| edit.changed());
        let others: Vec<_> = changed
            .filter(|changed| changed.profile != self.profile && changed.line.is_some())
            .map(|changed| crate::text::escape_line(&changed.profile))
            .collect();
        (!others.is_empty()).then(|| {
            format!(
                "the old key is in profile {} as well: it gets the new one too",
                others.join(" and ")
            )
        })
    }
}

/// True if one of the files holds the key: after a run that ended early, it was kept.
pub(super) fn hold(paths: &[PathBuf], key: &str) -> bool {
    let holds = |path: &PathBuf| {
        let Ok(file) = Replaced::read(path) else { return false };
        let kinds = [Kind::Credentials, Kind::Config];
        kinds
            .into_iter()
            .any(|kind| Edit::new(file.text().clone(), kind, key).is_ok_and(|edit| edit.holds(key)))
    };
    // A run that ended between two files is not complete, but the secret is there, which is what
    // counts.
    paths.iter().any(holds)
}
