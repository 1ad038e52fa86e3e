"""The French of the command line: English text in the code to French, and click's own words.

Plural forms are one text, singular and plural apart by a NUL, as gettext's catalogue has them.
"""

from __future__ import annotations

from typing import Final

from server.french.ill import ILL
from server.french.loans import LOANS
from server.french.network import NETWORK
from server.french.origin import ORIGIN
from server.french.readers import READERS
from server.french.shuttle import SHUTTLE

_COMMANDS: Final = {
    "Bibliobus, interoperability server of a network of public libraries.": (
        "Bibliobus, serveur d'interopérabilité d'un réseau de lecture publique."
    ),
    "Run the daemon. SIGTERM stops it, SIGHUP has it reload devices and certificates.": (
        "Lance le service. SIGTERM l'arrête, SIGHUP lui fait relire les terminaux et les certificats."
    ),
    "Create a demo network if the store is empty.": "Crée un réseau de démonstration si la base est vide.",
    "Listen for {wire} here (repeatable): a Twisted endpoint, such as tcp:6001.": (
        "Écoute {wire} ici (répétable) : une adresse Twisted, par exemple tcp:6001."
    ),
    "Tell everything that is wrong with the configuration, certificates included.": (
        "Dit tout ce qui est faux dans la configuration, certificats compris."
    ),
    "Show the configuration in force, as a file to start from.": (
        "Montre la configuration en vigueur, sous forme de fichier à compléter."
    ),
    "Show what holds without a file.": "Montre ce qui vaut sans fichier.",
    "Directory of the store, instead of the configuration's.": "Dossier de la base, à la place de la configuration.",
    "Configuration file.": "Fichier de configuration.",
    "Print the result as JSON.": "Écrit le résultat en JSON.",
    "Declare a network, or a part of one, from a TOML file. A second time it changes nothing.": (
        "Déclare un réseau, ou une partie, d'après un fichier TOML. Une seconde fois, rien ne change."
    ),
    "Tell what would change, write nothing.": "Dit ce qui changerait, n'écrit rien.",
    "Look after the database.": "Entretient la base de données.",
    "Bring the database's schema to this release, from nothing or from any earlier one.": (
        "Amène le schéma de la base à cette version, depuis rien ou depuis toute version antérieure."
    ),
    "Indexing": "Indexation",
    "The index was made anew: {count} records.": "L'index a été refait : {count} notices.",
    "Check the database: its schema, its file, its references. It may run beside the daemon.": (
        "Vérifie la base : schéma, fichier, références. Peut se faire pendant que le service tourne."
    ),
    "Look at the daemon's recurring work, or have it done now.": (
        "Montre le travail récurrent du service, ou le fait faire maintenant."
    ),
    "List the jobs: when each last began and ended, and how much it did.": (
        "Liste les travaux : quand chacun a commencé et fini, et combien il a fait."
    ),
    "Do a whole round of a job now, beside the daemon or without one.": (
        "Fait maintenant un tour entier d'un travail, à côté du service ou sans lui."
    ),
    "There is no job {name}; there are: {names}": "Il n'y a pas de travail {name} ; il y a : {names}",
    "{name}: {done} done": "{name} : {done} fait(s)",
    "Cut the link between readers and returned loans": "Couper le lien entre lecteurs et prêts rendus",
    "Cut the link between readers and closed holds": "Couper le lien entre lecteurs et réservations closes",
    "Remind of late loans, presume losses, and move due dates off days closed since": (
        "Rappeler les retards, présumer les pertes, décaler les échéances de jours fermés depuis"
    ),
    "Delete what readers were told of loans and holds that have ended": (
        "Supprimer ce qui a été dit aux lecteurs de prêts et de réservations clos"
    ),
    "Delete lines of pull lists whose holds have ended": (
        "Supprimer les lignes des listes de prélèvement dont la réservation est close"
    ),
    "Delete where items were seen on journeys that are over": "Supprimer les passages de documents en navette arrivés",
    "Forget the replies kept for repeats": "Oublier les réponses gardées pour les répétitions",
    "Place holds, change and end them; who waits for what.": (
        "Pose, modifie et clôt des réservations ; qui attend quoi."
    ),
    "What a library is asked to take from its shelves.": "Ce qu'une bibliothèque doit prendre dans ses rayons.",
    "Hold {hold}: {title}": "Réservation {hold} : {title}",
    "Rank: {rank}.": "Rang : {rank}.",
    "It is cancelled.": "Elle est annulée.",
    "Send the item to {destination}.": "Envoyer le document à {destination}.",
    "To be fetched at {pickup}.": "À retirer à {pickup}.",
    "Expected from {promised_on} on.": "Attendu à partir du {promised_on}.",
    "Until {expires_on}.": "Jusqu'au {expires_on}.",
    "Nothing.": "Rien.",
    "Place a hold for a reader: on a title, a volume of it, or one item.": (
        "Pose une réservation pour un lecteur : sur un titre, un de ses volumes, ou un exemplaire."
    ),
    "Number of the record.": "Numéro de la notice.",
    "A barcode: its title is meant, or with --this-item the item itself.": (
        "Un code à barres : son titre est visé, ou avec --this-item l'exemplaire lui-même."
    ),
    "This very item and no other.": "Cet exemplaire et aucun autre.",
    "This volume of the title alone.": "Ce volume du titre seulement.",
    "Library where it will be fetched; the reader's own if not given.": (
        "Bibliothèque de retrait ; celle du lecteur par défaut."
    ),
    "Last day on which it is of use.": "Dernier jour utile.",
    "Keep its place, but serve it from this day on only.": "Garde son rang, mais n'est servie qu'à partir de ce jour.",
    "Give --record or --barcode.": "Donnez --record ou --barcode.",
    "End a hold. An item put aside for it goes to the next who waits, or home.": (
        "Annule une réservation. Le document mis de côté va au suivant, ou rentre."
    ),
    "Keep a hold's place in line without serving it, until a day.": (
        "Garde le rang d'une réservation sans la servir, jusqu'à un jour."
    ),
    "Day from which it is served again.": "Jour à partir duquel elle est de nouveau servie.",
    "Serve a suspended hold again, from now on.": "Sert de nouveau une réservation suspendue, dès maintenant.",
    "Have a hold fetched at another library, unless its item stands on the shelf already.": (
        "Change la bibliothèque de retrait, sauf si le document y attend déjà."
    ),
    "Library where it will be fetched.": "Bibliothèque de retrait.",
    "Keep an item on the hold shelf once more as long, if nobody waits for it.": (
        "Garde un document au retrait encore une fois aussi longtemps, si personne ne l'attend."
    ),
    "Serve a hold before all others. The journal says who did it.": (
        "Sert une réservation avant toutes les autres. Le journal dit qui l'a fait."
    ),
    "Note in which slot of the hold shelf an item stands.": (
        "Note la case de l'étagère des réservations où est un document."
    ),
    "List a reader's holds, with their rank while they wait.": (
        "Liste les réservations d'un lecteur, avec leur rang tant qu'elles attendent."
    ),
    "Show the line for a title: what is captured, then who waits, in order. It names no reader.": (
        "Montre la file d'un titre : ce qui est mis de côté, puis les attentes, dans l'ordre. Aucun lecteur n'y est nommé."
    ),
    "List what stands on a library's hold shelf.": "Liste l'étagère des réservations d'une bibliothèque.",
    "List what is to be taken from a library's hold shelf, its hold having ended, and where it goes.": (
        "Liste ce qu'il faut ôter de l'étagère des réservations, réservation close, et où cela va."
    ),
    "Holds that ended since this day; the last two days if not given.": (
        "Réservations closes depuis ce jour ; les deux derniers jours par défaut."
    ),
    "Show what a library is asked for, in the order of its shelves. It names no reader.": (
        "Montre ce qui est demandé à une bibliothèque, dans l'ordre de ses rayons. Aucun lecteur n'y est nommé."
    ),
    "Note that an item asked for was not found: another library is asked. Twice: it is to be searched.": (
        "Note qu'un document demandé n'a pas été trouvé : une autre bibliothèque est sollicitée. Deux fois : il est à rechercher."
    ),
    "Noted; the item is to be searched.": "Noté ; le document est à rechercher.",
    "Noted.": "Noté.",
    "End holds that nobody fetches or needs any longer": "Clore les réservations non retirées ou devenues inutiles",
    "Ask libraries for the items that holds wait for": "Demander aux bibliothèques les documents réservés",
    "Talk to the running daemon.": "Parle au service en marche.",
    "Tell how the daemon is and where it listens.": "Dit comment va le service et où il écoute.",
    "Have the daemon read devices, certificates and log level again, as SIGHUP does.": (
        "Fait relire au service terminaux, certificats et niveau de journal, comme SIGHUP."
    ),
    "Have the daemon finish what is under way and stop, as SIGTERM does.": (
        "Fait finir au service ce qui est en cours, puis l'arrête, comme SIGTERM."
    ),
    "Import records with their items from a file in ISO 2709 or MARCXML. A second time it changes nothing.": (
        "Importe des notices avec leurs exemplaires d'un fichier ISO 2709 ou MARCXML. Une seconde fois, rien ne change."
    ),
    "Library that the records come from.": "Bibliothèque d'où viennent les notices.",
    "Z39.50 database that they join, made if new (repeatable).": (
        "Base Z39.50 qu'elles rejoignent, créée si elle manque (répétable)."
    ),
    "Format of the records, if it cannot be told from them.": "Format des notices, si elles ne le disent pas elles-mêmes.",
    "Character set of the records, if it cannot be told from them.": (
        "Jeu de caractères des notices, si elles ne le disent pas elles-mêmes."
    ),
    "How the source describes items.": "Façon dont la source décrit les exemplaires.",
    "Where rejected records go, with their reasons beside (here, named FILE.rejects).": (
        "Où vont les notices rejetées, avec les motifs à côté (ici, sous le nom FICHIER.rejects)."
    ),
}

