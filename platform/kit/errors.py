"""Every error a caller can meet, with its HTTP status and a stable code.

    ChanceryError
    ├── InvalidRequest      400
    ├── Unauthenticated     401
    ├── BudgetExceeded      402
    ├── Forbidden           403
    ├── NotFound            404
    ├── MethodNotAllowed    405
    ├── Conflict            409
    ├── RequestTooLarge     413
    ├── RateLimited         429
    ├── Cancelled           499   recorded, never sent: the client had left
    ├── UpstreamFailed      502
    ├── Unavailable         503
    └── UpstreamTimeout     504

A message tells the caller how to mend the request. It never carries content, keys or personal data.
Each surface renders the tree once, in its own format.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Code(NamedTuple):
    """A stable name for one way to be refused. A code has one status; `meaning` is the title of a problem document."""

    status: int
    meaning: str


CODES: dict[str, Code] = {
    "invalid_json": Code(400, "The body is not strict JSON: syntax, duplicate keys, NaN, lone surrogates, depth."),
    "invalid_request": Code(400, "A field has a wrong type or value; `param` names it."),
    "unsupported_parameter": Code(400, "A field asks for something that is not priced or not supported."),
    "context_length_exceeded": Code(400, "Prompt and requested output do not fit the model's context window."),
    "prompt_injection_detected": Code(400, "The input inspection refused the prompt as an injection attempt."),
    "content_policy_violation": Code(400, "The input or output inspection refused the content."),
    "upstream_rejected": Code(400, "The upstream refused the request as invalid."),
    "use_case_unknown": Code(400, "The use case that the call names is not in service, or belongs to somebody else."),
    "tags_invalid": Code(400, "The tags of the call are too many, too long, or made of other characters than allowed."),
    "missing_api_key": Code(401, "No key was sent."),
    "invalid_api_key": Code(401, "The key is unknown, or a token did not verify."),
    "expired_api_key": Code(401, "The key has expired."),
    "revoked_api_key": Code(401, "The key has been revoked."),
    "budget_exceeded": Code(402, "The worst case of the call does not fit what is left of the named budget."),
    "request_too_expensive": Code(402, "The call alone may cost more than the named budget lets one request cost."),
    "model_not_approved": Code(403, "No live approval covers this model for this caller."),
    "recertification_overdue": Code(403, "The approval that covered this call was not recertified in time."),
    "approval_expired": Code(403, "The approval that covered this call has expired."),
    "condition_organization": Code(403, "The approval does not include this organisation."),
    "condition_use_case": Code(403, "The approval is bound to use cases, and the call names none of them."),
    "condition_caller_region": Code(403, "The approval does not include the region the application runs in."),
    "condition_region": Code(403, "The approval does not include the deployment's region."),
    "condition_deployments": Code(403, "The approval names deployments, and the call would go to another one."),
    "condition_version": Code(403, "The deployment names another model in its answers than the one that was approved."),
    "condition_data_class": Code(403, "The data is more sensitive than the approval or the key allows."),
    "condition_team": Code(403, "The approval does not include the caller's team."),
    "model_retired": Code(403, "The model has come to its sunset. The message names its successor, if it has one."),
    "model_suspended": Code(403, "The model, its provider, deployment or approval is suspended."),
    "key_suspended": Code(403, "The API key is suspended."),
    "team_suspended": Code(403, "The team whose key or token calls is suspended."),
    "organization_suspended": Code(403, "The organisation is suspended."),
    "everything_suspended": Code(403, "The operator of the installation has stopped all calls."),
    "scope_missing": Code(403, "The key lacks the scope this operation needs."),
    "network_not_allowed": Code(403, "The caller's address is outside the key's networks."),
    "team_mismatch": Code(403, "`team_id` is not the team the key belongs to."),
    "permission_denied": Code(403, "The person's role does not include this act."),
    "otp_required": Code(403, "The act needs a one-time password."),
    "separation_of_duties": Code(403, "Whoever requests does not decide."),
    "pipeline_not_enabled": Code(403, "The pipeline asked for is not enabled for this organisation."),
    "model_not_found": Code(404, "No such model or route, or it belongs to somebody else."),
    "not_found": Code(404, "No such object, or it belongs to somebody else."),
    "method_not_allowed": Code(405, "The path exists, the method does not."),
    "conflict": Code(409, "The object has changed or is in a state that does not allow the act."),
    "content_changed": Code(409, "What was signed is not what is asked now: read it again."),
    "already_decided": Code(409, "The person has decided on this already, or somebody in their place."),
    "review_closed": Code(409, "No decision is open on the request: it was decided, withdrawn or not yet sent."),
    "request_too_large": Code(413, "The body is larger than the limit."),
    "rate_limit_exceeded": Code(429, "A limit on requests, tokens or concurrency is used up; see Retry-After."),
    "client_closed_request": Code(499, "The client left before the answer; recorded only."),
    "internal_error": Code(500, "A fault of ours; the request id finds it in the logs."),
    "upstream_error": Code(502, "Every candidate deployment failed; each attempt is listed."),
    "ledger_unavailable": Code(503, "The record could not be made durable, so no call was made."),
    "admission_unavailable": Code(503, "Limits and budgets could not be checked."),
    "snapshot_stale": Code(503, "This worker's policy snapshot is too old to decide on."),
    "server_stopping": Code(503, "The process was stopped before the answer was complete; another one answers."),
    "overloaded": Code(503, "The worker has too much in flight."),
    "no_healthy_deployment": Code(503, "No deployment of the model can be tried now."),
    "price_missing": Code(503, "A candidate deployment has no price in force."),
    "upstream_timeout": Code(504, "The upstream did not answer in time."),
}


class ChanceryError(Exception):
    """Base of the tree. `details` joins the rendered error object; `headers` join the answer."""

    status = 500
    code = "internal_error"
    type = "server_error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        if self.code not in CODES:
            raise ValueError(f"error code {self.code!r} is not documented in kit.errors.CODES")
        if CODES[self.code].status != self.status:
            raise ValueError(f"error code {self.code!r} goes with the status {CODES[self.code].status}")
        self.param = param
        self.headers = dict(headers or {})
        self.details = dict(details or {})


class InvalidRequest(ChanceryError):
    status, code, type = 400, "invalid_request", "invalid_request_error"


class Unauthenticated(ChanceryError):
    status, code, type = 401, "invalid_api_key", "authentication_error"


class BudgetExceeded(ChanceryError):
    status, code, type = 402, "budget_exceeded", "insufficient_quota"


class Forbidden(ChanceryError):
    status, code, type = 403, "permission_denied", "permission_error"


class NotFound(ChanceryError):
    status, code, type = 404, "not_found", "invalid_request_error"


class MethodNotAllowed(ChanceryError):
    status, code, type = 405, "method_not_allowed", "invalid_request_error"


class Conflict(ChanceryError):
    status, code, type = 409, "conflict", "invalid_request_error"


class RequestTooLarge(ChanceryError):
    status, code, type = 413, "request_too_large", "invalid_request_error"


class RateLimited(ChanceryError):
    status, code, type = 429, "rate_limit_exceeded", "rate_limit_error"


class Cancelled(ChanceryError):
    status, code, type = 499, "client_closed_request", "cancelled"


class UpstreamFailed(ChanceryError):
    status, code, type = 502, "upstream_error", "upstream_error"


class Unavailable(ChanceryError):
    status, code, type = 503, "overloaded", "server_error"


class UpstreamTimeout(ChanceryError):
    status, code, type = 504, "upstream_timeout", "upstream_error"
