# ② 身分驗證沒有完成
identity-cancelled = 您取消了身分驗證
    .what = { $method }驗證沒有完成，所以平臺還不知道您是誰。
identity-failed = 身分驗證沒有通過
    .what = { $method }驗證沒有通過，或驗證結果無法確認是給您的。
identity-expired = 身分驗證逾時
    .what = { $method }驗證的結果太晚回來，或屬於另一次驗證，為了安全平臺不採用。
identity-unavailable = 目前無法進行身分驗證
    .what = 平臺連不上{ $method }的驗證系統。
identity-too-weak = 驗證方式與您選擇的不同
    .what = 您選擇了{ $method }，但實際完成的是強度較低的方式，不足以取得這些資料。
identity-sent = 沒有取得，也沒有傳送任何資料。
identity-next = 您可以回到上一步再試一次，或改用其他驗證方式。
identity-again = 再試一次
identity-refuse = 不辦了，返回{ $organisation }
