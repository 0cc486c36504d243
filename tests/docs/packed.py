"""Screenshots as small files: 256 colours, which nobody can tell from all of them on a page of text.

The browser reads the pixels of what it has taken itself; PNG is written here (https://www.w3.org/TR/png-3/).
"""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
import numpy.typing as npt
from playwright.sync_api import Page

_COLOURS = 256
_PIXELS = """
async (encoded) => {
  const blob = await (await fetch(`data:image/png;base64,${encoded}`)).blob();
  const bitmap = await createImageBitmap(blob);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
  canvas.drawImage(bitmap, 0, 0);
  const {data} = canvas.getImageData(0, 0, bitmap.width, bitmap.height);
  const parts = [];
  for (let at = 0; at < data.length; at += 32768) parts.push(String.fromCharCode(...data.subarray(at, at + 32768)));
  return [bitmap.width, bitmap.height, btoa(parts.join(""))];
}
"""


def packed(blank: Page, picture: bytes) -> bytes:
    """The same picture in a smaller file. `blank` is a page without a policy for its scripts."""
    width, height, pixels = blank.evaluate(_PIXELS, base64.b64encode(picture).decode())
    rgba = np.frombuffer(base64.b64decode(pixels), np.uint8).reshape(-1, 4)
    palette, indices = _reduced(rgba[:, :3])
    return _png(palette, indices.reshape(height, width))


def _reduced(pixels: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """The colours that most pixels have, and for each pixel which of them is its own or the nearest."""
    colours, which, counts = np.unique(pixels, axis=0, return_inverse=True, return_counts=True)
    palette = colours[np.argsort(-counts)[:_COLOURS]]
    apart = colours[:, None, :].astype(np.int32) - palette[None, :, :]
    nearest = np.square(apart).sum(axis=2).argmin(axis=1).astype(np.uint8)
    return palette, nearest[which.reshape(-1)]


def _png(palette: npt.NDArray[np.uint8], indices: npt.NDArray[np.uint8]) -> bytes:
    """Of indexed colours, not interlaced, each row without a filter: rows of text pack best so."""
    height, width = indices.shape
    rows = np.hstack([np.zeros((height, 1), np.uint8), indices])
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", palette.tobytes()),
            _chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)),
            _chunk(b"IEND", b""),
        ]
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
