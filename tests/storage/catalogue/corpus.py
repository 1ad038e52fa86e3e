"""The records that tests of the catalogue ask about: five with names, and as many others as Hypothesis likes."""

from __future__ import annotations

from hypothesis import strategies as st

from protocols.marc.format import Format
from storage.catalogue.records import NewRecord
from tests.storage.catalogue.running import new_record

NOW = 1_795_345_200
RECORDS = [
    new_record(
        "1", "010    $a2-253-00422-7", "100    $a20010206d1983    k  y0frey50      ba", "200 1  $a\x98Le \x9cGerminal$eroman$fÉmile Zola",
        "210    $aParis$cLGF$d1983", "606    $aMineurs$yFrance", "700  1 $aZola$bÉmile$f1840-1902$4070",
    ),
    new_record(
        "2", "200 1  $aL'œuvre$fÉmile Zola", "210    $aParis$cGallimard$d1998", "330    $aUn peintre à Paris, la mine",
        "700  1 $aZola$bÉmile$4070", "225 2  $aLe livre de poche",
    ),
    new_record(
        "3", "011    $a0035-2969", "200 1  $aHistoire de la mine en France", "210    $aLens$cPresses du Nord$d2001",
        "606    $aHistoire$yFrance", "702  1 $aDurand$bJean",
    ),
    new_record(
        "4", "008 840206s1983    fr ||||f||||||||||||fre u", "020    $a9782253004226", "100 1  $aZola, Émile,$d1840-1902.",
        "245 10 $aGerminal :$bthe novel /$cEmile Zola", "260    $aLondon :$bPenguin,$c1983.", form=Format.MARC21,
    ),
    new_record("5", "200 1  $aLa mine de France : histoire", "710 02 $aSociété minière$cLens"),
]  # fmt: skip

VOCABULARY = ["mine", "mines", "été", "ete", "œuvre", "oeuvre", "l'art", "de", "la", "Zola", "zolas", "histoire"]
TEXTS = st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=4).map(" ".join)
FIELDS = {
    Format.UNIMARC: ["200 1  $a{}$e{}", "200 1  $a\x98La \x9c{}", "517    $a{}", "700  1 $a{}$b{}", "710 02 $a{}", "606    $a{}$x{}", "330    $a{}", "225 2  $a{}", "210    $a{}$c{}", "200 1  $a{}$f{}"],
    Format.MARC21: ["245 10 $a{} :$b{}", "246 1  $a{}", "100 1  $a{}, {}", "710 2  $a{}", "650  4 $a{}$x{}", "520    $a{}", "490 0  $a{}", "260    $a{} :$b{}", "245 10 $a{} /$c{}"],
}  # fmt: skip


@st.composite
def catalogues(draw: st.DrawFn) -> list[NewRecord]:
    out = []
    for number in range(draw(st.integers(1, 8))):
        form = draw(st.sampled_from(list(Format)))
        templates = draw(st.lists(st.sampled_from(FIELDS[form]), min_size=1, max_size=5))
        fields = [template.format(*(draw(TEXTS) for _ in range(template.count("{}")))) for template in templates]
        out.append(new_record(f"N{number}", *fields, form=form))
    return out
