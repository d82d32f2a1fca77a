# 審核與申請單列印
review-search = 搜尋單號、項目、機關
review-applicant = 申請人
review-organisation = 申請機關
review-item = 申請項目
review-item-account = 帳號
review-item-page = 項目頁
review-filed = 申請日期
review-about = 申請資料
review-state = 申請狀態
review-turn = 審核單位
review-for = 申請類別
review-pdf = 下載 PDF
review-print = 申請單列印
    .short = 列印
review-none = 還沒有申請單。
review-application = 申請單
review-content = 申請內容
review-history = 審核紀錄
review-undecided = 還沒有審核紀錄。
review-decided-approved = 審核通過
review-decided-refused = 未通過
review-before = 前次：
review-new-field = 本次新增
review-taken-out = 本次已刪除
review-refiled = 這是補正後再送的申請單。與前次不同的欄位，下面會列出前次的內容。
review-changes = 這是變更申請。與目前內容不同的欄位，下面會列出目前的內容。
review-not-yours = 目前不是由您審核：輪到其他單位、您已審過前一關，或這是您的機關提出的申請。
review-decide = 審核
review-letter-number = 公文發文字號
    .hint = 例：數府資字第1150001234號
review-letter-date = 公文發文日期
    .hint = 例：115/11/21
review-letter-number-bad = 請填寫發文字號，最多 60 字。
review-letter-date-bad = 請填寫日期，例如 115/11/21。
review-reason = 審核意見
    .hint = 退回時必填，會寫在通知信裡。
review-remark = 對此欄提意見
    .hint = 可以在各欄寫下意見，申請人補正時會在該欄位旁看到。
review-approve = 審核通過
review-refuse = 未通過，退回補正
review-letter-arrived = 來文已收到
said-review-approved = 申請單 { $what } 已審核通過。
said-review-refused = 申請單 { $what } 已退回補正。
said-review-no-font = 本平臺沒有可以嵌入的中文字型，暫時無法產生申請單 { $what } 的 PDF。請改用「申請單列印」，在瀏覽器中列印或另存為 PDF。
said-review-letter = 申請單 { $what } 的來文已登錄。
print-title = { $kind ->
    [sign-up] MyData 帳號申請單
    [new-item] MyData 介接申請單
    [extension] MyData 延長測試申請單
    [go-live] MyData 上線申請單
    [pilot-report] MyData 試辦報告單
   *[change] MyData 變更申請單
  }
print-at = 列印時間：{ $at }
print-applicant = 申請人簽章
print-head = 單位主管簽章
print-seal = 機關印信
paper-page = 第 { $page } 頁，共 { $pages } 頁
