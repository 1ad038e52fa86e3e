"""Checks of Present: ranges, syntaxes, element sets, sizes of messages, and whether records are what they say they are."""

from __future__ import annotations

from typing import Final

from conformance.checks import Checks, want
from conformance.results import NotApplicable
from conformance.z3950 import ber, marc
from conformance.z3950.bench import MAY, MUST, SHOULD, Bench, want_refused
from conformance.z3950.ber import Node, context, oid_octets, universal
from conformance.z3950.client import (
    GRS_1,
    OPAC,
    SUTRS,
    UNIMARC,
    USMARC,
    XML,
    Association,
    Record,
    diagnostic,
    records,
)  # fmt: skip
from conformance.z3950.corpus import spread
from conformance.z3950.init import proposal
from conformance.z3950.queries import Z3950, quoted
from conformance.z3950.search import common
from protocols.xmlsafe import UnsafeXMLError, parse

check = Checks[Bench]()

_PRESENT: Final = "Z39.50 3.2.3, Present"
_SIZES: Final = "Z39.50 3.3.1, message and record size"
_TRUTH: Final = "ISO 2709 and the format's manual"
_FAILURE: Final = 5
_MARC: Final = {UNIMARC: marc.UNIMARC, USMARC: marc.MARC21}


def _several(bench: Bench, least: int = 3) -> tuple[Association, int]:
    """Return an association with a set of some records, and how many. Raises NotApplicable."""
    association = bench.association()
    best = max(common(bench, 1), key=association.count)
    queries = [bench.corpus().query, best] if bench.corpus().query else [best]
    for query in queries:
        count = association.count(query)
        if count >= least:
            return association, count
    raise NotApplicable(f"no set of {least} records was found")


@check("present", MUST, "the records asked for come: as many, in their syntax, with the next position", _PRESENT)
def _present(bench: Bench) -> None:
    association, count = _several(bench)
    syntax = bench.corpus().syntax
    for start, number in ((1, 1), (2, 2), (count, 1), (1, min(count, 3))):
        answer = association.present(start, number, syntax, referenceId=b"p")
        found = records(answer)
        what = f"{start}+{number} of {count}"
        want(
            answer["presentStatus"] in {0, 2},
            f"{what}: presentStatus is {answer['presentStatus']}: {diagnostic(answer)}",
        )
        want(
            len(found) == answer["numberOfRecordsReturned"],
            f"{what}: {len(found)} came, it says {answer['numberOfRecordsReturned']}",
        )
        want(len(found) == number or answer["presentStatus"] == 2, f"{what}: {len(found)} came")
        following = start + len(found)
        right = {following} if following <= count else {0, following}
        want(
            answer["nextResultSetPosition"] in right,
            f"{what}: nextResultSetPosition is {answer['nextResultSetPosition']}",
        )
        want({each.syntax for each in found} == {syntax}, f"{what}: the syntaxes are {[each.syntax for each in found]}")
        want(answer["referenceId"] == b"p", f"the referenceId is {answer['referenceId']!r}")


@check(
    "present out of range", MUST, "what is behind the last record, or before the first, is refused with 13", _PRESENT
)
def _range(bench: Bench) -> None:
    association, count = _several(bench, 1)
    for start, number in ((count + 1, 1), (0, 1), (-1, 1), (count + 1_000_000, 1), (2**31 - 1, 1), (1, -1)):
        answer = association.present(start, number, bench.corpus().syntax)
        want(
            answer["presentStatus"] == _FAILURE,
            f"{start}+{number} of {count}: presentStatus is {answer['presentStatus']}",
        )
        want_refused(diagnostic(answer), 13, what=f"{start}+{number} of {count}")


@check("present past the end", MUST, "a range that ends behind the last record is cut, or refused with 13", _PRESENT)
def _past(bench: Bench) -> None:
    association, count = _several(bench, 1)
    answer = association.present(count, 5, bench.corpus().syntax)
    found = records(answer)
    want(len(found) <= 1, f"{len(found)} records come from the last on")
    if not found:
        want_refused(diagnostic(answer), 13, what=f"{count}+5 of {count}")


