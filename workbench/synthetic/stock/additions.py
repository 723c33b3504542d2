"""Names that enlarge Faker's lists: the common ones, the most frequent first, and double ones.

Faker's lists of Germany, Spain, the Netherlands and Poland are alphabetical and unweighted, and
those of French and Polish given names are thin. Here stands who comes first there. The order is
from memory of national name statistics, not from a table. No list is of persons: combinations are
drawn at random.
"""

from collections.abc import Mapping
from itertools import product

_GIVEN: Mapping[str, Mapping[str, str]] = {
    "de_DE": {
        "female": """Anna Maria Ursula Monika Petra Sabine Andrea Claudia Susanne Julia Stefanie
            Nicole Katrin Karin Renate Birgit Ingrid Martina Christine Barbara Katharina Heike
            Angelika Gabriele Melanie Sandra Laura Lena Lisa Sarah Helga Brigitte Elisabeth
            Kerstin Anja Silke Tanja Nadine Franziska Johanna""",
        "male": """Peter Michael Thomas Andreas Wolfgang Klaus Jürgen Günter Stefan Christian
            Uwe Werner Horst Frank Dieter Manfred Gerhard Hans Bernd Thorsten Matthias Helmut
            Walter Heinz Martin Jörg Rolf Jens Sven Alexander Jan Rainer Holger Daniel Florian
            Tobias Markus Sebastian Lukas Felix""",
    },
    "es_ES": {
        "female": """María Carmen Ana Isabel Laura Cristina Marta Lucía Josefa Dolores Francisca
            Antonia Paula Elena Raquel Pilar Concepción Sara Rosario Mercedes Julia Beatriz
            Nuria Silvia Rosa Irene Patricia Alba Rocío Andrea Teresa Encarnación Montserrat
            Alicia Yolanda Ángela Sandra Sonia Eva Margarita""",
        "male": """Antonio Manuel José Francisco David Juan Javier Daniel Jesús Alejandro Miguel
            Carlos Rafael Pedro Ángel Pablo Sergio Fernando Jorge Luis Alberto Álvaro Diego
            Adrián Raúl Enrique Ramón Vicente Iván Rubén Óscar Andrés Joaquín Santiago Víctor
            Eduardo Mario Roberto Jaime Marcos""",
    },
    "fr_FR": {
        "female": """Marie Nathalie Isabelle Sylvie Catherine Martine Christine Françoise
            Valérie Sandrine Stéphanie Véronique Sophie Céline Chantal Patricia Anne Brigitte
            Julie Monique Aurélie Nicole Laurence Annie Émilie Dominique Virginie Corinne Élodie
            Christelle Camille Caroline Léa Sarah Florence Laetitia Audrey Hélène Laura Manon
            Michèle Cécile Christiane Béatrice Claire Nadine Delphine Pauline Karine Mélanie
            Marion Chloé Jacqueline Élisabeth Évelyne Marine Claudine Anaïs Lucie Danielle
            Carole Fanny Mathilde Amandine Sabrina Clara Justine Emma Océane Charlotte Lola Jade
            Louise Alice Inès Lina Eva Ambre Romane Juliette Agathe Jeanne Zoé Margaux Noémie
            Morgane Maëva Coralie Ophélie Solène Gaëlle Estelle Ludivine Angélique Séverine
            Magali Muriel Pascale Ghislaine Yvette Ginette Solange Huguette Lucienne Raymonde
            Germaine Yvonne Gisèle Liliane Mireille Éliane Bénédicte Nadège Elsa Salomé Maëlle
            Clotilde Apolline Garance Rose Iris Victoria Lilou Nina Sonia Nadia Samira Fatima
            Leïla Yasmine Rachida Myriam""",
        "male": """Jean Philippe Michel Alain Patrick Nicolas Christophe Pierre Christian Éric
            Frédéric Laurent Stéphane David Pascal Daniel Thierry Olivier Alexandre Sébastien
            Bernard Jérôme Thomas Julien Bruno Gérard Didier François Dominique Guillaume
            Vincent Claude Jacques Maxime Franck Antoine Serge Hervé Cédric Ludovic Romain
            Mathieu Anthony Benjamin Fabrice Kévin Denis Arnaud Florian Clément Louis Adrien
            Quentin Hugo Lucas Théo Valentin Alexis Fabien Marc Yves Gilles René Robert André
            Roger Guy Georges Marcel Xavier Benoît Emmanuel Cyril Gaël Yann Loïc Erwan Ronan
            Tristan Enzo Nathan Mathis Léo Jules Gabriel Raphaël Arthur Adam Ethan Paul Victor
            Martin Simon Baptiste Bastien Damien Rémi Dylan Jordan Mickaël Jonathan Gaëtan
            Corentin Axel Noah Timéo Sacha Maël Tom Robin Samuel Aurélien Thibault Régis Joël
            Lionel Sylvain Roland Lucien Raymond Maurice Henri Fernand Gaston Émile Léon Mohamed
            Karim Rachid Mehdi Yacine Samir Nabil""",
    },
    "nl_NL": {
        "female": """Maria Anna Johanna Elisabeth Cornelia Wilhelmina Hendrika Petronella
            Catharina Margaretha Emma Julia Sophie Lisa Anouk Sanne Lotte Eva Iris Femke Fleur
            Marieke Linda Monique Ingrid Saskia Esther Marloes Mieke Anneke Joke Truus Ria
            Tineke Willemijn Roos Noor Tess Saar Lieke""",
        "male": """Jan Johannes Cornelis Hendrik Willem Pieter Gerrit Jacobus Petrus Adrianus
            Daan Sem Lucas Thijs Bram Lars Jeroen Mark Peter Erik Rob Marcel Sander Bas Tim Tom
            Kees Wim Henk Joost Maarten Niels Ruben Stijn Koen Bart Dirk Teun Gijs Sjoerd""",
    },
    "pl_PL": {
        "female": """Anna Katarzyna Maria Małgorzata Agnieszka Barbara Krystyna Ewa Elżbieta
            Zofia Teresa Magdalena Joanna Janina Monika Danuta Jadwiga Aleksandra Halina Irena
            Beata Marta Dorota Helena Karolina Jolanta Iwona Marianna Natalia Paulina Justyna
            Urszula Bożena Renata Sylwia Agata Patrycja Aneta Izabela Ewelina Marzena Wiesława
            Genowefa Emilia Weronika Kinga Julia Oliwia Zuzanna Maja Lena Alicja Amelia Gabriela
            Martyna Dominika Klaudia Wioletta Edyta Kamila Aldona Bogumiła Celina Daria Eliza
            Felicja Grażyna Hanna Honorata Ilona Jagoda Kornelia Lidia Ludmiła Łucja Milena Nina
            Olga Pola Regina Róża Sabina Sandra Stefania Stanisława Tamara Wanda Zdzisława
            Liliana Nadia Michalina Antonina Matylda Wiktoria Blanka Adrianna Anita Angelika
            Malwina Marlena Mariola Zenobia Czesława Kazimiera Władysława Bronisława Eugenia
            Leokadia Marcelina Ada Iga Rozalia Tatiana Aurelia Bernadeta""",
        "male": """Piotr Krzysztof Andrzej Tomasz Jan Paweł Michał Marcin Stanisław Jakub Adam
            Marek Łukasz Grzegorz Mateusz Wojciech Mariusz Dariusz Zbigniew Jerzy Maciej Rafał
            Robert Kamil Józef Dawid Jacek Tadeusz Ryszard Szymon Bartosz Jarosław Kacper Janusz
            Artur Mirosław Sebastian Damian Patryk Daniel Przemysław Sławomir Henryk Roman
            Kazimierz Wiesław Karol Filip Aleksander Adrian Antoni Dominik Leszek Arkadiusz
            Czesław Zdzisław Waldemar Marian Franciszek Wiktor Mikołaj Hubert Konrad Igor Oskar
            Bogdan Edward Radosław Krystian Eugeniusz Zenon Bogusław Norbert Witold Lech
            Ireneusz Cezary Emil Błażej Gabriel Julian Leon Tymon Marcel Nikodem Stefan Wacław
            Włodzimierz Bolesław Bronisław Cyprian Dionizy Eryk Feliks Gustaw Ignacy Ksawery
            Ludwik Maksymilian""",
    },
}

