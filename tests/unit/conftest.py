"""How much hypothesis tries: enough to find a mistake within a few runs, and no more time than a save is worth."""

from hypothesis import HealthCheck, settings

settings.register_profile("unit", max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unit")
