# Signing up
signup-lead = New applicants: read the terms of service and the privacy policy first, then make an account with your organisation’s mail address.
signup-terms = Terms of service
signup-privacy = Privacy policy
signup-of = Of { $day }
signup-unread = Please read the text above to its end; the box can be ticked once you have scrolled there.
signup-agree = I understand and agree
    .missing = Read the terms of service and the privacy policy to the end, and tick the box.
signup-mail = Mail address of your organisation
    .how = For example chen@library.example. No free mail (Gmail, Yahoo, Hotmail and the like); the registration mail goes there.
    .missing = Fill in your organisation’s mail address.
    .free = { $domain } is a free mail service, which does not show which organisation you belong to. Use an address of your organisation.
signup-begin = Make an account
signup-sent = Look for the registration mail
    .what = If an account can be made for this address, the registration mail is on its way. Its link leads to the forms about your organisation and your application.
    .ten = The link works for 10 minutes, once.
    .nothing = Nothing came? Look in the spam folder, check the spelling of the address, or try again later.
signup-again = Ask for another registration mail
signup-link-over = This link was used already, or its 10 minutes are over. Ask for another registration mail; if you have set up your account before, sign in.
signup-open = Set up the account
    .what = Your address is confirmed. Choose an account name and a password, then fill in the forms. If you leave, sign in with them to go on.
    .submit = Set up and begin
signup-account =
    .how = 3 to 40 of a-z, 0-9 and . _ -, beginning with a letter.
    .bad = An account name is 3 to 40 of a-z, 0-9 and . _ -, and begins with a letter.
    .taken = This name is taken. Choose another.

signup-progress = Fill in the application
    .what = The application is made when both forms are complete and you press “Send”; until then the account serves to fill them in and nothing else. What you fill in is kept: leave whenever you like, sign in and go on.
signup-step-organisation = Your organisation, the applicant and deputy accounts.
signup-step-application = Application
    .how = Choose data provider, service provider or counter service, fill in its form and upload the documents.
signup-step-send = Send
    .how = Look everything over and send it for review.
signup-step-open = To be filled in
signup-step-begun = Begun
signup-step-complete = Complete
signup-step-waiting = Waiting for you to send
signup-step-later = Opens when both are complete
signup-step-fill = Fill in
signup-step-choose = Choose what to apply for
signup-step-other = Choose something else
signup-step-overview = Look over and send
signup-choose = Choose what to apply for
    .which = What do you apply for?
    .on = Choose and begin
    .replaces = You have begun “{ $form }”. If you choose something else, what is filled in and uploaded there will be deleted.
signup-choose-dataset = Offer datasets about people, such as household, property or health insurance data.
signup-choose-service = Receive data in an online service, with the citizen’s consent.
signup-choose-counter = Receive data at a counter, from the barcode that the citizen shows.
signup-overview = Look over and send
    .what = Please look everything over. After sending, the forms are in review and cannot be changed.
signup-send = Send
signup-in-review = In review
    .what = The operating team is reviewing your account and your application; please wait for our mail. Once they have passed, you can sign in.
signup-number = Number of the account’s application: { $number }

# Terms of service (the operator’s own words)
signup-terms-scope = 1. What these terms apply to
    .what = These terms apply to organisations that apply to be connected to the MyData platform, and to their staff. At a person’s consent, the platform passes personal data that a data provider holds on to the service provider that the person names.
signup-terms-account = 2. Accounts
    .what = An account is applied for by the organisation’s applicant with an address of the organisation, and opened after review.
        It is for its holder alone. When the applicant leaves or changes duties, the organisation tells the service desk at once.
        What is done with an account is put on record for audits.
signup-terms-duties = 3. Duties of the organisation
    .what = What is filled in and uploaded is correct, complete and the organisation’s to use.
        A service provider uses data for the purpose that the person agreed to, and asks only for the datasets that the service needs.
        A data provider keeps its data correct and its connection available, and keeps its certificates and secrets safe.
        Tests use virtual data only, never data of real people.
signup-terms-review = 4. Review, test and going live
    .what = After the operating team’s first review, the application goes by official letter to the competent authority or to the ministry, as the kind of organisation demands.
        After approval the test lasts three months and may be extended once; what has not applied to go live by then is delisted.
        Before going live, staff run a pilot in production, and a report is handed in.
signup-terms-end = 5. Suspension and delisting
    .what = The platform may suspend a connection when a certificate ends, a service fails, these terms are broken, or personal data may leak; it tells the organisation why, and what ends the suspension.
        The organisation may ask to be delisted at any time. After that, no data is passed on.
signup-terms-law = 6. Law and changes
    .what = These terms are read under the law of the Republic of China (Taiwan).
        Changes are announced on the platform with the day they begin. Who does not agree may object at { $contact } before that day, and end the use.
# Privacy policy
signup-privacy-scope = 1. What this policy applies to
    .what = This policy says how the platform treats the personal data that you give when you apply for an account and use the back office. How it treats citizens’ data is said on the citizens’ pages.
signup-privacy-collect = 2. What is collected, and why
    .what = To handle applications, reviews, questions and audits, the platform collects names, phone numbers, mail addresses and account names of applicants and deputies, and when, from which address and with what kind of browser they signed in.
signup-privacy-use = 3. How it is used and kept
    .what = The operating team, the competent authority and the ministry use it as far as reviews and administration need it; nobody else receives it.
        Personal data is kept encrypted, and deleted when the time that the law sets has passed after the account was closed.
signup-privacy-cookie = 4. Cookies
    .what = Cookies are short notes that a site keeps in your browser. The platform’s cookies keep you signed in, remember language and text size, and count visits without telling who visits.
        You can refuse cookies in your browser. Public pages stay open to you; signing in needs the cookie that keeps you signed in.
signup-privacy-law = 5. Personal Data Protection Act
    .what = Unless another law says otherwise, the platform collects, processes and uses personal data as the Personal Data Protection Act has it.
signup-privacy-self = 6. Keep yourself safe
    .what = Keep your personal data and your password to yourself. On a computer that others use, sign out and close the browser when you are done.
signup-privacy-change = 7. Changes of this policy
    .what = Changes are announced on the platform. If you object, write to { $contact }; if you go on using the platform without objecting, you are taken to have read, understood and accepted them.
signup-privacy-rights = 8. Your rights
    .what = You may ask to see, copy, complete or correct your personal data, and to have its use ended or the data deleted. Write to { $contact }.