@check("present nothing", SHOULD, "no records at all may be asked for", _PRESENT)
def _none(bench: Bench) -> None:
    association, _ = _several(bench, 1)
    answer = association.present(1, 0, bench.corpus().syntax)
    found = diagnostic(answer)
    want(not records(answer), "records come")
    want(found is None or found.condition == 13, f"it is refused with {found}")


@check("present of nothing", MUST, "of an empty set nothing can be presented: 13", _PRESENT)
def _empty(bench: Bench) -> None:
    association = bench.association()
    association.count("@attr 1=1016 qqqzzzxxkit")
    want_refused(diagnostic(association.present(1, 1)), 13, 30, what="1+1 of 0")


@check("present unknown set", MUST, "a set that there is not is refused with 30", _PRESENT)
def _unknown(bench: Bench) -> None:
    answer = bench.association().present(1, 1, name="no-such-set-kit")
    want(answer["presentStatus"] == _FAILURE, f"presentStatus is {answer['presentStatus']}")
    want_refused(diagnostic(answer), 30, 27, 128, 22, what="a set that there is not")


@check("present same order", MUST, "a record stands at its place, however it is asked for", _PRESENT)
def _order(bench: Bench) -> None:
    association, count = _several(bench)
    syntax = bench.corpus().syntax
    number = min(count, 12)
    together = association.records(1, number, syntax)
    for at in range(number):
        (alone,) = association.records(at + 1, 1, syntax)
        want(alone.octets == together[at].octets, f"record {at + 1} alone is another than among {number}")


@check("present each once", MUST, "no record stands twice in a set", _PRESENT)
def _once(bench: Bench) -> None:
    corpus = bench.whole()
    numbers = [each.number for each in corpus.records if each.number]
    if corpus.query == "" or not numbers:
        raise NotApplicable("the records are those of a file, or have no numbers")
    twice = {each for each in numbers if numbers.count(each) > 1}
    want(not twice, f"{sorted(twice)[:5]} come twice")


@check(
    "present additional ranges",
    SHOULD,
    "several ranges come in one answer, or are refused with 243",
    "Z39.50 3.2.3.1.2, additional ranges",
)
def _ranges(bench: Bench) -> None:
    association, _ = _several(bench)
    syntax = bench.corpus().syntax
    more = [ber.sequence(context(1, 3), context(2, 1))]
    answer = association.present(1, 1, syntax, additionalRanges=more)
    if (found := diagnostic(answer)) is not None:
        want_refused(found, 243, what="a second range")
        raise NotApplicable("additional ranges are not supported")
    got = [each.octets for each in records(answer)]
    want(len(got) == 2, f"{len(got)} records come of two ranges of one")
    want(got[1] == association.records(3, 1, syntax)[0].octets, "the second is not record 3")


@check(
    "present names the database", SHOULD, "each record names a database that was searched", "Z39.50 3.2.3.2, records"
)
def _database(bench: Bench) -> None:
    association, count = _several(bench, 1)
    for each in association.records(1, min(count, 5), bench.corpus().syntax):
        want(each.database, "the first record names none")
        assert each.database is not None
        names = {name.casefold() for name in bench.databases}
        want(each.database.casefold() in names, f"{each.database!r} was not searched")


# --- syntaxes -----------------------------------------------------------------------------------------------------------


@check("refuses syntax", MUST, "a syntax that there is not is refused, never replaced by another", _PRESENT)
def _no_syntax(bench: Bench) -> None:
    association, _ = _several(bench, 1)
    for syntax in (f"{Z3950}5.1000.999", "1.2.3.4.5", f"{Z3950}5.19"):
        answer = association.present(1, 1, syntax)
        for each in records(answer):
            want(each.diagnostic or each.syntax == syntax, f"{each.syntax} comes for {syntax}")
            if each.diagnostic:
                want_refused(each.diagnostic, 238, 239, 227, what=syntax)
        if answer["responseRecords"] is None:
            want_refused(diagnostic(answer), 239, 238, 227, 1069, 1070, what=syntax)


