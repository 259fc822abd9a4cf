"""How results are shown: terminal, HTML, Perfetto."""
