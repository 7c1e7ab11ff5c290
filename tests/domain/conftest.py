"""Properties are tried without a time limit for each example: two shared cores are sometimes slow."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("steady", deadline=None)
settings.load_profile("steady")
