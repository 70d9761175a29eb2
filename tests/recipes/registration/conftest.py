import pytest


@pytest.fixture(autouse=True)
def _names_of_its_own(catalogues_restored):
    """What a test registers is gone after it."""
