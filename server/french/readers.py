"""The French of `bibliobus patron` and `bibliobus card`."""

from __future__ import annotations

from typing import Final

READERS: Final = {
    "Count loans and holds. What is past is counted without knowing whose it was.": (
        "Compte prêts et réservations. Le passé se compte sans savoir de qui il était."
    ),
    "Count the loans begun in a period, and how often they were renewed.": (
        "Compte les prêts commencés dans une période, et leurs prolongations."
    ),
    "Count apart by this (repeatable).": "Compte à part selon ceci (répétable).",
    "{loans} loans, {renewals} renewals": "{loans} prêts, {renewals} prolongations",
    "Count the holds closed in a period by pick-up library, and how long they waited for the shelf.": (
        "Compte les réservations closes dans une période par bibliothèque de retrait, et leur attente avant l'étagère."
    ),
    "{days} days to the shelf": "{days} jours jusqu'à l'étagère",
    "Look after readers: registration, blocks, households, PINs, their data.": "Gère les lecteurs : inscription, blocages, foyers, codes secrets, données.",
    "Look after readers' cards.": "Gère les cartes des lecteurs.",
    "Library where this is done.": "Bibliothèque où cela se fait.",
    "Done.": "Fait.",
    "Code of the patron category.": "Code de la catégorie de lecteurs.",
    "Code of the home library.": "Code de la bibliothèque de rattachement.",
    "Surname.": "Nom.",
    "Forename.": "Prénom.",
    "Language of messages.": "Langue des messages.",
    "Day of birth.": "Jour de naissance.",
    "Last day on which the registration holds.": "Dernier jour de validité de l'inscription.",
    "INSEE code of the commune of residence, for statistics alone.": "Code INSEE de la commune de résidence, pour les seules statistiques.",
    "Postal address.": "Adresse postale.",
    "Electronic mail.": "Adresse électronique.",
    "Telephone.": "Téléphone.",
    "Register a reader with a first card. Without --valid-until the registration has no end.": "Inscrit un lecteur avec une première carte. Sans --valid-until, l'inscription n'a pas de fin.",
    "What the reader is known as; the card's number if not given.": "Code du lecteur ; à défaut, le numéro de la carte.",
    "Namespace of the card: empty for the network's own numbers.": "Espace de noms de la carte : vide pour les numéros du réseau.",
    "PIN for kiosks.": "Code secret pour les automates.",
    "--{option} is needed.": "--{option} est nécessaire.",
    "Change what is known of a reader: only what is given.": "Change ce que l'on sait d'un lecteur : seulement ce qui est donné.",
    "Show a reader's account: blocks, loans, holds.": "Montre le compte d'un lecteur : blocages, prêts, réservations.",
    "Valid until: {day}": "Valable jusqu'au : {day}",
    "Card {number}: {status}": "Carte {number} : {status}",
    "Block {kind}: {acts}": "Blocage {kind} : {acts}",
    "Loan {barcode}, due {due}: {title}": "Prêt {barcode}, à rendre le {due} : {title}",
    "Hold ({state}), to be fetched at {pickup}: {title}": "Réservation ({state}), à retirer à {pickup} : {title}",
    "Print everything that is known of a reader, as JSON, for that reader.": "Écrit tout ce que l'on sait d'un lecteur, en JSON, pour lui.",
    "Erase a reader's data; refused while a loan or a hold is open.": "Efface les données d'un lecteur ; refusé tant qu'un prêt ou une réservation est en cours.",
    "Erase this reader's data for ever?": "Effacer pour toujours les données de ce lecteur ?",
    "Refuse acts to a reader. A second block of the same kind takes the first one's place.": "Refuse des actes à un lecteur. Un second blocage du même genre remplace le premier.",
    "Act refused (repeatable); all by default.": "Acte refusé (répétable) ; tous par défaut.",
    "First day.": "Premier jour.",
    "Last day.": "Dernier jour.",
    "Why, for staff.": "Pourquoi, pour le personnel.",
    "Lift a block.": "Lève un blocage.",
    "Put a reader into a household, made if new; without one, out of it.": "Met un lecteur dans un foyer, créé s'il est nouveau ; sans foyer, l'en retire.",
    "Give a reader a new PIN, and lift the lock that wrong ones set; --none takes the PIN away.": "Donne un nouveau code secret et lève le verrou des codes faux ; --none retire le code.",
    "The new PIN; asked for when not given.": "Le nouveau code ; demandé s'il n'est pas donné.",
    "No PIN any more.": "Plus de code secret.",
    "New PIN": "Nouveau code secret",
    "Give the reader of CARD another card.": "Donne au lecteur de CARD une autre carte.",
    "In the place of CARD, which goes on being recognised.": "À la place de CARD, qui reste reconnue.",
    "An old number beside the main card.": "Un ancien numéro à côté de la carte principale.",
    "Say that a card is lost, stolen, cancelled, or active again.": "Dit qu'une carte est perdue, volée, annulée, ou de nouveau active.",
    "Tell readers long inactive that they will be erased, and erase them a month later": "Prévenir les lecteurs longtemps inactifs de leur effacement, et les effacer un mois après",
    "Note when each reader last returned something": "Noter quand chaque lecteur a rendu quelque chose pour la dernière fois",
}
