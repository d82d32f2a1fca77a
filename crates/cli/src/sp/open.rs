//! `mydata sp open`: a fetched token, down to the files that citizens' data are in (R121–R135).
//!
//! One pass over the token in constant memory. Without `--out` what was opened lies in a file without a name, so that
//! nothing of it stays behind.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context as _;
use mydata_seal::dp_package::{self, DpPackageError, FileKind, Verified};
use mydata_seal::package::Package;
use mydata_seal::token;
use mydata_seal::trust::Trust;
use mydata_wire::manifest::{FileCode, PackageEntry, hex};
use mydata_wire::notification::{News, Notification};
use mydata_wire::{CbcIv, PersonalId, SecretKey};
use serde_json::{Value, json};

use super::credentials::Flags;
use crate::dp::mend;
use crate::hidden::{self, Hidden};
use crate::output::{plain, rfc3339, thousands};
use crate::{Outcome, Usage, files, output};

/// Largest notification that is read.
const MAX_NOTIFICATION: u64 = 64 * 1024;

/// Flags of `mydata sp open`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The token's file; `-` for standard input.
    token: PathBuf,
    /// The exchange's secret_key. Others on this machine see arguments: prefer the variable or --notification.
    #[arg(long, value_name = "KEY", env = "MYDATA_SP_SECRET_KEY", hide_env_values = true)]
    secret_key: Option<Hidden>,
    /// Takes the secret_key from this file: the body that came to your SP-API.
    #[arg(long, value_name = "FILE")]
    notification: Option<PathBuf>,
    #[command(flatten)]
    service: Flags,
    /// Root certificates that data providers' signers must come from (PEM or DER); may be given several times.
    #[arg(long, value_name = "FILE", required_unless_present = "unverified")]
    roots: Vec<PathBuf>,
    /// Certificates that may stand between a signer and a root.
    #[arg(long, value_name = "FILE", requires = "roots")]
    intermediates: Vec<PathBuf>,
    /// Opens the token only: no data provider's package is verified, and none is unpacked.
    #[arg(long, conflicts_with = "roots")]
    unverified: bool,
    /// Unpacks into this folder: the package, each data provider's package, and the files of those that pass.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Every PDF must open with this personal id; `-` asks for it on standard input.
    #[arg(long, value_name = "ID", env = "MYDATA_PERSON_ID", hide_env_values = true)]
    person: Option<Hidden>,
    /// Prints the list as JSON.
    #[arg(long)]
    json: bool,
}

/// What became of one dataset.
enum State {
    Verified(Verified),
    Refused(DpPackageError),
    NoData,
    NotVerified(u64),
}

/// Opens, verifies, unpacks, lists.
pub fn run(args: &Args) -> anyhow::Result<Outcome> {
    hidden::one_reader_of_stdin(&args.token, args.person.as_ref(), "--person")?;
    let key = secret_key(args)?;
    let iv = args.service.service()?.cbc_iv()?;
    let trust = if args.unverified { None } else { Some(files::trust(&args.roots, &args.intermediates)?) };
    let person = hidden::person(args.person.as_ref(), "--person")?;

    let opened = open(args, &key, &iv)?;
    let mut package = Package::open(BufReader::new(opened.content)).context("what was sealed")?;
    let mut datasets = Vec::new();
    for entry in package.manifest().files.clone() {
        let state = judge(&mut package, &entry, trust.as_ref(), person.as_ref())?;
        if let Some(out) = &args.out {
            unpack(&mut package, &entry, &state, out)?;
        }
        datasets.push((entry, state));
    }

    if args.json {
        let list: Vec<Value> = datasets.iter().map(|(entry, state)| as_json(entry, state)).collect();
        let whole = json!({ "package": opened.name, "bytes": opened.len, "verified": trust.is_some(), "datasets": list });
        output::print_json(&whole)?;
    } else {
        let mut text =
            format!("ok          token       {}, {} bytes\n", plain(&opened.name), thousands(opened.len));
        for (entry, state) in &datasets {
            describe(entry, state, &mut text);
        }
        output::print(&text)?;
    }
    if trust.is_none() {
        eprintln!(
            "note: nobody looked at who signed the data (--unverified); give --roots before you rely on it"
        );
    } else if person.is_none() {
        eprintln!("note: the PDFs' passwords were not tried; give --person to try them");
    }
    let refused = datasets.iter().any(|(_, state)| matches!(state, State::Refused(_)));
    Ok(if refused { Outcome::CheckFailed } else { Outcome::Fine })
}

fn secret_key(args: &Args) -> anyhow::Result<SecretKey> {
    if let Some(given) = args.secret_key.as_ref().filter(|hidden| hidden.given().is_some()) {
        return given.read("--secret-key");
    }
    let Some(file) = &args.notification else {
        let how =
            "--secret-key is missing: set MYDATA_SP_SECRET_KEY, or give the notification with --notification";
        return Err(Usage(how.to_owned()).into());
    };
    let named = || format!("the notification {}", file.display());
    let mut body = Vec::new();
    File::open(file)
        .with_context(named)?
        .take(MAX_NOTIFICATION)
        .read_to_end(&mut body)
        .with_context(named)?;
    // What serde says of a text could repeat it.
    let read: Notification = serde_json::from_slice(&body)
        .map_err(|e| anyhow::anyhow!("line {}, column {}: not a notification's body", e.line(), e.column()))
        .with_context(named)?;
    match read.news {
        News::Confirmed { secret_key } => Ok(secret_key),
        News::Undeliverable { .. } => {
            Err(anyhow::anyhow!("it names datasets that cannot be delivered; the one before it has the key"))
                .with_context(named)
        }
    }
}

struct Opened {
    content: File,
    name: String,
    len: u64,
}

