-- Who may act alone. The token grows each time a lease changes hands, so that a holder who slept through its end
-- can be told from the one who acts now.
CREATE TABLE leases (
    name    TEXT    NOT NULL PRIMARY KEY,
    owner   TEXT    NOT NULL,
    token   INTEGER NOT NULL,
    expires TEXT    NOT NULL
);
