# 民眾登入、登出
login = 登入
login-title = 登入
login-lead = 請選擇驗證身分的方式。平臺會帶您到該驗證機構完成驗證，再回到這裡。
login-needs = 您要使用的資料，需要{ $method }以上的驗證方式，請再驗證一次身分。
login-again = 為了保護您的資料，這一步需要再驗證一次身分。
login-methods = 驗證方式
    .hint = 依強度由高至低排列。
login-method-missing = 請選擇一種驗證方式。
login-go = 前往驗證
login-none = 目前沒有可用的驗證方式，請稍後再試。
login-idle = 登入後閒置 10 分鐘會自動登出。同一時間只能在一個地方登入。
login-ended = 您已登出
    .what = 閒置時間太久，或您已在別處登入，所以平臺把這裡登出了。請重新登入，登入後會回到原來的頁面。
login-ended-kept = 您已登出，填寫的內容已保留
    .what = 請在 15 分鐘內重新登入，您剛才填寫的內容會原樣帶出，由您確認後再送出。
login-cancelled = 您取消了身分驗證
    .what = 驗證沒有完成，所以還沒有登入。您可以再試一次，或改用其他驗證方式。
login-failed = 身分驗證沒有通過
    .what = 驗證沒有通過，或驗證結果無法確認是給您的。您可以再試一次，或改用其他驗證方式。
login-unavailable = 目前無法進行身分驗證
    .what = 平臺連不上這個驗證機構。請稍後再試，或改用其他驗證方式。
login-too-weak = 驗證方式的強度不足
    .what = 實際完成的驗證方式強度較低，不足以取得這些資料。請改用下列方式之一。
login-other-person = 驗證的是另一個人
    .what = 這次完成驗證的人，和目前登入的不是同一個人，所以沒有任何變更。如要換人使用，請先登出。
login-expired = 身分驗證逾時
    .what = 驗證結果太晚回來，或屬於另一次登入，為了安全平臺不採用。請再試一次。
login-ending = 再過 { $time } 就會登出
    .label = 閒置提醒
    .why = 您有一段時間沒有操作。為了保護您的資料，時間到會自動登出。
    .extend = 繼續使用
    .extended = 已為您延長。
    .minutes = 2 分鐘
    .seconds = 30 秒
login-idle-until = 閒置 { $span }會自動登出；若沒有再操作，將於 { $at } 登出。

own = 我的專區
own-downloads = 我的下載
own-record = 使用紀錄
own-barcodes = 資料條碼區
own-me = 基本資料
own-logout = 登出

elsewhere-title = 您已在別處登入
elsewhere-since = 您已於 { $at } 以{ $method }登入，該處尚未登出。
elsewhere-what = 同一時間只能在一個地方登入。如果在這裡繼續，另一處會立即登出。
elsewhere-over = 另一處的登入已經結束，您可以在這裡繼續。
elsewhere-go = 在這裡繼續登入
elsewhere-cancel = 取消，不在這裡登入
elsewhere-not-you = 如果另一處的登入不是您本人，請在這裡繼續登入，並撥打 { $phone } 告訴我們。

agree-title = 請先同意條款與政策
agree-lead = 第一次使用，或條款與政策有重大修訂時，需要您閱讀並同意。平臺會記下您同意的版本與時間。
agree-tick = 我已詳細閱讀並同意上述條款與政策
agree-missing = 請勾選同意；不同意就無法使用登入後的功能。
agree-go = 同意並繼續
agree-cancel = 不同意，登出

logged-out-title = 您已登出
logged-out-what = 您的登入已結束。使用公用電腦時，請一併關閉瀏覽器。
logged-out-home = 回首頁
logged-out-again = 重新登入

kept-form = 已帶出您登出前填寫的內容
    .what = 內容尚未送出，請確認後再送出。
