# 通知服務中
waiting-title = 正在通知{ $organisation }
waiting-lead = 您已確認傳送。平臺正在通知 { $organisation } 取用資料，通常只需要幾秒鐘，完成後會自動帶您返回。
waiting-stay = 您不需要做任何事。
waiting-leave = 即使現在關閉此頁，平臺仍會完成傳送。
waiting-link = 沒有自動返回？請按這裡
onward-service = 正在帶您返回{ $organisation }
onward-identity = 正在帶您前往身分驗證
onward-link = 沒有自動前往？請按這裡
