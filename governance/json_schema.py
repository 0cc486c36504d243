"""JSON Schema, without the optional part that makes its import take seconds.

Where `rfc3987_syntax` is installed, jsonschema builds its grammar at import, for a format that nothing here judges.
"""

from __future__ import annotations

import sys

_SLOW = "rfc3987_syntax"
_is_hidden = _SLOW not in sys.modules
if _is_hidden:
    sys.modules[_SLOW] = None  # type: ignore[assignment]  # as one that is not installed
from jsonschema import Draft202012Validator  # noqa: E402
from jsonschema.exceptions import SchemaError, ValidationError  # noqa: E402

if _is_hidden:
    del sys.modules[_SLOW]

__all__ = ["Draft202012Validator", "SchemaError", "ValidationError"]
