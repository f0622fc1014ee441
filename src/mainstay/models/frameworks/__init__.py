"""One adapter per framework, one file each.

A file here is all a framework needs: its name is the framework's name, ``load(folder, header)`` reads what the model's
own ``save`` wrote, and `mainstay.models.load` finds it. None of them runs code from the folder that isn't trusted: one
whose models may bring some has ``load_trusted(folder, header, trusted)`` instead. What can be served without the stack
it was trained with is. ``adopters()`` gives, for each type of estimator, what makes a model of it
(`mainstay.models.adopting`).
"""
