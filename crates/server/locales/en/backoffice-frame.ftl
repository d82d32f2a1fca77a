# Texts that every page of the back office has
office = MyData back office
    .long = MyData, your data at your word: back office
office-idle = You are signed out after { $span } without use.
office-ending = You are signed out in { $time }
    .why = You have not done anything for a while. When you are signed out, what is not saved is lost.
    .extend = Go on
office-home = To the first page
office-reference = Number { $id }

office-forbidden = Your account cannot use this page
    .what = This page is for other roles.
    .next = If you need it for your work, ask the service desk to change what your account may do.
office-not-found = There is no such page
    .what = The address may be wrong, the content may have been removed, or it does not belong to your organisation.
    .next = Please begin again from the menu.
office-form-expired = This form has expired
    .what = You signed out or changed the browser before sending it, or it was not sent from this site, so nothing was done.
    .next = Please go back, reload the page and send the form again.
office-changed = The content has changed
    .what = Somebody was quicker after you opened the page, so your step was not made.
    .next = Please open the page again and look at what is there now.
office-too-large = What was sent is too large
    .what = A file or the form is above the limit. A file may have up to 10 MB.
    .next = Please make the file smaller and send it again.
office-too-many = Please wait a moment
    .what = Too many forms came from one address in a short time.
    .next = Please wait a minute and try again.
office-too-many-tests = Please wait before you test again
    .what = The connection of this item was tested too often in a short time.
    .next = Please wait a minute. The last result is still on the item’s page.
office-busy = The platform is busy
    .what = Too much is going on at once; this step was not taken and nothing was changed.
    .next = Please wait a few seconds and try again. If it keeps happening, tell the service desk the number below.
office-internal = This step could not be finished
    .what = The platform itself has a problem; you did nothing wrong, and nothing was changed.
    .next = Please try again later. If it still fails, tell the service desk the number below.

menu = Menu
    .label = Functions
crumbs = You are here
    .home = First page
who = Signed in:
    .account = My account
sign-out = Sign out
cancel = Cancel
zone-switch =
    { $zone ->
        [test] Switch to the test zone
       *[production] Switch to production
    }

menu-organisation = Organisation
menu-organisation-data = Organisation data
menu-sp = Service provider
menu-services = Services
menu-services-failing = Failing services
menu-dp = Data provider
menu-datasets = Datasets
menu-datasets-failing = Failing datasets
menu-counter = Counter services
menu-counter-services = Counter services
menu-query = Review and search
menu-reviews = Reviews
menu-all-services = All services
menu-all-datasets = All datasets
menu-system = System
menu-statistics = Statistics
menu-administration = Administration

role-applicant = Applicant
role-deputy = Deputy account
role-operator = Operating team
role-authority = Competent authority
role-ministry = Ministry of Digital Affairs
role-administrator = System administrator
role-auditor = Auditor

home-greeting = Welcome
home-since = Signed in: { $at }
home-all = See all
home-reviews = Waiting for your review
    .none = No application waits for your review.
home-letters = Official letter awaited
    .none = No item waits for its official letter.
home-items = Your items
    .none = No dataset or service yet. Add one from the menu.
home-drafts = Drafts
    .none = Nothing was begun and left unsent.
    .saved = Saved { $at }
home-undelivered = { $count ->
    [one] One mail could not be delivered. See the outbox under Administration.
   *[other] { $count } mails could not be delivered. See the outbox under Administration.
  }
home-nothing = There is nothing that your account can use at present.
