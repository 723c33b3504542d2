"""Settings of a source, which a file does not contain: system, zone, currency and others.

The mapping declares them, and ``--set name=value`` replaces them. All but the trust, and the
currency of a source without amounts, are required, because a wrong guess of the zone would shift
every instant, and a guessed lawful basis is not one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field

from workbench.foundation.declarations import Declaration
from workbench.foundation.errors import ParameterError, unknown_name
from workbench.schema import TABLES
from workbench.schema.timeline import first_moment
from workbench.sources.undated_times import undated_moment

#: The settings, each with a description of its form.
SETTINGS: Mapping[str, str] = {
    "system": "letters, digits, - and _ in lower case, e.g. shop-nl",
    "zone": "an IANA time zone, e.g. Europe/Berlin or UTC",
    "currency": "an ISO 4217 code, e.g. EUR",
    "data_until": "the first day that the data do not cover, e.g. 2024-07-01",
    "basis": " or ".join(TABLES["sources"].column("lawful_basis").choices),
    "trust": "a digit: if sources disagree on a customer, the one with more trust counts",
    "orders": "own or other: own for the one source from which the company's orders are counted",
}

#: Values of settings that are not given.
_DEFAULTS: Mapping[str, str] = {"trust": "0", "orders": "other"}


class SettingQuestion(Declaration):
    """A setting that a mapping asks for, with its default, and its choices if it has some."""

    say: str
    default: str | None = None
    choices: Annotated[tuple[str, ...], Field(strict=False)] = ()


_NOTHING_ASKED: Mapping[str, SettingQuestion] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """The checked settings of one source.

    Attributes
    ----------
    system, zone, currency, basis : str
        Name of the installation, IANA name of its time zone, ISO 4217 code, lawful basis.
    trust : int
        Trust in the source, 0 to 9; if sources disagree on a customer, the higher one counts.
    orders : str
        "own" if the company's orders are counted from this source, else "other".
    answers : mapping of str to str
        Settings that the mapping asks for.
    data_until_on : date
        First local day that the source does not cover.
    data_until_at : datetime
        The first moment of that day in the zone, in UTC.
    """

    system: str
    zone: str
    currency: str
    basis: str
    trust: int
    orders: str
    answers: Mapping[str, str]
    data_until_on: date
    data_until_at: datetime

    @classmethod
    def of(
        cls,
        declared: Mapping[str, str | None],
        settings: Mapping[str, str],
        *,
        where: str,
        asked: Mapping[str, SettingQuestion] = _NOTHING_ASKED,
    ) -> Self:
        """Return the settings: given ones first, then those that the mapping declares.

        Parameters
        ----------
        declared, settings : mapping
            What the mapping declares, and what the user gives.
        where : str
            Beginning of the refusal, for instance "mapping shop".
        asked : mapping of str to SettingQuestion
            Settings of the mapping's own.

        Raises
        ------
        ParameterError
            A setting is unknown, missing or malformed; the message lists all faults.
        """
        forms_of = {**SETTINGS, **{name: question.say for name, question in asked.items()}}
        defaults = {**_DEFAULTS, **{name: question.default for name, question in asked.items()}}
        values = {
            name: settings.get(name) or declared.get(name) or defaults.get(name)
            for name in forms_of
        }
        faults = [
            unknown_name("setting", name, forms_of) for name in settings if name not in forms_of
        ]
        missing = [name for name, value in values.items() if not value]
        if missing:
            ways = " ".join(f"--set {name}=…" for name in missing)
            forms = "; ".join(f"{name}: {forms_of[name]}" for name in missing)
            faults.append(
                f"not declared: {', '.join(missing)}. Set {ways} or write it in the mapping "
                f"({forms})"
            )
        given = {name: value for name, value in values.items() if value}
        faults += [
            fault
            for name, value in given.items()
            if name in SETTINGS and (fault := _fault(name, value))
        ]
        faults += [
            f"{name} is {given[name]!r}, expected {' or '.join(question.choices)} ({question.say})"
            for name, question in asked.items()
            if question.choices and given.get(name, question.choices[0]) not in question.choices
        ]
        if faults:
            raise ParameterError(f"{where}: " + "; ".join(faults))
        day = date.fromisoformat(given["data_until"])
        return cls(
            system=given["system"],
            zone=given["zone"],
            currency=given["currency"],
            basis=given["basis"],
            trust=int(given["trust"]),
            orders=given["orders"],
            answers={name: given[name] for name in asked},
            data_until_on=day,
            data_until_at=first_moment(day, given["zone"]),
        )

    @property
    def undated_at(self) -> datetime:
        """Time in UTC of statements and facts without a time, see ``undated_times``."""
        return undated_moment(self.data_until_on, self.zone)

    def as_settings(self) -> dict[str, str]:
        """Return the settings as texts, without those that have their default."""
        written = {
            "system": self.system,
            "zone": self.zone,
            "currency": self.currency,
            "basis": self.basis,
            "trust": str(self.trust),
            "data_until": self.data_until_on.isoformat(),
            "orders": self.orders,
            **self.answers,
        }
        return {name: value for name, value in written.items() if _DEFAULTS.get(name) != value}


class WithProvenance:
    """Base of sources, with the properties of ``Source`` that come from the provenance."""

    __slots__ = ()

    provenance: Provenance

    @property
    def system(self) -> str:
        return self.provenance.system

    @property
    def currency(self) -> str:
        return self.provenance.currency

    @property
    def zone(self) -> str:
        return self.provenance.zone

    @property
    def basis(self) -> str:
        return self.provenance.basis

    @property
    def trust(self) -> int:
        return self.provenance.trust

    @property
    def data_until_at(self) -> datetime:
        return self.provenance.data_until_at


def _fault(name: str, value: str) -> str | None:
    return (
        None if _is_well_formed(name, value) else f"{name} is {value!r}, expected {SETTINGS[name]}"
    )


def _is_well_formed(name: str, value: str) -> bool:
    if name == "zone":
        return _is_zone(value)
    if name == "data_until":
        return _is_day(value)
    if name == "basis":
        return value in TABLES["sources"].column("lawful_basis").choices
    forms = {
        "system": "[a-z0-9_-]+",
        "currency": "[A-Z]{3}",
        "trust": "[0-9]",
        "orders": "own|other",
    }
    return bool(re.fullmatch(forms[name], value))


def _is_zone(value: str) -> bool:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder of zones
        return False
    return True


def _is_day(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return bool(re.fullmatch(r"\d{4}-\d{2}-\d{2}", value))
