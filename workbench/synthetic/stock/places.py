"""Streets, houses, towns and postcode areas by locale, from Faker's lists and by rule.

Faker composes the towns of most locales from parts; here large real ones stand first and composed
ones follow. Streets are called after what streets are called after: trees, and family names. Towns
and postcodes of a customer belong to the same part of the lists, not to each other on a map.
"""

from itertools import product

from workbench.synthetic.stock import lists

#: Postcode area, pattern of the rest (``#`` a digit, ``@`` a letter), and region or None.
Area = tuple[str, str, str | None]
#: What stands before and what behind the street.
House = tuple[str, str]

_LETTERS = "ABDEFGHJLN"
_UNUSED = (5, 43, 62)  # German postcode areas that there are not
_CITIES = {
    "en_GB": """London Birmingham Leeds Glasgow Sheffield Bradford Liverpool Edinburgh Manchester
        Bristol Wakefield Cardiff Coventry Nottingham Leicester Sunderland Belfast Newcastle
        Brighton Hull Plymouth Wolverhampton Derby Swansea Southampton Salford Aberdeen Westminster
        Portsmouth York Peterborough Dundee Lancaster Oxford Newport Preston Norwich Chester
        Cambridge Salisbury Exeter Gloucester Lisburn Chichester Winchester Londonderry Carlisle
        Worcester Bath Durham Lincoln Hereford Armagh Inverness Stirling Canterbury Lichfield Newry
        Ripon Bangor Truro Ely Wells Bolton Stockport Luton Reading Blackpool Middlesbrough
        Bournemouth Swindon Poole Huddersfield Telford Warrington Slough Watford Ipswich
        Northampton Rotherham Gateshead Solihull Oldham Basildon Crawley Gillingham Cheltenham""",
    "en_US": """Chicago Houston Phoenix Philadelphia Dallas Austin Jacksonville Columbus Charlotte
        Indianapolis Seattle Denver Boston Nashville Detroit Portland Memphis Louisville Baltimore
        Milwaukee Albuquerque Tucson Fresno Sacramento Mesa Atlanta Omaha Raleigh Miami Oakland
        Minneapolis Tulsa Tampa Arlington Wichita Cleveland Aurora Anaheim Honolulu Riverside
        Lexington Stockton Cincinnati Anchorage Greensboro Plano Newark Lincoln Orlando Irvine
        Toledo Durham Laredo Madison Chandler Lubbock Scottsdale Reno Buffalo Glendale Norfolk
        Chesapeake Fremont Garland Irving Richmond Boise Spokane Tacoma Modesto Yonkers Akron
        Shreveport Mobile Rochester Springfield Clinton Franklin Salem Georgetown Fairview""",
    "es_ES": """Madrid Barcelona Valencia Sevilla Zaragoza Málaga Murcia Palma Bilbao Alicante
        Córdoba Valladolid Vigo Gijón Vitoria Granada Elche Oviedo Badalona Terrassa Cartagena
        Sabadell Móstoles Pamplona Almería Fuenlabrada Leganés Santander Burgos Castellón Albacete
        Getafe Alcorcón Logroño Badajoz Salamanca Huelva Lleida Marbella Tarragona León Cádiz
        Dos_Hermanas Mataró Parla Torrejón Alcobendas Reus Telde Ourense Girona Lugo Cáceres
        Lorca Roquetas Coslada Talavera Avilés Palencia Gandía Guadalajara Pontevedra Manresa
        Toledo Ferrol Ponferrada Vélez-Málaga Elda Benidorm Zamora Ciudad_Real Irún Linares
        Motril Ávila Cuenca Huesca Segovia Soria Teruel Mérida Jaén Rubí Arrecife Torrelavega""",
    "fr_FR": """Paris Marseille Lyon Toulouse Nice Nantes Montpellier Strasbourg Bordeaux Lille
        Rennes Reims Toulon Grenoble Dijon Angers Villeurbanne Nîmes Brest Tours Amiens Annecy
        Limoges Metz Besançon Perpignan Orléans Rouen Mulhouse Caen Nancy Argenteuil Montreuil
        Roubaix Tourcoing Avignon Dunkerque Créteil Poitiers Versailles Pau Courbevoie Vitry
        Colombes Aulnay Antibes Calais Cannes Béziers Colmar Bourges Quimper Valence Lorient
        Troyes Chambéry Niort Cholet Vannes Laval Évreux Arles Belfort Blois Brive Chartres
        Albi Tarbes Bayonne Castres Angoulême Carcassonne Gap Auch Cahors Rodez Mende""",
}
_STREETS = {
    "de_DE": """Haupt Schul Garten Bahnhof Dorf Berg Birken Linden Kirch Wald Ring Wiesen Feld
        Mühlen Rosen Ahorn Eichen Buchen Tannen Post Markt Schloss Park Industrie Blumen""",
    "en_GB": """High Station Church Park Victoria Green Manor Kings Queens New Grange Springfield
        Windsor York Alexandra Mill School London Broad West North Chapel Albert""",
    "en_US": """Main Oak Pine Maple Cedar Elm Washington Lake Hill Walnut Spring Park Sunset Lincoln
        Jackson Church Willow Mill River Cherry Highland Franklin Dogwood Hickory Laurel""",
}
_SAINTS = "Martin Pierre Jean Germain Laurent Aubin Hilaire Maurice Georges Rémy Léger Cyr"
_RIVERS = "Loire Seine Marne Saône Isère Vienne Cher Orne Oise Sarthe Mer"


