import pytest


@pytest.fixture(scope="session", autouse=True)
def _on_cpu(cpu):
    """Every test of this folder computes in MindSpore."""
