<?php

/*
 * Faire vérifier des situations par le connecteur : déposer des demandes, les publier, lire les réponses.
 *
 * Installer :  sudo apt-get install php-cli php-sqlite3 php-amqplib sqlite3
 *              (ou : composer require php-amqplib/php-amqplib:^3.5, et charger vendor/autoload.php)
 * Préparer  :  sqlite3 verifier.db < ../base.sql
 * Déposer   :  php verifier.php deposer interactive < demande.json
 * Publier   :  php verifier.php publier                      (tourne jusqu'à SIGTERM)
 * Lire      :  php verifier.php lire                         (de même, sur sa propre connexion)
 *
 * Réglages, dans l'environnement :
 *   CCAS_URL       amqps://editeur:mot-de-passe@courtier:5671/%2F
 *   CCAS_AUTORITE  certificat (PEM) de l'autorité de l'hébergeur
 *   CCAS_FILE      file des réponses ; sans elle : replies.<utilisateur>
 *   CCAS_BASE      base SQLite ; sans elle : verifier.db
 *
 * Ces deux commandes sont des services (systemd, supervisor), jamais une requête web. Écrit pour php-amqplib 3.5, celle
 * de Debian 12.
 */

declare(strict_types=1);

use PhpAmqpLib\Channel\AMQPChannel;
use PhpAmqpLib\Connection\AbstractConnection;
use PhpAmqpLib\Connection\AMQPSSLConnection;
use PhpAmqpLib\Connection\AMQPStreamConnection;
use PhpAmqpLib\Exception\AMQPConnectionClosedException;
use PhpAmqpLib\Exception\AMQPExceptionInterface;
use PhpAmqpLib\Exception\AMQPIOException;
use PhpAmqpLib\Exception\AMQPTimeoutException;
use PhpAmqpLib\Message\AMQPMessage;

require_once 'PhpAmqpLib/autoload.php';

