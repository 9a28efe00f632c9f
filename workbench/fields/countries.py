"""Names of countries, as the last line of an address has them, and Malaysia's other signs. Pure."""

import re
from collections.abc import Iterable

_COUNTRIES = (
    "germany|deutschland|allemagne|duitsland|germania|alemania|niemcy|bundesrepublik deutschland|france|frankreich|"
    "frankrijk|francia|francja|netherlands|the netherlands|nederland|niederlande|pays bas|paesi bassi|países bajos|"
    "holandia|united kingdom|uk|great britain|england|großbritannien|vereinigtes königreich|royaume uni|regno unito|"
    "reino unido|verenigd koninkrijk|wielka brytania|scotland|wales|ireland|irland|irlande|ierland|italy|italien|"
    "italie|italia|italië|włochy|spain|spanien|espagne|españa|spagna|spanje|hiszpania|poland|polen|pologne|polska|"
    "polonia|austria|österreich|autriche|oostenrijk|switzerland|schweiz|suisse|svizzera|suiza|zwitserland|szwajcaria|"
    "belgium|belgien|belgique|belgië|belgio|bélgica|belgia|luxembourg|luxemburg|lussemburgo|portugal|portogallo|"
    "denmark|dänemark|danmark|sweden|schweden|sverige|norway|norwegen|norge|finland|finnland|suomi|czech republic|"
    "tschechien|česko|hungary|ungarn|united states|united states of america|usa|vereinigte staaten|états unis|"
    "china|chine|中国"
)
NAMES = frozenset(_COUNTRIES.split("|"))
"""Case-folded, in nine languages."""
_LONGEST = 4  # words


def without_country(address: str) -> str:
    """A case-folded address without the country's name at its end; as it is where nothing else would be left."""
    words = address.split()
    for count in range(min(_LONGEST, len(words) - 1), 0, -1):
        if " ".join(words[-count:]) in NAMES:
            return " ".join(words[:-count])
    return address


def is_malaysian(words: Iterable[str]) -> bool:
    """Whether a document's words say that it is of Malaysia, whose tills print "$" for the ringgit, too."""
    is_taxed = has_number = False
    for word in words:
        if _MALAYSIAN.fullmatch(word):
            return True
        is_taxed = is_taxed or bool(_GST.fullmatch(word))
        has_number = has_number or bool(_GST_NUMBER.search(word))
    return is_taxed and has_number


_MALAYSIAN = re.compile(r"\W*(?:sdn|bhd|malaysia|ringgit|rm|myr)\W*", re.IGNORECASE)
_GST = re.compile(r"\W*gst\W*", re.IGNORECASE)
_GST_NUMBER = re.compile(r"(?<![0-9])00[0-9]{10}(?![0-9])")  # other countries' have another length
