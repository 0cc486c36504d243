"""Classes of words that the rules against injected instructions are made of: in lower case, without apostrophes."""

from __future__ import annotations

Words = frozenset[bytes]


def words(text: str) -> Words:
    return frozenset(text.encode().split())


# Words of ordinary prose. A rule is looked at only where a word of its rarest class occurs; one whose classes all hold
# common words is supporting: it counts only beside another.
COMMON = words(
    """
    a about again all always and any are as ask back be before both broken but can cannot change code content context
    data do dont earlier even everything example first for free from get give go good i in information initial
    input instead is it just keep last like list make matter me model must my need new no not now of on only or
    original out part people play previous prior provide question questions request return said same say send
    sentence show simply start stop system take tell text that the these they this time to translate two until us
    use was we well what whatever where whether who will with without words write yes you your
    """
)
# How a system prompt speaks of an injection that it forbids.
REPORTING = words(
    """
    if asks ask asked asking tries try trying attempts attempt request requests requested tells says user users
    """
)
NEGATIONS = words(
    """
    not never dont doesnt didnt wont shouldnt cannot cant mustnt no nor isnt arent stop without longer
    """
)

DROP = words(
    """
    ignore ignores ignored ignoring ignor disregard disregards disregarding forget forgets forgetting neglect
    overlook bypass bypasses bypassing override overrides overriding unlearn nullify circumvent
    """
)
DISCARD = words(
    """
    discard abandon dismiss erase drop cancel void negate undo remove delete
    """
)  # said of ordinary things too
PRIOR = words(
    """
    previous previously prior above preceding preceeding earlier former foregoing past original initial existing
    last
    """
)
PRIOR_ADVERBS = words("above before previously earlier prior until far")
ALL = words("all any every everything anything whatever what")
YOUR = words("your ur")
THE = words("the this my your ur")
INSTRUCTIONS = words(
    """
    instruction instructions instruct prompt prompts direction directions directive directives rule rules
    guideline guidelines guidance command commands order orders programming training restrictions constraints
    policy policies safeguards protocols
    """
)
TALK = INSTRUCTIONS | words(
    """
    context text texts message messages conversation conversations task tasks assignment assignments sentence
    sentences information content input data request requests question questions chat
    """
)
SAID = words(
    """
    said told wrote written learned learnt know knew mentioned taught given instructed instructions asked before
    above prior previous previously earlier
    """
)
USERS = words("user users human humans anyone")

DROP_DE = words("ignoriere ignorieren ignorier ignoriert vergiss vergesst missachte missachten verwirf verwerfe")
TALK_DE = words(
    """
    anweisung anweisungen instruktion instruktionen befehl befehle aufgabe aufgaben aufträge regeln vorgaben
    vorherigen vorherige bisherigen bisherige obigen obige davor alles kontext zuvor vorher
    """
)
DROP_ES = words("ignora ignore ignoren olvida olvide olvidad omite desestima descarta")
TALK_ES = words("instrucciones instruccion anteriores anterior órdenes ordenes reglas todo previas previo")
DROP_FR = words("ignore ignorez oubliez oublie oublier ignorer néglige négligez")
TALK_FR = words("consignes instructions précédentes précédent précédents précédente règles ordres tout toutes")
DROP_IT_PT = words("ignora ignori dimentica dimentichi ignore esqueça esqueca desconsidere")
TALK_IT_PT = words("istruzioni precedenti regole tutto tutte instruções instrucoes anteriores regras tudo todas")
DROP_NL = words("negeer vergeet")
TALK_NL = words("instructies vorige bovenstaande alles regels eerdere")
DROP_RU = words("игнорируй игнорируйте проигнорируй проигнорируйте забудь забудьте")
TALK_RU = words("инструкции инструкцию предыдущие предыдущую правила указания все всё")

SAY = words("say print write output respond answer reply tell return display repeat echo speak type")
SHOW = words(
    """
    reveal show print display repeat output tell give write return share disclose leak spell list copy recite echo
    translate summarize expose divulge provide send what whats dump spellcheck read
    """
)
RECITE = words("repeat print output recite copy echo display spellcheck reveal")
HIDDEN = words("system initial original hidden secret internal full entire complete exact whole")
PROMPT = words("prompt prompts instructions instruction directives guidelines")
ABOVE = words("above before preceding")
WRITTEN = words(
    """
    text words word sentence sentences content everything message prompt instructions instruction conversation
    lines
    """
)
SECRET = words("password secret passphrase passcode")
NEW = words("new real true actual sole")
PURPOSE = words("task role instructions goal purpose mission objective job identity")

RESTRICTIONS = words(
    """
    restriction restrictions limitation limitations limits filter filters filtering censorship ethics ethical
    morals moral morality boundaries guidelines inhibitions scruples constraints confines shackles chains
    regulations norms
    """
)
LAWS = RESTRICTIONS | words("rules policy policies laws")
LACKING = words("without no any zero lacks lacking devoid bypass bypassing bypasses free")
FREED = words("free freed broken liberated unbound unchained released escaped break")
UNBOUND = words("unfiltered uncensored amoral immoral unethical unrestricted unmoderated")
BAD = words(
    """
    illegal unethical immoral harmful dangerous offensive inappropriate explicit legality ethical moral
    consequences
    """
)
NEVER = words("never not cannot cant wont dont without doesnt mustnt refrain")
REFUSALS = words(
    """
    refuse refuses refusing refused reject decline declines deny apologize apologise apologizing apology apologies
    sorry disclaimer disclaimers warning warnings warn moralize moralizing lecture lecturing censor censors
    """
)
