# Signing in and one's own account
sign-in = Sign in
    .account = Account
    .password = Password
    .incomplete = Please fill in account and password.
    .wrong = Account or password is wrong. Please check and try again; after 5 failures sign-in is closed for 15 minutes.
    .shared = On a shared computer, sign out and close the browser when you are done.
sign-in-closed = Sign-in is closed for a while
    .text = There were 5 failures within 15 minutes, so sign-in is closed to protect the account. You can try again in about { $minutes ->
            [one] { $minutes } minute
           *[other] { $minutes } minutes
        } ({ $at }).
    .again = Try again
sign-up = Open an account
password-forgotten = Forgotten password

forgot =
    .account = Account or e-mail
    .how = Fill in your account or the e-mail it is registered with. If there is such an account, we send a link that sets a new password; it is good for 10 minutes.
    .submit = Send the link
    .missing = Fill in your account or e-mail.

gov = E-government account
    .linked = Linked. You can sign in with your e-government account instead of the password; the second factor stays as it is.
    .none = Not linked. Once it is, you can sign in with your e-government account instead of the password.
    .link = Link an e-government account
    .unlink = Unlink
gov-sign-in = Sign in with an e-government account
gov-onward = On the way to your e-government account
gov-trouble =
    .cancelled = You cancelled signing in with your e-government account.
    .unavailable = E-government accounts cannot be used just now. Try later, or sign in with account and password.
    .invalid = Signing in with your e-government account could not be completed; it may have taken too long. Please try again.
    .unknown = This e-government account is not linked to a back-office account. Sign in with account and password first, and link it under “My account”.
    .taken = This e-government account is linked to another back-office account.

barred-filling-in = Your application is not finished. Please open the link in the registration mail, fill in the forms and send them.
barred-in-review = Your account is being reviewed by the operating team; please wait for our mail.
barred-refused = Your application was not approved. The reason was sent to your mailbox; please ask the service desk if anything is unclear.
barred-locked = Your account was locked by an administrator. Please ask the service desk.
barred-closed = This account is closed. Please ask the service desk if you need it.

second-factor = Second factor
factor-totp = Authenticator app
    .how = Open the authenticator app on your phone and type the 6 digits that it shows.
    .code = 6-digit code
    .submit = Verify
factor-passkey = Passkey
    .how = Verify with fingerprint, face or PIN of this device or of a security key.
    .submit = Use a passkey
    .failed = It did not work this time. Please try again or use another way.
factor-recovery = Recovery code
    .how = If you cannot use the ways above, type one of the recovery codes that you kept; each works once.
    .code = Recovery code
    .submit = Use a recovery code
factor-wrong =
    .totp = The code is wrong or was used already. Wait for the next digits in the app, and make sure that the phone's clock is right.
    .passkey = This passkey could not be verified. Please use another passkey or another way.
    .recovery = The recovery code is wrong or was used already.
    .password = The password is wrong.
factor-none = Nothing is set up. With a second factor you verify once more beside the password, and the account is safer.
factor-unused = never used
factor-used = last used { $at }
factor-since = Added { $at }
factor-remove = Remove “{ $name }”?
    .link = Remove
    .submit = Remove
    .consequence = You cannot sign in with it afterwards.

enrol = Add a way to verify
    .why = Your role needs a second factor. Please set up one now; you will use it at every sign-in.
    .over = This page has expired. Please begin again with what is shown below.
    .twice = This way was added already, or another window finished first.
    .too-many = An account can have { $count } ways to verify. Please remove one that you no longer use.
enrol-totp =
    .how = Scan this QR code with an authenticator app, then type the 6 digits that it shows.
    .code = Setup code for an authenticator app, the same as the text beside it
    .secret = If you cannot scan it, type this into the app:
    .open = Open in the authenticator app of this device
    .submit = Finish
enrol-passkey =
    .how = Sign in with fingerprint, face or PIN of this device or of a security key, without typing digits.
    .submit = Create a passkey

recovery = Please keep your recovery codes
    .what = If you lose your phone or cannot verify, one of these lets you in. Each works once.
    .once = The codes are shown here only once. Print them, or keep them in a password manager.
    .kept = I have kept them, go on
    .renew = Make new recovery codes ({ $left } left)

prove = Please confirm that it is you
    .why = What comes next is confidential. To protect your organisation, verify once more in one of these ways; it holds for 5 minutes.
    .submit = Confirm

password-present = Present password
password-new = New password
    .hint = At least { $least } characters. A sentence that only you know is safer than a short password with signs.
password-again = New password once more
password-change = Change the password
    .submit = Change the password
password-set = Set a password
    .submit = Set the password
password-link-over = This link was used already or is too old. Please ask for another one, or ask the service desk.
password-weak =
    .short = Too short: at least { $least } characters are needed.
    .long = Too long: { $most } characters at most.
    .name = The password must not hold the account's name.
    .common = This is a common password and easily guessed.
    .monotonous = Too few different characters: easily guessed.
    .again = The two passwords are not the same.

me = My account
    .about = About
    .role = Role
    .organisation = Organisation
    .name = Name
    .mail = E-mail
    .phone = Phone
sessions = Signed-in devices
    .own = this device
    .end = Sign this device out
    .end-others = Sign all other devices out
session-unknown = Unknown browser
session-about = { $address } · signed in { $began } · last used { $seen }

said-signed-out = You are signed out.
said-password-changed = The password was changed; all other devices are signed out.
said-password-set = The password was set. Please sign in with it.
said-factor-added = The way to verify was added.
said-factor-removed = The way to verify was removed.
said-factor-needed = Your role needs at least one way to verify. Please add another one first.
said-session-ended = That device is signed out.
said-sessions-ended = All other devices are signed out.
said-forgot = If there is such an account, the link that sets a new password is on its way; open it within 10 minutes. If it does not arrive, look among unwanted mail, or ask the service desk.
said-gov-linked = Your e-government account is linked.
said-gov-unlinked = Your e-government account is no longer linked.
