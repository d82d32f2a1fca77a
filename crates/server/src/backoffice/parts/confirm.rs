//! A page that asks once more before something is done that cannot easily be undone.

use askama::Template;

use super::form::Form;
use crate::backoffice::frame::Frame;

/// The page: the frame's title is the question, the form holds a reason where one is needed, the button that does it, and
/// the way out.
#[derive(Template)]
#[template(path = "backoffice/confirm.html")]
pub struct ConfirmPage {
    /// The frame; its title is the question: 下架「畢業證書」？
    pub frame: Frame,
    /// What will happen, one sentence each.
    pub consequences: Vec<String>,
    /// The form.
    pub form: Form,
}
