//! A command that prints the master key: run without a shell, for a bounded time, up to a bounded size. What it prints appears in no
//! message, and neither do its arguments.

use rustix::process::{Pid, Signal, kill_process_group};
use std::io::{self, Read as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// No key text is longer.
const MOST: usize = 4096;
/// How often it is asked whether it has ended.
const PAUSE: Duration = Duration::from_millis(5);

/// What the command prints. Its own complaints go nowhere: they may hold anything.
pub(super) fn output(program: &[String], limit: Duration) -> Result<Zeroizing<String>, String> {
    let Some((name, arguments)) = program.split_first() else {
        return Err("it names no program".to_owned());
    };
    let since = Instant::now();
    let mut command = Command::new(name);
    // A group of its own, so that what it has started ends with it.
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0);
    let mut child = command.spawn().map_err(|e| format!("it cannot be started: {e}"))?;
    let outcome = heard(&mut child, since, limit);
    if outcome.is_err() {
        end(&mut child);
    }
    outcome
}

fn heard(child: &mut Child, since: Instant, limit: Duration) -> Result<Zeroizing<String>, String> {
    let late = || format!("it did not end within {} s", limit.as_secs_f32());
    let stdout = child.stdout.take().ok_or("its output cannot be read")?;
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        // Whoever asked may have given up.
        let _ = sender.send(read(stdout));
    });
    let left = limit.saturating_sub(since.elapsed());
    let bytes = match receiver.recv_timeout(left) {
        Ok(read) => read.map_err(|e| format!("its output cannot be read: {e}"))?,
        Err(_) => return Err(late()),
    };
    if bytes.len() > MOST {
        return Err(format!("it printed more than {MOST} bytes, which is no key"));
    }
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if since.elapsed() < limit => std::thread::sleep(PAUSE),
            Ok(None) => return Err(late()),
            Err(e) => return Err(format!("its end cannot be awaited: {e}")),
        }
    };
    if !status.success() {
        return Err(format!("it ended with {status}"));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| "what it printed is not text")?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn read(stdout: std::process::ChildStdout) -> io::Result<Zeroizing<Vec<u8>>> {
    // Large enough from the beginning: growing would leave a copy of the key behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MOST + 2));
    stdout.take(MOST as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn end(child: &mut Child) {
    // It may have ended by itself; either way it is gone afterwards.
    let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    let _ = child.kill();
    let _ = child.wait();
}
