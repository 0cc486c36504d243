"""The acts on the register and on approvals, as the ledger names them."""

from __future__ import annotations

from audit.ledger.actions import Action

_STOPPED = "Every call that would use it is refused from then on; whether calls that ran were cut."
_GOES_ON = "Calls may use it again."

ACTIONS: dict[str, Action] = {
    "governance.provider.registered": Action("Provider registered", "Whoever runs models: its kind."),
    "governance.provider.moved": Action(
        "Provider moved", "It is spoken to at another address, with another credential."
    ),
    "governance.provider.credential_replaced": Action("Credential replaced", "The provider's key was exchanged."),
    "governance.provider.suspended": Action("Provider suspended", _STOPPED),
    "governance.provider.resumed": Action("Provider resumed", _GOES_ON),
    "governance.model.registered": Action("Registered", "A model by exact version: its slug and version."),
    "governance.model.drifted": Action(
        "Drift noticed",
        "A deployment says it is something else than what was approved, or the model passes fewer of its probes; its "
        "approval is due sooner.",
    ),
    "governance.evaluation_plan.set": Action(
        "Probes planned", "By which key a model is probed, how often, and by how much it may pass less."
    ),
    "governance.evaluation_case.added": Action("Probe added", "A question of the runs from then on."),
    "governance.evaluation_case.retired": Action("Probe retired", "It is asked no more."),
    "governance.evaluation.queued": Action("Probes queued", "The run, and the approval it is under."),
    "governance.evaluation.judged": Action(
        "Probes judged", "How many passed or why the run failed; whether it is what others are compared with, or drift."
    ),
    "governance.model.suspended": Action("Model suspended", _STOPPED),
    "governance.model.resumed": Action("Model resumed", _GOES_ON),
    "governance.model.estimates_set": Action(
        "Estimates set", "What calls of a model are held at where they do not say how long an answer may be."
    ),
    "governance.model.deprecated": Action(
        "Model deprecated", "When calls to it end, and what takes its place. The reason is not sealed."
    ),
    "governance.model.deprecation_revoked": Action("Deprecation taken back", "Calls to it do not end any more."),
    "governance.model.retired": Action("Model retired", "It is called and approved no more, for good."),
    "governance.deployment.registered": Action("Deployment registered", "A model at an endpoint in a region."),
    "governance.deployment.suspended": Action("Deployment suspended", _STOPPED),
    "governance.deployment.resumed": Action("Deployment resumed", _GOES_ON),
    "governance.price.registered": Action("Price set", "What a deployment costs from a moment on."),
    "governance.price.rerated": Action(
        "Calls rated anew",
        "Which calls to a deployment were corrected by another price, by how much, and the list's hash.",
    ),
    "governance.route.registered": Action("Route made", "A name for an order of deployments."),
    "governance.use_case.registered": Action("Use case registered", "Its slug and its class under the EU AI Act."),
    "governance.use_case.changed": Action("Use case changed", "Its class under the EU AI Act from then on."),
    "governance.use_case.retired": Action("Use case retired", "No call runs under it any more."),
    "governance.approval.drafted": Action("Request drafted", "A request that nobody reviews yet, and its hash."),
    "governance.approval.requested": Action("Approval asked for", "The request, and the hash of what it asks."),
    "governance.approval.revised": Action(
        "Request revised", "The hash of what it asks now; decisions on earlier revisions count no more."
    ),
    "governance.approval.tier_overridden": Action(
        "Risk tier overridden",
        "The tier by whose rule it is decided from then on; its review begins anew. The reason is not sealed.",
    ),
    "governance.approval.signed": Action(
        "Signed", "An approval that more are needed with, and the hash of what was decided on."
    ),
    "governance.approval.approved": Action(
        "Approved", "The approval that is in force from then on, and the hash of what was decided on."
    ),
    "governance.approval.rejected": Action("Rejected", "The hash of what was decided on. The reason is not sealed."),
    "governance.approval.changes_requested": Action(
        "Changes requested", "The hash of what was decided on. The reason is not sealed."
    ),
    "governance.approval.claimed": Action(
        "Review claimed", "Others see that somebody is at it; from whom it was taken over, if it was."
    ),
    "governance.approval.claim_released": Action("Claim given back", "Anybody may begin to review."),
    "governance.approval.commented": Action("Commented", "What was said is not sealed."),
    "governance.approval.escalated": Action(
        "Review escalated", "The system told others that a stage is overdue: which one."
    ),
    "governance.approval.withdrawn": Action("Request withdrawn", "The requester took it back."),
    "governance.approval.brought_forward": Action(
        "Recertification brought forward", "A use case that it names has become of high risk; it is due within a month."
    ),
    "governance.approval.recertification_noticed": Action(
        "Recertification noticed", "How many days were left when those concerned were told; 0: calls are refused."
    ),
    "governance.approval.voided": Action(
        "Void for a deployment",
        "It answers as another model than was approved: its calls are refused until the model is approved anew.",
    ),
    "governance.approval.suspended": Action("Approval suspended", "Every call under it is refused from then on."),
    "governance.approval.resumed": Action("Approval resumed", "Calls run under it again."),
    "governance.key.suspended": Action("API key suspended", "Every call with it is refused from then on."),
    "governance.key.resumed": Action("API key resumed", "It may be called with again."),
    "governance.team.onboarded": Action(
        "Team onboarded", "All that a team begins with was made in one act: its lead, project, key and requests."
    ),
    "governance.team.suspended": Action("Team suspended", "Every call of its keys and tokens is refused from then on."),
    "governance.team.resumed": Action("Team resumed", "Its keys and tokens may be called with again."),
    "governance.organization.suspended": Action("Organisation suspended", "Every call is refused from then on."),
    "governance.organization.resumed": Action("Organisation resumed", "Calls may be made again."),
    "governance.everything.suspended": Action(
        "Everything stopped", "The operator stopped all calls of the installation."
    ),
    "governance.everything.resumed": Action("Everything resumed", "The operator lets calls be made again."),
    "governance.review_rule.set": Action(
        "Review rule set", "The risk tier it is for, its number, how many stages it has, and how long approvals hold."
    ),
    "governance.questionnaire.set": Action("Questionnaire set", "Its number, and how many questions it asks."),
    "governance.evidence.added": Action(
        "Evidence added", "What an officer may rely on: its kind, its hash, and its result. Its title is not sealed."
    ),
    "governance.evidence.withdrawn": Action("Evidence withdrawn", "It counts no more. The reason is not sealed."),
    "governance.delegation.made": Action("Reviewing delegated", "Who may decide in whose place for a while."),
    "governance.delegation.ended": Action("Delegation taken back", "Nobody decides by it from then on."),
    "governance.third_party.described": Action(
        "Third-party file kept", "What is known of the provider is what the file says from then on."
    ),
    "governance.agreement.added": Action("Agreement put on file", "Its kind. The reference is not sealed."),
    "governance.agreement.ended": Action("Agreement ended", "It counts no more from then on."),
    "governance.model_card.written": Action("Model card written", "Its number and the hash of what it says."),
    "governance.inventory.taken_in": Action(
        "Inventory taken in", "How many models and other systems, and the hash of the file's content."
    ),
    "governance.system.registered": Action("Other system registered", "One that does not run through the gateway."),
    "governance.system.changed": Action("Other system changed", "Before and after are in its history."),
    "governance.system.retired": Action("Other system retired", "It is used no more."),
    "governance.break_glass.asked": Action(
        "Break glass asked for", "A second person is asked to open a model: for which team, for how many hours."
    ),
    "governance.break_glass.opened": Action(
        "Break glass", "Countersigned: calls run without an approval until it ends. The hash of what was signed."
    ),
    "governance.break_glass.reviewed": Action(
        "Break glass reviewed", "What a third person found: justified, or not, which ends it."
    ),
    "governance.break_glass.ended": Action("Break glass ended", "Before its time: no call runs by it from then on."),
    "governance.waiver.asked": Action(
        "Waiver asked for",
        "Which condition of an approval, for which use case, for how many days. Reasons are not sealed.",
    ),
    "governance.waiver.signed": Action("Waiver signed", "By the first of two, and the hash of what was signed."),
    "governance.waiver.granted": Action(
        "Waiver in force", "The second signature: the condition does not hold for the use case until the waiver ends."
    ),
    "governance.waiver.ended": Action("Waiver ended", "Before its time: the condition holds again."),
    "governance.alert_rule.set": Action(
        "Alert rule set", "How one kind of alert is watched for, in the organisation or a team, and from what on."
    ),
    "governance.alert_channel.added": Action("Alert channel added", "Its kind, and from which severity it is told."),
    "governance.alert_channel.changed": Action("Alert channel changed", "From which severity it is told, and whether."),
    "governance.alert_channel.moved": Action("Alert channel moved", "Alerts go to another address from then on."),
    "governance.alert_channel.tested": Action("Alert channel tested", "A message was sent that says so."),
    "governance.alert.acknowledged": Action("Alert acknowledged", "Somebody is at it."),
    "governance.alert.muted": Action(
        "Alert muted", "For how many hours nobody is told of this kind on its subject. The reason is not sealed."
    ),
    "governance.alert.unmuted": Action("Alert unmuted", "People and channels are told of it again."),
}
