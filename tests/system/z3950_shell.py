"""A few commands of yaz-client, for machines that have none: find, format, elements, show, base, scan, sort."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any, Final

from protocols.z3950 import oids, pqf, rpn
from protocols.z3950.apdu import (
    CloseReason,
    Entry,
    InitializeRequest,
    Options,
    PresentRequest,
    ScanRequest,
    SearchRequest,
    SortAttributes,
    SortElement,
    SortKey,
    SortKeySpec,
    SortRequest,
    SortStatus,
)
from protocols.z3950.elements import (
    AttributeElement,
    AttributeValue,
    ElementSetNames,
    NamePlusRecord,
    Operand,
    Query,
    RecordComposition,
)
from protocols.z3950.schema import codec_of
from protocols.z3950.session import Association, Role

_SYNTAXES: Final = {"unimarc": oids.UNIMARC, "usmarc": oids.USMARC, "xml": oids.XML, "sutrs": oids.SUTRS}
_ENTRY: Final = codec_of(Entry)
_RECORD: Final = codec_of(NamePlusRecord)


class Shell:
    """One association over a blocking socket."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._association = Association(Role.ORIGIN)
        self._base = "network"
        self._syntax = oids.UNIMARC
        self._elements = "F"
        self._sets = 0

    def run(self, commands: list[str]) -> str:
        """Return what the commands have to say."""
        options = Options.SEARCH | Options.PRESENT | Options.NAMED_RESULT_SETS
        init = InitializeRequest(
            protocol_version=7, options=options, preferred_message_size=1 << 20, exceptional_record_size=1 << 20
        )
        assert self._ask(init).result
        lines = [line for command in commands for line in self._obey(*command.partition(" ")[::2])]
        self._socket.sendall(self._association.close(CloseReason.FINISHED))
        self._socket.close()
        return "\n".join(lines)

    def _obey(self, command: str, rest: str) -> Iterator[str]:
        if command == "find":
            yield from self._find(rest)
        elif command == "show":
            yield from self._show(*map(int, rest.split("+")))
        elif command == "format":
            self._syntax = _SYNTAXES[rest]
        elif command == "elements":
            self._elements = rest
        elif command == "base":
            self._base = rest
        elif command == "scan":
            yield from self._scan(rest)
        elif command == "sort":
            self._sort(*rest.split())

    def _find(self, query: str) -> Iterator[str]:
        self._sets += 1
        request = SearchRequest(
            small_set_upper_bound=0,
            large_set_lower_bound=1,
            medium_set_present_number=0,
            replace_indicator=True,
            result_set_name=str(self._sets),
            database_names=(self._base,),
            query=Query(type_1=pqf.parse(query)),
        )
        response = self._ask(request)
        yield f"Number of hits: {response.result_count}, setno {self._sets}"
        yield from self._diagnostics(response)

    def _scan(self, query: str) -> Iterator[str]:
        sent = rpn.decode(pqf.parse(query).rpn)
        assert isinstance(sent, Operand)
        assert sent.attr_term is not None
        request = ScanRequest(
            database_names=(self._base,),
            attribute_set=oids.BIB_1,
            term_list_and_start_point=sent.attr_term,
            number_of_terms_requested=20,
        )
        for entry in map(_ENTRY.decode, self._ask(request).entries.entries):
            yield f"{entry.term_info.term.general.decode()} ({entry.term_info.global_occurrences})"

    def _sort(self, attribute: str, flags: str) -> None:
        kind, value = map(int, attribute.split("="))
        use = AttributeElement(attribute_type=kind, attribute_value=AttributeValue(numeric=value))
        element = SortElement(generic=SortKey(sort_attributes=SortAttributes(id=oids.BIB_1, list_=(use,))))
        key = SortKeySpec(sort_element=element, sort_relation=int(">" in flags), case_sensitivity=1)
        name = str(self._sets)
        request = SortRequest(input_result_set_names=(name,), sorted_result_set_name=name, sort_sequence=(key,))
        assert self._ask(request).sort_status == SortStatus.SUCCESS

    def _show(self, start: int, number: int = 1) -> Iterator[str]:
        request = PresentRequest(
            result_set_id=str(self._sets),
            result_set_start_point=start,
            number_of_records_requested=number,
            record_composition=RecordComposition(simple=ElementSetNames(generic_element_set_name=self._elements)),
            preferred_record_syntax=self._syntax,
        )
        response = self._ask(request)
        yield from self._diagnostics(response)
        for octets in (response.records.response_records if response.records else None) or ():
            record = _RECORD.decode(octets)
            external = record.record.retrieval_record
            yield f"[{record.name}]Record type"
            yield (external.octet_aligned or external.single_asn1_type).decode(errors="replace")

    def _diagnostics(self, response: Any) -> Iterator[str]:
        if response.records is not None and response.records.non_surrogate_diagnostic is not None:
            diagnostic = response.records.non_surrogate_diagnostic
            yield f"[{diagnostic.condition}] -- v3 addinfo '{diagnostic.addinfo.v3_addinfo}'"

    def _ask(self, request: Any) -> Any:
        self._socket.sendall(self._association.send(request))
        while not (found := self._association.receive(self._socket.recv(65536))):
            pass
        (response,) = found
        self._association.accept(response)  # type: ignore[arg-type]  # a Fault fails here as well
        return response
