"""The examples of the seeds as stories, told through one door of a served sandbox or the other."""

import pytest

for name in ("plan", "data", "creatives"):
    pytest.register_assert_rewrite(f"{__name__}.{name}")
