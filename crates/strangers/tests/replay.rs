//! A short run of every fuzz target: all that is kept in `fuzz/seeds`, and thousands of inputs made out of it. Which ones is
//! told by a number alone, so that a failure here is a failure everywhere.

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mydata_strangers::{TARGETS, Target};

/// How many inputs are made for each target. The readers of packages and documents are slow without optimisation.
const MADE: u64 = 20_000;
const MADE_OF_SLOW: u64 = 4_000;
const SLOW: [&str; 3] = ["documents", "dp_package", "token"];
/// Longer than any reader takes for an input of these sizes, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A sequence of numbers that looks random and is always the same (xorshift64*).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Below `end`, which is not 0.
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("it is below a usize")
    }
}

fn seeds_of(target: &Target) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(target.name);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// Numbers that lengths, counts and offsets break at.
const EDGES: [u32; 10] = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

/// Changes an input in one of the ways that break readers.
fn change(input: &mut Vec<u8>, seeds: &[Vec<u8>], numbers: &mut Numbers) {
    if input.is_empty() {
        input.push(numbers.next() as u8);
        return;
    }
    let at = numbers.below(input.len());
    let end = at + 1 + numbers.below((input.len() - at).min(64));
    match numbers.below(11) {
        0 => input[at] ^= 1 << numbers.below(8),
        1 => input[at] = numbers.next() as u8,
        2 => drop(input.drain(at..end.min(input.len()))),
        3 => input.truncate(at),
        4 => {
            let piece = input[at..end.min(input.len())].to_vec();
            let times = 1 + numbers.below(16);
            input.splice(at..at, piece.repeat(times));
        }
        5 => {
            let other = &seeds[numbers.below(seeds.len())];
            if !other.is_empty() {
                let from = numbers.below(other.len());
                let piece = other[from..(from + 1 + numbers.below(200)).min(other.len())].to_vec();
                input.splice(at..at, piece);
            }
        }
        6 => {
            // The head of one and the tail of another.
            let other = &seeds[numbers.below(seeds.len())];
            let from = if other.is_empty() { 0 } else { numbers.below(other.len()) };
            input.truncate(at);
            input.extend_from_slice(&other[from..]);
        }
        // Fields of lengths: of one, two and four bytes, both ways round.
        7 => input[at] = EDGES[numbers.below(EDGES.len())] as u8,
        8 => {
            let edge = EDGES[numbers.below(EDGES.len())];
            let bytes = if numbers.below(2) == 0 { edge.to_le_bytes() } else { edge.to_be_bytes() };
            for (place, byte) in input[at..].iter_mut().zip(bytes) {
                *place = byte;
            }
        }
        9 => input[at] = input[at].wrapping_add(1),
        _ => {
            const WORDS: [&str; 12] = [
                "<",
                "&#x0;",
                "<!--",
                "]]>",
                "%00",
                "%",
                "\u{0}",
                "\u{202e}",
                "{",
                "\"",
                "-1",
                "99999999999999999999",
            ];
            let word = WORDS[numbers.below(WORDS.len())].bytes();
            input.splice(at..at, word);
        }
    }
}

/// Gives the input to the target; what breaks it is kept.
fn read(target: &Target, input: &[u8], told: &str) {
    let since = Instant::now();
    let outcome = catch_unwind(|| (target.read)(input));
    let took = since.elapsed();
    if outcome.is_ok() && took < PATIENCE {
        return;
    }
    let file =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{}", target.name, told.replace(' ', "-")));
    fs::write(&file, input).unwrap();
    panic!(
        "{} broke on {told} ({} bytes, {took:?}): {}\nadd it to fuzz/seeds/{} once it is mended",
        target.name,
        input.len(),
        file.display(),
        target.name
    );
}

fn run(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("there is such a target");
    let seeds = seeds_of(target);
    assert!(!seeds.is_empty(), "nothing is kept for {name}");
    for (number, seed) in seeds.iter().enumerate() {
        read(target, seed, &format!("seed {number}"));
    }
    let made = if SLOW.contains(&name) { MADE_OF_SLOW } else { MADE };
    for number in 1..=made {
        let mut numbers = Numbers(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut input = seeds[numbers.below(seeds.len())].clone();
        for _ in 0..=numbers.below(4) {
            change(&mut input, &seeds, &mut numbers);
        }
        input.truncate(64 * 1024);
        read(target, &input, &format!("input {number}"));
    }
}

macro_rules! runs {
    ($($name:ident),+) => {
        $(
            #[test]
            fn $name() {
                run(stringify!($name));
            }
        )+

        /// No target is left out, here or in `fuzz/`.
        #[test]
        fn every_target_runs() {
            let here = [$(stringify!($name)),+];
            assert_eq!(here.to_vec(), TARGETS.map(|target| target.name).to_vec());
            let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/fuzz_targets");
            let mut there: Vec<_> = fs::read_dir(fuzz)
                .unwrap()
                .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
                .collect();
            there.sort();
            assert_eq!(here.to_vec(), there);
        }
    };
}

runs!(
    crl,
    documents,
    dp_manifest,
    dp_package,
    entry_url,
    ocsp,
    package_manifest,
    pid,
    platform_package,
    token
);

/// The inputs that are made do differ, and reach beyond what is refused at the first byte.
#[test]
fn what_is_made_is_worth_reading() {
    let seeds = vec![b"<files><file/></files>".to_vec(), b"another".to_vec()];
    let made: std::collections::BTreeSet<Vec<u8>> = (1..=200u64)
        .map(|number| {
            let mut numbers = Numbers(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let mut input = seeds[0].clone();
            change(&mut input, &seeds, &mut numbers);
            input
        })
        .collect();
    assert!(made.len() > 100, "{}", made.len());
    assert!(made.iter().filter(|input| input.starts_with(b"<fi")).count() > 80);
}
