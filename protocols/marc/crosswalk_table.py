"""UNIMARC and MARC21, field by field: the data of the crosswalk (see `crosswalk`, which reads it both ways).

Codes pair the subfields, UNIMARC first: "a:a d:c". Indicators are two characters each: written as they stand, "." as a blank;
compared when a field is looked up, "." with any. Of several rows for a field the first that fits is taken.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple


class Way(Enum):
    """In which directions a row holds."""

    BOTH = "both"
    TO_MARC21 = "UNIMARC to MARC21"
    TO_UNIMARC = "MARC21 to UNIMARC"


class Row(NamedTuple):
    """One pair of fields; in a `person`, UNIMARC divides the name and MARC21 writes it with a comma."""

    unimarc: str
    marc21: str
    codes: str
    unimarc_indicators: str = ".."
    marc21_indicators: str = ".."
    way: Way = Way.BOTH
    person: bool = False


_PERSON: Final = "a:a d:b c:c f:d g:q p:u 3:0 4:4"
_BODY: Final = "a:a b:b d:n e:c f:d 3:0 4:4"
_MEETING: Final = "a:a b:e d:n e:c f:d 3:0 4:4"
_DIVISIONS: Final = "x:x y:z z:y j:v 2:2"
_LINK: Final = "a:a t:t x:x y:z 0:w v:g d:d c:d"

_LANGUAGES: Final = "a:a b:k c:h d:b e:f h:e i:g j:j"

_M, _U = Way.TO_MARC21, Way.TO_UNIMARC


def _link(unimarc: str, marc21: str, kind: str) -> tuple[Row, ...]:
    """Return a link: whether a note is made of it is the second indicator of the one and the first, reversed, of the other."""
    return (
        Row(unimarc, marc21, _LINK, ".0", f"1{kind}"),
        Row(unimarc, marc21, _LINK, ".1", f"0{kind}"),
        Row(unimarc, marc21, _LINK, "..", f"0{kind}"),
    )


def _variant(unimarc: str, kind: str) -> tuple[Row, ...]:
    """Return a variant title: whether it is an access point is the first indicator of both."""
    codes = "a:a e:b h:n i:p"
    return (
        Row(unimarc, "246", codes, "0.", f"0{kind}"),
        Row(unimarc, "246", codes, "1.", f"1{kind}"),
        Row(unimarc, "246", codes, "..", f"3{kind}"),
    )


def _levels(unimarc: str, marc21: str, codes: str) -> tuple[Row, ...]:
    """Return a subject: the first indicator is its level on both sides."""
    return (*(Row(unimarc, marc21, codes, f"{level}.", f"{level}.") for level in "012"), Row(unimarc, marc21, codes))


ROWS: Final = (
    # 0XX identification
    Row("001", "001", ""),
    Row("005", "005", ""),
    Row("010", "020", "a:a b:q d:c z:z"),
    *(Row("011", "022", "a:a f:l y:z z:y", f"{interest}.", f"{interest}.") for interest in "01"),
    Row("011", "022", "a:a f:l y:z z:y"),
    Row("013", "024", "a:a d:c z:z", "..", "2."),
    Row("014", "024", "a:a z:z 2:2", "..", "4."),
    Row("015", "027", "a:a b:q d:c z:z"),
    Row("016", "024", "a:a d:c z:z", "..", "0."),
    Row("072", "024", "a:a d:c z:z", "..", "1."),
    Row("073", "024", "a:a d:c z:z", "..", "3."),
    Row("017", "024", "a:a d:c z:z 2:2", "..", "7."),
    Row("020", "015", "b:a z:z"),
    Row("021", "017", "b:a"),
    Row("022", "086", "b:a z:z"),
    Row("033", "024", "a:a 2:2", "..", "7.", way=_M),
    Row("035", "035", "a:a z:z"),
    Row("040", "030", "a:a z:z"),
    *(Row("071", "028", "a:a b:b", f"{kind}.", f"{kind}.") for kind in "01234"),
    Row("071", "028", "a:a b:b"),
    *(Row("101", "041", f"{_LANGUAGES} a:d", *each, way=_U) for each in (("0.", "0."), ("1.", "1."), ("0.", ".."))),
    Row("101", "041", _LANGUAGES, "0.", "0.", way=_M),
    Row("101", "041", _LANGUAGES, "..", "1.", way=_M),
    Row("123", "034", "a:a b:b c:c d:d e:e f:f g:g"),
    Row("181", "336", "c:b 2:2"),
    Row("182", "337", "c:b 2:2"),
    Row("183", "338", "a:b 2:2"),
    # 2XX description; 200 is in `crosswalk`
    Row("205", "250", "a:a f:b b:b"),
    Row("206", "255", "a:a"),
    Row("207", "362", "a:a", ".0", "0."),
    Row("207", "362", "a:a", ".1", "1."),
    Row("207", "362", "a:a", "..", "0."),
    Row("210", "260", "a:a c:b d:c e:e g:f h:g"),
    Row("211", "263", "a:a"),
    Row("214", "264", "a:a c:b d:c", ".0", ".1"),
    Row("214", "264", "a:a c:b d:c", ".1", ".0"),
    Row("214", "264", "a:a c:b d:c", ".2", ".2"),
    Row("214", "264", "a:a c:b d:c", ".3", ".3"),
    Row("214", "264", "d:c", ".4", ".4"),
    Row("214", "264", "a:a c:b d:c", "..", ".1"),
    Row("215", "300", "a:a c:b d:c e:e"),
    Row("225", "490", "a:a e:a h:n i:p v:v x:x", "2.", "0."),
    Row("225", "490", "a:a e:a h:n i:p v:v x:x", "..", "1."),
    Row("225", "440", "a:a h:n i:p v:v x:x", way=_U),
    Row("208", "254", "a:a"),
    Row("230", "256", "a:a"),
    # 3XX notes
    Row("300", "500", "a:a"),
    Row("317", "561", "a:a"),
    Row("318", "583", "a:a b:b c:c d:d e:e f:f h:h i:i j:j k:k l:l n:n o:o p:p r:z"),
    Row("320", "504", "a:a"),
    Row("321", "510", "a:a"),
    Row("322", "508", "a:a"),
    Row("323", "511", "a:a"),
    Row("324", "534", "a:p"),
    Row("325", "533", "a:a"),
    Row("326", "310", "a:a b:b"),
    Row("327", "505", "a:a", "1.", "0."),
    Row("327", "505", "a:a", "0.", "1."),
    Row("327", "505", "a:a"),
    Row("328", "502", "a:a b:b c:g d:d e:c"),
    Row("330", "520", "a:a"),
    Row("332", "524", "a:a"),
    Row("333", "521", "a:a"),
    Row("334", "586", "a:a"),
    Row("336", "516", "a:a"),
    Row("337", "538", "a:a"),
    Row("338", "536", "a:a b:b"),
    Row("345", "037", "a:b b:a c:f d:c"),
    *(
        Row(tag, "500", "a:a", way=_M)
        for tag in (
            "301",
            "302",
            "303",
            "304",
            "305",
            "306",
            "307",
            "308",
            "310",
            "311",
            "312",
            "313",
            "314",
            "315",
        )
    ),
    Row("300", "518", "a:a", way=_U),
    Row("300", "546", "a:a", way=_U),
    # 4XX links
    Row("410", "830", "t:a v:v x:x", ".0", ".0"),
    Row("410", "830", "t:a v:v x:x", "..", ".0", way=_M),
    Row("410", "830", "t:a v:v x:x", way=_U),
    *_link("421", "770", "."),
    *_link("422", "772", "."),
    *_link("423", "777", "."),
    # 780 and 785 number the relations otherwise: formed by union is 4, absorbed 5.
    *(row for last, kind in zip("01236457", "01234567", strict=True) for row in _link(f"43{last}", "780", kind)),
    *(row for kind in "012345678" for row in _link(f"44{kind}", "785", kind)),
    *_link("451", "775", "."),
    *_link("452", "776", "."),
    *_link("453", "767", "."),
    *_link("454", "765", "."),
    Row("455", "775", _LINK, "..", "0.", way=_M),
    Row("456", "776", _LINK, "..", "0.", way=_M),
    *_link("461", "773", "."),
    Row("462", "773", _LINK, "..", "0.", way=_M),
    Row("463", "773", _LINK, "..", "0.", way=_M),
    *_link("464", "774", "."),
    *_link("488", "787", "."),
    # 5XX titles
    Row("500", "240", "a:a h:n i:p l:k m:l k:f q:s", "..", "10"),
    *_variant("510", "1"),
    *_variant("512", "4"),
    *_variant("513", "5"),
    *_variant("514", "6"),
    *_variant("515", "7"),
    *_variant("516", "8"),
    *_variant("517", "3"),
    Row("532", "246", "a:a", "..", "3."),
    Row("540", "246", "a:a", "..", "30", way=_M),
    Row("517", "246", "a:a b:b n:h p:i", way=_U),
    Row("520", "247", "a:a e:b h:n i:p x:x", "..", "10"),
    Row("530", "222", "a:a b:b", "..", ".0"),
    Row("500", "730", "a:a h:n i:p l:k m:l k:f q:s", way=_U),
    Row("531", "210", "a:a b:b", "..", "0."),
    Row("541", "242", "a:a e:b h:n i:p z:y", "..", "10"),
    Row("545", "740", "a:a", "..", "0."),
    # 6XX subjects
    Row("600", "600", f"{_PERSON} t:t {_DIVISIONS}", ".1", "1.", person=True),
    Row("600", "600", f"{_PERSON} t:t {_DIVISIONS}", "..", "0.", person=True),
    Row("601", "611", f"{_MEETING} t:t {_DIVISIONS}", "12", "2."),
    Row("601", "610", f"{_BODY} t:t {_DIVISIONS}", "02", "2."),
    Row("601", "610", f"{_BODY} t:t {_DIVISIONS}", "01", "1."),
    Row("601", "611", f"{_MEETING} t:t {_DIVISIONS}", "1.", "2."),
    Row("601", "610", f"{_BODY} t:t {_DIVISIONS}", "..", ".."),
    Row("602", "600", f"a:a f:d 3:0 4:4 t:t {_DIVISIONS}", "..", "3."),
    Row("605", "630", f"a:a h:n i:p m:l 3:0 {_DIVISIONS}", "..", "0."),
    *_levels("606", "650", f"a:a 3:0 {_DIVISIONS}"),
    Row("607", "651", f"a:a 3:0 {_DIVISIONS}", "..", ".."),
    Row("608", "655", f"a:a 3:0 {_DIVISIONS}", "..", ".."),
    Row("610", "653", "a:a", "0.", "0."),
    Row("610", "653", "a:a"),
    Row("620", "752", "a:a b:b c:c d:d"),
    Row("660", "043", "a:a"),
    Row("661", "045", "a:a"),
    Row("675", "080", "a:a"),
    Row("676", "082", "a:a v:2", "..", "04"),
    Row("676", "082", "a:a v:2", way=_U),
    Row("680", "050", "a:a b:b", "..", ".4"),
    Row("680", "050", "a:a b:b", way=_U),
    Row("686", "084", "a:a 2:2"),
    # 7XX names: the first primary responsibility is the main entry (see `crosswalk`)
    Row("700", "100", _PERSON, ".1", "1.", person=True),
    Row("700", "100", _PERSON, "..", "0.", person=True),
    Row("710", "111", _MEETING, "12", "2."),
    Row("710", "110", _BODY, "02", "2."),
    Row("710", "110", _BODY, "01", "1."),
    Row("710", "111", _MEETING, "1.", ".."),
    Row("710", "110", _BODY, "..", ".."),
    Row("720", "100", "a:a f:d 3:0 4:4", "..", "3."),
    Row("700", "100", _PERSON, ".0", way=_U),
    Row("701", "700", _PERSON, ".1", "1.", person=True),
    Row("701", "700", _PERSON, "..", "0.", person=True),
    Row("702", "700", _PERSON, ".1", "1.", person=True),
    Row("702", "700", _PERSON, "..", "0.", person=True),
    Row("711", "711", _MEETING, "12", "2."),
    Row("711", "710", _BODY, "02", "2."),
    Row("711", "710", _BODY, "01", "1."),
    Row("711", "711", _MEETING, "1.", ".."),
    Row("711", "710", _BODY, "..", ".."),
    Row("712", "711", _MEETING, "12", "2."),
    Row("712", "710", _BODY, "02", "2."),
    Row("712", "710", _BODY, "01", "1."),
    Row("712", "711", _MEETING, "1.", ".."),
    Row("712", "710", _BODY, "..", ".."),
    Row("721", "700", "a:a f:d 3:0 4:4", "..", "3."),
    Row("722", "700", "a:a f:d 3:0 4:4", "..", "3.", way=_M),
    Row("701", "700", _PERSON, ".0", way=_U),
    Row("730", "720", "a:a 4:4", "..", "1."),
    # 8XX, 9XX
    Row("856", "856", "u:u z:z y:y q:q s:s 3:3", "4.", "4."),
    Row("856", "856", "u:u z:z y:y q:q s:s 3:3"),
    Row("886", "886", "2:2 a:a b:b", "0.", "0."),
    Row("886", "886", "2:2 a:a b:b", "1.", "1."),
    Row("886", "886", "2:2 a:a b:b", "2.", "2."),
    Row("995", "852", "b:a c:b d:f e:c k:h f:p j:j u:z x:x l:3"),
    Row("995", "952", "b:a c:b e:c k:o f:p u:z l:h r:y", way=_U),
)

PUNCTUATION: Final[dict[str, dict[str, str]]] = {
    "250": {"b": " /"},
    "260": {"a": " ;", "b": " :", "c": ",", "e": "", "f": " :", "g": ","},
    "264": {"a": " ;", "b": " :", "c": ","},
    "300": {"b": " :", "c": " ;", "e": " +"},
    "490": {"v": " ;", "x": ","},
    "830": {"v": " ;", "x": ","},
    "100": {"c": ",", "d": ","},
    "700": {"c": ",", "d": ","},
    "600": {"c": ",", "d": ","},
}
"""ISBD: what MARC21 writes at the end of a subfield before the one with this code."""

# Leader: type of record and the type of date of 100 $a/8 and 008/6, UNIMARC to MARC21.
TYPES: Final = {"b": "t", "l": "m", "m": "o"}
DATE_TYPES: Final = {
    "a": "c", "b": "d", "c": "u", "d": "s", "e": "r", "f": "q", "g": "m", "h": "t", "i": "p", "j": "e", "u": "n"
}  # fmt: skip
AUDIENCES: Final = {"a": "j", "b": "a", "c": "b", "d": "c", "e": "d", "k": "f", "m": "e"}

COUNTRIES: Final = {
    "AR": "ag", "AT": "au", "AU": "at", "BE": "be", "BF": "uv", "BG": "bu", "BJ": "dm", "BR": "bl", "CA": "xxc", "CD": "cg",
    "CG": "cf", "CH": "sz", "CI": "iv", "CL": "cl", "CM": "cm", "CN": "cc", "CO": "ck", "CZ": "xr", "DE": "gw", "DK": "dk",
    "DZ": "ae", "EG": "ua", "ES": "sp", "FI": "fi", "FR": "fr", "GA": "go", "GB": "xxk", "GN": "gv", "GR": "gr", "HR": "ci",
    "HT": "ht", "HU": "hu", "IE": "ie", "IL": "is", "IN": "ii", "IR": "ir", "IS": "ic", "IT": "it", "JP": "ja", "KR": "ko",
    "LB": "le", "LT": "li", "LU": "lu", "LV": "lv", "MA": "mr", "MC": "mc", "MG": "mg", "ML": "ml", "MU": "mf", "MX": "mx",
    "NE": "ng", "NL": "ne", "NO": "no", "NZ": "nz", "PE": "pe", "PL": "pl", "PT": "po", "RO": "rm", "RS": "rb", "RU": "ru",
    "SE": "sw", "SI": "xv", "SK": "xo", "SN": "sg", "TG": "tg", "TN": "ti", "TR": "tu", "UA": "un", "US": "xxu", "VN": "vm",
    "ZA": "sa",
}  # fmt: skip
"""ISO 3166 (102 $a) to the MARC country codes (008/15-17)."""

RELATORS: Final = {
    "005": "act", "010": "adp", "020": "ann", "030": "arr", "040": "art", "060": "asn", "070": "aut", "072": "aqt", "075": "aft",
    "080": "aui", "090": "aud", "100": "ant", "110": "bnd", "130": "bkd", "160": "bsl", "170": "cll", "180": "ctg", "200": "chr",
    "205": "ctb", "210": "cmm", "212": "cwt", "220": "com", "230": "cmp", "245": "ccp", "250": "cnd", "260": "cph", "273": "cur",
    "275": "dnc", "280": "dte", "290": "dto", "295": "dgg", "300": "drt", "305": "dis", "310": "dst", "320": "dnr", "330": "dub",
    "340": "edt", "350": "egr", "360": "etr", "365": "exp", "370": "flm", "390": "fmo", "400": "fnd", "420": "hnr", "430": "ilu",
    "440": "ill", "460": "ive", "470": "ivr", "480": "lbt", "510": "ltg", "520": "lyr", "545": "mus", "550": "nrt", "557": "orm",
    "570": "oth", "590": "prf", "600": "pht", "610": "prt", "630": "pro", "635": "prg", "650": "pbl", "651": "pbd", "660": "rcp",
    "670": "rce", "673": "rth", "675": "rev", "690": "aus", "700": "scr", "705": "scl", "721": "sng", "723": "spn", "727": "ths",
    "730": "trl", "750": "tyg", "755": "voc", "760": "wde", "770": "wam",
}  # fmt: skip
"""Relator codes, UNIMARC $4 to MARC."""

SECONDARY: Final = frozenset(
    {
        "trl",
        "ill",
        "edt",
        "aui",
        "aft",
        "ann",
        "com",
        "pbl",
        "pbd",
        "prt",
        "fmo",
        "dte",
        "nrt",
        "cwt",
        "cmm",
        "ths",
        "wam",
        "ctb",
    }
)
"""Responsibilities that UNIMARC puts into 702 and 712: not the authors of the work."""

VOCABULARIES: Final = {"0": "lc", "2": "mesh", "6": "rvm"}
"""MARC21 6XX second indicator to UNIMARC $2; 7 means $2, the rest say nothing."""
