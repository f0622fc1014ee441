"""One random key for each person that the log holds something personal about.

A person is known here by pseudonym alone. The keys lie apart from the log and from the registry, so that no copy of
either holds them: destroying a key makes everything unreadable that was sealed with it, wherever that is by now
(crypto-erasure).

::

    persons    Persons: what both places give
    embedded   a file below the books, where one machine answers
    shared     the database that MAINSTAY_STATE names, where several do
    opening    open_persons: which of them
"""

from mainstay.events.persons.embedded import FILE, EmbeddedPersons
from mainstay.events.persons.opening import open_persons, shared_place
from mainstay.events.persons.persons import FRESH, KEY_BYTES, Persons

__all__ = ["FILE", "FRESH", "KEY_BYTES", "EmbeddedPersons", "Persons", "open_persons", "shared_place"]
