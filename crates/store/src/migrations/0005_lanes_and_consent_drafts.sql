-- What a job shares with others of its kind: a dataset's DP. So that one that hangs does not hold up the rest.
ALTER TABLE jobs ADD COLUMN lane TEXT;

-- Which bytes of the token have gone out, while not all have.
ALTER TABLE transactions ADD COLUMN delivered TEXT;

-- What the citizen had filled in on the page of consent, sealed; gone as soon as the page is behind them.
ALTER TABLE transactions ADD COLUMN draft BYTEA;