const BATTEMENT_EN_SECONDES = 10;
const OUVERTURE_EN_SECONDES = 3;
const OPERATION_EN_SECONDES = 10;
const CONFIRMATION_EN_SECONDES = 30;
const ATTENTE_MAXIMALE_EN_SECONDES = 60;
const REDEMANDES_MAXIMALES = 5;
const NUMERO_MAXIMAL = 125;
const PREMIERE_REDEMANDE_EN_SECONDES = 30;
const A_LA_FOIS = 50;
const ILLISIBLE = 'illisible';
const USAGE = <<<'FIN'
    usage : php verifier.php deposer interactive|batch < demande.json
            php verifier.php publier
            php verifier.php lire
    CCAS_URL (amqps://editeur:mot-de-passe@courtier:5671/%2F) est nécessaire à publier et à lire ;
    les autres réglages, CCAS_AUTORITE, CCAS_FILE et CCAS_BASE, sont dits en tête de ce fichier.

    FIN;

define('URL', parse_url((string) getenv('CCAS_URL')) ?: []);
define('EDITEUR', rawurldecode(URL['user'] ?? ''));
define('FILE', getenv('CCAS_FILE') ?: 'replies.' . EDITEUR);
define('BASE', getenv('CCAS_BASE') ?: 'verifier.db');

/** Écrire une ligne du journal : ni identité ni donnée, seulement des numéros, des statuts et des codes. */
function dire(string $texte): void
{
    fwrite(STDOUT, preg_replace('/[[:cntrl:]]+/', ' ', $texte) . "\n");
}

function maintenant(): float
{
    return hrtime(true) / 1e9;  // l'horloge qui ne recule jamais
}

final class Arret
{
    public static bool $demande = false;
}

/** Des attentes de plus en plus longues tant que rien ne réussit, un peu au hasard pour ne pas revenir tous ensemble. */
final class Patience
{
    private int $secondes = 1;
    private float $fin = 0.0;

    public function reussite(): void
    {
        $this->secondes = 1;
        $this->fin = 0.0;
    }

    public function echec(string $quoi, Throwable|string $panne): void
    {
        // Le texte d'une erreur de connexion porte l'adresse du courtier, qui n'a rien à faire dans un journal.
        $texte = $panne instanceof Throwable ? $panne::class . ' ' . $panne->getMessage() : $panne;
        $texte = preg_replace('~\w+://\S+~', '…', $texte);
        dire("$quoi, nouvel essai dans {$this->secondes} s : $texte");
        $this->fin = maintenant() + $this->secondes * mt_rand(500, 1000) / 1000;
        $this->secondes = min($this->secondes * 2, ATTENTE_MAXIMALE_EN_SECONDES);
    }

    public function estLongue(): bool
    {
        return $this->secondes === ATTENTE_MAXIMALE_EN_SECONDES;
    }

    public function dure(): bool
    {
        return !Arret::$demande && maintenant() < $this->fin;
    }
}

// --- La base de l'éditeur --------------------------------------------------------------------------------------------

final class Base
{
    private ?PDO $pdo = null;

    /** Garder une demande à publier. Une vraie application le fait dans la transaction qui enregistre le dossier. */
    public function deposer(string $jobId, string $voie, string $corps): void
    {
        $sql = 'INSERT INTO demandes (job_id, voie, corps, deposee_le) VALUES (?, ?, ?, ?)';
        $this->executer($sql, [$jobId, $voie, $corps, time()]);
    }

    public function aPublier(string $voie): array
    {
        $sql = 'SELECT * FROM demandes WHERE confirmee_le IS NULL AND voie = ? AND pas_avant <= ?'
            . ' ORDER BY pas_avant, deposee_le LIMIT ?';
        return $this->executer($sql, [$voie, time(), A_LA_FOIS]);
    }

    public function confirmer(string $jobId): void
    {
        $this->executer('UPDATE demandes SET confirmee_le = ? WHERE job_id = ?', [time(), $jobId]);
    }

    /** Garder une réponse et ce qu'il y a à en faire, en une transaction. Reçue deux fois, elle ne compte qu'une fois. */
    public function enregistrer(AMQPMessage $message): void
    {
        $corps = $message->getBody();
        $reponse = lireJson($corps) ?? new stdClass();
        $statut = texte($reponse->status ?? null) ?? ILLISIBLE;
        $cle = texte($reponse->job_id ?? null) ?? propriete($message, 'correlation_id')
            ?? propriete($message, 'message_id');
        if ($cle === null || $statut === ILLISIBLE) {
            // Un numéro à lui : deux tels messages ne sont pas une seule réponse, et aucun ne tient lieu de la vraie.
            $cle = 'illisible-' . bin2hex(random_bytes(16));
        }
        $fois = $this->enTransaction(function () use ($corps, $reponse, $statut, $cle): int {
            [['fois' => $fois]] = $this->executer(
                'INSERT INTO reponses (cle, rejet, corps, recue_le) VALUES (?, ?, CAST(? AS BLOB), ?)'
                . ' ON CONFLICT (cle, rejet) DO UPDATE SET fois = fois + 1 RETURNING fois',
                [$cle, (int) ($statut === 'rejected'), $corps, time()],
            );
            if ($fois === 1) {
                $demande = $this->executer('SELECT * FROM demandes WHERE job_id = ?', [$cle])[0] ?? null;
                $this->garderSuites($cle, $reponse, $statut, $demande);
            }
            return $fois;
        });
        dire("reçue $cle : $statut" . ($fois > 1 ? ", pour la {$fois}e fois" : ''));
    }

    private function garderSuites(string $cle, stdClass $reponse, string $statut, ?array $demande): void
    {
        try {
            $suites = suites($reponse, $statut, $demande);
            $nouvelle = $demande === null || $statut === 'rejected' ? null : nouvelleDemande($reponse, $demande);
        } catch (Throwable) {
            // Une réponse que ce programme ne sait pas suivre n'arrête pas la lecture : un humain la verra.
            [$suites, $nouvelle] = [[['', $statut, null, 'signaler']], null];
        }
        foreach ($suites as $suite) {
            $this->executer(
                'INSERT OR IGNORE INTO suites (cle, verification, statut, code, suite) VALUES (?, ?, ?, ?, ?)',
                [$cle, ...$suite],
            );
        }
        if ($nouvelle !== null) {
            $this->executer(
                'INSERT OR IGNORE INTO demandes (job_id, voie, corps, deposee_le, pas_avant, redemandes)'
                . " VALUES (?, 'batch', ?, ?, ?, ?)",
                $nouvelle,
            );
        }
    }

    private function pdo(): PDO
    {
        // READWRITE seul : sans lui, un chemin mal écrit créerait une base vide. L'attente du verrou est en secondes.
        return $this->pdo ??= new PDO('sqlite:' . BASE, options: [
            PDO::SQLITE_ATTR_OPEN_FLAGS => PDO::SQLITE_OPEN_READWRITE,
            PDO::ATTR_TIMEOUT => 1,
        ]);
    }

    private function enTransaction(callable $travail): mixed
    {
        $pdo = $this->pdo();
        try {
            $pdo->exec('BEGIN IMMEDIATE');  // PDO::beginTransaction() commencerait en lecture, et pourrait échouer plus tard
            $resultat = $travail();
            $pdo->exec('COMMIT');
            return $resultat;
        } catch (Throwable $panne) {
            try {
                $pdo->exec('ROLLBACK');
            } catch (PDOException) {
                // Il n'y en a plus, ou pas eu : c'est la première panne qui compte.
            }
            $this->pdo = null;  // rouverte à l'essai suivant
            throw $panne;
        }
    }

    /** Exécuter une instruction et en rendre toutes les lignes : à demi lue, elle empêcherait COMMIT. */
    private function executer(string $sql, array $valeurs): array
    {
        try {
            $instruction = $this->pdo()->prepare($sql);
            foreach ($valeurs as $rang => $valeur) {
                // execute([...]) lierait tout en texte, ce que LIMIT refuse.
                $instruction->bindValue($rang + 1, $valeur, is_int($valeur) ? PDO::PARAM_INT : PDO::PARAM_STR);
            }
            $instruction->execute();
            return $instruction->columnCount() > 0 ? $instruction->fetchAll(PDO::FETCH_ASSOC) : [];
        } catch (PDOException $panne) {
            $this->pdo = null;
            throw $panne;
        }
    }
}

/** Rendre l'objet JSON, ou null si ce n'en est pas un. En objets : un tableau PHP vide redeviendrait [], et non {}. */
function lireJson(string $corps): ?stdClass
{
    $valeur = json_decode($corps);
    return $valeur instanceof stdClass ? $valeur : null;
}

/** Rendre un texte non vide, ou null : un membre attendu peut manquer, être nul ou d'un autre type. */
function texte(mixed $valeur): ?string
{
    return is_string($valeur) && $valeur !== '' ? $valeur : null;
}

/** @return list<stdClass> */
function objets(mixed $valeur): array
{
    return array_map(objet(...), is_array($valeur) ? $valeur : []);
}

function objet(mixed $valeur): stdClass
{
    return $valeur instanceof stdClass ? $valeur : new stdClass();
}

function propriete(AMQPMessage $message, string $nom): ?string
{
    return $message->has($nom) ? texte(mb_scrub((string) $message->get($nom), 'UTF-8')) : null;
}

// --- Ce que chaque réponse demande au produit ------------------------------------------------------------------------

/**
 * Dire ce que le produit fait de chaque vérification.
 *
 * @return list<array{string, string, ?string, string}>  vérification, statut, code, suite
 */
function suites(stdClass $reponse, string $statut, ?array $demande): array
{
    if ($statut === ILLISIBLE) {
        return [['', $statut, null, 'signaler']];
    }
    if ($demande === null) {
        // Un autre programme de l'éditeur, ou une base restaurée : la réponse est gardée pour qui l'attend.
        return [['', $statut, null, 'autre_programme']];
    }
    if ($statut === 'rejected') {
        return [['', $statut, texte(objets($reponse->errors ?? null)[0]->code ?? null), 'corriger_demande']];
    }
    $suites = array_map(fn (stdClass $check): array => [
        texte($check->id ?? null) ?? '',
        texte($check->status ?? null) ?? ILLISIBLE,
        texte(raison($check)->code ?? null),
        suiteDe($check, $demande),
    ], objets($reponse->checks ?? null));
    return $suites ?: [['', $statut, null, 'signaler']];
}

function raison(stdClass $check): stdClass
{
    return objet($check->reason ?? null);
}

function suiteDe(stdClass $check, array $demande): string
{
    if (texte($check->id ?? null) === null || texte($check->status ?? null) === null) {
        return 'signaler';
    }
    return match ($check->status) {
        'found' => 'utiliser',
        'not_found' => (raison($check)->code ?? null) === 'not_concerned' ? 'sans_objet' : 'aucun_dossier',
        'not_identified' => 'corriger_identite',
        // `error`, ou un statut à venir : seul `retryable` dit si la même question peut réussir plus tard.
        // Un jeton FranceConnect ne vit qu'une minute ; et « :r5 » doit tenir dans les 128 caractères d'un numéro.
        default => (raison($check)->retryable ?? null) === true && $demande['redemandes'] < REDEMANDES_MAXIMALES
            && !isset(lireJson($demande['corps'])->france_connect_token) && strlen($demande['job_id']) <= NUMERO_MAXIMAL
            ? 'redemander' : 'signaler',
    };
}

/**
 * Rédiger, pour plus tard et sous un autre `job_id`, la demande de ce qui peut encore réussir ; null s'il n'y en a pas.
 *
 * @return ?array{string, string, int, int, int}  job_id, corps, deposee_le, pas_avant, redemandes
 */
function nouvelleDemande(stdClass $reponse, array $demande): ?array
{
    $aRefaire = fn (stdClass $check): bool => suiteDe($check, $demande) === 'redemander';
    $echecs = array_filter(objets($reponse->checks ?? null), $aRefaire);
    if ($echecs === []) {
        return null;
    }
    $fois = $demande['redemandes'] + 1;
    $conseils = array_map(fn (stdClass $check): mixed => raison($check)->retry_after_seconds ?? 0, $echecs);
    $lisibles = array_filter($conseils, fn (mixed $conseil): bool => is_int($conseil) && $conseil < 10 ** 9);
    $attente = max([PREMIERE_REDEMANDE_EN_SECONDES * 2 ** ($fois - 1), ...$lisibles]);
    $instant = time() + (int) ($attente * mt_rand(1000, 1200) / 1000);
    $racine = $demande['redemandes'] > 0 ? preg_replace('/:r\d+$/', '', $demande['job_id']) : $demande['job_id'];
    $corps = json_decode($demande['corps'], flags: JSON_THROW_ON_ERROR);
    $corps->job_id = "$racine:r$fois";
    $numeros = array_column($echecs, 'id');
    $corps->checks = array_values(array_filter(
        $corps->checks,
        fn (stdClass $check): bool => in_array($check->id ?? $check->check, $numeros, true),
    ));
    if ($corps->checks === []) {
        throw new UnexpectedValueException('aucune de ces vérifications n’était demandée');
    }
    // L'agent n'attend plus devant la personne : plus d'échéance propre, et la voie des campagnes.
    unset($corps->expires_at);
    $options = JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_PRESERVE_ZERO_FRACTION | JSON_THROW_ON_ERROR;
    return [$corps->job_id, json_encode($corps, $options), $instant, $instant, $fois];
}

// --- Le courtier -----------------------------------------------------------------------------------------------------

/** Une connexion et son canal. */
final class Courtier
{
    private readonly AbstractConnection $connexion;
    private ?AMQPChannel $canal = null;
    private ?string $issue = null;
    private ?string $retour = null;

    public function __construct()
    {
        $acces = [URL['host'] ?? 'localhost', URL['port'] ?? null, EDITEUR, rawurldecode(URL['pass'] ?? '')];
        $vhost = rawurldecode(substr(URL['path'] ?? '', 1)) ?: '/';
        $delais = [
            'connection_timeout' => OUVERTURE_EN_SECONDES,  // un signal ne l'interrompt pas
            'channel_rpc_timeout' => OPERATION_EN_SECONDES,  // sans lui, une réponse perdue s'attend sans fin
            'read_write_timeout' => 2 * BATTEMENT_EN_SECONDES,
            'heartbeat' => BATTEMENT_EN_SECONDES,
        ];
        if ((URL['scheme'] ?? '') === 'amqps') {
            $acces[1] ??= 5671;
            $tls = ['verify_peer' => true, 'verify_peer_name' => true, 'peer_name' => $acces[0]];
            $tls += array_filter(['cafile' => getenv('CCAS_AUTORITE')]);
            try {
                $this->connexion = new AMQPSSLConnection(...$acces, vhost: $vhost, ssl_options: $tls, options: $delais);
            } catch (AMQPIOException $panne) {
                // La bibliothèque ne garde que le dernier avertissement de PHP, qui ne dit rien du certificat.
                $conseil = ' ; certificat refusé ? Voir CCAS_AUTORITE et le nom du courtier';
                throw str_contains($panne->getMessage(), 'Unknown error')
                    ? new AMQPIOException($panne->getMessage() . $conseil) : $panne;
            }
        } else {
            $acces[1] ??= 5672;
            $this->connexion = new AMQPStreamConnection(...$acces, ...['vhost' => $vhost], ...$delais);
        }
    }

    public function preparerPublication(): void
    {
        $this->canal = $this->connexion->channel();
        $this->canal->confirm_select();
        // Le courtier renvoie un message sans file, puis le confirme : le retour doit se voir avant la confirmation.
        $this->canal->set_return_listener(function (int $code, string $texte): void {
            $this->retour = "renvoyée, $code $texte";
        });
        $this->canal->set_ack_handler(fn () => $this->issue = $this->retour ?? '');
        $this->canal->set_nack_handler(fn () => $this->issue = 'refusée par le courtier');
    }

    /** Publier une demande et attendre sa confirmation ; rendre '' une fois confirmée, sinon pourquoi elle ne l'est pas. */
    public function publier(array $demande): string
    {
        $message = new AMQPMessage($demande['corps'], [
            'content_type' => 'application/json',
            'delivery_mode' => AMQPMessage::DELIVERY_MODE_PERSISTENT,
            'correlation_id' => $demande['job_id'],
            'reply_to' => FILE,
            'timestamp' => $demande['deposee_le'],  // en secondes
            'user_id' => EDITEUR,
        ]);
        $this->issue = $this->retour = null;
        $this->canal->basic_publish($message, 'verifications', EDITEUR . ".{$demande['voie']}", mandatory: true);
        $fin = maintenant() + CONFIRMATION_EN_SECONDES;
        while ($this->issue === null) {
            if (Arret::$demande || maintenant() >= $fin) {
                // La connexion est quittée : tardive, cette confirmation ne sera pas prise pour celle d'une autre demande.
                throw new AMQPTimeoutException('confirmation non reçue');
            }
            $this->attendre(0.5);
        }
        return $this->issue;
    }

    /** @param callable(AMQPMessage): void $recevoir */
    public function consommer(callable $recevoir): void
    {
        $this->canal = $this->connexion->channel();
        $this->canal->basic_qos(0, A_LA_FOIS, false);
        $this->canal->basic_consume(FILE, no_ack: false, callback: $recevoir);
    }

    /**
     * Attendre un message du courtier, au plus ce nombre de secondes.
     *
     * php-amqplib n'a pas de fil d'exécution à elle : elle n'envoie et ne contrôle les battements que pendant cet appel.
     * Tout ce qui attend passe donc par ici. Un traitement qui dure plus de quelques secondes demanderait
     * PCNTLHeartbeatSender, qui se sert lui aussi de SIGALRM.
     */
    public function attendre(float $secondes): void
    {
        self::limiter(3 * BATTEMENT_EN_SECONDES, function () use ($secondes): void {
            try {
                $this->canal->wait(null, false, $secondes);
            } catch (AMQPTimeoutException) {
                // Rien n'est venu. Plus rien depuis deux battements serait une autre exception.
            }
        });
    }

    public function fermer(): void
    {
        try {
            self::limiter(1, fn () => $this->connexion->close());
        } catch (Throwable) {
            // Elle était déjà perdue.
        }
        $this->connexion->getIO()->close();  // close() laisse ouverte la prise d'une connexion que la bibliothèque croit perdue
    }

    /** Interrompre un appel qui dure trop : entre l'annonce d'un message et son corps, la bibliothèque attend sans limite. */
    private static function limiter(int $secondes, callable $appel): void
    {
        pcntl_signal(SIGALRM, static function (): void {
            pcntl_alarm(1);  // de nouveau, si l'appel a retenu cette exception
            throw new AMQPConnectionClosedException('le courtier ne répond plus');
        }, false);
        pcntl_alarm($secondes);
        try {
            $appel();
        } finally {
            pcntl_alarm(0);
        }
    }
}

/** Faire un travail jusqu'à l'arrêt : quand le courtier manque, attendre de plus en plus, puis se reconnecter. */
function enContinu(callable $travail): void
{
    pcntl_async_signals(true);
    foreach ([SIGTERM, SIGINT] as $signal) {
        pcntl_signal($signal, static fn () => Arret::$demande = true, false);
    }
    $base = new Base();
    $patience = new Patience();
    while (!Arret::$demande) {
        $courtier = null;
        try {
            $courtier = new Courtier();
            $travail($courtier, $base, $patience);
        } catch (AMQPExceptionInterface $panne) {
            if (!Arret::$demande) {
                $patience->echec('courtier indisponible', $panne);
            }
        } finally {
            $courtier?->fermer();
        }
        while ($patience->dure()) {
            usleep(200_000);
        }
    }
}

function publier(Courtier $courtier, Base $base, Patience $patience): void
{
    $courtier->preparerPublication();
    dire('publication prête');
    // L'agent qui attend passe avant les campagnes, et ne patiente pas quand leur voie est pleine : à chacune la sienne.
    $voies = ['interactive' => new Patience(), 'batch' => new Patience()];
    $baseAbsente = new Patience();
    while (!Arret::$demande) {
        $publiees = 0;
        try {
            foreach ($baseAbsente->dure() ? [] : $voies as $voie => $refus) {
                $publiees += $refus->dure() ? 0 : publierVoie($courtier, $base, $voie, $refus);
                $baseAbsente->reussite();
            }
        } catch (PDOException $panne) {
            $baseAbsente->echec('base indisponible', $panne);
        }
        if ($publiees === 0) {
            $courtier->attendre(0.5);
        }
        $patience->reussite();
    }
}

function publierVoie(Courtier $courtier, Base $base, string $voie, Patience $patience): int
{
    $publiees = 0;
    $refus = '';
    foreach ($base->aPublier($voie) as $demande) {
        if (Arret::$demande) {
            break;
        }
        $issue = $courtier->publier($demande);
        if ($issue !== '') {
            $refus = $issue;  // file absente ou pleine : les autres demandes n'attendent pas celle-là
            continue;
        }
        dire("publiée {$demande['job_id']}");
        // Une demande confirmée mais non notée sera republiée : le connecteur la reconnaît à son `job_id`.
        $base->confirmer($demande['job_id']);
        $patience->reussite();
        $publiees++;
    }
    if ($refus !== '') {
        $patience->echec('demande non confirmée', $refus);
        if ($patience->estLongue()) {
            // Un canal refusé peut le rester quand la file a de nouveau de la place (rabbitmq-server, 12206) : en ouvrir un autre.
            throw new AMQPConnectionClosedException('demandes refusées de suite');
        }
    }
    return $publiees;
}

function lire(Courtier $courtier, Base $base, Patience $patience): void
{
    $recues = new SplQueue();
    $courtier->consommer(fn (AMQPMessage $message) => $recues->enqueue($message));
    dire('lecture prête');
    $baseAbsente = new Patience();
    while (!Arret::$demande) {
        if ($recues->isEmpty() || $baseAbsente->dure()) {
            // Base absente, les réponses restent au courtier, non acquittées, et la connexion vit.
            $courtier->attendre(0.5);
            $patience->reussite();
            continue;
        }
        try {
            $base->enregistrer($recues->bottom());
        } catch (PDOException $panne) {
            $baseAbsente->echec('base indisponible', $panne);
            continue;
        }
        $recues->dequeue()->ack();  // enregistrer d'abord, acquitter ensuite
        $baseAbsente->reussite();
    }
}

function deposer(string $voie, string $corps): int
{
    $jobId = texte(lireJson($corps)->job_id ?? null);
    if ($jobId === null || strlen($jobId) > 255) {
        fwrite(STDERR, "demande illisible : un objet JSON qui porte un job_id est attendu\n");
        return 1;
    }
    try {
        (new Base())->deposer($jobId, $voie, $corps);
    } catch (PDOException $panne) {
        fwrite(STDERR, "demande non déposée : {$panne->getMessage()}\n");
        return 1;
    }
    dire("déposée $jobId");
    return 0;
}

$arguments = array_slice($argv, 1);
exit(match (true) {
    in_array($arguments, [['deposer', 'interactive'], ['deposer', 'batch']], true)
        => deposer($arguments[1], stream_get_contents(STDIN)),
    in_array($arguments, [['publier'], ['lire']], true) && EDITEUR !== '' => enContinu($arguments[0](...)) ?? 0,
    default => fwrite(STDERR, USAGE) ? 2 : 2,
});
