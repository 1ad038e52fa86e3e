"""The French of `bibliobus commune`, `calendar`, `policy`, `why` and `what-if`."""

from __future__ import annotations

from typing import Final

NETWORK: Final = {
    # why and what-if
    "Explain an event of the journal: the rules that decided it, as they were then.": (
        "Explique un événement du journal : les règles qui l'ont décidé, telles qu'elles étaient."
    ),
    "The journal has no event {seq}.": "Le journal n'a pas d'événement {seq}.",
    "Event {seq}: {act}, {at}": "Événement {seq} : {act}, {at}",
    "By {actor} ({channel}) at {library}": "Par {actor} ({channel}) à {library}",
    "Item {barcode}: {title}": "Document {barcode} : {title}",
    "Remarks: {detail}": "Remarques : {detail}",
    "Looked up with: {facts}": "Règles cherchées avec : {facts}",
    "No rule had a say in it.": "Aucune règle n'y a joué.",
    "{rule}: a rule that is not in the network any more": "{rule} : règle qui n'est plus dans le réseau",
    "(locked)": "(verrouillée)",
    "what holds when no rule says otherwise": "ce qui vaut quand aucune règle ne dit autre chose",
    "for {scope}": "pour {scope}",
    "for everything": "pour tout",
    "{rule} of the set {set}, in force from {day}: {decision}": (
        "{rule} de l'ensemble {set}, en vigueur dès le {day} : {decision}"
    ),
    "decision not noted": "décision non notée",
    "now it says {value}": "elle dit maintenant {value}",
    "Decide past check-outs and renewals again by the policy set of a file, and tell what would differ.": (
        "Rejoue prêts et prolongations passés avec l'ensemble de règles d'un fichier, et dit ce qui changerait."
    ),
    "The first day to decide again.": "Premier jour à rejouer.",
    "Deciding again": "Rejeu",
    "{decided} of {events} events decided again, {different} differently; {not_as_then} had not gone by the rules.": (
        "{decided} événements sur {events} rejoués, {different} autrement ; {not_as_then} n'avaient pas suivi les règles."
    ),
    "{file} must have one policy set, and has {count}.": "{file} doit avoir un ensemble de règles, et en a {count}.",
    # policy
    "Look at the rules that the libraries voted.": "Montre les règles que les bibliothèques ont votées.",
    "List the policy sets: since when each is in force, and who decided it.": (
        "Liste les ensembles de règles : depuis quand chacun vaut, et qui l'a décidé."
    ),
    "Show the rules of a set; without a code, of the one in force.": (
        "Montre les règles d'un ensemble ; sans code, de celui en vigueur."
    ),
    "The day to look at; today if not given.": "Le jour considéré ; aujourd'hui à défaut.",
    "There is no policy set {code}; there are: {known}": "Il n'y a pas d'ensemble {code} ; il y a : {known}",
    "Tell, for each attribute, the rule that would apply, and the limits that bind together.": (
        "Dit, pour chaque attribut, la règle qui s'appliquerait, et les limites qui jouent ensemble."
    ),
    "Code of the item type.": "Code du type de document.",
    "Code of the library of the act.": "Code de la bibliothèque de l'acte.",
    "Code of the item's owner; the library of the act if not given.": (
        "Code du propriétaire du document ; à défaut, la bibliothèque de l'acte."
    ),
    "Shelving location.": "Localisation en rayon.",
    "Channel of the act.": "Canal de l'acte.",
    "Nothing has the code {code}; there are: {known}": "Rien n'a le code {code} ; il y a : {known}",
    "Tell what differs between two sets.": "Dit ce qui diffère entre deux ensembles.",
    "List every rule of one library, in every set, beside what holds for all.": (
        "Liste chaque règle propre à une bibliothèque, dans chaque ensemble, à côté de celle de toutes."
    ),
    "instead of {value}": "au lieu de {value}",
    # commune
    "Look after the conventions between communes and the network.": "Suit les conventions des communes avec le réseau.",
    "The day; today if not given.": "Le jour ; aujourd'hui à défaut.",
    "There is no commune {code}; there are: {known}": "Il n'y a pas de commune {code} ; il y a : {known}",
    "List the communes with what their convention is on a day.": "Liste les communes et l'état de leur convention un jour.",
    "Show a commune: its conventions, its libraries, and what an exit has still to settle.": (
        "Montre une commune : ses conventions, ses bibliothèques, et ce qu'une sortie a encore à régler."
    ),
    "Exit:": "Sortie :",
    "all services": "tous les services",
    "Tell the days to come of a commune's convention: anniversaries, notice, alarms, exit.": (
        "Dit les jours d'une convention : anniversaires, préavis, alertes, sortie."
    ),
    "Note that a convention was notified to a commune: it is in force from that day.": (
        "Note la notification d'une convention à une commune : elle vaut dès ce jour."
    ),
    "Which text; a commune's conventions are known by it.": (
        "Quel texte ; c'est par lui que se distinguent les conventions d'une commune."
    ),
    "The last day of the convention; 2029-12-31 if not given.": (
        "Dernier jour de la convention ; le 2029-12-31 à défaut."
    ),
    "Note that notice to end a convention was received; it ends on an anniversary.": (
        "Note une dénonciation reçue ; elle prend effet à un anniversaire."
    ),
    "Which party gives notice.": "Quelle partie dénonce.",
    "Which clause it says was broken.": "Quelle clause elle dit non respectée.",
    "Where the evidence is.": "Où sont les preuves.",
    "Note that a denunciation is taken back.": "Note le retrait d'une dénonciation.",
    "Note that a commune leaves on a day, and end the services of its libraries by phases.": (
        "Note la sortie d'une commune un jour, et termine par phases les services de ses bibliothèques."
    ),
    "List what must be looked at: conventions that end, libraries that lend without a referent.": (
        "Liste ce qu'il faut voir : conventions qui finissent, bibliothèques qui prêtent sans référent."
    ),
    "no referent": "pas de référent",
    "Nothing to look at.": "Rien à voir.",
    # calendar
    "Look after opening hours: weeks, exceptions, public holidays.": (
        "Suit les heures d'ouverture : semaines, exceptions, jours fériés."
    ),
    "Close a library on a day, or on all days up to another.": "Ferme une bibliothèque un jour, ou jusqu'à un autre.",
    "Open a library on a day from when to when, whatever its week says.": (
        "Ouvre une bibliothèque un jour de telle à telle heure, quoi que dise sa semaine."
    ),
    "The last day.": "Dernier jour.",
    "The last day comes before the first.": "Le dernier jour précède le premier.",
    "Why, for people.": "Pourquoi, pour les gens.",
    "List the days on which a library's calendar is not what its week says.": (
        "Liste les jours où le calendrier d'une bibliothèque n'est pas celui de sa semaine."
    ),
    "Show the hours of a library day by day.": "Montre les heures d'une bibliothèque jour par jour.",
    "The first day; today if not given.": "Premier jour ; aujourd'hui à défaut.",
    "How many days.": "Nombre de jours.",
    "open": "ouvert",
    "closed": "fermé",
    "Tell the hours of each week that a library was really open, and the weeks below four hours.": (
        "Dit les heures d'ouverture réelles de chaque semaine, et les semaines sous quatre heures."
    ),
    "The first day.": "Premier jour.",
    "Show the weeks that keep the commitment too.": "Montre aussi les semaines qui tiennent l'engagement.",
    "List the public holidays of France in a year, or close every library on them.": (
        "Liste les jours fériés d'une année, ou y ferme toutes les bibliothèques."
    ),
    "Close the network's libraries on these days.": "Ferme les bibliothèques du réseau ces jours-là.",
}
