"""Makes every write of a run's processes take longer, as in a bucket, so that kills fall before, between and after."""

import time

from components.records.local_store import LocalStore

SECONDS = 0.02  # before and after each write
_create = LocalStore.create


def _slow_create(self, path, data):
    time.sleep(SECONDS)
    created = _create(self, path, data)
    time.sleep(SECONDS)
    return created


LocalStore.create = _slow_create
