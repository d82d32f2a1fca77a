//! `mydata dp pack`: files into a signed package (R130–R135).

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context as _, bail, ensure};
use mydata_seal::dp_package::{BadSigner, Builder, FileKind, Signer, check_json, check_pdf};
use mydata_wire::PersonalId;
use zeroize::Zeroizing;

use super::mend;
use crate::files::Draft;
use crate::hidden::{self, Hidden};
use crate::output::{count, plain, rfc3339};
use crate::{Outcome, Usage};

/// Largest key file.
const MAX_KEY: u64 = 64 * 1024;

/// Flags of `mydata dp pack`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The RSA private key, 2048 bits or more (PKCS#8 or PKCS#1, PEM or DER).
    #[arg(long, value_name = "KEY.pem")]
    key: PathBuf,
    /// Its certificate (PEM or DER); intermediate certificates may follow it.
    #[arg(long, value_name = "CERT.pem")]
    certificate: PathBuf,
    /// Where the package goes; `-` for standard output. A file of that name is replaced.
    #[arg(long, value_name = "PACKAGE.zip")]
    out: PathBuf,
    /// Every PDF must open with this personal id, and not without it; `-` asks for it on standard input.
    #[arg(long, value_name = "ID", env = "MYDATA_PERSON_ID", hide_env_values = true)]
    person: Option<Hidden>,
    /// The data: at least one .json and one .pdf. Inside they have their file names, without folders.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

/// Packs.
pub fn run(args: &Args) -> anyhow::Result<Outcome> {
    let files = names(&args.files)?;
    let person = hidden::person(args.person.as_ref(), "--person")?;
    let signer = signer(args)?;
    for (name, path) in &files {
        check(name, path, person.as_ref())?;
    }
    if args.out == Path::new("-") {
        pack(&files, &signer, std::io::stdout().lock())?.flush()?;
    } else {
        // The package must not replace what goes into it.
        for (_, path) in &files {
            ensure!(
                std::fs::canonicalize(&args.out).ok() != std::fs::canonicalize(path).ok(),
                Usage(format!("--out {} is one of the files", args.out.display()))
            );
        }
        let (file, draft) = Draft::beside(&args.out)?;
        let written = pack(&files, &signer, BufWriter::new(file))?;
        written.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
        draft.keep_as(&args.out)?;
    }
    let info = signer.info();
    eprintln!(
        "{}: {}, signed by {}, valid until {}",
        args.out.display(),
        count(files.len(), "file"),
        plain(&info.subject),
        rfc3339(info.not_after)
    );
    if person.is_none() {
        eprintln!("note: the PDFs' passwords were not tried; give --person to try them");
    }
    Ok(Outcome::Fine)
}

/// Each file with its name inside.
fn names(files: &[PathBuf]) -> anyhow::Result<Vec<(String, &Path)>> {
    let mut taken: HashMap<&str, &Path> = HashMap::new();
    let mut named = Vec::new();
    for path in files {
        let Some(name) = path.file_name() else {
            return Err(Usage(format!("{} has no file name", path.display())).into());
        };
        let Some(name) = name.to_str() else {
            return Err(Usage(format!("the name of {} is not UTF-8", path.display())).into());
        };
        if let Some(other) = taken.insert(name, path) {
            return Err(Usage(format!(
                "{} and {} would both be {name} inside; rename one",
                other.display(),
                path.display()
            ))
            .into());
        }
        named.push((name.to_owned(), path.as_path()));
    }
    Ok(named)
}

fn signer(args: &Args) -> anyhow::Result<Signer> {
    let cannot = |path: &Path| format!("{} cannot be read", path.display());
    // Room for all of it, so that no half-filled copy stays behind in memory.
    let mut key = Zeroizing::new(Vec::with_capacity(usize::try_from(MAX_KEY)?));
    let file = File::open(&args.key).with_context(|| cannot(&args.key))?;
    file.take(MAX_KEY).read_to_end(&mut key).with_context(|| cannot(&args.key))?;
    let certificate = std::fs::read(&args.certificate).with_context(|| cannot(&args.certificate))?;
    let signer = Signer::new(&key, &certificate).map_err(|e| {
        let mend = match &e {
            BadSigner::Key => "an encrypted key is opened with `openssl pkey -in KEY.pem -out PLAIN.pem`",
            BadSigner::Certificate(_) => {
                "give an X.509 certificate of an RSA key made for signing, PEM or DER"
            }
            BadSigner::Pair => "give the certificate that was made for this key",
        };
        anyhow::anyhow!("{}, {}: {e} — {mend}", args.key.display(), args.certificate.display())
    })?;
    let now = SystemTime::now();
    let info = signer.info();
    if now < info.not_before || now > info.not_after {
        bail!(
            "{}: the certificate is valid from {} until {}, not now — have a new one made, or set this machine's clock",
            args.certificate.display(),
            rfc3339(info.not_before),
            rfc3339(info.not_after)
        );
    }
    Ok(signer)
}

/// The platform looks into JSON and PDF, so this does, before anything is signed.
fn check(name: &str, path: &Path, person: Option<&PersonalId>) -> anyhow::Result<()> {
    let cannot = || format!("{} cannot be read", path.display());
    let file = BufReader::new(File::open(path).with_context(cannot)?);
    match FileKind::of(name) {
        FileKind::Json => {
            if let Err(reason) = check_json(file).with_context(cannot)? {
                bail!("{} is not JSON in UTF-8: {reason}", path.display());
            }
        }
        FileKind::Pdf => {
            if let Err(fault) = check_pdf(file, person).with_context(cannot)? {
                bail!("{}: {fault} — {}", path.display(), mend::pdf(fault));
            }
        }
        FileKind::Other => {}
    }
    Ok(())
}

fn pack<W: Write>(files: &[(String, &Path)], signer: &Signer, out: W) -> anyhow::Result<W> {
    let mut builder = Builder::new(out, signer);
    for (name, path) in files {
        let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
        builder.file(name, file)?;
    }
    Ok(builder.finish()?)
}
