"""Mappings: TOML files that define what the records of an export mean, data and not code.

The tables of a mapping define in this order how a record becomes rows::

    title, system, zone, currency, data_until, basis, trust     settings (see source_settings)
    orders        own or other: whether the company's orders are counted from this source
    keep, drop, code    what is stored, not stored, or stored as a code, see ``minimisation``
    [ask]         name = "question", a setting of the mapping's own, or { say, default,
                  choices }
    [recognise]   needs, without, values: how a file is recognised
    [file]        format, delimiter, encoding, header, headers, columns, sheets, empty, repeats,
                  records, from_name, drop: declarations about the file
    [decode]      name = { decoder = place }: what a text contains, as a tree
    [columns]     place = type, or { type, place, name, format, zone, clock, may_be_later, values,
                  empty, required, optional, decimal, currency, minor, fill_down, join }, see
                  ``ColumnRule``
    [each.NAME]   path, of, columns, decode, derive: one row for each member of a record
    [lookup.NAME] part, key, on, columns: columns of another part, joined by a key
    [derive]      name = SQL over columns, or { from = SQL date, months = SQL integer },
                  or { whole = SQL amount }
    [refuse]      "reason in words" = SQL condition of records to refuse
    [pass_over]   "reason in words" = SQL condition of records that are right but not for us
    [assume]      "sentence" = SQL condition of accepted records; their number is reported
    [record]      id = SQL, native id of the record's customer; kind; observed_at; key; newer;
                  together
    [identities]  kind of identifier = SQL
    [attributes.NAMESPACE]  attribute = SQL; null gives no row
    [tables.TABLE]          schema column = SQL, with each, record, where, per, order_by, keyed

A *place* says where a value stands in a record, see ``field_places``. A mapping of several sets of
records has all tables from ``[recognise]`` on below ``[part.NAME]``, once per set; every part that
recognises a file reads it. ``like = "NAME"`` takes over all of another mapping, or in a part all of
another part, but what is stated: tables are merged, lists are replaced.

SQL is the dialect of polars (``pl.sql_expr``). It may use the columns, derived names,
``source_row``, the settings ``system``, ``currency``, ``orders``, ``data_until_on`` (date),
``data_until_at`` (instant) and ``undated_at`` (instant, two days earlier: since then a statement
without a time holds, and a fact without a time is dated then), and the mapping's own settings. If
the cells of a money column X contain a currency, it is ``X_currency``. With ``per``, one row is
made for each combination of these names, and expressions are aggregates. A plain expression gives
the group's first value that is not null, in the order of ``order_by``; of customers without
``order_by`` the value that was observed last. Of a column of which the schema keeps the earliest
value, as ``first_seen_at``, or the latest, it gives the group's earliest or latest value in any
order. Where the rule of customers or attributes states no ``observed_at``, a row of several records
holds since all its values do, see ``statement_times``. Instants in expressions are in the source's
zone; the local day of an instant X is ``X_on``. A date that is joined or compared with an instant,
as in ``COALESCE(day, undated_at)``, is the first moment of its local day. Native ids are written
without the system: it is added to every column that the schema declares as ``system:…`` or ``keyed
hash``. ``keyed`` lists readable ids that contain an identifier of a person, which intake replaces
by their HMAC.
"""

import hashlib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from workbench.foundation.declarations import Declaration, read_toml, validate_declaration
from workbench.foundation.errors import ParameterError, unknown_name
from workbench.foundation.files import canonical_json
from workbench.foundation.settings import find_file
from workbench.sources.mapping.minimisation import Minimisation
from workbench.sources.mapping.part_rules import GIVEN, PartRules
from workbench.sources.source_settings import SETTINGS, SettingQuestion

#: The only part of a mapping that has one set of records.
_ONLY = "records"


def _expand_question(given: Any) -> Any:
    return {"say": given} if isinstance(given, str) else given


