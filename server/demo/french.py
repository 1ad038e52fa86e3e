"""French as titles need it: nouns with their gender, adjectives that agree, articles that elide and contract; and names."""

from __future__ import annotations

from typing import Final, NamedTuple


class Noun(NamedTuple):
    """A noun in the singular: its gender, and whether an article before it elides."""

    text: str
    feminine: bool
    elides: bool

    @property
    def the(self) -> str:
        """The definite article, with its blank."""
        return "l'" if self.elides else "la " if self.feminine else "le "

    @property
    def of_the(self) -> str:
        """*de* with the definite article, with its blank."""
        return "du " if self.the == "le " else f"de {self.the}"

    @property
    def to_the(self) -> str:
        """*à* with the definite article, with its blank."""
        return "au " if self.the == "le " else f"à {self.the}"

    @property
    def a(self) -> str:
        """The indefinite article, with its blank."""
        return "une " if self.feminine else "un "


class Adjective(NamedTuple):
    """An adjective that follows its noun, in both genders."""

    masculine: str
    feminine: str

    def after(self, noun: Noun) -> str:
        """Return *noun* with this adjective."""
        return f"{noun.text} {self.feminine if noun.feminine else self.masculine}"


def of(name: str) -> str:
    """Return *de* with a proper name."""
    return f"d'{name}" if name[0] in "AEIOUYÉÈÎŒ" else f"de {name}"


def _nouns(masculine: str, feminine: str) -> tuple[Noun, ...]:
    """Read nouns; ``*`` marks an h before which nothing elides."""
    return tuple(
        Noun(word.strip("*"), is_feminine, word[0] in "aeiouhâéêîœ")
        for is_feminine, words in ((False, masculine), (True, feminine))
        for word in words.split()
    )


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


NOUNS: Final = _nouns(
    "secret silence jardin fleuve terril beffroi moulin canal grenier chemin puits pont voyage hiver printemps été automne"
    " orage vent matin soir miroir cahier carnet fantôme loup renard corbeau pigeon mineur boulanger maître capitaine cœur"
    " œil sommeil rêve serment testament héritage incendie naufrage passage escalier phare train quai village estaminet"
    " carillon manège théâtre violon piano tableau labyrinthe trésor manuscrit *hameau *héros *hasard *hibou pèlerin"
    " étranger archiviste",
    "maison rivière forêt nuit lumière ombre mémoire promesse lettre clé chambre cour rue fosse mine ducasse fenêtre porte"
    " saison neige pluie mer plage dune île plaine colline source route frontière gare sœur mère fille reine fée sorcière"
    " couturière institutrice bibliothèque librairie horloge montre étoile lune aube brume tempête âme voix chanson valise"
    " photographie dentelle ruche abeille hirondelle louve œuvre odeur année absence enfance vengeance *harpe trahison"
    " énigme disparition dette fugue",
)
ADJECTIVES: Final = tuple(
    Adjective(*pair.split("/"))
    for pair in _words(
        "oublié/oubliée perdu/perdue blanc/blanche noir/noire rouge/rouge bleu/bleue secret/secrète muet/muette"
        " lointain/lointaine brisé/brisée inachevé/inachevée endormi/endormie retrouvé/retrouvée volé/volée"
        " silencieux/silencieuse éphémère/éphémère immobile/immobile invisible/invisible fragile/fragile doré/dorée"
        " sauvage/sauvage solitaire/solitaire interdit/interdite abandonné/abandonnée gelé/gelée enchanté/enchantée"
        " mystérieux/mystérieuse lumineux/lumineuse obscur/obscure amer/amère tranquille/tranquille inconnu/inconnue"
        " promis/promise inattendu/inattendue"
    )
)

