"""Set-up common to all tests."""

import os

from hypothesis import settings

# Compiled code and a busy machine make single examples slow now and then, which says nothing about the code.
settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")
