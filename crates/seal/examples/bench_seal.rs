//! Speed and memory of sealing and opening, beside the bound measured in the same run.
//!
//! `cargo run --release -p mydata-seal --example bench_seal -- [--json] [--max BYTES] [--rounds N]`
//!
//! *Serial bound*: the time that the raw primitives alone need for the same package, one after the other on one
//! thread: AES-256-CBC, base64, base64url, HMAC-SHA256 over what the two base64 steps made of it. Each runs over
//! buffers of the size that fits a core's cache, with nothing read, written or copied between them. Rounds of the bound
//! and of the real thing alternate; medians count. Time is CPU time of the measuring thread where the system tells it,
//! so that a busy machine changes the figures little.
//!
//! *Peak memory* is taken from outside: this program starts itself again for one sealing or one opening of 1 GiB,
//! and reads the child's `VmHWM` while it waits for leave to end.

use std::env;
use std::fs;
use std::hint::black_box;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use aws_lc_rs::cipher::{
    AES_256, DecryptionContext, EncryptionContext, StreamingDecryptingKey, StreamingEncryptingKey,
    UnboundCipherKey,
};
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;
use base64_simd::{Out, STANDARD, URL_SAFE_NO_PAD};
use mydata_seal::token::{TokenWriter, open, sealed_len};
use mydata_wire::{CbcIv, ClientId, SecretKey};

const GIB: u64 = 1024 * 1024 * 1024;
/// Piece in which the source gives the package, and the bound's buffers.
const PIECE: usize = 48 * 1024;
/// Rounds go on at least so long for small packages, so that the clock can tell them.
const AT_LEAST: Duration = Duration::from_millis(40);

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--child", what] => child(what),
        _ => bench(&arguments),
    }
}

/// Measures the CPU time of this thread, on Unix; time on the wall elsewhere.
struct Stopwatch {
    #[cfg(unix)]
    start: rustix::time::Timespec,
    #[cfg(not(unix))]
    start: std::time::Instant,
}

impl Stopwatch {
    #[cfg(unix)]
    fn start() -> Self {
        Self { start: rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime) }
    }

    #[cfg(unix)]
    fn elapsed(&self) -> Duration {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::try_from(now - self.start).unwrap_or_default()
    }

    #[cfg(not(unix))]
    fn start() -> Self {
        Self { start: std::time::Instant::now() }
    }

    #[cfg(not(unix))]
    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }
}

struct Keys {
    client_id: ClientId,
    key: SecretKey,
    iv: CbcIv,
}

fn keys() -> Keys {
    Keys {
        client_id: "CLI.qqOjnjO4WR".parse().expect("a client id"),
        key: SecretKey::from_bytes(*b"0123456789abcdef0123456789ABCDEF"),
        iv: "Qm7XwT2zB9nKfR4v".parse().expect("a CBC IV"),
    }
}

/// Counts and drops.
struct Count(u64);

impl Write for Count {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0 += black_box(buf).len() as u64;
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn seal<W: Write>(keys: &Keys, piece: &[u8], len: u64, out: W) -> io::Result<W> {
    let mut writer = TokenWriter::new(out, &keys.client_id, &keys.key, &keys.iv)?;
    let mut left = len;
    while left > 0 {
        let now = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
        writer.write_all(&piece[..now])?;
        left -= now as u64;
    }
    writer.finish()
}

/// What the four primitives need for sealing `len` bytes.
fn seal_bound(keys: &Keys, piece: &[u8], len: u64) -> Duration {
    let key = UnboundCipherKey::new(&AES_256, keys.key.bytes()).expect("a key");
    let context = EncryptionContext::Iv128(FixedLength::from(keys.iv.bytes()));
    let mut cipher = StreamingEncryptingKey::less_safe_cbc_pkcs7(key, context).expect("a cipher");
    let mut mac = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, keys.key.bytes()));
    let mut sealed = vec![0u8; PIECE + 32];
    let mut text = vec![0u8; PIECE * 2];
    let mut wire = vec![0u8; PIECE * 2];
    let start = Stopwatch::start();
    let mut left = len;
    while left > 0 {
        let now = usize::try_from(left).unwrap_or(usize::MAX).min(PIECE);
        black_box(cipher.update(&piece[..now], &mut sealed).expect("it encrypts").written().len());
        let text = STANDARD.encode(&sealed[..now], Out::from_slice(&mut text));
        mac.update(URL_SAFE_NO_PAD.encode(text, Out::from_slice(&mut wire)));
        left -= now as u64;
    }
    black_box(mac.sign());
    start.elapsed()
}

