"""Faire vérifier des situations par le connecteur : déposer des demandes, les publier, lire les réponses.

Installer :  sudo apt-get install python3-pika sqlite3       (ou : pip install pika)
Préparer  :  sqlite3 verifier.db < ../base.sql
Déposer   :  python3 verifier.py deposer interactive < demande.json
Publier   :  python3 verifier.py publier                      (tourne jusqu'à SIGTERM)
Lire      :  python3 verifier.py lire                         (de même, sur sa propre connexion)

Réglages, dans l'environnement :
  CCAS_URL       amqps://editeur:mot-de-passe@courtier:5671/%2F
  CCAS_AUTORITE  certificat (PEM) de l'autorité de l'hébergeur
  CCAS_FILE      file des réponses ; sans elle : replies.<utilisateur>
  CCAS_BASE      base SQLite ; sans elle : verifier.db
"""

import json
import os
import random
import re
import signal
import sqlite3
import ssl
import sys
import threading
import time
import uuid
from contextlib import closing
from functools import partial
from urllib.parse import quote, unquote, urlsplit

import pika
from pika.exceptions import AMQPConnectionError, AMQPError, NackError, UnroutableError

BATTEMENT_EN_SECONDES = 10
CONFIRMATION_EN_SECONDES = 30
ATTENTE_MAXIMALE_EN_SECONDES = 60
REDEMANDES_MAXIMALES = 5
NUMERO_MAXIMAL = 125
PREMIERE_REDEMANDE_EN_SECONDES = 30
REFUS_EN_SECONDES = 10
REFUS_AVANT_RECONNEXION = 6
A_LA_FOIS = 50
ILLISIBLE = "illisible"

URL = os.environ.get("CCAS_URL", "")
AUTORITE = os.environ.get("CCAS_AUTORITE")
BASE = os.environ.get("CCAS_BASE", "verifier.db")
EDITEUR = unquote(urlsplit(URL).username or "")
FILE = os.environ.get("CCAS_FILE", f"replies.{EDITEUR}")
ARRET = threading.Event()


def dire(texte):
    """Écrire une ligne du journal : ni identité ni donnée, seulement des numéros, des statuts et des codes."""
    print(texte, flush=True)


class Arrete(Exception):
    """On demande l'arrêt pendant que la base manque."""


class Patience:
    """Des attentes de plus en plus longues tant que rien ne réussit, un peu au hasard pour ne pas revenir tous ensemble."""

    def __init__(self):
        self.secondes = 1

    def reussite(self):
        self.secondes = 1

    def attendre(self, quoi, panne, dormir=ARRET.wait):
        dire(f"{quoi}, nouvel essai dans {self.secondes} s : {panne!r}")
        fin = time.monotonic() + self.secondes * random.uniform(0.5, 1)
        while not ARRET.is_set() and time.monotonic() < fin:
            dormir(0.5)
        self.secondes = min(self.secondes * 2, ATTENTE_MAXIMALE_EN_SECONDES)


# --- La base de l'éditeur ---------------------------------------------------------------------------------------------


def ouvrir_base():
    # `mode=rw` : une base absente est une panne, et non une base vide de plus.
    base = sqlite3.connect(f"file:{quote(BASE)}?mode=rw", uri=True, timeout=1, isolation_level=None)
    base.row_factory = sqlite3.Row
    return base


def deposer(base, voie, corps):
    """Garder une demande à publier. Une vraie application le fait dans la transaction qui enregistre le dossier."""
    try:
        job_id = json.loads(corps.decode())["job_id"]
    except UnicodeDecodeError:
        sys.exit("demande non déposée : le texte n'est pas en UTF-8")
    except ValueError as erreur:
        sys.exit(f"demande non déposée : ce n'est pas du JSON, {erreur}")
    except (KeyError, TypeError):
        sys.exit("demande non déposée : un objet JSON avec un « job_id » est attendu")
    try:
        base.execute(
            "INSERT INTO demandes (job_id, voie, corps, deposee_le) VALUES (?, ?, ?, ?)",
            (job_id, voie, corps.decode(), int(time.time())),
        )
    except sqlite3.IntegrityError:
        sys.exit(f"demande non déposée : {job_id} l'est déjà ; lui donner un autre « job_id »")
    except sqlite3.OperationalError as panne:
        sys.exit(f"demande non déposée : {panne} ; la base a-t-elle été préparée avec base.sql ?")
    dire(f"déposée {job_id}")


def a_publier(base):
    return base.execute(
        # L'agent qui attend passe avant les campagnes, dont la voie peut être pleine.
        "SELECT * FROM demandes WHERE confirmee_le IS NULL AND pas_avant <= ?"
        " ORDER BY voie = 'batch', pas_avant, deposee_le LIMIT ?",
        (int(time.time()), A_LA_FOIS),
    ).fetchall()


def repousser(base, job_id, secondes):
    """Laisser une demande refusée (file absente ou pleine) pour plus tard : les autres n'attendent pas celle-là."""
    base.execute("UPDATE demandes SET pas_avant = ? WHERE job_id = ?", (int(time.time()) + secondes, job_id))


