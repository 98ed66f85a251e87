//! The memory of the machine.

/// All of it, in bytes (proc_meminfo(5)); `None` if the system does not say.
pub(super) fn total() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    total.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes << 10)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn the_memory_of_linux_is_read() {
        assert!(super::total().is_some_and(|bytes| bytes > 64 << 20));
    }
}
