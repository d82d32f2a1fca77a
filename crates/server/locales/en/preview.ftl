# Preview
preview-title = Preview: { $dataset }
preview-lead = This is what { $organisation } would receive, as provided by { $provider }.
preview-back = Back to confirm sending
preview-files = Other files
    .open = Open { $filename }
    .save = Download { $filename }
    .password = The password of the PDF is your personal id number, with the letter in upper case.
    .new-tab = (opens in a new tab)
preview-too-large =
    { $count ->
        [one] One data file is too large for this page; please download it below to see all of it.
       *[other] { $count } data files are too large for this page; please download them below to see all of them.
    }
preview-no-document = This dataset has nothing that can be shown here; please open the files below.
signer = Who signed this data
    .subject = Signed by
    .issuer = Certificate issued by
    .validity = Certificate valid
    .checked = Verified
signer-validity-span = { $from } to { $until }
signer-verified-at = The signature and the contents match (checked { $at })
json-empty = (empty)
json-yes = yes
json-no = no
json-table =
    { $count ->
        [one] Table, 1 row
       *[other] Table, { $count } rows
    }
json-deeper =
    { $count ->
        [one] One deeper item is not shown here.
       *[other] { $count } deeper items are not shown here.
    }
json-items-cut = Only the first { $shown } of { $total } items are shown.
json-text-cut = Only the first { $shown } of { $total } characters are shown.
json-cut = This is a large document and only its beginning is shown here; what is sent is complete.
