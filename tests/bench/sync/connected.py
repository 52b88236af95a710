from tests.bench.table import Measured


def measure() -> list[Measured]:
    return []
