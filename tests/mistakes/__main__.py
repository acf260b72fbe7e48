"""Write the guide's section « Erreurs fréquentes » from the table."""

from tests.mistakes.table import GUIDE, with_section

GUIDE.write_text(with_section(GUIDE.read_text(encoding="utf-8")), encoding="utf-8")
