"""Inspection of what goes to a model and what comes from it: which checks found what, and what follows.

Finds are told by kind and count, never by the text that matched. A check that could not read everything says
`not_scanned`, not `passed`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from gateway.guards.cache import Cache
from gateway.guards.policy import Action, CheckPolicy, GuardPolicy
from gateway.guards.reading import Reading, read
from gateway.guards.registry import CHECKS, VOCABULARY, Found, require
from kit.data_class import DataClass

__all__ = ["GuardPolicy", "Inspection", "Verdict", "inspect", "require"]

VerdictName = Literal["passed", "found", "refused", "not_scanned", "off"]

_CACHE_BYTES = 16 * 2**20
_CACHED_FROM = 64  # characters; shorter texts are analysed as fast as looked up
_MAX_INNER = 32  # texts found inside one text, at all depths together


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one check found. `reason` names what was not scanned; `score` is that of the surest find."""

    check: str
    verdict: VerdictName
    findings: Mapping[str, int] = field(default_factory=dict)
    score: float = 0.0
    reason: str | None = None

    @property
    def count(self) -> int:
        return sum(self.findings.values())


@dataclass(frozen=True, slots=True)
class Inspection:
    """`data_class` is what the finds make of the content; `refusal` the error code where the policy refuses it."""

    verdicts: tuple[Verdict, ...]
    data_class: DataClass = DataClass.PUBLIC
    refusal: str | None = None

    @property
    def is_allowed(self) -> bool:
        return self.refusal is None


@dataclass(frozen=True, slots=True)
class _Analysis:
    """What was found in one text, by check."""

    found: Mapping[str, Found]
    is_cut: bool


_NOTHING = _Analysis({}, False)
_cache: Cache[_Analysis] = Cache(_CACHE_BYTES)


def inspect(
    texts: Iterable[tuple[str, str]],
    policy: GuardPolicy,
    *,
    not_scanned: Sequence[str] = (),
    instructions: Collection[str] = frozenset(),
) -> Inspection:
    """Inspects texts, given as (path, text). Texts of one path are several ways to read the same: what is found in more
    than one of them counts once.

    `not_scanned` names the kind of each part that cannot be read. `instructions` are the paths of texts the
    application itself wrote, which are judged more leniently as injections. Nothing awaits: the time is linear in
    the length of the texts that are new.
    """
    by_path: dict[str, _Analysis] = {}
    for path, text in texts:
        analysis = _analysis(text, policy.enabled, path in instructions)
        if analysis is not _NOTHING:
            other = by_path.get(path)
            by_path[path] = analysis if other is None else _merged(analysis, other)
    found = [analysis.found for analysis in by_path.values()]
    unread = Counter(not_scanned)
    if cut := sum(analysis.is_cut for analysis in by_path.values()):
        unread["encoded_text"] += cut
    reason = ", ".join(f"{kind}:{count}" for kind, count in sorted(unread.items())) if unread else None
    verdicts = tuple(_verdict(check, found, reason) for check in policy.checks)
    refusal = next((CHECKS[verdict.check].refusal for verdict in verdicts if verdict.verdict == "refused"), None)
    if refusal is None and reason and policy.refuse_not_scanned:
        refusal = "content_policy_violation"
    return Inspection(verdicts, _data_class(verdicts, policy), refusal)


def _merged(one: _Analysis, other: _Analysis) -> _Analysis:
    found = dict(one.found)
    for check, find in other.found.items():
        if mine := found.get(check):
            kinds = Counter(mine.kinds) | Counter(find.kinds)  # the larger count of each
            found[check] = Found(kinds, max(mine.score, find.score))
        else:
            found[check] = find
    return _Analysis(found, one.is_cut or other.is_cut)


def _verdict(policy: CheckPolicy, found: Sequence[Mapping[str, Found]], unread: str | None) -> Verdict:
    name = policy.check
    if policy.action is Action.OFF:
        return _plain(name, "off")
    if not found and not unread:
        return _plain(name, "passed")
    finds = [by_check[name] for by_check in found if name in by_check and by_check[name].score >= policy.flag_at]
    if not finds:
        return Verdict(name, "not_scanned", reason=unread) if unread else _plain(name, "passed")
    kinds: Counter[str] = Counter()
    for find in finds:
        kinds.update(find.kinds)
    score = max(find.score for find in finds)
    is_refused = policy.action is Action.REFUSE and score >= policy.refuse_at
    return Verdict(name, "refused" if is_refused else "found", dict(kinds), round(score, 3), unread)


@cache
def _plain(name: str, verdict: VerdictName) -> Verdict:
    """Verdicts without finds are most of all verdicts, and alike."""
    return Verdict(name, verdict)


def _data_class(verdicts: Sequence[Verdict], policy: GuardPolicy) -> DataClass:
    if not any(verdict.findings for verdict in verdicts):
        return DataClass.PUBLIC
    classifying = {check.check for check in policy.checks if check.action in (Action.CLASSIFY, Action.REFUSE)}
    return max(
        (
            policy.data_class_of(kind)
            for verdict in verdicts
            if verdict.findings and verdict.check in classifying and CHECKS[verdict.check].sets_data_class
            for kind in verdict.findings
        ),
        default=DataClass.PUBLIC,
    )


def _analysis(text: str, checks: tuple[str, ...], is_instruction: bool) -> _Analysis:
    if len(text) < _CACHED_FROM:
        return _analyse(text, checks, is_instruction)
    key = _cache.key(text, checks, is_instruction)
    analysis = _cache.get(key)
    if analysis is None:
        analysis = _analyse(text, checks, is_instruction)
        _cache.put(key, analysis)
    return analysis


def _analyse(text: str, checks: tuple[str, ...], is_instruction: bool) -> _Analysis:
    readings, is_cut = _readings(text)
    found = {name: find for name in checks if (find := CHECKS[name].look(readings, is_instruction)) is not None}
    return _Analysis(found, is_cut) if found or is_cut else _NOTHING


def _readings(text: str) -> tuple[list[Reading], bool]:
    """The reading of a text, then those of the texts found inside it, and inside those."""
    readings = [read(text, VOCABULARY)]
    is_cut = readings[0].is_cut
    for reading in readings:  # grows while it is walked
        for inner in reading.inner:
            if len(readings) > _MAX_INNER:
                return readings, True
            readings.append(read(inner, VOCABULARY))
            is_cut = is_cut or readings[-1].is_cut
    return readings, is_cut
