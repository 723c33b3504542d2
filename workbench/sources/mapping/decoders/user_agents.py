"""What a User-Agent header says: whether a robot asked, a mail provider's proxy, and on what.

Robots are those of CrawlerDetect's list. Of devices "Mobi" is the sign that browsers agree on (MDN,
"Browser detection using the user agent"); a tablet with Android leaves it out.
"""

import re
from functools import cache
from typing import Any

from workbench.sources.formats.json_values import Tree

#: Proxies through which mail providers fetch pictures: their request says that somebody's mailbox
#: did, at an address and with a program that are not the reader's. Apple's says only "Mozilla/5.0".
_MAIL_PROXIES = re.compile(r"GoogleImageProxy|YahooMailProxy|ggpht\.com|^Mozilla/5\.0$")
_TABLET = re.compile(r"iPad|Tablet|Kindle|Silk/|PlayBook|Android(?!.*Mobi)")
_MOBILE = re.compile(r"Mobi|iPhone|iPod|Android|Windows Phone|BlackBerry")
_DESKTOP = re.compile(r"Windows NT|Macintosh|X11|CrOS|Linux")


def decode_user_agent(text: str, mark: str | None = None) -> Tree:
    """Return ``is_bot``, ``is_proxy`` and ``device_type`` (null if nothing tells it).

    >>> decode_user_agent("Mozilla/5.0 (compatible; Googlebot/2.1)")
    {'is_bot': True, 'is_proxy': False, 'device_type': None}
    >>> decode_user_agent("Mozilla/5.0 (Linux; Android 14; Pixel 8) Mobile Safari/537.36")
    {'is_bot': False, 'is_proxy': False, 'device_type': 'mobile'}
    """
    is_proxy = _MAIL_PROXIES.search(text) is not None
    is_bot = not is_proxy and bool(_crawlers().isCrawler(text))
    device = None
    if not (is_bot or is_proxy):
        forms = (("tablet", _TABLET), ("mobile", _MOBILE), ("desktop", _DESKTOP))
        device = next((name for name, pattern in forms if pattern.search(text)), None)
    return {"is_bot": is_bot, "is_proxy": is_proxy, "device_type": device}


@cache
def _crawlers() -> Any:
    from crawlerdetect import CrawlerDetect  # late: few mappings need its patterns

    return CrawlerDetect()
