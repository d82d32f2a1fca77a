# 管理後臺每一頁都有的文字
office = MyData 管理後臺
    .long = MyData 個人化資料自主運用 管理後臺
office-idle = 閒置 { $span }會自動登出。
office-ending = 再過 { $time } 就會登出
    .why = 您有一段時間沒有操作。登出後，尚未儲存的內容會遺失。
    .extend = 繼續使用
office-home = 回管理後臺首頁
office-reference = 編號 { $id }

office-forbidden = 您的帳號不能使用這個頁面
    .what = 這個頁面只開放給其他角色。
    .next = 如果您的工作需要它，請洽服務窗口調整帳號權限。
office-not-found = 找不到這個頁面
    .what = 網址可能打錯，內容可能已經移除，或不屬於您的機關。
    .next = 請從選單重新開始。
office-form-expired = 這份表單已經失效
    .what = 您在送出之前登出過、換過瀏覽器，或表單不是從這個網站送出的，所以平臺沒有採用。
    .next = 請回到原來的頁面，重新整理後再送出。
office-changed = 內容已經被變更
    .what = 在您開啟頁面之後，有人先做了處理，所以平臺沒有採用您的這一步。
    .next = 請重新開啟頁面，確認目前的內容。
office-too-large = 送出的內容太大
    .what = 檔案或表單超過上限。每個檔案最大 10 MB。
    .next = 請縮小檔案後再上傳。
office-too-many = 請稍候再試
    .what = 短時間內從同一位址送出的表單過多，平臺暫時不受理。
    .next = 請等候一分鐘後再試。
office-too-many-tests = 請稍候再測試
    .what = 這個項目在短時間內測試連線的次數過多，平臺暫時不再連線。
    .next = 請等候一分鐘後再測試；先前的測試結果仍在項目的頁面上。
office-busy = 系統忙碌中
    .what = 同時有太多人在操作，這一步還沒有完成，也沒有任何內容被變更。
    .next = 請等候幾秒後再試一次。若持續發生，請把編號告訴服務窗口。
office-internal = 平臺這一步沒有完成
    .what = 平臺自身發生了問題，不是您操作錯誤，也沒有任何內容被變更。
    .next = 請稍後再試一次。若仍無法完成，請把編號告訴服務窗口。

menu = 選單
    .label = 功能選單
crumbs = 目前位置
    .home = 首頁
who = 目前登入：
    .account = 我的帳號
sign-out = 登出
cancel = 取消
zone-switch =
    { $zone ->
        [test] 切換至測試區
       *[production] 切換至正式區
    }

menu-organisation = 機關
menu-organisation-data = 機關單位管理
menu-sp = 服務提供者管理
menu-services = 服務列表
menu-services-failing = 異常管理
menu-dp = 資料提供者管理
menu-datasets = 資料集列表
menu-datasets-failing = 異常管理
menu-counter = 臨櫃服務管理
menu-counter-services = 臨櫃服務列表
menu-query = 審核與查詢
menu-reviews = 審核
menu-all-services = 所有服務列表
menu-all-datasets = 所有資料集列表
menu-system = 系統
menu-statistics = 統計數據
menu-administration = 系統管理

role-applicant = 申請人
role-deputy = 副帳號
role-operator = 維運團隊
role-authority = 目的事業主管機關
role-ministry = 數位發展部
role-administrator = 系統管理者
role-auditor = 稽核

home-greeting = 歡迎使用
home-since = 本次登入：{ $at }
home-all = 看全部
home-reviews = 等候您審核
    .none = 目前沒有等候您審核的申請單。
home-letters = 等候來文
    .none = 目前沒有等候來文的項目。
home-items = 您的項目
    .none = 還沒有資料集或服務。請從選單新增。
home-drafts = 草稿
    .none = 沒有尚未送出的申請單。
    .saved = { $at } 儲存
home-undelivered = 有 { $count } 封信寄不出去，請到系統管理的寄信紀錄查看。
home-nothing = 目前沒有您可以使用的功能。
