"""Prints the rows of Parquet files below a folder, a JSON object a line, and those of the tables as
`{"table": ..., "row": ...}`."""

import json
import sys
from pathlib import Path

import pyarrow.parquet as pq

for path in sorted(Path(sys.argv[1]).rglob("*.parquet")):
    for row in pq.read_table(path).to_pylist():
        print(json.dumps({"table": path.parent.name, "row": row}, default=str))
