"""The published schemas in a form of which code generators make one named class each: null as a type, checks told apart.

Start with ``variants``. Nothing here knows AsyncAPI, or what is written to which file.
"""