/// What the four primitives need for opening a token of `len` bytes of package.
fn open_bound(keys: &Keys, piece: &[u8], len: u64) -> Duration {
    let key = UnboundCipherKey::new(&AES_256, keys.key.bytes()).expect("a key");
    let context = DecryptionContext::Iv128(FixedLength::from(keys.iv.bytes()));
    let mut cipher = StreamingDecryptingKey::cbc_pkcs7(key, context).expect("a cipher");
    let mut mac = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, keys.key.bytes()));
    let wire = URL_SAFE_NO_PAD.encode_to_string(STANDARD.encode_to_string(piece));
    let mut text = vec![0u8; PIECE * 2];
    let mut sealed = vec![0u8; PIECE * 2];
    let mut plain = vec![0u8; PIECE + 32];
    let start = Stopwatch::start();
    let mut left = len;
    while left > 0 {
        let now = usize::try_from(left).unwrap_or(usize::MAX).min(PIECE);
        // The characters of whole groups of nine bytes; the last few of a small package do not matter.
        let wire = &wire.as_bytes()[..(now.div_ceil(9) * 16).min(wire.len())];
        mac.update(wire);
        let text = URL_SAFE_NO_PAD.decode(wire, Out::from_slice(&mut text)).expect("base64url");
        let whole = text.len() / 4 * 4;
        let sealed = STANDARD.decode(&text[..whole], Out::from_slice(&mut sealed)).expect("base64");
        black_box(
            cipher.update(&sealed[..now.min(sealed.len())], &mut plain).expect("it decrypts").written().len(),
        );
        left -= now as u64;
    }
    black_box(mac.sign());
    start.elapsed()
}

/// The token of a package of `len` bytes, whole: what is measured is opening, not reading a file.
fn token(keys: &Keys, piece: &[u8], len: u64) -> io::Result<Vec<u8>> {
    let room = usize::try_from(sealed_len(&keys.client_id, len)).unwrap_or(0);
    seal(keys, piece, len, Vec::with_capacity(room))
}

struct Line {
    len: u64,
    seal: f64,
    seal_bound: f64,
    open: f64,
    open_bound: f64,
}

fn gb_per_s(len: u64, time: Duration) -> f64 {
    len as f64 / time.as_secs_f64() / 1e9
}

/// Median time of one run; the runs of `work` alternate with those of `bound`.
fn median_of(
    rounds: usize,
    mut work: impl FnMut() -> io::Result<Duration>,
    mut bound: impl FnMut() -> Duration,
) -> io::Result<(Duration, Duration)> {
    let (mut works, mut bounds) = (Vec::new(), Vec::new());
    work()?;
    bound();
    for _ in 0..rounds {
        let (mut total, mut bound_total, mut count) = (Duration::ZERO, Duration::ZERO, 0u32);
        while total < AT_LEAST {
            total += work()?;
            bound_total += bound();
            count += 1;
        }
        works.push(total / count);
        bounds.push(bound_total / count);
    }
    works.sort();
    bounds.sort();
    Ok((works[rounds / 2], bounds[rounds / 2]))
}

fn measure(keys: &Keys, piece: &[u8], len: u64, rounds: usize) -> io::Result<Line> {
    let (seal_time, seal_bound_time) = median_of(
        rounds,
        || {
            let start = Stopwatch::start();
            let out = seal(keys, piece, len, Count(0))?;
            let time = start.elapsed();
            assert_eq!(out.0, sealed_len(&keys.client_id, len));
            Ok(time)
        },
        || seal_bound(keys, piece, len),
    )?;
    let token = token(keys, piece, len)?;
    let (open_time, open_bound_time) = median_of(
        rounds,
        || {
            let start = Stopwatch::start();
            let opened = open(token.as_slice(), &keys.key, &keys.iv, Count(0)).map_err(io::Error::other)?;
            let time = start.elapsed();
            assert_eq!(opened.content.0, len);
            Ok(time)
        },
        || open_bound(keys, piece, len),
    )?;
    Ok(Line {
        len,
        seal: gb_per_s(len, seal_time),
        seal_bound: gb_per_s(len, seal_bound_time),
        open: gb_per_s(len, open_time),
        open_bound: gb_per_s(len, open_bound_time),
    })
}

fn argument(arguments: &[String], name: &str) -> Option<u64> {
    let at = arguments.iter().position(|a| a == name)?;
    arguments.get(at + 1)?.parse().ok()
}