def streets(name: str, families: list[str]) -> tuple[str, ...]:
    """Return names of streets, to which houses are added."""
    heads = [*_STREETS.get(name, "").split(), *families[:500]]
    if name == "en_GB":
        ends: tuple[str, ...] = ("Street", "Road", "Avenue", "Lane", "Close")
        return tuple(f"{head} {end}" for head, end in product(heads[:300], ends))
    if name == "en_US":
        ends = ("Street", "Avenue", "Drive", "Road", "Lane", "Court", "Boulevard")
        return tuple(f"{head} {end}" for head, end in product(heads[:300], ends))
    if name == "de_DE":
        return tuple(f"{head}{end}" for head, end in product(heads[:350], ("straße", "weg")))
    if name == "fr_FR":
        ends = ("rue", "avenue", "chemin", "impasse")
        return tuple(f"{end} {head}" for head, end in product(heads[:300], ends))
    if name == "es_ES":
        ends = ("Calle", "Avenida", "Plaza", "Paseo", "Camino")
        return tuple(f"{end} {head}" for head, end in product(heads[:300], ends))
    if name == "nl_NL":
        ends = lists.places(name, "street_suffixes")
        given = lists.given(name, "female").entries[:120]
        return tuple(f"{head}{end}" for head, end in product(given, ends))
    if name == "pl_PL":
        return tuple(f"ul. {each}" for each in lists.places(name, "streets"))
    return lists.places(name, "towns")


def houses(name: str) -> tuple[House, ...]:
    """Return house numbers, and flats, with what divides them from the street."""
    if name == "en_GB":
        flats = [(f"Flat {flat}, {n} ", "") for n in range(1, 80, 3) for flat in range(1, 5)]
        return (*((f"{n} ", "") for n in range(1, 240)), *flats)
    if name == "en_US":
        flats = [
            (f"{n} ", f" Apt {flat}") for n in range(100, 3_000, 90) for flat in range(1, 9, 2)
        ]
        return (*((f"{n} ", "") for n in range(100, 9_900, 7)), *flats)
    if name == "fr_FR":
        return (*((f"{n} ", "") for n in range(1, 180)), *((f"{n} bis ", "") for n in range(1, 40)))
    if name == "es_ES":
        doors = [("", f", {n}, {flat}º {door}") for n, flat, door in product(
            range(1, 90, 4), range(1, 7), "AB"
        )]  # fmt: skip
        return (*(("", f", {n}") for n in range(1, 150)), *doors)
    if name == "ja_JP":
        parts = product(range(1, 6), range(1, 21), range(1, 16))
        return tuple(("", f"{chome}-{block}-{house}") for chome, block, house in parts)
    plain = [("", f" {n}") for n in range(1, 180)]
    if name == "pl_PL":
        return (
            *plain,
            *(("", f" {n}/{flat}") for n in range(1, 60, 2) for flat in range(1, 40, 3)),
        )
    return (*plain, *(("", f" {n}{letter}") for n in range(1, 60) for letter in "ab"))


def cities(name: str, families: list[str]) -> tuple[str, ...]:
    """Return names of towns."""
    known = [each.replace("_", " ") for each in _CITIES.get(name, "").split()]
    if name in ("de_DE", "nl_NL", "ja_JP", "pl_PL"):
        return lists.places(name, "cities")
    if name == "fr_FR":
        return (
            *known,
            *(f"Saint-{s}-sur-{r}" for s, r in product(_SAINTS.split(), _RIVERS.split())),
        )
    if name == "es_ES":
        return tuple(known)
    ends = ("ton", "ham", "ford", "bury", "field") if name == "en_GB" else ("ville", "ton", "burg")
    return (*known, *(each + ends[i % len(ends)] for i, each in enumerate(families[:200])))


def areas(name: str) -> tuple[Area, ...]:
    """Return postcode areas."""
    if name == "en_GB":
        zones = lists.places(name, "POSTAL_ZONES")
        return tuple((f"{zone}{n}", " #@@", None) for zone in zones for n in range(1, 13))
    if name == "en_US":
        return _us_areas()
    if name == "fr_FR":
        return tuple((code, "###", f"FR-{code}") for code in lists.departments())
    if name == "es_ES":
        return tuple((f"{area:02d}", "###", None) for area in range(1, 53))
    if name == "de_DE":
        return tuple((f"{area:02d}", "###", None) for area in range(1, 100) if area not in _UNUSED)
    if name == "nl_NL":
        return tuple((f"{area}", "## @@", None) for area in range(10, 100))
    if name == "pl_PL":
        return tuple((f"{area:02d}", "-###", None) for area in range(100))
    return tuple((f"{area:03d}", "-####", None) for area in range(10, 990, 7))


def rests(pattern: str) -> tuple[str, ...]:
    """Return every text that a pattern of a postcode's rest stands for.

    Examples
    --------
    >>> rests("-#")[:3], len(rests(" #@@"))
    (('-0', '-1', '-2'), 1000)
    """
    choices = [{"#": "0123456789", "@": _LETTERS}.get(sign, sign) for sign in pattern]
    return tuple("".join(each) for each in product(*choices))


def _us_areas() -> tuple[Area, ...]:
    spans = lists.us_postcodes()
    return tuple(
        (f"{area:03d}", "##", f"US-{state}")
        for state, (low, high) in spans.items()
        for area in range(low // 100, high // 100 + 1)
    )
