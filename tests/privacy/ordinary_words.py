"""Make the list of ordinary words that comes with the leak search: ``python ordinary_words.py``.

The words are those that Faker (MIT) makes its sentences of and those that mimesis (MIT) lists as
frequent, in six languages, without the words that are first of all names: an English word list
counted from films has ``john`` in it. Names that are ordinary words as well (``rose``, ``price``)
are listed in ``BOTH``, by hand. The stop words of scikit-learn, the months and days of the locales
and words of shops and of statistics come on top. The search itself adds the names of the columns.
"""

import importlib
import json
import re
import unicodedata
from pathlib import Path

import mimesis
from babel import Locale
from faker.providers.person import Provider as _Person  # noqa: F401  # loads the package first
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from workbench.synthetic.stock.names import LOCALES, locale

PROJECT = Path(__file__).parents[2]
TARGET = PROJECT / "workbench" / "privacy" / "leaks" / "ordinary_words.txt"
_FAKER = {"de": "de_DE", "en": "en_US", "es": "es_ES", "fr": "fr_FR", "nl": "nl_NL", "pl": "pl_PL"}
#: Names that Faker's lists of words have although they are hardly ever anything else.
_NAMES = """
    antonio carlos felipe fernando francisco garcía gonzález jorge josé juan julio luis lópez madrid
    manuel martín maría marie miguel pablo pedro pierre piotr rafael santiago adam jan françois
    litwa
"""
#: Names of persons that are ordinary words in one of the six languages.
BOTH = """
    angel april art arts august austin baker ball banks bar bark barn bass bay beer bell berry best
    bill bird bishop black blank bloom bond book booth bow branch brand brands bright brook brown
    bush butcher butler camp camps can card carpenter case cases cash castle chance chase cherry
    chip church clark clay cliff close coin coffee cook cooper cord core corn court cross
    crystal curry dawn day dean dear drew drop drum duke earl east ebony edit english ever
    faith farmer fields finch fish fisher fit flint floor flower flowers font foot ford forest
    forward foster fox frank free freeman french frost fry gates gay gem gene german gift ginger
    glass glasses glen gold golden good grace grand grant grass graves gray green grey gross grove
    guy hall ham hand handy hard hardy harmony hart hawk hay haven head heart heath
    heaven hill hills hoard holder holland holly home honey hood hook hope horn
    horton house hunt hunter iris ivory ivy jade jasmine jet jewel joy june justice kay keen
    key kick kid killer kind king kitchen knight lace lake lamb lance land lane large lark last law
    lead leaf lily link lion little lock long lord love low luck mace major mar march mark market
    marks marsh marshall mason master may mead melody mens mercy mile miles mill miller
    mills mint miracle miss mobile money moon moore mouse new night noble nor north nova
    oak ocean olive pa pace page pages paint palm palmer paper para paris park parker parks pat
    patience pay peace peach peacock pearl peer penny pepper person pike pitt plaza pollard pond
    pool poppy porter post potter potts pound powers pride price prince prior pole queen quick rain
    ramp rank raven ray read rebel red reed reef rice rich ridge right ring rings rivers roach
    robin robot rock roman rose ruby rush rust sage sales salt sand sandy sapphire
    savage scarlet sears sellers senator sharp shell shepherd short shore siding silver
    silk skinner sky small smart snow song spears spring star stark stars steel stern sterling
    stock stone strong sugar summer summers sun sunny sweet sweets swift tanner taylor tea
    temple thorn tie ties tiffany till tiger tower town trinity tripp turner ulysses
    unity urban usher valentine valley van velvet victory violet walker wall walls
    wallet ward ware warner waters way weaver webb weeks wells west wheat wheeler white wild will
    willow wind winter winters wise wish wolf wood woods wool word worth wren wright yacht york
    young
    acker alle aller anders arm bauer baum beer berg bien blau braun brot bruder da darin ehrlich
    eis engel ernst fall feld fest freitag frei freund frisch fröhlich fuchs fuß ganz gerecht glück
    groß große grün gut gute hart haupt haus heil hell herbst herr hirsch hoch hof hund jäger jung
    junge kaiser kalt keller kern kirsch klar klein kluge knapp koch kohl könig kopf kraus krieg
    kunst kurz lamm land lang lange laut linde löwe mai mann markt mayer meer meister meta mohn mond
    montag morgen mutter neu nord ost pech pfeffer preis probst reich reis richter ring rot sauer
    schade schein schlecht schloss schwarz sommer sonne sonntag spät spiegel stahl stark stein stern
    still stolz strauß süß tag thema trost vater vogel voll wagner wahl wald weg weich wein weiß
    weiss wiese wind winter wolf wunder zeit zimmer zorn
    abril alegre alma amor bella blanca blanco bravo bueno cabello caballero cabeza calle camino
    campo cano casas caro carro casado castillo chico conde costa cruz cuesta estrella feliz flor
    flores franco fuente guerra hermosa hierro lago leal león luz mar marco mata mayor mayo mercado
    mesa montaña monte moral nuevo pastor paz pino plaza prado puerta puerto real reina rey rico río
    ríos rojo rosa rubio salud sol toro torre valiente valle verde villa
    ange barbe beau bel berger blanc blanche blé bois bon bourg brun chapelle chevalier claire clé
    constant cousin fleur fontaine franc grand gros héros juste leblanc long loup lucide maire
    marchand marche marin marine masse mignon millet modeste moine moulin neveu noble noir olive
    page parent pasteur petit picard pointe poirier pont porte poulain prince prix rose reine rey
    riche rivière roche roi roux sage sauvage soleil tendre vallée vert voisin
    beer berg blom boer bos boom brand bruin dam dijk dorp draak engel graaf graf gras groen groot
    haan haas hart heer heuvel hoek hof huis jager jong jonge kamp kat keizer klein kok konijn
    koning laan lang leeuw lieve lijn maan man meer meester mens molen mulder nacht noord oost post
    prins ridder roos rood schaap schipper slot smit snel staal steen ster toren tuin veen veld vlam
    vogel vos vriend vrij water winter wit wolf woud zand zee zomer zon zuid zwaan zwart
    bąk biała biały czarna czarny dobra dobry dąb duży głowa gołąb góra grzyb kot kawa kozioł król
    kruk kura kwiatek lato lis lipa łoś maj mała mały marzec mróz mucha nowa nowy ogórek pająk
    piątek pola poniedziałek róża sowa stary wilk wróbel zając zima złoty żak żuk
"""
#: Words of a shop in the other languages.
_SHOP = """
    kunde kunden umsatz rabatt versand lieferung bestellung rechnung menge anzahl summe gesamt netto
    brutto warenkorb artikel gutschein rückgabe angebot ware neukunden treue konto zahlung betrag
    client clients vente ventes remise livraison commande facture quantité somme totale panier
    article retour offre compte paiement montant produit produits soldes fidélité marque
    cliente clientes venta ventas descuento envío pedido factura cantidad suma cesta artículo oferta
    cuenta pago importe producto productos marca rebajas
    klant klanten omzet korting verzending levering bestelling rekening aantal som totaal mandje
    artikel aanbieding betaling bedrag merk
    klient klienci sprzedaż rabat wysyłka dostawa zamówienie faktura ilość suma razem koszyk artykuł
    oferta konto płatność kwota marka produkt
"""
#: Statisticians after whom methods are called, and the words of a report.
_FIELD = """
    bayes bernoulli bessel bonferroni boole bouldin brier calinski clopper cohen cox cramer davies
    dunn efron fellegi fisher gauss gini gompertz greenwood harabasz harrell hartigan hochberg holm
    hopkins huber jaccard jeffreys jensen kaplan kendall kolmogorov kruskal kuiper laplace lorenz
    mann markov meier nagelkerke newcombe neyman page pareto pearson platt poisson rand shannon
    shapley sidak simpson smirnov snell spearman student sunter tukey wald wallis weibull welch
    whitney wilcoxon wilson yates youden
    africa america asia austria belgium brazil britain canada chad china denmark egypt england
    europe finland france georgia germany greece holland hungary india ireland israel italy japan
    jordan kenya mexico netherlands norway poland portugal russia scotland spain sweden switzerland
    turkey wales london paris berlin madrid rome
    amount average band basket calibration category cell channel churn cluster cohort column count
    currency customer customers dashboard data dataset decile device difference disparity email
    estimate female forecast frequency gross horizon id index interval invoice item items male
    margin median metric monetary net newsletter null number odds order orders outcome percent
    percentile persons plan privacy product products profile pseudonym quantile quarter quintile
    rate ratio recency record refund retention return revenue sale sample score segment segments
    share shipping standard stock subscription summary table test total unit value values variance
    variant voucher web website year
"""


