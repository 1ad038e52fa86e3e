"""Titles of works that do not exist, by kind of document."""

from __future__ import annotations

from typing import Final, NamedTuple

from server.demo.dice import Dice
from server.demo.french import ADJECTIVES, MEN, NOUNS, PLACES, WOMEN, of


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def novel(dice: Dice) -> str:
    """Return the title of a novel."""
    noun, other, adjective = dice.pick(NOUNS), dice.pick(NOUNS), dice.pick(ADJECTIVES)
    form = dice.below(13)
    if form < 3:
        return _capital(noun.the + adjective.after(noun))
    if form < 6:
        return _capital(f"{noun.the}{noun.text} {other.of_the}{other.text}")
    if form == 6:
        return _capital(f"{noun.the}{noun.text} {of(dice.pick(PLACES))}")
    if form == 7:
        return _capital(f"{noun.to_the}{noun.text} {other.of_the}{other.text}")
    if form == 8:
        return f"{dice.pick(_BEFORE)} {noun.the}{adjective.after(noun)}"
    if form == 12:
        return f"{dice.pick(_BEYOND)} {noun.of_the}{adjective.after(noun)}"
    if form == 9:
        return f"{dice.pick(WOMEN)} et {noun.the}{noun.text}"
    if form == 10:
        return _capital(f"{noun.a}{noun.text} {of(dice.pick(PLACES))}")
    return _capital(f"{noun.a}{adjective.after(noun)}")


_BEFORE: Final = ("Sous", "Après", "Derrière", "Avec", "Contre", "Vers", "Quand vient")
_BEYOND: Final = ("Loin", "Au-delà", "À l'ombre", "Au bord", "Autour", "À la recherche")


def for_children(dice: Dice) -> str:
    """Return the title of an album or of a novel for the young."""
    hero = dice.pick((*WOMEN, *MEN))
    noun, adjective = dice.pick(NOUNS), dice.pick(ADJECTIVES)
    beast, feminine = dice.pick(_BEASTS)
    form = dice.below(6)
    if form == 0:
        return f"{hero} {dice.pick(_ACTS)}"
    if form == 1:
        return f"{hero} et {noun.the}{adjective.after(noun)}"
    if form == 2:
        return f"{'La petite' if feminine else 'Le petit'} {beast} {dice.pick(_WHO)}"
    if form == 3:
        return f"Où est {'passée' if feminine else 'passé'} {'la' if feminine else 'le'} {beast} {of(hero)} ?"
    if form == 4:
        return f"{_capital(noun.the + noun.text)} {of(hero)}"
    return f"{'Une' if feminine else 'Un'} {beast} dans {noun.the}{noun.text}"


_BEASTS: Final = (
    ("ours", False), ("loup", False), ("chat", False), ("lapin", False), ("pigeon", False), ("dragon", False),
    ("grenouille", True), ("baleine", True), ("souris", True), ("coccinelle", True), ("poule", True), ("chouette", True),
)  # fmt: skip
_ACTS: Final = (
    "apprend à nager", "va à l'école", "ne veut pas dormir", "fête Noël", "prend le train", "a perdu son doudou",
    "chez le dentiste", "au carnaval de Dunkerque", "à la ducasse", "et les pièces de monnaie", "fait des crêpes",
    "n'a peur de rien", "découvre la mer", "range sa chambre", "à la bibliothèque",
)  # fmt: skip
_WHO: Final = (
    "qui ne voulait pas grandir", "qui aimait les histoires", "qui avait mal à l'oreille", "qui cherchait un ami",
    "qui comptait les étoiles", "qui parlait à la lune", "qui n'aimait pas la neige", "et le gros nuage",
)  # fmt: skip


class Subject(NamedTuple):
    """What a book of facts is about: its Dewey number, its subject heading, titles, and their complements."""

    dewey: str
    heading: str
    titles: tuple[str, ...]
    complements: tuple[str, ...]


