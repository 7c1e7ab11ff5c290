"""``shop_states``: a shop's state has changed, or nobody looked for a while. Read: the ledger, the shops file.

Written: nothing. Every 30 s, one question answered by small indexes. A till that stops answering moves no sale, so
nothing else would bring ``shop_health`` and its finding up to date.
"""

import json
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

import dagster as dg

from bp_assets.config import ConfigError
from bp_assets.jobs import watch_shops
from bp_assets.operations.standing import assessed
from bp_assets.resources import LedgerResource, ShopsResource

AT_MOST_EVERY = 60  # seconds between two runs, however often a till comes and goes
AT_LEAST_EVERY = 900  # what waits and what succeeded last moves also while the states stay


@dataclass(frozen=True, slots=True)
class Seen:
    """The cursor: the states that the last run was asked for, and when (seconds since 1970)."""

    states: dict[str, str] = field(default_factory=dict)
    at: float = 0.0


def changed(seen: Seen, states: dict[str, str]) -> list[str]:
    """What changed, in words: ``leeds: healthy → till_resting``."""
    keys = sorted(seen.states.keys() | states.keys())
    return [
        f"{key}: {seen.states.get(key, 'new')} → {states.get(key, 'gone')}"
        for key in keys
        if seen.states.get(key) != states.get(key)
    ]


@dg.sensor(
    job=watch_shops,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="A shop's state has changed (till, map, ERP, posting), or a quarter of an hour has passed.",
)
def shop_states(context: dg.SensorEvaluationContext, ledger: LedgerResource, shops: ShopsResource) -> dg.SensorResult:
    seen, now = Seen(**json.loads(context.cursor)) if context.cursor else Seen(), time.time()
    try:
        file = shops.load()
    except ConfigError as error:
        return dg.SensorResult(skip_reason=dg.SkipReason(str(error)))
    found = assessed(ledger.open(), file, datetime.now(UTC))
    states = {key: health.state.value for key, (health, _, _) in found.items()}
    news = changed(seen, states)
    why = "; ".join(news)[:250] or "every shop stands as before"
    if now - seen.at < (AT_MOST_EVERY if news else AT_LEAST_EVERY):
        return dg.SensorResult(skip_reason=dg.SkipReason(why))
    request = dg.RunRequest(tags={"tillbridge/why": why})
    return dg.SensorResult(run_requests=[request], cursor=json.dumps(asdict(Seen(states, now))))
