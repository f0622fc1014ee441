"""`admin doctor`: every hash and every reference, and what can be mended mended.

::

    complaint   what a check found, and what mends it
    versions    every version against its bundle
    releases    the history, and whether the one in force can answer
    files       what else lies in the books
    events      lines of the event log that were torn or damaged; an erasure that isn't done
    examining   all of them, in order
"""

from mainstay.lifecycle.doctor.complaint import Complaint
from mainstay.lifecycle.doctor.examining import Examination, examination_document, examine

__all__ = ["Complaint", "Examination", "examination_document", "examine"]
