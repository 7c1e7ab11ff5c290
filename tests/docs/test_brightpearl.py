"""The page on how Brightpearl is read says what the descriptions say."""

from __future__ import annotations

from bp_assets.extraction.guide import FILE, guide


def test_the_page_is_made_from_the_descriptions() -> None:
    assert FILE.read_text(encoding="utf-8") == guide(), "make it again: python -m bp_assets.extraction.guide"
