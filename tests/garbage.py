"""Texts that are nothing of what a header may be."""

GARBAGE = (
    "",
    " ",
    "plus tard",
    "-1",
    "1.5",
    "²",
    "9" * 400,
    "9" * 5000,
    "Mon, 23 Nov 2026 09:02:00",
    "Mon, 31 Feb 2026 09:02:00 GMT",
    "Mon, 99999999999999999999 Nov 2026 09:02:00 GMT",
    "Mon, 23 Nov 2026 09:02:00 +99999999999999999999",
)
