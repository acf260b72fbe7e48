/*
 * Faire vérifier des situations par le connecteur : déposer des demandes, les publier, lire les réponses.
 *
 * Installer :  sudo apt-get install sqlite3 ; npm install --no-package-lock      (Node 20 ou plus)
 * Préparer  :  sqlite3 verifier.db < ../base.sql
 * Déposer   :  node verifier.mjs deposer interactive < demande.json
 * Publier   :  node verifier.mjs publier                      (tourne jusqu'à SIGTERM)
 * Lire      :  node verifier.mjs lire                         (de même, sur sa propre connexion)
 *
 * Réglages, dans l'environnement :
 *   CCAS_URL       amqps://editeur:mot-de-passe@courtier:5671/%2F
 *   CCAS_AUTORITE  certificat (PEM) de l'autorité de l'hébergeur
 *   CCAS_FILE      file des réponses ; sans elle : replies.<utilisateur>
 *   CCAS_BASE      base SQLite ; sans elle : verifier.db
 *
 * better-sqlite3 prend un binaire chez GitHub ; sans accès, npm la compile : apt-get install build-essential python3.
 * Debian 12 n'a ni amqplib ni better-sqlite3 : npm seul. amqplib sait se reconnecter depuis sa version 1.1 (`recovery`) ;
 * ce programme le fait lui-même, comme ceux des autres langages. better-sqlite3 13 demande un Node plus récent que 20.
 */

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { setImmediate as souffler, setTimeout as dormir } from 'node:timers/promises';

import amqp from 'amqplib';
import Database from 'better-sqlite3';

const BATTEMENT_EN_SECONDES = 10;
const CONFIRMATION_EN_SECONDES = 30;
const ATTENTE_MAXIMALE_EN_SECONDES = 60;
const REDEMANDES_MAXIMALES = 5;
const NUMERO_MAXIMAL = 125;
const PREMIERE_REDEMANDE_EN_SECONDES = 30;
const A_LA_FOIS = 50;
const ILLISIBLE = 'illisible';

const URL_DU_COURTIER = URL.canParse(process.env.CCAS_URL ?? '') ? new URL(process.env.CCAS_URL) : null;
const AUTORITE = process.env.CCAS_AUTORITE;
const EDITEUR = decodeURIComponent(URL_DU_COURTIER?.username ?? '');
const FILE = process.env.CCAS_FILE || `replies.${EDITEUR}`;
const BASE = process.env.CCAS_BASE || 'verifier.db';
const arret = new AbortController();

/** Écrire une ligne du journal : ni identité ni donnée, seulement des numéros, des statuts et des codes. */
function dire(ligne) {
  process.stdout.write(`${ligne.replace(/\p{Cc}+/gu, ' ')}\n`);
}

const enSecondes = () => Math.floor(Date.now() / 1000);
const auHasard = (de, a) => de + Math.random() * (a - de);

/** Des attentes de plus en plus longues tant que rien ne réussit, un peu au hasard pour ne pas revenir tous ensemble. */
class Patience {
  #secondes = 1;
  #fin = 0;

  reussite() {
    this.#secondes = 1;
    this.#fin = 0;
  }

  echec(quoi, panne) {
    // Une adresse essayée en IPv6 puis en IPv4 échoue en AggregateError, dont seul le code dit quelque chose.
    dire(`${quoi}, nouvel essai dans ${this.#secondes} s : ${[panne.code, panne.message].filter(Boolean).join(' ')}`);
    this.#fin = performance.now() + this.#secondes * auHasard(500, 1000);
    this.#secondes = Math.min(this.#secondes * 2, ATTENTE_MAXIMALE_EN_SECONDES);
  }

  get estLongue() {
    return this.#secondes === ATTENTE_MAXIMALE_EN_SECONDES;
  }

  get dure() {
    return !arret.signal.aborted && performance.now() < this.#fin;
  }
}

// --- La base de l'éditeur ---------------------------------------------------------------------------------------------

class PanneDeBase extends Error {}

let ouverte = null;

/**
 * Travailler sur la base, ouverte au besoin ; après une panne, l'essai suivant l'ouvre de nouveau.
 *
 * better-sqlite3 est synchrone : une base verrouillée arrête tout le processus une seconde, bien moins qu'un battement.
 */