fn bench(arguments: &[String]) -> io::Result<()> {
    let json = arguments.iter().any(|a| a == "--json");
    let max = argument(arguments, "--max").unwrap_or(GIB);
    let rounds = argument(arguments, "--rounds").map_or(7, |n| usize::try_from(n).unwrap_or(7).max(1));
    if cfg!(debug_assertions) {
        eprintln!("built without optimisation: the figures mean nothing; use --release");
    }
    let keys = keys();
    let piece: Vec<u8> =
        (0..PIECE as u64).map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect();
    let mut lines = Vec::new();
    if !json {
        println!("GB/s of package, one thread ({rounds} rounds, median)");
        println!(
            "{:>10} {:>8} {:>8} {:>6}   {:>8} {:>8} {:>6}",
            "package", "seal", "bound", "", "open", "bound", ""
        );
    }
    for len in [10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30].map(|bits| 1u64 << bits) {
        if len > max {
            break;
        }
        // A gibibyte takes seconds; three rounds of it say enough.
        let rounds = if len > GIB / 8 { rounds.min(3) } else { rounds };
        let line = measure(&keys, &piece, len, rounds)?;
        if !json {
            println!(
                "{:>10} {:>8.3} {:>8.3} {:>5.0}%   {:>8.3} {:>8.3} {:>5.0}%",
                human(line.len),
                line.seal,
                line.seal_bound,
                100.0 * line.seal / line.seal_bound,
                line.open,
                line.open_bound,
                100.0 * line.open / line.open_bound,
            );
        }
        lines.push(line);
    }
    let memory = [peak("seal")?, peak("open")?];
    if json {
        let lines: Vec<_> = lines
            .iter()
            .map(|l| {
                serde_json::json!({
                    "bytes": l.len, "seal_gb_s": l.seal, "seal_bound_gb_s": l.seal_bound,
                    "open_gb_s": l.open, "open_bound_gb_s": l.open_bound,
                })
            })
            .collect();
        println!(
            "{}",
            serde_json::json!({"speed": lines, "peak_kib": {"seal_1_gib": memory[0], "open_1_gib": memory[1]}})
        );
    } else {
        for (what, peak) in ["sealing", "opening"].into_iter().zip(memory) {
            match peak {
                Some(kib) => println!("peak resident memory of {what} 1 GiB: {:.1} MiB", kib as f64 / 1024.0),
                None => println!("peak resident memory of {what} 1 GiB: not told by this system"),
            }
        }
    }
    Ok(())
}

fn human(len: u64) -> String {
    match len.ilog2() / 10 {
        1 => format!("{} KiB", len >> 10),
        2 => format!("{} MiB", len >> 20),
        _ => format!("{} GiB", len >> 30),
    }
}

/// Peak resident memory in KiB of a process that seals or opens 1 GiB, as the system tells it from outside.
fn peak(what: &str) -> io::Result<Option<u64>> {
    let mut child = Command::new(env::current_exe()?)
        .args(["--child", what])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut out = child.stdout.take().map(BufReader::new).ok_or_else(|| io::Error::other("no pipe"))?;
    let mut input = child.stdin.take().ok_or_else(|| io::Error::other("no pipe"))?;
    if what == "open" {
        let keys = keys();
        let piece = vec![0x5a; PIECE];
        input = seal(&keys, &piece, GIB, input)?;
    }
    drop_after_line(&mut out)?;
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse().ok());
    drop(input);
    drop(out);
    let _ = child.kill();
    child.wait()?;
    Ok(peak)
}

fn drop_after_line(out: &mut impl BufRead) -> io::Result<()> {
    let mut line = String::new();
    out.read_line(&mut line)?;
    if line.trim() != GIB.to_string() {
        return Err(io::Error::other(format!("the measured process did not do its work: {line}")));
    }
    Ok(())
}

/// The measured process: does its work, says how many bytes of package it was, waits to be looked at.
fn child(what: &str) -> io::Result<()> {
    let keys = keys();
    let piece = vec![0x5a; PIECE];
    let done = match what {
        "seal" => {
            let out = seal(&keys, &piece, GIB, Count(0))?;
            assert_eq!(out.0, sealed_len(&keys.client_id, GIB));
            GIB
        }
        _ => {
            let token = Exactly { input: io::stdin().lock(), left: sealed_len(&keys.client_id, GIB) };
            open(token, &keys.key, &keys.iv, Count(0)).map_err(io::Error::other)?.content.0
        }
    };
    println!("{done}");
    io::stdout().flush()?;
    // Ends when the parent closes the pipe or ends this process.
    io::copy(&mut io::stdin().lock(), &mut io::sink())?;
    Ok(())
}

/// A token on a pipe that stays open behind it.
struct Exactly<R> {
    input: R,
    left: u64,
}

impl<R: Read> Read for Exactly<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            // A buffered reader would wait for more even to give nothing.
            return Ok(0);
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buf.len());
        let n = self.input.read(&mut buf[..most])?;
        self.left -= n as u64;
        Ok(n)
    }
}
