-- The keys of persons where several machines share this database; a project on one machine has a file of its own. They
-- are in no dump: a copy of a key would outlive its destruction.
CREATE TABLE persons (
    model  TEXT    NOT NULL,
    person TEXT    NOT NULL,                    -- pseudonym
    key    TEXT    NOT NULL,                    -- 32 bytes in hexadecimal
    PRIMARY KEY (model, person)
);

-- How often keys were destroyed: whoever has some in memory forgets them when this moves.
CREATE TABLE destructions (
    model  TEXT    NOT NULL PRIMARY KEY,
    times  INTEGER NOT NULL
);
