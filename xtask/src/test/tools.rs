//! What the tests need and the repository does not hold: looked for, and installed when it is missing.
//!
//! Programs of the distribution come by apt when we are root on a Debian; anywhere else the message says what to install.
//! Python's and npm's packages go to `target/tools` and stay out of the way of everything else.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::postgres;
use crate::{repo, run};

/// The runner of the tests, built from source when absent.
const NEXTEST: &str = "^0.9";
/// Python's packages that check our packages as a foreign implementation.
const PYTHON_PACKAGES: &[&str] = &["cryptography>=42,<50", "pyjwt>=2.8,<3"];
/// What looks at a running demo from outside; `greenlet` is what wapiti's own dependency forgets on some machines.
const SCANNERS: &[&str] = &["schemathesis>=4.32,<5", "wapiti3==3.1.8", "greenlet>=3,<4"];
/// The accessibility checker that the browser tests load into each page.
const AXE: &str = "axe-core@4";

/// One thing the distribution provides: what it is for, how we see that it is there, the Debian package.
struct Need {
    what: &'static str,
    present: fn() -> bool,
    package: &'static str,
}

const NEEDS: &[Need] = &[
    Need { what: "PostgreSQL", present: || postgres::programs().is_some(), package: "postgresql" },
    Need { what: "Chromium", present: || program("chromium"), package: "chromium" },
    Need { what: "ChromeDriver", present: || program("chromedriver"), package: "chromium-driver" },
    Need { what: "a font with Chinese characters", present: has_chinese_font, package: "fonts-noto-cjk" },
    Need { what: "qpdf", present: || program("qpdf"), package: "qpdf" },
    Need { what: "pdftotext", present: || program("pdftotext"), package: "poppler-utils" },
    Need {
        what: "the character maps of pdftotext",
        present: || Path::new("/usr/share/poppler/cMap").is_dir(),
        package: "poppler-data",
    },
    Need { what: "unzip", present: || program("unzip"), package: "unzip" },
    Need { what: "openssl", present: || program("openssl"), package: "openssl" },
    Need { what: "7z", present: || program("7z"), package: "p7zip-full" },
    Need { what: "Python with venv", present: has_python, package: "python3-venv" },
    Need { what: "npm", present: || program("npm"), package: "npm" },
];

/// Where the tests find what was prepared.
pub struct Tools {
    python: PathBuf,
    axe: PathBuf,
}

impl Tools {
    /// The variables that the tests read.
    pub fn environment(&self) -> [(&'static str, &Path); 2] {
        [("MYDATA_TEST_PYTHON", &self.python), ("MYDATA_TEST_AXE", &self.axe)]
    }
}

/// Looks, installs, and says what to do where it cannot.
pub fn prepare() -> Result<Tools> {
    distribution()?;
    nextest()?;
    Ok(Tools { python: python()?, axe: axe()? })
}

/// Whether we may install packages and must not run PostgreSQL.
pub fn is_root() -> Result<bool> {
    Ok(run::output(Command::new("id").arg("-u"))? == "0")
}

fn program(name: &str) -> bool {
    run::find_program(&[name]).is_some()
}

fn has_python() -> bool {
    Command::new("python3")
        .args(["-c", "import venv, ensurepip"])
        .output()
        .is_ok_and(|output| output.status.success())
}

fn has_chinese_font() -> bool {
    let listed = run::output(Command::new("fc-list").args([":lang=zh-tw", "family"]))
        .is_ok_and(|fonts| !fonts.is_empty());
    // fc-list itself comes with a package that the browser does not need.
    listed || Path::new("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc").is_file()
}

fn distribution() -> Result<()> {
    let missing: Vec<&Need> = NEEDS.iter().filter(|need| !(need.present)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().map(|need| need.package).collect();
    let names = missing.iter().map(|need| need.what).collect::<Vec<_>>().join(", ");
    if !is_root()? || !program("apt-get") {
        bail!(
            "the tests need {names}.\nOn Debian: sudo apt-get install --no-install-recommends {}\n\
             Elsewhere install the same programs, so that they are on the PATH.",
            packages.join(" ")
        );
    }
    eprintln!("installing {names}");
    let apt = || {
        let mut command = Command::new("apt-get");
        // A server of its own that starts by itself is not wanted; ours is private.
        command.env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1").arg("-qq");
        command
    };
    run::must_quietly(apt().arg("update"))?;
    run::must_quietly(
        apt()
            .args([
                "-o",
                "Dpkg::Use-Pty=0",
                "-o",
                "DPkg::Lock::Timeout=300",
                "install",
                "-y",
                "--no-install-recommends",
            ])
            .args(&packages),
    )?;
    match missing.iter().find(|need| !(need.present)()) {
        Some(need) => bail!("{} was installed, but {} is still not found", need.package, need.what),
        None => Ok(()),
    }
}

fn nextest() -> Result<()> {
    if run::cargo(["nextest", "--version"]).output().is_ok_and(|output| output.status.success()) {
        return Ok(());
    }
    run::must(&mut run::cargo(["install", "cargo-nextest", "--locked", "--quiet", "--version", NEXTEST]))
}

/// A Python of our own with the packages in it.
fn python() -> Result<PathBuf> {
    let folder = repo::target().join("tools/py");
    let python = folder.join("bin/python");
    prepared(&folder, &PYTHON_PACKAGES.join("\n"), || {
        run::must(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        run::must(
            Command::new(&python)
                .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
                .args(PYTHON_PACKAGES),
        )
    })?;
    Ok(python)
}

/// A Python of its own with the scanners in it: what they need is nothing that the tests should meet.
pub fn scanners() -> Result<PathBuf> {
    let folder = repo::target().join("tools/scan");
    let python = folder.join("bin/python");
    prepared(&folder, &SCANNERS.join("\n"), || {
        run::must(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        run::must(
            Command::new(&python)
                .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
                .args(SCANNERS),
        )
    })?;
    Ok(python)
}

fn axe() -> Result<PathBuf> {
    let folder = repo::target().join("tools/axe");
    prepared(&folder, AXE, || {
        run::must(
            Command::new("npm")
                .args(["install", "--silent", "--no-fund", "--no-audit", "--ignore-scripts", "--prefix"])
                .arg(&folder)
                .arg(AXE),
        )
    })?;
    let file = folder.join("node_modules/axe-core/axe.min.js");
    anyhow::ensure!(file.is_file(), "npm installed axe-core, but {} is not there", file.display());
    Ok(file)
}

/// Runs `install` unless the folder already holds what `contents` describes.
fn prepared(folder: &Path, contents: &str, install: impl FnOnce() -> Result<()>) -> Result<()> {
    let stamp = folder.join("installed.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|text| text == contents) {
        return Ok(());
    }
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    install()?;
    std::fs::write(&stamp, contents).with_context(|| format!("cannot write {}", stamp.display()))
}
