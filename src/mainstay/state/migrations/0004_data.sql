-- What a version was trained on, beside the fingerprint of its rows; empty in versions made before this was recorded.
ALTER TABLE versions ADD COLUMN source TEXT NOT NULL DEFAULT '';
ALTER TABLE versions ADD COLUMN data_md5 TEXT NOT NULL DEFAULT '';          -- of the file or folder, as DVC says it
ALTER TABLE versions ADD COLUMN data_size INTEGER;                          -- bytes
ALTER TABLE versions ADD COLUMN data_rows INTEGER;
ALTER TABLE versions ADD COLUMN data_pointer TEXT NOT NULL DEFAULT '';      -- the .dvc file or dvc.lock, from the project
