# Home page
home-title = Your data goes where you decide
home-lead = Agencies keep data about you: household registration, taxes, health insurance. When a service needs it you do not have to fetch it: with your consent the platform collects it from the agency and hands it to the service you name.
home-how = How it goes
home-how-one = Apply on the service's site
    .text = A bank's online account, for example. The service brings you here and says which data it needs and what for.
home-how-two = Agree to the terms, prove who you are
    .text = Only when the platform knows that it is you does it ask the providers for the data.
home-how-three = Look at it, then confirm
    .text = You can preview every dataset. Nothing is sent before you confirm; if you refuse, what was collected is deleted at once.
home-begin = Begin with one of these services
    .none = There is no service to begin with here. Please apply on the site of the service you need; it will bring you here.
home-promise = The platform does not keep your data
    .text = Files are signed and encrypted, go only to the service you name and are kept for 8 hours at most; then they are deleted.
