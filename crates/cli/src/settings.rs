//! The configuration: defaults ← file ← environment (`MYDATA_…`, `__` between levels) ← flags. Unknown keys are refused.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use figment::Figment;
use figment::error::{Actual, Kind};
use figment::providers::{Env, Format as _, Serialized, Toml};
use mydata_server::Config;
use url::Url;

/// Variables with our prefix that are no keys of the configuration.
const NOT_KEYS: [&str; 4] = ["config", "log", "log_format", "person_id"];

/// Flags that every command with a configuration has.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Flags {
    /// The configuration file (TOML). Without it `mydata.toml` in this folder, if there is one.
    #[arg(long, value_name = "FILE", env = "MYDATA_CONFIG")]
    pub config: Option<PathBuf>,
    /// Folder of database, blobs and keys.
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// `postgres://…` instead of the SQLite file in the data folder.
    #[arg(long, value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Where to listen, such as `127.0.0.1:8480`.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// How the outside reaches the platform.
    #[arg(long, value_name = "URL")]
    pub base_url: Option<Url>,
}

/// A file that is TOML. The parser's own message would show the line, and a secret may stand there.
fn file_of(file: &Path) -> anyhow::Result<figment::providers::Data<Toml>> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("the configuration file {} cannot be read", file.display()))?;
    toml::from_str::<toml::Table>(&text)
        .map_err(|error| at_line(&text, &error))
        .with_context(|| format!("the configuration file {}", file.display()))?;
    Ok(Toml::file_exact(file))
}

/// What the TOML parser says and on which line, without the line.
pub fn at_line(text: &str, error: &toml::de::Error) -> anyhow::Error {
    let line = |at: usize| text.as_bytes()[..at.min(text.len())].iter().filter(|b| **b == b'\n').count() + 1;
    match error.span() {
        Some(span) => anyhow::anyhow!("line {}: {}", line(span.start), error.message()),
        None => anyhow::anyhow!("{}", error.message()),
    }
}

/// What is wrong with which key, without the values: any of them may be a secret.
fn spoken(errors: figment::Error) -> String {
    let mut text = "the configuration cannot be read:".to_owned();
    for error in errors {
        let what = match &error.kind {
            Kind::InvalidType(found, wanted) | Kind::InvalidValue(found, wanted) => {
                format!("{} stands where {wanted} is expected", kind_of(found))
            }
            Kind::Unsupported(found) => format!("{} cannot stand here", kind_of(found)),
            Kind::UnsupportedKey(found, wanted) => {
                format!("{} is used as a key where {wanted} is expected", kind_of(found))
            }
            other => other.to_string(),
        };
        let key = error.path.join(".");
        text += &if key.is_empty() { format!(" {what}") } else { format!(" {key}: {what}") };
        if let Some(metadata) = &error.metadata {
            match &metadata.source {
                Some(source) => text += &format!(" (in {source})"),
                None => text += &format!(" (in {})", metadata.name),
            }
        }
    }
    text
}

fn kind_of(found: &Actual) -> &'static str {
    match found {
        Actual::Bool(_) => "true or false",
        Actual::Unsigned(_) | Actual::Signed(_) | Actual::Float(_) => "a number",
        Actual::Char(_) | Actual::Str(_) => "a text",
        Actual::Seq => "a list",
        Actual::Map => "a table",
        _ => "something else",
    }
}

/// Reads the configuration.
pub fn load(flags: &Flags) -> anyhow::Result<Config> {
    let mut figment = Figment::from(Serialized::defaults(Config::default()));
    let usual = PathBuf::from("mydata.toml");
    match &flags.config {
        Some(file) => {
            // Its own message would not say which file is missing.
            std::fs::metadata(file).with_context(|| format!("the configuration file {}", file.display()))?;
            figment = figment.merge(file_of(file)?);
        }
        None if usual.is_file() => figment = figment.merge(file_of(&usual)?),
        None => {}
    }
    let env = Env::prefixed("MYDATA_").filter(|key| {
        let key = key.as_str().to_ascii_lowercase();
        !NOT_KEYS.contains(&key.as_str()) && !key.starts_with("test_") && !key.starts_with("sp_")
    });
    figment = figment.merge(env.split("__"));
    let mut config: Config = figment.extract().map_err(|e| anyhow::anyhow!(spoken(e)))?;
    if let Some(folder) = &flags.data_dir {
        config.data_dir.clone_from(folder);
    }
    if let Some(url) = &flags.database_url {
        config.database_url = Some(mydata_server::config::DatabaseUrl(url.clone()));
    }
    if let Some(listen) = flags.listen {
        config.listen = listen;
    }
    if let Some(url) = &flags.base_url {
        config.base_url = Some(url.clone());
    }
    Ok(config)
}
