"""An organisation as a document: what `manage.py apply` and `export` read and write.

A document has sections, a section has entries, and an entry is found by its key: names that people gave, never ids.
Each section says how an entry is written (`forms`), read from a row, made and changed; making and changing are the
services' acts, with their permissions and records. What a document does not mention stays: nothing is ever removed.
"""
