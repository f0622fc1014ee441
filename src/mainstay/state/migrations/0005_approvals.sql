-- Who said yes to a version, and why. Rows are only added.
CREATE TABLE approvals (
    model    TEXT    NOT NULL,
    number   INTEGER NOT NULL,
    id       INTEGER NOT NULL,                  -- 1, 2, 3 ... per version
    at       TEXT    NOT NULL,
    author   TEXT    NOT NULL,
    reason   TEXT    NOT NULL,
    PRIMARY KEY (model, number, id),
    FOREIGN KEY (model, number) REFERENCES versions (model, number)
);
