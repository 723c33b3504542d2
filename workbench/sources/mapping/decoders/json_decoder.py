"""JSON within a cell: strict JSON, and the relaxed notation of scripts."""

import json
import re

from workbench.sources.formats.json_values import Tree, parse_value

_BARE_KEY = re.compile(r"([{,]\s*)([A-Za-z_$][\w$]*)(\s*:)")
_SINGLE_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'")


def decode_json(text: str, mark: str | None = None) -> Tree:
    """Return the tree of a JSON text; numbers are the texts of their digits.

    >>> decode_json('[{"key": "id", "value": 1.50}]')
    [{'key': 'id', 'value': '1.50'}]
    """
    found, end = parse_value(text, len(text) - len(text.lstrip()))
    if text[end:].strip():
        raise ValueError("text after the JSON value")
    return found


def decode_relaxed_json(text: str, mark: str | None = None) -> Tree:
    """Return the tree of an object as scripts write it: bare keys, single quotes.

    >>> decode_relaxed_json("{stamp:'a+b=',necessary:true,utc:1770000000000}")
    {'stamp': 'a+b=', 'necessary': True, 'utc': '1770000000000'}
    """
    quoted = _SINGLE_QUOTED.sub(lambda match: json.dumps(match[1].replace("\\'", "'")), text)
    return decode_json(_BARE_KEY.sub(r'\1"\2"\3', quoted))
