"""The legal forms of companies, as they stand in their names. Pure."""

import re

LEGAL = re.compile(
    r"\b(?:gmbh|ag|kg|ug|ohg|gbr|kgaa|e\.? ?k|e\.? ?v|e\.? ?g|a\.? ?g|ltd|limited|llc|llp|plc|inc|corp|s\.? ?a|"
    r"s\.? ?a\.? ?s|s\.? ?a\.? ?r\.? ?l|sàrl|eurl|b\.? ?v|n\.? ?v|s\.? ?p\.? ?a|s\.? ?r\.? ?l|s\.? ?l|s\.? ?l\.? ?u|"
    r"sp\. ?z ?o\.? ?o|sdn|bhd|pte|pty|oy|ab|a/s|aps|as|lda|kft|s\.? ?r\.? ?o)\b\.?|公司",
    re.IGNORECASE,
)
LEGAL_AT_END = re.compile(rf"(?:{LEGAL.pattern})\W*$", re.IGNORECASE)
