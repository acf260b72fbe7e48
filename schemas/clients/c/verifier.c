/* Faire vérifier des situations par le connecteur : déposer des demandes, les publier, lire les réponses.
 *
 * Installer :  sudo apt-get install gcc make librabbitmq-dev libsqlite3-dev libjansson-dev libssl-dev sqlite3
 * Préparer  :  sqlite3 verifier.db < ../base.sql
 * Compiler  :  make     (ou : cc -std=c11 -O1 -o verifier verifier.c -lrabbitmq -lsqlite3 -ljansson -lssl -lcrypto)
 * Déposer   :  ./verifier deposer interactive < demande.json
 * Publier   :  ./verifier publier                                   (tourne jusqu'à SIGTERM)
 * Lire      :  ./verifier lire                                      (de même, sur sa propre connexion)
 *
 * Réglages, dans l'environnement : voir `usage`. Écrit pour rabbitmq-c 0.11 et SQLite 3.35 ou plus (RETURNING).
 * Un rabbitmq-c plus récent range ses en-têtes dans <rabbitmq-c/…> (0.12), corrige sa vérification du nom d'hôte et
 * ajoute amqp_ssl_socket_enable_default_verify_paths (0.14) et amqp_publisher_confirm_wait (0.15).
 */
#define _DEFAULT_SOURCE /* sigaction, nanosleep, random */
#include <amqp.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <inttypes.h>
#include <jansson.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CANAL = 1, BATTEMENT_EN_SECONDES = 10, CONFIRMATION_EN_SECONDES = 30, CONNEXION_EN_SECONDES = 10 };
enum { ATTENTE_MAXIMALE_EN_SECONDES = 60, REDEMANDES_MAXIMALES = 5, PREMIERE_REDEMANDE_EN_SECONDES = 30 };
enum { CONSEIL_MAXIMAL_EN_SECONDES = 30 * 86400, CORPS_MAXIMAL = 64 * 1024, NUMERO_MAXIMAL = 255 };
#define ILLISIBLE "illisible"

static const char usage[] =
    "usage : verifier deposer interactive|batch < demande.json\n"
    "        verifier publier\n"
    "        verifier lire\n\n"
    "Réglages, dans l'environnement :\n"
    "  CCAS_URL       amqps://editeur:mot-de-passe@courtier:5671/%2F\n"
    "  CCAS_AUTORITE  certificat (PEM) de l'autorité de l'hébergeur ; sans lui : les autorités du système\n"
    "  CCAS_FILE      file des réponses ; sans elle : replies.<utilisateur>\n"
    "  CCAS_BASE      base SQLite ; sans elle : verifier.db\n";

static volatile sig_atomic_t arret;
static struct amqp_connection_info adresse; /* ses textes sont dans une copie de CCAS_URL, décodée sur place */
static char file[NUMERO_MAXIMAL + 1];
static sqlite3 *base;     /* ouverte au besoin, refermée après un échec */
static char panne[300];   /* le dernier échec, pour le journal */

/* Ce qui se rend seul à la sortie du bloc (gcc et clang), quel que soit le chemin. Jansson a de même json_auto_t. */
#define RENDRE(fonction) __attribute__((cleanup(fonction)))
static void rendre_requete(sqlite3_stmt **requete) { sqlite3_finalize(*requete); }
static void rendre_texte(char **texte) { free(*texte); }

/* Écrire une ligne du journal : ni identité ni donnée, seulement des numéros, des statuts et des codes. Les octets sont
 * de l'UTF-8 quelle que soit la langue du système : ne pas appeler setlocale, dont dépend aussi la lecture du JSON. */
__attribute__((format(printf, 1, 2))) static void dire(const char *format, ...) {
  char ligne[1024];
  va_list suite;
  va_start(suite, format);
  vsnprintf(ligne, sizeof ligne, format, suite);
  va_end(suite);
  for (char *c = ligne; *c; c++)
    if ((unsigned char)*c < ' ') *c = ' '; /* un numéro venu du courtier ne doit pas pouvoir écrire une autre ligne */
  puts(ligne);
  fflush(stdout);
}

/* Noter l'échec, et rendre faux. */
__attribute__((format(printf, 1, 2))) static bool echec(const char *format, ...) {
  va_list suite;
  va_start(suite, format);
  vsnprintf(panne, sizeof panne, format, suite);
  va_end(suite);
  return false;
}

static const char *reglage(const char *nom) { /* vide, il compte comme absent */
  const char *valeur = getenv(nom);
  return valeur && *valeur ? valeur : NULL;
}

