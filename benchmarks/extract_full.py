"""A full pull of the whole account, unthrottled, beside a plain puller; then what is cheap afterwards, and the export.

Everything on one account, since starting and pulling it takes minutes. Requests are counted by the simulated ERP; the
least that its limits allow is worked out in ``extract_least``. The plain puller reads a sample of each resource; what
all of it would take is the sample times the number of its objects.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil

import duckdb
import httpx

from benchmarks.extract_house import USABLE, Account, Pulled, account
from benchmarks.extract_least import PAGE, Least, least
from benchmarks.figures import Figures
from benchmarks.plain_puller import PlainPuller, Sample, chosen
from bp_assets.cli.environment import SANDBOX_TOKEN
from bp_assets.extraction.resource import Chosen, Resource, Search, Uris, Whole
from bp_assets.extraction.resources import ALL

OVER_PERCENT = 5.0
MINUTES = 12.0
TIMES_BASELINE = 5.0
MEGABYTES = 600.0
START_SECONDS, START_MEGABYTES = 60.0, 3 * 1024.0
CHANGED, CHANGED_REQUESTS, CHANGED_SECONDS = 1000, 15, 3.0
EXPORT_SECONDS = 60.0
_SAMPLE, _SAMPLE_PAGES = 200, 3
_HALF_AN_HOUR, _MINUTE = 1800.0, 60.0
_ORDERS = next(one for one in ALL if one.name == "orders")


def run(options: argparse.Namespace) -> Figures:
    figures = Figures("extraction")
    figures.say(f"{options.products:,} products, {options.orders:,} orders")
    with account(options) as place, _plain(place) as plain:
        figures.add("the simulated ERP started", place.began_seconds, "s", most=START_SECONDS)
        pulls, samples = _full(place, plain, figures)
        _requests(place, plain, pulls, figures)
        _speed(pulls, samples, figures)
        figures.add("peak memory of the pulling process", max(one.peak for one in pulls), "MB", most=MEGABYTES)
        sandbox = place.place.sandbox.memory_info().rss / (1 << 20)
        figures.add("memory of the simulated ERP", sandbox, "MB", most=START_MEGABYTES)
        _quiet(place, figures)
        _changed(place, options, figures)
        _exports(place, figures)
    return figures


def _full(place: Account, plain: PlainPuller, figures: Figures) -> tuple[list[Pulled], list[Sample]]:
    """Every resource pulled whole; after each a sample by the plain puller, so that both meet the same machine."""
    pulls, samples = [], []
    for one in ALL:
        pulls.append(pull := place.pull(one, full=True))
        samples.append(sample := plain.sample(one, _ids(place, plain, one), _SAMPLE_PAGES, _lookups(place, one)))
        figures.say(
            f"{one.name:>20}: {pull.objects:>9,} objects, {pull.rows:>9,} rows, {pull.requests:>6,} requests, "
            f"{pull.seconds:6.1f} s, {pull.peak:4.0f} MB; {pull.rows / pull.seconds:7,.0f} rows a second, "
            f"one by one {sample.rows / sample.seconds:7,.0f}"
        )
    return pulls, samples


@contextmanager
def _plain(place: Account) -> Iterator[PlainPuller]:
    erp = place.erp
    headers = {"brightpearl-app-ref": erp.app_ref, "brightpearl-account-token": SANDBOX_TOKEN}
    file = place.place.root / "plain.duckdb"
    with (
        httpx.Client(base_url=f"{erp.url}/public-api/{erp.account}/", headers=headers, timeout=120) as client,
        duckdb.connect(str(file)) as store,
    ):
        yield PlainPuller(client, store)


def _requests(place: Account, plain: PlainPuller, pulls: list[Pulled], figures: Figures) -> None:
    """Resource by resource beside the least there can be, and what that is under the cap."""
    figures.say("requests beside the least that ID sets and pages allow (listing + reading):")
    total = at_least = 0
    for resource, pull in zip(ALL, pulls, strict=True):
        bound = _least(place, plain, resource, pull)
        total, at_least = total + pull.requests, at_least + bound.requests
        over = f"{100 * (pull.requests / bound.requests - 1):.1f} % more" if bound.requests else "-"
        figures.say(
            f"{resource.name:>20}: {pull.requests:>6,} requests; least {bound.requests:>6,} "
            f"({bound.listing:,} + {bound.getting:,}); {over}"
        )
    figures.add(
        f"all: {total:,} requests, least {at_least:,}", 100 * (total / at_least - 1), "% more", most=OVER_PERCENT
    )
    minutes = ceil(at_least / USABLE)
    figures.note(f"minutes at {USABLE} requests a minute", total / USABLE, "minutes")
    if minutes > MINUTES:
        figures.say(
            f"{MINUTES:g} minutes would be {MINUTES * USABLE:,.0f} requests; the least for this account is "
            f"{at_least:,}, {minutes} minutes"
        )
    else:
        figures.add("minutes under the cap", total / USABLE, "minutes", most=MINUTES)


def _least(place: Account, plain: PlainPuller, resource: Resource, pull: Pulled) -> Least:
    listing = resource.listing
    return least(resource, pull.objects, plain.count(listing) if isinstance(listing, Search) else 0)


def _speed(pulls: list[Pulled], samples: list[Sample], figures: Figures) -> None:
    """Rows a second beside the plain puller: what his sample took, times the objects there are."""
    rows, seconds = sum(one.rows for one in pulls), sum(one.seconds for one in pulls)
    plain_seconds = plain_requests = inserting = 0.0
    for resource, pull, sample in zip(ALL, pulls, samples, strict=True):
        if sample.objects:
            times = 1 if isinstance(resource.listing, Whole) else max(1.0, pull.objects / sample.objects)
            plain_seconds += sample.seconds * times
            plain_requests += sample.requests * times
            inserting += sample.inserting * times
    figures.note(f"one by one, {plain_requests:,.0f} requests", rows / plain_seconds, "rows a second")
    figures.note(f"unthrottled, {rows:,} rows in {seconds:.0f} s", rows / seconds, "rows a second")
    figures.add("… times the plain puller's", plain_seconds / seconds, "", least=TIMES_BASELINE)
    figures.note("… times the plain puller's who keeps no rows at all", (plain_seconds - inserting) / seconds, "")


def _ids(place: Account, plain: PlainPuller, resource: Resource) -> list[int]:
    listing = resource.listing
    if isinstance(listing, Chosen):
        return [int(row[0]) for row in place.lake.read(f"select id from ({listing.sql}) limit {_SAMPLE}").rows()]
    if isinstance(listing, Whole) or resource.get is None:
        return []
    assert isinstance(listing, Uris | Search)  # there are no others
    return plain.listed(listing, _SAMPLE)


def _lookups(place: Account, resource: Resource) -> dict[str, object]:
    return {name: chosen(place.lake.read(sql).rows()) for name, sql in resource.lookups.items()}


def _quiet(place: Account, figures: Figures) -> None:
    """Nothing happened for half an hour: one question to each resource that can be asked what changed.

    A refresh asks again for the last minutes before its mark (the overlap), and the account's youngest records are as
    old as the account; and the questions of a resource are asked in turn. So as many refreshes go before as a resource
    has questions, half an hour of the ERP's clock apart.
    """
    for _ in range(max(len(one.changes.moments) + len(one.changes.standing) for one in ALL if one.changes)):
        place.later(_HALF_AN_HOUR)
        for one in ALL:
            place.pull(one)
    place.later(_HALF_AN_HOUR)
    quiet = {one.name: place.pull(one) for one in ALL}
    # What the lake chooses is read again in turn: its changes are another resource's (movements tell of stock).
    asked = {one.name: quiet[one.name].requests for one in ALL if one.changes and not isinstance(one.listing, Chosen)}
    figures.say(f"an unchanged account: {', '.join(f'{name} {count}' for name, count in asked.items())}")
    for name in (name for name, count in asked.items() if count > 1):
        figures.say(f"{name}: {', '.join(f'{route} {count}' for route, count in quiet[name].routes.items())}")
    figures.add("most requests of a resource with a change filter", max(asked.values()), "requests", most=1)
    figures.note("requests of all resources together", sum(one.requests for one in quiet.values()), "requests")


def _changed(place: Account, options: argparse.Namespace, figures: Figures) -> None:
    """Orders changed by somebody in the ERP, here and there in the whole history."""
    many = min(CHANGED, options.orders)
    held = [row[0] for row in place.lake.read("select order_id from orders order by 1").rows()]
    picked = held[:: max(1, len(held) // many)][:many]
    for number, order_id in enumerate(picked):
        body = {"reference": f"changed {number}"}
        place.place.http.post(f"/sandbox/orders/{order_id}", json=body).raise_for_status()
    place.later(_MINUTE)  # the ERP's searches trail its records
    began = time.monotonic()
    pull = place.pull(_ORDERS)
    there = place.lake.read("select count(*) from orders where reference like 'changed %'").item()
    if there != len(picked):
        raise AssertionError(f"{there} of {len(picked)} changes are in the lake")
    figures.add(f"{len(picked):,} changed orders", pull.requests, "requests", most=CHANGED_REQUESTS)
    figures.say(f"the least is {ceil(len(picked) / PAGE) + 1} pages and {ceil(len(picked) / 200)} sets")
    figures.add("… seconds, all of it", time.monotonic() - began, "s", most=CHANGED_SECONDS)


def _exports(place: Account, figures: Figures) -> None:
    place.fill_the_rest()
    for form in ("tsv", "parquet"):
        seconds, size, peak = place.export(form)
        figures.add(f"export of the 27 files as {form} ({size / 1e6:,.0f} MB)", seconds, "s", most=EXPORT_SECONDS)
        figures.add(f"… peak memory of the exporting process ({form})", peak, "MB", most=MEGABYTES)
