"""Find sentences that speak to a language model instead of a reader (indirect prompt injection, OWASP LLM01)."""

import re
from dataclasses import dataclass

_RULES = r"(?:instruction|prompt|rule|guideline|direction|command|constraint)s?"
_EARLIER = r"(?:all|any|your|previous|prior|above|earlier|preceding|system)"
_MODEL = r"(?:(?:ai|llm|language)[\s-]*(?:model|assistant|system|agent)|chat\s?bot|assistant|chatgpt|gpt)"


@dataclass(frozen=True, slots=True)
class _Wording:
    """A pattern over lower-case text, and words of which one must be there: looking for them first is far cheaper."""

    words: tuple[str, ...]
    pattern: re.Pattern[str]


# Each needs the address to a model and the wish to overrule it; either alone is what a help page may say.
_WORDINGS = (
    _Wording(
        ("ignore", "disregard", "forget"),
        re.compile(
            rf"\b(?:ignore|disregard|forget)\s+(?:(?:the|these|those|of|my|{_EARLIER})\s+)*{_EARLIER}\s+{_RULES}"
            rf"|\b(?:ignore|disregard|forget)\s+(?:the\s+|these\s+|those\s+)?{_RULES}\s+(?:above|before|you)"
            r"|\b(?:ignore|disregard|forget)\s+(?:everything|anything|whatever)\s+(?:\w+\s+){0,4}(?:above|before|earlier|said|told)"
        ),
    ),
    _Wording(
        ("prompt", "instruction"),
        re.compile(
            rf"\b(?:reveal|print|repeat|show|output|leak)\s+(?:me\s+)?(?:your|the)\s+(?:\w+\s+){{0,2}}"
            rf"(?:system|hidden|initial|secret)\s+{_RULES}"
        ),
    ),
    _Wording(
        ("you are now", "you are no longer"),
        re.compile(
            r"\byou\s+are\s+(?:now|no\s+longer)\s+(?:an?\s+|the\s+)?(?:\w+\s+){0,3}(?:assistant|ai|bot|model|dan)\b"
        ),
    ),
    _Wording(
        ("system:", "developer:"),
        re.compile(r"^\s*(?:system|developer):.{0,200}\b(?:you|your|prompt)\b", re.MULTILINE),
    ),
    _Wording(
        ("this", "you are a"),
        re.compile(
            rf"\b{_MODEL}s?\s+(?:that\s+(?:is\s+)?)?(?:reads?|reading|processing|summari[sz]ing)\s+this\b|\b(?:if|when)\s+you\s+are\s+an?\s+{_MODEL}\b"
        ),
    ),
    _Wording(("<|", "inst]", "<<sys>>"), re.compile(r"<\|(?:im_start|im_end|system|endoftext)\|>|\[/?inst\]|<<sys>>")),
    _Wording(
        ("忽略", "無視", "无视", "不要理會", "不要理会"),
        re.compile(
            r"(?:忽略|無視|无视|不要理會|不要理会)[^。\n]{0,8}(?:先前|之前|以上|上述|前面)[^。\n]{0,8}(?:指示|指令|規則|规则|提示)"
        ),
    ),
)


def count_injected_instructions(text: str) -> int:
    """Number of passages that tell a language model to leave its instructions.

    A list of wordings finds careless and copied attacks, not a determined author: it is one layer, not a proof.
    """
    lower = text.lower()
    return sum(
        sum(1 for _ in wording.pattern.finditer(lower))
        for wording in _WORDINGS
        if any(word in lower for word in wording.words)
    )