function avecLaBase(travail) {
  try {
    if (ouverte === null) {
      ouverte = new Database(BASE, { timeout: 1000, fileMustExist: true });
      // better-sqlite3 est compilée avec NORMAL pour le WAL : une coupure de courant perdrait ce qui vient d'être acquitté.
      ouverte.pragma('synchronous = FULL');
    }
    return travail(ouverte);
  } catch (panne) {
    ouverte?.close();
    ouverte = null;
    throw new PanneDeBase(panne.message, { cause: panne });
  }
}

/** Garder une demande à publier. Une vraie application le fait dans la transaction qui enregistre le dossier. */
function deposer(voie, corps) {
  const jobId = texte(lireJson(corps)?.job_id);
  if (jobId === null || Buffer.byteLength(jobId) > 255) {
    throw new Error("demande illisible : un objet JSON qui porte un job_id est attendu");
  }
  avecLaBase((base) => base
    .prepare('INSERT INTO demandes (job_id, voie, corps, deposee_le) VALUES (?, ?, ?, ?)')
    .run(jobId, voie, corps, enSecondes()));
  dire(`déposée ${jobId}`);
}

function aPublier(voie) {
  return avecLaBase((base) => base
    .prepare('SELECT * FROM demandes WHERE confirmee_le IS NULL AND voie = ? AND pas_avant <= ?'
      + ' ORDER BY pas_avant, deposee_le LIMIT ?')
    .all(voie, enSecondes(), A_LA_FOIS));
}

function confirmer(jobId) {
  avecLaBase((base) => base.prepare('UPDATE demandes SET confirmee_le = ? WHERE job_id = ?').run(enSecondes(), jobId));
}

/** Garder une réponse et ce qu'il y a à en faire, en une transaction. Reçue deux fois, elle ne compte qu'une fois. */
function enregistrer({ content: corps, properties: proprietes }) {
  const reponse = lireJson(corps) ?? {};
  const statut = texte(reponse.status) ?? ILLISIBLE;
  const numero = texte(reponse.job_id) ?? texte(proprietes.correlationId) ?? texte(proprietes.messageId);
  // Un numéro à lui : deux tels messages ne sont pas une seule réponse, et aucun ne tient lieu de la vraie.
  const cle = numero === null || statut === ILLISIBLE ? `illisible-${randomUUID()}` : numero;
  const fois = avecLaBase((base) => base.transaction(() => {
    const { fois } = base
      .prepare('INSERT INTO reponses (cle, rejet, corps, recue_le) VALUES (?, ?, ?, ?)'
        + ' ON CONFLICT (cle, rejet) DO UPDATE SET fois = fois + 1 RETURNING fois')
      .get(cle, statut === 'rejected' ? 1 : 0, corps, enSecondes());
    if (fois === 1) {
      const demande = base.prepare('SELECT * FROM demandes WHERE job_id = ?').get(cle);
      const { suites, nouvelle } = decider(reponse, statut, demande);
      const garder = base.prepare(
        'INSERT OR IGNORE INTO suites (cle, verification, statut, code, suite) VALUES (?, ?, ?, ?, ?)');
      for (const suite of suites) {
        garder.run(cle, ...suite);
      }
      if (nouvelle) {
        base
          .prepare('INSERT OR IGNORE INTO demandes (job_id, voie, corps, deposee_le, pas_avant, redemandes)'
            + " VALUES (@job_id, 'batch', @corps, @instant, @instant, @fois)")
          .run(nouvelle);
      }
    }
    return fois;
  }).immediate());
  dire(`reçue ${cle} : ${statut}${fois > 1 ? `, pour la ${fois}e fois` : ''}`);
}

/** Rendre l'objet JSON, ou null si ce n'en est pas un : le message est gardé tel quel, et la lecture continue. */
function lireJson(corps) {
  try {
    const lisible = typeof corps === 'string' ? corps : new TextDecoder('utf-8', { fatal: true }).decode(corps);
    return objet(JSON.parse(lisible));
  } catch {
    return null;
  }
}

// Un membre attendu peut manquer, être nul ou d'un autre type.
const objet = (valeur) => (typeof valeur === 'object' && !Array.isArray(valeur) ? valeur : null);
const objets = (valeur) => (Array.isArray(valeur) ? valeur.map((element) => objet(element) ?? {}) : []);
const texte = (valeur) => (typeof valeur === 'string' && valeur !== '' ? valeur : null);
const raison = (check) => objet(check.reason) ?? {};

