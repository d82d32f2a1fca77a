# Reviews and their print
review-search = Search number, item, organisation
review-applicant = Applicant
review-organisation = Organisation
review-item = Kind of item
review-item-account = Account
review-item-page = Item
review-filed = Filed
review-about = About
review-state = State
review-turn = Whose turn
review-for = Applied for
review-pdf = Download PDF
review-print = Print
    .short = Print
review-none = There are no applications yet.
review-application = Application
review-content = What was filed
review-history = Decisions
review-undecided = Nothing was decided yet.
review-decided-approved = Passed
review-decided-refused = Not passed
review-before = Before:
review-new-field = New in this application
review-taken-out = Taken out in this application
review-refiled = This application was mended and sent again. Where it differs, what it said before stands below.
review-changes = This is a change. Where it differs from what holds now, that stands below.
review-not-yours = It is not yours to decide just now: it is another body's turn, you decided on the step before, or it is your own organisation's.
review-decide = Decide
review-letter-number = Number of the official letter
    .hint = For example 數府資字第1150001234號
review-letter-date = Date of the official letter
    .hint = For example 115/11/21
review-letter-number-bad = Please fill in the number, at most 60 characters.
review-letter-date-bad = Please write a date such as 115/11/21.
review-reason = Reason
    .hint = Needed when it is returned; it goes into the mail.
review-remark = Comment on this field
    .hint = You may comment on each field; the applicant sees the comment beside it when mending the form.
review-approve = Approve
review-refuse = Return for mending
review-letter-arrived = The letter has come
said-review-approved = Application { $what } was approved.
said-review-refused = Application { $what } was returned.
said-review-no-font = This platform has no font with Chinese characters to write a PDF of application { $what } with. Use “Print” instead: the browser prints it, or saves it as PDF.
said-review-letter = The letter for application { $what } was noted.
print-title = { $kind ->
    [sign-up] MyData application for an account
    [new-item] MyData application for a connection
    [extension] MyData application for a longer test
    [go-live] MyData application to go live
    [pilot-report] MyData pilot report
   *[change] MyData application for a change
  }
print-at = Printed { $at }
print-applicant = Applicant
print-head = Head of the unit
print-seal = Seal of the organisation
paper-page = Page { $page } of { $pages }
