"""The answer to whoever takes a table away.

Rows are read while the view runs: within the person's scope, and within its transaction. So they are written down
first, to memory and beyond a megabyte to a file without a name, and sent from there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from tempfile import SpooledTemporaryFile
from typing import IO

from asgiref.sync import sync_to_async
from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from kit import clock
from portal.export import csv_file, xlsx_file
from portal.export.table import Table

PARAMETER = "export"
_FORMATS = {"csv": csv_file, "xlsx": xlsx_file}
_IN_MEMORY = 1_000_000
_PIECE = 65_536


class _Sent(FileResponse):
    """Read in pieces behind an asynchronous server too, where Django would take the whole of it into memory."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        assert self.file_to_stream is not None
        read = sync_to_async(self.file_to_stream.read)
        while piece := await read(_PIECE):
            yield piece


def is_wanted(request: HttpRequest) -> bool:
    return request.GET.get(PARAMETER) in _FORMATS


def download(request: HttpRequest, table: Table) -> HttpResponseBase:
    """In the format that is asked for, named by the table and the day."""
    extension = request.GET[PARAMETER]
    of_format = _FORMATS[extension]
    file: IO[bytes] = SpooledTemporaryFile(max_size=_IN_MEMORY)
    of_format.write(table, file)
    file.seek(0)
    name = f"{table.name}-{timezone.localtime(clock.now()):%Y-%m-%d}.{extension}"
    return _Sent(file, as_attachment=True, filename=name, content_type=of_format.MEDIA_TYPE)
