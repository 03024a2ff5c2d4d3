import pytest


@pytest.fixture(scope="session", autouse=True)
def _on_cpu(cpu):
    """The networks of this folder compute in MindSpore."""
