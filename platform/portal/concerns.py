"""What stands against approving a request, whoever decides. None of it refuses by itself; all of it is to be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.urls import reverse

from governance import risk
from governance.completeness import Completeness
from governance.models import ApprovalRequest, Deployment, Price, Provider


@dataclass(frozen=True, slots=True)
class Concern:
    """A reason to think twice, and where more is said of it, if anywhere."""

    text: str
    link: str = ""
    link_text: str = ""


def concerns(
    asked: ApprovalRequest,
    complete: Completeness,
    deployments: Sequence[tuple[Deployment, Price | None]],
    third_parties: Sequence[tuple[Provider, list[str]]],
) -> list[Concern]:
    """In the order of their weight."""
    found = [Concern("The model is suspended.")] if asked.model.is_suspended else []
    if named := risk.taken_lightly(asked):
        found.append(Concern(f"Of high risk under the EU AI Act: {', '.join(named)}. It takes the high tier."))
    if asked.answers is None:
        found.append(Concern("Nobody has answered the questions about its risk: its tier is stated, not computed."))
    found += [Concern(f"{each.kind.label}: {each.lack}.") for each in complete.lacking]
    found += [_unknown(provider, gaps) for provider, gaps in third_parties if gaps]
    return [*found, *_of_service(deployments)]


def _unknown(provider: Provider, gaps: list[str]) -> Concern:
    more = f" And {len(gaps) - 1} more." if gaps[1:] else ""
    return Concern(f"{provider}: {gaps[0]}{more}", reverse("third-party", args=[provider.id]), "What is known")


def _of_service(deployments: Sequence[tuple[Deployment, Price | None]]) -> Iterator[Concern]:
    if not deployments:
        yield Concern("It is deployed nowhere yet that is asked for; an approval alone lets nothing through.")
    for deployment, price in deployments:
        if price is None:
            yield Concern(f"{deployment.provider} in {deployment.region} has no price.")
