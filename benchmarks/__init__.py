"""Measurements of what is promised about speed and size; see README.md here."""
