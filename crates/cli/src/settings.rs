//! The configuration: defaults ← file ← environment (`MYDATA_…`, `__` between levels) ← flags. Unknown keys are refused.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use figment::Figment;
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

/// Reads the configuration.
pub fn load(flags: &Flags) -> anyhow::Result<Config> {
    let mut figment = Figment::from(Serialized::defaults(Config::default()));
    let usual = PathBuf::from("mydata.toml");
    match &flags.config {
        Some(file) => {
            // Its own message would not say which file is missing.
            std::fs::metadata(file).with_context(|| format!("the configuration file {}", file.display()))?;
            figment = figment.merge(Toml::file_exact(file));
        }
        None if usual.is_file() => figment = figment.merge(Toml::file_exact(&usual)),
        None => {}
    }
    let env = Env::prefixed("MYDATA_").filter(|key| {
        let key = key.as_str().to_ascii_lowercase();
        !NOT_KEYS.contains(&key.as_str()) && !key.starts_with("test_") && !key.starts_with("sp_")
    });
    figment = figment.merge(env.split("__"));
    let mut config: Config =
        figment.extract().map_err(|e| anyhow::anyhow!("the configuration cannot be read: {e}"))?;
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
