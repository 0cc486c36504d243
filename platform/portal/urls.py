"""Every address the portal answers at. The inference path and the health pages are dispatched by `portal.asgi`."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

import governance.admin  # noqa: F401 - registers with the admin's site
import tenants.admin  # noqa: F401 - likewise
from portal.screens import (
    account,
    acts,
    asking,
    break_glass,
    decision,
    discussion,
    due,
    end_of_life,
    evidence,
    exceptions,
    failures,
    history,
    home,
    inbox,
    increases,
    inventory,
    model_cards,
    notices,
    onboarding,
    operations,
    probes,
    questionnaires,
    requests,
    review_rules,
    revocations,
    saved_views,
    savings,
    search,
    session,
    shadow_use,
    spend,
    statements,
    third_parties,
    waivers,
)
from portal.screens.declaration_api import DeclarationView
from portal.screens.due_api import DueViewSet
from portal.screens.history_api import HistoryViewSet
from portal.screens.request_api import RequestViewSet
from portal.screens.revocation_api import RevocationViewSet
from portal.screens.shadow_use_api import ShadowUseViewSet

_SESSION = [
    path("sign-in/", session.sign_in, name="sign-in"),
    path("sign-in/code/", session.code, name="sign-in-code"),
    path("sign-in/enrol/", session.enrol, name="sign-in-enrol"),
    path("sign-out/", session.sign_out, name="sign-out"),
    path("account/", account.show, name="account"),
    path("account/password/", account.change_password, name="account-password"),
    path("account/capacity/", session.act_as, name="act-as"),
    path("account/tokens/", account.issue_token, name="account-tokens"),
    path("account/tokens/<uuid:token_id>/revoke/", account.revoke_token, name="account-token-revoke"),
]

_SCREENS = [
    path("", home.home, name="home"),
    path("counts/", home.counts, name="counts"),
    path("search/", search.results, name="search"),
    path("approvals/", inbox.inbox, name="approvals"),
    path("approvals/new/", asking.ask, name="approval-ask"),
    path("approvals/<uuid:request_id>/", decision.show, name="approval"),
    path("approvals/bulk/", inbox.bulk, name="approvals-bulk"),
    path("approvals/<uuid:request_id>/decide/", decision.decide, name="approval-decide"),
    path("approvals/<uuid:request_id>/revise/", asking.revise, name="approval-revise"),
    path("approvals/<uuid:request_id>/claim/", discussion.claim, name="approval-claim"),
    path("approvals/<uuid:request_id>/release/", discussion.release, name="approval-release"),
    path("approvals/<uuid:request_id>/comment/", discussion.comment, name="approval-comment"),
    path("approvals/<uuid:request_id>/tier/", decision.override_tier, name="approval-tier"),
    path("approvals/<uuid:request_id>/withdraw/", decision.withdraw, name="approval-withdraw"),
    path("review-rules/", review_rules.show, name="review-rules"),
    path("review-rules/<int:tier>/", review_rules.change, name="review-rule"),
    path("questionnaires/shipped/", questionnaires.show, name="questionnaire-shipped"),
    path("questionnaires/new/", questionnaires.add, name="questionnaire-add"),
    path("questionnaires/<uuid:version_id>/", questionnaires.show, name="questionnaire"),
    path("due/", due.calendar, name="due"),
    path("models/<uuid:model_id>/life/", end_of_life.show, name="model-life"),
    path("models/<uuid:model_id>/life/revoke/", end_of_life.revoke, name="model-life-revoke"),
    path("models/<uuid:model_id>/life/retire/", end_of_life.retire, name="model-life-retire"),
    path("models/<uuid:model_id>/probes/", probes.show, name="model-probes"),
    path("models/<uuid:model_id>/probes/add/", probes.add_case, name="model-probes-add"),
    path("models/<uuid:model_id>/probes/run/", probes.run_now, name="model-probes-run"),
    path("probes/cases/<uuid:case_id>/retire/", probes.retire_case, name="probe-retire"),
    path("probes/runs/<uuid:run_id>/", probes.run, name="probe-run"),
    path("notices/", notices.listing, name="notices"),
    path("notices/read/", notices.mark_read, name="notices-read"),
    path("notices/preferences/", notices.preferences, name="notice-preferences"),
    path("evidence/", evidence.listing, name="evidence"),
    path("evidence/new/", evidence.add, name="evidence-add"),
    path("evidence/<uuid:evidence_id>/", evidence.show, name="evidence-one"),
    path("evidence/<uuid:evidence_id>/file/", evidence.download, name="evidence-file"),
    path("evidence/<uuid:evidence_id>/withdraw/", evidence.withdraw, name="evidence-withdraw"),
    path("exceptions/", exceptions.listing, name="exceptions"),
    path("exceptions/new/", break_glass.ask, name="exception-ask"),
    path("exceptions/<uuid:glass_id>/", break_glass.show, name="exception"),
    path("exceptions/<uuid:glass_id>/countersign/", break_glass.countersign, name="exception-countersign"),
    path("exceptions/<uuid:glass_id>/review/", break_glass.review, name="exception-review"),
    path("exceptions/<uuid:glass_id>/end/", break_glass.end, name="exception-end"),
    path("waivers/new/", waivers.ask, name="waiver-ask"),
    path("waivers/<uuid:waiver_id>/", waivers.show, name="waiver"),
    path("waivers/<uuid:waiver_id>/sign/", waivers.sign, name="waiver-sign"),
    path("waivers/<uuid:waiver_id>/end/", waivers.end, name="waiver-end"),
    path("requests/", requests.listing, name="requests"),
    path("requests/<uuid:request_id>/", requests.detail, name="request"),
    path("acts/", acts.listing, name="acts"),
    path("revocations/", revocations.listing, name="revocations"),
    path("revocations/stop/", revocations.stop, name="revocation-stop"),
    path("revocations/<uuid:suspension_id>/resume/", revocations.resume, name="revocation-resume"),
    path("third-parties/", third_parties.listing, name="third-parties"),
    path("third-parties/<uuid:provider_id>/", third_parties.show, name="third-party"),
    path("third-parties/<uuid:provider_id>/describe/", third_parties.describe, name="third-party-describe"),
    path("third-parties/<uuid:provider_id>/agree/", third_parties.agree, name="third-party-agree"),
    path("agreements/<uuid:agreement_id>/end/", third_parties.end, name="agreement-end"),
    path("models/<uuid:model_id>/card/", model_cards.show, name="model-card"),
    path("models/<uuid:model_id>/card/write/", model_cards.write, name="model-card-write"),
    path("shadow-use/", shadow_use.listing, name="shadow-use"),
    path("inventory/", inventory.upload, name="inventory"),
    path("inventory/template/", inventory.template, name="inventory-template"),
    path("inventory/take-in/", inventory.take_in, name="inventory-take-in"),
    path("history/", history.show, name="history"),
    path("teams/new/", onboarding.onboard, name="team-onboard"),
    path("views/", saved_views.listing, name="views"),
    path("views/save/", saved_views.save, name="view-save"),
    path("views/<uuid:view_id>/change/", saved_views.change, name="view-change"),
    path("views/<uuid:view_id>/remove/", saved_views.remove, name="view-remove"),
    path("operations/", operations.show, name="operations"),
    path("operations/savings/", savings.show, name="savings"),
    path("budgets/", home.budgets, name="budgets"),
    path("budgets/<uuid:budget_id>/more/", increases.ask, name="budget-more"),
    path("budget-increases/", increases.listing, name="budget-increases"),
    path("budget-increases/<uuid:increase_id>/", increases.show, name="budget-increase"),
    path("budget-increases/<uuid:increase_id>/decide/", increases.decide, name="budget-increase-decide"),
    path("budget-increases/<uuid:increase_id>/end/", increases.end, name="budget-increase-end"),
    path("spend/", spend.show, name="spend"),
    path("statements/", statements.listing, name="statements"),
    path("statements/<uuid:statement_id>/", statements.show, name="statement"),
    path(
        "statements/<uuid:statement_id>/statement.pdf", statements.as_file, {"extension": "pdf"}, name="statement-pdf"
    ),
    path(
        "statements/<uuid:statement_id>/statement.csv", statements.as_file, {"extension": "csv"}, name="statement-csv"
    ),
    path("failures/", failures.matrix, name="failures"),
]

_API: list[URLPattern | URLResolver] = [
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="api-schema"), name="api-docs"),
    path("requests/", RequestViewSet.as_view({"get": "list"}), name="api-request-list"),
    path("requests/<uuid:pk>/", RequestViewSet.as_view({"get": "retrieve"}), name="api-request-detail"),
    path("revocations/", RevocationViewSet.as_view({"get": "list"}), name="api-revocation-list"),
    path("shadow-use/", ShadowUseViewSet.as_view({"get": "list"}), name="api-shadow-use-list"),
    path("history/", HistoryViewSet.as_view({"get": "list"}), name="api-history-list"),
    path("due/", DueViewSet.as_view({"get": "list"}), name="api-due-list"),
    path("declaration/", DeclarationView.as_view({"get": "retrieve", "put": "update"}), name="api-declaration"),
    path("", include("tenants.rest.urls")),
    path("", include("governance.rest.urls")),
]

urlpatterns: list[URLPattern | URLResolver] = [
    *_SESSION,
    *_SCREENS,
    path("api/", include(_API)),
    path("admin/", admin.site.urls),
]

handler404 = "portal.api_errors.not_found"
handler500 = "portal.api_errors.fault"
