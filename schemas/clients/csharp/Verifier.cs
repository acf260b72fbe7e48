// Faire vérifier des situations par le connecteur : déposer des demandes, les publier, lire les réponses. C# 7, Mono.
//
// Installer  :  sudo apt-get install mono-mcs sqlite3 libmono-rabbitmq4.0-cil libmono-sqlite4.0-cil libmono-posix4.0-cil \
//                 libnewtonsoft-json5.0-cil
// Préparer   :  sqlite3 verifier.db < ../base.sql
// Construire :  mcs -warn:4 -warnaserror -r:RabbitMQ.Client -r:System.Data -r:Mono.Data.Sqlite -r:Mono.Posix -r:Mono.Security \
//                 -r:/usr/lib/cli/Newtonsoft.Json-5.0/Newtonsoft.Json.dll Verifier.cs
// Déposer    :  mono Verifier.exe deposer interactive < demande.json
// Publier    :  mono Verifier.exe publier          (tourne jusqu'à SIGTERM)
// Lire       :  mono Verifier.exe lire             (de même, sur sa propre connexion)
//
// Réglages, dans l'environnement :
//   CCAS_URL       amqps://editeur:mot-de-passe@courtier:5671/%2F
//   CCAS_AUTORITE  certificat (PEM) de l'autorité de l'hébergeur ; sans elle : celles de Mono
//   CCAS_FILE      file des réponses ; sans elle : replies.<utilisateur>
//   CCAS_BASE      base SQLite ; sans elle : verifier.db
//
// Mono ne lit que des certificats RSA, et le premier seul d'un fichier : il faut que celui du courtier en soit un, et que
// CCAS_AUTORITE n'en contienne qu'un.
//
// Le client de Debian est de 2010 : ni confirmations, ni autorité privée, ni délais. Ce programme les lui ajoute (`Protocole`,
// `Prise`, `Certificat`). Une transaction AMQP ne les remplacerait pas : d'une file pleine, RabbitMQ la valide, et la demande est
// perdue. Avec .NET et RabbitMQ.Client 7, dont toute l'API est `async`, ces trois classes disparaissent :
// `CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true)`, et
// `await BasicPublishAsync(…, mandatory: true, …)` lève `PublishException` si la demande est refusée ou renvoyée ;
// `Ssl.CertificateValidationCallback` vérifie l'autorité. Mettre `AutomaticRecoveryEnabled` à faux : les confirmations et les
// livraisons en cours ne survivent pas à la connexion, et ce programme repart de sa base.

using System;
using System.Collections.Generic;
using System.Data.Common;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading;
using Mono.Data.Sqlite;
using Mono.Security.X509.Extensions;
using Mono.Unix;
using Mono.Unix.Native;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;
using RabbitMQ.Client.Impl;
using RabbitMQ.Util;

static class Verifier
{
    const ushort BattementEnSecondes = 10;
    const int ConfirmationEnSecondes = 30;
    const int AttenteMaximaleEnSecondes = 60;
    const int RedemandesMaximales = 5;
    const int NumeroMaximal = 125;
    const int PremiereRedemandeEnSecondes = 30;
    const double RedemandeAuPlusTardEnSecondes = 31 * 86400;
    const int RefusEnSecondes = 10;
    const int RefusAvantReconnexion = 6;
    const ushort ALaFois = 50;
    const string Illisible = "illisible";

    static readonly Uri Adresse = LireAdresse(Environment.GetEnvironmentVariable("CCAS_URL"));
    static readonly string Autorite = Reglage("CCAS_AUTORITE", null);
    static readonly string CheminBase = Reglage("CCAS_BASE", "verifier.db");
    static readonly string Editeur = Adresse == null ? "" : Uri.UnescapeDataString(Adresse.UserInfo.Split(':')[0]);
    static readonly string File = Reglage("CCAS_FILE", "replies." + Editeur);
    static readonly Encoding Utf8 = new UTF8Encoding(false, true); // lève une exception sur ce qui n'est pas de l'UTF-8
    static readonly Random Hasard = new Random();
    static readonly ManualResetEvent Arret = new ManualResetEvent(false);
    static readonly ManualResetEvent Fini = new ManualResetEvent(false);

    const string Usage = @"Usage : mono Verifier.exe deposer interactive|batch < demande.json
        mono Verifier.exe publier
        mono Verifier.exe lire
`publier` et `lire` veulent CCAS_URL : amqps://editeur:mot-de-passe@courtier:5671/%2F";

    sealed class Demande
    {
        public string JobId, Voie, Corps;
        public long DeposeeLe, PasAvant;
        public int Redemandes;
    }