WOMEN: Final = _words(
    "Adèle Agathe Alice Amélie Amina Anne Apolline Béatrice Camille Caroline Cécile Célestine Chloé Claire Clémence Coline"
    " Éléonore Élise Émilie Emma Eugénie Ewa Fatima Françoise Gaëlle Hélène Héloïse Inès Isabelle Jeanne Joséphine Julie"
    " Juliette Karima Laure Léa Léonie Lina Louise Lucie Madeleine Manon Margaux Marguerite Marie Mathilde Mélanie Monique"
    " Nadia Nathalie Noémie Océane Odile Pauline Rachel Rose Sabine Samira Sarah Sofia Sophie Suzanne Sylvie Thérèse Victoire"
    " Yasmine Zoé Anne-Sophie Marie-Claude"
)
MEN: Final = _words(
    "Adrien Alexandre André Antoine Arthur Augustin Baptiste Bastien Benoît Bruno Cédric Charles Christophe Clément Damien"
    " Daniel Denis Édouard Émile Étienne Fabrice Félix Florent François Frédéric Gabriel Georges Gilles Grégory Guillaume"
    " Hector Henri Hugo Ismaël Jacques Jérôme Jules Julien Karim Kévin Laurent Léo Léon Loïc Louis Lucas Lucien Marcel Martin"
    " Mathieu Maxime Michel Mohamed Nicolas Noé Olivier Pascal Paul Philippe Pierre Quentin Raphaël Rémi René Robin Romain"
    " Samuel Simon Stanislas Théo Thomas Tristan Valentin Victor Xavier Yann Younès Jean-Baptiste Pierre-Yves"
)
SURNAMES: Final = _words(
    "Allard Amrani Bailleul Barbier Baudry Bécu Benali Bernard Bertin Blondel Bocquet Boulanger Boutin Brassart Briche Bruneau"
    " Capelle Capron Carlier Caron Carpentier Caudron Chevalier Cieslak Cordier Cornet Cousin Crépin Cuvelier Dacheville"
    " Danel Dassonville Debruyne Decroix Defrance Degand Delabre Delannoy Delattre Delebarre Delhaye Delmotte Deloffre"
    " Delplanque Denis Deprez Dereuder Descamps Desmet Devaux Dhaene Dubois Duchâteau Dufour Duhamel Dumont Duquesne Dupire"
    " Dutkiewicz El-Amrani Facon Fauquembergue Ferrari Flament Fournier Gallet Gamot Garnier Gosselin Górski Grard Guilbert"
    " Haddad Hamiaux Hennebelle Hermant Herbaut Hochart Houzé Jankowski Jaskula Joly Kaczmarek Kowalski Laboureur Lagache"
    " Lambert Lamotte Lancel Langlet Leblond Lecocq Lecœuche Ledoux Lefebvre Legrand Lemaire Lemoine Leroux Leroy Lesage"
    " Lestienne Levêque Lewandowski Lhomme Liénard Louchart Maes Mahieu Marchand Marécaux Martel Masson Mazurek Mercier"
    " Meurisse Monchy Morel Mortreux Nowak Obert Olszewski Ouali Parmentier Patyn Pecqueur Petit Pietrzak Piquet Plouviez"
    " Poulain Pruvost Quéva Rabouille Renard Ricart Roger Rousseau Rossi Roussel Sauvage Sénéchal Sikora Skrzypczak Sobczak"
    " Stievenard Szymczak Tahon Tellier Théry Tison Tournel Vaillant Vandamme Vasseur Verhaeghe Vincent Wacheux Walczak"
    " Wallart Warembourg Wattiez Wiart Wojcik Zaoui Zielinski"
)
PLACES: Final = (
    "Arras", "Avion", "Béthune", "Boulogne", "Bruges", "Calais", "Douai", "Dunkerque", "Étaples", "Gand", "Harnes", "Hesdin",
    "Lens", "Liévin", "Lille", "Méricourt", "Montreuil", "Notre-Dame-de-Lorette", "Ostende", "Oignies", "Sallaumines",
    "Souchez", "Vimy", "Wimereux", "Wissant",
)  # fmt: skip


class Abroad(NamedTuple):
    """Authors of one language: forenames, surnames, and the class of their fiction."""

    forenames: tuple[str, ...]
    surnames: tuple[str, ...]
    dewey: str


ABROAD: Final = {
    "eng": Abroad(
        _words(
            "Abigail Alan Amy Charlotte David Diane Edward Emily Grace Hannah Harriet James John Kate Liam Megan Oliver Ruth"
        ),
        _words(
            "Ashworth Bennett Carter Ellison Fairchild Harris Kavanagh Lindley Marsh Pemberton Shaw Thornton Walker Whitfield"
        ),
        "813.6",
    ),
    "ger": Abroad(
        _words("Anke Dieter Greta Jürgen Käthe Lukas Sabine Uwe"),
        _words("Bäcker Brüggemann Fröhlich Köhler Müller Schröder Weiß"),
        "833.92",
    ),
    "spa": Abroad(
        _words("Álvaro Begoña Inés Íñigo Lucía Raúl"), _words("Ibáñez Muñoz Núñez Peña Quiñones Zúñiga"), "863.7"
    ),
    "ita": Abroad(
        _words("Chiara Dario Giulia Luca Niccolò Renata"), _words("Bianchi Colombo Ferrero Moretti Spanò"), "853.92"
    ),
    "swe": Abroad(
        _words("Åsa Björn Göran Ingrid Kjell Märta"), _words("Åkesson Bergström Lindqvist Nyström Sjöberg"), "839.73"
    ),
    "pol": Abroad(
        _words("Agnieszka Łukasz Małgorzata Paweł Wojciech"),
        _words("Dąbrowska Kołodziej Łuczak Wiśniewski Zając"),
        "891.85",
    ),
    "por": Abroad(_words("Conceição João Tomé"), _words("Gonçalves Magalhães Simões"), "869.3"),
    "jpn": Abroad(
        _words("Aiko Daisuke Haruka Kenji Natsumi Shūichi Yōko"),
        _words("Fujimori Inoue Kōno Matsuda Ōshima Tanaka"),
        "895.6",
    ),
}
"""By language."""
