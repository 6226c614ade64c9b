"""A time-stamping authority of openssl's own: tests that ask for it need openssl."""

from __future__ import annotations

import pytest
from stamping_authority import Authority


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))
