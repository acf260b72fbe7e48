"""The leak test: canaries go down every path of a real worker, and are looked for in whatever tells of it."""
