//! Who the service is and what it knows: from flags, variables or a registry file, in this order.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use mydata_domain::registry::ServiceEntry;
use mydata_wire::{CbcIv, ClientId, ClientSecret};

use crate::hidden::Hidden;
use crate::{Usage, registry};

/// Flags that name a service.
#[derive(Debug, clap::Args)]
pub struct Flags {
    /// The service. Need not be given when the registry file has one only.
    #[arg(long, value_name = "CLI.…", env = "MYDATA_SP_CLIENT_ID")]
    pub client_id: Option<ClientId>,
    /// Its CBC IV. Others on this machine see arguments: prefer the variable or --registry.
    #[arg(long, value_name = "IV", env = "MYDATA_SP_CBC_IV", hide_env_values = true)]
    pub cbc_iv: Option<Hidden>,
    /// Takes what is not given from this registry file.
    #[arg(long, value_name = "FILE")]
    pub registry: Option<PathBuf>,
}

/// What the flags say, and what the registry file adds.
pub struct Service<'a> {
    flags: &'a Flags,
    /// The service in the registry file, where one is given.
    pub entry: Option<ServiceEntry>,
}

impl Flags {
    /// Finds the service.
    pub fn service(&self) -> anyhow::Result<Service<'_>> {
        let Some(file) = &self.registry else { return Ok(Service { flags: self, entry: None }) };
        let mut services = registry::read(file)?.services;
        let entry = match &self.client_id {
            Some(id) => services.into_iter().find(|s| s.service.client_id == *id).with_context(|| {
                format!(
                    "the registry file {} has no service {id}; look at its client_id lines",
                    file.display()
                )
            })?,
            None if services.len() == 1 => services.remove(0),
            None => {
                let ids: Vec<_> = services.iter().map(|s| s.service.client_id.as_str()).collect();
                if ids.is_empty() {
                    bail!("the registry file {} has no service", file.display());
                }
                return Err(Usage(format!(
                    "--client-id is missing: the registry file {} has {}",
                    file.display(),
                    ids.join(", ")
                ))
                .into());
            }
        };
        Ok(Service { flags: self, entry: Some(entry) })
    }
}

fn missing(flag: &str, variable: &str) -> anyhow::Error {
    Usage(format!("{flag} is missing: set {variable}, or take it from a registry file with --registry"))
        .into()
}

impl Service<'_> {
    /// Its identifier.
    pub fn client_id(&self) -> anyhow::Result<ClientId> {
        let entry = self.entry.as_ref().map(|entry| entry.service.client_id.clone());
        self.flags.client_id.clone().or(entry).ok_or_else(|| missing("--client-id", "MYDATA_SP_CLIENT_ID"))
    }

    /// Its CBC IV.
    pub fn cbc_iv(&self) -> anyhow::Result<CbcIv> {
        match (&self.flags.cbc_iv, &self.entry) {
            (Some(given), _) if given.given().is_some() => given.read("--cbc-iv"),
            (_, Some(entry)) => Ok(entry.secrets.cbc_iv.clone()),
            (_, None) => Err(missing("--cbc-iv", "MYDATA_SP_CBC_IV")),
        }
    }

    /// Its secret: the one given, else the registry's.
    pub fn client_secret(&self, given: Option<&Hidden>) -> anyhow::Result<ClientSecret> {
        match (given.filter(|hidden| hidden.given().is_some()), &self.entry) {
            (Some(given), _) => given.read("--client-secret"),
            (None, Some(entry)) => Ok(entry.secrets.client_secret.clone()),
            (None, None) => Err(missing("--client-secret", "MYDATA_SP_CLIENT_SECRET")),
        }
    }
}