    /// <summary>Ce que le produit fait d'une vérification ; `Verification` est vide pour la demande entière.</summary>
    sealed class Suite
    {
        public string Verification = "", Statut, Code, AFaire;
        public double ConseilEnSecondes;
    }

    /// <summary>Écrire une ligne du journal : ni identité ni donnée, seulement des numéros, des statuts et des codes.</summary>
    static void Dire(string texte)
    {
        Console.WriteLine(Regex.Replace(texte, @"\p{Cc}+", " "));
    }

    /// <summary>Des attentes de plus en plus longues tant que rien ne réussit, un peu au hasard pour ne pas revenir tous ensemble.</summary>
    sealed class Patience
    {
        int secondes = 1;

        public void Reussite()
        {
            secondes = 1;
        }

        public void Attendre(string quoi, string panne, Func<bool> encore)
        {
            Dire($"{quoi}, nouvel essai dans {secondes} s : {panne}");
            var reste = (int)(secondes * 1000 * (0.5 + Hasard.NextDouble() / 2));
            for (; reste > 0 && encore() && !Arret.WaitOne(Math.Min(reste, 500)); reste -= 500) { }
            secondes = Math.Min(secondes * 2, AttenteMaximaleEnSecondes);
        }
    }

    static bool Arrete => Arret.WaitOne(0);

    static long Maintenant => (long)(DateTime.UtcNow - new DateTime(1970, 1, 1, 0, 0, 0, DateTimeKind.Utc)).TotalSeconds;

    /// <summary>Nommer une panne et sa cause première, que la bibliothèque enveloppe.</summary>
    static string Panne(Exception panne)
    {
        var injoignable = panne as BrokerUnreachableException;
        if (injoignable != null)
        {
            panne = injoignable.ConnectionErrors.Values.Cast<Exception>().FirstOrDefault() ?? panne;
        }
        panne = panne.GetBaseException();
        var interrompue = panne as OperationInterruptedException;
        if (interrompue != null)
        {
            var raison = interrompue.ShutdownReason; // et non le message, qui porte la pile d'appels
            return $"{raison.ReplyCode} {raison.ReplyText} {(raison.Cause as Exception)?.Message}";
        }
        return $"{panne.GetType().Name} : {panne.Message}";
    }

    // --- La base de l'éditeur -------------------------------------------------------------------------------------------

    /// <summary>La base, ouverte quand il le faut. Après une panne elle est fermée, ce qui annule la transaction, puis rouverte.</summary>
    sealed class Base : IDisposable
    {
        SqliteConnection connexion;

        public T Faire<T>(Func<SqliteConnection, T> travail)
        {
            var reussi = false;
            try
            {
                if (connexion == null)
                {
                    // Sans « Journal Mode », Mono ôterait à la base son mode WAL, à chaque ouverture. « Full » : ce qui est
                    // acquitté survit à une coupure de courant. Le délai est en secondes.
                    connexion = new SqliteConnection($"Data Source={CheminBase};Default Timeout=1;Journal Mode=WAL;Synchronous=Full;FailIfMissing=True");
                    connexion.Open();
                }
                var rendu = travail(connexion);
                reussi = true;
                return rendu;
            }
            finally
            {
                if (!reussi)
                {
                    Dispose();
                }
            }
        }

        public void Dispose()
        {
            connexion?.Dispose();
            connexion = null;
        }
    }

    static SqliteCommand Ordre(SqliteConnection connexion, string sql, params object[] valeurs)
    {
        var ordre = connexion.CreateCommand();
        ordre.CommandText = sql;
        foreach (var valeur in valeurs)
        {
            ordre.Parameters.Add(new SqliteParameter { Value = valeur ?? DBNull.Value });
        }
        return ordre;
    }

    static int Ecrire(SqliteConnection connexion, string sql, params object[] valeurs)
    {
        using (var ordre = Ordre(connexion, sql, valeurs))
        {
            return ordre.ExecuteNonQuery();
        }
    }

    static List<Demande> Demandes(SqliteConnection connexion, string condition, object valeur)
    {
        var demandes = new List<Demande>();
        using (var ordre = Ordre(connexion, "SELECT job_id, voie, corps, deposee_le, redemandes FROM demandes WHERE " + condition, valeur))
        using (var lignes = ordre.ExecuteReader())
        {
            while (lignes.Read())
            {
                demandes.Add(new Demande
                {
                    JobId = lignes.GetString(0),
                    Voie = lignes.GetString(1),
                    Corps = lignes.GetString(2),
                    DeposeeLe = lignes.GetInt64(3),
                    Redemandes = (int)lignes.GetInt64(4),
                });
            }
        }
        return demandes;
    }

