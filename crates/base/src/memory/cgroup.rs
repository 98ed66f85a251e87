//! The memory that the system grants this process: the limits of its control groups, for example in
//! a container or a CI job (cgroups(7); `memory.max` of version 2, `memory.limit_in_bytes` of
//! version 1).
//!
//! `std::thread::available_parallelism` reads the quotas of processors.

use std::fs;
use std::path::{Component, Path};
use std::sync::OnceLock;

/// A larger limit of version 1 means that there is none.
const NONE: u64 = 1 << 60;

/// The least limit of this process's groups; `None` if there is none.
pub(super) fn granted() -> Option<u64> {
    static GRANTED: OnceLock<Option<u64>> = OnceLock::new();
    *GRANTED.get_or_init(|| {
        // Without groups there are no limits.
        let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
        granted_in(&groups, Path::new("/sys/fs/cgroup"))
    })
}

/// The least limit of the groups in `/proc/self/cgroup`, below their mount point.
fn granted_in(groups: &str, mounted: &Path) -> Option<u64> {
    let limits = groups.lines().flat_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, path) = (fields.next(), fields.next().unwrap_or_default().to_owned());
        let (roots, file) = match controllers.unwrap_or("none") {
            "" => (vec![mounted.to_owned(), mounted.join("unified")], "memory.max"),
            controllers if controllers.split(',').any(|name| name == "memory") => {
                (vec![mounted.join("memory"), mounted.join(controllers)], "memory.limit_in_bytes")
            }
            _ => (Vec::new(), ""),
        };
        roots.into_iter().filter_map(move |root| least(&root, &path, file))
    });
    limits.min()
}

/// The least limit of a group and its parents. A container may see its own group as the root, and a
/// path of its host that does not exist.
fn least(root: &Path, path: &str, file: &str) -> Option<u64> {
    let names = Path::new(path).components().filter_map(|part| match part {
        Component::Normal(name) => Some(name),
        _ => None,
    });
    let mut folder = root.to_owned();
    let folders = std::iter::once(root.to_owned()).chain(names.map(|name| {
        folder.push(name);
        folder.clone()
    }));
    let limits = folders.filter_map(|folder| {
        // The root group has no such file, and no limit.
        let text = fs::read_to_string(folder.join(file)).ok()?;
        text.trim().parse::<u64>().ok().filter(|limit| *limit < NONE)
    });
    limits.min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_limit_of_all_groups_counts() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
            fs::write(path, text).expect("a file");
        };
        let of = |groups: &str| granted_in(groups, folder.path());
        assert_eq!(of("0::/\n"), None);
        file("memory.max", "max\n");
        file("ci/memory.max", "300000000\n");
        file("ci/job/memory.max", "max\n");
        assert_eq!(of("0::/\n"), None);
        assert_eq!(of("0::/ci/job\n"), Some(300_000_000));
        assert_eq!(of("0::/elsewhere/job\n"), None);
        file("memory.max", "100000000\n");
        assert_eq!(of("0::/ci/job\n"), Some(100_000_000));
        assert_eq!(of("0::/../../ci\n"), Some(100_000_000));
        file("memory/memory.limit_in_bytes", "9223372036854771712\n");
        file("memory/docker/memory.limit_in_bytes", "50000000\n");
        assert_eq!(of("4:memory:/docker\n1:cpu,cpuacct:/docker\n"), Some(50_000_000));
        assert_eq!(of("4:memory:/host/docker\n"), None);
        file("cpu,memory/memory.limit_in_bytes", "40000000\n");
        assert_eq!(of("3:cpu,memory:/\n"), Some(40_000_000));
        assert_eq!(of("nonsense"), None);
    }
}
