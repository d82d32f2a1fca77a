//! `cargo xtask pictures`: every page of a running demo, as each kind of reader meets it, in both languages, on a phone and
//! on a desktop, for somebody to look at.
//!
//! It walks the links from each reader's first page and takes one page of a kind: the same rule, whatever it is about.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use mydata_e2e::browser::{Browser, Look};
use mydata_e2e::country::client;
use mydata_e2e::demo::Demo;
use thirtyfour::prelude::*;

const HELP: &str = "\
cargo xtask pictures [-- ARGS]

  --out FOLDER      where the pictures go (default target/pictures); an index.html shows them all
  --as A[,B…]       only as these readers: visitor, citizen, operator, authority, ministry, administrator, auditor,
                    applicant, deputy
  --dark            also in dark colours
  --print           also as it would be printed
";

/// Who looks: what they are called, and their account at the back office.
const READERS: [(&str, Door); 9] = [
    ("visitor", Door::None),
    ("citizen", Door::Citizen("wang-xiaoming")),
    ("operator", Door::Office),
    ("authority", Door::Office),
    ("ministry", Door::Office),
    ("administrator", Door::Office),
    ("auditor", Door::Office),
    ("applicant", Door::Office),
    ("deputy", Door::Office),
];
/// What every account of the demo's back office has.
const PASSWORD: &str = "a country in a box";
/// No reader has so many kinds of page; a walk that finds more runs in circles.
const MAX_PAGES: usize = 150;

/// How a reader comes in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Door {
    /// As everybody.
    None,
    /// Through the identity provider, as this persona.
    Citizen(&'static str),
    /// Through the back office's door, with the account of the reader's name.
    Office,
}

struct Wishes {
    out: PathBuf,
    readers: Vec<String>,
    dark: bool,
    print: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let wishes = wishes()?;
    std::fs::create_dir_all(&wishes.out)?;
    let demo = Demo::start().await;
    let mut taken = Vec::new();
    for (reader, door) in READERS {
        if wishes.readers.is_empty() || wishes.readers.iter().any(|wish| wish == reader) {
            let album = Album { demo: &demo, wishes: &wishes, reader };
            let pages = album.fill(door).await.with_context(|| format!("as {reader}"))?;
            println!("{reader}: {} kinds of page", pages.len());
            taken.push((reader, pages));
        }
    }
    demo.stop();
    std::fs::write(wishes.out.join("index.html"), index(&wishes, &taken))?;
    println!("{}", wishes.out.join("index.html").display());
    Ok(())
}

fn wishes() -> Result<Wishes> {
    let mut wishes =
        Wishes { out: PathBuf::from("target/pictures"), readers: Vec::new(), dark: false, print: false };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().with_context(|| format!("{arg} needs a value\n\n{HELP}"));
        match arg.as_str() {
            "--out" => wishes.out = value()?.into(),
            "--as" => wishes.readers = value()?.split(',').map(str::to_owned).collect(),
            "--dark" => wishes.dark = true,
            "--print" => wishes.print = true,
            other => bail!("`{other}` is unknown\n\n{HELP}"),
        }
    }
    let unknown = wishes.readers.iter().find(|wish| READERS.iter().all(|(name, _)| name != wish));
    ensure!(unknown.is_none(), "there is no reader {unknown:?}\n\n{HELP}");
    Ok(wishes)
}

/// One way to look at a page.
#[derive(Clone, Copy)]
struct View {
    lang: &'static str,
    phone: bool,
    media: Media,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Media {
    Light,
    Dark,
    Print,
}

impl View {
    fn all(wishes: &Wishes) -> Vec<Self> {
        let mut medias = vec![Media::Light];
        medias.extend(wishes.dark.then_some(Media::Dark));
        medias.extend(wishes.print.then_some(Media::Print));
        let mut all = Vec::new();
        for lang in ["zh-TW", "en"] {
            for phone in [false, true] {
                // Paper has one width.
                let fits = |media: &Media| *media != Media::Print || !phone;
                all.extend(medias.iter().copied().filter(fits).map(|media| Self { lang, phone, media }));
            }
        }
        all
    }