    const string NouvelleDemande = "INTO demandes (job_id, voie, corps, deposee_le, pas_avant, redemandes) VALUES (?, ?, ?, ?, ?, ?)";

    static object[] Valeurs(Demande demande)
    {
        return new object[] { demande.JobId, demande.Voie, demande.Corps, demande.DeposeeLe, demande.PasAvant, demande.Redemandes };
    }

    /// <summary>Garder une demande à publier. Une vraie application le fait dans la transaction qui enregistre le dossier.</summary>
    static void Deposer(string voie, byte[] corps)
    {
        var jobId = Texte(LireJson(corps), "job_id");
        if (!JobIdValable(jobId))
        {
            throw new InvalidDataException("ce n'est pas un objet JSON avec un « job_id » du contrat");
        }
        var demande = new Demande { JobId = jobId, Voie = voie, Corps = Utf8.GetString(corps), DeposeeLe = Maintenant };
        using (var laBase = new Base())
        {
            laBase.Faire(c => Ecrire(c, "INSERT " + NouvelleDemande, Valeurs(demande)));
        }
        Dire($"déposée {jobId}");
    }

    static bool JobIdValable(string jobId)
    {
        return Regex.IsMatch(jobId ?? "", @"^[A-Za-z0-9._:-]{1,128}\z");
    }

    static List<Demande> APublier(SqliteConnection connexion)
    {
        // L'agent qui attend passe avant les campagnes, dont la voie peut être pleine.
        return Demandes(connexion, "confirmee_le IS NULL AND pas_avant <= ?"
            + " ORDER BY voie = 'batch', pas_avant, deposee_le LIMIT " + ALaFois, Maintenant);
    }

    /// <summary>Garder une réponse et ce qu'il y a à en faire, en une transaction. Reçue deux fois, elle ne compte qu'une fois.</summary>
    static string Enregistrer(SqliteConnection connexion, IBasicProperties proprietes, byte[] corps)
    {
        var reponse = LireJson(corps);
        var statut = Premier(Texte(reponse, "status"), Illisible);
        var numero = Premier(Texte(reponse, "job_id"), proprietes.CorrelationId, proprietes.MessageId);
        // Un numéro à lui : deux tels messages ne sont pas une seule réponse, et aucun ne tient lieu de la vraie.
        var cle = numero == "" || statut == Illisible ? $"{Illisible}-{Guid.NewGuid()}" : numero;
        using (var transaction = connexion.BeginTransaction())
        {
            int fois;
            using (var ordre = Ordre(connexion, "INSERT INTO reponses (cle, rejet, corps, recue_le) VALUES (?, ?, ?, ?)"
                + " ON CONFLICT (cle, rejet) DO UPDATE SET fois = fois + 1 RETURNING fois",
                cle, statut == "rejected" ? 1 : 0, corps, Maintenant))
            {
                fois = Convert.ToInt32(ordre.ExecuteScalar());
            }
            if (fois == 1)
            {
                Demande redemande;
                foreach (var suite in Decider(reponse, statut, Demandes(connexion, "job_id = ?", cle).FirstOrDefault(), out redemande))
                {
                    Ecrire(connexion, "INSERT OR IGNORE INTO suites (cle, verification, statut, code, suite) VALUES (?, ?, ?, ?, ?)",
                        cle, suite.Verification, suite.Statut, suite.Code, suite.AFaire);
                }
                if (redemande != null)
                {
                    Ecrire(connexion, "INSERT OR IGNORE " + NouvelleDemande, Valeurs(redemande));
                }
            }
            transaction.Commit();
            return $"reçue {cle} : {statut}" + (fois > 1 ? $", pour la {fois}e fois" : "");
        }
    }

    // --- Du JSON dont rien n'est supposé --------------------------------------------------------------------------------

    /// <summary>Rendre l'objet, ou un objet vide si ce n'en est pas un : le message est gardé tel quel, et la lecture continue.</summary>
    static JObject LireJson(byte[] corps)
    {
        try
        {
            // Sans DateParseHandling.None, Json.NET récrirait ce qui ressemble à une date.
            using (var lecteur = new JsonTextReader(new StringReader(Utf8.GetString(corps))) { DateParseHandling = DateParseHandling.None, MaxDepth = 64 })
            {
                var lu = JToken.Load(lecteur);
                return lecteur.Read() ? new JObject() : lu as JObject ?? new JObject();
            }
        }
        catch (Exception) // JsonException, DecoderFallbackException, OverflowException… : tout ce qu'un corps peut provoquer
        {
            return new JObject();
        }
    }

    static string Reglage(string nom, string defaut)
    {
        var valeur = Environment.GetEnvironmentVariable(nom);
        return string.IsNullOrEmpty(valeur) ? defaut : valeur;
    }

