/* Publier une demande, attendre sa réponse : rabbitmq-c (Debian : librabbitmq-dev).
 *
 * Compiler : cc -Wall -Wextra -o verifier verifier.c -lrabbitmq
 * Usage    : ./verifier amqp://utilisateur:mot-de-passe@127.0.0.1:5672/%2F millesime corrélation < demande.json
 */
#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

enum { CANAL = 1, CORPS_MAXIMAL = 64 * 1024, ATTENTE_EN_SECONDES = 30 };

_Noreturn static void arreter(const char *quoi) {
  fprintf(stderr, "échec : %s\n", quoi);
  exit(1);
}

static void verifier_rpc(amqp_connection_state_t connexion, const char *quoi) {
  if (amqp_get_rpc_reply(connexion).reply_type != AMQP_RESPONSE_NORMAL) arreter(quoi);
}

static amqp_connection_state_t connecter(char *adresse) {
  struct amqp_connection_info info;
  if (amqp_parse_url(adresse, &info) != AMQP_STATUS_OK || info.ssl) arreter("adresse");
  amqp_connection_state_t connexion = amqp_new_connection();
  amqp_socket_t *prise = amqp_tcp_socket_new(connexion);
  if (!prise || amqp_socket_open(prise, info.host, info.port) != AMQP_STATUS_OK) arreter("connexion");
  amqp_rpc_reply_t reponse = amqp_login(connexion, info.vhost, 0, AMQP_DEFAULT_FRAME_SIZE, 30,
                                        AMQP_SASL_METHOD_PLAIN, info.user, info.password);
  if (reponse.reply_type != AMQP_RESPONSE_NORMAL) arreter("identification");
  amqp_channel_open(connexion, CANAL);
  verifier_rpc(connexion, "canal");
  amqp_confirm_select(connexion, CANAL);
  verifier_rpc(connexion, "confirmations");
  return connexion;
}

/* Attendre la confirmation ; avec mandatory, un message sans file revient d'abord par basic.return. */
static void attendre_confirmation(amqp_connection_state_t connexion) {
  struct timeval delai = {ATTENTE_EN_SECONDES, 0};
  for (;;) {
    amqp_frame_t trame;
    if (amqp_simple_wait_frame_noblock(connexion, &trame, &delai) != AMQP_STATUS_OK) arreter("confirmation");
    if (trame.frame_type != AMQP_FRAME_METHOD) continue;
    switch (trame.payload.method.id) {
      case AMQP_BASIC_ACK_METHOD:
        return;
      case AMQP_BASIC_NACK_METHOD:
        arreter("message refusé par le courtier");
      case AMQP_BASIC_RETURN_METHOD:
        arreter("message sans file");
      case AMQP_CHANNEL_CLOSE_METHOD:
      case AMQP_CONNECTION_CLOSE_METHOD:
        arreter("droit refusé par le courtier");
      default:
        break;
    }
  }
}

static void publier(amqp_connection_state_t connexion, const char *cle, const char *correlation, amqp_bytes_t corps) {
  amqp_basic_properties_t proprietes = {0};
  /* Une propriété dont le drapeau manque n'est pas envoyée, même renseignée. */
  proprietes._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG |
                      AMQP_BASIC_CORRELATION_ID_FLAG | AMQP_BASIC_TIMESTAMP_FLAG;
  proprietes.content_type = amqp_cstring_bytes("application/json");
  proprietes.delivery_mode = AMQP_DELIVERY_PERSISTENT;
  proprietes.correlation_id = amqp_cstring_bytes(correlation);
  proprietes.timestamp = (uint64_t)time(NULL); /* en secondes */
  if (amqp_basic_publish(connexion, CANAL, amqp_cstring_bytes("verifications"), amqp_cstring_bytes(cle),
                         1 /* mandatory */, 0, &proprietes, corps) != AMQP_STATUS_OK)
    arreter("publication");
  attendre_confirmation(connexion);
}

static int est_la_reponse(const amqp_message_t *message, const char *correlation) {
  amqp_bytes_t recue = message->properties.correlation_id;
  return (message->properties._flags & AMQP_BASIC_CORRELATION_ID_FLAG) && recue.len == strlen(correlation) &&
         memcmp(recue.bytes, correlation, recue.len) == 0;
}

static void attendre_reponse(amqp_connection_state_t connexion, const char *file, const char *correlation) {
  amqp_basic_consume(connexion, CANAL, amqp_cstring_bytes(file), amqp_empty_bytes, 0, 0 /* no_ack */, 0,
                     amqp_empty_table);
  verifier_rpc(connexion, "abonnement");
  for (int trouvee = 0; !trouvee;) {
    amqp_envelope_t enveloppe;
    struct timeval delai = {ATTENTE_EN_SECONDES, 0};
    amqp_maybe_release_buffers(connexion);
    if (amqp_consume_message(connexion, &enveloppe, &delai, 0).reply_type != AMQP_RESPONSE_NORMAL)
      arreter("réponse");
    trouvee = est_la_reponse(&enveloppe.message, correlation);
    if (trouvee) fwrite(enveloppe.message.body.bytes, 1, enveloppe.message.body.len, stdout);
    /* Enregistrer d'abord, acquitter ensuite. */
    if (amqp_basic_ack(connexion, CANAL, enveloppe.delivery_tag, 0) != AMQP_STATUS_OK) arreter("acquittement");
    amqp_destroy_envelope(&enveloppe);
  }
}

int main(int nombre, char **arguments) {
  static char demande[CORPS_MAXIMAL + 1];
  char cle[64], file[64];
  if (nombre != 4) arreter("usage : verifier ADRESSE LOGICIEL CORRELATION < demande.json");
  amqp_bytes_t corps = {fread(demande, 1, sizeof demande, stdin), demande};
  if (corps.len == sizeof demande) arreter("demande de plus de 64 Kio");
  snprintf(cle, sizeof cle, "%s.interactive", arguments[2]);
  snprintf(file, sizeof file, "replies.%s", arguments[2]);

  amqp_connection_state_t connexion = connecter(arguments[1]);
  publier(connexion, cle, arguments[3], corps);
  attendre_reponse(connexion, file, arguments[3]);
  amqp_connection_close(connexion, AMQP_REPLY_SUCCESS);
  amqp_destroy_connection(connexion);
  return 0;
}
