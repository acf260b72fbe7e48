-- Ce que le logiciel de l'éditeur garde. Dans un vrai produit, ces tables sont dans sa base, créées par ses migrations.
--
--   sqlite3 verifier.db < base.sql
PRAGMA journal_mode = WAL;
-- Une transaction validée doit être sur le disque : la réponse est acquittée aussitôt. C'est `PRAGMA synchronous = FULL`, le
-- réglage de SQLite que certaines bibliothèques abaissent ; d'une autre base, ne pas ôter `fsync`.

-- Les demandes. Le produit en écrit une dans la transaction qui enregistre le dossier ; `publier` fait le reste.
CREATE TABLE IF NOT EXISTS demandes (
  job_id       TEXT PRIMARY KEY NOT NULL    -- la forme du contrat : autre, la demande ne partirait jamais
               CHECK (length(job_id) BETWEEN 1 AND 128 AND job_id NOT GLOB '*[^A-Za-z0-9._:-]*'),
  voie         TEXT NOT NULL CHECK (voie IN ('interactive', 'batch')),
  corps        TEXT NOT NULL,               -- le JSON : republié, il doit être le même à l'octet près
  deposee_le   INTEGER NOT NULL,            -- secondes Unix ; l'échéance se compte à partir de là
  pas_avant    INTEGER NOT NULL DEFAULT 0,  -- secondes Unix ; plus tard pour ce qui est redemandé
  redemandes   INTEGER NOT NULL DEFAULT 0,  -- combien de fois la question a déjà été reposée
  confirmee_le INTEGER                      -- secondes Unix ; NULL tant que le courtier n'a pas confirmé
);
CREATE INDEX IF NOT EXISTS demandes_a_publier ON demandes (pas_avant) WHERE confirmee_le IS NULL;

-- Les réponses, telles que reçues. Un rejet est gardé à part : celui d'un `job_id` employé deux fois
-- (`job_id_conflict`) ne doit pas faire écarter la réponse à la première demande.
CREATE TABLE IF NOT EXISTS reponses (
  cle      TEXT NOT NULL,                   -- job_id, à défaut correlation_id, à défaut message_id
  rejet    INTEGER NOT NULL,                -- 1 si la demande est rejetée
  corps    BLOB NOT NULL,
  recue_le INTEGER NOT NULL,                -- secondes Unix
  fois     INTEGER NOT NULL DEFAULT 1,      -- une réponse peut arriver deux fois
  PRIMARY KEY (cle, rejet)
);

-- Ce que le produit a à faire de chaque vérification ; `verification` est vide pour la demande entière.
CREATE TABLE IF NOT EXISTS suites (
  cle          TEXT NOT NULL,
  verification TEXT NOT NULL,               -- l'`id` de la vérification
  statut       TEXT NOT NULL,
  code         TEXT,
  suite        TEXT NOT NULL,               -- voir README.md
  PRIMARY KEY (cle, verification, statut)
);
