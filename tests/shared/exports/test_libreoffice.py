"""A workbook of an export opened in LibreOffice: ids are text with all digits, times are dates, no cell is a formula."""

import zipfile
from collections import Counter

import pytest

from herwa_shared.exports.tables import DataSet, ExportFormat
from tests.shared.exports.conftest import MEMBERS, build_request, finish_export, start_export
from tests.shared.exports.test_contents import count_expected
from tests.shared.tables.test_libreoffice import open_in_libreoffice

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def profile(tmp_path_factory):
    return tmp_path_factory.mktemp("libreoffice")


async def test_workbooks_open_with_ids_dates_and_numbers(stores, runner, folder, guild, tmp_path, profile):
    request = build_request(data_sets=(DataSet.MESSAGES,), export_format=ExportFormat.XLSX)
    job = await finish_export(stores, runner, await start_export(stores, guild, request))
    with zipfile.ZipFile(folder.open_file(job.id)) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".xlsx"))
        archive.extractall(tmp_path)
    events = open_in_libreoffice(profile, tmp_path / next(name for name in names if "messages_events" in name))
    columns = [cell.value for cell in events.rows[0]]
    row = dict(zip(columns, next(row for row in events.rows if row[1].value == "message"), strict=False))
    assert (row["user_id"].type, row["user_id"].value) == ("string", str(MEMBERS[0]))
    assert row["at"].type == "date"
    assert row["at"].value.startswith("2026-") or row["at"].value.startswith("20")
    assert row["length"].type == "float"
    expected = count_expected()
    precise, hours = Counter(), Counter()
    for name in names:
        table = open_in_libreoffice(profile, tmp_path / name)
        header, *rows = ([cell.value for cell in row] for row in table.rows)
        records = [dict(zip(header, row, strict=False)) for row in rows]
        if "messages_events" in name:
            precise.update(record["kind"] for record in records)
        elif "messages_hours" in name:
            for record in records:
                hours[record["kind"]] += int(float(record["events"]))
    kinds = ("message", "reaction", "message_delete")
    assert precise == {kind: expected["events"][kind] for kind in kinds}
    assert hours == {kind: expected["hours"][kind] for kind in kinds}
    channels = open_in_libreoffice(profile, tmp_path / "channels.xlsx")
    assert events.formulas == channels.formulas == []
    assert any(cell.value.startswith("=HYPERLINK") for row in channels.rows for cell in row)
