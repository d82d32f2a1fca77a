-- The record, filtered by what happened or by who did it.
CREATE INDEX audit_events_what ON audit_events (what, at);
CREATE INDEX audit_events_actor ON audit_events (actor, at);
