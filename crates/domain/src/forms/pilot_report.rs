//! 試辦報告 (R52, R53).

use serde::{Deserialize, Serialize};

use super::reader::{DESCRIPTION, Reader};
use super::upload::{Purpose, UploadId};
use super::{Context, FieldError, Fields};

/// 試辦報告.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PilotReportForm {
    /// 試辦報告, the file.
    pub report: UploadId,
    /// 試辦情形說明.
    #[serde(default)]
    pub summary: String,
}

impl PilotReportForm {
    /// Reads the form.
    ///
    /// # Errors
    /// Every field at fault.
    pub fn read(fields: &Fields, context: &Context) -> Result<Self, Vec<FieldError>> {
        let mut r = Reader::new(fields, context);
        let report = r.upload("report", Purpose::PilotReport);
        let summary = r.optional_paragraphs("summary", DESCRIPTION);
        r.finish(|| Some(Self { report: report?, summary }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forms::{ExtensionForm, Fault};
    use jiff::civil::date;

    /// Shows R53.
    #[test]
    fn the_report_is_uploaded_as_one() {
        let id = "11111111-1111-4111-8111-111111111111";
        let mut context = Context::bare(date(2026, 11, 21));
        let fields = Fields::new().with("report", id);
        let fault = |context: &Context, fields: &Fields| {
            PilotReportForm::read(fields, context).unwrap_err()[0].fault.clone()
        };
        assert_eq!(fault(&context, &Fields::new()), Fault::NoUpload);
        let wrong = Fault::WrongUpload { needed: Purpose::PilotReport };
        assert_eq!(fault(&context, &fields), wrong);
        context.uploads.insert(id.parse().unwrap(), Purpose::Checklist);
        assert_eq!(fault(&context, &fields), wrong);
        context.uploads.insert(id.parse().unwrap(), Purpose::PilotReport);
        assert!(PilotReportForm::read(&fields, &context).is_ok());
        assert_eq!(ExtensionForm::read(&fields, &context).unwrap_err()[0].path, "reason");
    }
}
