"""The French of `bibliobus fetch` and `bibliobus record`; see `server.french`."""

from __future__ import annotations

from typing import Final

ORIGIN: Final = {
    "added": "ajoutée",
    "merged": "fusionnée",
    "added, to be compared": "ajoutée, à comparer",
    "added, not merged": "ajoutée, non fusionnée",
    "replaced": "remplacée",
    "here already": "déjà là",
    "another target's was taken": "celle d'une autre cible a été prise",
    "There is no record {detail}.": "Il n'y a pas de notice {detail}.",
    "Both are record {detail}.": "Les deux sont la notice {detail}.",
    "A reader waits for both: end one of these holds first: {detail}": (
        "Un lecteur attend les deux : mettez d'abord fin à l'une de ces réservations : {detail}"
    ),
    "The whole would be too long for record {detail}.": "Le tout serait trop long pour la notice {detail}.",
    "Fetch records by ISBN from the configured targets into the catalogue, merged with what is there.": (
        "Récupère des notices par ISBN auprès des cibles configurées, et les fusionne avec celles du catalogue."
    ),
    "A query in CQL, instead of ISBNs.": "Une requête en CQL, au lieu d'ISBN.",
    "Database that the records join (repeatable).": "Base que les notices rejoignent (répétable).",
    "Ask this target alone (repeatable).": "N'interroge que cette cible (répétable).",
    "Records taken of a target.": "Nombre de notices prises à une cible.",
    "Words of the title, instead of ISBNs.": "Mots du titre, au lieu d'ISBN.",
    "Words of the author's name, instead of ISBNs.": "Mots du nom de l'auteur, au lieu d'ISBN.",
    "A prefix query with Bib-1 attributes, instead of ISBNs: for Z39.50 alone.": (
        "Une requête préfixée avec des attributs Bib-1, au lieu d'ISBN : pour Z39.50 seul."
    ),
    "Give ISBNs, or --title and --author, or --query, or --pqf.": (
        "Donnez des ISBN, ou --title et --author, ou --query, ou --pqf."
    ),
    "Learned from": "Appris par",
    "Look at the catalogues elsewhere that are asked, and at what they have taught.": (
        "Montre les catalogues d'ailleurs que l'on interroge, et ce qu'ils ont enseigné."
    ),
    "List the configured targets, and how each is asked since it complained.": (
        "Liste les cibles configurées, et comment chacune est interrogée depuis qu'elle s'est plainte."
    ),
    "Forget what a target has taught: it is asked as precisely as at first.": (
        "Oublie ce qu'une cible a enseigné : elle est interrogée aussi précisément qu'au début."
    ),
    "Forgotten: {count}": "Oubliées : {count}",
    "{text} is no ISBN": "{text} n'est pas un ISBN",
    "No target is configured: write [[targets]] in the configuration file.": (
        "Aucune cible n'est configurée : écrivez [[targets]] dans le fichier de configuration."
    ),
    "There is no target {name}; there are: {names}": "Il n'y a pas de cible {name} ; il y a : {names}",
    "Target": "Cible",
    "Found": "Trouvées",
    "Fetched": "Récupérées",
    "Trouble": "Problème",
    "Record": "Notice",
    "What became of it": "Devenir",
    "Of": "De",
    "Title": "Titre",
    "A record of {target} cannot be read: {reason}": "Une notice de {target} est illisible : {reason}",
    "Nothing was written.": "Rien n'a été écrit.",
    "Asking": "Interrogation",
    "Look at records of the catalogue, and merge two that describe one document.": (
        "Montre des notices du catalogue, et en fusionne deux qui décrivent un même document."
    ),
    "Merge two records: items and holds move, the other is kept under its old number.": (
        "Fusionne deux notices : exemplaires et réservations sont transférés, l'autre reste sous son ancien numéro."
    ),
    "The record to be kept as the base; if not given, that of the higher source, else the fuller one.": (
        "La notice gardée comme base ; par défaut celle de la source de plus haut rang, sinon la plus complète."
    ),
    "Record {superseded} is now {base}; moved: {items} items, {holds} holds.": (
        "La notice {superseded} est devenue la {base} ; transférés : {items} exemplaires, {holds} réservations."
    ),
    "Record {detail} was merged into no other.": "La notice {detail} n'a été fusionnée dans aucune autre.",
    "It was merged into record {detail}, and that into another: undo that merge first.": (
        "Elle a été fusionnée dans la notice {detail}, et celle-ci dans une autre : défaites d'abord cette fusion."
    ),
    "Undo a merge: the record of this old number is itself again, with the items and holds that it brought.": (
        "Défait une fusion : la notice de cet ancien numéro existe à nouveau, avec les exemplaires et réservations qu'elle avait apportés."
    ),
    "Record {record} is apart from {base} again; moved back: {items} items, {holds} holds.": (
        "La notice {record} est à nouveau séparée de la {base} ; retransférés : {items} exemplaires, {holds} réservations."
    ),
    "Show a record; an old number leads to the record that took its place.": (
        "Montre une notice ; un ancien numéro mène à celle qui l'a remplacée."
    ),
    "Record {number} was merged into {living}.": "La notice {number} a été fusionnée dans la {living}.",
    "a whole number": "un nombre entier",
    "true or false": "true ou false",
    "tables, each under [[targets]]": "des tables, chacune sous [[targets]]",
    "has no host (Z39.50) or no http: or https: address (SRU)": "n'a pas d'hôte (Z39.50) ou d'adresse http: ou https: (SRU)",
    "two have one name": "deux ont le même nom",
    "is no character set that is read here": "n'est pas un jeu de caractères lu ici",
}
