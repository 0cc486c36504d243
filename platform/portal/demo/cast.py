"""Who and what the demo consists of."""

from __future__ import annotations

from dataclasses import dataclass

from governance.models import Tier
from tenants.models import Role

DECIDER = Role.COMPLIANCE_OFFICER
ROUTE = "assistant"
LOCAL_PROVIDER = "On this machine"
LOCAL_MODEL = "smollm2-135m-instruct"
DUMMY_MODEL = "dummy-echo"
PENDING_MODEL = "smollm2-360m-instruct"
SUSPENDED_MODEL = "tinyllama-1.1b-chat"
ENDING_MODEL = "smollm-135m-instruct"
OUTSIDER = "Nimbus AI"


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


@dataclass(frozen=True, slots=True)
class Described:
    """A model as the register will show it."""

    slug: str
    name: str
    publisher: str
    version: str
    tier: Tier
    context_window: int
    max_output_tokens: int


REGISTER = (
    Described(LOCAL_MODEL, "SmolLM2 135M Instruct", "Hugging Face", "v0.2-q4_1", Tier.ECONOMY, 2048, 512),
    Described(DUMMY_MODEL, "Dummy", "Chancery", "1", Tier.ECONOMY, 32_768, 4096),
    Described(PENDING_MODEL, "SmolLM2 360M Instruct", "Hugging Face", "v0.2", Tier.STANDARD, 8192, 2048),
    Described(ENDING_MODEL, "SmolLM 135M Instruct", "Hugging Face", "v0.1", Tier.ECONOMY, 2048, 512),
    Described(SUSPENDED_MODEL, "TinyLlama 1.1B Chat", "TinyLlama", "v1.0", Tier.STANDARD, 2048, 512),
)

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
