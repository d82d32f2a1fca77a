//! Single steps of people at the back office.

use std::time::{Duration, SystemTime};

use mydata_e2e::axe::assert_accessible;
use mydata_e2e::browser::{Browser, Look};
use mydata_e2e::country::Country;
use mydata_e2e::totp;
use thirtyfour::prelude::*;

pub const PASSWORD: &str = "a sentence of the browser tests";

/// `mydata admin …` on the platform's configuration; gives what it prints.
pub fn admin(country: &Country, args: &[&str]) -> String {
    let output = country.platform.run(&[&["admin"], args].concat()).unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "admin {args:?}: {said}");
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// Opens an account; gives the link that sets its password.
pub fn invite(country: &Country, role: &str, name: &str) -> String {
    let mail = format!("{name}@mydata.example");
    admin(country, &["add", "--role", role, "--account", name, "--mail", &mail, "--name", "陳示華"])
}

/// Somebody with a browser.
pub struct Person {
    pub browser: Browser,
    look: Look,
    base: String,
}

impl Person {
    /// At the platform's own address, or at another name of it.
    pub async fn at(base: &str, look: Look) -> Self {
        let browser = Browser::start(&look).await.unwrap();
        Self { browser, look, base: base.trim_end_matches('/').to_owned() }
    }

    pub async fn open(&self, path: &str) {
        self.browser.goto(format!("{}{path}", self.base)).await.unwrap();
    }

    /// The page is accessible; with `MYDATA_TEST_PICTURES` set to a folder, it is kept there as a picture.
    pub async fn look(&self, name: &str) {
        // axe-core is itself a script, so without scripts there is nobody to ask.
        if self.look.javascript {
            assert_accessible(&self.browser).await.unwrap_or_else(|e| panic!("{name}: {e:#}"));
        }
        if let Some(folder) = std::env::var_os("MYDATA_TEST_PICTURES") {
            let (width, script) = (self.look.size.0, if self.look.javascript { "" } else { "-no-script" });
            let file = format!("{name}-{width}{script}.{}.png", self.look.language);
            self.browser.picture(&std::path::Path::new(&folder).join(file)).await.unwrap();
        }
    }

    pub async fn text(&self) -> String {
        self.browser.text().await.unwrap()
    }

    /// Presses the button of the form that has this field.
    pub async fn submit(&self, field: &str) {
        self.browser.click(&format!("form:has([name={field}]) .buttons button")).await.unwrap();
    }

    /// Sets the password with a link.
    pub async fn set_password(&self, link: &str, password: &str) {
        let path = link.find("/mydata-backend").map(|at| &link[at..]).unwrap();
        self.open(path).await;
        self.browser.fill("input[name=new]", password).await.unwrap();
        self.browser.fill("input[name=again]", password).await.unwrap();
        self.look("set-password").await;
        self.submit("new").await;
        self.browser.wait_for("input[name=password]").await.unwrap();
    }

    pub async fn sign_in(&self, name: &str, password: &str) {
        self.open("/mydata-backend/signin").await;
        self.browser.fill("input[name=account]", name).await.unwrap();
        self.browser.fill("input[name=password]", password).await.unwrap();
        self.look("sign-in").await;
        self.submit("password").await;
    }

    pub async fn sign_out(&self) {
        self.browser.click("form[action$=signout] button").await.unwrap();
        self.browser.wait_for("input[name=password]").await.unwrap();
    }

    /// Waits for a page of somebody who is signed in.
    pub async fn is_in(&self) {
        self.browser.wait_for("a[href$='/mydata-backend/me']").await.unwrap();
    }

    /// The secret that the page shows for an authenticator app.
    pub async fn shown_secret(&self) -> String {
        self.browser.wait_for("code.secret").await.unwrap().text().await.unwrap()
    }

    /// Types the one-time password of this secret; `steps` after the present one.
    pub async fn type_code(&self, secret: &str, steps: u64) {
        let now = SystemTime::now() + Duration::from_secs(30) * u32::try_from(steps).unwrap();
        self.browser.fill("input[name=code]", &totp::code(secret, now)).await.unwrap();
        self.submit("code").await;
    }

    /// How many elements there are.
    pub async fn count(&self, css: &str) -> usize {
        self.browser.find_all(By::Css(css)).await.unwrap().len()
    }
}
