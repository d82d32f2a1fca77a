//! Chromium behind ChromeDriver, with a profile of its own that is thrown away.

use std::io::{BufRead as _, BufReader};
use std::ops::Deref;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;
use thirtyfour::ChromeCapabilities;
use thirtyfour::error::WebDriverErrorInner;
use thirtyfour::prelude::*;

/// Without these, Chromium does not start as root, or calls home.
const FLAGS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
];

/// How the page is looked at.
#[derive(Debug, Clone)]
pub struct Look {
    /// The window in CSS pixels.
    pub size: (u32, u32),
    /// `Accept-Language`, for example `zh-TW` or `en`.
    pub language: &'static str,
    /// Whether scripts run.
    pub javascript: bool,
}

impl Default for Look {
    /// A desktop, zh-TW, with scripts.
    fn default() -> Self {
        Self { size: (1280, 900), language: "zh-TW", javascript: true }
    }
}

impl Look {
    /// A phone, upright.
    #[must_use]
    pub fn phone() -> Self {
        Self { size: (390, 844), ..Self::default() }
    }
}

/// A running browser; dereferences to thirtyfour's `WebDriver`.
#[derive(Debug)]
pub struct Browser {
    // The order matters at the end: first the session, then the driver, then the profile's folder.
    web: WebDriver,
    driver: Driver,
    _profile: TempDir,
}

impl Browser {
    /// Starts one.
    ///
    /// # Errors
    /// When ChromeDriver or Chromium do not start.
    pub async fn start(look: &Look) -> Result<Self> {
        let profile = tempfile::tempdir()?;
        let driver = Driver::start()?;
        let mut capabilities = ChromeCapabilities::new();
        for flag in FLAGS {
            capabilities.add_arg(flag)?;
        }
        capabilities.add_arg(&format!("--user-data-dir={}", profile.path().display()))?;
        capabilities.add_arg(&format!("--window-size={},{}", look.size.0, look.size.1))?;
        capabilities.add_arg(&format!("--lang={}", look.language))?;
        let mut preferences = serde_json::json!({ "intl.accept_languages": look.language });
        if !look.javascript {
            preferences["profile.managed_default_content_settings.javascript"] = 2.into();
        }
        capabilities.add_experimental_option("prefs", preferences)?;
        // A phone's viewport, which a window cannot be made as narrow as.
        if look.size.0 < 500 {
            let metrics = serde_json::json!({ "width": look.size.0, "height": look.size.1, "pixelRatio": 2.0, "touch": false });
            capabilities.add_experimental_option(
                "mobileEmulation",
                serde_json::json!({ "deviceMetrics": metrics }),
            )?;
        }
        let web = WebDriver::new(format!("http://127.0.0.1:{}", driver.port), capabilities).await?;
        web.set_page_load_timeout(Duration::from_secs(60)).await?;
        Ok(Self { web, driver, _profile: profile })
    }

    /// Waits until an element with this CSS selector is there and visible.
    ///
    /// # Errors
    /// After 30 seconds, with the page's address and text.
    pub async fn wait_for(&self, css: &str) -> Result<WebElement> {
        self.wait_for_within(css, Duration::from_secs(30)).await
    }

