"""The questions by which a request's risk tier is computed. Nothing here reads or writes the database."""

from governance.questionnaire.assessment import Answered, Assessment, assess
from governance.questionnaire.bounds import check
from governance.questionnaire.definition import Answer, Definition, Question, key_of
from governance.questionnaire.shipped import SHIPPED
from governance.questionnaire.validation import validated

__all__ = [
    "SHIPPED",
    "Answer",
    "Answered",
    "Assessment",
    "Definition",
    "Question",
    "assess",
    "check",
    "key_of",
    "validated",
]