@check("any syntax", SHOULD, "who asks for no syntax gets records, or 1071", _PRESENT)
def _any_syntax(bench: Bench) -> None:
    association, _ = _several(bench, 1)
    answer = association.present(1, 1, None)
    if not records(answer):
        want_refused(diagnostic(answer), 1071, what="no syntax")


def _has(bench: Bench, syntax: str, elements: str | None = "F", number: int = 3) -> list[Record]:
    """Return records in a syntax. Raises NotApplicable when the server has it not."""
    association, count = _several(bench, 1)
    out: list[Record] = []
    for at in range(1, min(count, number) + 1):
        answer = association.present(at, 1, syntax, elements)
        found = records(answer)
        refused = diagnostic(answer) or (found[0].diagnostic if found else None)
        if refused is not None:
            if refused.condition in {238, 239, 227, 25, 24}:
                raise NotApplicable(f"it is refused with {refused}")
            want_refused(refused, 238, 239, what=syntax)
        out += found
    want({each.syntax for each in out} == {syntax}, f"{sorted({each.syntax for each in out})} come for {syntax}")
    return out


def _marc_syntax(name: str, syntax: str) -> None:
    @check(f"{name} whole", SHOULD, f"records in {name} are ISO 2709: every length in them is right", _TRUTH)
    def _look(bench: Bench) -> None:
        for each in _has(bench, syntax, number=20):
            record = marc.read(each.octets, _MARC[syntax])
            tags = [tag for tag, _, _ in record.fields]
            want(all(tag.isalnum() for tag in tags), f"the tags are {tags}")

    @check(f"{name} is {name}", SHOULD, f"what is sent as {name} has its title where {name} has it", _TRUTH)
    def _right(bench: Bench) -> None:
        title, other = ("200", "245") if syntax == UNIMARC else ("245", "200")
        for each in _has(bench, syntax, number=20):
            record = marc.read(each.octets, _MARC[syntax])
            want(
                record.value(title),
                f"{record.number} has no {title}" + (f", but {other}" if record.value(other) else ""),
            )

    @check(f"{name} characters", MUST, f"records in {name} are in the characters that they say", _TRUTH)
    def _characters(bench: Bench) -> None:
        for changes in ({}, {"otherInfo": proposal()}):
            association = bench.association(**changes)
            corpus = bench.corpus()
            count = association.count(corpus.query or common(bench, 1)[0])
            answer = association.present(1, 1, syntax)
            if diagnostic(answer) is not None:
                raise NotApplicable(f"it is refused with {diagnostic(answer)}")
            for each in association.records(1, min(count, 200), syntax):
                _true_characters(each, syntax)


for _name, _syntax in (("UNIMARC", UNIMARC), ("MARC21", USMARC)):
    _marc_syntax(_name, _syntax)


def _true_characters(each: Record, syntax: str) -> None:
    if not each.octets or each.octets.isascii():
        return
    form = _MARC[syntax]
    record = marc.read(each.octets, form)
    says = marc.declared_utf8(form, record.leader, record.value("100", "a"))
    try:
        each.octets.decode()
    except UnicodeDecodeError:
        want(not says, f"{record.number} says that it is in UTF-8, and is not")
        return
    where = "100$a/26-29" if form == marc.UNIMARC else "LDR/9"
    want(says, f"{record.number} is in UTF-8, and {where} says otherwise")


@check(
    "001 stable",
    MUST,
    "a record has the same number (001) in every syntax and element set, and it is not empty",
    _TRUTH,
)
def _stable(bench: Bench) -> None:
    association, count = _several(bench, 1)
    for at in range(1, min(count, 10) + 1):
        numbers = set()
        for syntax, form in _MARC.items():
            for elements in ("F", "B"):
                for each in records(association.present(at, 1, syntax, elements)):
                    if each.octets:
                        numbers.add(marc.read(each.octets, form).number)
        want(len(numbers) == 1 and all(numbers), f"record {at} has the numbers {sorted(numbers)}")


@check("XML", SHOULD, "records in XML are well-formed", "syntax 109.10")
def _xml(bench: Bench) -> None:
    for each in _has(bench, XML):
        want(each.octets, "the record is not sent as octets")
        try:
            parse(each.octets)
        except UnsafeXMLError as error:
            want(False, f"it is no XML: {error}")


