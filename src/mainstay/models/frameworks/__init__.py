"""One adapter per framework, one file each.

A file here is all a framework needs: its name is the framework's name, ``load(folder, header)`` reads what the model's
own ``save`` wrote, and `mainstay.models.load` finds it. None of them runs code from the folder, or imports the stack
the model was trained with.
"""
