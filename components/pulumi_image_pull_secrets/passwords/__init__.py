"""Passwords that a stack file names a source for, instead of holding them.

``sources`` checks what an entry names, ``recipes`` knows the clouds' registries, ``commands`` runs what prints a
password, ``reuse`` judges whether the one in the cluster is good for longer, and ``obtaining`` brings it together.
"""
