# Texts that every page has
brand = MyData
    .long = MyData, your data at your word
    .description = With your consent, data that agencies keep about you goes straight to the service you name.

zone-test = Test zone
zone-front-test = Front-end test
zone-production = Production zone

skip = Skip to the main content
anchor-top = Upper functions
anchor-main = Main content
anchor-bottom = Contact and footer
other-language = 中文
    .label = 切換為中文
text-size = Text size
size-small = Small
size-medium = Medium
size-large = Large
citizen = Current user:
contact = Service desk
    .phone = Phone
    .mailbox = Mail

steps = Steps
    .done = (done)
step-terms = Agree to the terms
step-identity = Prove who you are
step-confirm = Confirm sending

transaction = Transaction { $id }
confirm = Confirm
refuse = Refuse

parties = Who receives it
    .organisation = Organisation
    .service = Service
    .purpose = Purpose
    .access = May fetch it until
    .afterwards = Afterwards
    .wiped = When that time is up the platform deletes the files and keeps only the record of sending.
parties-after = { $span } after you confirm
parties-until = { $at } ({ $span })

span-hours =
    { $count ->
        [one] 1 hour
       *[other] { $count } hours
    }
span-minutes =
    { $count ->
        [one] 1 minute
       *[other] { $count } minutes
    }
fields-summary = { $fields } and { $more } more

session-idle = This page ends by itself after { $span } without use; whatever you have not confirmed is deleted.
session-ending = This page ends in { $time }
    .label = Idle warning
    .why = You have not done anything for a while. When it ends, whatever you have not confirmed is deleted.
    .extend = Go on
    .extended = You have more time now.
    .minutes = 2 minutes
    .seconds = 30 seconds

verification-cer = Citizen Digital Certificate
    .needs = the certificate card, a card reader and the PIN
verification-fic = Chip bank card
    .needs = the bank card, a card reader and the chip password
verification-fch = Hardware financial certificate
    .needs = the certificate device and its password
verification-moe = Business certificate
    .needs = the business certificate card, a card reader and the PIN
verification-tfd = TW FidO
    .needs = a phone registered with TW FidO
verification-nhi = National Health Insurance card
    .needs = the card, a card reader and the registered password
verification-fcs = Software financial certificate
    .needs = the device that holds the certificate, and its password
verification-pii = Multi-factor
    .needs = your basic data and a second factor
verification-otp = One-time password
    .needs = a phone or mailbox that receives the code
verification-gov = e-Government account
    .needs = the account and its password