@check(
    "XML schema by name", MAY, "Dublin Core is sent in XML under the element set name dc", "what clients of YAZ send"
)
def _dublin(bench: Bench) -> None:
    for each in _has(bench, XML, "dc"):
        want(b"purl.org/dc" in each.octets, "it is no Dublin Core")


@check("SUTRS", SHOULD, "SUTRS is a text with lines", "syntax 101")
def _sutrs(bench: Bench) -> None:
    for each in _has(bench, SUTRS):
        text = each.octets if each.node is None else each.node.octets
        want(each.node is None or each.node.tag == ber.GENERAL, "it is no GeneralString")
        want(b"\n" in text and b"\r" not in text, "its lines do not end in LF")


@check("GRS-1", MAY, "GRS-1 is a list of elements with tags", "syntax 105")
def _grs(bench: Bench) -> None:
    for each in _has(bench, GRS_1):
        want(each.node is not None and each.node.tag == ber.SEQUENCE, "it is no SEQUENCE")
        assert each.node is not None
        want(
            all(element.get(2) and element.get(4) for element in each.node.nodes), "an element has no tag or no content"
        )


@check(
    "OPAC", SHOULD, "an OPAC record has a record and its holdings, with what must be told of circulation", "syntax 102"
)
def _opac(bench: Bench) -> None:
    for each in _has(bench, OPAC, number=10):
        want(each.node is not None, "it is not sent as a single ASN.1 type")
        assert each.node is not None
        bibliographic = each.node.get(1)
        want(bibliographic is not None, "there is no bibliographic record")
        for holdings in (each.node.get(2) or universal(ber.SEQUENCE, [])).nodes:
            for circulation in (holdings.get(19) or universal(ber.SEQUENCE, [])).nodes:
                missing = [tag for tag in (1, 6, 7) if circulation.get(tag) is None]
                want(not missing, f"a circulation record has not {missing}")


# --- element sets -------------------------------------------------------------------------------------------------------


@check("element sets F and B", SHOULD, "B has less than F, and both have number and title", "profiles: F and B")
def _full_and_brief(bench: Bench) -> None:
    corpus = bench.corpus()
    association, count = _several(bench, 1)
    sizes: dict[str, int] = {}
    for name in ("F", "B"):
        found = association.records(1, min(count, 10), corpus.syntax, name)
        for each in found:
            record = marc.read(each.octets, corpus.form)
            want(record.number and corpus.heading(record, 4), f"a record in {name} has no number or no title")
        sizes[name] = sum(len(each.octets) for each in found)
    want(sizes["B"] < sizes["F"], f"B has {sizes['B']} octets, F {sizes['F']}")


@check("element set in small letters", SHOULD, "f and b are F and B", "what clients in use send")
def _small(bench: Bench) -> None:
    association, _ = _several(bench, 1)
    syntax = bench.corpus().syntax
    for name in ("F", "B"):
        one, other = (association.records(1, 1, syntax, each)[0].octets for each in (name, name.lower()))
        want(one == other, f"{name.lower()} is not {name}")


@check("no element set", MUST, "who names no element set gets records", _PRESENT)
def _no_set(bench: Bench) -> None:
    association, _ = _several(bench, 1)
    answer = association.present(1, 1, bench.corpus().syntax, None)
    want(records(answer), f"it is refused with {diagnostic(answer)}")


@check("refuses element set", MUST, "an element set that there is not is refused with 25 or 24", _PRESENT)
def _wrong_set(bench: Bench) -> None:
    association, _ = _several(bench, 1)
    answer = association.present(1, 1, bench.corpus().syntax, "NOSUCHSETKIT")
    found = diagnostic(answer) or next((each.diagnostic for each in records(answer)), None)
    want_refused(found, 25, 24, 26, what="NOSUCHSETKIT")


def _composed(elements: str | None, syntax: str, *, alternative: bool = False, schema: str | None = None) -> list[Node]:
    specification = [] if schema is None else [context(1, oid_octets(schema))]
    if elements is not None:
        specification.append(context(2, context(1, elements)))
    return [context(1, alternative), context(2, specification), context(4, [universal(ber.OID, oid_octets(syntax))])]


