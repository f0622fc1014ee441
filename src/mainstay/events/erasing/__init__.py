"""A person leaves the log: every line, row and copy of it, and the key that opens what is sealed.

::

    pending   what an erasure is about, kept until it is done, so that an interrupted one is finished by the next
    traces    finding a person in bytes: by pseudonym, and by the ids of the answers
    lines     lines of files are overwritten where they are
    rows      rows of the tables; the files they were in are vacuumed
    objects   what lies in a bucket
    proving   every byte is looked at again
    receipt   what was done, without saying about whom

Imports Polars where rows are read; a serving worker never imports this package.
"""
