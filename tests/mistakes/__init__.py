"""An integrator's mistakes: a message as it was published, and the whole of what comes back.

One table, in a module per subject. ``tests/unit/checks/test_mistakes.py`` holds it against the pipeline, and the guide's section
« Erreurs fréquentes » against it: ``python -m tests.mistakes`` writes that section.
"""
