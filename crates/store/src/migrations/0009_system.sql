-- The trees that datasets and services are sorted by. What is kept elsewhere is the path of keys, which never change.
CREATE TABLE categories (
    id TEXT NOT NULL PRIMARY KEY,
    area TEXT NOT NULL,                 -- dataset, service
    parent TEXT NOT NULL,               -- empty at the root
    place BIGINT NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    name_en TEXT NOT NULL,
    retired BIGINT NOT NULL,
    version BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX categories_key ON categories (area, parent, key);

-- Terms and policies. A version is a draft until it has a beginning; then it never changes.
CREATE TABLE policy_versions (
    kind TEXT NOT NULL,
    number BIGINT NOT NULL,
    holds_from BIGINT,
    binding BIGINT NOT NULL,            -- 1: who accepted an earlier version is asked again
    published_at BIGINT,
    published_by TEXT,                  -- an account
    updated_at BIGINT NOT NULL,
    edit BIGINT NOT NULL,               -- grows with every save of the draft
    body TEXT NOT NULL,                 -- zh-TW
    body_en TEXT NOT NULL,
    PRIMARY KEY (kind, number)
);

-- Who accepted which version, and when.
CREATE TABLE policy_acceptances (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    kind TEXT NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (account_id, kind, number)
);

-- When the platform or a dataset is not to be used.
CREATE TABLE maintenance_windows (
    id TEXT NOT NULL PRIMARY KEY,
    dataset TEXT,                       -- none: the whole platform
    schedule TEXT NOT NULL,             -- JSON of the domain's schedule
    note TEXT NOT NULL,
    note_en TEXT NOT NULL,
    announced_days BIGINT NOT NULL,
    over_at BIGINT,                     -- when it is over for good; none while it comes again
    version BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX maintenance_windows_over ON maintenance_windows (over_at, id);

-- 最新消息 and 常見問題.
CREATE TABLE news (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    title_en TEXT NOT NULL,
    body TEXT NOT NULL,
    body_en TEXT NOT NULL,
    public_from BIGINT,                 -- none: a draft
    public_until BIGINT,
    place BIGINT NOT NULL,
    version BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX news_kind ON news (kind, updated_at, id);
CREATE INDEX news_public ON news (kind, public_from, id) WHERE public_from IS NOT NULL;

-- What is set while the platform runs: one row.
CREATE TABLE settings (
    id TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL,                 -- JSON
    version BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- The words by which an organisation is found.
ALTER TABLE organisations ADD COLUMN search TEXT NOT NULL DEFAULT '';
UPDATE organisations SET search = replace(lower(name), '臺', '台') || ' ' || lower(id);
CREATE INDEX organisations_name ON organisations (name, id);

INSERT INTO categories (id, area, parent, place, key, name, name_en, retired, version, updated_at) VALUES
    ('255ceeee-876b-466c-a2e9-cbcd5a5cb681', 'dataset', '', 1, '戶役政', '戶役政', 'Household registration and conscription', 0, 1, 0),
    ('1cd562dd-9b4e-4e6b-ab1d-59643d10a50d', 'dataset', '', 2, '勞保', '勞保', 'Labour insurance', 0, 1, 0),
    ('096bb3d7-7d6c-4985-a43d-53edaeafd678', 'dataset', '', 3, '地政', '地政', 'Land', 0, 1, 0),
    ('51c256db-af38-4927-a3e6-4a043a83a8ae', 'dataset', '', 4, '健保', '健保', 'Health insurance', 0, 1, 0),
    ('28b1a461-6365-4d30-a6b2-eabad3684866', 'dataset', '', 5, '財稅金融', '財稅金融', 'Tax and finance', 0, 1, 0),
    ('8524eeaf-01b6-4246-a43e-4fc2287caf1f', 'dataset', '', 6, '醫療', '醫療', 'Medical care', 0, 1, 0),
    ('332e226b-7da9-422b-a66a-923eee8b5d4b', 'dataset', '', 7, '社福', '社福', 'Social welfare', 0, 1, 0),
    ('ee313878-1d17-4cb7-a7c4-a988d9583caf', 'dataset', '', 8, '商工', '商工', 'Business and industry', 0, 1, 0),
    ('453ae2fd-63cc-463e-ac14-57de612baf02', 'dataset', '', 9, '交通', '交通', 'Transport', 0, 1, 0),
    ('3c76ec66-22cb-4328-aef3-31e91125e5c3', 'dataset', '', 10, '能源', '能源', 'Energy', 0, 1, 0),
    ('980c303c-c1c1-43d9-a523-61e01cc842ac', 'dataset', '', 11, '教育', '教育', 'Education', 0, 1, 0),
    ('947199f8-8214-4291-a2bc-accdacd93e2a', 'dataset', '', 12, '法務', '法務', 'Justice', 0, 1, 0),
    ('91f38c7d-1b9b-4986-a107-b769edc6e7d5', 'dataset', '', 13, '綜合', '綜合', 'General', 0, 1, 0),
    ('da7f8a41-f384-4581-a619-f502d7445e5b', 'service', '', 1, '社會福利', '社會福利', 'Social welfare', 0, 1, 0),
    ('2fe42de9-53e1-4bb5-ae4c-2413cf58da20', 'service', 'da7f8a41-f384-4581-a619-f502d7445e5b', 1, '線上申請', '線上申請', 'Online applications', 0, 1, 0),
    ('250a01e7-3ed4-4d63-a017-99da4dbaa957', 'service', '2fe42de9-53e1-4bb5-ae4c-2413cf58da20', 1, '生育津貼', '生育津貼', 'Birth grants', 0, 1, 0),
    ('6f232d84-f7c5-4ba4-a037-2ebe63498a41', 'service', '2fe42de9-53e1-4bb5-ae4c-2413cf58da20', 2, '托育補助', '托育補助', 'Childcare grants', 0, 1, 0),
    ('e2b20072-9d9a-40b1-a7a3-b524d4415ada', 'service', '2fe42de9-53e1-4bb5-ae4c-2413cf58da20', 3, '急難救助', '急難救助', 'Emergency relief', 0, 1, 0),
    ('16459e0e-b21f-4ca8-ab60-c53045e12afc', 'service', '2fe42de9-53e1-4bb5-ae4c-2413cf58da20', 4, '長期照顧', '長期照顧', 'Long-term care', 0, 1, 0),
    ('3e6ad6c1-dfa8-43c0-a31a-220d59cb2418', 'service', 'da7f8a41-f384-4581-a619-f502d7445e5b', 2, '臨櫃申請', '臨櫃申請', 'Counter applications', 0, 1, 0),
    ('5d100d6a-0f86-4788-aecd-ebb5cc1dfe00', 'service', '3e6ad6c1-dfa8-43c0-a31a-220d59cb2418', 1, '身心障礙服務', '身心障礙服務', 'Disability services', 0, 1, 0),
    ('7ffe7ada-ff25-4f78-a749-451d7a430532', 'service', '', 2, '醫療照護', '醫療照護', 'Medical care', 0, 1, 0),
    ('e353aeaa-dd2c-494a-af43-9e3dcf5b40df', 'service', '7ffe7ada-ff25-4f78-a749-451d7a430532', 1, '健康管理', '健康管理', 'Health management', 0, 1, 0),
    ('466b72b6-9728-4938-aa14-f82bc57debb6', 'service', 'e353aeaa-dd2c-494a-af43-9e3dcf5b40df', 1, '產前檢查', '產前檢查', 'Prenatal care', 0, 1, 0),
    ('dd6d2e0f-f6bc-4bd6-abde-f7e814d9f338', 'service', 'e353aeaa-dd2c-494a-af43-9e3dcf5b40df', 2, '幼兒疫苗接種', '幼兒疫苗接種', 'Child vaccination', 0, 1, 0),
    ('e8e63924-f197-4d99-ad3d-a6e614e99b94', 'service', '7ffe7ada-ff25-4f78-a749-451d7a430532', 2, '線上申請', '線上申請', 'Online applications', 0, 1, 0),
    ('855d735c-7a91-42ba-aca1-25c42abccd84', 'service', 'e8e63924-f197-4d99-ad3d-a6e614e99b94', 1, '就醫服務', '就醫服務', 'Medical visits', 0, 1, 0),
    ('13a14b6e-6ba2-490c-a1d8-193a8b3c10e1', 'service', '', 3, '民生消費', '民生消費', 'Everyday life', 0, 1, 0),
    ('3cbc261c-61b7-4e46-ac8a-59033c7701c6', 'service', '13a14b6e-6ba2-490c-a1d8-193a8b3c10e1', 1, '財務管理', '財務管理', 'Finances', 0, 1, 0),
    ('fbe64281-b14e-46ad-ab51-ff84d01d8983', 'service', '3cbc261c-61b7-4e46-ac8a-59033c7701c6', 1, '個人資料查詢', '個人資料查詢', 'Personal data enquiries', 0, 1, 0),
    ('4292f57f-2bb0-4da7-aee9-c48418e85424', 'service', '13a14b6e-6ba2-490c-a1d8-193a8b3c10e1', 2, '線上申請', '線上申請', 'Online applications', 0, 1, 0),
    ('01fec9c4-d000-44be-a987-9bdaa37f09c1', 'service', '4292f57f-2bb0-4da7-aee9-c48418e85424', 1, '水電與通訊', '水電與通訊', 'Utilities and telecoms', 0, 1, 0),
    ('7a7ba00e-ddd1-4a96-abe3-6fcbfcf651fd', 'service', '', 4, '財政金融', '財政金融', 'Finance', 0, 1, 0),
    ('362ab0e8-8747-44f1-abe4-30dec2fd76fa', 'service', '7a7ba00e-ddd1-4a96-abe3-6fcbfcf651fd', 1, '線上申請', '線上申請', 'Online applications', 0, 1, 0),
    ('364ee429-b645-4317-a219-2a64be3d9a09', 'service', '362ab0e8-8747-44f1-abe4-30dec2fd76fa', 1, '開戶', '開戶', 'Opening accounts', 0, 1, 0),
    ('ef1edc35-0575-41f8-abc5-e4e4c37b2b32', 'service', '362ab0e8-8747-44f1-abe4-30dec2fd76fa', 2, '貸款', '貸款', 'Loans', 0, 1, 0),
    ('6c88666a-0066-4e98-aeb1-430430cc210f', 'service', '362ab0e8-8747-44f1-abe4-30dec2fd76fa', 3, '信用卡', '信用卡', 'Credit cards', 0, 1, 0),
    ('8b65c948-93d8-4d8f-aae8-fd8a4058144d', 'service', '362ab0e8-8747-44f1-abe4-30dec2fd76fa', 4, '保險', '保險', 'Insurance', 0, 1, 0),
    ('d45ab307-b586-43fb-a056-ef807764c187', 'service', '7a7ba00e-ddd1-4a96-abe3-6fcbfcf651fd', 2, '臨櫃申請', '臨櫃申請', 'Counter applications', 0, 1, 0),
    ('53ae488b-7298-45f2-abd5-0f26bff5c1cc', 'service', 'd45ab307-b586-43fb-a056-ef807764c187', 1, '開戶與貸款', '開戶與貸款', 'Accounts and loans', 0, 1, 0),
    ('018a7808-ca93-47c4-a6a3-eda6f710850c', 'service', '', 5, '教育文化', '教育文化', 'Education and culture', 0, 1, 0),
    ('c9983f51-6e4f-4a3e-a156-4f97c03fdb74', 'service', '018a7808-ca93-47c4-a6a3-eda6f710850c', 1, '線上申請', '線上申請', 'Online applications', 0, 1, 0),
    ('11a45ca7-3603-4331-ad9b-98881ecafb04', 'service', 'c9983f51-6e4f-4a3e-a156-4f97c03fdb74', 1, '就學貸款與獎助', '就學貸款與獎助', 'Student loans and grants', 0, 1, 0),
    ('aeae6ec9-dd37-4bf2-a9ac-1cf6a6f34caf', 'service', 'c9983f51-6e4f-4a3e-a156-4f97c03fdb74', 2, '入學', '入學', 'Enrolment', 0, 1, 0),
    ('2d3ff279-7f18-4521-a6df-80650b307380', 'service', '', 6, '戶政地政', '戶政地政', 'Household and land', 0, 1, 0),
    ('8409f0c8-0ce9-4c28-a919-1e27fe420788', 'service', '2d3ff279-7f18-4521-a6df-80650b307380', 1, '線上申請', '線上申請', 'Online applications', 0, 1, 0),
    ('3db85de4-7403-4080-aa71-31203dcbaa99', 'service', '8409f0c8-0ce9-4c28-a919-1e27fe420788', 1, '戶籍', '戶籍', 'Household registration', 0, 1, 0),
    ('7e84829b-6aa0-4a41-a769-499d34d1aeb4', 'service', '2d3ff279-7f18-4521-a6df-80650b307380', 2, '臨櫃申請', '臨櫃申請', 'Counter applications', 0, 1, 0),
    ('94389565-51da-496f-a899-18b8559da0c1', 'service', '7e84829b-6aa0-4a41-a769-499d34d1aeb4', 1, '地政', '地政', 'Land', 0, 1, 0),
    ('005db79c-6f4a-4c1f-adaa-ba57b51796e5', 'service', '', 7, '勞動就業', '勞動就業', 'Labour', 0, 1, 0),
    ('9be388fa-5bf9-4fcf-a936-0059d182a53a', 'service', '005db79c-6f4a-4c1f-adaa-ba57b51796e5', 1, '線上申請', '線上申請', 'Online applications', 0, 1, 0),
    ('ac87747b-757d-4f17-a3aa-603a03c27000', 'service', '9be388fa-5bf9-4fcf-a936-0059d182a53a', 1, '求職與補助', '求職與補助', 'Jobs and grants', 0, 1, 0),
    ('8a48dae0-79ed-40f7-aa26-100ff6e01128', 'service', '', 8, '交通運輸', '交通運輸', 'Transport', 0, 1, 0),
    ('0f5e650e-b5c8-4088-a30b-3b621d8e7e2e', 'service', '8a48dae0-79ed-40f7-aa26-100ff6e01128', 1, '線上申請', '線上申請', 'Online applications', 0, 1, 0),
    ('e522d8e9-a2d5-4cd7-a64e-0a8375372c70', 'service', '0f5e650e-b5c8-4088-a30b-3b621d8e7e2e', 1, '監理', '監理', 'Vehicles and licences', 0, 1, 0),
    ('f06bd6c4-895c-4007-a3f5-d65ae2278865', 'service', '', 9, '工商登記', '工商登記', 'Business registration', 0, 1, 0),
    ('8751f21b-d2bd-4d30-a710-2cece1cc42a1', 'service', 'f06bd6c4-895c-4007-a3f5-d65ae2278865', 1, '線上申請', '線上申請', 'Online applications', 0, 1, 0),
    ('e75ce8af-7691-4c2e-a0be-2adf2dee1fb8', 'service', '8751f21b-d2bd-4d30-a710-2cece1cc42a1', 1, '公司與商業登記', '公司與商業登記', 'Company registration', 0, 1, 0),
    ('7c6bd27d-9587-461b-a6ed-86d58b7f71b2', 'service', '', 10, '其他', '其他', 'Other', 0, 1, 0),
    ('74edc54d-69fa-42e1-a4c4-6ad12b2f8173', 'service', '7c6bd27d-9587-461b-a6ed-86d58b7f71b2', 1, '綜合', '綜合', 'General', 0, 1, 0),
    ('14404ab2-1202-4891-aa45-ee36c27f4a45', 'service', '74edc54d-69fa-42e1-a4c4-6ad12b2f8173', 1, '其他服務', '其他服務', 'Other services', 0, 1, 0);

INSERT INTO policy_versions (kind, number, holds_from, binding, published_at, updated_at, edit, body, body_en) VALUES
('terms', 1, 1793462400000, 0, 1793462400000, 1793462400000, 1, '# 一、適用範圍

本條款適用於向個人化資料自主運用（MyData）平臺申請介接的機關單位及其人員。平臺依當事人的同意，將資料提供者保有的個人資料傳送給當事人指定的服務提供者。

# 二、帳號

帳號由機關單位的申請人以機關信箱申請，經審核通過後啟用。

帳號限本人使用，不得轉借。申請人離職或異動時，機關單位應立即通知服務窗口停用或移轉帳號。

帳號的操作會留下紀錄，供稽核使用。

# 三、機關單位的責任

申請時填寫的內容與上傳的文件應正確、完整且有權使用。

服務提供者只得於當事人同意的目的內使用資料，並只申請辦理服務必要的資料集。

資料提供者應維持資料的正確性與介接服務的可用性，並妥善保管簽章憑證與密鑰。

測試只得使用虛擬資料，不得使用真實的個人資料。

# 四、審核、測試與上線

申請單經維運團隊初審後，依機關性質函送目的事業主管機關或數位發展部審核。

審核通過後，測試期間為三個月，可申請延長一次；到期未申請上線者，自動下架。

上線前須於正式區以內部人員試辦，並提供試辦報告。

# 五、停權與下架

憑證到期、服務異常、違反本條款或有個人資料外洩之虞時，平臺得暫停介接，並通知機關單位原因與恢復的條件。

機關單位得隨時申請下架。下架後，平臺不再傳送資料。

# 六、準據法與修訂

本條款依中華民國法律解釋。

本條款修訂時，於平臺公告修訂內容與生效日；不同意者，得於生效前向 {mailbox} 表示反對並終止使用。',
'# 1. What these terms apply to

These terms apply to organisations that apply to be connected to the MyData platform, and to their staff. At a person’s consent, the platform passes personal data that a data provider holds on to the service provider that the person names.

# 2. Accounts

An account is applied for by the organisation’s applicant with an address of the organisation, and opened after review.

It is for its holder alone. When the applicant leaves or changes duties, the organisation tells the service desk at once.

What is done with an account is put on record for audits.

# 3. Duties of the organisation

What is filled in and uploaded is correct, complete and the organisation’s to use.

A service provider uses data for the purpose that the person agreed to, and asks only for the datasets that the service needs.

A data provider keeps its data correct and its connection available, and keeps its certificates and secrets safe.

Tests use virtual data only, never data of real people.

# 4. Review, test and going live

After the operating team’s first review, the application goes by official letter to the competent authority or to the ministry, as the kind of organisation demands.

After approval the test lasts three months and may be extended once; what has not applied to go live by then is delisted.

Before going live, staff run a pilot in production, and a report is handed in.

# 5. Suspension and delisting

The platform may suspend a connection when a certificate ends, a service fails, these terms are broken, or personal data may leak; it tells the organisation why, and what ends the suspension.

The organisation may ask to be delisted at any time. After that, no data is passed on.

# 6. Law and changes

These terms are read under the law of the Republic of China (Taiwan).

Changes are announced on the platform with the day they begin. Who does not agree may object at {mailbox} before that day, and end the use.'),
('privacy', 1, 1793462400000, 0, 1793462400000, 1793462400000, 1, '# 一、適用範圍

本政策說明平臺如何處理您申請帳號與使用管理後臺時提供的個人資料。民眾使用平臺傳送資料的處理方式，另於民眾端網頁說明。

# 二、蒐集的資料與目的

為辦理帳號申請、審核、聯繫與稽核，平臺蒐集申請人與副帳號人員的姓名、電話、電子信箱與帳號，以及登入的時間、網路位址與瀏覽器種類。

# 三、資料的利用與保存

這些資料由維運團隊、目的事業主管機關與數位發展部於審核及管理的必要範圍內使用，不提供給其他第三人。

個人資料以加密方式保存；帳號關閉後，於法定期間屆滿時刪除。

# 四、Cookie 運用

Cookie 是網站經由瀏覽器寫入您裝置的簡短資訊。平臺的 Cookie 只用來維持登入狀態、記住語言與字級，以及進行不識別特定當事人的瀏覽人數統計。

您可以在瀏覽器設定中拒絕 Cookie；拒絕後仍可瀏覽公開內容，登入則需要維持登入狀態的 Cookie。

# 五、依個人資料保護法處理

平臺蒐集、處理或利用個人資料，除其他法律有特別規定外，皆依個人資料保護法規定辦理。

# 六、自我資料安全保護措施

請妥善保管您的個人資料與密碼，切勿提供給任何第三人。若您與他人共用電腦或使用公共電腦，使用完畢請務必登出帳號，並關閉瀏覽器視窗。

# 七、隱私權保護政策修訂

本政策如有修訂，將公告於平臺。若您對修訂內容表示反對，請以服務信箱 {mailbox} 聯繫我們；未表示反對而繼續使用平臺，視為您已閱讀、瞭解並同意修訂內容。

# 八、您的權利

您得向平臺查詢、閱覽、複製、補充或更正您的個人資料，並得請求停止利用或刪除。請以服務信箱 {mailbox} 聯繫我們。',
'# 1. What this policy applies to

This policy says how the platform treats the personal data that you give when you apply for an account and use the back office. How it treats citizens’ data is said on the citizens’ pages.

# 2. What is collected, and why

To handle applications, reviews, questions and audits, the platform collects names, phone numbers, mail addresses and account names of applicants and deputies, and when, from which address and with what kind of browser they signed in.

# 3. How it is used and kept

The operating team, the competent authority and the ministry use it as far as reviews and administration need it; nobody else receives it.

Personal data is kept encrypted, and deleted when the time that the law sets has passed after the account was closed.

# 4. Cookies

Cookies are short notes that a site keeps in your browser. The platform’s cookies keep you signed in, remember language and text size, and count visits without telling who visits.

You can refuse cookies in your browser. Public pages stay open to you; signing in needs the cookie that keeps you signed in.

# 5. Personal Data Protection Act

Unless another law says otherwise, the platform collects, processes and uses personal data as the Personal Data Protection Act has it.

# 6. Keep yourself safe

Keep your personal data and your password to yourself. On a computer that others use, sign out and close the browser when you are done.

# 7. Changes of this policy

Changes are announced on the platform. If you object, write to {mailbox}; if you go on using the platform without objecting, you are taken to have read, understood and accepted them.

# 8. Your rights

You may ask to see, copy, complete or correct your personal data, and to have its use ended or the data deleted. Write to {mailbox}.');
