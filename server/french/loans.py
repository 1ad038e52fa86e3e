"""The French of `bibliobus loan`, `item` and `anomaly`; see `server.french`."""

from __future__ import annotations

from typing import Final

LOANS: Final = {
    "Do it against the rules, though not against facts.": "Passer outre aux règles, mais non aux faits.",
    "Find items by words of title or author, condition, owner or place.": (
        "Trouve des documents par mots du titre ou de l'auteur, état, propriétaire ou lieu."
    ),
    "Found at this library.": "Trouvées dans cette bibliothèque.",
    "How many at most.": "Combien au plus.",
    "In this condition.": "Dans cet état.",
    "Last day of the loan, if not that of the rules.": "Dernier jour du prêt, si ce n'est pas celui des règles.",
    "Last seen in this library.": "Vus en dernier dans cette bibliothèque.",
    "Lend an item to a reader.": "Prête un document à un lecteur.",
    "Lend items, take them back, and settle what goes wrong.": ("Prêter, reprendre, et régler ce qui va de travers."),
    "Library that lent.": "Bibliothèque qui a prêté.",
    "Library whose old numbers are meant, where towns use the same.": (
        "Bibliothèque dont on lit les anciens numéros, là où plusieurs villes ont les mêmes."
    ),
    "List a library's loans that are late, claimed or lost; or all open ones.": (
        "Liste les prêts d'une bibliothèque en retard, déclarés rendus ou perdus ; ou tous les prêts en cours."
    ),
    "List what nobody has settled yet, the oldest first.": "Liste ce que personne n'a encore réglé, du plus ancien.",
    "Look at what circulation found wrong.": "Voir ce que la circulation a trouvé d'anormal.",
    "Look items up, and say what is the matter with them.": "Chercher des documents, et dire ce qu'ils ont.",
    "Note that a reader says to have returned an item.": "Note qu'un lecteur dit avoir rendu un document.",
    "Note that an anomaly has been looked at.": "Note qu'une anomalie a été traitée.",
    "Note that an item on loan is lost: its reader is blocked until that is settled.": (
        "Note qu'un document prêté est perdu : son lecteur est bloqué jusqu'au règlement."
    ),
    "Of this kind alone.": "De cette sorte seulement.",
    "Of this library.": "De cette bibliothèque.",
    "Put it aside until {shelf_until}.": "À mettre de côté jusqu'au {shelf_until}.",
    "Renew a reader's loan of an item, or all of them.": "Prolonge le prêt d'un document à un lecteur, ou tous.",
    "Say in what condition an item is: damaged, missing, withdrawn, good again...": (
        "Dit dans quel état est un document : abîmé, manquant, retiré, bon de nouveau..."
    ),
    "Send it to {destination}.": "À envoyer à {destination}.",
    "Settle a claim or a loss: the loan goes on, ends, or is lost for good.": (
        "Règle une déclaration de retour ou une perte : le prêt continue, se termine, ou est perdu."
    ),
    "Take an item back, and tell where it goes.": "Reprend un document, et dit où il va.",
    "Take back the last check-out (or renewal) or check-in of an item, if it was done here just now.": (
        "Annule le dernier prêt (ou prolongation) ou retour d'un document, s'il vient d'être fait ici."
    ),
    "Tell where an item is and what it is doing.": "Dit où est un document et ce qu'il fait.",
    "The reader's card, to be sure that the loan is theirs.": (
        "La carte du lecteur, pour être sûr que le prêt est le sien."
    ),
    "Day by which it is wanted.": "Jour pour lequel il est demandé.",
    "Want an item on loan back before its date; the reader is told.": (
        "Réclame un document prêté avant sa date ; le lecteur est prévenu."
    ),
    "{barcode}: due {due}": "{barcode} : à rendre le {due}",
    "Undone.": "Annulé.",
    "What is the matter with it.": "Ce qu'il a.",
    "What kind of scan it is.": "De quelle sorte de lecture il s'agit.",
    "When it happened, if it has happened already (local time).": (
        "Quand cela s'est passé, si c'est déjà fait (heure locale)."
    ),
    "Which ones.": "Lesquels.",
    "Who has looked at it.": "Qui l'a traitée.",
    "{barcode} {title}: taken in.": "{barcode} {title} : repris.",
    "{barcode} {title}: until {due}": "{barcode} {title} : jusqu'au {due}",
}
