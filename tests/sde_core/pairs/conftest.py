import pyarrow.parquet as pq
import pytest


@pytest.fixture
def write_parquet(tmp_path):
    """Writes a table to a file of the folder of the test."""

    def write(table, name="pairs.parquet", **options):
        pq.write_table(table, tmp_path / name, **options)
        return tmp_path / name

    return write