def confirmer(base, job_id):
    base.execute("UPDATE demandes SET confirmee_le = ? WHERE job_id = ?", (int(time.time()), job_id))


def enregistrer(base, proprietes, corps):
    """Garder une réponse et ce qu'il y a à en faire, en une transaction. Reçue deux fois, elle ne compte qu'une fois."""
    reponse = lire_json(corps)
    statut = texte(reponse, "status") or ILLISIBLE
    cle = texte(reponse, "job_id") or proprietes.correlation_id or proprietes.message_id
    if cle is None or statut == ILLISIBLE:
        # Un numéro à lui : deux tels messages ne sont pas une seule réponse, et aucun ne tient lieu de la vraie.
        cle = f"illisible-{uuid.uuid4()}"
    base.execute("BEGIN IMMEDIATE")
    try:
        fois = base.execute(
            "INSERT INTO reponses (cle, rejet, corps, recue_le) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (cle, rejet) DO UPDATE SET fois = fois + 1 RETURNING fois",
            (cle, statut == "rejected", corps, int(time.time())),
        ).fetchone()["fois"]
        if fois == 1:
            demande = base.execute("SELECT * FROM demandes WHERE job_id = ?", (cle,)).fetchone()
            a_faire, suivante = interpreter(reponse, statut, demande)
            base.executemany(
                "INSERT OR IGNORE INTO suites (cle, verification, statut, code, suite) VALUES (?, ?, ?, ?, ?)",
                [(cle, *suite) for suite in a_faire],
            )
            if suivante:
                base.execute(
                    "INSERT OR IGNORE INTO demandes (job_id, voie, corps, deposee_le, pas_avant, redemandes)"
                    " VALUES (:job_id, 'batch', :corps, :instant, :instant, :redemandes)",
                    suivante,
                )
        base.execute("COMMIT")
    except BaseException:
        if base.in_transaction:
            base.execute("ROLLBACK")
        raise
    dire(f"reçue {cle} : {statut}" + (f", pour la {fois}e fois" if fois > 1 else ""))


def lire_json(corps):
    """Rendre la réponse, ou rien si ce n'en est pas une : le message est gardé tel quel, et la lecture continue."""
    try:
        reponse = json.loads(corps)
    except (ValueError, RecursionError):
        return {}
    return reponse if isinstance(reponse, dict) else {}


def texte(objet, nom):
    return objet[nom] if isinstance(objet.get(nom), str) else None


# --- Ce que chaque réponse demande au produit -------------------------------------------------------------------------


def interpreter(reponse, statut, demande):
    """Dire ce que le produit fait de chaque vérification, (vérification, statut, code, suite), et ce qu'il redemande."""
    if statut == ILLISIBLE:
        return [("", statut, None, "signaler")], None
    if demande is None:
        # Un autre programme de l'éditeur, ou une base restaurée : la réponse est gardée pour qui l'attend.
        return [("", statut, None, "autre_programme")], None
    try:
        if statut == "rejected":
            return [("", statut, reponse["errors"][0]["code"], "corriger_demande")], None
        a_faire = [
            (check["id"], check["status"], raison(check).get("code"), suite_de(check, demande))
            for check in reponse["checks"]
        ]
        return a_faire, redemande(reponse, demande)
    except (LookupError, TypeError, AttributeError):
        return [("", statut, None, "signaler")], None


def raison(check):
    return check.get("reason") or {}


def suite_de(check, demande):
    match check["status"]:
        case "found":
            return "utiliser"
        case "not_found" if raison(check).get("code") == "not_concerned":
            return "sans_objet"
        case "not_found":
            return "aucun_dossier"
        case "not_identified":
            return "corriger_identite"
    # `error`, ou un statut à venir : seul `retryable` dit si la même question peut réussir plus tard.
    if not raison(check).get("retryable") or demande["redemandes"] >= REDEMANDES_MAXIMALES:
        return "signaler"
    # Un jeton FranceConnect ne vit qu'une minute ; et « :r5 » doit tenir dans les 128 caractères d'un numéro.
    est_par_france_connect = json.loads(demande["corps"]).get("france_connect_token")
    return "signaler" if est_par_france_connect or len(demande["job_id"]) > NUMERO_MAXIMAL else "redemander"


def redemande(reponse, demande):
    """Rendre la demande, pour plus tard et sous un autre `job_id`, de ce qui peut encore réussir ; rien s'il n'y en a pas."""
    echecs = [check for check in reponse["checks"] if suite_de(check, demande) == "redemander"]
    if not echecs:
        return None
    fois = demande["redemandes"] + 1
    conseil = max(raison(check).get("retry_after_seconds") or 0 for check in echecs)
    attente = max(conseil, PREMIERE_REDEMANDE_EN_SECONDES * 2 ** (fois - 1))
    corps = json.loads(demande["corps"])
    corps["job_id"] = re.sub(r":r\d+$", "", demande["job_id"]) + f":r{fois}"
    numeros = {check["id"] for check in echecs}
    corps["checks"] = [check for check in corps["checks"] if (check.get("id") or check["check"]) in numeros]
    # L'agent n'attend plus devant la personne : plus d'échéance propre, et la voie des campagnes.
    corps.pop("expires_at", None)
    return {
        "job_id": corps["job_id"],
        "corps": json.dumps(corps, ensure_ascii=False),
        "instant": int(time.time() + attente * random.uniform(1, 1.2)),
        "redemandes": fois,
    }


