"""What all tests share: a slow machine is no reason for a property test to fail."""

from hypothesis import settings

settings.register_profile("sandbox", deadline=None)
settings.load_profile("sandbox")
