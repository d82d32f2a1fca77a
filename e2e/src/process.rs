//! A child process: its output goes to a file, it ends with us at the latest, and it can be measured from outside.

use std::fs::File;
use std::io::{Error, Result};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A running child.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts it; stdout and stderr are appended to the file `log`.
    ///
    /// # Errors
    /// When the file or the process cannot be made.
    pub fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let file = File::options().create(true).append(true).open(log)?;
        let child = command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).spawn()?;
        Ok(Self { child, log: log.to_owned() })
    }

    /// Its number.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// All that it has said so far.
    #[must_use]
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Whether it has ended.
    ///
    /// # Errors
    /// When the system cannot say.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// `kill -9`: no farewell, no clean-up.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait().map(|_| ())
    }

    /// Asks it to end (`SIGTERM`) and waits.
    ///
    /// # Errors
    /// When it has not ended within `limit`; it is killed then.
    pub fn terminate(&mut self, limit: Duration) -> Result<ExitStatus> {
        Command::new("kill").args(["-TERM", &self.id().to_string()]).status()?;
        let since = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if since.elapsed() > limit {
                self.kill()?;
                return Err(Error::other(format!("did not end within {limit:?} of SIGTERM\n{}", self.log())));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Processor time used so far, over all its threads.
    ///
    /// # Errors
    /// When `/proc` does not tell, for example because it has ended.
    pub fn cpu_times(&self) -> Result<CpuTime> {
        CpuTime::of(self.id())
    }

    /// The most memory that it ever had in use, in KiB.
    ///
    /// # Errors
    /// When `/proc` does not tell, for example because it has ended.
    pub fn peak_memory_kib(&self) -> Result<u64> {
        status_field(self.id(), "VmHWM:")
    }

    /// The memory that it has in use now, in KiB.
    ///
    /// # Errors
    /// When `/proc` does not tell, for example because it has ended.
    pub fn memory_kib(&self) -> Result<u64> {
        status_field(self.id(), "VmRSS:")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already; either way it is gone afterwards.
        let _ = self.kill();
    }
}

/// Processor time, to the hundredth of a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CpuTime {
    /// In the program itself.
    pub user: Duration,
    /// In the kernel, on its behalf.
    pub system: Duration,
}

impl CpuTime {
    /// What any process has used so far, from `/proc/{pid}/stat`.
    ///
    /// # Errors
    /// When `/proc` does not tell.
    pub fn of(pid: u32) -> Result<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The program's name stands in parentheses and may hold anything; fields are counted after it.
        let fields: Vec<&str> =
            stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
        // USER_HZ is 100 on every Linux that Rust runs on.
        let time = |at: usize| Some(Duration::from_millis(fields.get(at)?.parse::<u64>().ok()? * 10));
        let times = time(11).zip(time(12));
        let (user, system) =
            times.ok_or_else(|| Error::other(format!("/proc/{pid}/stat has another form")))?;
        Ok(Self { user, system })
    }
}

impl std::ops::Sub for CpuTime {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            user: self.user.saturating_sub(earlier.user),
            system: self.system.saturating_sub(earlier.system),
        }
    }
}

fn status_field(pid: u32, name: &str) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.trim().strip_suffix("kB")?.trim().parse().ok())
        .ok_or_else(|| Error::other(format!("/proc/{pid}/status has no {name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_logs_is_measured_and_dies_with_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let script = "echo out; echo err >&2; i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; sleep 60";
        let child = Process::start(Command::new("sh").args(["-c", script]), &log).unwrap();
        let since = Instant::now();
        while child.cpu_times().unwrap().user < Duration::from_millis(20) {
            assert!(since.elapsed() < Duration::from_secs(20), "a counting shell uses the processor");
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(child.peak_memory_kib().unwrap() >= child.memory_kib().unwrap() / 2);
        assert_eq!(child.log(), "out\nerr\n");
        let pid = child.id();
        drop(child);
        assert!(!Path::new(&format!("/proc/{pid}")).exists());
    }
}