_GUIDE: Final = ("guide pratique", "le guide illustré", "toutes les clés pour bien débuter", "le grand livre")
_STUDY: Final = ("une histoire", "récits et témoignages", "essai", "des origines à nos jours", "XIXe-XXe siècles")
SUBJECTS: Final = (
    Subject("004", "Informatique", ("L'ordinateur pas à pas", "Programmer en Python", "Les réseaux informatiques", "Le logiciel libre"), _GUIDE),
    Subject("155.4", "Enfants -- Psychologie", ("Grandir en confiance", "Les colères de l'enfant", "L'adolescence"), _GUIDE),
    Subject("302.23", "Médias sociaux", ("Les écrans et nous", "S'informer à l'ère du numérique", "La rumeur"), _STUDY),
    Subject("331.8", "Syndicalisme", ("Les grèves des mineurs", "L'ouvrier du Nord", "Gueules noires et drapeau rouge"), _STUDY),
    Subject("346.01", "Famille -- Droit", ("Le droit de la famille", "Héritages et successions", "Vos droits au quotidien"), _GUIDE),
    Subject("398.2", "Contes", ("Contes et légendes de l'Artois", "Géants et dragons du Nord", "Contes du terril"), _STUDY),
    Subject("448", "Français (langue)", ("L'orthographe sans peine", "Le picard et le chti", "Les mots de la mine"), _GUIDE),
    Subject("500", "Sciences", ("La science en cent questions", "Les lois de la nature", "Le hasard et la nécessité expliqués"), _GUIDE),
    Subject("551.5", "Météorologie", ("Le temps qu'il fait", "Nuages et orages", "Le climat de demain"), _GUIDE),
    Subject("553.2", "Charbon", ("La formation de la houille", "Le charbon et l'énergie", "Fossiles du carbonifère"), _STUDY),
    Subject("582.16", "Arbres", ("Reconnaître les arbres", "La forêt au fil des saisons", "L'arbre et l'oiseau"), _GUIDE),
    Subject("598", "Oiseaux", ("Les oiseaux du jardin", "Pigeons et colombophilie", "Chants d'oiseaux"), _GUIDE),
    Subject("613.2", "Alimentation", ("Bien manger au quotidien", "Le sucre sans excès", "Vivre sans gluten"), _GUIDE),
    Subject("622.33", "Mines de charbon", ("Le bassin minier", "La catastrophe de Courrières", "Chevalements et corons", "La fosse 11-19"), _STUDY),
    Subject("635", "Jardinage", ("Le potager en carrés", "Le jardin ouvrier", "Fleurs et vivaces", "Le compost"), _GUIDE),
    Subject("636.7", "Chiens", ("Élever son chien", "Chiens de berger", "Le chiot"), _GUIDE),
    Subject("641.5", "Cuisine", ("La cuisine du Nord", "Tartes et flamiches", "Soupes et potages", "Gaufres, crêpes et beignets", "Pain maison"), _GUIDE),
    Subject("643.7", "Bricolage", ("Rénover sa maison", "L'électricité chez soi", "Isoler les combles"), _GUIDE),
    Subject("709.44", "Art -- France", ("Le Louvre-Lens", "L'art roman en Artois", "Peintres de la lumière"), _STUDY),
    Subject("746.4", "Tricot", ("Tricot facile", "La dentelle de Calais", "Crochet pour les petits"), _GUIDE),
    Subject("781.6", "Musique", ("Fanfares et harmonies", "Histoire de l'accordéon", "Le jazz"), _STUDY),
    Subject("796.334", "Football", ("Sang et or", "Le football amateur", "Supporters"), _STUDY),
    Subject("910.4", "Voyages", ("Carnets de voyage", "La Flandre à vélo", "La Côte d'Opale à pied"), _GUIDE),
    Subject("914.427", "Pas-de-Calais -- Guides", ("Le Pas-de-Calais", "Arras et l'Artois", "Terrils et cavaliers"), _GUIDE),
    Subject("929.2", "Généalogie", ("Retrouver ses ancêtres", "L'état civil dans le Nord", "Mineurs polonais"), _GUIDE),
    Subject("940.4", "Guerre mondiale (1914-1918)", ("Vimy 1917", "La bataille d'Artois", "Carnets de tranchées", "L'anneau de la mémoire"), _STUDY),
    Subject("940.53", "Guerre mondiale (1939-1945)", ("La Résistance dans le bassin minier", "L'exode de mai 1940", "Libération"), _STUDY),
    Subject("944.27", "Lens (Pas-de-Calais) -- Histoire", ("Lens", "Liévin", "Histoire de l'agglomération", "La reconstruction"), _STUDY),
)  # fmt: skip

MUSIC: Final = ("Valses", "Nocturnes", "Ballades", "Chansons", "Danses", "Chants", "Berceuses", "Rondes et comptines")
GAMES: Final = ("Le jeu", "La course", "Le mystère", "Le mémo", "Le loto", "Le domino", "La bataille", "Les bâtisseurs")
MAGAZINES: Final = (
    ("Le petit journal du bassin minier", "Mensuel"), ("Jardins du Nord", "Mensuel"), ("Terrils et sentiers", "Trimestriel"),
    ("Cuisine de chez nous", "Mensuel"), ("L'écho des colombophiles", "Mensuel"), ("Sciences et curiosités", "Mensuel"),
    ("Ma première revue", "Mensuel"), ("Grandir en lisant", "Mensuel"), ("Histoire de l'Artois", "Trimestriel"),
    ("La maison et l'atelier", "Bimestriel"), ("Tricot et compagnie", "Bimestriel"), ("Vélo des Flandres", "Mensuel"),
    ("La gazette du cinéma", "Mensuel"), ("Musiques d'ici", "Bimestriel"), ("L'œil du photographe", "Mensuel"),
    ("Côte d'Opale magazine", "Mensuel"), ("Nos ancêtres du Nord", "Trimestriel"), ("Le supporter", "Hebdomadaire"),
    ("Santé au quotidien", "Mensuel"), ("L'informatique facile", "Mensuel"), ("Le monde animal", "Mensuel"),
    ("Bulles et cases", "Mensuel"), ("La revue des bibliothèques de village", "Trimestriel"), ("À table !", "Mensuel"),
    ("Étoiles et planètes", "Mensuel"), ("Consommer mieux", "Mensuel"), ("Le chti loisir", "Mensuel"),
    ("Revue d'archéologie minière", "Annuel"), ("Petites mains", "Bimestriel"), ("Espaces verts", "Mensuel"),
)  # fmt: skip
