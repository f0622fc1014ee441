-- What was built. One row per version; the bundle itself is a folder in the store, `digest` is the sha256 of its manifest.
-- Rows are only added. Everything in `versions` can be derived again from the bundles.
CREATE TABLE versions (
    model            TEXT    NOT NULL,
    number           INTEGER NOT NULL,
    created          TEXT    NOT NULL,          -- ISO 8601, UTC, microseconds, Z: sorts as text
    author           TEXT    NOT NULL,
    parent           INTEGER,
    digest           TEXT    NOT NULL,
    data_fingerprint TEXT    NOT NULL,
    git_commit       TEXT    NOT NULL,
    dirty            INTEGER NOT NULL,
    candidate        TEXT    NOT NULL,
    primary_finding  TEXT,                      -- JSON of a Finding
    PRIMARY KEY (model, number)
);

-- What the gates said of a version, each time it was asked; the last one counts.
CREATE TABLE verdicts (
    model    TEXT    NOT NULL,
    number   INTEGER NOT NULL,
    id       INTEGER NOT NULL,                  -- 1, 2, 3 ... per version
    at       TEXT    NOT NULL,
    author   TEXT    NOT NULL,
    ok       INTEGER NOT NULL,
    findings TEXT    NOT NULL,                  -- JSON list of Findings
    PRIMARY KEY (model, number, id),
    FOREIGN KEY (model, number) REFERENCES versions (model, number)
);
