"""How the lanes share the ERP's request cap, as the shops file says it. Pure: neither read nor written are files."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bp_assets.domain.lanes import LANES, Lane


class LaneShare(BaseModel):
    """Percent of what the reserve leaves: ``guaranteed`` while others want it too, ``greatest`` at any time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    guaranteed: int = Field(ge=0, le=100)
    greatest: int = Field(ge=1, le=100)

    @model_validator(mode="after")
    def _in_order(self) -> LaneShare:
        if self.guaranteed > self.greatest:
            raise ValueError(f"guarantees {self.guaranteed} % but allows only {self.greatest} %")
        return self


class Lanes(BaseModel):
    """One share per lane, the lane that goes first first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    posting: LaneShare = LaneShare(guaranteed=60, greatest=100)
    stock: LaneShare = LaneShare(guaranteed=10, greatest=40)
    verify: LaneShare = LaneShare(guaranteed=10, greatest=40)
    changes: LaneShare = LaneShare(guaranteed=10, greatest=40)
    sweep: LaneShare = LaneShare(guaranteed=5, greatest=40)
    backfill: LaneShare = LaneShare(guaranteed=5, greatest=30)

    @model_validator(mode="after")
    def _no_more_than_there_is(self) -> Lanes:
        total = sum(self.of(lane).guaranteed for lane in LANES)
        if total > 100:
            parts = ", ".join(f"{lane} {self.of(lane).guaranteed}" for lane in LANES)
            raise ValueError(f"the lanes are guaranteed {total} % together ({parts}); no more than 100 can be")
        return self

    def of(self, lane: Lane) -> LaneShare:
        share: LaneShare = getattr(self, lane)
        return share


DEFAULT_LANES = Lanes()
