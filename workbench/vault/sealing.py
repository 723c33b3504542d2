"""Seal small contents as a whole, for example roots of versions and executed notebooks.

Layout, with the lengths in bytes::

    WBS1 | key id 8 | salt 16 | commitment 32 | nonce 12 | AES-256-GCM ciphertext and tag

The key id names the key file's key, from which the sealing key was derived. The encryption key and
the commitment are made by HKDF from the sealing key, the salt and the *context* (the kind of the
content and the place where it belongs), so content that was moved to another place does not open.
Only the right key and the right context give the stored commitment. Where the commitment differs
and the key id differs too, another key is needed; where only the commitment differs, the content
was changed or moved.
"""

import hmac
import re
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from workbench.foundation.errors import AccessError, IntegrityError
from workbench.vault.keys import Key

_MAGIC = b"WBS1"
_ID = re.compile(rb"[0-9a-f]{8}")
_HEAD = len(_MAGIC) + 8 + 16 + 32 + 12


def seal(content: bytes, *, key: Key, context: str) -> bytes:
    """Encrypt content so that it opens only under this key and in this context."""
    salt = secrets.token_bytes(16)
    nonce = secrets.token_bytes(12)
    secret, commitment = _derive(key, salt, context)
    head = _MAGIC + key.origin.encode() + salt + commitment + nonce
    return head + AESGCM(secret).encrypt(nonce, content, head)


def unseal(content: bytes, *, key: Key, context: str) -> bytes:
    """Decrypt content that ``seal`` encrypted.

    Raises
    ------
    AccessError
        The content was sealed with another key; the message names that key by its id.
    IntegrityError
        The content was changed or damaged, or was sealed for another context.
    """
    if not is_sealed(content):
        raise IntegrityError(f"{context} is damaged: it does not begin like a sealed holding")
    head, rest = content[:_HEAD], content[_HEAD:]
    made_with, salt, commitment, nonce = head[4:12], head[12:28], head[28:60], head[60:72]
    secret, expected = _derive(key, salt, context)
    if not hmac.compare_digest(commitment, expected):
        if made_with != key.origin.encode() and _ID.fullmatch(made_with):
            raise AccessError(
                f"{context} was sealed with key {made_with.decode()}, the key at hand is "
                f"{key.origin}: name the right key file with --key or WORKBENCH_KEY"
            )
        raise IntegrityError(
            f"{context} was swapped, changed or damaged: the stored content was not sealed for it"
        )
    try:
        return AESGCM(secret).decrypt(nonce, rest, head)
    except InvalidTag as error:
        raise IntegrityError(f"{context} was changed or damaged since it was written") from error


def is_sealed(content: bytes) -> bool:
    """Return whether content has the form of a sealed holding, whatever the key."""
    return len(content) >= _HEAD and content.startswith(_MAGIC)


def _derive(key: Key, salt: bytes, context: str) -> tuple[bytes, bytes]:
    """Return the encryption key and the commitment."""
    info = b"workbench seal|" + context.encode()
    both = HKDF(algorithm=SHA256(), length=64, salt=salt, info=info).derive(key.secret)
    return both[:32], both[32:]
