"""What people write: sentences by topic, tone and language, put together row by row.

Every bank has the same topics; a language without one of its own writes English. ``{}`` is where an
order number stands.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from workbench.synthetic.draws import Integers, Keys
from workbench.synthetic.frames import text, words

TOPICS = ("delivery", "return", "product", "payment", "account")

_ASKED = {
    "en": {
        "delivery": (
            "Where is my order?",
            "My parcel {} has not arrived yet.",
            "The tracking of {} has not moved for days.",
        ),
        "return": (
            "Sending something back",
            "I would like to return part of order {}.",
            "The size in order {} is wrong, how do I return it?",
        ),
        "product": (
            "A question about a product",
            "One item of order {} arrived damaged.",
            "A part is missing in order {}.",
        ),
        "payment": (
            "Payment",
            "I was charged twice for order {}.",
            "The refund for order {} has not come.",
        ),
        "account": (
            "My account",
            "I cannot log in any more, order {} is still open.",
            "Please change the address for order {}.",
        ),
    },
    "de": {
        "delivery": (
            "Wo ist meine Bestellung?",
            "Mein Paket {} ist noch nicht da.",
            "Die Sendung zu {} steht seit Tagen still.",
        ),
        "return": (
            "Rücksendung",
            "Ich möchte einen Teil der Bestellung {} zurückgeben.",
            "Die Größe in {} passt nicht, wie sende ich sie zurück?",
        ),
        "product": (
            "Frage zu einem Artikel",
            "Ein Artikel aus {} kam beschädigt an.",
            "In der Bestellung {} fehlt ein Teil.",
        ),
        "payment": (
            "Zahlung",
            "Für {} wurde zweimal abgebucht.",
            "Die Erstattung für {} fehlt noch.",
        ),
        "account": (
            "Mein Konto",
            "Ich komme nicht mehr in mein Konto, {} ist noch offen.",
            "Bitte ändern Sie die Adresse für {}.",
        ),
    },
    "fr": {
        "delivery": (
            "Où est ma commande ?",
            "Mon colis {} n'est pas arrivé.",
            "Le suivi de {} ne bouge plus.",
        ),
        "return": (
            "Retour",
            "Je voudrais renvoyer une partie de la commande {}.",
            "La taille de {} ne va pas, comment la renvoyer ?",
        ),
        "product": (
            "Question sur un article",
            "Un article de {} est arrivé abîmé.",
            "Il manque une pièce dans {}.",
        ),
        "payment": (
            "Paiement",
            "J'ai été débité deux fois pour {}.",
            "Le remboursement de {} n'est pas venu.",
        ),
        "account": (
            "Mon compte",
            "Je ne peux plus me connecter, {} est en cours.",
            "Merci de changer l'adresse pour {}.",
        ),
    },
    "es": {
        "delivery": (
            "¿Dónde está mi pedido?",
            "Mi paquete {} no ha llegado.",
            "El seguimiento de {} no avanza.",
        ),
        "return": (
            "Devolución",
            "Quiero devolver parte del pedido {}.",
            "La talla de {} no es la correcta, ¿cómo la devuelvo?",
        ),
        "product": (
            "Pregunta sobre un artículo",
            "Un artículo de {} llegó dañado.",
            "Falta una pieza en {}.",
        ),
        "payment": ("Pago", "Me han cobrado dos veces {}.", "No ha llegado el reembolso de {}."),
        "account": (
            "Mi cuenta",
            "No puedo entrar en mi cuenta, {} sigue abierto.",
            "Por favor, cambien la dirección de {}.",
        ),
    },
}
_TONES = {
    "en": (
        "Thank you for your help.",
        "Please hurry, this is the second time I write.",
        "Many thanks in advance.",
    ),
    "de": (
        "Danke für Ihre Hilfe.",
        "Bitte beeilen Sie sich, ich schreibe zum zweiten Mal.",
        "Vielen Dank im Voraus.",
    ),
    "fr": (
        "Merci de votre aide.",
        "Faites vite, c'est la deuxième fois que j'écris.",
        "Merci d'avance.",
    ),
    "es": (
        "Gracias por su ayuda.",
        "Dense prisa, es la segunda vez que escribo.",
        "Muchas gracias de antemano.",
    ),
}
_REVIEWS = (
    ("Broke after a week.", "Not as described, would not buy again.", "Very disappointing."),
    ("Weaker than I hoped.", "Came late and feels cheap."),
    ("It does what it should.", "All right for the price."),
    ("Good quality, small flaws.", "Happy with it, delivery took a while."),
    ("Exactly what I wanted.", "Great, would buy again.", "Lovely, my second one already."),
)
_REASONS = (
    ("Prices are too high.", "Delivery takes too long.", "I had trouble with a return."),
    ("It is fine.", "The choice could be wider."),
    ("Easy to order.", "Good service.", "Always on time."),
)
REPLY = (
    "Thank you for writing to us. We have looked into it and will get back to you within two days."
)


def asked(
    language: Sequence[str], spoken: Integers, topic: Integers, bits: Keys, order_id: pl.Series
) -> pl.Series:
    """Return subject, a blank line and a message.

    Parameters
    ----------
    language : sequence of str
        Languages by code; ``spoken`` holds the code of each row.
    topic : array of int
        Code in ``TOPICS``.
    bits : array of uint64
        Random bits that choose sentence and tone.
    order_id : Series of String
        What the message is about.
    """
    banks = [each if each in _ASKED else "en" for each in language]
    subjects = [_ASKED[bank][name][0] for bank in banks for name in TOPICS]
    variants = [
        _ASKED[bank][name][variant].partition("{}")
        for bank in banks
        for name in TOPICS
        for variant in (1, 2)
    ]
    tones = [tone for bank in banks for tone in _TONES[bank]]
    base = spoken * len(TOPICS) + topic
    sentence = base * 2 + _some(bits, 0, 2)
    return text(
        words(subjects, base),
        "\n\n",
        words([before for before, _, _ in variants], sentence),
        order_id,
        words([after for _, _, after in variants], sentence),
        " ",
        words(tones, spoken * 3 + _some(bits, 8, 3)),
    )


def review(rating: Integers, bits: Keys) -> pl.Series:
    """Return the text of a review with 1 to 5 stars."""
    return _fitting(_REVIEWS, rating - 1, bits)


def reason(score: Integers, bits: Keys) -> pl.Series:
    """Return why somebody gives a score of 0 to 10."""
    return _fitting(_REASONS, np.searchsorted([7, 9], score, "right"), bits)


def _fitting(bank: Sequence[Sequence[str]], kind: Integers, bits: Keys) -> pl.Series:
    sizes = np.array([len(each) for each in bank])
    starts = np.cumsum(sizes) - sizes
    chosen = (bits >> np.uint64(8)).astype(np.int64) & 0xFFFF
    return words([each for group in bank for each in group], starts[kind] + chosen % sizes[kind])


def _some(bits: Keys, shift: int, options: int) -> Integers:
    some: Integers = ((bits >> np.uint64(shift)).astype(np.int64) & 0xFF) % options
    return some
