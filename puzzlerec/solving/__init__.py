"""How an answer forms, frame by frame, and how attempts that the rules verify are built on it."""
