# 每一頁都有的文字
brand = MyData
    .long = MyData 個人化資料自主運用
    .description = 經您同意，把機關保管的個人資料直接交給您指定的服務。

zone-test = 測試區
zone-front-test = 前臺測試
zone-production = 正式區

skip = 跳到主要內容
anchor-top = 上方功能區塊
anchor-main = 中央內容區塊
anchor-bottom = 下方聯絡區塊
other-language = English
    .label = Switch to English
text-size = 字級
size-small = 小
size-medium = 中
size-large = 大
citizen = 目前使用者：
contact = 服務窗口
    .phone = 服務電話
    .mailbox = 服務信箱

steps = 辦理步驟
    .done = （已完成）
step-terms = 同意服務條款
step-identity = 身分驗證
step-confirm = 確認傳送

transaction = 交易 { $id }
confirm = 確認
refuse = 拒絕

parties = 誰會取得
    .organisation = 機關
    .service = 服務
    .purpose = 用途
    .access = 可取用至
    .afterwards = 之後
    .wiped = 期限一到，平臺就刪除檔案，只留下傳送紀錄。
parties-after = 您確認傳送後 { $span }內
parties-until = { $at }（{ $span }）

span-hours = { $count } 小時
span-minutes = { $count } 分鐘
fields-summary = { $fields } 等 { $total } 項

session-idle = 此頁閒置 { $span }會自動結束；尚未確認的資料會一併刪除。
session-ending = 再過 { $time } 就會結束
    .label = 閒置提醒
    .why = 您有一段時間沒有操作。結束後，尚未確認的資料會刪除。
    .extend = 繼續辦理
    .extended = 已為您延長。
    .minutes = 2 分鐘
    .seconds = 30 秒

verification-cer = 自然人憑證
    .needs = 憑證 IC 卡、讀卡機與 PIN 碼
verification-fic = 晶片金融卡
    .needs = 金融卡、讀卡機與晶片密碼
verification-fch = 硬體金融憑證
    .needs = 金融憑證載具與密碼
verification-moe = 工商憑證
    .needs = 工商憑證 IC 卡、讀卡機與 PIN 碼
verification-tfd = TW FidO
    .needs = 已註冊 TW FidO 的手機
verification-nhi = 健保卡
    .needs = 健保卡、讀卡機與註冊密碼
verification-fcs = 軟體金融憑證
    .needs = 安裝憑證的裝置與密碼
verification-pii = 多因子
    .needs = 個人基本資料與第二項驗證
verification-otp = 一次性密碼
    .needs = 可收簡訊的手機或電子郵件
verification-gov = E政府帳號
    .needs = E政府帳號與密碼
