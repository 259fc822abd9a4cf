"""The compiled loops are kept between runs where there is a place for them, and compiled anew where there is none."""

from __future__ import annotations

import pytest

pytest.importorskip("numba")

from numba.core.caching import CacheImpl

from gputlb.explore._jit import outer


def twice(number: int) -> int:
    return number * 2


def test_where_no_file_can_be_made_all_is_compiled_anew(monkeypatch: pytest.MonkeyPatch):
    """Numba asks each of its locators for a place, as where the install is read-only and there is no home."""
    monkeypatch.setattr(CacheImpl, "_locator_classes", [])

    assert 14 == outer(twice)(7)


def test_where_one_can_what_was_compiled_is_kept():
    assert outer(twice)._cache.cache_path  # type: ignore[attr-defined]
