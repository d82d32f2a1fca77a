//! The country in a box: fictional SPs, DPs, an identity provider, a mailbox, personas.
