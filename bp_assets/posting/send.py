"""Sending a wave of sales: every call that can be made now is made, ten to a request, until nothing is left to do.

The intent of a call is committed before it, its outcome after it. An answer that never came leaves the step unknown;
it is looked up before anything of that sale is sent again. What the ERP refuses for one sale stops that sale only.
Read: the ERP (row ids). Written: the ERP, the ledger's ``steps`` and ``postings``.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bp_assets.brightpearl.calls import Call as ErpCall
from bp_assets.brightpearl.calls import Sent
from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.errors import (
    ErpError,
    ErpRefused,
    ErpUnavailable,
    Outcome,
    Throttled,
    Unauthorised,
)
from bp_assets.brightpearl.multi_message import send_many
from bp_assets.config import ShopsFile
from bp_assets.domain.catalogue import Catalogue
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.errors import LockLost
from bp_assets.ledger.postings import defer, mark_posted, park, set_unknown
from bp_assets.ledger.steps import Intent, intend, others_succeeded, settle
from bp_assets.ledger.steps import Outcome as StepOutcome
from bp_assets.posting.facts import done_steps, gather
from bp_assets.posting.packing import packed
from bp_assets.posting.progress import Call, next_calls
from bp_assets.posting.refusals import Reasons, Refused, maybe_done
from bp_assets.posting.resume import Resumption
from bp_assets.posting.work import Work

_IN_FLIGHT = 3  # requests under way at once: one being written, one being answered, one being read
# Requests whose intents are committed together once the ERP takes things, and their outcomes after the last of them.
_TOGETHER = 6
_ROUNDS = 12  # a plan needs four; a plan that needs more would be a mistake in ours
_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 300.0
# A sale that fails while nothing else gets through either is no worse than its ERP; only after this long it is parked.
_GIVE_UP_ALONE = timedelta(hours=6)
_MADE = 201  # an order that was there already answers 200; a few accounts may answer 200 to a new one too
_UNANSWERED = 2  # one request may meet an accident, or hold a sale that breaks it
# Steps that create nothing and answer without an id: done is done.
_NO_ID = ("ship", "close", "reserve")


Ended = tuple[Call, int, Sent]  # a call, its step's id, and what became of it


class ErpDown(Exception):
    """The ERP can't be reached, refuses the credentials or takes nothing: the wave stops, no sale is to blame."""


