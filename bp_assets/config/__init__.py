"""The shops file (TOML): the ERP account, the shops with their till feeds, and the maps between the two worlds.

Public: :func:`load`, :class:`ShopsFile` and its parts, :class:`ConfigError`.
"""

from bp_assets.config.feeds import (
    Columns,
    ExcludeRule,
    FileDropFeed,
    ReturnMarker,
    SquareFeed,
)
from bp_assets.config.forecasting import Forecasting
from bp_assets.config.home import Home, home
from bp_assets.config.lanes import DEFAULT_LANES, Lanes, LaneShare
from bp_assets.config.modes import Mode, ModeFrom
from bp_assets.config.reading import load, loads
from bp_assets.config.shops import (
    ConfigError,
    Erp,
    NominalCodes,
    Posting,
    Shop,
    ShopsFile,
)

__all__ = [
    "DEFAULT_LANES",
    "Columns",
    "ConfigError",
    "Erp",
    "ExcludeRule",
    "FileDropFeed",
    "Forecasting",
    "Home",
    "LaneShare",
    "Lanes",
    "Mode",
    "ModeFrom",
    "NominalCodes",
    "Posting",
    "ReturnMarker",
    "Shop",
    "ShopsFile",
    "SquareFeed",
    "home",
    "load",
    "loads",
]
