"""Every section, in the order in which entries build on each other. The tuple is the documentation."""

from __future__ import annotations

from portal.declared.section import Section
from portal.declared.sections.approvals import Approvals, ReviewRules
from portal.declared.sections.organization import Budgets, Keys, Organizations, Projects, RateLimits, Teams
from portal.declared.sections.register import Deployments, Models, OtherSystems, Prices, Providers, Routes, UseCases

SECTIONS: tuple[Section, ...] = (
    Organizations(),
    Teams(),
    Projects(),
    Keys(),
    Budgets(),
    RateLimits(),
    Providers(),
    Models(),
    Deployments(),
    Prices(),
    Routes(),
    UseCases(),
    OtherSystems(),
    ReviewRules(),
    Approvals(),
)
