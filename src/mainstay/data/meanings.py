"""What a column's name says about people: whether it identifies one, or a group that must not be harmed."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Literal

import msgspec

Meaning = Literal["personal", "sensitive", ""]

_SENSITIVE = frozenset(
    {"gender", "sex", "race", "ethnicity", "ethnic", "nationality", "religion", "disability", "disabled", "marital"}
    | {"marriage", "orientation", "pregnant", "pregnancy", "senior", "veteran", "foreign", "caste", "geschlecht"}
    | {"citizenship", "immigrant", "migrant"}
)
_PERSONAL = frozenset(
    {"email", "mail", "phone", "mobile", "telephone", "fax", "surname", "forename", "firstname", "lastname", "fullname"}
    | {"address", "street", "ssn", "iban", "passport", "birth", "birthday", "birthdate", "dob", "born", "ip"}
    | {"zipcode", "postcode", "strasse", "straße", "geburtsdatum", "vorname", "nachname", "adresse", "telefon"}
)
_PERSONAL_PAIRS = frozenset(
    {("first", "name"), ("last", "name"), ("full", "name"), ("family", "name"), ("zip", "code"), ("postal", "code")}
    | {("social", "security"), ("credit", "card"), ("card", "number"), ("account", "number"), ("tax", "id")}
)
_PEOPLE = frozenset({"customer", "client", "patient", "driver", "applicant", "person", "employee", "user", "member"})
AGES = frozenset({"age", "ages", "alter"})
"""Words for how old somebody is."""


class Hint(msgspec.Struct, frozen=True):
    """What a name hints at, and the word that does."""

    meaning: Meaning
    word: str = ""


def meaning_of(name: str, distinct: int) -> Hint:
    """Say what a column's name hints at.

    Parameters
    ----------
    name : str
        Of the column.
    distinct : int
        Different values in it: what has a handful of them identifies nobody, whatever it is called.

    Examples
    --------
    >>> meaning_of("SEX", 2).meaning, meaning_of("contactEmail", 900).meaning, meaning_of("PhoneService", 2).meaning
    ('sensitive', 'personal', '')
    >>> meaning_of("age", 60).meaning, meaning_of("customer_age", 60).meaning, meaning_of("card_age_days", 60).meaning
    ('sensitive', 'sensitive', '')

    """
    words = [word for word in re.split(r"[^a-zäöüß]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", name).casefold()) if word]
    for word in words:
        if word in _SENSITIVE:
            return Hint("sensitive", word)
    if words and words[-1] in AGES and set(words[:-1]) <= _PEOPLE:
        return Hint("sensitive", words[-1])
    if distinct > 10:
        for word in words:
            if word in _PERSONAL:
                return Hint("personal", word)
        for pair in pairwise(words):
            if pair in _PERSONAL_PAIRS:
                return Hint("personal", " ".join(pair))
    return Hint("")
