<?php
// Publier une demande, attendre sa réponse : php-amqplib 3 (Debian : php-cli, php-amqplib).
//
// Usage : php verifier.php amqp://utilisateur:mot-de-passe@127.0.0.1:5672/%2F millesime corrélation < demande.json
declare(strict_types=1);

// Avec Composer : vendor/autoload.php.
require 'PhpAmqpLib/autoload.php';

use PhpAmqpLib\Connection\AMQPStreamConnection;
use PhpAmqpLib\Message\AMQPMessage;

const ATTENTE_EN_SECONDES = 30;

[, $adresse, $logiciel, $correlation] = $argv;
$serveur = parse_url($adresse);
$connexion = new AMQPStreamConnection(
    $serveur['host'],
    $serveur['port'] ?? 5672,
    rawurldecode($serveur['user']),
    rawurldecode($serveur['pass']),
    rawurldecode(substr($serveur['path'] ?? '/%2F', 1)),
);
$canal = $connexion->channel();

$canal->confirm_select();
$canal->set_nack_handler(function (AMQPMessage $message): void {
    throw new RuntimeException('message refusé par le courtier');
});
$canal->set_return_listener(function (int $code, string $texte): void {
    throw new RuntimeException("message sans file : $code $texte");
});

$demande = new AMQPMessage(stream_get_contents(STDIN), [
    'content_type' => 'application/json',
    'delivery_mode' => AMQPMessage::DELIVERY_MODE_PERSISTENT,
    'correlation_id' => $correlation,
    'timestamp' => time(),
]);
$canal->basic_publish($demande, 'verifications', "$logiciel.interactive", true);
$canal->wait_for_pending_acks_returns(ATTENTE_EN_SECONDES);

$trouvee = false;
$recevoir = function (AMQPMessage $reponse) use ($correlation, &$trouvee): void {
    if ($reponse->has('correlation_id') && $reponse->get('correlation_id') === $correlation) {
        $trouvee = true;
        echo $reponse->getBody();
    }
    $reponse->ack(); // enregistrer d'abord, acquitter ensuite
};
$canal->basic_consume("replies.$logiciel", '', false, false, false, false, $recevoir);
while (!$trouvee) {
    $canal->wait(null, false, ATTENTE_EN_SECONDES);
}

$canal->close();
$connexion->close();