_EXITS: Final = {
    "done": "fait",
    "an unforeseen failure, which the log or the trace tells": "un échec imprévu, que dit le journal ou la trace",
    "wrong usage of the command line": "mauvais usage de la ligne de commande",
    "what was given is refused, and nothing was written": "ce qui a été donné est refusé, rien n'a été écrit",
    "part of what was given is refused, the rest was written": (
        "une partie de ce qui a été donné est refusée, le reste a été écrit"
    ),
    "the store is in use by another process, or does not answer": (
        "la base est prise par un autre processus, ou ne répond pas"
    ),
    "the configuration is wrong": "la configuration est fausse",
    "an address cannot be listened on": "une adresse ne peut pas être écoutée",
    "the database's schema is not this release's": "le schéma de la base n'est pas celui de cette version",
}

_TOLD: Final = {
    "Error: {message}": "Erreur : {message}",
    "The configuration is good.": "La configuration est bonne.",
    "The store is in use: stop who uses it, or wait. ({error})": (
        "La base est prise : arrêtez qui s'en sert, ou attendez. ({error})"
    ),
    "The database's schema is not this release's: run 'bibliobus db upgrade'. ({error})": (
        "Le schéma de la base n'est pas celui de cette version : lancez « bibliobus db upgrade ». ({error})"
    ),
    "The store does not answer: {error}": "La base ne répond pas : {error}",
    "Cannot listen on {error}": "Écoute impossible sur {error}",
    "Making the demo network; this takes a few seconds, once.": (
        "Création du réseau de démonstration : quelques secondes, une seule fois."
    ),
    "Bibliobus {version} serves {network}. Stop it with Ctrl-C. To try:": (
        "Bibliobus {version} sert {network}. Ctrl-C l'arrête. À essayer :"
    ),
    "healthy": "tout va bien",
    "the database does not answer": "la base ne répond pas",
    "The database is sound.": "La base est saine.",
    "The database is damaged; restore a backup.": "La base est endommagée : restaurez une sauvegarde.",
    "The schema is up to date ({revision}).": "Le schéma est à jour ({revision}).",
    "The schema went from {before} to {after}.": "Le schéma est passé de {before} à {after}.",
    "{added} added, {changed} changed, {unchanged} as before": "{added} ajoutés, {changed} changés, {unchanged} inchangés",
    "There is no store in {directory}.": "Il n'y a pas de base dans {directory}.",
    "{file} is not UTF-8.": "{file} n'est pas en UTF-8.",
    "nothing was written.": "rien n'a été écrit.",
    "Nothing was written.": "Rien n'a été écrit.",
    "records: {read} read, {added} added, {changed} changed, {unchanged} as before, {rejected} rejected": (
        "notices : {read} lues, {added} ajoutées, {changed} changées, {unchanged} inchangées, {rejected} rejetées"
    ),
    "items: {added} added, {changed} changed, {unchanged} as before, {refused} refused, {bare} without a barcode": (
        "exemplaires : {added} ajoutés, {changed} changés, {unchanged} inchangés, {refused} refusés, {bare} sans code à barres"
    ),
    "code {code} of the source ({role}) is not the network's": "le réseau ne connaît pas le code {code} de la source ({role})",
    "item {barcode} of record {control} refused: {why}": "exemplaire {barcode} de la notice {control} refusé : {why}",
    "Rejected records are in {path}.": "Les notices rejetées sont dans {path}.",
    "The file cannot be read on: {error}": "La suite du fichier est illisible : {error}",
    "The network has no library {code}.": "Le réseau n'a pas de bibliothèque {code}.",
    "The network has no partner {code}.": "Le réseau n'a pas de partenaire {code}.",
    "There is no patron category {code}; there are: {known}": (
        "Il n'y a pas de catégorie d'usagers {code} ; il y a : {known}"
    ),
    "What was given is not text in UTF-8.": "Ce qui a été donné n'est pas du texte en UTF-8.",
    "The daemon stopped meanwhile.": "Le service s'est arrêté entre-temps.",
    "Another daemon runs in {directory}.": "Un autre service tourne dans {directory}.",
    "No daemon answers at {path}.": "Aucun service ne répond à {path}.",
    "The path {path} is too long for a socket ({limit} octets): choose another directory.": (
        "Le chemin {path} est trop long pour une socket ({limit} octets) : choisissez un autre dossier."
    ),
    "the certificate or its private key is not good, or they do not belong together": (
        "le certificat ou sa clé privée n'est pas bon, ou l'un n'est pas à l'autre"
    ),
    "cannot be used: {error}": "inutilisable : {error}",
    "clients= belongs to ssl: endpoints": "clients= appartient aux adresses ssl:",
    "{path} holds no certificates": "{path} ne contient aucun certificat",
    "is for SIP2 alone": "est réservé à SIP2",
    "Write down, masked, what a SIP2 device and the daemon say to each other from now on; tells the file.": (
        "Noter, masqué, ce qu'un appareil SIP2 et le démon se disent à partir de maintenant ; donne le fichier."
    ),
    "For how long.": "Pendant combien de temps.",
    "no such device, or no such span: {error}": "pas d'appareil ou de durée de ce nom : {error}",
}

