// Faire vérifier des situations par le connecteur : déposer des demandes, les publier, lire les réponses. Java 17.
//
// Installer  :  sudo apt-get install openjdk-17-jdk-headless sqlite3 librabbitmq-client-java libxerial-sqlite-jdbc-java \
//                 libgoogle-gson-java libslf4j-java
// Préparer   :  sqlite3 verifier.db < ../base.sql
// Construire :  export CLASSPATH=$(printf '/usr/share/java/%s.jar:' amqp-client sqlite-jdbc gson slf4j-api slf4j-nop).
//               javac -Xlint:all -Werror Verifier.java
// Déposer    :  java Verifier deposer interactive < demande.json
// Publier    :  java Verifier publier          (tourne jusqu'à SIGTERM)
// Lire       :  java Verifier lire             (de même, sur sa propre connexion)
//
// Réglages, dans l'environnement :
//   CCAS_URL       amqps://editeur:mot-de-passe@courtier:5671/%2F
//   CCAS_AUTORITE  certificat (PEM) de l'autorité de l'hébergeur ; sans elle : celles de Java
//   CCAS_FILE      file des réponses ; sans elle : replies.<utilisateur>
//   CCAS_BASE      base SQLite ; sans elle : verifier.db
//
// Avec Maven : com.rabbitmq:amqp-client, org.xerial:sqlite-jdbc, com.google.code.gson:gson, org.slf4j:slf4j-nop. Debian 12 donne
// amqp-client 5.0. Depuis la 5.4, `fabrique.enableHostnameVerification()` remplace le `SocketConfigurator` de `connecter`.

import com.google.gson.*;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.rabbitmq.client.*;
import java.io.*;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.sql.*;
import java.sql.Connection;
import java.time.Instant;
import java.util.*;
import java.util.Date;
import java.util.concurrent.*;
import java.util.concurrent.atomic.*;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.net.ssl.*;

public final class Verifier {

    static final int BATTEMENT_EN_SECONDES = 10;
    static final int CONFIRMATION_EN_SECONDES = 30;
    static final int ATTENTE_MAXIMALE_EN_SECONDES = 60;
    static final int REDEMANDES_MAXIMALES = 5;
    static final int NUMERO_MAXIMAL = 125;
    static final long PREMIERE_REDEMANDE_EN_SECONDES = 30;
    static final long REDEMANDE_AU_PLUS_TARD_EN_SECONDES = TimeUnit.DAYS.toSeconds(31);
    static final int REFUS_EN_SECONDES = 10;
    static final int REFUS_AVANT_RECONNEXION = 6;
    static final int A_LA_FOIS = 50;
    static final String ILLISIBLE = "illisible";
    static final Pattern JOB_ID = Pattern.compile("[A-Za-z0-9._:-]{1,128}");