static double maintenant(void) { /* pour mesurer une attente : l'heure du système, elle, peut être changée */
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double hasard(double de, double a) { return de + (a - de) * (double)random() / 2147483647.0; }

/* --- La base de l'éditeur ---------------------------------------------------------------------------------------- */

static void fermer_base(void) { /* une transaction restée ouverte est annulée */
  sqlite3_close(base);
  base = NULL;
}

/* Exécuter une instruction, jusqu'à sa première ligne, que l'appelant rend, s'il la demande.
 * Types des valeurs : s texte ou NULL, j texte JSON ou nul, i entier de 64 bits, b octets. */
static int sql(sqlite3_stmt **ligne, const char *texte, const char *types, ...) {
  RENDRE(rendre_requete) sqlite3_stmt *requete = NULL;
  int etat = sqlite3_prepare_v2(base, texte, -1, &requete, NULL);
  va_list valeurs;
  va_start(valeurs, types);
  for (int n = 1; etat == SQLITE_OK && types[n - 1]; n++) {
    if (types[n - 1] == 'i') {
      etat = sqlite3_bind_int64(requete, n, va_arg(valeurs, sqlite3_int64));
    } else if (types[n - 1] == 's') {
      etat = sqlite3_bind_text(requete, n, va_arg(valeurs, const char *), -1, SQLITE_TRANSIENT);
    } else if (types[n - 1] == 'j') {
      const json_t *valeur = va_arg(valeurs, json_t *);
      etat = sqlite3_bind_text64(requete, n, json_string_value(valeur), json_string_length(valeur), SQLITE_TRANSIENT,
                                 SQLITE_UTF8);
    } else { /* un corps vide n'a pas d'adresse, et une adresse nulle serait un NULL */
      amqp_bytes_t octets = va_arg(valeurs, amqp_bytes_t);
      etat = sqlite3_bind_blob64(requete, n, octets.len ? octets.bytes : "", octets.len, SQLITE_TRANSIENT);
    }
  }
  va_end(valeurs);
  if (etat == SQLITE_OK) etat = sqlite3_step(requete);
  if (etat != SQLITE_ROW && etat != SQLITE_DONE) echec("%s", sqlite3_errmsg(base));
  if (etat == SQLITE_ROW && ligne) {
    *ligne = requete;
    requete = NULL;
  }
  return etat;
}

static bool fait(int etat) { return etat == SQLITE_DONE || etat == SQLITE_ROW; }

static bool ouvrir_base(void) {
  const char *nom = reglage("CCAS_BASE");
  if (base) return true;
  int etat = sqlite3_open_v2(nom ? nom : "verifier.db", &base, SQLITE_OPEN_READWRITE, NULL);
  if (etat == SQLITE_OK) {
    sqlite3_busy_timeout(base, 1000); /* court : pendant ce temps, les battements de la connexion sont suspendus */
    /* Les demandes que le courtier vient de refuser : une table de cette connexion à la base, en mémoire. */
    if (fait(sql(NULL, "PRAGMA temp_store = MEMORY", "")) &&
        fait(sql(NULL, "CREATE TEMP TABLE refusees (job_id TEXT PRIMARY KEY)", "")))
      return true;
  } else {
    echec("%s", base ? sqlite3_errmsg(base) : "mémoire insuffisante");
  }
  fermer_base();
  return false;
}

typedef struct {
  char *job_id, *voie, *corps;
  sqlite3_int64 deposee_le; /* secondes Unix */
} Depot;

static void rendre_depot(Depot *depot) {
  free(depot->job_id);
  free(depot->voie);
  free(depot->corps);
}

static char *copie(sqlite3_stmt *ligne, int colonne) {
  const char *valeur = (const char *)sqlite3_column_text(ligne, colonne);
  return valeur ? strdup(valeur) : NULL;
}

/* Copier la prochaine demande à publier, s'il y en a une : garder la ligne ouverte pendant l'attente de la confirmation
 * retiendrait la base. */
static bool prochaine(Depot *depot) {
  RENDRE(rendre_requete) sqlite3_stmt *ligne = NULL;
  int etat = sql(&ligne, /* l'agent qui attend passe avant les campagnes, dont la voie peut être pleine */
                 "SELECT job_id, voie, corps, deposee_le FROM demandes"
                 " WHERE confirmee_le IS NULL AND pas_avant <= ? AND job_id NOT IN refusees"
                 " ORDER BY voie = 'batch', pas_avant, deposee_le LIMIT 1",
                 "i", (sqlite3_int64)time(NULL));
  if (etat != SQLITE_ROW) return fait(etat);
  *depot = (Depot){copie(ligne, 0), copie(ligne, 1), copie(ligne, 2), sqlite3_column_int64(ligne, 3)};
  return (depot->job_id && depot->voie && depot->corps) || echec("mémoire insuffisante");
}

/* Garder une demande à publier. Une vraie application le fait dans la transaction qui enregistre le dossier. */
static int deposer(const char *voie) {
  static char corps[CORPS_MAXIMAL + 1];
  json_error_t erreur = {0};
  size_t taille = fread(corps, 1, sizeof corps, stdin);
  json_auto_t *demande = taille < sizeof corps ? json_loadb(corps, taille, 0, &erreur) : NULL;
  const json_t *job_id = json_object_get(demande, "job_id");
  if (!demande) {
    if (taille == sizeof corps) fprintf(stderr, "demande de plus de 64 Kio\n");
    else fprintf(stderr, "la demande n'est pas du JSON : ligne %d, colonne %d\n", erreur.line, erreur.column);
    return 1;
  }
  if (!json_string_length(job_id) || json_string_length(job_id) > NUMERO_MAXIMAL) {
    fprintf(stderr, "job_id : un texte de 1 à 255 octets est attendu\n");
    return 1;
  }
  corps[taille] = '\0';
  if (!ouvrir_base() ||
      !fait(sql(NULL, "INSERT INTO demandes (job_id, voie, corps, deposee_le) VALUES (?, ?, ?, ?)", "jssi", job_id,
                voie, corps, (sqlite3_int64)time(NULL)))) {
    fprintf(stderr, "demande non déposée : %s\n", panne);
    fermer_base();
    return 1;
  }
  dire("déposée %s", json_string_value(job_id));
  fermer_base();
  return 0;
}

/* --- Ce que chaque réponse demande au produit -------------------------------------------------------------------- */

typedef struct {
  bool connue;
  json_t *corps; /* nul s'il ne se lit pas */
  sqlite3_int64 redemandes;
} Demande;

static void rendre_demande(Demande *demande) { json_decref(demande->corps); }

static bool charger(Demande *demande, const json_t *cle) {
  RENDRE(rendre_requete) sqlite3_stmt *ligne = NULL;
  int etat = sql(&ligne, "SELECT corps, redemandes FROM demandes WHERE job_id = ?", "j", cle);
  if (etat == SQLITE_ROW) {
    const char *corps = (const char *)sqlite3_column_text(ligne, 0);
    demande->connue = true;
    demande->corps = corps ? json_loads(corps, 0, NULL) : NULL;
    demande->redemandes = sqlite3_column_int64(ligne, 1);
  }
  return fait(etat);
}

/* Rendre un texte d'un objet ; NULL s'il manque, s'il est nul ou d'un autre type, ou si l'objet n'en est pas un. */
static const char *texte(const json_t *objet, const char *nom) {
  return json_string_value(json_object_get(objet, nom));
}

static bool est(const char *a, const char *b) { return a && strcmp(a, b) == 0; }

/* Retrouver dans la demande la vérification que la réponse nomme. */
static json_t *demandee(const Demande *demande, const char *numero) {
  size_t i;
  json_t *check, *checks = json_object_get(demande->corps, "checks");
  json_array_foreach(checks, i, check) {
    const char *id = texte(check, "id");
    if (numero && est(id && *id ? id : texte(check, "check"), numero)) return check;
  }
  return NULL;
}

static const char *suite_de(const json_t *check, const Demande *demande) {
  const char *statut = texte(check, "status");
  const json_t *raison = json_object_get(check, "reason");
  if (!statut || !texte(check, "id")) return "signaler";
  if (est(statut, "found")) return "utiliser";
  if (est(statut, "not_found")) return est(texte(raison, "code"), "not_concerned") ? "sans_objet" : "aucun_dossier";
  if (est(statut, "not_identified")) return "corriger_identite";
  /* `error`, ou un statut à venir : seul `retryable` dit si la même question peut réussir plus tard. */
  bool peut_reussir = json_is_true(json_object_get(raison, "retryable")) && demandee(demande, texte(check, "id"));
  /* Un jeton FranceConnect ne vit qu'une minute ; et « :r5 » doit tenir dans les 128 caractères d'un numéro. */
  peut_reussir = peut_reussir && !texte(demande->corps, "france_connect_token") && 
                  json_string_length(json_object_get(demande->corps, "job_id")) <= 125;
  return peut_reussir && demande->redemandes < REDEMANDES_MAXIMALES ? "redemander" : "signaler";
}

static bool noter_suite(const json_t *cle, const char *numero, const char *statut, const char *code,
                        const char *suite) {
  return fait(sql(NULL, "INSERT OR IGNORE INTO suites (cle, verification, statut, code, suite) VALUES (?, ?, ?, ?, ?)",
                  "jssss", cle, numero ? numero : "", statut ? statut : ILLISIBLE, code, suite));
}

/* Déposer de nouveau, pour plus tard et sous un autre `job_id`, ce qui peut encore réussir. */
static bool redemander(const json_t *cle, Demande *demande, json_t *echecs, double conseil) {
  char job_id[NUMERO_MAXIMAL + 25];
  int fois = (int)demande->redemandes + 1;
  snprintf(job_id, sizeof job_id - 20, "%s", json_string_value(cle));
  char *fin = demande->redemandes ? strrchr(job_id, ':') : NULL; /* le « :r1 » de la fois précédente */
  if (!fin) fin = job_id + strlen(job_id);
  sprintf(fin, ":r%d", fois);

  double attente = PREMIERE_REDEMANDE_EN_SECONDES * (double)(1 << (fois - 1));
  if (conseil > attente) attente = conseil < CONSEIL_MAXIMAL_EN_SECONDES ? conseil : CONSEIL_MAXIMAL_EN_SECONDES;
  sqlite3_int64 instant = (sqlite3_int64)((double)time(NULL) + attente * hasard(1, 1.2));

  json_object_set_new(demande->corps, "job_id", json_string(job_id));
  json_object_set(demande->corps, "checks", echecs);
  /* L'agent n'attend plus devant la personne : plus d'échéance propre, et la voie des campagnes. */
  json_object_del(demande->corps, "expires_at");
  RENDRE(rendre_texte) char *corps = json_dumps(demande->corps, JSON_COMPACT);
  if (!corps) return echec("mémoire insuffisante");
  return fait(sql(NULL,
                  "INSERT OR IGNORE INTO demandes (job_id, voie, corps, deposee_le, pas_avant, redemandes)"
                  " VALUES (?, 'batch', ?, ?, ?, ?)",
                  "ssiii", job_id, corps, instant, instant, (sqlite3_int64)fois));
}

/* Noter ce que le produit fait de chaque vérification. */
static bool noter_suites(const json_t *cle, const json_t *reponse, const char *statut) {
  RENDRE(rendre_demande) Demande demande = {0};
  if (est(statut, ILLISIBLE)) return noter_suite(cle, "", statut, NULL, "signaler");
  if (!charger(&demande, cle)) return false;
  /* Un autre programme de l'éditeur, ou une base restaurée : la réponse est gardée pour qui l'attend. */
  if (!demande.connue) return noter_suite(cle, "", statut, NULL, "autre_programme");
  if (est(statut, "rejected")) {
    const json_t *erreur = json_array_get(json_object_get(reponse, "errors"), 0);
    return noter_suite(cle, "", statut, texte(erreur, "code"), "corriger_demande");
  }
  size_t i;
  json_t *check, *checks = json_object_get(reponse, "checks");
  if (!json_array_size(checks)) return noter_suite(cle, "", statut, NULL, "signaler");
  json_auto_t *echecs = json_array();
  double conseil = 0;
  json_array_foreach(checks, i, check) {
    const json_t *raison = json_object_get(check, "reason");
    const char *suite = suite_de(check, &demande);
    if (!noter_suite(cle, texte(check, "id"), texte(check, "status"), texte(raison, "code"), suite)) return false;
    if (!est(suite, "redemander")) continue;
    double avis = json_number_value(json_object_get(raison, "retry_after_seconds"));
    if (avis > conseil) conseil = avis;
    if (json_array_append(echecs, demandee(&demande, texte(check, "id")))) return echec("mémoire insuffisante");
  }
  return !json_array_size(echecs) || redemander(cle, &demande, echecs, conseil);
}

/* Rendre le numéro de la réponse : son `job_id`, à défaut le `correlation_id`, à défaut le `message_id`. Sans eux, ou
 * illisible, elle en reçoit un à elle : deux tels messages ne sont pas une seule réponse, et aucun ne tient lieu de la vraie. */
static json_t *cle_de(const json_t *reponse, const char *statut, const amqp_basic_properties_t *p) {
  uint64_t hasard;
  sqlite3_randomness(sizeof hasard, &hasard);
  if (est(statut, ILLISIBLE)) return json_sprintf("illisible-%016" PRIx64, hasard);
  json_t *cle = json_object_get(reponse, "job_id");
  if (json_string_length(cle)) return json_incref(cle);
  cle = NULL;
  /* Une propriété dont le drapeau manque n'a pas été reçue ; json_stringn refuse ce qui n'est pas de l'UTF-8. */
  if (p->_flags & AMQP_BASIC_CORRELATION_ID_FLAG && p->correlation_id.len)
    cle = json_stringn(p->correlation_id.bytes, p->correlation_id.len);
  if (!cle && p->_flags & AMQP_BASIC_MESSAGE_ID_FLAG && p->message_id.len)
    cle = json_stringn(p->message_id.bytes, p->message_id.len);
  return cle ? cle : json_sprintf("illisible-%016" PRIx64, hasard);
}

/* Garder une réponse et ce qu'il y a à en faire, en une transaction. Reçue deux fois, elle ne compte qu'une fois. */
static bool enregistrer(const amqp_message_t *message) {
  /* Illisible, elle est gardée telle quelle, et la lecture continue. Lire les entiers comme des réels évite qu'un
   * nombre de plus de 64 bits, quelque part dans `data`, rende toute la réponse illisible. */
  json_auto_t *reponse = message->body.len ? json_loadb(message->body.bytes, message->body.len,
                                                        JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL)
                                           : NULL;
  const char *statut = texte(reponse, "status");
  if (!statut) statut = ILLISIBLE;
  json_auto_t *cle = cle_de(reponse, statut, &message->properties);
  if (!ouvrir_base() || !fait(sql(NULL, "BEGIN IMMEDIATE", ""))) {
    fermer_base();
    return false;
  }
  RENDRE(rendre_requete) sqlite3_stmt *ligne = NULL;
  int etat = sql(&ligne,
                 "INSERT INTO reponses (cle, rejet, corps, recue_le) VALUES (?, ?, ?, ?)"
                 " ON CONFLICT (cle, rejet) DO UPDATE SET fois = fois + 1 RETURNING fois",
                 "jibi", cle, (sqlite3_int64)est(statut, "rejected"), message->body, (sqlite3_int64)time(NULL));
  sqlite3_int64 fois = etat == SQLITE_ROW ? sqlite3_column_int64(ligne, 0) : 0;
  sqlite3_finalize(ligne);
  ligne = NULL;
  if (!fois || (fois == 1 && !noter_suites(cle, reponse, statut)) || !fait(sql(NULL, "COMMIT", ""))) {
    fermer_base();
    return false;
  }
  if (fois > 1) dire("reçue %s : %s, pour la %llde fois", json_string_value(cle), statut, (long long)fois);
  else dire("reçue %s : %s", json_string_value(cle), statut);
  return true;
}

/* --- Le courtier ------------------------------------------------------------------------------------------------- */

typedef struct {
  amqp_connection_state_t amqp;
  bool ouverte;        /* elle peut encore être fermée dans les formes */
  bool bloquee;        /* le courtier n'a plus de mémoire ou de disque, et ne lit plus ce qui est publié */
  uint64_t publiees;   /* sur ce canal : le numéro de la dernière, celui que porte sa confirmation */
} Courtier;

/* Dire si l'échange avec le courtier a réussi. */
static bool reussi(amqp_rpc_reply_t reponse) {
  if (reponse.reply_type == AMQP_RESPONSE_NORMAL) return true;
  if (reponse.reply_type != AMQP_RESPONSE_SERVER_EXCEPTION)
    return echec("%s", amqp_error_string2(reponse.library_error));
  if (reponse.reply.id == AMQP_CHANNEL_CLOSE_METHOD) {
    const amqp_channel_close_t *motif = reponse.reply.decoded;
    return echec("%d %.*s", motif->reply_code, (int)motif->reply_text.len, (const char *)motif->reply_text.bytes);
  }
  if (reponse.reply.id == AMQP_CONNECTION_CLOSE_METHOD) {
    const amqp_connection_close_t *motif = reponse.reply.decoded;
    return echec("%d %.*s", motif->reply_code, (int)motif->reply_text.len, (const char *)motif->reply_text.bytes);
  }
  return echec("réponse inattendue du courtier");
}

static void deconnecter(Courtier *courtier) {
  if (!courtier->amqp) return;
  struct timeval une_seconde = {1, 0};
  amqp_set_rpc_timeout(courtier->amqp, &une_seconde);
  if (courtier->ouverte) amqp_connection_close(courtier->amqp, AMQP_REPLY_SUCCESS);
  amqp_destroy_connection(courtier->amqp);
}

static const char *defaut_du_certificat; /* le motif d'OpenSSL ; rabbitmq-c dit seulement « SSL handshake failed » */

static int controler(int valable, X509_STORE_CTX *certificat) {
  if (!valable) defaut_du_certificat = X509_verify_cert_error_string(X509_STORE_CTX_get_error(certificat));
  return valable;
}

/* Vérifier le certificat du courtier et son nom, pendant la poignée de main : rien n'est envoyé à un autre.
 * C'est OpenSSL qui compare le nom, et non rabbitmq-c, qui ne connaît pas les certificats délivrés à une adresse IP. */
static amqp_socket_t *prise_tls(amqp_connection_state_t amqp) {
  const char *autorite = reglage("CCAS_AUTORITE");
  amqp_socket_t *prise = amqp_ssl_socket_new(amqp);
  SSL_CTX *contexte = prise ? amqp_ssl_socket_get_context(prise) : NULL;
  if (!contexte) return NULL;
  if (amqp_ssl_socket_set_ssl_versions(prise, AMQP_TLSv1_2, AMQP_TLSvLATEST) != AMQP_STATUS_OK) return NULL;
  if (autorite ? amqp_ssl_socket_set_cacert(prise, autorite) != AMQP_STATUS_OK
               : SSL_CTX_set_default_verify_paths(contexte) != 1)
    return NULL;
  X509_VERIFY_PARAM *attendu = SSL_CTX_get0_param(contexte);
  if (X509_VERIFY_PARAM_set1_ip_asc(attendu, adresse.host) != 1 &&
      X509_VERIFY_PARAM_set1_host(attendu, adresse.host, 0) != 1)
    return NULL;
  SSL_CTX_set_verify(contexte, SSL_VERIFY_PEER, controler);
  amqp_ssl_socket_set_verify_peer(prise, 1);
  amqp_ssl_socket_set_verify_hostname(prise, 0); /* fait ci-dessus */
  return prise;
}

static bool connecter(Courtier *courtier, const char *travail) {
  struct timeval delai = {CONNEXION_EN_SECONDES, 0};
  amqp_connection_state_t amqp = courtier->amqp = amqp_new_connection();
  if (!amqp) return echec("mémoire insuffisante");
  amqp_socket_t *prise = adresse.ssl ? prise_tls(amqp) : amqp_tcp_socket_new(amqp);
  if (!prise) return echec("TLS : autorité absente ou illisible (CCAS_AUTORITE)");
  defaut_du_certificat = NULL;
  int etat = amqp_socket_open_noblock(prise, adresse.host, adresse.port, &delai);
  if (etat != AMQP_STATUS_OK && defaut_du_certificat) return echec("TLS : %s", defaut_du_certificat);
  if (etat != AMQP_STATUS_OK) return echec("%s", amqp_error_string2(etat));
  /* Un envoi que personne ne reçoit ne bloque pas plus longtemps que l'attente d'une confirmation. */
  unsigned int silence_en_ms = CONFIRMATION_EN_SECONDES * 1000;
  setsockopt(amqp_get_sockfd(amqp), IPPROTO_TCP, TCP_USER_TIMEOUT, &silence_en_ms, sizeof silence_en_ms);
  amqp_set_handshake_timeout(amqp, &delai);
  amqp_set_rpc_timeout(amqp, &delai);
  char nom[40]; /* ce que l'hébergeur voit de la connexion */
  snprintf(nom, sizeof nom, "verifier %s", travail);
  /* rabbitmq-c n'annonce pas ces capacités ; sans elles, le courtier tait que la file est supprimée, ou qu'il bloque. */
  const amqp_field_value_t vrai = {.kind = AMQP_FIELD_KIND_BOOLEAN, .value.boolean = 1};
  amqp_table_entry_t capacites[] = {{amqp_cstring_bytes("consumer_cancel_notify"), vrai},
                                    {amqp_cstring_bytes("connection.blocked"), vrai}};
  amqp_table_entry_t client[] = {
      {amqp_cstring_bytes("connection_name"), {AMQP_FIELD_KIND_UTF8, {.bytes = amqp_cstring_bytes(nom)}}},
      {amqp_cstring_bytes("capabilities"), {AMQP_FIELD_KIND_TABLE, {.table = {2, capacites}}}}};
  amqp_table_t proprietes = {2, client};
  if (!reussi(amqp_login_with_properties(amqp, adresse.vhost, 0, AMQP_DEFAULT_FRAME_SIZE, BATTEMENT_EN_SECONDES,
                                         &proprietes, AMQP_SASL_METHOD_PLAIN, adresse.user, adresse.password)))
    return false;
  courtier->ouverte = true;
  amqp_channel_open(amqp, CANAL);
  return reussi(amqp_get_rpc_reply(amqp));
}

/* Dire ce que devient la connexion après une trame qui n'est pas attendue : faux si elle, ou le canal, est fermé. */
static bool reste_ouverte(Courtier *courtier, const amqp_frame_t *trame) {
  if (trame->frame_type != AMQP_FRAME_METHOD) return true; /* le contenu d'un message rendu */
  amqp_rpc_reply_t fin = {.reply_type = AMQP_RESPONSE_SERVER_EXCEPTION, .reply = trame->payload.method};
  switch (trame->payload.method.id) {
    case AMQP_CONNECTION_CLOSE_METHOD:
      courtier->ouverte = false;
      return reussi(fin);
    case AMQP_CHANNEL_CLOSE_METHOD:
      return reussi(fin);
    case AMQP_BASIC_CANCEL_METHOD:
      return echec("le courtier a mis fin à la lecture : file supprimée ou remplacée");
    case AMQP_CONNECTION_BLOCKED_METHOD:
      courtier->bloquee = true;
      return true;
    case AMQP_CONNECTION_UNBLOCKED_METHOD:
      courtier->bloquee = false;
      return true;
    default:
      return true; /* une confirmation venue trop tard */
  }
}

/* Recevoir une trame, une demi-seconde au plus. Les battements ne sont envoyés et vérifiés que dans ces appels : toute
 * attente, quelle qu'en soit la raison, passe par ici. Rend 1, 0 s'il n'y a rien, -1 si la connexion est perdue. */
static int recevoir(Courtier *courtier, amqp_frame_t *trame) {
  struct timeval delai = {0, 500000};
  amqp_maybe_release_buffers(courtier->amqp);
  int etat = amqp_simple_wait_frame_noblock(courtier->amqp, trame, &delai);
  if (etat == AMQP_STATUS_TIMEOUT) return 0;
  if (etat == AMQP_STATUS_OK) return 1;
  courtier->ouverte = false;
  echec("%s", amqp_error_string2(etat));
  return -1;
}

static bool veiller(Courtier *courtier) {
  amqp_frame_t trame;
  int recue = recevoir(courtier, &trame);
  return recue == 0 || (recue == 1 && reste_ouverte(courtier, &trame));
}

/* Attendre de plus en plus tant que rien ne réussit, un peu au hasard pour ne pas revenir tous ensemble. */
static double annoncer(int *patience, const char *quoi) {
  dire("%s, nouvel essai dans %d s : %s", quoi, *patience, panne);
  double fin = maintenant() + *patience * hasard(0.5, 1);
  *patience = *patience * 2 < ATTENTE_MAXIMALE_EN_SECONDES ? *patience * 2 : ATTENTE_MAXIMALE_EN_SECONDES;
  return fin;
}

static bool attendre_la_base(Courtier *courtier, int *patience) {
  double fin = annoncer(patience, "base indisponible");
  while (!arret && maintenant() < fin)
    if (!veiller(courtier)) return false;
  return true;
}

typedef enum { CONFIRMEE, REFUSEE, PERDUE } Issue;

/* Dire si une confirmation est celle de la dernière publication, et non celle, trop tardive, d'une précédente. */
static bool concerne(const Courtier *courtier, uint64_t etiquette, amqp_boolean_t et_avant) {
  return etiquette == courtier->publiees || (et_avant && etiquette > courtier->publiees);
}

/* Attendre la confirmation de la dernière publication. Un message sans file est rendu (`mandatory`), puis confirmé. */
static Issue attendre_confirmation(Courtier *courtier, const char *job_id) {
  double fin = maintenant() + CONFIRMATION_EN_SECONDES;
  bool rendue = false;
  while (!arret && maintenant() < fin) {
    amqp_frame_t trame;
    int recue = recevoir(courtier, &trame);
    if (recue < 0) return PERDUE;
    if (recue == 0) continue;
    if (trame.frame_type == AMQP_FRAME_HEADER) { /* suit basic.return, seul contenu que reçoit cette connexion */
      const amqp_basic_properties_t *p = trame.payload.properties.decoded;
      rendue = rendue || (p->correlation_id.len == strlen(job_id) &&
                          memcmp(p->correlation_id.bytes, job_id, p->correlation_id.len) == 0);
    } else if (trame.frame_type == AMQP_FRAME_METHOD && trame.payload.method.id == AMQP_BASIC_ACK_METHOD) {
      const amqp_basic_ack_t *oui = trame.payload.method.decoded;
      if (!concerne(courtier, oui->delivery_tag, oui->multiple)) continue;
      if (!rendue) return CONFIRMEE;
      echec("%s : sans file", job_id);
      return REFUSEE;
    } else if (trame.frame_type == AMQP_FRAME_METHOD && trame.payload.method.id == AMQP_BASIC_NACK_METHOD) {
      const amqp_basic_nack_t *non = trame.payload.method.decoded;
      if (!concerne(courtier, non->delivery_tag, non->multiple)) continue;
      echec("%s : refusée par le courtier", job_id);
      return REFUSEE;
    } else if (!reste_ouverte(courtier, &trame)) {
      return PERDUE;
    }
  }
  echec("%s : sans confirmation%s", job_id, courtier->bloquee ? ", le courtier est bloqué" : "");
  return courtier->bloquee || arret ? PERDUE : REFUSEE;
}

/* Publier une demande, et attendre ce qu'en dit le courtier. */
static Issue envoyer(Courtier *courtier, const Depot *depot) {
  char cle[NUMERO_MAXIMAL + 1];
  snprintf(cle, sizeof cle, "%s.%s", adresse.user, depot->voie);
  amqp_basic_properties_t proprietes = {
      /* Une propriété dont le drapeau manque n'est pas envoyée, même renseignée. */
      ._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_CORRELATION_ID_FLAG |
                AMQP_BASIC_REPLY_TO_FLAG | AMQP_BASIC_TIMESTAMP_FLAG | AMQP_BASIC_USER_ID_FLAG,
      .content_type = amqp_cstring_bytes("application/json"),
      .delivery_mode = AMQP_DELIVERY_PERSISTENT,
      .correlation_id = amqp_cstring_bytes(depot->job_id),
      .reply_to = amqp_cstring_bytes(file),
      .timestamp = (uint64_t)depot->deposee_le, /* en secondes */
      .user_id = amqp_cstring_bytes(adresse.user),
  };
  if (proprietes.correlation_id.len > NUMERO_MAXIMAL) { /* rabbitmq-c enverrait une trame fausse : connexion fermée */
    echec("un job_id de plus de %d octets", NUMERO_MAXIMAL);
    return REFUSEE;
  }
  int etat = amqp_basic_publish(courtier->amqp, CANAL, amqp_cstring_bytes("verifications"), amqp_cstring_bytes(cle),
                                1 /* mandatory */, 0, &proprietes, amqp_cstring_bytes(depot->corps));
  if (etat != AMQP_STATUS_OK) {
    courtier->ouverte = false;
    echec("%s", amqp_error_string2(etat));
    return PERDUE;
  }
  courtier->publiees++;
  return attendre_confirmation(courtier, depot->job_id);
}

/* Publier jusqu'à l'arrêt, une demande à la fois ; faux quand la connexion est perdue. */
static bool publier(Courtier *courtier, int *patience) {
  int base_absente = 1, refus = 1;
  double reprise = 0; /* quand présenter de nouveau les demandes refusées ; 0 s'il n'y en a pas */
  amqp_confirm_select(courtier->amqp, CANAL);
  if (!reussi(amqp_get_rpc_reply(courtier->amqp))) return false;
  dire("publication prête");
  while (!arret) {
    RENDRE(rendre_depot) Depot depot = {0};
    if (reprise > 0 && maintenant() >= reprise && ouvrir_base() && fait(sql(NULL, "DELETE FROM refusees", "")))
      reprise = 0;
    if (!ouvrir_base() || !prochaine(&depot)) {
      fermer_base();
      if (!attendre_la_base(courtier, &base_absente)) return false;
      continue;
    }
    base_absente = 1;
    if (!depot.job_id) {
      if (!veiller(courtier)) return false;
      *patience = 1;
      continue;
    }
    Issue issue = envoyer(courtier, &depot);
    if (issue == PERDUE) return false;
    if (issue == REFUSEE) { /* file absente ou pleine : les autres demandes n'attendent pas celle-là */
      if (reprise <= 0) reprise = annoncer(&refus, "demande non confirmée");
      /* Un canal refusé peut le rester quand la file a de nouveau de la place (rabbitmq-server, 12206) : en ouvrir un
       * autre. */
      if (refus == ATTENTE_MAXIMALE_EN_SECONDES) return echec("demandes refusées de suite");
      if (!fait(sql(NULL, "INSERT OR IGNORE INTO refusees (job_id) VALUES (?)", "s", depot.job_id))) return false;
      continue;
    }
    dire("publiée %s", depot.job_id);
    *patience = 1;
    if (reprise <= 0) refus = 1;
    /* Confirmée mais non notée, par un arrêt ou une coupure, elle sera republiée : le connecteur la reconnaît. */
    while (!ouvrir_base() || !fait(sql(NULL, "UPDATE demandes SET confirmee_le = ? WHERE job_id = ?", "is",
                                       (sqlite3_int64)time(NULL), depot.job_id))) {
      fermer_base();
      if (arret) return true;
      if (!attendre_la_base(courtier, &base_absente)) return false;
    }
    base_absente = 1;
  }
  return true;
}

/* Lire jusqu'à l'arrêt ; faux quand la connexion est perdue. */
static bool lire(Courtier *courtier, int *patience) {
  int base_absente = 1;
  /* Une réponse à la fois : pendant que la base manque, aucune autre n'arrive dans les trames que lit `veiller`. Avec
   * davantage, il faudrait les garder soi-même, car rabbitmq-c ne les remet pas à part des autres trames. */
  amqp_basic_qos(courtier->amqp, CANAL, 0, 1, 0);
  if (!reussi(amqp_get_rpc_reply(courtier->amqp))) return false;
  amqp_basic_consume(courtier->amqp, CANAL, amqp_cstring_bytes(file), amqp_empty_bytes, 0, 0 /* no_ack */, 0,
                     amqp_empty_table);
  if (!reussi(amqp_get_rpc_reply(courtier->amqp))) return false;
  dire("lecture prête");
  while (!arret) {
    amqp_envelope_t livraison;
    struct timeval delai = {0, 500000};
    amqp_maybe_release_buffers(courtier->amqp);
    amqp_rpc_reply_t recue = amqp_consume_message(courtier->amqp, &livraison, &delai, 0);
    if (recue.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION && recue.library_error == AMQP_STATUS_UNEXPECTED_STATE) {
      if (!veiller(courtier)) return false; /* une autre trame, remise en attente : la lire, sinon elle y resterait */
      continue;
    }
    if (recue.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION && recue.library_error == AMQP_STATUS_TIMEOUT) {
      *patience = 1;
      continue;
    }
    if (!reussi(recue)) {
      courtier->ouverte = false;
      return false;
    }
    *patience = 1;
    bool gardee, ouverte = true;
    while (!(gardee = enregistrer(&livraison.message)) && !arret && ouverte)
      ouverte = attendre_la_base(courtier, &base_absente); /* la réponse reste au courtier, non acquittée */
    amqp_destroy_envelope(&livraison);
    if (!ouverte) return false;
    if (!gardee) return true;
    base_absente = 1;
    int etat = amqp_basic_ack(courtier->amqp, CANAL, livraison.delivery_tag, 0); /* enregistrée d'abord */
    if (etat != AMQP_STATUS_OK) {
      courtier->ouverte = false;
      return echec("%s", amqp_error_string2(etat));
    }
  }
  return true;
}

/* Faire un travail jusqu'à l'arrêt : quand le courtier manque, attendre de plus en plus, puis se reconnecter. */
static void en_continu(const char *nom, bool (*travail)(Courtier *, int *)) {
  int patience = 1;
  while (!arret) {
    Courtier courtier = {0};
    bool termine = connecter(&courtier, nom) && travail(&courtier, &patience);
    deconnecter(&courtier);
    fermer_base();
    if (termine || arret) continue;
    double fin = annoncer(&patience, "courtier indisponible");
    const struct timespec un_peu = {0, 200000000};
    while (!arret && maintenant() < fin) nanosleep(&un_peu, NULL);
  }
}

/* S'arrêter proprement ; et sans attendre, au bout de deux secondes, un appel qui ne revient pas (résolution du nom,
 * connexion, réseau muet). Rien ne se perd : ce qui n'est pas confirmé ou acquitté sera republié ou remis. */
static void demander_arret(int signal_recu) {
  (void)signal_recu;
  arret = 1;
  alarm(2);
}

static void arreter(int signal_recu) {
  (void)signal_recu;
  _exit(0);
}

static void ecouter_les_signaux(void) {
  struct sigaction demande = {.sa_handler = demander_arret}, fin = {.sa_handler = arreter};
  struct sigaction rien = {.sa_handler = SIG_IGN};
  sigaction(SIGTERM, &demande, NULL);
  sigaction(SIGINT, &demande, NULL);
  sigaction(SIGALRM, &fin, NULL);
  sigaction(SIGPIPE, &rien, NULL);
}

/* Lire CCAS_URL. amqp_parse_url décode %2F, mais refuse %C3%A9 (un « é ») : décoder d'abord les octets non ASCII, dont
 * aucun ne sépare les parties d'une adresse. */
static bool lire_adresse(char *url) {
  char *vers = url;
  for (const char *de = url; *de; vers++) {
    const char code[3] = {de[0] == '%' ? de[1] : '\0', de[1] ? de[2] : '\0', '\0'};
    if (strspn(code, "0123456789abcdefABCDEF") == 2 && strtol(code, NULL, 16) > 127) {
      *vers = (char)strtol(code, NULL, 16);
      de += 3;
    } else {
      *vers = *de++;
    }
  }
  *vers = '\0';
  if (amqp_parse_url(url, &adresse) != AMQP_STATUS_OK || !*adresse.user || strlen(adresse.user) > 200) return false;
  if (!*adresse.vhost) adresse.vhost = "/";
  const char *choisie = reglage("CCAS_FILE");
  int taille = choisie ? snprintf(file, sizeof file, "%s", choisie)
                       : snprintf(file, sizeof file, "replies.%s", adresse.user);
  return taille < (int)sizeof file;
}

int main(int nombre, char **arguments) {
  const char *commande = nombre > 1 ? arguments[1] : "";
  srandom((unsigned int)time(NULL) ^ (unsigned int)getpid());
  if (nombre == 3 && est(commande, "deposer") && (est(arguments[2], "interactive") || est(arguments[2], "batch")))
    return deposer(arguments[2]);
  bool publie = est(commande, "publier");
  if (nombre != 2 || !(publie || est(commande, "lire"))) {
    bool aide = est(commande, "--help") || est(commande, "-h");
    fputs(usage, aide ? stdout : stderr);
    return aide ? 0 : 2;
  }
  RENDRE(rendre_texte) char *url = strdup(reglage("CCAS_URL") ? reglage("CCAS_URL") : "");
  if (!url || !strchr(url, '@') || !lire_adresse(url)) { /* sans utilisateur, amqp_parse_url choisirait guest */
    fprintf(stderr, "CCAS_URL ou CCAS_FILE : absente ou mal formée\n\n%s", usage);
    return 2;
  }
  ecouter_les_signaux();
  if (publie) en_continu("publier", publier);
  else en_continu("lire", lire);
  return 0;
}
