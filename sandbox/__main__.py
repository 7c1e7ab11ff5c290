"""``python -m sandbox serve``: a simulated Brightpearl with its tills over HTTP.

Read: the command line. Written: one line on standard output when it listens.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import threading
from pathlib import Path

from sandbox.config import SandboxConfig
from sandbox.server import SandboxServer


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="sandbox", description="A simulated Brightpearl and simulated tills.")
    serve = top.add_subparsers(dest="command", required=True).add_parser("serve", help="serve until Ctrl-C")
    serve.add_argument("--port", type=int, default=8400, help="0 picks a free one (default 8400)")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--seed", type=int, default=7, help="the same seed gives the same world")
    serve.add_argument("--requests-per-minute", type=int, default=200, metavar="N", help="0: no cap")
    serve.add_argument("--minute-seconds", type=float, default=60.0, metavar="S", help="length of the throttle window")
    serve.add_argument("--products", type=int, default=200, metavar="N")
    serve.add_argument("--orders", type=int, default=0, metavar="N", help="historical orders")
    serve.add_argument(
        "--catalogue", type=Path, metavar="FILE.csv", help="sku,name,tax_code,net_price in place of the seeded range"
    )
    serve.add_argument(
        "--stock-per-product", type=int, default=100, metavar="N", help="opening stock in every warehouse"
    )
    serve.add_argument("--drop-dir", type=Path, metavar="DIR", help="where simulated file tills put their files")
    serve.add_argument("--switch", action="append", default=[], metavar="NAME=VALUE", help="see sandbox/config.py")
    return top


def configure(arguments: list[str]) -> SandboxConfig:
    """The configuration of a command line. Exits with a message for a mistake in it."""
    top = parser()
    given = top.parse_args(arguments)
    config = SandboxConfig(
        seed=given.seed,
        products=given.products,
        orders=given.orders,
        requests_per_minute=given.requests_per_minute,
        minute_seconds=given.minute_seconds,
        stock_per_product=given.stock_per_product,
        catalogue=given.catalogue,
        drop_dir=given.drop_dir,
        host=given.host,
        port=given.port,
    )
    if given.catalogue and not given.catalogue.is_file():
        top.error(f"--catalogue: there is no file {given.catalogue}")
    if (
        min(given.products, given.orders, given.requests_per_minute, given.stock_per_product) < 0
        or given.minute_seconds <= 0
    ):
        top.error("sizes cannot be negative and --minute-seconds must be above 0")
    for text in given.switch:
        name, _, value = text.partition("=")
        try:
            config.switches.set(name, value)
        except ValueError as why:
            top.error(f"--switch {text}: {why}")
    return config


def main(arguments: list[str] | None = None) -> int:
    config = configure(sys.argv[1:] if arguments is None else arguments)
    try:
        server = SandboxServer(config)
    except OSError as why:
        sys.stderr.write(f"sandbox: cannot listen on {config.host}:{config.port}: {why.strerror}; try --port 0\n")
        return 1
    ready = threading.Event()

    def announce() -> None:
        ready.wait()
        sys.stdout.write(f"sandbox ready at {server.url}\n")
        sys.stdout.flush()

    threading.Thread(target=announce, daemon=True).start()
    with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C is how a person ends it
        server.run(ready)
    return 0


if __name__ == "__main__":
    sys.exit(main())
