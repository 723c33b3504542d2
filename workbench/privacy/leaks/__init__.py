"""Search content that is about to be published for customers of a dataset.

    content ──> plain texts ──> readings ──> words, addresses, numbers ──> keys ─┐
    identities ────────────────────────────────────────────────────────> keys ─┴──> hits

The same spelling rules reduce both sides to 64-bit keys, and a page is refused if both sides have a
key. The search prefers to refuse: a page with a hit is not written, and people look at it.

- Names are found in any order of their words, in any case, with or without diacritics and hyphens,
  with initials for given names, without one of several family names, as one word, and in
  neighbouring columns of a table, of JSON and of a link.
- Phones are found as they are dialled from abroad and at home, with ``(0)``, and with any
  separator. Street addresses are found with the usual abbreviations and the house number on either
  side, with or without the flat.
- E-mail addresses are found with ``[at]`` and ``[dot]``, percent-encoded, in base64 and in hex.
  E-mail addresses and phones are also found as MD5, SHA-1 and SHA-256, as ad platforms get them.
- A birth date is found beside a given or a family name of the same customer, within 25 words.
- Ids are found from eight characters on, and a view's pseudonyms as numbers.

A name of ordinary words only (``High Value``, ``Mark Price``) would refuse every report. So it
counts only if a second sign of the same customer is within 25 words: a postcode, a year of birth, a
street or an id. (An e-mail address, a phone, a birth date or a house is a hit by itself.) The same
holds for initials with a family name that is an ordinary word or that five customers share, and for
a given name with the initial of the family name. ``ordinary_words.txt`` has the ordinary words.

The search does not find: names in pictures and in other scripts than the dataset's, a single name
without a birth date, an unknown middle name in between, names of two Han letters without a blank,
words with blanks between their letters, look-alike letters of other scripts, other encodings (such
as gzip, Base32 or quoted-printable), salted and other hashes, hashes of names, ids of fewer than
eight characters, addresses of ordinary words without a word for a street, and customers that an
executed notebook describes without an identifier. ``customers.birth_year`` is no second sign, as
only the identities table is read.

Measured on two shared cores: 0.3 CPU s to prepare 20,000 customers and 0.2 CPU s for a page of
150 kB (by hand, on ``tests/privacy/people.py``). The million customers of recipe ``retail`` took
10 to 11 CPU s, 1.0 GB at the peak and 0.23 GB kept (by hand too, beside other work).
"""

from workbench.privacy.leaks.identifiers import KnownIdentifiers, known_identifiers
from workbench.privacy.leaks.search import find_leaks

__all__ = ["KnownIdentifiers", "find_leaks", "known_identifiers"]
