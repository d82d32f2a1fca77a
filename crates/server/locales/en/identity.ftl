# ② did not come to an end
identity-cancelled = You cancelled the verification
    .what = The verification with { $method } was not completed, so the platform does not know yet who you are.
identity-failed = The verification did not succeed
    .what = The verification with { $method } was refused, or its result cannot be shown to be yours.
identity-expired = The verification came too late
    .what = The result of { $method } came too late or belongs to another attempt; to be safe the platform does not use it.
identity-unavailable = Verification is not available now
    .what = The platform cannot reach the verification system for { $method }.
identity-too-weak = Another method was used than you chose
    .what = You chose { $method }, but what was completed is a weaker method, which is not enough for these data.
identity-sent = Nothing was collected and nothing was sent.
identity-next = You can go back one step and try again, or choose another method.
identity-again = Try again
identity-refuse = Give up and return to { $organisation }