    /// The same with another limit.
    ///
    /// # Errors
    /// After `limit`, with the page's address and text.
    pub async fn wait_for_within(&self, css: &str, limit: Duration) -> Result<WebElement> {
        let end = Instant::now() + limit;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let query = self.web.query(By::Css(css)).wait(left, Duration::from_millis(50)).and_displayed();
            let error = match query.first().await {
                Ok(element) => return Ok(element),
                Err(error) => error,
            };
            // A page that goes away between finding an element and looking at it ends the query early.
            if Instant::now() >= end {
                let address = self.web.current_url().await?;
                let text = self.text().await.unwrap_or_default();
                return Err(error)
                    .with_context(|| format!("`{css}` did not appear on {address}, which says:\n{text}"));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Clicks the element with this selector, once it is there. A page that moves may replace it between finding and
    /// clicking; then the new one is clicked.
    ///
    /// # Errors
    /// As [`Self::wait_for`].
    pub async fn click(&self, css: &str) -> Result<()> {
        let mut tries = 0;
        loop {
            tries += 1;
            let element = self.wait_for(css).await?;
            let clicked = async {
                element.scroll_into_view().await?;
                element.click().await
            };
            match clicked.await {
                Ok(()) => return Ok(()),
                Err(_) if tries < 5 => tokio::time::sleep(Duration::from_millis(100)).await,
                Err(error) => return Err(error).with_context(|| format!("`{css}` cannot be clicked")),
            }
        }
    }

    /// Writes into the field with this selector, in place of what stands there.
    ///
    /// # Errors
    /// As [`Self::wait_for`].
    pub async fn fill(&self, css: &str, text: &str) -> Result<()> {
        let element = self.wait_for(css).await?;
        element.clear().await?;
        element.send_keys(text).await.with_context(|| format!("`{css}` cannot be filled"))
    }

    /// What a reader sees of the page.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn text(&self) -> Result<String> {
        // A page that loads itself anew may go away between the two questions.
        for _ in 0..5 {
            let body = self.web.find(By::Tag("body")).await?;
            match body.text().await {
                Err(error) if matches!(*error, WebDriverErrorInner::StaleElementReference(_)) => {}
                text => return Ok(text?),
            }
        }
        Ok(self.web.find(By::Tag("body")).await?.text().await?)
    }

    /// A picture of the whole page, not only of the window.
    ///
    /// # Errors
    /// When the browser does not answer or the file cannot be written.
    pub async fn picture(&self, file: &Path) -> Result<()> {
        let png = self.web.find(By::Tag("html")).await?.screenshot_as_png().await?;
        ensure!(png.starts_with(b"\x89PNG"), "the browser's picture is no PNG");
        std::fs::write(file, png).with_context(|| format!("cannot write {}", file.display()))
    }

    /// Gives the browser a passkey authenticator of its own (WebDriver's Web Authentication extension), built in, that
    /// knows its user; gives its id.
    ///
    /// # Errors
    /// When the driver refuses.
    pub async fn add_authenticator(&self) -> Result<String> {
        let wish = serde_json::json!({
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": true,
            "hasUserVerification": true,
            "isUserConsenting": true,
            "isUserVerified": true,
        });
        let answer = self.web_authentication("authenticator", &wish).await?;
        Ok(answer.as_str().context("the driver names no authenticator")?.to_owned())
    }

    /// Whether the authenticator recognises its user from now on.
    ///
    /// # Errors
    /// When the driver refuses.
    pub async fn verify_user(&self, authenticator: &str, verified: bool) -> Result<()> {
        let wish = serde_json::json!({ "isUserVerified": verified });
        self.web_authentication(&format!("authenticator/{authenticator}/uv"), &wish).await?;
        Ok(())
    }

    async fn web_authentication(&self, what: &str, wish: &serde_json::Value) -> Result<serde_json::Value> {
        self.command(&format!("webauthn/{what}"), wish).await
    }

    async fn command(&self, what: &str, wish: &serde_json::Value) -> Result<serde_json::Value> {
        let (port, session) = (self.driver.port, self.web.session_id());
        let url = format!("http://127.0.0.1:{port}/session/{session}/{what}");
        let client = crate::country::client()?;
        let answer: serde_json::Value = client.post(url).json(wish).send().await?.json().await?;
        ensure!(answer["value"]["error"].is_null(), "the driver says {answer}");
        Ok(answer["value"].clone())
    }

    /// Looks at the page through a window of this width and height from now on, as a phone would below 500 pixels; `None`
    /// gives the window back.
    ///
    /// # Errors
    /// When the driver refuses.
    pub async fn look_through(&self, size: Option<(u32, u32)>) -> Result<()> {
        let (command, wish) = match size {
            Some((width, height)) => (
                "Emulation.setDeviceMetricsOverride",
                serde_json::json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 }),
            ),
            None => ("Emulation.clearDeviceMetricsOverride", serde_json::json!({})),
        };
        self.command("goog/cdp/execute", &serde_json::json!({ "cmd": command, "params": wish })).await?;
        Ok(())
    }

    /// Lets pages see other wishes of their reader from now on, such as `("prefers-color-scheme", "dark")`; none gives them
    /// back.
    ///
    /// # Errors
    /// When the driver refuses.
    pub async fn prefer(&self, features: &[(&str, &str)]) -> Result<()> {
        self.show_as("", features).await
    }

    /// The same, and on a medium such as `print`; an empty one is the screen.
    ///
    /// # Errors
    /// When the driver refuses.
    pub async fn show_as(&self, medium: &str, features: &[(&str, &str)]) -> Result<()> {
        let features: Vec<_> = features
            .iter()
            .map(|(name, value)| serde_json::json!({ "name": name, "value": value }))
            .collect();
        let wish = serde_json::json!({
            "cmd": "Emulation.setEmulatedMedia",
            "params": { "media": medium, "features": features },
        });
        self.command("goog/cdp/execute", &wish).await?;
        Ok(())
    }

    /// Ends it. Dropping it does the same, less politely.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn close(self) -> Result<()> {
        Ok(self.web.quit().await?)
    }
}

impl Deref for Browser {
    type Target = WebDriver;

    fn deref(&self) -> &WebDriver {
        &self.web
    }
}

/// ChromeDriver on a port that it chose itself.
#[derive(Debug)]
struct Driver {
    child: Child,
    port: u16,
}

impl Driver {
    /// The driver takes a free port for IPv4 and then wants the same one for IPv6; where that is somebody else's it ends
    /// at once, and another port is to be tried.
    fn start() -> Result<Self> {
        let mut tries = 0;
        loop {
            tries += 1;
            match Self::start_once() {
                Err(_) if tries < 5 => {}
                other => return other,
            }
        }
    }

    fn start_once() -> Result<Self> {
        let mut child = Command::new("chromedriver")
            .args(["--port=0", "--log-level=WARNING"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start chromedriver; `cargo xtask test` installs it")?;
        let mut lines = BufReader::new(child.stdout.take().expect("stdout was asked to be a pipe")).lines();
        let port = loop {
            let line = lines.next().context("chromedriver ended without naming its port")??;
            if let Some((_, rest)) = line.split_once("successfully on port ") {
                break rest
                    .trim_end_matches('.')
                    .parse()
                    .with_context(|| format!("chromedriver says `{line}`"))?;
            }
        };
        // It must never block on a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Self { child, port })
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
