# Citizens log in and out
login = Log in
login-title = Log in
login-lead = Choose how you want to prove who you are. The platform takes you there and brings you back.
login-needs = The data you want needs { $method } or a stronger method. Please prove who you are once more.
login-again = To protect your data, this step asks you to prove who you are once more.
login-methods = Ways to prove who you are
    .hint = The strongest comes first.
login-method-missing = Choose one of the ways.
login-go = Go on
login-none = No way to prove who you are is available now. Please try again later.
login-idle = You are logged out after 10 minutes without use, and can be logged in at one place at a time.
login-ended = You have been logged out
    .what = You did nothing for a while, or you logged in elsewhere, so the platform logged you out here. Log in again and you will come back to the same page.
login-ended-kept = You have been logged out; what you filled in is kept
    .what = Log in again within 15 minutes. The form will come back as you left it, and nothing is submitted until you do so.
login-cancelled = You cancelled the verification
    .what = The verification was not completed, so you are not logged in yet. Try again, or choose another way.
login-failed = The verification did not succeed
    .what = The verification was refused, or its result cannot be shown to be yours. Try again, or choose another way.
login-unavailable = Verification is not available now
    .what = The platform cannot reach this verification system. Try again later, or choose another way.
login-too-weak = The method used is not strong enough
    .what = What was completed is a weaker method, which is not enough for these data. Please use one of the following.
login-other-person = Another person was verified
    .what = Whoever completed this verification is not the person logged in here, so nothing was changed. To let somebody else use the platform, log out first.
login-expired = The verification came too late
    .what = The result came too late or belongs to another login; to be safe the platform does not use it. Please try again.
login-ending = You will be logged out in { $time }
    .label = Idle warning
    .why = You have not done anything for a while. To protect your data you are logged out when the time is up.
    .extend = Go on
    .extended = You have more time now.
    .minutes = 2 minutes
    .seconds = 30 seconds
login-idle-until = You are logged out after { $span } without use; if you do nothing more, at { $at }.

own = Your own pages
own-downloads = My downloads
own-record = My record
own-barcodes = Data barcodes
own-me = My details
own-logout = Log out

elsewhere-title = You are logged in elsewhere
elsewhere-since = You logged in on { $at } with { $method }, and have not logged out there.
elsewhere-what = You can be logged in at one place at a time. If you go on here, you are logged out there at once.
elsewhere-over = The other login has ended; you can go on here.
elsewhere-go = Go on here
elsewhere-cancel = Cancel, do not log in here
elsewhere-not-you = If the other login was not you, go on here and call us on { $phone }.

agree-title = Please agree to the terms and the policy first
agree-lead = At your first visit, and when terms or policy change in substance, you are asked to read and accept them. The platform notes which version you accepted, and when.
agree-tick = I have read the above terms and policy and agree to them
agree-missing = Tick the box to agree; without it the pages for logged-in users cannot be used.
agree-go = Agree and go on
agree-cancel = Do not agree, log out

logged-out-title = You have logged out
logged-out-what = Your session has ended. On a shared computer, close the browser as well.
logged-out-home = Home
logged-out-again = Log in again

kept-form = What you had filled in is back
    .what = Nothing has been submitted yet. Check it, then submit.