class SourceMapping(Declaration):
    """One mapping, checked; made by ``find_mapping``."""

    name: str
    title: str = ""
    system: str | None = None
    zone: str | None = None
    currency: str | None = None
    data_until: str | None = None
    basis: str | None = None
    trust: str | None = None
    orders: str | None = None
    keep: Annotated[tuple[str, ...], Field(strict=False)] = ()
    drop: Annotated[tuple[str, ...], Field(strict=False)] = ()
    code: Annotated[tuple[str, ...], Field(strict=False)] = ()
    ask: Mapping[str, Annotated[SettingQuestion, BeforeValidator(_expand_question)]] = {}
    part: Mapping[str, PartRules]

    @classmethod
    def read(cls, path: Path) -> "SourceMapping":
        """Read and check a mapping file.

        Raises
        ------
        ParameterError
            The file is not TOML or has faults; the message lists all of them.
        """
        return cls.of(read_toml(path, "mapping"), name=path.stem)

    @classmethod
    def of(cls, content: Mapping[str, Any], *, name: str) -> "SourceMapping":
        """Return the checked mapping of a file's content."""
        whole = _with_parts(_inherit(content, name))
        try:
            made = validate_declaration(cls, {**whole, "name": name}, source=f"mapping {name}")
        except ParameterError as error:  # The only part has no name in the file.
            raise ParameterError(str(error).replace(f"part.{_ONLY}.", "")) from error
        if faults := [*made._faults()]:
            count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
            raise ParameterError("\n  ".join([f"mapping {name} has {count}:", *faults]))
        return made

    @property
    def declared(self) -> Mapping[str, str | None]:
        """The settings that the mapping declares."""
        return {name: getattr(self, name) for name in SETTINGS}

    @property
    def is_recognised(self) -> bool:
        """Whether the mapping says how its files are recognised."""
        return all(part.recognise is not None for part in self.part.values())

    @property
    def minimisation(self) -> Minimisation:
        """What the mapping keeps, drops and codes while loading."""
        return Minimisation(keep=self.keep, drop=self.drop, code=self.code)

    def part_title(self, part: str) -> str:
        """Return the name of a part as reports have it: of an only part the mapping's name."""
        return self.name if len(self.part) == 1 else f"{self.name}/{part}"

    def fingerprint(self) -> str:
        """Return a hash of the whole mapping, 64 hex digits."""
        content = self.model_dump(mode="json", exclude={"title", *SETTINGS})
        return hashlib.sha256(canonical_json(content)).hexdigest()

    def _faults(self) -> Iterator[str]:
        yield from self.minimisation.find_faults()
        for name in set(self.ask) & {*SETTINGS, *GIVEN}:
            yield f"ask.{name}: the name is used already; choose another"
        for name, part in self.part.items():
            where = "" if len(self.part) == 1 else f"part.{name}."
            for fault in part.find_faults(self.ask, self.part):
                yield f"{where}{fault}"


def find_mapping(name: str) -> SourceMapping:
    """Return the mapping of the package with a name, or the mapping in a file.

    Raises
    ------
    ParameterError
        The mapping does not exist or has faults.
    """
    return SourceMapping.read(find_file("mapping", name, folder=_vendors_folder(), suffix=".toml"))


def ready_mappings() -> tuple[str, ...]:
    """Return the names of the mappings in the package."""
    return tuple(sorted(path.stem for path in _vendors_folder().glob("*.toml")))


def _vendors_folder() -> Path:
    return Path(str(files("workbench.sources").joinpath("vendors")))


def _inherit(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the content with all of the mapping that it is like."""
    if "like" not in content:
        return content
    stated = {key: value for key, value in content.items() if key != "like"}
    path = find_file("mapping", content["like"], folder=_vendors_folder(), suffix=".toml")
    if path.stem == name:
        raise ParameterError(f"mapping {name} is like itself: name another mapping")
    other = _inherit(read_toml(path, "mapping"), path.stem)
    return _merge(other, stated)


def _with_parts(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the content with its rules below parts, each with all of the part that it is like."""
    if "part" not in content:
        own = {key: value for key, value in content.items() if key in PartRules.model_fields}
        rest = {key: value for key, value in content.items() if key not in own}
        return {**rest, "part": {_ONLY: own}}
    parts: dict[str, Any] = {}
    for name, part in content["part"].items():
        like = part.get("like")
        if like is None:
            parts[name] = part
            continue
        if like not in parts:
            raise ParameterError(f"part.{name}.like: {unknown_name('earlier part', like, parts)}")
        parts[name] = _merge(parts[like], {k: v for k, v in part.items() if k != "like"})
    return {**content, "part": parts}


def _merge(other: Mapping[str, Any], stated: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**other}
    for key, value in stated.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merge(merged[key], value) if both else value
    return merged