    static string Premier(params string[] textes)
    {
        return textes.FirstOrDefault(texte => !string.IsNullOrEmpty(texte)) ?? "";
    }

    static string Texte(JObject objet, string nom)
    {
        var valeur = objet[nom];
        return valeur != null && valeur.Type == JTokenType.String ? (string)valeur : null;
    }

    static bool Vrai(JObject objet, string nom)
    {
        var valeur = objet[nom];
        return valeur != null && valeur.Type == JTokenType.Boolean && (bool)valeur;
    }

    static double Nombre(JObject objet, string nom)
    {
        var valeur = objet[nom];
        return valeur != null && (valeur.Type == JTokenType.Integer || valeur.Type == JTokenType.Float) ? (double)valeur : 0;
    }

    static List<JObject> Objets(JObject objet, string nom)
    {
        var liste = objet[nom] as JArray ?? new JArray();
        return liste.Select(element => element as JObject ?? new JObject()).ToList();
    }

    // --- Ce que chaque réponse demande au produit -----------------------------------------------------------------------

    /// <summary>Dire ce que le produit fait de chaque vérification, et ce qu'il redemande.</summary>
    static List<Suite> Decider(JObject reponse, string statut, Demande demande, out Demande redemande)
    {
        redemande = null;
        if (statut == Illisible)
        {
            return Seule(statut, null, "signaler");
        }
        if (demande == null)
        {
            // Un autre programme de l'éditeur, ou une base restaurée : la réponse est gardée pour qui l'attend.
            return Seule(statut, null, "autre_programme");
        }
        try
        {
            if (statut == "rejected")
            {
                return Seule(statut, Objets(reponse, "errors").Select(erreur => Texte(erreur, "code")).FirstOrDefault(), "corriger_demande");
            }
            var checks = Objets(reponse, "checks");
            if (checks.Count > 0)
            {
                var corps = LireJson(Encoding.UTF8.GetBytes(demande.Corps));
                var suites = checks.Select(check => SuiteDe(check, demande, corps)).ToList();
                redemande = Redemander(suites.Where(suite => suite.AFaire == "redemander").ToList(), demande, corps);
                return suites;
            }
        }
        catch (Exception)
        {
            // Quoi que contienne la réponse, elle est gardée, et la lecture des autres continue.
        }
        return Seule(statut, null, "signaler");
    }

    static List<Suite> Seule(string statut, string code, string suite)
    {
        return new List<Suite> { new Suite { Statut = statut, Code = code, AFaire = suite } };
    }

    static Suite SuiteDe(JObject check, Demande demande, JObject corps)
    {
        var raison = check["reason"] as JObject ?? new JObject();
        var suite = new Suite
        {
            Verification = Texte(check, "id") ?? "",
            Statut = Premier(Texte(check, "status"), Illisible),
            Code = Texte(raison, "code"),
            ConseilEnSecondes = Nombre(raison, "retry_after_seconds"),
        };
        switch (suite.Statut)
        {
            case "found":
                suite.AFaire = "utiliser";
                break;
            case "not_found":
                suite.AFaire = suite.Code == "not_concerned" ? "sans_objet" : "aucun_dossier";
                break;
            case "not_identified":
                suite.AFaire = "corriger_identite";
                break;
            default: // `error`, ou un statut à venir : seul `retryable` dit si la même question peut réussir plus tard
                // Un jeton FranceConnect ne vit qu'une minute ; et « :r5 » doit tenir dans les 128 caractères d'un numéro.
                var peutReussir = Vrai(raison, "retryable") && demande.Redemandes < RedemandesMaximales
                    && Texte(corps, "france_connect_token") == null && demande.JobId.Length <= NumeroMaximal
                    && Objets(corps, "checks").Any(question => Numero(question) == suite.Verification);
                suite.AFaire = peutReussir ? "redemander" : "signaler";
                break;
        }
        return suite;
    }

    static string Numero(JObject question)
    {
        return Premier(Texte(question, "id"), Texte(question, "check"));
    }

