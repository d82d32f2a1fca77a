# 建立帳號
signup-lead = 新介接申請者請先閱讀服務條款與隱私權保護政策，再以機關信箱建立帳號。
signup-terms = 服務條款
signup-privacy = 隱私權保護政策
signup-of = { $day } 版
signup-unread = 請先將上述內容閱讀完畢，捲動到最後即可勾選。
signup-agree = 我已了解並同意
    .missing = 請閱讀完畢上述服務條款與隱私權保護政策內容，並勾選同意。
signup-mail = 機關信箱
    .how = 例：chen@library.example。請勿使用免費信箱（Gmail、Yahoo、Hotmail 等）；註冊驗證信會寄到這裡。
    .missing = 請填寫機關信箱。
    .free = { $domain } 是免費信箱，無法確認您所屬的機關。請改用機關單位的電子信箱。
signup-begin = 建立帳號
signup-sent = 請收取註冊驗證信
    .what = 如果這個信箱可以建立帳號，註冊驗證信已經寄出。請由信中的連結進入系統，填寫機關單位基本資料與申請單。
    .ten = 連結 10 分鐘內有效，只能使用一次。
    .nothing = 沒有收到時，請查看垃圾郵件匣、確認信箱拼寫，或稍後再申請一次。
signup-again = 重新申請驗證信
signup-link-over = 這個連結已經使用過，或超過 10 分鐘失效了。請重新申請驗證信；如果您已經設定過帳號，請直接登入。
signup-open = 設定帳號
    .what = 信箱已驗證。請設定登入用的帳號與密碼，接著填寫申請資料；中途離開時，用這組帳號登入就能繼續。
    .submit = 設定並開始填寫
signup-account =
    .how = 3 至 40 個小寫英文字母、數字與 . _ -，以字母開頭。
    .bad = 帳號為 3 至 40 個小寫英文字母、數字與 . _ -，並以字母開頭。
    .taken = 這個帳號已有人使用，請換一個。

signup-progress = 填寫申請資料
    .what = 兩份表單都填妥後按「送出」，申請才會成立；送出之前，帳號只能用來填寫這些資料。填寫的內容會保留，您可以隨時離開，登入後繼續。
signup-step-organisation = 機關單位、申請人與副帳號的資料。
signup-step-application = 申請單
    .how = 選擇資料提供者、服務提供者或臨櫃服務，填寫對應的申請單並上傳文件。
signup-step-send = 送出
    .how = 確認全部內容後送出，進入審核。
signup-step-open = 待填寫
signup-step-begun = 填寫中
signup-step-complete = 已填妥
signup-step-waiting = 等候您送出
signup-step-later = 填妥後開放
signup-step-fill = 填寫
signup-step-choose = 選擇申請類型
signup-step-other = 改選其他類型
signup-step-overview = 確認內容並送出
signup-choose = 選擇申請類型
    .which = 您要申請的項目
    .on = 選擇並開始填寫
    .replaces = 您已開始填寫「{ $form }」。改選其他類型時，已填寫的內容與上傳的檔案會刪除。
signup-choose-dataset = 提供民眾的個人資料集，例如戶籍、財產或健保資料。
signup-choose-service = 在線上服務中，經民眾同意取得資料。
signup-choose-counter = 民眾臨櫃辦理時，出示條碼提供資料。
signup-overview = 確認並送出
    .what = 請確認以下全部內容。送出後進入審核，審核期間不能修改。
signup-send = 送出
signup-in-review = 審核中
    .what = 您的帳號與申請單正由維運團隊審核中，請您耐心等候通知。審核結果會寄到您的信箱；通過後即可登入。
signup-number = 帳號申請單號：{ $number }

# 服務條款（本平臺營運者的文字）
signup-terms-scope = 一、適用範圍
    .what = 本條款適用於向個人化資料自主運用（MyData）平臺申請介接的機關單位及其人員。平臺依當事人的同意，將資料提供者保有的個人資料傳送給當事人指定的服務提供者。
