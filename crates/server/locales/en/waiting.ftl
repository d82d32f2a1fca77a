# While the service is told
waiting-title = Telling { $organisation }
waiting-lead = You have confirmed. The platform is telling { $organisation } that the data may be fetched. This usually takes a few seconds, and then you are taken back.
waiting-stay = There is nothing you need to do.
waiting-leave = Even if you close this page now, the platform finishes sending.
waiting-link = Not taken back? Go on here
onward-service = Taking you back to { $organisation }
onward-identity = Taking you to verify your identity
onward-link = Not taken there? Go on here
