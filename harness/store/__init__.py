"""Records on disk: one folder a run, image bytes by digest; nothing received is lost."""