    static final String URL = System.getenv().getOrDefault("CCAS_URL", "");
    static final String AUTORITE = System.getenv("CCAS_AUTORITE");
    static final String BASE = System.getenv().getOrDefault("CCAS_BASE", "verifier.db");
    static final String EDITEUR = editeur();
    static final String FILE = System.getenv().getOrDefault("CCAS_FILE", "replies." + EDITEUR);
    static final CountDownLatch ARRET = new CountDownLatch(1);
    static final PrintStream SORTIE = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    static final PrintStream ERREURS = new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);

    static final String USAGE = """
            Usage : java Verifier deposer interactive|batch < demande.json
                    java Verifier publier
                    java Verifier lire
            `publier` et `lire` veulent CCAS_URL : amqps://editeur:mot-de-passe@courtier:5671/%2F""";

    record Demande(String jobId, String voie, String corps, long deposeeLe, long pasAvant, int redemandes) {}

    /** Ce que le produit fait d'une vérification ; `verification` est vide pour la demande entière. */
    record Suite(String verification, String statut, String code, String suite, double conseilEnSecondes) {}

    record Decision(List<Suite> suites, Demande redemande) {}

    /** Écrire une ligne du journal : ni identité ni donnée, seulement des numéros, des statuts et des codes. */
    static void dire(String texte) {
        SORTIE.println(texte.replaceAll("\\p{Cntrl}+", " "));
    }

    /** Des attentes de plus en plus longues tant que rien ne réussit, un peu au hasard pour ne pas revenir tous ensemble. */
    static final class Patience {
        private int secondes = 1;

        void reussite() {
            secondes = 1;
        }

        void attendre(String quoi, String panne, BooleanSupplier encore) {
            dire("%s, nouvel essai dans %d s : %s".formatted(quoi, secondes, panne));
            long fin = System.nanoTime() + (long) (secondes * 1e9 * ThreadLocalRandom.current().nextDouble(0.5, 1));
            while (!arrete() && encore.getAsBoolean() && System.nanoTime() < fin) {
                dormir();
            }
            secondes = Math.min(secondes * 2, ATTENTE_MAXIMALE_EN_SECONDES);
        }
    }

    static void dormir() {
        try {
            ARRET.await(500, TimeUnit.MILLISECONDS);
        } catch (InterruptedException arret) {
            Thread.currentThread().interrupt(); // seul l'arrêt interrompt : `arrete()` est vrai
        }
    }

    static boolean arrete() {
        return ARRET.getCount() == 0;
    }

    /** Nommer une panne et sa cause première : la bibliothèque enveloppe souvent ce que le courtier a dit. */
    static String panne(Throwable panne) {
        Throwable cause = panne;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause.getClass().getSimpleName() + (cause.getMessage() == null ? "" : " : " + cause.getMessage());
    }

    // --- La base de l'éditeur ---------------------------------------------------------------------------------------

    interface Travail<T> {
        T faire(Connection base) throws SQLException;
    }

    /** La base, ouverte quand il le faut. Après une panne elle est fermée, ce qui annule la transaction, puis rouverte. */
    static final class Base implements AutoCloseable {
        private Connection connexion;

        <T> T faire(Travail<T> travail) throws SQLException {
            boolean reussi = false;
            try {
                if (connexion == null) {
                    Properties reglages = new Properties();
                    reglages.setProperty("busy_timeout", "1000"); // en millisecondes
                    reglages.setProperty("transaction_mode", "IMMEDIATE");
                    connexion = DriverManager.getConnection("jdbc:sqlite:" + BASE, reglages);
                }
                T rendu = travail.faire(connexion);
                reussi = true;
                return rendu;
            } finally {
                if (!reussi) {
                    close();
                }
            }
        }

        @Override
        public void close() throws SQLException {
            Connection aFermer = connexion;
            connexion = null;
            if (aFermer != null) {
                aFermer.close();
            }
        }
    }

    static int ecrire(Connection base, String sql, Object... valeurs) throws SQLException {
        try (PreparedStatement ordre = base.prepareStatement(sql)) {
            for (int rang = 0; rang < valeurs.length; rang++) {
                ordre.setObject(rang + 1, valeurs[rang]);
            }
            return ordre.executeUpdate();
        }
    }

    static List<Demande> demandes(Connection base, String condition, Object valeur) throws SQLException {
        try (PreparedStatement ordre = base.prepareStatement("SELECT * FROM demandes WHERE " + condition)) {
            ordre.setObject(1, valeur);
            try (ResultSet lignes = ordre.executeQuery()) {
                List<Demande> demandes = new ArrayList<>();
                while (lignes.next()) {
                    demandes.add(new Demande(lignes.getString("job_id"), lignes.getString("voie"),
                            lignes.getString("corps"), lignes.getLong("deposee_le"), lignes.getLong("pas_avant"),
                            lignes.getInt("redemandes")));
                }
                return demandes;
            }
        }
    }

    static long maintenant() {
        return Instant.now().getEpochSecond();
    }

    /** Garder une demande à publier. Une vraie application le fait dans la transaction qui enregistre le dossier. */
    static void deposer(String voie, byte[] corps) throws SQLException {
        String jobId = texte(lireJson(corps), "job_id");
        if (jobId == null || !JOB_ID.matcher(jobId).matches()) {
            throw new IllegalArgumentException("la demande n'est pas un objet JSON avec un « job_id » du contrat");
        }
        try (Base base = new Base()) {
            base.faire(b -> ecrire(b, "INSERT INTO demandes (job_id, voie, corps, deposee_le) VALUES (?, ?, ?, ?)",
                    jobId, voie, new String(corps, StandardCharsets.UTF_8), maintenant()));
        }
        dire("déposée " + jobId);
    }

    static List<Demande> aPublier(Connection base) throws SQLException {
        // L'agent qui attend passe avant les campagnes, dont la voie peut être pleine.
        return demandes(base, "confirmee_le IS NULL AND pas_avant <= ?"
                + " ORDER BY voie = 'batch', pas_avant, deposee_le LIMIT " + A_LA_FOIS, maintenant());
    }

    /** Garder une réponse et ce qu'il y a à en faire, en une transaction. Reçue deux fois, elle ne compte qu'une fois. */
    static String enregistrer(Connection base, AMQP.BasicProperties proprietes, byte[] corps) throws SQLException {
        JsonObject reponse = lireJson(corps);
        String statut = premier(texte(reponse, "status"), ILLISIBLE);
        String numero = premier(texte(reponse, "job_id"), proprietes.getCorrelationId(), proprietes.getMessageId());
        // Un numéro à lui : deux tels messages ne sont pas une seule réponse, et aucun ne tient lieu de la vraie.
        String cle = numero.isEmpty() || statut.equals(ILLISIBLE) ? ILLISIBLE + "-" + UUID.randomUUID() : numero;
        base.setAutoCommit(false);
        int fois;
        try (PreparedStatement ordre = base.prepareStatement("INSERT INTO reponses (cle, rejet, corps, recue_le)"
                + " VALUES (?, ?, ?, ?) ON CONFLICT (cle, rejet) DO UPDATE SET fois = fois + 1 RETURNING fois")) {
            ordre.setString(1, cle);
            ordre.setInt(2, statut.equals("rejected") ? 1 : 0);
            ordre.setBytes(3, corps);
            ordre.setLong(4, maintenant());
            try (ResultSet ligne = ordre.executeQuery()) {
                ligne.next();
                fois = ligne.getInt("fois");
            }
        }
        if (fois == 1) {
            Demande demande = demandes(base, "job_id = ?", cle).stream().findFirst().orElse(null);
            Decision decision = decider(reponse, statut, demande);
            for (Suite suite : decision.suites()) {
                ecrire(base, "INSERT OR IGNORE INTO suites (cle, verification, statut, code, suite) VALUES (?, ?, ?, ?, ?)",
                        cle, suite.verification(), suite.statut(), suite.code(), suite.suite());
            }
            Demande redemande = decision.redemande();
            if (redemande != null) {
                ecrire(base, "INSERT OR IGNORE INTO demandes (job_id, voie, corps, deposee_le, pas_avant, redemandes)"
                        + " VALUES (?, ?, ?, ?, ?, ?)", redemande.jobId(), redemande.voie(), redemande.corps(),
                        redemande.deposeeLe(), redemande.pasAvant(), redemande.redemandes());
            }
        }
        base.commit();
        base.setAutoCommit(true);
        return "reçue " + cle + " : " + statut + (fois > 1 ? ", pour la " + fois + "e fois" : "");
    }

    // --- Du JSON dont rien n'est supposé ----------------------------------------------------------------------------

    /** Rendre l'objet, ou un objet vide si ce n'en est pas un : le message est gardé tel quel, et la lecture continue. */
    static JsonObject lireJson(byte[] corps) {
        try {
            // Un décodeur neuf refuse ce qui n'est pas de l'UTF-8, que `new String` remplacerait ; et un `JsonReader`
            // refuse ce que `JsonParser` tolère : guillemets absents, commentaires, texte après la fin.
            String texte = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(corps)).toString();
            JsonReader lecteur = new JsonReader(new StringReader(texte));
            JsonElement lu = new Gson().getAdapter(JsonElement.class).read(lecteur);
            return lecteur.peek() == JsonToken.END_DOCUMENT && lu.isJsonObject() ? lu.getAsJsonObject() : new JsonObject();
        } catch (IOException | JsonParseException | NumberFormatException | IllegalStateException illisible) {
            return new JsonObject();
        }
    }

    static String premier(String... textes) {
        for (String texte : textes) {
            if (texte != null && !texte.isEmpty()) {
                return texte;
            }
        }
        return "";
    }

    static String texte(JsonObject objet, String nom) {
        return objet.get(nom) instanceof JsonPrimitive valeur && valeur.isString() ? valeur.getAsString() : null;
    }

    static boolean vrai(JsonObject objet, String nom) {
        return objet.get(nom) instanceof JsonPrimitive valeur && valeur.isBoolean() && valeur.getAsBoolean();
    }

    static double nombre(JsonObject objet, String nom) {
        return objet.get(nom) instanceof JsonPrimitive valeur && valeur.isNumber() ? valeur.getAsDouble() : 0;
    }

    static JsonObject objet(JsonElement element) {
        return element instanceof JsonObject objet ? objet : new JsonObject();
    }

    static List<JsonObject> objets(JsonObject objet, String nom) {
        List<JsonObject> objets = new ArrayList<>();
        if (objet.get(nom) instanceof JsonArray liste) {
            liste.forEach(element -> objets.add(objet(element)));
        }
        return objets;
    }

    // --- Ce que chaque réponse demande au produit -------------------------------------------------------------------

    /** Dire ce que le produit fait de chaque vérification, et ce qu'il redemande. */
    static Decision decider(JsonObject reponse, String statut, Demande demande) {
        if (statut.equals(ILLISIBLE)) {
            return seule(statut, null, "signaler");
        }
        if (demande == null) {
            // Un autre programme de l'éditeur, ou une base restaurée : la réponse est gardée pour qui l'attend.
            return seule(statut, null, "autre_programme");
        }
        try {
            if (statut.equals("rejected")) {
                List<JsonObject> erreurs = objets(reponse, "errors");
                return seule(statut, erreurs.isEmpty() ? null : texte(erreurs.get(0), "code"), "corriger_demande");
            }
            List<JsonObject> checks = objets(reponse, "checks");
            if (!checks.isEmpty()) {
                JsonObject corps = lireJson(demande.corps().getBytes(StandardCharsets.UTF_8));
                List<Suite> suites = checks.stream().map(check -> suite(check, demande, corps)).toList();
                return new Decision(suites, redemander(suites, demande, corps));
            }
        } catch (RuntimeException imprevu) {
            // Quoi que contienne la réponse, elle est gardée, et la lecture des autres continue.
        }
        return seule(statut, null, "signaler");
    }

    static Decision seule(String statut, String code, String suite) {
        return new Decision(List.of(new Suite("", statut, code, suite, 0)), null);
    }

    static Suite suite(JsonObject check, Demande demande, JsonObject corps) {
        JsonObject raison = objet(check.get("reason"));
        String numero = premier(texte(check, "id"));
        String statut = premier(texte(check, "status"), ILLISIBLE);
        String code = texte(raison, "code");
        String suite = switch (statut) {
            case "found" -> "utiliser";
            case "not_found" -> "not_concerned".equals(code) ? "sans_objet" : "aucun_dossier";
            case "not_identified" -> "corriger_identite";
            // `error`, ou un statut à venir : seul `retryable` dit si la même question peut réussir plus tard.
            // Un jeton FranceConnect ne vit qu'une minute ; et « :r5 » doit tenir dans les 128 caractères d'un numéro.
            default -> vrai(raison, "retryable") && demande.redemandes() < REDEMANDES_MAXIMALES
                    && texte(corps, "france_connect_token") == null && demande.jobId().length() <= NUMERO_MAXIMAL
                    && objets(corps, "checks").stream().anyMatch(question -> numero(question).equals(numero))
                    ? "redemander" : "signaler";
        };
        return new Suite(numero, statut, code, suite, nombre(raison, "retry_after_seconds"));
    }

    static String numero(JsonObject question) {
        return premier(texte(question, "id"), texte(question, "check"));
    }

    /** Composer, pour plus tard et sous un autre `job_id`, la demande de ce qui peut encore réussir ; null s'il n'y a rien. */
    static Demande redemander(List<Suite> suites, Demande demande, JsonObject corps) {
        List<Suite> echecs = suites.stream().filter(suite -> suite.suite().equals("redemander")).toList();
        if (echecs.isEmpty()) {
            return null;
        }
        int fois = demande.redemandes() + 1;
        double conseil = echecs.stream().mapToDouble(Suite::conseilEnSecondes).max().getAsDouble();
        double attente = Math.max(Math.min(conseil, REDEMANDE_AU_PLUS_TARD_EN_SECONDES),
                PREMIERE_REDEMANDE_EN_SECONDES << (fois - 1));
        long instant = (long) (maintenant() + attente * ThreadLocalRandom.current().nextDouble(1, 1.2));
        Set<String> numeros = echecs.stream().map(Suite::verification).collect(Collectors.toSet());
        JsonArray questions = new JsonArray();
        objets(corps, "checks").stream().filter(question -> numeros.contains(numero(question))).forEach(questions::add);
        String jobId = racine(demande) + ":r" + fois;
        corps.addProperty("job_id", jobId);
        corps.add("checks", questions);
        // L'agent n'attend plus devant la personne : plus d'échéance propre, et la voie des campagnes.
        corps.remove("expires_at");
        return new Demande(jobId, "batch", corps.toString(), instant, instant, fois);
    }

    /** Rendre le `job_id` de la première demande : seul le suffixe ajouté ici est ôté, non un « :r » du produit. */
    static String racine(Demande demande) {
        String suffixe = ":r" + demande.redemandes();
        boolean redemandee = demande.redemandes() > 0 && demande.jobId().endsWith(suffixe);
        return redemandee ? demande.jobId().substring(0, demande.jobId().length() - suffixe.length()) : demande.jobId();
    }

    // --- Le courtier ------------------------------------------------------------------------------------------------

    static String editeur() {
        try {
            URI adresse = URI.create(URL);
            if (adresse.getRawUserInfo() == null || adresse.getHost() == null) {
                return "";
            }
            ConnectionFactory fabrique = new ConnectionFactory();
            fabrique.setUri(adresse);
            return fabrique.getUsername();
        } catch (IllegalArgumentException | URISyntaxException | GeneralSecurityException illisible) {
            return ""; // et non le message, qui répète l'adresse et son mot de passe
        }
    }

    static com.rabbitmq.client.Connection connecter() throws IOException, TimeoutException, GeneralSecurityException,
            URISyntaxException {
        ConnectionFactory fabrique = new ConnectionFactory();
        fabrique.setUri(URL); // décode l'utilisateur, le mot de passe et %2F
        if (fabrique.getVirtualHost().isEmpty()) {
            fabrique.setVirtualHost("/");
        }
        if (fabrique.isSSL()) {
            fabrique.useSslProtocol(confiance()); // après setUri, qui accepte tout certificat
            fabrique.setSocketConfigurator(prise -> {
                SSLParameters parametres = ((SSLSocket) prise).getSSLParameters();
                parametres.setEndpointIdentificationAlgorithm("HTTPS"); // le nom d'hôte aussi est vérifié
                ((SSLSocket) prise).setSSLParameters(parametres);
            });
        }
        // La reprise automatique de la bibliothèque ne convient pas ici. Elle ne retente pas une première connexion ; elle
        // garde le canal, dont les étiquettes et les confirmations en attente ne valent plus rien ; et elle revient seule,
        // pendant que ce programme, lui, doit repartir de sa base. `enContinu` refait donc tout : connexion, canal, lecture.
        fabrique.setAutomaticRecoveryEnabled(false);
        fabrique.setRequestedHeartbeat(BATTEMENT_EN_SECONDES); // tenus par un fil de la bibliothèque, quoi que fasse celui-ci
        fabrique.setConnectionTimeout(10_000);
        fabrique.setChannelRpcTimeout(CONFIRMATION_EN_SECONDES * 1000);
        // L'adresse garde ainsi son nom : sinon la 5.0 le résout elle-même, et le certificat est comparé à une adresse IP.
        AddressResolver adresse = () -> List.of(new Address(fabrique.getHost(), fabrique.getPort()));
        return fabrique.newConnection(adresse);
    }

    static SSLContext confiance() throws IOException, GeneralSecurityException {
        if (AUTORITE == null) {
            return SSLContext.getDefault();
        }
        KeyStore autorites = KeyStore.getInstance(KeyStore.getDefaultType());
        autorites.load(null, null);
        try (InputStream pem = new FileInputStream(AUTORITE)) {
            for (Certificate autorite : CertificateFactory.getInstance("X.509").generateCertificates(pem)) {
                autorites.setCertificateEntry("autorite-" + autorites.size(), autorite);
            }
        }
        TrustManagerFactory verification = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        verification.init(autorites);
        SSLContext contexte = SSLContext.getInstance("TLS");
        contexte.init(null, verification.getTrustManagers(), null);
        return contexte;
    }

    interface Tache {
        void faire(Channel canal, Base base, Patience patience) throws Exception;
    }

    /** Faire une tâche jusqu'à l'arrêt : quand le courtier manque, attendre de plus en plus, puis se reconnecter. */
    static void enContinu(Tache tache) {
        arreterAuSignal(Thread.currentThread());
        Patience patience = new Patience();
        while (!arrete()) {
            com.rabbitmq.client.Connection connexion = null;
            try (Base base = new Base()) {
                connexion = connecter();
                tache.faire(connexion.createChannel(), base, patience);
            } catch (InterruptedException arret) {
                return;
            } catch (Exception panne) {
                patience.attendre("courtier indisponible", panne(panne), () -> true);
            } finally {
                if (connexion != null) {
                    connexion.abort(1000); // et non close(), qui attendrait sans fin un courtier muet
                }
            }
        }
    }

    /** Au signal, laisser au fil principal le temps de finir sa transaction et de fermer, puis sortir sans attendre personne. */
    static void arreterAuSignal(Thread principal) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            if (!principal.isAlive()) {
                return; // il est mort d'une erreur : le statut de sortie est le sien
            }
            ARRET.countDown();
            principal.interrupt(); // là où il attend une confirmation ou une réponse
            try {
                principal.join(1500);
            } catch (InterruptedException impossible) {
                Thread.currentThread().interrupt();
            }
            Runtime.getRuntime().halt(0); // sans quoi Java rendrait 143
        }));
    }

    /** Travailler sur la base. Si elle manque, attendre, connexion ouverte : la bibliothèque en tient les battements. */
    static <T> T jusquALaBase(Channel canal, Base base, Travail<T> travail) throws Exception {
        Patience patience = new Patience();
        while (true) {
            try {
                return base.faire(travail);
            } catch (SQLException panne) {
                patience.attendre("base indisponible", panne(panne), canal::isOpen);
                ouvert(canal);
                if (arrete()) {
                    throw new InterruptedException("arrêt demandé pendant que la base manque"); // rien n'est acquitté
                }
            }
        }
    }

    static void publier(Channel canal, Base base, Patience patience) throws Exception {
        AtomicReference<String> renvoyee = new AtomicReference<>();
        // Le courtier renvoie un message avant de le confirmer, et un seul fil de la bibliothèque lit les deux, dans l'ordre.
        canal.addReturnListener(retour -> renvoyee.set(retour.getReplyCode() + " " + retour.getReplyText()));
        canal.confirmSelect();
        dire("publication prête");
        int refusDeSuite = 0;
        while (!arrete()) {
            List<Demande> demandes = jusquALaBase(canal, base, Verifier::aPublier);
            patience.reussite(); // la connexion tient : un refus n'est pas une panne du courtier
            for (Demande demande : demandes) {
                String refus = envoyer(canal, demande, renvoyee);
                if (refus == null) {
                    dire("publiée " + demande.jobId());
                    refusDeSuite = 0;
                    // Tué ici, le programme la republiera : le connecteur la reconnaît à son `job_id`.
                    jusquALaBase(canal, base, b -> ecrire(b, "UPDATE demandes SET confirmee_le = ? WHERE job_id = ?",
                            maintenant(), demande.jobId()));
                } else {
                    // File absente ou pleine : elle attend, et les autres demandes n'attendent pas celle-là.
                    dire("demande %s non confirmée, nouvel essai dans %d s : %s"
                            .formatted(demande.jobId(), REFUS_EN_SECONDES, refus));
                    refusDeSuite++;
                    jusquALaBase(canal, base, b -> ecrire(b, "UPDATE demandes SET pas_avant = ? WHERE job_id = ?",
                            maintenant() + REFUS_EN_SECONDES, demande.jobId()));
                }
                if (arrete()) {
                    return;
                }
            }
            if (refusDeSuite >= REFUS_AVANT_RECONNEXION) {
                // Un canal refusé peut le rester quand la file a de nouveau de la place (rabbitmq-server, 12206).
                throw new IOException("demandes refusées de suite");
            }
            if (demandes.isEmpty()) {
                dormir();
            }
            ouvert(canal);
        }
    }

    /** Publier une demande et attendre sa confirmation : une à la fois, aucune n'est prise pour une autre. Rendre le refus. */
    static String envoyer(Channel canal, Demande demande, AtomicReference<String> renvoyee) throws Exception {
        if (!JOB_ID.matcher(demande.jobId()).matches()) {
            return "job_id hors du contrat"; // trop long pour une propriété AMQP, il romprait la connexion à chaque essai
        }
        AMQP.BasicProperties proprietes = new AMQP.BasicProperties.Builder()
                .contentType("application/json")
                .deliveryMode(2)
                .correlationId(demande.jobId())
                .replyTo(FILE)
                .timestamp(Date.from(Instant.ofEpochSecond(demande.deposeeLe()))) // la bibliothèque l'envoie en secondes
                .userId(EDITEUR)
                .build();
        byte[] corps = demande.corps().getBytes(StandardCharsets.UTF_8);
        renvoyee.set(null);
        canal.basicPublish("verifications", EDITEUR + "." + demande.voie(), true, proprietes, corps); // true : mandatory
        // Passé le délai, une exception : la connexion est refaite, et une confirmation tardive ne compte pour personne.
        if (!canal.waitForConfirms(CONFIRMATION_EN_SECONDES * 1000L)) {
            return "refusée par la file (nack)";
        }
        return renvoyee.get();
    }

    static void lire(Channel canal, Base base, Patience patience) throws Exception {
        // La bibliothèque appelle depuis un fil à elle, qu'il ne faut pas retenir : elle ne fait que poser la livraison dans
        // cette file, bornée par basicQos. Le fil principal enregistre puis acquitte, et lui seul se sert du canal.
        BlockingQueue<Delivery> livraisons = new LinkedBlockingQueue<>();
        AtomicBoolean annulee = new AtomicBoolean();
        canal.basicQos(A_LA_FOIS);
        canal.basicConsume(FILE, false, (etiquette, livraison) -> livraisons.add(livraison), etiquette -> annulee.set(true));
        dire("lecture prête");
        patience.reussite();
        while (!arrete()) {
            Delivery livraison = livraisons.poll(500, TimeUnit.MILLISECONDS);
            ouvert(canal); // les livraisons d'un canal fermé reviendront : inutile de les enregistrer
            if (annulee.get()) {
                throw new IOException("le courtier a mis fin à la lecture : la file a été supprimée ou remplacée");
            }
            if (livraison != null) {
                AMQP.BasicProperties proprietes = livraison.getProperties();
                byte[] corps = livraison.getBody();
                dire(jusquALaBase(canal, base, b -> enregistrer(b, proprietes, corps)));
                canal.basicAck(livraison.getEnvelope().getDeliveryTag(), false); // enregistrer d'abord, acquitter ensuite
            }
        }
    }

    static void ouvert(Channel canal) throws IOException {
        if (!canal.isOpen()) {
            throw new IOException(canal.getCloseReason());
        }
    }

    public static void main(String[] arguments) throws IOException {
        String commande = String.join(" ", arguments);
        if (EDITEUR.isEmpty() && !commande.startsWith("deposer ")) {
            commande = "";
        }
        switch (commande) {
            case "deposer interactive", "deposer batch" -> {
                try {
                    deposer(arguments[1], System.in.readAllBytes());
                } catch (IllegalArgumentException | SQLException panne) {
                    ERREURS.println("demande non déposée : " + panne.getMessage());
                    System.exit(1);
                }
            }
            case "publier" -> enContinu(Verifier::publier);
            case "lire" -> enContinu(Verifier::lire);
            default -> {
                ERREURS.println(USAGE);
                System.exit(2);
            }
        }
    }
}
