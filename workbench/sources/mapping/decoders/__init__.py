"""Decoders: what a text contains, as a tree; a mapping names them under ``[decode]``.

A decoder takes a text and the ``mark`` that the mapping gives, and returns a tree. It raises
``ValueError`` for a text that is not in its form, without the text.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from workbench.sources.formats.json_values import Tree
from workbench.sources.mapping.decoders.cookie_header import decode_cookies
from workbench.sources.mapping.decoders.double_encoding import repair_double_encoding
from workbench.sources.mapping.decoders.html_text import decode_html
from workbench.sources.mapping.decoders.json_decoder import decode_json, decode_relaxed_json
from workbench.sources.mapping.decoders.salesforce_ids import decode_salesforce_id
from workbench.sources.mapping.decoders.separated_text import (
    decode_csv,
    decode_list,
    decode_pairs,
)
from workbench.sources.mapping.decoders.url_parts import decode_url
from workbench.sources.mapping.decoders.user_agents import decode_user_agent

DECODERS: Mapping[str, Callable[[str, str | None], Tree]] = MappingProxyType(
    {
        "cookies": decode_cookies,
        "csv": decode_csv,
        "html": decode_html,
        "json": decode_json,
        "list": decode_list,
        "mojibake": repair_double_encoding,
        "pairs": decode_pairs,
        "relaxed_json": decode_relaxed_json,
        "salesforce_id": decode_salesforce_id,
        "url": decode_url,
        "user_agent": decode_user_agent,
    }
)