    /// <summary>Composer, pour plus tard et sous un autre `job_id`, la demande de ce qui peut encore réussir ; null s'il n'y a rien.</summary>
    static Demande Redemander(List<Suite> echecs, Demande demande, JObject corps)
    {
        if (echecs.Count == 0)
        {
            return null;
        }
        var fois = demande.Redemandes + 1;
        var conseil = Math.Min(echecs.Max(suite => suite.ConseilEnSecondes), RedemandeAuPlusTardEnSecondes);
        var attente = Math.Max(conseil, PremiereRedemandeEnSecondes << (fois - 1));
        var instant = (long)(Maintenant + attente * (1 + Hasard.NextDouble() / 5));
        // Seul le suffixe ajouté ici est ôté, non un « :r » du produit.
        var suffixe = ":r" + demande.Redemandes;
        var redemandee = demande.Redemandes > 0 && demande.JobId.EndsWith(suffixe, StringComparison.Ordinal);
        var jobId = (redemandee ? demande.JobId.Substring(0, demande.JobId.Length - suffixe.Length) : demande.JobId) + ":r" + fois;
        var questions = Objets(corps, "checks").Where(question => echecs.Any(suite => suite.Verification == Numero(question)));
        corps["job_id"] = jobId;
        corps["checks"] = new JArray(questions.ToList());
        // L'agent n'attend plus devant la personne : plus d'échéance propre, et la voie des campagnes.
        corps.Remove("expires_at");
        return new Demande
        {
            JobId = jobId,
            Voie = "batch",
            Corps = corps.ToString(Formatting.None),
            DeposeeLe = instant,
            PasAvant = instant,
            Redemandes = fois,
        };
    }

    // --- Le courtier ----------------------------------------------------------------------------------------------------

    static Uri LireAdresse(string texte)
    {
        Uri adresse;
        var valable = Uri.TryCreate(texte, UriKind.Absolute, out adresse) && Regex.IsMatch(adresse.Scheme, "^amqps?$");
        return valable && adresse.UserInfo.Length > 0 ? adresse : null;
    }

    /// <summary>Ce qui manque au client de 2010 : confirmations, lecture annulée, certificat, délais. RabbitMQ.Client 7 a tout cela.</summary>
    sealed class Protocole : RabbitMQ.Client.Framing.v0_9.Protocol
    {
        volatile Prise prise;
        volatile bool lectureAnnulee;

        public bool LectureAnnulee => lectureAnnulee;

        public override IFrameHandler CreateFrameHandler(AmqpTcpEndpoint adresse)
        {
            prise = new Prise(adresse);
            prise.Ouvrir();
            return prise;
        }

        public override MethodBase DecodeMethodFrom(NetworkBinaryReader lecture)
        {
            var methode = new Methode(lecture.ReadUInt16(), lecture.ReadUInt16());
            lectureAnnulee |= methode.Est(60, 30); // basic.cancel, venu du courtier
            if (methode.Est(60, 80) || methode.Est(60, 120) || methode.Est(85, 11)) // basic.ack, basic.nack, confirm.select-ok
            {
                return methode;
            }
            lecture.BaseStream.Position -= 4;
            return base.DecodeMethodFrom(lecture);
        }

        /// <summary>Rompre la connexion si le courtier ne répond pas à temps : le client, lui, attendrait sans fin.</summary>
        public Timer Delai()
        {
            return new Timer(_ => prise?.Close(), null, ConfirmationEnSecondes * 1000, Timeout.Infinite);
        }
    }

    /// <summary>Une méthode d'AMQP 0-9-1 que ce client, de la 0-9, ne connaît pas. Une seule demande est en vol : son étiquette est connue.</summary>
    sealed class Methode : MethodBase
    {
        readonly int classe, numero;

        public Methode(int classe, int numero)
        {
            this.classe = classe;
            this.numero = numero;
        }

        public override int ProtocolClassId => classe;
        public override int ProtocolMethodId => numero;
        public override string ProtocolMethodName => $"{classe}.{numero}";
        public override bool HasContent => false;

        public bool Est(int uneClasse, int unNumero)
        {
            return classe == uneClasse && numero == unNumero;
        }

        public override void ReadArgumentsFrom(MethodArgumentReader lecture) { }

        public override void WriteArgumentsTo(MethodArgumentWriter ecriture)
        {
            ecriture.WriteBit(false); // confirm.select, le seul envoyé : avec réponse
        }

        public override void AppendArgumentDebugStringTo(StringBuilder texte) { }
    }

    /// <summary>La connexion TCP ou TLS, déjà saluée par le courtier : muet ou parti avant cela, il bloquerait le client sans fin.</summary>
    sealed class Prise : IFrameHandler
    {
        readonly SocketFrameHandler_0_9 tcp;
        readonly ManualResetEvent attendu = new ManualResetEvent(false);
        Frame salut;

        public Prise(AmqpTcpEndpoint adresse)
        {
            tcp = new SocketFrameHandler_0_9(adresse);
        }

        public AmqpTcpEndpoint Endpoint => tcp.Endpoint;

        public int Timeout
        {
            get { return tcp.Timeout; }
            set { tcp.Timeout = value; }
        }

