"""The questionnaire of organisations that have set none. It never changes: requests rest on it.

Regulation (EU) 2024/1689: articles 5 and 6 with annex III (classes), 14 (human oversight), 50 (transparency).
Regulation (EU) 2016/679: articles 9 and 10 (special categories), 22 (automated decisions), 35 (impact assessment).
Three answers alone make a request high: a high-risk system, decisions about persons that nobody looks at, and harm
that cannot be undone.
"""

from __future__ import annotations

from typing import Any

from governance.questionnaire.definition import Definition


def _one_of(title: str, description: str, **labels: str) -> dict[str, Any]:
    return {"title": title, "description": description, "type": "string", "enum": list(labels), "x-labels": labels}


def _whether(title: str, description: str) -> dict[str, Any]:
    return {"title": title, "description": description, "type": "boolean"}


_PROPERTIES: dict[str, dict[str, Any]] = {
    "ai_act_class": _one_of(
        "What is the system under the EU AI Act?",
        "High risk: article 6 with annexes I and III, such as hiring, credit, education. Limited: article 50, such as "
        "people who speak with a machine.",
        minimal="Minimal risk",
        limited="Limited risk: people are told",
        unknown="Not classified yet",
        high="High risk",
    ),
    "persons": _one_of(
        "Does it decide about people?",
        "Whether they get something, are chosen, judged or watched. Article 22 of the GDPR.",
        none="No",
        prepares="It prepares what somebody decides",
        decides="It decides, and somebody can step in",
        alone="It decides, and nobody looks at it before it takes effect",
    ),
    "personal_data": _one_of(
        "What data about people goes in?",
        "Special categories: health, religion, origin, sexual life, biometrics, trade union, political opinion; and "
        "criminal convictions. Articles 9 and 10 of the GDPR.",
        none="None",
        business="Names and contact data of business partners",
        personal="Other personal data",
        special="Special categories, or of children",
    ),
    "secrets": _one_of(
        "What would be lost if a prompt became known?",
        "Think of the most sensitive prompt, not the usual one.",
        nothing="Nothing: it is public",
        little="Little: internal matters",
        much="Much: trade secrets, or what others gave us in confidence",
    ),
    "autonomy": _one_of(
        "What happens with its answers?",
        "Whether it calls tools, sends messages, changes records or moves money.",
        suggests="Somebody reads them and decides what to do",
        acts_reviewed="It acts, and each act is released by somebody",
        acts="It acts by itself",
    ),
    "exposure": _one_of(
        "Who sees its answers?",
        "Directly, or hardly changed.",
        internal="Our own people",
        customers="Customers or partners",
        public="Anybody",
    ),
    "oversight": _one_of(
        "Who watches over it in operation?",
        "Article 14 of the EU AI Act: people who understand it, notice when it fails, and can stop it.",
        named="Named people, who can stop it at once",
        sampled="Somebody looks at samples",
        none="Nobody yet",
    ),
    "reversibility": _one_of(
        "A wrong answer is acted on. What then?",
        "The worst that is likely, to people or to us.",
        trivial="It is noticed and mended at once",
        costly="It costs money or time",
        lasting="It cannot be undone: health, liberty, livelihood, rights",
    ),
    "dependence": _one_of(
        "The provider ends it tomorrow. What then?",
        "Whether another model does the same, and how fast.",
        replaced="Another one takes its place the same day",
        delayed="We do without for weeks",
        critical="A critical function stands still",
    ),
    "region": _one_of(
        "Where does the provider process prompts?",
        "Every place that prompts may go to, sub-processors included.",
        own="On our own machines",
        eea="In the European Economic Area",
        adequate="Elsewhere, under an adequacy decision or standard clauses",
        unknown="Elsewhere, or not known",
    ),
    "own_training": _whether(
        "Was it trained or tuned on our data?", "Then it may repeat that data to whoever may call it."
    ),
    "calls_a_day": {
        "title": "About how many calls a day?",
        "description": "When it is fully used.",
        "type": "integer",
        "minimum": 0,
        "maximum": 1_000_000_000,
    },
    "remarks": {
        "title": "What else should the reviewers know?",
        "description": "May stay empty.",
        "type": "string",
        "maxLength": 1000,
    },
}

SHIPPED = Definition(
    schema={
        "type": "object",
        "additionalProperties": False,
        "required": [name for name in _PROPERTIES if name != "remarks"],
        "properties": _PROPERTIES,
    },
    points={
        "ai_act_class": {"limited": 2, "unknown": 4, "high": 8},
        "persons": {"prepares": 3, "decides": 6, "alone": 10},
        "personal_data": {"business": 1, "personal": 3, "special": 6},
        "secrets": {"little": 1, "much": 3},
        "autonomy": {"acts_reviewed": 2, "acts": 5},
        "exposure": {"customers": 2, "public": 3},
        "oversight": {"sampled": 1, "none": 4},
        "reversibility": {"costly": 3, "lasting": 10},
        "dependence": {"delayed": 1, "critical": 3},
        "region": {"eea": 1, "adequate": 2, "unknown": 4},
        "own_training": {"true": 2},
        "calls_a_day": {"10000": 1, "1000000": 2},
    },
    medium_from=8,
    high_from=18,
    alone_high={"ai_act_class": ["high"], "persons": ["alone"], "reversibility": ["lasting"]},
)
