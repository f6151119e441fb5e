"""Whatever metric a query names, somebody answers it."""

from dataclasses import replace

import pytest

from herwa_shared.analytics.metrics import series_of
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.series import Metric
from herwa_shared.stores import Stores
from tests.activity import Wrote, add_guild, record, utc


@pytest.mark.parametrize("metric", Metric)
async def test_every_metric_is_answered_under_its_name(stores: Stores, metric):
    query = ActivityQuery.between("2024-03-01", "2024-03-02", guild_id=await add_guild(stores))
    await record(stores, query.guild_id, [Wrote(utc(2024, 3, 1))])

    series = await series_of(stores.database, stores.clickhouse, replace(query, metric=metric))

    assert (series.metric, series.total) == (metric, 1)
