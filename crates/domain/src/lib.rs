//! Parties, transactions and the rules between them: no sockets, no SQL, no tasks.
