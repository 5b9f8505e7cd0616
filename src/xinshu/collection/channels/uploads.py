"""Uploads over HTTP: written to a private folder while they come, never kept in memory, cut off at the limit."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest

from xinshu.collection.channels.errors import FileTooLarge

_CHUNK = 1 << 18


class PrivateUpload(FileUploadHandler):
    """Takes one file of a form into `folder` (removed by its owner, also when the file is not wanted).

    The limit is looked at while the bytes come; what is over it is read and dropped, so that the sender hears the answer.
    """

    chunk_size = _CHUNK

    def __init__(self, request: HttpRequest, folder: Path, max_bytes: int) -> None:
        super().__init__(request)
        self._folder, self._most = folder, max_bytes
        self._file: UploadedFile[bytes] | None = None
        self._size = 0
        self.too_large = False

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """A part with a file begins."""
        super().new_file(*args, **kwargs)
        self._file = _Upload(self._folder, self.file_name or "", self.content_type or "")
        self._size = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Some bytes of it."""
        del start
        self._size += len(raw_data)
        if self._size > self._most:
            self.too_large = True
            self.upload_interrupted()
            raise StopUpload(connection_reset=False)
        assert self._file is not None
        self._file.write(raw_data)

    def upload_interrupted(self) -> None:
        """The rest does not come, or is not wanted."""
        if self._file is not None:
            self._file.close()

    def file_complete(self, file_size: int) -> UploadedFile[bytes] | None:
        """The file, at its beginning."""
        if self._file is not None:
            self._file.seek(0)
            self._file.size = file_size
        return self._file


class _Upload(TemporaryUploadedFile):
    """A temporary file in a folder of ours."""

    def __init__(self, folder: Path, name: str, content_type: str) -> None:
        file = tempfile.NamedTemporaryFile(dir=folder, suffix=".upload")  # noqa: SIM115 - closed with the request
        UploadedFile.__init__(self, file, name, content_type, 0, None)


def take_upload(request: HttpRequest, folder: Path, max_bytes: int) -> UploadedFile[bytes] | None:
    """The file of the form field `file`; None when there is none. Reads the request's body: call it before `POST`.

    Raises:
        FileTooLarge: more than `max_bytes`.
    """
    handler = PrivateUpload(request, folder, max_bytes)
    request.upload_handlers = [handler]
    found = request.FILES.get("file")
    if handler.too_large:
        raise FileTooLarge(max_bytes)
    return found
