"""Where the ERP's webhooks arrive: ``POST /{secret}/{source}``, kept as hints in the ledger. Read: HTTP. Written: ``webhooks``.

Brightpearl signs nothing, so the secret stands in the path. A webhook is only a hint that something changed: the
sensor ``erp_changes`` turns it into reading, and the sweeps find what webhooks miss. Accepted forms: JSON with
``fullEvent`` (or ``event``) and ``id``, or the same as query parameters; an id may be an ID set such as ``1-5,99``.

    python -m bp_assets.webhooks --port 8500
"""

import argparse
import json
import os
import secrets
import sys
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bp_assets.config.home import home
from bp_assets.ledger.connection import Ledger

SECRET_ENV = "TILLBRIDGE_WEBHOOK_SECRET"  # noqa: S105  # the name of a variable, not a secret
MAX_BYTES = 64 * 1024  # a hint is a few hundred bytes