    fn size(self) -> (u32, u32) {
        match (self.media, self.phone) {
            (Media::Print, _) => (794, 1123),
            (_, true) => (390, 844),
            (_, false) => (1280, 900),
        }
    }

    fn suffix(self) -> String {
        let width = if self.phone { "phone" } else { "desktop" };
        let media = match self.media {
            Media::Light => "",
            Media::Dark => "-dark",
            Media::Print => "-print",
        };
        format!("{width}{media}.{}", self.lang)
    }
}

/// The pictures of one reader.
struct Album<'a> {
    demo: &'a Demo,
    wishes: &'a Wishes,
    reader: &'static str,
}

impl Album<'_> {
    /// Walks and takes; gives the kinds of page in the order they were found.
    async fn fill(&self, door: Door) -> Result<Vec<String>> {
        let folder = self.wishes.out.join(self.reader);
        std::fs::create_dir_all(&folder)?;
        let browser = Browser::start(&Look::default()).await?;
        let mut found: Vec<String> = match door {
            Door::None => self.demo.pages(1).await,
            Door::Citizen(persona) => {
                self.log_in(&browser, persona).await?;
                ["/me", "/downloads", "/record", "/barcodes", "/delegate", "/delegations"]
                    .map(str::to_owned)
                    .into()
            }
            Door::Office => {
                self.sign_in(&browser).await?;
                vec!["/mydata-backend".to_owned()]
            }
        };
        let mut kinds: BTreeSet<String> = found.iter().map(|path| kind(path)).collect();
        let mut pages = Vec::new();
        let mut next = 0;
        while let Some(path) = found.get(next).cloned() {
            next += 1;
            ensure!(found.len() <= MAX_PAGES, "more than {MAX_PAGES} kinds of page: {found:#?}");
            browser.goto(self.demo.url(&path)).await?;
            let name = file_name(&kind(&path));
            for view in View::all(self.wishes) {
                self.take(&browser, view, &path, &folder.join(format!("{name}.{}.png", view.suffix())))
                    .await?;
            }
            pages.push(name);
            if door == Door::None {
                continue;
            }
            for link in links(&browser).await? {
                let inside = (door == Door::Office) == link.starts_with("/mydata-backend");
                if inside && leads_to_a_page(&link) && kinds.insert(kind(&link)) {
                    found.push(link);
                }
            }
        }
        browser.close().await?;
        Ok(pages)
    }

    async fn take(&self, browser: &Browser, view: View, path: &str, file: &Path) -> Result<()> {
        let cookie = Cookie::new("lang", view.lang);
        browser.add_cookie(cookie).await?;
        browser.look_through(Some(view.size())).await?;
        let scheme = if view.media == Media::Dark { "dark" } else { "light" };
        browser
            .show_as(
                if view.media == Media::Print { "print" } else { "" },
                &[("prefers-color-scheme", scheme)],
            )
            .await?;
        browser.goto(self.demo.url(path)).await?;
        let all = "return Math.max(document.documentElement.scrollHeight, document.body.scrollHeight)";
        let height = browser.execute(all, vec![]).await?.json().as_u64().unwrap_or_default();
        let whole = u32::try_from(height)?.clamp(view.size().1, 6_000);
        browser.look_through(Some((view.size().0, whole))).await?;
        browser.picture(file).await?;
        browser.show_as("", &[]).await
    }

    /// As a citizen, by 自然人憑證 at the demo's identity provider.
    async fn log_in(&self, browser: &Browser, persona: &str) -> Result<()> {
        browser.goto(self.demo.url("/login")).await?;
        browser.click("input[name=method][value=CER]").await?;
        browser.click("form.login button.primary").await?;
        browser.click(&format!("button[value={persona}]")).await?;
        browser.click("#agree").await?;
        browser.click("form[action='/login/policies'] button").await?;
        browser.wait_for("form[action='/logout'] button, a[href='/me']").await?;
        Ok(())
    }

    async fn sign_in(&self, browser: &Browser) -> Result<()> {
        browser.goto(self.demo.url("/mydata-backend/signin")).await?;
        browser.fill("input[name=account]", self.reader).await?;
        browser.fill("input[name=password]", PASSWORD).await?;
        browser.click("form:has([name=password]) .buttons button").await?;
        let at = browser.wait_for("input[name=code], a[href$='/mydata-backend/me']").await?;
        if at.tag_name().await? == "input" {
            // A code works once; the reader before may have used the present one.
            for _ in 0..4 {
                browser.fill("input[name=code]", &self.code().await?).await?;
                browser.click("form:has([name=code]) .buttons button").await?;
                let inside =
                    browser.wait_for_within("a[href$='/mydata-backend/me']", Duration::from_secs(10));
                if inside.await.is_ok() {
                    return Ok(());
                }
                tokio::time::sleep(Duration::from_secs(12)).await;
            }
            bail!("the second factor was not taken");
        }
        Ok(())
    }

    async fn code(&self) -> Result<String> {
        let page = client()?.get(self.demo.overview.join("authenticator")?).send().await?.text().await?;
        let code = page.split("<code>").nth(1).and_then(|rest| rest.split("</code>").next());
        Ok(code.context("the demo's authenticator shows no code")?.to_owned())
    }
}

