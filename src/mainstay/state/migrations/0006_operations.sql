-- What a version is made of, one row for each thing, so that it can be asked both ways: the commit, the data, a file of
-- code, a package, a setting. Everything here can be derived again from the bundles.
CREATE TABLE ingredients (
    model    TEXT    NOT NULL,
    number   INTEGER NOT NULL,
    kind     TEXT    NOT NULL,                  -- commit, data, code, package, parameter, parent ...
    name     TEXT    NOT NULL,                  -- features.py, numpy, learning_rate ...
    value    TEXT    NOT NULL,                  -- a hash, a version, a setting
    PRIMARY KEY (model, number, kind, name),
    FOREIGN KEY (model, number) REFERENCES versions (model, number)
);
CREATE INDEX ingredients_by_name ON ingredients (model, kind, name, value);

ALTER TABLE versions ADD COLUMN made TEXT NOT NULL DEFAULT '';              -- how: trained, adopted, policy, imported ...
ALTER TABLE versions ADD COLUMN signer TEXT NOT NULL DEFAULT '';            -- id of the key that signed it; empty: nobody
ALTER TABLE versions ADD COLUMN removed TEXT NOT NULL DEFAULT '';           -- when its bundle was removed; the row stays

ALTER TABLE releases ADD COLUMN approvals TEXT NOT NULL DEFAULT '[]';       -- JSON list: role, by, at, reason
ALTER TABLE releases ADD COLUMN steps TEXT NOT NULL DEFAULT '[]';           -- JSON list: shares a canary is still to get
ALTER TABLE approvals ADD COLUMN role TEXT NOT NULL DEFAULT '';             -- in which role somebody said yes

-- Whether something other than a person may release. Rows are only added; the last one of a model counts.
CREATE TABLE holds (
    model  TEXT    NOT NULL,
    id     INTEGER NOT NULL,
    held   INTEGER NOT NULL,
    at     TEXT    NOT NULL,
    author TEXT    NOT NULL,
    reason TEXT    NOT NULL,
    release INTEGER NOT NULL DEFAULT 0,         -- the rollback that came with it; 0: a person said so
    PRIMARY KEY (model, id)
);

-- Which release each worker of each server answers by, told by themselves again and again; one that is silent is gone.
CREATE TABLE workers (
    model   TEXT    NOT NULL,
    worker  TEXT    NOT NULL,                   -- unique per process
    machine TEXT    NOT NULL,
    pid     INTEGER NOT NULL,
    release INTEGER NOT NULL,                   -- it answers by this one; 0: none yet
    since   TEXT    NOT NULL,                   -- when that one was made: tells it from its namesake in a registry restored
    tried   INTEGER NOT NULL,                   -- the newest it took up or refused
    tried_since TEXT NOT NULL,
    trouble TEXT    NOT NULL,                   -- why it refused that, or what else is wrong; empty while all is well
    beat    INTEGER NOT NULL,                   -- its own count of its words: moves as long as it lives, whatever clocks do
    at      TEXT    NOT NULL,                   -- last word, by the clock of the database
    PRIMARY KEY (model, worker)
);
