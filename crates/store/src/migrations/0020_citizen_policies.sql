-- Terms and policy of citizens are texts of their own: those of 0009 are for organisations and their accounts.
INSERT INTO policy_versions (kind, number, holds_from, binding, published_at, updated_at, edit, body, body_en) VALUES
('citizen-terms', 1, 1793462400000, 0, 1793462400000, 1793462400000, 1, '# 一、適用範圍

本條款適用於使用個人化資料自主運用（MyData）平臺的民眾。您可以在平臺取得政府機關與其他資料提供者保有的個人資料，或同意平臺把資料傳送給您指定的服務提供者、帶到您指定的櫃檯。

# 二、身分驗證

您以資料集要求的驗證方式證明身分；要求多項資料集時，以最嚴格者為準。

登入後閒置一段時間會自動登出；同一時間只能在一個地方登入。請勿把驗證用的憑證、載具、密碼或確認碼交給他人。

# 三、同意、查看與撤回

未經您同意，平臺不向資料提供者索取您的資料；未經您確認，平臺不把資料傳送給任何人。

傳送前您可以先查看資料的內容。尚在進行中的同意，您可以隨時在「使用紀錄」撤回；服務提供者已取走的資料，請洽該服務提供者。

# 四、保存與刪除

您自己下載的資料只在平臺暫存數小時，到期、撤回或由櫃檯取走後即刪除。

平臺不保存資料的內容；保存的是何人、何時、為何使用您資料的紀錄，供您查閱。

# 五、委託代辦

案件允許時，您可以委託他人代替您到櫃檯辦理。代辦人同意後持有資料條碼，看不到資料的內容；您可以隨時終止。

# 六、資料的正確性

資料由資料提供者產製並簽章。如對內容有疑問，請洽資料提供者更正。

# 七、服務的中斷

平臺維護或資料提供者的系統異常時，服務可能暫停；平臺會在頁面說明原因與恢復的時間。

# 八、準據法與修訂

本條款依中華民國法律解釋。修訂時於平臺公告內容與生效日；需要您重新同意時，會在登入時顯示。如有疑問，請以服務信箱 {mailbox} 或電話 {phone} 聯繫我們。',
'# 1. What these terms apply to

These terms apply to citizens who use the MyData platform. Here you can obtain personal data that government agencies and other data providers hold about you, or agree that the platform passes it on to a service provider, or to a counter, that you name.

# 2. Proving who you are

You prove who you are by the method that a dataset demands; where you ask for several, the strictest demand counts.

After a while without activity you are logged out, and you can be logged in at one place at a time. Give your certificates, cards, passwords and codes to nobody.

# 3. Agreeing, looking, withdrawing

Without your consent the platform asks no data provider for your data. Without your confirmation it sends your data to nobody.

You can look at the data before it is sent. A consent that is still running can be withdrawn at any time under “My record”; for data that a service provider has already fetched, please contact the service provider.

# 4. How long data is kept

Data that you download for yourself stays on the platform for a few hours. It is deleted when its time is over, when you withdraw it, or when it was taken at a counter.

The platform does not keep the content of your data. It keeps a record of who used it, when and for what, for you to read.

# 5. Delegates

Where a case allows it, somebody else can go to the counter for you. Once they agree they hold the barcode, and cannot see the data; you can end it at any time.

# 6. Whether the data is right

Data is made and signed by the data provider. If something in it is wrong, please ask the data provider to correct it.

# 7. Interruptions

During maintenance, or when a data provider’s system fails, the service may pause. The pages then say why, and until when.

# 8. Law and changes

These terms are read under the law of the Republic of China (Taiwan). Changes are announced on the platform with the day they begin; where you have to agree again, you are asked when you log in. If you have a question, write to {mailbox} or call {phone}.'),
('citizen-privacy', 1, 1793462400000, 0, 1793462400000, 1793462400000, 1, '# 一、適用範圍

本政策說明您使用平臺取得或傳送個人資料時，平臺如何處理您的個人資料。

# 二、蒐集的資料與目的

為確認您的身分，平臺由驗證機構取得您的姓名、身分證字號或統一證號、出生日期與性別。

為通知您，平臺保存您確認過的電子郵件與手機號碼；驗證機構提供的信箱，經驗證者才會使用。

為使您能查閱資料的使用情形，平臺保存每次使用的時間、對象、目的、資料集名稱與來源位址。

# 三、資料的利用與保存

平臺只在您同意與確認的範圍內，把資料傳送給您指定的對象，不提供給其他第三人。

資料的內容以加密方式暫存，傳送、取走、撤回或到期後刪除；聯絡方式與使用紀錄以加密或去識別的索引保存。

# 四、Cookie 運用

平臺的 Cookie 只用來維持登入狀態、記住語言與字級。您可以在瀏覽器設定中拒絕 Cookie；拒絕後仍可瀏覽公開內容，登入則需要維持登入狀態的 Cookie。

# 五、依個人資料保護法處理

平臺蒐集、處理或利用個人資料，除其他法律有特別規定外，皆依個人資料保護法規定辦理。

# 六、自我資料安全保護措施

請妥善保管您的憑證、密碼與確認碼，切勿提供給任何第三人。若您與他人共用電腦或使用公共電腦，使用完畢請務必登出，並關閉瀏覽器視窗。

# 七、您的權利

您得向平臺查詢、閱覽、複製、補充或更正您的個人資料，並得請求停止利用或刪除。您可以在「使用紀錄」查閱與下載紀錄，在「基本資料」變更聯絡方式；其他請求請以服務信箱 {mailbox} 聯繫我們。

# 八、隱私權保護政策修訂

本政策如有修訂，將公告於平臺；需要您重新同意時，會在登入時顯示。',
'# 1. What this policy applies to

This policy says how the platform treats your personal data when you obtain data about yourself or have it sent.

# 2. What is collected, and why

To know who you are, the platform receives your name, personal id, date of birth and gender from the provider with whom you prove your identity.

To tell you what happens, it keeps the mail address and mobile number that you confirmed. An address that comes from that provider is used only if the provider has verified it.

So that you can see how your data is used, it keeps when, by whom, for what and from which address each dataset was used.

# 3. How it is used and kept

Your data goes to those whom you name, as far as you agreed and confirmed, and to nobody else.

The content is kept encrypted for a short time, and deleted when it was sent, taken or withdrawn, or when its time is over. Contact details and the record are kept encrypted, or under an index that does not tell who you are.

# 4. Cookies

The platform’s cookies keep you logged in and remember language and text size. You can refuse cookies in your browser. Public pages stay open to you; logging in needs the cookie that keeps you logged in.

# 5. Personal Data Protection Act

Unless another law says otherwise, the platform collects, processes and uses personal data as the Personal Data Protection Act has it.

# 6. Keep yourself safe

Keep your certificates, passwords and codes to yourself. On a computer that others use, log out and close the browser when you are done.

# 7. Your rights

You may ask to see, copy, complete or correct your personal data, and to have its use ended or the data deleted. Read and download your record under “My record”, and change your contact details under “My details”; for anything else, write to {mailbox}.

# 8. Changes of this policy

Changes are announced on the platform; where you have to agree again, you are asked when you log in.');

-- Which services a citizen's record can be filtered by, without reading their transactions.
CREATE INDEX transactions_citizen_service ON transactions (citizen, client_id) WHERE purpose = 'service';
