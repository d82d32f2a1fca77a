//! What the kernel knows of this process, under the names that dashboards expect of every program.

use std::fs;

/// The kernel tells programs of time in hundredths of a second (`USER_HZ`), whatever it counts in itself.
const TICKS: f64 = 100.0;

/// Read from `/proc`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Process {
    /// Resident memory in bytes.
    pub resident: u64,
    /// Processor time in seconds, user and system.
    pub cpu: f64,
    /// Open files.
    pub files: u64,
    /// Threads.
    pub threads: u64,
}

impl Process {
    /// `None` where there is no such `/proc`.
    pub fn read() -> Option<Self> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let files = fs::read_dir("/proc/self/fd").ok()?.count();
        // The name in parentheses may hold anything; what is counted comes after the last of them.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |nth: usize| fields.get(nth).and_then(|field| field.parse::<f64>().ok());
        let line = |name: &str| {
            let value = status.lines().find_map(|line| line.strip_prefix(name))?;
            value.split_whitespace().next()?.parse::<u64>().ok()
        };
        Some(Self {
            resident: line("VmRSS:")? * 1024,
            cpu: (ticks(11)? + ticks(12)?) / TICKS,
            files: files as u64,
            threads: line("Threads:")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Process;

    #[test]
    fn this_process_uses_memory_threads_and_files() {
        let process = Process::read().unwrap();
        assert!(process.resident > 1 << 20 && process.threads >= 1 && process.files >= 3, "{process:?}");
    }
}