#: An underscore stands for a space within a name.
_FAMILY: Mapping[str, str] = {
    "de_DE": """Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann
        Schäfer Koch Bauer Richter Klein Wolf Schröder Neumann Schwarz Zimmermann Braun Krüger
        Hofmann Hartmann Lange Schmitt Werner Schmitz Krause Meier Lehmann Schmid Schulze Maier
        Köhler Herrmann König Walter Mayer Huber Kaiser Fuchs Peters Lang Scholz Möller Weiß
        Jung Hahn Schubert Vogel Friedrich Keller Günther Frank Berger Winkler Roth Beck Lorenz
        Baumann Franke Albrecht Schuster Simon Ludwig Böhm Winter Kraus Martin Schumacher Krämer
        Vogt Stein Jäger Otto Sommer Groß Seidel Heinrich Brandt Haas Schreiber Graf Schulte
        Dietrich Ziegler Kuhn Kühn Pohl Engel Horn Busch Bergmann Thomas Voigt Sauer Arnold
        Wolff Pfeiffer""",
    "es_ES": """García Rodríguez González Fernández López Martínez Sánchez Pérez Gómez Martín
        Jiménez Hernández Ruiz Díaz Moreno Muñoz Álvarez Romero Gutiérrez Alonso Navarro Torres
        Domínguez Ramos Vázquez Ramírez Gil Serrano Blanco Molina Morales Suárez Ortega Castro
        Delgado Ortiz Marín Rubio Núñez Medina Sanz Castillo Iglesias Cortés Garrido Santos
        Guerrero Lozano Cano Cruz""",
    "nl_NL": """de_Jong Jansen de_Vries van_den_Berg van_Dijk Bakker Janssen Visser Smit Meijer
        de_Boer Mulder de_Groot Bos Vos Peters Hendriks van_Leeuwen Dekker Brouwer de_Wit
        Dijkstra Smits de_Graaf van_der_Meer van_der_Linden Kok Jacobs de_Haan Vermeulen
        van_den_Heuvel van_der_Veen van_den_Broek de_Bruijn de_Bruin van_der_Heijden Schouten
        van_Beek Willems van_Vliet van_de_Ven Hoekstra Maas Verhoeven Koster van_Dam van_der_Wal
        Prins Blom Huisman""",
}