def fold(word: str) -> str:
    """Return a word in the lower case of its letters without marks."""
    split = unicodedata.normalize("NFKD", word.lower())
    return "".join(sign for sign in split if not unicodedata.combining(sign))


def collect() -> list[str]:
    """Return the ordinary words, sorted."""
    names = {fold(word) for word in re.split(r"[\s'-]+", " ".join(_borne()))}
    names |= {fold(word) for word in _NAMES.split()}
    found: set[str] = set()
    for language, faker in _FAKER.items():
        module = importlib.import_module(f"faker.providers.lorem.{faker}")
        made = {fold(word) for word in module.Provider.word_list}
        found |= made - {fold(word) for word in _NAMES.split()}
        found |= {fold(word) for word in _mimesis(language, "text")["words"]} - names
        for width in ("wide", "abbreviated"):
            for kind in ("months", "days"):
                calendar = getattr(Locale(language), kind)["format"][width].values()
                found |= {fold(word) for said in calendar for word in said.split()}
    found |= {fold(word) for word in ENGLISH_STOP_WORDS}
    found |= {fold(word) for word in f"{BOTH} {_SHOP} {_FIELD}".split()}
    return sorted(word for word in found if word.isalpha() and len(word) > 1)


def frequent_words() -> set[str]:
    """Return all words that the two packages list as frequent, names included."""
    found: set[str] = set()
    for language, faker in _FAKER.items():
        module = importlib.import_module(f"faker.providers.lorem.{faker}")
        found |= {word.lower() for word in module.Provider.word_list}
        found |= {word.lower() for word in _mimesis(language, "text")["words"]}
    return found


def _borne() -> list[str]:
    """Return the names of persons that both packages list."""
    found = []
    for name in LOCALES:
        lists = locale(name)
        for part in (lists.female, lists.male, lists.family_female, lists.family_male):
            found += [written for written, _ in part]
    for language in _FAKER:
        person = _mimesis(language, "person")
        for part in (*person["names"].values(), person["surnames"]):
            for entry in part if isinstance(part, list) else [n for p in part.values() for n in p]:
                found.append(entry)
    return found


def _mimesis(language: str, which: str) -> dict:
    path = Path(mimesis.__file__).parent / "datasets" / language / f"{which}.json"
    return json.loads(path.read_text(encoding="utf-8"))


def lines(words: list[str]) -> str:
    """Return the file: as many words in a line as fit into a hundred columns."""
    made, line = [], ""
    for word in words:
        if len(line) + len(word) + 1 > 100:
            made.append(line)
            line = ""
        line = f"{line} {word}".strip()
    return "\n".join([*made, line]) + "\n"


if __name__ == "__main__":
    TARGET.write_text(lines(collect()), encoding="utf-8")
