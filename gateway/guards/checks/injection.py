"""Instructions that are not the application's: overrides, other selves, extraction, smuggled delimiters.

Rules over words (see `injection_rules`), literal delimiters, and ways of hiding text. Each find carries a weight;
finds of different groups add up as independent evidence would: `1 - (1 - w1)(1 - w2)...`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from gateway.guards.checks.injection_rules import RULES, Rule
from gateway.guards.checks.injection_words import COMMON, REPORTING, Words
from gateway.guards.reading import Reading

ByKey = dict[bytes, list[Rule]]  # rules by each word of their rarest class

_BEFORE = 3  # words in which `after` and `unless` of a rule are looked for
# A text made of trigger words would take long to look at: beyond this share of its words it is taken for an attempt
# to wear the check out. Ordinary texts have one in a hundred.
_FEW, _MOST, _FLOOD = 200, 0.25, 0.6
_ENCODED = 0.4


def signals_of(readings: Sequence[Reading], *, is_instruction: bool = False) -> dict[str, float]:
    """The signals of a text and of those found inside it. What somebody took the trouble to encode counts for more."""
    found = signals(readings[0], is_instruction=is_instruction)
    for inner in readings[1:]:
        for group, weight in signals(inner).items():
            found[group] = max(found.get(group, 0), weight)
            found["encoded"] = _ENCODED
    return found


def signals(reading: Reading, *, is_instruction: bool = False) -> dict[str, float]:
    """The groups that were found and the weight of each.

    What the application itself wrote as an instruction is judged by fewer rules: a system prompt may give orders, and
    speaks of injections in order to forbid them.
    """
    found: dict[str, float] = {way: _HIDDEN[way] for way in reading.hidden}
    _find_rules(_PRIMARY, reading, is_instruction, found)
    if not is_instruction:
        _find_delimiters(reading, found)
        if found:
            _find_rules(_SUPPORTING, reading, is_instruction, found)
    return found


def score(weights: Iterable[float]) -> float:
    """From 0 to 1."""
    doubt = 1.0
    for weight in weights:
        doubt *= 1 - weight
    return 1 - doubt


def _find_rules(by_key: ByKey, reading: Reading, is_instruction: bool, found: dict[str, float]) -> None:
    candidates = _candidates(by_key, reading.notable, is_instruction)
    if not candidates:
        return
    words = reading.words
    positions = [position for position, word in enumerate(words) if word in candidates]
    if len(positions) > _FEW and len(positions) > len(words) * _MOST:
        found["flood"] = _FLOOD
        del positions[int(len(words) * _MOST) :]
    for position in positions:
        for rule in candidates[words[position]]:
            if rule.weight > found.get(rule.group, 0):
                anchor = _anchor(rule, words, position)
                if anchor >= 0 and not (is_instruction and _is_reported(words, anchor)):
                    found[rule.group] = rule.weight


def _candidates(by_key: ByKey, present: frozenset[bytes], is_instruction: bool) -> ByKey:
    """The rules of which a word of every class occurs somewhere, in any order."""
    candidates: ByKey = {}
    for key in by_key.keys() & present:
        rules = [
            rule
            for rule in by_key[key]
            if (rule.everywhere or not is_instruction) and not any(map(present.isdisjoint, rule.classes))
        ]
        if rules:
            candidates[key] = rules
    return candidates


def _anchor(rule: Rule, words: list[bytes], key: int) -> int:
    """Where the rule begins to hold, near the place of one of its rarest words; -1 if it does not."""
    first = key if words[key] in rule.anchor else max(0, key - rule.reach)
    for anchor in range(first, key + 1):
        if words[anchor] in rule.anchor:
            following = iter(words[anchor + 1 : anchor + 1 + rule.reach])
            before = words[max(0, anchor - _BEFORE) : anchor]
            if (
                all(any(word in members for word in following) for members in rule.then)
                and rule.unless.isdisjoint(before)
                and not (rule.after and rule.after.isdisjoint(before))
            ):
                return anchor
    return -1


def _is_reported(words: list[bytes], anchor: int) -> bool:
    return not REPORTING.isdisjoint(words[max(0, anchor - 8) : anchor])


def _find_delimiters(reading: Reading, found: dict[str, float]) -> None:
    text = reading.text
    if "<" in text and (delimiter := _TAG.search(text)):
        found["delimiter"] = 0.7 if delimiter["token"] else 0.5
    if ("[" in text and _BRACKETED.search(text)) or ("##" in text and _HEADING.search(text)):
        found["delimiter"] = max(found.get("delimiter", 0), 0.45)
    if not text.isascii() and _UNSPACED.search(text):
        found["override"] = max(found.get("override", 0), 0.85)
    if ":" in text and not _ROLES.isdisjoint(reading.notable) and _ROLE_LINE.search(text):
        found["delimiter"] = max(found.get("delimiter", 0), 0.4)


# Tokens by which chat templates mark turns, then tags and headings that only claim to.
_TAG = re.compile(
    r"<(?:(?P<token>\|(?:im_start|im_end|im_sep|system|user|assistant|endoftext|eot_id|end_of_turn|start_header_id"
    r"|end_header_id|begin_of_text|end_of_text)\|>|<?/?SYS>>|(?:start|end)_of_turn>)"
    r"|/?(?:system|system[_-](?:prompt|message|instructions?)|admin|important)>)",
    re.IGNORECASE,
)
_BRACKETED = re.compile(r"\[/?(?:INST|SYS|SYSTEM)\]", re.IGNORECASE)
_HEADING = re.compile(r"##(?<!###)#{0,4} ?(?:system|new instructions?|end of|assistant)\b", re.IGNORECASE)
_ROLE_LINE = re.compile(r"^[ \t*>#-]{0,8}(?:system|developer|admin)[ \w]{0,16}:", re.IGNORECASE | re.MULTILINE)
# "Ignore the instructions above" in scripts that do not part their words: Chinese, Japanese, Korean.
_UNSPACED = re.compile(
    "(?:忽略|无视|忘记|忘掉|忽視|無視).{0,16}?(?:指令|指示|提示|规则|規則|命令|要求)"
    "|(?:指示|命令|ルール|プロンプト|指令).{0,8}?(?:無視|忘れ)|(?:지시|명령|규칙|프롬프트|지침).{0,8}?(?:무시|잊)"
)
_ROLES = frozenset({b"system", b"developer", b"admin"})
_HIDDEN = {
    "tag_characters": 0.9,
    "variation_selectors": 0.8,
    "bidirectional_override": 0.5,
    "broken_words": 0.4,
}


def _rarest(rule: Rule) -> Words:
    """The class of a rule that ordinary prose is least likely to contain."""
    return min(rule.classes, key=lambda members: (len(members & COMMON), len(members)))


def _by_key(rules: Iterable[Rule]) -> ByKey:
    by_key: dict[bytes, list[Rule]] = defaultdict(list)
    for rule in rules:
        for word in _rarest(rule):
            by_key[word].append(rule)
    return dict(by_key)


_SUPPORTING = _by_key(rule for rule in RULES if _rarest(rule) & COMMON)
_PRIMARY = _by_key(rule for rule in RULES if not _rarest(rule) & COMMON)

VOCABULARY = _ROLES.union(*(members for rule in RULES for members in rule.classes))