        public void Ouvrir()
        {
            try
            {
                if (Adresse.Scheme == "amqps")
                {
                    Chiffrer();
                }
                tcp.SendHeader();
                salut = tcp.ReadFrame();
            }
            catch (Exception)
            {
                Close();
                throw;
            }
        }

        void Chiffrer()
        {
            var autorite = Autorite == null ? null : new X509Certificate2(Autorite);
            var refuse = false;
            var flux = new SslStream(tcp.m_socket.GetStream(), false, (_, certificat, chaine, erreurs) =>
                !(refuse = !Certificat.EstValable(new X509Certificate2(certificat), chaine, erreurs, autorite, Adresse.Host)));
            try
            {
                flux.AuthenticateAsClient(Adresse.Host, null, SslProtocols.Tls12, false);
            }
            catch (Exception panne)
            {
                throw refuse
                    ? new AuthenticationException("le certificat du courtier n'est pas de cette autorité, ou pas à ce nom")
                    : (Exception)new IOException("TLS : " + Panne(panne));
            }
            tcp.m_reader = new NetworkBinaryReader(flux);
            tcp.m_writer = new NetworkBinaryWriter(new BufferedStream(flux));
        }

        public void SendHeader()
        {
            attendu.Set(); // l'en-tête est déjà parti ; le client se dit prêt à recevoir le salut
        }

        public Frame ReadFrame()
        {
            attendu.WaitOne();
            var premiere = Interlocked.Exchange(ref salut, null);
            return premiere ?? tcp.ReadFrame();
        }

        public void WriteFrame(Frame trame)
        {
            tcp.WriteFrame(trame);
        }

        public void Close()
        {
            attendu.Set();
            tcp.Close();
        }
    }

    /// <summary>La vérification du certificat, que ni ce client ni Mono ne font avec une autorité privée.</summary>
    static class Certificat
    {
        public static bool EstValable(X509Certificate2 certificat, X509Chain chaine, SslPolicyErrors erreurs,
            X509Certificate2 autorite, string hote)
        {
            if (autorite == null)
            {
                return erreurs == SslPolicyErrors.None && NommeHote(certificat, hote);
            }
            using (var verification = new X509Chain())
            {
                verification.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
                verification.ChainPolicy.VerificationFlags = X509VerificationFlags.AllowUnknownCertificateAuthority;
                verification.ChainPolicy.ExtraStore.Add(autorite);
                foreach (var element in chaine.ChainElements)
                {
                    verification.ChainPolicy.ExtraStore.Add(element.Certificate);
                }
                // « Autorité inconnue » est admis d'une chaîne entière dont la racine est, octet pour octet, celle de l'hébergeur.
                return verification.Build(certificat)
                    && verification.ChainStatus.All(etat => etat.Status == X509ChainStatusFlags.UntrustedRoot)
                    && verification.ChainElements.Cast<X509ChainElement>().Last().Certificate.RawData.SequenceEqual(autorite.RawData)
                    && PourServeur(certificat) && NommeHote(certificat, hote);
            }
        }

        static bool PourServeur(X509Certificate2 certificat)
        {
            var usages = certificat.Extensions.OfType<X509EnhancedKeyUsageExtension>().FirstOrDefault();
            return usages == null || usages.EnhancedKeyUsages.Cast<Oid>().Any(usage => usage.Value == "1.3.6.1.5.5.7.3.1");
        }

        static bool NommeHote(X509Certificate2 certificat, string hote)
        {
            var extension = new Mono.Security.X509.X509Certificate(certificat.RawData).Extensions["2.5.29.17"];
            if (extension == null)
            {
                return false; // le nom est dans subjectAltName, ou nulle part (RFC 9525)
            }
            var noms = new SubjectAltNameExtension(extension);
            IPAddress adresse, nommee; // Mono écrit une adresse IPv6 d'une manière qui ne se relit pas
            return IPAddress.TryParse(hote, out adresse)
                ? noms.IPAddresses.Any(ip => IPAddress.TryParse(ip, out nommee) && nommee.Equals(adresse))
                : noms.DNSNames.Any(nom => string.Equals(nom, hote, StringComparison.OrdinalIgnoreCase)
                    || nom.StartsWith("*.") && hote.IndexOf('.') > 0
                    && string.Equals(nom.Substring(1), hote.Substring(hote.IndexOf('.')), StringComparison.OrdinalIgnoreCase));
        }
    }

