# ① terms, ② identity
consent-title = Consent and identity
    .error-prefix = Please correct:
consent-intro = For { $service }, { $organisation } needs the following data about you.
consent-datasets = What will be collected
    .details =
        { $count ->
            [one] Show the field and the verification needed
           *[other] Show the { $count } fields and the verification needed
        }
    .description = About it
    .level = Verification
    .level-value = { $method } or stronger
    .minutes = about { $span }
consent-parameters = What to look up
    .optional = (optional)
    .test-value = Filled in with test values, as this is the test zone.
consent-terms = Service terms
    .agree = I have understood what this service does and agree to the service terms above
consent-methods = How to prove who you are
    .hint = At least this strong: { $method }.
    .needs = You need { $needs }
    .none = No method is available at present, so you cannot go on. Please contact the service desk, or go back and apply in another way.
    .barred = Not usable this time
method-too-weak = Too weak for { $dataset }, which needs at least: { $method }
method-not-available = This platform does not offer the method yet
consent-next = When you confirm, you go on to prove who you are. Only then does the platform collect the data; before anything is sent you see what came and are asked once more.
    .refuse = If you refuse, you return to { $organisation } and nothing is collected.
errors-title =
    { $count ->
        [one] One thing needs correcting
       *[other] { $count } things need correcting
    }
    .of-dataset = { $dataset }: { $text }
param-missing = Please fill in "{ $label }"
param-too-long = "{ $label }" may have at most { $max } characters
param-not-one-line = "{ $label }" must not hold line breaks or control characters
terms-missing = Please read the service terms and tick the box
method-missing = Please choose a method
method-not-offered = This method cannot be used for this application; please choose another