@check(
    "composition",
    SHOULD,
    "a complex composition gives what a simple one does, or is refused with 244",
    "Z39.50 3.2.3.1.4, CompSpec",
)
def _composition(bench: Bench) -> None:
    association, _ = _several(bench, 1)
    syntax = bench.corpus().syntax
    plain = association.records(1, 1, syntax, "B")[0].octets
    answer = association.present(1, 1, None, None, complex=_composed("B", syntax))
    if (found := diagnostic(answer)) is not None:
        want_refused(found, 244, 1066, what="a CompSpec")
        raise NotApplicable("complex composition is not supported")
    want(records(answer)[0].octets == plain, "it is not what the simple one gives")


@check("composition schema", SHOULD, "a schema that there is not is refused", "Z39.50 3.2.3.1.4, CompSpec")
def _schema(bench: Bench) -> None:
    association, _ = _several(bench, 1)
    answer = association.present(1, 1, None, None, complex=_composed(None, XML, schema="1.2.3.4.5"))
    want_refused(diagnostic(answer) or records(answer)[0].diagnostic, 1066, 244, 239, 238, 25, what="schema 1.2.3.4.5")


# --- sizes --------------------------------------------------------------------------------------------------------------


@check(
    "message size", MUST, "a message holds no more than was agreed on; what does not fit is left for the next", _SIZES
)
def _message(bench: Bench) -> None:
    corpus = bench.corpus()
    query = corpus.query or common(bench, 1)[0]
    association = bench.association(preferredMessageSize=4_096, exceptionalRecordSize=1 << 20)
    count = association.count(query)
    number = min(count, 60)
    want(number, "nothing is found")
    seen = 0
    while seen < number:
        answer = association.present(seen + 1, number - seen, corpus.syntax)
        found = records(answer)
        want(found, f"nothing comes of record {seen + 1}: {diagnostic(answer)}")
        octets = sum(len(each.octets) for each in found)
        want(octets <= 4_096 or len(found) == 1, f"{len(found)} records of {octets} octets come in one message of 4096")
        if len(found) < number - seen:
            want(answer["presentStatus"] == 2, f"presentStatus is {answer['presentStatus']}, where not all fit")
            want(
                answer["nextResultSetPosition"] == seen + len(found) + 1,
                "the next position is not that of the next record",
            )
        seen += len(found)


@check("record too large", SHOULD, "a record larger than was agreed on is replaced by 16 or 17, never cut", _SIZES)
def _large(bench: Bench) -> None:
    corpus = bench.corpus()
    largest = max(corpus.records, key=lambda each: len(each.octets))
    query = f"@attr 1=12 {quoted(largest.number)}"
    association = bench.association(preferredMessageSize=300, exceptionalRecordSize=300)
    if len(largest.octets) < 400 or association.refused(query) is not None or association.count(query) != 1:
        raise NotApplicable("no record is large enough, or Use 12 does not find it")
    answer = association.present(1, 1, corpus.syntax)
    for each in records(answer):
        want(each.diagnostic, f"a record of {len(each.octets)} octets comes, 300 were agreed on")
        want_refused(each.diagnostic, 16, 17, what="a record too large")
    if not records(answer):
        want_refused(diagnostic(answer), 16, 17, what="a record too large")


@check("large record alone", SHOULD, "a record larger than a message comes when it alone is asked for", _SIZES)
def _alone(bench: Bench) -> None:
    corpus = bench.corpus()
    association = bench.association(preferredMessageSize=300, exceptionalRecordSize=1 << 20)
    for each in spread(corpus.records, 5):
        query = f"@attr 1=12 {quoted(each.number)}"
        if len(each.octets) < 300 or association.refused(query) is not None or association.count(query) != 1:
            continue
        (found,) = records(association.present(1, 1, corpus.syntax))
        want(found.octets == each.octets, f"{each.number} does not come: {found.diagnostic}")
        return
    raise NotApplicable("no record is large enough, or Use 12 does not find it")
