"""What img2dataset leaves beside its shards: a parquet file with a row for every address, failed ones included."""

import re
from collections.abc import Iterator

from sde_core.errors import DataError
from sde_core.pairs.base import Skipped
from sde_core.pairs.tree import Tree

_COLUMNS = ("key", "status", "error_message", "url")


def failed_rows(tree: Tree, shard: str) -> Iterator[Skipped]:
    """Yield the rows of `SHARD.parquet` whose image could not be fetched; nothing where there is no such file."""
    name = re.sub(r"(/|\.tar|\.tar\.gz|\.tgz)$", "", shard, flags=re.IGNORECASE) + ".parquet"
    try:
        with tree.open(name) as file:
            import pyarrow as pa
            import pyarrow.parquet as pq

            try:
                table = pq.ParquetFile(file)
                columns = [c for c in _COLUMNS if c in table.schema_arrow.names]
                if "status" not in columns or "key" not in columns:
                    return
                for batch in table.iter_batches(4096, columns=columns):
                    for row in batch.to_pylist():
                        if row["status"] != "success":
                            reason = (
                                f"img2dataset: {row['status']}: {row.get('error_message')} ({row.get('url')})"
                            )
                            yield Skipped(str(row["key"]), reason[:500])
            except (pa.ArrowException, OSError, ValueError) as error:
                yield Skipped(name, f"its list of failed pictures cannot be read: {error}"[:500])
    except DataError:
        return
