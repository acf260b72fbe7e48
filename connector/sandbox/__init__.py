"""A local API Particulier that behaves: its authentication, its checks of parameters, its error codes.

It shares the catalogue's routes with the connector, and nothing else: how it reads a request is written from
the API's own rules, so that a defect of the connector is seen rather than mirrored.

A FranceConnect call is answered from the identity in its token; see ``connector.sandbox.france_connect`` for the
tokens and ``Cases.find`` for how a case is chosen.

It fails on demand: ``failures`` says which failure is in force, ``failure_answers`` how each API writes it, ``play``
does what every call goes through, and ``control`` has the sandbox's own routes.
"""