// --- Ce que chaque réponse demande au produit -------------------------------------------------------------------------

/** Dire les suites d'une réponse, et la demande de ce qui peut encore réussir, ou null. */
function decider(reponse, statut, demande) {
  try {
    const nouvelle = demande && statut !== 'rejected' ? redemander(reponse, demande) : null;
    return { suites: suites(reponse, statut, demande), nouvelle };
  } catch {
    // Une réponse que ce programme ne sait pas suivre n'arrête pas la lecture : un humain la verra.
    return { suites: [['', statut, null, 'signaler']], nouvelle: null };
  }
}

/** Dire ce que le produit fait de chaque vérification : [vérification, statut, code, suite]. */
function suites(reponse, statut, demande) {
  if (statut === ILLISIBLE) {
    return [['', statut, null, 'signaler']];
  }
  if (!demande) {
    // Un autre programme de l'éditeur, ou une base restaurée : la réponse est gardée pour qui l'attend.
    return [['', statut, null, 'autre_programme']];
  }
  if (statut === 'rejected') {
    return [['', statut, texte(objets(reponse.errors)[0]?.code), 'corriger_demande']];
  }
  const toutes = objets(reponse.checks).map((check) => [
    texte(check.id) ?? '', texte(check.status) ?? ILLISIBLE, texte(raison(check).code), suiteDe(check, demande),
  ]);
  return toutes.length ? toutes : [['', statut, null, 'signaler']];
}

function suiteDe(check, demande) {
  if (texte(check.id) === null || texte(check.status) === null) {
    return 'signaler';
  }
  switch (check.status) {
    case 'found':
      return 'utiliser';
    case 'not_found':
      return raison(check).code === 'not_concerned' ? 'sans_objet' : 'aucun_dossier';
    case 'not_identified':
      return 'corriger_identite';
    default: {
      // `error`, ou un statut à venir : seul `retryable` dit si la même question peut réussir plus tard.
      // Un jeton FranceConnect ne vit qu'une minute ; et « :r5 » doit tenir dans les 128 caractères d'un numéro.
      const peutReussir = raison(check).retryable === true && demande.redemandes < REDEMANDES_MAXIMALES
        && !lireJson(demande.corps)?.france_connect_token && demande.job_id.length <= NUMERO_MAXIMAL;
      return peutReussir ? 'redemander' : 'signaler';
    }
  }
}

/** Rédiger, pour plus tard et sous un autre `job_id`, la demande de ce qui peut encore réussir ; null s'il n'y en a pas. */
function redemander(reponse, demande) {
  const echecs = objets(reponse.checks).filter((check) => suiteDe(check, demande) === 'redemander');
  if (echecs.length === 0) {
    return null;
  }
  const fois = demande.redemandes + 1;
  const conseils = echecs.map((check) => raison(check).retry_after_seconds).filter((s) => Number.isSafeInteger(s));
  const attente = Math.max(PREMIERE_REDEMANDE_EN_SECONDES * 2 ** (fois - 1), ...conseils);
  const racine = demande.redemandes > 0 ? demande.job_id.replace(/:r\d+$/, '') : demande.job_id;
  const corps = JSON.parse(demande.corps);
  corps.job_id = `${racine}:r${fois}`;
  const numeros = new Set(echecs.map((check) => check.id));
  corps.checks = corps.checks.filter((check) => numeros.has(check.id ?? check.check));
  if (corps.checks.length === 0) {
    throw new Error('aucune de ces vérifications n’était demandée');
  }
  // L'agent n'attend plus devant la personne : plus d'échéance propre, et la voie des campagnes.
  delete corps.expires_at;
  const instant = Math.floor(Date.now() / 1000 + attente * auHasard(1, 1.2));
  return { job_id: corps.job_id, corps: JSON.stringify(corps), instant, fois };
}

// --- Le courtier ------------------------------------------------------------------------------------------------------

/** Une connexion et son canal. Une fois perdue, `verifier` lève la panne : aucun événement n'en lève de son côté. */
class Courtier {
  #connexion;
  #canal;
  #perdue = false;
  #panne = null;
  #retour = null;
  #reveiller = () => {};

