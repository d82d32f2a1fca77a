//! Keeping what an exchange consisted of, for an engineer to take apart.

use std::fs;
use std::io;
use std::path::Path;

use mydata_wire::notification::News;

use crate::Sandbox;
use crate::lab::LabService;
use crate::sp::{Case, Sp};

/// Tells every SP to leave tokens and packages where they are, until [`case`] takes them.
pub(super) fn files(sandbox: &Sandbox) {
    sandbox.bank().keep_files(true);
    for service in LabService::ALL {
        sandbox.lab().service(service).keep_files(true);
    }
}

/// Writes everything of a case into `folder`.
pub(super) fn case(folder: &Path, sp: &Sp, case: &Case, return_url: Option<&str>) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("entry-url.txt"), format!("{}\n", case.entry_url))?;
    if let Some(url) = return_url {
        fs::write(folder.join("return-url.txt"), format!("{url}\n"))?;
    }
    let service = &sp.facts().service;
    let mut keys = format!(
        "client_id = {}\nclient_secret = {}\ncbc_iv = {}\ntx_id = {}\n",
        service.client_id,
        service.client_secret.expose(),
        service.cbc_iv.expose(),
        case.tx_id
    );
    if let Some(notification) = &case.notification {
        keys.push_str(&format!("permission_ticket = {}\n", notification.permission_ticket.expose()));
        if let News::Confirmed { secret_key } = &notification.news {
            keys.push_str(&format!("secret_key = {}\n", secret_key.to_wire()));
        }
    }
    fs::write(folder.join("keys.txt"), keys)?;
    let tx_id = case.tx_id.to_string();
    let calls = sp.notifications().calls();
    let ours = calls.iter().filter(|call| {
        serde_json::from_slice::<serde_json::Value>(&call.body)
            .is_ok_and(|body| body["tx_id"] == tx_id.as_str())
    });
    for (index, call) in ours.enumerate() {
        fs::write(folder.join(format!("notification-{}.json", index + 1)), &call.body)?;
    }
    let received = sp.case_folder(&case.tx_id);
    if received.is_dir() {
        for entry in fs::read_dir(&received)? {
            let entry = entry?;
            fs::copy(entry.path(), folder.join(entry.file_name()))?;
        }
        fs::remove_dir_all(received)?;
    }
    Ok(())
}
