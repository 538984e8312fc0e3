"""What the package tells people: frozen values that print well; no study, no model."""
