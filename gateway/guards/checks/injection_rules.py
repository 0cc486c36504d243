"""What instructions to a model that are not the application's look like: classes of words that follow one another.

Weights say how much a find counts by itself: at 0.5 a text is flagged, at 0.85 it is as good as certain (see
`gateway.guards.checks.injection.score`). Rules of one group say the same thing, and only the heaviest counts. Weights
were set by hand, then checked on public corpora of which none was used as a whole to set them.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.guards.checks import injection_words as w
from gateway.guards.checks.injection_words import Words, words


@dataclass(frozen=True, slots=True)
class Rule:
    """A word of `anchor`, followed within `reach` words by one word of each class of `then`, in order.

    `classes` are anchor and then. One of `after` must stand within three words before the anchor, none of `unless`
    may. `everywhere` marks what is no instruction even a system prompt would ordinarily give.
    """

    group: str
    weight: float
    anchor: Words
    then: tuple[Words, ...]
    reach: int
    after: Words
    unless: Words
    everywhere: bool
    classes: tuple[Words, ...]


def _rule(
    group: str,
    weight: float,
    anchor: Words | str,
    *then: Words | str,
    reach: int = 0,
    after: Words = frozenset(),
    unless: Words = frozenset(),
    everywhere: bool = False,
) -> Rule:
    first, *others = map(_class, (anchor, *then))
    return Rule(group, weight, first, tuple(others), reach, after, unless, everywhere, (first, *others))


def _class(members: Words | str) -> Words:
    return words(members) if isinstance(members, str) else members


_OVERRIDE = (  # cancelling what was said before
    _rule("override", 0.9, w.DROP | w.DISCARD, w.PRIOR, w.INSTRUCTIONS, reach=9, unless=w.NEGATIONS, everywhere=True),
    _rule("override", 0.85, w.DROP, w.INSTRUCTIONS, w.PRIOR_ADVERBS, reach=10, unless=w.NEGATIONS, everywhere=True),
    _rule("override", 0.85, w.DROP | w.DISCARD, w.YOUR, w.INSTRUCTIONS, reach=6, unless=w.NEGATIONS),
    _rule("override", 0.85, w.DROP | w.DISCARD, w.ALL, w.INSTRUCTIONS, reach=4, unless=w.NEGATIONS),
    _rule("override", 0.8, w.DROP, w.ALL, w.SAID, reach=7, unless=w.NEGATIONS),
    _rule("override", 0.7, w.DROP, w.PRIOR, w.TALK, reach=9, unless=w.NEGATIONS),
    _rule("override", 0.6, w.DROP, w.TALK, w.PRIOR_ADVERBS, reach=10, unless=w.NEGATIONS),
    _rule("override", 0.6, w.DROP, w.USERS, "request requests question query instructions", reach=4),
    _rule("override", 0.6, w.DROP, "above", reach=2, unless=w.NEGATIONS),
    _rule("override", 0.7, "ignore disregard forget", "system", w.PROMPT, reach=4, unless=w.NEGATIONS),
    _rule("override", 0.5, "forget disregard", "everything", reach=2, unless=w.NEGATIONS | words("i we they")),
    _rule(
        "override",
        0.6,
        "follow following obey listen adhere",
        w.PRIOR | w.YOUR,
        w.INSTRUCTIONS,
        reach=6,
        after=w.NEGATIONS,
    ),
    _rule(
        "override", 0.7, w.PRIOR, w.INSTRUCTIONS, "void invalid test obsolete cancelled canceled outdated fake", reach=6
    ),
    _rule("override", 0.85, w.DROP_DE, w.TALK_DE, reach=8),
    _rule("override", 0.85, "obigen vorherigen bisherigen alle", w.TALK_DE, "ignorieren vergessen missachten", reach=6),
    _rule("override", 0.85, "vergessen", "sie", w.TALK_DE, reach=5),
    _rule("override", 0.6, "abweichend", "vorherigen bisherigen obigen", w.TALK_DE, reach=4),
    _rule("override", 0.8, w.DROP_ES, w.TALK_ES, reach=6),
    _rule("override", 0.8, w.DROP_FR, w.TALK_FR, reach=6, unless=w.NEGATIONS),  # `ignore instructions` is English too
    _rule("override", 0.8, w.DROP_IT_PT, w.TALK_IT_PT, reach=6),
    _rule("override", 0.8, w.DROP_NL, w.TALK_NL, reach=6),
    _rule("override", 0.8, w.DROP_RU, w.TALK_RU, reach=6),
)
_NEW_TASK = (  # putting other instructions in their place
    _rule("new_task", 0.6, "instructions task role purpose job", "is are", "now", reach=2),
    _rule("new_task", 0.5, w.YOUR, w.NEW, w.PURPOSE, reach=2),
    _rule("new_task", 0.35, "new", "instructions instruction rules task directive assignment", reach=1),
    _rule("new_task", 0.35, "now", "focus concentrate", reach=2),
    _rule("new_task", 0.35, "instead", w.SAY, reach=3),
    _rule("new_task", 0.2, "start begin starting", "again over fresh anew scratch", reach=2),
    _rule("new_task", 0.5, "ai llm", "assistant assistants model models agent agents", "reading processing", reach=4),
    _rule("say", 0.2, "just only simply", w.SAY, reach=1),
    _rule("say", 0.15, w.SAY, "yes no only exactly just nothing", reach=2),
)
_OTHER_SELF = (  # one that the rules of this one do not bind
    _rule("jailbreak", 0.6, "do", "anything", "now", reach=2),
    _rule("jailbreak", 0.5, "jailbroken betterdan evilbot freegpt antigpt"),
    _rule("jailbreak", 0.4, "jailbreak jailbreaking dan"),
    _rule(
        "jailbreak", 0.7, "developer god dan dude stan sudo evil chaos", "mode", "enabled output on activated", reach=3
    ),
    _rule("confines", 0.5, w.FREED, w.RESTRICTIONS, reach=5),
    _rule(
        "confines", 0.5, "abide adhere conform comply bound follow obey constrained", w.LAWS, reach=7, after=w.NEGATIONS
    ),
    _rule("no_limits", 0.4, w.LACKING, w.RESTRICTIONS, reach=4),
    _rule("no_limits", 0.4, w.UNBOUND),
    _rule("no_limits", 0.3, "regardless matter whether even", w.BAD, reach=9),
    _rule("no_refusal", 0.4, w.NEVER, w.REFUSALS, reach=7),
    _rule("character", 0.35, "stay remain break keep staying breaking breaks remaining", "character", reach=3),
    _rule("as_an_ai", 0.3, "as", "ai", "language model", reach=3),
    _rule("policy", 0.4, "openai openais anthropic anthropics", w.LAWS | words("terms content"), reach=4),
    _rule(
        "policy",
        0.3,
        "content ethical ethics moral safety usage",
        "policy policies guidelines guideline filters",
        reach=1,
    ),
    _rule("persona", 0.25, "you youre", "now going about longer", reach=2),
    _rule("persona", 0.35, "from", "now", "on", reach=2),
    _rule(
        "persona", 0.2, "act acts acting pretend pretending roleplay simulate behave", "as like to that you", reach=2
    ),
    _rule("persona", 0.3, "immerse", "yourself", reach=1),
    _rule("persona", 0.2, "assume adopt take play", "role persona identity character part", reach=4),
    _rule("persona", 0.15, "imagine roleplay roleplaying hypothetical hypothetically fictional"),
    _rule("entity", 0.15, "stands", "for", reach=1),
    _rule("model", 0.2, "chatgpt gpt gpt3 gpt4 chatbot claude gemini"),
    _rule(
        "two_answers", 0.35, "two 2 both", "ways responses answers paragraphs outputs entities personalities", reach=3
    ),
    _rule("obedience", 0.3, "obey obeys"),
    _rule("obedience", 0.25, "must always", "comply answer respond reply obey fulfill say", reach=2),
    _rule("obedience", 0.25, "no", "matter", "what how", reach=2),
    _rule("obedience", 0.3, "anything whatever everything", "i user", "ask say want asks says wants tell", reach=2),
)
_EXTRACTION = (  # getting at what the application told the model, or keeping the user out of it
    _rule("extraction", 0.6, w.SHOW, w.THE, w.HIDDEN, w.PROMPT, reach=9, unless=w.NEGATIONS),
    _rule("extraction", 0.55, w.SHOW, w.YOUR, w.PROMPT, reach=7, unless=w.NEGATIONS),
    _rule("extraction", 0.5, w.RECITE, w.WRITTEN, w.ABOVE, reach=8, unless=w.NEGATIONS),
    _rule("extraction", 0.5, "what", "you", "told instructed", "before first", reach=6),
    _rule("extraction", 0.45, "hidden secret", "prompt prompts instructions message", reach=2),
    _rule("extraction", 0.4, "beginning start", "prompt conversation", reach=4),
    _rule(
        "extraction",
        0.4,
        "reveal tell give show spell leak disclose share",
        "the your me",
        w.SECRET,
        reach=4,
        unless=w.NEGATIONS,
    ),
    _rule("extraction", 0.25, "system initial", "prompt message instructions", reach=1),
    _rule("concealment", 0.6, "tell inform notify mention alert reveal", w.USERS, reach=5, after=w.NEGATIONS),
)
RULES: tuple[Rule, ...] = (*_OVERRIDE, *_NEW_TASK, *_OTHER_SELF, *_EXTRACTION)
