"""The error codes of `kit.errors`."""

from __future__ import annotations

from gateway.providers.base import FailureClass
from kit.errors import CODES
from portal.reference.markdown import code, page, table


def render() -> str:
    rows = [
        (str(entry.status), code(name), entry.meaning)
        for name, entry in sorted(CODES.items(), key=lambda item: (item[1].status, item[0]))
    ]
    return page(
        "Error codes",
        "A code is stable and has one status. On `/v1` it is `error.code` of OpenAI's error object, on `/api` the "
        "`code` of an RFC 9457 problem document (there 406 and 415 say `invalid_request` too). A 4xx message says how "
        "to mend the request. 401, 402, 403 and 404 come with `x-should-retry: false`, and so does a 429 that no "
        "waiting mends; 429 and 503 come with `retry-after` where waiting helps. A refused call of a known caller is "
        "on record with its code, unless it was one of a flood that a worker stopped by itself.",
        table(("status", "code", "meaning"), rows),
        "An outcome on record may also carry `writer_lost` (the worker died) or `record_refused` (the ledger did not "
        "take it as it was), both settled at what was held, and, where an attempt or the call failed upstream, the "
        "class of the failure:",
        _failures(),
    )


def _failures() -> str:
    rows = [(code(one.value), _yes(one.elsewhere), _yes(one.again), _yes(one.billed)) for one in FailureClass]
    return table(("class", "tried elsewhere", "tried again there", "may be charged for"), rows)


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"
