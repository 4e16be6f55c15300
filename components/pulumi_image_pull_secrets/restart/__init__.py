"""Recreates pods that were created before their account got the login that they lack.

``plan`` says which, and why others are left alone; ``eviction`` evicts one; ``recreation`` evicts all of them and waits
for what comes in their place, which ``replacement`` judges; ``report`` has the words.
"""
