//! A line of the table: method, path, rule, handler. There is no way to make one without a rule.

use std::pin::Pin;
use std::sync::Arc;

use axum::response::Response;
use http::Method;

use super::fault::Fault;
use super::rule::Rule;
use super::visit::Visit;

/// What a handler gives: an answer, or what went wrong.
pub type Answer = Result<Response, Fault>;

/// A handler, called once the gate has let the visit pass.
type Handler = Arc<dyn Fn(Visit) -> Pin<Box<dyn Future<Output = Answer> + Send>> + Send + Sync>;

/// Largest posted form without files.
const MAX_FORM: usize = 512 * 1024;
/// Largest posted form with long texts: nine bytes a character, as browsers write them, in two languages.
const MAX_LONG: usize = 4 * 1024 * 1024;
/// Largest file that may be uploaded (R45).
pub const MAX_FILE: usize = 10 * 1024 * 1024;

/// A line of the table.
#[derive(Clone)]
pub struct Route {
    /// GET or POST.
    pub method: Method,
    /// The path as axum has it; what it names `{id}` is what [`Rule::Owner`] looks up.
    pub path: &'static str,
    /// Who may.
    pub rule: Rule,
    /// Whether only those may who proved within the last minutes who they are: for secrets.
    pub fresh: bool,
    /// Largest body.
    pub max_body: usize,
    handler: Handler,
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {:?}", self.method, self.path, self.rule)
    }
}

impl Route {
    /// A page.
    pub fn get<F, Fut>(path: &'static str, rule: Rule, handler: F) -> Self
    where
        F: Fn(Visit) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Answer> + Send + 'static,
    {
        Self::new(Method::GET, path, rule, handler)
    }

    /// A form. The gate has checked its token and its origin.
    pub fn post<F, Fut>(path: &'static str, rule: Rule, handler: F) -> Self
    where
        F: Fn(Visit) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Answer> + Send + 'static,
    {
        Self::new(Method::POST, path, rule, handler)
    }

    fn new<F, Fut>(method: Method, path: &'static str, rule: Rule, handler: F) -> Self
    where
        F: Fn(Visit) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Answer> + Send + 'static,
    {
        let handler: Handler = Arc::new(move |visit| Box::pin(handler(visit)));
        Self { method, path, rule, fresh: false, max_body: MAX_FORM, handler }
    }

    /// Asks for a proof (password or second factor) within the last minutes.
    pub fn fresh(mut self) -> Self {
        self.fresh = true;
        self
    }

    /// Takes long texts, in two languages: more than other forms hold.
    pub fn with_long_texts(mut self) -> Self {
        self.max_body = MAX_LONG;
        self
    }

    /// Takes up to so many files of [`MAX_FILE`] each beside the form. A larger one reaches the handler cut short and
    /// marked as too large, so that the page can say so by its field.
    pub fn with_files(mut self, files: usize) -> Self {
        self.max_body = MAX_FORM + files * (MAX_FILE + 64 * 1024);
        self
    }

    /// Whether it takes files: such a form is held in memory whole, so only some are read at a time.
    pub(super) fn takes_files(&self) -> bool {
        self.max_body > MAX_FORM
    }

    /// Calls the handler.
    pub(super) async fn handle(&self, visit: Visit) -> Answer {
        (self.handler)(visit).await
    }
}
