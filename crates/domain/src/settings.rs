//! The few settings that the ministry may change while the platform runs. What is not set here is as configured.

use serde::{Deserialize, Serialize};

use crate::forms::Fault;
use crate::forms::reader::{mail, phone};
use crate::text;

/// Most further domains of free mail services.
pub const MAX_DOMAINS: usize = 500;

/// The settings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Further domains of free mail services (R2), beside those that are known and configured.
    pub free_mail: Vec<String>,
    /// The service desk's phone number (R22), instead of the configured one.
    pub phone: Option<String>,
    /// The service desk's mailbox (R20, R22), instead of the configured one.
    pub mailbox: Option<String>,
    /// Whether the platform suspends what fails its checks by itself; as configured where it is not said.
    pub automatic_suspension: Option<bool>,
}

impl Settings {
    /// Reads the form: domains one a line, phone, mailbox, and `on`, `off` or nothing.
    ///
    /// # Errors
    /// Every field at fault.
    pub fn read(
        free_mail: &str,
        service_phone: &str,
        mailbox: &str,
        suspension: &str,
    ) -> Result<Self, Vec<(&'static str, Fault)>> {
        let mut faults = Vec::new();
        let mut domains: Vec<String> = Vec::new();
        for line in free_mail.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let domain = line.trim_start_matches('@').to_ascii_lowercase();
            // What can stand behind the @ of an address.
            if mail(&format!("a@{domain}")).is_none() {
                faults.push(("free_mail", Fault::NotAMail));
                break;
            }
            if !domains.contains(&domain) {
                domains.push(domain);
            }
        }
        if domains.len() > MAX_DOMAINS {
            faults.push(("free_mail", Fault::TooMany { max: MAX_DOMAINS }));
        }
        let service_phone = service_phone.trim();
        let number = if service_phone.is_empty() {
            None
        } else {
            match text::line(service_phone, 40) {
                Ok(line) if phone(&line).is_some() => Some(line),
                _ => {
                    faults.push(("phone", Fault::NotAPhone));
                    None
                }
            }
        };
        let mailbox = mailbox.trim();
        let address = mail(mailbox);
        if address.is_none() && !mailbox.is_empty() {
            faults.push(("mailbox", Fault::NotAMail));
        }
        let automatic_suspension = match suspension {
            "on" => Some(true),
            "off" => Some(false),
            "" => None,
            _ => {
                faults.push(("automatic_suspension", Fault::NotAChoice));
                None
            }
        };
        if faults.is_empty() {
            Ok(Self { free_mail: domains, phone: number, mailbox: address, automatic_suspension })
        } else {
            Err(faults)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_read_or_every_fault_named() {
        let read = Settings::read(
            "@Free.example\nfree.example\n\nmail.example",
            "02-2345-6789",
            "desk@gov.example",
            "off",
        );
        let settings = read.unwrap();
        assert_eq!(settings.free_mail, ["free.example", "mail.example"]);
        assert_eq!(settings.automatic_suspension, Some(false));
        assert_eq!(Settings::read("", " ", "", "").unwrap(), Settings::default());
        let faults = Settings::read("no domain", "call me", "nobody", "maybe").unwrap_err();
        let names: Vec<_> = faults.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["free_mail", "phone", "mailbox", "automatic_suspension"]);
        assert!(Settings::read("<script>.example", "", "", "").is_err());
    }
}
