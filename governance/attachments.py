"""Files on their way in and out: read no further than they may be long, sent as something to save and never to run."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import InMemoryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpResponse

from governance.documents import MOST_BYTES
from governance.models import Evidence
from governance.services import evidence as services
from kit import errors

_ENDINGS = {
    "application/pdf": "pdf",
    "application/json": "json",
    "image/png": "png",
    "image/jpeg": "jpg",
    "text/plain": "txt",
}


class CappedUpload(FileUploadHandler):
    """Keeps a file in memory, never on disk, and of one that is too large no more than tells so."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self._content = BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self._content.tell() <= MOST_BYTES:
            self._content.write(raw_data)

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        self._content.seek(0)
        return InMemoryUploadedFile(
            self._content, self.field_name, self.file_name, self.content_type, file_size, self.charset
        )


def read(uploaded: UploadedFile[Any] | None) -> bytes:
    """Nothing where none was sent. Raises `errors.RequestTooLarge`, before anything is read."""
    if uploaded is None:
        return b""
    if (uploaded.size or 0) > MOST_BYTES:
        raise errors.RequestTooLarge(f"A file has {MOST_BYTES // 1024 // 1024} MiB at most.", param="file")
    return bytes(uploaded.read())


def of(evidence: Evidence) -> HttpResponse:
    """The file of a piece of evidence. Its name is ours, so that nobody's words stand in a header."""
    name = f"{evidence.kind}-{evidence.sha256[:12]}.{_ENDINGS[evidence.media_type]}" if evidence.has_file else ""
    answer = HttpResponse(services.content(evidence), content_type=evidence.media_type)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer["Cache-Control"] = "no-store"
    return answer
