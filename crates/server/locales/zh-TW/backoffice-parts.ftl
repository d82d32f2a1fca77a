# 列表、表單與其他共用元件
field-optional = （選填）
field-choose = 請選擇
field-comment = 審核意見：
field-earlier = 先前上傳的版本
rows-remove = 移除此列
mends =
    .prefix = 請修正：

list-all = 全部
list-size = 每頁筆數
    .rows = { $count } 筆
list-search = 搜尋
list-everything = 顯示全部
list-nothing = 沒有符合條件的資料。
list-beyond = 這一頁已經沒有資料。
    .last = 到最後一頁
list-count = 共 { $count } 筆
list-range = 顯示第 { $first } 到 { $last } 筆，共 { $count } 筆
list-pages = 分頁
list-page = 第 { $page } 頁
list-previous = 上一頁
list-next = 下一頁

way-summary = 第 { $step } 步，共 { $steps } 步：{ $label }