# --- Le courtier ------------------------------------------------------------------------------------------------------


def connecter():
    parametres = pika.URLParameters(URL)
    if parametres.ssl_options is not None:
        contexte = ssl.create_default_context(cafile=AUTORITE)
        parametres.ssl_options = pika.SSLOptions(contexte, parametres.host)
    parametres.heartbeat = BATTEMENT_EN_SECONDES
    parametres.blocked_connection_timeout = CONFIRMATION_EN_SECONDES
    return pika.BlockingConnection(parametres)


def en_continu(travail):
    """Faire un travail jusqu'à l'arrêt : quand le courtier manque, attendre de plus en plus, puis se reconnecter."""
    patience = Patience()
    while not ARRET.is_set():
        try:
            with connecter() as connexion, closing(ouvrir_base()) as base:
                travail(connexion, base, patience)
        except Arrete:
            return
        except (AMQPError, OSError) as panne:
            patience.attendre("courtier indisponible", panne)
        except sqlite3.Error as panne:
            patience.attendre("base indisponible", panne)


def jusqu_a_la_base(connexion, acte):
    """Faire un acte sur la base. Si elle manque, attendre sur la connexion ouverte, dont les battements continuent."""
    patience = Patience()
    while True:
        try:
            return acte()
        except sqlite3.Error as panne:
            patience.attendre("base indisponible", panne, connexion.sleep)
            if ARRET.is_set():
                raise Arrete from panne  # rien n'est acquitté : la réponse retourne dans sa file


def publier(connexion, base, patience):
    canal = connexion.channel()
    canal.confirm_delivery()  # chaque publication attend alors sa confirmation
    dire("publication prête")
    refus_de_suite = 0
    while not ARRET.is_set():
        demandes = jusqu_a_la_base(connexion, lambda: a_publier(base))
        patience.reussite()  # la connexion tient : un refus n'est pas une panne du courtier
        for demande in demandes:
            try:
                envoyer(canal, demande)
            except (UnroutableError, NackError) as refus:
                dire(
                    f"demande {demande['job_id']} non confirmée, nouvel essai dans {REFUS_EN_SECONDES} s : {refus!r}"
                )
                noter = partial(repousser, base, demande["job_id"], REFUS_EN_SECONDES)
                refus_de_suite += 1
            else:
                refus_de_suite = 0
                noter = partial(confirmer, base, demande["job_id"])
            # Tué ici, le programme la republiera : le connecteur la reconnaît à son `job_id`.
            jusqu_a_la_base(connexion, noter)
        if refus_de_suite >= REFUS_AVANT_RECONNEXION:
            # Un canal refusé peut le rester quand la file a de nouveau de la place
            # (rabbitmq-server, 12206) : en ouvrir un autre.
            raise AMQPConnectionError("demandes refusées de suite")
        if not demandes:
            connexion.sleep(0.5)  # et non time.sleep : les battements de la connexion continuent


def envoyer(canal, demande):
    proprietes = pika.BasicProperties(
        content_type="application/json",
        delivery_mode=2,
        correlation_id=demande["job_id"],
        reply_to=FILE,
        timestamp=demande["deposee_le"],  # en secondes
        user_id=EDITEUR,
    )
    cle = f"{EDITEUR}.{demande['voie']}"
    canal.basic_publish("verifications", cle, demande["corps"].encode(), proprietes, mandatory=True)
    dire(f"publiée {demande['job_id']}")


def lire(connexion, base, patience):
    canal = connexion.channel()
    canal.basic_qos(prefetch_count=A_LA_FOIS)
    dire("lecture prête")
    for livraison, proprietes, corps in canal.consume(FILE, inactivity_timeout=1):
        if livraison is not None:
            patience.reussite()
            jusqu_a_la_base(connexion, partial(enregistrer, base, proprietes, corps))
            canal.basic_ack(livraison.delivery_tag)  # enregistrer d'abord, acquitter ensuite
        if ARRET.is_set():
            return


def principal(arguments):
    signal.signal(signal.SIGTERM, lambda *_: ARRET.set())
    signal.signal(signal.SIGINT, lambda *_: ARRET.set())
    match arguments:
        case ["deposer", ("interactive" | "batch") as voie]:
            with closing(ouvrir_base()) as base:
                deposer(base, voie, sys.stdin.buffer.read())
        case ["publier" | "lire"] if not EDITEUR:
            sys.exit(
                "CCAS_URL manque, ou ne nomme pas d'utilisateur : amqps://editeur:mot-de-passe@courtier:5671/%2F"
            )
        case ["publier"]:
            en_continu(publier)
        case ["lire"]:
            en_continu(lire)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    principal(sys.argv[1:])
