-- Who answers. Rows are only added, numbered 1, 2, 3 ... per model without a gap; the last one is in force.
CREATE TABLE releases (
    model  TEXT    NOT NULL,
    id     INTEGER NOT NULL,
    kind   TEXT    NOT NULL,                    -- release, canary, shadow, rollback
    routes TEXT    NOT NULL,                    -- JSON list of routes: version, role, weight
    at     TEXT    NOT NULL,
    author TEXT    NOT NULL,
    reason TEXT    NOT NULL,
    trial  INTEGER NOT NULL,
    PRIMARY KEY (model, id)
);
