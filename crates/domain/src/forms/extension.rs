//! 延長測試 (R29–R31). Its length is no field: an extension is three months.

use serde::{Deserialize, Serialize};

use super::reader::{DESCRIPTION, Reader};
use super::{Context, FieldError, Fields};

/// 延長測試.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtensionForm {
    /// 延長原因.
    pub reason: String,
}

impl ExtensionForm {
    /// Reads the form.
    ///
    /// # Errors
    /// Every field at fault.
    pub fn read(fields: &Fields, context: &Context) -> Result<Self, Vec<FieldError>> {
        let mut r = Reader::new(fields, context);
        let reason = r.paragraphs("reason", DESCRIPTION);
        r.finish(|| Some(Self { reason }))
    }
}
