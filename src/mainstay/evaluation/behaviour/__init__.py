"""Behaviour: what the whole way of a record must do, tested on held-out records and on cases that people wrote.

::

    settings       the tables of the project file
    scenario       scenario files: an incident, and what must be answered
    cases          both of them read, and refused where they can't be meant, before anything is trained
    way            record -> contract -> feature code -> model -> policy, as in production
    changes        a record, changed
    bench          held-out records and their answers
    expectations   invariance, direction
    plain_cases    minimum functionality, scenarios
    robustness     noise, missing columns, slips of the finger
"""
