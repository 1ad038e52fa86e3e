"""The French of `bibliobus ill`; see `server.french`."""

from __future__ import annotations

from typing import Final

ILL: Final = {
    "Agency of the partner.": "Agence du partenaire.",
    "Ask a partner for a title, for a reader.": "Demande un titre à un partenaire, pour un lecteur.",
    "Ask partners for what only they have": "Demander aux partenaires ce qu'eux seuls ont",
    "Ask partners for what the network has not, and see what was asked of it.": (
        "Demander aux partenaires ce que le réseau n'a pas, et voir ce qu'ils lui demandent."
    ),
    "Author.": "Auteur.",
    "Card of the reader.": "Carte du lecteur.",
    "Day on which the item is to be back.": "Jour auquel le document doit être de retour.",
    "Follow inter-library loans": "Suivre les prêts entre bibliothèques",
    "List open requests.": "Liste les demandes en cours.",
    "Note what has happened to a request; the partner is told.": (
        "Note ce qui est arrivé à une demande ; le partenaire en est averti."
    ),
    "Request {agency} {number}: {state}": "Demande {agency} {number} : {state}",
    "Show what was said with a partner of late; needs the daemon.": (
        "Montre les derniers échanges avec un partenaire ; il faut le service."
    ),
    "Title, as the partner has it.": "Titre, tel que le partenaire l'a.",
}