#: Parts of which rare family names are composed; their share of all that are drawn is small.
_PARTS: Mapping[str, tuple[str, str]] = {
    "de_DE": (
        """Berg Bach Hof Feld Holz Stein Wald Wiesen Brand Linden Eich Kirch Neu Alt Ober Nieder
        Buch Birken Grün Schwarz Weiß Rot Lang Hoch Acker Sommer Winter Hage Moos Ried Tal Sand
        Hasel Erlen Dorn""",
        "mann meier müller hauser bauer bach hofer stetter feld thaler huber brunner",
    ),
    "fr_FR": (
        """Mart Rob Guill Pierr Jacqu Bert Gir Math Per Thom Col Hug Aub Roch Charl Rich Gaud
        Mor Bonn Blanch Rouss Brun Grand Lamb Mich Phil Vinc Barth Cast Font""",
        "in et ot on eau ard ier elet inet oux",
    ),
}

#: First and second parts of double given names, by locale and gender, and what stands between.
_DOUBLE: Mapping[str, tuple[str, Mapping[str, tuple[tuple[str, str], ...]]]] = {
    "de_DE": ("-", {
        "female": (("Anna Eva", "Lena Maria Katharina"), ("Marie", "Luise Theres Sophie"),
                   ("Ann Hanna", "Kathrin Lena Christin")),
        "male": (("Hans Karl", "Peter Jürgen Joachim Georg Werner Dieter Heinz Friedrich Ludwig"),
                 ("Klaus Heinz", "Peter Dieter"), ("Jan", "Philipp Niklas Hendrik")),
    }),
    "en_GB": ("-", {
        "female": (("Sarah Emma Mary", "Jane Louise Ann"), ("Anne Lisa Rose", "Marie")),
        "male": (("John", "Paul James"), ("Billy Tommy", "Joe Lee")),
    }),
    "en_US": (" ", {
        "female": (("Mary Anna Sarah", "Ann Beth Jane Grace Kate Ellen"), ("Emma", "Kate Rose")),
        "male": (("Billy Bobby", "Joe Ray"), ("John James", "Paul David Earl Robert")),
    }),
    "es_ES": (" ", {
        "female": (("María", """Carmen José Teresa Isabel Pilar Ángeles Luisa Jesús Dolores
            Victoria Mercedes Elena"""), ("Ana", "María Belén Isabel"), ("Rosa", "María Ana")),
        "male": (("José", "Luis Antonio Manuel María Miguel Ramón Ignacio Francisco Carlos"),
                 ("Juan", "Carlos José Antonio Manuel Luis Pablo Francisco Ramón"),
                 ("Miguel", "Ángel"), ("Luis", "Miguel Alberto Fernando"),
                 ("Francisco Pedro", "Javier José Antonio")),
    }),
    "fr_FR": ("-", {
        "female": (("Marie", """Claude Christine Thérèse Hélène Laure France Pierre Louise
            Noëlle Josée Odile Agnès Paule"""), ("Anne", "Marie Sophie Laure Claire Cécile")),
        "male": (("Jean", """Pierre Claude Luc Paul Marc Louis Michel François Philippe Jacques
            Baptiste Christophe Yves Charles"""), ("Pierre", "Yves Louis Alain"),
                 ("Paul Charles", "Henri Antoine Édouard")),
    }),
    "nl_NL": ("-", {
        "female": (("Anne", "Marie Fleur Lotte Sophie"), ("Marie", "Louise Claire José")),
        "male": (("Jan", "Willem Peter Kees Jaap Pieter"), ("Pieter Gert", "Jan")),
    }),
}  # fmt: skip

