//! `mydata demo` on a folder of its own: a portal with something on every page.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use url::Url;

use crate::country::client;
use crate::process::Process;
use crate::program;

/// How long the first start may take: it lives through a year of the back office.
const START_LIMIT: Duration = Duration::from_secs(180);

/// A running demo.
#[derive(Debug)]
pub struct Demo {
    /// Where the portal answers.
    pub base: Url,
    /// Where the sandbox's overview answers.
    pub overview: Url,
    // The process ends first, then its folder.
    process: Process,
    _folder: TempDir,
}

impl Demo {
    /// Starts one and waits until it says where it answers.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("demo.log");
        let mut command = Command::new(program::mydata());
        command.args(["demo", "--port", "0", "--data-dir"]).arg(folder.path().join("data"));
        command.stdin(Stdio::null());
        let mut process = Process::start(&mut command, &log).unwrap();
        let since = Instant::now();
        let (base, overview) = loop {
            let said = process.log();
            let address = |of: &str| {
                let line = said.lines().find_map(|line| line.trim().strip_prefix(of))?;
                Url::parse(line.split_whitespace().next()?).ok()
            };
            if said.contains("Personas") {
                let told = address("Platform").zip(address("Overview"));
                break told.unwrap_or_else(|| panic!("the demo does not say where it answers:\n{said}"));
            }
            assert!(process.ended().unwrap().is_none() && since.elapsed() < START_LIMIT, "{said}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        };
        client().unwrap().get(base.clone()).send().await.unwrap();
        Self { base, overview, process, _folder: folder }
    }

    /// An address of it.
    ///
    /// # Panics
    /// When `path` is no path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        self.base.join(path).unwrap().to_string()
    }

    /// Every page that a reader without a session can reach from the site map, and those that nothing leads to: the path
    /// and query of at most `each` pages of a kind.
    ///
    /// # Panics
    /// When the demo does not answer.
    pub async fn pages(&self, each: usize) -> Vec<String> {
        let http = client().unwrap();
        let mut found: Vec<String> =
            ["/sitemap", "/styleguide", "/contact/sent?number=1151121-7K3FA", "/nowhere"]
                .map(str::to_owned)
                .to_vec();
        let mut next = 0;
        while let Some(path) = found.get(next).cloned() {
            next += 1;
            let answer = http.get(self.base.join(&path).unwrap()).send().await.unwrap();
            // What asks for a login leads away, and says nothing itself.
            let media = answer.headers().get("content-type").map(|media| media.to_str().unwrap());
            if media.is_none_or(|media| !media.starts_with("text/html")) {
                found.retain(|other| *other != path);
                next -= 1;
                continue;
            }
            let body = answer.text().await.unwrap();
            for link in body.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                let link = link.replace("&#38;", "&").replace("&amp;", "&");
                let path = link.split('#').next().unwrap_or_default();
                let others = ["/mydata-backend", "/assets/", "/api/", "/documents/"];
                if path.starts_with('/')
                    && !others.iter().any(|other| path.starts_with(other))
                    && !found.iter().any(|known| known == path)
                    && found.iter().filter(|known| kind(known) == kind(path)).count() < each
                {
                    found.push(path.to_owned());
                }
            }
        }
        found
    }

    /// Ends it.
    ///
    /// # Panics
    /// When it does not end when asked.
    pub fn stop(mut self) {
        self.process.terminate(Duration::from_secs(30)).unwrap();
    }
}

/// What kind of page an address leads to: its first part, whether there is more of it, and the names in its query.
fn kind(path: &str) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    let names: Vec<_> = query.split('&').filter_map(|pair| pair.split('=').next()).collect();
    format!("{first} {} {}", path.matches('/').count(), names.join(" "))
}
