"""Who and what the demo consists of."""

from __future__ import annotations

from dataclasses import dataclass

from tenants.models import Role


@dataclass(frozen=True, slots=True)
class Person:
    key: str
    name: str
    role: Role
    team: str | None = None

    def email(self, domain: str) -> str:
        return f"{self.key}@{domain}"


@dataclass(frozen=True, slots=True)
class Company:
    slug: str
    name: str
    domain: str
    region: str
    time_zone: str
    teams: tuple[str, ...]
    people: tuple[Person, ...]


ACME = Company(
    slug="acme",
    name="Acme",
    domain="acme.example",
    region="eu",
    time_zone="Europe/Berlin",
    teams=("payments", "research"),
    people=(
        Person("admin", "Ada Admin", Role.ADMINISTRATOR),
        Person("olivia", "Olivia Officer", Role.COMPLIANCE_OFFICER),
        Person("oscar", "Oscar Officer", Role.COMPLIANCE_OFFICER),
        Person("audrey", "Audrey Auditor", Role.AUDITOR),
        Person("lena", "Lena Lead", Role.TEAM_LEAD, "payments"),
        Person("luis", "Luis Lead", Role.TEAM_LEAD, "research"),
        Person("dev", "Devi Developer", Role.DEVELOPER, "payments"),
        Person("rita", "Rita Reader", Role.READ_ONLY, "payments"),
    ),
)
GLOBEX = Company(
    slug="globex",
    name="Globex",
    domain="globex.example",
    region="us",
    time_zone="America/New_York",
    teams=("operations",),
    people=(
        Person("admin", "Gus Admin", Role.ADMINISTRATOR),
        Person("olga", "Olga Officer", Role.COMPLIANCE_OFFICER),
        Person("omar", "Omar Officer", Role.COMPLIANCE_OFFICER),
        Person("dev", "Dora Developer", Role.DEVELOPER, "operations"),
    ),
)
COMPANIES = (ACME, GLOBEX)