class _Pulse:
    """Whether the ERP works at all: two requests without an answer, in a wave in which it took nothing: it does not."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._unanswered = 0
        self.worked = False  # it took something

    @property
    def gone(self) -> bool:
        return self._unanswered >= _UNANSWERED

    def felt(self, sent: Sequence[Sent]) -> None:
        with self._lock:
            self.worked |= any(one.outcome is Outcome.SUCCESS for one in sent)
            answered = self.worked or any(
                isinstance(e, ErpRefused) and not e.elsewhere for e in (o.error for o in sent)
            )
            self._unanswered = 0 if answered else self._unanswered + 1


@dataclass(slots=True)
class Tally:
    """What a wave did, in sales; ``requests`` counts what was sent on their behalf."""

    posted: int = 0
    parked: int = 0
    deferred: int = 0
    unknown: int = 0
    calls: int = 0
    sale_ids: list[str] = field(default_factory=list)


class Wave:
    """One wave of works, sent together."""

    def __init__(
        self,
        ledger: Ledger,
        client: ErpClient,
        shops: ShopsFile,
        catalogue: Catalogue,
        *,
        still_mine: Callable[[], None] = lambda: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        between: Callable[[Sequence[Work]], None] = lambda works: None,
    ) -> None:
        self.ledger, self.shops, self.catalogue = ledger, shops, catalogue
        self.client = client.guarded(still_mine)  # a request may wait minutes for its place in the cap
        self.still_mine, self.now, self.between = still_mine, now, between
        self.tally = Tally()
        self._pulse = _Pulse()
        self._reasons = Reasons(self.client, catalogue)
        self._resumption = Resumption(ledger, client, shops.posting.close_orders, self._park, self._defer)
        self._touched: set[str] = set()  # sales of which something was sent in this wave

    def send(self, works: Sequence[Work]) -> Tally:
        """Carry the works as far as they go.

        Raises:
            ErpDown: nothing gets through; all works not finished wait, none is blamed.
        """
        by_id = {work.sale_id: work for work in works}
        try:
            for _ in range(_ROUNDS):
                self._resumption.read(works)
                calls = [call for work in works if not work.halted for call in self._next(work)]
                if not calls:
                    break
                self._send_round(calls, by_id)
                self.between(works)
        except LockLost:
            raise  # another poster may own these sales by now: not a row of them is touched
        except ErpError as error:
            self._finish([work for work in works if work.sale_id in self._touched])
            raise ErpDown(str(error)) from error
        self._finish(works)
        return self.tally

    def _next(self, work: Work) -> list[Call]:
        try:
            calls = next_calls(work.plan, work.known, self.shops, self.catalogue)
        except Exception as error:  # a value that the ERP's fields can't hold; a mistake of ours costs one sale too
            what = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
            self._park(work, "erp_refused", f"can't be written as the ERP wants it: {what}")
            return []
        return [call for call in calls if (call.document, call.step) not in work.open]

    def _send_round(self, calls: Sequence[Call], works: dict[str, Work]) -> None:
        groups = packed(calls, {sale_id: work.posting.attempts for sale_id, work in works.items()})
        sent: list[Ended] = []
        while groups and not self._pulse.gone:
            some = _TOGETHER if self._pulse.worked else _IN_FLIGHT
            sent += self._send_some(groups[:some])
            groups = groups[some:]
        stops: list[ErpError] = []
        refused: list[Refused] = []
        for call, step_id, one in sent:
            work = works[call.sale_id]
            if maybe_done(call, one.error):
                refused.append(Refused(work, call, step_id, one))
            self._take(work, call, one, stops)
        self._second_look(refused)
        answered = any(one.outcome is Outcome.SUCCESS for _, _, one in sent)
        if self._pulse.gone:
            stops += [one.error for _, _, one in sent if one.error is not None]
        if stops and not answered:
            raise stops[0]

    def _second_look(self, refused: Sequence[Refused]) -> None:
        """A refusal of anything but the order may mean that it is there already: look once, then believe it."""
        facts = gather(
            self.client, {one.order_id for one in refused}, {one.order_id for one in refused if one.reserves}
        )
        for one in refused:
            document = one.work.plan.document(one.call.document)
            erp_id = done_steps(document, facts[one.order_id]).get(one.call.step)
            outcome = "failure" if erp_id is None else "success"
            error = str(one.sent.error)[:1000]
            settle(self.ledger, [StepOutcome(one.step_id, outcome, one.sent.status, erp_id, error)])
            if erp_id is not None:
                one.work.known.done[one.call.document, one.call.step] = erp_id
            else:
                self._park(one.work, *self._reasons.why(one))

    def _send_some(self, groups: Sequence[Sequence[Call]]) -> list[Ended]:
        """Commit the intents of some requests, send them side by side, commit the outcomes of all that were sent."""
        self.still_mine()
        calls = [call for group in groups for call in group]
        intents = [Intent(c.sale_id, c.document, c.step, c.handle, c.method, c.path, c.body) for c in calls]
        ids = intend(self.ledger, intents, self.now())
        with ThreadPoolExecutor(min(_IN_FLIGHT, len(groups))) as pool:
            requests = [pool.submit(self._send_group, group) for group in groups]
        ends = [
            (call, ids[call.sale_id, call.document, call.step], one)
            for group, request in zip(groups, requests, strict=True)
            if request.exception() is None
            for call, one in zip(group, request.result(), strict=True)
        ]
        settle(self.ledger, [_outcome(step_id, call, one) for call, step_id, one in ends])
        for request in requests:
            request.result()  # a request that was not sent since the lock is lost ends the run
        return ends

    def _send_group(self, group: Sequence[Call]) -> list[Sent]:
        """One request, in a worker; touches no shared state but the lock and the pulse."""
        sent = send_many(
            self.client, [ErpCall(c.method, c.path, c.body, f"{c.sale_id}/{c.document}/{c.step}") for c in group]
        )
        self._pulse.felt(sent)
        return sent

    def _take(self, work: Work, call: Call, sent: Sent, stops: list[ErpError]) -> None:
        """What an outcome means for its sale."""
        self.tally.calls += 1
        self._touched.add(work.sale_id)
        key = (call.document, call.step)
        error = sent.error
        if error is None:
            erp_id = _erp_id(call, sent)
            if erp_id is None:
                self._unknown(work, f"{call.step}: the ERP took it but told no id; looked up next")
            else:
                work.known.done[key] = erp_id
                if call.step == "order" and sent.status == _MADE:
                    work.made.add(call.document)
        elif error.outcome is Outcome.UNKNOWN:
            self._unknown(work, f"{call.step}: {error}")
        elif maybe_done(call, error):
            pass  # the second look decides
        elif isinstance(error, Unauthorised | Throttled | ErpUnavailable):
            stops.append(error)
            self._defer(work, str(error))
        elif isinstance(error, ErpRefused) and error.elsewhere and not self._given_up(work, str(error)):
            stops.append(error)  # of no sale's making, unless others get through and it never does
            self._defer(work, str(error))
        else:
            self._park(work, self._reasons.code(work, error), f"{call.document} {call.step}: {error}")

    def _unknown(self, work: Work, message: str) -> None:
        if not work.halted and not self._given_up(work, message):
            work.halted = "unknown"
            self.tally.unknown += 1
            until = self.now() + timedelta(seconds=self._pause(work))
            set_unknown(self.ledger, [work.sale_id], message, until)

    def _given_up(self, work: Work, message: str) -> bool:
        """Park a sale that failed too often while the ERP itself was working."""
        tries = work.posting.attempts + (work.posting.state != "sending")  # a call cut off by a crash goes on counting
        since = work.posting.sent_at or self.now()
        if tries < self.shops.posting.max_attempts:
            return False
        if not self._others_got_through(work) and self.now() - since < _GIVE_UP_ALONE:
            return False
        self._park(work, "too_many_attempts", f"tried {tries} times, last: {message}")
        return True

    def _others_got_through(self, work: Work) -> bool:
        return self._pulse.worked or others_succeeded(self.ledger, work.sale_id, after=work.last_step_id)

    def _defer(self, work: Work, message: str, *, tried: bool = False) -> None:
        if not work.halted:
            work.halted = "deferred"
            self.tally.deferred += 1
            until = self.now() + timedelta(seconds=self._pause(work))
            defer(self.ledger, work.sale_id, until, message, tried=tried)

    def _park(self, work: Work, reason_code: str, message: str) -> None:
        if work.halted != "parked":
            self.tally.parked += 1
            work.halted = "parked"
            park(self.ledger, work.sale_id, reason_code, message)

    def _pause(self, work: Work) -> float:
        """Longer after each attempt, spread by the sale's own id so that a backlog does not come back as one."""
        base = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(work.posting.attempts, 16))
        return base * (0.5 + (hash_fraction(work.sale_id) / 2))

    def _finish(self, works: Iterable[Work]) -> None:
        done = [work for work in works if not work.halted and work.complete(self.shops.posting.close_orders)]
        if done:
            mark_posted(self.ledger, [work.sale_id for work in done])
            for work in done:
                work.halted = "posted"
            self.tally.posted += len(done)
            self.tally.sale_ids += [work.sale_id for work in done]
        for work in works:
            if not work.halted:
                self._give_back(work)

    def _give_back(self, work: Work) -> None:
        """A work that nothing halted and that is not complete: it waits for its original, or the wave was stopped."""
        if work.known.parent_id is None and work.original_sale_id:
            self._defer(work, f"waits for its original sale {work.original_sale_id}")
        else:
            self._defer(work, "stopped before it was complete; goes on by itself")


def _outcome(step_id: int, call: Call, sent: Sent) -> StepOutcome:
    if sent.error is None:
        erp_id = _erp_id(call, sent)
        return StepOutcome(step_id, "success" if erp_id is not None else "unknown", sent.status, erp_id)
    error = sent.error
    outcome = "unknown" if error.outcome is Outcome.UNKNOWN or maybe_done(call, error) else "failure"
    return StepOutcome(step_id, outcome, sent.status, None, str(error)[:1000])


def _erp_id(call: Call, sent: Sent) -> str | None:
    """The id the ERP gave; for steps that create nothing a plain ``ok``; ``None`` where an id is missing."""
    if call.step in _NO_ID:
        return "ok"
    return str(sent.new_id) if sent.new_id else None


def hash_fraction(text: str) -> float:
    """A number in [0, 1) that depends on the text alone."""
    return (zlib.crc32(text.encode()) % 10_000) / 10_000