  static async ouvrir() {
    const courtier = new Courtier();
    // En objet : lue par amqplib, l'adresse rendrait mal un mot de passe accentué (`unescape`).
    courtier.#connexion = await amqp.connect(
      {
        protocol: URL_DU_COURTIER.protocol.replace(':', ''),
        hostname: URL_DU_COURTIER.hostname.replace(/^\[|\]$/g, ''),
        port: URL_DU_COURTIER.port,
        username: EDITEUR,
        password: decodeURIComponent(URL_DU_COURTIER.password),
        vhost: URL_DU_COURTIER.pathname.slice(1), // amqplib décode `%2F`
        heartbeat: BATTEMENT_EN_SECONDES,
      },
      // Node vérifie le certificat et le nom d'hôte ; `timeout` ne vaut que pour l'ouverture.
      { ca: AUTORITE ? readFileSync(AUTORITE) : undefined, timeout: 10_000, noDelay: true },
    );
    courtier.#surveiller(courtier.#connexion);
    return courtier;
  }

  /** Retenir la première panne. Sans écouteur d'`error`, Node arrêterait le processus. */
  #surveiller(emetteur) {
    emetteur.on('error', (panne) => this.#perdre(panne));
    emetteur.on('close', (panne) => this.#perdre(panne)); // sans panne pour un canal, que sa connexion suit
  }

  #perdre(panne) {
    this.#perdue = true;
    this.#panne ??= panne;
    this.#reveiller();
  }

  verifier() {
    if (this.#perdue) {
      throw this.#panne ?? new Error('canal fermé');
    }
  }

  async preparerPublication() {
    this.#canal = await this.#connexion.createConfirmChannel();
    this.#surveiller(this.#canal);
    // Le courtier renvoie un message sans file, puis le confirme : le retour doit se voir avant la confirmation.
    this.#canal.on('return', ({ fields }) => {
      this.#retour = new Error(`renvoyée, ${fields.replyCode} ${fields.replyText}`);
    });
  }

  /** Publier une demande et attendre sa confirmation ; rendre null une fois confirmée, sinon pourquoi elle ne l'est pas. */
  async publier(demande) {
    this.verifier();
    this.#retour = null;
    const refus = await new Promise((resoudre, rejeter) => {
      // La connexion est alors quittée : tardive, la confirmation ne sera pas prise pour celle d'une autre demande.
      const delai = setTimeout(rejeter, CONFIRMATION_EN_SECONDES * 1000, new Error('confirmation non reçue'));
      this.#canal.publish('verifications', `${EDITEUR}.${demande.voie}`, Buffer.from(demande.corps), {
        mandatory: true,
        contentType: 'application/json',
        persistent: true,
        correlationId: demande.job_id,
        replyTo: FILE,
        timestamp: demande.deposee_le, // en secondes, et non Date.now()
        userId: EDITEUR,
      }, (erreur) => {
        clearTimeout(delai);
        resoudre(erreur);
      });
    });
    this.verifier(); // un canal fermé appelle aussi cette fonction : ce n'est pas un refus de cette demande
    return refus ?? this.#retour;
  }

  /** Rendre la file où viennent les réponses. */
  async consommer() {
    const recues = [];
    this.#canal = await this.#connexion.createChannel();
    this.#surveiller(this.#canal);
    await this.#canal.prefetch(A_LA_FOIS);
    await this.#canal.consume(FILE, (message) => {
      if (message === null) {
        this.#perdre(new Error('file de réponses supprimée')); // le courtier a annulé la consommation
      } else {
        recues.push(message);
        this.#reveiller();
      }
    });
    return recues;
  }

  acquitter(message) {
    this.#canal.ack(message);
  }

  /** Attendre une réponse ou une panne, au plus ce temps. Les battements continuent : amqplib les envoie d'une minuterie. */
  async attendre(millisecondes) {
    await new Promise((resoudre) => {
      const delai = setTimeout(resoudre, millisecondes);
      this.#reveiller = () => {
        clearTimeout(delai);
        resoudre();
      };
    });
  }

  async fermer() {
    await Promise.race([this.#connexion.close().catch(() => {}), dormir(1000, null, { ref: false })]);
    this.#connexion.connection.stream.destroy(); // vers un réseau muet, amqplib laisserait la prise ouverte
  }
}

/** Faire un travail jusqu'à l'arrêt : quand le courtier manque, attendre de plus en plus, puis se reconnecter. */
async function enContinu(travail) {
  const patience = new Patience();
  while (!arret.signal.aborted) {
    let courtier = null;
    try {
      courtier = await Courtier.ouvrir();
      await travail(courtier, patience);
    } catch (panne) {
      if (!arret.signal.aborted) {
        patience.echec('courtier indisponible', panne);
      }
    } finally {
      await courtier?.fermer();
    }
    while (patience.dure) {
      await dormir(200);
    }
  }
}

async function publier(courtier, patience) {
  await courtier.preparerPublication();
  dire('publication prête');
  // L'agent qui attend passe avant les campagnes, et ne patiente pas quand leur voie est pleine : à chacune la sienne.
  const voies = { interactive: new Patience(), batch: new Patience() };
  const baseAbsente = new Patience();
  while (!arret.signal.aborted) {
    let publiees = 0;
    try {
      for (const [voie, refusee] of baseAbsente.dure ? [] : Object.entries(voies)) {
        publiees += refusee.dure ? 0 : await publierVoie(courtier, voie, refusee);
        baseAbsente.reussite();
      }
    } catch (panne) {
      if (!(panne instanceof PanneDeBase)) {
        throw panne;
      }
      baseAbsente.echec('base indisponible', panne);
    }
    courtier.verifier();
    patience.reussite();
    if (publiees === 0) {
      await courtier.attendre(500);
    }
  }
}

async function publierVoie(courtier, voie, patience) {
  let publiees = 0;
  let refus = null;
  for (const demande of aPublier(voie)) {
    if (arret.signal.aborted) {
      break;
    }
    const issue = await courtier.publier(demande);
    if (issue) {
      refus = issue; // file absente ou pleine : les autres demandes n'attendent pas celle-là
      continue;
    }
    dire(`publiée ${demande.job_id}`);
    // Une demande confirmée mais non notée sera republiée : le connecteur la reconnaît à son `job_id`.
    confirmer(demande.job_id);
    patience.reussite();
    publiees += 1;
  }
  if (refus) {
    patience.echec('demande non confirmée', refus);
    if (patience.estLongue) {
      // Un canal refusé peut le rester quand la file a de nouveau de la place (rabbitmq-server, 12206) : en ouvrir un autre.
      throw new Error('demandes refusées de suite');
    }
  }
  return publiees;
}

async function lire(courtier, patience) {
  const recues = await courtier.consommer();
  dire('lecture prête');
  const baseAbsente = new Patience();
  while (!arret.signal.aborted) {
    courtier.verifier();
    if (recues.length === 0 || baseAbsente.dure) {
      // Base absente, les réponses restent au courtier, non acquittées, et la connexion vit.
      await courtier.attendre(500);
      patience.reussite();
      continue;
    }
    try {
      enregistrer(recues[0]);
    } catch (panne) {
      baseAbsente.echec('base indisponible', panne);
      continue;
    }
    courtier.acquitter(recues.shift()); // enregistrer d'abord, acquitter ensuite
    baseAbsente.reussite();
    await souffler(); // la base est synchrone : laisser passer les battements entre deux réponses
  }
}

/** Résoudre peu après le signal d'arrêt, même si une ouverture ou une confirmation se fait attendre. */
async function delaiDArret() {
  await new Promise((resoudre) => arret.signal.addEventListener('abort', resoudre, { once: true }));
  await dormir(1500);
}

async function principal([commande, voie, ...reste]) {
  if (commande === 'deposer' && ['interactive', 'batch'].includes(voie) && reste.length === 0) {
    deposer(voie, await text(process.stdin));
    return;
  }
  const travail = { publier, lire }[commande];
  if (!travail || voie !== undefined || EDITEUR === '') {
    console.error(`usage : node verifier.mjs deposer interactive|batch < demande.json
        node verifier.mjs publier
        node verifier.mjs lire
CCAS_URL (amqps://editeur:mot-de-passe@courtier:5671/%2F) est nécessaire à publier et à lire ;
les autres réglages, CCAS_AUTORITE, CCAS_FILE et CCAS_BASE, sont dits en tête de ce fichier.`);
    process.exit(2);
  }
  process.on('SIGTERM', () => arret.abort());
  process.on('SIGINT', () => arret.abort());
  await Promise.race([enContinu(travail), delaiDArret()]);
  process.exit(0);
}

try {
  await principal(process.argv.slice(2));
} catch (panne) {
  console.error(panne.message);
  process.exit(1);
}
