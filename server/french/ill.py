"""The French of `bibliobus ill`; see `server.french`."""

from __future__ import annotations

from typing import Final

ILL: Final = {
    "About this item alone.": "Sur ce seul document.",
    "About this request alone.": "Sur cette seule demande.",
    "Agency of the partner.": "Agence du partenaire.",
    "Agency of the partner; the first lender, when not given.": "Agence du partenaire ; sinon le premier prêteur.",
    "Agree to what the lender demands for a request; the lender is told.": (
        "Accepte ce que le prêteur demande pour une demande ; il en est averti."
    ),
    "Ask a partner for a title, for a reader.": "Demande un titre à un partenaire, pour un lecteur.",
    "Ask partners for what only they have": "Demander aux partenaires ce qu'eux seuls ont",
    "Ask partners for what the network has not, and see what was asked of it.": (
        "Demander aux partenaires ce que le réseau n'a pas, et voir ce qu'ils lui demandent."
    ),
    "Author.": "Auteur.",
    "Before this time.": "Avant cette heure.",
    "Card of the reader.": "Carte du lecteur.",
    "Clear away temporary items that nothing holds": "Retirer les documents temporaires que plus rien ne retient",
    "Day on which the item is to be back.": "Jour auquel le document doit être de retour.",
    "Delete messages to partners about requests that have ended": (
        "Effacer les messages aux partenaires sur les demandes terminées"
    ),
    "Follow inter-library loans": "Suivre les prêts entre bibliothèques",
    "Forget what was said with partners": "Oublier ce qui s'est dit avec les partenaires",
    "Forget what was done for cataloguers": "Oublier ce qui a été fait pour les catalogueurs",
    "How many, counted from the latest.": "Combien, à compter du dernier.",
    "List what somebody must see to: terms, silence, losses, messages that reached nobody.": (
        "Liste ce dont quelqu'un doit s'occuper : conditions, silences, pertes, messages qui n'ont pas abouti."
    ),
    "List open requests.": "Liste les demandes en cours.",
    "Not before this time.": "Pas avant cette heure.",
    "Note what has happened to a request; the partner is told.": (
        "Note ce qui est arrivé à une demande ; le partenaire en est averti."
    ),
    "Of this library alone.": "De cette seule bibliothèque.",
    "Request {agency} {number}: {state}": "Demande {agency} {number} : {state}",
    "Show what was said with a partner.": "Montre ce qui s'est dit avec un partenaire.",
    "Title, as the partner has it.": "Titre, tel que le partenaire l'a.",
    "With the messages, where they were kept.": "Avec les messages, là où ils ont été gardés.",
}