/// Where the page leads, on this platform.
async fn links(browser: &Browser) -> Result<Vec<String>> {
    let own = "return [...document.links].filter(a => a.origin === location.origin && !a.download)
        .map(a => a.pathname + a.search)";
    Ok(browser.execute(own, vec![]).await?.convert()?)
}

fn leads_to_a_page(path: &str) -> bool {
    let files = [".csv", ".json", ".pdf", ".txt", ".xml", ".yaml", ".zip", ".svg"];
    let bare = path.split('?').next().unwrap_or(path);
    let others = [
        "/assets/",
        "/api/",
        "/documents/",
        "/export",
        "/signout",
        "/download/",
        "/files/",
        "/uploads/",
        "/pdf",
    ];
    !files.iter().any(|file| bare.ends_with(file)) && !others.iter().any(|other| path.contains(other))
}

/// What kind of page an address leads to: its parts without names and numbers of things, and the names in its query.
fn kind(path: &str) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let part = |part: &str| {
        let thing = part.chars().any(|c| c.is_ascii_digit() || c.is_ascii_uppercase()) || part.len() > 24;
        if thing { "-".to_owned() } else { part.to_owned() }
    };
    let parts: Vec<_> = path.trim_start_matches('/').split('/').map(part).collect();
    // What a list is sorted by and where it stands changes nothing of how it looks.
    let names: BTreeSet<_> = query.split('&').filter_map(|pair| pair.split('=').next()).collect();
    let dull = ["", "sort", "page", "order", "after", "before", "dir", "next", "q", "state", "kind", "back"];
    let names: Vec<_> = names.into_iter().filter(|name| !dull.contains(name)).collect();
    format!("{}?{}", parts.join("/"), names.join("&"))
}

fn file_name(kind: &str) -> String {
    let name: String = kind
        .trim_start_matches("mydata-backend/")
        .trim_end_matches('?')
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' })
        .collect();
    if name.is_empty() { "first".to_owned() } else { name }
}

/// A page that shows them all.
fn index(wishes: &Wishes, taken: &[(&str, Vec<String>)]) -> String {
    let mut html = String::from(
        "<!doctype html><meta charset=utf-8><title>pictures</title><style>body{font:14px system-ui;margin:2rem}\
         .row{display:flex;gap:1rem;overflow:auto;align-items:start}img{border:1px solid #ccc;max-height:40rem}</style>",
    );
    for (reader, pages) in taken {
        let _ = write!(html, "<h1>{reader}</h1>");
        for page in pages {
            let _ = write!(html, "<h2>{page}</h2><div class=row>");
            for view in View::all(wishes) {
                let suffix = view.suffix();
                let file = format!("{reader}/{page}.{suffix}.png");
                let _ = write!(
                    html,
                    "<a href=\"{file}\"><img loading=lazy alt=\"{page}, {suffix}\" src=\"{file}\"></a>"
                );
            }
            html.push_str("</div>");
        }
    }
    html
}
