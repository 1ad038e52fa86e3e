"""The French of `bibliobus route`, `run`, `container`, `transit` and `manifest`."""

from __future__ import annotations

from typing import Final

SHUTTLE: Final = {
    "Look at the shuttle's routes.": "Montre les tournées de la navette.",
    "Plan runs of the shuttle; have them leave, end or be cancelled. RUN is ROUTE or ROUTE/YYYY-MM-DD.": (
        "Prévoit les passages de la navette, les fait partir, finir, les annule. RUN vaut TOURNÉE ou TOURNÉE/AAAA-MM-JJ."
    ),
    "Pack containers, load and unload them.": "Remplit les caisses, les charge et les décharge.",
    "What is under way between libraries, and what was lost there.": (
        "Ce qui circule entre les bibliothèques, et ce qui s'y est perdu."
    ),
    "write ROUTE or ROUTE/YYYY-MM-DD": "écrire TOURNÉE ou TOURNÉE/AAAA-MM-JJ",
    "Which day; without it, today.": "Quel jour ; sinon, aujourd'hui.",
    "It goes to {destination}, by {stop}. Open containers for it: {right}": (
        "Il va à {destination}, par {stop}. Caisses ouvertes pour lui : {right}"
    ),
    "Aboard: {aboard}": "À bord : {aboard}",
    "List the routes.": "Liste les tournées.",
    "Show a route with its stops.": "Montre une tournée et ses arrêts.",
    "When an item that leaves a library now can be had at another.": (
        "Quand un document qui part maintenant d'une bibliothèque est disponible dans une autre."
    ),
    "From {day} on.": "À partir du {day}.",
    "How well the days that readers were told have been kept, by pick-up library.": (
        "Comment les jours annoncés aux lecteurs ont été tenus, par bibliothèque de retrait."
    ),
    "From which day; without it, 90 days back.": "Depuis quel jour ; sinon, depuis 90 jours.",
    "List the runs of a day.": "Liste les passages d'un jour.",
    "Who drives, as a label.": "Qui conduit, en quelques lettres.",
    "Have a run on a day on which its route has none, or one that was cancelled after all.": (
        "Prévoit un passage un jour où la tournée n'en a pas, ou rétablit un passage annulé."
    ),
    "Note that a run has left.": "Note qu'un passage est parti.",
    "Note that a run is done. What is still aboard is told to staff.": (
        "Note qu'un passage est terminé. Ce qui est encore à bord est signalé."
    ),
    "Cancel a run: nothing more is promised by it.": "Annule un passage : plus rien n'est promis par lui.",
    "Print what a run carries, by stop, for the driver: no reader is named. RUN is ROUTE or ROUTE/YYYY-MM-DD.": (
        "Imprime ce qu'un passage transporte, par arrêt : aucun lecteur n'est nommé. RUN vaut TOURNÉE ou"
        " TOURNÉE/AAAA-MM-JJ."
    ),
    "As a page of HTML.": "En page HTML.",
    "Show a run and what it carries.": "Montre un passage et ce qu'il transporte.",
    "{container}: {state}, {items} items": "{container} : {state}, {items} documents",
    "{missing} declared missing": "{missing} déclarés manquants",
    "Have a new container.": "Crée une caisse.",
    "What it is.": "Ce que c'est.",
    "How many items it takes; without it, any number.": "Combien de documents elle prend ; sinon, sans limite.",
    "Open a container, to pack it.": "Ouvre une caisse, pour la remplir.",
    "Library that it is for; without it, the first item says.": (
        "Bibliothèque où elle va ; sinon, le premier document le dit."
    ),
    "What is still noted in it is not there: it is lost.": "Ce qui y est encore noté n'y est pas : c'est perdu.",
    "Put an item into a container. A wrong one is refused, and the right ones are told.": (
        "Met un document dans une caisse. Une mauvaise caisse est refusée, et les bonnes sont dites."
    ),
    "Take an item out of a container.": "Sort un document d'une caisse.",
    "Close a container that is packed.": "Ferme une caisse remplie.",
    "Put a sealed container aboard a run. RUN is ROUTE or ROUTE/YYYY-MM-DD.": (
        "Charge une caisse fermée. RUN vaut TOURNÉE ou TOURNÉE/AAAA-MM-JJ."
    ),
    "Note that a container is here: it came off a run, or turned up.": (
        "Note qu'une caisse est ici : déchargée, ou retrouvée."
    ),
    "Show where a container is and what is noted in it.": "Montre où est une caisse et ce qui y est noté.",
    "List what is under way, where it was last seen and when it is expected.": (
        "Liste ce qui circule, où cela a été vu en dernier et quand c'est attendu."
    ),
    "Only what this library sent.": "Seulement ce que cette bibliothèque a envoyé.",
    "Only what goes to this library.": "Seulement ce qui va à cette bibliothèque.",
    "List what was lost in transit and has not been seen since: where and when it was last seen.": (
        "Liste ce qui s'est perdu en navette et n'a pas été revu : où et quand cela a été vu en dernier."
    ),
    "Print the slip of an item that travels: where it goes, and on which shelf it is put there.": (
        "Imprime le bon d'un document en navette : où il va, et sur quelle étagère il y est mis."
    ),
    "Tell staff that an item came damaged, and by which run.": (
        "Signale qu'un document est arrivé abîmé, et par quel passage."
    ),
    "What is wrong with it.": "Ce qu'il a.",
    "Take items for lost that the shuttle should have brought days ago": (
        "Tient pour perdus les documents que la navette aurait dû apporter depuis des jours"
    ),
    "End the lines of manifests whose items were received by an act that knows no shuttle": (
        "Termine les lignes de bordereau dont le document a été reçu par un acte qui ignore la navette"
    ),
}
