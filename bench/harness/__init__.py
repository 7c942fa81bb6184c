"""The benchmarks: what is measured (`cases`), against whom (`arena`), with what load (`load`, `streams`)."""