#: Share of customers who bear one of these; Faker lists more of Germany and Spain.
DOUBLE_SHARE: Mapping[str, float] = {
    "de_DE": 0.02, "en_GB": 0.02, "en_US": 0.03, "es_ES": 0.06, "fr_FR": 0.07, "nl_NL": 0.03,
}  # fmt: skip


def common_given(name: str, gender: str) -> tuple[str, ...]:
    """Return common given names of a locale, the most frequent first; none where Faker has."""
    return tuple(_GIVEN.get(name, {}).get(gender, "").split())


def common_family(name: str) -> tuple[str, ...]:
    """Return common family names of a locale, the most frequent first; none where Faker has."""
    return tuple(each.replace("_", " ") for each in _FAMILY.get(name, "").split())


def composed_family(name: str) -> tuple[str, ...]:
    """Return rarer family names of a locale, made of its parts; none where lists are long."""
    if name not in _PARTS:
        return ()
    heads, tails = (each.split() for each in _PARTS[name])
    return tuple(head + tail for head, tail in product(heads, tails))


def double_given(name: str, gender: str) -> tuple[str, ...]:
    """Return double given names of a locale, none where the culture has none in daily use."""
    if name not in _DOUBLE:
        return ()
    between, by_gender = _DOUBLE[name]
    return tuple(
        f"{first}{between}{second}"
        for firsts, seconds in by_gender[gender]
        for first, second in product(firsts.split(), seconds.split())
    )
