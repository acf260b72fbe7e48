"""The image of ``deploy/image``: built without a registry, started as an orchestrator would, and looked at.

``tools`` runs the programs that build it, ``build`` makes the base and the image, ``confined`` runs a command in it, and
``looks`` says what is in it. Start with ``__main__``.
"""