signup-terms-account = 二、帳號
    .what = 帳號由機關單位的申請人以機關信箱申請，經審核通過後啟用。
        帳號限本人使用，不得轉借。申請人離職或異動時，機關單位應立即通知服務窗口停用或移轉帳號。
        帳號的操作會留下紀錄，供稽核使用。
signup-terms-duties = 三、機關單位的責任
    .what = 申請時填寫的內容與上傳的文件應正確、完整且有權使用。
        服務提供者只得於當事人同意的目的內使用資料，並只申請辦理服務必要的資料集。
        資料提供者應維持資料的正確性與介接服務的可用性，並妥善保管簽章憑證與密鑰。
        測試只得使用虛擬資料，不得使用真實的個人資料。
signup-terms-review = 四、審核、測試與上線
    .what = 申請單經維運團隊初審後，依機關性質函送目的事業主管機關或數位發展部審核。
        審核通過後，測試期間為三個月，可申請延長一次；到期未申請上線者，自動下架。
        上線前須於正式區以內部人員試辦，並提供試辦報告。
signup-terms-end = 五、停權與下架
    .what = 憑證到期、服務異常、違反本條款或有個人資料外洩之虞時，平臺得暫停介接，並通知機關單位原因與恢復的條件。
        機關單位得隨時申請下架。下架後，平臺不再傳送資料。
signup-terms-law = 六、準據法與修訂
    .what = 本條款依中華民國法律解釋。
        本條款修訂時，於平臺公告修訂內容與生效日；不同意者，得於生效前向 { $contact } 表示反對並終止使用。
# 隱私權保護政策
signup-privacy-scope = 一、適用範圍
    .what = 本政策說明平臺如何處理您申請帳號與使用管理後臺時提供的個人資料。民眾使用平臺傳送資料的處理方式，另於民眾端網頁說明。
signup-privacy-collect = 二、蒐集的資料與目的
    .what = 為辦理帳號申請、審核、聯繫與稽核，平臺蒐集申請人與副帳號人員的姓名、電話、電子信箱與帳號，以及登入的時間、網路位址與瀏覽器種類。
signup-privacy-use = 三、資料的利用與保存
    .what = 這些資料由維運團隊、目的事業主管機關與數位發展部於審核及管理的必要範圍內使用，不提供給其他第三人。
        個人資料以加密方式保存；帳號關閉後，於法定期間屆滿時刪除。
signup-privacy-cookie = 四、Cookie 運用
    .what = Cookie 是網站經由瀏覽器寫入您裝置的簡短資訊。平臺的 Cookie 只用來維持登入狀態、記住語言與字級，以及進行不識別特定當事人的瀏覽人數統計。
        您可以在瀏覽器設定中拒絕 Cookie；拒絕後仍可瀏覽公開內容，登入則需要維持登入狀態的 Cookie。
signup-privacy-law = 五、依個人資料保護法處理
    .what = 平臺蒐集、處理或利用個人資料，除其他法律有特別規定外，皆依個人資料保護法規定辦理。
signup-privacy-self = 六、自我資料安全保護措施
    .what = 請妥善保管您的個人資料與密碼，切勿提供給任何第三人。若您與他人共用電腦或使用公共電腦，使用完畢請務必登出帳號，並關閉瀏覽器視窗。
signup-privacy-change = 七、隱私權保護政策修訂
    .what = 本政策如有修訂，將公告於平臺。若您對修訂內容表示反對，請以服務信箱 { $contact } 聯繫我們；未表示反對而繼續使用平臺，視為您已閱讀、瞭解並同意修訂內容。
signup-privacy-rights = 八、您的權利
    .what = 您得向平臺查詢、閱覽、複製、補充或更正您的個人資料，並得請求停止利用或刪除。請以服務信箱 { $contact } 聯繫我們。
