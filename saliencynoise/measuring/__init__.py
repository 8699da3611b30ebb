"""Maps in, verdict out: maps that people computed themselves, in memory or in files, measured as those of a bench."""