_CONFIGURATION: Final = {
    "must be {wanted}, not {given}": "doit être {wanted}, pas {given}",
    "a text": "un texte",
    "a path": "un chemin",
    "a table": "une table",
    "a list of texts": "une liste de textes",
    "a whole number above zero": "un nombre entier supérieur à zéro",
    'a number of seconds or a text like "30s", "5m" or "1h"': (
        'un nombre de secondes ou un texte comme "30s", "5m" ou "1h"'
    ),
    "one of {choices}": "l'un de {choices}",
    "no such key; there are: {keys}": "cette clé n'existe pas ; il y a : {keys}",
    "is no PostgreSQL URL: write postgresql://user@host/name": (
        "n'est pas une URL PostgreSQL : écrivez postgresql://utilisateur@machine/base"
    ),
    "holds a password: write it to a file and name that in store.password_file": (
        "contient un mot de passe : écrivez-le dans un fichier, nommé par store.password_file"
    ),
    "is of no use without store.url": "ne sert à rien sans store.url",
    "the daemon would listen nowhere": "le service n'écouterait nulle part",
    "is not TOML: {error}": "n'est pas du TOML : {error}",
    "is not UTF-8": "n'est pas en UTF-8",
    "cannot be read: {error}": "illisible : {error}",
}

_RECORDS: Final = {
    # protocols.marc.errors.Reason
    "shorter than a leader and a directory": "plus courte qu'un guide et un répertoire",
    "longer than any ISO 2709 record": "plus longue que toute notice ISO 2709",
    "the file ends before the record does": "le fichier finit avant la notice",
    "the directory is not a list of twelve-character entries": "le répertoire n'est pas fait d'entrées de douze caractères",
    "the directory does not fit the data": "le répertoire ne correspond pas aux données",
    "the record holds no field": "la notice n'a aucune zone",
    "neither UNIMARC nor MARC21 can be recognised": "ni UNIMARC ni MARC21 n'est reconnaissable",
    "not a bibliographic record": "ce n'est pas une notice bibliographique",
    "the XML of the record is not a MARC record": "le XML n'est pas celui d'une notice MARC",
    "its source has marked it as deleted": "sa source l'a marquée comme supprimée",
    "an earlier record of the file is the same": "une notice précédente du fichier est la même",
    "ISO 2709 cannot hold it once it is in UTF-8": "une fois en UTF-8, elle ne tient pas en ISO 2709",
    # protocols.marc.canonical.Finding
    "says another character set than it is in": "annonce un autre jeu de caractères que le sien",
    "converted from another character set to UTF-8": "converties d'un autre jeu de caractères en UTF-8",
    "some fields are in another character set than the record": (
        "certaines zones sont dans un autre jeu de caractères que la notice"
    ),
    "UTF-8 encoded twice": "codées deux fois en UTF-8",
    "characters that could not be read": "caractères illisibles",
    "its leader gives another length": "son guide donne une autre longueur",
    "UNIMARC without field 100": "UNIMARC sans zone 100",
    # storage.intake.marc_import.ItemProblem, and the roles of codes
    "its barcode is an ISBN, which every copy shares": ("son code à barres est un ISBN, commun à tous les exemplaires"),
    "an earlier item of the file has the same barcode": "un exemplaire précédent du fichier a le même code à barres",
    "its barcode is on an item of another record": "son code à barres est sur un exemplaire d'une autre notice",
    "the network has no item type": "le réseau n'a aucun type de document",
    "owner": "propriétaire",
    "place": "lieu",
    "kind": "type",
    # server.demo.STAGES
    "network": "réseau",
    "records": "notices",
    "databases": "bases",
    "readers": "lecteurs",
    "history": "passé",
}

