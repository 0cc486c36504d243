"""The life of an approval: asked for, reviewed in stages, granted. Each function is one act."""

from governance.services.approvals.asking import draft, revise, send, submit, withdraw
from governance.services.approvals.content import Terms, content_hash
from governance.services.approvals.deciding import approve, reject, request_changes
from governance.services.approvals.overriding import override_tier
from governance.services.approvals.signing import rights

__all__ = [
    "Terms",
    "approve",
    "content_hash",
    "draft",
    "override_tier",
    "reject",
    "request_changes",
    "revise",
    "rights",
    "send",
    "submit",
    "withdraw",
]
