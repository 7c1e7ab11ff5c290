"""How the files of a set are written: tab-separated text or Parquet. Pure.

Both are the same query's answer. As text, a number has a point and a fixed number of decimals, an instant is
``2026-03-02T09:00:00.000Z``, a flag ``true`` or ``false``, no value is nothing between two tabs. A field that holds a
tab, a line break or a double quote stands in double quotes, with its own double quotes doubled; the text itself is not
changed. Lines end in a line feed, the text is UTF-8. The same rows give the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Format:
    """``name`` is also the files' suffix; ``options`` are those of DuckDB's COPY; ``source`` reads a ``{file}``."""

    name: str
    options: str
    source: str


TSV = Format(
    "tsv",
    r"""FORMAT csv, DELIMITER '\t', HEADER true, QUOTE '"', ESCAPE '"', NULLSTR '', """
    "TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%S.%gZ'",
    r"""read_csv({file}, delim='\t', quote='"', escape='"', header=true, all_varchar=true)""",
)
PARQUET = Format("parquet", "FORMAT parquet, COMPRESSION zstd", "read_parquet({file})")
FORMATS = {one.name: one for one in (TSV, PARQUET)}
