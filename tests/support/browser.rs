//! A browser for the HTML report: Chromium of the `PATH` or of Debian's packages, driven by
//! Playwright, and axe-core, which checks what WCAG asks for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::require::{require, skip};
use crate::support::tools::{environment, folder, npm, programs, run, why};

/// The rules of accessibility, as npm's registry has them.
const AXE: &str = "axe-core@4.14.1";
/// Names of the browser.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// The arguments of the script `tests/tools/browser.py`.
pub(crate) struct Browser {
    python: PathBuf,
    program: PathBuf,
    /// Folders of its libraries, if it was unpacked and not installed.
    libraries: Option<String>,
    axe: PathBuf,
}

/// The browser, or `None` as [`require`] has it.
#[track_caller]
pub(crate) fn browser() -> Option<Browser> {
    if !cfg!(target_os = "linux") {
        skip("the page is opened in a browser on Linux alone");
        return None;
    }
    // Not every machine can have one: no package of Debian's is made for it, or none can be fetched.
    let chromium = match chromium() {
        Ok(chromium) => chromium,
        Err(why) => {
            skip(&format!("there is no Chromium, and it can't be unpacked here: {}", why.trim()));
            return None;
        }
    };
    require("Playwright and axe-core", find(chromium))
}

impl Browser {
    /// The script with its first arguments.
    pub(crate) fn script(&self) -> Command {
        let mut command = Command::new(&self.python);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools/browser.py");
        command.arg(script).arg(&self.program).arg(&self.axe);
        if let Some(libraries) = &self.libraries {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        command
    }
}

fn find((program, libraries): (PathBuf, Option<String>)) -> Result<Browser, String> {
    let axe = npm("axe", &[AXE])?.join("axe-core/axe.min.js");
    let venv = environment("browser", "browser-requirements.txt")?;
    Ok(Browser { python: programs(&venv).join("python"), program, libraries, axe })
}

/// The program, and the folders of its libraries.
fn chromium() -> Result<(PathBuf, Option<String>), String> {
    // Playwright requires the whole path.
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut found = std::env::split_paths(&path)
        .flat_map(|folder| NAMES.map(|name| folder.join(name)))
        .filter(|program| program.is_file());
    if let Some(program) = found.next() {
        return Ok((program, None));
    }
    let (tools, _lock) = folder("chromium")?;
    let home = tools.join("chromium");
    let stamp = home.join("unpacked");
    if !stamp.exists() {
        unpack(&home)?;
        fs::write(&stamp, "").map_err(why)?;
    }
    let libraries = fs::read_to_string(home.join("libraries")).map_err(why)?;
    Ok((home.join("root/usr/lib/chromium/chromium"), Some(libraries)))
}

/// Unpacks the packages of Chromium that this machine does not have. That takes no right of root:
/// apt gets lists of its own.
fn unpack(home: &Path) -> Result<(), String> {
    let [lists, cache, root] = ["lists", "cache", "root"].map(|name| home.join(name));
    for part in [lists.join("partial"), cache.join("archives/partial"), root.clone()] {
        fs::create_dir_all(part).map_err(why)?;
    }
    let apt = || {
        let mut command = Command::new("apt-get");
        command.current_dir(&cache).arg("-qq").arg("-o").arg("APT::Sandbox::User=");
        command.arg("-o").arg(format!("Dir::State::Lists={}", lists.display()));
        command.arg("-o").arg(format!("Dir::Cache={}", cache.display()));
        command
    };
    run(apt().arg("update"))?;
    let missing = apt()
        .args(["install", "--print-uris", "--yes", "--no-install-recommends"])
        .args(["chromium", "fonts-dejavu-core"])
        .output()
        .map_err(why)?;
    // 'URI' name_version_architecture.deb size digest
    let missing = String::from_utf8_lossy(&missing.stdout).into_owned();
    let files = missing.lines().filter_map(|line| line.split(' ').nth(1));
    let names: Vec<&str> = files.filter_map(|file| file.split('_').next()).collect();
    if !names.contains(&"chromium") {
        return Err("Debian's packages have no chromium here".to_owned());
    }
    run(apt().arg("download").args(&names))?;
    for entry in fs::read_dir(&cache).map_err(why)? {
        let path = entry.map_err(why)?.path();
        if path.extension().is_some_and(|ending| ending == "deb") {
            run(Command::new("dpkg-deb").arg("-x").arg(&path).arg(&root))?;
            fs::remove_file(&path).map_err(why)?;
        }
    }
    let said = Command::new("dpkg").arg("--print-architecture").output().map_err(why)?;
    let machine = match String::from_utf8_lossy(&said.stdout).trim() {
        "amd64" => "x86_64-linux-gnu",
        "arm64" => "aarch64-linux-gnu",
        other => return Err(format!("no browser for {other}")),
    };
    let folders = ["usr/lib", "lib"].map(|folder| root.join(folder).join(machine));
    let mut folders: Vec<PathBuf> = folders.into();
    // Some libraries have a folder of their own.
    folders.push(root.join("usr/lib").join(machine).join("pulseaudio"));
    let folders: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
    fs::write(home.join("libraries"), folders.join(":")).map_err(why)
}