fn open(args: &Args, key: &SecretKey, iv: &CbcIv) -> anyhow::Result<Opened> {
    let token = files::input(&args.token)?;
    let mends = |e: token::OpenError| {
        let mend = token_mend(&e);
        anyhow::anyhow!("{e}{}{mend}", if mend.is_empty() { "" } else { " — " })
    };
    if let Some(out) = &args.out {
        files::private_folder(out)?;
        let path = token::open_to_folder(token, key, iv, out).map_err(mends)?;
        let content = File::open(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        return Ok(Opened { len: content.metadata()?.len(), content, name });
    }
    let opened = token::open(token, key, iv, files::nameless()?).map_err(mends)?;
    let mut content = opened.content;
    content.seek(SeekFrom::Start(0))?;
    Ok(Opened { content, name: opened.filename, len: opened.content_len })
}

/// How to mend what is wrong with a token, where its own text does not say it.
fn token_mend(error: &token::OpenError) -> &'static str {
    use token::OpenError;
    match error {
        OpenError::Read(_) | OpenError::Write(_) | OpenError::Truncated { .. } | OpenError::Cipher => "",
        OpenError::Signature => {
            "take the secret_key of the notification that has this exchange's permission_ticket"
        }
        OpenError::Trailing | OpenError::SignatureForm | OpenError::Header { .. } => {
            "give the answer of /service/data as it came, without a line break or quotes around it"
        }
        OpenError::Algorithm
        | OpenError::PayloadBase64
        | OpenError::Payload { .. }
        | OpenError::DataPrefix
        | OpenError::DataBase64
        | OpenError::Filename => "it is not a token that this platform made: look at where it came from",
    }
}

fn judge<R: Read + Seek>(
    package: &mut Package<R>,
    entry: &PackageEntry,
    trust: Option<&Trust>,
    person: Option<&PersonalId>,
) -> anyhow::Result<State> {
    let Some(reader) = package.dp_package(&entry.resource_id)? else { return Ok(State::NoData) };
    Ok(match trust {
        None => State::NotVerified(reader.package_len()),
        Some(trust) => match dp_package::verify(reader, trust, SystemTime::now(), person) {
            Ok(verified) => State::Verified(verified),
            Err(error) => State::Refused(error),
        },
    })
}

/// The data provider's package as it came, and its files if it passed.
fn unpack<R: Read + Seek>(
    package: &mut Package<R>,
    entry: &PackageEntry,
    state: &State,
    out: &Path,
) -> anyhow::Result<()> {
    if let Some(reader) = package.dp_package(&entry.resource_id)? {
        files::write_private(&out.join(entry.filename()), reader)?;
    }
    let State::Verified(verified) = state else { return Ok(()) };
    for file in &verified.files {
        let Some(reader) = package.dp_package(&entry.resource_id)? else { continue };
        // Verification refuses names that would lead out of the folder.
        let path = out.join(entry.resource_id.as_str()).join(&file.name);
        files::private_folder(path.parent().unwrap_or(out))?;
        files::write_private(&path, dp_package::open_file(reader, &file.name)?)?;
    }
    Ok(())
}

fn describe(entry: &PackageEntry, state: &State, text: &mut String) {
    let id = &entry.resource_id;
    let name = plain(&entry.resource_name);
    match state {
        State::NoData => *text += &format!("no data     {id}  {name}\n"),
        State::NotVerified(len) => {
            *text += &format!("unverified  {id}  {name}, {} bytes\n", thousands(*len));
        }
        State::Refused(error) => {
            let mend = mend::for_receiver(error);
            *text +=
                &format!("refused     {id}  {name}\n            {} — {mend}\n", plain(&error.to_string()));
        }
        State::Verified(verified) => {
            let signer = &verified.signer;
            let until = rfc3339(signer.not_after);
            *text += &format!(
                "ok          {id}  {name}\n            signed by {}, valid until {until}\n",
                plain(&signer.subject)
            );
            for file in &verified.files {
                *text += &format!("            {:>13} bytes  {}\n", thousands(file.len), plain(&file.name));
            }
        }
    }
}

fn as_json(entry: &PackageEntry, state: &State) -> Value {
    let mut value = json!({ "resource_id": entry.resource_id, "resource_name": entry.resource_name });
    value["code"] = match entry.code {
        FileCode::Present => 200.into(),
        FileCode::NoData => 204.into(),
    };
    match state {
        State::NoData => value["state"] = "no_data".into(),
        State::NotVerified(len) => {
            value["state"] = "unverified".into();
            value["bytes"] = (*len).into();
        }
        State::Refused(error) => {
            value["state"] = "refused".into();
            value["step"] = error.step().to_string().into();
            value["reason"] = error.to_string().into();
            value["mend"] = mend::for_receiver(error).into();
        }
        State::Verified(verified) => {
            value["state"] = "verified".into();
            value["signer"] = signer_json(verified);
            value["files"] = files_json(verified);
        }
    }
    value
}

/// Who signed, for `--json`.
pub fn signer_json(verified: &Verified) -> Value {
    let signer = &verified.signer;
    json!({
        "subject": signer.subject,
        "issuer": signer.issuer,
        "serial": signer.serial,
        "not_before": rfc3339(signer.not_before),
        "not_after": rfc3339(signer.not_after),
        "certificate_sha256": hex(&signer.certificate_sha256),
    })
}

/// What is inside, for `--json`.
pub fn files_json(verified: &Verified) -> Value {
    let file = |f: &dp_package::VerifiedFile| {
        let kind = match f.kind {
            FileKind::Json => "json",
            FileKind::Pdf => "pdf",
            FileKind::Other => "other",
        };
        json!({ "name": f.name, "bytes": f.len, "sha256": hex(&f.digest), "kind": kind })
    };
    verified.files.iter().map(file).collect()
}