    /// <summary>Faire une tâche jusqu'à l'arrêt : quand le courtier manque, attendre de plus en plus, puis se reconnecter.</summary>
    static void EnContinu(Action<IConnection, Protocole, Base, Patience> tache)
    {
        ArreterAuSignal();
        var patience = new Patience();
        while (!Arrete)
        {
            IConnection connexion = null;
            try
            {
                using (var laBase = new Base())
                {
                    var protocole = new Protocole();
                    using (protocole.Delai())
                    {
                        connexion = Connecter(protocole);
                    }
                    tache(connexion, protocole, laBase, patience);
                }
            }
            catch (Exception panne) // celles du courtier, du réseau, du TLS : toutes appellent le même remède
            {
                patience.Attendre("courtier indisponible", Panne(panne), () => true);
            }
            finally
            {
                connexion?.Abort(1000);
            }
        }
        Fini.Set();
    }

    static IConnection Connecter(Protocole protocole)
    {
        var acces = Adresse.UserInfo.Split(new[] { ':' }, 2);
        var chemin = Uri.UnescapeDataString(Adresse.AbsolutePath.TrimStart('/'));
        var fabrique = new ConnectionFactory
        {
            Protocol = protocole,
            HostName = Adresse.Host,
            Port = Adresse.Port > 0 ? Adresse.Port : Adresse.Scheme == "amqps" ? 5671 : 5672,
            UserName = Editeur,
            Password = acces.Length > 1 ? Uri.UnescapeDataString(acces[1]) : "",
            VirtualHost = chemin == "" ? "/" : chemin,
            RequestedHeartbeat = BattementEnSecondes, // tenus par des fils du client, quoi que fasse celui-ci
        };
        fabrique.ClientProperties["capabilities"] = new Dictionary<string, object>
        {
            { "consumer_cancel_notify", true }, { "publisher_confirms", true }, { "basic.nack", true },
            { "authentication_failure_close", true },
        };
        return fabrique.CreateConnection();
    }

    /// <summary>Au signal, laisser au fil principal le temps de finir sa transaction, puis sortir sans attendre personne.</summary>
    static void ArreterAuSignal()
    {
        var signaux = new[] { new UnixSignal(Signum.SIGTERM), new UnixSignal(Signum.SIGINT) };
        new Thread(() =>
        {
            UnixSignal.WaitAny(signaux);
            Arret.Set();
            Fini.WaitOne(1500);
            Syscall._exit(0); // Environment.Exit attendrait les fils du client
        }) { IsBackground = true }.Start();
    }

    static void Publier(IConnection connexion, Protocole protocole, Base laBase, Patience patience)
    {
        var publication = new Publication(connexion, protocole);
        Dire("publication prête");
        var refusDeSuite = 0;
        while (!Arrete)
        {
            Ouvert(connexion);
            var demandes = JusquALaBase(connexion, laBase, APublier);
            patience.Reussite(); // la connexion tient : un refus n'est pas une panne du courtier
            foreach (var demande in demandes.TakeWhile(_ => !Arrete))
            {
                var refus = publication.Envoyer(demande);
                if (refus == null)
                {
                    Dire($"publiée {demande.JobId}");
                    refusDeSuite = 0;
                    // Tué ici, le programme la republiera : le connecteur la reconnaît à son `job_id`.
                    JusquALaBase(connexion, laBase, c => Ecrire(
                        c, "UPDATE demandes SET confirmee_le = ? WHERE job_id = ?", Maintenant, demande.JobId));
                }
                else
                {
                    // File absente ou pleine : elle attend, et les autres demandes n'attendent pas celle-là.
                    Dire($"demande {demande.JobId} non confirmée, nouvel essai dans {RefusEnSecondes} s : {refus}");
                    refusDeSuite++;
                    JusquALaBase(connexion, laBase, c => Ecrire(
                        c, "UPDATE demandes SET pas_avant = ? WHERE job_id = ?", Maintenant + RefusEnSecondes, demande.JobId));
                }
            }
            if (refusDeSuite >= RefusAvantReconnexion)
            {
                // Un canal refusé peut le rester quand la file a de nouveau de la place (rabbitmq-server, 12206).
                throw new IOException("demandes refusées de suite");
            }
            if (demandes.Count == 0)
            {
                Arret.WaitOne(500);
            }
        }
    }

    static void Ouvert(IConnection connexion)
    {
        if (!connexion.IsOpen)
        {
            throw new AlreadyClosedException(connexion.CloseReason);
        }
    }

    /// <summary>Travailler sur la base. Si elle manque, attendre, connexion ouverte : un fil du client en tient les battements.</summary>
    static T JusquALaBase<T>(IConnection connexion, Base laBase, Func<SqliteConnection, T> travail)
    {
        var patience = new Patience();
        while (true)
        {
            try
            {
                return laBase.Faire(travail);
            }
            catch (DbException panne)
            {
                patience.Attendre("base indisponible", Panne(panne), () => connexion.IsOpen);
                Ouvert(connexion);
                if (Arrete)
                {
                    throw new OperationCanceledException("arrêt demandé pendant que la base manque"); // rien n'est acquitté
                }
            }
        }
    }