_CLICK: Final = {
    "Usage:": "Usage :",
    "Options": "Options",
    "Commands": "Commandes",
    "Positional arguments": "Arguments",
    "Show this message and exit.": "Montre cette aide.",
    "Show the version and exit.": "Montre la version.",
    "%(prog)s, version %(version)s": "%(prog)s, version %(version)s",
    "Aborted!": "Interrompu !",
    "default: {default}": "par défaut : {default}",
    "Try '{command} {option}' for help.": "Essayez « {command} {option} » pour l'aide.",
    "Missing command.": "Il manque une commande.",
    "Missing argument": "Il manque l'argument",
    "Missing option": "Il manque l'option",
    "Missing parameter": "Il manque le paramètre",
    "No such command {name!r}.": "La commande {name!r} n'existe pas.",
    "No such option {name!r}.": "L'option {name!r} n'existe pas.",
    "Did you mean {possibility}?\0(Did you mean one of: {possibilities}?)": (
        "Vouliez-vous dire {possibility} ?\0(Vouliez-vous dire : {possibilities} ?)"
    ),
    "Got unexpected extra argument ({args})\0Got unexpected extra arguments ({args})": (
        "Argument en trop ({args})\0Arguments en trop ({args})"
    ),
    "Option {name!r} requires an argument.\0Option {name!r} requires {nargs} arguments.": (
        "L'option {name!r} veut un argument.\0L'option {name!r} veut {nargs} arguments."
    ),
    "Option {name!r} does not take a value.": "L'option {name!r} ne prend pas de valeur.",
    "Invalid value: {message}": "Valeur incorrecte : {message}",
    "Invalid value for {param_hint}: {message}": "Valeur incorrecte pour {param_hint} : {message}",
    "{value!r} is not {choice}.\0{value!r} is not one of {choices}.": (
        "{value!r} n'est pas {choice}.\0{value!r} n'est aucun de {choices}."
    ),
    "file": "fichier",
    "directory": "dossier",
    "path": "chemin",
    "{name} {filename!r} does not exist.": "{name} {filename!r} n'existe pas.",
    "{name} {filename!r} is a file.": "{name} {filename!r} est un fichier.",
    "{name} {filename!r} is a directory.": "{name} {filename!r} est un dossier.",
    "{name} {filename!r} is not readable.": "{name} {filename!r} n'est pas lisible.",
    "{name} {filename!r} is not writable.": "{name} {filename!r} n'est pas modifiable.",
    "Could not open file {filename!r}: {message}": "Impossible d'ouvrir {filename!r} : {message}",
}

FRENCH: Final[dict[str, str]] = {
    **_COMMANDS,
    **_EXITS,
    **_TOLD,
    **_CONFIGURATION,
    **_RECORDS,
    **READERS,
    **ILL,
    **LOANS,
    **NETWORK,
    **ORIGIN,
    **SHUTTLE,
    **_CLICK,
}
"""Every text, as `gettext` is asked for it."""