    sealed class Publication
    {
        readonly Protocole protocole;
        readonly IModel canal;
        volatile string renvoyee;

        public Publication(IConnection connexion, Protocole protocole)
        {
            this.protocole = protocole;
            canal = connexion.CreateModel();
            // Le courtier renvoie un message avant de le confirmer, et un seul fil du client lit les deux, dans l'ordre.
            canal.BasicReturn += (_, retour) => renvoyee = $"{retour.ReplyCode} {retour.ReplyText}";
            using (protocole.Delai())
            {
                ((ModelBase)canal).ModelRpc(new Methode(85, 10), null, null); // confirm.select
            }
        }

        /// <summary>Publier une demande et attendre sa confirmation : une à la fois, aucune n'est prise pour une autre. Rendre le refus.</summary>
        public string Envoyer(Demande demande)
        {
            if (!JobIdValable(demande.JobId))
            {
                return "job_id hors du contrat"; // trop long pour une propriété AMQP, il romprait la connexion à chaque essai
            }
            var proprietes = canal.CreateBasicProperties();
            proprietes.ContentType = "application/json";
            proprietes.DeliveryMode = 2;
            proprietes.CorrelationId = demande.JobId;
            proprietes.ReplyTo = File;
            proprietes.Timestamp = new AmqpTimestamp(demande.DeposeeLe); // en secondes
            proprietes.UserId = Editeur;
            renvoyee = null;
            // La confirmation est attendue comme l'est, chez ce client, la réponse à une méthode. Passé le délai, la connexion est
            // rompue, et une confirmation tardive ne compte pour personne.
            var confirmation = new SimpleBlockingRpcContinuation();
            using (protocole.Delai())
            {
                ((ModelBase)canal).Enqueue(confirmation);
                canal.BasicPublish("verifications", $"{Editeur}.{demande.Voie}", true, false, proprietes, Encoding.UTF8.GetBytes(demande.Corps));
                return confirmation.GetReply().m_method.ProtocolMethodId == 80 ? renvoyee : "refusée par la file (nack)";
            }
        }
    }

    static void Lire(IConnection connexion, Protocole protocole, Base laBase, Patience patience)
    {
        // Les fils du client ne font que poser les livraisons dans cette file, bornée par BasicQos. Le fil principal enregistre
        // puis acquitte, et lui seul se sert du canal.
        var canal = connexion.CreateModel();
        var livraisons = new QueueingBasicConsumer(canal);
        canal.BasicQos(0, ALaFois, false);
        canal.BasicConsume(File, false, null, livraisons);
        Dire("lecture prête");
        patience.Reussite();
        while (!Arrete)
        {
            object recue;
            if (protocole.LectureAnnulee)
            {
                throw new IOException("le courtier a mis fin à la lecture : la file a été supprimée ou remplacée");
            }
            if (!livraisons.Queue.Dequeue(500, out recue))
            {
                continue;
            }
            if (!canal.IsOpen)
            {
                throw new AlreadyClosedException(canal.CloseReason); // les livraisons d'un canal fermé reviendront
            }
            var livraison = (BasicDeliverEventArgs)recue;
            Dire(JusquALaBase(connexion, laBase, c => Enregistrer(c, livraison.BasicProperties, livraison.Body)));
            canal.BasicAck(livraison.DeliveryTag, false); // enregistrer d'abord, acquitter ensuite
        }
    }

    static int Main(string[] arguments)
    {
        Console.SetOut(new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)) { AutoFlush = true });
        Console.SetError(new StreamWriter(Console.OpenStandardError(), new UTF8Encoding(false)) { AutoFlush = true });
        var commande = string.Join(" ", arguments);
        if (Editeur == "" && !commande.StartsWith("deposer "))
        {
            commande = "";
        }
        switch (commande)
        {
            case "deposer interactive":
            case "deposer batch":
                try
                {
                    var corps = new MemoryStream();
                    Console.OpenStandardInput().CopyTo(corps);
                    Deposer(arguments[1], corps.ToArray());
                    return 0;
                }
                catch (Exception panne) when (panne is DbException || panne is InvalidDataException)
                {
                    Console.Error.WriteLine("demande non déposée : " + panne.Message);
                    return 1;
                }
            case "publier":
                EnContinu(Publier);
                return 0;
            case "lire":
                EnContinu(Lire);
                return 0;
            default:
                Console.Error.WriteLine(Usage);
                return 2;
        }
    }
}
